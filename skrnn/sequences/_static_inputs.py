"""The static features of an estimator's inputs: their number, names, scale and finite values."""

import warnings

import numpy as np

from skrnn.sequences._sequences import Sequences
from skrnn.sequences._standardization import Standardization


def check_static(estimator, sequences, *, reset, input_name="X"):
    """Return sequences with the static features that an estimator uses, as float64 numbers.

    Parameters
    ----------
    estimator : estimator
        Its parameter `static` is None if it ignores static features. With `reset`, the attributes
        `n_static_in_` and, if there are names, `static_names_in_` are set.
    sequences : Sequences
    reset : bool
        Whether the number and the names are learned. If False, they must be those of `fit`.
    input_name : str, default="X"

    Returns
    -------
    Sequences
        They have static features only if the estimator uses some.

    Raises
    ------
    ValueError
        If the number or the names differ from those in `fit`, or if a value is NaN or infinite.
    """
    used = not reset and getattr(estimator, "n_static_in_", 0) > 0
    if sequences.static is not None and estimator.static is None and not used:
        sequences = sequences.with_static(None)
    if reset:
        _learn_names(estimator, sequences)
    else:
        _require_same_number(estimator, sequences, input_name)
        _require_same_names(estimator, sequences, input_name)
    if sequences.static is None:
        return sequences
    _require_finite(sequences, input_name)
    return sequences.with_static(sequences.static.astype(np.float64), sequences.static_names)


def refuse_static(owner, sequences, input_name="X", advice=""):
    """Raise an error if sequences have static features.

    Parameters
    ----------
    owner : str
        The name of what does not take them.
    sequences : Sequences
    input_name : str, default="X"
    advice : str, default=""
        A sentence that is added to the error message.
    """
    if sequences.static is not None:
        raise ValueError(
            f"{owner} does not take static features, but {input_name} has {_described(sequences)}. "
            f"Pass the time steps alone, such as {input_name}.with_static(None).{advice}"
        )


def learn_static_standardization(sequences, weights):
    """Return the mean and the scale of static features, or None if there are none.

    Parameters
    ----------
    sequences : Sequences
    weights : ndarray of shape (n_sequences,)
        The weight of each sequence.
    """
    if sequences.static is None:
        return None
    return Standardization.of(static_rows(sequences), weights)


def static_rows(sequences):
    """Return static features as sequences of one time step, for the statistics of time steps."""
    n = len(sequences)
    return Sequences(sequences.static, np.arange(n), np.ones(n, dtype=np.int64))


def scale_static(sequences, standardization, dtype, input_name="X"):
    """Return sequences with static features as a network or a readout receives them.

    Parameters
    ----------
    sequences : Sequences
        Without static features, they are returned unchanged.
    standardization : Standardization or None
        If None, the values are only cast.
    dtype : {"float32", "float64"}
    input_name : str, default="X"

    Raises
    ------
    ValueError
        If a value is too large for the dtype.
    """
    if sequences.static is None:
        return sequences
    values = sequences.static
    with np.errstate(over="ignore"):
        if standardization is not None:
            values = standardization.apply_to_steps(values)
        values = values.astype(dtype)
    if not np.isfinite(values).all():
        i = int(np.argmin(np.isfinite(values).all(axis=1)))
        raise ValueError(
            f"{input_name} has a static feature that is too large for {dtype} in sequence {i}."
        )
    return sequences.with_static(values, sequences.static_names)


def _learn_names(estimator, sequences):
    static, names = sequences.static, sequences.static_names
    estimator.n_static_in_ = 0 if static is None else static.shape[1]
    vars(estimator).pop("static_names_in_", None)
    if names is not None:
        estimator.static_names_in_ = np.array(names, dtype=object)


def _require_same_number(estimator, sequences, input_name):
    expected = estimator.n_static_in_
    if (0 if sequences.static is None else sequences.static.shape[1]) == expected:
        return
    names = getattr(estimator, "static_names_in_", None)
    known = "" if names is None else f", {list(names)}"
    raise ValueError(
        f"{input_name} has {_described(sequences)}, but {type(estimator).__name__} was fitted with "
        f"{expected} static feature(s){known}."
    )


def _require_same_names(estimator, sequences, input_name):
    fitted, names = getattr(estimator, "static_names_in_", None), sequences.static_names
    name = type(estimator).__name__
    if sequences.static is None or (fitted is None and names is None):
        return
    if fitted is None or names is None:
        has, other = ("", "out") if fitted is None else ("out", "")
        warnings.warn(
            f"{input_name} has static features with{has} names, but {name} was fitted on static "
            f"features with{other} names. Their order cannot be checked.",
            UserWarning,
            stacklevel=2,
        )
    elif tuple(fitted) != names:
        raise ValueError(
            f"{input_name} has the static features {list(names)}, but {name} was fitted with "
            f"{list(fitted)}; expected the same names in the same order."
        )


def _described(sequences):
    static, names = sequences.static, sequences.static_names
    if static is None:
        return "no static features"
    return f"{static.shape[1]} static feature(s)" + ("" if names is None else f", {list(names)}")


def _require_finite(sequences, input_name):
    bad = ~np.isfinite(sequences.static)
    if not bad.any():
        return
    i, j = map(int, np.argwhere(bad)[0])
    names = sequences.static_names
    problem = "NaN" if np.isnan(sequences.static[i, j]) else "infinity"
    raise ValueError(
        f"The static feature {j if names is None else repr(names[j])} of {input_name} contains "
        f"{problem}, first in sequence {i}. Impute missing values first, for example with "
        "sklearn.impute.SimpleImputer in a sklearn.compose.ColumnTransformer."
    )
