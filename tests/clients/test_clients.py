"""Packages that accept any estimator of scikit-learn, with estimators of skrnn in them.

``tox -e clients`` installs these packages. A test is skipped if its package is not installed.
"""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skrnn import EchoStateClassifier, EchoStateRegressor, RNNClassifier, RNNRegressor
from skrnn.recurrent import RecurrentFeatures
from skrnn.sequences import from_aeon, from_nan_padded, to_aeon, to_column, to_padded

DAYS = pd.date_range("2026-01-01", periods=123, freq="D")
WAVE = pd.Series(np.sin(0.3 * np.arange(123)), index=DAYS, name="wave")
KNOWN, NEXT = WAVE[:-3], WAVE[-3:]
N_LAGS = 8


def sequences_of_two_classes(n=60):
    """Return sequences of equal length, ragged ones, classes, and numbers that depend on them."""
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    cube = rng.normal(size=(n, 8, 2))
    cube[:, :, 0] += 4 * y[:, np.newaxis]
    ragged = [steps[:length] for steps, length in zip(cube, rng.integers(4, 9, n), strict=True)]
    return cube, ragged, y, cube[:, 0].sum(axis=1)


CUBE, RAGGED, CLASSES, NUMBERS = sequences_of_two_classes()
CONTAINERS = {"array": CUBE, "list": RAGGED, "column": to_column(RAGGED)}
TINY = {"cell": "simple", "units": 4, "epochs": 3, "random_state": 0}
REGRESSORS = {
    "recurrent": RNNRegressor(cell="gru", units=8, epochs=60, random_state=0),
    "reservoir": EchoStateRegressor(units=50, random_state=0),
}
of_regressors = pytest.mark.parametrize("kind", REGRESSORS)
of_containers = pytest.mark.parametrize("container", CONTAINERS)


def echo():
    return EchoStateClassifier(units=20, random_state=0)


# --- forecasts with windows as tables ---------------------------------------------------------


@of_regressors
def test_skforecast(kind):
    recursive = pytest.importorskip("skforecast.recursive")
    forecaster = recursive.ForecasterRecursive(estimator=REGRESSORS[kind], lags=N_LAGS)
    forecaster.fit(y=KNOWN)
    assert_allclose(forecaster.predict(steps=3), NEXT, atol=0.2)


@of_regressors
@pytest.mark.parametrize("scitype", ["tabular-regressor", "time-series-regressor"])
def test_sktime_make_reduction(kind, scitype):
    compose = pytest.importorskip("sktime.forecasting.compose")
    forecaster = compose.make_reduction(REGRESSORS[kind], window_length=N_LAGS, scitype=scitype)
    forecaster.fit(KNOWN, fh=[1, 2, 3])
    assert_allclose(forecaster.predict(), NEXT, atol=0.2)


@of_regressors
def test_mlforecast(kind):
    mlforecast = pytest.importorskip("mlforecast")
    table = pd.DataFrame({"unique_id": "wave", "ds": KNOWN.index, "y": KNOWN.to_numpy()})
    forecaster = mlforecast.MLForecast(
        models={"model": REGRESSORS[kind]}, freq="D", lags=range(1, N_LAGS + 1)
    )
    forecaster.fit(table)
    assert_allclose(forecaster.predict(3)["model"], NEXT, atol=0.2)


# --- searches and intervals -------------------------------------------------------------------


@of_containers
def test_scikit_optimize(container):
    skopt = pytest.importorskip("skopt")
    X = CONTAINERS[container]
    search = skopt.BayesSearchCV(
        echo(), {"units": skopt.space.Integer(10, 20)}, n_iter=2, cv=2, random_state=0
    ).fit(X, CLASSES)
    assert search.best_estimator_.units == search.best_params_["units"]
    assert search.score(X, CLASSES) > 0.9


def coverage(conformal, X):
    """Return the fraction of the sequences whose number is in its interval."""
    intervals = conformal.predict_interval(X)[1][:, :, 0]
    return np.mean((intervals[:, 0] <= NUMBERS[30:]) & (NUMBERS[30:] <= intervals[:, 1]))


