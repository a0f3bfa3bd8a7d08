"""`Network`: a reservoir with everything that determines the rows of its readout.

The functions that train a readout, predict and generate take a `Network`, not an estimator: they
neither read nor write the private attributes of one.
"""

from dataclasses import dataclass

import numpy as np

from skrnn._persistence import stored_as_dict
from skrnn.reservoir._dynamics import Dynamics, draw_dynamics
from skrnn.reservoir._pooling import check_washout, input_kinds, uses_washout
from skrnn.sequences._sequences import offsets_of


@stored_as_dict
@dataclass(frozen=True)
class SeriesEnd:
    """The state in which a series ended, from which it can be continued.

    Parameters
    ----------
    states : list of ndarray of shape (units,)
        The state of each layer after the last time step.
    target : ndarray of shape (n_targets,)
        The last encoded target.
    step : ndarray of shape (n_features,), or a code
        The last input.
    n_steps : int
        The number of time steps so far.
    """

    states: list
    target: np.ndarray
    step: np.ndarray
    n_steps: int


@dataclass(frozen=True)
class Network:
    """A reservoir, and how its states become the rows of a readout.

    Parameters
    ----------
    dynamics : Dynamics
    n_features : int
        The number of features of a time step.
    readout_input : bool
        Whether the readout also receives the inputs.
    pooling : str, tuple of str or None
        How the states of a sequence become one row. If None, there is one row per time step.
    start : SeriesEnd or None
        The state from which a series is continued. If None, all states begin at zero.
    n_static : int, default=0
        The number of static features, which are the last features of each row of the readout.
    """

    dynamics: Dynamics
    n_features: int
    readout_input: bool
    pooling: str | None
    start: SeriesEnd | None = None
    n_static: int = 0

    @property
    def n_inputs(self):
        """The number of input features that the readout receives."""
        return self.n_features if self.readout_input else 0

    @property
    def n_readout_features(self):
        """The number of features of the readout."""
        if self.pooling is None:
            return self.dynamics.n_states + self.n_inputs + self.n_static
        n_inputs = self.n_inputs * len(input_kinds(self.pooling))
        return self.dynamics.n_pooled(self.pooling) + n_inputs + self.n_static

    @property
    def initial_states(self):
        """The initial state of each layer, or None for zero."""
        return None if self.start is None else self.start.states

    @property
    def washout(self):
        """The number of initial time steps that are still to be left out."""
        n_steps = 0 if self.start is None else self.start.n_steps
        return max(self.dynamics.washout - n_steps, 0)

    def teacher_forced_blocks(self, examples, *, noise_key=None, whole=False):
        """Yield the states of examples; with feedback, their own targets are fed back.

        Parameters
        ----------
        examples : Examples
        noise_key : int or None
            As in `Dynamics.blocks`.
        whole : bool, default=False
            As in `Dynamics.blocks`.

        Yields
        ------
        StateBlock
        """
        feedback = None
        if self.dynamics.has_feedback:
            first = None if self.start is None else self.start.target
            feedback = _previous_targets(examples, first)
        return self.dynamics.blocks(
            examples.sequences,
            feedback=feedback,
            noise_key=noise_key,
            initial=self.initial_states,
            whole=whole,
        )

    def end_after(self, states, examples):
        """Return the end of the only series of examples, or None if there are several.

        Parameters
        ----------
        states : list of ndarray of shape (units,)
            The states after the last time step.
        examples : Examples
        """
        if len(examples.sequences) != 1:
            return None
        steps = examples.sequences[0]
        n_steps = 0 if self.start is None else self.start.n_steps
        return SeriesEnd(
            states=states,
            target=examples.targets[-1].copy(),
            step=steps[-1].copy(),
            n_steps=n_steps + len(steps),
        )


def draw_network(reservoir, examples, n_features, *, per_step, readout_input):
    """Draw the weights of a reservoir for the first examples.

    Parameters
    ----------
    reservoir : Reservoir
        A reservoir that is not fitted, with all parameters.
    examples : Examples
    n_features : int
    per_step : bool
        Whether there is one target per time step.
    readout_input : bool

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        If there is feedback without an output at each time step or with static features, or if
        `washout` leaves no time step of a sequence.
    """
    has_feedback = reservoir.feedback_scaling > 0
    static = examples.sequences.static
    if static is not None and has_feedback:
        raise ValueError(
            f"feedback_scaling={reservoir.feedback_scaling} cannot be combined with static "
            "features. Set static=None or feedback_scaling=0."
        )
    if not per_step and has_feedback:
        raise ValueError(
            f"feedback_scaling={reservoir.feedback_scaling} feeds an output back at each time "
            "step. Set return_sequences=True or rows='steps', so that each time step has one."
        )
    if uses_washout(reservoir.pooling):
        check_washout(reservoir.washout, examples.sequences, examples.indices)
    n_outputs = examples.targets.shape[1] if has_feedback else 0
    weights = None if per_step else examples.weights
    dynamics = draw_dynamics(reservoir, examples.sequences, n_features, n_outputs, weights)
    n_static = 0 if static is None else static.shape[1]
    return Network(dynamics, n_features, readout_input, reservoir.pooling, n_static=n_static)


def _previous_targets(examples, first):
    """Return the target before each time step, which is `first` or zero before the first one."""
    lengths, targets = examples.sequences.lengths, examples.targets
    previous = np.empty_like(targets)
    previous[1:] = targets[:-1]
    previous[offsets_of(lengths)] = 0 if first is None else first
    return previous
