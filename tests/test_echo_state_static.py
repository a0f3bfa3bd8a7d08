"""The parameter `static` of the echo state estimators."""

import pickle

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV

from skrnn.reservoir import EchoStateClassifier, EchoStateRegressor, Reservoir
from skrnn.sequences import check_sequences

NAMES = ("age", "sex")


def make_data(n=40):
    rng = np.random.default_rng(0)
    steps = [rng.normal(size=(m, 2)) for m in rng.integers(2, 7, n)]
    static = np.column_stack([rng.normal(55, 15, n), rng.integers(0, 2, n)])
    y = np.array([one.mean() for one in steps]) + static[:, 0] / 15
    return check_sequences(steps, dtype="float64").with_static(static, NAMES), y


def make(**options):
    options = {"units": 10, "random_state": 0, "alpha": 1e-3, **options}
    return EchoStateRegressor(**options)


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("readout_input", [True, False])
def test_static_readout_is_ridge_on_pooled_states_and_static_features(standardize, readout_input):
    X, y = make_data()
    model = make(standardize=standardize, readout_input=readout_input, pooling="mean").fit(X, y)
    bare = make(standardize=standardize, readout_input=readout_input, pooling="mean")
    bare.fit(X.with_static(None), y)
    states = bare.reservoir_.transform(list(bare_inputs(bare, X)))
    inputs = [np.stack([one.mean(axis=0) for one in bare_inputs(bare, X)])] * readout_input
    age = X.static[:, :1]
    age = (age - age.mean()) / age.std() if standardize else age
    rows = np.hstack([states, *inputs, age, X.static[:, 1:]])
    expected = Ridge(alpha=1e-3).fit(rows, y).predict(rows)
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-4, atol=1e-4)
    assert model.score(X, y) > bare.score(X.with_static(None), y) + 0.3


def bare_inputs(model, X):
    known = model._standardization
    return X.with_static(None) if known is None else known.apply(X.with_static(None), "float64")


@pytest.mark.parametrize("return_sequences", [False, True])
def test_static_predictions_do_not_depend_on_the_batch(return_sequences):
    X, y = make_data()
    if return_sequences:
        y = [np.full(len(steps), target) for steps, target in zip(X, y, strict=True)]
    model = make(return_sequences=return_sequences).fit(X, y)
    predicted = model.predict(X)
    for i in (0, 7):
        np.testing.assert_allclose(model.predict(X[[i]])[0], predicted[i], atol=1e-6)
    again = pickle.loads(pickle.dumps(model)).predict(X)
    assert all(map(np.array_equal, again, predicted))
    assert model.score(X, y) > 0.9


def test_static_partial_fit_equals_fit():
    X, y = make_data()
    options = {"standardize": False, "alpha": 1.0}
    model, parts = make(**options).fit(X, y), make(**options)
    for part in (slice(20), slice(20, None)):
        parts.partial_fit(X[part], y[part])
    np.testing.assert_allclose(parts.predict(X), model.predict(X), atol=1e-6)
    weighted = make(**options).fit(X, y, sample_weight=(np.arange(40) < 20).astype(float))
    np.testing.assert_allclose(
        weighted.predict(X), make(**options).fit(X[:20], y[:20]).predict(X), atol=1e-6
    )


def test_static_none_and_data_without_static_keep_their_bits():
    X, y = make_data()
    expected = make().fit(X.with_static(None), y).predict(X.with_static(None))
    model = make(static=None).fit(X, y)
    assert np.array_equal(model.predict(X), expected)
    assert model.n_static_in_ == 0


def test_static_names_and_classes():
    X, y = make_data()
    labels = np.where(y > np.median(y), "old", "young")
    search = GridSearchCV(
        EchoStateClassifier(units=10, random_state=0), {"static": ["concat", None]}, cv=2
    ).fit(X, labels)
    assert search.best_params_ == {"static": "concat"}
    model = search.best_estimator_
    assert list(model.static_names_in_) == list(NAMES)
    with pytest.raises(ValueError, match=r"\['sex', 'age'\].*same names in the same order"):
        model.predict(X.with_static(X.static, ["sex", "age"]))
    with pytest.raises(ValueError, match="X has no static features, but EchoStateClassifier"):
        model.predict(X.with_static(None))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda X, y: make(reservoir=Reservoir(feedback_scaling=0.5), return_sequences=True).fit(
            X, [np.ones(len(one)) for one in X]), "cannot be combined with static features"),
        (lambda X, y: make().fit(X, y).stream(), "stream does not support static features"),
        (lambda X, y: make(return_sequences=True).fit(X, list(X)).generate(2, X[[0]]),
         "generate does not support static features"),
        (lambda X, y: make().fit(X.with_static(X.static * np.nan), y), "feature 0 of X contains"),
    ],
)  # fmt: skip
def test_static_where_it_is_not_supported(call, message):
    with pytest.raises(ValueError, match=message):
        call(*make_data())