def test_mapie_split_of_tables():
    mapie = pytest.importorskip("mapie.regression")
    table = CUBE[:, :, 0]
    conformal = mapie.SplitConformalRegressor(RNNRegressor(**TINY), 0.8, prefit=False)
    conformal.fit(table[:30], NUMBERS[:30]).conformalize(table[30:], NUMBERS[30:])
    assert coverage(conformal, table[30:]) >= 0.8


@of_containers
def test_mapie_cross_of_sequences(container):
    X = CONTAINERS[container]
    regression = pytest.importorskip("mapie.regression")
    conformal = regression.CrossConformalRegressor(RNNRegressor(**TINY), 0.8, cv=3)
    conformal.fit_conformalize(X, NUMBERS)
    assert conformal.predict_interval(X)[1].shape == (len(X), 2, 1)
    classification = pytest.importorskip("mapie.classification")
    conformal = classification.CrossConformalClassifier(RNNClassifier(**TINY), 0.8, cv=3)
    conformal.fit_conformalize(X, CLASSES)
    assert conformal.predict_set(X)[1].shape == (len(X), 2, 1)


def test_mapie_split_of_frozen_rows():
    read = FunctionTransformer(from_nan_padded, kw_args={"n_features": 2})
    rows = to_padded(RAGGED).reshape(len(RAGGED), -1)
    regression = pytest.importorskip("mapie.regression")
    fitted = make_pipeline(read, RNNRegressor(**TINY)).fit(rows[:30], NUMBERS[:30])
    conformal = regression.SplitConformalRegressor(FrozenEstimator(fitted), 0.8)
    assert coverage(conformal.conformalize(rows[30:], NUMBERS[30:]), rows[30:]) >= 0.8
    classification = pytest.importorskip("mapie.classification")
    fitted = make_pipeline(read, echo()).fit(rows[:30], CLASSES[:30])
    conformal = classification.SplitConformalClassifier(FrozenEstimator(fitted), 0.8)
    sets = conformal.conformalize(rows[30:], CLASSES[30:]).predict_set(rows[30:])[1]
    assert sets[np.arange(30), CLASSES[30:], 0].mean() >= 0.8


@of_containers
def test_mapie_split_of_recurrent_features(container):
    regression = pytest.importorskip("mapie.regression")
    X = CONTAINERS[container]
    model = make_pipeline(RecurrentFeatures(RNNRegressor(**TINY)), Ridge())
    conformal = regression.SplitConformalRegressor(model, 0.8, prefit=False)
    conformal.fit(X[:30], NUMBERS[:30]).conformalize(X[30:], NUMBERS[30:])
    assert coverage(conformal, X[30:]) >= 0.8


def test_mapie_split_of_sequences_is_an_error_of_its_probe():
    regression = pytest.importorskip("mapie.regression")
    conformal = regression.SplitConformalRegressor(RNNRegressor(**TINY), 0.8, prefit=False)
    with pytest.raises(UserWarning, match="failed a minimal prediction test"):
        conformal.fit(CUBE[:30], NUMBERS[:30]).conformalize(CUBE[30:], NUMBERS[30:])


# --- pictures and rare classes ----------------------------------------------------------------


@of_containers
def test_yellowbrick(container):
    pytest.importorskip("yellowbrick")
    import matplotlib as mpl

    mpl.use("Agg")
    from yellowbrick.classifier import ROCAUC, ClassificationReport, ConfusionMatrix
    from yellowbrick.regressor import PredictionError, ResidualsPlot

    X = CONTAINERS[container]
    expected = echo().fit(X[:40], CLASSES[:40]).score(X[40:], CLASSES[40:])
    for kind in (ClassificationReport, ConfusionMatrix):
        shown = kind(echo(), force_model=True).fit(X[:40], CLASSES[:40])
        assert shown.score(X[40:], CLASSES[40:]) == expected
    shown = ROCAUC(echo(), force_model=True).fit(X[:40], CLASSES[:40])
    assert shown.score(X[40:], CLASSES[40:]) > 0.9
    regressor = RNNRegressor(**TINY)
    expected = regressor.fit(X[:40], NUMBERS[:40]).score(X[40:], NUMBERS[40:])
    for kind in (PredictionError, ResidualsPlot):
        shown = kind(regressor, force_model=True).fit(X[:40], NUMBERS[:40])
        assert_allclose(shown.score(X[40:], NUMBERS[40:]), expected, rtol=1e-5)


