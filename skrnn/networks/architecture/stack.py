"""Stacked recurrent layers in one or both directions, exact under padding."""

import keras
from keras import ops

from skrnn.networks.architecture.custom_cells import (
    check_custom_cell,
    make_custom_layer,
    run_custom_layer,
)
from skrnn.networks.architecture.layers import build_without_draws, make_layer
from skrnn.networks.cells import get_cell


def recurrent_stack(
    hidden, lengths, position, mask, spec, plain, seeds, *, holds_states=False, firsts=None
):
    """Return time steps, final vector, final states and custom cells of a stack of layers.

    Parameters
    ----------
    hidden : tensor of shape (batch, T, n) or (batch, T)
    lengths : tensor of shape (batch,)
    position, mask : tensor of shape (batch, T)
        The return values of `real_steps`.
    spec : NetworkSpec
    plain : bool
    seeds : iterator of int or None
    holds_states : bool, default=False
        Whether the final states are those after the last real time step of each sequence. If
        False, they are those after the last time step of the batch, which takes less time.
    firsts : callable or None, default=None
        The return value of `first_states`.

    Returns
    -------
    hidden : tensor of shape (batch, T, width)
    ends : tensor of shape (batch, width)
    states : list of list of tensor of shape (batch, units)
        The final states of each layer, with those of the backward direction at the end.
    cells : list
    """
    if spec.custom_cell is not None:
        check_custom_cell(spec)
    backward_order = ops.where(mask, ops.expand_dims(lengths, 1) - 1 - position, position)
    cells, all_states = [], []

    def run(steps, units, name):
        # The first state is the output, so a layer with one state does not need to hold any.
        padding = (
            ops.logical_not(mask) if holds_states and get_cell(spec.cell).n_states > 1 else None
        )
        begin = None if firsts is None else firsts(units)
        outputs, *states = _run_layer(steps, units, name, spec, plain, seeds, cells, padding, begin)
        end = last_step(outputs, lengths)
        return outputs, end, [end, *states[1:]] if holds_states else states

    for i, units in enumerate(spec.units):
        forward, ends, states = run(hidden, units, f"recurrent_{i}")
        if spec.bidirectional:
            reverse, reverse_ends, reverse_states = run(
                _reorder(hidden, backward_order), units, f"recurrent_{i}_backward"
            )
            ends = ops.concatenate([ends, reverse_ends], axis=-1)
            forward = ops.concatenate([forward, _reorder(reverse, backward_order)], axis=-1)
            states = states + reverse_states
        hidden = forward
        all_states.append(states)
    return hidden, ends, all_states, cells


def _run_layer(hidden, units, name, spec, plain, seeds, cells, padding=None, begin=None):
    """Return the outputs and final states of a layer; add a custom cell to `cells`."""
    if spec.custom_cell is not None:
        layer = make_custom_layer(spec.custom_cell, units, spec.dtype, name)
        results = run_custom_layer(layer, hidden, spec.n_features)
        cells.append(layer.cell)
        return results
    n_features = spec.n_features if hidden.ndim == 2 else hidden.shape[2]
    layer = make_recurrent_layer(n_features, units, name, spec, plain, next(seeds))
    if padding is None:
        return layer(hidden) if begin is None else layer(hidden, initial_state=begin)
    if plain and get_cell(spec.cell).keras_layer:
        # A layer of Keras holds its states where its mask is False.
        return layer(hidden, mask=ops.logical_not(padding))
    return layer(hidden, padding=padding)


def make_recurrent_layer(n_features, units, name, spec, plain, seed):
    """Return a built layer of the cell of a specification.

    Parameters
    ----------
    n_features : int
        The number of features of its time steps.
    units : int
    name : str
    spec : NetworkSpec
    plain : bool
        Whether the layer is one of Keras, or has the slow loop if Keras does not have the cell.
    seed : int or None

    Returns
    -------
    keras.layers.Layer
    """
    regularizer = keras.regularizers.L2(spec.l2) if spec.l2 else None
    layer = make_layer(
        spec.cell,
        units,
        plain=plain,
        seed=seed,
        activation=spec.activation,
        dropout=spec.dropout,
        recurrent_dropout=spec.recurrent_dropout,
        kernel_regularizer=regularizer,
        recurrent_regularizer=regularizer,
        dtype=spec.dtype,
        name=name,
    )
    shape = None, None, n_features
    if plain or spec.has_custom_parts:
        layer.build(shape)
    else:
        # The weights of all other networks are set before they are used.
        build_without_draws(layer, shape)
    return layer


def _reorder(steps, order):
    order = order if steps.ndim == 2 else ops.expand_dims(order, 2)
    return ops.take_along_axis(steps, order, axis=1)


def last_step(steps, lengths):
    """Return the output after the last real time step of each sequence."""
    last = ops.reshape(lengths - 1, (-1, 1, 1))
    return ops.squeeze(ops.take_along_axis(steps, last, axis=1), axis=1)
