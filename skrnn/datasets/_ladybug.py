"""A smooth trajectory in two dimensions that never repeats: something to forecast and to draw."""

from numbers import Integral, Real

import numpy as np

from skrnn._fitting import generator
from skrnn._sklearn import Interval, validate_params

__all__ = ["make_ladybug"]

_FREQUENCIES = np.array([20.0, 10.0, 5.0, 5.0])
# A quarter of a turn makes a cosine of a sine: x is sin, cos, sin, cos, and y the other way round.
_PHASES = np.pi / 2 * np.array([[0, 1, 0, 1], [1, 0, 1, 0]])


@validate_params(
    {
        "n_steps": [Interval(Integral, 1, None, closed="left")],
        "step": [Interval(Real, 0, None, closed="neither")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_ladybug(n_steps=50_000, *, step=0.02, random_state=None):
    """Make the path of a ladybug: a sum of four waves in x, and of four others in y.

    At time t [1]_::

        x = a1 sin((20 + k1) t) + a2 cos((10 + k2) t) + a3 sin((5 + k3) t) + a4 cos((5 + k4) t)
        y = b1 cos((20 + l1) t) + b2 sin((10 + l2) t) + b3 cos((5 + l3) t) + b4 sin((5 + l4) t)

    with amplitudes a and b and shifts of frequency k and l that are drawn from the standard normal
    distribution.

    Parameters
    ----------
    n_steps : int, default=50,000
        How many positions are returned.
    step : float > 0, default=0.02
        The time between two positions.
    random_state : int, RandomState instance or None, default=None
        Draws the amplitudes and shifts.

    Returns
    -------
    ndarray of shape (n_steps, 2)
        x and y at the times 0, `step`, 2 `step` and so on.

    Notes
    -----
    There is no noise, so nothing but the method limits how small an error can get. The course puts
    a row (0, 0) before the first position, which is left out here.

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
    """Return x and y at every time, (n_times, 2); a row of the others, (2, 4), is a coordinate.

    Examples
    --------
    >>> _positions(np.zeros(1), np.array([[1, 2, 3, 4], [1, 2, 3, 4]]), np.zeros((2, 4))).tolist()
    [[6.0, 4.0]]
    """
    turns = np.multiply.outer(times, _FREQUENCIES + shifts)
    return (amplitudes * np.sin(turns + _PHASES)).sum(axis=-1)
