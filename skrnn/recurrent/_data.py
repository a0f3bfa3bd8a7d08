"""Check and read inputs before any work, and learn the scales of their features.

Time steps are standardised later, when they are sent to the device (`skrnn.networks.feed`), so that
data in a file are read block by block. They are therefore read in the dtype in which they are
stored, because float32 would round a value such as a Unix time before its mean is subtracted.
"""

import warnings
from dataclasses import replace

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skrnn.recurrent._mixed_steps import (
    categorical_format,
    numbers_of,
    require_categories,
    require_same_categorical,
)
from skrnn.recurrent._static import (
    learn_static_features,
    read_static_features,
    warn_if_static_far_from_first_data,
)
from skrnn.sequences._inputs import StepFormat, read_inputs, with_dense_steps
from skrnn.sequences._standardization import Standardization, difference_scale

_BEFORE_STANDARDIZATION = ("float64", "float32")
# The largest mean and standard deviation of a feature without a warning. Pixels of 0 to 255 have a
# standard deviation of about 80, and scikit-learn's common checks use data with a mean of 100. The
# inverse is the smallest standard deviation of all features: a single feature may be almost always
# zero, such as a pixel in a corner.
_LARGEST_SCALE = 200.0
# The number of time steps from which the warning estimates them.
_SAMPLED_STEPS = 2**15


def read_sequences(estimator, X, *, reset=False, input_name="X"):
    """Return X as `Inputs`.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
    X : as in `fit`
    reset : bool, default=False
        Whether the estimator learns the format of its inputs. If False, they must have the
        format that it has learned.
    input_name : str, default="X"

    Raises
    ------
    ValueError
        If X does not have a format that the estimator can read.
    """
    fresh = None
    if reset:
        # A custom body receives vectors.
        has_categories = estimator.categorical_features is not None
        fresh = StepFormat(
            tokens=estimator.embedding is not None and not has_categories,
            codes=estimator.body is None and not estimator.allow_nan,
            dtype=_BEFORE_STANDARDIZATION if estimator.standardize else estimator.dtype,
            allow_nan=bool(estimator.allow_nan),
            categorical=categorical_format(estimator),
        )
    X, table = estimator._as_sequences(X, input_name)
    inputs = read_inputs(estimator, X, fresh=fresh, input_name=input_name, table=table)
    inputs = read_static_features(estimator, inputs, reset=reset, input_name=input_name)
    if reset:
        require_categories(estimator, estimator._step_format.categorical)
    known = None if reset else estimator._standardization
    if known is not None:
        require_finite(estimator, inputs.sequences, input_name)
    scaled = known is not None and not known.is_identity
    if not scaled and (reset or estimator.difference_scale_ is None):
        return inputs
    # Codes stand for 0 and 1, which the network does not receive if the columns have a scale, and
    # codes do not have differences.
    n_features = estimator._step_format.n_features
    vectors = with_dense_steps(inputs.sequences, n_features, estimator.dtype)
    return replace(inputs, sequences=vectors)


def require_finite(estimator, sequences, input_name="X"):
    """Check that standardised time steps are finite, or NaN if the estimator reads NaN."""
    estimator._standardization.require_finite(
        numbers_of(sequences),
        estimator.dtype,
        input_name,
        allow_nan=estimator._step_format.allow_nan,
    )


def learn_standardization(estimator, sequences, weights):
    """Learn the mean and the scale of features, as attributes, if they are to be standardised.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
        An estimator that has learned the format of its inputs.
    sequences : Sequences
    weights : ndarray of shape (n_sequences,)
        The weight of each time step of a sequence.
    """
    estimator.input_mean_ = estimator.input_scale_ = estimator.decay_mean_ = None
    if not estimator.standardize:
        _warn_if_far_from_unit_scale(estimator, sequences, weights)
    if reads_missing_values(estimator):
        options = {"scale_indicators": True, "allow_nan": True}
        estimator.decay_mean_ = Standardization.of(sequences, weights, **options).mean
    if not estimator.standardize or estimator._step_format.tokens:
        return
    if sequences.values.ndim == 1:
        found = Standardization.identity(estimator._step_format.n_features)
    else:
        allow_nan = estimator._step_format.allow_nan
        found = Standardization.of(sequences, weights, allow_nan=allow_nan)
    estimator.input_mean_, estimator.input_scale_ = found.mean, found.scale


def reads_missing_values(estimator):
    """Return whether the network of an estimator replaces NaN in the features that it has read."""
    steps = estimator._step_format
    return steps.allow_nan and not steps.tokens and steps.numeric != []


