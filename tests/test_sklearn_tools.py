"""Tools of scikit-learn and imbalanced-learn that accept tables only, with ragged sequences."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier
from sklearn.inspection import permutation_importance
from sklearn.model_selection import cross_val_predict
from sklearn.multiclass import OneVsOneClassifier
from sklearn.multioutput import ClassifierChain
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.semi_supervised import SelfTrainingClassifier

from skrnn import EchoStateClassifier, RNNClassifier
from skrnn.sequences import from_nan_padded, to_column, to_padded


def make_rising_or_falling(n=45, n_classes=2, seed=0):
    """Return ragged sequences of two features, of which only the first shows the class."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % n_classes
    X = [rng.normal(size=(length, 2)) for length in rng.integers(4, 9, n)]
    for sequence, label in zip(X, y, strict=True):
        sequence[:, 0] += 4 * label
    return X, y


X, Y = make_rising_or_falling()
COLUMN = to_column(X)
IDS = ["array", "frame", "one column per feature"]
TABLE = pd.DataFrame({"a": [x[:, 0] for x in X], "b": [x[:, 1] for x in X]})


def echo():
    return EchoStateClassifier(units=10, random_state=0)


@pytest.mark.parametrize("data", [COLUMN, pd.DataFrame({"x": X}), TABLE], ids=IDS)
def test_bagging(data):
    bagging = BaggingClassifier(echo(), n_estimators=3, random_state=0).fit(data, Y)
    assert bagging.score(data, Y) > 0.9


def test_bagging_of_networks():
    model = BaggingClassifier(RNNClassifier(units=2, epochs=1), n_estimators=2, random_state=0)
    probabilities = model.fit(COLUMN, Y).predict_proba(COLUMN)
    alone = [one.predict_proba(X) for one in model.estimators_]
    np.testing.assert_allclose(probabilities, np.mean(alone, axis=0), rtol=1e-5)


def test_permutation_importance_of_ragged_sequences():
    found = permutation_importance(echo().fit(X, Y), COLUMN, Y, n_repeats=2, random_state=0)
    assert found.importances_mean > 0.2


def test_permutation_importance_of_features():
    table = TABLE.map(lambda values: values[:4])  # columns are permuted separately
    found = permutation_importance(echo().fit(table, Y), table, Y, n_repeats=2, random_state=0)
    assert found.importances_mean[0] > 0.2
    assert found.importances_mean[1] < 0.1


def test_adaboost_of_lists():
    cells = to_column([x.tolist() for x in X])
    boosted = AdaBoostClassifier(echo(), n_estimators=2, random_state=0).fit(cells, Y)
    assert boosted.score(cells, Y) > 0.9


def test_column_transformer_passthrough():
    frame = pd.DataFrame({"x": X, "age": 1.0})
    select = ColumnTransformer([("sequences", "passthrough", ["x"])])
    model = make_pipeline(select, echo()).fit(frame, Y)
    np.testing.assert_array_equal(model.predict(frame), echo().fit(X, Y).predict(X))


def read_rows():
    return FunctionTransformer(from_nan_padded, kw_args={"n_features": 2})


ROWS = to_padded(X).reshape(len(X), -1)


def test_self_training_of_padded_rows():
    some = np.where(np.arange(len(Y)) < 15, Y, -1)
    model = SelfTrainingClassifier(make_pipeline(read_rows(), echo())).fit(ROWS, some)
    assert model.score(ROWS, Y) > 0.9


def test_one_vs_one_of_padded_rows():
    _, classes = make_rising_or_falling(n_classes=3)
    rows = to_padded(make_rising_or_falling(n_classes=3)[0]).reshape(45, -1)
    model = OneVsOneClassifier(make_pipeline(read_rows(), echo())).fit(rows, classes)
    assert model.score(rows, classes) > 0.9


def look_up(rows, sequences):
    """Return the sequence of each row, with the other columns repeated in every time step."""
    found = [sequences[int(row[0])] for row in rows]
    return [
        np.column_stack([x, np.tile(row[1:], (len(x), 1))])
        for x, row in zip(found, rows, strict=True)
    ]


def test_classifier_chain_of_indices():
    indices = np.arange(len(X))[:, None]
    labels = np.column_stack([Y, Y])
    base = make_pipeline(FunctionTransformer(look_up, kw_args={"sequences": X}), echo())
    chain = ClassifierChain(base).fit(indices, labels)
    assert [one[-1].n_features_in_ for one in chain.estimators_] == [2, 3]
    assert (chain.predict(indices) == labels).mean() > 0.9


def test_cross_val_predict_per_step_of_a_column():
    steps = [np.full(len(x), label) for x, label in zip(X, Y, strict=True)]
    tagger = EchoStateClassifier(units=5, return_sequences=True, random_state=0)
    assert [len(p) for p in cross_val_predict(tagger, COLUMN, steps, cv=3)] == list(map(len, X))


@pytest.mark.parametrize("data", [COLUMN, pd.DataFrame({"x": X}), TABLE], ids=IDS)
def test_random_over_sampler(data):
    over_sampling = pytest.importorskip("imblearn.over_sampling")
    rare = np.where(np.arange(len(Y)) < 10, 1, 0)
    resampled, labels = over_sampling.RandomOverSampler(random_state=0).fit_resample(data, rare)
    assert np.bincount(labels).tolist() == [35, 35]
    assert len(echo().fit(resampled, labels).predict(resampled)) == 70
