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
    """Return a read-only int64 copy, which does not change if the caller changes the argument.

    The copy of an array that repeats one number is one too.
    """
    positions = np.asarray(positions)
    if positions.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got the shape {positions.shape}.")
    if positions.dtype.kind not in "iu" and len(positions) > 0:
        raise TypeError(f"{name} must hold integers, got {positions.dtype}.")
    if repeats_one_number(positions):
        return np.broadcast_to(np.int64(positions[0]), len(positions))
    positions = positions.astype(np.int64)
    positions.flags.writeable = False
    return positions


def as_array(positions):
    """Return positions as an array, which for a range is a new one."""
    if isinstance(positions, range):
        return np.arange(positions.start, positions.stop, positions.step, np.int64)
    return positions


def positions_at(positions, key):
    """Return some positions: those of a slice, or of an array of valid indices or a mask."""
    if not isinstance(positions, range) or isinstance(key, slice):
        return positions[key]
    indices = np.flatnonzero(key) if key.dtype == bool else key.astype(np.int64)
    indices[indices < 0] += len(positions)
    return positions.start + positions.step * indices


def check_inside(starts, lengths, n_steps):
    """Check that sequences are not empty, and lie inside an array of `n_steps` time steps."""
    if len(starts) != len(lengths):
        raise ValueError(
            f"starts has {len(starts)} entries and lengths has {len(lengths)}; expected the same "
            "number."
        )
    if len(starts) == 0:
        return
    # A range has its extremes at its ends.
    few = np.array([starts[0], starts[-1]]) if isinstance(starts, range) else starts
    if lengths.min() >= 1 and few.min() >= 0 and few.max() <= n_steps - lengths.max():
        return
    starts = as_array(starts)
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


def offsets_of(lengths):
    """Return where each sequence begins if sequences of these lengths follow one another.

    Parameters
    ----------
    lengths : ndarray of int of shape (n_sequences,)

    Returns
    -------
    offsets : ndarray of int of shape (n_sequences,)
    """
    return np.cumsum(lengths) - lengths


def even_offsets_of(lengths):
    """Return `offsets_of` as a range, if the lengths are one number that an array repeats.

    Parameters
    ----------
    lengths : ndarray of int of shape (n_sequences,)

    Returns
    -------
    offsets : range, or ndarray of int of shape (n_sequences,)

    Examples
    --------
    >>> even_offsets_of(np.broadcast_to(2, 3)), even_offsets_of(np.array([2, 1]))
    (range(0, 6, 2), array([0, 2]))
    """
    if repeats_one_number(lengths) and lengths[0] > 0:
        return range(0, len(lengths) * int(lengths[0]), int(lengths[0]))
    return offsets_of(lengths)


def repeats_one_number(array):
    """Return whether an array stores one number for all of its items."""
    return array.strides == (0,) and len(array) > 0
