"""Write recurrent layers with ONNX operators.

ONNX has the operators RNN, GRU and LSTM, which onnxruntime runs on float32. Every other layer is
written as a Scan, a loop over time whose body is one time step of the cell. Both are exact under
padding: a state does not change after the end of its sequence, and the backward direction begins
at the end of each sequence.

Sequences are time-major here, of shape (T, batch, features), as these operators require.
"""

from dataclasses import dataclass

import numpy as np

from skrnn.export._onnx_activations import NATIVE, activation_name, add_activation
from skrnn.export._onnx_cell_steps import (
    lru_step,
    mingru_step,
    minlstm_step,
    refine_gru_step,
    refine_lstm_step,
)


@dataclass(frozen=True)
class RecurrentLayer:
    """A recurrent layer in one or both directions.

    Parameters
    ----------
    cell : str
        One of `skrnn._cells.CELLS`.
    units : int
        The number of units of each direction.
    activation : str or callable
    directions : list of dict of str to ndarray
        The weights of the forward direction, and those of the backward direction if there is one.
    """

    cell: str
    units: int
    activation: object
    directions: list

    @property
    def dtype(self):
        """The dtype of the weights."""
        return self.directions[0]["kernel"].dtype


@dataclass(frozen=True)
class Batch:
    """The names of the tensors that describe which time steps are real.

    Parameters
    ----------
    lengths : str
        The length of each sequence, int64 of shape (batch,).
    mask : str
        Whether a time step is real, bool of shape (T, batch, 1).
    """

    lengths: str
    mask: str


def add_layer(graph, layer, steps, batch):
    """Add a recurrent layer.

    Parameters
    ----------
    graph : OnnxGraph
    layer : RecurrentLayer
    steps : str
        Time steps of shape (T, batch, features).
    batch : Batch

    Returns
    -------
    outputs : str
        The outputs at all time steps, (T, batch, n_directions * units).
    ends : str
        The outputs after the last time step of each direction, (batch, n_directions * units).
    """
    name = activation_name(layer.activation)
    is_native = layer.cell in _OPERATORS and name in NATIVE and layer.dtype == np.float32
    return (_add_operator if is_native else _add_scans)(graph, layer, name, steps, batch)


# --- the operators RNN, GRU and LSTM ------------------------------------------------------------


@dataclass(frozen=True)
class _Operator:
    """An ONNX operator for a cell.

    Parameters
    ----------
    op : str
    order : tuple of int
        The index of the gate of Keras for each gate of ONNX.
    activations : tuple of str
        The activations of ONNX. "f" stands for the activation of the cell.
    attributes : dict
    peephole_order : tuple of int
        The index of the peephole of skrnn for each peephole of ONNX.
    """

    op: str
    order: tuple
    activations: tuple
    attributes: dict
    peephole_order: tuple = ()


_OPERATORS = {
    "simple": _Operator("RNN", (0,), ("f",), {}),
    # The reset gate multiplies the recurrent product.
    "gru": _Operator("GRU", (0, 1, 2), ("Sigmoid", "f"), {"linear_before_reset": 1}),
    # ONNX has the gates in the order input, output, forget, candidate.
    "lstm": _Operator("LSTM", (0, 3, 1, 2), ("Sigmoid", "f", "f"), {}),
    "gru_reset_before": _Operator("GRU", (0, 1, 2), ("Sigmoid", "f"), {}),
    # The peepholes are those of input, output and forget gate.
    "peephole_lstm": _Operator("LSTM", (0, 3, 1, 2), ("Sigmoid", "f", "f"), {}, (0, 2, 1)),
    "irnn": _Operator("RNN", (0,), ("f",), {}),
}


def _add_operator(graph, layer, activation, steps, batch):
    operator, n_directions = _OPERATORS[layer.cell], len(layer.directions)
    gates = [NATIVE[activation] if f == "f" else f for f in operator.activations]
    weights = [_operator_weights(operator.order, weights) for weights in layer.directions]
    stacked = [graph.constant(np.stack(arrays)) for arrays in zip(*weights, strict=True)]
    lengths = graph.cast(batch.lengths, "int32")
    peepholes = _operator_peepholes(graph, operator.peephole_order, layer.directions)
    outputs, ends = graph.add(
        operator.op,
        [steps, *stacked, lengths, *peepholes],
        n_outputs=2,
        hidden_size=layer.units,
        direction="forward" if n_directions == 1 else "bidirectional",
        activations=gates * n_directions,
        **operator.attributes,
    )
    width = n_directions * layer.units
    outputs = graph.add("Transpose", [outputs], perm=[0, 2, 1, 3])
    ends = graph.add("Transpose", [ends], perm=[1, 0, 2])
    return graph.reshape(outputs, (0, 0, width)), graph.reshape(ends, (0, width))


