"""Convert the containers of other libraries to those of NumPy and pandas.

No library is imported for it: if X is such a container, its library has been imported.
"""

import sys

import numpy as np
import pandas as pd


def as_plain(X, input_name="X"):
    """Return a container of another library as one of NumPy or pandas.

    Parameters
    ----------
    X : object
    input_name : str, default="X"
        The name of the data in error messages.

    Returns
    -------
    object
        `X` itself if it is not such a container, or if `numpy.asarray` reads it. Tables become
        DataFrames, and sequences of different lengths a list of arrays.

    Raises
    ------
    TypeError, ValueError
        If the container cannot be read as sequences or as a table.

    Examples
    --------
    >>> as_plain([[1, 2], [3]])
    [[1, 2], [3]]
    """
    if type(X) in (list, tuple) and len(X) and _converter(X[0]) is not None:
        return [as_plain(item, f"{input_name}[{i}]") for i, item in enumerate(X)]
    convert = _converter(X)
    return X if convert is None else convert(X, input_name)


def _converter(X):
    """Return the function that converts a container, or None if it is not of another library."""
    if type(X) in _PLAIN:
        return None
    libraries = (base.__module__.partition(".")[0] for base in type(X).__mro__)
    return next((_CONVERTERS[name] for name in libraries if name in _CONVERTERS), None)


def _split(values, lengths):
    return np.split(values, np.cumsum(lengths)[:-1])


def is_frame(X):
    """Return whether X is a pandas DataFrame."""
    return isinstance(X, pd.DataFrame)


def is_series(X):
    """Return whether X is a pandas Series."""
    return isinstance(X, pd.Series)


# --- tables -----------------------------------------------------------------------------------


def _from_polars(X, input_name):
    polars = sys.modules["polars"]
    if isinstance(X, polars.LazyFrame):
        raise TypeError(
            f"{input_name} is a polars LazyFrame, which does not hold its data yet; pass "
            f"{input_name}.collect()."
        )
    if isinstance(X, polars.DataFrame):
        return pd.DataFrame({column.name: _polars_column(column) for column in X.get_columns()})
    return _polars_column(X) if isinstance(X, polars.Series) else X


def _polars_column(column):
    """Return a polars Series as one of pandas."""
    dtype = column.dtype
    if dtype.is_nested():
        values = np.empty(len(column), dtype=object)
        for i, cell in enumerate(column):
            values[i] = cell.to_numpy() if hasattr(cell, "to_numpy") else cell
    elif dtype.is_numeric() or dtype.is_temporal() or str(dtype) == "Boolean":
        values = column.to_numpy()
    else:
        values = np.array(column.to_list(), dtype=object)
    series = pd.Series(values, name=column.name)
    zone = getattr(dtype, "time_zone", None)  # polars returns times in UTC
    return series if zone is None else series.dt.tz_localize("UTC").dt.tz_convert(zone)


def _from_pyarrow(X, input_name):
    return X.to_pandas() if hasattr(X, "to_pandas") else X


def _from_narwhals(X, input_name):
    return as_plain(X.to_native(), input_name)


# --- ragged arrays ----------------------------------------------------------------------------


def _from_awkward(X, input_name):
    awkward = sys.modules["awkward"]
    if not isinstance(X, awkward.Array) or X.ndim == 1:
        return X
    if X.fields:
        raise ValueError(
            f"{input_name} holds records with the fields {X.fields}; expected numbers. Join the "
            "fields as features with awkward.concatenate([X[field][..., numpy.newaxis] for field "
            "in X.fields], axis=-1)."
        )
    lengths = awkward.to_numpy(awkward.num(X, axis=1))
    steps = awkward.flatten(X, axis=1)
    try:
        values = awkward.to_numpy(steps)
    except ValueError as error:
        raise ValueError(
            f"{input_name} has time steps with different numbers of features: {error}"
        ) from error
    if isinstance(values, np.ma.MaskedArray):  # None is a missing value
        values = values.astype(np.result_type(values, np.float32)).filled(np.nan)
    return _split(values, lengths)


def _from_tensorflow(X, input_name):
    if not hasattr(X, "ragged_rank"):
        return X
    if X.ragged_rank == 1:
        return _split(X.values.numpy(), X.row_lengths().numpy())
    return [row.to_list() if hasattr(row, "to_list") else row.numpy() for row in X]


def _from_torch(X, input_name):
    torch = sys.modules["torch"]
    packing = torch.nn.utils.rnn
    if isinstance(X, packing.PackedSequence):
        return [_torch_array(sequence) for sequence in packing.unpack_sequence(X)]
    if not isinstance(X, torch.Tensor):
        return X
    return [_torch_array(part) for part in X.unbind()] if X.is_nested else _torch_array(X)


def _torch_array(tensor):
    tensor = tensor.detach().cpu()
    is_known = tensor.dtype != sys.modules["torch"].bfloat16
    return (tensor if is_known else tensor.float()).numpy()


# --- arrays with names ------------------------------------------------------------------------


def _from_xarray(X, input_name):
    if not hasattr(X, "dims") or not hasattr(X, "dtype"):  # a Dataset has variables
        raise TypeError(
            f"{input_name} must be a batch of sequences, got an xarray {type(X).__name__}. Pass "
            f'{input_name}.to_dataarray("feature") with its dimensions in the order of sequences, '
            "time steps and features (see its method transpose)."
        )
    times = [
        i
        for i, name in enumerate(X.dims)
        if name == "time" or (name in X.coords and X.coords[name].dtype.kind in "mM")
    ]
    if X.ndim in (2, 3) and times and 1 not in times:
        raise ValueError(
            f"{input_name} has the dimensions {X.dims}, in which {X.dims[times[0]]!r} is not the "
            f"second one. Expected sequences, time steps and features: use {input_name}.transpose. "
            f"One series is a batch of one: [{input_name}]."
        )
    return X


_PLAIN = {np.ndarray, list, tuple, pd.DataFrame, pd.Series}
_CONVERTERS = {
    "awkward": _from_awkward,
    "narwhals": _from_narwhals,
    "polars": _from_polars,
    "pyarrow": _from_pyarrow,
    "tensorflow": _from_tensorflow,
    "torch": _from_torch,
    "xarray": _from_xarray,
}
