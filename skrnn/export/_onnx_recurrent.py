"""Write recurrent estimators as ONNX graphs, from `weights_` and without a framework.

The graph has the parts of the network in `skrnn.networks.architecture`: the embedding, the stack of
recurrent layers, pooling and the output layer. The decoding of its outputs follows
`skrnn.recurrent._codecs`.
"""

from dataclasses import dataclass

import numpy as np

from skrnn.export._onnx_cells import Batch, RecurrentLayer, add_layer
from skrnn.export._onnx_inputs import (
    add_mask,
    add_standardization,
    as_embedding_rows,
    as_one_hot,
    check_lengths,
    trim_padding,
)
from skrnn.export._onnx_missing_values import fill_missing
from skrnn.recurrent._named_weights import (
    ATTENTION,
    DIFFERENCES,
    named_weights,
    weights_of_layer,
)


@dataclass(frozen=True)
class Output:
    """An output of a model.

    Parameters
    ----------
    name : str
        The name that the output has in the model, such as "label".
    tensor : str
        The tensor in the graph.
    dtype : dtype
    shape : tuple of int or str
    """

    name: str
    tensor: str
    dtype: np.dtype
    shape: tuple


def recurrent_input(estimator, *, one_hot=False):
    """Return the dtype and the shape of X for a recurrent estimator.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
        A fitted estimator.
    one_hot : bool, default=False
        Whether the time steps are the codes of one-hot vectors.

    Returns
    -------
    dtype : str
    shape : tuple of int or str

    Raises
    ------
    ValueError
        If the network cannot be exported, or if `one_hot` does not apply to it.
    """
    spec = estimator._spec
    _check_exportable(spec)
    if spec.embedding is not None:
        if one_hot:
            raise ValueError(
                "one_hot=True is for estimators of one-hot time steps, but the inputs of "
                f"{type(estimator).__name__}(embedding=...) are token ids."
            )
        return "int64", ("n", "T")
    if one_hot:
        return "int64", ("n", "T")
    known = estimator._standardization
    dtype = spec.dtype if known is None else known.input_dtype(spec.dtype)
    return dtype, ("n", "T", spec.n_features)


def _check_exportable(spec):
    if spec.is_custom:
        name = "body" if spec.body is not None else "cell"
        raise ValueError(
            f"The custom {name} of the estimator is built by Keras and cannot be written as an "
            "ONNX graph. Use to_keras to export the Keras model."
        )
    if spec.n_static:
        raise ValueError(
            "A network with static features cannot be written as an ONNX graph. Use to_keras to "
            "export the Keras model, whose third input they are."
        )
    if spec.categorical:
        raise ValueError(
            "The estimator has categorical features, which cannot be written as an ONNX graph. Use "
            "to_keras to export the Keras model, or fit an estimator on one-hot features."
        )


def add_recurrent(graph, estimator, X, lengths, *, one_hot=False):
    """Add a fitted recurrent estimator to a graph.

    Parameters
    ----------
    graph : OnnxGraph
    estimator : RNNClassifier or RNNRegressor
    X : str
        A tensor as `recurrent_input` describes it.
    lengths : str
        The length of each sequence, int64 of shape (n,).
    one_hot : bool, default=False
        As in `recurrent_input`.

    Returns
    -------
    list of Output
    """
    spec = estimator._spec
    lengths = check_lengths(graph, X, lengths)
    if spec.embedding is not None:
        X, lengths = trim_padding(graph, X, lengths)
        X = as_embedding_rows(graph, estimator._vocabulary, X)
    elif one_hot:
        X = as_one_hot(graph, X, spec.n_features, spec.dtype)
    X = add_standardization(graph, estimator._standardization, spec.dtype, X)
    outputs = _add_network(graph, spec, estimator.weights_, X, lengths)
    shape = ("n", "T") if spec.return_sequences else ("n",)
    if getattr(estimator, "_is_multilabel", False):
        return add_indicators(graph, outputs, outputs, spec.dtype, (*shape, spec.n_outputs))
    if hasattr(estimator, "classes_"):
        return _add_classes(graph, estimator.classes_, spec, outputs, shape)
    return _add_units(graph, estimator._codec, outputs, shape)


