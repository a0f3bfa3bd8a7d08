"""Search for the parameters of a recurrent classifier from the command line.

The script compares all combinations of the given parameters in a cross-validation, next to a linear
model of the mean of each sequence. It writes one row per candidate to a CSV file, and draws
them::

    python tune_classifier.py --cell lstm gru --units 16 32 --output results.csv

The data are scikit-learn's digits, read row by row, or two files of your own: ``--sequences`` is an
array of shape (n_sequences, n_time_steps, n_features) in NumPy's format ``.npy``, and ``--labels``
an array of one label per sequence.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skrnn import RNNClassifier

GRID = ("cell", "units", "learning_rate", "dropout")
BASELINE = "mean of each sequence, logistic regression"


def parse_arguments(arguments=None):
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--sequences", type=Path, help="file of sequences (.npy)")
    parser.add_argument("--labels", type=Path, help="file of labels (.npy)")
    parser.add_argument("--cell", nargs="+", default=["lstm", "gru"], help="cells to compare")
    parser.add_argument("--units", nargs="+", type=int, default=[16, 32], help="sizes to compare")
    parser.add_argument("--learning-rate", nargs="+", type=float, default=[0.005, 0.01])
    parser.add_argument("--dropout", nargs="+", type=float, default=[0.0])
    parser.add_argument("--epochs", type=int, default=10, help="epochs of each fit")
    parser.add_argument("--folds", type=int, default=3, help="folds of the cross-validation")
    parser.add_argument("--jobs", type=int, default=1, help="number of processes")
    parser.add_argument("--seed", type=int, default=0, help="seed of the folds and the networks")
    parser.add_argument("--output", type=Path, default=Path("results.csv"), help="CSV file")
    given = parser.parse_args(arguments)
    if (given.sequences is None) != (given.labels is None):
        parser.error("--sequences and --labels must be given together")
    return given


def load_data(sequences, labels):
    """Return X and y from two files, or the digits if there are none."""
    if sequences is None:
        digits = load_digits()
        return digits.images, digits.target
    return np.load(sequences), np.load(labels)


def search_networks(X, y, folds, given):
    """Return one row per candidate of the grid, with its scores on the folds."""
    network = RNNClassifier(epochs=given.epochs, random_state=given.seed)
    grid = {name: getattr(given, name) for name in GRID}
    search = GridSearchCV(network, grid, cv=folds, n_jobs=given.jobs, refit=False).fit(X, y)
    results = search.cv_results_
    rows = pd.DataFrame(results["params"])[list(GRID)]
    rows.insert(0, "candidate", rows.astype(str).agg(", ".join, axis=1))
    return rows.assign(
        mean_accuracy=results["mean_test_score"],
        std_accuracy=results["std_test_score"],
        seconds_per_fit=results["mean_fit_time"],
    )


def score_baseline(X, y, folds):
    """Return the row of the linear model of the mean of each sequence."""
    model = make_pipeline(
        FunctionTransformer(lambda sequences: sequences.mean(axis=1)),
        StandardScaler(),
        LogisticRegression(max_iter=1000),
    )
    scores = cross_val_score(model, X, y, cv=folds)
    return {
        "candidate": BASELINE,
        "mean_accuracy": scores.mean(),
        "std_accuracy": scores.std(),
    }


def draw(table, path):
    """Draw the mean accuracy of each row and its standard deviation."""
    figure, ax = plt.subplots(figsize=(8, 1.5 + 0.35 * len(table)), layout="constrained")
    ax.errorbar(
        table["mean_accuracy"],
        table["candidate"],
        xerr=table["std_accuracy"],
        fmt="o",
        color="#0072B2",
        capsize=3,
    )
    ax.invert_yaxis()
    ax.grid(axis="x", color="0.9")
    ax.set(xlabel="Accuracy (mean and standard deviation of the folds)", ylabel=", ".join(GRID))
    ax.set_title("Candidates, from the best to the worst")
    figure.savefig(path, dpi=150)
    plt.close(figure)


def main(arguments=None):
    """Run the search, write its results and draw them."""
    given = parse_arguments(arguments)
    X, y = load_data(given.sequences, given.labels)
    folds = StratifiedKFold(given.folds, shuffle=True, random_state=given.seed)
    table = search_networks(X, y, folds, given)
    table = pd.concat([table, pd.DataFrame([score_baseline(X, y, folds)])])
    table = table.sort_values("mean_accuracy", ascending=False, ignore_index=True)
    table.to_csv(given.output, index=False)
    draw(table, given.output.with_suffix(".png"))
    print(table[["candidate", "mean_accuracy", "std_accuracy"]].round(3).to_string(index=False))
    print(f"Wrote {given.output} and {given.output.with_suffix('.png')}")


if __name__ == "__main__":
    main()
