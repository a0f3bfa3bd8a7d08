"""The forward pass of a network for one sequence, in NumPy.

`predict` of a single sequence is computed here, which takes a fraction of the time of a framework's
call, and does not load the framework. More than one sequence, and networks with parts that only
Keras can compute, run in a compiled program (`skrnn.networks`). Both compute the same equations, so
that the results are equal up to rounding.
"""

import numpy as np

from skrnn.recurrent._named_weights import (
    ATTENTION,
    DECAY,
    DIFFERENCES,
    named_weights,
    weights_of_layer,
)
from skrnn.recurrent._numpy_activations import ACTIVATIONS, keras_name, numpy_activation, softmax
from skrnn.recurrent._numpy_cells import CELLS
from skrnn.recurrent._numpy_loops import run_layer
from skrnn.recurrent._numpy_network import (
    NumpyHead,
    categories_of,
    fill_missing,
    product,
    split_categories,
)

# A framework computes one time step of a long sequence in less time than Python begins it.
MOST_STEPS = 1000


def runs_in_numpy(spec, sequences):
    """Return whether the outputs of a network for some sequences are computed in NumPy.

    Parameters
    ----------
    spec : NetworkSpec
    sequences : Sequences
    """
    return (
        len(sequences) == 1
        and sequences.lengths[0] <= MOST_STEPS
        and not spec.is_custom
        and spec.decoder is None
        and spec.static != "initial_state"
        and spec.cell in CELLS
        and keras_name(spec.activation) in ACTIVATIONS
    )


def outputs_of_one(spec, weights, steps, static=None):
    """Return the outputs of a network for one sequence.

    Parameters
    ----------
    spec : NetworkSpec
    weights : list of ndarray
    steps : ndarray of shape (T, n_features), or of int and shape (T,)
        The time steps as the network receives them: standardised vectors, rows of the embedding, or
        the codes of one-hot vectors.
    static : ndarray of shape (1, n_static) or None, default=None
        The static features as the network receives them.

    Returns
    -------
    ndarray of shape (1, n_outputs), or (T, n_outputs) with `return_sequences`
    """
    named = named_weights(spec, weights)
    # As in a framework, infinity does not cause a warning, whatever the user has set in NumPy.
    with np.errstate(all="ignore"):
        hidden, ends = _recurrent_layers(spec, named, _features(spec, named, steps))
        pooled = hidden if spec.return_sequences else _pool(spec, named, hidden, ends)
        if static is not None:
            beside = np.broadcast_to(static, (len(pooled), static.shape[1]))
            pooled = np.concatenate([pooled, beside], axis=1, dtype=spec.dtype)
        return NumpyHead(spec, weights).outputs(pooled)


def _features(spec, named, steps):
    """Return the inputs of the first recurrent layer."""
    if spec.embedding:
        return named["embedding/embeddings"][steps]
    if steps.ndim == 1:
        return steps
    numbers, vectors = split_categories(steps, categories_of(spec, named))
    parts = [numbers.astype(spec.dtype, copy=False)]
    if spec.allow_nan:
        parts[0], missing = _without_missing(parts[0], [named[name] for name in DECAY])
    if spec.add_differences:
        differences = np.diff(parts[0], axis=0, prepend=parts[0][:1])
        parts.append(differences * named[DIFFERENCES])
    if spec.allow_nan:
        parts.append(missing)
    parts += vectors
    return np.concatenate(parts, axis=1, dtype=spec.dtype) if len(parts) > 1 else parts[0]


def _without_missing(steps, decay):
    """Return time steps whose NaN are replaced, and which values were NaN."""
    missing = np.isnan(steps)
    observed = np.zeros((2, 1, steps.shape[1]), steps.dtype)
    filled = np.empty_like(steps)
    for t in range(len(steps)):
        now = slice(t, t + 1)
        filled[now], observed = fill_missing(steps[now], missing[now], observed, *decay)
    return filled, missing


def _recurrent_layers(spec, named, x):
    """Return the outputs of the last layer, and the output of each direction at its end."""
    activation = numpy_activation(spec.activation)

    def run(x, units, name):
        weights = weights_of_layer(named, name)
        bias = CELLS[spec.cell].input_bias(weights.get("bias", 0))
        projected = product(x, weights["kernel"]) + bias
        return run_layer(spec.cell, units, projected, weights, activation)

    for i, units in enumerate(spec.units):
        forward = run(x, units, f"recurrent_{i}")
        ends = forward[-1:]
        if spec.bidirectional:
            backward = run(x[::-1], units, f"recurrent_{i}_backward")
            ends = np.concatenate([ends, backward[-1:]], axis=1)
            forward = np.concatenate([forward, backward[::-1]], axis=1)
        x = forward
    return x, ends


def _pool(spec, named, hidden, ends):
    """Return the inputs of the output layer, of shape (1, width)."""
    if spec.pooling == "last":
        return ends
    if spec.pooling == "attention":
        kernel, bias, score = (named[name] for name in ATTENTION)
        weights = softmax((np.tanh(hidden @ kernel + bias) @ score).T)
        return weights @ hidden
    pooled = {"mean": hidden.mean, "max": hidden.max}
    return np.concatenate(
        [pooled[part](axis=0, keepdims=True) for part in spec.pooling.split("_")], axis=1
    )
