"""`SlidingWindowForecaster`: forecasts with any regressor on windows of the last rows."""

from numbers import Integral

import numpy as np
from sklearn.base import clone

from skrnn._sklearn import HasMethods, Interval, StrOptions
from skrnn.forecasting._base import BaseForecaster
from skrnn.forecasting._inner_regressor import (
    as_targets,
    for_targets,
    receives_known_future,
    require_independent_windows,
    require_regressor,
    require_sequences_for_network,
    require_static_accepted,
    takes_missing,
    target_inputs,
    transforms_targets,
    validation_groups,
)
from skrnn.forecasting._intervals import training_ends
from skrnn.forecasting._target_columns import require_target_columns
from skrnn.forecasting._trend import find_trends
from skrnn.forecasting._window_length import choose_window_length, frequency_of
from skrnn.forecasting._window_regression import (
    WindowRegression,
    names_of_static,
    range_of_levels,
    regressor_inputs,
    series_features,
)
from skrnn.forecasting._windows import rows_after, windows_ending_at
from skrnn.recurrent import RNNRegressor


class SlidingWindowForecaster(BaseForecaster):
    """Forecast series with any regressor, from a sliding window of the last rows.

    Each row of `X` is a time step. The regressor learns to predict the rows that follow a window:
    the next `horizon` steps at once, or one step, from which the following steps are then forecast
    one by one.

    Parameters
    ----------
    estimator : regressor, default=None
        A regressor, a Pipeline that ends with one, or a search such as `GridSearchCV` over the
        parameters of one. If None, an :class:`~skrnn.RNNRegressor` with its default parameters is
        used, which standardises the windows. If the regressor, or the first step of its Pipeline,
        accepts sequences, it receives the windows as `Sequences`. Otherwise it receives one flat
        row (window_length × n_features) per window, the oldest time step first. A regressor that
        predicts only one target is fitted once for each target and step. A
        :class:`~skrnn.Seq2SeqRegressor` receives the `horizon` rows after a window as one target
        sequence, and forecasts them one after another. Put scalers into this
        Pipeline, so that forecasts are in the units of the series.
    window_length : int or "auto", default="auto"
        The number of rows that a forecast is made from. The last of them is its origin. If "auto",
        it is the fewest whole seasons that have at least 20 rows: 24 months, 24 hours, 21 days or
        52 weeks, and 20 rows if the index does not show the frequency. It is at most a third of the
        rows of the shortest series (without those of one horizon). `window_length_` holds it.
    horizon : int, default=1
        The number of steps to forecast. `predict_trajectory` returns the forecasts of all these
        steps, `predict` only that of the last one.
    strategy : {"direct", "recursive"}, default="direct"
        How more than one step is forecast [1]_:

        - "direct": one prediction of the regressor is the forecast of all `horizon` steps;
        - "recursive": the regressor predicts one step, and this forecast is appended to the window
          for the next step. All columns of `X` that are not in `known_future` or `static` must be
          targets.
    difference : bool or "auto", default="auto"
        Whether to replace the columns that are targets by their changes from row to row, in windows
        and targets. Forecasts are then the last known value plus the predicted changes, so that
        they follow the level of the series, also outside the range of the training data. If True,
        all targets must be columns of `X`. If "auto", each target that is a column is replaced if
        the KPSS test [2]_ rejects a constant level at 5 %, as it does for a trend or a unit root,
        in the training rows of at least half of the series. Nothing is replaced if a series is
        shorter than 20 rows, if `X` contains NaN, or if the regressor is a
        `TransformedTargetRegressor`, whose function may need levels. Use False if the regressor
        needs positive targets.
        `difference_` holds the result. With differences, `X` must not contain NaN; otherwise it may
        if the regressor accepts NaN.
    known_future : str or sequence of str or int, default=()
        Known future covariates: the names or indices of the columns of `X` that are known in
        advance, such as a calendar or a plan. At each time step of the window, the regressor
        receives two values of each of them: the value at this step, and the value `horizon` steps
        later ("direct") or one step later ("recursive"). The decoder of a
        :class:`~skrnn.Seq2SeqRegressor` receives the values of each step that it forecasts, and the
        window has only those at its own steps. In a search, which cannot pass them on to the
        decoder, it receives both in the window as any other regressor.
    static : str or sequence of str or int, default=()
        Static features: the names or indices of the columns of `X` that do not change within a
        series, such as the area of a shop. They are neither targets nor part of the windows. If the
        regressor accepts sequences, the windows are `Sequences` with these static features, which
        :class:`~skrnn.RNNRegressor` uses as its own parameter `static` determines. Otherwise they
        are the last columns of the flat row of a window, once each. The static features of
        `Sequences` are used in the same way, without this parameter. `fit` needs several series
        if there are static features, and a :class:`~skrnn.Seq2SeqRegressor` does not accept them.
    initial_context : {"auto", "fit_end", "edge"}, default="auto"
        The rows that are the context of the first rows passed to `predict`:

        - "auto": the last training rows if the index of `X` (times, periods or numbers) continues
          that of the training rows, otherwise as "edge";
        - "fit_end": always the last training rows, whatever the index is, as for the test part of a
          TimeSeriesSplit of an array without a gap. Do not use it to predict training rows;
        - "edge": the first row of `X`, repeated.
    calibration_size : float in (0, 1), default=None
        The fraction of each series, at its end, that is held out of training to compute the
        residuals for intervals. If None, there are no intervals.
    time : str or None, default=None
        The name of the column that holds the time of each row, for tables without an index of
        times, such as those of polars. This column is not a feature. If None, the times are the
        index.

    Attributes
    ----------
    estimator_ : regressor
        The fitted regressor.
    window_length_ : int
        The number of rows of a window.
    difference_ : ndarray of bool of shape (n_targets,)
        Whether the changes of each target are forecast.
    known_future_columns_ : ndarray of int
        The column indices of `known_future`.
    static_columns_ : ndarray of int
        The column indices of the static features. Those of `Sequences` are the last columns.
    target_columns_ : ndarray of int of shape (n_targets,)
        The column index of each target in `X`, or -1 if the target is not a column.
    target_names_ : list or None
        The names of the targets. None if the targets were not pandas objects.
    target_mean_ : ndarray of shape (n_targets,)
        The mean of the training targets, which `predict` returns for rows without any context.
    residuals_ : ndarray of shape (n_held_out, horizon, n_targets) or None
        The residuals of the held-out forecasts: the targets minus the forecasts at each step, in
        the order of time. None if `calibration_size` was None.
    mean_residuals_ : ndarray of shape (n_held_out, n_targets) or None
        For each held-out forecast, the targets at its first step minus `target_mean_`. None if
        `calibration_size` was None.
    context_ : ndarray, DataFrame, Series, or dict of them
        The last training rows after the last gap, at most `horizon` - 1 more than the context of a
        forecast. `forecast` continues them by default. If there are several series, it is a dict
        whose keys are the series IDs or the indices in the list.
    n_features_in_ : int
        The number of columns of `X`.
    feature_names_in_ : ndarray of str
        The names of the columns. Only available if `X` has column names that are all strings.

    See Also
    --------
    make_windows : The windows and their targets, for other estimators.
    skrnn.SlidingWindow : Transformer that returns one window per row.
    PersistenceForecaster : A baseline for comparison.

    Notes
    -----
    The origin t is the last row that a forecast may use: ``predict(X)[t]`` is
    ``predict_trajectory(X)[t - horizon]`` at step `horizon`.

    If the level of a column (its mean over a window) is outside the range of the training rows by
    more than a quarter of this range, `predict` and the other methods warn that they extrapolate.
    This concerns targets that are not replaced by their changes, and all other columns.

    No window crosses a gap in time or the end of a series, neither in training nor in prediction.

    If the regressor stops early (``RNNRegressor(early_stopping=True)``), whole blocks of time are
    held out for validation, because windows that are drawn at random would overlap with training
    windows.

    References
    ----------
    .. [1] S. Ben Taieb, G. Bontempi, A. F. Atiya, A. Sorjamaa, "A review and comparison of
       strategies for multi-step ahead time series forecasting based on the NN5 forecasting
       competition", Expert Systems with Applications 39, 2012: section 2 describes the strategies
       ("direct" is called "MIMO" there if one regressor forecasts all steps).
    .. [2] D. Kwiatkowski, P. C. B. Phillips, P. Schmidt, Y. Shin, "Testing the null hypothesis of
       stationarity against the alternative of a unit root", Journal of Econometrics 54, 1992.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.linear_model import Ridge
    >>> from skrnn.forecasting import SlidingWindowForecaster
    >>> days = pd.date_range("2026-01-01", periods=200, freq="D")
    >>> load = pd.Series(10 + np.sin(np.arange(200) * 2 * np.pi / 7), index=days, name="load")
    >>> forecaster = SlidingWindowForecaster(Ridge(alpha=1e-3), window_length=7, horizon=3)
    >>> forecaster.fit(load).forecast().round(2)
    2026-07-20    9.57
    2026-07-21    9.03
    2026-07-22    9.22
    Freq: D, Name: load, dtype: float64
    """

    _parameter_constraints: dict = {
        **BaseForecaster._parameter_constraints,
        "estimator": [HasMethods(["fit", "predict"]), None],
        "window_length": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "strategy": [StrOptions({"direct", "recursive"})],
        "difference": ["boolean", StrOptions({"auto"})],
        "known_future": ["array-like", str],
        "static": ["array-like", str],
    }

    def __init__(
        self,
        estimator=None,
        *,
        window_length="auto",
        horizon=1,
        strategy="direct",
        difference="auto",
        known_future=(),
        static=(),
        initial_context="auto",
        calibration_size=None,
        time=None,
    ):
        super().__init__(
            horizon=horizon,
            initial_context=initial_context,
            calibration_size=calibration_size,
            time=time,
        )
        self.estimator = estimator
        self.window_length = window_length
        self.strategy = strategy
        self.difference = difference
        self.known_future = known_future
        self.static = static

    # For the messages of functions that need a network.
    _network_hint = "Pass its regressor `estimator_`, which reads windows."

    @property
    def _n_context(self):
        # The first change of a window needs one row before it.
        return self.window_length_ + int(self.difference_.any())

    @property
    def _steps_at_once(self):
        return int(self.horizon) if self.strategy == "direct" else 1

    @property
    def _fixed_by_fit(self):
        return {
            "window_length": self.window_length,
            **super()._fixed_by_fit,
            "strategy": self.strategy,
            "difference": self.difference,
        }

    def _allows_missing(self):
        # A change from or to a missing value is missing, too.
        can_differ = self.difference == "auto" or not self.difference
        return can_differ and self._reads_missing

    @property
    def _reads_missing(self):
        return self.estimator is not None and takes_missing(self.estimator)

    @property
    def _way_to_missing(self):
        if self._reads_missing:
            return (
                "The estimator reads NaN, but differences cannot be NaN: set difference=False and "
                "fit again."
            )
        return (
            "Estimators that read NaN, such as HistGradientBoostingRegressor and "
            "RNNRegressor(allow_nan=True), need no filling unless differences are forecast."
        )

    def _choose(self, panel, targets, known_future):
        length = self.window_length
        if length == "auto":
            n_rows = panel.longest_segments.min()
            length = choose_window_length(frequency_of(panel), n_rows, self.horizon)
            length = max(length, self._steps_at_once) if len(known_future) else length
        if self.difference != "auto":
            difference = np.full(len(targets.columns), bool(self.difference))
        elif not self._can_difference(panel, length):
            difference = np.zeros(len(targets.columns), dtype=bool)
        else:
            ends = training_ends(panel, self.calibration_size)
            starts = np.append(0, np.cumsum(panel.rows_per_series)[:-1])
            series = [panel.values[a:b] for a, b in zip(starts, ends, strict=True)]
            difference = find_trends(series, targets.columns)
        self._check_data(panel, targets, known_future, length)
        return {"window_length_": int(length), "difference_": difference}

    def _can_difference(self, panel, window_length):
        # Changes need one row more, are NaN next to a missing value, and may be negative.
        return (
            panel.longest_segments.min() > window_length + self.horizon
            and not np.isnan(panel.values).any()
            and not transforms_targets(self.estimator)
        )

    def _check_data(self, panel, targets, known_future, window_length):
        if self.estimator is not None:
            require_regressor(self.estimator)
            require_independent_windows(self.estimator)
            require_sequences_for_network(self.estimator)
            if len(self.static_columns_):
                require_static_accepted(self.estimator)
        in_windows = len(known_future) and not receives_known_future(self.estimator)
        if in_windows and window_length < self._steps_at_once:
            raise ValueError(
                f"known_future needs a window_length of at least horizon={self.horizon} if "
                f"strategy='direct', got {window_length}: the window would not hold the "
                "known future covariates of the first steps."
            )
        if self.difference != "auto" and self.difference:
            require_target_columns(targets, panel, "difference=True")
        if self.strategy == "recursive" and self.horizon > 1:
            self._require_all_targets(panel, targets, known_future)

    def _require_all_targets(self, panel, targets, known_future):
        available = {*targets.columns, *known_future, *self.static_columns_}
        missing = [name for i, name in enumerate(panel.column_names) if i not in available]
        if missing:
            raise ValueError(
                "strategy='recursive' uses forecasts as context, so y must hold all columns of X "
                f"that are not in known_future or static (y=None does); these are missing: "
                f"{missing}. strategy='direct' does not need them."
            )

    def _learn(self, panel, targets, known_future, origins):
        n_ahead, length = self._steps_at_once, self.window_length_
        after = rows_after(targets.values, origins, n_ahead)
        differenced = targets.columns[self.difference_]
        if len(differenced):
            after = after.astype(np.result_type(after, panel.values), copy=False)
            after[..., self.difference_] -= panel.values[origins][:, np.newaxis, differenced]
        regressor = RNNRegressor() if self.estimator is None else clone(self.estimator)
        params = validation_groups(regressor, origins, length)
        if len(known_future) and receives_known_future(regressor):
            ahead = rows_after(panel.values[:, known_future], origins, n_ahead)
            params |= target_inputs(regressor, ahead)
            known_future = known_future[:0]
        features = series_features(panel.values, differenced, known_future, n_ahead)
        static = self.static_columns_
        features = np.delete(features, static, axis=1) if len(static) else features
        estimator = for_targets(regressor, after[0].size).fit(
            regressor_inputs(
                regressor,
                windows_ending_at(features, origins, length),
                panel.values[origins][:, static],
                names_of_static(panel.column_names, static),
            ),
            as_targets(regressor, after),
            **params,
        )
        return {
            "estimator_": estimator,
            "_level_range": range_of_levels(panel.values[: origins[-1] + 1]),
        }

    def _rule(self):
        return WindowRegression(
            n_context=self._n_context,
            steps_at_once=self._steps_at_once,
            target_columns=self.target_columns_,
            known_future=self.known_future_columns_,
            allows_missing=self._allows_missing() and not self.difference_.any(),
            regressor=self.estimator_,
            window_length=self.window_length_,
            is_differenced=self.difference_,
            level_range=self._level_range,
            column_names=self._training_end.column_names,
            static=self.static_columns_,
        )
