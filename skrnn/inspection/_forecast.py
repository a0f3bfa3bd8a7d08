"""`ForecastDisplay`: a forecast with its history and the true values."""

from collections.abc import Hashable
from numbers import Integral

from skrnn._check_arrays import in_words
from skrnn._parameters import with_texts
from skrnn.inspection._arguments import check_name
from skrnn.inspection._figures import check_matplotlib, panels
from skrnn.inspection._forecasters import (
    FORECAST_PARAMETERS,
    find_forecaster,
    history_before,
    targets_of,
)
from skrnn.inspection._series import (
    column_labels,
    last_rows,
    place_in_time,
    read_series,
    select_columns,
)
from skrnn.inspection._styles import BAND, HISTORY, TRUTH, add_legend, next_style, points_if_few


class ForecastDisplay:
    """A forecast with the history before it, the true values and an interval.

    Create it with `from_estimator`, or from a forecast with the constructor. There is one panel for
    each column. Forecasts on the same axes have different colours.

    Parameters
    ----------
    forecast : Series, DataFrame or array-like of shape (n,) or (n, n_columns)
        The forecast, one row per time step. The x axis shows its index if the index holds dates,
        durations or numbers and the indexes of `history` and `truth` are of the same kind.
        Otherwise rows are numbered, beginning with the history.

    history : as `forecast`, default=None
        The values before the forecast; rows at later times are ignored. From a table, the columns
        of the forecast are selected by name.

    truth : as `forecast`, default=None
        The true values; rows at other times than those of the forecast are ignored. Without times,
        the first rows are used.

    lower, upper : as `forecast`, default=None
        The bounds of an interval, with the shape of the forecast.

    coverage : float in (0, 1), default=None
        The coverage of the interval, for the legend.

    name : str, default=None
        The label of the forecast in the legend.

    Attributes
    ----------
    lines_ : dict of str to list of matplotlib Line2D
        The lines of "forecast" and, if they are drawn, "history" and "truth", one per panel.

    band_ : list of matplotlib Collection, or None
        The intervals, one per panel. None if there is no interval.

    ax_ : matplotlib Axes, or ndarray of them
        The axes, in an array if several columns are drawn.

    figure_ : matplotlib Figure
        The figure.

    See Also
    --------
    ForecastDisplay.from_estimator : Plot the forecast of a fitted forecaster.
    TrajectoryDisplay : Plots two columns as a path in the plane.
    HorizonErrorDisplay : Plots errors by horizon.

    Examples
    --------
    >>> from skrnn.inspection import ForecastDisplay
    >>> display = ForecastDisplay(forecast=[4.0, 5.0], history=[1.0, 2.0, 3.0], truth=[4.5, 4.5])
    >>> display.plot().lines_["forecast"][0].get_xdata().tolist()
    [3, 4]
    """

    def __init__(
        self,
        *,
        forecast,
        history=None,
        truth=None,
        lower=None,
        upper=None,
        coverage=None,
        name=None,
    ):
        self.forecast = forecast
        self.history = history
        self.truth = truth
        self.lower = lower
        self.upper = upper
        self.coverage = coverage
        self.name = name

    @classmethod
    @with_texts(forecast=FORECAST_PARAMETERS)
    def from_estimator(
        cls,
        forecaster,
        n_steps=None,
        *,
        X=None,
        X_future=None,
        history=None,
        truth=None,
        coverage=None,
        column=None,
        n_history=None,
        ax=None,
        name=None,
        **kwargs,
    ):
        """Plot the forecast of a fitted forecaster.

        Parameters
        ----------
        forecaster : forecaster
            A fitted forecaster, such as a `SlidingWindowForecaster`, or a search such as
            `GridSearchCV` over the parameters of one.

        {forecast}

        history : one series in the form of X in `fit`, or its targets, default=None
            The values before the forecast, such as the training data. If None, the context is
            drawn.

        truth : one series in the form of X in `fit`, or its targets, default=None
            The true values.

        coverage : float in (0, 1), default=None
            The coverage of the interval to draw, for a forecaster with `calibration_size`. If None,
            no interval is drawn.

        column, n_history, ax, name, **kwargs
            As in `plot`.

        Returns
        -------
        display : ForecastDisplay

        Raises
        ------
        NotFittedError
            If the forecaster is not fitted.

        ValueError
            If the forecaster cannot make this forecast, or if it was fitted on several series and
            `X` is None.

        Examples
        --------
        >>> import numpy as np
        >>> from skrnn.forecasting import SeasonalNaiveForecaster
        >>> from skrnn.inspection import ForecastDisplay
        >>> y = np.sin(np.arange(80.0) * np.pi / 6)[:, np.newaxis]
        >>> forecaster = SeasonalNaiveForecaster(period=12).fit(y[:60])
        >>> display = ForecastDisplay.from_estimator(
        ...     forecaster, 20, history=y[:60], truth=y[60:], name="seasonal"
        ... )
        >>> sorted(display.lines_)
        ['forecast', 'history', 'truth']
        """
        check_matplotlib(f"{cls.__name__}.from_estimator")
        forecaster = find_forecaster(forecaster, "forecast")
        known = {"X": X, "X_future": X_future}
        lower = upper = None
        if coverage is not None:
            lower, upper = forecaster.forecast_interval(n_steps, coverage=coverage, **known)
        display = cls(
            forecast=forecaster.forecast(n_steps, **known),
            history=history_before(forecaster, history, X),
            truth=targets_of(forecaster, truth, "truth"),
            lower=lower,
            upper=upper,
            coverage=coverage,
            name=name,
        )
        return display.plot(ax, column=column, n_history=n_history, **kwargs)

    def plot(self, ax=None, *, column=None, n_history=None, name=None, **kwargs):
        """Plot the forecast, its history, the truth and the interval.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of them, default=None
            The axes to plot on, one for each column. If None, a new figure is created.

        column : str, int or list of them, default=None
            The names or indices of the columns to plot, each in its own panel. If None, all columns
            are plotted.

        n_history : int, default=None
            The number of rows of history to draw, at least 0, from the end. If None, it is three
            times the number of forecast steps, and at least 30.

        name : str, default=None
            The label of the forecast in the legend. If None, the constructor's `name` is used.

        **kwargs : dict
            Further arguments of matplotlib's `plot` for the line of the forecast.

        Returns
        -------
        display : ForecastDisplay

        Raises
        ------
        ValueError
            If history, truth or interval do not have the columns of the forecast or have no rows at
            the required times, if `column` is not a column, or if the number of axes is not that of
            the columns.
        """
        check_matplotlib(f"{type(self).__name__}.plot")
        from matplotlib.cbook import normalize_kwargs
        from matplotlib.lines import Line2D

        parts = self._read_all_series()
        labels = column_labels([part for part in parts if part is not None])
        columns = _column_indices(column, labels)
        bounds = _read_bounds(self.lower, self.upper, parts[0])
        *curves, xlabel = place_in_time(*parts)
        n_steps = len(curves[0].x)
        curves[1] = last_rows(curves[1], n_history, default=max(30, 3 * n_steps))
        kwargs = normalize_kwargs(kwargs, Line2D)  # c=... becomes color=...
        name = self.name if name is None else name
        check_name(name)
        texts = _legend_texts(name, self.coverage)
        axes = panels(ax, len(columns), "columns")
        self.lines_, self.band_ = {}, None if bounds is None else []
        for panel, i in zip(axes, columns, strict=True):
            style = {**_forecast_style(panel, n_steps), "label": texts[0], **kwargs}
            for part, line in _plot_lines(panel, curves, i, style).items():
                self.lines_.setdefault(part, []).append(line)
            if bounds is not None:
                color = self.lines_["forecast"][-1].get_color()
                x, band = curves[0].x, [bound[:, i] for bound in bounds]
                self.band_.append(_plot_band(panel, x, *band, color=color, label=texts[1]))
            _label_axes(panel, xlabel, _ylabel(labels, i))
        add_legend(axes[0])
        self.ax_ = axes if len(axes) > 1 else axes[0]
        self.figure_ = axes[0].figure
        return self

    def _read_all_series(self):
        forecast = read_series(self.forecast, "forecast")
        history, truth = (
            None if data is None else select_columns(read_series(data, name), forecast, name)
            for data, name in ((self.history, "history"), (self.truth, "truth"))
        )
        return forecast, history, truth


