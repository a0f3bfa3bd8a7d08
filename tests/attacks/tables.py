"""Attacks on everything that reads a table with one row per time step."""

from itertools import product

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import Ridge

from skrnn.forecasting import (
    DriftForecaster,
    PersistenceForecaster,
    SeasonalNaiveForecaster,
    SlidingWindowForecaster,
    make_windows,
)
from skrnn.preprocessing import Interpolator, SlidingWindow, regularize

from .values import ArrayLike
from .verdicts import (
    Fault,
    argument_names,
    fit_or_refuse,
    refused,
    require_close,
    unchanged,
)

N = 40
TABLE = (np.random.default_rng(0).integers(-20, 21, (N, 2)) / 4).astype(np.float64)
HOURS = pd.date_range("2026-01-01", periods=N, freq="h")

READERS = {
    "SlidingWindowForecaster": SlidingWindowForecaster(Ridge(), window_length=3, horizon=2),
    "recursive": SlidingWindowForecaster(
        Ridge(), window_length=3, horizon=2, strategy="recursive", difference=True
    ),
    "PersistenceForecaster": PersistenceForecaster(horizon=2, calibration_size=0.3),
    "SeasonalNaiveForecaster": SeasonalNaiveForecaster(3, horizon=2),
    "DriftForecaster": DriftForecaster(horizon=2),
    "Interpolator": Interpolator(),
    "SlidingWindow": SlidingWindow(3),
}


def _indexed(index):
    return lambda: pd.DataFrame(TABLE, index=index, columns=["a", "b"])


def _frame(**columns):
    return pd.DataFrame({"a": TABLE[:, 0], **columns}, index=HOURS)


def _moved(seed=0):
    return np.random.default_rng(seed).permutation(N)


# The same table in other containers.
SAME = {
    "list of lists": TABLE.tolist,
    "float32": lambda: TABLE.astype(np.float32),
    "float16": lambda: TABLE.astype(np.float16),
    "big endian": lambda: TABLE.astype(">f8"),
    "objects": lambda: TABLE.astype(object),
    "Fortran order": lambda: np.asfortranarray(TABLE),
    "every second row": lambda: np.repeat(TABLE, 2, axis=0)[::2],
    "array protocol": lambda: ArrayLike(TABLE),
    "DataFrame": lambda: pd.DataFrame(TABLE),
    "DataFrame with names": lambda: pd.DataFrame(TABLE, columns=["a", "b"]),
    "hours": _indexed(HOURS),
    "hours in a time zone": _indexed(HOURS.tz_localize("Europe/Paris")),
    "months": _indexed(pd.period_range("2026-01", periods=N, freq="M")),
    "durations": _indexed(pd.timedelta_range("1h", periods=N, freq="h")),
    "integers from 100": _indexed(np.arange(100, 100 + N)),
    "names of rows": _indexed([f"row {i}" for i in range(N)]),
    "nullable floats": lambda: pd.DataFrame(TABLE).astype("Float64"),
    "nullable names": lambda: pd.DataFrame(TABLE, columns=["a", "b"]).astype("Float32"),
    "object columns": lambda: pd.DataFrame(TABLE, columns=["a", "b"]).astype(object),
}

# These are refused by all readers of tables.
BAD = {
    "None": lambda: None,
    "a text": lambda: "table",
    "a number": lambda: 1.0,
    "a dict": lambda: {"a": [1.0, 2.0]},
    "a set": lambda: {1.0, 2.0},
    "a generator": lambda: (row for row in TABLE),
    "a function": lambda: len,
    "infinity": lambda: np.where(np.arange(2 * N).reshape(N, 2) == 7, np.inf, TABLE),
    "complex": lambda: TABLE * 1j,
    "strings": lambda: TABLE.astype(str) + np.array("x"),
    "a column of text": lambda: _frame(b="x"),
    "a column of times": lambda: _frame(b=HOURS),
    "a column of durations": lambda: _frame(b=HOURS - HOURS[0]),
    "a column of lists": lambda: _frame(b=pd.Series([[1]] * N, index=HOURS)),
    "4-D": lambda: np.zeros((4, 3, 2, 2)),
    "0-D": lambda: np.array(1.0),
    "sparse": lambda: sparse.csr_array(TABLE),
    "no rows": lambda: TABLE[:0],
    "no columns": lambda: TABLE[:, :0],
    "hours in disorder": lambda: _indexed(HOURS)().iloc[_moved()],
    "hours backwards": lambda: _indexed(HOURS)().iloc[::-1],
    "months in disorder": lambda: _indexed(pd.period_range("2026-01", periods=N, freq="M"))().iloc[
        _moved()
    ],
    "ragged rows": lambda: [[1.0, 2.0], [1.0]] * 10,
    "integers in disorder": lambda: _indexed(range(N))().iloc[_moved()],
}

