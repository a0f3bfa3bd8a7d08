"""Training: its steps as made by hand, weights of sequences, and seeds."""

import hashlib
import json
import random
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import (
    ByHand,
    assert_close_weights,
    assert_same_bits,
    body_that_draws,
    random_sequences,
    same_bits,
    step_targets,
)
from toys import TINY, labelled

from skrnn import RNNClassifier, RNNRegressor
from skrnn.networks import backends, feed, programs

X = random_sequences()
Y = np.array([4000.0 + 1000 * x[:, 0].sum() for x in X])
LABELS = np.arange(len(X)) % 2
MANY, TAGS = labelled()
UNCHANGED = 1e-300  # a learning rate by which no weight moves
WHOLE = {"batch_size": None, "shuffle": False, "dtype": "float64", "random_state": 0}


# --- a step of training -----------------------------------------------------------------------


def squared(true, raw):
    return keras.ops.mean((true - raw) ** 2, axis=1)


@pytest.mark.parametrize(
    "params",
    [
        {"cell": "simple", "units": (3, 2), "pooling": "max", "l2": 2**-7},
        {"cell": "lstm", "units": 2, "pooling": "mean"},
        {"cell": "gru", "units": 2, "bidirectional": True, "pooling": "last", "l2": 2**-7},
        {"cell": "lstm", "units": 3, "bidirectional": True, "return_sequences": True},
        {"cell": "minimal_gru", "units": 3, "bidirectional": True, "pooling": "last", "l2": 2**-7},
    ],
    ids=lambda params: params["cell"],
)
def test_steps_of_a_regressor_are_those_made_by_hand(params):
    y = step_targets(X, 2) if "return_sequences" in params else [[one] for one in Y]
    y = [np.reshape(one, (-1, np.shape(one)[-1])) for one in y]
    given = y if "return_sequences" in params else np.concatenate(y)
    weights = np.arange(1.0, len(X) + 1)
    params = {**params, **WHOLE, "optimizer": "sgd", "global_clipnorm": None}
    start = RNNRegressor(**params, epochs=1, learning_rate=UNCHANGED)
    start.fit(X, given, sample_weight=weights)
    model = RNNRegressor(**params, epochs=2, learning_rate=0.1)
    model.fit(X, given, sample_weight=weights)
    assert not same_bits(model, start)

    everything = np.concatenate(y)
    counts = weights.repeat([len(one) for one in y])
    mean = np.average(everything, axis=0, weights=counts)
    spread = np.sqrt(np.average((everything - mean) ** 2, axis=0, weights=counts))
    by_hand = ByHand(start)
    losses = by_hand.train(
        keras.optimizers.SGD(0.1), X, [(one - mean) / spread for one in y],
        loss=squared, weights=weights, n_steps=2,
    )  # fmt: skip
    by_hand.assert_equal(model)
    assert_allclose(model.history_["loss"], losses, rtol=1e-12)


def binary(true, raw):
    return keras.losses.binary_crossentropy(true, raw, from_logits=True)


def categorical(true, raw):
    return keras.losses.sparse_categorical_crossentropy(true, raw, from_logits=True)


@pytest.mark.parametrize(("n_classes", "loss"), [(2, binary), (3, categorical)])
def test_steps_of_a_classifier_are_those_made_by_hand(n_classes, loss):
    codes = np.arange(len(X)) % n_classes
    params = {**WHOLE, "cell": "gru", "units": 3, "optimizer": "sgd", "global_clipnorm": None}
    params["class_weight"] = {0: 3.0, 1: 0.5, 2: 1.0}
    start = RNNClassifier(**params, epochs=1, learning_rate=UNCHANGED).fit(X, codes)
    model = RNNClassifier(**params, epochs=2, learning_rate=0.1).fit(X, codes)
    by_hand = ByHand(start)
    y = [np.full((1, 1), code, "float64") if n_classes == 2 else np.array([code]) for code in codes]
    losses = by_hand.train(
        keras.optimizers.SGD(0.1), X, y,
        loss=loss, weights=np.array([3.0, 0.5, 1.0])[codes], n_steps=2,
    )  # fmt: skip
    by_hand.assert_equal(model)
    assert_allclose(model.history_["loss"], losses, rtol=1e-12)


def test_one_batch_after_another_is_a_step_each():
    params = {**WHOLE, "cell": "simple", "units": 3, "optimizer": "sgd", "global_clipnorm": None}
    params |= {"normalize_y": False, "batch_size": 3}
    y = Y / 4000
    start = RNNRegressor(**params, epochs=1, learning_rate=UNCHANGED).fit(X, y)
    model = RNNRegressor(**params, epochs=1, learning_rate=0.1).fit(X, y)
    by_hand = ByHand(start)
    for rows in (slice(0, 3), slice(3, 6), slice(6, 8)):
        targets = [[[one]] for one in y[rows]]
        by_hand.train(keras.optimizers.SGD(0.1), X[rows], targets, loss=squared)
    by_hand.assert_equal(model)


