"""The network with the states of its recurrent layers as further inputs and outputs.

Truncated back-propagation trains this model: it continues a sequence from the states with which its
last segment ended.
"""

import keras
from keras import ops

from skrnn.networks import backends
from skrnn.networks.architecture.custom_body import real_steps
from skrnn.networks.architecture.differences import DIFFERENCES, append_differences
from skrnn.networks.cells import get_cell


def carrying_model(network):
    """Return a model of the layers of a network that carries states.

    Parameters
    ----------
    network : Network
        A network of one direction with one output per time step, without a custom body or cell.

    Returns
    -------
    keras.Model
        The model from time steps, lengths and the initial states of all layers to the outputs
        before the output activation and the final states. These are correct for the sequences of
        a batch that are not padded. With differences, the states include the last time step and
        whether there was one.
    """
    spec, layer = network.spec, network.raw.get_layer
    with backends.precision(spec.dtype):
        steps, lengths = network.raw.inputs
        hidden = steps if spec.embedding is None else layer("embedding")(steps)
        mask, firsts, lasts = real_steps(hidden, lengths)[1], [], []
        if spec.add_differences:
            firsts = [_state(width, spec) for width in (spec.n_features, 1)]
            before, seen = (ops.expand_dims(state, 1) for state in firsts)
            before = ops.where(seen > 0, before, steps[:, :1])
            lasts = [steps[:, -1], ops.ones_like(steps[:, -1, :1])]
            hidden = append_differences(steps, before, mask, layer(DIFFERENCES))
        for i, units in enumerate(spec.units):
            n_states = get_cell(spec.cell).n_states
            initial = [_state(units, spec) for _ in range(n_states)]
            hidden, *final = layer(f"recurrent_{i}")(hidden, initial_state=initial)
            firsts += initial
            lasts += final
        raw = layer("head")(hidden)
        raw = ops.where(ops.expand_dims(mask, 2), raw, ops.zeros_like(raw))
        return keras.Model([steps, lengths, *firsts], [raw, *lasts])


def _state(width, spec):
    return keras.Input((width,), dtype=spec.dtype)
