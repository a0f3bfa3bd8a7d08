"""Which tokens have an id, and which: chosen by how often they occur, or given."""

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from skrnn.sequences._tokens import UNKNOWN

__all__ = [
    "FIRST",
    "TokenCounts",
    "check_one_kind",
    "number_tokens",
    "read_vocabulary",
    "union",
]

FIRST = UNKNOWN + 1


def number_tokens(tokens):
    """Return the ids of tokens: after those of padding and of the unknown token, in this order.

    Examples
    --------
    >>> number_tokens(["the", "film"])
    {'the': 2, 'film': 3}
    """
    return {token: i for i, token in enumerate(tokens, FIRST)}


def check_one_kind(tokens, name):
    """Say that tokens are not all str, and not all int: an order needs one kind, and a look-up.

    Raises
    ------
    ValueError
        With an example of each kind.
    """
    if all(isinstance(token, str) for token in tokens):
        return
    if all(isinstance(token, Integral) for token in tokens):
        return
    kinds = {}
    for token in tokens:
        kinds.setdefault(type(token).__name__, token)
    examples = ", ".join(f"{token!r:.40} ({kind})" for kind, token in kinds.items())
    raise ValueError(f"{name} must all be str, or all be int; got {examples}.")


def read_vocabulary(vocabulary):
    """Return the ids of a vocabulary that was given.

    Parameters
    ----------
    vocabulary : iterable of tokens, or mapping of tokens to their places
        Places count from 0, as those of gensim, or are ids already, which count from 2.

    Raises
    ------
    ValueError
        If there is no token, a token twice, tokens of two kinds, or places with gaps.

    Examples
    --------
    >>> read_vocabulary({"film": 1, "the": 0})
    {'the': 2, 'film': 3}
    """
    if isinstance(vocabulary, Mapping):
        tokens = sorted(vocabulary, key=vocabulary.get)
        places = [vocabulary[token] for token in tokens]
        if places not in ([*range(len(tokens))], [*range(FIRST, len(tokens) + FIRST)]):
            raise ValueError(
                f"vocabulary must give its {len(tokens)} tokens the places 0, 1, 2, ... or the ids "
                f"{FIRST}, {FIRST + 1}, ..., each once; got {_first(places)}."
            )
    else:
        tokens = sorted(vocabulary) if isinstance(vocabulary, set | frozenset) else list(vocabulary)
    ids = number_tokens(tokens)
    if not ids:
        raise ValueError("vocabulary is empty.")
    check_one_kind(tokens, "The tokens of vocabulary")
    if len(ids) < len(tokens):
        twice = next(token for i, token in enumerate(tokens, FIRST) if ids[token] != i)
        raise ValueError(f"vocabulary holds {twice!r} more than once.")
    return ids


def _first(places):
    return f"{', '.join(map(str, places[:5]))}{', ...' if len(places) > 5 else ''}"


@dataclass(frozen=True)
class TokenCounts:
    """What a vocabulary is chosen from; counts of several corpora add.

    Parameters
    ----------
    tokens : list
    occurrences, documents : ndarray of int64 of shape (n_tokens,)
        How often each token occurs, and in how many documents.
    n_documents : int
    """

    tokens: list
    occurrences: np.ndarray
    documents: np.ndarray
    n_documents: int

    def add(self, other):
        """Return the counts of both corpora together."""
        tokens, places = union(self.tokens, other.tokens)
        sums = np.zeros((2, len(tokens)), dtype=np.int64)
        sums[:, : len(self.tokens)] = self.occurrences, self.documents
        sums[:, places] += np.stack([other.occurrences, other.documents])
        return TokenCounts(tokens, *sums, self.n_documents + other.n_documents)

    def most_frequent(self, n, min_df, max_df):
        """Return the tokens from the most to the least frequent, equals in their own order.

        Parameters
        ----------
        n : int or None
            How many at most.
        min_df, max_df : int or float
            In how many documents, or in which share of them, a token must and may occur.
        """
        least = min_df if isinstance(min_df, int | np.integer) else min_df * self.n_documents
        most = max_df if isinstance(max_df, int | np.integer) else max_df * self.n_documents
        allowed = np.flatnonzero((self.documents >= least) & (self.documents <= most))
        if n is not None and n < len(allowed):
            # All that tie with the last one are still in: what they are called decides.
            counts = self.occurrences[allowed]
            allowed = allowed[counts >= np.partition(counts, len(counts) - n)[len(counts) - n]]
        tokens = [self.tokens[i] for i in allowed]
        ranked = sorted(zip((-self.occurrences[allowed]).tolist(), tokens, strict=True))
        return [token for _, token in ranked[:n]]


def union(tokens, others):
    """Return all tokens, those of `tokens` first, and where each of `others` is among them.

    Raises
    ------
    ValueError
        If ones are str and the others int.

    Examples
    --------
    >>> union(["the", "film"], ["a", "film"])
    (['the', 'film', 'a'], array([2, 1], dtype=int32))
    """
    check_one_kind([*tokens[:1], *others[:1]], "Tokens")
    place = dict(zip(tokens, range(len(tokens)), strict=True))
    places = [place.setdefault(token, len(place)) for token in others]
    return list(place), np.array(places, dtype=np.int32)
