"""Reference implementations of recurrent networks in NumPy and plain Keras, and test helpers."""

from functools import partial

import keras
import numpy as np
from equations import (
    gru_reset_before_step,
    indrnn_step,
    irnn_step,
    lru_step,
    mingru_step,
    minlstm_step,
    peephole_lstm_step,
    refine_gru_step,
    refine_lstm_step,
    sigmoid,
)
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal

from skrnn._cells import DEFAULT_ACTIVATIONS
from skrnn._specs import NetworkSpec
from skrnn.networks import backends, programs
from skrnn.networks.architecture import build_network, initial_weights
from skrnn.networks.cells import ScanCell, get_cell, run_scan

# float32 rounds numbers near 1 to 1.2e-7, and a few operations follow one another.
ATOL = 1e-6


def random_sequences(lengths=(3, 1, 6, 4, 2, 6, 5, 3), n_features=3, seed=0):
    """Return float64 sequences, some with zeros: in the middle, at the end, or everywhere."""
    rng = np.random.default_rng(seed)
    sequences = [rng.standard_normal((length, n_features)) for length in lengths]
    sequences[0][-1] = 0
    sequences[1][:] = 0
    sequences[2][2:4] = 0
    return sequences


def step_targets(sequences, n_targets=None):
    """Return one or `n_targets` targets per time step, which are running sums in the thousands."""
    sums = [4000 + 1000 * np.cumsum(steps, axis=0) for steps in sequences]
    return [one[:, 0] if n_targets is None else one[:, :n_targets] for one in sums]


def pad(sequences, width=None, fill=0.0):
    """Return an array of the sequences, padded on the right, and their lengths."""
    lengths = np.array([len(steps) for steps in sequences], dtype=np.int32)
    width = lengths.max() if width is None else width
    tail = np.shape(sequences[0])[1:]
    padded = np.full((len(sequences), width, *tail), fill, np.asarray(sequences[0]).dtype)
    for row, steps in zip(padded, sequences, strict=True):
        row[: len(steps)] = steps
    return padded, lengths


def assert_same_bits(one, other):
    """Assert that the weights of two estimators, or two lists of weights, are equal."""
    for first, second in zip(_weights(one), _weights(other), strict=True):
        assert_array_equal(first, second)


def assert_close_weights(one, other, atol=1e-12):
    """Compare the weights of two estimators, or lists of weights, by absolute difference."""
    for first, second in zip(_weights(one), _weights(other), strict=True):
        assert_allclose(first, second, rtol=0, atol=atol)


def assert_same_predictions(one, other, model=None):
    """Check that predictions are equal, up to rounding in units of the targets of `model`."""
    assert one.dtype == other.dtype
    assert one.shape == other.shape
    if one.dtype.kind != "f":
        assert_array_equal(one, other)
    else:
        scale = np.max(getattr(model, "_y_scale", 1.0))
        assert_allclose(one, other, rtol=0, atol=ATOL * scale)


def same_bits(one, other):
    """Return whether the weights of two estimators, or two lists of weights, are equal."""
    pairs = zip(_weights(one), _weights(other), strict=True)
    return all(np.array_equal(first, second) for first, second in pairs)


def _weights(model):
    return getattr(model, "weights_", model)


def network_spec(**fields):
    """Return the specification of a small LSTM with two linear outputs, or with other fields."""
    plain = {
        "cell": "lstm",
        "units": (3,),
        "bidirectional": False,
        "return_sequences": False,
        "pooling": "last",
        "activation": DEFAULT_ACTIVATIONS.get(fields.get("cell"), "tanh"),
        "dropout": 0.0,
        "recurrent_dropout": 0.0,
        "l2": 0.0,
        "n_features": 3,
        "embedding": None,
        "train_embedding": True,
        "n_outputs": 2,
        "output_activation": "linear",
        "dtype": "float32",
    }
    return NetworkSpec(**{**plain, **fields})


def drawn_network(spec, *, plain):
    """Return a network whose weights are drawn, with biases other than zero, and the weights."""
    network, rng = build_network(spec, plain=plain), np.random.default_rng(0)
    weights = [
        (weight + rng.normal(0, 0.1, weight.shape)).astype(spec.dtype)
        for weight in initial_weights(network, rng)
    ]
    network.model.set_weights(weights)
    return network, weights


