"""A smooth trajectory in two dimensions that never repeats, for forecasts that can be drawn."""

from numbers import Integral, Real

import numpy as np

from skrnn._fitting import generator
from skrnn._sklearn import Interval, validate_params

_FREQUENCIES = np.array([20.0, 10.0, 5.0, 5.0])
# A phase of a quarter turn changes a sine into a cosine: x consists of sin, cos, sin, cos, and y of
# cos, sin, cos, sin.
_PHASES = np.pi / 2 * np.array([[0, 1, 0, 1], [1, 0, 1, 0]])


@validate_params(
    {
        "n_steps": [Interval(Integral, 1, 2**31 - 1, closed="both")],
        "step": [Interval(Real, 0, 1e30, closed="right")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_ladybug(n_steps=50_000, *, step=0.02, random_state=None):
    """Generate the path of a ladybug: sums of four sine waves in x and in y.

    The position at time t is [1]_::

        x = a1 sin((20 + k1) t) + a2 cos((10 + k2) t) + a3 sin((5 + k3) t) + a4 cos((5 + k4) t)
        y = b1 cos((20 + l1) t) + b2 sin((10 + l2) t) + b3 cos((5 + l3) t) + b4 sin((5 + l4) t)

    The amplitudes a and b and the frequency shifts k and l are drawn from the standard normal
    distribution.

    Parameters
    ----------
    n_steps : int, default=50,000
        The number of positions.
    step : float > 0, default=0.02
        The time between two successive positions.
    random_state : int, RandomState instance or None, default=None
        Controls the amplitudes and the frequency shifts. Pass an int for the same path in every
        call.

    Returns
    -------
    path : ndarray of shape (n_steps, 2)
        The coordinates x and y at the times 0, `step`, 2 `step` and so on.

    Notes
    -----
    There is no noise, so that only the forecasting method limits how small the errors can become.
    The notebook inserts a row (0, 0) before the first position, which is omitted here.

    References
    ----------
    .. [1] J.-L. Parouty, "Prediction of a 2D trajectory via RNN", notebook LADYB1 of the course
       FIDLE, CNRS, https://fidle.cnrs.fr

    Examples
    --------
    >>> from skrnn.datasets import make_ladybug
    >>> path = make_ladybug(500, random_state=0)
    >>> path.shape, bool(abs(path).max() < 20)
    ((500, 2), True)
    """
    amplitudes, shifts = generator(random_state).normal(size=(2, 2, 4))
    return _positions(step * np.arange(n_steps), amplitudes, shifts)


def _positions(times, amplitudes, shifts):
    """Return x and y at all times, of shape (n_times, 2).

    The rows of `amplitudes` and `shifts`, which have the shape (2, 4), belong to x and y.

    Examples
    --------
    >>> _positions(np.zeros(1), np.array([[1, 2, 3, 4], [1, 2, 3, 4]]), np.zeros((2, 4))).tolist()
    [[6.0, 4.0]]
    """
    angles = np.multiply.outer(times, _FREQUENCIES + shifts)
    return (amplitudes * np.sin(angles + _PHASES)).sum(axis=-1)
