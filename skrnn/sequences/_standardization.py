"""Standardise numeric time steps, and measure the scale of the differences between them.

The statistics are computed in float64 from a block of time steps at a time, so that data in a file
need not fit into memory. Overlapping sequences are not copied: a time step in `values` counts once
for each sequence that contains it, as if the sequences had been stored one after another.
"""

from dataclasses import dataclass

import numpy as np

from skrnn._aligned import aligned_empty
from skrnn._persistence import stored_as_dict
from skrnn.sequences._check import as_sequences
from skrnn.sequences._sequences import step_positions
from skrnn.sequences._step_blocks import STEPS, StepBlocks, extremes, moments

# Number of sequences that are processed at once.
_SEQUENCES = 2**10
# Relative differences between the values of a constant column that come from rounding.
_ROUNDING = 2**-50
# With a larger offset than this, in units of the spread, a rounding to float32 would change a
# number by more than 2 ** -16 of the spread.
_LARGEST_OFFSET = 2.0**8
# Squares of numbers with a spread between this number and its inverse neither overflow nor
# underflow in float32.
_LARGEST_SPREAD = 1e12


def needs_float64(offset, spread):
    """Return whether float32 would round numbers too much that have an offset and a spread.

    Parameters
    ----------
    offset, spread : ndarray of shape (n,)
        The spread is positive.

    Examples
    --------
    >>> import numpy as np
    >>> needs_float64(np.array([5000.0]), np.array([300.0]))
    False
    >>> needs_float64(np.array([1.7e9]), np.array([1.0]))
    True
    """
    small_offset = np.abs(offset) <= _LARGEST_OFFSET * spread
    moderate = (spread >= 1 / _LARGEST_SPREAD) & (spread <= _LARGEST_SPREAD)
    return not (small_offset & moderate).all()


