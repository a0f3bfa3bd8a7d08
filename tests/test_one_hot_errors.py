"""The errors of OneHotSequenceEncoder: invalid sequences, categories and parameters."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError

from skrnn import OneHotSequenceEncoder

DNA = ["GATTACA", "CAT", "TAGGED", "C"]
CLICKS = [[3, 1, 3], [20, 1], [3]]
TABLE = np.array([[2, 7, 1, 7], [7, 7, 1, 2], [1, 0, 2, 7]])

BAD = {
    "str": ("GATTACA", ValueError, "Iterable over sequences expected, string object received"),
    "bytes": (b"GATTACA", ValueError, "string object received"),
    "None": (None, TypeError, "must be a batch of sequences, got NoneType"),
    "dict": ({"a": "b"}, TypeError, "must be a batch of sequences, got dict"),
    "empty list": ([], ValueError, r"0 sample\(s\) \(shape=\(0,\)\)"),
    "empty table": (TABLE[:0], ValueError, r"0 sample\(s\) \(shape=\(0, 4\)\)"),
    "no columns": (TABLE[:, :0], ValueError, r"0 feature\(s\) \(shape=\(3, 0\)\)"),
    "sparse": (sparse.csr_matrix(TABLE), TypeError, "X is a sparse matrix"),
    "numbers": ([3, 1, 2], ValueError, r"X\[0\] is the number 3, expected a sequence"),
    "numbers in an array": (TABLE[0], ValueError, r"1-D array: X has the shape \(4,\).*\[X\]"),
    "numbers in a Series": (pd.Series([3, 1]), ValueError, r"X\[0\] is the number 3"),
    "a cube": (np.zeros((2, 3, 4), dtype=int), ValueError, "3 dimensions .*(n_sequences, n_steps)"),
    "a table in a list": ([TABLE], ValueError, r"X\[0\] has 2 dimension.*shape=\(3, 4\)"),
    "a set": ([["a"], {"a"}], TypeError, r"X\[1\] is not a sequence of categories, got set"),
    "missing sequence": (["a", None], TypeError, r"X\[1\] is not a sequence .*got NoneType"),
    "missing text": (["a", np.nan], ValueError, r"X\[1\] is the number nan"),
    "None step": ([["a"], ["b", None]], ValueError, r"X\[1\] holds None at step 1; .*missing"),
    "NA step": ([[1, pd.NA]], ValueError, r"X\[0\] holds <NA> at step 1; .*missing"),
    "NaN step": ([[1], [2, 3, np.nan]], ValueError, r"X\[1\] holds nan at step 2; .*missing"),
    "NaN after floats": (
        [[1.0], [2, np.nan]],
        ValueError,
        r"X\[1\] holds nan at step 1; .*missing",
    ),
    "NaN and str": ([["a", np.nan]], ValueError, r"X\[0\] holds nan at step 1; .*missing"),
    "NaN in an array": ([np.array([1, np.nan])], ValueError, r"X\[0\] holds nan at step 1"),
    "NaN in a table": (np.where(TABLE == 0, np.nan, TABLE), ValueError, "X contains NaN"),
    "NaN in a frame": (pd.DataFrame({"a": ["x", None]}), ValueError, r"X\[1\]"),
    "infinity": ([[np.inf]], ValueError, r"X\[0\] holds inf at step 0; .*must be integers"),
    "fraction": ([[1, 2], [1, 0.5]], ValueError, r"X\[1\] holds 0.5 at step 1; .*be integers"),
    "fraction in a table": (TABLE / 2, ValueError, r"X\[0\] holds 3.5 at step 1; .*be integers"),
    "huge float": (TABLE * 1e30, ValueError, r"X\[0\] holds 2e\+30 at step 0"),
    "complex": (TABLE * 1j, ValueError, "Complex data not supported: X holds complex128"),
    "bool": ([[1, True]], TypeError, r"X\[0\] holds True at step 1; .*got bool"),
    "bool array": (TABLE > 1, ValueError, "X holds bool; categories must be str or int"),
    "bytes step": ([[b"a"]], TypeError, r"X\[0\] holds b'a' at step 0; .*got bytes"),
    "times": (TABLE.astype("M8[s]"), ValueError, r"X holds datetime64\[s\]"),
    "too deep": ([[["a"], ["b"]]], TypeError, r"X\[0\] holds \['a'\] at step 0"),
    "mixed": ([["a", "b"], ["a", 3]], ValueError, r"X\[1\] mixes str and int"),
    "mixed sequences": (["ab", [1, 2]], ValueError, r"X\[1\] mixes .*or has another kind"),
    "mixed columns": (
        pd.DataFrame({"a": [1], "b": ["x"]}),
        ValueError,
        r"X\[0\] mixes str and int",
    ),
    "no step at all": (
        ["", ""],
        ValueError,
        "contains no category: all of its sequences are empty",
    ),
}


@pytest.mark.parametrize(("X", "error", "match"), BAD.values(), ids=BAD)
def test_one_hot_invalid_sequences(X, error, match):
    encoder = OneHotSequenceEncoder().fit(DNA)
    before = pickle.dumps(encoder)
    for method in (encoder.fit, encoder.fit_transform):
        with pytest.raises(error, match=match):
            method(X)
    assert pickle.dumps(encoder) == before


@pytest.mark.parametrize(
    ("X", "error", "match"),
    [
        ("a film", ValueError, "string object received"),
        (["a film", None], ValueError, r"must be a str; X\[1\] is None \(NoneType\)"),
        (["a film", np.nan], ValueError, r"X\[1\] is nan \(float\)"),
        ([["a", "film"]], ValueError, r"X\[0\] is \['a', 'film'\] \(list\)"),
        (pd.DataFrame({"text": ["a film"]}), ValueError, r"Pass one column, such as X\['text'\]"),
        (["?", "a"], ValueError, "contains no category"),
    ],
    ids=["str", "None", "NaN", "tokens", "frame", "no word"],
)
def test_one_hot_invalid_documents(X, error, match):
    with pytest.raises(error, match=match):
        OneHotSequenceEncoder(analyzer="word").fit(X)


def test_one_hot_unknown_categories_in_the_message():
    encoder = OneHotSequenceEncoder().fit(["ACGT"])
    message = (
        r"unknown categories during transform: 'N' \(X\[1\], step 2\), 'K' \(X\[3\], step 0\), "
        r"'B' \(X\[3\], step 2\) and 2 more\. .*handle_unknown='ignore'"
    )
    with pytest.raises(ValueError, match=message):
        encoder.transform(["AC", "CGN", "", "KNBBDE"])
    with pytest.raises(ValueError, match=r"during fit: 9 \(X\[0\], step 1\)\. "):
        OneHotSequenceEncoder(categories=[1, 2]).fit([[1, 9], [2]])


@pytest.mark.parametrize("handle_unknown", ["error", "ignore", "infrequent_if_exist"])
def test_one_hot_other_type_of_categories(handle_unknown):
    encoder = OneHotSequenceEncoder(handle_unknown=handle_unknown)
    with pytest.raises(ValueError, match="X has int categories, but those of the encoder are str"):
        encoder.fit(DNA).transform(CLICKS)
    with pytest.raises(ValueError, match="X has str categories, but those of the encoder are int"):
        encoder.set_params(categories=[1, 2]).fit(DNA)
    assert encoder.transform(["", ""])[0].shape == (1, 6)


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"analyzer": "char"}, "'analyzer' parameter"),
        ({"categories": "ACGT"}, "'categories' parameter"),
        ({"categories": {"A"}}, "'categories' must be 'auto' or a flat"),
        ({"categories": []}, "'categories' must be 'auto' or a flat, non-empty list"),
        ({"categories": [["A"], ["C"]]}, "'categories' must be 'auto' or a flat"),
        ({"categories": ["A", "A"]}, "'categories' must not contain a category twice"),
        ({"categories": ["A", 1]}, "'categories' mixes str and int"),
        ({"categories": ["A", None]}, "'categories' holds None at step 1"),
        ({"categories": [1, 2.5]}, "'categories' must contain str or int"),
        ({"handle_unknown": "warn"}, "'handle_unknown' parameter"),
        ({"min_frequency": 0}, "'min_frequency' parameter"),
        ({"min_frequency": 1.5}, "'min_frequency' parameter"),
        ({"max_categories": 0}, "'max_categories' parameter"),
        ({"max_categories": 2.0}, "'max_categories' parameter"),
        ({"dtype": "words"}, "'dtype' parameter must be a dtype of real numbers.*'words'"),
        ({"dtype": object}, "'dtype' parameter must be a dtype"),
        ({"dtype": np.float16}, "'dtype' parameter must be .*not float16"),
        ({"sparse_output": "yes"}, "'sparse_output' parameter"),
        ({"output": "steps"}, "'output' parameter"),
    ],
    ids=str,
)
def test_one_hot_invalid_parameters(params, match):
    for method in ("fit", "fit_transform"):
        with pytest.raises((ValueError, TypeError), match=match):
            getattr(OneHotSequenceEncoder(**params), method)(DNA)


def test_one_hot_counts_out_of_the_range_of_dtype():
    encoder = OneHotSequenceEncoder(output="counts", dtype=np.int8)
    assert encoder.fit_transform(["A" * 127]).toarray().tolist() == [[127]]
    with pytest.raises(
        ValueError, match="occurs 128 times in a sequence, which exceeds the range of int8"
    ):
        encoder.fit_transform(["A" * 128])
    assert encoder.set_params(dtype=bool).fit_transform(["A" * 128]).toarray().tolist() == [[True]]


@pytest.mark.parametrize(
    ("X", "error", "match"),
    [
        (sparse.csr_matrix((3, 6)), TypeError, "list of matrices .*got csr_matrix"),
        (3, TypeError, "list of matrices .*got int"),
        ([], ValueError, r"0 sample\(s\) in X"),
        ([np.eye(6), np.eye(5)], ValueError, r"X\[1\] has the shape \(5, 5\), expected .*6\)"),
        (np.zeros((2, 6)), ValueError, r"X\[0\] has the shape \(6,\)"),
        ([np.full((2, 6), np.nan)], ValueError, "NaN"),
    ],
    ids=["a matrix", "a number", "nothing", "width", "2-D", "NaN"],
)
def test_one_hot_inverse_transform_invalid_input(X, error, match):
    with pytest.raises(error, match=match):
        OneHotSequenceEncoder().fit(DNA).inverse_transform(X)


def test_one_hot_feature_names_out_wrong_number_of_names():
    encoder = OneHotSequenceEncoder().fit(DNA)
    for names in (["a", "b"], [], "base"):
        with pytest.raises(ValueError, match="input_features must be a list of one name"):
            encoder.get_feature_names_out(names)


def test_one_hot_not_fitted():
    encoder = OneHotSequenceEncoder()
    for method in (encoder.transform, encoder.inverse_transform):
        with pytest.raises(NotFittedError):
            method(DNA)
    with pytest.raises(NotFittedError):
        encoder.get_feature_names_out()


def test_columns_must_have_different_names():
    X = pd.DataFrame([["a", "b"]], columns=["x", "x"])
    with pytest.raises(ValueError, match="X has several columns with the name 'x'"):
        OneHotSequenceEncoder().fit(X)


def test_categories_in_half_precision():
    encoder = OneHotSequenceEncoder().fit(np.array([[1, 65504]], np.float16))
    assert encoder.get_feature_names_out().tolist() == ["x0_1", "x0_65504"]
