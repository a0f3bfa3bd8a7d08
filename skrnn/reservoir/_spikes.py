"""What comes before spiking units fire: values as spikes, places on a grid, and links between them.

Time goes in ticks of a millisecond. The links are those of Maass, Natschläger & Markram, "Real-time
computing without stable states: a new framework for neural computation based on perturbations",
Neural Computation 14, 2002.
"""

from numbers import Integral

import numpy as np
from scipy import sparse
from scipy.spatial.distance import cdist

__all__ = [
    "draw_input_links",
    "draw_links",
    "encoder",
    "grid_positions",
    "latency_spikes",
    "link_probability",
    "rate_spikes",
    "scale_to_unit",
]

# C and A (nA) of a link, by who speaks (row) and who hears (column), excitatory first.
_PROBABILITY = np.array([[0.3, 0.2], [0.4, 0.1]])
_STRENGTH = np.array([[30.0, 60.0], [-19.0, -19.0]])
# What an input link is worth to excitatory and to inhibitory units (nA), and the share of units
# that hear a feature.
_INPUT_STRENGTH = np.array([18.0, 9.0])
_INPUT_SHARE = 0.3
# The column of Maass et al. is 15 layers of 3 × 3 units.
_LAYER = (3, 3)


def scale_to_unit(values, low, high):
    """Return values scaled so that `low` is 0 and `high` is 1, and clipped to that range.

    Parameters
    ----------
    values : ndarray of shape (n, n_features)
    low, high : ndarray of shape (n_features,)
        Where they are equal, all values become 0.

    Returns
    -------
    ndarray of shape (n, n_features)

    Examples
    --------
    >>> values = np.array([[1.0, 7.0], [2.0, 7.0], [9.0, 8.0]])
    >>> scale_to_unit(values, low=np.array([1.0, 7.0]), high=np.array([5.0, 7.0]))
    array([[0.  , 0.  ],
           [0.25, 0.  ],
           [1.  , 0.  ]])
    """
    span = high / 2 - low / 2  # halves, because the difference of large values may overflow
    clipped = np.clip(values, low, high)
    return (clipped / 2 - low / 2) / np.where(span > 0, span, 1.0)


def rate_spikes(values, chances, max_rate):
    """Encode values as spikes whose rate is in proportion to them.

    In a tick a feature fires where its chance is below its rate: a Poisson process, with at most
    one spike a tick.

    Parameters
    ----------
    values : ndarray of shape (n_features, width), in [0, 1]
        One step of `width` sequences.
    chances : ndarray of shape (n_ticks, n_features), in [0, 1)
        Uniform random numbers. All sequences share them, so that none depends on its neighbours,
        and the spikes of a larger value include those of a smaller one.
    max_rate : float in (0, 1000]
        Spikes a second (Hz) of a value of 1.

    Returns
    -------
    spikes : ndarray of bool of shape (n_ticks, n_features, width)

    Examples
    --------
    >>> chances = np.random.default_rng(0).random((1000, 1))
    >>> rate_spikes(np.array([[0.0, 0.5, 1.0]]), chances, max_rate=100.0).sum(axis=(0, 1))
    array([ 0, 45, 89])
    """
    return chances[:, :, None] < values * (max_rate / 1000)


def latency_spikes(values, n_ticks):
    """Encode each value as the time of one spike: the larger the value, the earlier.

    A value of 1 fires in the first tick, a value of 0 in the last.

    Parameters
    ----------
    values : ndarray of shape (n_features, width), in [0, 1]
        One step of `width` sequences.
    n_ticks : int
        Ticks of a step.

    Returns
    -------
    spikes : ndarray of bool of shape (n_ticks, n_features, width)

    Examples
    --------
    >>> latency_spikes(np.array([[1.0, 0.5, 0.0]]), n_ticks=5)[:, 0].astype(int)
    array([[1, 0, 0],
           [0, 0, 0],
           [0, 1, 0],
           [0, 0, 0],
           [0, 0, 1]])
    """
    when = np.rint((1 - values) * (n_ticks - 1))
    return when == np.arange(n_ticks)[:, None, None]


def encoder(encoding, n_ticks, max_rate, seed):
    """Return a function that encodes the steps of a block of sequences, from their first on.

    Its random numbers come from a generator of its own, in the order of the ticks: encoders of one
    seed give tick t of a sequence the same numbers, whatever the block and however long it runs.

    Parameters
    ----------
    encoding : {"rate", "latency"}
    n_ticks : int
        Ticks of a step.
    max_rate : float in (0, 1000]
    seed : int or sequence of int

    Returns
    -------
    encode : callable
        From values (n_features, width) to spikes (n_ticks, n_features, width).

    Examples
    --------
    >>> encode = encoder("rate", n_ticks=20, max_rate=200.0, seed=0)
    >>> encode(np.array([[0.2, 0.9]])).shape
    (20, 1, 2)
    """
    if encoding == "latency":
        return lambda values: latency_spikes(values, n_ticks)
    rng = np.random.default_rng(seed)
    return lambda values: rate_spikes(values, rng.random((n_ticks, len(values))), max_rate)


