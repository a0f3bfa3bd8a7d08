"""EmbeddingTokenizer: compared with CountVectorizer, its parameters, its errors, and its use."""

import bz2
import gzip
import lzma
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import count_programs
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from skrnn import EmbeddingTokenizer, RNNClassifier, clear_program_cache
from skrnn.sequences import to_padded

REVIEWS = [
    "A fine film, a very fine film!",
    "No. Not this film.",
    "Café noir: ÉTÉ, été et hiver",
    "",
    "?!",
    "film " * 50,
    "Ωμέγα 字幕 好 👩‍🚀 emoji 👍🏽 naïve",
]
WORDS = st.text(alphabet="ab1 .É", max_size=12)
CORPORA = st.lists(WORDS, min_size=1, max_size=8).filter(
    lambda texts: any(CountVectorizer().build_analyzer()(text) for text in texts)
)


with warnings.catch_warnings():
    # scikit-learn runs only the checks of the API on estimators that read text.
    warnings.simplefilter("ignore", SkipTestWarning)

    @parametrize_with_checks([EmbeddingTokenizer()])
    def test_embedding_tokenizer_scikit_learn_checks(estimator, check):
        check(estimator)


# --- compared with CountVectorizer -----------------------------------------------------------


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"analyzer": "char"},
        {"lowercase": False},
        {"strip_accents": "unicode"},
        {"strip_accents": "ascii", "token_pattern": r"\w+"},
        {"stop_words": ["film"]},
        {"stop_words": "english"},
        {"min_df": 2},
        {"max_df": 0.3},
        {"min_df": 2, "max_df": 5},
    ],
    ids=str,
)
def test_embedding_tokenizer_ids_match_count_vectorizer(parameters):
    tokenizer = EmbeddingTokenizer(**parameters)
    ids = tokenizer.fit_transform(REVIEWS)
    vectorizer = CountVectorizer(**parameters)
    counts = vectorizer.fit_transform(REVIEWS).toarray()
    assert sorted(tokenizer.vocabulary_) == vectorizer.get_feature_names_out().tolist()
    for token, i in tokenizer.vocabulary_.items():
        occurrences = [np.sum(document == i) for document in ids]
        assert_array_equal(occurrences, counts[:, vectorizer.vocabulary_[token]])


def test_embedding_tokenizer_keeps_the_order_of_tokens():
    tokenizer = EmbeddingTokenizer().fit(REVIEWS)
    analyze = CountVectorizer().build_analyzer()
    ids = tokenizer.transform(REVIEWS)
    documents = zip(
        tokenizer.to_tokens(ids), tokenizer.inverse_transform(ids), REVIEWS, strict=True
    )
    for tokens, text, review in documents:
        expected = analyze(review) or ["[UNK]"]
        assert tokens.tolist() == expected
        assert text == " ".join(expected)


def test_embedding_tokenizer_order_of_the_vocabulary():
    tokenizer = EmbeddingTokenizer().fit(["b c a", "bb aa bb", "cc cc bb"])
    assert tokenizer.vocabulary_ == {"bb": 2, "cc": 3, "aa": 4}
    assert tokenizer.n_tokens_ == 5


@given(CORPORA, st.randoms(use_true_random=False))
def test_embedding_tokenizer_order_of_documents(texts, random):
    shuffled = random.sample(texts, len(texts))
    one, other = EmbeddingTokenizer(max_tokens=4), EmbeddingTokenizer(max_tokens=4)
    assert one.fit(texts).vocabulary_ == other.fit(shuffled).vocabulary_


@given(CORPORA, st.integers(3, 6))
def test_embedding_tokenizer_max_tokens(texts, max_tokens):
    everything = EmbeddingTokenizer(max_tokens=None).fit(texts).vocabulary_
    kept = EmbeddingTokenizer(max_tokens=max_tokens).fit(texts)
    assert list(kept.vocabulary_.items()) == list(everything.items())[: max_tokens - 2]
    assert max(map(np.max, kept.transform(texts))) < kept.n_tokens_ <= max_tokens


# --- identities ------------------------------------------------------------------------------