@stored_as_dict
@dataclass(frozen=True)
class Standardization:
    """The mean and the standard deviation by which time steps are standardised.

    Parameters
    ----------
    mean, scale : float64 ndarray of shape (n_features,)
        ``(x - mean) / scale`` is the standardised value. A column that is left unchanged has the
        mean 0 and the scale 1.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.sequences import check_sequences
    >>> X = check_sequences([[[1.0, 0.0], [3.0, 1.0]], [[5.0, 0.0]]])
    >>> found = Standardization.of(X, weights=np.array([1.0, 0.0]))
    >>> found.mean, found.scale
    (array([2., 0.]), array([1., 1.]))
    >>> found.apply(X, "float32")[1]
    array([[3., 0.]], dtype=float32)
    """

    mean: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(
        cls,
        sequences,
        weights,
        *,
        center_constants=True,
        scale_indicators=False,
        allow_nan=False,
    ):
        """Return the statistics of the time steps of sequences.

        Parameters
        ----------
        sequences : Sequences
            Sequences of vectors.
        weights : ndarray of shape (n_sequences,)
            The weight of each time step of a sequence. They are not negative.
        center_constants : bool, default=True
            Whether a constant column becomes 0. If False, it becomes 1 or -1, or remains 0.
        scale_indicators : bool, default=False
            Whether a column that contains only 0 and 1 is standardised. If False, it is left
            unchanged.
        allow_nan : bool, default=False
            Whether NaN are left out. A column without any value is left unchanged.
        """
        options = {"center_constants": center_constants, "scale_indicators": scale_indicators}
        counts = _step_weights(sequences, weights)
        if not allow_nan:
            return cls._of_steps(sequences.values, counts, **options)
        columns = [
            cls._of_steps(values, some, **options) if some.any() else cls.identity(1)
            for values, some in _columns_without_nan(sequences.values, counts)
        ]
        means, scales = zip(*((one.mean, one.scale) for one in columns), strict=True)
        return cls(np.concatenate(means), np.concatenate(scales))

    @classmethod
    def _of_steps(cls, values, counts, *, center_constants, scale_indicators):
        """Return the statistics of time steps, of which each has a count."""
        blocks = StepBlocks.of(values, counts)
        lowest, highest, is_indicator = extremes(blocks)
        # Powers of two scale exactly. Without them, squares could overflow or underflow.
        exponents = np.frexp(np.maximum(np.abs(lowest), np.abs(highest)))[1]
        low, high = np.ldexp(lowest, -exponents), np.ldexp(highest, -exponents)
        mean, spread = moments(blocks, exponents, (low + high) / 2)
        scale = np.ldexp(spread, exponents)
        # The inverse of a smaller number would overflow.
        constant = (high - low <= _ROUNDING) | (scale < np.finfo(np.float64).tiny)
        mean = np.where(constant, lowest, np.ldexp(mean, exponents))
        scale = np.where(constant, 1.0, scale)
        if not center_constants:
            magnitude = np.maximum(np.abs(lowest), np.abs(highest))
            mean = np.where(constant, 0.0, mean)
            scale = np.where(constant & (magnitude > 0), magnitude, scale)
        unchanged = np.zeros_like(constant) if scale_indicators else is_indicator
        return cls(mean=np.where(unchanged, 0.0, mean), scale=np.where(unchanged, 1.0, scale))

    @classmethod
    def identity(cls, n_features):
        """Return the statistics that leave time steps unchanged."""
        return cls(np.zeros(n_features), np.ones(n_features))

    @property
    def is_identity(self):
        """Return whether time steps are left unchanged."""
        return bool((self.mean == 0).all() and (self.scale == 1).all())

    def equals(self, other):
        """Return whether other statistics, or None, are the same."""
        return (
            other is not None
            and np.array_equal(self.mean, other.mean)
            and np.array_equal(self.scale, other.scale)
        )

    def input_dtype(self, dtype):
        """Return the dtype of time steps before they are standardised.

        Parameters
        ----------
        dtype : {"float32", "float64"}
            The dtype of standardised time steps.
        """
        return "float64" if needs_float64(self.mean, self.scale) else dtype

    def apply(self, sequences, dtype):
        """Return standardised sequences.

        Parameters
        ----------
        sequences : Sequences
            Sequences of vectors. Codes of one-hot vectors are returned unchanged.
        dtype : {"float32", "float64"}
        """
        if sequences.values.ndim == 1:
            return sequences
        return sequences.with_values(self.apply_to_steps(sequences.values, dtype))

    def apply_to_steps(self, values, dtype="float64"):
        """Return standardised time steps.

        Parameters
        ----------
        values : ndarray of shape (n_steps, n_features)
        dtype : {"float32", "float64"}, default="float64"
        """
        standardized = aligned_empty(values.shape, dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, len(values), STEPS):
                rows = slice(start, start + STEPS)
                standardized[rows] = (values[rows] - self.mean) / self.scale
        return standardized

    def require_finite(self, sequences, dtype, input_name="X", *, allow_nan=False):
        """Check that no standardised value is too large for a dtype.

        Parameters
        ----------
        sequences : Sequences
        dtype : {"float32", "float64"}
        input_name : str, default="X"
        allow_nan : bool, default=False
            Whether NaN are accepted.

        Raises
        ------
        ValueError
            If one is.
        """
        values = sequences.values
        if values.ndim == 1:
            return
        # A quick check without a copy, in which time steps count that no sequence contains.
        with np.errstate(over="ignore", invalid="ignore"):
            largest = np.finfo(dtype).max * np.minimum(self.scale, 1.0)
            farthest = [np.abs(found(axis=0) - self.mean) for found in (values.min, values.max)]
        if not (np.maximum(*farthest) <= largest).all():
            scaled = self.apply(sequences, dtype)
            as_sequences(scaled, dtype=dtype, allow_nan=allow_nan, input_name=input_name)


def is_one_hot(sequences, weights):
    """Return whether all time steps are one-hot vectors or zero, as numbers or as codes.

    Parameters
    ----------
    sequences : Sequences
    weights : ndarray of shape (n_sequences,)
        Sequences of weight zero do not count.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.sequences import check_sequences
    >>> X = check_sequences([[[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0]]])
    >>> is_one_hot(X, np.array([1.0, 0.0])), is_one_hot(X, np.array([1.0, 1.0]))
    (True, False)
    """
    values = sequences.values
    return values.ndim == 1 or all(
        ((steps == 0) | (steps == 1)).all() and (steps.sum(axis=1) <= 1).all()
        for steps, _ in StepBlocks.of(values, _step_weights(sequences, weights))
    )


