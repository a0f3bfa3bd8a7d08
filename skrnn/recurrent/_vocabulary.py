"""The token ids that have a row in an embedding, and how other ids are read."""

from dataclasses import dataclass, replace
from numbers import Integral

import numpy as np
from sklearn.utils import check_array

from skrnn._persistence import stored_as_dict
from skrnn.sequences._tokens import PADDING, UNKNOWN

# An embedding of more bytes than this must use at least this share of its rows. Hashed ids use
# about a millionth of them. A fold of a training set uses at least a few percent of its vocabulary.
_LARGE_EMBEDDING = 2**30
_LEAST_SHARE_OF_ROWS = 0.01


@stored_as_dict
@dataclass(frozen=True)
class Vocabulary:
    """The token ids that have their own row in an embedding.

    Parameters
    ----------
    known : ndarray of bool of shape (rows,)
        Whether each id is known. Any other id is read from the row of the unknown token.
    pretrained : bool
        Whether the embedding matrix was given. Every row is then known, and an id beyond the last
        row is an error.
    """

    known: np.ndarray
    pretrained: bool

    @classmethod
    def of(cls, sequences, embedding, dtype):
        """Return the vocabulary of a fit: all rows of a matrix, or the ids that occur in sequences.

        Parameters
        ----------
        sequences : Sequences
        embedding : int or ndarray of shape (rows, dimensions)
        dtype : str
            The dtype of the embedding.

        Raises
        ------
        ValueError
            If the embedding would be large and almost all of its rows unused.
        """
        if np.ndim(embedding) == 2:
            known = np.ones(len(embedding), dtype=bool)
            known[PADDING] = False
            return cls(known, pretrained=True)
        tokens = np.unique(sequences.concatenate())
        n_rows = round_up(max(int(tokens[-1]), UNKNOWN) + 1)
        _require_used_rows(tokens, n_rows, n_rows * int(embedding) * np.dtype(dtype).itemsize)
        known = np.zeros(n_rows, dtype=bool)
        known[tokens] = True
        # Padding inside a sequence is read as the unknown token, so it trains that row.
        known[UNKNOWN] |= known[PADDING]
        known[PADDING] = False
        return cls(known, pretrained=False)

    def read(self, sequences, input_name):
        """Return the sequences with unknown ids and remaining padding as the unknown token.

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
        """Return the vocabulary after training, which may have included unknown tokens.

        Parameters
        ----------
        sequences : Sequences
            Sequences of rows, as `read` returns them.
        """
        if self.known[UNKNOWN] or not (sequences.concatenate() == UNKNOWN).any():
            return self
        known = self.known.copy()
        known[UNKNOWN] = True
        return replace(self, known=known)

    def fill_unknown(self, embeddings):
        """Return the embedding, with an untrained unknown row set to the mean of the known rows.

        Parameters
        ----------
        embeddings : list of one ndarray
        """
        if self.known[UNKNOWN]:
            return embeddings
        [embedding] = embeddings
        filled = embedding.copy()
        filled[UNKNOWN] = embedding[self.known].mean(axis=0)
        return [filled]


def _require_used_rows(tokens, n_rows, n_bytes):
    """Raise an error if an embedding would be large and almost all of its rows unused."""
    if n_bytes > _LARGE_EMBEDDING and len(tokens) < n_rows * _LEAST_SHARE_OF_ROWS:
        raise ValueError(
            f"X has token ids up to {tokens[-1]}, for which the embedding would need {n_rows} rows "
            f"and {n_bytes / 2**30:.1f} GiB, and training about four times as much, but only "
            f"{len(tokens)} different ids occur. Number the tokens from 2 on, for example with "
            "skrnn.preprocessing.EmbeddingTokenizer, or hash them into fewer ids."
        )


def round_up(rows):
    """Return `rows` rounded up to three significant bits.

    There are four sizes between a number and its double, so that folds with slightly different
    vocabularies share a compiled program and at most a quarter of the rows are unused.
    """
    step = 1 << max(int(rows).bit_length() - 3, 0)
    return -(-int(rows) // step) * step


def check_embedding(embedding):
    """Return a number of dimensions unchanged, and pre-trained vectors as a checked matrix.

    Raises
    ------
    ValueError
        If `embedding` is a bool, or if a matrix is not 2-D, not finite, or has no rows for padding
        and the unknown token.
    """
    if isinstance(embedding, bool):
        raise ValueError(f"embedding must be a positive int, a matrix or None, got {embedding}.")
    if isinstance(embedding, Integral):
        return embedding
    try:
        matrix = check_array(embedding, dtype=np.float64, input_name="embedding")
    except (TypeError, ValueError) as error:
        raise ValueError(f"embedding must be a number or a matrix. {error}") from error
    if len(matrix) < 2:
        raise ValueError(
            "embedding must have a row for padding (0), one for the unknown token (1) and one for "
            f"each token id, got {len(matrix)} row."
        )
    return matrix