def body_that_draws(steps, lengths):
    """Build layers without a seed, as a custom body."""
    hidden = keras.layers.Dropout(0.3)(keras.layers.Dense(4, activation="relu")(steps))
    return keras.layers.SimpleRNN(3, return_sequences=True, dropout=0.2)(hidden)


def count_programs(monkeypatch):
    """Clear all idle programs; return a list that collects the specification of each new one."""
    programs.clear()
    built = []

    class Counted(programs.Program):
        def __init__(self, network):
            built.append(network.spec)
            super().__init__(network)

    monkeypatch.setattr(programs, "Program", Counted)
    return built


def weights_by_layer(estimator):
    """Return `weights_` as a dict from a layer's name to its weights."""
    layers = {}
    for variable, value in zip(estimator.model_.weights, estimator.weights_, strict=True):
        assert tuple(variable.shape) == value.shape
        layers.setdefault(variable.path.split("/")[0], []).append(value)
    return layers


# --- recurrences ------------------------------------------------------------------------------


def simple_step(x, h, kernel, recurrent, bias):
    """Return the next state (Elman, 1990)."""
    return (np.tanh(x @ kernel + h @ recurrent + bias),)


def lstm_step(x, h, c, kernel, recurrent, bias):
    """Return the next states (Hochreiter and Schmidhuber, 1997; forget gate: Gers et al., 2000)."""
    i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru_step(x, h, kernel, recurrent, bias):
    """Return the next state (Cho et al., 2014), with the reset gate after the recurrent product."""
    xz, xr, xh = np.split(x @ kernel + bias[0], 3)
    hz, hr, hh = np.split(h @ recurrent + bias[1], 3)
    z, r = sigmoid(xz + hz), sigmoid(xr + hr)
    return (z * h + (1 - z) * np.tanh(xh + r * hh),)


def minimal_gru_step(x, h, kernel, recurrent, bias):
    """Return the next state (Cho et al., 2014) without the reset gate.

    Here the update gate multiplies the candidate.
    """
    update, candidate = np.split(x @ kernel + h @ recurrent + bias, 2)
    update = sigmoid(update)
    return (update * np.tanh(candidate) + (1 - update) * h,)


STEPS = {
    "simple": (simple_step, 1),
    "lstm": (lstm_step, 2),
    "gru": (gru_step, 1),
    "minimal_gru": (minimal_gru_step, 1),
    "gru_reset_before": (gru_reset_before_step, 1),
    "peephole_lstm": (peephole_lstm_step, 2),
    "irnn": (irnn_step, 1),
    "indrnn": (indrnn_step, 1),
    "refine_lstm": (refine_lstm_step, 2),
    "refine_gru": (refine_gru_step, 1),
    "mingru": (mingru_step, 1),
    "minlstm": (minlstm_step, 1),
    "lru": (lru_step, 3),
}


def numpy_layer(cell, weights, steps):
    """Return the outputs at all time steps and the final states of a layer for one sequence."""
    step, n_states = STEPS[cell]
    names = get_cell(cell).weight_shapes(1, 1)
    units = get_cell(cell).n_units(dict(zip(names, weights, strict=True)))
    states = (np.zeros(units),) * n_states
    outputs = []
    for x in steps:
        states = step(x, *states, *weights)
        outputs.append(states[0])
    return np.array(outputs), list(states)


def numpy_stack(layers, spec, steps):
    """Return outputs, last output and final states of stacked layers for one sequence."""
    for i in range(len(spec.units)):
        outputs, states = numpy_layer(spec.cell, layers[f"recurrent_{i}"], steps)
        last = outputs[-1]
        if spec.bidirectional:
            weights = layers[f"recurrent_{i}_backward"]
            reverse, reverse_states = numpy_layer(spec.cell, weights, steps[::-1])
            last = np.concatenate([last, reverse[-1]])
            outputs = np.hstack([outputs, reverse[::-1]])
            states = states + reverse_states
        steps = outputs
    return outputs, last, states


def numpy_head(layers, spec, steps):
    """Return the linear outputs of a network for one sequence: one row, or one per time step."""
    outputs, last, _ = numpy_stack(layers, spec, steps)
    hidden = {"last": last, "mean": outputs.mean(axis=0), "max": outputs.max(axis=0)}
    kernel, bias = layers["head"]
    return (outputs if spec.return_sequences else hidden[spec.pooling]) @ kernel + bias