@settings(max_examples=30)
@given(CORPORA, st.integers(0, 7))
def test_embedding_tokenizer_partial_fit_equals_fit(texts, cut):
    parameters = {"min_df": 0.2, "max_df": 0.9, "max_tokens": 5}
    parts = EmbeddingTokenizer(**parameters)
    for part in (texts[:cut], texts[cut:]):
        if part:
            parts.partial_fit(part)
    try:
        whole = EmbeddingTokenizer(**parameters).fit(texts).vocabulary_
    except ValueError:
        whole = {}
    assert parts.vocabulary_ == whole


def test_embedding_tokenizer_fit_restarts_and_partial_fit_continues():
    tokenizer = EmbeddingTokenizer().fit(["old old"]).fit(["new"])
    assert list(tokenizer.vocabulary_) == ["new"]
    assert list(tokenizer.partial_fit(["film film"]).vocabulary_) == ["film", "new"]


def test_embedding_tokenizer_partial_fit_without_any_token():
    tokenizer = EmbeddingTokenizer(min_df=2).partial_fit(["one film"])
    assert tokenizer.vocabulary_ == {}
    assert_array_equal(tokenizer.transform(["one film"])[0], [1, 1])
    assert list(tokenizer.partial_fit(["another film"]).vocabulary_) == ["film"]


@pytest.mark.parametrize("n_jobs", [2, -1])
def test_embedding_tokenizer_n_jobs(n_jobs):
    texts = REVIEWS * 3
    alone, together = EmbeddingTokenizer(), EmbeddingTokenizer(n_jobs=n_jobs)
    for one, other in zip(alone.fit_transform(texts), together.fit_transform(texts), strict=True):
        assert_array_equal(one, other)
    assert alone.vocabulary_ == together.vocabulary_


def test_embedding_tokenizer_fit_transform():
    for parameters in ({}, {"max_length": 3}, {"max_tokens": 5}):
        at_once = EmbeddingTokenizer(**parameters).fit_transform(REVIEWS)
        in_turn = EmbeddingTokenizer(**parameters).fit(REVIEWS).transform(REVIEWS)
        assert_array_equal(to_padded(at_once, value=0), to_padded(in_turn, value=0))


@pytest.mark.parametrize("truncating", ["post", "pre"])
@pytest.mark.parametrize("max_length", [1, 3, 100])
def test_embedding_tokenizer_max_length_and_truncating(max_length, truncating):
    lists = EmbeddingTokenizer().fit_transform(REVIEWS)
    table = EmbeddingTokenizer(max_length=max_length, truncating=truncating).fit_transform(REVIEWS)
    assert table.shape == (len(REVIEWS), max_length)
    for ids, row in zip(lists, table, strict=True):
        kept = ids[:max_length] if truncating == "post" else ids[-max_length:]
        assert_array_equal(row, np.pad(kept, (0, max_length - len(kept))))


def test_embedding_tokenizer_transform_of_a_single_document():
    tokenizer = EmbeddingTokenizer().fit(REVIEWS)
    for text, among in zip(REVIEWS, tokenizer.transform(REVIEWS), strict=True):
        assert_array_equal(tokenizer.transform([text])[0], among)


def test_embedding_tokenizer_transform_of_no_documents():
    assert EmbeddingTokenizer().fit(REVIEWS).transform([]) == []
    assert EmbeddingTokenizer(max_length=4).fit(REVIEWS).transform([]).shape == (0, 4)


def test_embedding_tokenizer_document_without_tokens():
    tokenizer = EmbeddingTokenizer(stop_words=["film"]).fit(REVIEWS)
    for text in ("", "?!", "film", "neverseen"):
        assert_array_equal(tokenizer.transform([text])[0], [1])


def test_embedding_tokenizer_long_document():
    ids = EmbeddingTokenizer().fit_transform(["ab cd " * 200_000])
    assert ids[0].shape == (400_000,)
    assert_array_equal(np.unique(ids[0]), [2, 3])


# --- ids back to text --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "texts"),
    [
        ({"token_pattern": r"\w+|[^\w\s]"}, ["a fine film !", "no ."]),
        ({"analyzer": "char"}, ["a fine film!", " no ."]),
        ({"analyzer": str.split}, ["A fine film!", "No."]),
    ],
    ids=["word", "char", "callable"],
)
def test_embedding_tokenizer_inverse_transform_returns_the_texts(parameters, texts):
    tokenizer = EmbeddingTokenizer(**parameters)
    ids = tokenizer.fit_transform(texts)
    padded = clone(tokenizer).set_params(max_length=20).fit_transform(texts)
    for container in (ids, tuple(ids), pd.Series(ids), padded):
        assert tokenizer.inverse_transform(container) == texts
    assert tokenizer.inverse_transform([ids[0], []]) == [texts[0], ""]
    for one, text in zip(ids, texts, strict=True):
        assert tokenizer.inverse_transform([one]) == [text]


