"""The parameter `static` of the recurrent estimators."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score

from skrnn import RNNClassifier, RNNRegressor, Seq2SeqRegressor, SequenceGenerator
from skrnn.recurrent import ConvBody
from skrnn.sequences import Sequences, check_sequences, to_padded

NAMES = ("age", "sex")
OPTIONS = {"units": 4, "epochs": 2, "random_state": 0, "batch_size": 8}


def make_data(n=24, *, tokens=False, seed=0):
    """Return sequences with an age and a sex, and targets that depend on all of them."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(2, 6, n)
    steps = [rng.integers(2, 7, m) if tokens else rng.normal(size=(m, 2)) for m in lengths]
    static = np.column_stack([rng.normal(55, 15, n), rng.integers(0, 2, n)])
    y = np.array([one.mean() for one in steps]) + (static[:, 0] - 55) / 15 + static[:, 1]
    return check_sequences(steps, tokens=tokens).with_static(static, NAMES), y


def fit(X, y, **options):
    return RNNRegressor(**{**OPTIONS, **options}).fit(X, y)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"standardize": False, "pooling": "attention", "cell": "simple"},
        {"static": "initial_state", "cell": "gru", "units": (4, 3), "bidirectional": True},
        {"static": "initial_state", "cell": "lru", "pooling": "mean_max"},
        {"static": "initial_state", "embedding": 3},
    ],
)
def test_static_predictions_do_not_depend_on_padding_or_container(options):
    X, y = make_data(tokens="embedding" in options)
    X = X.with_static((X.static - [55, 0]) / [15, 1], NAMES)
    model = fit(X, y, **options)
    predicted = model.predict(X)
    alone = np.concatenate([model.predict(X[[i]]) for i in range(3)])
    np.testing.assert_allclose(alone, predicted[:3], atol=1e-5)
    order = np.random.default_rng(0).permutation(len(X))
    np.testing.assert_allclose(model.predict(X[order]), predicted[order], atol=1e-5)
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict(X), predicted)
    changed = model.predict(X.with_static(X.static[::-1], NAMES))
    assert np.abs(changed - predicted).max() > 1e-3


@pytest.mark.any_backend
def test_static_padding_tokens_give_the_same_predictions():
    X, y = make_data(tokens=True)
    model = fit(X, y, embedding=3)
    padded = check_sequences(to_padded(X, value=0), tokens=True).with_static(X.static, NAMES)
    np.testing.assert_allclose(model.predict(padded), model.predict(X), atol=1e-5)


@pytest.mark.parametrize("static", ["concat", "initial_state"])
def test_static_model_is_the_network(static):
    X, y = make_data()
    model = fit(X, y, static=static)
    inputs = [to_padded(X, value=np.nan), X.lengths.astype("int32"), X.static.astype("float32")]
    from keras import ops

    outputs = ops.convert_to_numpy(model.model_([ops.convert_to_tensor(one) for one in inputs]))
    np.testing.assert_allclose(outputs[:, 0], model.predict(X), atol=1e-5)


@pytest.mark.any_backend
def test_static_none_and_data_without_static_keep_their_bits():
    X, y = make_data()
    bare = X.with_static(None)
    expected = fit(bare, y).predict(bare)
    ignored = fit(X, y, static=None)
    assert np.array_equal(ignored.predict(X), expected)
    assert ignored.n_static_in_ == 0
    assert np.array_equal(fit(bare, y, static="initial_state").predict(bare), expected)


@pytest.mark.any_backend
def test_static_is_standardised_like_features():
    X, y = make_data()
    weights = np.arange(len(X)) % 3
    model = RNNRegressor(**OPTIONS).fit(X, y, sample_weight=weights)
    average = np.average(X.static[:, 0], weights=weights)
    assert model.static_mean_[0] == pytest.approx(average)
    # Indicators are unchanged.
    assert model.static_mean_[1] == 0
    assert model.static_scale_[1] == 1
    scaled = (X.static - model.static_mean_) / model.static_scale_
    other = RNNRegressor(**OPTIONS).fit(X.with_static(scaled * [5, 1] + [3, 0], NAMES), y, weights)
    changed = X.with_static(scaled * [5, 1] + [3, 0], NAMES)
    np.testing.assert_allclose(other.predict(changed), model.predict(X), atol=1e-5)
    with pytest.warns(ConvergenceWarning, match="Static feature 0 of X has the mean"):
        fit(X.with_static(X.static * 1000, NAMES), y, standardize=False)


def test_static_weights_equal_left_out_sequences():
    X, y = make_data()
    kept = np.arange(len(X)) < 17
    model = RNNRegressor(**OPTIONS).fit(X, y, sample_weight=kept.astype(float))
    np.testing.assert_array_equal(model.predict(X), fit(X[kept], y[kept]).predict(X))


def test_static_per_step_targets_learn_from_static_features():
    X, _ = make_data(60)
    y = [np.full(len(steps), age) for steps, age in zip(X, X.static[:, 0] / 15, strict=True)]
    model = fit(X, y, return_sequences=True, epochs=40, learning_rate=0.03)
    assert model.score(X, y) > 0.95
    cut = fit(X, y, return_sequences=True, truncation=2, epochs=40, learning_rate=0.03)
    assert cut.score(X, y) > 0.95


