"""`TrajectoryDisplay`: a forecast of two columns as a path in the plane."""

from skrnn._parameters import with_texts
from skrnn.inspection._arguments import check_name
from skrnn.inspection._figures import check_matplotlib, panels
from skrnn.inspection._forecasters import (
    FORECAST_PARAMETERS,
    find_forecaster,
    history_before,
    targets_of,
)
from skrnn.inspection._series import Curve, column_labels, last_rows, read_series, select_columns
from skrnn.inspection._styles import HISTORY, TRUTH, add_legend, next_style


class TrajectoryDisplay:
    """A forecast of two columns as a path in the plane, with the true path.

    Create it with `from_estimator`, or from a path with the constructor. A circle marks the start
    of each path and a square its end. Both axes have the same scale.

    Parameters
    ----------
    forecast : DataFrame or array-like of shape (n, 2)
        The forecast points, one row per time step.

    truth : DataFrame or array-like of shape (n_truth, 2), default=None
        The true points.

    history : DataFrame or array-like of shape (n_history, 2), default=None
        The points before the forecast.

    name : str, default=None
        The label of the forecast in the legend.

    Attributes
    ----------
    lines_ : dict of str to matplotlib Line2D
        The lines of "forecast" and, if they are drawn, "history" and "truth".

    ax_ : matplotlib Axes
        The axes.

    figure_ : matplotlib Figure
        The figure.

    See Also
    --------
    TrajectoryDisplay.from_estimator : Plot the path that a fitted forecaster forecasts.
    ForecastDisplay : Plots columns over time.

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
        n_history=None,
        ax=None,
        name=None,
        **kwargs,
    ):
        """Plot the path that a fitted forecaster forecasts.

        Parameters
        ----------
        forecaster : forecaster
            A fitted forecaster of two targets, such as a `SlidingWindowForecaster`, or a search
            such as `GridSearchCV` over the parameters of one.

        {forecast}

        history : one series in the form of X in `fit`, or its targets, default=None
            The points before the forecast, such as the training data. If None, the context is
            drawn.

        truth : one series in the form of X in `fit`, or its targets, default=None
            The true points. Points after the end of the forecast are not drawn.

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
            If the forecaster cannot make this forecast, if it does not have two targets, or if it
            was fitted on several series and `X` is None.

        Examples
        --------
        >>> import numpy as np
        >>> from skrnn.forecasting import DriftForecaster
        >>> from skrnn.inspection import TrajectoryDisplay
        >>> turn = np.arange(40.0) / 10
        >>> X = np.column_stack([np.cos(turn), np.sin(turn)])
        >>> forecaster = DriftForecaster().fit(X[:20])
        >>> display = TrajectoryDisplay.from_estimator(
        ...     forecaster, 5, X=X[:20], truth=X[20:]
        ... )
        >>> display.lines_["truth"].get_xydata().shape
        (5, 2)
        """
        check_matplotlib(f"{cls.__name__}.from_estimator")
        forecaster = find_forecaster(forecaster, "forecast")
        forecast = forecaster.forecast(n_steps, X, X_future=X_future)
        truth = targets_of(forecaster, truth, "truth")
        display = cls(
            forecast=forecast,
            truth=None if truth is None else truth[: len(forecast)],
            history=history_before(forecaster, history, X),
            name=name,
        )
        return display.plot(ax, n_history=n_history, **kwargs)

    def plot(self, ax=None, *, n_history=None, name=None, **kwargs):
        """Plot the paths.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes to plot on. If None, a new figure is created.

        n_history : int, default=None
            The number of points of history to draw, at least 0, from the end. If None, it is the
            number of forecast points, and at least 20.

        name : str, default=None
            The label of the forecast in the legend. If None, the constructor's `name` is used.

        **kwargs : dict
            Further arguments of matplotlib's `plot` for the line of the forecast.

        Returns
        -------
        display : TrajectoryDisplay

        Raises
        ------
        ValueError
            If a path does not have two columns.
        """
        check_matplotlib(f"{type(self).__name__}.plot")
        from matplotlib.cbook import normalize_kwargs
        from matplotlib.lines import Line2D

        name = self.name if name is None else name
        check_name(name)
        paths, labels = self._read_paths()
        n_steps = len(paths["forecast"].x)
        paths["history"] = last_rows(paths["history"], n_history, default=max(20, n_steps))
        kwargs = normalize_kwargs(kwargs, Line2D)  # c=... becomes color=...
        (panel,) = panels(ax, 1, "panels")
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
        """Return the paths, as x and y, and the labels of x and y."""
        given = {"forecast": self.forecast, "truth": self.truth, "history": self.history}
        parts = {
            name: None if data is None else read_series(data, name) for name, data in given.items()
        }
        _check_plane(parts["forecast"], "forecast")
        for name in ("truth", "history"):
            if parts[name] is not None:
                parts[name] = select_columns(parts[name], parts["forecast"], name)
        labels = column_labels([part for part in parts.values() if part is not None])
        paths = {
            name: None if part is None else Curve(*part.values.T) for name, part in parts.items()
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
    """Give both axes the same scale, without a narrow panel for a narrow path."""
    shared = (panel.get_shared_x_axes(), panel.get_shared_y_axes())
    # matplotlib cannot adjust limits that are shared with other panels.
    is_shared = any(len(axes.get_siblings(panel)) > 1 for axes in shared)
    panel.set_aspect("equal", adjustable="box" if is_shared else "datalim")


def _plot_path(panel, path, *, has_ends, **style):
    (line,) = panel.plot(path.x, path.values, **style)
    if has_ends:
        for i, marker, label in ((0, "o", "start"), (-1, "s", "end")):
            panel.plot(
                path.x[i],
                path.values[i],
                marker=marker,
                linestyle="none",
                color=line.get_color(),
                zorder=line.get_zorder(),
                label=label,
            )
    return line