def test_embedding_tokenizer_inverse_transform_of_tokens_outside_the_vocabulary():
    words = EmbeddingTokenizer().fit(TEXTS)
    assert words.inverse_transform(words.transform(["film noir", ""])) == ["film [UNK]", "[UNK]"]
    characters = EmbeddingTokenizer(analyzer="char").fit(["ab"])
    assert characters.inverse_transform(characters.transform(["axb"])) == ["a[UNK]b"]


# --- analyzers -------------------------------------------------------------------------------


def test_embedding_tokenizer_analyzer_tokens():
    sentences = [["Le", "chat", ",", "le", "chien", "a"], ["a"], []]
    tokenizer = EmbeddingTokenizer(analyzer="tokens").fit(sentences)
    assert list(map(len, tokenizer.transform(sentences))) == [6, 1, 1]
    back = tokenizer.inverse_transform(tokenizer.transform(sentences))
    assert back[0].tolist() == ["le", "chat", ",", "le", "chien", "a"]
    kept = EmbeddingTokenizer(analyzer="tokens", lowercase=False).fit(sentences)
    assert {"Le", "le"} <= set(kept.vocabulary_)


def test_embedding_tokenizer_integer_tokens():
    clicks = [np.array([501, 7, 501]), [7, 99]]
    tokenizer = EmbeddingTokenizer(analyzer="tokens").fit(clicks)
    assert tokenizer.vocabulary_ == {7: 2, 501: 3, 99: 4}
    back = tokenizer.inverse_transform(tokenizer.transform([[99, 1]]))
    assert back[0].tolist() == [99, "[UNK]"]
    assert pickle.loads(pickle.dumps(tokenizer)).vocabulary_ == tokenizer.vocabulary_


def test_embedding_tokenizer_mixed_token_types():
    clicks = EmbeddingTokenizer(analyzer="tokens").fit([[7, 7]])
    match = r"must all be str, or all be int; got"
    with pytest.raises(ValueError, match=match):
        clicks.transform([["7"]])
    with pytest.raises(ValueError, match=match):
        clicks.partial_fit([["7"]])
    with pytest.raises(ValueError, match=match):
        EmbeddingTokenizer(analyzer="tokens", n_jobs=2).fit([["7"], [7]])
    with pytest.raises(ValueError, match=match):
        EmbeddingTokenizer(analyzer="tokens", vocabulary=[7]).fit_transform([["7"]])
    assert clicks.vocabulary_ == {7: 2}


def test_embedding_tokenizer_array_of_tokens():
    bases = np.array([list("acgt"), list("ttaa")])
    ids = EmbeddingTokenizer(analyzer="tokens", max_length=4).fit_transform(bases)
    assert ids.shape == (2, 4)
    assert (ids > 1).all()


def test_embedding_tokenizer_callable_analyzer():
    tokenizer = EmbeddingTokenizer(analyzer=str.split).fit(["a, b", "a, c"])
    assert set(tokenizer.vocabulary_) == {"a,", "b", "c"}


@pytest.fixture(scope="module")
def subwords(need_package):
    tokenizers = need_package("tokenizers")
    model = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token="[UNK]"))
    model.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=60, show_progress=False)
    model.train_from_iterator(["low lower lowest new newer newest"] * 5, trainer)
    return model


def test_embedding_tokenizer_subwords(subwords):
    texts = ["lower newest", "low", ""]
    tokenizer = EmbeddingTokenizer(analyzer=subwords)
    ids = clone(tokenizer).fit_transform(texts)
    expected = [subwords.encode(text).tokens or ["[UNK]"] for text in texts]
    back = tokenizer.fit(texts).to_tokens(ids)
    assert [tokens.tolist() for tokens in back] == expected
    given_vocabulary = clone(tokenizer).set_params(vocabulary=subwords.get_vocab()).fit(texts)
    assert_array_equal(
        given_vocabulary.transform(["lower"])[0], np.add(subwords.encode("lower").ids, 2)
    )


