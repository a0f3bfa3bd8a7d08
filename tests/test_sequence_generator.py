"""SequenceGenerator: likelihoods, samples, long texts, its errors, and its use in scikit-learn."""

import pickle
import warnings
from itertools import product

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import numpy_layer, weights_by_layer
from sklearn.base import clone
from sklearn.exceptions import SkipTestWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks
from small_data import assert_same_weights
from test_imports import run_fresh

from skrnn import RNNClassifier, SequenceGenerator
from skrnn.recurrent import _next_symbol
from skrnn.recurrent._sampling import UniformNumbers, choose, sharpen

SMALL = {"cell": "simple", "units": 6, "epochs": 3, "random_state": 0}
NAMES = ["anna", "hanna", "nana", "", "hannah", "na"] * 5
TEXT = "to be or not to be, that is the question: " * 8
IDS = [[3, 0, 3], [7], [0, 0, 3, 7]] * 4
# One fit per form of the data, used by all tests that do not change it.
FORMS = {
    "strings": NAMES,
    "lists": IDS,
    "arrays": [np.array(one) for one in IDS],
    "words": [["the", "cat"], ["a", "cat", "sat"], []] * 4,
    "text": TEXT,
    "ids": np.tile([4, 1, 1, 9], 40),
}
_FITTED = {}


def fitted(form, **parameters):
    key = (form, *parameters.items())
    if key not in _FITTED:
        model = SequenceGenerator(**SMALL, truncation=8, batch_size=6, **parameters)
        _FITTED[key] = pickle.dumps(model.fit(FORMS[form]))
    return pickle.loads(_FITTED[key])


with warnings.catch_warnings():
    # scikit-learn runs only the checks of the API on estimators that read text.
    warnings.simplefilter("ignore", SkipTestWarning)

    @parametrize_with_checks([SequenceGenerator(**SMALL)])
    def test_sequence_generator_scikit_learn_checks(estimator, check):
        check(estimator)


# --- likelihoods --------------------------------------------------------------------------------


def log_probabilities_by_hand(model, inputs):
    """Return the logarithms of the probabilities after each of some one-hot inputs or vectors."""
    layers = weights_by_layer(model.classifier_)
    steps = inputs
    if "embedding" in layers:
        rows = model.classifier_._vocabulary.known.shape[0]
        steps = np.eye(rows)[np.argmax(inputs, axis=1) + 2] @ layers["embedding"][0]
    for i in range(2):
        steps, _ = numpy_layer(model.cell, layers[f"recurrent_{i}"], steps)
    kernel, bias = layers["head"]
    logits = steps @ kernel + bias
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


@pytest.mark.parametrize(("cell", "embedding"), [("gru", None), ("lstm", 3)])
def test_sequence_generator_score_samples_is_sum_of_log_probabilities(cell, embedding):
    model = SequenceGenerator(
        cell=cell, units=(5, 4), epochs=1, embedding=embedding, random_state=0, dtype="float64"
    ).fit(NAMES)
    symbols, found = ["a", "h", "n"], model.score_samples(NAMES[:5])
    assert model.symbols_.tolist() == symbols
    for name, total in zip(NAMES[:5], found, strict=True):
        codes = [symbols.index(letter) for letter in name]
        by_hand = log_probabilities_by_hand(model, np.eye(4)[[3, *codes]])
        assert_allclose(total, by_hand[range(len(name) + 1), [*codes, 3]].sum(), rtol=1e-6)
    n_predicted = sum(len(name) + 1 for name in NAMES[:5])
    assert_allclose(model.score(NAMES[:5]), found.sum() / n_predicted)
    assert_allclose(np.log(model.perplexity(NAMES[:5])), -model.score(NAMES[:5]))


def test_sequence_generator_loss_is_negative_score():
    options = {**SMALL, "epochs": 1, "learning_rate": 1e-30, "schedule": "constant"}
    for data in (NAMES, IDS):
        model = SequenceGenerator(**options).fit(data, X_val=data)
        assert_allclose(model.history_["loss"][0], -model.score(data), rtol=1e-5)
        assert_allclose(model.history_["val_loss"][0], -model.score(data), rtol=1e-5)
    model = SequenceGenerator(**options, batch_size=1).fit(TEXT)
    first = np.log(model.predict_proba(TEXT)[0][list(model.symbols_).index("t")])
    expected = (model.score_samples(TEXT)[0] - first) / (len(TEXT) - 1)
    assert_allclose(model.history_["loss"][0], -expected, rtol=1e-5)


