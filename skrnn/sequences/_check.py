"""`check_sequences`: the one door through which users' data comes in, and its error messages."""

import numbers

import numpy as np

from skrnn.sequences._layout import Layout, check_kind, lay_out, too_few
from skrnn.sequences._sequences import Sequences, gather

__all__ = ["as_floats", "check_sequences"]

# Sequences that are looked at in one go: their steps may lie in a file.
_BLOCK = 1024

MAX_CODE = np.iinfo(np.int32).max


def check_sequences(X, *, dtype=np.float32, tokens=False, allow_nan=False, input_name="X"):
    """Return what users hold as `Sequences`, or say what is wrong with it.

    Parameters
    ----------
    X : Sequences, array, table, list or tuple
        The batch of sequences:

        - an array (n, T, F): n sequences of T steps of F features;
        - an array or DataFrame (n, T): n univariate sequences of T steps;
        - a list, tuple, Series or object array of arrays (T_i, F) or (T_i,), of nested lists, of
          DataFrames (one step a row) or of SciPy sparse matrices (T_i, F), made dense;
        - `Sequences`, returned as they are when nothing has to change.

        One series is a batch of one: `[series]`.

    dtype : dtype or list of dtypes, default=np.float32
        The floating dtype of the result. With a list, values of one of these dtypes keep it and
        others are cast to the first.

    tokens : bool, default=False
        Whether the steps are token ids: non-negative integers, one a step. The result then has
        one-dimensional int32 values, whatever `dtype` says.

    allow_nan : bool, default=False
        Whether NaN, but not infinity, is allowed.

    input_name : str, default="X"
        The name of the data in messages.

    Returns
    -------
    sequences : Sequences
        On the memory of `X` wherever its layout and dtype allow it: contiguous arrays, and
        sliding windows (`numpy.lib.stride_tricks.sliding_window_view`, its axes in the order
        n, T, F), of which only the series underneath is held and cast.

    Raises
    ------
    TypeError
        If `X` is no batch of sequences at all (a sparse matrix, a string, None) or holds objects
        that are no numbers.

    ValueError
        If there is no sequence, an empty sequence or no feature, if sequences differ in their
        number of features, if `X` is one series instead of a batch, or if a step holds strings,
        complex numbers, NaN or infinity, or, with `tokens`, anything but an id.

    See Also
    --------
    from_channels_first, from_long, from_multiindex, from_nan_padded : Read other layouts.

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
    if isinstance(X, Sequences):
        layout = Layout(X.values, X.starts, X.lengths)
        _check_given(X, tokens, input_name)
    else:
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
    return Sequences(*checked)


def _check_given(X, tokens, input_name):
    """Say what cannot be meant by these `Sequences`."""
    if len(X) == 0:
        raise too_few("sample", X.shape, input_name)
    if X.values.ndim == 2 and X.values.shape[1] == 0:
        raise too_few("feature", X.shape, input_name)
    if not tokens and X.values.ndim == 1:
        raise ValueError(
            f"{input_name} holds integer codes (token ids), expected numeric steps. "
            "Numbers of one feature are values of shape (n_steps_total, 1)."
        )


def as_floats(layout, dtype, input_name):
    """Return the layout with two-dimensional values of a floating dtype, NaN and infinity kept.

    Parameters
    ----------
    layout : Layout
        Values of any dtype.

    dtype : dtype or list of dtypes
        As in `check_sequences`.

    input_name : str
        The name of the data in messages.

    Returns
    -------
    layout : Layout

    Raises
    ------
    TypeError, ValueError
        If the values are no real numbers.
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
    """Gather the steps that are used where some are not, so that what follows costs no more."""
    n_used = int(layout.lengths.sum())
    if n_used >= len(layout.values):
        return layout
    values = gather(*layout)
    return Layout(values, np.cumsum(layout.lengths) - layout.lengths, layout.lengths)


