"""Awkward values: every container that is right, and data and parameters that are wrong.

All numbers are multiples of 1/4 below 8, so that every floating dtype holds them exactly.
"""

from importlib.util import find_spec

import numpy as np
import pandas as pd
from scipy import sparse

from skrnn.sequences import Sequences, to_column


class ArrayLike:
    """An object with the array protocol only."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array


def objects(items):
    """Return an object array of items, which may be arrays of equal length."""
    array = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        array[i] = item
    return array


def sequences(lengths, n_features=2, seed=0):
    """Return float32 sequences of the given lengths."""
    rng = np.random.default_rng(seed)
    return [
        (rng.integers(-8, 9, (length, n_features)) / 4).astype(np.float32) for length in lengths
    ]


def _sequences_with_gaps(batch):
    """Return `Sequences` whose order in memory is reversed, with unused steps of NaN."""
    filler = np.full((2, batch[0].shape[1]), np.nan, np.float32)
    parts = [part for steps in batch[::-1] for part in (filler, steps)]
    lengths = np.array([len(steps) for steps in batch])
    starts = (np.cumsum(lengths[::-1] + 2) - lengths[::-1])[::-1]
    return Sequences(np.concatenate(parts), starts, lengths)


def _read_only(steps):
    steps = steps.copy()
    steps.flags.writeable = False
    return steps


def _each(convert):
    return lambda batch: [convert(steps) for steps in batch]


def _by_feature(batch, convert=np.asarray):
    """Return a dict with the cells of one column per feature, as in a nested table."""
    n_features = batch[0].shape[1]
    return {f"x{j}": [convert(steps[:, j]) for steps in batch] for j in range(n_features)}


def _polars(columns):
    import polars as pl

    return pl.DataFrame(columns)


def _arrow(columns):
    import pyarrow as pa

    return pa.table(columns)


def _awkward(batch):
    import awkward as ak

    return ak.Array([steps.tolist() for steps in batch])


def _data_array(batch):
    import xarray as xr

    return xr.DataArray(np.stack(batch), dims=("case", "time", "feature"))


def _lists(batch):
    return {"x": [steps.tolist() for steps in batch]}


# The package that a container needs, and which may be missing.
_NEEDS = {"polars": "polars", "Arrow": "pyarrow", "awkward": "awkward", "xarray": "xarray"}


def _available(containers):
    return {
        name: convert
        for name, convert in containers.items()
        if find_spec(_NEEDS.get(name.split()[0], "numpy"))
    }


# Containers of a batch of sequences of any lengths, which must all be read alike.
RAGGED = _available(
    {
        "list of arrays": list,
        "tuple": tuple,
        "object array": objects,
        "Series of arrays": lambda batch: pd.Series(
            batch, index=[f"s{i}" for i in range(len(batch))]
        ),
        "Sequences": lambda batch: Sequences(
            np.concatenate(batch),
            np.cumsum([0, *map(len, batch)])[:-1],
            [len(steps) for steps in batch],
        ),
        "Sequences with gaps": _sequences_with_gaps,
        "nested lists": _each(np.ndarray.tolist),
        "list of tuples": _each(lambda steps: tuple(map(tuple, steps.tolist()))),
        "list of DataFrames": _each(pd.DataFrame),
        "list of sparse": _each(sparse.csr_array),
        "list of sparse matrices": _each(sparse.coo_matrix),
        "float64": _each(lambda steps: steps.astype(np.float64)),
        "float16": _each(lambda steps: steps.astype(np.float16)),
        "long double": _each(lambda steps: steps.astype(np.longdouble)),
        "big endian": _each(lambda steps: steps.astype(">f4")),
        "object dtype": _each(lambda steps: steps.astype(object)),
        "Fortran order": _each(np.asfortranarray),
        "negative strides": _each(lambda steps: steps[::-1].copy()[::-1]),
        "read-only": _each(_read_only),
        "array protocol": _each(ArrayLike),
        "mixed dtypes": lambda batch: [
            steps.astype([np.float32, np.float64][i % 2]) for i, steps in enumerate(batch)
        ],
        "mixed containers": lambda batch: [
            [steps, steps.tolist(), pd.DataFrame(steps)][i % 3] for i, steps in enumerate(batch)
        ],
        "column of arrays": to_column,
        "column of lists": lambda batch: to_column([steps.tolist() for steps in batch]),
        "DataFrame with a column of arrays": lambda batch: pd.DataFrame({"x": batch}),
        "DataFrame with a column of lists": lambda batch: pd.DataFrame(_lists(batch)),
        "DataFrame with a column per feature": lambda batch: pd.DataFrame(_by_feature(batch)),
        "DataFrame of Series": lambda batch: pd.DataFrame(_by_feature(batch, pd.Series)),
        "object array of features": lambda batch: pd.DataFrame(_by_feature(batch)).to_numpy(),
        "polars column": lambda batch: _polars(_lists(batch)),
        "polars columns": lambda batch: _polars(_by_feature(batch, np.ndarray.tolist)),
        "polars Series": lambda batch: _polars(_lists(batch))["x"],
        "Arrow column": lambda batch: _arrow(_lists(batch)),
        "Arrow columns": lambda batch: _arrow(_by_feature(batch)),
        "awkward array": _awkward,
    }
)

# Containers of a batch of sequences of one length.
EQUAL = _available(
    {
        **RAGGED,
        "3-D array": np.stack,
        "3-D float64": lambda batch: np.stack(batch).astype(np.float64),
        "3-D float16": lambda batch: np.stack(batch).astype(np.float16),
        "3-D big endian": lambda batch: np.stack(batch).astype(">f8"),
        "3-D object": lambda batch: np.stack(batch).astype(object),
        "3-D Fortran order": lambda batch: np.asfortranarray(np.stack(batch)),
        "3-D every second row": lambda batch: np.repeat(np.stack(batch), 2, axis=0)[::2],
        "3-D reversed twice": lambda batch: np.stack(batch)[::-1, ::-1].copy()[::-1, ::-1],
        "3-D read-only": lambda batch: _read_only(np.stack(batch)),
        "3-D array protocol": lambda batch: ArrayLike(np.stack(batch)),
        "nested list of one length": lambda batch: np.stack(batch).tolist(),
        "xarray": _data_array,
    }
)


def _replaced(batch, steps):
    return [*batch[:-1], steps]


def _with(batch, value, dtype=np.float64):
    """Return the batch with a value in the last time step of the last sequence."""
    steps = np.array(batch[-1], dtype=dtype)
    steps[-1, -1] = value
    return _replaced(batch, steps)


# What is not a batch of finite numeric sequences with the given features, and must be refused.
BAD_X = {
    "NaN": lambda batch: _with(batch, np.nan),
    "infinity": lambda batch: _with(batch, np.inf),
    "minus infinity": lambda batch: _with(batch, -np.inf),
    "too large for float32": lambda batch: _with(batch, 1e300),
    "complex": lambda batch: _with(batch, 1j, complex),
    "a string": lambda batch: _with(batch, "1.0", object),
    "None in a step": lambda batch: _with(batch, None, object),
    "pandas NA": lambda batch: _with(batch, pd.NA, object),
    "NaT": lambda batch: _with(batch, pd.NaT, object),
    "a list in a step": lambda batch: _replaced(batch, [[[1], 2]]),
    "a dict in a step": lambda batch: _with(batch, {}, object),
    "datetimes": _each(lambda steps: steps.astype("datetime64[s]")),
    "timedeltas": _each(lambda steps: steps.astype("timedelta64[s]")),
    "strings": _each(lambda steps: steps.astype(str)),
    "bytes": _each(lambda steps: steps.astype("S4")),
    "structured": _each(lambda steps: np.zeros(len(steps), [("a", "f4"), ("b", "f4")])),
    "masked values": lambda batch: _replaced(
        batch, np.ma.array(batch[-1], mask=np.arange(batch[-1].size).reshape(batch[-1].shape) == 0)
    ),
    "None": lambda batch: None,
    "a number": lambda batch: 3.0,
    "a text": lambda batch: "not sequences",
    "a bytes object": lambda batch: b"not sequences",
    "a dict": lambda batch: dict(enumerate(batch)),
    "a set": lambda batch: {1, 2, 3},
    "a generator": lambda batch: (steps for steps in batch),
    "an iterator": iter,
    "a function": lambda batch: len,
    "a sparse matrix": lambda batch: sparse.csr_array(np.concatenate(batch)),
    "an empty list": lambda batch: [],
    "an empty array": lambda batch: np.empty((0, 3, 2), np.float32),
    "an empty sequence": lambda batch: _replaced(batch, np.empty((0, 2), np.float32)),
    "no feature": _each(lambda steps: steps[:, :0]),
    "other features": lambda batch: _replaced(batch, batch[-1][:, :1]),
    "None for a sequence": lambda batch: _replaced(batch, None),
    "a number for a sequence": lambda batch: _replaced(batch, 2.0),
    "a text for a sequence": lambda batch: _replaced(batch, "abc"),
    "4-D": lambda batch: np.zeros((len(batch), 2, 2, 2), np.float32),
    "0-D": lambda batch: np.array(1.0),
    "a list of 3-D": lambda batch: [steps[None] for steps in batch],
    "ragged steps": lambda batch: _replaced(batch, [[1.0, 2.0], [1.0]]),
    "one series with times": lambda batch: pd.DataFrame(
        np.concatenate(batch), index=pd.date_range("2026", periods=sum(map(len, batch)))
    ),
    "columns of text": lambda batch: pd.DataFrame({"a": ["x"] * len(batch), "b": 1.0}),
}


# --- targets and weights ------------------------------------------------------------------------

# Containers of numeric targets that must be read alike.
NUMBERS = {
    "array": np.asarray,
    "list": np.ndarray.tolist,
    "tuple": lambda y: tuple(y.tolist()),
    "Series": lambda y: pd.Series(y, index=range(100, 100 + len(y))),
    "nullable Series": lambda y: pd.Series(y).astype("Float64"),
    "float32": lambda y: y.astype(np.float32),
    "big endian": lambda y: y.astype(">f8"),
    "objects": lambda y: y.astype(object),
    "every second": lambda y: np.repeat(y, 2)[::2],
    "read-only": lambda y: _read_only(y),
    "array protocol": ArrayLike,
}

# Containers of class labels that must be read alike.
LABELS = {
    "array": np.asarray,
    "list": np.ndarray.tolist,
    "tuple": lambda y: tuple(y.tolist()),
    "objects": lambda y: y.astype(object),
    "Series": lambda y: pd.Series(y, index=range(100, 100 + len(y))),
    "string Series": lambda y: pd.Series(y).astype("string"),
    "categories": lambda y: pd.Series(pd.Categorical(y)),
    "longer strings": lambda y: y.astype("U40"),
    "read-only": lambda y: _read_only(y),
    "array protocol": ArrayLike,
}

BAD_Y = {
    "None": lambda y: None,
    "too few": lambda y: y[:-1],
    "too many": lambda y: [*y, y[0]],
    "empty": lambda y: y[:0],
    "a number": lambda y: 3,
    "a text": lambda y: "target",
    "a set": lambda y: set(range(len(y))),
    "a dict": lambda y: dict(enumerate(y)),
    "a generator": lambda y: (one for one in y),
    "3-D": lambda y: np.zeros((len(y), 2, 2)),
    "None in it": lambda y: [*y[:-1], None],
    "NaN in it": lambda y: [*y[:-1], np.nan],
    "infinity in it": lambda y: [*np.zeros(len(y) - 1), np.inf],
    "pandas NA in it": lambda y: pd.Series([*y[:-1], pd.NA], dtype=object),
    "NA in strings": lambda y: pd.Series([*map(str, y[:-1]), pd.NA], dtype="string"),
    "complex": lambda y: np.arange(len(y)) * 1j,
    "datetimes": lambda y: np.arange(len(y)).astype("datetime64[s]"),
    "a list in it": lambda y: objects([*y[:-1], [1, 2]]),
    "ragged": lambda y: [[1.0, 2.0], *([1.0] for _ in y[1:])],
    "a sparse matrix": lambda y: sparse.csr_array(np.ones((len(y), 1))),
}

BAD_WEIGHTS = {
    "negative": lambda n: [-1.0, *np.ones(n - 1)],
    "NaN": lambda n: [np.nan, *np.ones(n - 1)],
    "infinite": lambda n: [np.inf, *np.ones(n - 1)],
    "all zero": np.zeros,
    "too few": lambda n: np.ones(n - 1),
    "too many": lambda n: np.ones(n + 1),
    "2-D": lambda n: np.ones((n, 2)),
    "strings": lambda n: ["a"] * n,
    "None in it": lambda n: [None, *np.ones(n - 1)],
    "complex": lambda n: np.ones(n) * 1j,
    "a text": lambda n: "balanced",
    "a dict": lambda n: {0: 1.0},
    "a set": lambda n: {1.0, 2.0},
}

BAD_CLASS_WEIGHTS = {
    "a text": "nonsense",
    "a number": 3.0,
    "a list": [1.0, 2.0],
    "None as weight": {"a": None, "b": 1.0},
    "text as weight": {"a": "much", "b": 1.0},
    "negative": {"a": -1.0, "b": 1.0},
    "NaN": {"a": np.nan, "b": 1.0},
    "infinite": {"a": np.inf, "b": 1.0},
    "all zero": {"a": 0.0, "b": 0.0},
    "other classes": {"x": 1.0, "y": 1.0},
}

# Weights whose scale must not matter.
WEIGHT_SCALES = (1e-300, 1e-46, 1e-20, 1e-3, 1e3, 1e20, 1e39, 1e300)

# --- parameters -----------------------------------------------------------------------------------

# Each is tried for every parameter. Some are right for some parameters.
PARAMETERS = {
    "None": None,
    "-1": -1,
    "0": 0,
    "1": 1,
    "3": 3,
    "0.5": 0.5,
    "1.5": 1.5,
    "-0.5": -0.5,
    "NaN": float("nan"),
    "infinity": float("inf"),
    "minus infinity": float("-inf"),
    "1e-320": 1e-320,
    "True": True,
    "False": False,
    "NumPy int": np.int64(2),
    "NumPy float": np.float32(0.5),
    "nonsense": "nonsense",
    "empty text": "",
    "bytes": b"auto",
    "a list": [1, 2],
    "an empty list": [],
    "a tuple": (2, 2),
    "an empty tuple": (),
    "a list of text": ["nonsense"],
    "a list of None": [None],
    "a dict": {"a": 1},
    "an empty dict": {},
    "a set": {1},
    "an array": np.array([0.5, 0.25]),
    "a matrix of NaN": np.full((2, 2), np.nan),
    "a complex number": 1j,
    "an object": object(),
    "a class": dict,
    "a function": len,
}
