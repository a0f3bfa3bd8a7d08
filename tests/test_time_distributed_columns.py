"""TimeDistributed with a ColumnTransformer, with categories, and in a FeatureUnion."""

import pickle

import numpy as np
import pandas as pd
import pytest
from event_data import make_events
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)

from skrnn import EchoStateClassifier, Sequences
from skrnn.preprocessing import TimeDistributed
from skrnn.sequences import check_sequences, from_long, to_column

FRAMES, Y = make_events()
TABLE = pd.concat([frame.assign(who=i, day=frame.index) for i, frame in enumerate(FRAMES)])
LONG, _ = from_long(TABLE, id="who", time="day")
ONE_HOT = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
BY_COLUMN = make_column_transformer(
    (ONE_HOT, ["code"]), (StandardScaler(), ["amount"]), remainder="passthrough"
)
EVENTS = TABLE[["code", "amount", "weekday"]]
NAMES = [f"onehotencoder__code_{code}" for code in "ABCD"]
NAMES += ["standardscaler__amount", "remainder__weekday"]


@pytest.mark.parametrize("X", [FRAMES, LONG, tuple(FRAMES)], ids=["list", "long", "tuple"])
def test_time_distributed_column_transformer(X):
    encoder = TimeDistributed(BY_COLUMN)
    encoded = encoder.fit_transform(X)
    expected = BY_COLUMN.fit_transform(EVENTS)
    assert type(encoded) in (type(X), Sequences)
    assert_allclose(np.concatenate(list(encoded)), expected)
    assert [len(steps) for steps in encoded] == [len(frame) for frame in FRAMES]
    assert encoder.get_feature_names_out().tolist() == NAMES
    assert encoder.feature_names_in_.tolist() == ["code", "amount", "weekday"]
    if X is LONG:
        assert list(encoded.feature_names) == NAMES
    again = pickle.loads(pickle.dumps(encoder))
    assert_array_equal(again.transform(FRAMES[:1])[0], encoded[0])


def test_time_distributed_unknown_and_missing_categories():
    encoder = TimeDistributed(BY_COLUMN).fit(FRAMES)
    event = FRAMES[0][:1].assign(code="Z")
    assert (encoder.transform([event])[0][0, :4] == 0).all()
    missing = FRAMES[0].astype({"code": object})
    missing.loc[:, "code"] = None
    assert (encoder.transform([missing])[0][:, :4] == 0).all()


def test_time_distributed_encodes_categories_without_names():
    arrays = [frame.to_numpy(dtype=object)[:, :1] for frame in FRAMES]
    encoded = TimeDistributed(OrdinalEncoder()).fit_transform(arrays)
    assert_array_equal(np.concatenate(encoded)[:, 0], pd.factorize(TABLE["code"], sort=True)[0])


def test_time_distributed_windows_of_categories():
    windows = LONG[:3]
    overlapping = type(LONG)(
        Sequences(windows.values, [0, 1, 4], [2, 3, 1], LONG.feature_names), LONG.tables
    )
    encoder = TimeDistributed(BY_COLUMN).fit(LONG)
    by_row = np.concatenate(list(encoder.transform(LONG)))
    for steps, (start, end) in zip(
        encoder.transform(overlapping), [(0, 2), (1, 4), (4, 5)], strict=True
    ):
        assert_allclose(steps, by_row[start:end])


def test_time_distributed_selects_columns_by_dtype():
    selected = make_column_transformer(
        (StandardScaler(), make_column_selector(dtype_include="number")),
        (ONE_HOT, make_column_selector(dtype_exclude="number")),
    )
    assert TimeDistributed(selected).fit_transform(FRAMES)[0].shape[1] == 6


def test_time_distributed_passes_named_features():
    frames = [frame[["amount", "weekday"]] for frame in FRAMES]
    seen = []
    spy = FunctionTransformer(lambda table: seen.append(list(table.columns)) or table)
    TimeDistributed(spy).fit(frames).transform(frames)
    assert seen == [["amount", "weekday"]]
    scaler = TimeDistributed(StandardScaler()).fit(frames)
    assert scaler.get_feature_names_out().tolist() == ["amount", "weekday"]
    arrays = [frame.to_numpy() for frame in frames]
    unnamed = TimeDistributed(StandardScaler()).fit(arrays)
    assert_array_equal(unnamed.transform(arrays)[0], scaler.transform(frames)[0])
    with pytest.warns(UserWarning, match="does not have valid feature names, but TimeDistributed"):
        assert_array_equal(scaler.transform(arrays)[0], unnamed.transform(arrays)[0])


def test_column_transformer_in_front_of_an_echo_state_network():
    by_column = make_column_transformer(
        (ONE_HOT, ["code", "weekday"]), (StandardScaler(), ["amount"])
    )
    model = make_pipeline(TimeDistributed(by_column), EchoStateClassifier(units=20, random_state=0))
    assert model.fit(FRAMES, Y).score(FRAMES, Y) > 0.9


@pytest.mark.parametrize("container", [list, np.stack, check_sequences])
def test_time_distributed_feature_union(container):
    rng = np.random.default_rng(0)
    lengths = (3, 3) if container is np.stack else (3, 5)
    X = [rng.normal(size=(n, 2)) for n in lengths]
    steps = np.concatenate(X)
    union = make_union(StandardScaler(), MinMaxScaler())
    joined = TimeDistributed(union).fit_transform(container(X))
    assert_allclose(np.concatenate(list(joined)), union.fit_transform(steps), atol=1e-6)


def test_feature_union_of_time_distributed_joins_columns_of_sequences():
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 2)) for n in (3, 5)]
    first, second = StandardScaler(), MinMaxScaler()
    union = make_union(TimeDistributed(first), TimeDistributed(second))
    joined = check_sequences(union.fit_transform(to_column(X)))
    expected = TimeDistributed(make_union(first, second)).fit_transform(X)
    assert joined.lengths.tolist() == [3, 5]
    assert_allclose(joined.values, np.concatenate(expected), atol=1e-6)


def test_columns_of_vectors_errors():
    table = np.array([[None, None], [None, None]])
    table[:, 0] = [np.zeros((2, 2)), np.zeros((3, 2))]
    table[:, 1] = [np.zeros((2, 1)), np.zeros((3, 2))]
    with pytest.raises(ValueError, match=r"shape \(2,\) in the column 1 of row 1, expected \(1,\)"):
        check_sequences(table)
    table[1, 1] = np.zeros((4, 1))
    with pytest.raises(ValueError, match="3 time steps in the column 0 and 4 in the column 1"):
        check_sequences(table)
    table[1, 1] = np.zeros((3, 1, 1))
    with pytest.raises(ValueError, match=r"array of shape \(3, 1, 1\) in the column 1 of row 1"):
        check_sequences(table)
