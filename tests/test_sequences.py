"""`Sequences`, `split_steps` and `wrap_like`."""

import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.lib.stride_tricks import sliding_window_view
from numpy.testing import assert_array_equal
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
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    StratifiedKFold,
    cross_val_score,
    train_test_split,
)
from sklearn.utils import resample, shuffle

from skrnn.sequences import Sequences, check_sequences
from skrnn.sequences._containers import split_steps, wrap_like


@pytest.fixture
def three():
    return Sequences(np.arange(12.0).reshape(6, 2), starts=[0, 1, 3], lengths=[1, 2, 3])


# --- the class ----------------------------------------------------------------------------------


def test_sequences_attributes(three):
    assert len(three) == 3
    assert three.shape == (3, None, 2)
    assert three[1:].shape == (2, None, 2)
    assert three[[1, 1]].shape == (2, 2, 2)
    assert three.ndim == 3
    assert three.dtype == np.float64
    assert three.starts.dtype == three.lengths.dtype == np.int64
    assert repr(three) == "Sequences(n_sequences=3, lengths=1..3, n_features=2, dtype=float64)"
    assert repr(three[:0]) == "Sequences(n_sequences=0, lengths=none, n_features=2, dtype=float64)"


def test_sequences_of_codes():
    X = Sequences(np.array([4, 5, 6]), [0, 1], [1, 2])
    assert X.shape == (2, None)
    assert X[1:].shape == (1, 2)
    assert X.ndim == 2
    assert_array_equal(X[1], [5, 6])
    assert repr(X[1:]) == "Sequences(n_sequences=1, lengths=2, codes, dtype=int64)"


@pytest.mark.parametrize(
    ("values", "starts", "lengths", "error", "message"),
    [
        (np.zeros((3, 1, 1)), [0], [1], ValueError, "values must have the shape"),
        (np.zeros(3), [0], [1], TypeError, "integer codes, got float64"),
        (np.zeros((3, 1)), [[0]], [1], ValueError, "starts must be one-dimensional"),
        (np.zeros((3, 1)), [0], 1, ValueError, "lengths must be one-dimensional"),
        (np.zeros((3, 1)), [0.0], [1], TypeError, "starts must hold integers, got float64"),
        (np.zeros((3, 1)), [0, 1], [1], ValueError, "starts has 2 entries and lengths has 1"),
        (np.zeros((3, 1)), [0, 1], [1, 0], ValueError, r"Sequence 1 has 0 time step\(s\)"),
        (np.zeros((3, 1)), [0, 1], [1, 3], ValueError, "Sequence 1 .start 1, length 3. reaches"),
        (np.zeros((3, 1)), [-1], [1], ValueError, "reaches outside values of 3"),
        (np.zeros((3, 1)), [3], [2**63 - 1], ValueError, "reaches outside values of 3"),
    ],
)
def test_sequences_refuse_invalid_arguments(values, starts, lengths, error, message):
    with pytest.raises(error, match=message):
        Sequences(values, starts, lengths)


def test_sequences_are_immutable(three):
    with pytest.raises(AttributeError):
        three.values = np.zeros((6, 2))
    with pytest.raises(AttributeError):
        three.extra = 1
    with pytest.raises(ValueError, match="read-only"):
        three.starts[0] = 1


@pytest.mark.parametrize("key", [3, -4, np.int64(3), [3], [-4], [True], [0.5], "a", None, True])
def test_sequences_refuse_an_index_that_is_invalid(three, key):
    with pytest.raises(IndexError):
        three[key]


@pytest.mark.parametrize("key", [(0, 1), (0, slice(None)), [[0, 1]], np.array(["a"], dtype=object)])
def test_sequences_index_the_first_axis_only(three, key):
    with pytest.raises(IndexError, match="Sequences are indexed"):
        three[key]


@quick
@given(list_views(), st.data())
def test_sequences_index_equals_that_of_a_list(X, data):
    items = list(X)
    n = len(X)
    i = data.draw(st.integers(-n, n - 1))
    assert_array_equal(X[i], items[i])
    assert_array_equal(X[np.int32(i)], items[i])

    cut = data.draw(st.slices(n))
    chosen = data.draw(st.lists(st.integers(-n, n - 1), max_size=5))
    mask = data.draw(hnp.arrays(bool, n))
    assert_same(X[cut], items[cut])
    assert_same(X[chosen], [items[k] for k in chosen])
    assert_same(X[chosen, ...], [items[k] for k in chosen])
    assert_same(X[pd.Index(chosen, dtype=int)], [items[k] for k in chosen])
    assert_same(X[mask], [item for item, keep in zip(items, mask, strict=True) if keep])
    for part in (X[cut], X[chosen], X[mask]):
        assert part.values is X.values