def test_embedding_tokenizer_inverse_transform_uses_the_decoder_of_subwords(need_package):
    tokenizers = need_package("tokenizers")
    model = tokenizers.Tokenizer(tokenizers.models.BPE())
    model.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(initial_alphabet=alphabet, show_progress=False)
    model.train_from_iterator(REVIEWS, trainer)
    tokenizer = EmbeddingTokenizer(analyzer=model)
    ids = tokenizer.fit_transform(REVIEWS[:3])
    assert tokenizer.inverse_transform(ids) != REVIEWS[:3]
    model.decoder = tokenizers.decoders.ByteLevel()
    assert tokenizer.inverse_transform(ids) == REVIEWS[:3]


def test_embedding_tokenizer_subwords_ignore_padding_and_truncation(subwords):
    texts = ["low", "lower newest lower newest"]
    expected = [subwords.encode(text).tokens for text in texts]
    subwords.enable_padding(pad_token="[PAD]")
    subwords.enable_truncation(2)
    try:
        tokenizer = EmbeddingTokenizer(analyzer=subwords)
        back = tokenizer.fit(texts).to_tokens(tokenizer.transform(texts))
        assert [tokens.tolist() for tokens in back] == expected
        assert len(subwords.encode(texts[1]).tokens) == 2
    finally:
        subwords.no_padding()
        subwords.no_truncation()


@pytest.mark.parametrize(
    "container",
    [tuple, np.array, pd.Series, iter, lambda texts: pd.Index(texts)],
    ids=["tuple", "array", "Series", "iterator", "Index"],
)
def test_embedding_tokenizer_containers_of_documents(container):
    texts = REVIEWS[:3]
    expected = EmbeddingTokenizer().fit_transform(texts)
    found = EmbeddingTokenizer().fit_transform(container(texts))
    for one, other in zip(expected, found, strict=True):
        assert_array_equal(one, other)


# --- vocabularies and vectors ----------------------------------------------------------------


@pytest.mark.parametrize(
    "vocabulary",
    [
        ["film", "fine"],
        ("film", "fine"),
        {"fine": 1, "film": 0},
        {"fine": 3, "film": 2},
        {"fine", "film"},
    ],
    ids=lambda given: type(given).__name__,
)
def test_embedding_tokenizer_vocabulary(vocabulary):
    tokenizer = EmbeddingTokenizer(vocabulary=vocabulary, max_tokens=3, min_df=9).fit(REVIEWS)
    assert tokenizer.vocabulary_ == {"film": 2, "fine": 3}
    assert_array_equal(tokenizer.transform(["a fine film noir"])[0], [3, 2, 1])
    again = EmbeddingTokenizer(vocabulary=tokenizer.vocabulary_).fit(REVIEWS)
    assert again.vocabulary_ == tokenizer.vocabulary_


@pytest.mark.parametrize(
    ("vocabulary", "match"),
    [
        ([], "vocabulary is empty"),
        ({}, "vocabulary is empty"),
        (["film", "film"], "'film' more than once"),
        ({"film": 0, "fine": 2}, r"positions 0, 1, 2, \.\.\. or to the ids 2, 3"),
        ({"film": 0, "fine": 0}, "got 0, 0"),
        ({"film": "a"}, "got a"),
        ("abc", "got the text 'abc'"),
        (pd.DataFrame({"film": [1]}), "got a DataFrame of 2 dimensions"),
        ([["film"], ["fine"]], "must all be str, or all be int"),
    ],
)
def test_embedding_tokenizer_invalid_vocabulary(vocabulary, match):
    with pytest.raises(ValueError, match=match):
        EmbeddingTokenizer(vocabulary=vocabulary).fit(REVIEWS)


VECTORS = {"film": [1.0, 2.0], "fine": [3.0, -2.0], "elsewhere": [9.0, 9.0]}
MATRIX = [[0, 0], [2, 0], [1, 2], [3, -2], [2, 0]]
TEXTS = ["film fine", "film fine film", "unheard"]


class KeyedVectors:
    """The part of gensim's class of this name that the tokenizer uses."""

    key_to_index = {word: i for i, word in enumerate(VECTORS)}

    def __contains__(self, word):
        return word in self.key_to_index

    def __getitem__(self, word):
        return np.array(VECTORS[word], dtype=np.float32)


def lines_of_vectors(header):
    lines = [f"{word} {' '.join(map(str, vector))}\n" for word, vector in VECTORS.items()]
    # GloVe has words that contain spaces, and word2vec writes a space at the end of each line.
    lines = ["3 2\n", *lines] if header else [*lines, ". . 0.5 0.5 \n"]
    return "".join(lines).encode()


