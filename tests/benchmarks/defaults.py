"""Compares learning rates and numbers of epochs for the default estimator.

Scores are cross-validated on the training sets; the official test sets are not used. Run with
``python tests/benchmarks/defaults.py FOLDER``, the folder that holds ``ucr_uea``.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import RNNClassifier, RNNRegressor, TimeDistributed

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ucr import read_split

RATES, EPOCHS, SEEDS = (0.001, 0.003, 0.005, 0.01), (30, 60, 100), (0, 1)


def accuracy(X, y, **parameters):
    """Return the mean accuracy over seeds and five stratified folds."""
    scores = [
        cross_val_score(
            make_pipeline(
                TimeDistributed(StandardScaler()), RNNClassifier(random_state=seed, **parameters)
            ),
            X,
            y,
            cv=StratifiedKFold(5, shuffle=True, random_state=seed),
        )
        for seed in SEEDS
    ]
    return np.mean(scores)


def waves():
    """Return 200 waves around 3,000, and the next value of each."""
    rng = np.random.default_rng(0)
    phase, frequency = rng.uniform(0, 2 * np.pi, 200), rng.uniform(0.1, 0.5, 200)
    series = 3000 + 2000 * np.sin(phase[:, None] + frequency[:, None] * np.arange(31))
    return series[:, :-1], series[:, -1]


def determination(X, y, **parameters):
    """Return the mean R² over three folds."""
    model = make_pipeline(
        TimeDistributed(StandardScaler()), RNNRegressor(random_state=0, **parameters)
    )
    return cross_val_score(model, X, y, cv=KFold(3)).mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder / "ucr_uea"
    vowels, power = (read_split(folder, name) for name in ("JapaneseVowels", "ItalyPowerDemand"))
    print("rate    epochs  JapaneseVowels  ItalyPowerDemand  waves (R²)")
    for rate in RATES:
        for epochs in EPOCHS:
            chosen = {"learning_rate": rate, "epochs": epochs}
            scores = (
                accuracy(vowels[0], vowels[2], **chosen),
                accuracy(power[0], power[2], **chosen),
                determination(*waves(), **chosen),
            )
            print(f"{rate:<6}  {epochs:>6}  {scores[0]:14.3f}  {scores[1]:16.3f}  {scores[2]:.4f}")


if __name__ == "__main__":
    main()
