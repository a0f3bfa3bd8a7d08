"""Reservoirs that hear themselves: each output goes back in before the next step.

Here a step needs the readout of the one before, so there is one step at a time; sequences still
run side by side.
"""

import numpy as np

from skrnn.reservoir._dynamics import Drive, runners

__all__ = ["ClosedLoop", "run_with_feedback"]


class ClosedLoop:
    """A reservoir with its readout, one step at a time.

    Parameters
    ----------
    reservoir : Reservoir
        Fitted.
    coef : ndarray of shape (n_features, n_outputs)
    intercept : ndarray of shape (n_outputs,)
    readout_input : bool
    states : list of ndarray of shape (units, width)
        Of each layer, where the loop begins.
    """

    def __init__(self, reservoir, coef, intercept, readout_input, states):
        self._reservoir, self._readout_input = reservoir, readout_input
        self._coef, self._intercept = coef.T, intercept[:, None]
        self.states = states
        self._prepare()

    def _prepare(self):
        drive = Drive(activation=self._reservoir._activation)
        self._runners = runners(self._reservoir.layers_, drive, self.states[0].shape[1])

    def narrow(self, width):
        """Go on with the first few sequences alone."""
        if width < self.states[0].shape[1]:
            self.states = [np.ascontiguousarray(state[:, :width]) for state in self.states]
            self._prepare()

    def step(self, inputs, fed=None):
        """Take a step and return the outputs, (n_outputs, width).

        Parameters
        ----------
        inputs : ndarray of shape (n_features, width)
        fed : ndarray of shape (n_outputs, width) or None
            The outputs that are fed back.
        """
        inputs = inputs.astype(self._reservoir._dtype)
        below = inputs[None]
        outputs = None if fed is None else fed[None]
        for i, runner in enumerate(self._runners):
            self.states[i], below = runner.run(self.states[i], below, outputs)
        rows = [*self.states, inputs] if self._readout_input else self.states
        return self._coef @ np.concatenate(rows, dtype=np.float64) + self._intercept


def run_with_feedback(loop, inputs, lengths, fed, as_fed):
    """Run sequences whose outputs are fed back.

    Parameters
    ----------
    loop : ClosedLoop
        At the beginning of the sequences, in the order of `inputs`.
    inputs : callable
        Of a step and a width: the inputs (n_features, width) of the first sequences.
    lengths : ndarray of int of shape (n_sequences,)
        Longest first.
    fed : ndarray of shape (n_outputs, n_sequences)
        The outputs before the first step.
    as_fed : callable
        From outputs to what goes back.

    Yields
    ------
    outputs : ndarray of shape (n_outputs, width)
        Of the first `width` sequences, step after step.
    """
    for t in range(int(lengths[0])):
        width = int(np.count_nonzero(lengths > t))
        loop.narrow(width)
        outputs = loop.step(inputs(t, width), fed[:, :width])
        fed = as_fed(outputs)
        yield outputs