def _column_indices(column, labels):
    """Return the indices of the columns to plot."""
    if column is None:
        return list(range(len(labels)))
    asked = column if isinstance(column, list) else [column]
    by_name = {label: i for i, label in enumerate(labels)}
    asked = [c if isinstance(c, Hashable) else None for c in asked]
    is_number = [isinstance(c, Integral) and 0 <= c < len(labels) for c in asked]
    if not asked or not all(c in by_name or n for c, n in zip(asked, is_number, strict=True)):
        raise ValueError(
            f"column must be among {labels}, by name or index; got {in_words(column)}."
        )
    return [by_name.get(c, c) for c in asked]


def _read_bounds(lower, upper, forecast):
    """Return the bounds of an interval as arrays, or None if there is no interval."""
    if lower is None and upper is None:
        return None
    if lower is None or upper is None:
        raise ValueError("lower and upper must be passed together, got only one of them.")
    bounds = [read_series(lower, "lower").values, read_series(upper, "upper").values]
    for bound, name in zip(bounds, ("lower", "upper"), strict=True):
        if bound.shape != forecast.values.shape:
            raise ValueError(
                f"{name} must have the shape of forecast, {forecast.values.shape}, "
                f"got {bound.shape}."
            )
    return bounds


def _legend_texts(name, coverage):
    interval = "interval" if coverage is None else f"{100 * coverage:g} % interval"
    return ("forecast", interval) if name is None else (name, f"{name}, {interval}")