# These are right for some readers, which must then predict one finite value per row.
ODD = {
    "hours twice": lambda: _indexed(HOURS[np.arange(N) // 2])(),
    "no time for a row": lambda: _indexed(HOURS.where(np.arange(N) != 5))(),
    "time zones mixed": lambda: _indexed(
        pd.Index([*HOURS[:20].tz_localize("UTC"), *HOURS[20:].tz_localize("Europe/Paris")])
    )(),
    "times as text": lambda: _indexed(HOURS.astype(str))(),
    "times as objects": lambda: _indexed(HOURS.astype(object))(),
    "index of floats": lambda: _indexed(np.arange(N) / 2)(),
    "index of booleans": lambda: _indexed(np.arange(N) % 2 == 0)(),
    "index of intervals": lambda: _indexed(pd.interval_range(0, N))(),
    "index of categories": lambda: _indexed(pd.CategoricalIndex(["u", "v"] * (N // 2)))(),
    "series and hours": lambda: _indexed(
        pd.MultiIndex.from_product([["u", "v"], HOURS[: N // 2]])
    )(),
    "series in turn": lambda: _indexed(
        pd.MultiIndex.from_product([HOURS[: N // 2], ["u", "v"]]).swaplevel()
    )(),
    "two levels of integers": lambda: _indexed(pd.MultiIndex.from_product([range(4), range(10)]))(),
    "gap of a day": lambda: _indexed(HOURS.where(np.arange(N) < 20, HOURS + pd.Timedelta("1D")))(),
    "gap in every row": lambda: _indexed(HOURS[0] + pd.to_timedelta(np.arange(N) ** 2, "h"))(),
    "before 1678": lambda: _indexed(
        pd.DatetimeIndex(np.datetime64("1200-01-01") + np.arange(N).astype("m8[D]"))
    )(),
    "NaN": lambda: np.where(np.arange(2 * N).reshape(N, 2) % 9 == 7, np.nan, TABLE),
    "only NaN in a column": lambda: _frame(b=np.nan),
    "pandas NA": lambda: _frame(b=pd.array([pd.NA, *range(N - 1)], dtype="Int64")),
    "None": lambda: _frame(b=pd.Series([None, *range(N - 1)], index=HOURS, dtype=object)),
    "booleans": lambda: TABLE > 0,
    "unsigned bytes": lambda: (TABLE + 10).astype(np.uint8),
    "constant": lambda: np.ones((N, 2)),
    "zeros": lambda: np.zeros((N, 2)),
    "1e100": lambda: TABLE * 1e100,
    "1e-300": lambda: TABLE * 1e-300,
    "two equal columns": lambda: TABLE[:, [0, 0]],
    "equal column names": lambda: pd.DataFrame(TABLE, columns=["a", "a"], index=HOURS),
    "column names of two types": lambda: pd.DataFrame(TABLE, columns=["a", 1], index=HOURS),
    "column names None": lambda: pd.DataFrame(TABLE, columns=[None, np.nan], index=HOURS),
    "two levels of columns": lambda: pd.DataFrame(
        TABLE, columns=pd.MultiIndex.from_product([["a"], ["b", "c"]])
    ),
    "a Series": lambda: pd.Series(TABLE[:, 0], index=HOURS, name="load"),
    "a Series without a name": lambda: pd.Series(TABLE[:, 0]),
    "one dimension": lambda: TABLE[:, 0],
    "3-D": lambda: TABLE.reshape(4, 10, 2),
    "one row": lambda: TABLE[:1],
    "two rows": lambda: TABLE[:2],
    "a list of tables": lambda: [TABLE, TABLE[:20]],
    "a list of one table": lambda: [TABLE],
    "an empty list": lambda: [],
    "a masked array": lambda: np.ma.masked_less(TABLE, -4),
    "strings of numbers": lambda: TABLE.astype(str),
}


def same():
    """Yield attacks: every container of one table gives the same numbers."""
    for name, kind in product(READERS, SAME):
        yield f"{name}: {kind}", _same_numbers, (name, SAME[kind])
    for kind in SAME:
        yield f"make_windows: {kind}", _same_windows, (SAME[kind],)


def _numbers(model, X):
    if hasattr(model, "predict"):
        parts = [model.predict(X), model.predict_trajectory(X), model.forecast()]
    else:
        parts = [model.transform(X)]
    return [np.asarray(part, dtype=float) for part in parts]


def _same_numbers(name, make):
    plain, other, X = clone(READERS[name]).fit(TABLE), clone(READERS[name]), make()
    if fit_or_refuse(other, X):
        raise Fault("a right table was refused")
    with unchanged(X):
        found = _numbers(other, X)
    require_close(found, _numbers(plain, TABLE), "another container")


def _same_windows(make):
    X = make()
    with unchanged(X):
        is_refused, found = refused(
            lambda: make_windows(X, window_length=3, horizon=2), argument_names(make_windows)
        )
    if is_refused:
        raise Fault(f"a right table was refused: {found}")
    expected = make_windows(TABLE, window_length=3, horizon=2)
    require_close([*found.X, found.y], [*expected.X, expected.y], "windows of another container")


def bad():
    """Yield attacks: what is not a table of finite numbers in order of time is refused."""
    for name, kind in product(READERS, BAD):
        yield f"{name}: {kind}", _refuse, (name, BAD[kind])
    for kind in BAD:
        yield f"make_windows: {kind}", _refuse_windows, (BAD[kind],)
        yield f"regularize: {kind}", _refuse_regularize, (BAD[kind], kind)


def _refuse(name, make):
    model, X = clone(READERS[name]).fit(TABLE), make()
    if not fit_or_refuse(model, X):
        raise Fault("was accepted by fit")
    X = make()
    names = argument_names(model)
    is_refused, found = refused(lambda: _numbers(model, X), names)
    if not is_refused:
        raise Fault(f"was accepted by predict, with the result {found}")


def _refuse_windows(make):
    names = argument_names(make_windows)
    is_refused, _ = refused(lambda: make_windows(make(), window_length=3), names)
    if not is_refused:
        raise Fault("was accepted")


def _refuse_regularize(make, kind):
    # Its rows may be in any order, and all columns are kept.
    names = argument_names(regularize)
    is_refused, found = refused(lambda: regularize(make(), "h"), names)
    if not is_refused and not (kind.startswith(("hours", "a column"))):
        raise Fault(f"was accepted, with the result {found}")


def odd():
    """Yield attacks: odd tables are refused, or predictions are finite, one per row."""
    for name, kind in product(READERS, ODD):
        yield f"{name}: {kind}", _odd, (name, ODD[kind])
    for kind in ODD:
        yield f"make_windows: {kind}", _odd_windows, (ODD[kind],)
        yield f"regularize: {kind}", _odd_regularize, (ODD[kind],)


def _n_rows(X):
    return sum(map(len, X)) if isinstance(X, list) else len(X)


def _odd(name, make):
    model, X = clone(READERS[name]), make()
    if fit_or_refuse(model, X):
        return
    names = argument_names(model)
    with unchanged(X):
        is_refused, found = refused(lambda: _result(model, X), names)
    if is_refused:
        return
    found = np.concatenate(found) if isinstance(found, list) else np.asarray(found)
    if len(found) != _n_rows(X):
        raise Fault(f"{len(found)} rows for {_n_rows(X)}")
    # SlidingWindow keeps NaN for the regressor that follows.
    if not (name == "SlidingWindow" or np.isfinite(found.astype(float)).all()):
        raise Fault(f"the result is {found.tolist()}")


def _result(model, X):
    return model.predict(X) if hasattr(model, "predict") else model.transform(X)


def _odd_windows(make):
    X = make()
    names = argument_names(make_windows)
    with unchanged(X):
        is_refused, found = refused(lambda: make_windows(X, window_length=2), names)
    if not is_refused and not len(found.X) == len(found.y) == len(found.rows) > 0:
        raise Fault(f"windows that do not fit together: {found}")


def _odd_regularize(make):
    df = make()
    with unchanged(df):
        is_refused, found = refused(lambda: regularize(df, "h"), argument_names(regularize))
    if not is_refused and not found.index.is_unique:
        raise Fault(f"a time occurs twice: {found}")


ATTACKS = {
    "Containers and indexes of one table": same,
    "Invalid tables, for `fit` and `predict`": bad,
    "Odd tables": odd,
}
