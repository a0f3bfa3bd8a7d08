"""Static features of the recurrent estimators: read, standardised, and described to the network."""

import warnings
from dataclasses import replace

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skrnn.sequences._standardization import Standardization
from skrnn.sequences._static_inputs import (
    check_static,
    learn_static_standardization,
    scale_static,
    static_rows,
)

# As for the features of time steps; see `_data`.
_LARGEST_SCALE = 200.0


def read_static_features(estimator, inputs, *, reset, input_name="X"):
    """Return `Inputs` with the static features that an estimator uses, checked.

    Parameters
    ----------
    estimator : BaseTrained
    inputs : Inputs
    reset : bool
        Whether the number and the names are learned. If False, the features are scaled too.
    input_name : str, default="X"
    """
    if not estimator._takes_static:
        return inputs
    sequences = check_static(estimator, inputs.sequences, reset=reset, input_name=input_name)
    if not reset:
        sequences = with_scaled_static(estimator, sequences, input_name)
    return replace(inputs, sequences=sequences)


def learn_static_features(estimator, sequences, weights):
    """Learn the mean and the scale of static features, as attributes, if they are standardised.

    Parameters
    ----------
    estimator : BaseTrained
    sequences : Sequences
    weights : ndarray of shape (n_sequences,)
        The weight of each sequence.
    """
    if not estimator._takes_static:
        return
    estimator.static_mean_ = estimator.static_scale_ = None
    found = learn_static_standardization(sequences, weights)
    if found is None:
        return
    if estimator.standardize:
        estimator.static_mean_, estimator.static_scale_ = found.mean, found.scale
    else:
        _warn_if_far_from_unit_scale(found)


def warn_if_static_far_from_first_data(estimator, sequences, weights):
    """Warn if the scaling that an earlier fit has learned leaves a static feature far from it.

    Parameters
    ----------
    estimator : BaseTrained
    sequences : Sequences
        With static features as the network receives them.
    weights : ndarray of shape (n_sequences,)
        The weight of each sequence.
    """
    known = static_standardization(estimator)
    if known is None:
        return
    found = Standardization.of(static_rows(sequences), weights)
    i = _far_feature(found)
    if i is None:
        return
    warnings.warn(
        f"Static feature {i} of X is standardised with the mean {known.mean[i]:.3g} and the "
        f"standard deviation {known.scale[i]:.3g} of the first training data, after which it has "
        f"the mean {found.mean[i]:.3g} and the standard deviation {found.scale[i]:.3g}. A network "
        "hardly learns from such values. Train on typical data first, or use a new estimator.",
        ConvergenceWarning,
        stacklevel=2,
    )


def static_standardization(estimator):
    """Return how the static features of a fitted estimator are standardised, or None."""
    if getattr(estimator, "static_mean_", None) is None:
        return None
    return Standardization(estimator.static_mean_, estimator.static_scale_)


def with_scaled_static(estimator, sequences, input_name="X"):
    """Return sequences with static features as the network of a fitted estimator receives them."""
    known = static_standardization(estimator)
    return scale_static(sequences, known, estimator.dtype, input_name)


def static_fields(estimator, sequences):
    """Return the fields of a specification that describe static features.

    Parameters
    ----------
    estimator : BaseTrained
    sequences : Sequences
        Sequences as the network receives them.

    Returns
    -------
    dict of str to object

    Raises
    ------
    ValueError
        If the first states of custom layers, or of segments, would come from static features.
    """
    if sequences.static is None:
        return {}
    if estimator.static == "initial_state":
        _check_has_first_states(estimator)
    return {"n_static": sequences.static.shape[1], "static": estimator.static}


def require_no_static(estimator, owner, advice=""):
    """Check that a fitted network does not receive static features.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
        A fitted estimator.
    owner : str
        The name of what does not take them.
    advice : str, default=""
        A sentence that is added to the error message.

    Raises
    ------
    ValueError
        If it does.
    """
    if estimator._spec.n_static:
        raise ValueError(
            f"{owner} does not support static features, but {type(estimator).__name__} was fitted "
            f"with {estimator.n_static_in_}. Fit it with static=None, or use model_."
            + (advice and f" {advice}")
        )


def _check_has_first_states(estimator):
    if estimator.body is not None or not isinstance(estimator.cell, str):
        name = "cell" if estimator.body is None else "body"
        raise ValueError(
            "static='initial_state' sets the first states of the recurrent layers of skrnn, got "
            f"{name}={getattr(estimator, name)!r}. Use static='concat' with a custom {name}."
        )
    if estimator.truncation is not None:
        raise ValueError(
            "static='initial_state' cannot be combined with truncation, got "
            f"truncation={estimator.truncation}. Use static='concat' or truncation=None."
        )


def _far_feature(found):
    """Return the index of the feature that is farthest from unit scale, or None if none is far."""
    farthest = np.maximum(np.abs(found.mean), found.scale)
    return None if farthest.max() <= _LARGEST_SCALE else int(farthest.argmax())


def _warn_if_far_from_unit_scale(found):
    i = _far_feature(found)
    if i is None:
        return
    warnings.warn(
        f"Static feature {i} of X has the mean {found.mean[i]:.3g} and the standard deviation "
        f"{found.scale[i]:.3g}. A network hardly learns from features with a mean or a standard "
        f"deviation above {_LARGEST_SCALE:g}. Set standardize=True, or scale the static features.",
        ConvergenceWarning,
        stacklevel=2,
    )