def _statistics(estimator, sequences, weights):
    """Return about the mean and the scale of features, from some of the sequences."""
    every = slice(None, None, 1 + int(sequences.lengths.sum()) // _SAMPLED_STEPS)
    allow_nan = estimator._step_format.allow_nan
    return Standardization.of(sequences[every], weights[every], allow_nan=allow_nan)


def warn_if_far_from_first_data(estimator, sequences, weights):
    """Warn if the scaling that an earlier fit has learned leaves a feature far from unit scale."""
    warn_if_static_far_from_first_data(estimator, sequences, weights)
    known = estimator._standardization
    if known is None or sequences.values.ndim == 1:
        return
    sequences = numbers_of(sequences)
    found = _statistics(estimator, sequences, weights)
    with np.errstate(over="ignore"):
        mean, scale = (found.mean - known.mean) / known.scale, found.scale / known.scale
    farthest = np.maximum(np.abs(mean), scale)
    if farthest.max() <= _LARGEST_SCALE:
        return
    i = int(farthest.argmax())
    warnings.warn(
        f"Feature {i} of X is standardised with the mean {known.mean[i]:.3g} and the standard "
        f"deviation {known.scale[i]:.3g} of the first training data, after which it has the mean "
        f"{mean[i]:.3g} and the standard deviation {scale[i]:.3g}. A network hardly learns from "
        "such values. Train on typical data first, or use a new estimator.",
        ConvergenceWarning,
        stacklevel=2,
    )


def _warn_if_far_from_unit_scale(estimator, sequences, weights):
    """Warn if a feature has values from which a network can hardly learn."""
    if sequences.values.ndim == 1:
        return
    found = _statistics(estimator, sequences, weights)
    largest = np.maximum(np.abs(found.mean), found.scale)
    if 1 / _LARGEST_SCALE <= largest.max() <= _LARGEST_SCALE:
        return
    i = int(largest.argmax())
    warnings.warn(
        f"Feature {i} of X has the mean {found.mean[i]:.3g} and the standard deviation "
        f"{found.scale[i]:.3g}. A network hardly learns from features with a mean or a standard "
        f"deviation above {_LARGEST_SCALE:g}, or if all are below {1 / _LARGEST_SCALE:g}. Set "
        "standardize=True, or scale X.",
        ConvergenceWarning,
        stacklevel=2,
    )


def learn_differences(estimator, sequences, weights):
    """Learn the scale of differences between time steps, as an attribute, if they are features.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
    sequences : Sequences
    weights : ndarray of shape (n_sequences,)
        The weight of each difference of a sequence.
    """
    # Differences that are ignored for these sequences are not a change of the parameter later.
    estimator._has_add_differences = bool(estimator.add_differences)
    estimator.difference_scale_ = None
    if estimator.add_differences and not estimator._step_format.tokens:
        allow_nan = estimator._step_format.allow_nan
        estimator.difference_scale_ = difference_scale(sequences, weights, allow_nan=allow_nan)


def require_same_inputs(estimator):
    """Check that a network that is trained further receives features as those that it began with.

    Raises
    ------
    ValueError
        If `standardize`, `add_differences`, `allow_nan` or `categorical_features` has changed since
        the estimator was fitted.
    """
    require_same_categorical(estimator)
    if estimator._step_format.tokens:
        return
    fitted = {
        "standardize": estimator._standardization is not None,
        "add_differences": estimator._has_add_differences,
        "allow_nan": estimator._step_format.allow_nan,
    }
    for name, value in fitted.items():
        if bool(getattr(estimator, name)) != value:
            raise ValueError(
                f"warm_start and partial_fit continue the training of one network, but {name} has "
                f"changed since it was fitted: from {value} to {getattr(estimator, name)}."
            )


def ids_as_rows(vocabulary, batch, input_name="X"):
    """Return a batch with token ids replaced by rows of the embedding.

    Parameters
    ----------
    vocabulary : Vocabulary or None
        If None, the batch is returned unchanged.
    batch : Inputs or Examples
    input_name : str, default="X"
    """
    if vocabulary is None:
        return batch
    return replace(batch, sequences=vocabulary.read(batch.sequences, input_name))


def with_same_steps(batches, n_features, dtype):
    """Return examples as vectors if some have vectors and others the codes of one-hot steps.

    Parameters
    ----------
    batches : sequence of Examples
    n_features : int
    dtype : str
    """
    if len({batch.sequences.values.ndim for batch in batches}) == 1:
        return batches
    return [
        replace(batch, sequences=with_dense_steps(batch.sequences, n_features, dtype))
        for batch in batches
    ]


def learn_features(estimator, sequences, weights, trained, used):
    """Learn the scales of the features, as attributes, from the sequences that are not held out.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
    sequences : Sequences
    weights : ndarray of shape (n_sequences,)
        The weight of each sequence.
    trained, used : ndarray of int, or slice
        The sequences to train on, and all those of positive weight.
    """
    sequences = numbers_of(sequences)
    learn_standardization(estimator, sequences[trained], weights[trained])
    if estimator._standardization is not None:
        require_finite(estimator, sequences[used])
    learn_differences(estimator, sequences[trained], weights[trained])
    learn_static_features(estimator, sequences[trained], weights[trained])