def fast_loop(cell):
    """Return the fast way to run a cell on the backend, with the parameters of `run_steps`."""
    described = get_cell(cell)
    if isinstance(described, ScanCell):
        return partial(run_scan, described, backends.linear_recurrence)
    return partial(backends.run_loop, cell)


def loop_arguments(
    cell, batch, n_steps, n_features, units, *, codes=False, mask=False, dtype="float64"
):
    """Return random arguments of a time loop: steps, mask, weights by name and initial states.

    The last return value contains factors for the outputs and final states, with which a loss
    depends on each number.
    """
    rng = np.random.default_rng(0)
    description = get_cell(cell)

    def normal(*shape):
        return rng.normal(0, 0.5, shape).astype(dtype)

    shapes = description.weight_shapes(n_features, units)
    weights = {name: normal(*shape) for name, shape in shapes.items()}
    steps = normal(batch, n_steps, n_features)
    if codes:
        steps = rng.integers(0, n_features, (batch, n_steps)).astype("int32")
    mask_shape = batch, n_steps if codes else n_features
    mask = (rng.choice([0, 2], mask_shape)).astype(dtype) if mask else None
    states = [normal(batch, units) for _ in range(description.n_states)]
    factors = normal(batch, n_steps, units), *(normal(batch, units) for _ in states)
    return steps, mask, weights, states, factors


# --- plain Keras ------------------------------------------------------------------------------


@keras.saving.register_keras_serializable(package="tests")
class MinimalGRUCell(keras.layers.Layer):
    """The GRU without a reset gate as a user would write it, with separate products per gate."""

    def __init__(self, units, **options):
        super().__init__(**options)
        self.units = self.state_size = units

    def build(self, input_shape):
        shapes = (input_shape[-1], 2 * self.units), (self.units, 2 * self.units), (2 * self.units,)
        names = "kernel", "recurrent_kernel", "bias"
        self.parts = [
            self.add_weight(shape=shape, name=name)
            for name, shape in zip(names, shapes, strict=True)
        ]

    def call(self, x, states):
        (h,), n = states, self.units
        kernel, recurrent, bias = self.parts
        update = ops.sigmoid(x @ kernel[:, :n] + h @ recurrent[:, :n] + bias[:n])
        candidate = ops.tanh(x @ kernel[:, n:] + h @ recurrent[:, n:] + bias[n:])
        h = update * candidate + (1 - update) * h
        return h, [h]


def minimal_gru_layer(units, dtype, **options):
    """Return a layer of plain Keras that runs `MinimalGRUCell`."""
    return keras.layers.RNN(MinimalGRUCell(units, dtype=dtype), dtype=dtype, **options)


KERAS_LAYERS = {
    "simple": keras.layers.SimpleRNN,
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
    "minimal_gru": minimal_gru_layer,
}


@backends.precision("float64")
def plain_layers(model):
    """Return the recurrent layers of a fitted model as float64 layers of plain Keras."""
    weights, layers = weights_by_layer(model), []
    n_inputs = model.n_features_in_
    for i, units in enumerate(model._spec.units):
        layer = KERAS_LAYERS[model.cell](
            units, return_sequences=True, return_state=True, dtype="float64"
        )
        own = weights[f"recurrent_{i}"]
        if model.bidirectional:
            layer = keras.layers.Bidirectional(layer, dtype="float64")
            own = own + weights[f"recurrent_{i}_backward"]
        layer.build((None, None, n_inputs))
        layer.set_weights(own)
        n_inputs = units * (2 if model.bidirectional else 1)
        layers.append(layer)
    return layers


def compiled(function):
    """Return a function of tensors that JAX compiles as a whole.

    Otherwise, JAX compiles each operation and each loop for itself, which takes several times as
    long. Other frameworks compile nothing here.
    """
    if keras.backend.backend() != "jax":
        return function
    import jax

    return jax.jit(function)


def value_and_gradients(function, variables):
    """Return the value of a function, and its gradient with respect to each variable."""
    return gradient_function(function, variables)()


