"""Stacked recurrent layers in one or both directions, exact under padding."""

import keras
from keras import ops

from skrnn.networks.architecture.custom_cells import (
    check_custom_cell,
    make_custom_layer,
    run_custom_layer,
)
from skrnn.networks.architecture.layers import make_layer


def recurrent_stack(hidden, lengths, position, mask, spec, plain, seeds):
    """Return time steps, final vector, final states and custom cells of a stack of layers."""
    if spec.custom_cell is not None:
        check_custom_cell(spec)
    backward_order = ops.where(mask, ops.expand_dims(lengths, 1) - 1 - position, position)
    cells = []

    def run(steps, units, name):
        outputs, *states = _recurrent_layer(steps, units, name, spec, plain, seeds, cells)
        return outputs, last_step(outputs, lengths), states

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
    return hidden, ends, states, cells


def _recurrent_layer(hidden, units, name, spec, plain, seeds, cells):
    """Return the outputs and final states of a layer; add a custom cell to `cells`."""
    if spec.custom_cell is not None:
        layer = make_custom_layer(spec.custom_cell, units, spec.dtype, name)
        results = run_custom_layer(layer, hidden, spec.n_features)
        cells.append(layer.cell)
        return results
    regularizer = keras.regularizers.L2(spec.l2) if spec.l2 else None
    layer = make_layer(
        spec.cell,
        units,
        plain=plain,
        seed=next(seeds),
        activation=spec.activation,
        dropout=spec.dropout,
        recurrent_dropout=spec.recurrent_dropout,
        kernel_regularizer=regularizer,
        recurrent_regularizer=regularizer,
        dtype=spec.dtype,
        name=name,
    )
    n_features = spec.n_features if hidden.ndim == 2 else hidden.shape[2]
    layer.build((None, None, n_features))
    return layer(hidden)


def _reorder(steps, order):
    order = order if steps.ndim == 2 else ops.expand_dims(order, 2)
    return ops.take_along_axis(steps, order, axis=1)


def last_step(steps, lengths):
    """Return the output after the last real time step of each sequence."""
    last = ops.reshape(lengths - 1, (-1, 1, 1))
    return ops.squeeze(ops.take_along_axis(steps, last, axis=1), axis=1)
