"""`check_sequences`: validate user data and convert it to `Sequences`."""

import numbers
import warnings
from collections.abc import Iterator

import numpy as np

from skrnn.sequences._arrays_of_sequences import as_array
from skrnn.sequences._columns import unpack_columns
from skrnn.sequences._feature_names import feature_names
from skrnn.sequences._layout import HOLDS_STRINGS, Layout, check_kind, lay_out, too_few
from skrnn.sequences._mixed_sequences import refuse_categories
from skrnn.sequences._other_libraries import as_plain
from skrnn.sequences._sequences import Sequences, gather, offsets_of
from skrnn.sequences._static_columns import split_static

# Number of sequences that are gathered in memory at once, since the values may be a memory map.
_BLOCK = 1024

MAX_CODE = np.iinfo(np.int32).max

# Sequences of one time step with this many features or more are probably series whose last axis is
# time. The shortest univariate series of the UCR archive have 15 time steps; 12 or 13 features, as
# of speech, are common.
_MANY_FEATURES = 15


def check_sequences(X, *, dtype=np.float32, tokens=False, allow_nan=False, input_name="X"):
    """Validate a batch of sequences and return it as `Sequences`.

    Parameters
    ----------
    X : Sequences, array, table, list or tuple
        The batch of sequences, in one of these forms:

        - An array of shape (n, T, F) contains n sequences of T time steps with F features. An
          array of shape (n, 1, F) with 15 features or more raises a warning, because it is probably
          a batch of univariate sequences whose last axis is time; see `from_channels_first`.
        - An array or DataFrame of shape (n, T) contains n univariate sequences of T time steps.
        - A list, tuple, Series or object array contains one item per sequence: an array of shape
          (T_i, F) or (T_i,), a nested list, a DataFrame with one row per time step, or a SciPy
          sparse matrix of shape (T_i, F), which is converted to a dense array.
        - A table of shape (n, 1) contains a sequence in each cell, such as an object array (see
          `to_column`) or a DataFrame with a column of lists.
        - A table of shape (n, F) whose cells are all one-dimensional sequences contains one column
          per feature. All cells of a row have the same length.
        - A table with columns of sequences and columns of single numbers contains static features
          in the latter, such as the result of :class:`~sklearn.compose.ColumnTransformer`.
        - Tables of polars and pyarrow, ragged arrays of awkward, TensorFlow and PyTorch (nested
          tensors and packed sequences), and arrays of xarray are read like those of pandas and
          NumPy. A generator is read once.
        - `Sequences` are returned unchanged if they already meet all conditions.

        To pass a single series, wrap it in a list: `[series]`.

    dtype : dtype or list of dtypes, default=np.float32
        The floating dtype of the result. If a list is given, values that already have one of these
        dtypes keep it, and all others are cast to the first dtype of the list. Ignored if
        `tokens=True`.

    tokens : bool, default=False
        Whether each time step is a token id, that is, one non-negative integer. If True, the values
        of the result are a one-dimensional array of int32.

    allow_nan : bool, default=False
        Whether to accept NaN. Infinity is never accepted.

    input_name : str, default="X"
        The name of the data in error messages.

    Returns
    -------
    sequences : Sequences
        The batch, with `feature_names` if the features of `X` have names, and with `static`
        features if `X` has some. It shares the memory of
        `X` if the layout and the dtype of `X` allow it. This is the case for contiguous arrays and
        for sliding windows (`numpy.lib.stride_tricks.sliding_window_view` with the axes in the
        order n, T, F). If sliding windows need another dtype, only the underlying series is cast.

    Raises
    ------
    TypeError
        If `X` is not a batch of sequences (for example a sparse matrix, a string or None), or if it
        contains objects that are not numbers.

    ValueError
        If `X` contains no sequence, an empty sequence or no feature, if the sequences have
        different numbers of features, if `X` is a single series instead of a batch, or if a step
        contains strings, complex numbers, NaN, infinity or masked values. With `tokens=True`, also
        if a step is not a token id.

    See Also
    --------
    from_channels_first : Read arrays whose last axis is time.
    from_long : Read a table in long format.
    from_multiindex : Read a table indexed by (id, time).
    from_nan_padded : Read sequences that are padded with NaN.
    to_column : Make a table of shape (n, 1), which more of scikit-learn's tools accept.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.sequences import check_sequences
    >>> check_sequences([[1, 2, 3], [4, 5]])
    Sequences(n_sequences=2, lengths=2..3, n_features=1, dtype=float32)
    >>> check_sequences([[7, 2, 3], [4, 5]], tokens=True)
    Sequences(n_sequences=2, lengths=2..3, codes, dtype=int32)
    >>> series = np.linspace(0, 1, 1000, dtype=np.float32)
    >>> windows = np.lib.stride_tricks.sliding_window_view(series, 100)
    >>> X = check_sequences(windows)
    >>> X.shape, X.values.shape
    ((901, 100, 1), (1000, 1))
    """
    X = list(X) if isinstance(X, Iterator) else X
    sequences = as_sequences(
        X, dtype=dtype, tokens=tokens, allow_nan=allow_nan, input_name=input_name
    )
    warn_if_channels_first(X, sequences, input_name)
    return sequences


