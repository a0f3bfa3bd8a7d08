"""`TrajectoryDisplay`: a forecast of two columns as a path in the plane."""

from skrnn.inspection._figures import check_matplotlib, panels
from skrnn.inspection._forecasters import find_forecaster, history_before, targets_of
from skrnn.inspection._series import Placed, choose_columns, column_labels, last_rows, read_part
from skrnn.inspection._styles import HISTORY, TRUTH, add_legend, next_style

__all__ = ["TrajectoryDisplay"]


class TrajectoryDisplay:
    """The path that was forecast in the plane, beside the true one.

    Make it with `from_estimator`, or with the constructor from a path alone. A circle marks where
    each path starts, a square where it ends; one unit is as long in both directions.

    Parameters
    ----------
    forecast : DataFrame or array-like of shape (n, 2)
        The points that were forecast, step after step.

    truth : DataFrame or array-like of shape (n_truth, 2), default=None
        The points that came.

    history : DataFrame or array-like of shape (n_history, 2), default=None
        The points before the forecast.

    name : str, default=None
        What to call the forecast in the legend.

    Attributes
    ----------
    lines_ : dict of str to matplotlib Line2D
        "forecast", and "history" and "truth" where they are drawn.

    ax_ : matplotlib Axes
        The axes.

    figure_ : matplotlib Figure
        The figure.

    See Also
    --------
    TrajectoryDisplay.from_estimator : Plot the path that a fitted forecaster forecasts.
    ForecastDisplay : Columns over time.

    Examples
    --------
    >>> from skrnn.inspection import TrajectoryDisplay
    >>> truth = [[0.0, 0.0], [0.5, 0.1], [0.9, 0.4]]
    >>> forecast = [[0.0, 0.0], [0.5, 0.0], [1.0, 0.2]]
    >>> display = TrajectoryDisplay(forecast=forecast, truth=truth).plot()
    >>> display.lines_["truth"].get_xdata().tolist()
    [0.0, 0.5, 0.9]
    """

    def __init__(self, *, forecast, truth=None, history=None, name=None):
        self.forecast = forecast
        self.truth = truth
        self.history = history
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
        n_history=None,
        ax=None,
        name=None,
        **kwargs,
    ):
        """Plot the path that a fitted forecaster forecasts.

        Parameters
        ----------
        forecaster : forecaster
            A fitted forecaster of two targets, such as a `SlidingWindowForecaster`, or a search of
            one.

        n_steps : int, default=None
            How many steps to forecast; None: the horizon of the forecaster.

        context : one series, as X in `fit`, default=None
            Rows to go on after. None: the training data.

        future : as in `forecast`, default=None
            What is known ahead.

        history : one series, as X in `fit`, or its targets, default=None
            The points before the forecast, such as the training data. None: the context.

        truth : one series, as X in `fit`, or its targets, default=None
            The points that came; as many as are forecast are drawn, the first ones.

        n_history, ax, name, **kwargs
            As in `plot`.

        Returns
        -------
        display : TrajectoryDisplay

        Raises
        ------
        NotFittedError
            If the forecaster is not fitted.

        ValueError
            If it cannot forecast that, has not two targets, or forecasts several series: `context`
            chooses one.

        Examples
        --------
        >>> import numpy as np
        >>> from skrnn.forecasting import DriftForecaster
        >>> from skrnn.inspection import TrajectoryDisplay
        >>> turn = np.arange(40.0) / 10
        >>> X = np.column_stack([np.cos(turn), np.sin(turn)])
        >>> forecaster = DriftForecaster().fit(X[:20])
        >>> display = TrajectoryDisplay.from_estimator(
        ...     forecaster, 5, context=X[:20], truth=X[20:]
        ... )
        >>> display.lines_["truth"].get_xydata().shape
        (5, 2)
        """
        check_matplotlib(f"{cls.__name__}.from_estimator")
        forecaster = find_forecaster(forecaster, "forecast")
        forecast = forecaster.forecast(n_steps, context=context, future=future)
        truth = targets_of(forecaster, truth, "truth")
        display = cls(
            forecast=forecast,
            truth=None if truth is None else truth[: len(forecast)],
            history=history_before(forecaster, history, context),
            name=name,
        )
        return display.plot(ax, n_history=n_history, **kwargs)

    def plot(self, ax=None, *, n_history=None, name=None, **kwargs):
        """Plot the paths.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to plot. None makes a new figure.

        n_history : int, default=None
            How many points of history to draw, at least 0: the last ones. None draws as many as
            are forecast, and at least 20.

        name : str, default=None
            What to call the forecast in the legend; None takes that of the constructor.

        **kwargs : dict
            More arguments for matplotlib's `plot`, for the line of the forecast.

        Returns
        -------
        display : TrajectoryDisplay

        Raises
        ------
        ValueError
            If a path has not two columns.
        """
        check_matplotlib(f"{type(self).__name__}.plot")
        from matplotlib.cbook import normalize_kwargs
        from matplotlib.lines import Line2D

        paths, labels = self._read_paths()
        n_steps = len(paths["forecast"].x)
        paths["history"] = last_rows(paths["history"], n_history, default=max(20, n_steps))
        kwargs = normalize_kwargs(kwargs, Line2D)  # so that c=... is color=...
        (panel,) = panels(ax, 1, "panels")
        name = self.name if name is None else name
        forecast_style = {**next_style(panel), "marker": None, **_FORECAST}
        forecast_style |= {"label": "forecast" if name is None else name, **kwargs}
        styles = {"history": HISTORY, "truth": TRUTH, "forecast": forecast_style}
        self.lines_ = {
            part: _plot_path(panel, paths[part], has_ends=part != "history", **style)
            for part, style in styles.items()
            if paths[part] is not None
        }
        panel.set(xlabel=labels[0], ylabel=labels[1])
        _set_equal_aspect(panel)
        panel.grid(alpha=0.3)
        add_legend(panel)
        self.ax_, self.figure_ = panel, panel.figure
        return self

    def _read_paths(self):
        """Return the paths, as x and y, and what x and y are called."""
        given = {"forecast": self.forecast, "truth": self.truth, "history": self.history}
        parts = {
            name: None if data is None else read_part(data, name) for name, data in given.items()
        }
        _check_plane(parts["forecast"], "forecast")
        for name in ("truth", "history"):
            if parts[name] is not None:
                parts[name] = choose_columns(parts[name], parts["forecast"], name)
        labels = column_labels([part for part in parts.values() if part is not None])
        paths = {
            name: None if part is None else Placed(*part.values.T) for name, part in parts.items()
        }
        return paths, ["x", "y"] if labels == [0, 1] else labels


_FORECAST = {"linestyle": "--", "linewidth": 1.8, "zorder": 3}


def _check_plane(part, name):
    if part.values.shape[1] != 2:
        raise ValueError(
            f"{name} must have two columns, for a path in the plane; got {part.values.shape[1]}. "
            "ForecastDisplay draws any number of columns over time."
        )


def _set_equal_aspect(panel):
    """Make a unit as long in both directions, without a narrow panel for a narrow path."""
    shared = (panel.get_shared_x_axes(), panel.get_shared_y_axes())
    # Limits cannot give way where other panels have them too; matplotlib refuses that.
    is_shared = any(len(axes.get_siblings(panel)) > 1 for axes in shared)
    panel.set_aspect("equal", adjustable="box" if is_shared else "datalim")


def _plot_path(panel, path, *, has_ends, **style):
    (line,) = panel.plot(path.x, path.values, **style)
    if has_ends:
        for place, marker, label in ((0, "o", "start"), (-1, "s", "end")):
            panel.plot(
                path.x[place],
                path.values[place],
                marker=marker,
                linestyle="none",
                color=line.get_color(),
                zorder=line.get_zorder(),
                label=label,
            )
    return line
