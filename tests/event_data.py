"""Made events of numbers and categories, for the tests of mixed time steps."""

import numpy as np
import pandas as pd
from small_data import TINY

from skrnn import RNNClassifier

CODES = ("A", "B", "C", "D")


def make_events(n=30, seed=0, codes=CODES):
    """Return sequences of events as DataFrames, and whether the code B occurs in them."""
    rng = np.random.default_rng(seed)
    X = []
    for n_events in rng.integers(2, 6, n):
        events = {
            "code": rng.choice(codes, n_events),
            "amount": rng.normal(50, 10, n_events),
            "weekday": rng.integers(7, size=n_events),
        }
        X.append(pd.DataFrame(events))
    return X, np.array([int((frame["code"] == "B").any()) for frame in X])


def event_classifier(**parameters):
    """Return a small classifier of events."""
    fixed = {"categorical_features": ["code", "weekday"], "embedding": 2}
    return RNNClassifier(**{**TINY, "epochs": 2, **fixed, **parameters})
