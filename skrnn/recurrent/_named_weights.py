"""Name the weights of a network, given only its specification."""

import numpy as np

# The order in which a recurrent layer stores its weights, for most cells and for the others.
_OF_MOST_CELLS = ("kernel", "recurrent_kernel", "bias")
_OF_CELLS = {
    "peephole_lstm": (*_OF_MOST_CELLS, "peepholes"),
    "mingru": ("kernel", "bias"),
    "minlstm": ("kernel", "bias"),
    "lru": ("kernel", "nu_log", "theta_log", "gamma_log", "output_kernel"),
}
# The factors of the differences between time steps.
DIFFERENCES = "differences/kernel"
# The weights that replace missing values: the two of the decay, and the mean.
DECAY = ("decay/kernel", "decay/bias", "decay_mean/kernel")
# The weights that map static features to the first states of all layers.
FIRST_STATES = ("first_states/kernel", "first_states/bias")
# The embedding of categorical feature `i`.
CATEGORY = "category_{}/embeddings"
# The weights of attention pooling.
ATTENTION = ("attention/kernel", "attention/bias", "attention_score/kernel")


def named_weights(spec, weights):
    """Return the weights of a network by name.

    Parameters
    ----------
    spec : NetworkSpec
    weights : list of ndarray

    Returns
    -------
    dict of str to ndarray
        The weights in the same order. A name consists of the name of the layer in `model_` and that
        of the weight, such as "recurrent_0_backward/kernel". The weights of a custom body or cell,
        whose layers only Keras can describe, are called "weight_0", "weight_1" and so on.
    """
    if spec.is_custom:
        names = [f"weight_{i}" for i in range(len(weights))]
    else:
        names = _weight_names(spec, weights)
    return dict(zip(names, map(np.asarray, weights), strict=True))


def weights_of_layer(named, layer):
    """Return the weights of a layer by their names in the layer, such as "kernel"."""
    prefix = f"{layer}/"
    return {
        name.removeprefix(prefix): weight
        for name, weight in named.items()
        if name.startswith(prefix)
    }


def weight_names_of_cell(cell):
    """Return the names of the weights of a layer of a cell, in the order of Keras."""
    return _OF_CELLS.get(cell, _OF_MOST_CELLS)


def _weight_names(spec, weights):
    """Return the names of all weights, in the order of Keras."""
    of_cell = weight_names_of_cell(spec.cell)
    layers = [layer for i in range(len(spec.units)) for layer in _directions(spec, i)]
    return [
        *_names_of_inputs(spec, weights),
        *(f"{layer}/{weight}" for layer in layers for weight in of_cell),
        *(ATTENTION if spec.pooling == "attention" and not spec.return_sequences else ()),
        "head/kernel",
        "head/bias",
    ]


def _names_of_inputs(spec, weights):
    """Return the names of the weights before the first recurrent layer."""
    embedding = ["embedding/embeddings"] if spec.embedding else []
    decay = DECAY if spec.allow_nan else ()
    differences = [DIFFERENCES] if spec.add_differences else []
    categories = [CATEGORY.format(i) for i in range(len(spec.categorical))]
    first_states = FIRST_STATES if spec.static == "initial_state" else ()
    # Their order depends on what else reads the embedding. Only a bias has one dimension.
    if first_states and embedding and np.ndim(weights[1]) == 1:
        return [*first_states, *embedding]
    return [*embedding, *decay, *differences, *categories, *first_states]


def _directions(spec, i):
    """Return the names of the layers of both directions in the order of Keras.

    Keras sorts layers by their distance from the output. The outputs of the backward direction are
    put in the order of time before they are joined with the others, unless only the last ones are
    used.
    """
    forward, backward = f"recurrent_{i}", f"recurrent_{i}_backward"
    if not spec.bidirectional:
        return [forward]
    is_last = i == len(spec.units) - 1
    only_ends = is_last and spec.pooling == "last" and not spec.return_sequences
    return [forward, backward] if only_ends else [backward, forward]
