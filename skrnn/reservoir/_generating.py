"""Generation: from a state that known steps have led to, a reservoir goes on alone."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_array

from skrnn.reservoir._features import dense_steps
from skrnn.reservoir._outputs import loop_from, zero_states
from skrnn.reservoir._reading import Examples, read_examples, read_X
from skrnn.reservoir._training import driven_pieces

__all__ = ["generate"]


def generate(estimator, n_steps, X, y, future):
    """Return what a fitted estimator generates; the parameters are those of its method."""
    if not isinstance(n_steps, Integral) or isinstance(n_steps, bool) or n_steps < 1:
        raise ValueError(f"n_steps must be a positive int, got {n_steps!r}.")
    _check_loop(estimator, X, y, future)
    fed_back = estimator.reservoir_.feedback_scaling > 0
    states, output, last_input = _begin(estimator, X, y)
    future = _check_future(estimator, future, n_steps) if fed_back else None
    loop = loop_from(estimator, states)
    generated = np.empty((output.shape[1], n_steps, len(output)))
    for t in range(n_steps):
        if fed_back:
            inputs = last_input if future is None else future[t][:, None]
            output = loop.step(np.broadcast_to(inputs, last_input.shape), output)
        else:
            output = loop.step(output)
        generated[:, t] = output.T
        output = estimator._as_fed(output)
    if not np.isfinite(generated).all():
        raise ValueError("The loop grows without bound: what is generated is not finite.")
    n = len(generated)
    decoded = estimator._decode(generated.reshape(n * n_steps, -1))
    decoded = decoded.reshape(n, n_steps, *decoded.shape[1:])
    return decoded[0] if X is None or estimator.rows == "steps" else decoded


def _check_loop(estimator, X, y, future):
    """Check that there is a loop to close, and that what is given belongs to it."""
    reservoir, n_outputs = estimator.reservoir_, np.atleast_2d(estimator.coef_).shape[0]
    n_features = estimator._step_format.n_features
    if not estimator._per_step:
        raise ValueError(
            "generate needs an output at each step: set return_sequences=True or rows='steps'."
        )
    if reservoir.bidirectional:
        raise ValueError("generate cannot know the future that bidirectional=True reads.")
    if reservoir.feedback_scaling == 0:
        if not hasattr(estimator, "classes_") and n_outputs == n_features:
            given = [name for name, value in (("y", y), ("future", future)) if value is not None]
            if given:
                raise ValueError(
                    f"{' and '.join(given)} had no effect: without feedback_scaling each output "
                    "is the next input."
                )
            return
        raise ValueError(
            f"generate has no loop to close: feedback_scaling=0, and the {n_outputs} output(s) "
            f"cannot be the next {n_features} input(s). Set feedback_scaling of the reservoir, or "
            "fit to the inputs one step ahead."
        )
    if (X is None) != (y is None):
        raise ValueError("With feedback X and y go together: the known inputs and their targets.")


def _begin(estimator, X, y):
    """Return states, outputs to go back, and last inputs, each with a column a sequence.

    An output that is to be the next input is taken as known where it is: after the training
    series, the last target.
    """
    if X is None:
        end = estimator._end
        if end is None:
            raise ValueError(
                "X=None goes on from the end of one training series, but the last data were "
                "several sequences, or merged; give X."
            )
        states = [state[:, None].copy() for state in end["states"]]
        last = dense_steps(_Step(end["input"]), [0], estimator._step_format.n_features).T
        return states, end["output"][:, None], last
    dtype = estimator.reservoir_._dtype
    if y is not None:
        examples = read_examples(estimator, X, y, None, dtype, reset=False)
        return _after(estimator, examples)
    sequences = read_X(estimator, X, dtype, reset=False).sequences
    states, _, last = _after(estimator, Examples(sequences, None, None), before_last=True)
    return states, last.astype(np.float64), last


class _Step:
    """One step, where sequences are expected."""

    def __init__(self, step):
        self.values = np.asarray(step)[None]


def _after(estimator, examples, *, before_last=False):
    """Return the states after sequences, or before their last step, and what was last."""
    sequences = examples.sequences
    lengths = sequences.lengths - before_last
    ends = np.cumsum(sequences.lengths) - 1
    states = zero_states(estimator.reservoir_, len(sequences))
    for piece in driven_pieces(estimator, examples, None, whole=True):
        for i in range(piece.n_steps):
            done = lengths[piece.sequences] == piece.begin + i + 1
            if done.any():
                for held, part in zip(states, piece.states, strict=True):
                    held[:, piece.sequences[done]] = part[i][:, done]
    last = sequences.starts + sequences.lengths - 1
    inputs = dense_steps(sequences, last, estimator._step_format.n_features).T
    outputs = None if examples.targets is None else examples.targets[ends].T
    return states, outputs, inputs


def _check_future(estimator, future, n_steps):
    if future is None:
        return None
    future = check_array(future, dtype=np.float64, input_name="future")
    expected = (n_steps, estimator._step_format.n_features)
    if future.shape != expected:
        raise ValueError(
            f"future must hold the inputs of the steps that are generated, {expected}, got "
            f"{future.shape}."
        )
    return future
