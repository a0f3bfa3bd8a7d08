"""The state of a network between two time steps, as a plain tuple of arrays.

A prediction after some time steps depends on the earlier ones only through the states of the
recurrent layers, the previous time step (for differences), the number of time steps, the last
observations (for missing values) and what the pooling carries. `StateLayout` describes the order of
these arrays.
"""

from skrnn.recurrent._numpy_cells import numpy_cell
from skrnn.recurrent._running_pooling import pooling_of
from skrnn.sequences._streams import Slot, check_state, fresh_state


class StateLayout:
    """The arrays of a state, each with one row per sequence.

    Parameters
    ----------
    spec : NetworkSpec

    Attributes
    ----------
    slots : list of Slot
        The states of the layers, the first layer first, then the previous time step if there are
        differences, the number of time steps if something depends on it, the last observations
        if NaN are accepted, and the arrays of the pooling.

    Raises
    ------
    ValueError
        If the network has parts whose state cannot be carried.
    """

    def __init__(self, spec):
        require_carried_state(spec)
        self._n_states = numpy_cell(spec.cell).n_states
        self._n_layers = len(spec.units)
        pooling = pooling_of(spec)
        self._has_previous = spec.add_differences
        self._has_count = spec.add_differences or pooling.counts_steps
        self.slots = [
            Slot(f"state {j} of layer {i}", units, spec.dtype)
            for i, units in enumerate(spec.units)
            for j in range(self._n_states)
        ]
        if self._has_previous:
            self.slots.append(Slot("previous time step", spec.n_numeric, spec.dtype))
        if self._has_count:
            self.slots.append(Slot("number of time steps", 1, "int64"))
        self._n_observed = 2 if spec.allow_nan else 0
        if spec.allow_nan:
            names = "last known value", "number of time steps since the last known value, plus one"
            self.slots += [Slot(name, spec.n_numeric, spec.dtype) for name in names]
        self.slots += pooling.slots(spec.units[-1], spec.dtype)

    def fresh(self, n):
        """Return the state of `n` sequences before their first time step."""
        return fresh_state(self.slots, n)

    def check(self, state, n, input_name):
        """Return a state that was given for `n` sequences, as arrays; see `check_state`."""
        return check_state(self.slots, state, n, input_name)

    def split(self, state):
        """Return a state in its parts.

        Returns
        -------
        layers : list of tuple of ndarray
            The states of each layer.
        previous, n_steps : ndarray or None
        observed : tuple of ndarray
            The last known values and the time since then, or empty if there are none.
        carried : tuple of ndarray
            The arrays of the pooling.
        """
        k, end = self._n_states, self._n_states * self._n_layers
        layers = [state[i : i + k] for i in range(0, end, k)]
        others = list(state[end:])
        previous = others.pop(0) if self._has_previous else None
        n_steps = others.pop(0) if self._has_count else None
        observed, carried = others[: self._n_observed], others[self._n_observed :]
        return layers, previous, n_steps, tuple(observed), tuple(carried)

    def join(self, layers, previous, n_steps, observed, carried):
        """Return the state that consists of these parts."""
        states = [state for states in layers for state in states]
        others = [part for part in (previous, n_steps) if part is not None]
        return (*states, *others, *observed, *carried)


def require_carried_state(spec):
    """Check that a network computes each prediction from a state and the next time step.

    Parameters
    ----------
    spec : NetworkSpec

    Raises
    ------
    ValueError
        If it has a custom body or cell, if it is bidirectional, or if it has static features.
    """
    if spec.body is not None:
        reason = f"its body={spec.body!r} may combine all time steps"
    elif spec.custom_cell is not None:
        reason = f"skrnn does not know the equation of its cell={spec.custom_cell!r}"
    elif spec.bidirectional:
        reason = "bidirectional=True also reads each sequence from its end"
    elif spec.n_static:
        reason = "its static features are not part of the state"
    else:
        return
    raise ValueError(
        f"The state of this estimator cannot be carried from one time step to the next: {reason}. "
        "Fit an estimator with bidirectional=False, body=None and one of the named cells, without "
        "static features."
    )
