"""Vocabularies: which tokens have an id, chosen by their frequency or given by the user."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from skrnn._persistence import stored_as_dict
from skrnn.sequences._tokens import UNKNOWN

FIRST_ID = UNKNOWN + 1


def number_tokens(tokens):
    """Return a dict from token to id; ids follow those of padding and the unknown token.

    Examples
    --------
    >>> number_tokens(["the", "film"])
    {'the': 2, 'film': 3}
    """
    return {token: i for i, token in enumerate(tokens, FIRST_ID)}


def check_one_type(tokens, name):
    """Raise an error if tokens are neither all str nor all int, which could not be sorted.

    Parameters
    ----------
    tokens : list
        The tokens.
    name : str
        The name of the tokens in the error message.

    Raises
    ------
    ValueError
        If there are several types. The message shows an example of each.
    """
    if all(isinstance(token, str) for token in tokens):
        return
    if all(isinstance(token, Integral) for token in tokens):
        return
    example_of_type = {}
    for token in tokens:
        example_of_type.setdefault(type(token).__name__, token)
    examples = ", ".join(f"{token!r:.40} ({kind})" for kind, token in example_of_type.items())
    raise ValueError(f"{name} must all be str, or all be int; got {examples}.")


def read_vocabulary(vocabulary):
    """Return the ids of a vocabulary that the user gave.

    Parameters
    ----------
    vocabulary : iterable of tokens, or mapping from token to position or id
        Positions start at 0, as in gensim's `key_to_index`. Ids start at 2.

    Returns
    -------
    ids : dict from token to int

    Raises
    ------
    ValueError
        If there is no token, if a token occurs twice, if tokens have several types, or if positions
        or ids are not consecutive.

    Examples
    --------
    >>> read_vocabulary({"film": 1, "the": 0})
    {'the': 2, 'film': 3}
    """
    if isinstance(vocabulary, str | bytes):
        raise ValueError(
            "vocabulary must be an iterable of tokens or a mapping from tokens to positions, got "
            f"the text {vocabulary!r:.40}. Pass a list of its tokens, such as vocabulary.split()."
        )
    if isinstance(vocabulary, Mapping):
        tokens = sorted(vocabulary, key=vocabulary.get)
        numbers = [vocabulary[token] for token in tokens]
        if numbers not in ([*range(len(tokens))], [*range(FIRST_ID, len(tokens) + FIRST_ID)]):
            first = f"{', '.join(map(str, numbers[:5]))}{', ...' if len(numbers) > 5 else ''}"
            raise ValueError(
                f"vocabulary must map its {len(tokens)} tokens to the positions 0, 1, 2, ... or to "
                f"the ids {FIRST_ID}, {FIRST_ID + 1}, ..., each of them once; got {first}."
            )
    else:
        tokens = _listed(vocabulary)
    if not tokens:
        raise ValueError("vocabulary is empty.")
    check_one_type(tokens, "The tokens of vocabulary")
    ids = number_tokens(tokens)
    if len(ids) < len(tokens):
        repeated = next(token for i, token in enumerate(tokens, FIRST_ID) if ids[token] != i)
        raise ValueError(f"vocabulary contains {repeated!r} more than once.")
    return ids


def _listed(vocabulary):
    if getattr(vocabulary, "ndim", 1) != 1:
        raise ValueError(
            f"vocabulary must be a flat iterable of tokens, got a {type(vocabulary).__name__} of "
            f"{vocabulary.ndim} dimensions."
        )
    try:
        tokens = list(vocabulary)
    except (NotImplementedError, TypeError) as error:
        raise ValueError(f"vocabulary must be an iterable of tokens: {error}.") from error
    if isinstance(vocabulary, set | frozenset):
        check_one_type(tokens, "The tokens of vocabulary")
        return sorted(tokens)
    return tokens


def select_vocabulary(counts, max_tokens, min_df, max_df):
    """Return the ids of the most frequent tokens; parameters as in `EmbeddingTokenizer`."""
    n = None if max_tokens is None else max_tokens - FIRST_ID
    return number_tokens(counts.most_frequent(n, min_df, max_df))


def check_selected(vocabulary, counts, min_df, max_df):
    """Raise an error if no token was found, or if none of them was selected."""
    if not counts.tokens:
        raise ValueError("empty vocabulary; perhaps the documents only contain stop words")
    if not vocabulary:
        raise ValueError(
            "After pruning, no terms remain. Try a lower min_df or a higher max_df, got "
            f"min_df={min_df} and max_df={max_df} for {counts.n_documents} documents."
        )


def warn_about_uppercase(vocabulary, stacklevel):
    """Warn if tokens have upper case letters, which text in lower case does not contain."""
    uppercase = [token for token in vocabulary if isinstance(token, str) and token != token.lower()]
    if uppercase:
        warnings.warn(
            f"vocabulary contains {len(uppercase)} token(s) with upper case letters, such as "
            f"{uppercase[0]!r}, which cannot occur in the documents because of lowercase=True.",
            stacklevel=stacklevel + 1,
        )


@stored_as_dict
@dataclass(frozen=True)
class TokenCounts:
    """The counts from which a vocabulary is chosen. Counts of several corpora can be added.

    Parameters
    ----------
    tokens : list
        The distinct tokens.
    occurrences, documents : ndarray of int64 of shape (n_tokens,)
        How often each token occurs, and in how many documents.
    n_documents : int
        The number of documents.
    """

    tokens: list
    occurrences: np.ndarray
    documents: np.ndarray
    n_documents: int

    def add(self, other):
        """Return the counts of both corpora together."""
        tokens, positions = merge_tokens(self.tokens, other.tokens)
        sums = np.zeros((2, len(tokens)), dtype=np.int64)
        sums[:, : len(self.tokens)] = self.occurrences, self.documents
        sums[:, positions] += np.stack([other.occurrences, other.documents])
        return TokenCounts(tokens, *sums, self.n_documents + other.n_documents)

    def most_frequent(self, n, min_df, max_df):
        """Return the most frequent tokens first; equally frequent tokens are sorted.

        Parameters
        ----------
        n : int or None
            The maximum number of tokens. If None, there is no maximum.
        min_df, max_df : int or float
            The minimum and maximum number (int) or fraction (float) of documents in which a token
            occurs.

        Returns
        -------
        tokens : list
        """
        least = min_df if isinstance(min_df, int | np.integer) else min_df * self.n_documents
        most = max_df if isinstance(max_df, int | np.integer) else max_df * self.n_documents
        allowed = np.flatnonzero((self.documents >= least) & (self.documents <= most))
        if n is not None and n < len(allowed):
            # Keep all tokens that are as frequent as the last one: sorting decides among them.
            counts = self.occurrences[allowed]
            allowed = allowed[counts >= np.partition(counts, len(counts) - n)[len(counts) - n]]
        tokens = [self.tokens[i] for i in allowed]
        ranked = sorted(zip((-self.occurrences[allowed]).tolist(), tokens, strict=True))
        return [token for _, token in ranked[:n]]


def merge_tokens(tokens, others):
    """Return all distinct tokens, those of `tokens` first, and the position of each of `others`.

    Raises
    ------
    ValueError
        If the tokens are str in one list and int in the other.

    Examples
    --------
    >>> merge_tokens(["the", "film"], ["a", "film"])
    (['the', 'film', 'a'], array([2, 1], dtype=int32))
    """
    check_one_type([*tokens[:1], *others[:1]], "Tokens")
    position_of = dict(zip(tokens, range(len(tokens)), strict=True))
    positions = [position_of.setdefault(token, len(position_of)) for token in others]
    return list(position_of), np.array(positions, dtype=np.int32)
