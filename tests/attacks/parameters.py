"""Attacks on parameters: each one in turn gets values that are wrong, or strange but right."""

from itertools import product

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.linear_model import LinearRegression

from skrnn import SequenceGenerator
from skrnn.forecasting import (
    DriftForecaster,
    PersistenceForecaster,
    SeasonalNaiveForecaster,
    SlidingWindowForecaster,
)
from skrnn.preprocessing import (
    EmbeddingTokenizer,
    Interpolator,
    OneHotSequenceEncoder,
    SlidingWindow,
)

from .estimators import ESTIMATORS, LENGTHS, RNN, fitted, new, results
from .values import PARAMETERS, sequences
from .verdicts import Fault, learned, refused

TABLE = np.arange(80.0).reshape(40, 2) % 7
SYMBOLS = [["a", "b", "a"], ["b"], ["c", "a"]]
TEXTS = ["one fine film", "no film", "two fine films"]

# name -> (estimator, its data)
OTHERS = {
    "SlidingWindowForecaster": (
        SlidingWindowForecaster(LinearRegression(), window_length=3),
        TABLE,
    ),
    "PersistenceForecaster": (PersistenceForecaster(), TABLE),
    "SeasonalNaiveForecaster": (SeasonalNaiveForecaster(2), TABLE),
    "DriftForecaster": (DriftForecaster(), TABLE),
    "Interpolator": (Interpolator(), TABLE),
    "SlidingWindow": (SlidingWindow(3), TABLE),
    "OneHotSequenceEncoder": (OneHotSequenceEncoder(), SYMBOLS),
    "EmbeddingTokenizer": (EmbeddingTokenizer(), TEXTS),
    "EmbeddingTokenizer of subwords": (EmbeddingTokenizer(analyzer="bpe"), TEXTS),
    "SequenceGenerator": (SequenceGenerator(**RNN), TEXTS),
}
# A number of processes is not limited, and an amount of output is only printed.
_LEFT_OUT = {"n_jobs", "verbose"}
# These accept a function, whose own errors are not turned into others.
_MAY_BE_FUNCTIONS = {
    *("activation", "body", "loss", "metrics", "optimizer", "cell", "topology", "input_weights"),
    *("analyzer", "strip_accents"),
}


def of_sequences():
    """Yield attacks on the parameters of the estimators of sequences."""
    for name, (estimator, _) in ESTIMATORS.items():
        # Those of steps have the same parameters.
        if not name.endswith("of steps"):
            for parameter, kind in _values(estimator):
                yield f"{name}: {parameter}={kind}", _change, (name, parameter, PARAMETERS[kind])


def of_others():
    """Yield attacks on the parameters of forecasters, transformers and generators of sequences."""
    for name, (estimator, _) in OTHERS.items():
        for parameter, kind in _values(estimator):
            yield f"{name}: {parameter}={kind}", _change_other, (name, parameter, PARAMETERS[kind])


def _values(estimator):
    for parameter, kind in product(estimator.get_params(deep=False), PARAMETERS):
        is_function = parameter in _MAY_BE_FUNCTIONS and callable(PARAMETERS[kind])
        if parameter not in _LEFT_OUT and not is_function:
            yield parameter, kind


def _change(name, parameter, value):
    estimator, batch = fitted(name), sequences(LENGTHS)
    y = new(name)[1](batch)
    _set_and_fit(estimator, parameter, value, batch, y)


def _change_other(name, parameter, value):
    estimator, data = OTHERS[name]
    estimator = clone(estimator).fit(data)
    _set_and_fit(estimator, parameter, value, data, None)


def _set_and_fit(estimator, parameter, value, data, y):
    estimator.set_params(**{parameter: value})
    before = learned(estimator)
    # Either the parameter or the data that do not go with it are named.
    names = {parameter, "X", "y"}
    is_refused, error = refused(lambda: estimator.fit(data, y), names)
    if is_refused:
        after = learned(estimator)
        if after.keys() != before.keys() or any(after[n] is not before[n] for n in after):
            raise Fault(f"the fitted state changed although {error!r} was raised")
        return
    is_refused, found = refused(lambda: results(estimator, data), names)
    if not is_refused:
        _require_finite(found)


def _require_finite(found):
    parts = found if isinstance(found, list | tuple) else [found]
    for part in parts:
        array = part.toarray() if hasattr(part, "toarray") else np.asarray(part)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise Fault(f"the parameter was accepted, and a result is {array}")


def of_methods():
    """Yield attacks on the arguments of the methods of forecasters."""
    for name, value in product(("forecast", "forecast_interval"), PARAMETERS):
        yield f"{name}({value})", _call, (name, {"n_steps": PARAMETERS[value]})
    for name, value in product(("predict_interval", "forecast_interval"), PARAMETERS):
        data = {"X": TABLE} if name == "predict_interval" else {}
        yield f"{name}(coverage={value})", _call, (name, {**data, "coverage": PARAMETERS[value]})
    for value in PARAMETERS:
        yield f"backtest(cv={value})", _call, ("backtest", {"X": TABLE, "cv": PARAMETERS[value]})
        yield (
            f"fit(series_id={value})",
            _call,
            ("fit", {"X": TABLE, "series_id": PARAMETERS[value]}),
        )


def _call(name, keywords):
    model = SlidingWindowForecaster(
        LinearRegression(), window_length=3, horizon=2, calibration_size=0.4
    ).fit(TABLE)
    method = getattr(model, name)
    given = next(reversed(keywords))
    is_refused, found = refused(lambda: method(**keywords), {given, "X", "y", "horizon"})
    if not is_refused and isinstance(found, np.ndarray | pd.DataFrame):
        _require_finite(np.asarray(found, dtype=float))


ATTACKS = {
    "Parameters of estimators of sequences, each in turn": of_sequences,
    "Parameters of forecasters, transformers and generators, each in turn": of_others,
    "Arguments of the methods of forecasters": of_methods,
}