def test_how_many_batches_share_a_call_changes_nothing(monkeypatch):
    params = {**TINY, "epochs": 4, "batch_size": 4, "metrics": ["accuracy"]}
    fits = []
    for seconds in (0, 1e-3, 1e9):
        monkeypatch.setattr("skrnn.networks.fit_loop._SECONDS_PER_CALL", seconds)
        fits.append(RNNClassifier(**params).fit(MANY, TAGS))
    for other in fits[1:]:
        assert_same_bits(other, fits[0])
        assert other.history_ == fits[0].history_


# --- weights ----------------------------------------------------------------------------------


STEP_LABELS = [(x[:, 0] > 0).astype(int) for x in X]
KINDS = {
    "classifier": (RNNClassifier, LABELS, {}),
    "regressor": (RNNRegressor, Y, {}),
    "classifier of steps": (RNNClassifier, STEP_LABELS, {"return_sequences": True}),
    "regressor of steps": (RNNRegressor, step_targets(X), {"return_sequences": True}),
}


def rows_of(y, rows):
    return [y[i] for i in rows] if isinstance(y, list) else y[rows]


@pytest.mark.parametrize("kind", KINDS)
def test_weight_zero_is_absence_and_weight_two_is_twice(kind):
    estimator, y, how = KINDS[kind]
    model = estimator(cell="simple", units=3, epochs=3, **WHOLE, **how)
    weights = np.array([1.0, 0, 2, 1, 0, 1, 2, 1])
    rows = np.repeat(np.arange(len(X)), weights.astype(int))
    spoilt = [x if weight else x[::-1] * 100 for x, weight in zip(X, weights, strict=True)]
    twice = model.fit([X[i] for i in rows], rows_of(y, rows)).weights_
    weighted = model.fit(spoilt, y, sample_weight=weights).weights_
    assert_close_weights(weighted, twice, atol=1e-9)
    plain = model.fit(X, y).weights_
    assert np.abs(plain[0] - twice[0]).max() > 1e-6


def test_the_scale_of_weights_does_not_matter():
    weights = np.arange(1.0, len(X) + 1)
    params = {**WHOLE, "cell": "simple", "units": 3, "epochs": 3}
    fits = [
        RNNRegressor(**params).fit(X, Y, sample_weight=weights * scale) for scale in (1, 1e-3, 1e3)
    ]
    for other in fits[1:]:
        assert_close_weights(other, fits[0], atol=1e-9)


def test_tokens_of_sequences_without_weight_are_not_learned():
    tokens = [np.array([1, 2, 3]), np.array([2, 4]), np.array([3, 3, 2]), np.array([30, 31])]
    params = {"cell": "simple", "units": 3, "embedding": 2, "epochs": 2, **WHOLE}
    without = RNNClassifier(**params).fit(tokens[:3], [0, 1, 1])
    weighted = RNNClassifier(**params).fit(tokens, [0, 1, 1, 0], sample_weight=[1, 1, 1, 0])
    assert_close_weights(weighted, without)


def test_sequences_without_weight_are_not_held_out():
    params = {**TINY, "early_stopping": True, "validation_split": 0.2, "epochs": 2}
    weights = np.tile([1.0, 0.0], 15)
    kept = np.flatnonzero(weights)
    without = RNNClassifier(**params).fit([MANY[i] for i in kept], TAGS[kept])
    weighted = RNNClassifier(**params).fit(MANY, TAGS, sample_weight=weights)
    assert weighted.history_ == without.history_
    assert_same_bits(weighted, without)


# --- seeds ------------------------------------------------------------------------------------


# Everything that draws: first weights, batches, dropout in both places, a split.
DRAWS = {
    "cell": "simple", "units": 3, "dropout": 0.2, "recurrent_dropout": 0.2, "batch_size": 7,
    "epochs": 3, "early_stopping": True, "random_state": 7,
}  # fmt: skip


