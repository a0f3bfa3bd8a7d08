"""`BaseForecaster`: the fit of a forecaster, its forecasts of rows, their intervals and errors.

The methods are thin: `read_panel` reads a container, `context_of_rows` makes the context of
forecasts, `forecast_from` forecasts from it, and the result goes back into the user's container.
`_forecasts_ahead` has the methods that forecast the steps after the end of series.
"""

from abc import ABCMeta, abstractmethod
from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted, validate_data

from skrnn._fitting import all_or_nothing, fitted_snapshot
from skrnn._persistence import SavedEstimator
from skrnn._sklearn import Interval, StrOptions, _fit_context
from skrnn.forecasting._backtest import backtest
from skrnn.forecasting._containers import wrap_rows
from skrnn.forecasting._context import context_of_rows, find_rows_before
from skrnn.forecasting._forecasts_ahead import ForecastsAheadMixin
from skrnn.forecasting._intervals import half_widths, held_out_residuals, split_origins
from skrnn.forecasting._panel import counts_in_words, require_no_missing, require_rows
from skrnn.forecasting._read_panel import read_panel, require_no_targets
from skrnn.forecasting._rule import forecast_from, forecast_rows
from skrnn.forecasting._static_columns import check_static_columns, read_static_columns
from skrnn.forecasting._target_columns import read_columns, read_targets, require_n_targets