# --- the network ------------------------------------------------------------------------------


def _add_network(graph, spec, weights, X, lengths):
    """Add the network, and return its outputs, (n, n_outputs) or (n, T, n_outputs)."""
    weights = named_weights(spec, weights)
    if spec.embedding is not None:
        X = graph.add("Gather", [graph.constant(weights["embedding/embeddings"]), X])
    indicators = []
    if spec.allow_nan:
        X, missing = fill_missing(graph, weights, spec.dtype, X)
        indicators = [missing]
    if spec.add_differences:
        X = _add_differences(graph, weights[DIFFERENCES], X)
    X = graph.add("Concat", [X, *indicators], axis=2) if indicators else X
    batch = Batch(lengths, add_mask(graph, X, lengths))
    steps, ends = _add_stack(graph, spec, weights, X, batch)
    if spec.return_sequences:
        hidden = graph.add("Transpose", [steps], perm=[1, 0, 2])
    else:
        hidden = _add_pooling(graph, spec, weights, steps, ends, batch)
    raw = graph.add("MatMul", [hidden, graph.constant(weights["head/kernel"])])
    raw = graph.add("Add", [raw, graph.constant(weights["head/bias"])])
    if spec.return_sequences:
        # Padded time steps have the outputs that they have in Keras.
        mask = graph.add("Transpose", [batch.mask], perm=[1, 0, 2])
        raw = graph.add("Where", [mask, raw, graph.constant(np.zeros((), spec.dtype))])
    return _add_output_activation(graph, spec.output_activation, raw)


def _add_differences(graph, factor, X):
    """Return time steps with the scaled differences from the previous one as features."""
    first, last, time = (graph.constant([i]) for i in (0, -1, 1))
    beginning = graph.add("Slice", [X, first, time, time])
    others = graph.add("Slice", [X, first, last, time])
    previous = graph.add("Concat", [beginning, others], axis=1)
    differences = graph.add("Sub", [X, previous])
    scaled = graph.add("Mul", [differences, graph.constant(factor)])
    return graph.add("Concat", [X, scaled], axis=2)


def _add_stack(graph, spec, weights, X, batch):
    """Add the recurrent layers; return all outputs of the last one, time-major, and the final."""
    steps = graph.add("Transpose", [X], perm=[1, 0, 2])
    for i, units in enumerate(spec.units):
        names = [f"recurrent_{i}"] + [f"recurrent_{i}_backward"] * spec.bidirectional
        directions = [weights_of_layer(weights, name) for name in names]
        layer = RecurrentLayer(spec.cell, units, spec.activation, directions)
        steps, ends = add_layer(graph, layer, steps, batch)
    return steps, ends


def _add_pooling(graph, spec, weights, steps, ends, batch):
    """Return one vector per sequence from outputs of shape (T, n, units)."""
    if spec.pooling == "last":
        return ends
    if spec.pooling == "attention":
        return _add_attention(graph, spec, weights, steps, batch)
    if spec.pooling == "mean_max":
        both = [_add_mean_or_max(graph, spec, steps, batch, name) for name in ("mean", "max")]
        return graph.add("Concat", both, axis=-1)
    return _add_mean_or_max(graph, spec, steps, batch, spec.pooling)


def _add_mean_or_max(graph, spec, steps, batch, pooling):
    ignored = 0 if pooling == "mean" else np.finfo(np.float32).min
    ignored = graph.constant(np.array(ignored, spec.dtype))
    real = graph.add("Where", [batch.mask, steps, ignored])
    time = graph.constant([0])
    if pooling == "max":
        return graph.add("ReduceMax", [real, time], keepdims=0)
    total = graph.add("ReduceSum", [real, time], keepdims=0)
    lengths = graph.cast(graph.reshape(batch.lengths, (-1, 1)), spec.dtype)
    return graph.add("Div", [total, lengths])


