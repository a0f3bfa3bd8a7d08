"""Interpolator: columns with the time since the last known value, as GRU-D receives them."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from skrnn.preprocessing import Interpolator
from skrnn.preprocessing._gaps import time_since_observation
from skrnn.sequences import check_sequences

N = np.nan
INPUTS = Interpolator(causal=True, add_indicator=True, add_time_since="rows")
TABLE = np.array([[1.0, N, 5.0], [N, N, 6.0], [N, 2.0, 7.0], [4.0, N, 8.0]])
AGES = [[0, 0], [1, 1], [2, 2], [3, 1]]


def by_hand(is_known, times):
    """Compute the recurrence of the paper, one row after another."""
    ages = [0.0]
    for t in range(1, len(times)):
        ages.append(times[t] - times[t - 1] + (0 if is_known[t - 1] else ages[-1]))
    return ages


@given(
    is_known=arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=12)),
    start=st.integers(-5, 5),
)
@settings(max_examples=25, deadline=None)
def test_time_since_observation_equals_the_recurrence(is_known, start):
    times = start + np.cumsum(np.arange(len(is_known)) % 3)
    found = time_since_observation(is_known, times)
    for column, expected in zip(found.T, is_known.T, strict=True):
        assert_array_equal(column, by_hand(expected, times))


@parametrize_with_checks([INPUTS])
def test_interpolator_with_all_columns_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


def test_interpolator_add_time_since_appends_columns_for_features_with_gaps():
    model = clone(INPUTS).fit(TABLE)
    made = model.transform(TABLE)
    assert_array_equal(made[:, 3:5], np.isnan(TABLE[:, :2]))
    assert_array_equal(made[:, 5:], AGES)
    names = ["missingindicator_x0", "missingindicator_x1", "timesince_x0", "timesince_x1"]
    assert_array_equal(model.get_feature_names_out()[3:], names)
    # A feature without gaps in fit has no column, whatever it has later.
    assert model.transform(np.full((2, 3), N)).shape == (2, 7)
    assert_array_equal(pickle.loads(pickle.dumps(model)).transform(TABLE), made)
    assert clone(INPUTS).fit_transform(TABLE.astype("float32")).dtype == np.float32


def test_interpolator_add_time_since_uses_earlier_rows_only():
    model = clone(INPUTS).fit(TABLE)
    whole = model.transform(TABLE)
    for n in range(1, 5):
        assert_array_equal(model.transform(TABLE[:n]), whole[:n])


def test_interpolator_add_time_since_counts_seconds_of_an_index():
    index = pd.Timestamp("2026-03-01") + pd.to_timedelta([0, 10, 24 * 60, 48 * 60], unit="min")
    table = pd.DataFrame(TABLE, index=index, columns=["a", "b", "c"])
    made = Interpolator(add_time_since="time").fit_transform(table)
    day = 86400
    assert_array_equal(made["timesince_a"], [0, 600, day, 2 * day])
    assert_array_equal(made["timesince_b"], [0, 600, day, day])
    series = pd.concat({"x": table, "y": table})
    expected = pd.concat({"x": made, "y": made})
    assert_frame_equal(Interpolator(add_time_since="time").fit_transform(series), expected)


def test_interpolator_add_time_since_begins_again_in_each_sequence():
    X = [TABLE, TABLE[1:], TABLE[:1]]
    X = check_sequences([*X, TABLE[2:]], dtype=float, allow_nan=True)
    made = clone(INPUTS).fit_transform(X)
    for sequence, filled in zip(X, made, strict=True):
        known = ~np.isnan(sequence[:, :2])
        assert_array_equal(filled[:, 5:], time_since_observation(known, np.arange(len(known))))
    windows = X[[0, 0]]
    assert_array_equal(np.asarray(clone(INPUTS).fit_transform(windows))[:, :, 5:], [AGES, AGES])


def test_interpolator_limit_leaves_long_gaps_for_a_later_step():
    X = [np.array([[1.0], [N], [N], [N], [5.0]]), np.array([[N], [N], [3.0]])]
    first, second = Interpolator(causal=True, limit=2, add_indicator=True).fit_transform(X)
    assert_array_equal(first[:, 0], [1, 1, 1, N, 5])
    assert_array_equal(second[:, 0], [3, 3, 3])
    assert_array_equal(first[:, 1], [0, 1, 1, 1, 0])


def test_interpolator_add_time_since_needs_times():
    for X, message in [
        (TABLE, 'add_time_since="time" needs the times of a DataFrame .* got X as ndarray'),
        ([TABLE], 'add_time_since="time" needs the times'),
        (pd.DataFrame(TABLE), 'X, for add_time_since="time", needs a DatetimeIndex'),
    ]:
        with pytest.raises(ValueError, match=message):
            Interpolator(add_time_since="time").fit(X)
    with pytest.raises(ValueError, match=r"add_time_since.* parameter of Interpolator must be"):
        Interpolator(add_time_since=True).fit(TABLE)