class BaseForecaster(ForecastsAheadMixin, RegressorMixin, SavedEstimator, metaclass=ABCMeta):
    """Base class of the forecasters; not for direct use.

    A subclass has the parameters below and implements `_n_context`, `_learn` and `_rule`.
    """

    _parameter_constraints: dict = {
        "horizon": [Interval(Integral, 1, None, closed="left")],
        "initial_context": [StrOptions({"auto", "fit_end", "edge"})],
        "calibration_size": [Interval(Real, 0, 1, closed="neither"), None],
        "time": [str, None],
    }
    # Only forecasters with covariates have these parameters.
    known_future = static = ()
    time, static_columns_ = None, np.zeros(0, dtype=int)  # earlier versions did not save them

    @abstractmethod
    def __init__(self, *, horizon, initial_context, calibration_size, time):
        self.horizon = horizon
        self.initial_context = initial_context
        self.calibration_size = calibration_size
        self.time = time

    # Hooks for subclasses.

    @property
    @abstractmethod
    def _n_context(self):
        """The number of rows, ending with its origin, that a forecast is made from."""

    @property
    def _steps_at_once(self):
        """The number of steps that are forecast before forecasts are used as context."""
        return self.horizon

    @property
    def _fixed_by_fit(self):
        """The parameters that must not change between `fit` and a forecast, by name."""
        return {"horizon": self.horizon}

    @abstractmethod
    def _learn(self, panel, targets, known_future, origins):
        """Return the fitted attributes of the subclass, by name; this must not write to `self`."""

    @abstractmethod
    def _rule(self):
        """Return the `ForecastRule` of the fitted attributes."""

    def _choose(self, panel, targets, known_future):
        """Return the fitted attributes that are chosen before training, by name; check the data."""
        return {}

    def _allows_missing(self):
        return False

    @property
    def _way_to_missing(self):
        """How the user can let the forecaster read NaN, as a sentence; "" if there is not a way."""
        return ""

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, series_id=None):
        """Fit the forecaster.

        Parameters
        ----------
        X : array of shape (n_rows, n_features) or (n_rows,), DataFrame, Series, list or Sequences
            One row per time step. Each item of a list is one series. The last level of a MultiIndex
            is the time, and all other levels identify the series of each row. An index of times or
            numbers must increase within each series. If an index (of times, periods or numbers)
            leaves a time out, there is a gap, and no window and no forecast crosses it. Dates as
            text are refused: use `pandas.to_datetime`.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), or list of them, default=None
            The targets, one row for each row of `X`. If None, all columns of `X` that are not in
            `known_future` or `static` are targets. Targets that are NaN are not used for training.
        series_id : array-like of shape (n_rows,), default=None
            The label of the series that each row belongs to. If None, `X` is a single series, a
            list of series, or has a MultiIndex.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a series is too short, is not sorted by time, or contains NaN that the forecaster
            does not accept. The forecaster then stays as it was before.
        """
        require_no_targets(X, y)
        with all_or_nothing(self) as draft:
            draft._forget_stored_version()
            draft._fit_panel(draft._read(X, series_id, reset=True), y)
        return self

    def _fit_panel(self, panel, y):
        """Fit this copy of the estimator."""
        known_future = read_columns(self.known_future, panel, "known_future")
        targets = read_targets(y, panel, [*known_future, *self.static_columns_])
        vars(self).update(self._choose(panel, targets, known_future))
        n_ahead = min(self._steps_at_once, self.horizon)
        needs = counts_in_words(
            {name: getattr(self, f"{name}_", given) for name, given in self._fixed_by_fit.items()}
        )
        require_rows(panel, self._n_context + self.horizon, needs)
        training, held_out = split_origins(
            panel,
            targets,
            self._n_context,
            n_ahead,
            horizon=self.horizon,
            calibration_size=self.calibration_size,
            needs=needs,
        )
        self.target_columns_, self.target_names_ = targets.columns, targets.names
        self.known_future_columns_ = known_future
        self.target_mean_ = targets.values[training + n_ahead].mean(axis=0)
        vars(self).update(self._learn(panel, targets, known_future, training))
        self._training_end = panel.tail(self._n_context + self.horizon - 1)
        self.residuals_ = self.mean_residuals_ = None
        if held_out is not None:
            rule = self._rule()
            self.residuals_ = held_out_residuals(rule, panel, targets, held_out, self.horizon)
            self.mean_residuals_ = targets.values[held_out + 1] - self.target_mean_
        self._has_flat_targets, self._fitted_parameters = targets.is_flat, self._fixed_by_fit

    @property
    def context_(self):
        """The last rows of the training series, which forecasts continue by default."""
        check_is_fitted(self)
        return wrap_rows(self._training_end)

    def predict(self, X, series_id=None):
        """Forecast the target of each row, from the row that is `horizon` rows earlier.

        Parameters
        ----------
        X, series_id : as in `fit`

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, n_targets), or list of ndarray for a list
            Row t is the forecast of the targets at row t, from the rows up to t - `horizon` (and
            the known future covariates up to t). If the rows before `X` are not known (see
            `initial_context`), the first row is repeated in their place, and the first `horizon`
            rows, which have no context at all, get the mean of the training targets.
        """
        fitted = self._checked_snapshot()
        panel = fitted._read(X, series_id)
        forecasts, _ = fitted._forecast_rows(panel)
        return panel.as_given(forecasts, is_flat=fitted._has_flat_targets)

    def predict_trajectory(self, X, series_id=None):
        """Forecast the next `horizon` steps at each row.

        Parameters
        ----------
        X, series_id : as in `fit`

        Returns
        -------
        ndarray of shape (n_rows, horizon) or (n_rows, horizon, n_targets), or list of ndarray
            Row t holds the forecasts of the targets at rows t + 1 to t + `horizon`, made at row t.
            :func:`make_windows` returns the true targets, and in `rows` the rows at which they are
            forecast. Forecasts are NaN if `X` ends before the known future covariates that they
            need, and the regressor does not accept NaN.
        """
        fitted = self._checked_snapshot()
        panel = fitted._read(X, series_id)
        context = fitted._context_of(panel)
        forecasts = forecast_from(fitted._rule(), context, context.rows, int(fitted.horizon))
        return panel.as_given(forecasts, is_flat=fitted._has_flat_targets)

    def predict_interval(self, X, *, coverage=0.9, series_id=None):
        """Forecast, for each row, an interval that contains its target with some probability.

        The intervals are split-conformal: their width follows from the residuals of forecasts of
        the same length on the rows that `calibration_size` held out. They have the right coverage
        if new errors have the same distribution as these residuals.

        Parameters
        ----------
        X, series_id : as in `fit`
        coverage : float in (0, 1), default=0.9
            The fraction of the targets that the intervals should contain.

        Returns
        -------
        lower, upper : as returned by `predict`

        Raises
        ------
        ValueError
            If `calibration_size` was None in `fit`, or held out too few rows for this coverage.
        """
        fitted = self._checked_snapshot()
        step_widths = half_widths(fitted.residuals_, coverage)
        mean_width = half_widths(fitted.mean_residuals_, coverage)
        panel = fitted._read(X, series_id)
        forecasts, has_context = fitted._forecast_rows(panel)
        width = np.where(has_context[:, np.newaxis], step_widths[-1], mean_width)
        return tuple(
            panel.as_given(bound, is_flat=fitted._has_flat_targets)
            for bound in (forecasts - width, forecasts + width)
        )

    def score(self, X, y=None, series_id=None):
        """Return the coefficient of determination of `predict`, over rows without missing targets.

        `predict` forecasts each row `horizon` rows before it. So this is the score of the last step
        of the horizon alone, also in a search that has no `scoring`. :ref:`score_all_steps` shows a
        scorer of all steps, and `backtest` returns the errors of each step.

        Parameters
        ----------
        X, y, series_id : as in `fit`

        Returns
        -------
        score : float
        """
        fitted = self._checked_snapshot()
        panel = fitted._read(X, series_id)
        others = [*fitted.known_future_columns_, *fitted.static_columns_]
        targets = read_targets(y, panel, others if y is None else ())
        require_n_targets(targets, len(fitted.target_columns_))
        is_present = ~np.isnan(targets.values).any(axis=1)
        forecasts, _ = fitted._forecast_rows(panel)
        return r2_score(targets.values[is_present], forecasts[is_present])

    def backtest(self, X, y=None, *, cv=None, series_id=None):
        """Measure errors by horizon in cross-validation: a clone is fitted in each fold.

        Parameters
        ----------
        X, y : as in `fit`, but not a list
            Pass `y` if targets are missing and `X` is filled, so that filled values do not count as
            targets: ``backtest(filled, y)``.
        cv : int, splitter or iterable of splits, default=None
            An int is the number of folds of a :class:`~sklearn.model_selection.TimeSeriesSplit`,
            which splits all series at the same times; None means 5. Other splitters, and pairs of
            training and test rows, split the rows of `X`.
        series_id : array-like of shape (n_rows,), default=None
            The label of the series that each row belongs to. A splitter receives it as `groups`.

        Returns
        -------
        errors : DataFrame
            One row for each fold and step, with the columns "fold", "step" (1 to `horizon`), "mae"
            and "rmse" (over all targets), and "n" (the number of targets). A forecast of a test row
            counts if there is no training row between its origin and the test row. Its context is
            all rows up to its origin, also test rows.
        """
        return backtest(self, X, y, cv, series_id)

    # Helpers of the public methods.

    def _read(self, X, series_id, *, reset=False, input_name="X"):
        known = {} if reset else {"freq": self._training_end.freq, "n_known": self.n_features_in_}
        panel = read_panel(X, series_id, input_name=input_name, time=self.time, **known)
        row = panel.values[:1]
        if panel.columns is not None:
            row = pd.DataFrame(row, columns=panel.columns)
        validate_data(self, row, reset=reset, skip_check_array=True)
        if reset:
            self.static_columns_ = read_static_columns(self, X, panel)
        check_static_columns(self.static_columns_, X, panel, input_name)
        if not (self._allows_missing() if reset else self._rule().allows_missing):
            require_no_missing(panel, input_name, type(self).__name__, self._way_to_missing)
        return panel

    def _checked_snapshot(self):
        """Return a snapshot of the fitted forecaster, whose parameters have not changed since."""
        fitted = fitted_snapshot(self)
        for name, was in fitted._fitted_parameters.items():
            value = getattr(fitted, name)
            if value != was:
                raise ValueError(f"{name} was {was!r} in fit and is {value!r} now; fit again.")
        return fitted

    def _context_of(self, panel):
        rule = self._rule()
        before = find_rows_before(panel, self._training_end, self.initial_context)
        return context_of_rows(panel, rule.n_context, rule.count_ahead(int(self.horizon)), before)

    def _forecast_rows(self, panel):
        """Return the forecast of each row, and whether it has any context."""
        context = self._context_of(panel)
        return forecast_rows(self._rule(), context, int(self.horizon), self.target_mean_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.input_tags.allow_nan = self._allows_missing()
        # The rows of the regression data of scikit-learn's checks are not ordered in time.
        tags.regressor_tags.poor_score = True
        return tags
