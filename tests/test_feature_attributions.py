"""feature_attributions: integrated gradients and occlusion, exact for sequences of any lengths."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from small_data import TINY, labelled, tagged

from skrnn import RNNClassifier, RNNRegressor
from skrnn.inspection import feature_attributions
from skrnn.preprocessing import TimeDistributed

METHODS = ["integrated_gradients", "occlusion"]
X, Y = labelled()
SMOOTH = {**TINY, "pooling": "mean"}


@pytest.fixture(scope="module")
def classifier():
    """Return a fitted classifier of three classes whose output is smooth."""
    return RNNClassifier(**SMOOTH).fit(X, Y)


@pytest.fixture(scope="module")
def linear():
    """Return a regressor of two targets in the thousands that is linear in its features."""
    y = np.array([[1000 * x[:, 0].sum(), 5 + x[-1, 1]] for x in X])
    params = {**SMOOTH, "dtype": "float64", "activation": "linear", "standardize": True}
    return RNNRegressor(**params, add_differences=True).fit(X, y)


def baseline_of(x, value):
    return np.tile(value, (len(x), 1))


def sums(attributions):
    return np.array([one.sum() for one in attributions])


@pytest.mark.parametrize("method", METHODS)
def test_attributions_of_a_linear_network_are_the_changes_of_its_predictions(linear, method):
    for target, baseline in ((0, None), (1, [0.5, -2.0])):
        found = feature_attributions(
            linear, X[:4], method=method, target=target, baseline=baseline, n_steps=1
        )
        start = linear.input_mean_ if baseline is None else baseline
        for x, attributions in zip(X[:4], found, strict=True):
            assert attributions.shape == x.shape
            for at in np.ndindex(x.shape):
                changed = x.copy()
                changed[at] = start[at[1]]
                change = np.subtract(*linear.predict([x, changed]))[target]
                assert_allclose(attributions[at], change, rtol=1e-7, atol=1e-7)


def test_integrated_gradients_add_up_to_the_change_of_the_probability(classifier):
    found = feature_attributions(classifier, X, target="bee", baseline=0.25)
    start = [baseline_of(x, [0.25, 0.25]) for x in X]
    change = classifier.predict_proba(X)[:, 1] - classifier.predict_proba(start)[:, 1]
    assert_allclose(sums(found), change, rtol=0, atol=2e-5)


def test_occlusion_is_the_change_of_the_probability(classifier):
    found = feature_attributions(classifier, X[:2], method="occlusion", target="cat", baseline=3)
    changed = X[1].copy()
    changed[1, 0] = 3
    expected = np.subtract(*classifier.predict_proba([X[1], changed]))[2]
    assert_allclose(found[1][1, 0], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_attributions_of_a_sequence_do_not_depend_on_the_others(classifier, method):
    together = feature_attributions(classifier, X, method=method)
    for i in (0, 7):
        (alone,) = feature_attributions(classifier, [X[i]], method=method)
        assert_allclose(together[i], alone, rtol=0, atol=1e-6)


def test_attributions_of_an_array_are_an_array(classifier):
    array = np.stack([x[:2] for x in X])
    found = feature_attributions(classifier, array, n_steps=4)
    assert isinstance(found, np.ndarray)
    assert found.shape == array.shape


def test_target_is_the_predicted_class_by_default(classifier):
    labels = classifier.predict(X)
    default = feature_attributions(classifier, X, n_steps=8)
    given = feature_attributions(classifier, X, target=labels, n_steps=8)
    for one, other in zip(default, given, strict=True):
        assert_array_equal(one, other)


def test_attributions_of_two_classes_are_opposite():
    X, y = labelled(("no", "yes"))
    classifier = RNNClassifier(**SMOOTH).fit(X, y)
    no, yes = (
        feature_attributions(classifier, X[:3], target=one, baseline=0) for one in ("no", "yes")
    )
    for one, other in zip(no, yes, strict=True):
        assert_allclose(one, -other, rtol=0, atol=1e-7)
    change = np.subtract(
        *(classifier.predict_proba(some)[:, 1] for some in (X[:3], [0 * x for x in X[:3]]))
    )
    assert_allclose(sums(yes), change, rtol=0, atol=2e-5)


@pytest.mark.parametrize("method", METHODS)
def test_attributions_of_tokens_have_one_value_per_token(method):
    tokens = [np.array([2, 3, 2]), np.array([3, 4, 4, 2]), np.array([4, 3])]
    classifier = RNNClassifier(**SMOOTH, embedding=3).fit(tokens, ["a", "b", "a"])
    found = feature_attributions(classifier, tokens, method=method, target="a", baseline=4)
    assert [one.shape for one in found] == [(3,), (4,), (2,)]
    change = np.subtract(
        *(classifier.predict_proba(some)[:, 0] for some in (tokens, [0 * x + 4 for x in tokens]))
    )
    if method == "integrated_gradients":
        assert_allclose(sums(found), change, rtol=0, atol=1e-5)
    # A token that is that of the baseline has no attribution.
    assert_allclose(found[1][1:3], 0, rtol=0, atol=1e-7)
    padded = np.array([[2, 3, 2, 0], [3, 4, 4, 2], [4, 3, 0, 0]])
    again = feature_attributions(classifier, padded, method=method, target="a", baseline=4)
    for one, expected in zip(again, found, strict=True):
        assert_allclose(one, expected, rtol=0, atol=1e-7)


def test_attributions_of_one_hot_rows_are_those_of_their_symbols():
    codes = [np.array([0, 1, 1]), np.array([2, 0]), np.array([1, 2, 2, 0])]
    one_hot = [csr_array(np.eye(3)[x]) for x in codes]
    classifier = RNNClassifier(**SMOOTH).fit(one_hot, ["a", "b", "a"])
    found = feature_attributions(classifier, one_hot, target="b")
    assert [one.shape for one in found] == [(3,), (2,), (4,)]
    empty = [csr_array(x.shape) for x in one_hot]
    change = np.subtract(*(classifier.predict_proba(some)[:, 1] for some in (one_hot, empty)))
    assert_allclose(sums(found), change, rtol=0, atol=1e-5)


def test_time_step_chooses_the_output_that_is_explained():
    X, y = tagged()
    tagger = RNNClassifier(**TINY, return_sequences=True).fit(X, y)
    x, probabilities = X[0], tagger.predict_proba(X[:1])[0]
    for time_step in (0, -1):
        (found,) = feature_attributions(tagger, [x], time_step=time_step, target="up", baseline=0)
        start = tagger.predict_proba([0 * x])[0]
        assert_allclose(found.sum(), (probabilities - start)[time_step, 1], rtol=0, atol=1e-4)
        if time_step == 0:
            assert_array_equal(found[1:], 0)
    last = feature_attributions(tagger, [x])
    assert_array_equal(last, feature_attributions(tagger, [x], time_step=len(x) - 1))


def test_attributions_of_a_pipeline_are_those_of_the_transformed_features(classifier):
    pipeline = make_pipeline(TimeDistributed(FunctionTransformer(np.negative)), classifier)
    pipeline[:-1].fit(X)
    found = feature_attributions(pipeline, X[:3], n_steps=4)
    expected = feature_attributions(classifier, [-x for x in X[:3]], n_steps=4)
    for one, other in zip(found, expected, strict=True):
        assert_allclose(one, other, rtol=0, atol=1e-6)


def test_too_few_steps_are_warned_about():
    x = [np.array([[4.0], [-4.0], [4.0]]), np.array([[1.0], [2.0]])] * 5
    regressor = RNNRegressor(**SMOOTH, standardize=False).fit(x, [1.0, 0.0] * 5)
    regressor.weights_[0] = 5 * np.ones_like(regressor.weights_[0])
    with pytest.warns(UserWarning, match="Increase n_steps=1"):
        feature_attributions(regressor, x, n_steps=1)
    feature_attributions(regressor, x, n_steps=200)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"method": "lime"}, "method must be 'integrated_gradients' or 'occlusion', got 'lime'"),
        ({"n_steps": 0}, "n_steps must be an int of at least 1, got 0"),
        ({"target": "dog"}, "target has labels that are not in classes_"),
        ({"target": ["ant", "bee"]}, "one class per sequence, got an array of shape"),
        ({"time_step": 1}, "time_step=1 is only for estimators with return_sequences=True"),
        ({"baseline": [1.0, 2.0, 3.0]}, "baseline must be None, a finite number, or one for each"),
        ({"baseline": np.nan}, "baseline must be None, a finite number"),
    ],
)
def test_feature_attributions_errors(classifier, given, message):
    with pytest.raises(ValueError, match=message):
        feature_attributions(classifier, X, **given)


def test_feature_attributions_errors_of_regressors(linear):
    with pytest.raises(ValueError, match="target must be the index of one of the 2 outputs"):
        feature_attributions(linear, X)
    with pytest.raises(ValueError, match="target=2 is not the index"):
        feature_attributions(linear, X, target=2)
    with pytest.raises(NotFittedError):
        feature_attributions(RNNRegressor(**TINY), X)
