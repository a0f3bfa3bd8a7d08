"""Convert tokens to ids, and ids back to tokens and to text."""

from itertools import islice

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skrnn.preprocessing._sequence_transformer import fill_empty_sequences
from skrnn.preprocessing._subwords import UNKNOWN_NAME, learns_subwords, load_subwords
from skrnn.preprocessing._vocabularies import check_one_type
from skrnn.sequences import check_sequences
from skrnn.sequences._containers import split_steps
from skrnn.sequences._tokens import PADDING, UNKNOWN


class InverseTransformMixin:
    """Mixin for tokenizers with ids in `vocabulary_`: the tokens and the documents of ids."""

    def inverse_transform(self, X):
        """Return the documents that ids stand for, as far as the ids determine them.

        Tokens of "word" and of a callable are joined with a space, and characters without a space.
        Subwords contain the spaces of the text. What the analysis removed, such
        as upper case letters and punctuation, is not restored.

        Parameters
        ----------
        X : list of array-like of shape (T_i,), or array-like of shape (n, T)
            The ids. A sequence may be empty.

        Returns
        -------
        X_original : list of str, or list of ndarray of objects of shape (T_i,)
            The texts, or the arrays of tokens if ``analyzer="tokens"`` or if tokens are int. The
            unknown token is "[UNK]", and padding is removed.

        Raises
        ------
        ValueError
            If an id is not less than `n_tokens_`.
        """
        tokens = self.to_tokens(X)
        is_int = not all(isinstance(token, str) for token in islice(self.vocabulary_, 1))
        if is_int or (isinstance(self.analyzer, str) and self.analyzer == "tokens"):
            return tokens
        learned = learns_subwords(self.analyzer)
        return join_tokens(tokens, load_subwords(self._model()) if learned else self.analyzer)

    def to_tokens(self, X):
        """Return the tokens that ids stand for, for example to label the axes of a figure.

        Parameters
        ----------
        X : as in `inverse_transform`
            The ids.

        Returns
        -------
        tokens : list of ndarray of objects of shape (T_i,)
            The tokens. The unknown token is "[UNK]", and padding is removed.

        Raises
        ------
        ValueError
            If an id is not less than `n_tokens_`.
        """
        check_is_fitted(self)
        return tokens_of(X, self.vocabulary_)


def ids_of(corpus, vocabulary):
    """Return the ids of the tokens of documents.

    Parameters
    ----------
    corpus : SymbolSequences
        One sequence of tokens per document.
    vocabulary : dict from token to int
        The id of each token. All other tokens have the id of the unknown token.

    Returns
    -------
    ids : ndarray of int32 of shape (n_steps_total,)
        The ids of all documents, one document after another. A document without tokens has one
        unknown token.
    lengths : ndarray of int of shape (n_documents,)
        The number of ids of each document.
    """
    check_one_type([*corpus.distinct[:1], *islice(vocabulary, 1)], "X and vocabulary_")
    id_of_code = np.array(
        [vocabulary.get(token, UNKNOWN) for token in corpus.distinct], dtype=np.int32
    )
    return fill_empty_sequences(id_of_code[corpus.codes], corpus.lengths, UNKNOWN)


def tokens_of(X, vocabulary):
    """Return the tokens that ids stand for, without padding.

    Parameters
    ----------
    X : list of array-like of shape (T_i,), array-like of shape (n, T) or Sequences
        The ids. A sequence may be empty.
    vocabulary : dict from token to int
        The ids of the tokens, consecutive and in increasing order.

    Returns
    -------
    tokens : list of ndarray of objects
        One array per sequence.

    Raises
    ------
    ValueError
        If an id is larger than those of the vocabulary.

    Examples
    --------
    >>> tokens_of([[2, 1, 0], []], {"film": 2})
    [array(['film', '[UNK]'], dtype=object), array([], dtype=object)]
    """
    sequences = check_sequences(_with_padding_for_empty(X), tokens=True)
    ids = sequences.concatenate()
    tokens = np.array(["", UNKNOWN_NAME, *vocabulary], dtype=object)
    if ids.max() >= len(tokens):
        raise ValueError(f"X contains the id {ids.max()}; the last id is {len(tokens) - 1}.")
    return [tokens[s[s != PADDING]] for s in split_steps(ids, sequences.lengths)]


def _with_padding_for_empty(X):
    """Return a batch in which a sequence of padding replaces each empty one."""
    if not isinstance(X, list | tuple) and getattr(X, "ndim", None) != 1:
        return X
    return [[PADDING] if hasattr(ids, "__len__") and len(ids) == 0 else ids for ids in X]


def join_tokens(tokens, analyzer):
    """Return the text of which an analyzer would make tokens, as far as the tokens determine it.

    Parameters
    ----------
    tokens : list of ndarray of str
        The tokens of each document.
    analyzer : {"word", "char"}, callable or object with `encode_batch`
        As in :class:`~skrnn.EmbeddingTokenizer`.

    Returns
    -------
    texts : list of str

    Examples
    --------
    >>> join_tokens([np.array(["a", "film"])], "word"), join_tokens([np.array(["a", "b"])], "char")
    (['a film'], ['ab'])
    """
    decoder = getattr(analyzer, "decoder", None) if hasattr(analyzer, "encode_batch") else None
    if decoder is not None:
        return [decoder.decode(one.tolist()) for one in tokens]
    separator = "" if isinstance(analyzer, str) and analyzer == "char" else " "
    return [separator.join(one) for one in tokens]
