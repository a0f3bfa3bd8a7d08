"""Keras layers of recurrent cells, which run the backend's fast loops over time.

For a cell that Keras has, the layer is a subclass of Keras' own, with the same arguments and the
same weights in the same order, so that weights move freely between the two and a saved model opens
in plain Keras. Only the loop over time differs: it is the backend's fast loop if there is one for
the layer's settings, and Keras' loop otherwise. Every other cell is run by a `CellLayer`, whose
slow loop is that of `skrnn.networks.cells`.

The inputs may be integer codes in place of one-hot vectors. The input projection of a code is a row
of the kernel, so that no one-hot matrix is made. The code -1 stands for a vector of zeros.
"""

from functools import partial

import keras
import numpy as np
from keras import ops

# Keras has no public way to save a subclass under the name of the class that it replaces.
from keras.src.api_export import REGISTERED_OBJS_TO_NAMES

from skrnn.networks import backends
from skrnn.networks.cells import ScanCell, get_cell, run_scan, run_steps


class _FastLoop:
    """A recurrent layer that returns the outputs at all time steps and the final states.

    It is mixed into Keras' layer of the cell `cell_name`.
    """

    cell_name = None

    def build(self, steps_shape, initial_state_shape=None):
        """Create the weights for steps of shape (batch, T, features)."""
        super().build(steps_shape)
        # Integer codes have one axis less than vectors, so the number of axes is not checked.
        self.input_spec = None

    def call(self, steps, initial_state=None, training=False, padding=None):
        """Run the layer over steps (batch, T, features) or codes (batch, T).

        Parameters
        ----------
        steps : tensor
        initial_state : tensor, or list of tensor, of shape (batch, units) or None
            If None, states are zero before the first time step.
        training : bool, default=False
            Whether dropout is applied.
        padding : tensor of bool of shape (batch, T) or None
            The time steps that leave the states after the first one, such as the cell state of an
            LSTM, unchanged. If None, all time steps change them.

        Returns
        -------
        tuple of the outputs, of shape (batch, T, units), and each final state
        """
        is_fast = backends.has_fast_loop(self.cell_name, steps.shape[0], self.units)
        if not (self._has_standard_cell() and is_fast):
            if steps.ndim == 2:
                steps = ops.one_hot(steps, self.cell.kernel.shape[0], dtype=self.compute_dtype)
            mask = None if padding is None else ops.logical_not(padding)
            return super().call(steps, initial_state=initial_state, mask=mask, training=training)
        mask = self._dropout_mask(steps) if training and self.dropout else None
        if steps.ndim == 2:
            mask, steps = _code_factors(steps, mask, self.compute_dtype), ops.maximum(steps, 0)
        weights = {
            "kernel": self.cell.kernel,
            "recurrent_kernel": self.cell.recurrent_kernel,
            "bias": self.cell.bias,
        }
        if padding is not None:
            cell = get_cell(self.cell_name)
            steps, mask, weights = _held_at(padding, cell, steps, mask, weights)
        states = _as_states(initial_state, self.compute_dtype)
        outputs, states = backends.run_loop(self.cell_name, steps, mask, weights, states)
        return (outputs, *states)

    def _dropout_mask(self, steps):
        """Draw one mask for each sequence, which is used at all its time steps, as in Keras."""
        shape = ops.shape(steps)[0], self.cell.kernel.shape[0]
        self.cell.reset_dropout_mask()
        return self.cell.get_dropout_mask(ops.ones(shape, self.compute_dtype))

    def compute_output_spec(self, steps, initial_state=None, training=False, padding=None):
        """Return the shapes of the outputs without tracing the loop."""
        return _output_spec(steps, self.units, get_cell(self.cell_name), self.compute_dtype)

    def _has_standard_cell(self):
        cell = self.cell
        gate = getattr(cell, "recurrent_activation", keras.activations.sigmoid)
        standard = cell.activation is keras.activations.tanh and cell.use_bias
        reset_after = get_cell(self.cell_name).keras_options.get("reset_after", True)
        return (
            standard
            and getattr(cell, "reset_after", True) == reset_after
            and gate is keras.activations.sigmoid
            and not cell.recurrent_dropout
        )


class SimpleRNN(_FastLoop, keras.layers.SimpleRNN):
    """`keras.layers.SimpleRNN` with a fast loop."""

    cell_name = "simple"


class LSTM(_FastLoop, keras.layers.LSTM):
    """`keras.layers.LSTM` with a fast loop."""

    cell_name = "lstm"


class GRU(_FastLoop, keras.layers.GRU):
    """`keras.layers.GRU` with a fast loop."""

    cell_name = "gru"


class GRUResetBefore(_FastLoop, keras.layers.GRU):
    """`keras.layers.GRU` of ``reset_after=False`` with a fast loop."""

    cell_name = "gru_reset_before"


