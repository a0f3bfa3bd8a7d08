"""`Sequences`: the type with which the package represents a batch, as three arrays.

The layout is the one that Apache Arrow calls a list view. It holds sequences of different lengths
without padding and overlapping windows without a copy, and a subset of a batch costs only two
short arrays.
"""

import numbers

import numpy as np

from skrnn._check_arrays import refuse_masked


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


def step_positions(starts, lengths):
    """Return the position of every time step of every sequence, in order."""
    return np.repeat(starts - offsets_of(lengths), lengths) + np.arange(lengths.sum())


def contiguous_range(starts, lengths):
    """Return the (start, end) of the range that consecutive sequences fill, or None."""
    if len(starts) == 0:
        return (0, 0)
    ends = starts + lengths
    if (starts[1:] != ends[:-1]).any():
        return None
    return (int(starts[0]), int(ends[-1]))


def gather(values, starts, lengths):
    """Return the time steps of all sequences in order, as a view if they are stored in order."""
    filled = contiguous_range(starts, lengths)
    if filled is None:
        return values[step_positions(starts, lengths)]
    return values if filled == (0, len(values)) else values[filled[0] : filled[1]]


class Sequences:
    """A batch of sequences: all time steps in one array, and where each sequence lies in it.

    Parameters
    ----------
    values : ndarray of shape (n_steps_total, n_features) or (n_steps_total,)
        The time steps of all sequences. The array is not copied. One-dimensional values are
        integer codes such as token ids, one per time step.
    starts : array-like of int of shape (n_sequences,)
        The position in `values` at which each sequence begins. Sequences may overlap, leave gaps
        and come in any order.
    lengths : array-like of int of shape (n_sequences,)
        The number of time steps of each sequence, at least 1.
    feature_names : sequence of str or None, default=None
        The name of each column of `values`. Estimators that are fitted on named features store the
        names in `feature_names_in_`, and require the same names in the same order later.

    Attributes
    ----------
    values : ndarray of shape (n_steps_total, n_features) or (n_steps_total,)
        The time steps of all sequences.
    starts : ndarray of int64 of shape (n_sequences,)
        The position in `values` at which each sequence begins, read-only.
    lengths : ndarray of int64 of shape (n_sequences,)
        The number of time steps of each sequence, read-only.
    feature_names : tuple of str or None
        The name of each feature.
    shape : tuple
        ``(n_sequences, n_steps, n_features)``, without the last entry for codes; ``n_steps`` is
        None if the lengths differ.
    ndim : int
        3, or 2 for codes.
    dtype : numpy.dtype
        The dtype of `values`.
    is_contiguous : bool
        Whether the sequences follow one another and fill `values`.

    Raises
    ------
    TypeError
        If `starts` or `lengths` are not integers, if one-dimensional `values` are not, or if a
        feature name is not a str.
    ValueError
        If the shapes do not fit together, if a sequence is empty or reaches outside `values`, or if
        `feature_names` does not hold one unique name per feature.

    See Also
    --------
    check_sequences : Make `Sequences` from arrays, lists and tables.

    Notes
    -----
    ``X[i]`` is one sequence, a view. ``X[indices]``, ``X[mask]`` and ``X[a:b]`` are `Sequences` on
    the same `values`, so scikit-learn's splitters keep the type and share the memory.
    ``np.asarray(X)`` is the three-dimensional array if all sequences are equally long.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.sequences import Sequences
    >>> X = Sequences(np.arange(10.0).reshape(5, 2), starts=[0, 2], lengths=[2, 3])
    >>> X
    Sequences(n_sequences=2, lengths=2..3, n_features=2, dtype=float64)
    >>> X.shape
    (2, None, 2)
    >>> X[0]
    array([[0., 1.],
           [2., 3.]])
    >>> X[[1]].shape
    (1, 3, 2)
    """

    # Dask sends an object once for all tasks only if it can be weakly referenced and is large.
    __slots__ = ("__weakref__", "_feature_names", "_lengths", "_starts", "_values")

    def __init__(self, values, starts, lengths, feature_names=None):
        self._values = _checked_values(values)
        self._starts = _checked_positions(starts, "starts")
        self._lengths = _checked_positions(lengths, "lengths")
        _check_inside(self._starts, self._lengths, len(self._values))
        self._feature_names = _checked_names(feature_names, self._values.shape)

    @classmethod
    def _trusted(cls, values, starts, lengths, feature_names=None):
        """Return `Sequences` on arrays that are known to fit together, without a check."""
        self = object.__new__(cls)
        self._values, self._starts, self._lengths = values, starts, lengths
        self._feature_names = feature_names
        starts.flags.writeable = lengths.flags.writeable = False
        return self

    @property
    def values(self):
        """The time steps of all sequences: a matrix, or a vector of integer codes."""
        return self._values

    @property
    def starts(self):
        """The position in `values` at which each sequence begins."""
        return self._starts

    @property
    def lengths(self):
        """The number of time steps of each sequence."""
        return self._lengths

    @property
    def feature_names(self):
        """The name of each feature, or None."""
        return self._feature_names

    @property
    def shape(self):
        """``(n_sequences, n_steps, n_features)``; ``n_steps`` is None if the lengths differ."""
        lengths = self._lengths
        same = len(lengths) > 0 and bool((lengths == lengths[0]).all())
        n_steps = int(lengths[0]) if same else None
        return (len(lengths), n_steps, *self._values.shape[1:])

    @property
    def ndim(self):
        """The number of dimensions: 3, or 2 for integer codes."""
        return self._values.ndim + 1

    @property
    def dtype(self):
        """The dtype of `values`."""
        return self._values.dtype

    @property
    def is_contiguous(self):
        """Return whether the sequences follow one another and fill `values`."""
        return contiguous_range(self._starts, self._lengths) == (0, len(self._values))

    def __len__(self):
        """Return the number of sequences."""
        return len(self._starts)

    def __getitem__(self, key):
        """Return one sequence for an integer, otherwise `Sequences` on the same values."""
        if isinstance(key, tuple):  # scikit-learn's _safe_indexing indexes with [key, ...]
            if len(key) != 2 or key[1] is not Ellipsis:
                raise IndexError("Sequences are indexed along their first axis only.")
            key = key[0]
        if isinstance(key, numbers.Integral) and not isinstance(key, bool):
            start = self._starts[key]
            return self._values[start : start + self._lengths[key]]
        if not isinstance(key, slice):
            key = _index_array(key)
        starts, lengths = self._starts[key], self._lengths[key]
        return Sequences._trusted(self._values, starts, lengths, self._feature_names)

    def __iter__(self):
        """Iterate over the sequences."""
        ends = self._starts + self._lengths
        for start, end in zip(self._starts.tolist(), ends.tolist(), strict=True):
            yield self._values[start:end]

    def __array__(self, dtype=None, copy=None):
        """Return the sequences as one array if they are equally long."""
        if self.shape[1] is None:
            raise ValueError(
                "Sequences of different lengths do not make one array; "
                "skrnn.sequences.to_padded pads them to one length."
            )
        array = self.concatenate().reshape(self.shape)
        array = array if dtype is None else array.astype(dtype, copy=False)
        shared = np.may_share_memory(array, self._values)
        if copy is False and not shared:
            raise ValueError("These sequences cannot become an array without a copy.")
        return array.copy() if copy and shared else array

    def __reduce__(self):
        """Pickle the three arrays, and the names if there are any."""
        names = () if self._feature_names is None else (self._feature_names,)
        return Sequences, (self._values, self._starts, self._lengths, *names)

    def __repr__(self):
        """Describe the batch on one line."""
        if len(self) == 0:
            lengths = "none"
        elif self.shape[1] is not None:
            lengths = str(self.shape[1])
        else:
            lengths = f"{self._lengths.min()}..{self._lengths.max()}"
        steps = "codes" if self.ndim == 2 else f"n_features={self._values.shape[1]}"
        return f"Sequences(n_sequences={len(self)}, lengths={lengths}, {steps}, dtype={self.dtype})"

    def __sizeof__(self):
        """Return the memory of the arrays in bytes, also of those that it shares."""
        arrays = self._values, self._starts, self._lengths
        return object.__sizeof__(self) + sum(array.nbytes for array in arrays)

    def step_index(self):
        """Return the position in `values` of every time step of every sequence, in order.

        Returns
        -------
        index : ndarray of int64 of shape (sum(lengths),)

        Examples
        --------
        >>> from skrnn.sequences import Sequences
        >>> Sequences([[0.0], [1.0], [2.0]], starts=[1, 0], lengths=[2, 2]).step_index()
        array([1, 2, 0, 1])
        """
        return step_positions(self._starts, self._lengths)

    def concatenate(self):
        """Return all time steps, one sequence after another.

        Returns
        -------
        steps : ndarray of shape (sum(lengths), n_features) or (sum(lengths),)
            A view of `values` if the sequences already follow one another (`values` itself if
            they fill it), otherwise a copy.
        """
        return gather(self._values, self._starts, self._lengths)

    def with_values(self, values, feature_names=None):
        """Return the same sequences on other values, such as transformed time steps.

        Parameters
        ----------
        values : ndarray of shape (n_steps_total, ...)
            The new values, with as many time steps as `self.values`.
        feature_names : sequence of str or None, default=None
            The names of the new features. If None, they have no names.

        Returns
        -------
        sequences : Sequences

        Raises
        ------
        ValueError
            If `values` has a different number of time steps, or `feature_names` a different number
            of names than `values` has columns.
        """
        if len(values) != len(self._values):
            raise ValueError(
                f"values has {len(values)} time step(s), expected {len(self._values)}."
            )
        values = _checked_values(values)
        names = _checked_names(feature_names, values.shape)
        return Sequences._trusted(values, self._starts, self._lengths, names)


def _checked_values(values):
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


def _checked_names(names, shape):
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


def _checked_positions(positions, name):
    """Return a read-only int64 copy, which does not change if the caller changes the argument."""
    positions = np.asarray(positions)
    if positions.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got the shape {positions.shape}.")
    if positions.dtype.kind not in "iu" and len(positions) > 0:
        raise TypeError(f"{name} must hold integers, got {positions.dtype}.")
    positions = positions.astype(np.int64)
    positions.flags.writeable = False
    return positions


def _check_inside(starts, lengths, n_steps):
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


def _index_array(key):
    """Return a list, mask or index as an array; NumPy's own indexing checks its values."""
    key = np.arange(0) if isinstance(key, list) and not key else np.asarray(key)
    if key.dtype == object or key.ndim != 1:
        raise IndexError(
            "Sequences are indexed by an integer, a slice, or a one-dimensional array of integers "
            "or booleans."
        )
    return key