def _forecast_style(panel, n_rows):
    style = next_style(panel)
    marker = style["marker"] if n_rows == 1 else None
    return {**style, "marker": marker, "linestyle": "--", "linewidth": 1.8, "zorder": 3}


def _plot_lines(panel, curves, i, forecast_style):
    """Plot the forecast, the history and the truth of one column."""
    forecast, history, truth = curves
    parts = {
        "history": (history, HISTORY),
        "truth": (truth, TRUTH),
        "forecast": (forecast, forecast_style),
    }
    lines = {}
    for part, (series, style) in parts.items():
        if series is not None:
            style = {**points_if_few(len(series.x)), **style}
            (lines[part],) = panel.plot(series.x, series.values[:, i], **style)
    if history is not None:
        panel.axvline(history.x[-1], color="0.75", linewidth=0.8, linestyle=":", zorder=0)
    return lines


def _plot_band(panel, x, lower, upper, **style):
    if len(x) == 1:  # a band needs at least two steps to be visible
        return panel.vlines(x, lower, upper, **{**BAND, **style, "linewidth": 6})
    return panel.fill_between(x, lower, upper, **{**BAND, **style})


def _ylabel(labels, i):
    label = labels[i]
    if label is None or labels == [0]:
        return "Value"
    return f"Column {label}" if isinstance(label, Integral) else str(label)


def _label_axes(panel, xlabel, ylabel):
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.ticker import MaxNLocator

    panel.set(xlabel=xlabel, ylabel=ylabel)
    panel.grid(alpha=0.3)
    locator = panel.xaxis.get_major_locator()
    if isinstance(locator, AutoDateLocator):
        panel.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=locator.tz))
    elif xlabel == "Row":
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
