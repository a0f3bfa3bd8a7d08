"""An unexpected value is used, or raises an error that skrnn or scikit-learn has written for it.

An error from inside NumPy, pandas or SciPy does not state which argument is wrong.
"""

import traceback
import warnings

import numpy as np
import pytest
from awkward_values import ROWS, TABLE, TIMES, N, awkward_values
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from skrnn.datasets import make_ladybug, make_mackey_glass
from skrnn.forecasting import (
    PersistenceForecaster,
    SeasonalNaiveForecaster,
    SlidingWindowForecaster,
    make_windows,
)
from skrnn.metrics import flatten_steps, mase, sequence_accuracy_score
from skrnn.model_selection import train_dev_test_split
from skrnn.preprocessing import (
    EmbeddingTokenizer,
    Interpolator,
    OneHotSequenceEncoder,
    SlidingWindow,
    TimeDistributed,
    regularize,
)
from skrnn.reservoir import EchoStateRegressor, Reservoir

# Files whose errors are written for users.
OURS = ("/skrnn/", "/sklearn/")
SEQUENCES = [ROWS, ROWS[:9], ROWS[:7]]
TEXTS = ["a fine film", "no film"]
LABELS = [["a", "b"], ["b"]]
COVARIATES = TABLE.set_axis(TIMES)


def of_estimator(estimator, X, parameters=()):
    """Return the calls of a transformer that receive X or a parameter, by name."""
    fitted = clone(estimator).fit(X)
    calls = {
        "fit": lambda value: clone(estimator).fit(value),
        "transform": fitted.transform,
        **{name: _with_parameter(estimator, name, X) for name in parameters},
    }
    return {f"{type(estimator).__name__}-{name}": call for name, call in calls.items()}


def _with_parameter(estimator, name, *data):
    others = {k: v for k, v in estimator.get_params(deep=False).items() if k != name}
    return lambda value: type(estimator)(**others, **{name: value}).fit(*data)


def of_forecasters():
    forecaster = SlidingWindowForecaster(Ridge(), window_length=3)
    fitted, planned = clone(forecaster).fit(TABLE), clone(forecaster).set_params(known_future="b")
    planned.fit(COVARIATES, COVARIATES["a"])
    last = PersistenceForecaster().fit(TABLE)
    parameters = ("estimator", "window_length", "horizon", "known_future", "calibration_size")
    return {
        "forecaster-fit X": lambda value: clone(forecaster).fit(value),
        "forecaster-fit y": lambda value: clone(forecaster).fit(TABLE, value),
        "forecaster-series_id": lambda value: clone(forecaster).fit(TABLE, series_id=value),
        "forecaster-predict": fitted.predict,
        "forecaster-forecast": lambda value: fitted.forecast(2, value),
        "forecaster-n_steps": fitted.forecast,
        "forecaster-X_future": lambda value: planned.forecast(2, X_future=value),
        "forecaster-score y": lambda value: fitted.score(TABLE, value),
        "forecaster-backtest cv": lambda value: last.backtest(TABLE, cv=value),
        **{f"forecaster-{name}": _with_parameter(forecaster, name, TABLE) for name in parameters},
        "period": lambda value: SeasonalNaiveForecaster(value).fit(TABLE),
        "make_windows-times": lambda value: make_windows(ROWS, window_length=3, times=value),
        "make_windows-stride": lambda value: make_windows(ROWS, window_length=3, stride=value),
    }


def of_transformers():
    return {
        **of_estimator(SlidingWindow(3), TABLE, ["window_length"]),
        **of_estimator(Interpolator(), TABLE, ["method", "limit"]),
        **of_estimator(TimeDistributed(StandardScaler()), SEQUENCES, ["transformer"]),
        **of_estimator(EmbeddingTokenizer(), TEXTS, ["vocabulary", "stop_words", "token_pattern"]),
        **of_estimator(OneHotSequenceEncoder(), LABELS, ["categories", "dtype"]),
        "vectors": EmbeddingTokenizer().fit(TEXTS).embedding_matrix,
        "regularize": lambda value: regularize(value, "h"),
        "regularize-freq": lambda value: regularize(COVARIATES, value),
    }


def of_functions():
    y = np.arange(5.0)
    given = {"y_true": y, "y_pred": y + 1, "y_train": y}
    return {
        **{
            f"mase-{name}": lambda value, name=name: mase(**{**given, name: value})
            for name in (*given, "period", "sample_weight", "multioutput")
        },
        "sequence_accuracy-y_true": lambda value: sequence_accuracy_score(value, LABELS),
        "sequence_accuracy-weight": lambda value: sequence_accuracy_score(
            LABELS, LABELS, sample_weight=value
        ),
        "flatten_steps": flatten_steps,
        "split-groups": lambda value: train_dev_test_split(ROWS, groups=value),
        "split-dev_size": lambda value: train_dev_test_split(ROWS, dev_size=value),
        "make_ladybug-step": lambda value: make_ladybug(9, step=value),
        "make_mackey_glass-gamma": lambda value: make_mackey_glass(9, gamma=value),
    }


def of_reservoirs():
    reservoir = Reservoir(units=4, random_state=0)
    rows = EchoStateRegressor(units=4, rows="steps", random_state=0)
    fitted = clone(rows).fit(ROWS, ROWS[:, 0])
    parameters = ("topology", "input_weights", "input_scaling", "leak_rate", "activation")
    return {
        **of_estimator(reservoir, SEQUENCES, parameters),
        "echo state-fit X": lambda value: clone(rows).fit(value, ROWS[:, 0]),
        "echo state-predict": fitted.predict,
        "echo state-alpha": _with_parameter(rows, "alpha", ROWS, ROWS[:, 0]),
    }


CALLS = of_forecasters() | of_transformers() | of_functions() | of_reservoirs()
# A function of other arguments raises its own error, and a missing file that of the system.
# Without an estimator, a network would be trained.
NOT_OURS = {
    "forecaster-estimator": {"None"},
    "Reservoir-activation": {"class"},
    "Reservoir-topology": {"class", "function"},
    "Reservoir-input_weights": {"class", "function"},
    "vectors": {"text", "no text", "path"},
}


def is_written_for_users(error):
    """Return whether an error is of a kind that is documented, and raised by a check."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    raised = last.line.startswith("raise") or "/sklearn/" in last.filename
    ours = any(folder in last.filename for folder in OURS)
    return isinstance(error, TypeError | ValueError) and ours and raised


@pytest.mark.parametrize("name", CALLS)
def test_awkward_value(name):
    raw = []
    for what, value in awkward_values().items():
        if what in NOT_OURS.get(name, ()):
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                CALLS[name](value)
        except Exception as error:
            if not is_written_for_users(error):
                raw.append(f"{what}: {type(error).__name__}: {str(error)[:100]}")
    assert not raw, "\n".join(raw)


def test_awkward_values_are_many():
    assert len(awkward_values()) >= 100
    assert N == len(ROWS)
