"""Series of the literature on recurrent networks, made to measure: chaotic, noisy, remembered.

Nothing is downloaded. Differential equations are solved by the classical Runge-Kutta method of
fourth order, in steps small enough that its error is far below what a network can tell.
"""

from math import ceil
from numbers import Integral, Real

import numpy as np

from skrnn._fitting import generator
from skrnn._sklearn import Interval, validate_params

__all__ = ["make_lorenz", "make_mackey_glass", "make_memory_task", "make_narma"]

_N_STEPS = [Interval(Integral, 1, None, closed="left")]
_N_WARMUP = [Interval(Integral, 0, None, closed="left")]
_POSITIVE = [Interval(Real, 0, None, closed="neither")]
# The longest inner step, in the units of time of each equation.
_MACKEY_GLASS_STEP, _LORENZ_STEP = 0.1, 0.005
_NARMA_TRIES = 100


@validate_params(
    {
        "n_steps": _N_STEPS,
        "tau": [Interval(Real, 1, None, closed="left")],
        "beta": _POSITIVE,
        "gamma": _POSITIVE,
        "exponent": _POSITIVE,
        "step": _POSITIVE,
        "n_warmup": _N_WARMUP,
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_mackey_glass(
    n_steps=2000,
    *,
    tau=17.0,
    beta=0.2,
    gamma=0.1,
    exponent=10.0,
    step=1.0,
    n_warmup=1000,
    random_state=None,
):
    """Make a Mackey-Glass series, which is chaotic for `tau` above about 16.8.

    It solves dx/dt = beta x(t - tau) / (1 + x(t - tau)^exponent) - gamma x(t) [1]_.

    Parameters
    ----------
    n_steps : int, default=2000
        How many values are returned.
    tau : float >= 1, default=17.0
        The delay.
    beta, gamma, exponent : float > 0, default=0.2, 0.1 and 10
        The constants of the equation.
    step : float > 0, default=1.0
        The time between two values. The equation is solved in steps of at most 0.1; delayed values
        between those come from cubic Hermite interpolation.
    n_warmup : int, default=1000
        How many values are dropped at the beginning.
    random_state : int, RandomState instance or None, default=None
        Draws the constant history before the series, uniform in [0.5, 1.5].

    Returns
    -------
    ndarray of shape (n_steps,)

    References
    ----------
    .. [1] M. C. Mackey, L. Glass, "Oscillation and chaos in physiological control systems", Science
       197, 1977.

    Examples
    --------
    >>> from skrnn.datasets import make_mackey_glass
    >>> series = make_mackey_glass(500, random_state=0)
    >>> series.shape, bool(0.2 < series.min() < series.max() < 1.5)
    ((500,), True)
    """
    start = generator(random_state).uniform(0.5, 1.5)
    inner = ceil(step / _MACKEY_GLASS_STEP)
    series = _delayed_runge_kutta(
        (beta, gamma, exponent), tau, start, step / inner, inner * (n_warmup + n_steps)
    )
    return np.array(series[inner * (n_warmup + 1) :: inner])


def _delayed_runge_kutta(constants, tau, start, h, n):
    """Return the solution at n + 1 times, a step h apart, with a constant history."""
    beta, gamma, exponent = constants

    def slope(x, delayed):
        return beta * delayed / (1.0 + delayed**exponent) - gamma * x

    # Delays in steps; the three stages of a step look back to its begin, middle and end.
    stages = [_hermite(position - tau / h) for position in (0.0, 0.5, 1.0)]
    series, slopes = [start], []
    for t in range(n):
        past = [_delayed(series, slopes, t + back, weights, h) for back, weights in stages]
        x = series[t]
        k1 = slope(x, past[0])
        slopes.append(k1)
        k2 = slope(x + h / 2 * k1, past[1])
        k3 = slope(x + h / 2 * k2, past[1])
        k4 = slope(x + h * k3, past[2])
        series.append(x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4))
    return series


def _hermite(position):
    """Return the step before a position, and the weights of values and slopes at its ends."""
    before = int(np.floor(position))
    s = position - before
    weights = (
        (1 + 2 * s) * (1 - s) ** 2,
        s**2 * (3 - 2 * s),
        s * (1 - s) ** 2,
        s**2 * (s - 1),
    )
    return before, tuple(float(weight) for weight in weights)


def _delayed(series, slopes, before, weights, h):
    """Return a value between two steps of a series; before its begin the first value."""
    if before < 0:
        return series[0]
    a, b, da, db = weights
    return (
        a * series[before]
        + b * series[before + 1]
        + h * (da * slopes[before] + db * slopes[before + 1])
    )


@validate_params(
    {
        "n_steps": _N_STEPS,
        "sigma": _POSITIVE,
        "rho": _POSITIVE,
        "beta": _POSITIVE,
        "step": _POSITIVE,
        "n_warmup": _N_WARMUP,
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_lorenz(
    n_steps=2000,
    *,
    sigma=10.0,
    rho=28.0,
    beta=8 / 3,
    step=0.02,
    n_warmup=1000,
    random_state=None,
):
    """Make a series on the Lorenz attractor.

    It solves dx/dt = sigma (y - x), dy/dt = x (rho - z) - y, dz/dt = x y - beta z [1]_.

    Parameters
    ----------
    n_steps : int, default=2000
        How many values are returned.
    sigma, rho, beta : float > 0, default=10, 28 and 8/3
        The constants of the equation.
    step : float > 0, default=0.02
        The time between two values. The equation is solved in steps of at most 0.005.
    n_warmup : int, default=1000
        How many values are dropped at the beginning.
    random_state : int, RandomState instance or None, default=None
        Draws the start, normal around (1, 1, 25).

    Returns
    -------
    ndarray of shape (n_steps, 3)
        x, y and z.

    Notes
    -----
    With the default constants the largest Lyapunov exponent is 0.9056 [2]_: nearby trajectories
    part by a factor of e in 1.104 units of time, a Lyapunov time.

    References
    ----------
    .. [1] E. N. Lorenz, "Deterministic nonperiodic flow", Journal of the Atmospheric Sciences 20,
       1963.
    .. [2] D. Viswanath, "Lyapunov exponents from random Fibonacci sequences to the Lorenz
       equations", PhD thesis, Cornell University, 1998.

    Examples
    --------
    >>> from skrnn.datasets import make_lorenz
    >>> series = make_lorenz(500, random_state=0)
    >>> series.shape, bool(abs(series).max() < 60)
    ((500, 3), True)
    """
    start = generator(random_state).normal([1.0, 1.0, 25.0])
    inner = ceil(step / _LORENZ_STEP)
    series = _lorenz_runge_kutta(
        (sigma, rho, beta), start.tolist(), step / inner, inner * (n_warmup + n_steps)
    )
    return np.array(series[inner * (n_warmup + 1) :: inner])


def _lorenz_runge_kutta(constants, start, h, n):
    """Return the solution at n + 1 times, a step h apart."""
    sigma, rho, beta = constants

    def slope(x, y, z):
        return sigma * (y - x), x * (rho - z) - y, x * y - beta * z

    x, y, z = start
    series = [(x, y, z)]
    for _ in range(n):
        ax, ay, az = slope(x, y, z)
        bx, by, bz = slope(x + h / 2 * ax, y + h / 2 * ay, z + h / 2 * az)
        cx, cy, cz = slope(x + h / 2 * bx, y + h / 2 * by, z + h / 2 * bz)
        dx, dy, dz = slope(x + h * cx, y + h * cy, z + h * cz)
        x += h / 6 * (ax + 2 * bx + 2 * cx + dx)
        y += h / 6 * (ay + 2 * by + 2 * cy + dy)
        z += h / 6 * (az + 2 * bz + 2 * cz + dz)
        series.append((x, y, z))
    return series


@validate_params(
    {
        "n_steps": _N_STEPS,
        "order": [Interval(Integral, 1, None, closed="left")],
        "n_warmup": _N_WARMUP,
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_narma(n_steps=2000, *, order=10, n_warmup=200, random_state=None):
    """Make a nonlinear autoregressive moving average (NARMA) of noise: a system to identify.

    With inputs u uniform in [0, 0.5] and n the order,

        y(t) = 0.3 y(t-1) + 0.05 y(t-1) sum(y(t-1), ..., y(t-n)) + 1.5 u(t-n+1) u(t) + 0.1

    [1]_; for orders above 10, where this grows without bound, the right side without its constant
    goes through tanh, ``tanh(... + 0.01) + 0.2`` [2]_.

    Parameters
    ----------
    n_steps : int, default=2000
        How many steps are returned.
    order : int, default=10
        How far back the system remembers.
    n_warmup : int, default=200
        How many steps are dropped at the beginning.
    random_state : int, RandomState instance or None, default=None
        Draws the inputs. Rare inputs let the system of order 10 grow without bound; they are drawn
        again.

    Returns
    -------
    u : ndarray of shape (n_steps,)
        The inputs.
    y : ndarray of shape (n_steps,)
        The targets: y[t] depends on u[t] and what was before.

    Raises
    ------
    ValueError
        If so many steps in a row were never bounded; of order 10 that takes millions.

    Notes
    -----
    Of order 20 the published constant of 0.2 keeps the series within a few hundredths of 1.14.

    References
    ----------
    .. [1] A. F. Atiya, A. G. Parlos, "New results on recurrent network training: unifying the
       algorithms and accelerating convergence", IEEE Transactions on Neural Networks 11, 2000.
    .. [2] A. Rodan, P. Tiňo, "Minimum complexity echo state network", IEEE Transactions on Neural
       Networks 22, 2011.

    Examples
    --------
    >>> from skrnn.datasets import make_narma
    >>> u, y = make_narma(500, order=10, random_state=0)
    >>> u.shape, y.shape
    ((500,), (500,))
    """
    rng = generator(random_state)
    for _ in range(_NARMA_TRIES):
        u = rng.uniform(0, 0.5, n_warmup + n_steps)
        y = _narma(u.tolist(), order)
        if max(y) < 2:  # bounded series stay below one; what passes two hardly ever comes back
            return u[n_warmup:], np.array(y[n_warmup:])
    raise ValueError(
        f"n_steps={n_steps} is too long: {_NARMA_TRIES} series grew without bound on the way."
    )


def _narma(u, order):
    y = []
    for t in range(len(u)):
        last = y[-1] if y else 0.0
        echo = 0.3 * last + 0.05 * last * sum(y[-order:])
        driven = 1.5 * u[t - order + 1] * u[t] if t >= order - 1 else 0.0
        if order > 10:
            y.append(float(np.tanh(echo + driven + 0.01)) + 0.2)
        else:
            y.append(min(echo + driven + 0.1, 1e3))
    return y


@validate_params(
    {
        "n_steps": _N_STEPS,
        "max_delay": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_memory_task(n_steps=2000, *, max_delay=20, random_state=None):
    """Make noise, and as targets the same noise some steps before.

    Parameters
    ----------
    n_steps : int, default=2000
        How many steps are returned.
    max_delay : int, default=20
        The longest delay.
    random_state : int, RandomState instance or None, default=None
        Draws the noise.

    Returns
    -------
    u : ndarray of shape (n_steps, 1)
        The inputs, uniform in [-1, 1].
    y : ndarray of shape (n_steps, max_delay)
        The targets: y[t, k - 1] is u[t - k]. Those of the first steps are inputs from before.

    References
    ----------
    H. Jaeger, "Short term memory in echo state networks", GMD report 152, 2002.

    Examples
    --------
    >>> from skrnn.datasets import make_memory_task
    >>> u, y = make_memory_task(100, max_delay=3, random_state=0)
    >>> bool((y[5] == u[[4, 3, 2], 0]).all())
    True
    """
    noise = generator(random_state).uniform(-1, 1, n_steps + max_delay)
    delayed = np.lib.stride_tricks.sliding_window_view(noise, max_delay + 1)[:, ::-1]
    return delayed[:, :1].copy(), delayed[:, 1:].copy()
