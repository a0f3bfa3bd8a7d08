"""Mixed time steps and static features in all containers, and what these must keep."""

import numpy as np
import pandas as pd
import pytest
from event_data import event_classifier, make_events
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skrnn import RNNClassifier, RNNRegressor, TimeDistributed
from skrnn.export import from_safetensors, to_safetensors
from skrnn.sequences import MixedSequences, Sequences, check_sequences, to_column
from skrnn.sequences._columns import unpack_columns
from skrnn.sequences._read_categories import read_categories

EVENTS, Y = make_events()
MIXED = read_categories(EVENTS, ["code", "weekday"])
TINY = {"units": 3, "epochs": 1, "random_state": 0}


@pytest.fixture(scope="module")
def model():
    return event_classifier().fit(EVENTS, Y)


def test_series_of_tables_have_names_that_are_checked(model):
    assert_array_equal(model.predict_proba(pd.Series(EVENTS)), model.predict_proba(EVENTS))
    turned = [frame[["weekday", "amount", "code"]] for frame in EVENTS]
    for X in (turned, pd.Series(turned)):
        with pytest.raises(ValueError, match="feature names"):
            model.predict(X)


def test_columns_of_mixed_sequences_keep_their_categories(model):
    assert_allclose(model.predict_proba(to_column(MIXED)), model.predict_proba(MIXED))
    with pytest.raises(ValueError, match="categor"):
        np.asarray(MIXED)


def test_numbers_beside_categories_must_be_finite_in_the_dtype_of_the_network():
    model = event_classifier(standardize=False).fit(EVENTS, Y)
    with pytest.raises(ValueError, match="too large"):
        model.predict([frame.assign(amount=1e300) for frame in EVENTS])


def test_nested_tables_of_strings_are_read_as_lists_of_tables():
    cells = {name: [frame[name].tolist() for frame in EVENTS] for name in EVENTS[0]}
    nested, options = pd.DataFrame(cells), {"categorical_features": "auto"}
    expected = event_classifier(**options).fit(EVENTS, Y).predict_proba(EVENTS)
    assert_allclose(event_classifier(**options).fit(nested, Y).predict_proba(nested), expected)
    with pytest.raises(ValueError, match=r"do not hold numbers: 'code'.*categorical_features"):
        RNNRegressor().fit(nested, Y)
    matrices = nested.assign(amount=[np.ones((len(frame), 2)) for frame in EVENTS])
    with pytest.raises(ValueError, match="several features in the column 'amount', and strings"):
        check_sequences(matrices)


def test_nested_tables_keep_missing_values_and_categorical_dtypes():
    levels = pd.CategoricalDtype([3, 5])
    codes, numbers = [["a", np.nan, "b"], ["a", "b"]], [[3, 5, 3], [5, 5]]
    frames = [
        pd.DataFrame(
            {"code": pd.Series(code, dtype=object), "level": pd.Series(level, dtype=levels)}
        )
        for code, level in zip(codes, numbers, strict=True)
    ]
    nested = pd.DataFrame({"code": codes, "level": [frame["level"] for frame in frames]})
    found, expected = (read_categories(X, "auto") for X in (unpack_columns(nested), frames))
    assert sorted(found.tables) == sorted(expected.tables) == [0, 1]
    assert_array_equal(found.values, expected.values)
    # A number next to strings is not read as a string.
    mixed = nested.assign(code=[["a", 1, "b"], ["a", "b"]])
    with pytest.raises(
        ValueError, match=r"kinds \['int', 'str'\] in the categorical feature 'code'"
    ):
        read_categories(unpack_columns(mixed), "auto")


def test_time_distributed_reads_what_recurrent_networks_read():
    columns = make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["code"]),
        (make_pipeline(SimpleImputer(), StandardScaler()), ["amount"]),
    )
    gaps = [frame.assign(amount=frame["amount"].where(frame.index > 0)) for frame in EVENTS]
    expected = TimeDistributed(columns).fit_transform(gaps)
    for X in (to_column(gaps), pd.Series(gaps)):
        found = TimeDistributed(columns).fit_transform(X)
        for one, other in zip(np.ravel(np.asarray(found, dtype=object)), expected, strict=True):
            assert_allclose(np.asarray(one, float), other)
    turned = [frame[["weekday", "amount", "code"]] for frame in gaps]
    with pytest.raises(ValueError, match="feature names"):
        TimeDistributed(columns).fit(gaps).transform(turned)


def test_tables_of_categories_are_compared_by_value():
    steps = Sequences([[0, 9.5], [1, 3.0]], [0], [2])
    plain, objects = (
        MixedSequences(steps, {0: np.array(["a", "b"], kind)}) for kind in ("U1", object)
    )
    assert_array_equal(plain.categories[0], objects.categories[0])
    assert plain.categories[0].dtype == objects.categories[0].dtype
    for wrong in (["a", "a"], ["a", None]):
        with pytest.raises(ValueError, match="distinct"):
            MixedSequences(steps, {0: wrong})


def test_safetensors_keep_which_special_categories_are_trained(tmp_path):
    pytest.importorskip("safetensors")
    gaps = [frame.assign(code=frame["code"].where(frame.index > 0)) for frame in EVENTS]
    trained = event_classifier().fit(gaps, Y)
    to_safetensors(trained, tmp_path / "trained.safetensors")
    loaded = from_safetensors(event_classifier().fit(EVENTS, Y), tmp_path / "trained.safetensors")
    assert_array_equal(loaded._vocabulary.trained, trained._vocabulary.trained)
    assert trained._vocabulary.trained.any()


def test_static_features_of_a_fitted_model_do_not_depend_on_later_parameters():
    X = check_sequences([[[1.0]], [[2.0], [3.0]], [[4.0]]]).with_static([[1.0], [2.0], [3.0]])
    model = RNNClassifier(**TINY).fit(X, [0, 1, 0])
    expected = model.predict_proba(X)
    assert_array_equal(model.set_params(static=None).predict_proba(X), expected)
    huge = X.with_static([[1.0], [2.0], [1e300]])
    ignored = RNNClassifier(**TINY).fit(huge, [0, 1, 0], sample_weight=[1, 1, 0])
    assert np.isfinite(ignored.predict_proba(X)).all()