def _add_attention(graph, spec, weights, steps, batch):
    """Return the mean of outputs of shape (T, n, units), weighted by additive attention."""
    kernel, bias, score = (graph.constant(weights[name]) for name in ATTENTION)
    hidden = graph.add("Add", [graph.add("MatMul", [steps, kernel]), bias])
    scores = graph.add("MatMul", [graph.add("Tanh", [hidden]), score])
    lowest = graph.constant(np.array(np.finfo(np.float32).min, spec.dtype))
    scores = graph.add("Where", [batch.mask, scores, lowest])
    weighted = graph.add("Mul", [graph.add("Softmax", [scores], axis=0), steps])
    return graph.add("ReduceSum", [weighted, graph.constant([0])], keepdims=0)


def _add_output_activation(graph, name, raw):
    if name == "linear":
        return raw
    if name == "softmax":
        return graph.add("Softmax", [raw], axis=-1)
    operators = {"sigmoid": "Sigmoid", "exponential": "Exp", "softplus": "Softplus"}
    return graph.add(operators[name], [raw])


# --- outputs in the units of the user ---------------------------------------------------------


def _add_classes(graph, classes, spec, outputs, shape):
    """Return the predicted labels and the probabilities of all classes."""
    classes = exportable_classes(classes)
    if spec.n_outputs == 1:
        half = graph.constant(np.array(0.5, spec.dtype))
        is_second = graph.add("Greater", [outputs, half])
        codes = graph.add("Squeeze", [graph.cast(is_second, "int64"), graph.constant([-1])])
        one = graph.constant(np.array(1, spec.dtype))
        others = graph.add("Sub", [one, outputs])
        outputs = graph.add("Concat", [others, outputs], axis=-1)
    else:
        codes = graph.add("ArgMax", [outputs], axis=-1, keepdims=0)
    labels = graph.add("Gather", [graph.constant(classes), codes])
    probabilities = Output("probabilities", outputs, spec.dtype, (*shape, len(classes)))
    return [Output("label", labels, classes.dtype, shape), probabilities]


def add_indicators(graph, outputs, probabilities, dtype, shape):
    """Return the indicators of the labels whose outputs are above one half, and probabilities."""
    half = graph.constant(np.array(0.5, dtype))
    labels = graph.cast(graph.add("Greater", [outputs, half]), "int64")
    return [
        Output("label", labels, np.dtype("int64"), shape),
        Output("probabilities", probabilities, np.dtype(dtype), shape),
    ]


def exportable_classes(classes):
    """Return class labels as strings, int64, float64 or booleans, which ONNX has.

    Raises
    ------
    ValueError
        If they have another type.
    """
    if classes.dtype.kind == "U" or all(isinstance(label, str) for label in classes.tolist()):
        return classes.astype(str)
    if classes.dtype.kind in "iu" and classes.max() <= np.iinfo(np.int64).max:
        return classes.astype(np.int64)
    if classes.dtype.kind == "f":
        return classes.astype(np.float64)
    if classes.dtype.kind == "b":
        return classes
    raise ValueError(
        "The class labels must be strings, numbers or booleans to be exported to ONNX, got "
        f"{classes.dtype} with the first label {classes.tolist()[0]!r}."
    )


def _add_units(graph, codec, outputs, shape):
    """Return predictions in the units of the user, in float64 as those of `predict`."""
    outputs = graph.cast(outputs, "float64")
    scaled = graph.add("Mul", [outputs, graph.constant(np.asarray(codec.scale, np.float64))])
    values = graph.add("Add", [scaled, graph.constant(np.asarray(codec.offset, np.float64))])
    if codec.is_one_dimensional:
        values = graph.add("Squeeze", [values, graph.constant([-1])])
    else:
        shape = (*shape, len(codec.offset))
    return [Output("variable", values, np.dtype("float64"), shape)]
