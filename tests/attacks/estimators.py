"""Small estimators of every kind that reads sequences, and what must hold for their results."""

from functools import cache

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.preprocessing import MaxAbsScaler

from skrnn import (
    EchoStateClassifier,
    EchoStateRegressor,
    RNNClassifier,
    RNNRegressor,
    Seq2SeqClassifier,
    Seq2SeqRegressor,
    TimeDistributed,
)
from skrnn.reservoir import LiquidStateMachine, Reservoir
from skrnn.sequences import check_sequences
from skrnn.sequences._columns import has_sequence_cells

from .values import sequences
from .verdicts import Fault, require_close

# One small architecture, so that its program is compiled once.
RNN = {"cell": "simple", "units": 4, "epochs": 2, "random_state": 0}
RESERVOIR = {"units": 8, "random_state": 0}
STEPS = {"return_sequences": True}

LENGTHS = (3, 5, 2, 5, 4, 1, 6, 3)


def numbers(batch):
    """Return one number per sequence."""
    return np.array([float(steps.sum()) + i for i, steps in enumerate(batch)])


def labels(batch):
    """Return one of two labels per sequence."""
    return np.resize(["a", "b"], len(batch))


def numbers_of_steps(batch):
    """Return one number per time step."""
    return [steps.sum(axis=1, dtype=float) + np.arange(len(steps)) for steps in batch]


def labels_of_steps(batch):
    """Return one of two labels per time step."""
    return [np.resize(["a", "b"], len(steps) + i)[i:] for i, steps in enumerate(batch)]


def tokens(batch):
    """Return one or two tokens per sequence."""
    return [["a", "b"][i % 2 :] for i in range(len(batch))]


def pairs_of_numbers(batch):
    """Return two time steps of one number per sequence."""
    return [np.array([one, -one]) for one in numbers(batch)]


def nothing(batch):
    """Return None, because a transformer needs no target."""


# name -> (estimator, the function that makes its targets)
ESTIMATORS = {
    "RNNClassifier": (RNNClassifier(**RNN), labels),
    "RNNRegressor": (RNNRegressor(**RNN), numbers),
    "RNNClassifier of steps": (RNNClassifier(**RNN, **STEPS), labels_of_steps),
    "RNNRegressor of steps": (RNNRegressor(**RNN, **STEPS), numbers_of_steps),
    "Seq2SeqClassifier": (Seq2SeqClassifier(**RNN, attention="luong"), tokens),
    "Seq2SeqRegressor": (Seq2SeqRegressor(**RNN), pairs_of_numbers),
    "EchoStateClassifier": (EchoStateClassifier(**RESERVOIR), labels),
    "EchoStateRegressor": (EchoStateRegressor(**RESERVOIR), numbers),
    "EchoStateClassifier of steps": (EchoStateClassifier(**RESERVOIR, **STEPS), labels_of_steps),
    "EchoStateRegressor of steps": (EchoStateRegressor(**RESERVOIR, **STEPS), numbers_of_steps),
    "Reservoir": (Reservoir(**RESERVOIR), nothing),
    "Reservoir with pooling": (Reservoir(**RESERVOIR, pooling="mean"), nothing),
    "LiquidStateMachine": (LiquidStateMachine(units=9, random_state=0), nothing),
    "TimeDistributed": (TimeDistributed(MaxAbsScaler()), nothing),
}
PREDICTORS = [name for name in ESTIMATORS if hasattr(ESTIMATORS[name][0], "predict")]
# Those with one target per sequence.
OF_SEQUENCES = [name for name in PREDICTORS if name.startswith(("RNN", "Echo"))]
OF_SEQUENCES = [name for name in OF_SEQUENCES if not name.endswith("of steps")]


def new(name):
    """Return an estimator that is not fitted, and the function that makes its targets."""
    estimator, make_targets = ESTIMATORS[name]
    return clone(estimator), make_targets


@cache
def _states():
    return {}


def fitted(name):
    """Return an estimator that was fitted to `LENGTHS`, and may be fitted again."""
    estimator, make_targets = new(name)
    batch = sequences(LENGTHS)
    if name not in _states():
        model = clone(estimator).fit(batch, make_targets(batch))
        _states()[name] = vars(model)
    estimator.__dict__.update(_states()[name])
    return estimator


def results(estimator, batch):
    """Return predictions, log-likelihoods or transformed sequences."""
    if isinstance(estimator, Seq2SeqRegressor):
        # Targets of several lengths leave those of predictions open.
        return estimator.predict(batch, lengths=2)
    methods = ("predict", "score_samples", "transform")
    return getattr(estimator, next(one for one in methods if hasattr(estimator, one)))(batch)


def as_list(found):
    """Return a table with sequences in its cells as a list of them, and other results unchanged."""
    is_table = isinstance(found, pd.DataFrame) or (
        found.__class__ is np.ndarray and found.ndim == 2
    )
    if is_table and has_sequence_cells(found):
        return list(check_sequences(found, dtype=[np.float64, np.float32]))
    return found


def require_consistent(estimator, batch):
    """Check predictions: finite, one per sequence, and the same alone, reversed and with others.

    Raises
    ------
    Fault
    """
    found = results(estimator, batch)
    require_close(found, found, "predictions")
    per_step = bool(estimator.get_params().get("return_sequences", False))
    per_step |= getattr(estimator, "pooling", "") is None and not hasattr(estimator, "predict")
    per_step |= isinstance(estimator, TimeDistributed)
    if per_step and any(len(one) != len(steps) for one, steps in zip(found, batch, strict=True)):
        raise Fault("not one prediction per time step")
    alone = [results(estimator, [steps])[0] for steps in batch]
    longer = np.resize(batch[0], (len(batch[0]) + 9, batch[0].shape[1]))
    for other, what in (
        (alone, "alone"),
        (results(estimator, batch[::-1])[::-1], "in reversed order"),
        (results(estimator, [*batch, longer])[: len(batch)], "with a longer sequence"),
    ):
        _require_equal(other, found, what)


def _require_equal(found, expected, what):
    # A label that is decided by rounding may change.
    if np.asarray(expected[0]).dtype.kind != "f":
        if len(found) != len(expected):
            raise Fault(f"{what}: {len(found)} predictions")
        return
    require_close(found, expected, what)