def gradient_function(function, variables):
    """Return a function that computes the value of a function and its gradients at each call."""
    if keras.backend.backend() != "jax":
        return lambda: _value_and_gradients(function, variables)
    import jax

    def of(values):
        with keras.StatelessScope(zip(variables, values, strict=True)):
            return function()

    compute = compiled(jax.value_and_grad(of))
    return lambda: compute([variable.value for variable in variables])


def _value_and_gradients(function, variables):
    if keras.backend.backend() == "torch":
        import torch

        value = function()
        leaves = [variable.value for variable in variables]
        return value, torch.autograd.grad(value, leaves, allow_unused=True, materialize_grads=True)
    import tensorflow as tf

    with tf.GradientTape() as tape:
        value = function()
    leaves = [variable.value for variable in variables]
    return value, tape.gradient(value, leaves, unconnected_gradients="zero")


class ByHand:
    """A fitted float64 network of plain Keras layers, trained without any batching or padding.

    Each sequence runs alone, and each update uses all sequences.

    Parameters
    ----------
    model : RNNClassifier or RNNRegressor
        The estimator with the weights from which training starts.
    """

    @backends.precision("float64")
    def __init__(self, model):
        self.model = model
        self.layers = plain_layers(model)
        self.head = keras.layers.Dense(model._spec.n_outputs, dtype="float64")
        self.head.build((None, weights_by_layer(model)["head"][0].shape[0]))
        self.head.set_weights(weights_by_layer(model)["head"])

    def raw(self, steps):
        """Return the linear outputs for one sequence: one row, or one per time step."""
        values = ops.convert_to_tensor(steps[None])
        for layer in self.layers:
            values = layer(values)[0]
        if self.model.return_sequences:
            return self.head(values[0])
        if self.model.pooling == "mean":
            return self.head(ops.mean(values, axis=1))
        if self.model.pooling == "max":
            return self.head(ops.max(values, axis=1))
        return self.head(self._ends(values))

    def _ends(self, values):
        if not self.model.bidirectional:
            return values[:, -1]
        units = values.shape[2] // 2
        return ops.concatenate([values[:, -1, :units], values[:, 0, units:]], axis=1)

    def loss(self, X, y, loss, weights):
        """Return the mean over all targets of weighted losses, and the penalty of the kernels.

        There is one weight per sequence. Weights are divided by their mean over all targets.
        """
        pairs = zip(X, y, strict=True)
        values = [loss(ops.convert_to_tensor(one), self.raw(x)) for x, one in pairs]
        counts = np.array([value.shape[0] for value in values])
        total = sum(w * ops.sum(v) for w, v in zip(weights, values, strict=True))
        kernels = [
            variable.value
            for layer in [*self.layers, self.head]
            for variable in layer.weights
            if "kernel" in variable.name
        ]
        penalty = sum(ops.sum(kernel**2) for kernel in kernels)
        return total / np.sum(counts * weights) + self.model.l2 * penalty

    @backends.precision("float64")
    def train(self, optimizer, X, y, *, loss, weights=None, n_steps=1):
        """Make updates with all sequences, and return the loss before each update."""
        weights = np.ones(len(X)) if weights is None else weights
        variables = self.variables()
        losses = []
        compute = gradient_function(lambda: self.loss(X, y, loss, weights), variables)
        for _ in range(n_steps):
            value, gradients = compute()
            optimizer.apply_gradients(zip(gradients, variables, strict=True))
            losses.append(float(ops.convert_to_numpy(value)))
        return losses

    def variables(self):
        """Return all trained variables."""
        return [v for layer in [*self.layers, self.head] for v in layer.trainable_variables]

    def assert_equal(self, model, atol=1e-12):
        """Assert that the weights are those of an estimator."""
        ours, theirs = self.weights_by_layer(), weights_by_layer(model)
        assert ours.keys() == theirs.keys()
        for name, weights in ours.items():
            assert_close_weights(weights, theirs[name], atol)

    def weights_by_layer(self):
        """Return the weights as `weights_by_layer` does for an estimator."""
        weights = {"head": self.head.get_weights()}
        for i, layer in enumerate(self.layers):
            own = layer.get_weights()
            n = len(own) // 2 if self.model.bidirectional else len(own)
            weights[f"recurrent_{i}"] = own[:n]
            if self.model.bidirectional:
                weights[f"recurrent_{i}_backward"] = own[n:]
        return weights