@pytest.mark.parametrize("method", ["fit", "fit_transform", "partial_fit"])
def test_embedding_tokenizer_vocabulary_is_checked_before_documents(method):
    def read(_):
        pytest.fail("a document was analyzed")

    with pytest.raises(ValueError, match="more than once"):
        getattr(EmbeddingTokenizer(analyzer=read, vocabulary=["a", "a"]), method)(TEXTS)


def test_embedding_matrix_of_every_source(tmp_path):
    tokenizer = EmbeddingTokenizer().fit(TEXTS)
    sources = [VECTORS, pd.Series(VECTORS).to_dict(), KeyedVectors()]
    for header in (False, True):
        for suffix, compress in {
            ".txt": bytes,
            ".gz": gzip.compress,
            ".bz2": bz2.compress,
            ".xz": lzma.compress,
        }.items():
            path = tmp_path / f"vectors{header}{suffix}"
            path.write_bytes(compress(lines_of_vectors(header)))
            sources += [path, str(path)]
    for source in sources:
        matrix, coverage = tokenizer.embedding_matrix(source, return_coverage=True)
        assert_allclose(matrix, MATRIX)
        assert matrix.dtype == np.float32
        assert coverage == pytest.approx(2 / 3)
    assert_allclose(tokenizer.embedding_matrix(VECTORS), MATRIX)


def test_embedding_matrix_of_gensim_vectors(need_package):
    vectors = need_package("gensim.models").KeyedVectors(2)
    vectors.add_vectors(list(VECTORS), np.array(list(VECTORS.values()), dtype=np.float32))
    assert_allclose(EmbeddingTokenizer().fit(TEXTS).embedding_matrix(vectors), MATRIX)
    lined_up = EmbeddingTokenizer(vocabulary=vectors.key_to_index).fit(TEXTS)
    assert_allclose(lined_up.embedding_matrix(vectors)[2:], vectors.vectors)


def test_embedding_matrix_does_not_use_integers_as_gensim_indices(need_package):
    vectors = need_package("gensim.models").KeyedVectors(1)
    vectors.add_vectors(["501", "7"], np.array([[501], [7]], dtype=np.float32))
    clicks = EmbeddingTokenizer(analyzer="tokens").fit([[0, 1]])
    with pytest.raises(ValueError, match=r"none of the 2 tokens of vocabulary_: 0 \(int\)"):
        clicks.embedding_matrix(vectors)


def test_embedding_matrix_file_with_byte_order_mark(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("film 1 2\r\nfine 3 -2\r\n\r\n", encoding="utf-8-sig")
    assert_allclose(EmbeddingTokenizer().fit(TEXTS).embedding_matrix(path), MATRIX)
    path.write_text("été 1 2\n", encoding="latin-1")
    with pytest.raises(ValueError, match="is not a text file in UTF-8"):
        EmbeddingTokenizer().fit(TEXTS).embedding_matrix(path)


def test_embedding_matrix_file_with_a_repeated_word(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("film 1 2\nfine 3 -2\nfilm 8 9\n")
    assert_allclose(EmbeddingTokenizer().fit(TEXTS).embedding_matrix(path), MATRIX)


@pytest.mark.parametrize(
    ("suffix", "compress"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)]
)
def test_embedding_matrix_damaged_file(tmp_path, suffix, compress):
    tokenizer = EmbeddingTokenizer().fit(TEXTS)
    path = tmp_path / f"vectors{suffix}"
    whole = compress(lines_of_vectors(header=False))
    for content in (whole[:-12], b"film 1 2\n", whole[:10] + b"xx" + whole[12:]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=f"is not a complete file in the format {suffix}"):
            tokenizer.embedding_matrix(path)
    with pytest.raises(FileNotFoundError):
        tokenizer.embedding_matrix(tmp_path / f"missing{suffix}")


def test_embedding_tokenizer_invalid_token_pattern():
    with pytest.raises(ValueError, match=r"token_pattern must be a regular expression, got '\('"):
        EmbeddingTokenizer(token_pattern="(").fit(TEXTS)


def test_embedding_tokenizer_warns_about_uppercase_vocabulary():
    with pytest.warns(UserWarning, match="2 token\\(s\\) with upper case letters, such as 'Film'"):
        EmbeddingTokenizer(vocabulary=["Film", "fine", "USA"]).fit(TEXTS)
    EmbeddingTokenizer(vocabulary=["Film"], lowercase=False).fit(TEXTS)


def test_embedding_matrix_in_a_classifier():
    tokenizer = EmbeddingTokenizer().fit(TEXTS)
    matrix = tokenizer.embedding_matrix(VECTORS)
    classifier = RNNClassifier(embedding=matrix, train_embedding=False, units=2, epochs=1)
    classifier.fit(tokenizer.transform(TEXTS), ["a", "b", "a"])
    assert_array_equal(classifier.weights_[0], matrix)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("film 1 2\n\nfine 3\n", "line 3: expected a word and 2"),
        ("film 1 2\nfine 3\n", "line 2: expected a word and 2 numbers, got 1 numbers"),
        ("film 1 2\nfine 3 4 5\n", "line 2: expected a word and 2 numbers, got 3 numbers"),
        ("2 2\nfilm 1 2\nfine 1 x\n", "line 3: could not convert"),
        ("film 1 nan\n", "line 1: the vector must be finite"),
        ("film\n", "line 1: expected a word"),
        ("other 1 2\n", "none of the 3 tokens of vocabulary_: 'film' \\(str\\)"),
        ("", "none of the 3 tokens"),
    ],
)
def test_embedding_matrix_invalid_file(tmp_path, text, match):
    path = tmp_path / "vectors.txt"
    path.write_text(text)
    with pytest.raises(ValueError, match=match):
        EmbeddingTokenizer().fit(TEXTS).embedding_matrix(path)