@keras.saving.register_keras_serializable(package="skrnn")
class CellLayer(keras.layers.Layer):
    """A recurrent layer of a cell in `skrnn.networks.cells` that Keras does not have.

    A saved model that has such a layer opens once this module is imported.

    Parameters
    ----------
    cell : str
        One of `skrnn._cells.CELLS`.
    units : int
    activation : str, callable or None
        If None, the default activation of the cell is used.
    dropout, recurrent_dropout : float in [0, 1), default=0.0
        The fraction of the inputs, and the fraction of the outputs of the previous time step, that
        is dropped. Each sequence has one mask, which is used at all its time steps.
    kernel_regularizer, recurrent_regularizer : keras.regularizers.Regularizer or None
    seed : int or None
        The seed of dropout and of the initial weights.
    fast_loop : bool, default=False
        Whether to use the backend's fast loop if it has one. This option is not saved with the
        layer, because a program that runs a saved model may not have the gradient of the loop.
    **kwargs
        The parameters of `keras.layers.Layer`.
    """

    def __init__(
        self,
        cell,
        units,
        *,
        activation=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        kernel_regularizer=None,
        recurrent_regularizer=None,
        seed=None,
        fast_loop=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.cell_name, self.units = cell, units
        self.activation = keras.activations.get(activation or get_cell(cell).default_activation)
        self.dropout, self.recurrent_dropout = dropout, recurrent_dropout
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = keras.regularizers.get(recurrent_regularizer)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.fast_loop = fast_loop

    def build(self, steps_shape, initial_state_shape=None):
        """Create the weights for steps of shape (batch, T, features)."""
        cell, rng = get_cell(self.cell_name), np.random.default_rng(self.seed)
        shapes = cell.weight_shapes(steps_shape[-1], self.units)
        for name, value in cell.initial_weights(shapes, rng).items():
            weight = self.add_weight(
                shape=shapes[name],
                name=name,
                initializer=_initializer(value),
                regularizer=self._regularizer(name) if name in cell.penalized else None,
            )
            setattr(self, name, weight)
        self._weight_names = tuple(shapes)

    def _regularizer(self, name):
        return self.recurrent_regularizer if name == "recurrent_kernel" else self.kernel_regularizer

    def call(self, steps, initial_state=None, training=False, padding=None):
        """Run the layer over steps (batch, T, features) or codes (batch, T).

        Parameters and return values are those of the other layers of this module.
        """
        weights = {name: getattr(self, name) for name in self._weight_names}
        rates = (self.dropout, self.recurrent_dropout) if training else (0, 0)
        mask = self._draw_mask(steps, self.kernel.shape[0], rates[0])
        recurrent_mask = self._draw_mask(steps, self.units, rates[1])
        if steps.ndim == 2:
            mask, steps = _code_factors(steps, mask, self.compute_dtype), ops.maximum(steps, 0)
        if padding is not None:
            cell = get_cell(self.cell_name)
            steps, mask, weights = _held_at(padding, cell, steps, mask, weights)
        states = _as_states(initial_state, self.compute_dtype)
        outputs, states = self._loop(recurrent_mask)(steps, mask, weights, states)
        return (outputs, *states)

    def _loop(self, recurrent_mask):
        """Return the function that runs the time steps."""
        cell = get_cell(self.cell_name)
        if self.fast_loop and isinstance(cell, ScanCell):
            recurrence = backends.linear_recurrence
            return partial(run_scan, cell, recurrence, activation=self.activation)
        if self._is_fast(recurrent_mask):
            return partial(backends.run_loop, self.cell_name)
        settings = {"activation": self.activation, "recurrent_mask": recurrent_mask}
        return partial(run_steps, cell, **settings)

    def _draw_mask(self, steps, width, rate):
        """Draw one dropout mask for each sequence, or return None if the rate is zero."""
        if not rate:
            return None
        ones = ops.ones((ops.shape(steps)[0], width), self.compute_dtype)
        return keras.random.dropout(ones, rate, seed=self.seed_generator)

    def _is_fast(self, recurrent_mask):
        default = keras.activations.get(get_cell(self.cell_name).default_activation)
        standard = self.activation is default and recurrent_mask is None
        return self.fast_loop and standard and backends.has_fast_loop(self.cell_name)

    def compute_output_spec(self, steps, initial_state=None, training=False, padding=None):
        """Return the shapes of the outputs without tracing the loop."""
        return _output_spec(steps, self.units, get_cell(self.cell_name), self.compute_dtype)

    def get_config(self):
        """Return the arguments that make a layer like this one."""
        return {
            **super().get_config(),
            "cell": self.cell_name,
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "recurrent_regularizer": keras.regularizers.serialize(self.recurrent_regularizer),
            "seed": self.seed,
        }


def _initializer(value):
    """Return a Keras initializer that returns an array."""

    def initialize(shape, dtype=None):
        return ops.convert_to_tensor(value, dtype)

    return initialize


def _code_factors(codes, mask, dtype):
    """Return the factor of the kernel's row for each code: zero for -1, else that of the mask."""
    factors = ops.cast(codes >= 0, dtype)
    if mask is None:
        return factors
    return factors * ops.take_along_axis(mask, ops.maximum(codes, 0), axis=1)


def _held_at(padding, cell, steps, mask, weights):
    """Return the steps, their mask and the weights of a loop that holds states at padding.

    Whether a time step is padding is a further feature, whose row of the kernel opens and closes
    the gates of memory, so that no loop needs to know of it.
    """
    if steps.ndim == 2:
        one_hot = ops.one_hot(steps, weights["kernel"].shape[0], dtype=mask.dtype)
        steps, mask = one_hot * ops.expand_dims(mask, 2), None
    kernel = ops.convert_to_tensor(weights["kernel"])
    # TensorFlow's kernel is faster with an even number of features.
    n_new = 2 - kernel.shape[0] % 2
    is_padding = ops.expand_dims(padding, 2)
    # Large values would open the gates again.
    steps = ops.where(is_padding, ops.zeros_like(steps), steps)
    is_padding = ops.cast(is_padding, steps.dtype)
    steps = ops.concatenate([steps, ops.repeat(is_padding, n_new, axis=2)], axis=2)
    if mask is not None:
        mask = ops.concatenate(
            [mask, ops.repeat(ops.ones_like(mask[:, :1]), n_new, axis=1)], axis=1
        )
    row = cell.holding_row(kernel.shape[1] // len(cell.gates)) / n_new
    rows = ops.convert_to_tensor(np.repeat(row, n_new, axis=0), kernel.dtype)
    return steps, mask, {**weights, "kernel": ops.concatenate([kernel, rows], axis=0)}


def _as_states(initial_state, dtype):
    """Return the initial states as a list of tensors, or None if they are zero."""
    if initial_state is None:
        return None
    states = initial_state if isinstance(initial_state, list | tuple) else [initial_state]
    return [ops.convert_to_tensor(state, dtype=dtype) for state in states]


def _output_spec(steps, units, cell, dtype):
    batch, n_steps = steps.shape[:2]
    shapes = [(batch, n_steps, units)] + [(batch, units)] * cell.n_states
    return tuple(keras.KerasTensor(shape, dtype=dtype) for shape in shapes)


_FAST_LAYERS = {layer.cell_name: layer for layer in (SimpleRNN, LSTM, GRU, GRUResetBefore)}

for _name, _layer in _FAST_LAYERS.items():
    REGISTERED_OBJS_TO_NAMES[_layer] = f"keras.layers.{get_cell(_name).keras_layer}"


def make_layer(cell, units, *, plain=False, seed=None, **options):
    """Return a layer that returns the outputs at all time steps and the final states.

    Parameters
    ----------
    cell : str
        One of `skrnn._cells.CELLS`.
    units : int
    plain : bool, default=False
        If True, return the layer of Keras, or a layer with the slow loop if Keras does not have
        one.
    seed : int or None, default=None
        The seed of dropout and of the initial weights. If None, Keras draws seeds from `random`.
    **options
        `activation`, `dropout`, `recurrent_dropout`, the regularizers of the kernels, and the
        parameters of `keras.layers.Layer`.

    Returns
    -------
    keras.layers.Layer
    """
    keras_name, keras_options = get_cell(cell).keras_layer, get_cell(cell).keras_options
    if keras_name is None:
        return CellLayer(cell, units, seed=seed, fast_loop=not plain, **options)
    layer = getattr(keras.layers, keras_name) if plain else _FAST_LAYERS[cell]
    seeded = {
        "kernel_initializer": keras.initializers.GlorotUniform(seed),
        "recurrent_initializer": keras.initializers.Orthogonal(seed=seed),
        "seed": seed,
        **keras_options,
    }
    return layer(units, return_sequences=True, return_state=True, **{**seeded, **options})


def build_without_draws(layer, shape):
    """Build a layer whose weights are set before they are used, with kernels of zeros.

    To draw them, JAX would compile several programs for each shape. A copy of the layer draws its
    kernels, because the initializers are part of its configuration.

    Parameters
    ----------
    layer : keras.layers.Layer
        A layer that is not built, as `make_layer` returns it.
    shape : tuple of int or None
        The shape of its time steps.
    """
    # In a layer of Keras, the cell holds the initializers. Other layers draw in few programs.
    names = ("kernel_initializer", "recurrent_initializer") if hasattr(layer, "cell") else ()
    drawing = {name: getattr(layer.cell, name) for name in names}
    for name in names:
        setattr(layer.cell, name, keras.initializers.Zeros())
    layer.build(shape)
    for name, initializer in drawing.items():
        setattr(layer.cell, name, initializer)


def weights_and_activation(layer, cell):
    """Return the weights of a recurrent layer by name, as tensors, and its activation.

    Parameters
    ----------
    layer : keras.layers.Layer
        A built layer, as `make_layer` returns it.
    cell : Cell
        The description of its cell.
    """
    # In a layer of Keras, the cell holds the weights.
    holder = getattr(layer, "cell", layer)
    names = cell.weight_shapes(1, layer.units)
    weights = {name: ops.convert_to_tensor(getattr(holder, name)) for name in names}
    return weights, holder.activation
