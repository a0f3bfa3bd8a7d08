"""Encode values as spikes, by rate or by latency, in ticks of one millisecond."""

import numpy as np


def scale_to_unit(values, low, high):
    """Return values scaled so that `low` is 0 and `high` is 1, and clipped to that range.

    Parameters
    ----------
    values : ndarray of shape (n, n_features)
    low, high : ndarray of shape (n_features,)
        If they are equal, all values become 0.

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
    span = high / 2 - low / 2  # halves, because the difference of large values can overflow
    clipped = np.clip(values, low, high)
    return (clipped / 2 - low / 2) / np.where(span > 0, span, 1.0)


def rate_spikes(values, chances, max_rate):
    """Encode values as spikes whose rate is proportional to them.

    A feature fires in a tick if its random number is below its rate. This is a Poisson process with
    at most one spike per tick.

    Parameters
    ----------
    values : ndarray of shape (n_features, width), in [0, 1]
        One time step of `width` sequences.
    chances : ndarray of shape (n_ticks, n_features), in [0, 1)
        Uniform random numbers. All sequences share them, so that no sequence depends on others,
        and the spikes of a larger value include those of a smaller one.
    max_rate : float in (0, 1000]
        Spikes per second (Hz) for a value of 1.

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
    """Encode each value as the time of one spike: the larger the value, the earlier the spike.

    With a value of 1 the feature fires in the first tick, with 0 in the last.

    Parameters
    ----------
    values : ndarray of shape (n_features, width), in [0, 1]
        One time step of `width` sequences.
    n_ticks : int
        Number of ticks of a time step.

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
    ticks = np.rint((1 - values) * (n_ticks - 1))
    return ticks == np.arange(n_ticks)[:, None, None]


def make_encoder(encoding, n_ticks, max_rate, seed):
    """Return a function that encodes the time steps of a batch of sequences, in their order.

    Each encoder has its own random generator, from which it draws in the order of the ticks. So
    encoders with the same seed use the same numbers for tick t of a sequence, whatever the batch
    and its longest sequence.

    Parameters
    ----------
    encoding : {"rate", "latency"}
    n_ticks : int
        Number of ticks of a time step.
    max_rate : float in (0, 1000]
    seed : int or sequence of int

    Returns
    -------
    encode : callable
        Takes values (n_features, width); returns spikes (n_ticks, n_features, width).

    Examples
    --------
    >>> encode = make_encoder("rate", n_ticks=20, max_rate=200.0, seed=0)
    >>> encode(np.array([[0.2, 0.9]])).shape
    (20, 1, 2)
    """
    if encoding == "latency":
        return lambda values: latency_spikes(values, n_ticks)
    rng = np.random.default_rng(seed)
    return lambda values: rate_spikes(values, rng.random((n_ticks, len(values))), max_rate)
