"""LiquidStateMachine: plausible spike rates, and features that depend only on the sequence."""

import pickle

import numpy as np
import pandas as pd
import pytest
from estimator_checks import parametrize_with_output_checks, run_check
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils.estimator_checks import (
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
    parametrize_with_checks,
)

from skrnn.reservoir import _spiking_units
from skrnn.reservoir._liquid_state_machine import LiquidStateMachine
from skrnn.reservoir._spiking_connections import connection_probability
from skrnn.sequences import Sequences

ENCODINGS = ["rate", "latency"]


@pytest.fixture
def ragged():
    rng = np.random.default_rng(0)
    return [rng.normal(3.0, 2.0, size=(length, 3)) for length in (5, 1, 12, 7, 12, 3)]


def rate_of(features, filter_time=30.0):
    """Return the mean rate (Hz) that features of long sequences stand for."""
    return features.mean() * (1 - np.exp(-1 / filter_time)) * 1000


# --- scikit-learn -----------------------------------------------------------------------------


@parametrize_with_checks([LiquidStateMachine(units=20)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@parametrize_with_output_checks(
    LiquidStateMachine(units=20, encoding="latency", pooling="last"),
    LiquidStateMachine(units=20, pooling=None),
)
def test_scikit_learn_output_checks(estimator, check):
    run_check(check, estimator)


@pytest.mark.parametrize(
    "check",
    [check_transformer_get_feature_names_out, check_transformer_get_feature_names_out_pandas],
)
def test_scikit_learn_name_checks(check):
    check("LiquidStateMachine", LiquidStateMachine(units=20))


def test_feature_names_out(ragged):
    names = LiquidStateMachine(units=3, random_state=0).fit(ragged).get_feature_names_out()
    assert names.tolist() == [f"liquidstatemachine{i}" for i in range(3)]


def test_n_features_in_and_feature_names_in(ragged):
    liquid = LiquidStateMachine(units=10, random_state=0).fit(ragged)
    assert liquid.n_features_in_ == 3
    assert_array_equal(liquid.feature_min_, np.concatenate(ragged).min(axis=0))
    assert_array_equal(liquid.feature_max_, np.concatenate(ragged).max(axis=0))
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(4, 5)), columns=list("abcde"))
    liquid.fit(table)
    assert liquid.n_features_in_ == 5
    assert liquid.feature_names_in_.tolist() == list("abcde")
    assert liquid.feature_min_.tolist() == [table.to_numpy().min()]


# --- activity ---------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("n_features", [1, 3, 12, 100])
def test_spike_rates_are_plausible(encoding, n_features):
    X = np.random.default_rng(0).random((20, 50, n_features))
    for seed in range(3):
        liquid = LiquidStateMachine(encoding=encoding, random_state=seed)
        features = liquid.fit_transform(X)
        assert 1 < rate_of(features) < 150
        assert features.max() < 30 / 4 + 1  # a spike every fourth tick, were all units saturated


def test_inhibition_reduces_activity():
    X = np.random.default_rng(0).random((10, 50, 3))
    for seed in range(3):
        rates = [
            rate_of(LiquidStateMachine(inhibitory=share, random_state=seed).fit_transform(X))
            for share in (0.0, 0.5, 1.0)
        ]
        assert rates[0] > rates[1] > rates[2]


def test_inhibitory_recurrent_weights_reduce_activity():
    X = np.random.default_rng(0).random((10, 50, 3))
    liquid = LiquidStateMachine(weight_scaling=0.3, random_state=0).fit(X)
    with_inhibition = rate_of(liquid.transform(X))
    liquid.recurrent_weights_ = liquid.recurrent_weights_.maximum(0)
    assert rate_of(liquid.transform(X)) > with_inhibition


def test_inhibitory_fraction():
    X = np.zeros((2, 3))
    for share, n_inhibitory in [(0.0, 0), (0.2, 27), (1.0, 135)]:
        liquid = LiquidStateMachine(inhibitory=share, random_state=0).fit(X)
        assert liquid.is_inhibitory_.sum() == n_inhibitory


def test_input_scaling_increases_spikes():
    levels = np.repeat(np.linspace(0, 1, 6)[:, None], 50, axis=1)
    liquid = LiquidStateMachine(random_state=0)
    activity = liquid.fit_transform(levels).mean(axis=1)
    assert activity[0] == 0
    assert (np.diff(activity) > 0).all()


def test_weight_scaling():
    X = np.random.default_rng(0).random((5, 20, 1))
    liquid = LiquidStateMachine(weight_scaling=0.0, random_state=0)
    features = liquid.fit_transform(X)
    deaf = (liquid.input_weights_ == 0).all(axis=1)
    assert_array_equal(features[:, deaf], 0)
    assert liquid.set_params(weight_scaling=0.3).fit_transform(X)[:, deaf].any()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_different_inputs_give_different_features(encoding):
    X = np.random.default_rng(0).random((10, 20, 2))
    features = LiquidStateMachine(encoding=encoding, random_state=0).fit_transform(X)
    distances = np.abs(features[:, None] - features).mean(axis=2)
    apart = distances[~np.eye(10, dtype=bool)]
    assert apart.min() > 0.02 * features.mean()