def test_yellowbrick_recognises_no_classifier_without_force_model():
    classifier = pytest.importorskip("yellowbrick.classifier")
    with pytest.raises(TypeError, match="not a classifier"):
        classifier.ClassificationReport(LogisticRegression())


FEW_OF_CLASS_1 = (CLASSES == 0) | (np.arange(60) < 20)
IMBALANCED = to_column(RAGGED)[FEW_OF_CLASS_1], CLASSES[FEW_OF_CLASS_1]


@pytest.mark.parametrize("name", ["RandomOverSampler", "RandomUnderSampler"])
def test_imbalanced_learn_pipeline(name):
    pipeline = pytest.importorskip("imblearn.pipeline")
    from imblearn import over_sampling, under_sampling

    sampler = getattr(over_sampling, name, None) or getattr(under_sampling, name)
    model = pipeline.make_pipeline(sampler(random_state=0), echo()).fit(*IMBALANCED)
    assert model.score(*IMBALANCED) > 0.9


@pytest.mark.parametrize("name", ["BalancedBaggingClassifier", "EasyEnsembleClassifier"])
def test_imbalanced_learn_ensembles(name):
    kind = getattr(pytest.importorskip("imblearn.ensemble"), name)
    model = kind(estimator=echo(), n_estimators=2, random_state=0).fit(*IMBALANCED)
    assert model.score(*IMBALANCED) > 0.9


# --- collections of series --------------------------------------------------------------------


def reads_rows():
    return make_pipeline(FunctionTransformer(from_aeon, kw_args={"n_features": 2}), echo())


@pytest.mark.parametrize("container", ["array", "list"])
def test_aeon_transformer_before_from_aeon(container):
    collection = pytest.importorskip("aeon.transformations.collection")
    model = make_pipeline(collection.Centerer(), FunctionTransformer(from_aeon), echo())
    X = CONTAINERS[container]
    found = model.fit(to_aeon(X), CLASSES).predict_proba(to_aeon(X))
    centred = [steps - steps.mean(axis=0) for steps in X]
    assert_allclose(found, echo().fit(centred, CLASSES).predict_proba(centred), atol=1e-6)


def test_aeon_classifier_pipeline():
    compose = pytest.importorskip("aeon.classification.compose")
    from aeon.transformations.collection import Tabularizer

    model = compose.ClassifierPipeline(Tabularizer(), reads_rows())
    assert cross_val_score(model, to_aeon(CUBE), CLASSES, cv=3).mean() > 0.9


def test_aeon_regressor_pipeline():
    compose = pytest.importorskip("aeon.regression.compose")
    from aeon.transformations.collection import Tabularizer

    read = FunctionTransformer(from_aeon, kw_args={"n_features": 2})
    model = make_pipeline(read, EchoStateRegressor(units=20, random_state=0))
    found = compose.RegressorPipeline(Tabularizer(), model).fit(to_aeon(CUBE), NUMBERS)
    expected = EchoStateRegressor(units=20, random_state=0).fit(CUBE, NUMBERS)
    assert_allclose(found.predict(to_aeon(CUBE)), expected.predict(CUBE), atol=1e-6)


def test_aeon_wrapper_of_one_feature():
    wrappers = pytest.importorskip("aeon.classification.sklearn")
    found = wrappers.SklearnClassifierWrapper(echo()).fit(CUBE[:, :, 0], CLASSES)
    assert found.score(CUBE[:, :, 0], CLASSES) > 0.9


def test_sktime_evaluate():
    evaluation = pytest.importorskip("sktime.classification.model_evaluation")
    from sktime.transformations.compose import Id

    for model, X in ((reads_rows(), to_aeon(CUBE)), (echo(), to_aeon(CUBE[:, :, :1]))):
        found = evaluation.evaluate(Id() * model, cv=KFold(3), X=X, y=CLASSES, error_score="raise")
        assert found["test_accuracy_score"].mean() > 0.9
