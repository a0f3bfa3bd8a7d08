"""The parameter epochs: the number that "auto" stands for, and where it is reported."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_data import TINY, assert_same_weights, labelled

from skrnn import RNNClassifier
from skrnn._specs import updates_per_epoch
from skrnn.recurrent import _n_epochs
from skrnn.recurrent._n_epochs import n_epochs

X, LABELS = labelled()


@given(st.integers(1, 10**7), st.one_of(st.none(), st.integers(1, 10**4)))
def test_automatic_epochs_are_the_fewest_with_enough_updates(n_sequences, batch_size):
    per_epoch = -(-n_sequences // (batch_size or n_sequences))
    n = n_epochs(updates_per_epoch(n_sequences, batch_size))
    enough = 1000 * max(1, (per_epoch / 10) ** 0.5)
    assert 10 <= n <= 1000
    assert n * per_epoch >= enough
    assert n == 10 or (n - 1) * per_epoch < enough


@given(st.integers(1, 10**5))
def test_larger_training_sets_get_more_updates_in_fewer_epochs(per_epoch):
    assert n_epochs(per_epoch + 1) <= n_epochs(per_epoch)
    assert n_epochs(4 * per_epoch) * 4 * per_epoch >= n_epochs(per_epoch) * per_epoch


@pytest.fixture
def few_updates(monkeypatch):
    """Let "auto" stand for at least 12 updates and 2 epochs, so that tests are fast."""
    monkeypatch.setattr(_n_epochs, "_TRAINING", 12)
    monkeypatch.setattr(_n_epochs, "_LEAST_EPOCHS", 2)


AUTO = {**TINY, "epochs": "auto", "batch_size": 10}  # 3 updates per epoch


def test_rnn_epochs_auto_equals_the_number_that_it_stands_for(few_updates, capsys):
    model = RNNClassifier(**AUTO, verbose=1).fit(X, LABELS)
    assert "4/4" in capsys.readouterr().out
    given = RNNClassifier(**{**AUTO, "epochs": 4}).fit(X, LABELS)
    assert model.n_iter_ == 4
    assert_same_weights(model, given)
    assert model.history_ == given.history_
    model.set_params(verbose=0, warm_start=True).fit(X[::2], LABELS[::2])  # 2 updates per epoch
    assert model.n_iter_ == 4 + 6
    assert model.partial_fit(X, LABELS).n_iter_ == 11
    assert RNNClassifier(**AUTO).partial_fit(X, LABELS).n_iter_ == 1


def test_rnn_epochs_auto_counts_the_sequences_that_are_trained_on(few_updates):
    held_out = RNNClassifier(**AUTO, early_stopping=True, validation_split=0.4, patience=99)
    assert held_out.fit(X, LABELS).n_iter_ == 6  # 18 sequences
    weights = [1.0] * 10 + [0.0] * 19 + [1.0]
    assert RNNClassifier(**AUTO).fit(X, LABELS, sample_weight=weights).n_iter_ == 6
    assert RNNClassifier(**{**AUTO, "batch_size": None}).fit(X, LABELS).n_iter_ == 12


def test_rnn_patience_auto_equals_the_number_that_it_stands_for(monkeypatch):
    monkeypatch.setattr(_n_epochs, "_PATIENCE", 8)
    monkeypatch.setattr(_n_epochs, "_LEAST_EPOCHS", 2)
    # No epoch is better than the first, so training ends after `patience` further ones.
    params = {**AUTO, "epochs": 20, "early_stopping": True, "min_delta": 1e9, "random_state": 0}
    held_out = X[:3], LABELS[:3]
    for batch_size, patience in ((10, 3), (None, 8), (3, 2)):
        model = RNNClassifier(**{**params, "batch_size": batch_size})
        model.fit(X, LABELS, X_val=held_out[0], y_val=held_out[1])
        assert model.n_iter_ == 1 + patience


def test_rnn_epochs_auto_is_known_to_callbacks_of_sklearn(few_updates):
    pytest.importorskip("sklearn.callback", reason="callbacks need scikit-learn 1.9")

    class Recorder:
        n_epochs, n_ended = None, 0

        def setup(self, estimator, context):
            pass

        teardown = setup

        def on_fit_task_begin(self, estimator, context):
            if context.task_name == "fit":
                self.n_epochs = context.max_subtasks

        def on_fit_task_end(self, estimator, context):
            self.n_ended += context.task_name == "epoch"

    recorder = Recorder()
    RNNClassifier(**AUTO).set_callbacks(recorder).fit(X, LABELS)
    assert recorder.n_epochs == recorder.n_ended == 4


@pytest.mark.parametrize("epochs", ["all", 0, 2.5, None])
def test_rnn_epochs_errors(epochs):
    with pytest.raises(ValueError, match="'epochs' parameter of RNNClassifier must be"):
        RNNClassifier(**{**TINY, "epochs": epochs}).fit(X, LABELS)
