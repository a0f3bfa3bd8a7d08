"""`HorizonErrorDisplay`: the errors of forecasts at each step ahead."""

from collections.abc import Hashable

import numpy as np
import pandas as pd

from skrnn._check_arrays import in_words
from skrnn.inspection._arguments import check_name
from skrnn.inspection._figures import check_matplotlib, panels
from skrnn.inspection._forecasters import find_forecaster
from skrnn.inspection._styles import BAND, add_legend, next_style

# The columns of the table that are not errors.
_KEYS = ("fold", "step")
_COUNT = "n"
# The approximate number of markers of a line.
_N_MARKERS = 12


class HorizonErrorDisplay:
    """Errors by horizon: the mean over folds at each step ahead, and the standard deviation.

    Create it with `from_estimator`, or from the results of `backtest` to show several forecasters
    in one figure. Forecasters on the same axes have different colours.

    Parameters
    ----------
    errors : DataFrame, or dict of str to DataFrame
        The table that the `backtest` of a forecaster returns: one row for each fold and step, with
        the columns "fold", "step" and one for each error, such as "mae" and "rmse". A dict holds
        the tables of several forecasters by name.

    name : str, default=None
        The label of a single forecaster in the legend.

    Attributes
    ----------
    lines_ : dict of str to matplotlib Line2D
        The mean errors, by the labels in the legend.

    bands_ : dict of str to matplotlib Collection
        One standard deviation above and below the mean. Empty if there is only one fold.

    ax_ : matplotlib Axes
        The axes.

    figure_ : matplotlib Figure
        The figure.

    See Also
    --------
    HorizonErrorDisplay.from_estimator : Measure and plot the errors of a forecaster.
    ForecastDisplay : Plots forecasts.

    Examples
    --------
    >>> import pandas as pd
    >>> from skrnn.inspection import HorizonErrorDisplay
    >>> errors = pd.DataFrame(
    ...     {"fold": [0, 0, 1, 1], "step": [1, 2, 1, 2], "mae": [1.0, 2.0, 2.0, 4.0]}
    ... )
    >>> display = HorizonErrorDisplay(errors={"drift": errors}).plot()
    >>> display.lines_["drift"].get_ydata().tolist()
    [1.5, 3.0]
    """

    def __init__(self, *, errors, name=None):
        self.errors = errors
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        forecaster,
        X,
        y=None,
        *,
        cv=None,
        series_id=None,
        metric="mae",
        ax=None,
        name=None,
        **kwargs,
    ):
        """Measure the errors of a forecaster in cross-validation, and plot them.

        Parameters
        ----------
        forecaster : forecaster
            A forecaster, such as a `SlidingWindowForecaster`. It need not be fitted, because a
            clone is fitted in each fold. If it is a fitted search, its best forecaster is used.

        X, y, cv, series_id
            As in `backtest`.

        metric, ax, **kwargs
            As in `plot`.

        name : str, default=None
            The label of the forecaster in the legend. If None, this is the name of its class.

        Returns
        -------
        display : HorizonErrorDisplay

        Examples
        --------
        >>> import numpy as np
        >>> from skrnn.forecasting import PersistenceForecaster
        >>> from skrnn.inspection import HorizonErrorDisplay
        >>> X = np.arange(60.0)[:, np.newaxis]
        >>> display = HorizonErrorDisplay.from_estimator(PersistenceForecaster(horizon=3), X, cv=3)
        >>> display.lines_["PersistenceForecaster"].get_ydata().tolist()
        [1.0, 2.0, 3.0]
        """
        check_matplotlib(f"{cls.__name__}.from_estimator")
        check_name(name)
        forecaster = find_forecaster(forecaster, "backtest")
        errors = forecaster.backtest(X, y, cv=cv, series_id=series_id)
        display = cls(errors=errors, name=type(forecaster).__name__ if name is None else name)
        return display.plot(ax, metric=metric, **kwargs)

    def plot(self, ax=None, *, metric="mae", name=None, **kwargs):
        """Plot the errors.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes to plot on. If None, a new figure is created.

        metric : str, default="mae"
            The error to plot: a column of the tables.

        name : str, default=None
            The label of a single forecaster in the legend. If None, the constructor's `name` is
            used.

        **kwargs : dict
            Further arguments of matplotlib's `plot`.

        Returns
        -------
        display : HorizonErrorDisplay

        Raises
        ------
        TypeError
            If the table of a forecaster is not a DataFrame.

        ValueError
            If `errors` is an empty dict, or if a table does not have the columns "fold", "step" and
            `metric`, or contains only NaN for this metric.
        """
        check_matplotlib(f"{type(self).__name__}.plot")
        from matplotlib.cbook import normalize_kwargs
        from matplotlib.lines import Line2D

        name = self.name if name is None else name
        check_name(name)
        curves = _read_curves(self.errors, metric, name)
        kwargs = normalize_kwargs(kwargs, Line2D)  # so that c=... is color=...
        (panel,) = panels(ax, 1, "panels")
        self.lines_, self.bands_ = {}, {}
        for label, by_step in curves.items():
            line = self.lines_[label] = _plot_mean(panel, by_step, {"label": label, **kwargs})
            if (by_step["n_folds"] > 1).any():
                self.bands_[label] = _plot_deviation(panel, by_step, line.get_color())
        _label_axes(panel, metric, has_bands=bool(self.bands_))
        self.ax_, self.figure_ = panel, panel.figure
        return self


