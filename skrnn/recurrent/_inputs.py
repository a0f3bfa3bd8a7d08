"""What the recurrent estimators read from X: numeric steps, or token ids without their padding."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from skrnn.sequences import Sequences, check_sequences
from skrnn.sequences._tokens import PADDING, UNKNOWN

__all__ = [
    "Inputs",
    "Vocabulary",
    "as_known_container",
    "is_nested_numbers",
    "read_one_hot",
    "read_steps",
    "read_tokens",
    "with_dense_steps",
]


@dataclass(frozen=True)
class Inputs:
    """Sequences as the network reads them, and where their steps were in what came.

    Parameters
    ----------
    sequences : Sequences
    given_lengths : ndarray of shape (n_sequences,)
        Lengths as they came, padding included.
    offsets : ndarray of shape (n_sequences,)
        How much padding stood before each sequence.
    """

    sequences: Sequences
    given_lengths: np.ndarray
    offsets: np.ndarray

    def __len__(self):
        return len(self.sequences)

    @property
    def lengths(self):
        """Real steps of each sequence."""
        return self.sequences.lengths

    @property
    def padded(self):
        """Whether padding was cut off anywhere."""
        return bool((self.given_lengths != self.lengths).any())


def as_known_container(X):
    """X itself, or as an array what only knows how to become one."""
    known = isinstance(X, (np.ndarray, Sequences, list, tuple)) or hasattr(X, "iloc")
    return np.asarray(X) if hasattr(X, "__array__") and not known else X


def is_nested_numbers(X):
    """Whether X is a table written as lists of numbers, all of one length."""
    if not isinstance(X, (list, tuple)) or not isinstance(X[0], (list, tuple)):
        return False
    return np.ndim(X[0][0]) == 0 and len({len(row) for row in X}) == 1


def read_steps(X, dtype, input_name="X"):
    """Numeric steps."""
    sequences = check_sequences(X, dtype=np.dtype(dtype), input_name=input_name)
    return Inputs(sequences, sequences.lengths, np.zeros_like(sequences.lengths))


def read_one_hot(X):
    """Sparse one-hot steps, as the place of each step's one (-1: a step of zeros).

    Parameters
    ----------
    X : object

    Returns
    -------
    inputs : Inputs
    n_features : int
        Or None, None if `X` is no collection of sparse matrices of one-hot rows.
    """
    if getattr(X, "ndim", 0) == 1 and X.dtype.kind == "O":  # an array or a Series
        X = X.tolist()
    if not isinstance(X, list | tuple) or not X or not all(map(sparse.issparse, X)):
        return None, None
    lengths = np.array([item.shape[0] for item in X])
    widths = {item.shape[1] if item.ndim == 2 else 0 for item in X}
    if len(widths) > 1 or 0 in widths or not lengths.all():
        return None, None
    rows = [_as_plain_csr(item) for item in X]
    per_row = _entries_per_row(rows)
    if per_row.max() > 1 or not (np.concatenate([item.data for item in rows]) == 1).all():
        return None, None
    codes = np.concatenate([item.indices for item in rows], dtype=np.int32)
    if len(codes) < len(per_row):
        ones, codes = codes, np.full(len(per_row), -1, dtype=np.int32)
        codes[per_row == 1] = ones
    sequences = Sequences(codes, np.cumsum(lengths) - lengths, lengths)
    return Inputs(sequences, lengths, np.zeros_like(lengths)), widths.pop()


def _as_plain_csr(item):
    """The matrix as CSR without room to spare, which SciPy would take for entries in a join."""
    if item.format == "csr" and len(item.indices) == len(item.data) == item.nnz:
        return item
    item = item.tocsr(copy=True)
    item.prune()
    return item


def _entries_per_row(matrices):
    """How many entries each row of CSR matrices has, one matrix after another.

    The arrays of many matrices are joined faster than the matrices.
    """
    pointers = np.concatenate([item.indptr for item in matrices])
    ends = np.cumsum([item.shape[0] + 1 for item in matrices]) - 1
    return np.delete(np.diff(pointers), ends[:-1])


def with_dense_steps(sequences, n_features, dtype):
    """Codes of one-hot steps as the vectors that they stand for; other sequences as they are."""
    codes = sequences.values
    if codes.ndim == 2:
        return sequences
    return sequences.with_values((codes[:, None] == np.arange(n_features)).astype(dtype))


def read_tokens(X, input_name="X"):
    """Token ids, without the padding at either end; padding alone stays as one step."""
    sequences = check_sequences(X, tokens=True, input_name=input_name)
    values, starts, lengths = sequences.values, sequences.starts, sequences.lengths
    at_ends = (values[starts] == PADDING) | (values[starts + lengths - 1] == PADDING)
    if not at_ends.any():
        return Inputs(sequences, lengths, np.zeros_like(lengths))
    real = sequences.concatenate() != PADDING
    position = np.arange(len(real))
    begin = np.cumsum(lengths) - lengths
    first = np.minimum.reduceat(np.where(real, position, len(real)), begin)
    last = np.maximum.reduceat(np.where(real, position, -1), begin)
    all_padding = last < 0
    offsets = np.where(all_padding, 0, first - begin)
    kept = np.where(all_padding, 1, last - first + 1)
    return Inputs(Sequences(values, starts + offsets, kept), lengths, offsets)


@dataclass(frozen=True)
class Vocabulary:
    """Which token ids have a row of their own in an embedding.

    Parameters
    ----------
    known : ndarray of bool of shape (rows,)
        An id that is not known is read from the row of the unknown token.
    pretrained : bool
        Whether the rows were given: then every row is known, and an id beyond them is an error.
    """

    known: np.ndarray
    pretrained: bool

    @classmethod
    def of(cls, sequences, embedding):
        """Return the vocabulary of a fit: all rows of a matrix, or the ids that occur.

        Parameters
        ----------
        sequences : Sequences
        embedding : int or ndarray of shape (rows, dimensions)
        """
        if np.ndim(embedding) == 2:
            known = np.ones(len(embedding), dtype=bool)
            known[PADDING] = False
            return cls(known, pretrained=True)
        tokens = np.unique(sequences.concatenate())
        known = np.zeros(_round_up(max(tokens[-1], UNKNOWN) + 1), dtype=bool)
        known[tokens] = True
        # Padding that is left is read as unknown, so it trains that row.
        known[UNKNOWN] |= known[PADDING]
        known[PADDING] = False
        return cls(known, pretrained=False)

    def read(self, sequences, input_name):
        """Return the sequences with unknown ids, and padding that is left, as the unknown token.

        Raises
        ------
        ValueError
            If an id is beyond a pre-trained matrix.
        """
        tokens, rows = sequences.values, len(self.known)
        inside = (tokens >= 0) & (tokens < rows)
        if self.pretrained and not inside.all():
            used = sequences.concatenate()
            if used.max() >= rows:
                raise ValueError(
                    f"{input_name} has token id {used.max()}, but the embedding matrix has "
                    f"{rows} rows (ids 0 to {rows - 1})."
                )
        known = inside & self.known[np.where(inside, tokens, PADDING)]
        return sequences.with_values(np.where(known, tokens, UNKNOWN).astype(np.int32))

    def after_training_on(self, sequences):
        """Return the vocabulary when sequences of rows were trained on, unknown ones perhaps too.

        Parameters
        ----------
        sequences : Sequences
            As `read` gives them.
        """
        if self.known[UNKNOWN] or not (sequences.concatenate() == UNKNOWN).any():
            return self
        known = self.known.copy()
        known[UNKNOWN] = True
        return replace(self, known=known)

    def fill_unknown(self, embedding):
        """Return the embedding, an untrained unknown row made the mean of the known ones."""
        if self.known[UNKNOWN]:
            return embedding
        filled = embedding.copy()
        filled[UNKNOWN] = embedding[self.known].mean(axis=0)
        return filled


def _round_up(rows):
    """`rows` rounded up to three significant bits.

    The ladder has four steps to an octave, so that folds with slightly different vocabularies
    share a compiled program and at most a quarter of the rows lie idle.
    """
    step = 1 << max(int(rows).bit_length() - 3, 0)
    return -(-int(rows) // step) * step
