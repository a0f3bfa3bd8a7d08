"""Two measures of a reservoir: whether it forgets its start, and how long it remembers inputs."""

from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted

from skrnn._fitting import generator
from skrnn._sklearn import Interval, validate_params
from skrnn.datasets import make_memory_task
from skrnn.reservoir._echo_state_regressor import EchoStateRegressor
from skrnn.reservoir._reservoir import Reservoir
from skrnn.sequences._inputs import read_inputs

__all__ = ["echo_state_index", "memory_capacity"]


@validate_params(
    {
        "reservoir": [Reservoir],
        "X": "no_validation",
        "n_starts": [Interval(Integral, 1, None, closed="left")],
        "transient": [Interval(Integral, 0, None, closed="left"), None],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def echo_state_index(reservoir, X, *, n_starts=10, transient=None, random_state=None):
    """Measure how far apart states stay that began in different places.

    A reservoir has the echo state property if its state comes to depend on the input alone: then
    the index is zero, up to rounding. Where it is not, outputs depend on the start [1]_.

    Parameters
    ----------
    reservoir : Reservoir
        Fitted, without feedback; of an estimator its `reservoir_`.
    X : sequences
        Sequences as the reservoir reads them.
    n_starts : int, default=10
        How many starts, uniform in [-1, 1], are compared with the start at zero.
    transient : int, default=None
        Steps of each sequence that are not counted; None: half of the shortest.
    random_state : int, RandomState instance or None, default=None
        Seeds the starts.

    Returns
    -------
    float
        The distance of two states (root of the mean square over units), averaged over starts,
        sequences and steps.

    Raises
    ------
    ValueError
        If the reservoir has feedback, or `transient` leaves no step.

    References
    ----------
    .. [1] C. Gallicchio, "Chasing the echo state property", ESANN 2019, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.reservoir import Reservoir, echo_state_index
    >>> X = [np.sin(np.arange(400.0))]
    >>> for radius in (0.9, 3.0):
    ...     reservoir = Reservoir(units=50, spectral_radius=radius, random_state=0).fit(X)
    ...     print(echo_state_index(reservoir, X, random_state=0) > 1e-3)
    False
    True
    """
    check_is_fitted(reservoir)
    reservoir._check_alone()
    sequences = read_inputs(reservoir, X).sequences
    shortest = int(sequences.lengths.min())
    if shortest < 2:
        raise ValueError(
            "X must hold sequences of at least 2 steps, got one of 1; one series is [series]."
        )
    transient = shortest // 2 if transient is None else transient
    if transient >= shortest:
        raise ValueError(
            f"transient={transient} leaves nothing of a sequence of {shortest} step(s)."
        )
    rng = generator(random_state)
    distances = [_distance(reservoir, sequences, transient, rng) for _ in range(n_starts)]
    return float(np.mean(distances))


def _distance(reservoir, sequences, transient, rng):
    """Return the mean distance of states from one random start and from zero."""
    start = [rng.uniform(-1, 1, layer.units) for layer in reservoir.layers_]
    total, n = 0.0, 0
    pairs = zip(
        reservoir._pieces(sequences, whole=True),
        reservoir._pieces(sequences, initial=start),
        strict=True,
    )
    n_forward = len(reservoir.layers_)
    for one, other in pairs:
        counted = one.steps >= transient
        apart = [
            (a[counted].astype(np.float64) - b[counted]) ** 2
            for a, b in zip(one.states[:n_forward], other.states, strict=False)
        ]
        distances = np.sqrt(np.concatenate(apart, axis=1).mean(axis=1))
        total, n = total + distances.sum(), n + distances.size
    return total / n


@validate_params(
    {
        "estimator": [EchoStateRegressor],
        "max_delay": [Interval(Integral, 1, None, closed="left")],
        "n_steps": [Interval(Integral, 2, None, closed="left")],
        "washout": [Interval(Integral, 0, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def memory_capacity(estimator, *, max_delay=100, n_steps=9500, washout=500, random_state=0):
    """Measure how much of its past inputs a reservoir can give back.

    The estimator learns to repeat independent inputs, uniform in [-1, 1], after 1, 2, ...,
    `max_delay` steps. The squared correlations of what it says with what was, on steps that it has
    not learned from, add up to the capacity, which is at most the number of units [1]_.

    Parameters
    ----------
    estimator : EchoStateRegressor
        Need not be fitted; a clone is, with `rows="steps"`.
    max_delay : int, default=100
        The longest delay.
    n_steps : int, default=9500
        Steps to learn from, and as many to judge on.
    washout : int, default=500
        Steps before both that only fill the memory.
    random_state : int, RandomState instance or None, default=0
        Seeds the inputs.

    Returns
    -------
    result : :class:`~sklearn.utils.Bunch`
        capacity : float
            The memory capacity.
        by_delay : ndarray of shape (max_delay,)
            What each delay gives to it, in [0, 1].

    References
    ----------
    .. [1] H. Jaeger, "Short term memory in echo state networks", GMD report 152, 2002.

    Examples
    --------
    >>> from skrnn import EchoStateRegressor
    >>> from skrnn.reservoir import memory_capacity
    >>> network = EchoStateRegressor(units=30, input_scaling=0.1, random_state=0)
    >>> result = memory_capacity(network, max_delay=40, n_steps=1000)
    >>> 5 < result.capacity < 30
    True
    """
    n = washout + n_steps
    inputs, delayed = make_memory_task(2 * n, max_delay=max_delay, random_state=random_state)
    network = clone(estimator).set_params(rows="steps")
    counted = np.arange(n) >= washout
    network.fit(inputs[:n], delayed[:n], sample_weight=counted.astype(float))
    said = network.predict(inputs[n:]).reshape(n, -1)[counted]
    by_delay = _squared_correlations(said, delayed[n:][counted])
    return Bunch(capacity=float(by_delay.sum()), by_delay=by_delay)


def _squared_correlations(one, other):
    """Return the squared correlation of each column; of a constant one zero."""
    one, other = one - one.mean(axis=0), other - other.mean(axis=0)
    products = (one * other).sum(axis=0) ** 2
    norms = (one**2).sum(axis=0) * (other**2).sum(axis=0)
    return np.divide(products, norms, out=np.zeros_like(products), where=norms > 0)
