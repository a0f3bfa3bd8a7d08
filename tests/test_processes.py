"""A process that was forked after its parent used a network raises an error with the remedy."""

import json
import multiprocessing
import subprocess
import sys
from pathlib import Path

import keras
import pytest
from sklearn.base import clone
from small_data import TINY, assert_same_weights, labelled

from skrnn import RNNClassifier, _forks
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
    monkeypatch.setattr(_forks, "_used_here", set())
    monkeypatch.setattr(_forks, "_running", set)
    assert error_in_a_fork(processes.require_own_process) == "no error"


# Each use happens in a fork of a process that has only imported Keras, and is followed by a fit in
# a fork of that fork.
FORKS = """
import json, multiprocessing, sys, warnings
import keras
import numpy as np
import sklearn.pipeline

warnings.simplefilter("ignore")  # of forking with threads
context = multiprocessing.get_context("fork")
X = np.random.default_rng(0).normal(size=(300, 12, 3)).astype("f4")

def in_a_fork(function):
    receiver, sender = context.Pipe(duplex=False)

    def work():
        try:
            sender.send(function())
        except BaseException as error:
            sender.send(f"{type(error).__name__}: {error}")

    child = context.Process(target=work)
    child.start()
    answer = receiver.recv() if receiver.poll(120) else "no answer"
    child.kill()
    child.join()
    return answer

def fit():
    from skrnn import RNNRegressor
    RNNRegressor(units=4, epochs=1, batch_size=None).fit(X, X[:, -1, 0])
    return "fitted"

def after(use):
    def use_and_fork():
        use()
        return in_a_fork(fit)
    return in_a_fork(use_and_fork)

def train():
    model = keras.Sequential([keras.Input((36,)), keras.layers.Dense(500), keras.layers.Dense(1)])
    model.compile(loss="mse")
    model.fit(X.reshape(300, 36), X[:, 0, 0], verbose=0)

USES = {
    "import": lambda: None,
    "optimizer": keras.optimizers.Adam,
    "operation": lambda: keras.ops.ones(3),
    "model": lambda: keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])(X[:, 0]),
    "training": train,
}
def use_and_fit():
    keras.ops.ones(3)
    return fit()

answers = {
    "operation before skrnn": after(USES["operation"]),
    "operation without a fork": in_a_fork(use_and_fit),
}
import skrnn
answers |= {name: after(use) for name, use in USES.items()}
print(json.dumps(answers))
"""


@needs_fork
def test_fork_of_a_process_that_used_keras_itself():
    root = Path(_forks.__file__).parents[1]
    run = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, cwd=root)
    assert run.returncode == 0, run.stderr
    answers = json.loads(run.stdout.splitlines()[-1])
    assert answers.pop("import") == "fitted"
    # The fork itself came before the use.
    assert answers.pop("operation without a fork") == "fitted"
    if keras.backend.backend() == "torch":
        # PyTorch can be used again, with one thread.
        assert set(answers.values()) == {"fitted"}
    else:
        message = "RuntimeError: The deep-learning framework was already used in the parent process"
        assert all(answer.startswith(message) for answer in answers.values())
