"""Find out whether series have a trend or a unit root, so that changes are easier to forecast.

A network cannot forecast values outside the range of its training data. The changes of a series
with a trend, or of a random walk, stay in their range.
"""

import numpy as np

# The 5 % critical value of the statistic (Kwiatkowski et al., 1992, table 1, level stationarity).
CRITICAL_VALUE = 0.463
# The statistic of fewer rows is mostly chance.
MIN_ROWS = 20


def kpss_statistic(values):
    r"""Return the statistic of the KPSS test, which is large if a series has no constant level.

    For the residuals :math:`e_t` of the mean, their sums :math:`S_t = e_1 + \dots + e_t` and
    their autocovariances :math:`\gamma_k`, it is

    .. math::

        \frac{\sum_t S_t^2}{n^2 s^2}, \qquad
        s^2 = \gamma_0 + 2 \sum_{k=1}^{l} \Big( 1 - \frac{k}{l + 1} \Big) \gamma_k,

    with :math:`l = \lfloor 12 (n / 100)^{1/4} \rfloor` lags [1]_. The statistic does not depend on
    the unit of the series.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        One series without NaN.

    Returns
    -------
    float
        0 if the series is constant.

    References
    ----------
    .. [1] D. Kwiatkowski, P. C. B. Phillips, P. Schmidt, Y. Shin, "Testing the null hypothesis of
       stationarity against the alternative of a unit root", Journal of Econometrics 54, 1992,
       equations 10 to 13.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> noise = rng.normal(size=200)
    >>> kpss_statistic(noise) < CRITICAL_VALUE < kpss_statistic(np.cumsum(noise))
    True
    >>> kpss_statistic(noise + 0.05 * np.arange(200)) > CRITICAL_VALUE
    True
    """
    residuals = np.asarray(values, dtype=np.float64)
    residuals = residuals - residuals.mean()
    largest = np.abs(residuals).max()
    # The rounding of the mean of a constant series is not a trend.
    if largest <= 1e-12 * np.abs(values).max():
        return 0.0
    residuals = residuals / largest
    n = len(residuals)
    n_lags = min(n - 1, int(12 * (n / 100) ** 0.25))
    variance = residuals @ residuals
    for lag in range(1, n_lags + 1):
        weight = 1 - lag / (n_lags + 1)
        variance += 2 * weight * (residuals[lag:] @ residuals[:-lag])
    sums = np.cumsum(residuals)
    return float((sums @ sums) / n / variance)


def find_trends(series, columns):
    """Return which columns have a trend or a unit root, in at least half of the series.

    Parameters
    ----------
    series : list of ndarray of shape (n_rows, n_features)
        Without NaN.
    columns : ndarray of int of shape (n_columns,)
        A column of -1 is unknown, and so has none.

    Returns
    -------
    ndarray of bool of shape (n_columns,)
        False for all columns if a series has fewer than 20 rows.
    """
    if any(len(rows) < MIN_ROWS for rows in series):
        return np.zeros(len(columns), dtype=bool)
    return np.array([column >= 0 and _has_trend(series, column) for column in columns], dtype=bool)


def _has_trend(series, column):
    return np.median([kpss_statistic(rows[:, column]) for rows in series]) > CRITICAL_VALUE
