"""`set_output` of transformers that return a table for some of their parameters."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import OneHotSequenceEncoder
from skrnn.reservoir import LiquidStateMachine, Reservoir

rng = np.random.default_rng(0)
SEQUENCES = pd.Series([rng.random((n, 2)) for n in (3, 5, 4)], index=["p", "q", "r"])
WORDS = pd.Series([["on", "off"], ["off"], ["on", "on"]], index=["p", "q", "r"])

TABLES = [
    (OneHotSequenceEncoder(output="counts", sparse_output=False), WORDS),
    (OneHotSequenceEncoder(output="multi_hot", sparse_output=False), WORDS),
    (Reservoir(units=4, pooling="mean", random_state=0), SEQUENCES),
    (Reservoir(units=4, pooling=("last", "std"), random_state=0), SEQUENCES),
    (LiquidStateMachine(units=4, pooling="mean", random_state=0), SEQUENCES),
]
RAGGED = [
    (OneHotSequenceEncoder(), WORDS),
    (Reservoir(units=4, random_state=0), SEQUENCES),
]


@pytest.mark.parametrize(("transformer", "X"), TABLES)
@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_set_output_of_tables(transformer, X, container):
    pytest.importorskip(container)
    expected = clone(transformer).fit_transform(X)
    wrapped = clone(transformer).set_output(transform=container)
    found = clone(wrapped).fit_transform(X)
    assert type(found).__module__.partition(".")[0] == container
    np.testing.assert_array_equal(found.to_numpy(), expected)
    assert list(found.columns) == list(wrapped.fit(X).get_feature_names_out())
    if container == "pandas":
        assert list(found.index) == ["p", "q", "r"]
    wrapped.set_output(transform=None)
    assert type(wrapped.transform(X)) is type(found)
    assert isinstance(wrapped.set_output(transform="default").transform(X), np.ndarray)


@pytest.mark.parametrize(("transformer", "X"), RAGGED)
def test_set_output_leaves_sequences_unchanged(transformer, X):
    expected = clone(transformer).fit_transform(X)
    found = clone(transformer).set_output(transform="pandas").fit_transform(X)
    assert type(found) is type(expected)
    with config_context(transform_output="pandas"):
        assert type(clone(transformer).fit_transform(X)) is type(expected)


def test_set_output_of_a_pipeline_from_sequences_to_a_table():
    model = make_pipeline(Reservoir(units=4, pooling="mean"), StandardScaler())
    table = model.set_output(transform="pandas").fit_transform(SEQUENCES)
    assert list(table.columns) == [f"reservoir{i}" for i in range(4)]


def test_set_output_of_a_sparse_table_is_an_error_of_scikit_learn():
    encoder = OneHotSequenceEncoder(output="counts").set_output(transform="pandas")
    with pytest.raises(ValueError, match="sparse"):
        encoder.fit_transform(WORDS)


def test_set_output_container_must_be_known():
    with pytest.raises(ValueError, match=r"transform must be .*, got 'arrow'"):
        Reservoir().set_output(transform="arrow")