def fit_seeded():
    """Fit networks of ours and with a body; give a hash of all weights."""
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
import keras  # JAX draws from NumPy's global generator while it is imported
import numpy as np
from skrnn import RNNClassifier
random.seed(5)
np.random.seed(5)
RNNClassifier(cell="simple", epochs=1, random_state=0).fit(np.ones((4, 2, 1)), [0, 1, 0, 1])
left = [random.random(), np.random.random()]
sys.path.insert(0, sys.argv[1])
import test_training
print(json.dumps([left, test_training.fit_seeded()]))
"""


def test_a_seed_gives_the_same_bits_in_a_fresh_process_that_is_left_as_it_was():
    here = fit_seeded()
    command = [sys.executable, "-c", FRESH_PROCESS, str(Path(__file__).parent)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    left, fresh = json.loads(done.stdout.splitlines()[-1])
    assert fresh == here
    expected = np.random.RandomState(5).random_sample()
    assert left == [random.Random(5).random(), expected]


@pytest.mark.parametrize("body", [None, body_that_draws])
def test_a_seed_gives_the_same_bits_whatever_ran_before(body):
    params = {**DRAWS, "body": body, "early_stopping": False}
    programs.clear()
    first = RNNClassifier(**params).fit(MANY, TAGS)
    other = RNNClassifier(**{**params, "random_state": 1}).fit(MANY, TAGS)
    other.predict_proba(MANY)
    RNNClassifier(**{**params, "optimizer": "sgd", "learning_rate": 0.5}).fit(MANY[:20], TAGS[:20])
    assert_same_bits(RNNClassifier(**params).fit(MANY, TAGS), first)
    assert not same_bits(first, other)
    programs.clear()
    again = RNNClassifier(**params).fit(MANY, TAGS)
    assert_same_bits(again, first)
    assert again.history_ == first.history_


def test_a_seed_gives_the_same_bits_call_after_call_of_partial_fit():
    one, other = (RNNClassifier(**{**DRAWS, "early_stopping": False}) for _ in range(2))
    for _ in range(3):
        one.partial_fit(MANY, TAGS)
        other.partial_fit(MANY, TAGS)
        assert_same_bits(one, other)


def test_random_states_that_are_no_int():
    params = {**TINY, "epochs": 1}
    nones = [RNNClassifier(**{**params, "random_state": None}).fit(MANY, TAGS) for _ in range(2)]
    assert (nones[0].weights_[0] != nones[1].weights_[0]).any()
    rng = np.random.RandomState(0)
    shared = [RNNClassifier(**{**params, "random_state": rng}).fit(MANY, TAGS) for _ in range(2)]
    assert (shared[0].weights_[0] != shared[1].weights_[0]).any()
    params["random_state"] = np.random.RandomState(0)
    assert_same_bits(RNNClassifier(**params).fit(MANY, TAGS), shared[0])


def test_dropout_is_only_in_training():
    params = {**DRAWS, "early_stopping": False, "random_state": 0}
    model = RNNClassifier(**params).fit(MANY, TAGS)
    assert_array_equal(model.predict_proba(MANY), model.predict_proba(MANY))
    for name in ("dropout", "recurrent_dropout"):
        other = RNNClassifier(**{**params, name: 0.0}).fit(MANY, TAGS)
        assert (other.weights_[0] != model.weights_[0]).any()


def test_dropout_follows_the_seed_and_changes_from_fit_to_fit():
    params = {**TINY, "dropout": 0.5, "shuffle": False, "warm_start": True, "epochs": 1}

    def go_on(seed):
        model = RNNClassifier(**{**params, "learning_rate": UNCHANGED}).fit(MANY, TAGS)
        return model.set_params(random_state=seed, learning_rate=0.1).fit(MANY, TAGS)

    one, same, other = (go_on(seed) for seed in (1, 1, 2))
    assert_same_bits(one, same)
    assert not same_bits(one, other)


def body_of_draws(steps, lengths):
    """Build on values drawn from Keras' own global generator."""
    return steps * keras.random.uniform((2,))


@pytest.mark.parametrize("body", [None, body_that_draws, body_of_draws])
def test_fit_and_predict_neither_read_nor_move_global_generators(body):
    params = {**DRAWS, "body": body, "early_stopping": False, "random_state": None}

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
    assert_same_bits(*fits)
    assert_array_equal(fits[0].predict_proba(MANY), fits[1].predict_proba(MANY))


# --- data that are sent in blocks -------------------------------------------------------------


@pytest.mark.parametrize("how", [{}, {"return_sequences": True}])
def test_data_in_a_file_are_sent_in_blocks_with_the_same_result(how, tmp_path, monkeypatch):
    steps = np.random.default_rng(0).standard_normal((50, 4, 2)).astype(np.float32)
    np.save(tmp_path / "steps.npy", steps)
    on_disk = np.load(tmp_path / "steps.npy", mmap_mode="r")
    y = steps[:, :, 0] if how else steps[:, -1, 0]
    weights = np.linspace(0, 1, 50)
    params = {"cell": "simple", "units": 3, "batch_size": 8, "epochs": 2, "random_state": 0}
    sent, outputs = [], []
    original = backends.to_device
    for limit in (2**28, 100):
        monkeypatch.setattr(feed, "RESIDENT_BYTES", limit)
        monkeypatch.setattr(
            backends,
            "to_device",
            lambda examples, target_scale: (
                sent.append(len(examples)) or original(examples, target_scale)
            ),
        )
        x = steps if limit > 100 else on_disk
        model = RNNRegressor(**params, **how).fit(x, y, weights, X_val=x[:9], y_val=y[:9])
        outputs.append([model, np.array(model.predict(x))])
    whole, blocks = outputs
    # The first has no weight.
    assert sent[:2] == [49, 9]
    assert max(sent[2:]) < 49
    assert_same_bits(whole[0], blocks[0])
    assert_array_equal(whole[1], blocks[1])
    assert whole[0].history_ == blocks[0].history_