def test_distance_of_features_grows_with_distance_of_inputs():
    x = np.random.default_rng(0).random((30, 2))
    change = np.random.default_rng(1).normal(size=(30, 2))
    X = np.clip([x + size * change for size in (0.0, 0.02, 0.1, 0.5)], 0, 1)
    features = LiquidStateMachine(pooling=None, random_state=0).fit_transform(X)
    distances = np.linalg.norm(features - features[0], axis=(1, 2))
    assert (np.diff(distances) > 0).all()


def test_features_depend_on_early_steps():
    x = np.full((2, 10, 1), 0.2)
    x[0, :3] = 1.0
    features = LiquidStateMachine(pooling=None, random_state=0).fit_transform(x)
    difference = np.abs(features[0] - features[1]).mean(axis=1)
    assert difference[4] > 0
    assert difference[9] < difference[2] / 2


# --- features do not depend on the batch ------------------------------------------------------


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("pooling", ["mean", "last", None])
def test_features_do_not_depend_on_the_batch(ragged, encoding, pooling, monkeypatch):
    liquid = LiquidStateMachine(encoding=encoding, pooling=pooling, random_state=0).fit(ragged)
    together = list(liquid.transform(ragged))
    order = [3, 0, 5, 4, 2, 1]
    shuffled = liquid.transform([ragged[i] for i in order])
    for position, i in enumerate(order):
        assert_array_equal(shuffled[position], together[i])
        assert_array_equal(liquid.transform([ragged[i]])[0], together[i])
    monkeypatch.setattr(_spiking_units, "_BATCH_SIZE", 2)
    for one, other in zip(liquid.transform(ragged), together, strict=True):
        assert_array_equal(one, other)


def test_features_do_not_depend_on_later_steps(ragged):
    liquid = LiquidStateMachine(pooling=None, random_state=0).fit(ragged)
    whole, beginning = liquid.transform([ragged[2], ragged[2][:5]])
    assert_array_equal(whole[:5], beginning)


def test_pooling(ragged):
    liquid = LiquidStateMachine(pooling=None, random_state=0).fit(ragged)
    steps = liquid.transform(ragged)
    assert [features.shape for features in steps] == [(len(x), 135) for x in ragged]
    last = liquid.set_params(pooling="last").transform(ragged)
    assert_array_equal(last, [features[-1] for features in steps])
    mean = liquid.set_params(pooling="mean").transform(ragged)
    assert_allclose(mean, [features.mean(axis=0) for features in steps], rtol=1e-5)
    assert mean.dtype == np.float32


def test_transform_keeps_the_container(ragged):
    liquid = LiquidStateMachine(units=10, pooling=None, random_state=0)
    assert isinstance(liquid.fit_transform(ragged), list)
    assert isinstance(liquid.transform(tuple(ragged)), tuple)
    assert liquid.fit_transform(np.zeros((4, 6, 2))).shape == (4, 6, 10)
    assert liquid.fit_transform(np.zeros((4, 6))).shape == (4, 6, 10)


def test_overlapping_windows():
    values = np.random.default_rng(0).normal(size=(30, 2))
    values[:3] = np.nan  # no window has these
    windows = Sequences(values, starts=np.arange(5, 20, 3), lengths=np.full(5, 8))
    copies = [np.array(window) for window in windows]
    liquid = LiquidStateMachine(random_state=0).fit(windows)
    assert_array_equal(liquid.transform(windows), clone(liquid).fit_transform(copies))
    steps = liquid.set_params(pooling=None).transform(windows)
    assert isinstance(steps, Sequences)
    assert steps.shape == (5, 8, 135)


def test_values_outside_the_range(ragged):
    liquid = LiquidStateMachine(random_state=0).fit(ragged)
    far = [1e6 * np.sign(x) * (np.abs(x) + 100) for x in ragged]
    clipped = [np.clip(x, liquid.feature_min_, liquid.feature_max_) for x in far]
    assert_array_equal(liquid.transform(far), liquid.transform(clipped))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_scale_of_inputs_does_not_matter(ragged, encoding):
    liquid = LiquidStateMachine(encoding=encoding, random_state=0)
    features = liquid.fit_transform(ragged)
    assert_array_equal(liquid.fit_transform([4 * x for x in ragged]), features)


# --- seeds ------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_random_state_int_gives_equal_bits(ragged, encoding):
    liquid = LiquidStateMachine(encoding=encoding, random_state=0)
    features = liquid.fit_transform(ragged)
    assert_array_equal(liquid.transform(ragged), features)
    assert_array_equal(liquid.fit(ragged).transform(ragged), features)
    assert_array_equal(clone(liquid).fit_transform(ragged), features)
    assert_array_equal(pickle.loads(pickle.dumps(liquid)).transform(ragged), features)
    other = clone(liquid).set_params(random_state=1).fit_transform(ragged)
    assert (other != features).any()


def test_random_state_none(ragged):
    liquid = LiquidStateMachine().fit(ragged)
    features = liquid.transform(ragged)
    assert_array_equal(liquid.transform(ragged), features)
    assert (liquid.fit(ragged).transform(ragged) != features).any()