def _check_finite(layout, allow_nan, input_name):
    """Raise for NaN and infinity in steps that a sequence uses; others may hold anything."""
    if np.isfinite(_total(layout)):  # one fast pass settles almost every call
        return
    layout = _without_gaps(layout)
    if not allow_nan and (i := _first_with(np.isnan(layout.values), layout)) is not None:
        raise ValueError(
            f"Input {input_name} contains NaN. The first sequence with one is {input_name}[{i}]. "
            "Sequences that NaN fills up to one length are read by "
            "skrnn.sequences.from_nan_padded; values that are missing can be imputed before."
        )
    if (i := _first_with(np.isinf(layout.values), layout)) is not None:
        dtype = layout.values.dtype
        raise ValueError(
            f"Input {input_name} contains infinity or a value too large for {dtype!r}. "
            f"The first sequence with one is {input_name}[{i}]."
        )


def _total(layout):
    """Sum all steps that a sequence uses; at no time are there copies of more than a block."""
    values, starts, lengths = layout
    with np.errstate(over="ignore", invalid="ignore"):
        if lengths.sum() >= len(values):
            return values.sum()
        blocks = (slice(i, i + _BLOCK) for i in range(0, len(starts), _BLOCK))
        return sum(gather(values, starts[block], lengths[block]).sum() for block in blocks)


def _first_with(bad, layout):
    """Return the first sequence with a step that is bad, or None."""
    bad_steps = bad.any(axis=1) if bad.ndim == 2 else bad
    before = np.concatenate([[0], np.cumsum(bad_steps)])
    counts = before[layout.starts + layout.lengths] - before[layout.starts]
    found = np.flatnonzero(counts)
    return int(found[0]) if len(found) > 0 else None


def _objects_as_floats(layout, input_name):
    layout = _without_gaps(layout)
    strings = [isinstance(value, str | bytes) for value in layout.values.flat]
    i = _first_with(np.reshape(strings, layout.values.shape), layout)
    if i is not None:  # NumPy would read "1" as 1
        raise ValueError(
            f"{input_name}[{i}] holds strings; expected sequences of numbers "
            "(token ids are integers)."
        )
    try:
        return layout._replace(values=layout.values.astype(np.float64))
    except (TypeError, ValueError, OverflowError) as error:
        i = next(i for i, steps in enumerate(Sequences(*layout)) if not _holds_numbers(steps))
        raise TypeError(f"{input_name}[{i}] holds something that is no number: {error}") from error


def _holds_numbers(steps):
    try:
        steps.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def _as_codes(layout, input_name):
    """Return the layout with one-dimensional int32 values; steps that no one uses may be lost."""
    values = layout.values
    check_kind(values.dtype, input_name)
    if values.ndim != 1:
        raise ValueError(
            f"{input_name} has steps of {values.shape[1]} feature(s), expected token ids: one "
            "integer a step, as lists of (n_steps,) or an array (n_sequences, n_steps)."
        )
    if values.dtype.kind not in "iuO":
        raise ValueError(f"In {input_name}, token ids must be integers, got {values.dtype}.")
    used = _without_gaps(layout)
    if values.dtype == object:
        _check_codes(used, _no_integer(used.values), "must be integers", input_name)
    _check_codes(used, used.values < 0, "must not be negative", input_name)
    _check_codes(used, used.values > MAX_CODE, f"must not exceed {MAX_CODE}", input_name)
    if values.dtype == np.int32:
        return layout
    return used._replace(values=used.values.astype(np.int32))


def _no_integer(values):
    return np.array(
        [not isinstance(value, numbers.Integral) or isinstance(value, bool) for value in values]
    )


def _check_codes(layout, bad, rule, input_name):
    """Raise with the first id that breaks a rule, if a sequence uses one."""
    i = _first_with(bad, layout) if bad.any() else None
    if i is not None:
        steps = slice(layout.starts[i], layout.starts[i] + layout.lengths[i])
        code = layout.values[steps][bad[steps]][0]
        raise ValueError(f"{input_name}[{i}] holds {code}; token ids {rule}.")
