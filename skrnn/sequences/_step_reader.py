"""Read one time step as `predict` reads it, in a few microseconds."""

from numbers import Integral, Real

import numpy as np
from scipy import sparse

from skrnn._check_arrays import as_array
from skrnn.sequences._other_libraries import is_series


class StepReader:
    """Reads time steps for a fitted estimator.

    Parameters
    ----------
    read : callable
        ``read(batch, input_name)`` reads a batch of sequences with all checks of `predict`. It
        returns `Sequences` as the network receives them.
    n_features : int
        The number of features of a time step.
    dtype : str
        The dtype of the vectors that the network receives.
    n_streams : int or None
        The number of sequences that are read at the same time. None if a time step is that of one
        sequence, without an axis of sequences.
    standardization : Standardization or None, default=None
        How vectors are standardised, which `read` does too.
    known : ndarray of bool or None, default=None
        Whether each token id is known. None if time steps are numeric.
    """

    def __init__(self, read, n_features, dtype, n_streams, *, standardization=None, known=None):
        self._read, self._n_streams = read, n_streams
        self._n_rows = 1 if n_streams is None else n_streams
        self._dtype, self._n_features = dtype, n_features
        self._known, self._tokens = known, known is not None
        self._standardization = standardization
        of_streams = () if n_streams is None else (n_streams,)
        shapes = [of_streams] if self._tokens else [(*of_streams, self._n_features)]
        if self._n_features == 1 and not self._tokens:
            shapes.append(of_streams)
        self._shapes = shapes

    def read_step(self, x):
        """Return one time step of each stream as the network receives it.

        Returns
        -------
        ndarray of shape (n_rows, n_features), or of int and shape (n_rows,)

        Raises
        ------
        ValueError
            If `x` is not one time step, or if it contains a value that `predict` refuses.
        """
        found = self._read_token(x) if self._tokens else self._read_numbers(x)
        return self._read_carefully(x) if found is None else found

    def _read_token(self, x):
        """Return a known token id, or None if it has to be checked."""
        is_id = isinstance(x, Integral) and not isinstance(x, bool) and self._n_streams is None
        if is_id and 0 < x < len(self._known) and self._known[x]:
            return np.array([x])
        return None

    def _read_numbers(self, x):
        """Return finite numbers as the network receives them, or None if they must be checked."""
        if isinstance(x, list | tuple | Real):
            try:
                x = np.asarray(x)
            except ValueError:
                return None
        if type(x) is not np.ndarray or x.dtype.kind not in "fiu" or x.shape not in self._shapes:
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            if self._standardization is not None:
                x = (x - self._standardization.mean) / self._standardization.scale
            x = x.astype(self._dtype).reshape(self._n_rows, self._n_features)
        return x if np.isfinite(x).all() else None

    def _read_carefully(self, x):
        """Read a time step as `predict` reads sequences of one time step, with all its checks."""
        if sparse.issparse(x):
            x = x.reshape(1, -1) if x.ndim == 1 else x
            if x.shape != (self._n_rows, self._n_features):
                self._refuse_shape(x.shape)
            rows = sparse.csr_matrix(x)
            batch = [rows[i] for i in range(self._n_rows)]
        elif is_series(x) and all(isinstance(name, str) for name in x.index):
            # The names are checked, because the order of the values may differ from that of `fit`.
            if x.shape not in self._shapes or self._n_streams is not None:
                self._refuse_shape(x.shape)
            batch = [x.to_frame().T.infer_objects().reset_index(drop=True)]
        else:
            x = as_array(x, "x")
            if x.shape not in self._shapes:
                self._refuse_shape(x.shape)
            batch = list(x.reshape(self._n_rows, 1, *(() if self._tokens else (-1,))))
        return self._as_steps(self._read(batch, "x"))[:, 0]

    def _refuse_shape(self, shape):
        expected = " or ".join(map(str, self._shapes))
        raise ValueError(
            f"x must be one time step of shape {expected}, got an array of shape {shape}. "
            "Use send_many for several time steps."
        )

    def read_many(self, X):
        """Return many time steps of each stream as the network receives them.

        Returns
        -------
        ndarray of shape (n_rows, T, n_features), or of int and shape (n_rows, T)

        Raises
        ------
        ValueError
            If `X` is not a sequence, or not a batch of `n_streams` sequences of equal length.
        """
        sequences = self._read([X] if self._n_streams is None else X, "X")
        lengths = sequences.lengths
        if len(lengths) != self._n_rows or lengths.min() != lengths.max():
            raise ValueError(
                f"X must contain {self._n_rows} sequences of equal length, one for each stream, "
                f"got {len(lengths)} of lengths {lengths.min()} to {lengths.max()}."
            )
        return self._as_steps(sequences)

    def _as_steps(self, sequences):
        """Return sequences of equal lengths as an array."""
        values = sequences.concatenate()
        return values.reshape(self._n_rows, -1, *values.shape[1:])
