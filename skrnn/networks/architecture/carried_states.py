"""The network with the states of its recurrent layers as further inputs and outputs.

Truncated back-propagation trains it, to continue a sequence from the states with which its last
segment ended, and predictions that begin at a state, or return one, come from it.
"""

import keras
from keras import ops

from skrnn.networks import backends
from skrnn.networks.architecture.categories import category_layers, split_categories
from skrnn.networks.architecture.custom_body import real_steps
from skrnn.networks.architecture.differences import DIFFERENCES, append_differences
from skrnn.networks.architecture.missing_values import (
    DECAY,
    DECAY_MEAN,
    Observed,
    fill_missing,
)
from skrnn.networks.architecture.static_features import with_static
from skrnn.networks.cells import get_cell
from skrnn.networks.static_input import STATIC


@backends.uses_device
def continued_model(spec, model):
    """Return a model that begins at given states, up to the last recurrent layer.

    It consists of the layers of a built network, so that it has the same weights. Pooling is not
    part of it: the pooling of earlier and later time steps is not that of the later ones.

    Parameters
    ----------
    spec : NetworkSpec
        A specification of a network of named cells in one direction.
    model : keras.Model
        The network.

    Returns
    -------
    keras.Model
        Its inputs are time steps, lengths, static features if there are some, and the initial
        states: with NaN, the two arrays of
        `Observed`, (batch, n_features); with differences, the previous time step of each sequence,
        (batch, n_features), and a positive number if there was one and zero if not, (batch, 1);
        then the states of each layer, (batch, units). Its outputs are the
        outputs of the last recurrent layer at all time steps, and the final states in the same
        order, which are correct for the sequences of a batch that are not padded.
    """
    layer, firsts, lasts, indicators = model.get_layer, [], [], []

    def initial_state(width):
        firsts.append(keras.Input((width,), dtype=spec.dtype))
        return firsts[-1]

    with backends.precision(spec.dtype):
        steps, lengths, *static = model.inputs
        hidden = steps if spec.embedding is None else layer("embedding")(steps)
        position, mask = real_steps(steps, lengths)
        embeddings = [layer(name) for name in category_layers(spec)]
        hidden, vectors = split_categories(hidden, mask, spec, embeddings)
        if spec.allow_nan:
            before = Observed(
                *(ops.expand_dims(initial_state(spec.n_numeric), 1) for _ in range(2))
            )
            layers = layer(DECAY), layer(DECAY_MEAN)
            hidden, missing, after = fill_missing(hidden, position, mask, layers, before)
            indicators = [missing]
            lasts += [after.values[:, 0], after.since[:, 0]]
        if spec.add_differences:
            before = ops.expand_dims(initial_state(spec.n_numeric), 1)
            before = ops.where(ops.expand_dims(initial_state(1), 1) > 0, before, hidden[:, :1])
            lasts += [hidden[:, -1], ops.ones_like(hidden[:, -1, :1])]
            hidden = append_differences(hidden, before, mask, layer(DIFFERENCES))
        parts = [*([] if hidden is None else [hidden]), *indicators, *vectors]
        hidden = parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=2)
        for i, units in enumerate(spec.units):
            states = [initial_state(units) for _ in range(get_cell(spec.cell).n_states)]
            hidden, *states = layer(f"recurrent_{i}")(hidden, initial_state=states)
            lasts += states
        return keras.Model([steps, lengths, *static, *firsts], [hidden, *lasts])


@backends.uses_device
def carrying_model(network):
    """Return the model that truncated back-propagation trains.

    Parameters
    ----------
    network : Network
        A network with one output per time step whose states can be carried; see `continued_model`.

    Returns
    -------
    keras.Model
        The continued model with the outputs of the network before the output activation in place of
        those of the last recurrent layer.
    """
    with backends.precision(network.spec.dtype):
        (hidden, *lasts), inputs = network.continued.outputs, network.continued.inputs
        static = [given for given in inputs if given.name == STATIC]
        raw = network.raw.get_layer("head")(with_static(hidden, static, network.spec))
        mask = ops.expand_dims(real_steps(hidden, inputs[1])[1], 2)
        return keras.Model(inputs, [ops.where(mask, raw, ops.zeros_like(raw)), *lasts])