@quick
@given(list_views())
def test_sequences_concatenate_and_step_index(X):
    steps = np.concatenate(list(X))
    assert_array_equal(X.concatenate(), steps)
    assert_array_equal(X.values[X.step_index()], steps)
    assert_same(split_steps(X.concatenate(), X.lengths), list(X))
    assert X.is_contiguous == np.array_equal(X.step_index(), np.arange(len(X.values)))
    assert (X.concatenate() is X.values) == X.is_contiguous


def test_sequences_concatenate_of_a_slice_is_a_view(three):
    assert three.is_contiguous
    assert not three[1:].is_contiguous
    assert np.shares_memory(three[1:].concatenate(), three.values)
    assert not np.shares_memory(three[[0, 2]].concatenate(), three.values)
    assert three[:0].concatenate().shape == (0, 2)


def test_sequences_with_values(three):
    X = three[1:].with_values(np.arange(6).reshape(6, 1))
    assert_same(X, [[[1], [2]], [[3], [4], [5]]])
    with pytest.raises(ValueError, match=r"values has 5 time step\(s\), expected 6"):
        three.with_values(np.zeros((5, 1)))


def test_sequences_as_array(three):
    X = Sequences(three.values, [0, 2], [2, 2])
    assert_array_equal(np.asarray(X), [[[0, 1], [2, 3]], [[4, 5], [6, 7]]])
    assert np.asarray(X, dtype=np.float32).dtype == np.float32
    assert np.shares_memory(np.asarray(X), X.values)
    assert not np.shares_memory(X.__array__(copy=True), X.values)
    with pytest.raises(ValueError, match="without a copy"):
        X[[1, 0]].__array__(copy=False)
    with pytest.raises(ValueError, match="to_padded"):
        np.asarray(three)


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda X: pickle.loads(pickle.dumps(X))]
)
def test_sequences_copies(three, duplicate):
    again = duplicate(three[1:])
    assert isinstance(again, Sequences)
    assert_same(again, list(three[1:]))
    with pytest.raises(ValueError, match="read-only"):
        again.lengths[0] = 1


def test_sequences_joblib_memory_map(three, tmp_path):
    joblib.dump(three, tmp_path / "X.joblib")
    again = joblib.load(tmp_path / "X.joblib", mmap_mode="r")
    assert_same(again, list(three))
    assert_same(check_sequences(again), list(three))


# --- scikit-learn's splitters -------------------------------------------------------------------


class Probe(DummyClassifier):
    """A classifier that checks that its X is `Sequences` on the same values as the whole batch."""

    values = None

    def fit(self, X, y):
        assert isinstance(X, Sequences)
        assert X.values is Probe.values
        return super().fit(X, y)

    def predict(self, X):
        assert X.values is Probe.values
        return super().predict(X)


@pytest.fixture
def batch():
    lengths = np.arange(30) % 4 + 1
    X = check_sequences([np.full((n, 2), i) for i, n in enumerate(lengths)])
    return X, np.arange(30) % 2


def test_sequences_train_test_split_shares_the_values(batch):
    X, y = batch
    X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
    assert X_train.values is X_test.values is X.values
    assert len(X_train) == len(y_train)
    assert len(X_test) == len(y_test)
    numbers = [x[0, 0] for part in (X_train, X_test) for x in part]
    assert sorted(numbers) == list(range(30))
    assert_array_equal([x[0, 0] % 2 for x in X_test], y_test)


def test_sequences_shuffle_and_resample(batch):
    X, y = batch
    for move in (shuffle, resample):
        moved, labels = move(X, y, random_state=0)
        assert_array_equal([x[0, 0] % 2 for x in moved], labels)


@pytest.mark.parametrize("cv", [KFold(3), StratifiedKFold(3, shuffle=True, random_state=0)])
def test_sequences_cross_validation_shares_the_values(batch, cv, monkeypatch):
    X, y = batch
    monkeypatch.setattr(Probe, "values", X.values)
    assert cross_val_score(Probe(), X, y, cv=cv).shape == (3,)
    search = GridSearchCV(Probe(), {"strategy": ["prior", "most_frequent"]}, cv=cv).fit(X, y)
    assert search.predict(X).shape == (30,)


# --- split_steps and wrap_like ------------------------------------------------------------------


def test_split_steps_returns_views():
    steps = np.arange(6).reshape(3, 2)
    parts = split_steps(steps, np.array([1, 2]))
    assert_same(parts, [steps[:1], steps[1:]])
    assert all(np.shares_memory(part, steps) for part in parts)
    assert split_steps(steps[:0], []) == []
    with pytest.raises(ValueError, match=r"steps has 3 step\(s\), but lengths add up to 4"):
        split_steps(steps, [2, 2])


@pytest.mark.parametrize(
    "X",
    [
        STEPS,
        STEPS[:, :, :1],
        TABLE,
        TABLE[:1],
        sliding_window_view(TABLE[0], 2),
        sliding_window_view(STEPS[0], 3, axis=0).transpose(0, 2, 1),
    ],
)
def test_wrap_like_array(X):
    wrapped = wrap_like(check_sequences(X), X)
    assert type(wrapped) is np.ndarray
    assert_array_equal(wrapped, X)


