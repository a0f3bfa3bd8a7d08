"""Attacks on `fit` and `predict` of everything that reads sequences."""

from itertools import product

import numpy as np

from skrnn import Seq2SeqClassifier

from .estimators import (
    ESTIMATORS,
    LENGTHS,
    OF_SEQUENCES,
    PREDICTORS,
    as_list,
    fitted,
    new,
    require_consistent,
    results,
)
from .values import (
    BAD_CLASS_WEIGHTS,
    BAD_WEIGHTS,
    BAD_X,
    BAD_Y,
    EQUAL,
    LABELS,
    NUMBERS,
    RAGGED,
    WEIGHT_SCALES,
    sequences,
)
from .verdicts import (
    Fault,
    argument_names,
    fit_or_refuse,
    refused,
    require_close,
    unchanged,
)


def containers():
    """Yield attacks: every container of the same sequences gives the same fit and predictions."""
    for name in ESTIMATORS:
        for batch, kinds in ((sequences(LENGTHS), RAGGED), (sequences([4] * 6), EQUAL)):
            for kind, convert in kinds.items():
                yield f"{name}: {kind} of {len(batch)}", _same_fit, (name, batch, convert)


def _same_fit(name, batch, convert):
    plain, make_targets = new(name)
    other = new(name)[0]
    y = make_targets(batch)
    plain.fit(batch, y)
    given = convert(batch)
    if fit_or_refuse(other, given, y):
        raise Fault("a right container was refused")
    with unchanged(given):
        found = results(other, given)
    require_close(as_list(found), results(plain, batch), "another container")


# These compute in float64, and scalers accept missing values.
_ACCEPTED = {
    "LiquidStateMachine": {"too large for float32"},
    "TimeDistributed": {"too large for float32", "NaN", "None in a step", "pandas NA"},
}


def bad_inputs():
    """Yield attacks: what is not a batch of finite sequences is refused by `fit` and `predict`."""
    batch = sequences(LENGTHS)
    for name, kind in product(ESTIMATORS, BAD_X):
        if kind not in _ACCEPTED.get(name, ()):
            spoil = BAD_X[kind]
            # Values of any scale are standardised.
            if kind != "too large for float32" or "standardize" not in new(name)[0].get_params():
                yield f"{name}.fit: {kind}", _refuse_fit, (name, batch, spoil)
            yield f"{name}.predict: {kind}", _refuse_predict, (name, batch, spoil)


def _refuse_fit(name, batch, spoil):
    estimator, y = fitted(name), new(name)[1](batch)
    if not fit_or_refuse(estimator, spoil(batch), y):
        raise Fault("was accepted")


def _refuse_predict(name, batch, spoil):
    estimator = fitted(name)
    given = spoil(batch)
    with unchanged(given):
        is_refused, found = refused(lambda: results(estimator, given), argument_names(estimator))
    if not is_refused:
        raise Fault(f"was accepted, with the result {found!r:.100}")


def later_inputs():
    """Yield attacks: invalid sequences for the methods that continue a fit, and for validation."""
    batch = sequences(LENGTHS)
    for name, kind in product(PREDICTORS, BAD_X):
        methods = ["partial_fit", "update"] if name.startswith("Echo") else ["partial_fit", "X_val"]
        for method in methods:
            yield f"{name}.{method}: {kind}", _refuse_later, (name, method, batch, BAD_X[kind])


def _refuse_later(name, method, batch, spoil):
    estimator, y = fitted(name), new(name)[1](batch)
    if method == "X_val":
        is_refused = fit_or_refuse(estimator, batch, y, X_val=spoil(batch), y_val=y)
    else:
        is_refused = fit_or_refuse(estimator, spoil(batch), y, method=method)
    if not is_refused:
        raise Fault("was accepted")


def predictions():
    """Yield attacks: predictions are the same alone, in any order and next to longer sequences."""
    for name in ESTIMATORS:
        for lengths in ((1,), (1, 1, 1), (2, 40), (300, 1), LENGTHS):
            yield f"{name}: lengths {lengths}", _predict_consistently, (name, lengths)


def _predict_consistently(name, lengths):
    require_consistent(fitted(name), sequences(lengths, seed=1))


