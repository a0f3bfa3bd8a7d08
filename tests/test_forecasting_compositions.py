"""Forecasters in scikit-learn's meta-estimators, Pipelines and splits."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingRegressor, StackingRegressor, VotingRegressor
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    TimeSeriesSplit,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skrnn import Seq2SeqRegressor
from skrnn.forecasting import PersistenceForecaster, SlidingWindowForecaster
from skrnn.preprocessing import Interpolator

N = 60
DAYS = pd.date_range("2026-01-01", periods=N, freq="D", name="day")
X = np.random.default_rng(0).gamma(2.0, size=(N, 3)) + 0.1
DF = pd.DataFrame(X, index=DAYS, columns=["a", "b", "c"])
TURNS = np.resize(["u", "v", "w"], N)
SPLIT = TimeSeriesSplit(3)


def forecaster(**params):
    return SlidingWindowForecaster(Ridge(), **{"window_length": 3, "horizon": 2, **params})


@pytest.mark.parametrize(
    ("rows", "targets"),
    [(X, X), (X, X[:, 0]), (X, X[:, [1]]), (DF, DF), (DF, DF["a"]), (DF, DF[["a", "c"]]),
     (DF[["a"]], DF["a"])],
)  # fmt: skip
def test_forecaster_in_transformed_target_regressor(rows, targets):
    logs = make_pipeline(FunctionTransformer(np.log), forecaster(difference=True))
    model = TransformedTargetRegressor(logs, func=np.log, inverse_func=np.exp).fit(rows, targets)
    of_rows = model.predict(rows)
    assert of_rows.shape == np.shape(targets)
    by_hand = forecaster(difference=True).fit(np.log(X), np.log(np.asarray(targets)))
    if rows.shape == X.shape:
        assert_allclose(of_rows, np.exp(by_hand.predict(np.log(X))))


@pytest.mark.parametrize("targets", [None, DF["a"], DF])
def test_forecaster_cross_val_score_of_arrays_and_frames(targets):
    as_array = None if targets is None else targets.to_numpy()
    of_frame = cross_val_score(forecaster(), DF, targets, cv=SPLIT)
    of_array = cross_val_score(forecaster(initial_context="fit_end"), X, as_array, cv=SPLIT)
    assert_allclose(of_frame, of_array)
    assert np.isfinite(of_frame).all()


def test_forecaster_search_best_estimator():
    grid = {"window_length": [2, 4], "estimator__alpha": [1.0, 10.0], "difference": [True, False]}
    search = GridSearchCV(forecaster(), grid, cv=SPLIT).fit(DF, DF)
    best = forecaster().set_params(**search.best_params_).fit(DF)
    assert_array_equal(search.best_estimator_.forecast(), best.forecast())


def test_forecaster_cross_val_predict_with_kfold():
    forecasts = cross_val_predict(forecaster(initial_context="edge"), DF, DF["a"], cv=KFold(3))
    by_hand = forecaster(initial_context="edge").fit(DF[:40], DF["a"][:40]).predict(DF[40:])
    assert_array_equal(forecasts[40:], by_hand)


def test_forecaster_in_voting_regressor():
    persistence = PersistenceForecaster(horizon=2)
    both = VotingRegressor([("windows", forecaster()), ("persistence", persistence)])
    each = [clone(one).fit(DF, DF["a"]).predict(DF) for one in (forecaster(), persistence)]
    assert_allclose(both.fit(DF, DF["a"]).predict(DF), np.mean(each, axis=0))


def test_forecaster_in_stacking_regressor():
    both = [("windows", forecaster()), ("persistence", PersistenceForecaster(horizon=2))]
    stack = StackingRegressor(both, final_estimator=Ridge(), cv=KFold(3)).fit(DF, DF["a"])
    assert stack.predict(DF).shape == (N,)


def test_forecaster_after_interpolator():
    with_gaps = DF.mask(DF > 4)
    assert with_gaps.isna().any(axis=None)
    filled = make_pipeline(Interpolator(), forecaster()).fit(with_gaps, with_gaps["a"])
    expected = forecaster().fit(Interpolator().fit_transform(with_gaps), with_gaps["a"])
    assert_array_equal(filled.predict(with_gaps), expected.predict(filled[0].transform(with_gaps)))
    forecasts = filled[-1].forecast()
    assert_array_equal(forecasts.index, pd.date_range(DAYS[-1] + DAYS.freq, periods=2))
    assert forecasts.name == "a"


@pytest.mark.filterwarnings("ignore:The level of column")  # a walk leaves the range of its past
@pytest.mark.parametrize("targets", [None, DF["a"]])
def test_forecaster_missing_values_in_trees(targets):
    with_gaps = DF.mask(DF > 4)
    trees = SlidingWindowForecaster(HistGradientBoostingRegressor(max_iter=2), window_length=3)
    forecasts = trees.fit(with_gaps, targets).predict(with_gaps)
    assert forecasts.shape == (DF if targets is None else targets).shape
    assert np.isfinite(forecasts).all()
    assert np.isfinite(trees.forecast(X=with_gaps)).all(axis=None)
    assert trees.backtest(with_gaps, DF if targets is None else targets, cv=2)["mae"].notna().all()
    with pytest.raises(ValueError, match="NaN"):
        trees.set_params(difference=True).fit(with_gaps)


def test_forecaster_extreme_values():
    rows = np.column_stack([X[:, 0] * 1e300, X[:, 1] * 1e-300, np.ones(N)])
    fitted = PersistenceForecaster().fit(rows, rows)
    assert_array_equal(fitted.forecast(), rows[-1:])
    assert_array_equal(fitted.predict(rows)[1:], rows[:-1])
    constant = np.full((N, 2), 7.0)
    assert_allclose(forecaster(difference=True).fit(constant).forecast(9), constant[:9])


def test_forecaster_series_id_routing():
    expected = forecaster().fit(X, X[:, 0], series_id=TURNS)
    with config_context(enable_metadata_routing=True):
        routed = forecaster().set_fit_request(series_id=True).set_predict_request(series_id=True)
        pipeline = make_pipeline(FunctionTransformer(), routed).fit(X, X[:, 0], series_id=TURNS)
        assert_array_equal(
            pipeline.predict(X, series_id=TURNS), expected.predict(X, series_id=TURNS)
        )
        routed.set_score_request(series_id=True)
        folds = {"cv": GroupKFold(3), "params": {"groups": TURNS, "series_id": TURNS}}
        scores = cross_val_score(routed, X, X[:, 0], **folds)
        with pytest.raises(UnsetMetadataPassedError, match="series_id"):
            make_pipeline(StandardScaler(), forecaster()).fit(X, series_id=TURNS)
    is_u = TURNS == "u"
    fold = forecaster().fit(X[~is_u], X[~is_u, 0], series_id=TURNS[~is_u])
    assert np.isclose(scores, fold.score(X[is_u], X[is_u, 0], series_id=TURNS[is_u])).any()


def test_backtest_group_kfold_of_series():
    errors = forecaster().backtest(X, cv=GroupKFold(3), series_id=TURNS)
    assert_array_equal(errors["step"], [1, 2] * 3)
    # Each series has 20 rows: the first has no row before it, the second only one.
    assert_array_equal(errors["n"], [19 * 3, 18 * 3] * 3)
    with_times = forecaster().backtest(DF, cv=GroupKFold(3), series_id=TURNS)
    assert with_times.shape == errors.shape


def test_backtest_invalid_X():
    assert_array_equal(forecaster().backtest(DF, cv=3)["fold"], [0, 0, 1, 1, 2, 2])
    with pytest.raises(ValueError, match="X is a list of series"):
        forecaster().backtest([DF, DF])
    with pytest.raises(ValueError, match="n_samples=3 rows, 2 fewer"):
        forecaster().backtest(DF[:8])


def test_forecaster_other_frequency_than_in_fit():
    days = pd.Series(np.arange(50.0), index=pd.date_range("2026-01-01", periods=50))
    hours = days.set_axis(pd.date_range("2026-03-01", periods=50, freq="h"))
    forecaster = SlidingWindowForecaster(Ridge(), window_length=3).fit(days)
    with pytest.raises(ValueError, match="X has another distance in time between rows"):
        forecaster.forecast(X=hours)
    with pytest.raises(ValueError, match="49 of 49 steps differ from <Day>"):
        forecaster.predict(hours)


@pytest.mark.parametrize("columns", [[0], [0, 2]])
def test_forecaster_with_encoder_decoder_receives_target_sequences(columns):
    regressor = Seq2SeqRegressor(cell="simple", units=4, epochs=1, random_state=0)
    model = SlidingWindowForecaster(regressor, window_length=5, horizon=3, difference=False)
    model.fit(X, X[:, columns])
    origins = np.arange(4, N - 3)
    windows = np.stack([X[i - 4 : i + 1] for i in origins])
    after = np.stack([X[i + 1 : i + 4][:, columns] for i in origins])
    by_hand = clone(regressor).fit(windows, after[..., 0] if len(columns) == 1 else after)
    expected = by_hand.predict(X[None, -5:])[0]
    forecast = np.asarray(model.forecast())
    assert_allclose(forecast.reshape(expected.shape), expected, rtol=1e-5)
