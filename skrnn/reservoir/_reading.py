"""What the echo state estimators are given: sequences, or one series whose rows are its steps."""

from dataclasses import dataclass
from numbers import Number

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import validate_data

from skrnn._fitting import read_weights
from skrnn.reservoir._reservoir import Reservoir
from skrnn.sequences import Sequences
from skrnn.sequences._inputs import Inputs, StepFormat, read_inputs, read_one_hot
from skrnn.sequences._targets import as_list_or_array, flatten_targets

__all__ = ["SHARED", "Examples", "read_X", "read_examples", "resolve"]

# What can be given to an estimator itself, or to its reservoir.
SHARED = (
    "units",
    "spectral_radius",
    "leak_rate",
    "input_scaling",
    "washout",
    "pooling",
    "random_state",
)


@dataclass(frozen=True)
class Examples:
    """Sequences, targets and weights that have been checked and go together.

    Parameters
    ----------
    sequences : Sequences
    targets : ndarray of shape (n_rows, n_targets)
        Of each sequence, or of all steps, one sequence after another.
    weights : ndarray of shape (n_rows,) or None
    places : ndarray of int of shape (n_sequences,) or None
        Where each sequence was in what came.
    """

    sequences: Sequences
    targets: np.ndarray
    weights: np.ndarray | None
    places: np.ndarray | None = None


def resolve(estimator):
    """Return an unfitted reservoir with all parameters, those of the estimator itself included.

    Raises
    ------
    ValueError
        If a value is given in both places.
    """
    given = estimator.reservoir
    reservoir = Reservoir() if given is None else clone(given)
    defaults = Reservoir().get_params()
    for name in SHARED:
        value = getattr(estimator, name)
        if value is None:
            continue
        inner = getattr(reservoir, name)
        # Ensembles seed both; the estimator's own seed is the one that counts.
        if name != "random_state" and not _is_same(inner, defaults[name]):
            raise ValueError(
                f"{name} is given in two places, as {name}={value!r} and as "
                f"reservoir=Reservoir({name}={inner!r}); give it in one."
            )
        reservoir.set_params(**{name: value})
    reservoir._validate_params()
    return reservoir


def _is_same(one, other):
    simple = isinstance(one, str | Number) and isinstance(other, str | Number)
    return one is other or (simple and one == other)


def read_X(estimator, X, dtype, *, reset):
    """Return X as `Inputs`.

    Parameters
    ----------
    estimator : BaseEchoState
    X : as in `fit`
    dtype : str
    reset : bool
        Whether the estimator learns how its inputs look.
    """
    fresh = StepFormat(tokens=False, codes=True, dtype=dtype)
    if estimator.rows == "sequences":
        return read_inputs(estimator, X, fresh=fresh if reset else None)
    with np.errstate(over="ignore"):  # what is too large becomes infinite
        X = validate_data(
            estimator,
            X,
            dtype=np.dtype(dtype),
            accept_sparse="csr",
            ensure_all_finite=False,
            reset=reset,
        )
    _check_rows_finite(X)
    if reset:
        estimator._step_format = StepFormat(False, True, dtype, X.shape[1], in_table=True)
    inputs = read_one_hot([X])[0] if sparse.issparse(X) else None
    if inputs is None:
        X = X.toarray() if sparse.issparse(X) else X
        lengths = np.array([len(X)])
        inputs = Inputs(Sequences(X, [0], lengths), lengths, np.zeros_like(lengths))
    return inputs


def _check_rows_finite(X):
    """Raise for NaN and infinity, and say in which row."""
    values = X.data if sparse.issparse(X) else X
    bad = np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(axis=1))
    if len(bad) == 0:
        return
    row = np.searchsorted(X.indptr, bad[0], side="right") - 1 if sparse.issparse(X) else bad[0]
    what = "NaN" if np.isnan(values[bad[0]]).any() else f"infinity or too much for {X.dtype}"
    raise ValueError(f"Input X contains {what}. The first row with it is X[{row}].")


def read_examples(estimator, X, y, sample_weight, dtype, *, reset, classes=None):
    """Return what a fit learns from.

    Parameters
    ----------
    estimator : BaseEchoState
    X, y, sample_weight : as in `fit`
    dtype : str
    reset : bool
        Whether the estimator learns from them how its data look.
    classes : ndarray or None
        All classes, where `y` may lack some.

    Returns
    -------
    examples : Examples
    """
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None."
        )
    y = as_list_or_array(y)
    inputs = read_X(estimator, X, dtype, reset=reset)
    sequences = inputs.sequences
    if estimator.rows == "steps":
        check_consistent_length(sequences.values, y)
        counts = np.ones(len(sequences.values), dtype=np.int64)
    else:
        y, counts = flatten_targets(y, inputs, "y", per_step=estimator.return_sequences)
    y = estimator._check_targets(y)
    weights, used = None, np.arange(len(counts))
    if sample_weight is not None:
        weights = read_weights(sample_weight, len(counts))
        used = np.flatnonzero(weights)
        weights = np.repeat(weights, counts)
    has_weight = slice(None) if weights is None else weights > 0
    if reset:
        estimator._learn_targets(y, has_weight, classes)
    targets = estimator._encode_targets(y)
    weights = estimator._weigh(targets, weights)
    if estimator.rows == "steps":  # a step without weight still moves the states
        return Examples(sequences, targets, weights)
    # A sequence without weight is as if it were not there.
    weights = None if weights is None else weights[has_weight]
    return Examples(sequences[used], targets[has_weight], weights, used)
