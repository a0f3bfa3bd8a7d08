"""`check_sequences`: accepted containers, shared memory, and errors."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from numpy.testing import assert_array_equal
from scipy import sparse
from sequence_data import (
    RAGGED,
    STEPS,
    TABLE,
    UNIVARIATE,
    ArrayLike,
    assert_same,
    list_views,
    objects,
    quick,
    ragged,
)

from skrnn.sequences import Sequences, check_sequences, from_channels_first, from_nan_padded

# --- accepted containers ----------------------------------------------------------


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        (STEPS, STEPS),
        (STEPS.astype(int), STEPS),
        (STEPS > 5, STEPS > 5),
        (STEPS.astype(object), STEPS),
        (STEPS.tolist(), STEPS),
        (ArrayLike(STEPS), STEPS),
        (np.asfortranarray(STEPS), STEPS),
        (TABLE, STEPS[:, :, :1]),
        (TABLE.tolist(), STEPS[:, :, :1]),
        (TABLE.astype(object), STEPS[:, :, :1]),
        (pd.DataFrame(TABLE), STEPS[:, :, :1]),
        (pd.DataFrame(TABLE).astype(object), STEPS[:, :, :1]),
        (pd.DataFrame(TABLE).astype("Float64"), STEPS[:, :, :1]),
        (RAGGED, RAGGED),
        (tuple(RAGGED), RAGGED),
        (objects(RAGGED), RAGGED),
        (pd.Series(RAGGED), RAGGED),
        ([x.tolist() for x in RAGGED], RAGGED),
        ([x.astype(object) for x in RAGGED], RAGGED),
        ([ArrayLike(x) for x in RAGGED], RAGGED),
        ([pd.DataFrame(x) for x in RAGGED], RAGGED),
        ([sparse.csr_array(x) for x in RAGGED], RAGGED),
        ([sparse.coo_matrix(x) for x in RAGGED], RAGGED),
        ([sparse.csr_array(RAGGED[0]), RAGGED[1]], RAGGED),
        (UNIVARIATE, [x[:, None] for x in UNIVARIATE]),
        ([x.tolist() for x in UNIVARIATE], [x[:, None] for x in UNIVARIATE]),
        ([pd.Series(x) for x in UNIVARIATE], [x[:, None] for x in UNIVARIATE]),
        ([pd.Series(x, dtype="Int64") for x in UNIVARIATE], [x[:, None] for x in UNIVARIATE]),
        ([pd.DataFrame(STEPS[0], index=pd.date_range("2020", periods=4))], STEPS[:1]),
        (Sequences(STEPS[0], [1, 0], [2, 1]), [STEPS[0, 1:3], STEPS[0, :1]]),
        (sliding_window_view(TABLE[0], 2), [[[0], [3]], [[3], [6]], [[6], [9]]]),
    ],
)
def test_check_sequences_containers(X, expected):
    checked = check_sequences(X)
    assert isinstance(checked, Sequences)
    assert checked.dtype == np.float32
    assert_same(checked, expected)


def test_check_sequences_dtype():
    assert check_sequences(TABLE, dtype=np.float64).dtype == np.float64
    floats = [np.float64, np.float32]
    assert check_sequences(TABLE.astype(np.float32), dtype=floats).dtype == np.float32
    assert check_sequences(TABLE.astype(int), dtype=floats).dtype == np.float64
    assert check_sequences(UNIVARIATE, dtype=floats).dtype == np.float64


def test_check_sequences_returns_valid_sequences_unchanged():
    X = check_sequences(STEPS)
    assert check_sequences(X) is X
    codes = check_sequences([[1, 2], [3]], tokens=True)
    assert check_sequences(codes, tokens=True) is codes


def test_check_sequences_casts_only_used_steps():
    X = Sequences(np.arange(1000.0)[:, None], [3, 900], [2, 1])
    checked = check_sequences(X)
    assert checked.values.shape == (3, 1)
    assert_same(checked, list(X))


@quick
@given(ragged())
def test_check_sequences_concatenates_lists(X):
    checked = check_sequences(X)
    assert_same(checked, X)
    assert checked.is_contiguous
    assert_same(check_sequences([x.tolist() for x in X]), X)
    assert_same(check_sequences(objects(X)), X)


# --- shared memory --------------------------------------------------------------------


@quick
@given(n=st.integers(1, 9), window=st.integers(1, 6), n_features=st.integers(1, 3), data=st.data())
def test_check_sequences_does_not_copy_windows(n, window, n_features, data):
    series = np.random.default_rng(0).normal(size=(n + window - 1, n_features)).astype(np.float32)
    every = data.draw(st.integers(1, window))
    windows = sliding_window_view(series, window, axis=0).transpose(0, 2, 1)[::every]
    X = check_sequences(windows)
    assert_same(X, windows)
    assert np.shares_memory(X.values, series)
    assert len(X.values) <= len(series)

    flat = sliding_window_view(series[:, 0], window)[::every]
    X = check_sequences(flat)
    assert_same(X, flat[:, :, None])
    assert np.shares_memory(X.values, series)


def test_check_sequences_casts_only_the_series_of_windows():
    windows = sliding_window_view(np.arange(1000), 100)
    X = check_sequences(windows)
    assert X.values.shape == (1000, 1)
    assert_array_equal(np.asarray(X)[:, :, 0], windows)


def test_check_sequences_does_not_copy_contiguous_arrays():
    for array in (STEPS, STEPS[:1], STEPS[:, :, :1], STEPS[:, :1], TABLE, STEPS[1:, 1:]):
        array = array.astype(np.float32).copy()
        X = check_sequences(array)
        assert np.shares_memory(X.values, array)
        assert X.is_contiguous


@settings(quick, max_examples=150)
@given(
    shape=st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 3)),
    change=st.sampled_from(
        [
            lambda a: a[::-1],
            lambda a: a[:, ::-1],
            lambda a: a[::-1, ::-1],
            lambda a: a[:, :, ::-1],
            lambda a: a[:, ::2],
            lambda a: a[::2],
            lambda a: a[:, :-1],
            lambda a: a[:, :, 1:],
            lambda a: a.transpose(1, 0, 2),
            lambda a: a.transpose(2, 1, 0),
            lambda a: a.transpose(0, 2, 1),
            lambda a: np.broadcast_to(a[0], a.shape),
            lambda a: np.broadcast_to(a[:, :1], a.shape),
            lambda a: np.broadcast_to(a[:, :, :1], a.shape),
            lambda a: a[:, :, 0],
            lambda a: a[:, 0],
            lambda a: a[0],
            lambda a: a[0].T,
            np.asfortranarray,
        ]
    ),
)
def test_check_sequences_strides(shape, change):
    array = change(np.arange(np.prod(shape), dtype=np.float32).reshape(shape))
    assume(array.size > 0)
    assert_same(check_sequences(array), array if array.ndim == 3 else array[:, :, None])


def test_check_sequences_overlapping_memory():
    series = np.arange(40.0)
    for strides in [(8, 8, 8), (8, 16, 8), (16, 8, 32), (24, 8, 8), (24, 16, 8), (0, 8, 8)]:
        array = np.lib.stride_tricks.as_strided(series, (3, 4, 2), strides)
        assert_same(check_sequences(array), array)


# --- errors -----------------------------------------------------------

DATES = pd.date_range("2020", periods=4)
DATED = pd.DataFrame(STEPS[0], index=DATES)


def _with(value):
    X = STEPS.copy()
    X[1, 2, 0] = value
    return X


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        # not a batch
        (None, TypeError, "X must be a batch of sequences, got NoneType"),
        ("abc", TypeError, "X must be a batch of sequences, got str"),
        ({"a": [1]}, TypeError, "X must be a batch of sequences, got dict"),
        ((i for i in [1]), ValueError, r"got a 1-D array: X has the shape \(1,\)"),
        (3.0, ValueError, "got a scalar: X=3.0"),
        (np.zeros(3), ValueError, r"got a 1-D array: X has the shape \(3,\). Reshape your data;"),
        ([1.0, 2.0], ValueError, r"Reshape your data; one series is a batch of one: \[X\]"),
        (np.array([1, 2], dtype=object), ValueError, "got a 1-D array"),
        (pd.Series([1.0, 2.0]), ValueError, "got a 1-D array"),
        (np.zeros((1, 1, 1, 1)), ValueError, "X has 4 dimensions"),
        (sparse.eye(3), TypeError, "X is a sparse matrix.* expected a list of sparse rows"),
        (DATED, ValueError, r"DataFrame with a DatetimeIndex: that is one series.* pass \[X\]"),
        (DATED[0], ValueError, r"Series with a DatetimeIndex: that is one series.* pass \[X\]"),
        (DATED.to_period("D"), ValueError, "DataFrame with a PeriodIndex"),
        (DATED.set_index(DATES - DATES[0]), ValueError, "DataFrame with a TimedeltaIndex"),
        (DATED.set_index([[1] * 4, DATES]), ValueError, "from_multiindex"),
        # empty
        ([], ValueError, r"0 sample\(s\) \(shape=\(0,\)\) while a minimum of 1 is required"),
        (np.zeros((0, 3)), ValueError, r"0 sample\(s\) \(shape=\(0, 3\)\) while a minimum of 1"),
        (check_sequences(STEPS)[:0], ValueError, r"0 sample\(s\)"),
        (np.zeros((12, 0)), ValueError, r"0 feature\(s\) \(shape=\(12, 0\)\) while a minimum of 1"),
        (np.zeros((2, 3, 0)), ValueError, r"0 feature\(s\) \(shape=\(2, 3, 0\)\)"),
        ([np.zeros((2, 0))], ValueError, r"0 feature\(s\) \(shape=\(1, None, 0\)\)"),
        (Sequences(np.zeros((2, 0)), [0], [2]), ValueError, r"0 feature\(s\)"),
        (np.zeros((2, 0, 3)), ValueError, r"X\[0\] is an empty sequence"),
        ([[1.0], [], []], ValueError, r"X\[1\] is an empty sequence"),
        ([sparse.eye(2), sparse.csr_array((0, 2))], ValueError, r"X\[1\] is an empty sequence"),
        # sequences of different kinds
        ([STEPS[0], STEPS[1, :, :2]], ValueError, r"X\[0\] has 3 feature\(s\), X\[1\] has 2"),
        ([sparse.eye(2), sparse.eye(3)], ValueError, r"X\[0\] has 2 feature\(s\), X\[1\] has 3"),
        ([STEPS[0], TABLE[0]], ValueError, r"X\[0\] has 2 dimension\(s\), X\[1\] has 1"),
        ([STEPS[0], STEPS], ValueError, r"X\[1\] has 3 dimensions"),
        ([[[1], [2, 3]]], ValueError, r"X\[0\] has time steps with different numbers of features"),
        (
            [pd.DataFrame({"a": [1], "b": [1]}), pd.DataFrame({"b": [1], "a": [1]})],
            ValueError,
            r"X\[1\] has other columns than X\[0\]",
        ),
        # not numbers
        ([[1.0], None], TypeError, r"X\[1\] is not a sequence, got NoneType"),
        ([[1.0], 2.0], TypeError, r"X\[1\] is not a sequence, got float"),
        ([[1.0], "a"], ValueError, "X holds strings; expected sequences of numbers"),
        (["a b", "c"], ValueError, "X holds strings"),
        (np.array(["a b", "c"]), ValueError, "X holds strings"),
        ([["a"], ["b"]], ValueError, r"X\[0\] holds strings"),
        (np.array([["a"], ["b"]]), ValueError, "X holds strings"),
        (np.array([[1], ["b"]], dtype=object), ValueError, r"X\[1\] holds strings"),
        (np.array([[1], ["2"]], dtype=object), ValueError, r"X\[1\] holds strings"),
        (
            np.array([[1], [{}]], dtype=object),
            TypeError,
            r"X\[1\] holds something .* argument must be a string or a real number, not 'dict'",
        ),
        ([[1], [None, {}]], TypeError, r"X\[1\] holds something that is not a number: .*'dict'"),
        ([[1], [2, None]], ValueError, r"Input X contains NaN\. .* is X\[1\]"),
        ([[1], [10**400]], TypeError, r"X\[1\] holds something that is not a number"),
        (STEPS + 1j, ValueError, "Complex data not supported: X holds complex128"),
        ([TABLE[0], TABLE[1] + 1j], ValueError, r"Complex data not supported: X\[1\] holds"),
        ([sparse.eye(2) * 1j], ValueError, "Complex data not supported"),
        (np.array([["2020"]], dtype="M8[D]"), ValueError, r"X holds datetime64\[D\] values"),
        (
            pd.DataFrame({"who": ["a"], "v": [1.0], "kind": pd.Categorical([1])}),
            ValueError,
            "columns that do not hold numbers: 'who', 'kind'.*from_long",
        ),
        (
            [pd.DataFrame({"v": [1.0], "who": ["a"]})],
            ValueError,
            r"X\[0\] has columns that do not hold numbers: 'who'.*one column per feature",
        ),
        (pd.DataFrame([list("abcdef")]), ValueError, "0, 1, 2, 3, 4 and others"),
        (Sequences(np.array([1, 2]), [0], [2]), ValueError, "X holds integer codes"),
        # not finite
        (_with(np.nan), ValueError, r"Input X contains NaN\. The first .* is X\[1\]"),
        (_with(np.inf), ValueError, r"Input X contains infinity or a value too large for dtype"),
        (_with(1e300), ValueError, r"too large for dtype\('float32'\)\. The first .* is X\[1\]"),
        ([TABLE[0], [1e300]], ValueError, r"too large for dtype\('float32'\)\. .* is X\[1\]"),
        (pd.DataFrame({"a": pd.array([1, None])}), ValueError, "Input X contains NaN"),
    ],
)
def test_check_sequences_errors(X, error, message):
    with pytest.raises(error, match=message):
        check_sequences(X)


def test_check_sequences_one_dimensional_sparse_arrays():
    rows = sparse.coo_array(np.eye(2)[0])
    if rows.ndim != 1:
        pytest.skip("this SciPy has no one-dimensional sparse arrays")
    with pytest.raises(ValueError, match=r"X\[0\] is a sparse array of shape \(2,\)"):
        check_sequences([rows])


def test_check_sequences_input_name():
    for bad in (None, [], np.zeros(3), ["a"], [[1], []], [[np.nan]], [[1], [[2]]], [[1j]], [None]):
        with pytest.raises((TypeError, ValueError), match="X_val"):
            check_sequences(bad, input_name="X_val")
    with pytest.raises(ValueError, match="X_val"):
        check_sequences([[1.0]], tokens=True, input_name="X_val")


def test_check_sequences_large_finite_values():
    large = np.full((2, 3), np.finfo(np.float32).max)
    assert_same(check_sequences(large), large[:, :, None])


def test_check_sequences_allow_nan():
    X = check_sequences(_with(np.nan), allow_nan=True)
    assert np.isnan(X[1][2, 0])
    with pytest.raises(ValueError, match=r"contains infinity.* is X\[1\]"):
        check_sequences(_with(np.inf), allow_nan=True)


def test_check_sequences_ignores_unused_steps():
    values = np.array([[np.nan], [1.0], [2.0], [np.inf]], dtype=np.float32)
    X = Sequences(values, [1, 2], [2, 1])
    assert check_sequences(X) is X
    assert_same(check_sequences(X, dtype=np.float64), list(X))
    with pytest.raises(ValueError, match=r"contains NaN\. The first sequence with one is X\[1\]"):
        check_sequences(Sequences(values, [1, 0, 2], [2, 2, 1]))
    overlapping = Sequences(values, [1, 1, 2], [2, 2, 1])
    assert check_sequences(overlapping) is overlapping


@quick
@given(list_views(), st.data())
def test_check_sequences_names_the_first_sequence_with_nan(X, data):
    bad = data.draw(st.integers(0, len(X.values) - 1))
    values = X.values.copy()
    values[bad, 0] = np.nan
    X = X.with_values(values)
    with_nan = [i for i, x in enumerate(X) if np.isnan(x).any()]
    if with_nan:
        with pytest.raises(ValueError, match=rf"is X\[{with_nan[0]}\]"):
            check_sequences(X)
    else:
        assert check_sequences(X) is X


# --- token ids -----------------------------------------------------------------


@pytest.mark.parametrize(
    "X",
    [
        [[1, 2], [3, 4]],
        ([1, 2], [3, 4]),
        np.array([[1, 2], [3, 4]]),
        np.array([[1, 2], [3, 4]], dtype=np.uint8),
        np.array([[1, 2], [3, 4]], dtype=object),
        pd.DataFrame([[1, 2], [3, 4]]),
        pd.DataFrame([[1, 2], [3, 4]], dtype="Int64"),
        [np.array([1, 2], dtype=np.uint64), np.array([3, 4])],
        [pd.Series([1, 2]), np.array([3, 4], dtype=object)],
        Sequences(np.array([1, 2, 3, 4]), [0, 2], [2, 2]),
        sliding_window_view(np.arange(1, 5), 2)[::2],
    ],
)
def test_check_sequences_tokens(X):
    checked = check_sequences(X, tokens=True, dtype=np.float64)
    assert checked.values.ndim == 1
    assert checked.dtype == np.int32
    assert_same(checked, [[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([[1.0, 2.0]], "token ids must be integers, got float64"),
        (np.array([[1.0, 2.0]], dtype=np.float32), "token ids must be integers, got float32"),
        ([[1], [2.0]], "token ids must be integers, got float64"),
        (np.array([[1], [2.0]], dtype=object), r"X\[1\] holds 2.0; token ids must be integers"),
        (np.array([[True]]), "token ids must be integers, got bool"),
        ([np.array([1]), np.array([True])], r"X\[1\] holds True; token ids must be integers"),
        (np.array([[True]], dtype=object), r"X\[0\] holds True; token ids must be integers"),
        ([[1, 2], [3, -4, -5]], r"X\[1\] holds -4; token ids must not be negative"),
        ([[1], [2**31]], r"X\[1\] holds 2147483648; token ids must not exceed 2147483647"),
        ([[1], [2**80]], r"X\[1\] holds 1208925819614629174706176; token ids must not exceed"),
        (np.ones((2, 3, 1), dtype=int), r"X has time steps of 1 feature\(s\), expected token ids"),
        ([np.ones((2, 1), dtype=int)], r"X has time steps of 1 feature\(s\), expected token ids"),
        (Sequences(np.ones((2, 1), dtype=int), [0], [2]), "expected token ids"),
        ([sparse.eye(3)], r"X has time steps of 3 feature\(s\), expected token ids"),
        ([["a", "b"]], "holds strings"),
        ([[1], []], r"X\[1\] is an empty sequence"),
        (np.array([1, 2]), "got a 1-D array"),
    ],
)
def test_check_sequences_tokens_errors(X, message):
    with pytest.raises(ValueError, match=message):
        check_sequences(X, tokens=True)


def test_check_sequences_tokens_ignores_unused_steps():
    X = Sequences(np.array([-1, 5, 2**40, 7]), [1, 3], [1, 1])
    assert_same(check_sequences(X, tokens=True), [[5], [7]])


# --- masked arrays and axes in another order ----------------------------------------------------


def masked(shape=(2, 3, 1)):
    """Return an array whose last value is masked."""
    array = np.ma.array(np.arange(np.prod(shape), dtype=float).reshape(shape))
    array[(-1,) * len(shape)] = np.ma.masked
    return array


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: check_sequences(masked()), "X"),
        (lambda: check_sequences([np.ones((2, 1)), masked((2, 1))]), r"X\[1\]"),
        (lambda: check_sequences(masked((2, 3)).astype(int), tokens=True), "X"),
        (lambda: Sequences(masked((4, 1)), [0], [4]), "values"),
        (lambda: from_channels_first(masked()), "X"),
        (lambda: from_nan_padded(masked((2, 3))), "X"),
    ],
    ids=["array", "list", "tokens", "Sequences", "channels first", "NaN padded"],
)
def test_check_sequences_refuses_masked_values(call, name):
    with pytest.raises(ValueError, match=rf"^{name} is a masked array with 1 masked value"):
        call()


def test_check_sequences_reads_a_masked_array_without_masked_values():
    assert_same(check_sequences(np.ma.array(STEPS)), check_sequences(STEPS))


def test_check_sequences_warns_that_the_last_axis_may_be_time():
    X = np.random.default_rng(0).normal(size=(4, 1, 15)).astype(np.float32)
    with pytest.warns(UserWarning, match=r"shape \(4, 1, 15\).*from_channels_first\(X\)"):
        assert_same(check_sequences(X), X)
    assert from_channels_first(X).shape == (4, 15, 1)


@pytest.mark.parametrize(
    "X",
    [np.ones((4, 1, 14)), np.ones((4, 2, 15)), list(np.ones((4, 1, 15))), np.ones((4, 15))],
    ids=["few features", "two time steps", "list", "table"],
)
def test_check_sequences_does_not_warn_of_ordinary_shapes(X):
    assert len(check_sequences(X)) == 4  # warnings are errors in the tests


def test_check_sequences_names_from_channels_first_if_only_the_last_axes_differ():
    X = [np.ones((2, 30)), np.ones((2, 28))]
    with pytest.raises(ValueError, match=r"30 feature.*28.*from_channels_first\(X\)"):
        check_sequences(X)
    with pytest.raises(ValueError, match=r"2 feature.*3; expected the same .*sequence\.$"):
        check_sequences([np.ones((30, 2)), np.ones((28, 3))])


@pytest.mark.parametrize("kind", [pd.DataFrame, pd.Series])
def test_check_sequences_refuses_tables_whose_rows_are_not_in_order(kind):
    in_order = kind([1.0, 2.0, 3.0], index=pd.date_range("2026-01-01", periods=3))
    check_sequences([in_order, in_order.iloc[1:]])
    with pytest.raises(ValueError, match=r"X\[1\] must be sorted by time"):
        check_sequences([in_order, in_order.iloc[::-1]])


def test_check_sequences_index_of_labels_may_be_in_any_order():
    labelled = pd.DataFrame({"load": [1.0, 2.0]}, index=["wind", "rain"])
    assert check_sequences([labelled]).lengths.tolist() == [2]
