"""A reservoir with its readout in a closed loop: outputs are fed back at the next time step.

Each time step needs the output of the one before it, so the loop makes one time step at a time;
sequences still run side by side.
"""

import numpy as np

from skrnn.reservoir._time_loop import Drive, layer_runners


class ClosedLoop:
    """A reservoir with its readout, run one time step at a time.

    Parameters
    ----------
    network : Network
    readout : Readout
    states : list of ndarray of shape (units, width)
        The initial states of each layer.
    """

    def __init__(self, network, readout, states):
        self._network = network
        self._coef, self._intercept = readout.coef, readout.intercept[:, None]
        self.states = states
        self._make_runners()

    def _make_runners(self):
        dynamics = self._network.dynamics
        drive = Drive(activation=dynamics.activation)
        self._runners = layer_runners(dynamics.layers, drive, self.states[0].shape[1])

    def narrow(self, width):
        """Continue with the first `width` sequences only."""
        if width < self.states[0].shape[1]:
            self.states = [np.ascontiguousarray(state[:, :width]) for state in self.states]
            self._make_runners()

    def step(self, inputs, feedback=None):
        """Make one time step and return the outputs, (n_outputs, width).

        Parameters
        ----------
        inputs : ndarray of shape (n_features, width)
        feedback : ndarray of shape (n_outputs, width) or None
            The outputs that are fed back.
        """
        inputs = inputs.astype(self._network.dynamics.dtype)
        received = inputs[None]
        feedback = None if feedback is None else feedback[None]
        for i, runner in enumerate(self._runners):
            self.states[i], received = runner.run(self.states[i], received, feedback)
        rows = [*self.states, inputs] if self._network.readout_input else self.states
        return self._coef @ np.concatenate(rows, dtype=np.float64) + self._intercept


def run_with_feedback(loop, inputs, lengths, feedback, as_feedback):
    """Run sequences whose outputs are fed back.

    Parameters
    ----------
    loop : ClosedLoop
        The loop before the first time step, with the sequences in the order of `lengths`.
    inputs : callable
        Takes a time step and a width, and returns the inputs (n_features, width) of the first
        `width` sequences.
    lengths : ndarray of int of shape (n_sequences,)
        The lengths of the sequences, the longest first.
    feedback : ndarray of shape (n_outputs, n_sequences)
        The outputs before the first time step.
    as_feedback : callable
        Takes outputs and returns the values that are fed back.

    Yields
    ------
    outputs : ndarray of shape (n_outputs, width)
        The outputs of the first `width` sequences at the next time step.
    """
    for t in range(int(lengths[0])):
        width = int(np.count_nonzero(lengths > t))
        loop.narrow(width)
        outputs = loop.step(inputs(t, width), feedback[:, :width])
        feedback = as_feedback(outputs)
        yield outputs
