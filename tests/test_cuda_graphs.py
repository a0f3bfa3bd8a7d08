"""Updates on PyTorch that are captured as CUDA graphs, with a capture that runs on a CPU."""

import threading
import time
from contextlib import contextmanager

import joblib
import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from small_data import TINY, assert_same_weights, labelled
from test_rendezvous import run_in_threads
from test_search_backend import DENSE, LABELS, batched, fit_together

from skrnn import RNNClassifier
from skrnn._parallel.rendezvous import Rendezvous
from skrnn._parallel.tasks import Team

if keras.backend.backend() != "torch":
    pytest.skip("it is about the PyTorch backend", allow_module_level=True)

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from skrnn.networks.backends.torch import graphs, many, many_updates
from skrnn.networks.backends.torch.gate import Gate

X, WORDS = labelled()

# Operations that read values of tensors on the host, or send numbers to the device.
NOT_CAPTURED = {
    "_local_scalar_dense",
    "equal",
    "is_nonzero",
    "item",
    "lift_fresh",
    "masked_select",
    "nonzero",
    "unique2",
}


class OnDevice(TorchDispatchMode):
    """Raises an error at operations that a CUDA graph cannot contain."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.name().removeprefix("aten::").partition(".")[0]
        if name in NOT_CAPTURED:
            raise RuntimeError(f"{name} cannot be captured")
        return function(*args, **(kwargs or {}))


class Captures:
    """Replaces `graphs.capture` on a CPU, and counts captures and replays."""

    def __init__(self, fails=False):
        self.fails, self.n_captures, self.n_replays = fails, 0, 0

    def __call__(self, function):
        self.n_captures += 1
        if self.fails:
            raise RuntimeError("CUDA error: operation not permitted when stream is capturing")

        def replay():
            self.n_replays += 1
            with OnDevice():
                function()

        return replay


@pytest.fixture
def captures(monkeypatch):
    """Return a function that lets updates on a CPU be captured by a stand-in, and returns it."""

    def capture(**options):
        made = Captures(**options)
        monkeypatch.setattr(graphs, "can_capture", lambda device: True)
        monkeypatch.setattr(graphs, "warm_up", lambda function: function())
        monkeypatch.setattr(graphs, "capture", made)
        return made

    return capture


MODELS = {
    "lstm": RNNClassifier(**{**TINY, "cell": "lstm"}, metrics=["accuracy"]),
    "gru": RNNClassifier(
        **{**TINY, "cell": "gru", "epochs": 2, "batch_size": 6, "bidirectional": True},
        early_stopping=True,
        class_weight="balanced",
    ),
    "one target per step": RNNClassifier(**{**TINY, "cell": "mingru"}, return_sequences=True),
}


@pytest.mark.parametrize("kind", MODELS)
def test_updates_that_are_captured_give_the_same_bits(kind, captures):
    model = MODELS[kind]
    model.set_params(epochs=6)
    y = [np.arange(5) % 2] * 24 if model.return_sequences else LABELS
    expected = fit_together([model] * 2, [(DENSE, y)] * 2)
    made = captures()
    found = fit_together([model] * 2, [(DENSE, y)] * 2)
    assert made.n_captures == 1 + model.early_stopping
    assert made.n_replays > made.n_captures
    for one, other in zip(found, expected, strict=True):
        assert_same_weights(one, other)
        assert one.history_ == other.history_


def test_updates_run_as_before_if_the_capture_fails(captures):
    expected = fit_together([MODELS["lstm"]] * 2, [(DENSE, LABELS)] * 2)
    made = captures(fails=True)
    found = fit_together([MODELS["lstm"]] * 2, [(DENSE, LABELS)] * 2)
    assert (made.n_captures, made.n_replays) == (1, 0)
    # Later captures and other fits are not kept waiting.
    assert not graphs._gate._inside
    assert not graphs._gate._is_closed
    for one, other in zip(found, expected, strict=True):
        assert_same_weights(one, other)


def test_losses_of_more_updates_than_are_sent_at_once(monkeypatch):
    model = RNNClassifier(**{**TINY, "batch_size": 3})
    expected = clone(model).fit(DENSE, LABELS).history_["loss"]
    monkeypatch.setattr(many_updates, "_UPDATES", 2)
    for found in fit_together([model] * 2, [(DENSE, LABELS)] * 2):
        assert_allclose(found.history_["loss"], expected, rtol=1e-5)


PROGRAMS_OF_ONE = {
    "lengths": ({"cell": "lstm", "metrics": ["accuracy"], "batch_size": 7}, X, WORDS),
    "early stopping": ({"cell": "gru", "bidirectional": True, "early_stopping": True}, X, WORDS),
    "time steps": ({"return_sequences": True}, DENSE, [np.arange(5) % 2] * 24),
    "bound": ({"cell": "indrnn", "max_recurrent_weight": 0.3}, DENSE, LABELS),
}


@pytest.mark.parametrize("kind", PROGRAMS_OF_ONE)
def test_a_program_of_one_runs_fused_loops_as_a_graph_and_equals_a_fit(kind, captures, monkeypatch):
    options, steps, y = PROGRAMS_OF_ONE[kind]
    model = RNNClassifier(**{**TINY, "epochs": 6, "dtype": "float64", **options})
    expected, made = clone(model).fit(steps, y), captures()
    monkeypatch.setattr(many, "loops_within_vmap", lambda: pytest.fail("the loops are not fused"))
    [found] = fit_together([model], [(steps, y)], max_models=1)
    assert made.n_captures == 1 + model.early_stopping
    assert made.n_replays > made.n_captures
    for name, values in expected.history_.items():
        assert_allclose(found.history_[name], values, atol=1e-12)
    for one, other in zip(found.weights_, expected.weights_, strict=True):
        assert_allclose(one, other, atol=1e-12)


def test_a_function_is_captured_after_its_first_calls(captures):
    made, calls = captures(), []
    run = graphs.repeated(lambda: calls.append(made.n_replays), "cuda")
    for _ in range(6):
        run()
    assert calls == [0, 0, 0, 1, 2, 3]


def test_a_function_that_sends_new_numbers_to_the_device_is_not_captured(captures):
    captures()
    numbers, found = iter(range(9)), torch.zeros(())
    run = graphs.Repeated(lambda: found.add_(torch.tensor(next(numbers))))
    for _ in range(3):
        run()
    with pytest.raises(RuntimeError, match="must not send new numbers"):
        run()


def test_constants_of_other_types_are_other_constants():
    with graphs._Constants():
        made = [torch.as_tensor(value) for value in (1, 1.0, True, np.float64(1), 1)]
        zeros = torch.as_tensor(0.0), torch.as_tensor(-0.0)
    assert len({(one.dtype, id(one)) for one in made}) == 4
    assert torch.signbit(zeros[1])
    assert not torch.signbit(zeros[0])


def test_without_a_gpu_functions_are_not_captured():
    assert graphs.repeated(print, "cpu") is print


# --- nothing else uses the device during a capture --------------------------------------------

# They read what is known without the device.
ON_HOST = {"__get__", "__len__", "dim", "size"}


class Overlaps(TorchFunctionMode):
    """Notes the operations of a thread during the captures of others."""

    captures_in, found, n_operations = None, [], 0

    def __torch_function__(self, function, types, args=(), kwargs=None):
        name, capturing = getattr(function, "__name__", str(function)), Overlaps.captures_in
        if name not in ON_HOST:
            Overlaps.n_operations += 1
            if capturing not in (None, threading.get_ident()):
                Overlaps.found.append(name)
        return function(*args, **(kwargs or {}))


@contextmanager
def long_capture():
    assert Overlaps.captures_in is None
    Overlaps.captures_in = threading.get_ident()
    # Other threads have time for their work.
    time.sleep(0.02)
    yield
    Overlaps.captures_in = None


@pytest.fixture
def overlaps(captures, monkeypatch):
    """Let all threads note overlaps with captures, which take long; return the list of them."""
    made, run = captures(), threading.Thread.run

    def noted(self):
        with Overlaps():
            run(self)

    def capture(function):
        with long_capture():
            return made(function)

    def warm_up(function):
        with long_capture():
            function()

    monkeypatch.setattr(threading.Thread, "run", noted)
    monkeypatch.setattr(graphs, "capture", capture)
    monkeypatch.setattr(graphs, "warm_up", warm_up)
    monkeypatch.setattr(Overlaps, "found", [])
    monkeypatch.setattr(Overlaps, "n_operations", 0)
    yield Overlaps.found
    assert made.n_captures > 1


def fit_and_predict(model):
    fitted = clone(model).fit(DENSE, LABELS)
    return fitted, [fitted.predict_proba(DENSE) for _ in range(5)]


def test_no_thread_uses_the_device_during_a_capture(overlaps):
    options = {**TINY, "epochs": 6, "metrics": ["accuracy"]}
    # Two groups, fits that train alone, and their predictions.
    models = [
        RNNClassifier(**{**options, "units": units, "dropout": dropout, "random_state": i})
        for i in range(2)
        for units, dropout in ((4, 0), (3, 0), (5, 0.3))
    ]
    expected = [fit_and_predict(model) for model in models]
    with batched(n_jobs=len(models)):
        found = joblib.Parallel()(joblib.delayed(fit_and_predict)(model) for model in models)
    assert Overlaps.n_operations > 1000
    assert overlaps == []
    for (one, predicted), (other, known) in zip(found, expected, strict=True):
        assert one.history_["loss"] == pytest.approx(other.history_["loss"], rel=1e-5)
        assert_allclose(predicted, known, atol=1e-5)


def test_threads_that_want_to_be_alone_do_not_wait_for_each_other():
    gate, now, most = Gate(), [], []

    def work():
        for _ in range(50):
            with gate.shared():
                with gate.shared():
                    gate.give_way()
                with gate.exclusive():
                    now.append(None)
                    most.append(len(now))
                    with gate.shared():
                        now.pop()

    assert run_in_threads(Team(Rendezvous(1)), [work] * 4) == [None] * 4
    assert most == [1] * 200


def test_an_error_leaves_the_gate_open():
    gate = Gate()
    with pytest.raises(RuntimeError), gate.shared(), gate.exclusive():
        raise RuntimeError
    with pytest.raises(RuntimeError), gate.exclusive(), gate.shared():
        raise RuntimeError
    assert run_in_threads(Team(Rendezvous(1)), [lambda: gate.exclusive().__enter__()]) == [None]
