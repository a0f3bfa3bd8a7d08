"""How SequenceGenerator is trained: weights of sequences, training in parts, callbacks."""

import pickle
from copy import deepcopy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from small_data import assert_same_weights
from test_rnn_sklearn_callbacks import Recorder, StopsAtTwo, tasks_of_a_fit

from skrnn import SequenceGenerator

NAMES = ["anna", "hanna", "nana", "", "hannah", "na"] * 5
TEXT = "to be or not to be, that is the question: " * 8
SMALL = {"cell": "simple", "units": 6, "epochs": 3, "random_state": 0, "truncation": 8}
MODEL = SequenceGenerator(**SMALL, symbols="ahn", schedule="constant")
OF_TEXT = SequenceGenerator(**SMALL, schedule="constant")
WEIGHTS = np.resize([0.5, 2.0, 1.0], len(NAMES))


# --- weights --------------------------------------------------------------------------------------


def test_sequence_generator_sample_weight_counts_copies():
    # Without batches, a weight of 2 is a second copy of the sequence.
    model = clone(MODEL).set_params(batch_size=None, shuffle=False)
    counts = np.resize([1, 2], 12)
    weighted = clone(model).fit(NAMES[:12], sample_weight=counts)
    copied = clone(model).fit(np.repeat(NAMES[:12], counts).tolist())
    for one, other in zip(weighted.weights_, copied.weights_, strict=True):
        assert_allclose(one, other, rtol=0, atol=2e-6)
    assert weighted.score(NAMES[:12], sample_weight=counts) == pytest.approx(
        weighted.score(np.repeat(NAMES[:12], counts).tolist()), rel=1e-6
    )


def test_sequence_generator_sample_weight_only_ratios_matter_and_zero_removes():
    plain = clone(MODEL).fit(NAMES)
    assert_same_weights(clone(MODEL).fit(NAMES, sample_weight=np.full(len(NAMES), 4.0)), plain)
    removed = [*NAMES, "xyz"]
    weights = np.append(np.ones(len(NAMES)), 0)
    free = clone(MODEL).set_params(symbols=None).fit(removed, sample_weight=weights)
    assert free.symbols_.tolist() == ["a", "h", "n"]
    assert_same_weights(free, plain)
    assert not np.array_equal(
        clone(MODEL).fit(NAMES, sample_weight=WEIGHTS).weights_[0], plain.weights_[0]
    )


def test_sequence_generator_sample_weight_of_scores_and_validation():
    seen = []

    def scorer(generator, X, y):
        seen.append(X)
        return generator.score(X)

    model = clone(MODEL).set_params(early_stopping=True, monitor=scorer)
    model.fit(NAMES, WEIGHTS, X_val=NAMES[:3], sample_weight_val=[1.0, 0.0, 3.0])
    assert seen[0] == [NAMES[0], NAMES[2]]
    log_likelihoods, lengths = model.score_samples(NAMES[:3]), np.array([5, 6, 5])
    weights = np.array([1.0, 0.0, 3.0])
    score = model.score(NAMES[:3], sample_weight=weights)
    assert score == pytest.approx(weights @ log_likelihoods / (weights @ lengths))
    assert model.perplexity(NAMES[:3], sample_weight=weights) == pytest.approx(np.exp(-score))
    # The weighted loss of validation is the mean over symbols, of the weights of the last epoch.
    last = SequenceGenerator(**SMALL, symbols="ahn").fit(
        NAMES, X_val=NAMES[:3], sample_weight_val=weights
    )
    expected = -last.score(NAMES[:3], sample_weight=weights)
    assert last.history_["val_loss"][-1] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("X", "weights", "words"),
    [
        (NAMES, WEIGHTS[:-1], "sample_weight"),
        (NAMES, -WEIGHTS, "sample_weight"),
        (NAMES, 0 * WEIGHTS, "sample_weight.*zero"),
        (NAMES, ["a"] * len(NAMES), "sample_weight"),
        (TEXT, np.ones(len(TEXT)), "^sample_weight must be None if X is one long text"),
    ],
    ids=["too few", "negative", "zero", "letters", "text"],
)
def test_sequence_generator_refuses_weights_and_keeps_its_state(X, weights, words):
    model = OF_TEXT if X is TEXT else MODEL
    fitted = clone(model).fit(X)
    before = pickle.dumps(fitted)
    for train in (fitted.fit, fitted.partial_fit):
        with pytest.raises((TypeError, ValueError), match=words):
            train(X, sample_weight=weights)
    assert pickle.dumps(fitted) == before
    if X is NAMES:
        with pytest.raises((TypeError, ValueError), match="sample_weight"):
            fitted.score(X, sample_weight=weights)