def grid_positions(units):
    """Return where units stand, on a three-dimensional grid with a distance of 1.

    Parameters
    ----------
    units : int or tuple of 3 int
        A number of units fills layers of 3 × 3, one after another. A tuple is the shape of the
        grid.

    Returns
    -------
    positions : ndarray of int of shape (n_units, 3)

    Raises
    ------
    ValueError
        If a tuple is not three positive numbers.

    Examples
    --------
    >>> grid_positions(135).max(axis=0) + 1
    array([15,  3,  3])
    >>> len(grid_positions((2, 5, 4)))
    40
    """
    if isinstance(units, Integral):
        depth = -(-units // np.prod(_LAYER))
        return np.argwhere(np.ones((depth, *_LAYER)))[:units]
    if len(units) != 3 or not all(isinstance(n, Integral) and n > 0 for n in units):
        raise ValueError(
            f"units must be a number of units, or three for the shape of a grid, got {units!r}."
        )
    return np.argwhere(np.ones(units))


def link_probability(positions, is_inhibitory, link_distance):
    """Return how probable the link between any two units is: C exp(-(d / link_distance)²).

    Maass, Natschläger & Markram 2002: d is the distance, and C is 0.3 between excitatory units, 0.2
    from excitatory to inhibitory ones, 0.4 from inhibitory to excitatory ones and 0.1 between
    inhibitory ones. No unit hears itself.

    Parameters
    ----------
    positions : ndarray of shape (units, 3)
    is_inhibitory : ndarray of bool of shape (units,)
    link_distance : float > 0

    Returns
    -------
    probability : ndarray of shape (units, units)
        The row hears the column.

    Examples
    --------
    >>> positions = np.array([[0, 0, 0], [2, 0, 0]])
    >>> link_probability(positions, np.array([False, True]), link_distance=2.0)
    array([[0.        , 0.14715178],
           [0.07357589, 0.        ]])
    """
    kind = is_inhibitory.astype(int)
    distance = cdist(positions, positions)
    probability = _PROBABILITY[kind[None, :], kind[:, None]]
    probability = probability * np.exp(-((distance / link_distance) ** 2))
    np.fill_diagonal(probability, 0)
    return probability


def draw_links(positions, is_inhibitory, link_distance, rng):
    """Draw who hears whom, and how strongly.

    The strengths of a kind of links are gamma-distributed with a standard deviation as large as the
    mean, which is the exponential distribution. The means are 30 nA between excitatory units, 60 nA
    from excitatory to inhibitory ones and -19 nA from inhibitory ones.

    Parameters
    ----------
    positions : ndarray of shape (units, 3)
    is_inhibitory : ndarray of bool of shape (units,)
    link_distance : float > 0
    rng : Generator

    Returns
    -------
    links : csr_array of shape (units, units)
        In nA. The row hears the column.

    Examples
    --------
    >>> is_inhibitory = np.arange(135) < 27
    >>> links = draw_links(grid_positions(135), is_inhibitory, 2.0, np.random.default_rng(0))
    >>> links.shape, bool(links[:, [0]].max() > 0), bool(links[:, [134]].min() < 0)
    ((135, 135), False, False)
    """
    probability = link_probability(positions, is_inhibitory, link_distance)
    hears, speaks = np.nonzero(rng.random(probability.shape) < probability)
    kind = is_inhibitory.astype(int)
    strengths = _STRENGTH[kind[speaks], kind[hears]] * rng.standard_exponential(len(hears))
    return sparse.csr_array((strengths, (hears, speaks)), shape=probability.shape)


def draw_input_links(is_inhibitory, n_features, rng):
    """Draw which units hear a feature, and how strongly.

    Of all units 30 % hear a feature, at least one. Strengths have the exponential distribution,
    with a mean of 18 nA for excitatory units and 9 nA for inhibitory ones, divided by the number of
    features that a unit hears on average: so the drive does not grow with that.

    Parameters
    ----------
    is_inhibitory : ndarray of bool of shape (units,)
    n_features : int
    rng : Generator

    Returns
    -------
    links : ndarray of shape (units, n_features)
        In nA.

    Examples
    --------
    >>> links = draw_input_links(np.arange(10) < 2, 4, np.random.default_rng(0))
    >>> (links > 0).sum(axis=0)
    array([3, 3, 3, 3])
    """
    units = len(is_inhibitory)
    n_hear = max(1, round(_INPUT_SHARE * units))
    order = rng.permuted(np.tile(np.arange(units)[:, None], n_features), axis=0)
    strengths = rng.standard_exponential((units, n_features))
    strengths *= _INPUT_STRENGTH[is_inhibitory.astype(int)][:, None]
    return np.where(order < n_hear, strengths, 0.0) / max(1.0, _INPUT_SHARE * n_features)
