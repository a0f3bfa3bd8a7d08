"""Name the weights of a decoder, which follow those of the encoder."""

from skrnn.recurrent._named_weights import weight_names_of_cell
from skrnn.recurrent._numpy_cells import numpy_cell


def decoder_weights(spec, weights):
    """Return the weights of the decoder of a network by name.

    Parameters
    ----------
    spec : NetworkSpec
    weights : list of ndarray

    Returns
    -------
    dict of str to ndarray
        A name consists of the name of the layer and that of the weight, such as "head/kernel".
    """
    names = _names(spec)
    return dict(zip(names, weights[len(weights) - len(names) :], strict=True))


def _names(spec):
    """Return the names in the order of Keras: by the distance of a layer to the output."""
    decoder, of_cell = spec.decoder, weight_names_of_cell(spec.cell)
    bridges = [_bridges(spec, i) for i in range(len(spec.units))]
    layers = [[f"recurrent_decoder_{i}/{name}" for name in of_cell] for i in range(len(spec.units))]
    if decoder.attention == "bahdanau":
        # One Keras layer contains all recurrent layers.
        in_order = [*bridges, *layers]
    else:
        in_order = [one for pair in zip(bridges, layers, strict=True) for one in pair]
    return [
        *(["target_embedding/embeddings"] if decoder.embedding else []),
        *(name for names in in_order for name in names),
        *_ATTENTION[decoder.attention],
        "head/kernel",
        "head/bias",
    ]


_COMBINE = ("attentional/kernel", "attentional/bias")
_ATTENTION = {
    None: (),
    "luong": ("attention_query/kernel", *_COMBINE),
    "bahdanau": (
        "attention_query/kernel",
        "attention_memory/kernel",
        "attention_memory/bias",
        "attention_score/kernel",
        *_COMBINE,
    ),
}


def _bridges(spec, i):
    """Return the names of the weights from the encoder to the states of a layer."""
    if spec.decoder.has_encoder and not spec.bidirectional:
        return []
    n_states = numpy_cell(spec.cell).n_states
    return [f"bridge_{i}_{j}/{name}" for j in range(n_states) for name in ("kernel", "bias")]
