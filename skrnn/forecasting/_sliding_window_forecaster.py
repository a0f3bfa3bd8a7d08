"""`SlidingWindowForecaster`: any regressor forecasts, from windows of what came before."""

from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn._sklearn import HasMethods, Interval, StrOptions
from skrnn.forecasting._base import BaseForecaster
from skrnn.forecasting._features import series_features, window_features
from skrnn.forecasting._panel import column_names
from skrnn.forecasting._regressors import (
    for_targets,
    require_one_form,
    stretches,
    takes_missing,
    takes_sequences,
)
from skrnn.forecasting._windows import rows_after, windows_that_end
from skrnn.preprocessing import TimeDistributed
from skrnn.recurrent import RNNRegressor

__all__ = ["SlidingWindowForecaster"]


def default_regressor():
    """Return a network that standardises what it reads."""
    return make_pipeline(TimeDistributed(StandardScaler()), RNNRegressor())


class SlidingWindowForecaster(BaseForecaster):
    """Forecast series with any regressor, from a sliding window of the rows before.

    Rows are steps in time. The regressor learns what comes after each window: the next `horizon`
    steps at once, or one step, from which the next is forecast in turn.

    Parameters
    ----------
    estimator : regressor, default=None
        Any regressor, or Pipeline or search of one; None: an :class:`~skrnn.recurrent.RNNRegressor`
        on standardised windows, ``make_pipeline(TimeDistributed(StandardScaler()),
        RNNRegressor())``. It gets windows as `Sequences` if it, or the first step of its Pipeline,
        reads sequences, else one flat row (window_length × n_features) a window, the oldest step
        first. A regressor of one target is fitted once for each. Scaling goes in here, before the
        regressor, so that forecasts come out in the series' own units.
    window_length : int, default=20
        How many rows, up to the origin of a forecast, it is made from.
    horizon : int, default=1
        How many steps ahead `predict` forecasts, and `predict_trajectory` forecasts all of.
    strategy : {"direct", "recursive"}, default="direct"
        "direct": one forecast of all `horizon` steps. "recursive": a forecast of one step, and so
        on with the forecasts as a past; all columns that are not known ahead must then be targets.
    difference : bool, default=False
        Whether the columns that are targets go in as changes from row to row, and come out as
        changes from the last known value. The forecast then follows the level of the series,
        wherever it goes. `y` must be columns of `X`.
    future : sequence of str or int, default=()
        The columns of `X`, by name or number, that are known ahead, such as a calendar or a plan.
        They go in twice: as they were, and as they will be at the end of the forecast (`horizon`
        steps later for "direct", one for "recursive").
    continues : {"auto"} or bool, default="auto"
        Whether rows given to `predict` follow the training rows, whose last then are their past.
        "auto": where the index (times, periods or integers) says so. True: always, whatever an
        index says, as in a TimeSeriesSplit of an array without a gap; do not ask for forecasts of
        the training rows then. False: never.
    calibration_size : float in (0, 1), default=None
        The share of each series, at its end, that nothing is learned from, to see how far forecasts
        are off there: for intervals. None: no intervals.

    Attributes
    ----------
    estimator_ : regressor
        The fitted regressor.
    n_features_in_ : int
        Columns of `X`.
    feature_names_in_ : ndarray of str
        Their names, where `X` was a table that has them.

    See Also
    --------
    make_windows : The windows and their targets, for work of one's own.
    SlidingWindow : The transformer, which leaves targets alone.
    PersistenceForecaster : The forecast to beat.

    Notes
    -----
    The origin t, the last row that a forecast sees, and the step s are told apart throughout:
    ``predict(X)[t]`` is ``predict_trajectory(X)[t - horizon]`` at step `horizon`.

    A window never reaches across a gap in time or into another series, in training or after.

    Where the regressor stops early (``RNNRegressor(early_stopping=True)``), whole stretches of time
    are held out for it: windows drawn at random would overlap with those that are trained on.

    References
    ----------
    S. Ben Taieb, G. Bontempi, A. F. Atiya, A. Sorjamaa, "A review and comparison of strategies for
    multi-step ahead time series forecasting based on the NN5 forecasting competition", Expert
    Systems with Applications 39, 2012: section 2 for the strategies (its "MIMO" where one regressor
    forecasts all steps).

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
        "window_length": [Interval(Integral, 1, None, closed="left")],
        "strategy": [StrOptions({"direct", "recursive"})],
        "difference": ["boolean"],
        "future": ["array-like", str],
    }

    def __init__(
        self,
        estimator=None,
        *,
        window_length=20,
        horizon=1,
        strategy="direct",
        difference=False,
        future=(),
        continues="auto",
        calibration_size=None,
    ):
        super().__init__(horizon=horizon, continues=continues, calibration_size=calibration_size)
        self.estimator = estimator
        self.window_length = window_length
        self.strategy = strategy
        self.difference = difference
        self.future = future

    @property
    def _n_past(self):
        return self.window_length + bool(self.difference)

    @property
    def _n_at_once(self):
        return self.horizon if self.strategy == "direct" else 1

    @property
    def _shape(self):
        return {
            **super()._shape,
            "window_length": self.window_length,
            "strategy": self.strategy,
            "difference": self.difference,
        }

    def _needs(self):
        change = " and difference=True" if self.difference else ""
        return f"window_length={self.window_length}, horizon={self.horizon}{change}"

    def _allows_missing(self):
        # There is no change from, or to, a value that is missing.
        return not self.difference and self.estimator is not None and takes_missing(self.estimator)

    def _check_data(self, panel, targets):
        if self.estimator is not None:
            require_one_form(self.estimator)
        if len(self._future) and self.window_length < self._n_at_once:
            raise ValueError(
                f"future needs a window_length of at least horizon={self.horizon} where "
                f"strategy='direct', got {self.window_length}: what is known ahead of the first "
                "steps would not be in the window."
            )
        if self.difference and (targets.places < 0).any():
            raise ValueError(
                "difference=True needs the past of every target, so y must be columns of X "
                f"({column_names(panel)}), each with the numbers of one alone (a name "
                "tells columns apart). A step before the forecaster that changes X and not y makes "
                "them differ."
            )
        if self.strategy == "direct" or self.horizon == 1:
            return
        given = {*targets.places.tolist(), *self._future.tolist()}
        missing = [name for i, name in enumerate(column_names(panel)) if i not in given]
        if missing:
            raise ValueError(
                "strategy='recursive' forecasts from forecasts, so y must hold all columns of X "
                f"but those in future (y=None does); these are missing: {missing}. "
                "strategy='direct' needs none of them."
            )

    def _learn(self, panel, targets, ends):
        n_ahead = self._n_at_once
        after = rows_after(targets.values, ends, n_ahead)
        if self.difference:
            after = after - panel.values[ends][:, np.newaxis, targets.places]
        features = series_features(panel.values, self._changing, self._future, n_ahead)
        windows = windows_that_end(features, ends, self.window_length)
        after = after.reshape(len(ends), -1)
        regressor = default_regressor() if self.estimator is None else clone(self.estimator)
        held_out_together = stretches(regressor, ends, self.window_length)
        self._is_flat_inside = not takes_sequences(regressor)
        self.estimator_ = for_targets(regressor, after.shape[1]).fit(
            _flat(np.asarray(windows)) if self._is_flat_inside else windows,
            after[:, 0] if after.shape[1] == 1 else after,
            **held_out_together,
        )

    def _forecast_after(self, block, n_steps):
        n_past, n_at_once = self._n_past, self._n_at_once
        forecasts = np.empty((len(block), n_steps, len(self._places)))
        in_X = self._places >= 0
        for done in range(0, n_steps, n_at_once):
            now = block[:, done : done + n_past + n_at_once]
            after = self._regress(now).reshape(len(block), n_at_once, -1)
            if self.difference:
                after = after + now[:, n_past - 1 : n_past, self._places]
            after = after[:, : n_steps - done]
            forecasts[:, done : done + n_at_once] = after
            rows = slice(done + n_past, done + n_past + after.shape[1])
            block[:, rows, self._places[in_X]] = after[..., in_X]
        return forecasts

    def _regress(self, block):
        windows = window_features(
            block, self.window_length, self._changing, self._future, self._n_at_once
        )
        return self.estimator_.predict(_flat(windows) if self._is_flat_inside else windows)

    @property
    def _changing(self):
        return self._places if self.difference else self._places[:0]


def _flat(windows):
    return windows.reshape(len(windows), -1)
