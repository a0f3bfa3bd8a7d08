"""What all forecasters share: from series to forecasts row by row, and to those after the end.

A forecaster learns from a `Panel` and, given the block of rows that ends at an origin, says what
comes after it. Everything else is here: which rows are whose past, what is known ahead, intervals,
and the way back into the container that the series came in.
"""

from abc import ABCMeta, abstractmethod
from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted, validate_data

from skrnn._fitting import all_or_nothing
from skrnn._sklearn import Interval, StrOptions, _fit_context
from skrnn.forecasting._backtest import backtest
from skrnn.forecasting._future import read_future
from skrnn.forecasting._intervals import half_widths
from skrnn.forecasting._last_rows import last_rows, rows_before
from skrnn.forecasting._outputs import forecasts_like
from skrnn.forecasting._panel import column_names, read_panel, require_no_missing, require_rows
from skrnn.forecasting._past import lay_out_past
from skrnn.forecasting._targets import read_columns, read_targets
from skrnn.forecasting._windows import ends_with_targets, rows_after

__all__ = ["BaseForecaster"]

# Rows of blocks that are made at once, so that their memory is bounded.
_BLOCK_ROWS = 2**18


class BaseForecaster(RegressorMixin, BaseEstimator, metaclass=ABCMeta):
    """Base of the forecasters; not for direct use.

    A subclass has the parameters below, sets what it learns in `_learn`, and forecasts in
    `_forecast_after`.
    """

    _parameter_constraints: dict = {
        "horizon": [Interval(Integral, 1, None, closed="left")],
        "continues": ["boolean", StrOptions({"auto"})],
        "calibration_size": [Interval(Real, 0, 1, closed="neither"), None],
    }
    future = ()

    @abstractmethod
    def __init__(self, *, horizon, continues, calibration_size):
        self.horizon = horizon
        self.continues = continues
        self.calibration_size = calibration_size

    # --- what a subclass says -----------------------------------------------------------------

    @property
    @abstractmethod
    def _n_past(self):
        """How many rows up to its origin a forecast is made from."""

    @property
    def _n_at_once(self):
        """How many steps are forecast before forecasts are needed as a past."""
        return self.horizon

    @property
    def _shape(self):
        """The parameters that say what is learned: `fit` counts, not what they are set to later."""
        return {"horizon": self.horizon}

    @abstractmethod
    def _learn(self, panel, targets, ends):
        """Learn from the rows up to some ends, and those after them."""

    @abstractmethod
    def _forecast_after(self, block, n_steps):
        """Return the (n, n_steps, n_targets) after the first `_n_past` rows of each block."""

    def _check_data(self, panel, targets):
        """Say what cannot be meant by these series."""

    def _allows_missing(self):
        return False

    # --- fit ----------------------------------------------------------------------------------

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, groups=None):
        """Learn to forecast.

        Parameters
        ----------
        X : array of shape (n_rows, n_features), DataFrame, Series, or list of them
            Rows are steps in time. A list holds one series each. A DataFrame with a MultiIndex
            holds one series for each value of all levels but the last, which is the time. Where
            an index (of times, periods or integers) leaves a step out, a new piece begins, and no
            forecast reaches across.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), or list of them, default=None
            What to forecast, row by row as `X`. None: all columns of `X` that are not known
            ahead. Of a row with NaN nothing is learned.
        groups : array-like of shape (n_rows,), default=None
            Of which series each row is.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a series is too short, not sorted by time, or has NaN that the forecaster cannot
            take; the forecaster stays as it was.
        """
        with all_or_nothing(self):
            panel = self._read(X, groups, reset=True)
            future = read_columns(self.future, panel, "future")
            targets = read_targets(y, panel, future)
            self._future = future
            self._check_data(panel, targets)
            self._fit_panel(panel, targets)
        return self

    def _fit_panel(self, panel, targets):
        require_rows(panel, self._n_past + self.horizon, self._needs())
        learned_from, held_out = self._ends(panel, targets)
        n_ahead = min(self._n_at_once, self.horizon)
        self._places, self._names = targets.places, targets.names
        self._is_flat, self._in_pandas = targets.is_flat, targets.in_pandas
        self._mean = targets.values[learned_from + n_ahead].mean(axis=0)
        self._last = last_rows(panel, self._n_past + self.horizon - 1)
        self._fitted_shape = self._shape
        self._learn(panel, targets, learned_from)
        self._misses = self._calibrate(panel, targets, held_out)

    def _ends(self, panel, targets):
        """Return the ends of the windows to learn from, and of those held out, or None."""
        n_ahead = min(self._n_at_once, self.horizon)
        size = self.calibration_size or 0
        n_rows = panel.rows_per_series
        cut = (np.cumsum(n_rows) - np.floor(n_rows * size)).astype(int)
        ends = ends_with_targets(panel, targets.values, self._n_past, n_ahead)
        ends = ends[ends + n_ahead < cut[panel.row_series[ends]]]
        if len(ends) == 0:
            held_back = f", before those that calibration_size={size} holds out" if size else ""
            raise ValueError(
                f"No row is left to learn from: {self._needs()} need {self._n_past + n_ahead} rows "
                f"in a row with targets that are not NaN{held_back}."
            )
        if not size:
            return ends, None
        held_out = ends_with_targets(panel, targets.values, self._n_past, self.horizon)
        held_out = held_out[held_out + 1 >= cut[panel.row_series[held_out]]]
        if len(held_out) == 0:
            raise ValueError(
                f"calibration_size={size} holds out no forecast of {self.horizon} step(s); take "
                "more."
            )
        return ends, held_out

    def _calibrate(self, panel, targets, ends):
        """Return how far forecasts are off, (n, 1 + horizon, n_targets), the mean's first."""
        if ends is None:
            return None
        past = lay_out_past([panel.values], [panel.values[:0]], 1)
        forecasts = self._forecast_at(past, ends, self.horizon)
        truth = rows_after(targets.values, ends, self.horizon)
        of_mean = np.abs(truth[:, :1] - self._mean)
        misses = np.concatenate([of_mean, np.abs(truth - forecasts)], axis=1)
        misses.sort(axis=0)
        return misses

    # --- forecasts ----------------------------------------------------------------------------

    def predict(self, X, groups=None):
        """Forecast the target of each row, `horizon` rows before.

        Parameters
        ----------
        X : as in `fit`
        groups : array-like of shape (n_rows,), default=None
            Of which series each row is.

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, n_targets), or list of ndarray for a list
            Row t is the forecast of the target at row t, from rows up to t - `horizon` (and what
            is known ahead up to t). Where the past before `X` is not known (see `continues`), the
            first row stands in for all rows before it, and rows of which no past is known at all,
            the first `horizon`, get the mean of the training targets.
        """
        panel = self._read_again(X, groups)
        return panel.as_given(self._flat(self._at_rows(panel)[0]))

    def predict_trajectory(self, X, groups=None):
        """Forecast the next `horizon` steps at each row.

        Parameters
        ----------
        X : as in `fit`
        groups : array-like of shape (n_rows,), default=None
            Of which series each row is.

        Returns
        -------
        ndarray of shape (n_rows, horizon) or (n_rows, horizon, n_targets), or list of ndarray
            Row t holds the forecasts of the targets at rows t + 1 to t + `horizon`, made at row t
            (:func:`make_windows` gives the true ones, and in its `rows` at which row).
            NaN where `X` ends before what is to be known ahead, if the regressor takes no NaN.
        """
        panel = self._read_again(X, groups)
        past = self._past_of(panel)
        origins = np.concatenate(
            [first + np.arange(n) for first, n in zip(past.first, panel.lengths, strict=True)]
        )
        return panel.as_given(self._flat(self._forecast_at(past, origins, self.horizon)))

    def forecast(self, n_steps=None, context=None, future=None):
        """Forecast what comes after the training data, or after other rows.

        Parameters
        ----------
        n_steps : int, default=None
            How many steps; None: `horizon`. More than are forecast at once need forecasts as a
            past, so all columns of `X` that are not known ahead must be targets.
        context : as X in `fit`, default=None
            Rows to go on after. None: the training data. Where they are fewer than a window has,
            the first stands in for those before it.
        future : array of shape (n, n_future), DataFrame, or list or dict of them, default=None
            What is known ahead, where the parameter `future` names columns. From a table with
            times (an integer index that holds all that come next is one too) the rows of the right
            times are taken, from others the first. Direct forecasts need a multiple of `horizon`
            rows.

        Returns
        -------
        DataFrame, Series or ndarray of shape (n_steps,) or (n_steps, n_targets)
            A pandas object, with the times that come next, where the targets were one. For a list
            of series a list, for groups a dict, for a MultiIndex a table with one.

        Raises
        ------
        ValueError
            If `n_steps` is more than can be forecast, or `future` is missing or too short.
        """
        values, last = self._forecast_next(n_steps, context, future)
        return self._as_container(values, last)

    def predict_interval(self, X, coverage=0.9, groups=None):
        """Forecast, for each row, where its target will lie with some probability.

        Split-conformal intervals: as wide as forecasts of as many steps were off on the rows that
        `calibration_size` held out. They cover their share where the errors to come are like those.

        Parameters
        ----------
        X : as in `fit`
        coverage : float in (0, 1), default=0.9
            The share of targets that is to lie inside.
        groups : array-like of shape (n_rows,), default=None
            Of which series each row is.

        Returns
        -------
        lower, upper : as returned by `predict`

        Raises
        ------
        ValueError
            If `calibration_size` is None, or held out too few rows for this coverage.
        """
        widths = self._half_widths(coverage)
        panel = self._read_again(X, groups)
        forecasts, has_past = self._at_rows(panel)
        width = np.where(has_past[:, np.newaxis], widths[-1], widths[0])
        return tuple(
            panel.as_given(self._flat(bound)) for bound in (forecasts - width, forecasts + width)
        )

    def forecast_interval(self, n_steps=None, context=None, future=None, coverage=0.9):
        """Forecast where targets after the training data will lie with some probability.

        Parameters
        ----------
        n_steps, context, future : as in `forecast`
            At most `horizon` steps.
        coverage : float in (0, 1), default=0.9
            The share of targets that is to lie inside.

        Returns
        -------
        lower, upper : as returned by `forecast`

        Raises
        ------
        ValueError
            As `forecast` and `predict_interval`, and if `n_steps` is more than `horizon`.
        """
        widths = self._half_widths(coverage)
        if self._check_n_steps(n_steps) > self.horizon:
            raise ValueError(
                f"n_steps={n_steps}: errors of up to horizon={self.horizon} step(s) are known; fit "
                "with a longer horizon."
            )
        values, last = self._forecast_next(n_steps, context, future)
        width = widths[1 : values.shape[1] + 1]
        return self._as_container(values - width, last), self._as_container(values + width, last)

    def score(self, X, y=None, groups=None):
        """Coefficient of determination of `predict`, over rows whose target is not NaN.

        Parameters
        ----------
        X, y, groups : as in `fit`

        Returns
        -------
        float
        """
        panel = self._read_again(X, groups)
        targets = read_targets(y, panel, self._future if y is None else ())
        if targets.values.shape[1] != len(self._places):
            raise ValueError(
                f"y has {targets.values.shape[1]} target(s), fit had {len(self._places)}; without "
                "y, all columns of X that are not known ahead are targets."
            )
        is_there = ~np.isnan(targets.values).any(axis=1)
        return r2_score(targets.values[is_there], self._at_rows(panel)[0][is_there])

    def backtest(self, X, y=None, cv=None, groups=None):
        """Measure errors by horizon, fold by fold, each fold fitted anew.

        Parameters
        ----------
        X : array, DataFrame or Series, as in `fit`
        y, groups : as in `fit`
        cv : int, splitter or iterable of splits, default=None
            An int: that many folds of :class:`~sklearn.model_selection.TimeSeriesSplit`; None: 5.
            They split all series at the same times. Splitters, and pairs of train and test rows,
            split rows as they are.

        Returns
        -------
        DataFrame
            A row for each fold and step: "fold", "step" (1 to `horizon`), "mae" and "rmse" over
            all targets, "n" targets. Every forecast of a row of the test part counts that was made
            after the last training row before it, from all rows until then, also those of the
            training part.
        """
        return backtest(self, X, y, cv, groups)

    # --- on the way ---------------------------------------------------------------------------

    def _needs(self):
        return f"horizon={self.horizon}"

    def _read(self, X, groups, *, reset, input_name="X"):
        step = None if reset else self._last.step
        panel = read_panel(X, groups, step=step, input_name=input_name)
        table = pd.DataFrame(panel.values[:1], columns=panel.columns)
        validate_data(
            self,
            panel.values[:1] if panel.columns is None else table,
            reset=reset,
            skip_check_array=True,
        )
        if not self._allows_missing():
            require_no_missing(panel, input_name, type(self).__name__)
        return panel

    def _check_fitted(self):
        check_is_fitted(self)
        changed = [name for name, was in self._fitted_shape.items() if self._shape[name] != was]
        if changed:
            raise ValueError(
                f"{changed[0]} was {self._fitted_shape[changed[0]]!r} in fit and is "
                f"{self._shape[changed[0]]!r} now; fit again."
            )

    def _read_again(self, X, groups, input_name="X"):
        self._check_fitted()
        return self._read(X, groups, reset=False, input_name=input_name)

    def _past_of(self, panel, *, alone=False):
        """Lay out a panel after what is known before it; alone as if nothing were."""
        continues = False if alone else self.continues
        pieces = [
            panel.values[start:end] for start, end in zip(panel.starts, panel.ends, strict=True)
        ]
        n_ahead = self._n_ahead(self.horizon)
        room = np.full((n_ahead, panel.n_features), np.nan, panel.values.dtype)
        before = rows_before(panel, self._last, continues)
        return lay_out_past(pieces, before, self._n_past, [room] * len(pieces))

    def _at_rows(self, panel):
        """Return the forecast of each row, and whether any past of it is known."""
        past = self._past_of(panel)
        ago = np.concatenate([np.arange(n) for n in panel.lengths]) - self.horizon
        has_past = ago >= -np.repeat(past.n_before, panel.lengths)
        origins = np.repeat(past.first, panel.lengths) + ago
        forecasts = np.tile(self._mean, (len(ago), 1))
        at_last = slice(self.horizon - 1, self.horizon)
        last = self._forecast_at(past, origins[has_past], self.horizon, at_last)
        forecasts[has_past] = last[:, 0]
        return forecasts, has_past

    def _n_ahead(self, n_steps):
        """How many rows of what is known ahead `n_steps` steps are made from."""
        return -(-n_steps // self._n_at_once) * self._n_at_once if len(self._future) else n_steps

    def _forecast_at(self, past, origins, n_steps, wanted=slice(None)):
        """Return forecasts of the wanted steps after some origins, (n, n_wanted, n_targets)."""
        n_ahead = self._n_ahead(n_steps)
        size = max(1, _BLOCK_ROWS // (self._n_past + n_ahead))
        n_wanted = len(range(n_steps)[wanted])
        result = np.full((len(origins), n_wanted, len(self._places)), np.nan)
        for first in range(0, len(origins), size):
            chosen = origins[first : first + size]
            block = past.block(chosen, self._n_past, n_ahead, self._future)
            is_known = np.ones(len(chosen), dtype=bool)
            if not self._allows_missing():
                is_known = ~np.isnan(block[:, self._n_past :, self._future]).any(axis=(1, 2))
            if is_known.any():
                forecasts = self._forecast_after(block[is_known], n_steps)
                result[first : first + size][is_known] = forecasts[:, wanted]
        return result

    def _forecast_next(self, n_steps, context, future):
        self._check_fitted()
        n_steps = self._check_n_steps(n_steps)
        last = self._last
        if context is not None:
            last = last_rows(self._read_again(context, None, "context"), self._n_past)
        ahead = read_future(future, self._n_ahead(n_steps), last, self._future)
        past = lay_out_past([rows[:0] for rows in last.rows], last.rows, self._n_past, ahead)
        return self._forecast_at(past, past.first - 1, n_steps), last

    def _check_n_steps(self, n_steps):
        if n_steps is None:
            return self.horizon
        if not isinstance(n_steps, Integral) or isinstance(n_steps, bool) or n_steps < 1:
            raise ValueError(f"n_steps must be an integer of at least 1, got {n_steps!r}.")
        missing = np.setdiff1d(np.arange(self.n_features_in_), [*self._places, *self._future])
        if n_steps > self._n_at_once and len(missing):
            raise ValueError(
                f"n_steps={n_steps}: more than {self._n_at_once} step(s) are forecast from "
                "forecasts, so y must hold all columns of X but those in future (y=None does); "
                f"these are missing: {[column_names(self._last)[i] for i in missing]}."
            )
        return int(n_steps)

    def _half_widths(self, coverage):
        self._check_fitted()
        if self._misses is None:
            raise ValueError(
                "Intervals need calibration_size, the share of rows that fit holds out to see how "
                "far forecasts are off; it was None in fit."
            )
        if not isinstance(coverage, Real) or not 0 < coverage < 1:
            raise ValueError(f"coverage must be between 0 and 1, got {coverage!r}.")
        return half_widths(self._misses, coverage)

    def _flat(self, forecasts):
        return forecasts[..., 0] if self._is_flat else forecasts

    def _as_container(self, values, last):
        names = self._names if self._in_pandas else None
        return forecasts_like(values, last, names, is_flat=self._is_flat)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.input_tags.allow_nan = self._allows_missing()
        # What scikit-learn's checks call regression data has rows in no order.
        tags.regressor_tags.poor_score = True
        return tags
