"""Attacks on public functions: one argument at a time gets a value that is wrong or strange."""

from copy import deepcopy
from functools import partial, wraps
from itertools import product

import numpy as np
import pandas as pd
from scipy import sparse

from skrnn import EchoStateRegressor
from skrnn.datasets import (
    make_adding_problem,
    make_ladybug,
    make_lorenz,
    make_mackey_glass,
    make_memory_task,
    make_narma,
)
from skrnn.forecasting import make_windows
from skrnn.metrics import (
    corpus_bleu,
    flatten_steps,
    make_step_scorer,
    mase,
    sequence_accuracy_score,
    token_accuracy_score,
)
from skrnn.model_selection import train_dev_test_split
from skrnn.preprocessing import EmbeddingTokenizer, OneHotSequenceEncoder, regularize
from skrnn.reservoir import Reservoir, echo_state_index, memory_capacity
from skrnn.sequences import (
    Sequences,
    check_sequences,
    from_channels_first,
    from_long,
    from_multiindex,
    from_nan_padded,
    to_channels_first,
    to_long,
    to_multiindex,
    to_padded,
)

from .estimators import fitted
from .values import BAD_X, BAD_Y, PARAMETERS, objects, sequences
from .verdicts import Fault, argument_names, fit_or_refuse, refused, unchanged

BATCH = sequences([3, 2, 4])
TIMES = pd.date_range("2026", periods=6, freq="h")
LONG = pd.DataFrame(
    {"id": [1, 1, 2, 2, 2, 3], "t": range(6), "v": 1.0, "target": [0, 0, 1, 1, 1, 0]}
)
INDEXED = LONG.set_index(["id", "t"])[["v"]]
TAGS = [["a", "b"], ["b"], ["a", "a", "b"]]


@wraps(train_dev_test_split)  # its errors name the arguments of the original
def split(X, y, **parameters):
    """Split two arrays into three parts."""
    return train_dev_test_split(X, y, **parameters)


def fit_one_hot(X):
    """Fit an encoder and encode the same sequences."""
    return OneHotSequenceEncoder().fit_transform(X)


def encode_one_hot(X):
    """Encode sequences with an encoder of three categories."""
    return OneHotSequenceEncoder(handle_unknown="ignore").fit(TAGS).transform(X)


def fit_tokens(X):
    """Fit a tokenizer of texts and convert the same texts."""
    return EmbeddingTokenizer(token_pattern=r"\w+").fit_transform(X)


def tokens_of_lists(X):
    """Fit a tokenizer of lists of tokens and convert the same lists."""
    return EmbeddingTokenizer(analyzer="tokens").fit_transform(X)


def fit_subwords(X):
    """Fit a tokenizer of subwords and convert the same texts."""
    return EmbeddingTokenizer(analyzer="bpe").fit_transform(X)


def texts_of_ids(X):
    """Return the texts of token ids."""
    return EmbeddingTokenizer().fit(["good bad film"]).inverse_transform(X)


def ids_of_vectors(vectors):
    """Return an embedding matrix for three words."""
    return EmbeddingTokenizer().fit(["good bad film"]).embedding_matrix(vectors)


# The arguments that hold data. The others are parameters.
_DATA = {
    *("X", "y", "values", "starts", "lengths", "df", "ids", "stratify", "groups", "targets"),
    *("y_true", "y_pred", "y_train", "sample_weight", "series_id", "times", "vectors"),
    *("X_val", "y_val", "prompt", "baseline", "state", "x", "initial_state"),
}

