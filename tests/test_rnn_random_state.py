"""The parameter random_state: what is drawn from it, and that nothing else is read or changed."""

import hashlib
import itertools
import json
import random
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from recurrences import body_that_draws, same_bits
from small_data import PLAIN, TINY, assert_same_weights, labelled

from skrnn import RNNClassifier, clear_program_cache
from skrnn._cells import CELLS
from skrnn._specs import NetworkSpec
from skrnn.networks.architecture import build_network

MANY, TAGS = labelled()
UNCHANGED = 1e-300  # a learning rate that changes no weight

# Everything random: initial weights, batches, both kinds of dropout, and the validation split.
DRAWS = {
    "cell": "simple", "units": 3, "dropout": 0.2, "recurrent_dropout": 0.2, "batch_size": 7,
    "epochs": 3, "early_stopping": True, "random_state": 7,
}  # fmt: skip


def fit_seeded():
    """Fit a recurrent network and a custom body; return a hash of their weights and histories."""
    models = [
        RNNClassifier(**DRAWS).fit(MANY, TAGS),
        RNNClassifier(**DRAWS, body=body_that_draws).fit(MANY, TAGS),
    ]
    digest = hashlib.sha256()
    for model in models:
        for weight in model.weights_:
            digest.update(weight.tobytes())
        digest.update(repr(model.history_).encode())
    return digest.hexdigest()


FRESH_PROCESS = """
import json, random, sys
import numpy as np
from skrnn import RNNClassifier
random.seed(5)
np.random.seed(5)
RNNClassifier(cell="simple", epochs=1, random_state=0).fit(np.ones((4, 2, 1)), [0, 1, 0, 1])
left = [random.random(), np.random.random()]
sys.path.insert(0, sys.argv[1])
import test_rnn_random_state
print(json.dumps([left, test_rnn_random_state.fit_seeded()]))
"""


def test_rnn_random_state_gives_the_same_bits_in_a_fresh_process():
    here = fit_seeded()
    command = [sys.executable, "-c", FRESH_PROCESS, str(Path(__file__).parent)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    left, fresh = json.loads(done.stdout.splitlines()[-1])
    assert fresh == here
    expected = np.random.RandomState(5).random_sample()
    assert left == [random.Random(5).random(), expected]


@pytest.mark.parametrize("body", [None, body_that_draws])
def test_rnn_random_state_gives_the_same_bits_whatever_ran_before(body):
    params = {**DRAWS, "body": body, "early_stopping": False}
    clear_program_cache()
    first = RNNClassifier(**params).fit(MANY, TAGS)
    other = RNNClassifier(**{**params, "random_state": 1}).fit(MANY, TAGS)
    other.predict_proba(MANY)
    RNNClassifier(**{**params, "optimizer": "sgd", "learning_rate": 0.5}).fit(MANY[:20], TAGS[:20])
    assert_same_weights(RNNClassifier(**params).fit(MANY, TAGS), first)
    assert not same_bits(first, other)
    clear_program_cache()
    again = RNNClassifier(**params).fit(MANY, TAGS)
    assert_same_weights(again, first)
    assert again.history_ == first.history_


def two_partial_fits(**how):
    """Return the losses of all batches in two calls of `partial_fit` that move no weight."""
    losses = []
    record = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: losses.append(logs["loss"])
    )
    params = {**TINY, "learning_rate": UNCHANGED, "batch_size": 3, **how}
    RNNClassifier(**params).fit(MANY, TAGS)  # measures the time per batch
    model = RNNClassifier(**params, callbacks=record)
    model.partial_fit(MANY, TAGS).partial_fit(MANY, TAGS)
    assert len(losses) == 20
    return losses[:10], losses[10:]


@pytest.mark.parametrize("how", [{"shuffle": True}, {"shuffle": False, "dropout": 0.5}])
def test_rnn_partial_fit_draws_anew_in_each_call_and_follows_random_state(how, monkeypatch):
    # The losses of single batches are seen if each compiled call seems to take long.
    monkeypatch.setattr(time, "perf_counter", itertools.count(step=1000).__next__)
    first, second = two_partial_fits(**how)
    assert first != second
    assert (first, second) == two_partial_fits(**how)
    assert first != two_partial_fits(**how, random_state=1)[0]
    one, other = two_partial_fits(shuffle=False)
    assert one == other