@pytest.mark.parametrize("form", FORMS)
def test_sequence_generator_probabilities_of_all_sequences_sum_to_one(form):
    model = fitted(form)
    symbols = model.symbols_.tolist()
    proba = model.predict_proba([list(one) for one in product(symbols[:3], repeat=2)])
    is_list = form not in ("text", "ids")
    for rows in proba:
        assert rows.shape == (2 + is_list, len(symbols) + is_list)
        assert_allclose(rows.sum(axis=1), 1, rtol=1e-5)


def test_sequence_generator_predict_proba_matches_score_samples_and_classifier():
    model = fitted("strings")
    (proba,), (total,) = model.predict_proba(["hana"]), model.score_samples(["hana"])
    picked = proba[range(5), [1, 0, 2, 0, 3]]
    assert_allclose(np.log(picked).sum(), total, rtol=1e-5)
    text = fitted("text")
    assert_allclose(text.predict_proba("to be"), text.predict_proba(["to be", "or"])[0], atol=1e-6)
    counts = pd.Series(list(TEXT)).value_counts().reindex(text.symbols_)
    expected = (counts + 1) / (len(TEXT) + len(counts))
    assert_allclose(text.predict_proba("to be")[0], expected, rtol=1e-6)
    assert_array_equal(text.predict_proba("").shape, (0, len(counts)))


def test_sequence_generator_long_text_is_scored_in_segments(monkeypatch):
    model = fitted("text")
    whole = model.score_samples(TEXT)
    monkeypatch.setattr(_next_symbol, "_MAX_STEPS", 50)
    assert_allclose(model.score_samples(TEXT), whole, rtol=1e-5)
    assert_allclose(model.score_samples(["to be", TEXT, "", "b"])[1], whole[0], rtol=1e-5)
    names = fitted("strings")
    assert_allclose(
        names.score_samples(NAMES), np.hstack([names.score_samples([name]) for name in NAMES]),
        rtol=1e-5,
    )  # fmt: skip


# --- streams of a long text ---------------------------------------------------------------------


def test_sequence_generator_trains_on_parallel_streams_of_a_text():
    """It is a classifier that is trained on the streams as sequences with one target per step."""
    text = np.random.default_rng(0).integers(0, 5, 101)
    options = {**SMALL, "truncation": 7, "batch_size": 4, "embedding": 3}
    model = SequenceGenerator(**options).fit(text)
    streams = [slice(25 * i, 25 * (i + 1)) for i in range(4)]
    classifier = RNNClassifier(**options, return_sequences=True)
    classifier.loss = "sparse_categorical_crossentropy"
    classifier.fit([text[:-1][one] + 2 for one in streams], [text[1:][one] for one in streams])
    assert_same_weights(model, classifier)
    assert model.history_ == classifier.history_


def test_sequence_generator_of_short_text_has_fewer_streams():
    text = np.resize([0, 1, 2], 41)
    few = SequenceGenerator(**SMALL, truncation=10, batch_size=4).fit(text)
    many = SequenceGenerator(**SMALL, truncation=10, batch_size=30).fit(text)
    every = SequenceGenerator(**SMALL, truncation=10, batch_size=None).fit(text)
    assert_same_weights(few, many)
    assert_same_weights(few, every)


def test_sequence_generator_holds_out_end_of_text():
    model = SequenceGenerator(**SMALL, validation_split=0.25, truncation=8, batch_size=1).fit(TEXT)
    cut = len(TEXT) - round(0.25 * len(TEXT))
    given = SequenceGenerator(**SMALL, truncation=8, batch_size=1).fit(TEXT[:cut], X_val=TEXT[cut:])
    assert model.history_ == given.history_
    batch = SequenceGenerator(**SMALL, validation_split=0.25).fit(NAMES)
    assert len(batch.history_["val_loss"]) == SMALL["epochs"]


