"""Look inside a network: run its graph with other functions in place of some of its layers."""

import inspect
import re
from dataclasses import replace

from keras import ops

from skrnn.networks.time_loops import loop_of

_RECURRENT = re.compile(r"recurrent_\d+(_backward)?")


def run_graph(model, inputs, replaced):
    """Run a model on tensors, with other functions in place of some layers.

    Parameters
    ----------
    model : keras.Model
    inputs : list of tensor
    replaced : dict of str to callable
        The functions that are called in place of the layers of these names.

    Returns
    -------
    tensor
    """
    calls = {
        operation: replaced.get(operation.name) or _without_training(operation)
        for operation in model.operations
    }
    return model._run_through_graph(inputs, operation_fn=calls.get)


def _without_training(operation):
    if "training" not in inspect.signature(operation.call).parameters:
        return operation
    # This value replaces the one that the graph stored when it was built.
    return lambda *tensors, **given: operation(*tensors, **{**given, "training": False})


def recurrent_layers(model):
    """Return the recurrent layers of the estimator by name, in the order of the stack.

    Raises
    ------
    ValueError
        If the network has none, because a custom body does not use them.
    """
    found = {one.name: one for one in model.operations if _RECURRENT.fullmatch(one.name)}
    if not found:
        raise ValueError(
            "The estimator has no recurrent layers to look into, because its body does not call "
            "recurrent."
        )
    by_depth = sorted(found, key=lambda name: (int(name.split("_")[1]), name))
    return {name: found[name] for name in by_depth}


def watch(layer, spec, seen, shifts=None, truncation=None):
    """Return a function that takes the place of a recurrent layer and records what it computes.

    Parameters
    ----------
    layer : keras.layers.Layer
    spec : NetworkSpec
    seen : dict
        The loop, the time steps and the states are stored here under the name of the layer.
    shifts : list of tensor of shape (batch, T, units), or None
        What is added to each state after each time step.
    truncation : int or None
        The number of time steps after which gradients end.

    Returns
    -------
    callable
    """

    # The graph also stores arguments such as `training`, which do not matter here.
    def run(steps, **stored):
        if steps.ndim == 2:
            steps = ops.one_hot(steps, spec.n_features, dtype=spec.dtype)
        loop = loop_of(layer, steps)
        if truncation is not None:
            loop = _truncated(loop, truncation)
        states = loop.run(steps, shifts)
        seen[layer.name] = loop, steps, states
        return states[0], *(state[:, -1] for state in states)

    return run


def _truncated(loop, n_steps):
    """Return a time loop through which gradients flow back inside segments only."""

    def project(steps):
        projected = loop.project(steps)
        starts = (ops.arange(projected.shape[1]) % n_steps) == 0
        column = ops.cast(ops.reshape(starts, (1, -1, 1)), projected.dtype)
        # The last number of an input marks the first time step of a segment.
        column = ops.broadcast_to(column, (*projected.shape[:2], 1))
        return ops.concatenate([projected, column], axis=2)

    def step(inputs, states):
        starts = inputs[:, -1:] > 0
        states = [ops.where(starts, ops.stop_gradient(state), state) for state in states]
        return loop.step(inputs[:, :-1], tuple(states))

    return replace(loop, project=project, step=step)
