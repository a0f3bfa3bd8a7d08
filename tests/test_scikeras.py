"""The bridge to scikeras: networks, sequences of different lengths, and what scikit-learn sees.

Importing scikeras changes how Keras' classes are pickled, and its seeded fits may leave TensorFlow
in its deterministic mode. Both are undone after these tests, for those that share the process.
"""

import doctest
import importlib
import pickle
import re
import sys
import textwrap
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, check_cv
from sklearn.utils import get_tags

from skrnn import RNNRegressor, Sequences, check_sequences

RNG = np.random.default_rng(0)
LENGTHS = [4, 2, 6, 1, 5, 3, 6, 2, 4]
X = [RNG.normal(size=(length, 2)) for length in LENGTHS]
Y = np.resize(["low", "middle", "high"], 9)
NUMBERS = np.array([steps.sum() for steps in X])
# Without compiled functions, a fit of so few sequences takes a fraction of a second.
QUICK = {"batch_size": 9, "random_state": 0, "run_eagerly": True, "verbose": 0}
PAGE = Path(__file__).parents[1] / "docs/user_guide/coming_from.rst"
CHANGED = [
    (owner, name)
    for owner in (keras.Model, keras.losses.Loss, keras.metrics.Metric, keras.optimizers.Optimizer)
    for name in ("__reduce__", "__deepcopy__")
]


def own_fit():
    """Fit a network of skrnn with Keras objects, and return its weights."""
    objects = {"optimizer": keras.optimizers.Adam(0.01), "loss": keras.losses.Huber()}
    return (
        clone(RNNRegressor(units=2, epochs=2, random_state=0, **objects)).fit(X, NUMBERS).weights_
    )


@pytest.fixture(scope="module")
def weights_before():
    """Return the weights of a fit from before scikeras is imported."""
    return own_fit()


@pytest.fixture(scope="module", autouse=True)
def bridge(need_package, weights_before):
    """Return the module `skrnn.scikeras`, and restore Keras and TensorFlow at the end."""
    need_package("scikeras")
    own = [vars(owner).get(name) for owner, name in CHANGED]
    bridge = importlib.import_module("skrnn.scikeras")
    changed = [vars(owner).get(name) for owner, name in CHANGED]
    yield bridge
    importlib.import_module("scikeras.utils.random_state").tf_disable_op_determinism()
    for (owner, name), before, after in zip(CHANGED, own, changed, strict=True):
        if before is not after:
            setattr(owner, name, before) if before is not None else delattr(owner, name)


@pytest.fixture(scope="module")
def classifier(bridge):
    """Return a fitted classifier with two layers in both directions."""
    model = bridge.rnn_builder(units=(3, 2), bidirectional=True, pooling="mean_max")
    return bridge.KerasSequenceClassifier(model, epochs=2, **QUICK).fit(X, Y)


def test_import_without_scikeras_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "scikeras.wrappers", None)
    monkeypatch.delitem(sys.modules, "skrnn.scikeras._estimators")
    with pytest.raises(ImportError, match=r"needs scikeras.*\[scikeras\]"):
        importlib.import_module("skrnn.scikeras._estimators")


def test_scikeras_does_not_change_fits_of_skrnn(weights_before):
    for before, now in zip(weights_before, own_fit(), strict=True):
        assert_array_equal(before, now)


def test_public_names_have_examples_that_run(bridge):
    assert bridge.__all__ == sorted(bridge.__all__)
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner()
    for name in bridge.__all__:
        source = getattr(bridge, name).__doc__.replace("verbose=0", "verbose=0, run_eagerly=True")
        assert runner.run(parser.get_doctest(source, {}, name, None, 0)).attempted > 2
    assert runner.failures == 0


