"""Data, the same for all candidates: made by NumPy alone, except for real reviews."""

import os
from pathlib import Path

import numpy as np

MEDIAN_LENGTH, SPREAD, SHORTEST = 180, 0.7, 10
RESERVED = 2
SHARE_OF_INFORMATIVE_WORDS, INFORMATIVE_WORDS = 0.1, 50


def waves(n, steps, features, seed=0):
    """Return float32 sequences of noise, and their classes: one has a larger first feature."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, steps, features), dtype=np.float32)
    y = rng.permutation(np.arange(n) % 2)
    X[y == 1, :, 0] += 0.5
    return X, y


def delayed_noise(n, steps, delay=3, seed=0):
    """Return (n, steps, 1) of noise in [-1, 1], and as targets the noise some steps before."""
    rng = np.random.default_rng(seed)
    noise = rng.uniform(-1, 1, (n, steps + delay))
    return noise[:, delay:, None], noise[:, :-delay]


def echoed_noise(n, features, delay=3, seed=0):
    """Return one float32 series (n, features) of noise, and a target of variance 1 for each row.

    The target is the first feature, now and some rows before, summed.
    """
    X = np.random.default_rng(seed).standard_normal((n, features), dtype=np.float32)
    y = X[:, 0] / np.float32(np.sqrt(2))
    y[delay:] += y[:-delay].copy()
    return X, y


def documents(n, longest, vocabulary, seed=0):
    """Return token sequences that resemble the reviews of IMDB in length and use of words.

    Lengths are log-normal, with a mean of 230 before `longest` cuts them; the frequency of words
    falls as their rank (Zipf's law). Some words are more frequent in one class than in the other.

    Returns
    -------
    X : list of int32 ndarray
        Ids, which begin at 2: 0 is for padding, 1 for unknown words.
    y : ndarray of shape (n,)
    """
    rng = np.random.default_rng(seed)
    lengths = rng.lognormal(np.log(MEDIAN_LENGTH), SPREAD, n).astype(int)
    lengths = np.clip(lengths, min(SHORTEST, longest), longest)
    n_words = vocabulary - RESERVED
    frequency = 1 / np.arange(1, n_words + 1)
    words = rng.choice(n_words, lengths.sum(), p=frequency / frequency.sum())
    y = rng.permutation(np.arange(n) % 2)
    informative = rng.random(len(words)) < SHARE_OF_INFORMATIVE_WORDS
    chosen = rng.integers(INFORMATIVE_WORDS, size=informative.sum()) * 2
    words[informative] = chosen + np.repeat(y, lengths)[informative]
    words = (words + RESERVED).astype(np.int32)
    return np.split(words, np.cumsum(lengths)[:-1]), y


def pad_left(X, longest):
    """Return token sequences as one array with zeros before them, as Keras' tutorials do."""
    padded = np.zeros((len(X), longest), np.int32)
    for row, tokens in zip(padded, X, strict=True):
        row[longest - len(tokens) :] = tokens
    return padded


def reviews(n, real):
    """Return texts: the first training reviews of IMDB, or made-up words without punctuation.

    The reviews are read from the folder that the environment variable SKRNN_DATA names.
    """
    if not real:
        return [" ".join(f"word{i}" for i in tokens) for tokens in documents(n, 50, 500)[0]]
    import pandas as pd

    folder = os.environ.get("SKRNN_DATA")
    if not folder:
        raise FileNotFoundError("SKRNN_DATA must name the folder that holds imdb/.")
    table = pd.read_csv(Path(folder) / "imdb" / "imdb_train.csv.xz", nrows=n)
    return table["text"].tolist()
