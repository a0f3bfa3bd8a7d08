"""The weights of targets: one per sequence or, for targets per time step, one per time step."""

import numpy as np

from skrnn._check_arrays import as_array
from skrnn._fitting import read_weights
from skrnn.sequences._missing_targets import split_missing
from skrnn.sequences._sequences import offsets_of
from skrnn.sequences._targets import as_list_or_array, flatten_step_targets


def is_per_step(sample_weight):
    """Return whether weights are sequences of weights.

    Examples
    --------
    >>> is_per_step(None), is_per_step([1, 2]), is_per_step([[1, 0], [1]])
    (False, False, True)
    """
    if sample_weight is None or np.isscalar(sample_weight):
        return False
    if isinstance(sample_weight, list | tuple):
        return any(np.ndim(item) > 0 for item in sample_weight)
    array = np.asarray(sample_weight)
    is_nested = array.dtype.kind == "O" and array.ndim == 1
    return array.ndim > 1 or (is_nested and any(np.ndim(item) > 0 for item in array))


def require_weights_of_sequences(sample_weight, input_name="sample_weight"):
    """Check that weights are not sequences of weights.

    Raises
    ------
    ValueError
    """
    if is_per_step(sample_weight):
        raise ValueError(
            f"{input_name} must contain one weight per sequence, got sequences of weights. One "
            "weight per time step is only possible for an estimator with return_sequences=True. If "
            "single labels or targets need different weights, fit one estimator for each."
        )


def scored_weights(sample_weight):
    """Return the weights of sequences in a score as numbers, or None if there are none.

    Raises
    ------
    ValueError
        If they are sequences of weights, or not numbers.
    """
    require_weights_of_sequences(sample_weight)
    if sample_weight is None:
        return None
    return as_array(sample_weight, "sample_weight", np.float64)


def read_step_weights(sample_weight, inputs, input_name="sample_weight"):
    """Return the weights of all time steps in one array.

    Parameters
    ----------
    sample_weight : list of array-like of shape (T_i,), or array-like of shape (n, T)
    inputs : Inputs
    input_name : str, default="sample_weight"

    Raises
    ------
    ValueError
        If there is not one weight per time step, if a weight is negative or not finite, or if all
        are zero.
    """
    flat = flatten_step_targets(as_list_or_array(sample_weight, input_name), inputs, input_name)
    return checked_step_weights(flat, input_name)


def checked_step_weights(flat, input_name="sample_weight"):
    """Return the weights of all time steps, which are in one array, as float64.

    Raises
    ------
    ValueError
        If there is more than one weight per time step, if a weight is negative or not finite, or if
        all are zero.
    """
    if flat.ndim > 1:
        raise ValueError(
            f"{input_name} must contain one number per time step, got entries of shape "
            f"(T_i, {flat.shape[1]})."
        )
    if not flat.any():
        raise ValueError(
            f"{input_name} is zero for every time step; at least one must be positive."
        )
    return read_weights(as_array(flat, input_name, np.float64), len(flat), input_name)


def read_target_weights(sample_weight, counts, known, *, read_steps, input_name):
    """Return the weight of each sequence and that of each target.

    Parameters
    ----------
    sample_weight : array-like of shape (n,), sequences of weights, or None
    counts : ndarray of int of shape (n,)
        The number of targets of each sequence.
    known : ndarray of bool of shape (n_targets,), or None
        Which targets are not missing; None if this is all of them.
    read_steps : callable or None
        A function of sequences of weights and of their name that returns the weight of each target.
        None if there must be one weight per sequence.
    input_name : str

    Returns
    -------
    of_sequences : ndarray of shape (n,)
        The largest weight of the targets of each sequence.
    of_targets : ndarray of shape (n_targets,)
        Zero for missing targets.

    Raises
    ------
    ValueError
        If the weights do not match the targets, are negative or not finite, or are all zero.
    """
    if read_steps is None:
        require_weights_of_sequences(sample_weight, input_name)
    if is_per_step(sample_weight):
        of_targets = read_steps(sample_weight, input_name=input_name)
    else:
        of_sequences = read_weights(sample_weight, len(counts), input_name)
        of_targets = np.repeat(of_sequences, counts)
        if known is None:
            return of_sequences, of_targets
    if known is not None:
        of_targets = np.where(known, of_targets, 0.0)
        if not of_targets.any():
            raise ValueError(f"{input_name} is zero for every target that is not missing.")
    return np.maximum.reduceat(of_targets, offsets_of(counts)), of_targets


def without_effect(y, weights):
    """Return targets in which those of weight zero are replaced by one that has a weight.

    No value of a target without a weight, such as a very large number or an unknown label, then has
    an effect.

    Parameters
    ----------
    y : ndarray of shape (n_targets,) or (n_targets, k)
    weights : ndarray of shape (n_targets,)
    """
    y = y.copy()
    y[weights == 0] = y[np.argmax(weights > 0)]
    return y


def scored_steps(y, predicted, sample_weight, inputs):
    """Return targets, predictions and weights of the time steps whose targets are not missing.

    Parameters
    ----------
    y : list of array-like, or array-like of shape (n, T) or (n, T, k)
    predicted : ndarray of shape (n_steps,) or (n_steps, k)
    sample_weight : array-like of shape (n,), sequences of weights, or None
    inputs : Inputs
    """
    y, known = split_missing(flatten_step_targets(as_list_or_array(y, masks=True), inputs))
    if is_per_step(sample_weight):
        sample_weight = read_step_weights(sample_weight, inputs)
    elif sample_weight is not None:
        weights = read_weights(sample_weight, len(inputs))
        sample_weight = np.repeat(weights, inputs.lengths)
    if known is None:
        return y, predicted, sample_weight
    weights = None if sample_weight is None else sample_weight[known]
    return y[known], predicted[known], weights