def test_rnn_random_state_none_or_instance():
    params = {**TINY, "epochs": 1}
    nones = [RNNClassifier(**{**params, "random_state": None}).fit(MANY, TAGS) for _ in range(2)]
    assert (nones[0].weights_[-2] != nones[1].weights_[-2]).any()
    rng = np.random.RandomState(0)
    shared = [RNNClassifier(**{**params, "random_state": rng}).fit(MANY, TAGS) for _ in range(2)]
    assert (shared[0].weights_[-2] != shared[1].weights_[-2]).any()
    params["random_state"] = np.random.RandomState(0)
    assert_same_weights(RNNClassifier(**params).fit(MANY, TAGS), shared[0])


def test_rnn_dropout_has_no_effect_on_predictions():
    params = {**DRAWS, "early_stopping": False, "random_state": 0}
    model = RNNClassifier(**params).fit(MANY, TAGS)
    assert_array_equal(model.predict_proba(MANY), model.predict_proba(MANY))
    for name in ("dropout", "recurrent_dropout"):
        other = RNNClassifier(**{**params, name: 0.0}).fit(MANY, TAGS)
        assert (other.weights_[-2] != model.weights_[-2]).any()


def test_rnn_dropout_follows_random_state():
    params = {**TINY, "dropout": 0.5, "shuffle": False, "warm_start": True, "epochs": 1}

    def continued(seed):
        model = RNNClassifier(**{**params, "learning_rate": UNCHANGED}).fit(MANY, TAGS)
        return model.set_params(random_state=seed, learning_rate=0.1).fit(MANY, TAGS)

    one, same, other = (continued(seed) for seed in (1, 1, 2))
    assert_same_weights(one, same)
    assert not same_bits(one, other)


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_rnn_layers_of_skrnn_draw_from_no_global_generator(cell, plain, monkeypatch):
    def refuse(*arguments):
        raise AssertionError("a global generator was used")

    spec = NetworkSpec(
        cell=cell, units=(2, 2), bidirectional=False, return_sequences=False, pooling="last",
        activation="tanh", dropout=0.1, recurrent_dropout=0.1, l2=0.1, n_features=3,
        embedding=(5, 3), train_embedding=True, n_outputs=1, output_activation="linear",
        dtype="float32", body_seed=2**32 - 1,
    )  # fmt: skip
    for name in ("getrandbits", "randint", "random", "seed", "setstate"):
        monkeypatch.setattr(random, name, refuse)
    for name in ("seed", "set_state"):
        monkeypatch.setattr(np.random, name, refuse)
    model = build_network(spec, plain=plain).model
    layers = [model.get_layer(f"recurrent_{i}") for i in range(2)]
    seeds = [getattr(layer, "cell", layer).seed for layer in layers]
    assert seeds[0] != seeds[1]


def body_of_draws(steps, lengths):
    """Build a body on values drawn from the global generator of Keras."""
    return steps * keras.random.uniform((2,))


@pytest.mark.parametrize("body", [None, body_that_draws, body_of_draws])
def test_rnn_fit_and_predict_leave_global_generators_alone(body):
    params = {**DRAWS, **PLAIN, "body": body, "early_stopping": False, "random_state": None}

    def draws():
        values = [random.random(), np.random.random()]  # noqa: NPY002 - the global one is meant
        return [*values, float(keras.random.uniform(()))]

    keras.utils.set_random_seed(3)
    expected = draws()
    keras.utils.set_random_seed(3)
    RNNClassifier(**params).fit(MANY, TAGS).predict(MANY)
    assert draws() == expected

    fits = []
    for seed in (1, 2):
        keras.utils.set_random_seed(seed)
        fits.append(RNNClassifier(**{**params, "random_state": 0}).fit(MANY, TAGS))
    assert_same_weights(*fits)
    assert_array_equal(fits[0].predict_proba(MANY), fits[1].predict_proba(MANY))
