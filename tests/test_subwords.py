"""EmbeddingTokenizer(analyzer="bpe"): subwords that restore the text, and their fitted state."""

import json
import pickle
import sys
from collections import Counter
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from skrnn import EmbeddingTokenizer
from skrnn.preprocessing._documents import make_analyzer

TEXTS = [
    "Low, lower and lowest.",
    "new newer newest",
    "L'été, 12,5 %\n\tdeux  espaces !",
    "字幕 👩‍🚀 [PAD] [UNK] ▁ x_y",
    "",
]
ALPHABET = "ab é.'[]\n字"


@pytest.fixture(scope="module", autouse=True)
def tokenizers(need_package):
    return need_package("tokenizers")


def bpe(**parameters):
    return EmbeddingTokenizer(analyzer="bpe", **({"lowercase": False} | parameters))


def merged_by_hand(words, n_merges):
    """Return the merges of byte-pair encoding, straight from its definition.

    Of equally frequent pairs, the one whose tokens have the smaller ids is merged.
    """
    words = Counter(map(tuple, words))
    characters = Counter(c for word, n in words.items() for c in word for _ in range(n))
    id_of = {c: i for i, c in enumerate(sorted(characters))}
    merges = []
    for _ in range(n_merges):
        pairs = Counter()
        for word, n in words.items():
            for pair in pairwise(word):
                pairs[pair] += n
        best = min(pairs, key=lambda pair: (-pairs[pair], id_of[pair[0]], id_of[pair[1]]))
        merges.append("".join(best))
        id_of.setdefault(merges[-1], len(id_of))
        words = Counter({_merge(word, best): n for word, n in words.items()})
    return merges


def _merge(word, pair):
    merged = []
    for token in word:
        if merged and (merged[-1], token) == pair:
            merged[-1] += token
        else:
            merged.append(token)
    return tuple(merged)


def test_bpe_learns_the_merges_of_the_definition():
    text = "low low low lower lower newest newest newest newest widest widest"
    n_characters = len(set(text))
    tokenizer = bpe(max_tokens=2 + n_characters + 6).fit([text])
    words = [f"▁{word}" for word in text.split()]
    assert list(tokenizer.vocabulary_)[n_characters:] == merged_by_hand(words, 6)


@settings(max_examples=30)
@given(st.lists(st.text(ALPHABET, max_size=12), min_size=1, max_size=5), st.integers(20, 40))
def test_bpe_restores_texts(texts, max_tokens):
    texts = [f"x{text}" for text in texts]
    tokenizer = bpe(max_tokens=max_tokens)
    ids = tokenizer.fit_transform(texts)
    assert tokenizer.inverse_transform(ids) == texts
    assert tokenizer.n_tokens_ <= max_tokens
    assert all((one >= 2).all() and (one < tokenizer.n_tokens_).all() for one in ids)
    for text, one in zip(texts, ids, strict=True):
        assert_array_equal(tokenizer.transform([text])[0], one)


def test_bpe_of_awkward_texts():
    tokenizer = bpe().fit(TEXTS)
    back = tokenizer.inverse_transform(tokenizer.transform(TEXTS))
    # The character that stands for a space is not distinguished from it.
    assert back == [*TEXTS[:3], TEXTS[3].replace("▁", " "), "[UNK]"]
    assert tokenizer.inverse_transform(tokenizer.transform([" low", "Zoé"])) == ["low", "[UNK]oé"]
    marks = [tokens.tolist() for tokens in tokenizer.to_tokens(tokenizer.transform(["[PAD]"]))]
    assert "[PAD]" not in marks[0]


def test_bpe_lowercase_and_accents():
    tokenizer = bpe(lowercase=True, strip_accents="unicode")
    ids = tokenizer.fit_transform(["L'Été", "l'ete"])
    assert_array_equal(*ids)
    assert tokenizer.inverse_transform(ids) == ["l'ete", "l'ete"]


def test_bpe_ids_are_those_of_the_stored_model(tokenizers):
    tokenizer = bpe(max_tokens=60)
    ids = tokenizer.fit_transform(TEXTS[:3])
    assert isinstance(tokenizer.subword_model_, str)
    model = tokenizers.Tokenizer.from_str(tokenizer.subword_model_)
    assert [model.encode(text).ids for text in TEXTS[:3]] == [one.tolist() for one in ids]
    assert model.get_vocab_size() == tokenizer.n_tokens_
    assert list(tokenizer.vocabulary_.values()) == [*range(2, tokenizer.n_tokens_)]
    assert EmbeddingTokenizer().fit(TEXTS).subword_model_ is None


def test_bpe_with_fewer_ids_than_characters():
    tokenizer = bpe(max_tokens=5).fit(["bca cb", "cb"])
    assert list(tokenizer.vocabulary_) == ["b", "c", "▁"]
    assert tokenizer.inverse_transform(tokenizer.transform(["ab"])) == ["[UNK]b"]


