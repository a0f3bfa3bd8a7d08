"""mase: errors relative to those of the naive forecast."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.linear_model import LinearRegression
from sklearn.metrics import make_scorer

from skrnn.metrics import mase


def mase_loop(y_true, y_pred, y_train, period):
    pairs = [(y_train[i - period], y_train[i]) for i in range(period, len(y_train))]
    naive = [abs(now - before) for before, now in pairs if not np.isnan(now - before)]
    scale = sum(naive) / len(naive)
    return sum(abs(a - b) / scale for a, b in zip(y_true, y_pred, strict=True)) / len(y_true)


@pytest.mark.parametrize("period", [1, 4])
@pytest.mark.parametrize("missing", [[], [0], [5, 6, 19]])
def test_mase_equals_a_loop(period, missing):
    rng = np.random.default_rng(0)
    y_train, y_true, y_pred = rng.normal(size=20), rng.normal(size=7), rng.normal(size=7)
    y_train[missing] = np.nan
    expected = mase_loop(y_true, y_pred, y_train, period)
    assert_allclose(mase(y_true, y_pred, y_train=y_train, period=period), expected)
    frames = [pd.Series(y, index=np.arange(len(y)) + i) for i, y in enumerate((y_true, y_pred))]
    assert_allclose(mase(*frames, y_train=y_train.tolist(), period=period), expected)


@given(
    scale=st.floats(1e-3, 1e3),
    shift=st.floats(-1e3, 1e3),
    seed=st.integers(0, 100),
)
def test_mase_is_invariant_to_units(scale, shift, seed):
    rng = np.random.default_rng(seed)
    y_train, y_true, y_pred = rng.normal(size=30), rng.normal(size=5), rng.normal(size=5)
    in_other_units = [shift + scale * y for y in (y_true, y_pred)]
    assert_allclose(
        mase(*in_other_units, y_train=shift + scale * y_train),
        mase(y_true, y_pred, y_train=y_train),
        rtol=1e-6,
    )


def test_mase_of_the_naive_forecast_is_1():
    y = np.random.default_rng(0).normal(size=(40, 2))
    assert_allclose(mase(y[12:], y[:-12], y_train=y, period=12, multioutput="raw_values"), 1)
    assert mase(y, y, y_train=y) == 0


def test_mase_multioutput():
    rng = np.random.default_rng(0)
    y_train, y_true, y_pred = (rng.normal(size=(n, 3)) * [1, 10, 100] for n in (20, 5, 5))
    each = [mase(y_true[:, i], y_pred[:, i], y_train=y_train[:, i]) for i in range(3)]
    raw = mase(y_true, y_pred, y_train=y_train, multioutput="raw_values")
    assert_allclose(raw, each)
    assert_allclose(mase(y_true, y_pred, y_train=y_train), np.mean(each))
    weights = [0.5, 0.2, 0.3]
    weighted = mase(y_true, y_pred, y_train=y_train, multioutput=weights)
    assert_allclose(weighted, np.average(each, weights=weights))


def test_mase_sample_weight():
    y_train, y_true, y_pred = [1.0, 2.0, 4.0], [1.0, 2.0, 3.0], [2.0, 2.0, 9.0]
    twice = mase(y_true + y_true[2:], y_pred + y_pred[2:], y_train=y_train)
    assert_allclose(mase(y_true, y_pred, y_train=y_train, sample_weight=[1, 1, 2]), twice)


def test_mase_scorer():
    X, y = np.arange(20.0)[:, np.newaxis], np.arange(20.0) ** 2
    scorer = make_scorer(mase, y_train=y[:10], greater_is_better=False)
    model = LinearRegression().fit(X[:10], y[:10])
    assert scorer(model, X[10:], y[10:]) == -mase(y[10:], model.predict(X[10:]), y_train=y[:10])


REPEATED = np.sin(2 * np.pi * np.arange(48) / 12)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"y_train": [1.0, 2.0], "period": 2}, r"more than period=2 row\(s\).* got 2"),
        ({"y_train": [3.0, 3.0, 3.0]}, r"naive forecast of target 0 has the error 0"),
        ({"y_train": REPEATED, "period": 12}, "has the error 0"),
        ({"y_train": [0.0, 0.0, 0.0]}, "has the error 0"),
        ({"y_train": [1.0, np.nan, 2.0]}, r"period=1 row\(s\) apart, but at least one"),
        ({"y_train": [[1.0, 2.0], [2.0, 4.0]]}, r"got 2 target\(s\) in y_train, 1 in y_true"),
        ({"y_train": [1.0, np.inf]}, "y_train contains infinity"),
        ({"y_pred": [1.0, 2.0, 3.0]}, r"shapes \(2, 1\) and \(3, 1\)"),
        ({"y_pred": [[1.0, 2.0]]}, r"shapes \(2, 1\) and \(1, 2\)"),
        ({"y_true": [1.0, np.nan]}, "y_true contains NaN"),
        ({"period": 0}, "'period' parameter"),
        ({"period": 1.5}, "'period' parameter"),
        ({"multioutput": "median"}, "'multioutput' parameter"),
        ({"multioutput": [-1.0]}, "multioutput must be one weight for each of 1 target"),
        ({"multioutput": [1.0, 1.0]}, r"got a list of shape \(2,\)"),
        ({"sample_weight": [1.0]}, r"sample_weight.shape == \(1,\), expected \(2,\)"),
        ({"sample_weight": [1.0, -1.0]}, "Negative values in data passed to `sample_weight`"),
        ({"sample_weight": [0.0, 0.0]}, "(?i)sample.weight"),
    ],
)
def test_mase_invalid_input(changed, message):
    given = {"y_true": [1.0, 2.0], "y_pred": [1.0, 3.0], "y_train": [1.0, 2.0, 4.0], **changed}
    with pytest.raises(ValueError, match=message):
        mase(**given)