def _operator_weights(order, weights):
    """Return the kernel, the recurrent kernel and both biases in the layout of ONNX."""

    def ordered(weight):
        gates = np.split(weight, len(order), axis=-1)
        return np.concatenate([gates[i] for i in order], axis=-1)

    bias = weights["bias"]
    biases = bias if bias.ndim == 2 else np.stack([bias, np.zeros_like(bias)])
    kernels = [ordered(weights[name]).T for name in ("kernel", "recurrent_kernel")]
    return [*kernels, ordered(biases).ravel()]


def _operator_peepholes(graph, order, directions):
    """Return the last inputs of the operator: no initial states, and peepholes if it has them."""
    if not order:
        return []
    stacked = [np.concatenate([weights["peepholes"][i] for i in order]) for weights in directions]
    return ["", "", graph.constant(np.stack(stacked))]


# --- loops ----------------------------------------------------------------------------------------


def _add_scans(graph, layer, activation, steps, batch):
    forward, *backward = layer.directions
    outputs, ends = _add_scan(graph, layer, activation, forward, steps, batch)
    for weights in backward:
        reversed_steps = _reverse(graph, steps, batch)
        others, other_ends = _add_scan(graph, layer, activation, weights, reversed_steps, batch)
        others = _reverse(graph, others, batch)
        outputs = graph.add("Concat", [outputs, others], axis=2)
        ends = graph.add("Concat", [ends, other_ends], axis=1)
    return outputs, ends


def _reverse(graph, steps, batch):
    """Reverse the real time steps of each sequence."""
    return graph.add("ReverseSequence", [steps, batch.lengths], time_axis=0, batch_axis=1)


def _add_scan(graph, layer, activation, weights, steps, batch):
    """Add a loop over time, and return its outputs and the last output of each sequence."""
    projected = graph.add("MatMul", [steps, graph.constant(weights["kernel"])])
    if "bias" in weights:
        bias = weights["bias"]
        bias = graph.constant(bias[0] if bias.ndim == 2 else bias)
        projected = graph.add("Add", [projected, bias])
    n = graph.add("Shape", [batch.lengths])
    shape = graph.add("Concat", [n, graph.constant([layer.units])], axis=0)
    zeros = graph.add("Expand", [graph.constant(layer.dtype.type(0)), shape])
    states = [zeros] * _N_STATES.get(layer.cell, 1)
    *ends, outputs = graph.add(
        "Scan",
        [*states, projected, batch.mask],
        n_outputs=len(states) + 1,
        num_scan_inputs=2,
        body=_scan_body(graph.begin_body(), layer, activation, weights, len(states)),
    )
    return outputs, ends[0]


def _scan_body(body, layer, activation, weights, n_states):
    """Return one time step as a graph: states, projected input and mask to states and output."""
    dtype, width = layer.dtype, weights["kernel"].shape[1]
    before = [body.own_name(f"before_{i}") for i in range(n_states)]
    projected, mask = body.own_name("projected"), body.own_name("mask")
    step = _Step(body, weights, activation, dtype)
    new_states = STEPS[layer.cell](step, projected, before)
    after = [
        body.rename(body.add("Where", [mask, new, old]), body.own_name(f"after_{i}"))
        for i, (new, old) in enumerate(zip(new_states, before, strict=True))
    ]
    output = body.rename(after[0], body.own_name("output"))
    states = [(name, dtype, ("n", layer.units)) for name in [*before, *after, output]]
    steps = [(projected, dtype, ("n", width)), (mask, "bool", ("n", 1))]
    return body.body([*states[:n_states], *steps], states[n_states:])