def test_programs_of_the_guide_run(bridge):
    digits = load_digits()
    data = {"X_train": digits.images[:60] / 16, "y_train": digits.target[:60]}
    names = {**data, "X_test": digits.images[60:90] / 16, "y_test": digits.target[60:90]}
    blocks = re.findall(r"code-block:: python\n\n((?:    .*\n|\n)+)", PAGE.read_text("utf-8"))
    programs = [textwrap.dedent(block) for block in blocks if "scikeras" in block]
    assert len(programs) == 2
    for program in programs:
        # The programs of the page train more models, for longer.
        quick = program.replace("epochs=10,", "epochs=1, run_eagerly=True,")
        assert quick != program
        exec(quick.replace("cv=3", "cv=2").replace("[16, 32]", "[16]"), names)
    assert 0 <= names["accuracy"] <= 1
    assert names["search"].best_score_ > 0


def test_scikit_learn_recognises_classifier_and_regressor(bridge):
    classifier, regressor = bridge.KerasSequenceClassifier(), bridge.KerasSequenceRegressor()
    assert is_classifier(classifier)
    assert is_regressor(regressor)
    assert type(check_cv(3, Y, classifier=is_classifier(classifier))).__name__ == "StratifiedKFold"
    for estimator in (classifier, regressor):
        tags = get_tags(estimator)
        assert tags.input_tags.three_d_array
        assert tags.target_tags.required


def test_probabilities_of_a_sequence_do_not_depend_on_its_batch(classifier):
    together = classifier.predict_proba(X)
    assert together.shape == (9, 3)
    alone = [classifier.predict_proba([steps]) for steps in X[:4]]
    assert_allclose(np.concatenate(alone), together[:4], atol=1e-6)


def test_containers_of_the_same_sequences_give_equal_predictions(classifier):
    expected = classifier.predict_proba(X)
    assert_array_equal(classifier.predict_proba(check_sequences(X)), expected)
    equal_lengths = np.stack([X[2], X[6]])
    assert_allclose(classifier.predict_proba(equal_lengths), expected[[2, 6]], atol=1e-6)


def test_model_is_the_network_of_skrnn(bridge):
    network = {"cell": "gru", "units": 3, "bidirectional": True, "pooling": "last"}
    unscaled = {"standardize": False, "normalize_y": False}
    own = RNNRegressor(**network, **unscaled, epochs=1, random_state=0).fit(X, NUMBERS)
    wrapped = bridge.KerasSequenceRegressor(bridge.rnn_builder(**network), **QUICK)
    wrapped.initialize(X, NUMBERS)
    wrapped.model_.set_weights(own.weights_)
    assert_allclose(wrapped.predict(X), own.predict(X), atol=1e-5)


def test_grid_search_over_the_network_and_the_optimizer(bridge):
    model = bridge.rnn_builder(cell="simple")
    estimator = bridge.KerasSequenceClassifier(model, optimizer="adam", **QUICK)
    grid = {"model__units": [1, 2], "optimizer__learning_rate": [0.1]}
    # This score needs probabilities, which scikit-learn only asks of a classifier.
    search = GridSearchCV(estimator, grid, cv=2, scoring="roc_auc_ovr", error_score="raise")
    search.fit(X, Y)
    assert search.best_estimator_.predict(X).shape == (9,)
    sizes = {params["model__units"] for params in search.cv_results_["params"]}
    assert sizes == {1, 2}
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_same_random_state_gives_the_same_predictions_also_in_a_pickle(bridge):
    model = bridge.rnn_builder(cell="minimal_gru", units=2, dropout=0.5)
    regressor = bridge.KerasSequenceRegressor(model, **QUICK).fit(X, NUMBERS)
    expected = regressor.predict(X)
    assert_array_equal(clone(regressor).fit(X, NUMBERS).predict(X), expected)
    other = clone(regressor).set_params(random_state=1).fit(X, NUMBERS)
    assert not np.array_equal(other.predict(X), expected)
    assert_array_equal(pickle.loads(pickle.dumps(regressor)).predict(X), expected)


@pytest.mark.parametrize(
    ("y", "settings", "n_outputs"),
    [
        (Y == "low", {}, 1),
        (Y == "low", {"loss": "sparse_categorical_crossentropy"}, 2),
        (Y, {}, 3),
        (Y, {"loss": "categorical_crossentropy"}, 3),
        (np.stack([Y == "low", NUMBERS > 0], axis=1).astype(int), {}, 2),
    ],
    ids=["binary", "binary with softmax", "multiclass", "one-hot", "several labels"],
)
def test_output_layer_fits_the_labels(bridge, y, settings, n_outputs):
    model = bridge.rnn_builder(cell="simple", units=2)
    classifier = bridge.KerasSequenceClassifier(model, **QUICK, **settings).fit(X, y)
    assert classifier.model_.output_shape == (None, n_outputs)
    assert np.isfinite(classifier.history_["loss"]).all()
    assert classifier.predict(X).shape == y.shape
    assert 0 <= classifier.score(X, y) <= 1


