"""Known inputs of the decoder: what the regressor does with them, alone and in a forecaster."""

import pickle
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from fitted_models import unchanged
from numpy.testing import assert_allclose
from recurrences import assert_close_weights, same_bits
from seq2seq_models import TINY_PAIR
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from small_data import assert_same_weights

from skrnn import Seq2SeqRegressor, Sequences, SlidingWindowForecaster, TimeDistributed

N = 24


def draw(seed):
    """Return sources, known inputs, and targets that depend on the ends of both."""
    rng = np.random.default_rng(seed)
    sources = [rng.normal(size=(n, 2)) for n in rng.integers(1, 6, N)]
    known = [rng.normal(50, 7, size=(n, 2)) for n in rng.integers(2, 6, N)]
    pairs = zip(sources, known, strict=True)
    return sources, known, [x[-1, 0] / 4 + (one[:, 0] - 50) / 7 for x, one in pairs]


X, KNOWN, Y = draw(0)
EQUAL = np.stack([one[:2] for one in KNOWN])


@lru_cache
def fitted(**params):
    """Return a regressor that was fitted with known inputs."""
    return Seq2SeqRegressor(**{**TINY_PAIR, **params}).fit(X, Y, target_inputs=KNOWN)


# --- the regressor ----------------------------------------------------------------------------


def test_decoder_learns_from_target_inputs():
    params = {"epochs": 60, "learning_rate": 0.05}
    sources, known, y = draw(1)
    assert fitted(**params).score(sources, y, target_inputs=known) > 0.5
    without = Seq2SeqRegressor(**{**TINY_PAIR, **params}).fit(X, Y)
    assert without.score(sources, y) < 0.2
    assert without.n_target_inputs_ == 0
    assert without.target_input_mean_ is None


def test_predictions_receive_the_inputs_of_each_time_step():
    model = fitted()
    predicted = model.predict(X, target_inputs=KNOWN)
    sources = model._read_sources(X)
    forced = model._forced(sources, *model._decoder_inputs(sources, X, predicted, KNOWN))
    for one, other in zip(predicted, forced, strict=True):
        assert_allclose(one, model._codec.decode(other), rtol=0, atol=1e-5)
    changed = [one.copy() for one in KNOWN]
    for one in changed:
        one[1:] += 9
    for one, other in zip(model.predict(X, target_inputs=changed), predicted, strict=True):
        assert one[0] == other[0]
        assert (one[1:] != other[1:]).all()
    for weights, x, known in zip(
        model.attention_weights(X, target_inputs=KNOWN), X, KNOWN, strict=True
    ):
        assert weights.shape == (len(known), len(x))
    given = model.attention_weights(X, predicted, target_inputs=KNOWN)
    for one, other in zip(model.attention_weights(X, target_inputs=KNOWN), given, strict=True):
        assert_allclose(one, other, rtol=0, atol=1e-6)


def test_predictions_with_target_inputs_are_the_same_alone_and_in_any_batch():
    model = fitted()
    predicted = model.predict(X, target_inputs=KNOWN)
    longer = [*KNOWN[:-1], np.tile(KNOWN[-1], (5, 1))]
    for i, one in enumerate(model.predict(X, target_inputs=longer)[:-1]):
        assert_allclose(one, predicted[i], rtol=0, atol=1e-5)
        alone = model.predict([X[i]], target_inputs=[KNOWN[i]])[0]
        assert_allclose(alone, predicted[i], rtol=0, atol=1e-5)


@pytest.mark.any_backend
def test_target_inputs_are_standardised():
    model = fitted()
    steps = np.concatenate(KNOWN)
    assert model.n_target_inputs_ == 2
    assert_allclose(model.target_input_mean_, steps.mean(axis=0))
    assert_allclose(model.target_input_scale_, steps.std(axis=0))
    scaled = [(one - steps.mean(axis=0)) / steps.std(axis=0) for one in KNOWN]
    other = Seq2SeqRegressor(**TINY_PAIR).fit(X, Y, target_inputs=scaled)
    assert_close_weights(model, other, 1e-5)
    plain = Seq2SeqRegressor(**TINY_PAIR, standardize=False).fit(X, Y, target_inputs=KNOWN)
    assert plain.target_input_mean_ is None
    assert not same_bits(plain, model)


