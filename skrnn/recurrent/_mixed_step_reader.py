"""Read one time step of numbers and categories as `predict` reads it."""

from collections.abc import Mapping
from numbers import Real

import numpy as np
import pandas as pd

from skrnn.recurrent._category_tables import rows_by_category
from skrnn.sequences._other_libraries import as_plain, is_frame, is_series
from skrnn.sequences._step_reader import StepReader


class MixedStepReader(StepReader):
    """Reads time steps for a fitted estimator with categorical features.

    Parameters
    ----------
    read, n_features, dtype, n_streams, standardization
        As in `StepReader`.
    tables : CategoryTables
    names : list of str or None
        The names of the features, if they have names.
    """

    def __init__(self, *args, tables, names, **options):
        super().__init__(*args, **options)
        self._names = names
        self._columns, self._rows = tables.columns, rows_by_category(tables)

    def read_step(self, x):
        """Return one time step of each stream as the network receives it.

        Parameters
        ----------
        x : mapping, array-like of shape (n_features,), Series, or DataFrame of one row
            The features by name, or in order. With `n_streams`, a DataFrame or a list with one row
            for each stream.

        Returns
        -------
        ndarray of shape (n_rows, n_features)

        Raises
        ------
        ValueError
            If `x` is not one time step, or if it contains a value that `predict` refuses.
        """
        found = self._read_quickly(x) if self._n_streams is None else None
        if found is not None:
            return found
        frame = self._as_frame(as_plain(x, "x"))
        batch = [frame.iloc[[i]] for i in range(self._n_rows)]
        return self._as_steps(self._read(batch, "x"))[:, 0]

    def _read_quickly(self, x):
        """Return a time step of known categories, or None if it has to be checked."""
        if type(x) is dict and self._names is not None and list(x) == self._names:
            x = list(x.values())
        if type(x) not in (list, tuple) or len(x) != self._n_features:
            return None
        step = np.empty(self._n_features)
        for j, value in enumerate(x):
            rows = self._rows.get(j, {})
            if j not in self._columns:
                if not isinstance(value, Real):
                    return None
                try:
                    step[j] = value
                except OverflowError:
                    return None
            elif type(value) not in (str, int) or value not in rows:
                return None
            else:
                step[j] = rows[value]
        known = self._standardization
        with np.errstate(over="ignore", invalid="ignore"):
            step = step if known is None else (step - known.mean) / known.scale
            step = step.astype(self._dtype)[None]
        return step if np.isfinite(step).all() else None

    def _as_frame(self, x):
        """Return a time step as a DataFrame with one row per stream."""
        if isinstance(x, Mapping):
            x = pd.DataFrame([dict(x)])
        elif is_series(x):
            x = x.to_frame().T.infer_objects()
        elif not is_frame(x):
            rows = [x] if self._n_streams is None else x
            self._require_rows(rows)
            x = pd.DataFrame([list(row) for row in rows], columns=self._names).infer_objects()
        if x.shape != (self._n_rows, self._n_features):
            self._refuse_shape(x.shape)
        if self._names is not None and set(x.columns) == set(self._names):
            return x[self._names]
        return x

    def _require_rows(self, rows):
        shape = (self._n_rows, self._n_features)
        is_list = isinstance(rows, list | tuple | np.ndarray)
        if not is_list or len(rows) != shape[0]:
            self._refuse_shape(np.shape(rows) if is_list else ())
        for row in rows:
            if not isinstance(row, list | tuple | np.ndarray) or len(row) != shape[1]:
                self._refuse_shape((len(row),) if hasattr(row, "__len__") else ())