def test_bpe_is_the_same_in_every_fit():
    # The hash tables of tokenizers have another order in each fit. Most pairs are equally frequent.
    texts = [f"{a}{b}{c} {c}{a}" for a in "abcdef" for b in "ghij" for c in "klm"]
    models = {bpe(max_tokens=max_tokens).fit(texts).subword_model_ for max_tokens in [40] * 8}
    assert len(models) == 1
    few = {bpe(max_tokens=7).fit(["abcdefghij"]).subword_model_ for _ in range(8)}
    assert len(few) == 1


def test_bpe_containers():
    expected = bpe().fit(TEXTS[:3]).transform(TEXTS[:3])
    for wrap in (iter, tuple, np.array, pd.Series):
        found = bpe().fit_transform(wrap(TEXTS[:3]))
        for one, other in zip(found, expected, strict=True):
            assert_array_equal(one, other)
    padded = bpe(max_length=40).fit(TEXTS[:3])
    assert padded.inverse_transform(padded.transform(TEXTS[:3])) == TEXTS[:3]


def test_bpe_documents_can_be_analyzed_in_other_processes():
    model = bpe(max_tokens=60).fit(TEXTS).subword_model_
    text = {"lowercase": True, "strip_accents": None, "token_pattern": "", "stop_words": None}
    analyze = make_analyzer("bpe", **text, subword_model=model)
    again = pickle.loads(pickle.dumps(analyze))
    assert list(again(TEXTS)) == list(analyze(TEXTS))


def test_bpe_is_saved_as_plain_values():
    tokenizer = bpe(max_tokens=60).fit(TEXTS)
    data = pickle.dumps(tokenizer)
    skops_data = skops.io.dumps(tokenizer)
    assert skops.io.get_untrusted_types(data=skops_data) == ["skrnn.EmbeddingTokenizer"]
    for again in (
        pickle.loads(data),
        skops.io.loads(skops_data, trusted=["skrnn.EmbeddingTokenizer"]),
    ):
        for one, other in zip(again.transform(TEXTS), tokenizer.transform(TEXTS), strict=True):
            assert_array_equal(one, other)
        assert again.inverse_transform([[2, 3]]) == tokenizer.inverse_transform([[2, 3]])
    assert json.loads(tokenizer.subword_model_)["added_tokens"] == []
    assert not hasattr(clone(tokenizer), "subword_model_")


@pytest.mark.parametrize(
    ("parameters", "X", "match"),
    [
        ({"max_tokens": None}, TEXTS, "max_tokens must be an int with analyzer='bpe', got None"),
        ({"vocabulary": ["low"]}, TEXTS, "vocabulary must be None with analyzer='bpe'"),
        ({}, [], "empty vocabulary; the documents contain no text"),
        ({}, ["", ""], "empty vocabulary; the documents contain no text"),
        ({}, "low", "Iterable over raw text documents expected"),
        ({}, ["low", 3], r"must be a str; X\[1\] is 3 \(int\)"),
        ({"max_tokens": 2}, TEXTS, "'max_tokens' parameter"),
    ],
)
def test_bpe_failed_fit_keeps_the_fitted_state(parameters, X, match):
    tokenizer = bpe(max_tokens=60).fit(TEXTS)
    before = tokenizer.subword_model_
    with pytest.raises(ValueError, match=match):
        tokenizer.set_params(**parameters).fit(X)
    assert tokenizer.subword_model_ == before


def test_bpe_has_no_partial_fit():
    assert hasattr(EmbeddingTokenizer(), "partial_fit")
    assert not hasattr(bpe(), "partial_fit")


def test_bpe_set_after_fit():
    tokenizer = EmbeddingTokenizer().fit(TEXTS).set_params(analyzer="bpe")
    for method, X in ((tokenizer.transform, TEXTS), (tokenizer.inverse_transform, [[2]])):
        with pytest.raises(ValueError, match=r"analyzer='bpe' was set after fit\. Call fit"):
            method(X)


def test_bpe_without_tokenizers(monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ImportError, match=r"requires the package tokenizers.* extra `text`"):
        bpe().fit(TEXTS)


def test_bpe_in_a_grid_search():
    texts = ["unhappy", "happy", "unkind", "kind", "untrue", "true"] * 4
    y = ["no", "yes"] * 12
    model = make_pipeline(bpe(max_length=8), DecisionTreeClassifier(random_state=0))
    grid = {"embeddingtokenizer__max_tokens": [16, 24]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(texts, y)
    assert search.best_score_ == 1
    assert search.predict(["unhappy", "happy"]).tolist() == ["no", "yes"]
