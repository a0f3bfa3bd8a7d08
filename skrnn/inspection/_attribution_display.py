"""`AttributionDisplay`: attributions of one sequence, as a heat map or with its words."""

import numpy as np

from skrnn.inspection._arguments import check_labels, check_sequence
from skrnn.inspection._attributions import feature_attributions
from skrnn.inspection._figures import check_matplotlib, panels
from skrnn.inspection._units import check_labels_of_steps, label_steps


class AttributionDisplay:
    """The attributions of the time steps and features of one sequence.

    Create it with `from_estimator`, or from attributions with the constructor. Attributions of
    features are drawn as a heat map, with one row per feature. Attributions of tokens are drawn as
    bars next to the words, which are read from top to bottom. Red is positive and blue is negative.

    Parameters
    ----------
    attributions : array-like of shape (T, n_features) or (T,)
        The attributions of one sequence, such as one item of the return value of
        `feature_attributions`.

    labels : list of str, default=None
        The label of each time step, such as the words of a sentence.

    feature_names : list of str, default=None
        The names of the features. If None, the features are numbered. Only used for attributions
        of features.

    Attributes
    ----------
    image_ : matplotlib AxesImage or None
        The heat map. None if bars are drawn.

    bars_ : matplotlib BarContainer or None
        The bars. None if a heat map is drawn.

    ax_ : matplotlib Axes
        The axes.

    figure_ : matplotlib Figure
        The figure.

    See Also
    --------
    feature_attributions : Computes attributions, and explains them.

    Examples
    --------
    >>> from skrnn.inspection import AttributionDisplay
    >>> display = AttributionDisplay(
    ...     attributions=[0.1, -0.2, 0.6], labels=["not", "so", "good"]
    ... ).plot()
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['not', 'so', 'good']
    """

    def __init__(self, *, attributions, labels=None, feature_names=None):
        self.attributions = attributions
        self.labels = labels
        self.feature_names = feature_names

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        *,
        sequence=0,
        method="integrated_gradients",
        target=None,
        time_step=None,
        baseline=None,
        n_steps=64,
        labels=None,
        feature_names=None,
        ax=None,
    ):
        """Compute and plot the attributions of one sequence.

        Parameters
        ----------
        estimator, X, method, target, time_step, baseline, n_steps
            As in `feature_attributions`. `target` is a single class label or index.

        sequence : int, default=0
            The index of the sequence in X.

        labels : list of str, default=None
            The label of each time step.

        feature_names : list of str, default=None
            The names of the features. If None, they are `feature_names_in_` if the estimator has
            one per feature.

        ax : matplotlib Axes, default=None
            The axes to plot on. If None, a new figure is created.

        Returns
        -------
        display : AttributionDisplay

        Raises
        ------
        NotFittedError, TypeError, ValueError
            As in `feature_attributions`, and if `sequence` is not the index of a sequence in X.
        """
        check_matplotlib(f"{cls.__name__}.from_estimator")
        sequence = check_sequence(sequence, X)
        one = X.iloc[[sequence]] if hasattr(X, "iloc") else [X[sequence]]
        attributions = feature_attributions(
            estimator,
            one,
            method=method,
            target=target,
            time_step=time_step,
            baseline=baseline,
            n_steps=n_steps,
        )[0]
        if feature_names is None:
            names = getattr(estimator, "feature_names_in_", ())
            has_all = attributions.ndim == 2 and len(names) == attributions.shape[1]
            feature_names = names if has_all else None
        display = cls(attributions=attributions, labels=labels, feature_names=feature_names)
        return display.plot(ax)

    def plot(self, ax=None):
        """Plot the attributions.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes to plot on. If None, a new figure is created.

        Returns
        -------
        display : AttributionDisplay

        Raises
        ------
        ValueError
            If there is not one label per time step, or not one name per feature.
        """
        check_matplotlib(f"{type(self).__name__}.plot")
        values = np.asarray(self.attributions)
        check_labels_of_steps(self.labels, len(values))
        names = self.feature_names
        if values.ndim == 2:
            check_labels(names, values.shape[1], "feature_names", "feature")
        (panel,) = panels(ax, 1, "panels")
        limit = float(np.abs(values).max()) or 1.0
        self.image_ = self.bars_ = None
        if values.ndim == 1:
            self.bars_ = _plot_bars(panel, values, self.labels, limit)
        else:
            self.image_ = _plot_heat_map(panel, values, self.labels, names, limit)
        self.ax_, self.figure_ = panel, panel.figure
        return self


def _plot_bars(panel, values, labels, limit):
    """Plot one bar per time step, next to its label."""
    import matplotlib

    colors = matplotlib.colormaps["RdBu_r"](0.5 + 0.5 * values / limit)
    steps = np.arange(len(values))
    bars = panel.barh(steps, values, color=colors, edgecolor="0.4", linewidth=0.5)
    panel.axvline(0, color="0.2", linewidth=0.8)
    panel.set_xlabel("Attribution")
    panel.invert_yaxis()
    if labels is None:
        panel.set_ylabel("Time step")
    else:
        panel.set_yticks(steps, [str(label) for label in labels])
    return bars


def _plot_heat_map(panel, values, labels, names, limit):
    """Plot one row per feature and one column per time step."""
    image = panel.imshow(
        values.T, aspect="auto", interpolation="nearest", cmap="RdBu_r", vmin=-limit, vmax=limit
    )
    panel.figure.colorbar(image, ax=panel, label="Attribution")
    label_steps(panel, labels, len(values))
    panel.set_yticks(np.arange(values.shape[1]), names)
    panel.set_ylabel("Feature")
    return image
