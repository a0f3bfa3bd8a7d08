"""The methods of a forecaster that forecast the steps after the end of series.

`_base` has those that forecast each row. Both make a `Context` of the rows that a forecast may see,
and `forecast_from` forecasts from it.
"""

from numbers import Integral

import numpy as np

from skrnn.forecasting._containers import wrap_forecasts
from skrnn.forecasting._context import context_at_end
from skrnn.forecasting._intervals import half_widths
from skrnn.forecasting._known_future import read_known_future
from skrnn.forecasting._panel import warn_if_short
from skrnn.forecasting._read_panel import with_times
from skrnn.forecasting._rule import check_memory, check_n_steps, forecast_from


class ForecastsAheadMixin:
    """The methods `forecast` and `forecast_interval` of the forecasters."""

    def forecast(self, n_steps=None, X=None, *, X_future=None):
        """Forecast the steps after the training data, or after other rows.

        Parameters
        ----------
        n_steps : int, default=None
            The number of steps. If None, `horizon` steps are forecast. A forecast of more steps
            than are forecast at once uses forecasts as context, so all columns of `X` that are not
            in `known_future` or `static` must be targets. The number of steps times that of series
            and columns is at most 100 million, which take 0.8 GB.
        X : array of shape (n_rows, n_features), DataFrame, Series, or list, default=None
            The rows that the forecast continues, as in `fit`. They replace the stored training rows
            and are not appended to them, so `X` must hold a whole window of each series. For a
            `SlidingWindowForecaster`, these are `window_length_` rows (one more with differences).
            If there are fewer rows after the last gap in time than a forecast is made from, the
            first of them is repeated in place of the missing ones, and there is a warning. If None,
            the forecast continues the training data.
        X_future : array of shape (n, n_known_future), DataFrame, list or dict, default=None
            The columns of `known_future` after these rows; for several series a list, a dict by
            series ID, or a table with a MultiIndex. Only used if `known_future` is not empty. From
            a table with times (also numbers, if they include all future times), the rows of the
            right times are taken, and from other containers the first rows. Direct forecasts need a
            multiple of `horizon` rows.

        Returns
        -------
        DataFrame, Series or ndarray of shape (n_steps,) or (n_steps, n_targets)
            A pandas object whose index holds the next times if the targets were a pandas object.
            For several series, it is a list if they were a list, a dict if they had series IDs, and
            a table with a MultiIndex if they had a MultiIndex.

        Raises
        ------
        ValueError
            If `n_steps` is more than can be forecast, or `X_future` is missing or too short.
        """
        fitted = self._checked_snapshot()
        forecasts, panel = fitted._forecast_after(n_steps, X, X_future)
        return fitted._wrap(forecasts, panel)

    def forecast_interval(self, n_steps=None, X=None, *, coverage=0.9, X_future=None):
        """Forecast intervals that contain the targets after the data with some probability.

        Parameters
        ----------
        n_steps : int, default=None
            The number of steps, from 1 to `horizon`. If None, `horizon` steps are forecast. Unlike
            `forecast`, this method cannot forecast more steps, because `residuals_` holds the
            residuals of `horizon` steps: fit with a longer `horizon`.
        coverage : float in (0, 1), default=0.9
            The fraction of the targets that the intervals should contain at each step.
        X, X_future : as in `forecast`

        Returns
        -------
        lower, upper : as returned by `forecast`

        Raises
        ------
        ValueError
            As in `forecast` and `predict_interval`, and if `n_steps` is more than `horizon`.
        """
        fitted = self._checked_snapshot()
        widths = half_widths(fitted.residuals_, coverage)
        if isinstance(n_steps, Integral) and n_steps > fitted.horizon:
            raise ValueError(
                f"n_steps={n_steps}: residuals are known for at most horizon={fitted.horizon} "
                "step(s); fit with a longer horizon."
            )
        forecasts, panel = fitted._forecast_after(n_steps, X, X_future)
        width = widths[: forecasts.shape[1]]
        return fitted._wrap(forecasts - width, panel), fitted._wrap(forecasts + width, panel)

    def _forecast_after(self, n_steps, X, X_future):
        """Return the forecasts after some rows, and the panel of these rows."""
        rule, training = self._rule(), self._training_end
        n_steps = check_n_steps(n_steps, rule, int(self.horizon), training.column_names)
        panel = training if X is None else self._read(X, None)
        warn_if_short(panel, rule.n_context, is_training=X is None)
        panel = panel.tail(rule.n_context)
        check_memory(n_steps, len(panel.keys), panel.n_features)
        time = None if isinstance(X_future, np.ndarray) else self.time
        known, columns = with_times(X_future, time, "X_future"), self.known_future_columns_
        ahead = read_known_future(known, rule.count_ahead(n_steps), panel, columns)
        context = context_at_end(panel, rule.n_context, ahead)
        return forecast_from(rule, context, context.rows[panel.last_rows], n_steps), panel

    def _wrap(self, forecasts, panel):
        is_flat = self._has_flat_targets
        return wrap_forecasts(forecasts, panel, self.target_names_, is_flat=is_flat)
