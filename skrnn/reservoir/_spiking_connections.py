"""The connections of spiking units: positions on a grid, and weights that depend on distances.

The connections are those of Maass, Natschläger & Markram, "Real-time computing without stable
states: a new framework for neural computation based on perturbations", Neural Computation 14, 2002.
"""

from numbers import Integral

import numpy as np
from scipy import sparse
from scipy.spatial.distance import cdist

# The probability C and the mean strength A (nA) of a connection, by the kind of the source (row)
# and of the target (column), excitatory first.
_PROBABILITY = np.array([[0.3, 0.2], [0.4, 0.1]])
_STRENGTH = np.array([[30.0, 60.0], [-19.0, -19.0]])
# The mean strength (nA) of an input connection to excitatory and to inhibitory units, and the
# fraction of units that receive a feature.
_INPUT_STRENGTH = np.array([18.0, 9.0])
_INPUT_CONNECTIVITY = 0.3
# The column of Maass et al. has 15 layers of 3 × 3 units.
_LAYER_SHAPE = (3, 3)


def grid_positions(units):
    """Return the positions of units on a three-dimensional grid with a spacing of 1.

    Parameters
    ----------
    units : int or tuple of 3 int
        An int fills layers of 3 × 3 units, one after another. A tuple is the shape of the grid.

    Returns
    -------
    positions : ndarray of int of shape (n_units, 3)

    Raises
    ------
    ValueError
        If a tuple does not have three positive numbers.

    Examples
    --------
    >>> grid_positions(135).max(axis=0) + 1
    array([15,  3,  3])
    >>> len(grid_positions((2, 5, 4)))
    40
    """
    if isinstance(units, Integral):
        depth = -(-units // np.prod(_LAYER_SHAPE))
        return np.argwhere(np.ones((depth, *_LAYER_SHAPE)))[:units]
    if len(units) != 3 or not all(isinstance(n, Integral) and n > 0 for n in units):
        raise ValueError(
            "units must be a positive int, or three of them for the shape of a grid, got "
            f"{units!r}."
        )
    return np.argwhere(np.ones(units))


def connection_probability(positions, is_inhibitory, connection_distance):
    r"""Return the probability of a connection between any two units.

    Parameters
    ----------
    positions : ndarray of shape (units, 3)
    is_inhibitory : ndarray of bool of shape (units,)
    connection_distance : float > 0
        The length λ in the equation below.

    Returns
    -------
    probability : ndarray of shape (units, units)
        Row i holds the probabilities of connections to unit i.

    Notes
    -----
    The probability of a connection between units at the distance d is

    .. math:: C \exp \big( -(d / \lambda)^2 \big)

    (Maass, Natschläger & Markram 2002). C is 0.3 between excitatory units, 0.2 from excitatory to
    inhibitory units, 0.4 from inhibitory to excitatory units and 0.1 between inhibitory units. No
    unit is connected to itself.

    Examples
    --------
    >>> positions = np.array([[0, 0, 0], [2, 0, 0]])
    >>> connection_probability(positions, np.array([False, True]), connection_distance=2.0)
    array([[0.        , 0.14715178],
           [0.07357589, 0.        ]])
    """
    kind = is_inhibitory.astype(int)
    distance = cdist(positions, positions)
    probability = _PROBABILITY[kind[None, :], kind[:, None]]
    with np.errstate(over="ignore"):  # the probability of an infinite distance is 0
        probability = probability * np.exp(-((distance / connection_distance) ** 2))
    np.fill_diagonal(probability, 0)
    return probability


def draw_connections(positions, is_inhibitory, connection_distance, rng):
    """Draw the connections between units and their strengths.

    The strengths are gamma-distributed with a standard deviation as large as the mean, which is the
    exponential distribution. The means are 30 nA between excitatory units, 60 nA from excitatory to
    inhibitory units and -19 nA from inhibitory units.

    Parameters
    ----------
    positions : ndarray of shape (units, 3)
    is_inhibitory : ndarray of bool of shape (units,)
    connection_distance : float > 0
    rng : Generator

    Returns
    -------
    weights : csr_array of shape (units, units)
        In nA. Row i holds the weights of the connections to unit i.

    Examples
    --------
    >>> is_inhibitory = np.arange(135) < 27
    >>> weights = draw_connections(
    ...     grid_positions(135), is_inhibitory, 2.0, np.random.default_rng(0)
    ... )
    >>> weights.shape, bool(weights[:, [0]].max() > 0), bool(weights[:, [134]].min() < 0)
    ((135, 135), False, False)
    """
    probability = connection_probability(positions, is_inhibitory, connection_distance)
    targets, sources = np.nonzero(rng.random(probability.shape) < probability)
    kind = is_inhibitory.astype(int)
    strengths = _STRENGTH[kind[sources], kind[targets]] * rng.standard_exponential(len(targets))
    return sparse.csr_array((strengths, (targets, sources)), shape=probability.shape)


def draw_input_connections(is_inhibitory, n_features, rng):
    """Draw the connections from features to units and their strengths.

    Each feature is connected to 30 % of the units, and to at least one. The strengths have the
    exponential distribution, with a mean of 18 nA for excitatory units and 9 nA for inhibitory
    units, divided by the mean number of features that a unit receives if that is above 1. So the
    input of a unit does not grow with the number of features.

    Parameters
    ----------
    is_inhibitory : ndarray of bool of shape (units,)
    n_features : int
    rng : Generator

    Returns
    -------
    weights : ndarray of shape (units, n_features)
        In nA.

    Examples
    --------
    >>> weights = draw_input_connections(np.arange(10) < 2, 4, np.random.default_rng(0))
    >>> (weights > 0).sum(axis=0)
    array([3, 3, 3, 3])
    """
    units = len(is_inhibitory)
    n_targets = max(1, round(_INPUT_CONNECTIVITY * units))
    order = rng.permuted(np.tile(np.arange(units)[:, None], n_features), axis=0)
    strengths = rng.standard_exponential((units, n_features))
    strengths *= _INPUT_STRENGTH[is_inhibitory.astype(int)][:, None]
    return np.where(order < n_targets, strengths, 0.0) / max(1.0, _INPUT_CONNECTIVITY * n_features)
