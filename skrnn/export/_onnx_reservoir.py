"""Write echo state estimators as ONNX graphs: a loop over time, pooling and the readout.

The equations are those of `skrnn.reservoir`. States have the dtype of the reservoir, and all that
follows from them is computed in float64, as in `predict`. Sequences are time-major inside the
graph, of shape (T, n, features).
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import sparse

from skrnn.export._onnx_inputs import add_mask, add_standardization, as_one_hot, check_lengths
from skrnn.export._onnx_model_space import add_model_space
from skrnn.export._onnx_recurrent import Output, add_indicators, exportable_classes
from skrnn.reservoir._pooling import pooling_kinds, uses_washout
from skrnn.reservoir._targets import MARGIN

_ACTIVATIONS = {"tanh": "Tanh", "relu": "Relu", "identity": "Identity", "logistic": "Sigmoid"}
# The format of ONNX files, protobuf, has at most 2 GiB.
_MAX_BYTES = 2**31


@dataclass(frozen=True)
class Batch:
    """The names of the tensors that hold a batch of sequences.

    Parameters
    ----------
    X : str
        The sequences, (n, T, n_features).
    lengths : str
        The length of each sequence, int64 of shape (n,).
    mask : str
        Whether a time step is real, bool of shape (T, n, 1).
    """

    X: str
    lengths: str
    mask: str


def reservoir_input(estimator, *, one_hot=False):
    """Return the dtype and the shape of X for an echo state estimator.

    With ``rows="steps"``, one series is a batch of one sequence.

    Parameters
    ----------
    estimator : EchoStateClassifier or EchoStateRegressor
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
        If the activation is a function, or if the reservoir is too large.
    """
    network = estimator._checked_snapshot()._network()
    dynamics = network.dynamics
    if not isinstance(dynamics.activation, str):
        raise ValueError(
            f"activation={dynamics.activation!r} of the reservoir cannot be exported to ONNX. Use "
            f"one of the activations {', '.join(sorted(_ACTIVATIONS))}."
        )
    if network.n_static:
        raise ValueError(
            "An echo state estimator with static features cannot be exported to ONNX. Fit it with "
            "static=None."
        )
    n_bytes = np.dtype(dynamics.dtype).itemsize * sum(n.units**2 for n in dynamics.all_layers)
    if n_bytes >= _MAX_BYTES:
        raise ValueError(
            "The reservoir is too large for a file of ONNX, which has at most 2 GiB: its recurrent "
            f"weights, which become dense matrices, take {n_bytes / 2**30:.1f} GiB. Lower units."
        )
    if one_hot:
        return "int64", ("n", "T")
    # As in `predict`, inputs that are standardised are read in float64.
    dtype = dynamics.dtype if estimator._standardization is None else "float64"
    return dtype, ("n", "T", network.n_features)


def add_reservoir(graph, estimator, X, lengths, *, one_hot=False):
    """Add a fitted echo state estimator to a graph, as `add_recurrent` adds a recurrent one.

    `X` is a tensor as `reservoir_input` describes it.
    """
    fitted = estimator._checked_snapshot()
    network, readout = fitted._network(), fitted._readout
    is_pooled = network.pooling is not None and uses_washout(network.pooling)
    lengths = check_lengths(graph, X, lengths, 1 + is_pooled * network.dynamics.washout)
    if one_hot:
        X = as_one_hot(graph, X, network.n_features, network.dynamics.dtype)
    else:
        X = add_standardization(graph, fitted._standardization, network.dynamics.dtype, X)
    batch = Batch(X, lengths, add_mask(graph, X, lengths))
    if network.dynamics.has_feedback:
        outputs = _add_closed_loop(graph, network, readout, batch, _feedback_of(fitted))
    else:
        rows = _add_rows(graph, network, batch)
        outputs = _add_readout(graph, readout, rows)
    if network.pooling is None:
        real = graph.add("Where", [batch.mask, outputs, graph.constant(np.float64(0))])
        outputs = graph.add("Transpose", [real], perm=[1, 0, 2])
    shape = ("n",) if network.pooling else ("n", "T")
    if not hasattr(fitted, "classes_"):
        return _add_targets(graph, fitted._targets, outputs, shape)
    if fitted._is_multilabel:
        return _add_labels(graph, outputs, (*shape, len(fitted.classes_)))
    return _add_classes(graph, fitted.classes_, outputs, shape)


def _feedback_of(fitted):
    """Return a function that adds what is fed back after outputs to a graph."""
    if not hasattr(fitted, "classes_"):
        return lambda graph, outputs: outputs
    if fitted._is_multilabel:
        return _above_half
    return partial(_as_indicators, n_classes=len(fitted.classes_))


# --- the loop over time -------------------------------------------------------------------------


def _add_states(graph, dynamics, batch, initial=None):
    """Add the layers of both directions; return all states, and the last ones of each direction."""
    steps = graph.add("Transpose", [batch.X], perm=[1, 0, 2])
    states, ends = _add_loop(graph, dynamics, dynamics.layers, steps, batch, initial)
    if not dynamics.backward_layers:
        return states, ends

    def reverse(tensor):
        return graph.add("ReverseSequence", [tensor, batch.lengths], time_axis=0, batch_axis=1)

    others, first = _add_loop(graph, dynamics, dynamics.backward_layers, reverse(steps), batch)
    states = graph.add("Concat", [states, reverse(others)], axis=2)
    return states, graph.add("Concat", [ends, first], axis=1)


def _add_loop(graph, dynamics, layers, steps, batch, initial=None):
    """Run the layers of one direction; return all states (T, n, n_states), and the last ones."""
    body = graph.begin_body()
    before, after, output = map(body.own_name, ("before", "after", "output"))
    projected, mask = map(body.own_name, ("projected", "mask"))
    new = _add_step(body, dynamics.activation, layers, before, projected)
    body.rename(body.add("Where", [mask, new, before]), after)
    body.rename(after, output)
    dtype, width = dynamics.dtype, sum(layer.units for layer in layers)
    named = [(name, dtype, ("n", width)) for name in (before, after, output)]
    inputs = [named[0], (projected, dtype, ("n", layers[0].units)), (mask, "bool", ("n", 1))]
    ends, states = graph.add(
        "Scan",
        [
            _add_initial(graph, initial, batch, dtype, width),
            _add_projection(graph, layers[0], steps),
            batch.mask,
        ],
        n_outputs=2,
        num_scan_inputs=2,
        body=body.body(inputs, named[1:]),
    )
    return states, ends


def _add_closed_loop(graph, network, readout, batch, as_feedback):
    """Run layers and readout with feedback, and return the outputs of all time steps."""
    body, dynamics, start = graph.begin_body(), network.dynamics, network.start
    before, fed, after, fed_after, output = map(
        body.own_name, ("before", "fed", "after", "fed_after", "output")
    )
    projected, steps = map(body.own_name, ("projected", "steps"))
    new = _add_step(body, dynamics.activation, dynamics.layers, before, projected, fed)
    body.rename(new, after)
    rows = _with_inputs(body, network, body.cast(new, "float64"), steps)
    body.rename(_add_readout(body, readout, rows), output)
    n_outputs, dtype, width = len(readout.intercept), dynamics.dtype, dynamics.n_states
    body.rename(as_feedback(body, output), fed_after)
    states = [(name, dtype, ("n", width)) for name in (before, after)]
    values = [(name, "float64", ("n", n_outputs)) for name in (fed, fed_after, output)]
    inputs = [
        (projected, dtype, ("n", dynamics.layers[0].units)),
        (steps, dtype, ("n", network.n_features)),
    ]
    all_steps = graph.add("Transpose", [batch.X], perm=[1, 0, 2])
    target = None if start is None else [start.target]
    *_, outputs = graph.add(
        "Scan",
        [
            _add_initial(graph, network.initial_states, batch, dtype, width),
            _add_initial(graph, target, batch, "float64", n_outputs),
            _add_projection(graph, dynamics.layers[0], all_steps),
            all_steps,
        ],
        n_outputs=3,
        num_scan_inputs=2,
        body=body.body([states[0], values[0], *inputs], [states[1], *values[1:]]),
    )
    return outputs


def _add_step(body, activation, layers, before, projected, fed=None):
    """Add one time step, and return the new states of all layers side by side.

    Parameters
    ----------
    body : OnnxGraph
    activation : str
    layers : tuple of Layer
    before : str
        The states of all layers, (n, n_states).
    projected : str
        The projected inputs of the first layer, (n, units).
    fed : str or None
        The outputs that are fed back, float64 of shape (n, n_outputs).
    """
    units = [layer.units for layer in layers]
    states = [before]
    if len(units) > 1:
        sizes = body.constant(np.array(units, dtype=np.int64))
        states = body.add("Split", [before, sizes], n_outputs=len(units), axis=1)
    new = []
    for layer, state in zip(layers, states, strict=True):
        net = _add_projection(body, layer, new[-1]) if new else projected
        terms = [_product(body, state, layer.recurrent_weights)]
        if fed is not None:
            received = body.cast(fed, layer.bias.dtype)
            terms.append(_product(body, received, layer.feedback_weights))
        for term in terms:
            net = body.add("Add", [net, term])
        new.append(_add_leak(body, layer, state, body.add(_ACTIVATIONS[activation], [net])))
    return body.add("Concat", new, axis=1) if len(new) > 1 else new[0]


def _add_leak(graph, layer, state, activated):
    if np.all(layer.leak_rate == 1):
        return activated
    leak, keep = (
        graph.constant(np.asarray(rate, layer.bias.dtype))
        for rate in (layer.leak_rate, 1 - layer.leak_rate)
    )
    kept = graph.add("Mul", [state, keep])
    return graph.add("Add", [graph.add("Mul", [activated, leak]), kept])


def _add_projection(graph, layer, inputs):
    """Return W_in u + b."""
    product = _product(graph, inputs, layer.input_weights)
    return graph.add("Add", [product, graph.constant(layer.bias)])


def _product(graph, inputs, weights):
    """Return the product of weights with each row of inputs; ONNX has no sparse matrices for it."""
    dense = weights.toarray() if sparse.issparse(weights) else np.asarray(weights)
    return graph.add("MatMul", [inputs, graph.constant(np.ascontiguousarray(dense.T))])


def _add_initial(graph, initial, batch, dtype, width):
    """Return the same initial values for each sequence, (n, width), which are zero if None."""
    row = np.zeros(width) if initial is None else np.concatenate(initial)
    n = graph.add("Shape", [batch.lengths])
    shape = graph.add("Concat", [n, graph.constant([width])], axis=0)
    return graph.add("Expand", [graph.constant(row.astype(dtype)), shape])


# --- the rows of the readout --------------------------------------------------------------------


def _add_rows(graph, network, batch):
    """Return the rows of the readout in float64: (n, n_columns), or (T, n, n_columns)."""
    dynamics, pooling = network.dynamics, network.pooling
    states, ends = _add_states(graph, dynamics, batch, network.initial_states)
    steps = graph.add("Transpose", [batch.X], perm=[1, 0, 2])
    if pooling is None:
        return _with_inputs(graph, network, graph.cast(states, "float64"), steps)
    counted = _after_washout(graph, batch, dynamics.washout)
    counts = graph.add("Sub", [batch.lengths, graph.constant(dynamics.washout)])
    counts = graph.cast(graph.reshape(counts, (-1, 1)), "float64")
    pools = {
        "last": lambda: (graph.cast(ends, "float64"), _add_last_inputs(graph, batch)),
        "mean": lambda: [_add_mean(graph, part, counted, counts) for part in (states, steps)],
        "std": lambda: [_add_std(graph, part, counted, counts) for part in (states, steps)],
        "model_space": lambda: (add_model_space(graph, dynamics.model_space, states, counted),),
    }
    pooled = [pools[kind]() for kind in pooling_kinds(pooling)]
    parts = [part[0] for part in pooled]
    if network.readout_input:
        parts += [graph.cast(part[1], "float64") for part in pooled if len(part) > 1]
    return graph.add("Concat", parts, axis=1) if len(parts) > 1 else parts[0]


def _add_last_inputs(graph, batch):
    """Return the last time step of each sequence, (n, n_features)."""
    last = graph.add("Sub", [batch.lengths, graph.constant(1)])
    return graph.add("GatherND", [batch.X, graph.reshape(last, (-1, 1))], batch_dims=1)


def _with_inputs(graph, network, states, inputs):
    """Return states with the inputs after them, if the readout receives the inputs."""
    if not network.readout_input:
        return states
    return graph.add("Concat", [states, graph.cast(inputs, "float64")], axis=-1)


def _after_washout(graph, batch, washout):
    """Return whether each time step is real and comes after the washout, (T, n, 1)."""
    early = add_mask(graph, batch.X, graph.constant([washout]))
    return graph.add("And", [batch.mask, graph.add("Not", [early])])


def _add_mean(graph, steps, counted, counts):
    """Return the mean of the time steps that are counted, in float64 as in `predict`."""
    zero = graph.constant(np.float64(0))
    kept = graph.add("Where", [counted, graph.cast(steps, "float64"), zero])
    total = graph.add("ReduceSum", [kept, graph.constant([0])], keepdims=0)
    return graph.add("Div", [total, counts])


def _add_std(graph, steps, counted, counts):
    """Return the standard deviation of the time steps that are counted, in float64."""
    mean = _add_mean(graph, steps, counted, counts)
    deviations = graph.add("Sub", [graph.cast(steps, "float64"), mean])
    squares = graph.add("Mul", [deviations, deviations])
    return graph.add("Sqrt", [_add_mean(graph, squares, counted, counts)])


def _add_readout(graph, readout, rows):
    product = graph.add("MatMul", [rows, graph.constant(np.ascontiguousarray(readout.coef.T))])
    return graph.add("Add", [product, graph.constant(readout.intercept)])


# --- outputs in the units of the user -----------------------------------------------------------


def _add_targets(graph, targets, outputs, shape):
    """Return the predicted numbers."""
    if targets.is_single:
        outputs = graph.add("Squeeze", [outputs, graph.constant([-1])])
    else:
        shape = (*shape, targets.n_targets)
    return [Output("variable", outputs, np.dtype("float64"), shape)]


def _add_classes(graph, classes, outputs, shape):
    """Return the predicted labels and the probabilities of all classes."""
    classes = exportable_classes(classes)
    codes = graph.add("ArgMax", [outputs], axis=-1, keepdims=0)
    labels = graph.add("Gather", [graph.constant(classes), codes])
    probabilities = _project_onto_simplex(graph, outputs, len(classes))
    return [
        Output("label", labels, classes.dtype, shape),
        Output("probabilities", probabilities, np.dtype("float64"), (*shape, len(classes))),
    ]


def _add_labels(graph, outputs, shape):
    """Return the indicators of the labels, and their probabilities."""
    lowest, highest = graph.constant(np.float64(MARGIN)), graph.constant(np.float64(1 - MARGIN))
    inside = graph.add("Min", [graph.add("Max", [outputs, lowest]), highest])
    excess = graph.add("Abs", [graph.add("Sub", [outputs, inside])])
    nearest = _above_half(graph, inside)
    divisor = graph.add("Add", [excess, graph.constant(np.float64(1))])
    distance = graph.add("Div", [graph.add("Sub", [inside, nearest]), divisor])
    probabilities = graph.add("Add", [nearest, distance])
    return add_indicators(graph, outputs, probabilities, "float64", shape)


def _above_half(graph, outputs):
    return graph.cast(graph.add("Greater", [outputs, graph.constant(np.float64(0.5))]), "float64")


def _as_indicators(graph, outputs, n_classes):
    """Return the indicators of the classes with the largest outputs."""
    codes = graph.add("ArgMax", [outputs], axis=-1, keepdims=1)
    return graph.cast(graph.add("Equal", [codes, graph.constant(np.arange(n_classes))]), "float64")


def _project_onto_simplex(graph, outputs, n_classes):
    """Return the nearest probabilities, as `project_onto_simplex` of the classifier."""
    falling, _ = graph.add("TopK", [outputs, graph.constant([n_classes])], n_outputs=2)
    sums = graph.add("CumSum", [falling, graph.constant(-1)])
    excess = graph.add("Sub", [sums, graph.constant(np.float64(1))])
    excess = graph.add("Div", [excess, graph.constant(np.arange(1.0, n_classes + 1))])
    is_positive = graph.cast(graph.add("Greater", [falling, excess]), "int64")
    n_positive = graph.add("ReduceSum", [is_positive, graph.constant([-1])])
    last = graph.add("Sub", [n_positive, graph.constant(1)])
    shift = graph.add("GatherElements", [excess, last], axis=-1)
    shifted = graph.add("Sub", [outputs, shift])
    return graph.add("Max", [shifted, graph.constant(np.float64(0))])