def warn_if_channels_first(X, sequences, input_name="X"):
    """Warn if X is an array of single time steps with many features.

    Estimators call this only when they are fitted: a fitted estimator knows the number of features,
    and may well predict from one time step.

    Parameters
    ----------
    X : as in `check_sequences`
    sequences : Sequences
        What was read from X.
    input_name : str, default="X"
    """
    if isinstance(X, Sequences | list | tuple) or getattr(X, "ndim", 0) != 3:
        return
    _, n_steps, n_features = sequences.shape
    if n_steps == 1 and n_features >= _MANY_FEATURES:
        warnings.warn(
            f"{input_name} has the shape {X.shape}, which is read as sequences of one time step "
            f"with {n_features} features. If the last axis is time, use "
            f"skrnn.sequences.from_channels_first({input_name}). If it is not, pass "
            f"list({input_name}) to avoid this warning.",
            UserWarning,
            stacklevel=3,
        )


def as_sequences(X, *, dtype, tokens=False, allow_nan=False, input_name="X"):
    """Return a batch as `Sequences`, like `check_sequences`, but without a warning."""
    if isinstance(X, Sequences):
        layout, static = Layout(X.values, X._starts, X.lengths), (X.static, X.static_names)
        _check_given(X, tokens, input_name)
    else:
        X, static = split_static(as_plain(X, input_name), input_name)
        X = unpack_columns(X, input_name)
        layout = lay_out(
            X, input_name, None if tokens or isinstance(dtype, list | tuple) else dtype
        )
    if tokens:
        checked = _as_codes(layout, input_name)
    else:
        checked = as_floats(layout, dtype, input_name)
        _check_finite(checked, allow_nan, input_name)
    if isinstance(X, Sequences) and checked.values is X.values:
        return X
    return Sequences(*checked, None if tokens else feature_names(X, input_name), *static)


def _check_given(X, tokens, input_name):
    """Raise an error if the given `Sequences` are empty or have values of the wrong kind."""
    refuse_categories(X, input_name)
    if len(X) == 0:
        raise too_few("sample", X.shape, input_name)
    if X.values.ndim == 2 and X.values.shape[1] == 0:
        raise too_few("feature", X.shape, input_name)
    if not tokens and X.values.ndim == 1:
        raise ValueError(
            f"{input_name} holds integer codes (token ids), expected time steps of numbers. "
            "For sequences of one feature, pass values of shape (n_steps_total, 1)."
        )


def as_floats(layout, dtype, input_name):
    """Return the layout with two-dimensional floating values; NaN and infinity are kept.

    Parameters
    ----------
    layout : Layout
        The layout, with values of any dtype.

    dtype : dtype or list of dtypes
        As in `check_sequences`.

    input_name : str
        The name of the data in error messages.

    Returns
    -------
    layout : Layout

    Raises
    ------
    TypeError, ValueError
        If the values are not real numbers.
    """
    check_kind(layout.values.dtype, input_name)
    if layout.values.ndim == 1:
        layout = layout._replace(values=layout.values[:, np.newaxis])
    if layout.values.dtype == object:
        layout = _objects_as_floats(layout, input_name)
    dtype = _float_dtype(dtype, layout.values.dtype)
    if layout.values.dtype == dtype:
        return layout
    layout = _without_gaps(layout)
    with np.errstate(over="ignore"):
        return layout._replace(values=layout.values.astype(dtype))


def _float_dtype(dtype, present):
    if not isinstance(dtype, list | tuple):
        return np.dtype(dtype)
    wanted = [np.dtype(d) for d in dtype]
    return present if present in wanted else wanted[0]


