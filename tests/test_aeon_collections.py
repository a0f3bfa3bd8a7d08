"""`from_aeon` and `to_aeon`: collections of series whose last axis is time."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sequence_data import RAGGED, STEPS, TABLE, assert_same
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skrnn import EchoStateClassifier
from skrnn.sequences import check_sequences, from_aeon, to_aeon

COLLECTIONS = {
    "numpy3D": (np.swapaxes(STEPS, 1, 2), STEPS),
    "np-list": ([steps.T for steps in RAGGED], RAGGED),
    "df-list": ([pd.DataFrame(steps.T) for steps in RAGGED], RAGGED),
    "numpy2D": (TABLE, TABLE[:, :, np.newaxis]),
    "pd-wide": (pd.DataFrame(TABLE), TABLE[:, :, np.newaxis]),
    "nested_univ": (
        pd.DataFrame({i: [pd.Series(steps[:, i]) for steps in RAGGED] for i in range(3)}),
        RAGGED,
    ),
}


@pytest.mark.parametrize("name", COLLECTIONS)
def test_from_aeon_reads_every_collection(name):
    collection, expected = COLLECTIONS[name]
    assert_same(from_aeon(collection), expected)


@pytest.mark.parametrize("name", ["numpy3D", "np-list", "numpy2D"])
def test_to_aeon_is_the_inverse_of_from_aeon(name):
    expected = COLLECTIONS[name][0]
    found = to_aeon(from_aeon(expected))
    assert type(found) is type(expected)
    assert_same(found, expected[:, np.newaxis] if name == "numpy2D" else expected)


def test_from_aeon_n_features_reads_rows_with_one_feature_after_another():
    rows = np.swapaxes(STEPS, 1, 2).reshape(2, -1)
    assert_same(from_aeon(rows, n_features=3), STEPS)


@pytest.mark.parametrize("X", [STEPS, RAGGED, check_sequences(RAGGED)])
def test_to_aeon_returns_arrays_in_c_order(X):
    assert all(series.flags.c_contiguous for series in to_aeon(X))


def test_from_aeon_in_cross_validation():
    rng = np.random.default_rng(0)
    y = np.arange(20) % 2
    X = [rng.normal(label, 0.3, (2, n)) for label, n in zip(y, rng.integers(3, 9, 20), strict=True)]
    model = make_pipeline(
        FunctionTransformer(from_aeon), EchoStateClassifier(units=20, random_state=0)
    )
    found = cross_val_predict(model, X, y, cv=3)
    native = EchoStateClassifier(units=20, random_state=0)
    assert_array_equal(found, cross_val_predict(native, [series.T for series in X], y, cv=3))


@pytest.mark.parametrize(
    ("X", "n_features", "message"),
    [
        (TABLE, 3, r"n_features=3 needs X of the shape \(n_sequences, 3 \* n_steps\)"),
        (STEPS, 3, r"got \(2, 4, 3\)"),
        (TABLE, 0, "n_features=0"),
        ([TABLE[0]], None, r"X\[0\] must have the shape \(n_features, n_steps\)"),
        (np.zeros(3), None, r"X\[0\] must have the shape"),
        (
            pd.DataFrame({"a": 1.0}, index=pd.MultiIndex.from_product([[0], [0, 1]])),
            None,
            "index of 2 levels.*from_multiindex",
        ),
    ],
)
def test_from_aeon_errors(X, n_features, message):
    with pytest.raises(ValueError, match=message):
        from_aeon(X, n_features=n_features)


def test_from_aeon_n_features_must_be_an_int():
    with pytest.raises(TypeError, match="n_features must be an int or None, got 'two'"):
        from_aeon(TABLE, n_features="two")


def test_to_aeon_refuses_codes():
    with pytest.raises(ValueError, match="no feature axis"):
        to_aeon(check_sequences([[1, 2], [3]], tokens=True))
