"""The initial values of weights, drawn by NumPy so that they are equal on all backends."""

from itertools import groupby

import numpy as np

from skrnn.networks.architecture.categories import category_layers
from skrnn.networks.architecture.differences import DIFFERENCES
from skrnn.networks.architecture.missing_values import DECAY, DECAY_MEAN, FIRST_DECAY
from skrnn.networks.cells import get_cell, glorot_uniform, orthogonal

# The first updates of an encoder-decoder saturate the weights of attention if the outputs of the
# encoder hardly depend on the tokens, so that the initial embeddings have a variance of one.
_EMBEDDING_BOUND, _EMBEDDING_BOUND_OF_PAIR = 0.05, 3**0.5


def embedding_indices(network):
    """Return the index of each embedding matrix of the inputs among the weights."""
    layers = ["embedding"] if network.spec.embedding else category_layers(network.spec)
    return [_index(network, network.model.get_layer(name).embeddings) for name in layers]


def differences_index(network):
    """Return the index of the factors of differences among the weights, or None."""
    if not network.spec.add_differences:
        return None
    return _index(network, network.model.get_layer(DIFFERENCES).kernel)


def decay_mean_index(network):
    """Return the index of the mean to which missing values decay, or None."""
    if not network.spec.allow_nan:
        return None
    return _index(network, network.model.get_layer(DECAY_MEAN).kernel)


def _index(network, variable):
    return next(i for i, weight in enumerate(network.model.weights) if weight is variable)


def initial_weights(
    network, rng, bias_initializer="default", longest=1, recurrent_initializer="default"
):
    """Draw the initial weights with a NumPy generator, so that they are equal on every backend.

    The distributions are those of Keras, except for the embeddings of an encoder-decoder, which
    have a variance of one. For a recurrent layer, they are described by the cell, except for the
    biases of its gates and its recurrent kernel if `bias_initializer` and `recurrent_initializer`
    are other ones than "default". The kernel of the head is uniform (Glorot and Bengio, 2010).

    Parameters
    ----------
    network : Network
        A network without a custom body or cell, because these keep the weights with which they
        were built.
    rng : numpy.random.Generator
        All other weights are equal for all values of the two initializers.
    bias_initializer : {"default", "chrono", "uniform_gate"}, default="default"
    longest : int, default=1
        The number of time steps of the longest sequence. Only used by "chrono".
    recurrent_initializer : {"default", "orthogonal", "identity", "glorot_uniform"}

    Returns
    -------
    list of ndarray
        The weights in the order of ``network.model.get_weights()``.

    Raises
    ------
    ValueError
        If the cell does not have the recurrent kernel that `recurrent_initializer` describes.
    """
    spec, (bias_rng, recurrent_rng) = network.spec, rng.spawn(2)
    if recurrent_initializer != "default":
        _require_recurrent_kernel(network, recurrent_initializer)
    weights = []
    for layer, variables in groupby(network.model.weights, _layer_name):
        if layer.startswith("recurrent_"):
            cell, shapes = get_cell(spec.cell), {v.name: tuple(v.shape) for v in variables}
            drawn = cell.initial_weights(shapes, rng)
            is_default = bias_initializer == "default"
            of_memory = cell.bias_initializer if is_default else bias_initializer
            drawn = _with_bias(drawn, cell, of_memory, longest, bias_rng)
            drawn = _with_recurrent_kernel(drawn, recurrent_initializer, recurrent_rng)
            weights += drawn.values()
        else:
            weights += [_initial_weight(variable, spec, rng) for variable in variables]
    return [weight.astype(spec.dtype) for weight in weights]


def _layer_name(variable):
    return variable.path.split("/")[0]


def _initial_weight(variable, spec, rng):
    """Draw the initial value of a weight of a layer that is not recurrent."""
    shape = tuple(variable.shape)
    if variable.path.startswith(DIFFERENCES):
        return np.ones(shape)
    if variable.path.startswith(DECAY):
        return np.full(shape, FIRST_DECAY if variable.path == f"{DECAY}/kernel" else 0.0)
    if variable.name == "embeddings":
        bound = _EMBEDDING_BOUND if spec.decoder is None else _EMBEDDING_BOUND_OF_PAIR
        return rng.uniform(-bound, bound, shape)
    return glorot_uniform(shape, rng) if variable.name == "kernel" else np.zeros(shape)


