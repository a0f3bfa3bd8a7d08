"""States, gates and gradients of the recurrent layers of a network, at each time step.

The network runs as in a prediction, without dropout. Each sequence has its own loss, so that its
gradients do not depend on the other sequences.
"""

import numpy as np
from keras import ops

from skrnn.networks import backends
from skrnn.networks.batches import inference_batches
from skrnn.networks.cells import get_cell
from skrnn.networks.feed import standardized
from skrnn.networks.objective import Objective
from skrnn.networks.probes import recurrent_layers, run_graph, watch
from skrnn.networks.programs import lease
from skrnn.sequences import to_padded

# The largest number of states in one call, over all sequences, time steps and units.
_MAX_STATES = 2**21


def state_gradient_norms(spec, weights, examples, training, *, standardization=None):
    """Return the norm of the gradient that reaches the states of each layer at each time step.

    The state of a layer is its output and, if its cell has several states, the others too. The norm
    is the Euclidean norm over all of them. The loss of a sequence is the mean over its targets.

    Parameters
    ----------
    spec : NetworkSpec
    weights : list of ndarray
    examples : Examples
        Their weights are not used.
    training : TrainingSpec
        A specification without metrics, whose loss and whose truncation are used.
    standardization : Standardization or None, default=None

    Returns
    -------
    dict of str to list of ndarray of shape (T_i,)
        The norms for each sequence, by the name of the layer.

    Raises
    ------
    ValueError
        If the network has no recurrent layers, or if their time steps cannot be assigned to those
        of sequences of different lengths.
    """
    examples = examples.encoded()
    sequences, norms = examples.sequences, {}
    class_codes = np.issubdtype(examples.targets.dtype, np.integer)
    objective = Objective(spec, training, class_codes=class_codes)
    max_steps = max(1, _MAX_STATES // sum(spec.units))
    with lease(spec.for_inputs(sequences)) as program:
        program.set_weights(weights)
        layers = recurrent_layers(program.network.raw)
        for rows in inference_batches(sequences.lengths, max_steps=max_steps):
            some = examples[rows]
            inputs = _padded_inputs(some.sequences, standardization, spec.dtype)
            shifts = _zero_shifts(program.network.raw, layers, inputs, spec)
            losses = _losses_with_shifts(
                program.network, layers, objective, shifts, training.truncation
            )
            zeros = [shift for of_layer in shifts.values() for shift in of_layer]
            run = backends.compile_gradients(losses)
            _, gradients = run(zeros, [*inputs, *_padded_targets(some, spec)])
            found = dict(zip(shifts, _grouped(gradients, shifts), strict=True))
            for name, of_layer in found.items():
                kept = norms.setdefault(name, [None] * len(sequences))
                for i, one in zip(rows, _norms(name, of_layer, inputs[1]), strict=True):
                    kept[i] = one
    return norms


def _padded_inputs(sequences, standardization, dtype):
    steps = standardized(sequences, standardization, dtype)
    return [to_padded(steps, value=0), sequences.lengths.astype(np.int32)]


def _padded_targets(examples, spec):
    """Return the targets of each sequence, padded with its first one, and their weights."""
    targets = examples.targets
    position = np.arange(targets.lengths.max())
    real = position < targets.lengths[:, None]
    at = targets.starts[:, None] + np.where(real, position, 0)
    weights = (real / targets.lengths[:, None]).astype(spec.dtype)
    return targets.values[at], weights


def _zero_shifts(model, layers, inputs, spec):
    """Return zeros in the shapes of the states of each layer, by its name."""
    batch, n_steps = inputs[0].shape[:2]
    if not spec.is_custom:
        return {
            name: [np.zeros((batch, n_steps, layer.units), spec.dtype)]
            * get_cell(spec.cell).n_states
            for name, layer in layers.items()
        }
    seen = {}
    replaced = {name: watch(layer, spec, seen) for name, layer in layers.items()}

    def run(_, inputs):
        return run_graph(model, inputs, replaced)

    # A body may change the number of time steps, and a custom cell may have any states.
    first = [array[:1] for array in inputs]
    backends.compile_gradients(run)([], first, gradients=False)
    return {
        name: [np.zeros((batch, *one.shape[1:]), spec.dtype) for one in seen[name][2]]
        for name in layers
    }


def _losses_with_shifts(network, layers, objective, shifts, truncation):
    """Return the weighted losses as a function of the shifts of all states, and of the data."""
    spec = network.spec

    def losses(tensors, data):
        steps, lengths, true, weights = data
        by_layer = zip(layers.items(), _grouped(tensors, shifts), strict=True)
        replaced = {
            name: watch(layer, spec, {}, some, truncation) for (name, layer), some in by_layer
        }
        raw = run_graph(network.raw, [steps, lengths], replaced)
        raw = ops.reshape(raw, (-1, raw.shape[-1]))
        true = ops.reshape(true, (-1, *true.shape[2:]))
        return objective.weighted_losses(true, raw, ops.reshape(weights, (-1,)))[0]

    return losses


def _grouped(tensors, shifts):
    """Return a flat list of tensors as one list per layer."""
    remaining = iter(tensors)
    return [[next(remaining) for _ in of_layer] for of_layer in shifts.values()]


def _norms(name, gradients, lengths):
    """Return the norm of the gradients of each sequence at its own time steps."""
    # The squares of small gradients are too small for float32.
    squares = sum((gradient.astype(np.float64) ** 2).sum(axis=2) for gradient in gradients)
    norms = np.sqrt(squares)
    return [row[::-1] if _reads_backward(name) else row for row in _unpadded(norms, lengths)]


def _reads_backward(name):
    return name.endswith("_backward")


def _unpadded(padded, lengths):
    """Return the rows of an array, cut to the lengths of the sequences.

    Raises
    ------
    ValueError
        If a body has changed the number of time steps, and the lengths of the sequences differ.
    """
    if padded.shape[1] == lengths.max():
        return [row[:length] for row, length in zip(padded, lengths, strict=True)]
    if lengths.min() < lengths.max():
        raise ValueError(
            "The body changes the number of time steps, so those of the recurrent layers can only "
            "be compared for sequences of one length. Pass sequences of one length."
        )
    return list(padded)


def states_and_gates(spec, weights, sequences, *, standardization=None):
    """Return the states and the gates of each recurrent layer at all time steps of one sequence.

    Parameters
    ----------
    spec : NetworkSpec
    weights : list of ndarray
    sequences : Sequences
        One sequence.
    standardization : Standardization or None, default=None

    Returns
    -------
    dict of str to tuple (gates, states)
        For each layer, a dict of arrays of shape (T, units), which is empty if the cell is custom
        or has no gates, and a list of arrays of shape (T, units).
    """
    found = {}
    with lease(spec.for_inputs(sequences)) as program:
        program.set_weights(weights)
        model = program.network.raw
        inputs = _padded_inputs(sequences, standardization, spec.dtype)
        for name in recurrent_layers(model):
            found[name] = _of_layer(model, name, inputs, spec)
    return found


def _of_layer(model, name, inputs, spec):
    """Return the gates and the states of one layer."""
    names = []

    def run(_, inputs):
        seen = {}
        replaced = {name: watch(model.get_layer(name), spec, seen)}
        run_graph(model, inputs, replaced)
        loop, steps, states = seen[name]
        gates = loop.gates(steps, states) if loop.gate_values else {}
        names[:] = gates
        return ops.stack([*gates.values(), *states])

    values, _ = backends.compile_gradients(run)([], inputs, gradients=False)
    values = values[:, 0, ::-1] if _reads_backward(name) else values[:, 0]
    return dict(zip(names, values, strict=False)), list(values[len(names) :])
