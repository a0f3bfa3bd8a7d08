"""Invalid sequences and targets: each kind has its own error, raised before a network is used."""

import numpy as np
import pandas as pd
import pytest
from fitted_models import (
    CUBE,
    IDS,
    LABELS,
    MODELS,
    RAGGED_TAGS,
    TABLE,
    TAGS,
    N,
    X,
    Y,
    fitted,
    labels,
    refused,
    replaced,
    unchanged,
    with_value,
)
from scipy import sparse

from skrnn import check_sequences


def dated():
    return pd.DataFrame(CUBE[:, 0], index=pd.date_range("2020", periods=N))


# What is wrong: the model, the batch, and the type and message of the error.
BAD_SEQUENCES = {
    "no samples in a list": ("classifier", [], ValueError, r"0 sample.*X must hold at least one"),
    "no samples in an array": ("classifier", CUBE[:0], ValueError, r"0 sample.*shape=\(0, 2, 2\)"),
    "no samples in Sequences": (
        "classifier", check_sequences(X)[:0], ValueError, "0 sample.*X must hold at least one"),
    "an empty sequence": (
        "classifier", replaced(X, 3, X[3][:0]), ValueError, r"X\[3\] is an empty sequence"),
    "no steps in an array": ("classifier", CUBE[:, :0], ValueError, r"X\[0\] is an empty sequence"),
    "no features": ("classifier", CUBE[:, :, :0], ValueError, "0 feature.*minimum of 1"),
    "NaN": ("classifier", with_value(np.nan), ValueError, r"X contains NaN.*X\[3\]"),
    "NaN in a table": ("table", np.where(TABLE == TABLE[5], np.nan, TABLE), ValueError,
                       r"X contains NaN.*X\[5\]"),
    "infinity": ("classifier", with_value(np.inf), ValueError, r"X contains infinity.*X\[3\]"),
    "minus infinity": ("classifier", with_value(-np.inf), ValueError, r"X contains infinity"),
    "a number beyond float32": (
        "not scaled", with_value(1e300), ValueError, r"too large for .*float32.*X\[3\]"),
    "masked values": (
        "classifier", np.ma.array(CUBE, mask=CUBE > 1), ValueError, "X is a masked array"),
    "features that differ": ("classifier", replaced(X, 3, X[3][:, :1]), ValueError,
                             r"X\[0\] has 2 feature.*X\[3\] has 1"),
    "dimensions that differ": ("classifier", replaced(X, 3, X[3][:, 0]), ValueError,
                               r"X\[0\] has 2 dimension.*X\[3\] has 1"),
    "four dimensions": (
        "classifier", CUBE[None], ValueError, r"X has 4 dimensions .*expected \(n_sequences"),
    "one series": ("classifier", X[0][:, 0], ValueError, r"1-D array.*Reshape.*\[X\]"),
    "a list of numbers": ("classifier", [1.0, 2.0, 3.0], ValueError, r"X\b.*\[X\]"),
    "a number": ("classifier", 3.0, ValueError, "got a scalar: X=3.0"),
    "None": ("classifier", None, TypeError, "X must be a batch of sequences, got NoneType"),
    "dict": ("classifier", {"a": X[0]}, TypeError, "X must be a batch of sequences, got dict"),
    "a string": ("classifier", "sequence", TypeError, "X must be a batch of sequences, got str"),
    "a list of strings": ("classifier", ["ab", "cd"], ValueError, r"X.* holds strings"),
    "strings in an array": ("classifier", CUBE.astype(str), ValueError, "X holds strings"),
    "strings among objects": (
        "classifier", with_value("1.5", object), ValueError, r"X\[3\] holds strings"),
    "None among steps": ("classifier", replaced(X, 3, None), (TypeError, ValueError), r"X\[3\]"),
    "dicts among steps": (
        "classifier", with_value({}, object), TypeError, r"X\[3\] holds something"),
    "objects as sequences": ("classifier", [object(), object()], (TypeError, ValueError), "X"),
    "lists nested too deeply": (
        "classifier", replaced(X, 3, [[[1.0], [2, 3]]]), (TypeError, ValueError), r"X\[3\]"),
    "a sparse matrix": (
        "classifier", sparse.csr_matrix(CUBE[:, 0]), TypeError, "X is a sparse matrix.*list of"),
    "a table with a DatetimeIndex": ("classifier", dated(), ValueError, r"one series.*pass \[X\]"),
    "a series with a DatetimeIndex": (
        "classifier", dated()[0], ValueError, r"one series.*pass \[X\]"),
    "a table with words": ("classifier", pd.DataFrame({"a": [1.0, 2], "b": ["x", "y"]}),
                           ValueError, "X has columns that do not hold numbers: 'b'"),
    "complex numbers": (
        "classifier", CUBE * 1j, ValueError, "Complex data not supported: X holds complex128"),
    "times": ("classifier", CUBE.astype("M8[s]"), ValueError, r"X holds datetime64\[s\] values"),
    "token ids": ("classifier", check_sequences(IDS, tokens=True), ValueError,
                  "X holds integer codes.*expected time steps of numbers"),
    "float token ids": (
        "words", [ids.astype(float) for ids in IDS], ValueError, "must be integers, got float64"),
    "boolean token ids": ("words", [ids > 3 for ids in IDS], ValueError, "must be integers"),
    "negative ids": ("words", replaced(IDS, 3, np.array([4, -2])), ValueError,
                     r"X\[3\] holds -2; token ids must not be negative"),
    "huge ids": ("words", replaced(IDS, 3, np.array([2**40])), ValueError, r"X\[3\] holds 109951"),
    "three dimensions of ids": ("words", CUBE.astype(int), ValueError,
                                r"X has time steps of 2 feature.*expected token ids"),
    "words as strings": ("words", [["a", "b"], ["c"]], ValueError, "holds strings.*integers"),
    "numeric Sequences for ids": ("words", check_sequences(X), ValueError, "expected token ids"),
    "an empty sentence": ("words", replaced(IDS, 3, []), ValueError, r"X\[3\] is an empty"),
    "no sentences": ("words", [], ValueError, "0 sample"),
    "ids beyond the vectors": ("vectors", replaced(IDS, 3, np.array([2, 12])), ValueError,
                               r"X has token id 12, but the embedding matrix has 12 rows"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", BAD_SEQUENCES)
def test_rnn_fit_and_predict_refuse_invalid_sequences(wrong):
    kind, batch, error, match = BAD_SEQUENCES[wrong]
    model, good = fitted(kind), MODELS[kind][1]
    y = LABELS if sparse.issparse(batch) or not hasattr(batch, "__len__") else labels(len(batch))
    with unchanged(model, good):
        with refused(error, match):
            model.predict(batch)
        with refused(error, match):
            model.fit(batch, y)


@pytest.mark.parametrize(
    ("kind", "batch", "match"),
    [
        ("classifier", [steps[:, :1] for steps in X], "X has 1 features.*expecting 2 features"),
        ("classifier", np.dstack([CUBE, CUBE]), "X has 4 features.*expecting 2 features"),
        ("classifier", TABLE, "X has 1 features.*expecting 2 features"),
        ("table", TABLE[:, :1], "X has 1 features.*expecting 2 features"),
        ("table", CUBE, "X has 2 features.*expecting 1 feature"),
    ],
)
def test_rnn_refuses_other_features_than_in_fit(kind, batch, match):
    model, good = fitted(kind), MODELS[kind][1]
    calls = [model.predict, model.predict_proba, model.hidden_states]
    with unchanged(model, good):
        for call in calls:
            with refused(ValueError, match):
                call(batch)
        with refused(ValueError, match):
            model.partial_fit(batch, LABELS)
        with refused(ValueError, match.replace("X", "X_val")):
            model.fit(good, LABELS, X_val=batch, y_val=LABELS)


# --- targets ----------------------------------------------------------------------------------

HOLE = np.where(np.arange(N) == 3, np.nan, Y)
BAD_TARGETS = {
    "no labels": ("classifier", None, "requires y to be passed, but the target y is None"),
    "no numbers": ("regressor", None, "requires y to be passed, but the target y is None"),
    "too few labels": ("classifier", LABELS[:-2], "X has 12 sequences, y has 10"),
    "too many numbers": ("regressor", np.append(Y, 1), "X has 12 sequences, y has 13"),
    "one class": ("classifier", ["no"] * N, "at least 2 classes, got 1 class: 'no'"),
    "numbers for a classifier": ("classifier", Y, "Unknown label type: continuous"),
    "NaN for a classifier": ("classifier", np.where(Y > 1, np.nan, 1.0), "y contains NaN"),
    "None among labels": (
        "classifier", np.array(["no", "yes", None] * 4, dtype=object), "y.*(None|missing|NaN)"),
    "strings for a regressor": ("regressor", LABELS, "y.*(string|numbers|'no')"),
    "NaN": ("regressor", HOLE, "y contains NaN"),
    "infinity": ("regressor", np.where(Y > 1, np.inf, Y), "y contains infinity"),
    "complex": ("regressor", Y * 1j, "Complex data not supported"),
    "labels for each step": ("classifier", RAGGED_TAGS, "y.*return_sequences=False"),
    "numbers for each step": (
        "regressor", [steps[:, 0] for steps in X], "y.*return_sequences=False"),
    "vectors for each step": ("regressor", CUBE, r"y.*per sequence.*\(12, 2, 2\)"),
    "one label per sequence": ("tagger", LABELS, "y.*per time step because return_sequences=True"),
    "one number per sequence": ("tracker", Y, "y.*per time step because return_sequences=True"),
    "some entries with one label": (
        "tagger", [*TAGS[:-1], "no"], "y.*per time step because return_sequences=True"),
    "three dimensions": ("tracker", [steps[None] for steps in X], "y.*with 3 dimensions"),
    "one tag too few": (
        "tagger", replaced(TAGS, 3, TAGS[3][1:]),
        rf"y\[3\] has {len(X[3]) - 1} targets, but sequence 3 of X has {len(X[3])} time"),
    "one number too many": (
        "tracker", replaced([steps[:, 0] for steps in X], 5, np.zeros(len(X[5]) + 1)),
        rf"y\[5\] has {len(X[5]) + 1} targets, but sequence 5 of X has {len(X[5])} time"),
    "too few tag lists": ("tagger", TAGS[:-1], "X has 12 sequences, y has 11"),
    "outputs that differ": (
        "tracker", replaced([steps for steps in X], 3, X[3][:, :1]), r"y\[3\]"),
    "one tag": ("tagger", [np.full(len(steps), "up") for steps in X], "got 1 class: 'up'"),
    "a set": ("classifier", set(LABELS), "y must be an array or a list, got set"),
    "a generator": (
        "regressor", (number for number in Y), "y must be an array or a list, got generator"),
    "missing labels of pandas": (
        "classifier", pd.Series(["no", "yes", pd.NA] * 4, dtype="string"),
        "y must contain a label for each target, got <NA>"),
    "masked labels": ("classifier", np.ma.array(LABELS, mask=HOLE != HOLE), "y is a masked array"),
    "masked numbers": ("regressor", np.ma.array(Y, mask=HOLE != HOLE), "y is a masked array"),
    "only missing tags": (
        "tagger", [np.ma.array(tags, mask=True) for tags in TAGS], "y has only missing targets"),
    "only NaN": (
        "tracker", [np.full(len(steps), np.nan) for steps in X], "y has only missing targets"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", BAD_TARGETS)
def test_rnn_fit_refuses_invalid_targets(wrong):
    kind, y, match = BAD_TARGETS[wrong]
    model = fitted(kind)
    with unchanged(model, X), refused((TypeError, ValueError), match):
        model.fit(X, y)


@pytest.mark.parametrize(
    "wrong", ["one tag too few", "too few tag lists", "one label per sequence"]
)
def test_rnn_score_refuses_the_targets_that_fit_refuses(wrong):
    kind, y, match = BAD_TARGETS[wrong]
    with pytest.raises(ValueError, match=f"(?s){match}"):
        fitted(kind).score(X, y)


@pytest.mark.parametrize("ids", [np.array([5, 10**9]), np.array([2**31 - 1])])
def test_rnn_fit_refuses_hashed_token_ids(ids):
    model = fitted("words")
    match = rf"ids up to {ids[-1]}, .* rows and .* GiB.*only \d+ different ids"
    with unchanged(model, IDS), refused(ValueError, match):
        model.fit(replaced(IDS, 3, ids), LABELS)
    assert len(model.predict(replaced(IDS, 3, ids))) == N  # there, they are unknown tokens


def test_rnn_fit_needs_y_val_in_the_range_of_the_dtype():
    model = fitted("regressor")
    with unchanged(model, X), refused(ValueError, "y_val has values that are too large.*float32"):
        model.fit(X, Y, X_val=X, y_val=Y * 1e300)