@pytest.mark.parametrize(
    ("vectors", "match"),
    [
        ({"film": [1.0], "fine": [1.0, 2.0]}, "the vector of 'fine'"),
        ({"film": [np.inf]}, "finite"),
        ({"film": ["a"]}, "'film' does not contain numbers"),
        ({"film": 1.0}, "one-dimensional"),
        ({}, "none of the 3 tokens"),
        (3, "got int"),
    ],
)
def test_embedding_matrix_invalid_vectors(vectors, match):
    with pytest.raises(ValueError, match=match):
        EmbeddingTokenizer().fit(TEXTS).embedding_matrix(vectors)


# --- errors --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "X", "match"),
    [
        ({}, "a film", "Iterable over raw text documents expected, string object received"),
        ({}, ["a film", None], r"X\[1\] is None \(NoneType\)"),
        ({}, ["a film", 3], r"must be a str; X\[1\] is 3 \(int\)"),
        ({}, ["a film", np.nan], r"X\[1\] is nan \(float\)"),
        ({}, [b"a film"], r"X\[0\] is b'a film' \(bytes\)"),
        ({}, [["a", "film"]], r"X\[0\] is \['a', 'film'\] \(list\)"),
        ({}, pd.DataFrame({"text": REVIEWS}), r"Pass one column, such as X\['text'\]"),
        ({}, np.array([REVIEWS]), r"got a ndarray of shape \(1, 7\)"),
        ({}, 3, "iterable of documents, got int"),
        ({}, [], "empty vocabulary"),
        ({}, ["", "?!"], "empty vocabulary"),
        ({"stop_words": ["film"]}, ["film"], "empty vocabulary"),
        ({"min_df": 2}, ["one", "two"], "After pruning, no terms remain"),
        ({"min_df": 3, "max_df": 2}, ["film"] * 4, "min_df=3 and max_df=2 for 4 documents"),
        ({"analyzer": "tokens"}, ["a film"], r"X\[0\] is 'a film' \(str\)"),
        ({"analyzer": "tokens"}, [["film", None]], r"got 'film' \(str\), None \(NoneType\)"),
        ({"analyzer": "tokens"}, [["film", 3]], r"all be int; got 'film' \(str\), 3 \(int\)"),
        ({"analyzer": str.split}, ["film", None], r"must be a document; X\[1\] is None"),
        ({"analyzer": "tokens"}, [["film"], [["fine"]]], "in document 1: unhashable type: 'list'"),
        ({"analyzer": lambda text: {"ids": [1]}}, ["film"], r"got \{'ids': \[1\]\} \(dict\)"),
        ({"analyzer": lambda text: None}, ["film"], "a list of tokens for each document, got None"),
        ({"vocabulary": ["film", 1.5]}, ["film"], r"got 'film' \(str\), 1.5 \(float\)"),
        ({"max_length": 0}, REVIEWS, "'max_length' parameter"),
        ({"max_tokens": 2}, REVIEWS, "'max_tokens' parameter"),
        ({"analyzer": "sentence"}, REVIEWS, "'analyzer' parameter"),
        ({"truncating": "middle"}, REVIEWS, "'truncating' parameter"),
        ({"vocabulary": 3}, REVIEWS, "'vocabulary' parameter"),
        ({"min_df": 1.5}, REVIEWS, "'min_df' parameter"),
    ],
)
@pytest.mark.parametrize("method", ["fit", "fit_transform"])
def test_embedding_tokenizer_failed_fit_keeps_the_fitted_state(parameters, X, match, method):
    tokenizer = EmbeddingTokenizer().fit(TEXTS)
    with pytest.raises(ValueError, match=match):
        getattr(tokenizer.set_params(**parameters), method)(X)
    tokenizer.set_params(**EmbeddingTokenizer().get_params())
    assert_array_equal(tokenizer.transform(["fine film"])[0], [3, 2])