# Every row of these is a target sequence.
_SEQUENCES_OF_TARGETS = {
    "Seq2SeqClassifier": {"ragged"},
    "Seq2SeqRegressor": {"3-D", "a list in it", "ragged"},
}


def targets():
    """Yield attacks: targets in every container, and what is not a target."""
    batch = sequences(LENGTHS)
    for name in OF_SEQUENCES:
        for kind, convert in (LABELS if name.endswith("Classifier") else NUMBERS).items():
            yield f"{name}: {kind}", _same_fit_of_targets, (name, batch, convert)
    for name in ESTIMATORS:
        if new(name)[1](batch) is not None:
            right = _SEQUENCES_OF_TARGETS.get(name, set())
            if name.startswith(("RNNClassifier", "EchoStateClassifier")):
                right = {"datetimes"}  # they are labels like others
            for kind, spoil in BAD_Y.items():
                if kind not in right:
                    yield f"{name}: {kind}", _refuse_targets, (name, batch, spoil)


def _same_fit_of_targets(name, batch, convert):
    plain, make_targets = new(name)
    other, y = new(name)[0], make_targets(batch)
    plain.fit(batch, y)
    if fit_or_refuse(other, batch, convert(y)):
        raise Fault("right targets were refused")
    require_close(results(other, batch), results(plain, batch), "another container of y", 1e-3)


def _refuse_targets(name, batch, spoil):
    estimator = fitted(name)
    if not fit_or_refuse(estimator, batch, spoil(new(name)[1](batch))):
        raise Fault("was accepted")


def weights():
    """Yield attacks: the scale of weights is irrelevant, and wrong weights are refused."""
    batch = sequences(LENGTHS)
    for name in [*OF_SEQUENCES, "Seq2SeqClassifier", "Seq2SeqRegressor"]:
        for scale in WEIGHT_SCALES:
            yield f"{name}: weights times {scale}", _same_fit_of_weights, (name, batch, scale)
    for name in ESTIMATORS:
        if new(name)[1](batch) is not None:
            for kind, make in BAD_WEIGHTS.items():
                yield f"{name}: {kind}", _refuse_weights, (name, batch, make)
            if "class_weight" in new(name)[0].get_params():
                for kind, value in BAD_CLASS_WEIGHTS.items():
                    yield f"{name}: class_weight {kind}", _refuse_class_weight, (name, batch, value)


def _same_fit_of_weights(name, batch, scale):
    plain, make_targets = new(name)
    scaled, y = new(name)[0], make_targets(batch)
    # The penalty of a ridge regression is relative to the weights, so it is scaled with them.
    if "alpha" in plain.get_params():
        plain.set_params(alpha=1.0)
        scaled.set_params(alpha=scale)
    by_sequence = np.arange(1.0, len(batch) + 1)
    plain.fit(batch, y, sample_weight=by_sequence)
    if fit_or_refuse(scaled, batch, y, sample_weight=by_sequence * scale):
        if not 1e-30 < scale < 1e30:
            return
        raise Fault("right weights were refused")
    found, expected = (_responses(model, batch, y) for model in (scaled, plain))
    require_close(found, expected, "other scale", 1e-3)


def _responses(model, batch, y):
    """Return probabilities if an estimator has them, and otherwise predictions."""
    if isinstance(model, Seq2SeqClassifier):
        return model.predict_proba(batch, y)
    return model.predict_proba(batch) if hasattr(model, "predict_proba") else results(model, batch)


def _refuse_weights(name, batch, make):
    estimator, make_targets = fitted(name), new(name)[1]
    if not fit_or_refuse(estimator, batch, make_targets(batch), sample_weight=make(len(batch))):
        raise Fault("was accepted")


def _refuse_class_weight(name, batch, value):
    estimator, make_targets = fitted(name), new(name)[1]
    estimator.set_params(class_weight=value)
    if not fit_or_refuse(estimator, batch, make_targets(batch)):
        raise Fault("was accepted")


ATTACKS = {
    "Containers, dtypes and memory layouts of sequences": containers,
    "Invalid sequences, for `fit` and `predict`": bad_inputs,
    "Invalid sequences, for `partial_fit`, `update` and `X_val`": later_inputs,
    "Predictions alone, in another order, next to longer sequences": predictions,
    "Containers of targets, and invalid targets": targets,
    "Scales of weights, and invalid weights": weights,
}
