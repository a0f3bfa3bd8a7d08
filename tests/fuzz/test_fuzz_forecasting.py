"""Forecasters, baselines and `make_windows`: no forecast sees a later row, and junk is refused."""

import numpy as np
import pandas as pd
import pytest
from attacks.verdicts import (
    argument_names,
    fit_or_refuse,
    refused,
    require_close,
    unchanged,
)
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, Ridge
from strategies import JUNK, QUARTERS, examples

from skrnn import RNNRegressor
from skrnn.forecasting import (
    DriftForecaster,
    PersistenceForecaster,
    SeasonalNaiveForecaster,
    SlidingWindowForecaster,
    make_windows,
)

TABLES = st.tuples(st.integers(1, 40), st.integers(1, 3)).flatmap(
    lambda shape: hnp.arrays(np.float64, shape, elements=QUARTERS, fill=st.nothing())
)

# Drawn rows are often outside the range of the training rows, about which forecasters warn.
pytestmark = pytest.mark.filterwarnings("ignore:The level of column:UserWarning")


@st.composite
def forecasters(draw):
    """Draw a forecaster with parameters that may not go with the data."""
    common = {
        "horizon": draw(st.integers(1, 4)),
        "initial_context": draw(st.sampled_from(["auto", "fit_end", "edge"])),
        "calibration_size": draw(st.sampled_from([None, 0.3])),
    }
    kind = draw(st.sampled_from(["window", "persistence", "seasonal", "drift"]))
    if kind == "window":
        return SlidingWindowForecaster(
            draw(st.sampled_from([Ridge(), LinearRegression()])),
            window_length=draw(st.integers(1, 5)),
            strategy=draw(st.sampled_from(["direct", "recursive"])),
            difference=draw(st.booleans()),
            **common,
        )
    if kind == "seasonal":
        return SeasonalNaiveForecaster(draw(st.integers(1, 5)), **common)
    return {"persistence": PersistenceForecaster, "drift": DriftForecaster}[kind](**common)


INDEXES = {
    "none": lambda n: None,
    "integers": lambda n: np.arange(5, 5 + n),
    "hours": lambda n: pd.date_range("2026", periods=n, freq="h"),
    "hours with a gap": lambda n: pd.date_range("2026", periods=n + 3, freq="h").delete(
        [n // 2, n // 2 + 1, n // 2 + 2]
    ),
    "months": lambda n: pd.period_range("2026-01", periods=n, freq="M"),
    "labels": lambda n: [f"row {i}" for i in range(n)],
}


def frame(table, index):
    columns = [f"c{i}" for i in range(table.shape[1])]
    return pd.DataFrame(table, columns=columns, index=INDEXES[index](len(table)))


@examples(80)
@given(table=TABLES, forecaster=forecasters(), index=st.sampled_from(sorted(INDEXES)))
def test_forecasters(table, forecaster, index):
    X = frame(table, index)
    if fit_or_refuse(forecaster, X):
        return
    with unchanged(X):
        predicted = np.asarray(forecaster.predict(X))
        trajectories = np.asarray(forecaster.predict_trajectory(X))
    horizon = forecaster.horizon
    assert predicted.shape == table.shape
    assert np.isfinite(predicted).all()
    assert trajectories.shape[:2] == (len(table), horizon)
    if index != "hours with a gap":
        last = trajectories[:-horizon].reshape(-1, horizon, table.shape[1])[:, -1]
        assert_allclose(predicted[horizon:], last, atol=1e-9)
    # A forecast does not depend on rows after its origin.
    later = table.copy()
    half = len(table) // 2
    later[half:] += 7
    changed = np.asarray(forecaster.predict(frame(later, index)))
    assert_array_equal(changed[: half + horizon], predicted[: half + horizon])
    future = np.asarray(forecaster.forecast())
    assert future.shape == (horizon, table.shape[1])
    assert np.isfinite(future).all()
    if index == "none":
        same = clone(forecaster).fit(table)
        require_close([same.predict(table)], [predicted], "an array", 1e-9)


@examples(40)
@given(
    table=TABLES,
    window_length=st.integers(1, 5),
    horizon=st.integers(1, 3),
    stride=st.integers(1, 3),
    series=st.lists(st.sampled_from("ab"), min_size=40, max_size=40),
    is_several=st.booleans(),
)
def test_make_windows(table, window_length, horizon, stride, series, is_several):
    series_id = np.array(series[: len(table)]) if is_several else None
    parameters = {"window_length": window_length, "horizon": horizon, "stride": stride}
    with unchanged(table):
        is_refused, windows = refused(
            lambda: make_windows(table, **parameters, series_id=series_id),
            argument_names(make_windows),
        )
    if is_refused:
        counts = [len(table)] if series_id is None else np.unique(series_id, return_counts=True)[1]
        assert min(counts) < window_length + horizon
        return
    groups = {None: table} if series_id is None else {
        name: table[series_id == name] for name in dict.fromkeys(series_id)
    }  # fmt: skip
    expected = [
        (rows[end - window_length : end], rows[end : end + horizon])
        for rows in groups.values()
        for end in range(window_length, len(rows) - horizon + 1, stride)
    ]
    assert len(windows.X) == len(expected)
    y = windows.y[:, None] if horizon == 1 else windows.y
    for (window, after), X, target in zip(expected, windows.X, y, strict=True):
        assert_array_equal(X, window)
        assert_array_equal(target, after)


@examples(2)
@given(table=st.just((12, 2)).flatmap(lambda s: hnp.arrays(np.float64, s, elements=QUARTERS)))
def test_forecaster_with_a_network(table):
    network = RNNRegressor(cell="simple", units=4, epochs=1, random_state=0)
    forecaster = SlidingWindowForecaster(network, window_length=3).fit(table)
    found = forecaster.predict(table)
    assert found.shape == table.shape
    assert np.isfinite(found).all()


ODD_TABLES = hnp.arrays(
    st.sampled_from([np.float64, np.float32, np.int8, np.bool_]),
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6),
)


@examples(60)
@given(junk=ODD_TABLES | JUNK, forecaster=forecasters())
def test_forecasters_refuse_junk_or_predict_finite_rows(junk, forecaster):
    forecaster.fit(np.arange(80.0).reshape(40, 2) % 7)
    if not fit_or_refuse(forecaster, junk):
        names = argument_names(forecaster)
        is_refused, found = refused(lambda: forecaster.predict(junk), names)
        assert is_refused or len(found) == len(junk)
