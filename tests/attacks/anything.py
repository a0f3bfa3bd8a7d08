"""Attacks with values of every kind, of which few are meant for the argument that gets them.

They are quick, since no network is trained, so that the tests run them too.
"""

import datetime
import decimal
import fractions
import io
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from skrnn.datasets import make_ladybug, make_mackey_glass
from skrnn.forecasting import (
    PersistenceForecaster,
    SeasonalNaiveForecaster,
    SlidingWindowForecaster,
    make_windows,
)
from skrnn.metrics import flatten_steps, mase, sequence_accuracy_score
from skrnn.model_selection import train_dev_test_split
from skrnn.preprocessing import (
    EmbeddingTokenizer,
    Interpolator,
    OneHotSequenceEncoder,
    SlidingWindow,
    TimeDistributed,
    regularize,
)
from skrnn.reservoir import EchoStateRegressor, Reservoir
from skrnn.sequences import Sequences

from .verdicts import argument_names, refused

N = 30
TIMES = pd.date_range("2026", periods=N)
ROWS = np.random.default_rng(0).normal(size=(N, 2)).cumsum(axis=0)
TABLE = pd.DataFrame(ROWS, columns=["a", "b"])


def _cyclic():
    items = [1.0]
    items.append(items)
    return items


def _object_array(*items):
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def awkward_values():
    """Return new values by name, because an iterator can only be used once."""
    return _plain_values() | _arrays() | _tables() | _tables_by_index() | _lists()


def _plain_values():
    return {
        "None": None,
        "int": 3,
        "zero": 0,
        "negative": -1,
        "huge int": 10**400,
        "float": 2.5,
        "huge float": 1e30,
        "True": True,
        "nan": np.nan,
        "inf": np.inf,
        "complex": 1j,
        "text": "abc",
        "no text": "",
        "bytes": b"abc",
        "path": Path("/nonexistent"),
        "date": datetime.datetime(2026, 1, 1),
        "NaT": pd.NaT,
        "NA": pd.NA,
        "dict": {"a": [1.0, 2.0]},
        "empty dict": {},
        "set": {1.0, 2.0},
        "generator": (row for row in ROWS),
        "map": map(float, range(N)),
        "range": range(N),
        "function": lambda x: x,
        "class": dict,
        "object": object(),
        "module": np,
        "ellipsis": ...,
        "slice": slice(3),
        "file": io.StringIO("a"),
    }


def _arrays():
    return {
        "0-d": np.array(3.0),
        "empty": np.empty(0),
        "1-d": ROWS[:, 0],
        "no rows": np.empty((0, 2)),
        "no columns": np.empty((N, 0)),
        "3-d": np.ones((N, 2, 2)),
        "4-d": np.ones((2, 2, 2, 2)),
        "objects": ROWS.astype(object),
        "objects with None": np.where(ROWS > 0, ROWS, None),
        "objects with text": np.where(ROWS > 0, "x", ROWS.astype(object)),
        "huge integers": np.full((N, 2), 10**400, dtype=object),
        "texts": np.array([["a", "b"]] * N),
        "string dtype": np.array([["a", "b"]] * N, dtype=np.dtypes.StringDType()),
        "times": np.array([TIMES, TIMES]).T,
        "durations": np.array([[np.timedelta64(1, "s")]] * N),
        "complex array": ROWS + 1j,
        "records": np.zeros(N, dtype=[("a", float), ("b", float)]),
        "all NaN": np.full((N, 2), np.nan),
        "one infinity": np.where(ROWS == ROWS.max(), np.inf, ROWS),
        "masked": np.ma.masked_greater(ROWS, 0),
        "sparse": sparse.csr_array(ROWS),
        "sequences": Sequences(ROWS, [0, 10], [10, 20]),
        "no sequences": Sequences(ROWS, [], []),
        "codes": Sequences(np.arange(N), [0, 10], [10, 20]),
    }


