"""`ForecastDisplay`: a forecast beside what came before it and what came then."""

from numbers import Integral

from skrnn.inspection._figures import check_matplotlib, panels
from skrnn.inspection._forecasters import find_forecaster, history_before, targets_of
from skrnn.inspection._series import (
    choose_columns,
    column_labels,
    last_rows,
    lay_out_in_time,
    read_part,
)
from skrnn.inspection._styles import BAND, HISTORY, TRUTH, add_legend, next_style, points_if_few

__all__ = ["ForecastDisplay"]


class ForecastDisplay:
    """A forecast, with the history before it, the truth and an interval where they are known.

    Make it with `from_estimator`, or with the constructor from a forecast alone. There is a panel
    for each column. Another forecast on the same axes gets another colour.

    Parameters
    ----------
    forecast : Series, DataFrame or array-like of shape (n,) or (n, n_columns)
        A row for each step. The x axis is its index where that tells dates, durations or numbers
        and those of `history` and `truth` tell the same; else rows are numbered, those of the
        history from 0, those of the forecast on from there.

    history : as `forecast`, default=None
        What came before: its rows before the first one of the forecast. Of a table the columns of
        the forecast are taken by their names.

    truth : as `forecast`, default=None
        What came then: its rows at the times of the forecast, without times the first ones.

    lower, upper : as `forecast`, default=None
        Bounds of an interval, of the forecast's shape.

    coverage : float in (0, 1), default=None
        How likely the interval is to hold the truth, for the legend.

    name : str, default=None
        What to call the forecast in the legend.

    Attributes
    ----------
    lines_ : dict of str to list of matplotlib Line2D
        "forecast", and "history" and "truth" where they are drawn, a line for each panel.

    band_ : list of matplotlib Collection, or None
        The interval, one for each panel; None without one.

    ax_ : matplotlib Axes, or ndarray of them
        The axes; an array if several columns are drawn.

    figure_ : matplotlib Figure
        The figure.

    See Also
    --------
    ForecastDisplay.from_estimator : Plot what a fitted forecaster forecasts.
    TrajectoryDisplay : Two columns as a path in the plane.
    HorizonErrorDisplay : How far off forecasts are, step by step.

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
    def from_estimator(
        cls,
        forecaster,
        n_steps=None,
        *,
        context=None,
        future=None,
        history=None,
        truth=None,
        coverage=None,
        column=None,
        n_history=None,
        ax=None,
        name=None,
        **kwargs,
    ):
        """Plot what a fitted forecaster forecasts.

        Parameters
        ----------
        forecaster : forecaster
            A fitted forecaster, such as a `SlidingWindowForecaster`, or a search of one.

        n_steps : int, default=None
            How many steps to forecast; None: the horizon of the forecaster.

        context : one series, as X in `fit`, default=None
            Rows to go on after. None: the training data.

        future : as in `forecast`, default=None
            What is known ahead.

        history : one series, as X in `fit`, or its targets, default=None
            What to draw before the forecast, such as the training data. None: the context.

        truth : one series, as X in `fit`, or its targets, default=None
            What came then.

        coverage : float in (0, 1), default=None
            Draw the interval that is to hold the truth with this probability, which takes a
            forecaster with `calibration_size`. None: no interval.

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
            If it cannot forecast that, or forecasts several series: `context` chooses one.

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
        known = {"context": context, "future": future}
        lower = upper = None
        if coverage is not None:
            lower, upper = forecaster.forecast_interval(n_steps, **known, coverage=coverage)
        display = cls(
            forecast=forecaster.forecast(n_steps, **known),
            history=history_before(forecaster, history, context),
            truth=targets_of(forecaster, truth, "truth"),
            lower=lower,
            upper=upper,
            coverage=coverage,
            name=name,
        )
        return display.plot(ax, column=column, n_history=n_history, **kwargs)

    def plot(self, ax=None, *, column=None, n_history=None, name=None, **kwargs):
        """Plot the forecast and what it comes with.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of them, default=None
            Where to plot, as many as there are columns. None makes a new figure.

        column : str, int or list of them, default=None
            What to plot, by name or number, a panel each. None plots all columns.

        n_history : int, default=None
            How many rows of history to draw, at least 0: the last ones. None draws three times as
            many as are forecast, and at least 30.

        name : str, default=None
            What to call the forecast in the legend; None takes that of the constructor.

        **kwargs : dict
            More arguments for matplotlib's `plot`, for the line of the forecast.

        Returns
        -------
        display : ForecastDisplay

        Raises
        ------
        ValueError
            If history, truth or an interval do not have the columns of the forecast or no rows
            where they belong, if there is no such column, or if there are not as many axes as
            columns.
        """
        check_matplotlib(f"{type(self).__name__}.plot")
        from matplotlib.cbook import normalize_kwargs
        from matplotlib.lines import Line2D

        parts = self._read_parts()
        labels = column_labels([part for part in parts if part is not None])
        places = _column_places(column, labels)
        bounds = _read_bounds(self.lower, self.upper, parts[0])
        *placed, xlabel = lay_out_in_time(*parts)
        n_steps = len(placed[0].x)
        placed[1] = last_rows(placed[1], n_history, default=max(30, 3 * n_steps))
        kwargs = normalize_kwargs(kwargs, Line2D)  # so that c=... is color=...
        texts = _legend_texts(self.name if name is None else name, self.coverage)
        axes = panels(ax, len(places), "columns")
        self.lines_, self.band_ = {}, None if bounds is None else []
        for panel, place in zip(axes, places, strict=True):
            style = {**_forecast_style(panel, n_steps), "label": texts[0], **kwargs}
            for part, line in _plot_lines(panel, placed, place, style).items():
                self.lines_.setdefault(part, []).append(line)
            if bounds is not None:
                color = self.lines_["forecast"][-1].get_color()
                x, band = placed[0].x, [bound[:, place] for bound in bounds]
                self.band_.append(_plot_band(panel, x, *band, color=color, label=texts[1]))
            _label_axes(panel, xlabel, _ylabel(labels, place))
        add_legend(axes[0])
        self.ax_ = axes if len(axes) > 1 else axes[0]
        self.figure_ = axes[0].figure
        return self

    def _read_parts(self):
        forecast = read_part(self.forecast, "forecast")
        history, truth = (
            None if data is None else choose_columns(read_part(data, name), forecast, name)
            for data, name in ((self.history, "history"), (self.truth, "truth"))
        )
        return forecast, history, truth