# name -> (function, right arguments, the arguments that are attacked; all if None)
FUNCTIONS = {
    "check_sequences": (check_sequences, {"X": BATCH}, ["X"]),
    "check_sequences of tokens": (
        lambda X, tokens=True: check_sequences(X, tokens=tokens),
        {"X": [[1, 2], [3]]},
        None,
    ),
    "Sequences": (
        Sequences,
        {"values": np.ones((5, 2)), "starts": [0, 2], "lengths": [2, 3]},
        None,
    ),
    "from_channels_first": (from_channels_first, {"X": np.ones((3, 2, 4))}, None),
    "to_channels_first": (to_channels_first, {"X": BATCH}, None),
    "from_nan_padded": (from_nan_padded, {"X": np.ones((3, 4, 2))}, None),
    "to_padded": (to_padded, {"X": BATCH, "value": 0.0, "length": 5}, None),
    "from_long": (
        from_long,
        {"df": LONG, "id": "id", "time": "t", "values": ["v"], "target": "target"},
        None,
    ),
    "from_multiindex": (from_multiindex, {"df": INDEXED}, None),
    "to_long": (to_long, {"X": BATCH}, None),
    "to_multiindex": (to_multiindex, {"X": BATCH, "ids": [1, 2, 3]}, None),
    "train_dev_test_split": (
        split,
        {
            **{"X": np.arange(20), "y": np.arange(20) % 2, "dev_size": 0.2, "test_size": 0.2},
            **{"train_size": 0.5, "stratify": None, "groups": None, "random_state": 0},
        },
        None,
    ),
    "flatten_steps": (lambda targets: flatten_steps(targets), {"targets": TAGS}, None),
    "make_step_scorer": (make_step_scorer, {"metric": "accuracy"}, None),
    "sequence_accuracy_score": (
        sequence_accuracy_score,
        {"y_true": TAGS, "y_pred": TAGS, "sample_weight": [1.0, 2.0, 1.0]},
        None,
    ),
    "token_accuracy_score": (
        token_accuracy_score,
        {"y_true": TAGS, "y_pred": TAGS, "sample_weight": [1.0, 2.0, 1.0]},
        None,
    ),
    "corpus_bleu": (
        corpus_bleu,
        {
            **{"y_true": TAGS, "y_pred": TAGS, "tokenize": "none"},
            **{"lowercase": False, "return_signature": False},
        },
        None,
    ),
    "mase": (
        mase,
        {
            **{"y_true": [1.0, 2.0], "y_pred": [1.0, 3.0], "y_train": [1.0, 3.0, 2.0]},
            **{"period": 1, "sample_weight": [1.0, 1.0], "multioutput": "raw_values"},
        },
        None,
    ),
    "make_windows": (
        make_windows,
        {
            **{"X": np.ones((9, 2)), "y": np.ones(9), "window_length": 2, "horizon": 1},
            **{"stride": 1, "series_id": None, "times": None},
        },
        None,
    ),
    "regularize": (
        regularize,
        {"df": pd.DataFrame({"a": range(6)}, index=TIMES), "freq": "h", "aggregate": "mean"},
        None,
    ),
    "make_mackey_glass": (make_mackey_glass, {"n_steps": 5, "n_warmup": 1}, ["n_steps", "step"]),
    "make_lorenz": (
        make_lorenz,
        {"n_steps": 5, "n_warmup": 1},
        ["n_steps", "step", "random_state"],
    ),
    "make_narma": (make_narma, {"n_steps": 5, "order": 3}, None),
    "make_memory_task": (make_memory_task, {"n_steps": 5, "max_delay": 2}, None),
    "make_adding_problem": (make_adding_problem, {"n_sequences": 3, "n_steps": 4}, None),
    "make_ladybug": (make_ladybug, {"n_steps": 5, "step": 0.02, "random_state": 0}, None),
    "memory_capacity": (
        memory_capacity,
        {"estimator": EchoStateRegressor(units=8), "max_delay": 3, "n_steps": 50, "washout": 5},
        None,
    ),
    "echo_state_index": (
        echo_state_index,
        {"reservoir": Reservoir(units=8, random_state=0).fit(BATCH), "X": BATCH},
        None,
    ),
    "OneHotSequenceEncoder": (fit_one_hot, {"X": TAGS}, None),
    "OneHotSequenceEncoder.transform": (encode_one_hot, {"X": TAGS}, None),
    "EmbeddingTokenizer": (fit_tokens, {"X": ["a film", "no film"]}, None),
    "EmbeddingTokenizer of tokens": (tokens_of_lists, {"X": TAGS}, None),
    "EmbeddingTokenizer of subwords": (fit_subwords, {"X": ["a film", "no film"]}, None),
    "EmbeddingTokenizer.inverse_transform": (texts_of_ids, {"X": [[2, 3], [1]]}, None),
    "embedding_matrix": (ids_of_vectors, {"vectors": {"good": [1.0, 2.0]}}, None),
}