@pytest.mark.parametrize("items", [RAGGED, UNIVARIATE, list(STEPS), list(TABLE), [STEPS[0, :, :1]]])
@pytest.mark.parametrize("kind", [list, tuple, objects])
def test_wrap_like_collection(items, kind):
    X = kind(items)
    wrapped = wrap_like(check_sequences(X), X)
    assert type(wrapped) is type(X)
    for one, other in zip(wrapped, X, strict=True):
        assert one.shape == other.shape
        assert_array_equal(one, other)


def test_wrap_like_nested_lists():
    wrapped = wrap_like(check_sequences([[1, 2], [3]]), [[1, 2], [3]])
    assert type(wrapped) is list
    assert_same(wrapped, [[1, 2], [3]])


def test_wrap_like_pandas():
    X = pd.DataFrame(TABLE.astype(np.float32), index=["a", "b"], columns=list("wxyz"))
    pd.testing.assert_frame_equal(wrap_like(check_sequences(X), X), X)
    series = pd.Series(UNIVARIATE, index=["a", "b"], name="load")
    wrapped = wrap_like(check_sequences(series), series)
    assert_same(wrapped, UNIVARIATE)
    assert wrapped.index.equals(series.index)
    assert wrapped.name == "load"


def test_wrap_like_other_shapes():
    frame = pd.DataFrame(TABLE)
    assert_array_equal(wrap_like(check_sequences(STEPS), frame), STEPS)
    assert_array_equal(wrap_like(check_sequences(STEPS), TABLE), STEPS)
    assert_array_equal(wrap_like(check_sequences(TABLE[:, :2]), frame), TABLE[:, :2])
    assert_array_equal(wrap_like(check_sequences(STEPS), ArrayLike(STEPS)), STEPS)
    assert_same(wrap_like(check_sequences(STEPS), UNIVARIATE), STEPS)
    assert_same(wrap_like(check_sequences(RAGGED), STEPS), RAGGED)
    with pytest.raises(ValueError, match="as many sequences as X has, 2, got 1"):
        wrap_like(check_sequences(STEPS[:1]), STEPS)


def test_wrap_like_sequences_and_codes():
    X = check_sequences(STEPS)
    assert wrap_like(X, X[:1]) is X
    codes = np.array([[1, 2], [3, 4]])
    assert_array_equal(wrap_like(check_sequences(codes, tokens=True), codes), codes)
    lists = [[1, 2], [3]]
    assert_same(wrap_like(check_sequences(lists, tokens=True), lists), lists)


def test_wrap_like_windows_share_memory():
    series = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    windows = sliding_window_view(series, 7, axis=0).transpose(0, 2, 1)[::3]
    wrapped = wrap_like(check_sequences(windows)[2:], windows[2:])
    assert_array_equal(wrapped, windows[2:])
    assert np.shares_memory(wrapped, series)
    assert not wrapped.flags.writeable


@quick
@given(ragged())
def test_wrap_like_round_trip(X):
    assert_same(wrap_like(check_sequences(X), X), X)
    first = [x[:, 0] for x in X]
    assert_same(wrap_like(check_sequences(first), first), first)


def test_sequences_do_not_follow_later_changes_of_starts_and_lengths():
    starts, lengths = np.array([0, 1]), np.array([1, 1])
    sequences = Sequences(np.arange(5.0)[:, None], starts, lengths)
    starts[0], lengths[1] = 4, 1000
    assert [item.tolist() for item in sequences] == [[[0.0]], [[1.0]]]
    assert not sequences[:1].starts.flags.writeable


def test_sequences_starts_as_a_range_are_those_of_an_array():
    values = np.arange(20.0).reshape(10, 2)
    given = np.lib.stride_tricks.sliding_window_view(values, 3, axis=0).transpose(0, 2, 1)
    windows = check_sequences(given[::2], dtype=np.float64)
    plain = Sequences(values, windows.starts.tolist(), windows.lengths.tolist())
    mask = np.array([True, False, True, True])
    for key in (slice(None), slice(3, None, -2), [-1, 0], mask, np.array([], int)):
        assert_array_equal(windows[key].starts, plain[key].starts)
        assert_array_equal(windows[key].lengths, plain[key].lengths)
        assert_array_equal(windows[key].concatenate(), plain[key].concatenate())
    assert_array_equal(windows[-1], plain[-1])
    with pytest.raises(IndexError):
        windows[[4]]
    assert windows.starts.dtype == np.int64
    assert not windows.starts.flags.writeable
    # Neither needs memory for each sequence.
    assert isinstance(windows._starts, range)
    assert windows.lengths.strides == (0,)
    assert_array_equal(pickle.loads(pickle.dumps(windows)).starts, plain.starts)
    with pytest.raises(ValueError, match=r"Sequence 4 \(start 8, length 3\) reaches outside"):
        Sequences(values, range(0, 10, 2), [3] * 5)
