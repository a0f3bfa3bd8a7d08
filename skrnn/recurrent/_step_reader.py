"""Read one time step as `predict` reads it, in a few microseconds."""

from numbers import Integral, Real

import numpy as np
from scipy import sparse

from skrnn._check_arrays import as_array
from skrnn.recurrent._data import ids_as_rows, read_sequences
from skrnn.sequences._tokens import PADDING, UNKNOWN


class StepReader:
    """Reads time steps for a fitted estimator.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
        A snapshot of a fitted estimator.
    n_streams : int or None
        The number of sequences that are read at the same time. None if a time step is that of one
        sequence, without an axis of sequences.
    """

    def __init__(self, estimator, n_streams):
        self._estimator, self._n_streams = estimator, n_streams
        self._n_rows = 1 if n_streams is None else n_streams
        self._dtype = estimator._spec.dtype
        self._tokens = estimator._step_format.tokens
        self._known = estimator._vocabulary and estimator._vocabulary.known
        self._n_features = estimator._step_format.n_features
        self._standardization = estimator._standardization
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
        else:
            x = as_array(x, "x")
            if x.shape not in self._shapes:
                self._refuse_shape(x.shape)
            batch = list(x.reshape(self._n_rows, 1, *(() if self._tokens else (-1,))))
        return self._as_steps(read_sequences(self._estimator, batch, input_name="x"), "x")[:, 0]

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
        inputs = read_sequences(self._estimator, [X] if self._n_streams is None else X)
        lengths = inputs.given_lengths
        if len(lengths) != self._n_rows or lengths.min() != lengths.max():
            raise ValueError(
                f"X must contain {self._n_rows} sequences of equal length, one for each stream, "
                f"got {len(lengths)} of lengths {lengths.min()} to {lengths.max()}."
            )
        return self._as_steps(inputs, "X")

    def _as_steps(self, inputs, input_name):
        """Return `Inputs` of equal lengths as an array."""
        if self._tokens and (inputs.padded or (inputs.sequences.concatenate() == PADDING).any()):
            raise ValueError(
                f"{input_name} contains the token id {PADDING}, which stands for padding. A stream "
                f"does not have padding: send real tokens only, or {UNKNOWN} for an unknown token."
            )
        sequences = ids_as_rows(self._estimator._vocabulary, inputs, input_name).sequences
        if self._standardization is not None:
            sequences = self._standardization.apply(sequences, self._dtype)
        values = sequences.concatenate()
        return values.reshape(self._n_rows, -1, *values.shape[1:])