# Data that are wrong for most arguments. They are made again for each call, which may use them up.
DATA = {
    **{f"parameter: {kind}": partial(deepcopy, value) for kind, value in PARAMETERS.items()},
    **{f"sequences: {kind}": partial(make, BATCH) for kind, make in BAD_X.items()},
    **{f"targets: {kind}": partial(make, np.arange(3)) for kind, make in BAD_Y.items()},
    "data: mixed labels": lambda: [["a", 1], ["b"], ["a", "a", 2.5]],
    "data: mixed symbols": lambda: objects(["ab", 3, None]),
    "data: negative ids": lambda: [[-1, 2], [3]],
    "data: fractions as ids": lambda: [[0.5, 2.0], [3.0]],
    "data: huge ids": lambda: [[2**40], [1]],
    "data: unsigned 64 bit": lambda: np.array([[2**63], [1]], dtype=np.uint64),
    "data: booleans": lambda: np.array([[True], [False]]),
    "data: datetimes": lambda: TIMES,
    "data: a table of NaN": lambda: np.full((3, 2), np.nan),
    "data: a sparse row": lambda: sparse.csr_array(np.eye(3)),
    "data: a frame with text": lambda: pd.DataFrame({"a": ["x", "y", "z"]}),
    "data: a frame without rows": lambda: LONG[:0],
    "data: a frame with NaN": lambda: LONG.astype(float).replace(3.0, np.nan),
    "data: a frame with equal names": lambda: pd.concat([LONG, LONG], axis=1),
}


def arguments(functions):
    """Yield attacks: each argument of each function in turn.

    Parameters
    ----------
    functions : dict
        As `FUNCTIONS`.
    """
    for name, (function, right, attacked) in functions.items():
        for argument in attacked or right:
            for kind, make in DATA.items():
                if kind.startswith(_kinds_for(argument)):
                    yield f"{name}: {argument}={kind}", _call, (function, right, argument, make)


def _kinds_for(argument):
    """Return the beginnings of the kinds of values that are tried for an argument."""
    if argument in ("X", "targets", "y_true", "y_pred"):
        return ""
    return ("parameter", "targets", "data") if argument in _DATA else "parameter"


def _call(function, right, argument, make):
    value = make()
    given = {**right, argument: value}
    # An error may name another argument, which does not go with this one.
    names = argument_names(function) | {*right, "targets", "Labels", "Tokens", "document"}
    names |= {"sequence", "Sequence"}
    if argument == "vectors" and isinstance(value, str):
        value = given["vectors"] = b"no path"
    with unchanged(value):
        is_refused, found = refused(lambda: function(**given), names)
    if not is_refused and isinstance(found, float) and np.isnan(found):
        raise Fault("was accepted, with the result NaN")


def sequences_alias():
    """Yield attacks: `Sequences` do not follow later changes of the positions they were given."""
    for position, dtype in product(("starts", "lengths"), (np.int64, np.int32, np.uint8, object)):
        yield f"{position} of {np.dtype(dtype)}", _change_later, (position, dtype)


def _change_later(position, dtype):
    given = {"starts": np.array([0, 2], dtype), "lengths": np.array([2, 3], dtype)}
    is_refused, batch = refused(lambda: Sequences(np.ones((5, 2)), **given), {*given})
    if is_refused:
        return
    given[position][0] = 1
    if getattr(batch, position)[0] == 1:
        raise Fault(f"a later change of {position} moved a sequence")


def token_inputs():
    """Yield attacks: values that are not ids, for networks with an embedding."""
    bad = {
        "negative": [[-1, 2], [3]],
        "fractions": [[0.5, 2.0], [3.0]],
        "strings": [["a", "b"], ["c"]],
        "beyond int32": [[2**40], [1]],
        "a billion": [[10**9], [1]],
        "None": [[None, 1], [2]],
        "booleans": [[True, False], [True]],
        "NaN": [[np.nan, 1.0], [2.0]],
        "vectors": [np.ones((2, 2)), np.ones((3, 2))],
        "only padding": [[0, 0], [0]],
    }
    for (kind, ids), name in product(bad.items(), ("RNNClassifier", "RNNRegressor")):
        yield f"{name}: {kind}", _refuse_ids, (name, ids)


def _refuse_ids(name, ids):
    estimator = fitted(name).set_params(embedding=2)
    y = ["a", "b"] if name == "RNNClassifier" else [1.0, 2.0]
    if not fit_or_refuse(estimator, ids, y) and ids != [[0, 0], [0]]:
        raise Fault("was accepted")


ATTACKS = {
    "Arguments of functions and data of tokenizers and encoders, each in turn": partial(
        arguments, FUNCTIONS
    ),
    "Later changes of the positions of `Sequences`": sequences_alias,
    "Token ids": token_inputs,
}
