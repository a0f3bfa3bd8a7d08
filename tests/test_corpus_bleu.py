"""corpus_bleu: known scores, references and lists of words, and errors."""

import sys

import numpy as np
import pandas as pd
import pytest

from skrnn.metrics import corpus_bleu


@pytest.fixture(autouse=True)
def sacrebleu(need_package):
    return need_package("sacrebleu")


TRUE = ["Un chat noir dort sur le lit.", "Elle chante bien ce soir !"]
PREDICTED = ["Un chat blanc dort sur le lit.", "Elle chante ce soir !"]


def words_of(texts):
    return [text.split() for text in texts]


def test_corpus_bleu_follows_the_definition():
    # Papineni et al. 2002, for one sentence: 5 of 6 words, 3 of 5 pairs, 1 of 4 triples, and none
    # of 3 sequences of four, which smoothing replaces with 1 / (2 * 3).
    y_true, y_pred = [["a", "b", "c", "d", "e", "f"]], [["a", "b", "c", "x", "e", "f"]]
    precisions = [5 / 6, 3 / 5, 1 / 4, 1 / 6]
    expected = 100 * np.prod(precisions) ** 0.25
    assert corpus_bleu(y_true, y_pred) == pytest.approx(expected)
    shorter = [["a", "b", "c", "d", "e"]]
    assert corpus_bleu(y_true, shorter) == pytest.approx(100 * np.exp(1 - 6 / 5))


def test_corpus_bleu_of_equal_and_of_entirely_different_texts():
    assert corpus_bleu(TRUE, TRUE) == 100
    assert corpus_bleu(TRUE, ["rien", "non"]) < 3
    assert corpus_bleu(TRUE, ["", ""]) == 0


def test_corpus_bleu_is_that_of_sacrebleu(sacrebleu):
    score, signature = corpus_bleu(TRUE, PREDICTED, return_signature=True)
    assert score == sacrebleu.corpus_bleu(PREDICTED, [TRUE]).score
    assert signature == str(
        f"nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:{sacrebleu.__version__}"
    )
    upper = [text.upper() for text in PREDICTED]
    assert corpus_bleu(TRUE, upper, lowercase=True) == score
    assert corpus_bleu(TRUE, upper) < score


@pytest.mark.parametrize("wrap", [list, tuple, pd.Series, lambda texts: np.array(texts, object)])
def test_corpus_bleu_several_references(wrap, sacrebleu):
    references = [[TRUE[0], PREDICTED[0]], TRUE[1]]
    score, signature = corpus_bleu(references, wrap(PREDICTED), return_signature=True)
    assert score == sacrebleu.corpus_bleu(PREDICTED, [TRUE, [PREDICTED[0], None]]).score
    assert score > corpus_bleu(wrap(TRUE), PREDICTED)
    assert signature.startswith("nrefs:var|")
    words = [words_of(references[0]), TRUE[1].split()]
    assert corpus_bleu(words, words_of(PREDICTED)) == corpus_bleu(
        references, PREDICTED, tokenize="none"
    )


def test_corpus_bleu_of_words_ids_and_words_with_spaces():
    expected = corpus_bleu(TRUE, PREDICTED, tokenize="none")
    words = words_of(TRUE), words_of(PREDICTED)
    assert corpus_bleu(*words) == expected
    id_of = {word: i for i, word in enumerate(sorted(set(" ".join(TRUE + PREDICTED).split())))}
    ids = [[np.array([id_of[word] for word in text]) for text in texts] for texts in words]
    assert corpus_bleu(*ids) == expected
    with_spaces = [[[f"{word} {word}" for word in text] for text in texts] for texts in words]
    assert corpus_bleu(*with_spaces) == expected
    upper = [[word.upper() for word in text] for text in words[1]]
    assert corpus_bleu(words[0], upper, lowercase=True) == expected


@pytest.mark.parametrize(
    ("y_true", "y_pred", "parameters", "match"),
    [
        (["a"], ["a", "b"], {}, "same number of sentences, got 1 and 2"),
        ([], [], {}, "at least one sentence, got none"),
        ("a b", ["a b"], {}, "y_true must be a list of sentences, got 'a b'"),
        (["a"], None, {}, "y_pred must be a list of sentences, got None"),
        (["a"], pd.DataFrame({"text": ["a"]}), {}, "y_pred must be a list .* got a DataFrame"),
        (["a", "b"], ["a", 3], {}, r"y_pred\[1\] must be a text, as y_pred\[0\] is, got 3"),
        (["a", "b"], ["a", ["b"]], {}, r"y_pred\[1\] must be a text.* got a list"),
        ([["a"]], [[0.5]], {}, r"y_pred\[0\] must be a list of words"),
        (["a"], [["a"]], {}, r"y_true\[0\] must be a list of sentences, got 'a'"),
        ([[]], ["a"], {}, r"y_true\[0\] must be a text or a list of several"),
        ([["a", 1]], ["a"], {}, r"y_true\[0\] must be a text or a list of several"),
        ([["a"]], [["a"]], {"tokenize": "13a"}, "tokenize must be None or 'none' for lists of"),
        (["a"], ["a"], {"tokenize": "word"}, "'tokenize' parameter of corpus_bleu"),
        (["a"], ["a"], {"lowercase": "yes"}, "'lowercase' parameter of corpus_bleu"),
    ],
)
def test_corpus_bleu_errors(y_true, y_pred, parameters, match):
    with pytest.raises(ValueError, match=match):
        corpus_bleu(y_true, y_pred, **parameters)


def test_corpus_bleu_without_sacrebleu(monkeypatch):
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics", None)
    with pytest.raises(ImportError, match=r"corpus_bleu requires the package sacrebleu.* `text`"):
        corpus_bleu(TRUE, PREDICTED)
