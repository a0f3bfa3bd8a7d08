"""Synthetic benchmark series from the literature on recurrent networks.

Differential equations are solved with the classical fourth-order Runge-Kutta method. Its steps are
so small that the error of the solver is far below the errors of networks.
"""

from math import ceil
from numbers import Integral, Real

import numpy as np

from skrnn._fitting import generator
from skrnn._sklearn import Interval, validate_params
from skrnn.datasets._solutions import solve

_N_STEPS = [Interval(Integral, 1, 2**31 - 1, closed="both")]
_N_WARMUP = [Interval(Integral, 0, 2**31 - 1, closed="both")]
# A bound that float32 can hold, so that values of float32 are compared without a warning.
_LARGEST = 1e30
_POSITIVE = [Interval(Real, 0, _LARGEST, closed="right")]
# The maximum step size of the solver, in the units of time of each equation.
_MACKEY_GLASS_STEP, _LORENZ_STEP = 0.1, 0.005
_NARMA_TRIES = 100


@validate_params(
    {
        "n_steps": _N_STEPS,
        "tau": [Interval(Real, 1, _LARGEST, closed="both")],
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
    r"""Generate a Mackey-Glass series, which is chaotic for `tau` above about 16.8.

    The series is the solution of a delay differential equation [1]_:

    .. math::

        \frac{dx}{dt} = \frac{\beta\, x(t - \tau)}{1 + x(t - \tau)^n} - \gamma\, x(t)

    where n is `exponent`.

    Parameters
    ----------
    n_steps : int, default=2000
        The number of values.
    tau : float >= 1, default=17.0
        The delay of the equation.
    beta, gamma, exponent : float > 0, default=0.2, 0.1 and 10
        The constants of the equation.
    step : float > 0, default=1.0
        The time between two successive values. The equation is solved with steps of at most 0.1,
        and delayed values between two steps are computed by cubic Hermite interpolation.
    n_warmup : int, default=1000
        The number of values that are dropped at the beginning.
    random_state : int, RandomState instance or None, default=None
        Controls the constant history before the series, which is drawn from the uniform
        distribution on [0.5, 1.5]. Pass an int for the same series in every call.

    Returns
    -------
    series : ndarray of shape (n_steps,)
        The values. The first is at the time ``(n_warmup + 1) * step`` after the constant history.

    Raises
    ------
    ValueError
        If the solution is not finite, or needs more than 10**8 updates.

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
    step = float(step)
    start = generator(random_state).uniform(0.5, 1.5)
    inner = ceil(step / _MACKEY_GLASS_STEP)
    n = inner * (n_warmup + n_steps)
    constants = (beta, gamma, exponent)
    series = solve(_delayed_runge_kutta, constants, tau, start, h=step / inner, n=n)
    return series[inner * (n_warmup + 1) :: inner].copy()


def _delayed_runge_kutta(constants, tau, start, h, n):
    """Return the solution at n + 1 times with step size h, after a constant history."""
    beta, gamma, exponent = constants

    def slope(x, delayed):
        return beta * delayed / (1.0 + delayed**exponent) - gamma * x

    # The stages of a step need the delayed values for its beginning, its middle and its end. Their
    # positions are measured in steps.
    stages = [_hermite(position - tau / h) for position in (0.0, 0.5, 1.0)]
    series, slopes = [start], []
    for t in range(n):
        delayed = [
            _interpolated(series, slopes, t + offset, weights, h) for offset, weights in stages
        ]
        x = series[t]
        k1 = slope(x, delayed[0])
        slopes.append(k1)
        k2 = slope(x + h / 2 * k1, delayed[1])
        k3 = slope(x + h / 2 * k2, delayed[1])
        k4 = slope(x + h * k3, delayed[2])
        series.append(x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4))
    return series


def _hermite(position):
    """Return the step before a position, and the weights of the values and slopes around it."""
    before = int(np.floor(position))
    s = position - before
    weights = (
        (1 + 2 * s) * (1 - s) ** 2,
        s**2 * (3 - 2 * s),
        s * (1 - s) ** 2,
        s**2 * (s - 1),
    )
    return before, tuple(float(weight) for weight in weights)


def _interpolated(series, slopes, before, weights, h):
    """Return a value between two steps of a series, or the first value before its beginning."""
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
    r"""Generate a series on the Lorenz attractor.

    The series is the solution of three differential equations [1]_:

    .. math::

        \frac{dx}{dt} = \sigma (y - x), \quad
        \frac{dy}{dt} = x (\rho - z) - y, \quad
        \frac{dz}{dt} = x y - \beta z

    Parameters
    ----------
    n_steps : int, default=2000
        The number of values.
    sigma, rho, beta : float > 0, default=10, 28 and 8/3
        The constants of the equations.
    step : float > 0, default=0.02
        The time between two successive values. The equations are solved with steps of at most
        0.005.
    n_warmup : int, default=1000
        The number of values that are dropped at the beginning.
    random_state : int, RandomState instance or None, default=None
        Controls the initial state, which is drawn from the normal distribution with mean
        (1, 1, 25) and unit variance. Pass an int for the same series in every call.

    Returns
    -------
    series : ndarray of shape (n_steps, 3)
        The coordinates x, y and z. The first values are at the time ``(n_warmup + 1) * step`` after
        the initial state.

    Raises
    ------
    ValueError
        If the solution is not finite, or needs more than 10**8 updates.

    Notes
    -----
    With the default constants, the largest Lyapunov exponent is 0.9056 [2]_: the distance of nearby
    trajectories grows by a factor of e in 1.104 units of time, which is the Lyapunov time.

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
    step = float(step)
    start = generator(random_state).normal([1.0, 1.0, 25.0])
    inner = ceil(step / _LORENZ_STEP)
    n = inner * (n_warmup + n_steps)
    constants = (sigma, rho, beta)
    series = solve(_lorenz_runge_kutta, constants, start.tolist(), h=step / inner, n=n)
    return series[inner * (n_warmup + 1) :: inner].copy()


def _lorenz_runge_kutta(constants, start, h, n):
    """Return the solution at n + 1 times with step size h."""
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
        "order": _N_STEPS,
        "n_warmup": _N_WARMUP,
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_narma(n_steps=2000, *, order=10, n_warmup=200, random_state=None):
    r"""Generate a nonlinear autoregressive moving average (NARMA) of random inputs.

    The inputs u are uniform on [0, 0.5]. The targets of order n are [1]_:

    .. math::

        y_t = 0.3\, y_{t-1} + 0.05\, y_{t-1} \sum_{i=1}^{n} y_{t-i}
        + 1.5\, u_{t-n+1} u_t + 0.1

    For orders above 10, for which this system diverges, they are [2]_:

    .. math::

        y_t = \tanh\left(0.3\, y_{t-1} + 0.05\, y_{t-1} \sum_{i=1}^{n} y_{t-i}
        + 1.5\, u_{t-n+1} u_t + 0.01\right) + 0.2

    Parameters
    ----------
    n_steps : int, default=2000
        The number of time steps.
    order : int, default=10
        The order n: the number of previous time steps on which a target depends directly.
    n_warmup : int, default=200
        The number of time steps that are dropped at the beginning.
    random_state : int, RandomState instance or None, default=None
        Controls the inputs. The system of order 10 diverges for rare inputs, in which case new
        inputs are drawn. Pass an int for the same series in every call.

    Returns
    -------
    u : ndarray of shape (n_steps,)
        The inputs.
    y : ndarray of shape (n_steps,)
        The targets. `y[t]` depends on `u[t]` and on earlier inputs.

    Raises
    ------
    ValueError
        If the system diverged for all inputs that were drawn, because `n_steps` is too large. For
        order 10, this only happens with millions of steps.

    Notes
    -----
    With order 20, the published constant 0.2 at the end of the equation keeps the series within a
    few hundredths of 1.14.

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
        if max(y) < 2:  # bounded series stay below 1, and almost all series above 2 diverge
            return u[n_warmup:], np.array(y[n_warmup:])
    raise ValueError(
        f"n_steps={n_steps} is too large: {_NARMA_TRIES} series with random inputs diverged."
    )


def _narma(u, order):
    y = []
    for t in range(len(u)):
        last = y[-1] if y else 0.0
        autoregressive = 0.3 * last + 0.05 * last * sum(y[-order:])
        driven = 1.5 * u[t - order + 1] * u[t] if t >= order - 1 else 0.0
        if order > 10:
            y.append(float(np.tanh(autoregressive + driven + 0.01)) + 0.2)
        else:
            y.append(min(autoregressive + driven + 0.1, 1e3))
    return y


@validate_params(
    {
        "n_steps": _N_STEPS,
        "max_delay": _N_STEPS,
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_memory_task(n_steps=2000, *, max_delay=20, random_state=None):
    """Generate uniform noise, and targets that repeat this noise after a delay.

    Parameters
    ----------
    n_steps : int, default=2000
        The number of time steps.
    max_delay : int, default=20
        The largest delay, which is the number of targets.
    random_state : int, RandomState instance or None, default=None
        Controls the noise. Pass an int for the same noise in every call.

    Returns
    -------
    u : ndarray of shape (n_steps, 1)
        The inputs, which are uniform on [-1, 1].
    y : ndarray of shape (n_steps, max_delay)
        The targets: `y[t, k - 1]` is `u[t - k]`. The targets of the first time steps are inputs
        before `u[0]`, which are not returned.

    References
    ----------
    Herbert Jaeger, "Short term memory in echo state networks", GMD report 152, 2002.

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