@pytest.mark.parametrize("params", [{}, {"scheduled_sampling": 0.5}], ids=str)
def test_fit_with_target_inputs_is_seeded_and_continues(params):
    model = fitted(**params)
    assert_same_weights(model, clone(model).fit(X, Y, target_inputs=KNOWN))
    stepwise = Seq2SeqRegressor(**{**TINY_PAIR, **params}, schedule="constant")
    for _ in range(2):
        stepwise.partial_fit(X, Y, target_inputs=KNOWN)
    assert stepwise.n_iter_ == 2
    warm = Seq2SeqRegressor(**TINY_PAIR, warm_start=True).fit(X, Y, target_inputs=KNOWN)
    assert warm.fit(X, Y, target_inputs=KNOWN).n_iter_ == 6
    copy = pickle.loads(pickle.dumps(model))
    for one, other in zip(
        copy.predict(X, target_inputs=KNOWN), model.predict(X, target_inputs=KNOWN), strict=True
    ):
        assert_allclose(one, other, rtol=0, atol=0)


@pytest.mark.any_backend
def test_sequences_of_weight_zero_and_held_out_ones_do_not_scale_target_inputs():
    used = np.arange(N) % 3 > 0
    kept = [i for i in range(N) if used[i]]
    one = Seq2SeqRegressor(**TINY_PAIR, standardize=True).fit(
        X, Y, used.astype(float), target_inputs=KNOWN
    )
    steps = np.concatenate([KNOWN[i] for i in kept])
    assert_allclose(one.target_input_mean_, steps.mean(axis=0))
    held_out = Seq2SeqRegressor(**TINY_PAIR, validation_split=0.5).fit(X, Y, target_inputs=KNOWN)
    assert not np.allclose(held_out.target_input_mean_, fitted().target_input_mean_)
    given = Seq2SeqRegressor(**TINY_PAIR).fit(
        X, Y, target_inputs=KNOWN, X_val=X[:5], y_val=Y[:5], target_inputs_val=KNOWN[:5]
    )
    assert len(given.history_["val_loss"]) == 3
    assert_same_weights(given, fitted())


@pytest.mark.any_backend
def test_target_inputs_in_any_container_are_read_alike():
    y = np.stack([one[:2] for one in Y])
    expected = Seq2SeqRegressor(**TINY_PAIR).fit(X, y, target_inputs=EQUAL)
    as_sequences = Sequences(EQUAL.reshape(-1, 2), np.arange(N) * 2, np.full(N, 2))
    for given in (list(map(pd.DataFrame, EQUAL)), EQUAL.tolist(), as_sequences):
        assert_same_weights(Seq2SeqRegressor(**TINY_PAIR).fit(X, y, target_inputs=given), expected)
    one_input = Seq2SeqRegressor(**TINY_PAIR).fit(X, y, target_inputs=EQUAL[:, :, 0])
    assert one_input.n_target_inputs_ == 1
    assert one_input.predict(X, target_inputs=EQUAL[:, :1, 0]).shape == (N, 1)


def test_model_of_keras_has_the_target_inputs():
    model, lengths = fitted(), np.array([len(x) for x in X], np.int32)
    steps, known = np.zeros((N, 5, 2), np.float32), np.zeros((N, 5, 2), np.float32)
    for i, (x, one) in enumerate(zip(X, KNOWN, strict=True)):
        steps[i, : len(x)] = x
        known[i, : len(one)] = (one - model.target_input_mean_) / model.target_input_scale_
    first = np.zeros((N, 5, 1), np.float32)
    outputs = np.asarray(model.model_.predict([steps, lengths, first, known], verbose=0))
    for one, other in zip(outputs, model.predict(X, target_inputs=KNOWN), strict=True):
        assert_allclose(one[0, 0], other[0], rtol=0, atol=1e-4)


