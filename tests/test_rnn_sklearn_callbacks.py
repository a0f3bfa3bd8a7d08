"""scikit-learn's own callbacks: when they are called in a fit, and with what."""

import io
import pickle
from contextlib import redirect_stdout

import numpy as np
import pytest
from fitted_models import unchanged
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV
from small_data import TINY, assert_same_weights, labelled

from skrnn import RNNClassifier, RNNRegressor

callback = pytest.importorskip("sklearn.callback", reason="callbacks need scikit-learn 1.9")

X, LABELS = labelled()
TOKENS = [np.arange(2, 2 + len(steps)) for steps in X]


def identity_body(steps, lengths):
    return steps


class Recorder:
    """Records each hook with the names and ids of its task and of all parent tasks."""

    def __init__(self):
        self.calls = []

    def _record(self, hook, context):
        path, task = [], context
        while task is not None:
            path.insert(0, (task.task_name, task.task_id))
            task = task.parent
        self.calls.append((hook, path))

    def setup(self, estimator, context):
        self._record("setup", context)

    def teardown(self, estimator, context):
        self._record("teardown", context)

    def on_fit_task_begin(self, estimator, context):
        self._record("begin", context)

    def on_fit_task_end(self, estimator, context):
        self._record("end", context)


class Propagated(Recorder):
    max_propagation_depth = None


class EpochRecorder:
    """Records the arguments at the end of each epoch."""

    def __init__(self):
        self.epochs = []

    def setup(self, estimator, context):
        pass

    teardown = on_fit_task_begin = setup

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        if context.task_name == "epoch":
            self.epochs.append((X, y, metadata, fitted_estimator))


class StopsAtTwo(Recorder):
    def on_fit_task_end(self, estimator, context):
        super().on_fit_task_end(estimator, context)
        return context.task_name == "epoch" and context.task_id == 1


class FailsAtTwo(Recorder):
    def on_fit_task_end(self, estimator, context):
        super().on_fit_task_end(estimator, context)
        if context.task_name == "epoch" and context.task_id == 1:
            raise RuntimeError("enough")


def tasks_of_a_fit(n_epochs, *parents):
    """Return the hooks of one fit below other tasks, without set-up and teardown."""
    fit = [*parents] if parents else [("fit", 0)]
    fit[-1] = ("fit", fit[-1][1])
    epochs = [(hook, [*fit, ("epoch", i)]) for i in range(n_epochs) for hook in ("begin", "end")]
    return [("begin", fit), *epochs, ("end", fit)]


def test_rnn_sklearn_callbacks_fit_is_a_task_with_epochs_as_subtasks():
    recorder = Recorder()
    model = RNNClassifier(**TINY).set_callbacks(recorder).fit(X, LABELS)
    whole = [("setup", [("fit", 0)]), *tasks_of_a_fit(3), ("teardown", [("fit", 0)])]
    assert recorder.calls == whole
    model.partial_fit(X, LABELS).set_params(warm_start=True, epochs=2).fit(X, LABELS)
    assert recorder.calls[len(whole) + 1 : -1] == tasks_of_a_fit(2)
    assert model.n_iter_ == 6


def test_rnn_sklearn_callbacks_epochs_of_a_grid_search():
    recorder = Propagated()
    search = GridSearchCV(RNNClassifier(**TINY), {"learning_rate": [0.01, 0.1]}, cv=2)
    search.set_callbacks(recorder).fit(X, LABELS)
    below = [(hook, path) for hook, path in recorder.calls if ("epoch", 0) in path]
    parents = [path[:-1] for hook, path in below if hook == "begin"]
    candidates = [[("fit", 0), ("search", 0), ("fit", i)] for i in range(4)]
    assert parents == [*candidates, [("fit", 0), ("fit", 1)]]
    for parent in parents:
        calls = [item for item in recorder.calls if item[1][: len(parent)] == parent]
        assert calls == tasks_of_a_fit(3, *parent)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_rnn_sklearn_callbacks_change_no_bit(early_stopping):
    params = {**TINY, "epochs": 6, "dropout": 0.2, "batch_size": 7, "patience": 2}
    model = RNNClassifier(**params, early_stopping=early_stopping)
    plain = clone(model).fit(X, LABELS)
    watched = clone(model).set_callbacks(
        EpochRecorder(), callback.ScoringMonitor(scoring="neg_log_loss")
    )
    assert_same_weights(watched.fit(X, LABELS), plain)
    assert watched.history_ == plain.history_