def _column_places(column, labels):
    """Return the numbers of the columns to plot."""
    if column is None:
        return list(range(len(labels)))
    asked = column if isinstance(column, list) else [column]
    by_name = {label: place for place, label in enumerate(labels)}
    is_number = [isinstance(c, Integral) and 0 <= c < len(labels) for c in asked]
    if not asked or not all(c in by_name or n for c, n in zip(asked, is_number, strict=True)):
        raise ValueError(f"column must be among {labels}, by name or number; got {column!r}.")
    return [by_name.get(c, c) for c in asked]


def _read_bounds(lower, upper, forecast):
    """Return the bounds of an interval as arrays, None without one."""
    if lower is None and upper is None:
        return None
    if lower is None or upper is None:
        raise ValueError("lower and upper make an interval together; got one of them.")
    bounds = [read_part(lower, "lower").values, read_part(upper, "upper").values]
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


def _plot_lines(panel, placed, place, forecast_style):
    """Plot the forecast, the history and the truth of one column."""
    forecast, history, truth = placed
    parts = {
        "history": (history, HISTORY),
        "truth": (truth, TRUTH),
        "forecast": (forecast, forecast_style),
    }
    lines = {}
    for part, (series, style) in parts.items():
        if series is not None:
            style = {**points_if_few(len(series.x)), **style}
            (lines[part],) = panel.plot(series.x, series.values[:, place], **style)
    if history is not None:
        panel.axvline(history.x[-1], color="0.75", linewidth=0.8, linestyle=":", zorder=0)
    return lines


def _plot_band(panel, x, lower, upper, **style):
    if len(x) == 1:  # a band without width would not be seen
        return panel.vlines(x, lower, upper, **{**BAND, **style, "linewidth": 6})
    return panel.fill_between(x, lower, upper, **{**BAND, **style})


def _ylabel(labels, place):
    label = labels[place]
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