def _read_curves(errors, metric, name):
    """Return a table with the mean and the deviation of each step, by the labels in the legend."""
    if not isinstance(errors, dict):
        errors = {"mean error" if name is None else name: errors}
    elif not errors:
        raise ValueError("errors must hold a table of at least one forecaster, got an empty dict.")
    return {label: _by_step(table, metric, label) for label, table in errors.items()}


def _by_step(table, metric, label):
    """Return the mean and the standard deviation over folds for each step.

    Examples
    --------
    >>> errors = pd.DataFrame({"fold": [0, 1], "step": [1, 1], "mae": [2.0, 4.0]})
    >>> _by_step(errors, "mae", "drift")
          mean  deviation  n_folds
    step
    1      3.0        1.0        2
    """
    if not isinstance(table, pd.DataFrame):
        raise TypeError(
            f"errors of {label!r} must be a DataFrame, as backtest returns, got a "
            f"{type(table).__name__}."
        )
    columns = list(table.columns)
    missing = [key for key in _KEYS if key not in columns]
    if missing:
        raise ValueError(f"errors of {label!r} must have the columns {missing}, got {columns}.")
    metrics = [column for column in columns if column not in (*_KEYS, _COUNT)]
    if not isinstance(metric, Hashable) or metric not in metrics:
        raise ValueError(
            f"metric must be among {metrics}, as in the errors; got {in_words(metric)}."
        )
    if table[metric].isna().all():
        raise ValueError(f"errors of {label!r} contain no {metric}: {len(table)} row(s), all NaN.")
    by_step = table.groupby("step")[metric]
    # The deviation of these folds, as in scikit-learn's displays, not an estimate for new folds.
    return pd.DataFrame(
        {"mean": by_step.mean(), "deviation": by_step.std(ddof=0), "n_folds": by_step.count()}
    )


def _plot_mean(panel, by_step, style):
    default = {"markevery": max(1, -(-len(by_step) // _N_MARKERS)), "markersize": 5}
    style = {**next_style(panel), **default, **style}
    (line,) = panel.plot(by_step.index.to_numpy(), by_step["mean"].to_numpy(), **style)
    return line


def _plot_deviation(panel, by_step, color):
    mean, deviation = by_step["mean"].to_numpy(), by_step["deviation"].to_numpy()
    bounds, x = (mean - deviation, mean + deviation), by_step.index.to_numpy()
    if len(x) == 1:  # a band needs at least two steps to be visible
        return panel.vlines(x, *bounds, color=color, alpha=0.5)
    return panel.fill_between(x, *bounds, color=color, **BAND)


def _label_axes(panel, metric, *, has_bands):
    from matplotlib.ticker import MaxNLocator

    label = metric.upper() if len(metric) <= 4 else metric.replace("_", " ").capitalize()
    panel.set(xlabel="Steps ahead", ylabel=label)
    if min(np.nanmin(line.get_ydata()) for line in panel.lines) >= 0:
        # From 0 on, the height of a line is proportional to the error.
        panel.set_ylim(bottom=0, auto=None)
    panel.set_xlim(left=0.5, auto=None)  # there is no step 0; the right limit stays automatic
    panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    panel.grid(alpha=0.3)
    add_legend(panel, title="mean and standard deviation over folds" if has_bands else None)
