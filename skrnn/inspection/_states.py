"""`StateDisplay`: the hidden states of a network over time."""

import numpy as np

from skrnn._parameters import with_texts
from skrnn.inspection._arguments import check_sequence
from skrnn.inspection._figures import check_matplotlib, panels
from skrnn.inspection._networks import NETWORK_TEXTS, find_network
from skrnn.inspection._units import check_kind, check_labels_of_steps, label_steps, plot_units


class StateDisplay:
    """The hidden states of the last recurrent layer over one sequence.

    Create it with `from_estimator`, or from states with the constructor.

    Parameters
    ----------
    states : array-like of shape (T, units)
        The states of one sequence, such as one item of
        ``estimator.hidden_states(X, return_sequences=True)``.

    labels : list of str, default=None
        The label of each time step, such as the words of a sentence.

    Attributes
    ----------
    image_ : matplotlib AxesImage or None
        The image. None if lines are drawn.

    lines_ : list of matplotlib Line2D or None
        The line of each unit. None if an image is drawn.

    ax_ : matplotlib Axes
        The axes.

    figure_ : matplotlib Figure
        The figure.

    See Also
    --------
    GateDisplay : Plots gates and states of any layer.

    Examples
    --------
    >>> from skrnn.inspection import StateDisplay
    >>> display = StateDisplay(states=[[0.1, -0.2], [0.5, 0.4], [0.9, 0.3]]).plot()
    >>> display.image_.get_array().shape
    (2, 3)
    """

    def __init__(self, *, states, labels=None):
        self.states = states
        self.labels = labels

    @classmethod
    @with_texts(**NETWORK_TEXTS)
    def from_estimator(cls, estimator, X, *, sequence=0, labels=None, kind="image", ax=None):
        """Plot the hidden states of a fitted estimator.

        Parameters
        ----------
        {one_sequence}

        labels : list of str, default=None
            The label of each time step.

        kind, ax
            As in `plot`.

        Returns
        -------
        display : StateDisplay

        Raises
        ------
        {network_errors}

        ValueError
            If X does not have the sequence.
        """
        check_matplotlib(f"{cls.__name__}.from_estimator")
        check_kind(kind)
        network, X = find_network(estimator, X, f"{cls.__name__}.from_estimator")
        sequence = check_sequence(sequence, X)
        states = network.hidden_states(X, return_sequences=True)[sequence]
        return cls(states=states, labels=labels).plot(ax, kind=kind)

    def plot(self, ax=None, *, kind="image"):
        """Plot the states.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes to plot on. If None, a new figure is created.

        kind : {"image", "lines"}, default="image"
            "image" draws one row per unit, and "lines" one line per unit.

        Returns
        -------
        display : StateDisplay

        Raises
        ------
        ValueError
            If `kind` is not valid, or if there is not one label per time step.
        """
        check_matplotlib(f"{type(self).__name__}.plot")
        check_kind(kind)
        states = np.asarray(self.states)
        check_labels_of_steps(self.labels, len(states))
        (panel,) = panels(ax, 1, "panels")
        drawn = plot_units(panel, states, kind=kind)
        self.image_, self.lines_ = (drawn, None) if kind == "image" else (None, drawn)
        if kind == "lines":
            panel.set_ylabel("Hidden state")
        label_steps(panel, self.labels, len(states))
        self.ax_, self.figure_ = panel, panel.figure
        return self
