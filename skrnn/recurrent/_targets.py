"""Targets: one for each sequence, or one for each step and then all steps in one array."""

import numpy as np

from skrnn.sequences import split_steps
from skrnn.sequences._containers import object_array

__all__ = ["flatten_step_targets", "nest_steps", "require_one_target_each"]


def require_one_target_each(y, n_sequences, input_name="y"):
    """Check that there are as many targets as sequences, and that none is a series.

    Raises
    ------
    ValueError
    """
    if len(y) != n_sequences:
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: X has {n_sequences} "
            f"sequences, {input_name} has {len(y)}."
        )
    if isinstance(y, (list, tuple)) and len({np.shape(target) for target in y}) > 1:
        raise ValueError(
            f"{input_name} must hold one target a sequence because return_sequences=False, got "
            "arrays of different lengths. Set return_sequences=True for a target at each step."
        )


def flatten_step_targets(y, inputs, input_name="y"):
    """Return the targets of all real steps in one array.

    Parameters
    ----------
    y : list of array-like of shape (T_i,) or (T_i, k), or array-like of shape (n, T[, k])
        With a target for every step as it came, or for real steps only.
    inputs : Inputs

    Returns
    -------
    ndarray of shape (sum of lengths,) or (sum of lengths, k)

    Raises
    ------
    ValueError
        If the numbers of sequences or steps do not agree, or y has no step axis.
    """
    if len(y) != len(inputs):
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: X has {len(inputs)} "
            f"sequences, {input_name} has {len(y)}."
        )
    series = [np.asarray(target) for target in y]
    depths = {target.ndim for target in series}
    if not depths <= {1, 2} or len(depths) > 1:
        raise ValueError(
            f"{input_name} must hold a target for each step because return_sequences=True: a "
            f"list of (T_i,) or (T_i, k) arrays or an (n, T[, k]) array, got entries with "
            f"{' or '.join(str(depth) for depth in sorted(depths))} dimensions."
        )
    widths = [target.shape[1:] for target in series]
    if len(set(widths)) > 1:
        i = next(i for i, width in enumerate(widths) if width != widths[0])
        raise ValueError(
            f"{input_name} must hold as many targets at each step: {input_name}[0] has shape "
            f"{series[0].shape}, {input_name}[{i}] has shape {series[i].shape}."
        )
    counts = np.array([len(target) for target in series])
    as_given, as_real = counts == inputs.given_lengths, counts == inputs.lengths
    if not (as_given | as_real).all():
        i = int(np.argmin(as_given | as_real))
        raise ValueError(
            f"{input_name}[{i}] has {counts[i]} targets, but sequence {i} of X has "
            f"{inputs.given_lengths[i]} steps."
        )
    if inputs.padded:
        series = [
            target[offset : offset + length] if given else target
            for target, given, offset, length in zip(
                series, as_given, inputs.offsets, inputs.lengths, strict=True
            )
        ]
    return np.concatenate(series)


def nest_steps(flat, X, inputs):
    """One array a sequence, or for an array X one array for all; the inverse of flattening.

    For an object array X too: scikit-learn joins the predictions of folds as arrays.

    Parameters
    ----------
    flat : ndarray of shape (sum of lengths,) or (sum of lengths, k)
    X : what the user passed
    inputs : Inputs
        What was read from it.
    """
    if isinstance(X, np.ndarray) and X.ndim > 1 and not inputs.padded:
        return flat.reshape(len(inputs), -1, *flat.shape[1:])
    series = split_steps(flat, inputs.lengths)
    return object_array(series) if isinstance(X, np.ndarray) and X.ndim == 1 else series