def test_regressor_of_several_targets_and_weights(bridge):
    y = np.stack([NUMBERS, -NUMBERS], axis=1)
    model = bridge.rnn_builder(cell="simple", units=2)
    regressor = bridge.KerasSequenceRegressor(model, **QUICK).fit(X, y, np.ones(9))
    assert regressor.predict(X).shape == y.shape
    weights = np.r_[np.zeros(3), np.ones(6)]
    assert regressor.score(X, y, weights) == pytest.approx(regressor.score(X[3:], y[3:]))


def test_partial_fit_accepts_longer_sequences(bridge):
    model = bridge.rnn_builder(cell="simple", units=2)
    regressor = bridge.KerasSequenceRegressor(model, **QUICK).fit(X[:2], NUMBERS[:2])
    regressor.partial_fit(X, NUMBERS)
    assert len(regressor.history_["loss"]) == 2


def masked_lstm(meta):
    """Build a network as a user of scikeras would."""
    padding = sys.modules["skrnn.scikeras"].KerasSequenceRegressor.padding_value
    steps = keras.Input(meta["X_shape_"][1:])
    hidden = keras.layers.LSTM(2)(keras.layers.Masking(padding)(steps))
    return keras.Model(steps, keras.layers.Dense(1)(hidden))


def test_custom_model_masks_padding(bridge):
    regressor = bridge.KerasSequenceRegressor(masked_lstm, loss="mse", **QUICK).fit(X, NUMBERS)
    assert_allclose(regressor.predict(X[:1]), regressor.predict(X)[:1], atol=1e-6)


def test_scikeras_own_classifier_reads_arrays(bridge):
    wrappers = importlib.import_module("scikeras.wrappers")
    model = bridge.rnn_builder(cell="simple", units=2)
    array = RNG.normal(size=(9, 4, 2))
    assert wrappers.KerasClassifier(model, **QUICK).fit(array, Y).predict(array).shape == (9,)
    with pytest.raises(ValueError, match=r"needs X of shape.*got the shape \(9, 4\)"):
        wrappers.KerasClassifier(model, **QUICK).fit(array[:, :, 0], Y)


@pytest.mark.parametrize(
    ("settings", "X", "y", "message"),
    [
        ({"model__cell": "lsmt"}, X, Y, "'cell' parameter of rnn_builder must be.*'lsmt'"),
        ({"model__units": 0}, X, Y, "'units' parameter of rnn_builder must be.*Got 0"),
        ({}, X[:3], Y, "inconsistent numbers of samples"),
        ({}, X, ["low"] * 9, "two classes or more.*1 class"),
        ({}, [[[np.nan]]] * 9, Y, "NaN"),
        ({}, [[[-1e30]]] * 9, Y, "contains -1e[+]30, which stands for padding"),
        ({"loss": "categorical_crossentropy"}, X, Y == "low", "needs indicator columns"),
    ],
)
def test_wrong_arguments_raise_clear_errors(bridge, settings, X, y, message):
    classifier = bridge.KerasSequenceClassifier(bridge.rnn_builder(), **QUICK, **settings)
    with pytest.raises(ValueError, match=message):
        classifier.fit(X, y)


def test_rnn_builder_checks_its_parameters(bridge):
    with pytest.raises(ValueError, match=r"units must be a positive int.*got"):
        bridge.rnn_builder(units=(4, 0))


def test_predict_refuses_another_number_of_features(classifier):
    with pytest.raises(ValueError, match=r"X has 1 feature.*was fitted with 2"):
        classifier.predict([[[1.0]]])
    assert isinstance(classifier.predict(Sequences(np.zeros((3, 2)), [0], [3])), np.ndarray)