def difference_scale(sequences, weights, *, allow_nan=False):
    """Return the root mean square of the differences between successive time steps.

    It is used in place of the standard deviation, because the mean of differences is not
    subtracted from them: those of a steady trend have a small standard deviation and large values.

    Parameters
    ----------
    sequences : Sequences
    weights : ndarray of shape (n_sequences,)
        The weight of each difference of a sequence. They are not negative.
    allow_nan : bool, default=False
        Whether differences from or to NaN are left out. If a column has no other difference than
        zero, its standard deviation is returned, because values on both sides of a gap may differ.

    Returns
    -------
    float64 ndarray of shape (n_features,), or None
        It is 1 for a constant column. None if the sequences are codes of one-hot vectors or if all
        values are 0 or 1.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.sequences import check_sequences
    >>> X = check_sequences([[[1.0, 5.0], [4.0, 5.0]], [[5.0, 5.0], [1.0, 5.0]]])
    >>> difference_scale(X, weights=np.array([0.0, 1.0]))
    array([4., 1.])
    """
    values = sequences.values
    if values.ndim == 1:
        return None
    counts = _step_weights(sequences, weights)
    pair_counts = _step_weights(sequences, weights, n_skipped=1)
    if not allow_nan:
        lowest, highest, is_indicator = extremes(StepBlocks.of(values, counts))
        if is_indicator.all():
            return None
        root = _root_mean_square(values, lowest, highest, pair_counts)
        return np.where(root > 0, root, 1.0)
    columns = list(_columns_without_nan(values, counts))
    ranges = [extremes(StepBlocks.of(column, some)) for column, some in columns]
    if all(is_indicator.all() for *_, is_indicator in ranges):
        return None
    roots = []
    for (column, known), (lowest, highest, _) in zip(columns, ranges, strict=True):
        is_pair = (known > 0) & _is_known_before(column)
        roots.append(_root_mean_square(column, lowest, highest, np.where(is_pair, pair_counts, 0)))
    root = np.concatenate(roots)
    spread = Standardization.of(sequences, weights, allow_nan=True).scale
    return np.where(root > 0, root, spread)


def _root_mean_square(values, lowest, highest, pair_counts):
    """Return the root mean square of the differences of each column, or 0 if it is constant."""
    exponents = np.frexp(np.maximum(np.abs(lowest), np.abs(highest)))[1]
    squares = np.zeros(values.shape[1])
    for differences, some in _difference_blocks(values, pair_counts, exponents):
        squares += some @ differences**2
    root = np.sqrt(squares / max(pair_counts.sum(), np.finfo(np.float64).tiny))
    scale = np.ldexp(root, exponents)
    constant = (root <= _ROUNDING) | (scale < np.finfo(np.float64).tiny)
    return np.where(constant, 0.0, scale)


def _columns_without_nan(values, counts):
    """Yield each column and its counts, which are zero where it is NaN."""
    for i in range(values.shape[1]):
        column = values[:, i : i + 1]
        yield column, np.where(np.isnan(column[:, 0]), 0.0, counts)


def _is_known_before(column):
    """Return whether the time step before each one is known in a column."""
    return np.concatenate([[False], ~np.isnan(column[:-1, 0])])


def _difference_blocks(values, weights, exponents):
    """Yield differences of positive weight, divided by powers of two, and their weights."""
    for start in range(1, len(values), STEPS):
        counts = weights[start : start + STEPS]
        used = counts > 0
        if used.any():
            steps = values[start - 1 : start + STEPS].astype(np.float64)
            # Time steps that no sequence contains may have any values.
            with np.errstate(over="ignore", invalid="ignore"):
                differences = np.diff(np.ldexp(steps, -exponents), axis=0)
            yield differences[used], counts[used]


def _step_weights(sequences, weights, n_skipped=0):
    """Return the sum of the weights of the sequences that contain each time step of `values`.

    The first `n_skipped` time steps of a sequence do not count.
    """
    total = np.zeros(len(sequences.values))
    for start in range(0, len(sequences), _SEQUENCES):
        part = sequences[start : start + _SEQUENCES]
        counted = np.maximum(part.lengths - n_skipped, 0)
        repeated = np.repeat(weights[start : start + _SEQUENCES], counted)
        np.add.at(total, step_positions(part.starts + n_skipped, counted), repeated)
    return total