def _with_bias(weights, cell, bias_initializer, longest, rng):
    """Return the weights of a layer with the initial biases of its memory gates."""
    if bias_initializer == "default":
        return weights
    logits = memory_logits(bias_initializer, cell.n_units(weights), longest, rng)
    return {**weights, "bias": with_memory(weights["bias"], cell, logits)}


def _with_recurrent_kernel(weights, recurrent_initializer, rng):
    """Return the weights of a layer with another initial recurrent kernel."""
    if recurrent_initializer == "default":
        return weights
    shape = weights["recurrent_kernel"].shape
    return {**weights, "recurrent_kernel": recurrent_kernel(recurrent_initializer, shape, rng)}


def _is_recurrent_kernel(variable):
    """Return whether a weight is a matrix from state to state; that of "indrnn" is a vector."""
    is_named = variable.name == "recurrent_kernel" and variable.path.startswith("recurrent_")
    return is_named and len(variable.shape) == 2


def _require_recurrent_kernel(network, recurrent_initializer):
    if not any(_is_recurrent_kernel(variable) for variable in network.model.weights):
        raise ValueError(
            f"recurrent_initializer={recurrent_initializer!r} describes a matrix from state to "
            f'state, which cell={network.spec.cell!r} does not have. Use "default".'
        )


def recurrent_kernel(recurrent_initializer, shape, rng):
    """Draw a recurrent kernel.

    Parameters
    ----------
    recurrent_initializer : {"orthogonal", "identity", "glorot_uniform"}
    shape : tuple (units, n_gates * units)
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape `shape`
        A matrix of orthonormal rows (Saxe et al., 2014), the identity matrix for each gate (Le et
        al., 2015, for a layer without gates), or uniform numbers (Glorot and Bengio, 2010).

    Examples
    --------
    >>> recurrent_kernel("identity", (2, 4), np.random.default_rng(0))
    array([[1., 0., 1., 0.],
           [0., 1., 0., 1.]])
    """
    if recurrent_initializer == "identity":
        return np.tile(np.eye(shape[0]), shape[1] // shape[0])
    draw = orthogonal if recurrent_initializer == "orthogonal" else glorot_uniform
    return draw(shape, rng)


def memory_logits(bias_initializer, units, longest, rng):
    r"""Draw how long each unit keeps its state, before training has changed anything.

    A unit whose gate keeps the fraction :math:`\sigma(b)` of its state at each time step forgets it
    over about :math:`1 / (1 - \sigma(b)) = 1 + e^b` time steps. "chrono" spreads these times evenly
    over the longest sequence, and "uniform_gate" spreads the fractions evenly:

    .. math::

        b &= \log u, & u &\sim \mathcal{U}[1, T_\text{max} - 1] && \text{(chrono)} \\
        b &= \log \frac{u}{1 - u}, & u &\sim \mathcal{U}[1 / n, 1 - 1 / n]
            && \text{(uniform gate)}

    C. Tallec, Y. Ollivier, "Can recurrent neural networks warp time?", ICLR 2018, equation 16; A.
    Gu et al., "Improving the gating mechanism of recurrent neural networks", ICML 2020, section
    3.2.

    Parameters
    ----------
    bias_initializer : {"chrono", "uniform_gate"}
    units : int
        The number of units, n.
    longest : int
        The number of time steps of the longest training sequence.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape (units,)
        The bias :math:`b` of each unit.
    """
    if bias_initializer == "chrono":
        return np.log(rng.uniform(1, max(longest - 1, 1), units))
    lowest = 1 / max(units, 2)
    kept = rng.uniform(lowest, 1 - lowest, units)
    return np.log(kept / (1 - kept))


def with_memory(bias, cell, logits):
    """Return the bias of a cell with the given biases of the gates that decide its memory.

    Parameters
    ----------
    bias : ndarray of shape (n_gates * units,) or (2, n_gates * units)
        If there are two biases, the first one is changed.
    cell : Cell
    logits : ndarray of shape (units,)

    Returns
    -------
    ndarray of the shape of `bias`
    """
    bias, units = bias.copy(), len(logits)
    for gate, sign in cell.memory_gates.items():
        start = cell.gates.index(gate) * units
        cell.input_bias(bias)[start : start + units] = sign * logits
    return bias