# --- samples ------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_sequence_generator_sample_returns_what_fit_received(form):
    model, prompt = fitted(form), FORMS[form][0]
    if form == "text":
        prompt = "to"
    elif form == "ids":
        prompt = [4, 1]
    drawn = model.sample(4, prompt=prompt, max_length=5, random_state=0)
    kinds = {"lists": list, "words": list, "arrays": np.ndarray, "ids": np.ndarray}
    assert {type(one) for one in drawn} == {kinds.get(form, str)}
    assert all(list(one[: len(prompt)]) == list(prompt) for one in drawn)
    assert all(len(one) <= len(prompt) + 5 for one in drawn)
    assert np.isfinite(model.score_samples(drawn)).all()


@pytest.mark.parametrize("options", [{}, {"temperature": 0.5}, {"top_k": 2}], ids=str)
def test_sequence_generator_samples_follow_probabilities(options):
    model, n = fitted("strings"), 4000
    drawn = model.sample(n, max_length=2, random_state=0, **options)
    temperature, top_k = options.get("temperature", 1), options.get("top_k")
    root = sharpen(model.predict_proba([""])[0], temperature, top_k)
    ends = [*model.symbols_, ""]
    for i, first in enumerate(ends):
        begins = [one for one in drawn if one[:1] == first]
        expected = root[0, i]
        assert abs(len(begins) / n - expected) < 4 * np.sqrt(expected / n) + 1e-9
        if not first or not begins:
            continue
        after = model.predict_proba([first])[0][1:]
        after = sharpen(after, temperature, top_k)[0]
        for second, p in zip(ends, after, strict=True):
            found = np.mean([one[1:2] == second for one in begins])
            assert abs(found - p) < 4 * np.sqrt(p / len(begins)) + 1e-9


@pytest.mark.parametrize("form", ["strings", "text"])
def test_sequence_generator_temperature_zero_is_greedy(form):
    model = fitted(form)
    (greedy,) = model.sample(prompt="", temperature=0, max_length=12)
    assert model.sample(3, top_k=1, max_length=12, random_state=1) == [greedy] * 3
    assert model.sample(2, temperature=1e-300, max_length=12, random_state=1) == [greedy] * 2
    proba = model.predict_proba([greedy])[0]
    symbols = [*model.symbols_, None]
    best = [symbols[i] for i in proba.argmax(axis=1)]
    assert best[: len(greedy)] == list(greedy)
    assert form == "text" or len(greedy) == 12 or best[-1] is None


@pytest.mark.parametrize("form", ["strings", "text"])
def test_sequence_generator_samples_together_are_those_one_by_one(form):
    model = fitted(form)
    together = model.sample(20, max_length=300, random_state=5)
    assert together == model.sample(20, max_length=300, random_state=5)
    assert together[:3] == model.sample(3, max_length=300, random_state=5)
    assert together[:1] == model.sample(max_length=300, random_state=5)
    assert together != model.sample(20, max_length=300, random_state=6)
    assert [one[:40] for one in together] == model.sample(20, max_length=40, random_state=5)
    if form == "text":
        assert {len(one) for one in together} == {300}
    else:
        assert len({len(one) for one in together}) > 2


def test_sequence_generator_top_k_larger_than_vocabulary_has_no_effect():
    model = fitted("strings")
    options = {"random_state": 0, "n_samples": 5}
    assert model.sample(top_k=99, **options) == model.sample(**options)
    assert model.sample(top_k=4, **options) == model.sample(**options)


def test_sequence_generator_samples_what_it_has_learned():
    model = SequenceGenerator(units=16, epochs=300, random_state=0).fit(["abcab", "bcabc"] * 8)
    assert set(model.sample(20, temperature=0.3, random_state=0)) == {"abcab", "bcabc"}
    assert model.sample(prompt="a", temperature=0) == ["abcab"]
    assert_allclose(model.score_samples(["abcab", "bcabc"]), np.log(0.5), atol=0.1)


def test_sharpen_and_choose():
    p = np.array([[0.25, 0.25, 0.5, 0.0]])
    assert_allclose(sharpen(p, 0.5), [[1 / 6, 1 / 6, 2 / 3, 0]], atol=1e-12)
    assert_allclose(sharpen(p, 1.0, top_k=2), [[1 / 3, 0, 2 / 3, 0]])
    assert_array_equal(sharpen(p, 0), [[0, 0, 1, 0]])
    assert_array_equal(sharpen(np.ones((1, 3)) / 3, 0), [[1, 0, 0]])
    rows = np.repeat(p, 5, axis=0)
    uniform = np.array([0.0, 0.25, 0.4999, 0.5, np.nextafter(1, 0)])
    assert_array_equal(choose(rows, uniform), [0, 1, 1, 2, 2])
    few, many = UniformNumbers(3, 2), UniformNumbers(3, 9)
    for t in range(300):
        assert_array_equal(few.at(t, np.arange(2)), many.at(t, np.arange(9))[:2])


