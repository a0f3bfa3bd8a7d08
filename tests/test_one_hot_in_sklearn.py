"""OneHotSequenceEncoder with scikit-learn's tools and with a recurrent network."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from estimator_checks import parametrize_with_output_checks, run_check
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from skrnn import OneHotSequenceEncoder, RNNClassifier

DNA = ["GATTACA", "CAT", "TAGGED", "C"]
CLICKS = [[3, 1, 3], [20, 1], [3]]
TABLE = np.array([[2, 7, 1, 7], [7, 7, 1, 2], [1, 0, 2, 7]])
REVIEWS = ["A great film, a GREAT cast", "not great", "", "!?"]


def column(batch):
    """Return all steps as a table of one feature."""
    return np.array([step for sequence in batch for step in sequence], dtype=object)[:, None]


def stacked(sequences):
    return np.concatenate([steps.toarray() for steps in sequences])


@parametrize_with_output_checks(
    OneHotSequenceEncoder(sparse_output=False),
    OneHotSequenceEncoder(output="counts"),
    OneHotSequenceEncoder(output="multi_hot", sparse_output=False, max_categories=2),
)
def test_one_hot_scikit_learn_output_checks(estimator, check):
    run_check(check, estimator)


def test_one_hot_columns_of_a_table():
    frame = pd.DataFrame(TABLE, columns=list("abcd"))
    encoder = OneHotSequenceEncoder().fit(frame)
    assert_array_equal(encoder.feature_names_in_, list("abcd"))
    with pytest.raises(ValueError, match="feature names should match"):
        encoder.transform(frame[list("dcba")])
    with pytest.raises(ValueError, match=r"X has 3 features, .* expecting 4"):
        OneHotSequenceEncoder().fit(TABLE).transform(TABLE[:, :3])
    assert [steps.shape for steps in encoder.transform([[0, 7], [1]])] == [(2, 4), (1, 4)]
    encoder.fit(CLICKS)
    assert encoder.n_features_in_ == 1
    assert not hasattr(encoder, "feature_names_in_")
    encoder.transform(np.array([[1, 3], [20, 3]]))


def test_one_hot_output_can_be_stacked_by_scipy():
    for batch in (["AC", "C"], [["A", "C"], ["C", "A"]], TABLE):
        encoder = OneHotSequenceEncoder()
        joined = sparse.vstack(encoder.fit_transform(batch))
        assert joined.shape == (sum(map(len, batch)), len(encoder.categories_))


def test_one_hot_iterators():
    for analyzer, items in ((None, DNA), ("word", REVIEWS)):
        encoder = OneHotSequenceEncoder(analyzer=analyzer)
        steps = encoder.fit(iter(items)).transform(iter(items))
        assert_array_equal(stacked(steps), stacked(encoder.transform(items)))


def test_one_hot_sparse_output_of_a_table_in_scikit_learn_splits():
    steps = OneHotSequenceEncoder().fit_transform(np.tile(TABLE, (4, 1)))
    train, test = train_test_split(steps, test_size=3, random_state=0)
    assert (train.shape, test.shape) == ((9, 4, 4), (3, 4, 4))
    dense = np.asarray(steps)
    for key in ([0, 5], np.array([2, 1]), np.arange(12) % 2 == 0, slice(3, None), -1):
        kept = steps[key]
        kept = kept.toarray() if sparse.issparse(kept) else np.asarray(kept)
        assert_array_equal(kept, dense[key])
    assert np.asarray(steps[:0]).shape == (0, 4, 4)
    assert np.asarray(pickle.loads(pickle.dumps(steps)), dtype=int).sum() == 48
    with pytest.raises(ValueError, match="without a copy"):
        np.asarray(steps, copy=False)
    scores = cross_val_score(
        RNNClassifier(units=2, epochs=1, random_state=0), steps, ["a", "b", "b"] * 4, cv=2
    )
    assert len(scores) == 2


@pytest.mark.skipif(
    "sparse_interface" not in sklearn.get_config(), reason="an option of scikit-learn 1.9"
)
@pytest.mark.parametrize("interface", ["spmatrix", "sparray"])
def test_one_hot_sparse_interface(interface):
    with config_context(sparse_interface=interface):
        expected = type(OneHotEncoder().fit_transform(column(DNA)))
        assert {type(steps) for steps in OneHotSequenceEncoder().fit_transform(DNA)} == {expected}
        assert type(OneHotSequenceEncoder(output="counts").fit_transform(DNA)) is expected


def test_one_hot_sparse_class_by_default():
    expected = type(OneHotEncoder().fit_transform(column(DNA)))
    assert type(OneHotSequenceEncoder().fit_transform(DNA)[0]) is expected


def test_one_hot_in_a_column_transformer():
    frame = pd.DataFrame({"text": REVIEWS, "1st": list("abca"), "2nd": list("bbca"), "n": range(4)})
    rows = ColumnTransformer(
        [
            ("words", OneHotSequenceEncoder(analyzer="word", output="counts"), "text"),
            ("choices", OneHotSequenceEncoder(output="multi_hot"), ["1st", "2nd"]),
        ],
        remainder="passthrough",
        sparse_threshold=0,
    )
    result = rows.fit_transform(frame)
    assert rows.get_feature_names_out()[3:].tolist() == [
        "words__text_not",
        *(f"choices__x0_{choice}" for choice in "abc"),
        "remainder__n",
    ]
    assert result[:, 2:].tolist() == [
        [2, 0, 1, 1, 0, 0],
        [1, 1, 0, 1, 0, 1],
        [0, 0, 0, 0, 1, 2],
        [0, 0, 1, 0, 0, 3],
    ]


def test_one_hot_pandas_output():
    encoder = OneHotSequenceEncoder()
    assert encoder.set_output(transform="pandas") is encoder
    with config_context(transform_output="pandas"):
        assert isinstance(encoder.fit_transform(DNA), list)


def test_one_hot_pickle_and_clone():
    encoder = OneHotSequenceEncoder(max_categories=3).fit(DNA)
    loaded = pickle.loads(pickle.dumps(encoder))
    assert_array_equal(stacked(loaded.transform(DNA)), stacked(encoder.transform(DNA)))
    assert clone(encoder).get_params() == encoder.get_params()
    assert not hasattr(clone(encoder), "categories_")


def test_one_hot_tags():
    tags = OneHotSequenceEncoder().__sklearn_tags__().input_tags
    assert (tags.categorical, tags.string, tags.two_d_array) == (True, True, True)
    assert not tags.allow_nan
    assert not tags.sparse


def strands(n=24):
    """Return strands and their most frequent letters, which letter counts predict."""
    rng = np.random.default_rng(0)
    labels = np.resize(["a", "t"], n)
    often = {"a": "AAAC", "t": "TTTG"}
    spans = zip(labels, rng.integers(6, 12, n), strict=True)
    return ["".join(rng.choice(list(often[label]), length)) for label, length in spans], labels


def test_one_hot_grid_search_with_counts():
    X, y = strands()
    model = make_pipeline(
        OneHotSequenceEncoder(output="counts", handle_unknown="ignore"), LogisticRegression()
    )
    grid = {
        "onehotsequenceencoder__output": ["counts", "multi_hot"],
        "onehotsequenceencoder__max_categories": [None, 3],
    }
    search = GridSearchCV(model, grid, cv=3, error_score="raise").fit(X, y)
    assert search.best_score_ == 1.0


def test_one_hot_grid_search_with_sequences():
    X, y = strands(12)
    model = make_pipeline(
        OneHotSequenceEncoder(categories=list("ACGT")),
        RNNClassifier(units=4, epochs=1, random_state=0),
    )
    search = GridSearchCV(model, {"rnnclassifier__units": [4]}, cv=2, error_score="raise")
    assert search.fit(X, y).predict(X).shape == (12,)
    assert search.best_estimator_[-1].n_features_in_ == 4


def test_one_hot_with_a_network():
    X, y = strands()
    model = make_pipeline(
        OneHotSequenceEncoder(),
        RNNClassifier(units=4, cell="simple", epochs=40, learning_rate=0.05, random_state=0),
    )
    assert model.fit(X, y).score(X, y) == 1.0


def test_one_hot_steps_stay_sparse_in_a_network(monkeypatch):
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(50)]
    batch = [[*words, *rng.choice(words, 4)] for _ in range(6)]
    table = np.array(batch)

    def refuse(*_, **__):
        pytest.fail("one-hot steps were made dense")

    for steps in (OneHotSequenceEncoder().fit_transform(X) for X in (batch, table)):
        with monkeypatch.context() as patch:
            for kind in (sparse.csr_matrix, sparse.csr_array):
                patch.setattr(kind, "toarray", refuse)
                patch.setattr(kind, "todense", refuse)
            model = RNNClassifier(units=2, epochs=1, random_state=0).fit(steps, [0, 1] * 3)
            assert model.predict(steps).shape == (6,)
