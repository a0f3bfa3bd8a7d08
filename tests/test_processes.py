"""A process that was forked after its parent used a network raises an error with the remedy."""

import multiprocessing

import pytest
from sklearn.base import clone
from small_data import TINY, assert_same_weights, labelled

from skrnn import RNNClassifier
from skrnn.networks import processes, programs

X, LABELS = labelled()

needs_fork = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork"
)
# The tests fork a process that has threads; Python 3.12 and JAX warn of it.
forks = pytest.mark.filterwarnings("ignore:.*fork")


def error_in_a_fork(use):
    """Return the error that a function raises in a fork of this process, as text."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)

    def work():
        try:
            use()
        except BaseException as error:
            sender.send(f"{type(error).__name__}: {error}")
        else:
            sender.send("no error")

    child = context.Process(target=work, daemon=True)
    child.start()
    try:
        assert receiver.poll(60), "the forked process hangs"
        return receiver.recv()
    finally:
        child.kill()
        child.join()


def same_steps(steps, lengths):
    return steps


USES = {
    "fit": lambda model: clone(model).fit(X, LABELS),
    "fit with a body": lambda model: clone(model).set_params(body=same_steps).fit(X, LABELS),
    "partial_fit": lambda model: model.partial_fit(X, LABELS),
    "predict": lambda model: model.predict(X),
    "hidden_states": lambda model: model.hidden_states(X, return_state=True),
    "model_": lambda model: model.model_,
}


@needs_fork
@forks
@pytest.mark.parametrize("use", USES)
def test_fork_of_a_process_that_used_a_network(use):
    model = RNNClassifier(**TINY).fit(X, LABELS)
    message = error_in_a_fork(lambda: USES[use](model))
    assert message.startswith(
        "RuntimeError: The deep-learning framework was already used in the parent "
    )
    assert "'loky'" in message
    assert "get_context('spawn')" in message
    assert_same_weights(clone(model).fit(X, LABELS), model)


@needs_fork
@forks
def test_fork_while_another_thread_uses_the_cache():
    model = RNNClassifier(**TINY).fit(X, LABELS)
    with programs._lock:
        assert error_in_a_fork(lambda: model.predict(X)).startswith("RuntimeError")


@needs_fork
@forks
def test_fork_before_any_network_was_used(monkeypatch):
    monkeypatch.setattr(processes, "_first_user", None)
    assert error_in_a_fork(processes.require_own_process) == "no error"
