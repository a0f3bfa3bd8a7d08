"""From weights and sequences to predictions, hidden states and a model to keep."""

import keras
import numpy as np

from skrnn.networks import backends
from skrnn.networks.batches import Feed, inference_batches
from skrnn.networks.models import rebuild_network
from skrnn.networks.programs import lease

__all__ = ["export_model", "final_states", "forward"]


def forward(spec, weights, sequences, name="model"):
    """Run sequences through one of a network's models.

    Parameters
    ----------
    spec : NetworkSpec
    weights : list of ndarray
    sequences : Sequences
    name : {"model", "summary", "steps"}, default="model"

    Returns
    -------
    ndarray
        One row a sequence, or, where the model gives steps, one row for each real step of each
        sequence in turn.
    """
    per_step = name == "steps" or (name == "model" and spec.return_sequences)
    results = _run_blocks(spec, weights, sequences, name)
    if per_step:
        return _in_order_of_steps(results, sequences.lengths)
    return _in_order(results, len(sequences))


def final_states(spec, weights, sequences):
    """Return the last recurrent layer's final states, as ``return_state=True`` gives them in Keras.

    Sequences run in blocks of equal length: a padded step would move a state.

    Returns
    -------
    list of ndarray of shape (n_sequences, units)
    """
    results = [
        (rows, _as_list(states))
        for rows, states in _run_blocks(spec, weights, sequences, "states", equal_lengths=True)
    ]
    return [
        _in_order([(rows, states[i]) for rows, states in results], len(sequences))
        for i in range(len(results[0][1]))
    ]


def export_model(spec, weights, target_scale):
    """Return a live Keras model of its own, in the user's units.

    On JAX a model of float64 is for use within ``jax.enable_x64(True)``.

    Parameters
    ----------
    spec : NetworkSpec
    weights : list of ndarray
    target_scale : tuple (scale, offset) of arrays

    Returns
    -------
    keras.Model
        Takes ``[steps, lengths]``.
    """
    with backends.precision(spec.dtype):
        model = rebuild_network(spec, plain=True).model
        model.set_weights(weights)
        scale, offset = (np.asarray(value) for value in target_scale)
        if (scale == 1).all() and (offset == 0).all():
            return model
        rescale = keras.layers.Rescaling(scale.tolist(), offset.tolist(), dtype=spec.dtype)
        return keras.Model(model.inputs, rescale(model.output))


def _run_blocks(spec, weights, sequences, name, *, equal_lengths=False):
    """Return the sequence numbers of each block, and what a network's model gives for them."""
    blocks = inference_batches(sequences.lengths, equal_lengths=equal_lengths)
    with lease(spec.reading(sequences)) as program:
        program.set_weights(weights)
        compiled = program.forward(name)
        on_device = Feed(backends.sequences_to_device, sequences.__getitem__, sequences)
        return [(rows, compiled(*on_device(rows))) for rows in blocks]


def _as_list(tensors):
    return list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]


def _in_order(results, n):
    ordered = np.empty((n, *results[0][1].shape[1:]), results[0][1].dtype)
    for rows, values in results:
        ordered[rows] = values
    return ordered


def _in_order_of_steps(results, lengths):
    starts = np.cumsum(lengths) - lengths
    first = results[0][1]
    ordered = np.empty((lengths.sum(), first.shape[2]), first.dtype)
    for rows, values in results:
        step = np.arange(values.shape[1])
        real = step < lengths[rows, None]
        ordered[(starts[rows, None] + step)[real]] = values[real]
    return ordered
