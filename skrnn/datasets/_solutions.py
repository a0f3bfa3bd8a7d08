"""Solve a differential equation step by step, and refuse solutions that are not finite."""

import numpy as np

# This number of updates takes some minutes.
MAX_UPDATES = 10**8


def solve(runge_kutta, constants, *args, h, n):
    """Return the solution at n + 1 times as an array.

    Parameters
    ----------
    runge_kutta : callable
        A function of the constants, `args`, h and n, which returns a list of values.
    constants : tuple of float
    *args : object
    h : float
        The step size.
    n : int
        The number of updates.

    Returns
    -------
    ndarray of shape (n + 1, ...)

    Raises
    ------
    ValueError
        If there are too many updates, or the solution is not finite.
    """
    if n > MAX_UPDATES:
        raise ValueError(
            f"n_steps, n_warmup and step need more than {MAX_UPDATES:.0e} updates of the numerical "
            "solution. Use fewer time steps, or a smaller step."
        )
    try:
        series = np.array(runge_kutta(constants, *args, float(h), n))
    except OverflowError:
        series = np.array([np.inf])
    if not np.isfinite(series).all():
        raise ValueError(
            "The solution is not finite. Use a step and constants of the equation that are closer "
            "to the defaults."
        )
    return series
