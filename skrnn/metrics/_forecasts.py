"""Errors of forecasts relative to those of a naive forecast, so that series can be compared."""

from numbers import Integral

import numpy as np
from sklearn.metrics import mean_absolute_error

from skrnn._check_arrays import as_array, check_numbers, in_words
from skrnn._fitting import read_weights
from skrnn._sklearn import Interval, StrOptions, validate_params
from skrnn._time_order import check_one_sorted_series

# The rounding errors of a series that repeats itself, relative to its largest value.
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

    This is the mean absolute error, divided by the mean absolute error of the naive forecast on the
    training data, which repeats the value of `period` rows earlier. If it is below 1, the forecasts
    are better than the naive forecast was on the training data. The error has no unit, so that
    errors of several series can be compared and averaged. Series may contain zeros.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, n_targets)
        The true values.

    y_pred : array-like of shape (n,) or (n, n_targets)
        The forecasts.

    y_train : array-like of shape (n_train,) or (n_train, n_targets)
        One series that the forecaster was trained on, sorted by time and regular. Missing values
        are NaN. A naive forecast is ignored if it is made from a missing value, or if the true
        value is missing.

    period : int, default=1
        The number of rows, at least 1, between a value and its naive forecast: 1 for the last
        value, or the number of rows of a season, such as 12 for monthly rows and a yearly season.

    sample_weight : array-like of shape (n,), default=None
        The weight of each row of `y_true`.

    multioutput : {"raw_values", "uniform_average"} or array-like, default="uniform_average"
        How the errors of several targets, each scaled by its own naive forecast, are combined:
        "raw_values" returns all of them in an array, "uniform_average" their mean, and an array of
        one weight per target their weighted mean.

    Returns
    -------
    error : float, or ndarray of shape (n_targets,) for "raw_values"
        The error, which is 0 for perfect forecasts; lower is better.

    Raises
    ------
    ValueError
        If `y_true`, `y_pred` and `y_train` differ in the number of targets, or `y_true` and
        `y_pred` in the number of rows, if `y_true` or `y_pred` contains NaN, if `sample_weight` has
        a negative weight or only zeros, if `y_train` has an index of times or numbers in disorder,
        or if the error of the naive forecast on `y_train` is unknown or 0. It is unknown if there
        are at most `period` rows, or no two values that are `period` rows apart. It is 0 if all
        seasons are equal.

    See Also
    --------
    skrnn.forecasting.SeasonalNaiveForecaster : The naive forecast as an estimator.
    sklearn.metrics.mean_absolute_error : The error in the unit of the targets.

    Notes
    -----
    With :math:`m` for `period` and the training values :math:`Y_1, ..., Y_T`, the error
    :math:`e_t` of each forecast is scaled to ([1]_, section 3, for :math:`m = 1`; [2]_, section
    5.8, for seasons)

    .. math:: q_t = e_t \Big/ \frac{1}{T - m} \sum_{i=m+1}^{T} |Y_i - Y_{i-m}|

    and the mean of :math:`|q_t|` is returned. For every horizon, the scale is the error of naive
    forecasts one step (one season) ahead, so that an error above 1 can be good for a long horizon.
    To compare with a naive forecast of the same horizon, compute its error too, with its forecasts
    as `y_pred`.

    References
    ----------
    .. [1] R. J. Hyndman, A. B. Koehler, "Another look at measures of forecast accuracy",
       International Journal of Forecasting 22, 2006, pages 679-688.

    .. [2] R. J. Hyndman, G. Athanasopoulos, "Forecasting: principles and practice", 3rd edition,
       OTexts, 2021.

    Examples
    --------
    The series changes by 2 from row to row, and the errors of the forecasts are 1 and 0:

    >>> from skrnn.metrics import mase
    >>> y_train = [1.0, 3.0, 1.0, 3.0, 5.0]
    >>> mase([6.0, 7.0], [5.0, 7.0], y_train=y_train)
    0.25

    As a scorer, for `cross_val_score` and searches:

    >>> from sklearn.metrics import make_scorer
    >>> scorer = make_scorer(mase, y_train=y_train, greater_is_better=False)
    """
    y_true, y_pred = _as_table(y_true, "y_true"), _as_table(y_pred, "y_pred")
    check_one_sorted_series(y_train, "y_train")
    y_train = _as_table(y_train, "y_train", allow_missing=True)
    _check_same_shapes(y_true, y_pred, y_train)
    if sample_weight is not None:
        weights = as_array(sample_weight, "sample_weight", dtype=np.float64)
        sample_weight = read_weights(weights, len(y_true))
    if not isinstance(multioutput, str):
        multioutput = _check_target_weights(multioutput, y_true.shape[1])
    scale = _naive_error(y_train, period)
    return mean_absolute_error(
        y_true / scale, y_pred / scale, sample_weight=sample_weight, multioutput=multioutput
    )


def _as_table(y, name, *, allow_missing=False):
    """Return targets as an array (n, n_targets)."""
    finite = "allow-nan" if allow_missing else True
    y = check_numbers(y, name, dtype=np.float64, ensure_2d=False, ensure_all_finite=finite)
    return y.reshape(len(y), -1)


def _check_target_weights(multioutput, n_targets):
    weights = as_array(multioutput, "multioutput", dtype=np.float64)
    is_valid = weights.shape == (n_targets,) and (weights >= 0).all() and np.isfinite(weights).all()
    if not is_valid or not weights.any():
        raise ValueError(
            f"multioutput must be one weight for each of {n_targets} target(s), not negative and "
            f"not all zero, got {in_words(multioutput)} of shape {weights.shape}."
        )
    return weights


def _check_same_shapes(y_true, y_pred, y_train):
    if y_true.shape != y_pred.shape:
        raise ValueError(
            "y_true and y_pred must have the same number of rows and targets, got the shapes "
            f"{y_true.shape} and {y_pred.shape}."
        )
    if y_train.shape[1] != y_true.shape[1]:
        raise ValueError(
            "y_train must have the same number of targets as y_true, got "
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
    is_present = ~np.isnan(errors)
    empty = np.flatnonzero(~is_present.any(axis=0))
    if len(empty) > 0:
        raise ValueError(
            f"y_train must contain two values of each target that are period={period} row(s) "
            f"apart, but at least one of any two such values of target {empty[0]} is NaN."
        )
    scale = errors.sum(axis=0, where=is_present) / np.count_nonzero(is_present, axis=0)
    perfect = np.flatnonzero(scale <= _ROUNDING * np.nanmax(np.abs(y_train), axis=0))
    if len(perfect) > 0:
        raise ValueError(
            f"The naive forecast of target {perfect[0]} has the error 0 on y_train, and errors "
            f"cannot be divided by 0. y_train must contain values that differ from the values "
            f"period={period} row(s) earlier."
        )
    return scale
