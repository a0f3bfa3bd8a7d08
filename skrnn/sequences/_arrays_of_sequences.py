"""Check the arrays of which `Sequences` consist, and the keys by which they are indexed."""

import numpy as np

from skrnn._check_arrays import refuse_masked


def checked_values(values):
    """Return the values of sequences as an array of one or two dimensions."""
    refuse_masked(values, "values")
    values = np.asarray(values)
    if values.ndim not in (1, 2):
        raise ValueError(
            "values must have the shape (n_steps_total, n_features), or (n_steps_total,) for "
            f"integer codes, got {values.shape}."
        )
    if values.ndim == 1 and values.dtype.kind not in "iu":
        raise TypeError(
            f"One-dimensional values are integer codes, got {values.dtype}; numeric values of one "
            "feature have the shape (n_steps_total, 1)."
        )
    return values


def checked_names(names, shape):
    """Return the names of features as a tuple; `shape` is that of the values."""
    if names is None:
        return None
    names = tuple([names] if isinstance(names, str) else names)
    if not all(isinstance(name, str) for name in names):
        name = next(name for name in names if not isinstance(name, str))
        raise TypeError(f"feature_names must hold str, got {name!r}.")
    if len(shape) != 2 or len(names) != shape[1] or len(set(names)) < len(names):
        expected = f"{shape[1]} unique names" if len(shape) == 2 else "no names of integer codes"
        raise ValueError(f"feature_names must hold {expected}, got {list(names)}.")
    return tuple(map(str, names))


def checked_positions(positions, name):
    """Return a read-only int64 copy, which does not change if the caller changes the argument."""
    positions = np.asarray(positions)
    if positions.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got the shape {positions.shape}.")
    if positions.dtype.kind not in "iu" and len(positions) > 0:
        raise TypeError(f"{name} must hold integers, got {positions.dtype}.")
    positions = positions.astype(np.int64)
    positions.flags.writeable = False
    return positions


def check_inside(starts, lengths, n_steps):
    """Check that sequences are not empty, and lie inside an array of `n_steps` time steps."""
    if len(starts) != len(lengths):
        raise ValueError(
            f"starts has {len(starts)} entries and lengths has {len(lengths)}; expected the same "
            "number."
        )
    if len(starts) == 0 or (
        lengths.min() >= 1 and starts.min() >= 0 and starts.max() <= n_steps - lengths.max()
    ):
        return
    bad = np.flatnonzero((lengths < 1) | (starts < 0) | (lengths > n_steps - starts))
    if len(bad) == 0:
        return
    i = int(bad[0])
    if lengths[i] < 1:
        raise ValueError(f"Sequence {i} has {lengths[i]} time step(s); each needs at least 1.")
    raise ValueError(
        f"Sequence {i} (start {starts[i]}, length {lengths[i]}) reaches outside values of "
        f"{n_steps} time step(s)."
    )


def index_array(key):
    """Return a list, mask or index as an array; NumPy's own indexing checks its values."""
    key = np.arange(0) if isinstance(key, list) and not key else np.asarray(key)
    if key.dtype == object or key.ndim != 1:
        raise IndexError(
            "Sequences are indexed by an integer, a slice, or a one-dimensional array of integers "
            "or booleans."
        )
    return key
