"""Accuracy of the default classifier on real sequences, compared with two models on flat tables.

Run with ``python tests/benchmarks/accuracy.py``; the environment variable SKRNN_DATA names the
folder that holds ``ucr_uea``. The digits come with scikit-learn.
"""

import os
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skrnn import RNNClassifier, TimeDistributed
from skrnn.sequences import to_padded

DIGITS = "digits, 5 folds"
OFFICIAL = ("JapaneseVowels", "ItalyPowerDemand")


def flatten(X, length):
    """Return a table with one row per sequence, padded with zeros to one length."""
    return to_padded(X, value=0.0, length=length).reshape(len(X), -1)


def models(length):
    """Return the models by name, each behind the same scaling per step."""
    flat = FunctionTransformer(flatten, kw_args={"length": length})
    return {
        "RNNClassifier": [RNNClassifier(random_state=0)],
        "logistic regression": [flat, LogisticRegression(max_iter=2000)],
        "1-nearest-neighbour": [flat, KNeighborsClassifier(1)],
    }


def compare(score, X):
    """Return (accuracy, seconds) of each model by name."""
    results = {}
    for name, steps in models(max(map(len, X))).items():
        model = make_pipeline(TimeDistributed(StandardScaler()), *steps)
        begin = time.perf_counter()
        results[name] = (float(score(model)), time.perf_counter() - begin)
    return results


def table_of_digits():
    """Return results on 8x8 images read row by row, as means of five stratified folds."""
    X, y = load_digits().images, load_digits().target
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    return compare(lambda model: np.mean(cross_val_score(model, X, y, cv=folds)), X)


def table_of_split(X_train, X_test, y_train, y_test):
    """Return results on the test part of a data set, for models fitted on its training part."""
    return compare(
        lambda model: model.fit(X_train, y_train).score(X_test, y_test), [*X_train, *X_test]
    )


def table(results):
    """Return the results of one data set as the lines of a table.

    Examples
    --------
    >>> print(table({"RNNClassifier": (0.9512, 12.34)}))
    RNNClassifier         0.951     12.3 s
    """
    return "\n".join(
        f"{name:<20}  {accuracy:.3f}  {seconds:>7.1f} s"
        for name, (accuracy, seconds) in results.items()
    )


def main():
    """Print the table of every data set that is found."""
    # The reader is in the folder above that of this script.
    sys.path.append(str(Path(__file__).parents[1]))
    from ucr import read_split

    print(f"{DIGITS}\n{table(table_of_digits())}")
    folder = Path(os.environ.get("SKRNN_DATA", ".")) / "ucr_uea"
    for name in OFFICIAL:
        if (folder / f"{name}_TRAIN.ts").exists():
            print(f"{name}\n{table(table_of_split(*read_split(folder, name)))}")
        else:
            print(f"{name}: not found in {folder}")


if __name__ == "__main__":
    main()