def test_embedding_tokenizer_transform_errors():
    tokenizer = EmbeddingTokenizer().fit(TEXTS)
    with pytest.raises(ValueError, match="string object received"):
        tokenizer.transform("film")
    with pytest.raises(NotFittedError):
        EmbeddingTokenizer().transform(TEXTS)


def test_embedding_tokenizer_inverse_transform_of_unknown_ids():
    tokenizer = EmbeddingTokenizer().fit(TEXTS)
    assert tokenizer.inverse_transform([[2, 0, 0], [0, 0, 0]]) == ["film", ""]
    for method in (tokenizer.inverse_transform, tokenizer.to_tokens):
        with pytest.raises(ValueError, match="the id 5; the last id is 4"):
            method([[2, 5]])
        with pytest.raises(ValueError, match=r"X\[1\] holds -1; token ids must not be negative"):
            method([[2], [-1]])
    with pytest.raises(NotFittedError):
        EmbeddingTokenizer().inverse_transform([[2]])


def test_embedding_tokenizer_feature_names_out():
    tokenizer = EmbeddingTokenizer(max_length=3).fit(TEXTS)
    names = [f"embeddingtokenizer{i}" for i in range(3)]
    assert tokenizer.get_feature_names_out().tolist() == names
    columns = make_column_transformer((tokenizer, "text"), ("passthrough", ["year"]))
    frame = pd.DataFrame({"text": TEXTS, "year": [1, 2, 3]})
    assert columns.fit_transform(frame).shape == (3, 4)
    assert len(columns.get_feature_names_out()) == 4


# --- in use ---------------------------------------------------------------------------------


def labelled_texts(n=60):
    rng = np.random.default_rng(0)
    y = np.resize(["bad", "good"], n)
    words = {"good": ["fine", "great", "fun"], "bad": ["dull", "poor", "slow"]}
    noise = [f"word{i}" for i in range(40)]
    texts = [
        " ".join(rng.permutation([*rng.choice(words[label], 2), *rng.choice(noise, 4)]))
        for label in y
    ]
    return texts, y


def test_embedding_tokenizer_in_a_pipeline():
    texts, y = labelled_texts()
    model = make_pipeline(
        EmbeddingTokenizer(), RNNClassifier(embedding=8, units=8, epochs=30, random_state=0)
    )
    model.fit(texts, y)
    assert model.score(texts, y) > 0.95
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.predict(texts), model.predict(texts))
    assert_array_equal(model.predict(["great fun"]), ["good"])


def test_embedding_tokenizer_in_a_grid_search_compiles_once_per_architecture(monkeypatch):
    texts, y = labelled_texts()
    model = make_pipeline(
        EmbeddingTokenizer(), RNNClassifier(embedding=4, epochs=1, random_state=0)
    )
    grid = {
        # Embeddings of 45 to 48 rows have the same padded size.
        "embeddingtokenizer__max_tokens": [46, 47, 48],
        "rnnclassifier__units": [3, 5],
        "rnnclassifier__learning_rate": [0.001, 0.01],
    }
    clear_program_cache()
    built = count_programs(monkeypatch)
    GridSearchCV(model, grid, cv=2, error_score="raise").fit(texts, y)
    assert [spec.units for spec in built] == [(3,), (5,)]
