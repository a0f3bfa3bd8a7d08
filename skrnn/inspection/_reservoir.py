"""`ReservoirDisplay`: the eigenvalues, states and memory of a reservoir."""

from numbers import Integral

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.utils import check_scalar
from sklearn.utils.validation import check_is_fitted

from skrnn.inspection._figures import check_matplotlib, inner_with, panels
from skrnn.reservoir import EchoStateRegressor, Reservoir, memory_capacity
from skrnn.reservoir._reservoir import check_no_feedback
from skrnn.sequences._inputs import read_inputs


class ReservoirDisplay:
    """Eigenvalues of a reservoir, its states over time, and its memory curve.

    Create it with `from_estimator`, or from arrays with the constructor. There is one panel for
    each array that is given.

    Parameters
    ----------
    eigenvalues : ndarray of complex, default=None
        The eigenvalues of the recurrent matrices of all layers.
    states : ndarray of shape (n_steps, n_units), default=None
        The states of the units that are drawn.
    memory : ndarray of shape (max_delay,), default=None
        For each delay, the fraction of the variance of an input that can be predicted from the
        states after this delay. It is `by_delay` of :func:`~skrnn.reservoir.memory_capacity`.

    Attributes
    ----------
    ax_ : ndarray of matplotlib Axes
        The axes of the panels.
    figure_ : matplotlib Figure
        The figure.

    See Also
    --------
    ReservoirDisplay.from_estimator : Plot a fitted reservoir.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.inspection import ReservoirDisplay
    >>> from skrnn.reservoir import Reservoir
    >>> X = [np.sin(np.arange(50.0))]
    >>> reservoir = Reservoir(units=30, random_state=0).fit(X)
    >>> display = ReservoirDisplay.from_estimator(reservoir, X, max_delay=20)
    >>> len(display.eigenvalues), display.states.shape, display.memory.shape
    (30, (50, 20), (20,))
    """

    def __init__(self, *, eigenvalues=None, states=None, memory=None):
        self.eigenvalues = eigenvalues
        self.states = states
        self.memory = memory

    @classmethod
    def from_estimator(cls, estimator, X=None, *, n_units=20, max_delay=None, ax=None):
        """Plot a fitted reservoir.

        Parameters
        ----------
        estimator : estimator
            A fitted `Reservoir`, an estimator with `reservoir_`, or a Pipeline, GridSearchCV or
            similar meta-estimator that contains one.
        X : sequences, default=None
            Sequences as the reservoir receives them, after all transformers. The states for the
            first sequence are drawn. If None, there is no panel of states.
        n_units : int, default=20
            The number of units whose states are drawn, starting with the first unit.
        max_delay : int, default=None
            The longest delay of the memory curve. It is measured on a new reservoir with one input
            and the same parameters. If None, there is no memory curve.
        ax : array-like of matplotlib Axes, default=None
            One Axes object for each panel. If None, a new figure is created.

        Returns
        -------
        display : ReservoirDisplay

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If it contains no reservoir, or if X is given and the reservoir has feedback.
        """
        check_matplotlib(f"{cls.__name__}.from_estimator")
        check_scalar(n_units, "n_units", Integral, min_val=1)
        reservoir = _find_reservoir(estimator)
        states = None if X is None else _states(reservoir, X)[:, :n_units]
        memory = None
        if max_delay is not None:
            memory = memory_capacity(_for_one_input(reservoir), max_delay=max_delay).by_delay
        display = cls(eigenvalues=_eigenvalues(reservoir), states=states, memory=memory)
        return display.plot(ax)

    def plot(self, ax=None):
        """Plot one panel for each array that is given.

        Parameters
        ----------
        ax : array-like of matplotlib Axes, default=None
            One Axes object for each panel. If None, a new figure is created.

        Returns
        -------
        display : ReservoirDisplay

        Raises
        ------
        ValueError
            If all arrays are None, or if the number of axes is not that of the arrays.
        """
        check_matplotlib(f"{type(self).__name__}.plot")
        parts = [
            (self.eigenvalues, _plot_eigenvalues),
            (self.states, _plot_states),
            (self.memory, _plot_memory),
        ]
        given = [(part, plot) for part, plot in parts if part is not None]
        if not given:
            raise ValueError(
                "There is nothing to plot: eigenvalues, states and memory are None. Pass one of "
                "them."
            )
        self.ax_ = panels(ax, len(given), "panels")
        for axes, (part, plot) in zip(self.ax_, given, strict=True):
            plot(axes, np.asarray(part))
        self.figure_ = self.ax_[0].figure
        return self


def _find_reservoir(estimator):
    if isinstance(estimator, Reservoir):
        check_is_fitted(estimator)
        return estimator
    try:
        return inner_with(estimator, "reservoir_", "reservoir").reservoir_
    except ValueError:
        return inner_with(estimator, "layers_", "reservoir")


def _eigenvalues(reservoir):
    matrices = [layer.recurrent_weights for layer in reservoir.layers_]
    dense = [m.toarray() if sparse.issparse(m) else m for m in matrices]
    return np.concatenate([np.linalg.eigvals(m.astype(np.float64)) for m in dense])


def _states(reservoir, X):
    dynamics = reservoir._dynamics()
    check_no_feedback(dynamics)
    sequences = read_inputs(reservoir, X).sequences[:1]
    if sequences.lengths[0] < 2:
        raise ValueError(
            "X[0] must have at least 2 time steps, got 1. Pass one series as [series]."
        )
    return dynamics.states(sequences).values


def _for_one_input(reservoir):
    """Return an estimator whose reservoir has the same parameters and one input."""
    alone = clone(reservoir).set_params(pooling=None, feedback_scaling=0.0, dtype="float64")
    if not isinstance(alone.input_weights, str):
        alone.set_params(input_weights="uniform")
    if np.ndim(alone.input_scaling) > 0:
        alone.set_params(input_scaling=float(np.mean(alone.input_scaling)))
    return EchoStateRegressor(reservoir=alone, rows="steps")


def _plot_eigenvalues(axes, eigenvalues):
    from matplotlib.patches import Circle

    axes.add_patch(Circle((0, 0), 1, fill=False, color="0.6", linestyle="--"))
    axes.plot(eigenvalues.real, eigenvalues.imag, ".", markersize=4)
    limit = max(1.05, 1.05 * np.abs(eigenvalues).max())
    axes.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")
    radius = np.abs(eigenvalues).max()
    axes.set(xlabel="Real part", ylabel="Imaginary part", title=f"Eigenvalues, radius {radius:.3g}")


def _plot_states(axes, states):
    axes.plot(states, linewidth=0.8)
    axes.set(xlabel="Time step", ylabel="State", title=f"States of {states.shape[1]} units")
    axes.grid(alpha=0.3)


def _plot_memory(axes, memory):
    axes.plot(np.arange(1, len(memory) + 1), memory)
    axes.set(
        xlabel="Delay in time steps",
        ylabel="Fraction of variance remembered",
        title=f"Memory capacity {memory.sum():.1f}",
        ylim=(0, 1.05),
    )
    axes.grid(alpha=0.3)