ERRORS = {
    "none": (None, "target_inputs must not be None, because .* 2 known inputs"),
    "too few": (KNOWN[:-1], "X has 24 sequences, target_inputs has 23"),
    "another length": ([*KNOWN[:-1], KNOWN[-1][:1]], r"target_inputs\[23\] has 1 rows, and the"),
    "another width": ([one[:, :1] for one in KNOWN], "expecting 2 features"),
    "NaN": ([one * np.nan for one in KNOWN], "target_inputs contains NaN"),
    "text": (["ab"] * N, "target_inputs"),
}


@pytest.mark.any_backend
@pytest.mark.parametrize("name", ERRORS)
def test_target_inputs_that_do_not_match_are_refused(name):
    given, message = ERRORS[name]
    model = fitted()
    with pytest.raises((ValueError, TypeError), match=message):
        model.score(X, Y, target_inputs=given)
    if name != "another length":
        with pytest.raises((ValueError, TypeError), match=message):
            model.predict(X, target_inputs=given)
    with pytest.raises((ValueError, TypeError), match=message):
        clone(model).set_params(warm_start=True).partial_fit(X, Y, target_inputs=KNOWN).fit(
            X, Y, target_inputs=given
        )


@pytest.mark.any_backend
def test_target_inputs_are_refused_in_place():
    model = fitted()
    with pytest.raises(ValueError, match="the target has 9 time steps according to lengths"):
        model.predict(X, lengths=9, target_inputs=KNOWN)
    without = Seq2SeqRegressor(**TINY_PAIR).fit(X, Y)
    with pytest.raises(ValueError, match="target_inputs must be None, because"):
        without.predict(X, target_inputs=KNOWN)
    options = {"X_val": X, "y_val": Y}
    with pytest.raises(ValueError, match="target_inputs_val must not be None"):
        clone(model).fit(X, Y, target_inputs=KNOWN, **options)
    with pytest.raises(ValueError, match="target_inputs_val must be None"):
        without.fit(X, Y, target_inputs_val=KNOWN, **options)
    with pytest.raises(ValueError, match="got only target_inputs_val"):
        without.fit(X, Y, target_inputs_val=KNOWN)
    scored = Seq2SeqRegressor(**TINY_PAIR, early_stopping=True, monitor="r2")
    with pytest.raises(ValueError, match="monitor='r2' cannot be combined with target_inputs"):
        scored.fit(X, Y, target_inputs=KNOWN)


# --- with scikit-learn ------------------------------------------------------------------------


@pytest.mark.any_backend
def test_target_inputs_are_routed_to_folds():
    y = np.stack([one[:2] for one in Y])
    with config_context(enable_metadata_routing=True):
        model = Seq2SeqRegressor(**TINY_PAIR)
        model = model.set_fit_request(target_inputs=True).set_score_request(target_inputs=True)
        grid = {"timedistributed__transformer__with_mean": [True]}
        pipeline = make_pipeline(TimeDistributed(StandardScaler()), model)
        search = GridSearchCV(pipeline, grid, cv=2, error_score="raise")
        search.fit(X, y, target_inputs=EQUAL)
        assert np.isfinite(search.score(X, y, target_inputs=EQUAL))
    by_name = make_pipeline(TimeDistributed(StandardScaler()), Seq2SeqRegressor(**TINY_PAIR))
    by_name.fit(X, y, seq2seqregressor__target_inputs=EQUAL)
    assert_same_weights(by_name[-1], search.best_estimator_[-1])
    assert by_name.predict(X, target_inputs=EQUAL).shape == y.shape


# --- forecasts --------------------------------------------------------------------------------

PLAN = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), columns=["load", "plan"])
SMALL = Seq2SeqRegressor(cell="simple", units=4, epochs=1, random_state=0)


def by_hand(horizon):
    """Return a regressor fitted to the windows of the first 50 rows, and its forecast."""
    table = PLAN.to_numpy()
    origins = np.arange(2, 50 - horizon)
    windows = np.stack([table[i - 2 : i + 1] for i in origins])
    after = np.stack([table[i + 1 : i + 1 + horizon] for i in origins])
    model = clone(SMALL).fit(windows, after[:, :, 0], target_inputs=after[:, :, 1:])
    known = table[None, 50 : 50 + horizon, 1:]
    return model.predict(table[None, 47:50], target_inputs=known)[0]