def _tables():
    columns = {
        "text": "x",
        "numbers and None": [None, 1.0] * (N // 2),
        "categories": pd.Categorical(["x", "y"] * (N // 2)),
        "missing integers": pd.array([1, None] * (N // 2), "Int64"),
        "missing text": pd.array(["x", None] * (N // 2), "string"),
        "times": TIMES,
        "periods": TIMES.to_period("D"),
        "intervals": pd.interval_range(0, N),
        "complex": 1j,
        "lists": [[1.0]] * N,
        "huge integers": [10**400] * N,
        "bytes": [b"x"] * N,
    }
    names = {
        "twice": ["a", "a"],
        "integers": [0, 1],
        "mixed": ["a", 1],
        "None": [None, "b"],
        "levels": pd.MultiIndex.from_tuples([("x", "a"), ("x", "b")]),
    }
    return {
        "no rows in table": TABLE[:0],
        "no columns in table": TABLE[[]],
        "sparse table": TABLE.astype(pd.SparseDtype(float)),
        **{f"column of {what}": TABLE.assign(b=values) for what, values in columns.items()},
        **{f"column names: {what}": TABLE.set_axis(n, axis=1) for what, n in names.items()},
        "Series": TABLE["a"],
        "Series of text": pd.Series(["a"] * N),
        "Series of categories": pd.Series(["a", "b"] * (N // 2), dtype="category"),
        "Series of NA": pd.Series([1, None] * (N // 2), dtype="Int64"),
        "Categorical": pd.Categorical(["a", "b"] * (N // 2)),
        "DatetimeIndex": TIMES,
    }


def _tables_by_index():
    zones = [t.tz_localize("UTC" if i % 2 else "Asia/Tokyo") for i, t in enumerate(TIMES)]
    indexes = {
        "zone": TIMES.tz_localize("Europe/Berlin"),
        "several zones": pd.Index(zones, dtype=object),
        "some with zone": pd.Index([*zones[:3], *TIMES[3:]], dtype=object),
        "NaT": pd.DatetimeIndex([*TIMES[:-1], pd.NaT]),
        "all NaT": pd.DatetimeIndex([pd.NaT] * N),
        "times in reverse": TIMES[::-1],
        "times twice": TIMES[: N // 2].repeat(2),
        "irregular times": TIMES[0] + pd.to_timedelta(np.arange(N) ** 2, unit="h"),
        "missing integer": pd.Index(pd.array([*range(N - 1), None], "Int64")),
        "missing float": [*np.arange(N - 1.0), np.nan],
        "mixed": [1, "a", 2.0] * (N // 3),
        "categories": pd.CategoricalIndex(["x", "y", "z"] * (N // 3)),
        "tuples": pd.Index([(i,) for i in range(N)], tupleize_cols=False),
        "one level": pd.MultiIndex.from_arrays([range(N)]),
        "two levels": pd.MultiIndex.from_product([["u", "v"], TIMES[: N // 2]]),
        "level of NaN": pd.MultiIndex.from_arrays([[np.nan] * N, TIMES]),
        "level of NaT": pd.MultiIndex.from_arrays([["u"] * N, [*TIMES[:-1], pd.NaT]]),
    }
    return {f"index: {what}": TABLE.set_axis(index) for what, index in indexes.items()}


def _lists():
    return {
        "empty list": [],
        "list of empty list": [[]],
        "list of None": [None] * N,
        "list of text": ["a", "b"] * (N // 2),
        "list of dicts": [{"a": 1.0}] * N,
        "list of sets": [{1.0}] * N,
        "list of generators": [(x for x in row) for row in ROWS],
        "mixed list": [1, "a", None] * (N // 3),
        "ragged list": [[1.0, 2.0], [3.0]] * (N // 2),
        "deep list": [[[[1.0]]]] * N,
        "cyclic list": _cyclic(),
        "list of huge integers": [[10**400, 1]] * N,
        "list of decimals": [[decimal.Decimal("1.5"), decimal.Decimal(2)]] * N,
        "list of fractions": [[fractions.Fraction(1, 3)] * 2] * N,
        "list of sparse": [sparse.csr_array(ROWS)] * 2,
        "list of array and None": [ROWS, None],
        "list of array and no rows": [ROWS, np.empty((0, 2))],
        "list of other widths": [ROWS, ROWS[:, :1]],
        "list of other columns": [TABLE, TABLE.rename(columns={"a": "z"})],
        "list of table and array": [TABLE, ROWS],
        "list of array and text": [ROWS, "abc"],
        "list of array and number": [ROWS, 3.0],
        "list of 0-d arrays": [np.array(1.0)] * N,
        "array of arrays": _object_array(ROWS, ROWS[:3]),
    }


SEQUENCES = [ROWS, ROWS[:9], ROWS[:7]]
TEXTS = ["a fine film", "no film"]
LABELS = [["a", "b"], ["b"]]
COVARIATES = TABLE.set_axis(TIMES)
# Two series of different levels, and a static feature.
SHOPS = [TABLE.assign(b=1.0), (TABLE + 9).assign(b=2.0)]


def of_estimator(estimator, X, parameters=()):
    """Return the calls of a transformer that receive X or a parameter, by name."""
    fitted = clone(estimator).fit(X)
    calls = {
        "fit": lambda value: clone(estimator).fit(value),
        "transform": fitted.transform,
        **{name: _with_parameter(estimator, name, X) for name in parameters},
    }
    return {f"{type(estimator).__name__}-{name}": call for name, call in calls.items()}


def _with_parameter(estimator, name, *data):
    others = {k: v for k, v in estimator.get_params(deep=False).items() if k != name}
    return lambda value: type(estimator)(**others, **{name: value}).fit(*data)


def of_forecasters():
    forecaster = SlidingWindowForecaster(Ridge(), window_length=3)
    fitted, planned = clone(forecaster).fit(TABLE), clone(forecaster).set_params(known_future="b")
    planned.fit(COVARIATES, COVARIATES["a"])
    last = PersistenceForecaster().fit(TABLE)
    of_shops = clone(forecaster).set_params(static="b").fit(SHOPS)
    parameters = ("estimator", "window_length", "horizon", "known_future", "static")
    parameters += ("calibration_size",)
    return {
        "forecaster-fit X": lambda value: clone(forecaster).fit(value),
        "forecaster-fit y": lambda value: clone(forecaster).fit(TABLE, value),
        "forecaster-series_id": lambda value: clone(forecaster).fit(TABLE, series_id=value),
        "forecaster-predict": fitted.predict,
        "forecaster-forecast": lambda value: fitted.forecast(2, value),
        "forecaster-n_steps": fitted.forecast,
        "forecaster-X_future": lambda value: planned.forecast(2, X_future=value),
        "forecaster-static fit X": lambda value: clone(of_shops).fit(value),
        "forecaster-static predict": of_shops.predict,
        "forecaster-static forecast": lambda value: of_shops.forecast(2, value),
        "forecaster-score y": lambda value: fitted.score(TABLE, value),
        "forecaster-backtest cv": lambda value: last.backtest(TABLE, cv=value),
        **{f"forecaster-{name}": _with_parameter(forecaster, name, TABLE) for name in parameters},
        "period": lambda value: SeasonalNaiveForecaster(value).fit(TABLE),
        "make_windows-times": lambda value: make_windows(ROWS, window_length=3, times=value),
        "make_windows-stride": lambda value: make_windows(ROWS, window_length=3, stride=value),
    }


def of_transformers():
    return {
        **of_estimator(SlidingWindow(3), TABLE, ["window_length"]),
        **of_estimator(Interpolator(), TABLE, ["method", "limit"]),
        **of_estimator(TimeDistributed(StandardScaler()), SEQUENCES, ["transformer"]),
        **of_estimator(EmbeddingTokenizer(), TEXTS, ["vocabulary", "stop_words", "token_pattern"]),
        **of_estimator(OneHotSequenceEncoder(), LABELS, ["categories", "dtype"]),
        "vectors": EmbeddingTokenizer().fit(TEXTS).embedding_matrix,
        "regularize": lambda value: regularize(value, "h"),
        "regularize-freq": lambda value: regularize(COVARIATES, value),
    }


def of_functions():
    y = np.arange(5.0)
    given = {"y_true": y, "y_pred": y + 1, "y_train": y}
    return {
        **{
            f"mase-{name}": lambda value, name=name: mase(**{**given, name: value})
            for name in (*given, "period", "sample_weight", "multioutput")
        },
        "sequence_accuracy-y_true": lambda value: sequence_accuracy_score(value, LABELS),
        "sequence_accuracy-weight": lambda value: sequence_accuracy_score(
            LABELS, LABELS, sample_weight=value
        ),
        "flatten_steps": flatten_steps,
        "split-groups": lambda value: train_dev_test_split(ROWS, groups=value),
        "split-dev_size": lambda value: train_dev_test_split(ROWS, dev_size=value),
        "make_ladybug-step": lambda value: make_ladybug(9, step=value),
        "make_mackey_glass-gamma": lambda value: make_mackey_glass(9, gamma=value),
    }


def of_reservoirs():
    reservoir = Reservoir(units=4, random_state=0)
    rows = EchoStateRegressor(units=4, rows="steps", random_state=0)
    fitted = clone(rows).fit(ROWS, ROWS[:, 0])
    parameters = ("topology", "input_weights", "input_scaling", "leak_rate", "activation")
    return {
        **of_estimator(reservoir, SEQUENCES, parameters),
        "echo state-fit X": lambda value: clone(rows).fit(value, ROWS[:, 0]),
        "echo state-predict": fitted.predict,
        "echo state-alpha": _with_parameter(rows, "alpha", ROWS, ROWS[:, 0]),
    }


# A function of other arguments raises its own error, and a missing file that of the system.
# Without an estimator, a network would be trained.
_NOT_OURS = {
    "forecaster-estimator": {"None"},
    "Reservoir-activation": {"class"},
    "Reservoir-topology": {"class", "function"},
    "Reservoir-input_weights": {"class", "function"},
    "vectors": {"text", "no text", "path"},
    # scikit-learn's scaler divides by zero.
    "TimeDistributed-fit": {"all NaN"},
}
_NAMES = argument_names(
    *(
        SlidingWindowForecaster(Ridge()),
        SeasonalNaiveForecaster(2),
        SlidingWindow(),
        Interpolator(),
    ),
    *(
        TimeDistributed(StandardScaler()),
        EmbeddingTokenizer(),
        OneHotSequenceEncoder(),
        EchoStateRegressor(),
    ),
    *(Reservoir(), SlidingWindowForecaster.fit, SlidingWindowForecaster.forecast, make_windows),
    *(PersistenceForecaster.backtest, EmbeddingTokenizer.embedding_matrix, regularize, mase),
    *(sequence_accuracy_score, flatten_steps, train_dev_test_split, make_ladybug),
    make_mackey_glass,
)


def every_value(calls):
    """Yield attacks: each function gets each value."""
    for name, call in calls().items():
        # They are made again for each function, because an iterator can only be used once.
        for what, value in awkward_values().items():
            if what not in _NOT_OURS.get(name, ()):
                yield f"{name}: {what}", _give, (call, value)


def _give(call, value):
    refused(lambda: call(value), _NAMES)


ATTACKS = {
    "Values of any kind, for the methods of forecasters": partial(every_value, of_forecasters),
    "Values of any kind, for transformers": partial(every_value, of_transformers),
    "Values of any kind, for functions": partial(every_value, of_functions),
    "Values of any kind, for reservoirs": partial(every_value, of_reservoirs),
}
