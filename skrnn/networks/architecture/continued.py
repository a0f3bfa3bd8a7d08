"""The model that continues sequences from the states after their earlier time steps.

It consists of layers of a built network, so that it has the same weights. It ends with the last
recurrent layer: the pooling of earlier and later time steps is not that of `head`, because it needs
what the pooling of the earlier ones carries.
"""

import keras
from keras import ops

from skrnn.networks.architecture.differences import DIFFERENCES
from skrnn.networks.cells import get_cell


def continued_model(spec, model):
    """Return a model that begins at given states.

    Parameters
    ----------
    spec : NetworkSpec
        A specification of a network of named cells in one direction.
    model : keras.Model
        The network.

    Returns
    -------
    keras.Model
        Its inputs are time steps of sequences of equal length, lengths, the previous time step of
        each sequence if there are differences, and the states of each layer, (batch, units). Its
        outputs are the outputs of the last recurrent layer at all time steps, and the final states
        of each layer.
    """
    steps, lengths = model.inputs
    hidden, given, after = steps, [], []

    def add_input(width):
        given.append(keras.Input((width,), dtype=spec.dtype))
        return given[-1]

    if spec.embedding is not None:
        hidden = model.get_layer("embedding")(hidden)
    if spec.add_differences:
        previous = ops.expand_dims(add_input(spec.n_features), 1)
        differences = hidden - ops.concatenate([previous, hidden[:, :-1]], axis=1)
        scaled = model.get_layer(DIFFERENCES)(differences)
        hidden = ops.concatenate([hidden, scaled], axis=2)
    for i, units in enumerate(spec.units):
        before = [add_input(units) for _ in range(get_cell(spec.cell).n_states)]
        hidden, *states = model.get_layer(f"recurrent_{i}")(hidden, initial_state=before)
        after += states
    return keras.Model([steps, lengths, *given], [hidden, *after])