@pytest.mark.any_backend
@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: model,
        lambda model: make_pipeline(
            TimeDistributed(StandardScaler(with_mean=False, with_std=False)), model
        ),
        lambda model: TransformedTargetRegressor(model, func=np.copy, inverse_func=np.copy),
    ],
    ids=["alone", "pipeline", "transformed"],
)
def test_forecaster_passes_known_future_covariates_to_the_decoder(wrap):
    # The horizon is longer than the window.
    model = SlidingWindowForecaster(
        wrap(SMALL), window_length=3, horizon=5, difference=False, known_future="plan"
    ).fit(PLAN[:50], PLAN["load"][:50])
    forecast = model.forecast(X_future=PLAN[["plan"]][50:])
    assert_allclose(forecast, by_hand(5), rtol=1e-5)
    changed = PLAN[["plan"]][50:].copy()
    changed.iloc[3] += 1
    differs = model.forecast(X_future=changed).to_numpy() != forecast.to_numpy()
    assert differs.tolist() == [False, False, False, True, True]
    assert np.isfinite(model.predict(PLAN)).all()


@pytest.mark.any_backend
def test_forecaster_in_a_recursive_strategy_passes_the_next_covariates():
    model = SlidingWindowForecaster(
        SMALL, window_length=3, horizon=3, strategy="recursive", difference=False,
        known_future="plan",
    ).fit(PLAN[:50], PLAN["load"][:50])  # fmt: skip
    forecast = model.forecast(X_future=PLAN[["plan"]][50:])
    assert_allclose(forecast.iloc[0], by_hand(1)[0], rtol=1e-5)


@pytest.mark.any_backend
def test_forecaster_with_a_search_leaves_covariates_in_the_windows():
    search = GridSearchCV(SMALL, {"units": [4]}, cv=2)
    options = {"horizon": 3, "difference": False, "known_future": "plan"}
    model = SlidingWindowForecaster(search, window_length=3, **options)
    model.fit(PLAN[:50], PLAN["load"][:50])
    assert model.estimator_.best_estimator_.n_target_inputs_ == 0
    assert model.estimator_.best_estimator_.n_features_in_ == 3
    with pytest.raises(ValueError, match="window_length of at least horizon=3"):
        clone(model).set_params(window_length=2).fit(PLAN[:50], PLAN["load"][:50])


@pytest.mark.any_backend
def test_refused_target_inputs_keep_the_earlier_fit():
    y = np.stack([one[:2] for one in Y])
    model = Seq2SeqRegressor(**TINY_PAIR).fit(X, y)
    with unchanged(model, X), pytest.raises(ValueError, match="target_inputs contains NaN"):
        model.fit(X, y, target_inputs=EQUAL * np.nan)


@pytest.mark.any_backend
def test_seq2seq_target_inputs_have_the_columns_of_the_fit():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(6, 3, 1)), rng.normal(size=(6, 4))
    tables = [pd.DataFrame(rng.normal(size=(4, 2)), columns=["a", "b"]) for _ in X]
    model = Seq2SeqRegressor(units=3, epochs=1, random_state=0).fit(X, y, target_inputs=tables)
    with pytest.raises(ValueError, match="feature names of target_inputs should match"):
        model.predict(X, target_inputs=[table[["b", "a"]] for table in tables])


@pytest.mark.any_backend
def test_seq2seq_refuses_target_inputs_that_are_too_large():
    rng = np.random.default_rng(0)
    X, y, known = (rng.normal(size=(6, n, 1)) for n in (3, 4, 4))
    model = Seq2SeqRegressor(units=3, epochs=1, random_state=0).fit(X, y, target_inputs=known)
    known[0, 0] = 1e300
    with pytest.raises(ValueError, match="target_inputs contains infinity or a value too large"):
        model.predict(X, target_inputs=known)