# --- parts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "X"), [(MODEL, NAMES), (OF_TEXT, TEXT)], ids=["names", "text"])
def test_sequence_generator_partial_fit_trains_one_epoch(model, X):
    once = clone(model).set_params(epochs=1).fit(X)
    parts = clone(model).partial_fit(X)
    assert_same_weights(parts, once)
    assert_array_equal(parts.sample(3, random_state=0), once.sample(3, random_state=0))
    before = parts.score(X)
    restored = pickle.loads(pickle.dumps(parts))
    for _ in range(5):
        parts.partial_fit(X)
    assert parts.n_iter_ == 6
    assert len(parts.history_["loss"]) == 6
    assert parts.score(X) > before
    assert_same_weights(restored.partial_fit(X), deepcopy(once).partial_fit(X))


def test_sequence_generator_partial_fit_counts_the_symbols_of_all_parts():
    first, second = TEXT[:150], TEXT[150:]
    parts = SequenceGenerator(**SMALL, symbols=sorted(set(TEXT)))
    parts.partial_fit(first).partial_fit(second)
    whole = clone(parts).fit(TEXT)
    assert_array_equal(parts.predict_proba(TEXT)[0], whole.predict_proba(TEXT)[0])
    assert not np.array_equal(parts.fit(first).predict_proba(TEXT)[0], whole.predict_proba(TEXT)[0])


def test_sequence_generator_partial_fit_refuses_new_symbols_and_other_forms():
    model = clone(MODEL).set_params(symbols=None).partial_fit(["anna", "nana"])
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match=r"not in symbols_: 'h'.*parameter symbols"):
        model.partial_fit(["hanna"])
    with pytest.raises(ValueError, match=r"Pass \[X\]"):
        model.partial_fit("anna")
    assert pickle.dumps(model) == before
    with pytest.raises(ValueError, match="'units' parameter"):
        deepcopy(model).set_params(units="many").partial_fit(["anna"])
    with pytest.raises(ValueError, match="units from"):
        deepcopy(model).set_params(units=7).partial_fit(["anna"])


# --- callbacks ------------------------------------------------------------------------------------


def test_sequence_generator_sklearn_callbacks_follow_a_fit():
    pytest.importorskip("sklearn.callback", reason="callbacks need scikit-learn 1.9")
    recorder, stopper = Recorder(), StopsAtTwo()
    model = clone(MODEL).set_callbacks(recorder)
    assert_same_weights(model.fit(NAMES), clone(MODEL).fit(NAMES))
    assert recorder.calls[1:-1] == tasks_of_a_fit(3)
    assert clone(MODEL).set_callbacks(stopper).fit(NAMES).n_iter_ == 2


class GeneratorRecorder(Recorder):
    """Records the fitted generator at the end of each epoch."""

    def on_fit_task_end(self, estimator, context, *, X=None, metadata=None, fitted_estimator=None):
        self.calls.append((context.task_name, X, metadata, fitted_estimator))


@pytest.mark.parametrize(("model", "X"), [(MODEL, NAMES), (OF_TEXT, TEXT)], ids=["names", "text"])
def test_sequence_generator_sklearn_callbacks_receive_a_generator_after_each_epoch(model, X):
    pytest.importorskip("sklearn.callback", reason="callbacks need scikit-learn 1.9")
    recorder = GeneratorRecorder()
    weights = None if X is TEXT else WEIGHTS
    clone(model).set_callbacks(recorder).fit(X, sample_weight=weights)
    ends = [call for call in recorder.calls if len(call) == 4 and call[0] == "epoch"]
    assert len(ends) == 3
    for n_epochs, (_, given, metadata, fitted) in enumerate(ends, start=1):
        assert given is X
        assert metadata is None if weights is None else metadata["sample_weight"] is weights
        shorter = clone(model).set_params(epochs=n_epochs).fit(X, sample_weight=weights)
        assert_same_weights(fitted, shorter)
        assert fitted.score(X) == shorter.score(X)
        assert fitted.sample(2, random_state=0) == shorter.sample(2, random_state=0)