def _without_gaps(layout):
    """Gather the used steps if there are unused ones, which later checks must not process."""
    n_used = int(layout.lengths.sum())
    if n_used >= len(layout.values):
        return layout
    values = gather(*layout)
    return Layout(values, offsets_of(layout.lengths), layout.lengths)


def _check_finite(layout, allow_nan, input_name):
    """Raise an error if a step that belongs to a sequence is NaN or infinite."""
    if np.isfinite(_total(layout)):  # a finite sum needs no further check
        return
    layout = _without_gaps(layout)
    if not allow_nan and (i := _first_with(np.isnan(layout.values), layout)) is not None:
        raise ValueError(
            f"Input {input_name} contains NaN. The first sequence with one is {input_name}[{i}]. "
            "If NaN is padding, read the data with skrnn.sequences.from_nan_padded. If values are "
            "missing, fill them first, for example with skrnn.preprocessing.Interpolator. "
            "RNNClassifier(allow_nan=True) and RNNRegressor(allow_nan=True) accept them in X."
        )
    if (i := _first_with(np.isinf(layout.values), layout)) is not None:
        dtype = layout.values.dtype
        raise ValueError(
            f"Input {input_name} contains infinity or a value too large for {dtype!r}. "
            f"The first sequence with one is {input_name}[{i}]."
        )


def _total(layout):
    """Sum all steps that belong to a sequence, copying at most one block of sequences at once."""
    values, starts, lengths = layout
    with np.errstate(over="ignore", invalid="ignore"):
        if lengths.sum() >= len(values):
            return values.sum()
        blocks = (slice(i, i + _BLOCK) for i in range(0, len(starts), _BLOCK))
        return sum(gather(values, starts[block], lengths[block]).sum() for block in blocks)


def _first_with(bad, layout):
    """Return the index of the first sequence with a bad step, or None."""
    bad_steps = bad.any(axis=1) if bad.ndim == 2 else bad
    before = np.concatenate([[0], np.cumsum(bad_steps)])
    starts = as_array(layout.starts)
    counts = before[starts + layout.lengths] - before[starts]
    found = np.flatnonzero(counts)
    return int(found[0]) if len(found) > 0 else None


def _objects_as_floats(layout, input_name):
    layout = _without_gaps(layout)
    strings = [isinstance(value, str | bytes) for value in layout.values.flat]
    i = _first_with(np.reshape(strings, layout.values.shape), layout)
    if i is not None:  # NumPy would read "1" as 1
        raise ValueError(f"{input_name}[{i}] {HOLDS_STRINGS}")
    try:
        return layout._replace(values=layout.values.astype(np.float64))
    except (TypeError, ValueError, OverflowError) as error:
        i = next(i for i, steps in enumerate(Sequences(*layout)) if not _holds_numbers(steps))
        raise TypeError(
            f"{input_name}[{i}] holds something that is not a number: {error}"
        ) from error


def _holds_numbers(steps):
    try:
        steps.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def _as_codes(layout, input_name):
    """Return the layout with one-dimensional int32 values; unused steps may be dropped."""
    values = layout.values
    check_kind(values.dtype, input_name)
    if values.ndim != 1:
        raise ValueError(
            f"{input_name} has time steps of {values.shape[1]} feature(s), expected token ids: one "
            "integer per time step, as a list of arrays of shape (n_steps,) or an array of shape "
            "(n_sequences, n_steps)."
        )
    if values.dtype.kind not in "iuO":
        raise ValueError(f"In {input_name}, token ids must be integers, got {values.dtype}.")
    used = _without_gaps(layout)
    if values.dtype == object:
        _check_codes(used, _is_not_integer(used.values), "must be integers", input_name)
    _check_codes(used, used.values < 0, "must not be negative", input_name)
    _check_codes(used, used.values > MAX_CODE, f"must not exceed {MAX_CODE}", input_name)
    if values.dtype == np.int32:
        return layout
    return used._replace(values=used.values.astype(np.int32))


def _is_not_integer(values):
    return np.array(
        [not isinstance(value, numbers.Integral) or isinstance(value, bool) for value in values]
    )


def _check_codes(layout, bad, rule, input_name):
    """Raise an error that names the first token id that breaks a rule."""
    i = _first_with(bad, layout) if bad.any() else None
    if i is not None:
        steps = slice(layout.starts[i], layout.starts[i] + layout.lengths[i])
        code = layout.values[steps][bad[steps]][0]
        raise ValueError(f"{input_name}[{i}] holds {code}; token ids {rule}.")
