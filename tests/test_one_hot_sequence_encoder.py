"""OneHotSequenceEncoder: compared with OneHotEncoder, its parameters, and its containers."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import OneHotEncoder

from skrnn import OneHotSequenceEncoder, Sequences
from skrnn.preprocessing._symbols import factorize_integers

DNA = ["GATTACA", "CAT", "TAGGED", "C"]
CLICKS = [[3, 1, 3], [20, 1], [3]]
TAGS = [["NOUN", "VERB"], ["DET", "NOUN", "VERB", "NOUN"], ["X"]]
TABLE = np.array([[2, 7, 1, 7], [7, 7, 1, 2], [1, 0, 2, 7]])
REVIEWS = ["A great film, a GREAT cast", "not great", "", "!?"]

WORDS = st.lists(st.sampled_from(["a", "b", "bb", "c", "é", "🙂"]), max_size=6)
NUMBERS = st.lists(st.integers(-3, 4), max_size=6)
BATCHES = st.one_of(st.lists(WORDS, min_size=1, max_size=6), st.lists(NUMBERS, min_size=1))
RULES = st.fixed_dictionaries(
    {
        "min_frequency": st.sampled_from([None, 1, 2, 3, 0.1, 0.3, 0.9]),
        "max_categories": st.sampled_from([None, 1, 2, 3, 4, 9]),
    }
)
SOME = settings(max_examples=60)


def column(batch):
    """Return all steps as a table of one feature."""
    return np.array([step for sequence in batch for step in sequence], dtype=object)[:, None]


def as_dense(sequences):
    return [steps.toarray() if sparse.issparse(steps) else steps for steps in sequences]


def stacked(sequences):
    return np.concatenate(as_dense(sequences))


@SOME
@given(batch=BATCHES.filter(any), rules=RULES)
def test_one_hot_equals_one_hot_encoder_on_all_steps(batch, rules):
    theirs = OneHotEncoder(**rules, dtype=np.float32).fit(column(batch))
    ours = OneHotSequenceEncoder(**rules)
    result = ours.fit_transform(batch)
    assert_array_equal(ours.categories_, theirs.categories_[0])
    assert_array_equal(ours.get_feature_names_out(), theirs.get_feature_names_out())
    infrequent = getattr(theirs, "infrequent_categories_", [None])[0]
    if infrequent is None:
        assert ours.infrequent_categories_ is None
    else:
        assert_array_equal(ours.infrequent_categories_, infrequent)
    kept = [steps for steps, sequence in zip(result, batch, strict=True) if len(sequence) > 0]
    assert_array_equal(stacked(kept), theirs.transform(column(batch)).toarray())


@SOME
@given(
    batch=st.lists(WORDS, min_size=1, max_size=5).filter(any),
    new=st.lists(st.lists(st.sampled_from(["a", "b", "zz", "é", "0"]), min_size=1), min_size=1),
    rules=RULES,
    handle_unknown=st.sampled_from(["ignore", "infrequent_if_exist"]),
)
def test_one_hot_handle_unknown_equals_one_hot_encoder(batch, new, rules, handle_unknown):
    params = {**rules, "handle_unknown": handle_unknown}
    theirs = OneHotEncoder(**params).fit(column(batch))
    ours = OneHotSequenceEncoder(**params).fit(batch)
    result = ours.transform(new)
    expected = theirs.transform(column(new))
    assert_array_equal(stacked(result), expected.toarray())
    back = np.concatenate(ours.inverse_transform(result))
    if handle_unknown == "ignore":  # OneHotEncoder accepts zeros only with this parameter
        assert_array_equal(back, theirs.inverse_transform(expected)[:, 0])


@SOME
@given(batch=BATCHES.filter(any), rules=RULES)
def test_one_hot_categories_equal_one_hot_encoder(batch, rules):
    distinct = np.unique(column(batch).ravel())[:3]
    params = {**rules, "handle_unknown": "ignore"}
    theirs = OneHotEncoder(**params, categories=[distinct]).fit(column(batch))
    ours = OneHotSequenceEncoder(**params, categories=distinct).fit(batch)
    expected = theirs.transform(column(batch)).toarray()
    assert_array_equal(
        stacked(ours.transform([sequence for sequence in batch if sequence])), expected
    )


@SOME
@given(batch=BATCHES.filter(any), sparse_output=st.booleans())
def test_one_hot_inverse_transform_round_trip(batch, sparse_output):
    encoder = OneHotSequenceEncoder(sparse_output=sparse_output)
    back = encoder.inverse_transform(encoder.fit_transform(batch))
    expected = [sequence if len(sequence) > 0 else [None] for sequence in batch]
    for one, other in zip(back, expected, strict=True):
        assert_array_equal(one, np.array(other, dtype=one.dtype))


@SOME
@given(batch=BATCHES.filter(any), rules=RULES)
def test_one_hot_counts_are_sums_of_steps(batch, rules):
    steps = OneHotSequenceEncoder(**rules).fit_transform(batch)
    counts = OneHotSequenceEncoder(**rules, output="counts").fit_transform(batch)
    some = OneHotSequenceEncoder(**rules, output="multi_hot").fit_transform(batch)
    assert_array_equal(counts.toarray(), [item.sum(axis=0) for item in as_dense(steps)])
    assert_array_equal(some.toarray(), counts.toarray() > 0)
    assert counts.has_canonical_format
    assert {matrix.dtype for matrix in (counts, some, *steps)} == {np.dtype(np.float32)}
    for matrix in (counts, some, *steps):
        assert matrix.indices.dtype == matrix.indptr.dtype == np.int32
        matrix.check_format()


@pytest.mark.parametrize("output", ["sequence", "multi_hot", "counts"])
@pytest.mark.parametrize("X", [DNA, CLICKS, TAGS, TABLE], ids=["str", "int", "words", "table"])
def test_one_hot_sparse_output(X, output):
    encoder = OneHotSequenceEncoder(output=output, dtype=np.int16)
    thin, thick = encoder, clone(encoder).set_params(sparse_output=False)
    one, other = thin.fit_transform(X), thick.fit_transform(X)
    if output != "sequence":
        assert isinstance(other, np.ndarray)
        assert_array_equal(one.toarray(), other, strict=True)
        return
    for matrix, array in zip(one, other, strict=True):
        assert_array_equal(matrix.toarray(), array, strict=True)


@pytest.mark.parametrize("X", [DNA, CLICKS, TAGS, TABLE], ids=["str", "int", "words", "table"])
def test_one_hot_transform_in_parts(X):
    encoder = OneHotSequenceEncoder().fit(X)
    whole = as_dense(encoder.transform(X))
    parts = [*encoder.transform(X[:2]), *encoder.transform(X[2:])]
    for one, other in zip(whole, as_dense(parts), strict=True):
        assert_array_equal(one, other)
    for one, other in zip(whole, as_dense(encoder.fit_transform(X)), strict=True):
        assert_array_equal(one, other)


def as_object_array(batch):
    array = np.empty(len(batch), dtype=object)
    for i, sequence in enumerate(batch):
        array[i] = sequence
    return array


CONTAINERS = {
    "tuple": tuple(CLICKS),
    "arrays": [np.array(clicks) for clicks in CLICKS],
    "small integers": [np.array(clicks, dtype=np.int8) for clicks in CLICKS],
    "signed and not": [np.array(CLICKS[0]), *(np.array(c, dtype=np.uint64) for c in CLICKS[1:])],
    "integers as floats": [np.array(clicks, dtype=float) for clicks in CLICKS],
    "scalars of NumPy": [[np.int32(click) for click in clicks] for clicks in CLICKS],
    "objects": [np.array(clicks, dtype=object) for clicks in CLICKS],
    "object array": as_object_array(CLICKS),
    "Series of lists": pd.Series(CLICKS, index=[5, 6, 7]),
    "list of Series": [pd.Series(clicks) for clicks in CLICKS],
    "Sequences": Sequences(np.concatenate(CLICKS), [0, 3, 5], [3, 2, 1]),
    "mixed": [CLICKS[0], np.array(CLICKS[1]), tuple(CLICKS[2])],
}


@pytest.mark.parametrize("X", CONTAINERS.values(), ids=CONTAINERS)
def test_one_hot_containers(X):
    expected = OneHotSequenceEncoder().fit_transform(CLICKS)
    encoder = OneHotSequenceEncoder()
    result = encoder.fit_transform(X)
    assert encoder.categories_.dtype == np.int64
    assert_array_equal(encoder.categories_, [1, 3, 20])
    for one, other in zip(as_dense(result), as_dense(expected), strict=True):
        assert_array_equal(one, other)


@pytest.mark.parametrize(
    "X",
    [
        [list(text) for text in DNA],
        np.array(DNA),
        np.array(DNA, dtype=object),
        pd.Series(DNA),
        [np.array(list(text)) for text in DNA],
        [DNA[0], *map(list, DNA[1:])],
    ],
    ids=["lists", "array", "object array", "Series", "arrays", "mixed"],
)
def test_one_hot_strings(X):
    expected = OneHotSequenceEncoder().fit(DNA)
    encoder = OneHotSequenceEncoder().fit(X)
    assert_array_equal(encoder.categories_, np.array(list("ACDEGT"), dtype=object), strict=True)
    assert all(type(category) is str for category in encoder.categories_)
    assert_array_equal(stacked(encoder.transform(X)), stacked(expected.transform(DNA)))


def test_one_hot_unusual_characters():
    texts = ["naïve", "日本", "🙂🙃🙂", "\ud800 half a pair", ""]
    encoder = OneHotSequenceEncoder()
    back = encoder.inverse_transform(encoder.fit_transform(texts))
    assert ["".join(characters) for characters in back[:-1]] == texts[:-1]
    assert list(encoder.categories_) == sorted(set("".join(texts)))


@pytest.mark.parametrize(
    "table",
    [
        TABLE,
        TABLE.astype(np.uint8),
        TABLE.astype(float),
        TABLE.astype(str),
        np.array(["a", "b", "c", "d"] * 3, dtype=object).reshape(3, 4),
        pd.DataFrame(TABLE, columns=list("abcd")),
        pd.DataFrame(TABLE.astype(str), columns=list("abcd")),
        pd.DataFrame(TABLE).astype("category"),
    ],
    ids=["int", "uint8", "float", "str", "object", "frame", "frame of str", "frame of category"],
)
def test_one_hot_tables(table):
    rows = np.asarray(table).tolist()
    rows = [[v if isinstance(v, str) else int(v) for v in row] for row in rows]
    encoder = OneHotSequenceEncoder()
    result = encoder.fit_transform(table)
    assert isinstance(result, list)
    assert result.shape == (3, 4, len(encoder.categories_))
    assert encoder.n_features_in_ == 4
    assert_array_equal(encoder.categories_, sorted(set(np.ravel(rows).tolist())))
    dense = clone(encoder).set_params(sparse_output=False).fit_transform(table)
    assert_array_equal(np.asarray(result), dense, strict=True)
    for X in (result, dense):
        assert_array_equal(encoder.inverse_transform(X), rows)
    assert_array_equal(dense, OneHotSequenceEncoder(sparse_output=False).fit_transform(rows))


def test_one_hot_analyzer_word_equals_count_vectorizer():
    theirs = CountVectorizer().fit(REVIEWS)
    encoder = OneHotSequenceEncoder(analyzer="word", output="counts", dtype=np.int64)
    counts = encoder.fit_transform(REVIEWS)
    assert_array_equal(counts.toarray(), theirs.transform(REVIEWS).toarray())
    assert_array_equal(encoder.categories_, theirs.get_feature_names_out())
    sets = zip(encoder.inverse_transform(counts), theirs.inverse_transform(counts), strict=True)
    for one, other in sets:
        assert_array_equal(one, other)
    steps = encoder.set_params(output="sequence").transform(pd.Series(REVIEWS))
    assert [matrix.shape for matrix in steps] == [(4, 4), (2, 4), (1, 4), (1, 4)]
    words = encoder.inverse_transform(steps)
    assert words[0].tolist() == ["great", "film", "great", "cast"]


@pytest.mark.parametrize("binary", [True, False])
def test_one_hot_inverse_transform_of_rows(binary):
    encoder = OneHotSequenceEncoder(output="multi_hot" if binary else "counts", max_categories=3)
    rows = encoder.fit_transform(DNA)
    assert [kept.tolist() for kept in encoder.inverse_transform(rows)] == [
        ["A", "T", "infrequent_sklearn"],
        ["A", "T", "infrequent_sklearn"],
        ["A", "T", "infrequent_sklearn"],
        ["infrequent_sklearn"],
    ]
    dense = encoder.inverse_transform(rows.toarray())
    assert [kept.tolist() for kept in dense][3] == ["infrequent_sklearn"]
    with pytest.raises(ValueError, match=r"X has the shape \(4, 2\), expected \(n_sequences, 3\)"):
        encoder.inverse_transform(rows[:, :2])


def split_at_spaces(text):
    return text.split(" ")


def letters_one_by_one(text):
    return (letter for letter in text)


@pytest.mark.parametrize(
    ("analyzer", "X", "equal_to"),
    [
        (split_at_spaces, ["a bb", "", "bb"], [["a", "bb"], [""], ["bb"]]),
        (letters_one_by_one, DNA, DNA),
        (str.lower, DNA, [text.lower() for text in DNA]),
        (np.unique, TABLE, [[1, 2, 7], [1, 2, 7], [0, 1, 2, 7]]),
        (sorted, [[2, 1], [1, 2]], [[1, 2], [1, 2]]),
    ],
    ids=["words", "iterator", "str", "rows of a table", "lists"],
)
def test_one_hot_callable_analyzer(analyzer, X, equal_to):
    result = OneHotSequenceEncoder(analyzer=analyzer).fit_transform(X)
    assert type(result) is list
    expected = OneHotSequenceEncoder().fit_transform(equal_to)
    for one, other in zip(as_dense(result), as_dense(expected), strict=True):
        assert_array_equal(one, other)


def test_one_hot_empty_sequences():
    batch = ["", "AB", "", "", "B", ""]
    steps = OneHotSequenceEncoder().fit_transform(batch)
    assert [matrix.toarray().tolist() for matrix in steps] == [
        [[0, 0]],
        [[1, 0], [0, 1]],
        [[0, 0]],
        [[0, 0]],
        [[0, 1]],
        [[0, 0]],
    ]
    counts = OneHotSequenceEncoder(output="counts").fit_transform(batch)
    assert_array_equal(counts.toarray().sum(axis=1), [0, 2, 0, 0, 1, 0])
    nothing = OneHotSequenceEncoder(categories=["A"]).fit_transform(["", ""])
    assert stacked(nothing).tolist() == [[0], [0]]


def test_one_hot_categories_of_dna():
    encoder = OneHotSequenceEncoder(categories=list("TGCA"), handle_unknown="ignore")
    steps = encoder.fit_transform(DNA)
    assert_array_equal(encoder.categories_, list("TGCA"))
    assert_array_equal(encoder.get_feature_names_out(["base"]), [f"base_{c}" for c in "TGCA"])
    assert steps[1].toarray().tolist() == [[0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0]]
    assert encoder.inverse_transform(steps)[2].tolist() == ["T", "A", "G", "G", None, None]


def test_one_hot_categories_keep_their_order():
    encoder = OneHotSequenceEncoder(categories=np.array([20, 3, 1], dtype=np.int8))
    steps = encoder.fit_transform(CLICKS)
    assert_array_equal(encoder.categories_, np.array([20, 3, 1]), strict=True)
    assert steps[1].toarray().tolist() == [[1, 0, 0], [0, 0, 1]]


def test_one_hot_handle_unknown_can_be_changed_after_fit():
    encoder = OneHotSequenceEncoder(max_categories=3).fit(DNA)
    with pytest.raises(ValueError, match="'N'"):
        encoder.transform(["NA"])
    assert encoder.set_params(handle_unknown="ignore").transform(["NA"])[0].sum() == 1
    both = encoder.set_params(handle_unknown="infrequent_if_exist").transform(["NA"])[0]
    assert both.toarray().tolist() == [[0, 0, 1], [1, 0, 0]]


@given(
    values=st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 9)),
    dtype=st.sampled_from([np.uint64, np.int64, np.uint8, np.int8]),
)
def test_factorize_integers_of_any_size(values, dtype):
    values = np.array(values, dtype=np.uint64).astype(dtype)
    distinct, codes = factorize_integers(values)
    assert distinct == sorted(set(values.tolist()))
    assert [distinct[code] for code in codes] == values.tolist()
    if len(values) > 0:
        encoder = OneHotSequenceEncoder()
        back = encoder.inverse_transform(encoder.fit_transform([values, values]))
        assert back[1].tolist() == values.tolist()


def test_factorize_integers_in_blocks():
    values = np.random.default_rng(0).integers(-9, 9, 2**21 + 5).astype(np.int8)
    distinct, codes = factorize_integers(values)
    assert_array_equal(np.array(distinct, dtype=np.int8)[codes], values)


def test_one_hot_inverse_transform_of_probabilities():
    encoder = OneHotSequenceEncoder().fit(["ABC"])
    probabilities = [np.array([[0.2, 0.5, 0.3], [0, 0, 0]]), np.array([[0.6, 0.4, 0.0]])]
    for X in (probabilities, [sparse.csc_array(some) for some in probabilities]):
        back = encoder.inverse_transform(X)
        assert [steps.tolist() for steps in back] == [["B", None], ["A"]]
    with_zero = sparse.csr_matrix(([0.0, 1.0], [0, 1], [0, 2]), shape=(1, 3))
    mixed = encoder.inverse_transform([with_zero, probabilities[1]])
    assert [steps.tolist() for steps in mixed] == [["B"], ["A"]]
    assert with_zero.nnz == 2


def test_one_hot_matrices_share_no_entries():
    steps = OneHotSequenceEncoder(handle_unknown="ignore", categories=list("AB")).fit_transform(
        ["ABA", "BXB", "AB"]
    )
    expected = as_dense(steps)
    for attribute in ("data", "indices", "indptr"):
        getattr(steps[1], attribute)[:] = 0
    for i in (0, 2):
        assert_array_equal(steps[i].toarray(), expected[i])


def test_one_hot_memory_of_reviews(data_folder):
    path = data_folder / "imdb" / "imdb_train.csv.xz"
    reviews = pd.read_csv(path, nrows=2000)["text"].tolist()
    encoder = OneHotSequenceEncoder(analyzer="word", max_categories=10_000)
    tracemalloc.start()
    try:
        steps = encoder.fit_transform(reviews)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 50e6  # dense steps would need 18 GB, and the words of all reviews 30 MB
    assert {matrix.shape[1] for matrix in steps} == {10_000}
    counts = CountVectorizer().fit_transform(reviews)
    assert [matrix.shape[0] for matrix in steps] == counts.sum(axis=1).ravel().tolist()[0]
    assert sum(matrix.nnz for matrix in steps) == counts.sum()
