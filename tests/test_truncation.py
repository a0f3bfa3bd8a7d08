"""The parameter truncation: segments of sequences, carried states, and the updates of both."""

import pickle

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import STEPS, assert_close_weights, count_programs, same_bits, weights_by_layer
from scipy.sparse import csr_array
from sklearn.base import clone
from small_data import PLAIN, TINY, assert_same_weights, tagged

from skrnn import RNNClassifier, RNNRegressor
from skrnn._cells import CELLS
from skrnn._examples import Examples
from skrnn._specs import least_updates
from skrnn.export import to_onnx
from skrnn.networks import feed
from skrnn.networks.batches import training_batches
from skrnn.networks.segments import Segments
from skrnn.recurrent import ConvBody, _n_epochs
from skrnn.sequences import Sequences

RNG = np.random.default_rng(0)
LENGTHS = (2, 7, 5, 1, 4)
X = [RNG.standard_normal((length, 2)) for length in LENGTHS]
Y = [np.cumsum(x[:, :1], axis=0) for x in X]
MANY, TAGS = tagged()  # 2 to 6 time steps
STEPWISE = {**TINY, "return_sequences": True, "batch_size": 7}


# --- the equation -----------------------------------------------------------------------------


def run_segment(cell, weights, x, states):
    """Return the outputs of a network of one layer for a segment, and its states after it."""
    (step, _), (*recurrent, kernel, bias) = STEPS[cell], weights
    outputs = []
    for one in x:
        states = step(one, *states, *recurrent)
        outputs.append(states[0] @ kernel + bias)
    return np.array(outputs), states


def update_by_hand(cell, weights, segments, rate):
    """Change weights by gradient descent on some segments, with a gradient of differences."""

    def loss():
        losses = [
            w * (run_segment(cell, weights, x, states)[0] - y) ** 2 for x, y, w, states in segments
        ]
        return np.concatenate(losses).mean()

    gradients = [np.zeros_like(weight) for weight in weights]
    for weight, gradient in zip(weights, gradients, strict=True):
        for index in np.ndindex(weight.shape):
            ends = []
            for shift in (1e-5, -1e-5):
                weight[index] += shift
                ends.append(loss())
                weight[index] -= shift
            gradient[index] = (ends[0] - ends[1]) / 2e-5
    for weight, gradient in zip(weights, gradients, strict=True):
        weight -= rate * gradient


@pytest.mark.parametrize("cell", CELLS)
def test_rnn_truncation_updates_once_per_segment_from_carried_states(cell):
    k, rate, sample_weight = 3, 0.125, np.array([1.0, 3.0, 0.5, 2.0, 1.5])
    model = RNNRegressor(
        **PLAIN, cell=cell, units=2, return_sequences=True, truncation=k, dtype="float64", epochs=1,
        batch_size=3, shuffle=False, optimizer="sgd", learning_rate=1e-300, global_clipnorm=None,
        normalize_y=False, random_state=0,
    )  # fmt: skip
    layers = weights_by_layer(model.fit(X, Y, sample_weight=sample_weight))
    weights = [np.array(one) for one in (*layers["recurrent_0"], *layers["head"])]
    scaled = sample_weight / np.average(sample_weight, weights=LENGTHS)
    for rows in ([0, 1, 2], [3, 4]):
        states = {i: (np.zeros(2),) * STEPS[cell][1] for i in rows}
        for begin in range(0, max(LENGTHS[i] for i in rows), k):
            span = slice(begin, begin + k)
            going = [i for i in rows if len(X[i]) > begin]
            segments = [(X[i][span], Y[i][span], scaled[i], states[i]) for i in going]
            after = {i: run_segment(cell, weights, X[i][span], states[i])[1] for i in going}
            update_by_hand(cell, weights, segments, rate)
            states.update(after)
    model.set_params(learning_rate=rate).fit(X, Y, sample_weight=sample_weight)
    layers = weights_by_layer(model)
    assert_close_weights([*layers["recurrent_0"], *layers["head"]], weights, atol=1e-8)


def test_rnn_truncation_at_the_longest_sequence_changes_nothing(monkeypatch):
    params = {**STEPWISE, "dropout": 0.2}
    model = RNNClassifier(**params).fit(MANY, TAGS)
    built = count_programs(monkeypatch)
    truncated = RNNClassifier(**params, truncation=6).fit(MANY, TAGS)
    assert_same_weights(truncated, model)
    assert truncated.history_ == model.history_
    assert len(built) == 1
    assert not same_bits(clone(truncated).set_params(truncation=2).fit(MANY, TAGS), model)


# --- segments ---------------------------------------------------------------------------------


def segments_of(lengths, truncation):
    lengths = np.asarray(lengths)
    values = np.arange(lengths.sum())
    sequences = Sequences(values[:, None] * 1.0, np.cumsum(lengths) - lengths, lengths)
    examples = Examples.of(sequences, values, lengths, np.ones(len(values)))
    return Segments(examples, truncation)


def test_segments_contain_each_time_step_once_and_in_order():
    segments = segments_of([2, 7, 5, 1, 4], 3)
    assert_array_equal(segments.counts, [1, 3, 2, 1, 2])
    assert_array_equal(segments.examples.sequences.lengths, [2, 3, 3, 1, 3, 2, 1, 3, 1])
    assert_array_equal(segments.examples.sequences.concatenate()[:, 0], np.arange(19))
    assert_array_equal(segments.examples.targets.concatenate(), np.arange(19))


