"""Generation: a network continues known time steps of a series with its own outputs."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np

from skrnn._check_arrays import check_numbers
from skrnn._time_order import check_one_sorted_series
from skrnn.reservoir._feedback import ClosedLoop
from skrnn.reservoir._prediction import zero_states
from skrnn.reservoir._readout_rows import as_vectors, dense_steps


@dataclass(frozen=True)
class SeriesLoop:
    """A fitted network with all that turns its outputs into what it receives next.

    Parameters
    ----------
    network : Network
    readout : Readout
    targets : NumericTargets or ClassTargets
        They decode the outputs, and turn them into feedback.
    standardization : Standardization or None
        It standardises outputs that are the next inputs.
    """

    network: object
    readout: object
    targets: object
    standardization: object

    def received(self, output):
        """Return what is fed back after an output, (n_outputs, n_series)."""
        if self.network.dynamics.has_feedback:
            return self.targets.as_feedback(output)
        return as_inputs(output, self.standardization)


def as_inputs(outputs, standardization):
    """Return outputs, one column per series, as inputs."""
    if standardization is None:
        return outputs
    return standardization.apply_to_steps(outputs.T).T


def generate_series(loop, start, n_steps, X_future):
    """Return the predictions that a network generates in a closed loop.

    Parameters
    ----------
    loop : SeriesLoop
    start : tuple
        States, what is received and inputs at the beginning, as `start_from_end` and
        `start_from_known` return them.
    n_steps : int
    X_future : ndarray of shape (n_steps, n_features) or None
        The known inputs of the generated time steps, standardised. Only used with feedback. If
        None, the last input is repeated.

    Returns
    -------
    ndarray of shape (n_series, n_steps) or (n_series, n_steps, n_targets)

    Raises
    ------
    ValueError
        If an output is not finite.
    """
    states, received, last_input = start
    closed = ClosedLoop(loop.network, loop.readout, states)
    generated = np.empty((received.shape[1], n_steps, len(received)))
    for t in range(n_steps):
        if loop.network.dynamics.has_feedback:
            inputs = last_input if X_future is None else X_future[t][:, None]
            output = closed.step(np.broadcast_to(inputs, last_input.shape), received)
        else:
            output = closed.step(received)
        generated[:, t] = output.T
        received = loop.received(output)
    if not np.isfinite(generated).all():
        raise ValueError(
            "Generation diverged: the outputs are not finite. Raise alpha, lower spectral_radius, "
            "or train with noise."
        )
    n_series = len(generated)
    decoded = loop.targets.decode(generated.reshape(n_series * n_steps, -1))
    return decoded.reshape(n_series, n_steps, *decoded.shape[1:])


def start_from_end(network, end, standardization):
    """Return states, what is received next, and inputs at the end of the training series.

    Parameters
    ----------
    network : Network
    end : SeriesEnd or None
    standardization : Standardization or None
    """
    if end is None:
        raise ValueError(
            "X=None continues from the end of one training series, but the last data were several "
            "sequences, or were merged. Pass X."
        )
    states = [state[:, None].copy() for state in end.states]
    last = as_vectors(np.asarray(end.step)[None], network.n_features).T
    target = end.target[:, None]
    received = target if network.dynamics.has_feedback else as_inputs(target, standardization)
    return states, received, last


def start_from_known(network, examples):
    """Return states, outputs and inputs at the end of known sequences, one column per sequence.

    Without feedback, the last known input takes the place of the last output, so the states are
    those of the time step before it.

    Parameters
    ----------
    network : Network
    examples : Examples
        The known sequences, with their targets if there is feedback.
    """
    sequences = examples.sequences
    has_feedback = network.dynamics.has_feedback
    lengths = sequences.lengths if has_feedback else sequences.lengths - 1
    states = zero_states(network.dynamics, len(sequences))
    for block in network.teacher_forced_blocks(examples, whole=True):
        for i in range(block.n_steps):
            done = lengths[block.sequences] == block.begin + i + 1
            if done.any():
                for kept, part in zip(states, block.states, strict=True):
                    kept[:, block.sequences[done]] = part[i][:, done]
    last = sequences.starts + sequences.lengths - 1
    inputs = dense_steps(sequences, last, network.n_features).T
    if not has_feedback:
        return states, inputs.astype(np.float64), inputs
    return states, examples.targets[np.cumsum(sequences.lengths) - 1].T, inputs


def check_n_steps(n_steps):
    """Check that the number of time steps is a positive integer."""
    if not isinstance(n_steps, Integral) or isinstance(n_steps, bool) or n_steps < 1:
        raise ValueError(f"n_steps must be a positive int, got {n_steps!r}.")


def check_loop(network, n_outputs, is_classifier, *, X, y, X_future):
    """Check that the outputs of a network can be fed back, and that no argument is without effect.

    Raises
    ------
    ValueError
    """
    if network.pooling is not None:
        raise ValueError(
            "generate needs an output at each time step. Set return_sequences=True or rows='steps'."
        )
    if network.dynamics.backward_layers:
        raise ValueError(
            "generate cannot be used with bidirectional=True, because the backward direction would "
            "read inputs that are not generated yet. Set bidirectional=False."
        )
    if network.n_static:
        raise ValueError(
            "generate does not support static features. Fit the estimator with static=None."
        )
    if network.dynamics.has_feedback:
        if (X is None) != (y is None):
            raise ValueError(
                "With feedback, pass both X and y (the known inputs and their targets) or neither, "
                f"got {'X' if y is None else 'y'} alone."
            )
        return
    if is_classifier or n_outputs != network.n_features:
        raise ValueError(
            f"generate cannot feed outputs back: feedback_scaling=0, and the {n_outputs} output(s) "
            f"cannot be the next {network.n_features} input(s). Set feedback_scaling of the "
            "reservoir, or fit the estimator to predict its inputs one step ahead."
        )
    ignored = [name for name, value in (("y", y), ("X_future", X_future)) if value is not None]
    if ignored:
        raise ValueError(
            f"{' and '.join(ignored)} must be None without feedback_scaling, because each output "
            "is then the next input."
        )


def check_future(X_future, n_steps, n_features, standardization):
    """Return the known inputs of the generated time steps, standardised, or None."""
    if X_future is None:
        return None
    check_one_sorted_series(X_future, "X_future")
    X_future = check_numbers(X_future, "X_future", dtype=np.float64)
    if X_future.shape != (n_steps, n_features):
        raise ValueError(
            "X_future must contain the inputs of the generated time steps, with shape "
            f"{(n_steps, n_features)}, got {X_future.shape}."
        )
    return X_future if standardization is None else standardization.apply_to_steps(X_future)