def test_static_warm_start_and_partial_fit_continue():
    X, y = make_data()
    model = RNNRegressor(**OPTIONS, warm_start=True).fit(X, y)
    mean = model.static_mean_.copy()
    model.fit(X.with_static(X.static + 1, NAMES), y)
    assert model.n_iter_ == 4
    assert np.array_equal(model.static_mean_, mean)
    with pytest.raises(ValueError, match="static from 'concat' to 'initial_state'"):
        model.set_params(static="initial_state").fit(X, y)
    streamed = RNNRegressor(**OPTIONS)
    for _ in range(2):
        streamed.partial_fit(X, y)
    assert streamed.n_iter_ == 2
    assert streamed.n_static_in_ == 2


@pytest.mark.any_backend
def test_static_and_targets_of_partial_fit_far_from_the_first_data():
    X, y = make_data()
    model = RNNRegressor(**OPTIONS).partial_fit(X, y).partial_fit(X, y + 9)
    with pytest.warns(ConvergenceWarning, match="Static feature 0 of X is .* with the mean"):
        model.partial_fit(X.with_static(X.static * [1e4, 1], NAMES), y)
    with pytest.warns(ConvergenceWarning, match="Target 0 of y .* now has the mean 1e.06"):
        model.partial_fit(X, y + 1e6)


@pytest.mark.any_backend
def test_static_in_grid_search():
    X, y = make_data()
    search = GridSearchCV(RNNRegressor(**OPTIONS), {"static": ["concat", None]}, cv=2).fit(X, y)
    assert len(search.predict(X)) == len(X)
    labels = (y > np.median(y)).astype(int)
    assert len(cross_val_score(RNNClassifier(**OPTIONS), X, labels, cv=2)) == 2
    assert clone(RNNClassifier(static=None)).static is None


def test_static_custom_body_and_validation_data():
    X, y = make_data()
    body = ConvBody(filters=4, kernel_size=3)
    model = RNNRegressor(**OPTIONS, body=body).fit(X, y, X_val=X[:5], y_val=y[:5])
    alone = np.concatenate([model.predict(X[[i]]) for i in range(4)])
    np.testing.assert_allclose(alone, model.predict(X)[:4], atol=1e-5)
    assert "val_loss" in model.history_
    early = fit(X, y, early_stopping=True, validation_split=0.25)
    assert early.n_static_in_ == 2


@pytest.mark.any_backend
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda X: X.with_static(None), ValueError,
         r"X has no static features, but RNNRegressor was fitted with 2.*\['age', 'sex'\]"),
        (lambda X: X.with_static(X.static[:, :1], ["age"]), ValueError,
         r"X has 1 static feature\(s\), \['age'\], but"),
        (lambda X: X.with_static(X.static, ["sex", "age"]), ValueError,
         r"static features \['sex', 'age'\].*same names in the same order"),
        (lambda X: X.with_static(X.static * [np.nan, 1], NAMES), ValueError,
         "The static feature 'age' of X contains NaN, first in sequence 0. Impute"),
        (lambda X: X.with_static(np.where([False, True], np.inf, X.static), NAMES), ValueError,
         "'sex' of X contains infinity"),
        (lambda X: X.with_static(X.static), UserWarning, "without names, but RNNRegressor was"),
    ],
)  # fmt: skip
def test_static_errors_in_predict(change, error, message):
    X, y = make_data()
    model = fit(X, y)
    if error is UserWarning:
        with pytest.warns(error, match=message):
            model.predict(change(X))
    else:
        with pytest.raises(error, match=message):
            model.predict(change(X))


@pytest.mark.any_backend
def test_static_errors_before_fit_change_nothing():
    X, y = make_data()
    model = fit(X, y)
    expected = model.predict(X)
    with pytest.raises(ValueError, match="'age' of X contains NaN"):
        model.fit(X.with_static(X.static * [np.nan, 1], NAMES), y)
    with pytest.raises(ValueError, match="static='initial_state' cannot be combined with truncat"):
        model.set_params(static="initial_state", truncation=2).fit(X, y)
    with pytest.raises(ValueError, match=r"first states of the recurrent layers.*got body="):
        model.set_params(truncation=None, body=ConvBody()).fit(X, y)
    with pytest.raises(ValueError, match="'static' parameter of RNNRegressor must be"):
        model.set_params(static="first").fit(X, y)
    model.set_params(static="concat", body=None)
    assert np.array_equal(model.predict(X), expected)
    with pytest.raises(ValueError, match="RNNRegressor was fitted with 0 static"):
        fit(X.with_static(None), y).predict(X)


@pytest.mark.any_backend
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda model, X: model.stream(), "static features are not part of the state"),
        (lambda model, X: model.predict(X, return_state=True), "not part of the state"),
        (lambda model, X: Seq2SeqRegressor().fit(X, list(X)),
         "Seq2SeqRegressor does not take static features, but X has 2"),
        (lambda model, X: SequenceGenerator().fit(
            Sequences([2, 3, 4], [0, 1], [1, 2], None, [[1], [2]])),
         "SequenceGenerator does not take static features"),
    ],
)  # fmt: skip
def test_static_where_it_is_not_supported(call, message):
    X, y = make_data()
    model = fit(X, y)
    with pytest.raises(ValueError, match=message):
        call(model, X)


@pytest.mark.any_backend
def test_static_hidden_states_and_unfitted():
    X, y = make_data()
    model = fit(X, y, static="initial_state")
    assert model.hidden_states(X).shape == (len(X), 4)
    output, *states = model.hidden_states(X, return_state=True)
    np.testing.assert_allclose(states[0], output, atol=1e-6)
    with pytest.raises(NotFittedError):
        RNNRegressor().predict(X)