@pytest.mark.parametrize("size", [None, 2, 4])
def test_segment_batches_continue_the_first_rows_of_the_batch_before(size):
    lengths = np.array([2, 7, 5, 1, 4, 9, 3])
    segments = segments_of(lengths, 3)
    owner = np.repeat(np.arange(len(lengths)), segments.counts)
    position = np.concatenate([np.arange(count) for count in segments.counts])
    drawn = training_batches(lengths, size, np.random.default_rng(0))
    order, bounds, fresh, moments = segments.batches(*drawn)
    assert_array_equal(np.sort(order), np.arange(len(owner)))
    batches = np.split(order, bounds[1:-1])
    for before, batch, is_fresh in zip([None, *batches], batches, fresh, strict=False):
        assert is_fresh == (position[batch[0]] == 0)
        if not is_fresh:
            assert_array_equal(owner[before[: len(batch)]], owner[batch])
            assert_array_equal(position[before[: len(batch)]] + 1, position[batch])
            # A sequence that continues has filled its segment, so that its state is not padding's.
            lengths_before = segments.examples.sequences.lengths[before[: len(batch)]]
            assert_array_equal(lengths_before, 3)
    assert (np.diff(moments) > 0).all()
    assert moments[0] == 0
    assert moments[-1] < segments.n_moments(size)
    assert len(batches) >= least_updates(lengths, size, 3)


def test_rnn_truncation_counts_segments_in_schedule_and_automatic_epochs(monkeypatch):
    monkeypatch.setattr(_n_epochs, "_TRAINING", 12)
    monkeypatch.setattr(_n_epochs, "_LEAST_EPOCHS", 2)
    x = np.random.default_rng(0).standard_normal((1, 9, 1))
    seen = []

    def schedule(t):
        seen.append(t)
        return 1 - t

    params = {**STEPWISE, "epochs": "auto", "truncation": 2, "units": 1, "schedule": schedule}
    model = RNNRegressor(**params).fit(x, x.cumsum(axis=1))
    assert model.n_iter_ == 3  # 5 updates each
    assert_allclose(seen, np.arange(15) / 15)
    assert_allclose(model.history_["learning_rate"], 0.005 * (1 - np.arange(3) / 3))


# --- data and parameters ----------------------------------------------------------------------


TOKENS = [RNG.integers(2, 6, len(x)) for x in MANY]


@pytest.mark.parametrize(
    ("data", "params"),
    [
        (TOKENS, {"embedding": 3}),
        ([csr_array(np.eye(6)[tokens]) for tokens in TOKENS], {}),
        (MANY, {"units": (4, 3), "l2": 0.01, "cell": "lstm"}),
    ],
    ids=["tokens", "one-hot", "stack with differences"],
)
def test_rnn_truncation_has_the_loss_of_whole_sequences_while_weights_are_constant(data, params):
    constant = {"dtype": "float64", "epochs": 1, "optimizer": "sgd", "learning_rate": 1e-300}
    model = RNNClassifier(**{**STEPWISE, **constant, **params}).fit(data, TAGS)
    expected = model.history_["loss"]
    assert_allclose(model.set_params(truncation=2).fit(data, TAGS).history_["loss"], expected)


def test_rnn_truncation_repeats_itself_in_calls_of_any_size(monkeypatch):
    params = {**STEPWISE, "dropout": 0.2, "recurrent_dropout": 0.2, "early_stopping": True}
    model = RNNClassifier(**params, truncation=2, validation_split=0.3).fit(MANY, TAGS)
    assert_same_weights(clone(model).fit(MANY, TAGS), model)
    one_call_per_batch = {"RESIDENT_BYTES": 0, "_BLOCKS": 1}
    for name, value in one_call_per_batch.items():
        monkeypatch.setattr(feed, name, value)
    assert_close_weights(clone(model).fit(MANY, TAGS), model, atol=1e-6)


def test_rnn_truncation_shares_one_program_between_lengths_of_segments(monkeypatch):
    built = count_programs(monkeypatch)
    for k in (2, 3, 4):
        RNNClassifier(**STEPWISE, truncation=k).fit(MANY, TAGS).predict(MANY)
    assert len(built) == 1


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"bidirectional": True}, "cannot be combined with bidirectional=True, because a backward"),
        ({"body": ConvBody()}, "cannot be combined with a body"),
        ({"cell": keras.layers.GRUCell}, "cannot be combined with a custom cell"),
        ({"truncation": 0}, "'truncation' .*Got 0"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_rnn_truncation_is_refused_where_states_cannot_be_carried(params, message):
    model = RNNClassifier(**STEPWISE).fit(MANY, TAGS)
    before = pickle.dumps(model.weights_)
    model.set_params(**{"truncation": 3, **params})
    with pytest.raises(ValueError, match=message):
        model.fit(MANY, TAGS)
    assert pickle.dumps(model.weights_) == before


def test_rnn_truncation_needs_a_target_per_time_step():
    with pytest.raises(ValueError, match="truncation=3 cannot be combined with return_sequences=F"):
        RNNRegressor(**TINY, truncation=3).fit(MANY, np.arange(len(MANY)))


def test_rnn_truncation_is_not_part_of_an_exported_model():
    pytest.importorskip("onnx", reason="exports to ONNX need the extra of the same name")
    model = RNNClassifier(**STEPWISE, truncation=2).fit(MANY, TAGS)
    exported = to_onnx(model).SerializeToString()
    assert to_onnx(model.set_params(truncation=None)).SerializeToString() == exported
