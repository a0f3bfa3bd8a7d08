"""The initial values of weights, drawn by NumPy so that they are equal on all backends."""

import numpy as np

from skrnn.networks.cells import get_cell, glorot_uniform


def embedding_index(network):
    """Return the index of the embedding matrix among the weights, or None if there is none."""
    if network.spec.embedding is None:
        return None
    vectors = network.model.get_layer("embedding").embeddings
    return next(i for i, weight in enumerate(network.model.weights) if weight is vectors)


def initial_weights(network, rng):
    """Draw the initial weights with a NumPy generator, so that they are equal on every backend.

    The distributions are those of Keras. For a recurrent layer, they are described by the cell. The
    kernel of the head is uniform (Glorot and Bengio, 2010).

    Parameters
    ----------
    network : Network
        A network without a custom body or cell, because these keep the weights with which they
        were built.
    rng : numpy.random.Generator

    Returns
    -------
    list of ndarray
        The weights in the order of ``network.model.get_weights()``.
    """
    return [
        _initial_weight(variable, network.spec.cell, rng).astype(network.spec.dtype)
        for variable in network.model.weights
    ]


def _initial_weight(variable, cell, rng):
    shape = tuple(variable.shape)
    if variable.name == "embeddings":
        return rng.uniform(-0.05, 0.05, shape)
    if variable.path.startswith("recurrent_"):
        return get_cell(cell).initial_weight(variable.name, shape, rng)
    return glorot_uniform(shape, rng) if variable.name == "kernel" else np.zeros(shape)
