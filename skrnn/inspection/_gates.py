"""`GateDisplay`: the gates and the states of a recurrent layer over one sequence."""

from collections.abc import Sequence

import numpy as np

from skrnn._check_arrays import in_words
from skrnn._parameters import with_texts
from skrnn.inspection._arguments import check_index, check_sequence
from skrnn.inspection._figures import check_matplotlib, panels
from skrnn.inspection._networks import NETWORK_TEXTS, find_network
from skrnn.inspection._units import check_kind, check_labels_of_steps, label_steps, plot_units
from skrnn.recurrent._look_inside import states_and_gates

_STATES = ("hidden state", "cell state")


class GateDisplay:
    """The gates and the states of a recurrent layer over one sequence.

    Create it with `from_estimator`, or from arrays with the constructor. There is one panel for
    each gate and each state.

    Parameters
    ----------
    gates : dict of str to array-like of shape (T, units)
        The values of each gate, between 0 (closed) and 1 (open).

    states : dict of str to array-like of shape (T, units), default=None
        The values of each state.

    labels : list of str, default=None
        The label of each time step, such as the words of a sentence.

    Attributes
    ----------
    drawn_ : dict of str to matplotlib AxesImage or list of matplotlib Line2D
        The image or the lines of each panel.

    ax_ : ndarray of matplotlib Axes
        The axes of the panels.

    figure_ : matplotlib Figure
        The figure.

    See Also
    --------
    StateDisplay : Plots the hidden states of the last layer.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> from skrnn.inspection import GateDisplay
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((20, 6, 1))
    >>> regressor = RNNRegressor(cell="lstm", units=4, epochs=2, random_state=0).fit(X, X[:, 0, 0])
    >>> display = GateDisplay.from_estimator(regressor, X[:1])
    >>> list(display.gates), list(display.states)
    (['input', 'forget', 'output'], ['hidden state', 'cell state'])
    >>> display.gates["forget"].shape
    (6, 4)
    """

    def __init__(self, *, gates, states=None, labels=None):
        self.gates = gates
        self.states = states
        self.labels = labels

    @classmethod
    @with_texts(**NETWORK_TEXTS)
    def from_estimator(
        cls,
        estimator,
        X,
        *,
        sequence=0,
        layer=-1,
        backward=False,
        units=None,
        labels=None,
        kind="image",
        ax=None,
    ):
        """Plot the gates and the states of a fitted estimator.

        Parameters
        ----------
        {one_sequence}

        layer : int, default=-1
            The index of the recurrent layer in the stack.

        backward : bool, default=False
            Whether to plot the layer that reads the sequence backward, if the layers are
            bidirectional. It is plotted in the order of the sequence.

        units : array-like of int, default=None
            The indices of the units to plot. If None, all are plotted.

        labels : list of str, default=None
            The label of each time step.

        kind, ax
            As in `plot`.

        Returns
        -------
        display : GateDisplay

        Raises
        ------
        {network_errors}

        ValueError
            If the sequence, the layer or a unit does not exist, or if the cell does not have gates.
        """
        check_matplotlib(f"{cls.__name__}.from_estimator")
        check_kind(kind)
        caller = f"{cls.__name__}.from_estimator"
        network, X = find_network(estimator, X, caller)
        found = states_and_gates(network, X, check_sequence(sequence, X))
        gates, states = found[_name_of_layer(found, layer, backward)]
        if not gates:
            raise ValueError(
                f"cell={network.cell!r} has no gates to plot. StateDisplay plots its states."
            )
        chosen = _check_units(units, states[0].shape[1])
        display = cls(
            gates={name: values[:, chosen] for name, values in gates.items()},
            states={name: values[:, chosen] for name, values in zip(_STATES, states, strict=False)},
            labels=labels,
        )
        return display.plot(ax, kind=kind)

    def plot(self, ax=None, *, kind="image"):
        """Plot one panel for each gate and each state.

        Parameters
        ----------
        ax : array-like of matplotlib Axes, default=None
            One Axes object for each panel. If None, a new figure is created.

        kind : {"image", "lines"}, default="image"
            "image" draws one row per unit, and "lines" one line per unit.

        Returns
        -------
        display : GateDisplay

        Raises
        ------
        ValueError
            If `kind` is not valid, if there is not one label per time step, or if the number of
            axes is not that of the gates and states.
        """
        check_matplotlib(f"{type(self).__name__}.plot")
        check_kind(kind)
        gates = {f"{name} gate": np.asarray(values) for name, values in self.gates.items()}
        states = {name: np.asarray(values) for name, values in (self.states or {}).items()}
        parts = gates | states
        n_steps = len(next(iter(parts.values())))
        check_labels_of_steps(self.labels, n_steps)
        self.ax_ = panels(ax, len(parts), "gates and states", stacked=True)
        self.drawn_ = {}
        for panel, (name, values) in zip(self.ax_, parts.items(), strict=True):
            self.drawn_[name] = plot_units(panel, values, kind=kind, is_gate=name in gates)
            panel.set_title(name.capitalize(), fontsize="medium")
        label_steps(self.ax_[-1], self.labels, n_steps)
        self.figure_ = self.ax_[0].figure
        return self


def _name_of_layer(found, layer, backward):
    """Return the name of a recurrent layer.

    Raises
    ------
    ValueError
        If there is no such layer.
    """
    if not isinstance(backward, bool | np.bool_):
        raise TypeError(f"backward must be a bool, got {in_words(backward)}.")
    names = [name for name in found if name.endswith("_backward") == backward]
    if not names:
        raise ValueError("backward=True needs an estimator with bidirectional=True.")
    return names[check_index(layer, len(names), "layer", "recurrent layers")]


def _check_units(units, n_units):
    """Return the index of the units to plot.

    Raises
    ------
    ValueError
        If they are not the indices of units.
    """
    if units is None:
        return slice(None)
    if isinstance(units, str | bytes) or not isinstance(units, Sequence | np.ndarray):
        raise ValueError(f"units must be a list of int or None, got {in_words(units)}.")
    if len(units) == 0:
        raise ValueError("units must contain the index of at least one unit, got none.")
    return [check_index(unit, n_units, "units", "units of the layer") for unit in units]
