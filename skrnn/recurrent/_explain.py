"""Outputs of fitted estimators as functions of the vectors that their networks read.

The attributions of `skrnn.inspection` need this of an estimator: the output that `target` means,
and the vectors of the inputs and of the baseline.
"""

from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from skrnn._check_arrays import as_array
from skrnn._fitting import fitted_snapshot
from skrnn.recurrent._codecs import LabelCodec
from skrnn.recurrent._data import ids_as_rows, read_sequences
from skrnn.recurrent._indicator_codec import IndicatorCodec
from skrnn.recurrent._outputs_codec import OutputsCodec
from skrnn.recurrent._static import require_no_static
from skrnn.sequences import Sequences
from skrnn.sequences._targets import label_codes

# All limits at once, so that a user does not meet one after the other.
ATTRIBUTION_LIMITS = (
    "Attributions are available for an RNNClassifier or RNNRegressor that was fitted without "
    "static features (static=None ignores them), and for sequences without NaN (fill gaps first, "
    "for example with skrnn.preprocessing.Interpolator)."
)


@dataclass(frozen=True)
class Explained:
    """The outputs of an estimator to explain.

    Parameters
    ----------
    inputs : Inputs
    vectors : Sequences
        The vectors that the network reads.
    baseline : ndarray of shape (dimensions,)
    per_step : bool
        Whether a time step is one token, or one symbol in one-hot form, so that the numbers
        of its vector are not attributed separately.
    columns, steps : ndarray of int of shape (n,)
        The output of the network that is explained, and its time step.
    factors : ndarray of shape (n,)
        What changes of this output are multiplied by, to be in the units of the user.
    scores : Scores
    """

    inputs: object
    vectors: Sequences
    baseline: np.ndarray
    per_step: bool
    columns: np.ndarray
    steps: np.ndarray
    factors: np.ndarray
    scores: object

    def __call__(self, vectors, rows, *, gradients=False):
        """Return the explained outputs for other vectors, and their gradients.

        Parameters
        ----------
        vectors : ndarray of shape (n, T, dimensions)
        rows : ndarray of int of shape (n,)
            The sequences that these vectors replace.
        gradients : bool, default=False
        """
        lengths = self.vectors.lengths[rows]
        outputs, found = self.scores(
            vectors, lengths, self.columns[rows], self.steps[rows], gradients=gradients
        )
        factors = self.factors[rows]
        outputs = factors * outputs
        return outputs, None if found is None else factors[:, None, None] * found


@contextmanager
def explained(estimator, X, *, target, time_step, baseline):
    """Prepare the outputs of a fitted estimator to explain; see `inspection.feature_attributions`.

    Yields
    ------
    Explained
    """
    from skrnn.networks.scores import lease_scores

    fitted = fitted_snapshot(estimator)
    require_no_static(fitted, "feature_attributions", ATTRIBUTION_LIMITS)
    inputs = ids_as_rows(fitted._vocabulary, read_sequences(fitted, X))
    lengths = inputs.lengths
    _require_known(inputs.sequences)
    steps = _read_time_step(time_step, lengths, fitted._spec.return_sequences)
    columns, factors = _read_target(fitted, inputs, target, steps)
    tokens = fitted._step_format.tokens
    one_hot = inputs.sequences.values.ndim == 1 and not tokens
    start = _read_baseline(fitted, baseline, one_hot)
    known = fitted._standardization
    with lease_scores(fitted._spec, fitted.weights_, standardization=known) as scores:
        vectors = scores.vectors(inputs.sequences)
        if start is None:
            start = np.zeros((1, vectors.values.shape[1]), vectors.dtype)
        else:
            start = scores.vectors(Sequences(start, [0], [1])).values
        yield Explained(
            inputs=inputs,
            vectors=vectors,
            baseline=start[0],
            per_step=one_hot or tokens,
            columns=columns,
            steps=steps,
            factors=factors,
            scores=scores,
        )


def _require_known(sequences):
    if sequences.values.ndim == 2 and np.isnan(sequences.concatenate()).any():
        raise ValueError(
            "X contains NaN. Attributions compare values with those of the baseline, so a missing "
            f"value has none. {ATTRIBUTION_LIMITS}"
        )


