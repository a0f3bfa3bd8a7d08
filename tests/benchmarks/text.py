"""Accuracy on text and symbols, with the settings that were chosen on training data alone.

Run with ``python tests/benchmarks/text.py``; the environment variable SKRNN_DATA names the folder
of data. Official splits are used once, others in five folds, whose predictions are scored together;
each figure is the mean of three seeds and their standard deviation.
"""

import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from skrnn import EmbeddingTokenizer, OneHotSequenceEncoder, RNNClassifier
from skrnn.datasets import fetch_imdb, fetch_names, fetch_sequoia
from skrnn.metrics import flatten_steps

# Words of one letter, exclamation marks and question marks are informative too.
WORDS = r"(?u)\b\w+\b|[!?]"
WORDS_AND_MARKS = r"(?u)\w+|[^\w\s]"
SEEDS = (0, 1, 2)


def lstm(**parameters):
    """Return a bidirectional classifier that pools over all time steps."""
    setting = {"bidirectional": True, "pooling": "max", "dropout": 0.5, "schedule": "constant"}
    return RNNClassifier(**{**setting, **parameters})


def imdb_embedding(seed):
    """Learned word vectors and a bidirectional LSTM, from raw reviews."""
    model = make_pipeline(
        EmbeddingTokenizer(token_pattern=WORDS),
        lstm(embedding=32, units=32, random_state=seed, epochs=3, schedule="cosine"),
    )
    return on_imdb(model)


def imdb_one_hot(seed):
    """Every word a one-hot vector of 10,000, classified by a bidirectional LSTM."""
    model = make_pipeline(
        OneHotSequenceEncoder(
            analyzer="word", max_categories=10_000, handle_unknown="infrequent_if_exist"
        ),
        lstm(units=16, random_state=seed, epochs=3, schedule="cosine"),
    )
    return on_imdb(model)


def imdb_multi_hot(seed):
    """Which of 10,000 words occur, classified by a logistic regression."""
    model = make_pipeline(
        OneHotSequenceEncoder(
            analyzer="word",
            max_categories=10_000,
            handle_unknown="infrequent_if_exist",
            output="multi_hot",
        ),
        LogisticRegression(C=0.03, random_state=seed, max_iter=1000),
    )
    return on_imdb(model)


def imdb_bigrams(seed):
    """Weighted words and pairs of words, classified by a logistic regression."""
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        LogisticRegression(C=10, random_state=seed, max_iter=1000),
    )
    return on_imdb(model)


def on_imdb(model):
    X, y = fetch_imdb(return_X_y=True)
    X_test, y_test = fetch_imdb(subset="test", return_X_y=True)
    return {"accuracy": model.fit(X, y).score(X_test, y_test)}


def sequoia(seed):
    """The part of speech of every word, by a bidirectional LSTM."""
    model = make_pipeline(
        EmbeddingTokenizer(analyzer="tokens", lowercase=False),
        lstm(
            embedding=64, units=64, return_sequences=True, dropout=0.3, epochs=6, random_state=seed
        ),
    )
    model.fit(*fetch_sequoia(return_X_y=True))
    X, y = fetch_sequoia(subset="test", return_X_y=True)
    y, predicted = flatten_steps(y, model.predict(X))
    return {
        "accuracy": accuracy_score(y, predicted),
        "macro-F1": f1_score(y, predicted, average="macro"),
    }


def names(seed):
    """The language of a name, by a bidirectional LSTM on its characters."""
    model = make_pipeline(
        EmbeddingTokenizer(analyzer="char", lowercase=False),
        lstm(embedding=32, units=64, dropout=0.2, epochs=20, random_state=seed),
    )
    return on_names(model, seed)


def names_linear(seed):
    """The same by a logistic regression on weighted n-grams of characters."""
    model = make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), lowercase=False, sublinear_tf=True),
        LogisticRegression(C=30, max_iter=2000, random_state=seed),
    )
    return on_names(model, seed)


def on_names(model, seed):
    X, y = fetch_names(return_X_y=True)
    # Many names occur more than once, some in several languages: all are in the same fold.
    groups = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
    predicted = cross_val_predict(model, X, y, groups=X, cv=groups)
    return {
        "accuracy": accuracy_score(y, predicted),
        "macro-F1": f1_score(y, predicted, average="macro"),
    }


def sms(seed):
    """Whether a message is spam, by a bidirectional LSTM on its words and punctuation marks."""
    model = make_pipeline(
        EmbeddingTokenizer(token_pattern=WORDS_AND_MARKS),
        lstm(embedding=32, units=32, epochs=8, random_state=seed),
    )
    return on_sms(model, seed)


def sms_linear(seed):
    """The same by a logistic regression on weighted n-grams of characters."""
    model = make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True),
        LogisticRegression(C=30, max_iter=1000, random_state=seed),
    )
    return on_sms(model, seed)


def on_sms(model, seed):
    path = Path(os.environ["SKRNN_DATA"]) / "sms_spam" / "sms.tsv"
    table = pd.read_csv(path, sep="\t", quoting=3, names=["label", "text"])
    X, y = table["text"].tolist(), table["label"].to_numpy() == "spam"
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    predicted = cross_val_predict(model, X, y, cv=folds)
    return {"accuracy": accuracy_score(y, predicted), "F1 of spam": f1_score(y, predicted)}


TASKS = {
    task.__name__: task
    for task in (
        imdb_embedding,
        imdb_one_hot,
        imdb_multi_hot,
        imdb_bigrams,
        sequoia,
        names,
        names_linear,
        sms,
        sms_linear,
    )
}


def repeat(task, seeds):
    """Return the scores of a task with each seed, and seconds, in plain values."""
    scores, seconds = [], []
    for seed in seeds:
        begin = time.perf_counter()
        scores.append(task(seed))
        seconds.append(time.perf_counter() - begin)
    return {
        "seconds": seconds,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        **{name: [float(score[name]) for score in scores] for name in scores[0]},
    }


def line(name, result):
    """Return the result of a task as a line.

    Examples
    --------
    >>> line("names", {"seconds": [60.0], "peak_mib": 900.0, "accuracy": [0.8, 0.9]})
    'names: accuracy 0.8500 ± 0.0707; 60 s each, peak of the process 900 MiB'
    """
    scores = ", ".join(
        f"{score} {np.mean(values):.4f} ± {np.std(values, ddof=1) if len(values) > 1 else 0:.4f}"
        for score, values in result.items()
        if score not in ("seconds", "peak_mib")
    )
    seconds = np.mean(result["seconds"])
    return (
        f"{name}: {scores}; {seconds:.0f} s each, peak of the process {result['peak_mib']:.0f} MiB"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--json", type=Path, help="also write all results to this file")
    given = parser.parse_args()
    results = {}
    for name in given.only:
        results[name] = repeat(TASKS[name], given.seeds)
        print(line(name, results[name]), flush=True)
        if given.json:
            given.json.write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