def test_sequence_generator_samples_without_a_framework(tmp_path):
    path = tmp_path / "model.pickle"
    path.write_bytes(pickle.dumps(fitted("strings")))
    code = (
        "import pickle, sys; from pathlib import Path;"
        f"model = pickle.loads(Path({str(path)!r}).read_bytes());"
        "import json; print(json.dumps(model.sample(2, random_state=0)));"
        "assert not {'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)"
    )
    assert run_fresh(code) == fitted("strings").sample(2, random_state=0)


# --- awkward data -------------------------------------------------------------------------------


def test_sequence_generator_reads_an_iterator():
    model = fitted("strings")
    assert_same_weights(clone(model).fit(iter(NAMES)), model)


def test_sequence_generator_of_one_symbol_and_of_one_sequence():
    model = SequenceGenerator(**SMALL).fit(["aa"])
    assert set("".join(model.sample(5, random_state=0))) <= {"a"}
    assert np.isfinite(model.score(["", "aaaa"]))
    assert len(SequenceGenerator(**SMALL).fit([[5, 5, 6]]).sample(2)) == 2


@pytest.mark.parametrize(
    ("X", "words"),
    [
        ("", "at least 2 symbols|nothing to predict"),
        ("a", "nothing to predict"),
        ("aaaa", "at least two different symbols"),
        ([""], "at least one symbol"),
        ([], "at least one sequence|minimum of 1"),
        (b"ab", "Decode"),
        (None, "X"),
        (3, "X"),
        ([["a", 1]], "mixes"),
        ([[0.5, 1]], "integers"),
        ([[np.nan]], "missing"),
        ([None, "a"], "not a sequence"),
        (["a", ["b"], 3], "number 3"),
        (np.array([0.5, 1.0]), "integers"),
        (np.zeros((2, 2, 2), int), "dimensions"),
    ],
    ids=str,
)  # fmt: skip
def test_sequence_generator_refuses_data(X, words):
    model = fitted("strings")
    before = pickle.dumps(model)
    with pytest.raises((TypeError, ValueError), match=words):
        model.fit(X)
    assert pickle.dumps(model) == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cell": RNNClassifier}, "cell"),
        ({"truncation": 0}, "truncation"),
        ({"monitor": "accuracy"}, "monitor"),
        ({"symbols": "abb"}, "symbols must contain each symbol once"),
        ({"symbols": "xyz"}, "not in symbols_: 'a'"),
        ({"symbols": [["a"], ["b"]]}, "one-dimensional list of symbols, got a list"),
        ({"embedding": np.eye(3)}, "not integers"),
        ({"embedding": {"a": 1}}, "embedding must be a number or a matrix"),
        ({"recurrent_dropout": 0.5, "cell": "mingru"}, "recurrent_dropout"),
        ({"validation_split": 0.99}, "hold out"),
    ],
    ids=str,
)
def test_sequence_generator_refuses_parameters(options, words):
    with pytest.raises(ValueError, match=words):
        SequenceGenerator(**{**SMALL, **options}).fit(NAMES)


def test_sequence_generator_has_no_backward_layers():
    with pytest.raises(TypeError, match="bidirectional"):
        SequenceGenerator(bidirectional=True)


