"""Measures of a reservoir: whether it forgets its initial state, and its memory of inputs."""

from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.utils import Bunch

from skrnn._fitting import fitted_snapshot, generator
from skrnn._sklearn import Interval, validate_params
from skrnn.datasets import make_memory_task
from skrnn.reservoir._echo_state_regressor import EchoStateRegressor
from skrnn.reservoir._reservoir import Reservoir, check_no_feedback
from skrnn.sequences._inputs import read_inputs


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
    r"""Measure how much the states depend on the initial state.

    A reservoir has the echo state property if the effect of its initial state vanishes. The index
    is then zero, up to rounding. Otherwise outputs depend on the initial state [1]_.

    Parameters
    ----------
    reservoir : Reservoir
        A fitted reservoir without feedback, such as `reservoir_` of an echo state estimator.
    X : sequences
        The inputs, as for `Reservoir.transform`.
    n_starts : int, default=10
        Number of initial states, uniform in [-1, 1], that are compared with a zero state.
    transient : int, default=None
        Number of initial time steps of each sequence that are left out. If None, it is half the
        length of the shortest sequence.
    random_state : int, RandomState instance or None, default=None
        Controls the initial states. Pass an int for reproducible results.

    Returns
    -------
    float
        The distance of two states (the root mean square over units), averaged over initial states,
        sequences and time steps.

    Raises
    ------
    ValueError
        If the reservoir has feedback, or if `transient` leaves no time step.

    Notes
    -----
    With the state x(t) from a zero state, and the states from P random initial states, of N units
    each, the index is

    .. math:: \frac{1}{P (T - T_0)} \sum_{p=1}^{P} \sum_{t > T_0}
              \sqrt{\frac{1}{N} \lVert x^{(p)}(t) - x(t) \rVert^2}.

    References
    ----------
    .. [1] C. Gallicchio, "Chasing the echo state property",
       ESANN 2019, section 3.

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
    fitted = fitted_snapshot(reservoir)
    dynamics = fitted._dynamics()
    check_no_feedback(dynamics)
    sequences = read_inputs(fitted, X).sequences
    shortest = int(sequences.lengths.min())
    if shortest < 2:
        raise ValueError(
            "X must contain sequences of at least 2 time steps, got one of 1. Pass one series as "
            "[series]."
        )
    transient = shortest // 2 if transient is None else transient
    if transient >= shortest:
        raise ValueError(
            f"transient={transient} drops all {shortest} time step(s) of a sequence. Use a smaller "
            "transient."
        )
    rng = generator(random_state)
    distances = [_mean_distance(dynamics, sequences, transient, rng) for _ in range(n_starts)]
    return float(np.mean(distances))


def _mean_distance(dynamics, sequences, transient, rng):
    """Return the mean distance of the states from one random initial state and from zero."""
    initial = [rng.uniform(-1, 1, layer.units) for layer in dynamics.layers]
    total, n = 0.0, 0
    pairs = zip(
        dynamics.blocks(sequences, whole=True),
        dynamics.blocks(sequences, initial=initial),
        strict=True,
    )
    n_forward = len(dynamics.layers)
    for one, other in pairs:
        counted = one.steps >= transient
        differences = [
            (a[counted].astype(np.float64) - b[counted]) ** 2
            for a, b in zip(one.states[:n_forward], other.states, strict=False)
        ]
        distances = np.sqrt(np.concatenate(differences, axis=1).mean(axis=1))
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
    r"""Measure how many of its past inputs a reservoir can reproduce.

    The estimator is trained to reproduce independent inputs, uniform in [-1, 1], after 1, 2, ...,
    `max_delay` time steps. The capacity is at most the number of units [1]_.

    Parameters
    ----------
    estimator : EchoStateRegressor
        It need not be fitted. A clone with `rows="steps"` and `standardize=False` is fitted.
    max_delay : int, default=100
        The longest delay in time steps.
    n_steps : int, default=9500
        Number of time steps of the training set, and of the test set.
    washout : int, default=500
        Number of additional time steps before the training set and before the test set, which are
        left out.
    random_state : int, RandomState instance or None, default=0
        Controls the inputs.

    Returns
    -------
    result : :class:`~sklearn.utils.Bunch`
        capacity : float
            The memory capacity.
        by_delay : ndarray of shape (max_delay,)
            The contribution of each delay, in [0, 1].

    Notes
    -----
    The capacity is the sum of the squared correlations of the outputs with the delayed inputs on
    the test set,

    .. math:: MC = \sum_{k=1}^{k_{max}} \operatorname{corr}^2 \big(u(t-k), \hat y_k(t)\big).

    References
    ----------
    .. [1] H. Jaeger, "Short term memory in echo state networks",
       GMD report 152, 2002.

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
    # The inputs have the range that the definition gives them.
    network = clone(estimator).set_params(rows="steps", standardize=False)
    counted = np.arange(n) >= washout
    network.fit(inputs[:n], delayed[:n], sample_weight=counted.astype(float))
    predicted = network.predict(inputs[n:]).reshape(n, -1)[counted]
    by_delay = _squared_correlations(predicted, delayed[n:][counted])
    return Bunch(capacity=float(by_delay.sum()), by_delay=by_delay)


def _squared_correlations(one, other):
    """Return the squared correlation of each pair of columns; zero if one is constant."""
    one, other = one - one.mean(axis=0), other - other.mean(axis=0)
    products = (one * other).sum(axis=0) ** 2
    norms = (one**2).sum(axis=0) * (other**2).sum(axis=0)
    return np.divide(products, norms, out=np.zeros_like(products), where=norms > 0)