@dataclass(frozen=True)
class _Step:
    """The operators of which one time step of a cell consists."""

    graph: object
    weights: dict
    activation: str
    dtype: np.dtype

    def recurrent_product(self, h):
        """Return the product of the previous output with the recurrent kernel."""
        return self.product(h, self.weight("recurrent_kernel"))

    def split(self, tensor, n_gates):
        """Return the columns of each gate."""
        if n_gates == 1:
            return [tensor]
        return self.graph.add("Split", [tensor], n_outputs=n_gates, axis=1, num_outputs=n_gates)

    def weight(self, name, index=...):
        """Return a weight of the cell, or a part of it."""
        return self.graph.constant(self.weights[name][index])

    def product(self, h, kernel):
        return self.graph.add("MatMul", [h, kernel])

    def add(self, a, b):
        return self.graph.add("Add", [a, b])

    def multiply(self, a, b):
        return self.graph.add("Mul", [a, b])

    def one_minus(self, a):
        return self.graph.add("Sub", [self.graph.constant(self.dtype.type(1)), a])

    def sigmoid(self, a):
        return self.graph.add("Sigmoid", [a])

    def activate(self, a):
        return add_activation(self.graph, self.activation, a, self.dtype)


# The equations are those of the modules of the same names in `skrnn.networks.cells`.


def _simple_step(step, projected, states):
    return [step.activate(step.add(projected, step.recurrent_product(states[0])))]


def _lstm_step(step, projected, states):
    i, f, g, o = step.split(step.add(projected, step.recurrent_product(states[0])), 4)
    kept = step.multiply(step.sigmoid(f), states[1])
    c = step.add(kept, step.multiply(step.sigmoid(i), step.activate(g)))
    return [step.multiply(step.sigmoid(o), step.activate(c)), c]


def _gru_step(step, projected, states):
    product = step.add(step.recurrent_product(states[0]), step.weight("bias", 1))
    x_z, x_r, x_h = step.split(projected, 3)
    h_z, h_r, h_h = step.split(product, 3)
    z, r = step.sigmoid(step.add(x_z, h_z)), step.sigmoid(step.add(x_r, h_r))
    candidate = step.activate(step.add(x_h, step.multiply(r, h_h)))
    kept = step.multiply(z, states[0])
    return [step.add(kept, step.multiply(step.one_minus(z), candidate))]


def _minimal_gru_step(step, projected, states):
    u, candidate = step.split(step.add(projected, step.recurrent_product(states[0])), 2)
    u, candidate = step.sigmoid(u), step.activate(candidate)
    kept = step.multiply(step.one_minus(u), states[0])
    return [step.add(step.multiply(u, candidate), kept)]


def _gru_reset_before_step(step, projected, states):
    (h,), units = states, len(step.weights["recurrent_kernel"])
    gates_kernel, candidate_kernel = (
        step.weight("recurrent_kernel", np.s_[:, columns])
        for columns in (slice(2 * units), slice(2 * units, None))
    )
    x_z, x_r, x_h = step.split(projected, 3)
    h_z, h_r = step.split(step.product(h, gates_kernel), 2)
    z, r = step.sigmoid(step.add(x_z, h_z)), step.sigmoid(step.add(x_r, h_r))
    product = step.product(step.multiply(r, h), candidate_kernel)
    candidate = step.activate(step.add(x_h, product))
    return [step.add(step.multiply(z, h), step.multiply(step.one_minus(z), candidate))]


def _peephole_lstm_step(step, projected, states):
    h, c = states
    i, f, g, o = step.split(step.add(projected, step.recurrent_product(h)), 4)

    def gate(logit, k, state):
        return step.sigmoid(step.add(logit, step.multiply(step.weight("peepholes", k), state)))

    new = step.multiply(gate(i, 0, c), step.activate(g))
    new = step.add(step.multiply(gate(f, 1, c), c), new)
    return [step.multiply(gate(o, 2, new), step.activate(new)), new]


def _indrnn_step(step, projected, states):
    product = step.multiply(states[0], step.weight("recurrent_kernel"))
    return [step.activate(step.add(projected, product))]


STEPS = {
    "simple": _simple_step,
    "lstm": _lstm_step,
    "gru": _gru_step,
    "minimal_gru": _minimal_gru_step,
    "gru_reset_before": _gru_reset_before_step,
    "peephole_lstm": _peephole_lstm_step,
    "irnn": _simple_step,
    "indrnn": _indrnn_step,
    "refine_lstm": refine_lstm_step,
    "refine_gru": refine_gru_step,
    "mingru": mingru_step,
    "minlstm": minlstm_step,
    "lru": lru_step,
}
_N_STATES = {
    "lstm": 2,
    "peephole_lstm": 2,
    "refine_lstm": 2,
    "lru": 3,
}