def _read_time_step(time_step, lengths, per_step):
    """Return the index of the output that is explained, for each sequence."""
    if not per_step:
        if time_step is not None:
            raise ValueError(
                f"time_step={time_step!r} is only for estimators with return_sequences=True, which "
                "have one output per time step. Leave it at None."
            )
        return np.zeros(len(lengths), dtype=np.int64)
    time_step = -1 if time_step is None else time_step
    if not isinstance(time_step, Integral) or isinstance(time_step, bool):
        raise TypeError(f"time_step must be an int or None, got {time_step!r}.")
    if not -lengths.min() <= time_step < lengths.min():
        raise ValueError(
            f"time_step={time_step} is outside the shortest sequence of X, which has "
            f"{lengths.min()} time steps."
        )
    return np.where(time_step < 0, lengths + time_step, time_step)


def _read_target(fitted, inputs, target, steps):
    """Return the column of the output of each sequence, and the factors of its changes."""
    n = len(inputs)
    if isinstance(fitted._codec, LabelCodec):
        codes = _class_codes(fitted, inputs, target, steps)
        if fitted._spec.n_outputs > 1:
            return codes, np.ones(n)
        # The only output is the probability of the second class.
        return np.zeros(n, dtype=np.int64), np.where(codes == 1, 1.0, -1.0)
    if isinstance(fitted._codec, OutputsCodec):
        raise ValueError(
            "feature_attributions explains one output, but estimator was fitted with "
            f"{fitted.n_outputs_} columns of class labels. Train one classifier for each column, "
            "with sklearn.multioutput.MultiOutputClassifier, and explain each of its estimators_."
        )
    column = _output_column(target, fitted._spec.n_outputs)
    is_label = isinstance(fitted._codec, IndicatorCodec)
    return np.full(n, column), np.full(n, 1.0 if is_label else fitted._codec.scale[column])


def _class_codes(fitted, inputs, target, steps):
    if target is None:
        outputs = _outputs(fitted, inputs)
        if fitted._spec.return_sequences:
            outputs = outputs[inputs.lengths.cumsum() - inputs.lengths + steps]
        return fitted._codec.probabilities(outputs).argmax(axis=1)
    labels = as_array(target, "target")
    if labels.ndim == 0:
        labels = np.repeat(labels[None], len(inputs))
    if labels.shape != (len(inputs),):
        raise ValueError(
            "target must be None, one class, or one class per sequence, got an array of shape "
            f"{labels.shape} for {len(inputs)} sequences."
        )
    return label_codes(labels, fitted.classes_, "target")


def _outputs(fitted, inputs):
    from skrnn.networks.inference import forward

    known = fitted._standardization
    return forward(fitted._spec, fitted.weights_, inputs.sequences, standardization=known)


def _output_column(target, n_outputs):
    if target is None and n_outputs == 1:
        return 0
    if not isinstance(target, Integral) or isinstance(target, bool):
        raise ValueError(
            f"target must be the index of one of the {n_outputs} outputs of the network, got "
            f"{target!r}."
        )
    if not 0 <= target < n_outputs:
        raise ValueError(
            f"target={target} is not the index of one of the {n_outputs} outputs of the network."
        )
    return int(target)


def _read_baseline(fitted, baseline, one_hot):
    """Return the baseline as one time step of the form of the inputs, or None for a zero vector."""
    if fitted._step_format.tokens:
        return _read_baseline_token(fitted._vocabulary, baseline)
    n_features = fitted._step_format.n_features
    if baseline is not None and fitted._step_format.categorical:
        raise ValueError(
            f"baseline must be None with categorical features, got {baseline!r}. Their baseline is "
            "a category that is not in the training set."
        )
    if baseline is None:
        if fitted._standardization is None or one_hot:
            return None
        return fitted._standardization.mean[None]
    step = as_array(baseline, "baseline", np.float64)
    if step.shape not in ((), (n_features,)) or not np.isfinite(step).all():
        raise ValueError(
            f"baseline must be None, a finite number, or one for each of the {n_features} features "
            f"of a time step, got {baseline!r}."
        )
    return np.broadcast_to(step, (1, n_features)).copy()


def _read_baseline_token(vocabulary, baseline):
    if baseline is None:
        return None
    if not isinstance(baseline, Integral) or isinstance(baseline, bool) or baseline < 0:
        raise ValueError(
            f"baseline must be None or a token id, because X contains token ids, got {baseline!r}."
        )
    return vocabulary.read(Sequences(np.array([baseline]), [0], [1]), "baseline").values
