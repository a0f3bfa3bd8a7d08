"""Interpolator on sequences: each of them is filled from its own values."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import EchoStateClassifier
from skrnn.forecasting import make_windows
from skrnn.preprocessing import Interpolator, TimeDistributed
from skrnn.sequences import check_sequences

N = np.nan


def make_table(n=6):
    table = pd.DataFrame(np.arange(2.0 * n).reshape(n, 2), columns=["rain", "wind"])
    return table.mask(table == 4).set_axis(pd.date_range("2026-03-01", periods=n, freq="h"))


def object_array(items):
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


RAGGED = [
    np.array([[1.0, N], [N, 5.0], [3.0, N]]),
    np.array([[N, N], [7.0, 8.0]]),
    np.array([[N, 2.0]]),
]
CONTAINERS = {
    "list": (RAGGED, lambda made: made),
    "tuple": (tuple(RAGGED), lambda made: made),
    "Sequences": (check_sequences(RAGGED, dtype=float, allow_nan=True), list),
    "object array": (object_array(RAGGED), list),
    "Series": (pd.Series(RAGGED), list),
    "DataFrames": ([pd.DataFrame(x, columns=["a", "b"]) for x in RAGGED], lambda made: made),
}


@pytest.mark.parametrize("options", [{}, {"causal": True}, {"limit": 1}, {"method": "ffill"}])
@pytest.mark.parametrize(("X", "as_list"), CONTAINERS.values(), ids=CONTAINERS)
def test_interpolator_sequences_are_filled_one_by_one(X, as_list, options):
    model = Interpolator(**options).fit(X)
    assert_array_equal(model.statistics_, [3.0, 5.0])
    made = model.transform(X)
    assert type(made) is type(X)
    for sequence, filled in zip(RAGGED, as_list(made), strict=True):
        alone = Interpolator(**options).fit(np.concatenate(RAGGED))
        assert_array_equal(filled, alone.transform(sequence))


def test_interpolator_sequences_in_array():
    X = np.array([[[1.0], [N], [3.0]], [[N], [9.0], [N]]])
    made = Interpolator(add_indicator=True).fit_transform(X)
    assert made.shape == (2, 3, 2)
    assert_array_equal(made[..., 0], [[1, 2, 3], [9, 9, 9]])
    assert_array_equal(made[..., 1], np.isnan(X[..., 0]))


def test_interpolator_sliding_windows_see_only_their_rows():
    series = np.array([[1.0], [N], [N], [4.0], [5.0]])
    windows = make_windows(series, window_length=3).X
    made = Interpolator().fit_transform(windows)
    assert_array_equal([w.ravel() for w in made], [[1, 1, 1], [4, 4, 4]])


def test_interpolator_sequences_in_pipeline():
    X = [x for x in RAGGED for _ in range(3)]
    y = np.arange(9) % 2
    with config_context(transform_output="pandas"):
        model = make_pipeline(
            Interpolator(), TimeDistributed(StandardScaler()), EchoStateClassifier(units=5)
        ).fit(X, y)
    assert model.predict(X).shape == (9,)


def test_interpolator_sequences_set_output():
    model = Interpolator().fit(RAGGED).set_output(transform="pandas")
    assert type(model.transform(RAGGED)) is list
    df = make_table()
    assert type(model.fit(df.to_numpy()).transform(df.to_numpy())) is pd.DataFrame


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([[1.0, 2.0], [3.0]], "list of lists of numbers"),
        ([RAGGED[0], RAGGED[1][:, :1]], r"X\[1\] has 1"),
        ([np.array([N]), np.array([N, N])], "without any known value"),
        ([np.array([1.0, np.inf])], "infinity"),
        ([pd.DataFrame({"a": [1.0, 2.0]}, index=[1, 0])], r"X\[0\] must be sorted by time"),
        ([make_table(), make_table().iloc[:, ::-1]], r"X\[1\] has other columns"),
    ],
)
def test_interpolator_invalid_sequences(X, message):
    with pytest.raises(ValueError, match=message):
        Interpolator().fit(X)


def test_interpolator_sequences_and_tables_are_not_mixed():
    df = make_table()
    with pytest.raises(ValueError, match="X is sequences, but Interpolator was fitted on a table"):
        Interpolator().fit(df).transform([df])
    with pytest.raises(ValueError, match="X is a table, but Interpolator was fitted on sequences"):
        Interpolator().fit([df]).transform(df)
    with pytest.raises(ValueError, match='method="time" needs the times of a DataFrame'):
        Interpolator("time").fit([df])
