"""`Sequences`: the type with which the package represents a batch, as three arrays.

The layout is the one that Apache Arrow calls a list view. It holds sequences of different lengths
without padding and overlapping windows without a copy, and a subset of a batch costs only two
short arrays.
"""

import numbers

import numpy as np

from skrnn.sequences._arrays_of_sequences import (
    as_array,
    check_inside,
    checked_names,
    checked_positions,
    checked_values,
    index_array,
    offsets_of,
    positions_at,
    repeats_one_number,
)
from skrnn.sequences._static import read_static


def step_positions(starts, lengths):
    """Return the position of every time step of every sequence, in order."""
    return np.repeat(as_array(starts) - offsets_of(lengths), lengths) + np.arange(lengths.sum())


def contiguous_range(starts, lengths):
    """Return the (start, end) of the range that consecutive sequences fill, or None."""
    if len(starts) == 0:
        return (0, 0)
    starts = as_array(starts)
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
        and come in any order. A range stays one, so that it needs no memory for each sequence.
    lengths : array-like of int of shape (n_sequences,)
        The number of time steps of each sequence, at least 1.
    feature_names : sequence of str or None, default=None
        The name of each column of `values`. Estimators that are fitted on named features store the
        names in `feature_names_in_`, and require the same names in the same order later.
    static : array-like or DataFrame of shape (n_sequences, n_static) or None, default=None
        The static features: numbers that belong to a whole sequence, such as the age of a patient.
    static_names : sequence of str or None, default=None
        The name of each static feature. If None, they are the columns of a DataFrame.

    Attributes
    ----------
    values : ndarray of shape (n_steps_total, n_features) or (n_steps_total,)
        The time steps of all sequences.
    starts : ndarray of int64 of shape (n_sequences,)
        The position in `values` at which each sequence begins, read-only. It is a new array at each
        access if `starts` was a range.
    lengths : ndarray of int64 of shape (n_sequences,)
        The number of time steps of each sequence, read-only.
    feature_names : tuple of str or None
        The name of each feature.
    static : ndarray of shape (n_sequences, n_static) or None
        The static features, read-only, in float32 if they were given so and otherwise in float64.
    static_names : tuple of str or None
        The name of each static feature.
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
        name is not a str.
    ValueError
        If the shapes do not fit together, if a sequence is empty or reaches outside `values`, if
        `feature_names` or `static_names` do not hold one unique name per feature, or if `static`
        does not hold numbers.

    See Also
    --------
    check_sequences : Make `Sequences` from arrays, lists and tables.

    Notes
    -----
    ``X[i]`` is one sequence, a view. ``X[indices]``, ``X[mask]`` and ``X[a:b]`` are `Sequences` on
    the same `values`, so scikit-learn's splitters keep the type and share the memory.
    ``np.asarray(X)`` is the three-dimensional array if all sequences are equally long and there are
    no static features, which the array would lose.

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
    __slots__ = (
        "__weakref__",
        "_feature_names",
        "_lengths",
        "_starts",
        "_static",
        "_static_names",
        "_values",
    )

    def __init__(self, values, starts, lengths, feature_names=None, static=None, static_names=None):
        self._values = checked_values(values)
        is_range = isinstance(starts, range)
        self._starts = starts if is_range else checked_positions(starts, "starts")
        self._lengths = checked_positions(lengths, "lengths")
        check_inside(self._starts, self._lengths, len(self._values))
        self._feature_names = checked_names(feature_names, self._values.shape)
        self._static, self._static_names = read_static(static, len(self._starts), static_names)

    @classmethod
    def _trusted(cls, values, starts, lengths, feature_names=None, static=None, static_names=None):
        """Return `Sequences` on arrays that are known to fit together, without a check."""
        self = object.__new__(cls)
        self._values, self._starts, self._lengths = values, starts, lengths
        self._feature_names = feature_names
        self._static, self._static_names = static, static_names
        lengths.flags.writeable = False
        if not isinstance(starts, range):
            starts.flags.writeable = False
        return self

    @property
    def values(self):
        """The time steps of all sequences: a matrix, or a vector of integer codes."""
        return self._values

    @property
    def starts(self):
        """The position in `values` at which each sequence begins."""
        if not isinstance(self._starts, range):
            return self._starts
        starts = as_array(self._starts)
        starts.flags.writeable = False
        return starts

    @property
    def lengths(self):
        """The number of time steps of each sequence."""
        return self._lengths

    @property
    def feature_names(self):
        """The name of each feature, or None."""
        return self._feature_names

    @property
    def static(self):
        """The static features, a matrix with one row per sequence, or None."""
        return self._static

    @property
    def static_names(self):
        """The name of each static feature, or None."""
        return self._static_names

    @property
    def shape(self):
        """``(n_sequences, n_steps, n_features)``; ``n_steps`` is None if the lengths differ."""
        lengths = self._lengths
        same = len(lengths) > 0 and (
            repeats_one_number(lengths) or bool((lengths == lengths[0]).all())
        )
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
            length = self._lengths[key]
            start = self._starts[key]
            return self._values[start : start + length]
        if not isinstance(key, slice):
            key = index_array(key)
        lengths = self._lengths[key]
        starts = positions_at(self._starts, key)
        of_features = self._feature_names, *self._static_of(key)
        return Sequences._trusted(self._values, starts, lengths, *of_features)

    def __iter__(self):
        """Iterate over the sequences."""
        starts = self.starts
        ends = starts + self._lengths
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            yield self._values[start:end]

    def _static_of(self, key):
        """Return the static features of some sequences, and their names."""
        if self._static is None:
            return None, None
        static = self._static[key]
        static.flags.writeable = False
        return static, self._static_names

    def __array__(self, dtype=None, copy=None):
        """Return the sequences as one array if they are equally long."""
        if self._static is not None:
            raise ValueError(
                "Sequences with static features cannot become one array, which would lose these. "
                "skrnn.sequences.to_column(X) is a table that keeps them, for tools that need two "
                "dimensions; X.with_static(None) has only the time steps."
            )
        if self.shape[1] is None:
            raise ValueError(
                "Sequences of different lengths cannot become one array; "
                "skrnn.sequences.to_padded pads them to one length."
            )
        array = self.concatenate().reshape(self.shape)
        array = array if dtype is None else array.astype(dtype, copy=False)
        shared = np.may_share_memory(array, self._values)
        if copy is False and not shared:
            raise ValueError("These sequences cannot become an array without a copy.")
        return array.copy() if copy and shared else array

    def __reduce__(self):
        """Pickle the three arrays, and the names and static features if there are any."""
        further = [self._feature_names, self._static, self._static_names]
        while further and further[-1] is None:
            further.pop()
        return Sequences, (self._values, self._starts, self._lengths, *further)

    def __repr__(self):
        """Describe the batch on one line."""
        if len(self) == 0:
            lengths = "none"
        elif self.shape[1] is not None:
            lengths = str(self.shape[1])
        else:
            lengths = f"{self._lengths.min()}..{self._lengths.max()}"
        steps = "codes" if self.ndim == 2 else f"n_features={self._values.shape[1]}"
        steps += "" if self._static is None else f", n_static={self._static.shape[1]}"
        return f"Sequences(n_sequences={len(self)}, lengths={lengths}, {steps}, dtype={self.dtype})"

    def __sizeof__(self):
        """Return the memory of the arrays in bytes, also of those that it shares."""
        arrays = self._values, self.starts, self._lengths, self._static
        return object.__sizeof__(self) + sum(one.nbytes for one in arrays if one is not None)

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

        Static features are kept.

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
        values = checked_values(values)
        names = checked_names(feature_names, values.shape)
        static = self._static, self._static_names
        return Sequences._trusted(values, self._starts, self._lengths, names, *static)

    def with_static(self, static, static_names=None):
        """Return the same sequences with other static features.

        Parameters
        ----------
        static : array-like or DataFrame of shape (n_sequences, n_static) or None
            The new static features. If None, there are none.
        static_names : sequence of str or None, default=None
            The names of the new static features. If None, they are the columns of a DataFrame.

        Returns
        -------
        sequences : Sequences

        Raises
        ------
        TypeError
            If a name is not a str.
        ValueError
            If `static` does not hold numbers, one row per sequence, or if `static_names` does not
            hold one unique name per static feature.

        Examples
        --------
        >>> from skrnn.sequences import check_sequences
        >>> X = check_sequences([[1.0, 2.0], [3.0]])
        >>> X.with_static([[40, 0], [71, 1]], ["age", "sex"])
        Sequences(n_sequences=2, lengths=1..2, n_features=1, n_static=2, dtype=float32)
        """
        static = read_static(static, len(self), static_names)
        return Sequences._trusted(
            self._values, self._starts, self._lengths, self._feature_names, *static
        )
