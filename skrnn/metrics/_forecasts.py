"""Errors of forecasts in units of the naive forecast's: what makes series comparable."""

from numbers import Integral

import numpy as np
from sklearn.metrics import mean_absolute_error
from sklearn.utils import check_array

from skrnn._sklearn import Interval, StrOptions, validate_params

__all__ = ["mase"]

# Rounding in a series that repeats itself, in units of its largest value.
_ROUNDING = 16 * np.finfo(np.float64).eps


@validate_params(
    {
        "period": [Interval(Integral, 1, None, closed="left")],
        "multioutput": [StrOptions({"raw_values", "uniform_average"}), "array-like"],
    },
    prefer_skip_nested_validation=True,
)
def mase(y_true, y_pred, *, y_train, period=1, sample_weight=None, multioutput="uniform_average"):
    r"""Mean absolute scaled error of forecasts.

    The mean absolute error in units of the naive forecast's on the training data: below 1 the
    forecasts are better than "as it was `period` rows ago" was there. It has no unit, so that
    errors of several series can be compared and averaged, and zeros in a series do no harm.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, n_targets)
        What came.

    y_pred : array-like of shape (n,) or (n, n_targets)
        What was forecast.

    y_train : array-like of shape (n_train,) or (n_train, n_targets)
        One series that the forecaster was trained on, its rows in order of time and at a regular
        distance. NaN stands for a value that is missing; a naive forecast from or of one does not
        count.

    period : int, default=1
        How many rows before, at least 1, the naive forecast takes its value from: 1 for the last
        value, else the rows in a season, such as 12 for months and years.

    sample_weight : array-like of shape (n,), default=None
        How much each row of `y_true` counts.

    multioutput : {"raw_values", "uniform_average"} or array-like, default="uniform_average"
        How the errors of several targets, each in units of its own naive forecast's, come
        together: all of them in an array, their mean, or their mean with these weights, one a
        target.

    Returns
    -------
    error : float, or ndarray of shape (n_targets,) for "raw_values"
        From 0 (perfect) up; lower is better.

    Raises
    ------
    ValueError
        If `y_true`, `y_pred` and `y_train` differ in the number of targets or `y_true` and
        `y_pred` in that of rows, if `y_true` or `y_pred` has NaN, or if the naive forecast has no
        error on `y_train` to measure in: it has `period` rows or fewer, no two values `period`
        rows apart, or is the same in every season.

    See Also
    --------
    skrnn.forecasting.SeasonalNaiveForecaster : The naive forecast, as an estimator.
    sklearn.metrics.mean_absolute_error : The same, in the unit of the targets.

    Notes
    -----
    With :math:`m` for `period` and the training values :math:`Y_1, ..., Y_T`, the error
    :math:`e_t` of each forecast is scaled to ([1]_, section 3, for :math:`m = 1`; [2]_, section
    5.8, for seasons)

    .. math:: q_t = e_t \Big/ \frac{1}{T - m} \sum_{i=m+1}^{T} |Y_i - Y_{i-m}|

    and the mean of :math:`|q_t|` is returned. The scale is the error one step (one season) ahead,
    whatever the horizon of the forecasts: far ahead, more than 1 can still be good. To compare
    with a naive forecast of the same horizon, give that one's predictions as `y_pred`.

    References
    ----------
    .. [1] R. J. Hyndman, A. B. Koehler, "Another look at measures of forecast accuracy",
       International Journal of Forecasting 22, 2006, pages 679-688.

    .. [2] R. J. Hyndman, G. Athanasopoulos, "Forecasting: principles and practice", 3rd edition,
       OTexts, 2021.

    Examples
    --------
    The series went up or down by 2 from row to row; the forecasts are off by 1 and by 0:

    >>> from skrnn.metrics import mase
    >>> y_train = [1.0, 3.0, 1.0, 3.0, 5.0]
    >>> mase([6.0, 7.0], [5.0, 7.0], y_train=y_train)
    0.25

    As a scorer, for `cross_val_score` and searches:

    >>> from sklearn.metrics import make_scorer
    >>> scorer = make_scorer(mase, y_train=y_train, greater_is_better=False)
    """
    y_true, y_pred = _as_table(y_true, "y_true"), _as_table(y_pred, "y_pred")
    y_train = _as_table(y_train, "y_train", allow_missing=True)
    _check_same_shapes(y_true, y_pred, y_train)
    scale = _naive_error(y_train, period)
    return mean_absolute_error(
        y_true / scale, y_pred / scale, sample_weight=sample_weight, multioutput=multioutput
    )


def _as_table(y, name, *, allow_missing=False):
    """Return targets as an array (n, n_targets)."""
    y = check_array(
        y,
        dtype=np.float64,
        ensure_2d=False,
        ensure_all_finite="allow-nan" if allow_missing else True,
        input_name=name,
    )
    return y.reshape(len(y), -1)


def _check_same_shapes(y_true, y_pred, y_train):
    if y_true.shape != y_pred.shape:
        raise ValueError(
            "y_true and y_pred must have as many rows and targets, got the shapes "
            f"{y_true.shape} and {y_pred.shape}."
        )
    if y_train.shape[1] != y_true.shape[1]:
        raise ValueError(
            "y_train must have the targets of y_true: got "
            f"{y_train.shape[1]} target(s) in y_train, {y_true.shape[1]} in y_true."
        )


def _naive_error(y_train, period):
    """Return the mean absolute error of the naive forecast of each target."""
    if len(y_train) <= period:
        raise ValueError(
            f"y_train must have more than period={period} row(s) for a naive forecast, "
            f"got {len(y_train)}."
        )
    errors = np.abs(y_train[period:] - y_train[:-period])
    is_there = ~np.isnan(errors)
    empty = np.flatnonzero(~is_there.any(axis=0))
    if len(empty) > 0:
        raise ValueError(
            f"y_train must have values that are period={period} row(s) apart, got NaN in one of "
            f"any two for target {empty[0]}."
        )
    scale = errors.sum(axis=0, where=is_there) / np.count_nonzero(is_there, axis=0)
    perfect = np.flatnonzero(scale <= _ROUNDING * np.nanmax(np.abs(y_train), axis=0))
    if len(perfect) > 0:
        raise ValueError(
            f"y_train must differ from the values period={period} row(s) before, got a target "
            f"(number {perfect[0]}) whose naive forecast is always right: errors cannot be "
            "measured in units of its error, 0."
        )
    return scale