@pytest.mark.parametrize(
    ("model", "sequences", "y"),
    [
        (RNNClassifier(**TINY), X, LABELS),
        (RNNClassifier(**TINY, embedding=3), TOKENS, LABELS),
        (RNNClassifier(**TINY, body=identity_body), X, LABELS),
        (RNNRegressor(**TINY), X, np.arange(30.0)),
        (RNNRegressor(**TINY, return_sequences=True), X, [steps[:, 0] for steps in X]),
    ],
    ids=["classifier", "tokens", "body", "regressor", "steps"],
)
def test_rnn_sklearn_callbacks_fitted_estimator_equals_a_shorter_fit(model, sequences, y):
    recorder = EpochRecorder()
    weights = np.linspace(1, 2, len(sequences))
    model = clone(model).set_params(schedule="constant")
    clone(model).set_callbacks(recorder).fit(sequences, y, sample_weight=weights)
    for n_epochs, (given_X, given_y, metadata, fitted) in enumerate(recorder.epochs, start=1):
        assert given_X is sequences
        assert given_y is y
        assert metadata["sample_weight"] is weights
        shorter = clone(model).set_params(epochs=n_epochs)
        shorter.fit(sequences, y, sample_weight=weights)
        assert_same_weights(fitted, shorter)
        assert fitted.history_ == shorter.history_
        assert fitted.n_iter_ == n_epochs
        assert fitted.score(sequences, y) == shorter.score(sequences, y)
        assert_same_weights(pickle.loads(pickle.dumps(fitted.set_callbacks())), shorter)


def test_rnn_scoring_monitor_ends_with_the_score_of_the_fitted_estimator():
    monitor = callback.ScoringMonitor(scoring="neg_log_loss")
    model = RNNClassifier(**TINY).set_callbacks(monitor)
    model.fit(X, LABELS)
    scores = [row["neg_log_loss"] for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(scores) == 3
    assert len(set(scores)) == 3
    outputs = model.predict_proba(X)
    expected = np.log(outputs[np.arange(30), np.searchsorted(model.classes_, LABELS)]).mean()
    assert scores[-1] == pytest.approx(expected, rel=1e-6)


def test_rnn_scoring_monitor_follows_the_epochs_of_each_candidate():
    monitor = callback.ScoringMonitor(scoring="accuracy")
    model = RNNClassifier(**TINY).set_callbacks(monitor)
    search = GridSearchCV(model, {"learning_rate": [0.01, 0.1]}, cv=2).fit(X, LABELS)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(rows) == (4 + 1) * 3
    refit = [row for row in rows if row["parent_task_id_path"] == (0, 1)]
    assert refit[-1]["accuracy"] == accuracy_score(LABELS, search.predict(X))


def test_rnn_progress_bar_shows_each_fit_of_a_grid_search():
    pytest.importorskip("rich")
    with redirect_stdout(io.StringIO()) as shown:
        search = GridSearchCV(RNNClassifier(**TINY), {"learning_rate": [0.01, 0.1]}, cv=2)
        search.set_callbacks(callback.ProgressBar()).fit(X, LABELS)
    assert shown.getvalue().count("RNNClassifier - fit") >= 5


def test_rnn_sklearn_callbacks_early_stopping_ends_the_task():
    recorder = Recorder()
    model = RNNClassifier(**{**TINY, "epochs": 50}, early_stopping=True, patience=1)
    model.set_params(learning_rate=1.0).set_callbacks(recorder).fit(X, LABELS)
    assert model.n_iter_ < 50
    assert recorder.calls[1:-1] == tasks_of_a_fit(model.n_iter_)


def test_rnn_sklearn_callbacks_may_stop_training():
    recorder, params = StopsAtTwo(), {**TINY, "schedule": "constant"}
    model = RNNClassifier(**params).set_callbacks(recorder).fit(X, LABELS)
    assert recorder.calls[1:-1] == tasks_of_a_fit(2)
    assert_same_weights(model, RNNClassifier(**{**params, "epochs": 2}).fit(X, LABELS))


def test_rnn_sklearn_callbacks_that_raise_leave_the_earlier_fit():
    model = RNNClassifier(**TINY).fit(X, LABELS)
    fails = FailsAtTwo()
    with unchanged(model, X):
        model.set_callbacks(fails)
        with pytest.raises(RuntimeError, match="enough"):
            model.fit(X, LABELS)
        model.set_callbacks()
    assert fails.calls[1:-1] == tasks_of_a_fit(3)[:5]
    assert fails.calls[-1][0] == "teardown"
    fresh = RNNClassifier(**TINY).set_callbacks(fails)
    with pytest.raises(RuntimeError, match="enough"):
        fresh.fit(X, LABELS)
    with pytest.raises(NotFittedError):
        fresh.predict(X)


def test_rnn_sklearn_callbacks_teardown_is_called_if_data_are_invalid():
    recorder = Recorder()
    with pytest.raises(ValueError, match="X has 30 sequences"):
        RNNClassifier(**TINY).set_callbacks(recorder).fit(X, LABELS[:-1])
    assert [hook for hook, _ in recorder.calls] == ["setup", "teardown"]


def test_rnn_sklearn_callbacks_are_kept_by_clone():
    recorder = Recorder()
    model = RNNClassifier(**TINY, metrics=["accuracy"]).set_callbacks(recorder)
    clone(model).fit(X, LABELS)
    assert recorder.calls[1:-1] == tasks_of_a_fit(3)
    assert_array_equal(model.set_callbacks().fit(X, LABELS).classes_, ["ant", "bee", "cat"])
    assert len(recorder.calls) == 2 + len(tasks_of_a_fit(3))
