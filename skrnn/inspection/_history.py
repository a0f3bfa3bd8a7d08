"""`HistoryDisplay`: the learning curves of a fit."""

from collections.abc import Collection

import numpy as np

from skrnn.inspection._arguments import check_name
from skrnn.inspection._figures import check_matplotlib, inner_with, panels


class HistoryDisplay:
    """Learning curves: the loss and the metrics of each epoch, for training and validation data.

    Use `from_estimator` to create it from a fitted estimator, or the constructor to create it from
    a history. A dot marks the epoch with the lowest validation loss.

    Parameters
    ----------
    history : dict of str to list of float
        The `history_` of a fitted estimator. It has one value per epoch for `"loss"` and for each
        metric, and if there were validation data also for `"val_loss"` and `"val_<metric>"`.

    name : str, default=None
        Name of the fitted estimator in the legend. If None, the legend shows no name.

    Attributes
    ----------
    lines_ : dict of str to matplotlib Line2D
        The curves. The keys are their names in `history`.

    ax_ : matplotlib Axes, or ndarray of them
        The axes of the plot; an array if several metrics were plotted.

    figure_ : matplotlib Figure
        The figure that contains the axes.

    best_epoch_ : int or None
        The epoch with the lowest validation loss, counted from 1. It is None if the history has no
        validation loss.

    See Also
    --------
    HistoryDisplay.from_estimator : Plot the learning curves of a fitted estimator.

    Examples
    --------
    >>> from skrnn.inspection import HistoryDisplay
    >>> history = {"loss": [1.0, 0.6, 0.4], "val_loss": [1.1, 0.8, 0.9]}
    >>> display = HistoryDisplay(history=history).plot()
    >>> display.best_epoch_
    2
    """

    def __init__(self, *, history, name=None):
        self.history = history
        self.name = name

    @classmethod
    def from_estimator(cls, estimator, *, metrics=None, ax=None, name=None, **kwargs):
        """Plot the learning curves of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            A fitted estimator with `history_`, or a Pipeline, GridSearchCV or similar
            meta-estimator that contains one.

        metrics : str or list of str, default=None
            Names of the metrics to plot, without `"val_"`. Each gets its own axes, which also show
            its validation values. If None, the loss is plotted.

        ax : matplotlib Axes or array-like of them, default=None
            Axes to plot on, one per metric. If None, a new figure is created.

        name : str, default=None
            Name of the estimator in the legend. If None, the legend shows no name.

        **kwargs : dict
            Additional keyword arguments passed to matplotlib's `plot`.

        Returns
        -------
        display : HistoryDisplay
            The display with the plotted curves.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.

        ValueError
            If the estimator has no `history_`, or its history does not contain one of `metrics`.

        Examples
        --------
        >>> from types import SimpleNamespace
        >>> from skrnn.inspection import HistoryDisplay
        >>> fitted = SimpleNamespace(history_={"loss": [1.0, 0.6], "accuracy": [0.5, 0.8]})
        >>> display = HistoryDisplay.from_estimator(fitted, metrics=["loss", "accuracy"])
        >>> sorted(display.lines_)
        ['accuracy', 'loss']
        """
        check_matplotlib(f"{cls.__name__}.from_estimator")
        display = cls(history=_find_history(estimator), name=name)
        return display.plot(ax, metrics=metrics, **kwargs)

    def plot(self, ax=None, *, metrics=None, name=None, **kwargs):
        """Plot the learning curves.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of them, default=None
            Axes to plot on, one per metric. If None, a new figure is created.

        metrics : str or list of str, default=None
            Names of the metrics to plot, without `"val_"`. Each gets its own axes, which also show
            its validation values. If None, the loss is plotted.

        name : str, default=None
            Name of the estimator in the legend. If None, the name passed to the constructor is
            used.

        **kwargs : dict
            Additional keyword arguments passed to matplotlib's `plot`.

        Returns
        -------
        display : HistoryDisplay
            The display with the plotted curves.

        Raises
        ------
        ValueError
            If the history does not contain one of `metrics`, or the number of axes is not
            the number of metrics.
        """
        check_matplotlib(f"{type(self).__name__}.plot")
        from matplotlib.cbook import normalize_kwargs
        from matplotlib.lines import Line2D

        metrics = _read_metrics(metrics, self.history)
        name = self.name if name is None else name
        check_name(name)
        kwargs = normalize_kwargs(kwargs, Line2D)  # e.g. c=... becomes color=...
        axes = panels(ax, len(metrics), "metrics")
        self.best_epoch_ = _best_epoch(self.history)
        self.lines_ = {}
        for panel, metric in zip(axes, metrics, strict=True):
            curves = _plot_curves(panel, self.history, metric, name, kwargs)
            self._mark_best_epoch(panel, curves.get(f"val_{metric}"))
            self.lines_.update(curves)
            _label_axes(panel, metric)
        self.ax_ = axes if len(axes) > 1 else axes[0]
        self.figure_ = axes[0].figure
        return self

    def _mark_best_epoch(self, panel, line):
        if self.best_epoch_ is None or line is None:
            return
        value = line.get_ydata()[self.best_epoch_ - 1]
        panel.plot(
            self.best_epoch_,
            value,
            marker="o",
            linestyle="none",
            color=line.get_color(),
            label=f"lowest validation loss: epoch {self.best_epoch_}",
        )


def _find_history(estimator):
    """Return the `history_` of an estimator or of the one inside a Pipeline, GridSearchCV, ..."""
    return inner_with(estimator, "history_", "history_").history_


def _best_epoch(history):
    """Return the epoch with the lowest validation loss, counted from 1, or None."""
    loss = np.asarray(history.get("val_loss", []), dtype=float)
    return int(np.nanargmin(loss)) + 1 if np.isfinite(loss).any() else None


def _read_metrics(metrics, history):
    """Return the names of the metrics to plot as a list."""
    if metrics is None:
        metrics = ["loss"]
    asked = [metrics] if isinstance(metrics, str) else metrics
    known = [name for name in history if not name.startswith("val_")]
    are_names = isinstance(asked, Collection) and all(isinstance(name, str) for name in asked)
    if not are_names or len(asked) == 0 or not set(asked) <= set(known):
        raise ValueError(
            f"`metrics` must be among {known}, the metrics of the history; got {metrics}."
        )
    return list(asked)


def _plot_curves(panel, history, metric, name, kwargs):
    """Plot the training curve of a metric, and its validation curve if there is one.

    Both have the same colour, so that several fits can be distinguished on the same axes.
    """
    prefix = "" if name is None else f"{name}, "
    validation = f"val_{metric}"
    curves, style = {}, {}
    if validation in history:
        line = _plot_epochs(panel, history[validation], {"label": f"{prefix}validation", **kwargs})
        curves[validation] = line
        style = {"color": line.get_color(), "linestyle": "--", "alpha": 0.7}
    style = {"label": f"{prefix}training", **style, **kwargs}
    curves[metric] = _plot_epochs(panel, history[metric], style)
    return curves


def _plot_epochs(panel, values, style):
    marker = "o" if len(values) == 1 else None  # a line with a single point is not visible
    values = np.asarray(values, dtype=float)
    (line,) = panel.plot(np.arange(1, len(values) + 1), values, **{"marker": marker, **style})
    return line


def _label_axes(panel, metric):
    from matplotlib.ticker import MaxNLocator

    panel.set(xlabel="Epoch", ylabel=metric.replace("_", " ").capitalize())
    panel.set_xlim(left=0.5, auto=None)  # epochs start at 1; the right limit stays automatic
    panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    panel.grid(alpha=0.3)
    panel.legend()