def test_sequence_generator_refuses_unknown_symbols_and_other_forms():
    model, text = fitted("strings"), fitted("text")
    for use in (model.score_samples, model.score, model.predict_proba, model.perplexity):
        with pytest.raises(ValueError, match=r"not in symbols_: 'x', 'z'.*parameter symbols"):
            use(["anna", "zax"])
        with pytest.raises(ValueError, match=r"Pass \[X\]"):
            use("anna")
    with pytest.raises(ValueError, match=r"prompt contains symbols .*'x'"):
        model.sample(prompt="ax")
    with pytest.raises(ValueError, match="prompt"):
        model.sample(prompt=3)
    with pytest.raises(ValueError, match="X_val contains symbols"):
        clone(model).fit(NAMES, X_val=["zoe"])
    with pytest.raises(ValueError, match="X_val is a list"):
        clone(text).fit(TEXT, X_val=["to be"])
    with pytest.raises(ValueError, match="at least one symbol"):
        text.score([""])
    with pytest.raises(ValueError, match="2 to validate on"):
        clone(text).fit(TEXT, X_val="t")


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"n_samples": 0}, "n_samples"),
        ({"n_samples": 1.5}, "n_samples"),
        ({"max_length": 0}, "max_length"),
        ({"temperature": -1}, "temperature"),
        ({"temperature": np.nan}, "temperature"),
        ({"top_k": 0}, "top_k"),
        ({"random_state": "a"}, "random_state must be an int"),
        ({"random_state": -1}, "random_state must be an int"),
    ],
    ids=str,
)
def test_sequence_generator_sample_refuses_arguments(options, name):
    with pytest.raises((TypeError, ValueError), match=name):
        fitted("strings").sample(**options)


def test_sequence_generator_symbols_give_unseen_symbols_a_probability():
    model = SequenceGenerator(**SMALL, symbols="ahnz").fit(NAMES)
    assert np.isfinite(model.score(["zana"]))
    text = SequenceGenerator(**SMALL, symbols=[0, 1, 2, 9], embedding=2)
    text.fit(np.resize([0, 1, 2], 50))
    assert np.isfinite(text.score([np.array([9, 9, 1])]))


def test_sequence_generator_pretrained_embedding_has_rows_of_token_ids():
    matrix = np.random.default_rng(0).normal(size=(9, 3))
    model = SequenceGenerator(**SMALL, embedding=matrix, train_embedding=False).fit(IDS)
    rows = model.weights_[0]
    assert model.symbols_.tolist() == [0, 3, 7]
    assert_allclose(rows[2:5], matrix[[0, 3, 7]], rtol=1e-6)
    assert_allclose(rows[5], matrix[[0, 3, 7]].mean(axis=0), rtol=1e-6)
    assert np.isfinite(model.score(IDS))
    with pytest.raises(ValueError, match="embedding has 5 rows"):
        clone(model).set_params(embedding=matrix[:5]).fit(IDS)


# --- in scikit-learn ----------------------------------------------------------------------------


def test_sequence_generator_in_searches_and_cross_validation():
    model = SequenceGenerator(**SMALL, symbols="ahn")
    search = GridSearchCV(model, {"units": [1, 6]}, cv=2).fit(NAMES)
    assert search.best_params_ == {"units": 6}
    assert search.score(NAMES) == search.best_estimator_.score(NAMES)
    scores = cross_val_score(model, pd.Series(NAMES), cv=3)
    assert np.isfinite(scores).all()


def test_sequence_generator_same_seed_same_bits_also_after_pickling():
    model = fitted("strings")
    again = clone(model).fit(NAMES)
    assert_same_weights(model, again)
    assert_array_equal(model.score_samples(NAMES), again.score_samples(NAMES))
    for parameter in ("callbacks", "metrics", "optimizer"):
        given = [lambda y, p: p] if parameter != "optimizer" else object()
        assert getattr(clone(SequenceGenerator(**{parameter: given})), parameter) is given


def test_sequence_generator_warm_start_continues():
    model = clone(fitted("strings")).set_params(warm_start=True)
    model.fit(NAMES)
    first = model.history_["loss"]
    model.fit(NAMES[:10])
    assert len(model.history_["loss"]) == model.n_iter_ == 2 * SMALL["epochs"]
    assert model.history_["loss"][: len(first)] == first
    with pytest.raises(ValueError, match="not in symbols_"):
        model.fit(["zoe"])
    with pytest.raises(ValueError, match="list of sequences"):
        model.fit("hanna")


def test_sequence_generator_early_stopping_monitors_a_score():
    seen = []

    def scorer(generator, X, y):
        seen.append((list(X), y))
        return -len(seen)

    options = {**SMALL, "epochs": 50, "patience": 2, "early_stopping": True}
    model = SequenceGenerator(**options, monitor=scorer).fit(NAMES)
    assert model.n_iter_ == len(seen) == 3
    assert model.history_["val_score"] == [-1, -2, -3]
    assert len(seen[0][0]) == 3
    seen.clear()
    SequenceGenerator(**options, monitor=scorer).fit(TEXT)
    assert "".join(seen[0][0]) == TEXT[-len(seen[0][0]) :]