def test_global_random_state_is_not_used(ragged):
    _, before, position, *_ = check_random_state(None).get_state()
    LiquidStateMachine().fit_transform(ragged)
    LiquidStateMachine(random_state=3).fit_transform(ragged)
    assert_array_equal(check_random_state(None).get_state()[1], before)
    assert check_random_state(None).get_state()[2] == position


# --- classification ---------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_classifies_waves_by_frequency(encoding):
    rng = np.random.default_rng(0)
    y = np.arange(80) % 2
    X = [
        np.sin(np.arange(rng.integers(20, 40)) * (0.3, 1.2)[label] + rng.uniform(0, 0.5))
        for label in y
    ]
    liquid = LiquidStateMachine(encoding=encoding, random_state=0)
    model = make_pipeline(liquid, StandardScaler(), LogisticRegression())
    assert cross_val_score(model, X, y, cv=4).mean() > 0.9


def test_classifies_by_order():
    rng = np.random.default_rng(0)
    y = np.arange(80) % 2
    X = rng.normal(0, 0.1, size=(80, 12, 2))
    for x, label in zip(X, y, strict=True):
        x[rng.integers(1, 4) :][:3, label] += 1
        x[rng.integers(6, 9) :][:3, 1 - label] += 1
    liquid = LiquidStateMachine(random_state=0)
    model = make_pipeline(liquid, StandardScaler(), LogisticRegression())
    assert cross_val_score(model, X, y, cv=4).mean() > 0.9


def test_learns_japanese_vowels(japanese_vowels):
    X_train, X_test, y_train, y_test = japanese_vowels
    liquid = LiquidStateMachine(random_state=0)
    model = make_pipeline(liquid, StandardScaler(), LogisticRegression(max_iter=1000))
    assert model.fit(X_train, y_train).score(X_test, y_test) > 0.9


# --- bad input --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("X", "match"),
    [
        ([np.array([[0.0], [np.nan]])], r"contains NaN.*X\[0\]"),
        ([np.array([[0.0], [np.inf]])], "contains infinity"),
        ([], "0 sample"),
        ([np.zeros((3, 1)), np.zeros((0, 1))], "X\\[1\\]"),
        ([np.zeros((3, 1)), np.zeros((3, 2))], "same number in every sequence"),
    ],
)
def test_bad_X(X, match):
    with pytest.raises(ValueError, match=match):
        LiquidStateMachine().fit(X)
    liquid = LiquidStateMachine(units=5).fit([np.zeros((3, 1))])
    with pytest.raises(ValueError, match=match):
        liquid.transform(X)


def test_other_number_of_features(ragged):
    liquid = LiquidStateMachine(units=5).fit(ragged)
    with pytest.raises(ValueError, match="X has 2 features, but LiquidStateMachine is expecting 3"):
        liquid.transform([x[:, :2] for x in ragged])


@pytest.mark.parametrize("units", [(3, 3), (3, 0, 3), (3, 2.5, 3), [3, 3, 3, 3]])
def test_bad_units(units, ragged):
    with pytest.raises(ValueError, match="units must be a positive int, or three of them"):
        LiquidStateMachine(units=units).fit(ragged)


@pytest.mark.parametrize(
    "parameters",
    [
        {"units": 0},
        {"encoding": "burst"},
        {"max_rate": 0.0},
        {"max_rate": 1001.0},
        {"step_duration": 0},
        {"step_duration": 2.5},
        {"input_scaling": -1.0},
        {"weight_scaling": -1.0},
        {"connection_distance": 0.0},
        {"inhibitory": 1.1},
        {"filter_time": 0.0},
        {"pooling": "max"},
    ],
    ids=str,
)
def test_bad_parameters(parameters, ragged):
    (name,) = parameters
    with pytest.raises(ValueError, match=f"The '{name}' parameter of LiquidStateMachine must be"):
        LiquidStateMachine(**parameters).fit(ragged)


def test_failed_fit_changes_nothing(ragged):
    liquid = LiquidStateMachine(units=5, random_state=0).fit(ragged)
    before = liquid.transform(ragged)
    with pytest.raises(ValueError, match="NaN"):
        liquid.fit([np.full((4, 7), np.nan)])
    assert_array_equal(liquid.transform(ragged), before)


@pytest.mark.parametrize("connection_distance", [1e-320, 1e-160])
def test_connection_distance_of_almost_zero_connects_nothing(connection_distance):
    positions = np.array([[0, 0, 0], [2, 0, 0]])
    found = connection_probability(positions, np.array([False, True]), connection_distance)
    np.testing.assert_array_equal(found, 0)


def test_step_duration_of_true_is_one_and_filter_time_of_almost_zero_keeps_nothing():
    X = np.ones((2, 3, 1))
    one, true = (
        LiquidStateMachine(units=8, step_duration=duration, random_state=0).fit_transform(X)
        for duration in (1, True)
    )
    assert_array_equal(true, one)
    LiquidStateMachine(units=8, filter_time=1e-320, random_state=0).fit_transform(X)
