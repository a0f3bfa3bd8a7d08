"""Encoder-decoders: the equations in NumPy, padding, names of weights, and decoders in NumPy."""

from functools import lru_cache

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose
from recurrences import ATOL, drawn_network, pad
from seq2seq_models import (
    call_model,
    drawn_by_layer,
    numpy_encoder,
    numpy_outputs,
    random_pairs,
    run_cell,
    seq2seq_spec,
    short_path,
)

from skrnn.networks.architecture import build_network
from skrnn.networks.architecture.layers import make_layer
from skrnn.networks.backends import precision
from skrnn.recurrent._seq2seq._decoder_weights import decoder_weights
from skrnn.recurrent._seq2seq._numpy_decoder import NumpyDecoder

STACKED = {"units": (3, 2), "bidirectional": True}
FLOAT64 = {"dtype": "float64"}
NETWORKS = {
    "lstm": {"cell": "lstm"},
    "lstm float64": {"cell": "lstm", **FLOAT64},
    "lstm stacked": {"cell": "lstm", **STACKED, **FLOAT64},
    "lstm luong": {"cell": "lstm", "attention": "luong", **FLOAT64},
    "lstm luong stacked": {"cell": "lstm", "attention": "luong", **STACKED},
    "lstm bahdanau": {"cell": "lstm", "attention": "bahdanau"},
    "lstm bahdanau stacked": {"cell": "lstm", "attention": "bahdanau", **STACKED, **FLOAT64},
    "gru stacked": {"cell": "gru", "units": (3, 2), **FLOAT64},
    "gru luong both ways": {"cell": "gru", "attention": "luong", **STACKED, **FLOAT64},
    "gru bahdanau": {"cell": "gru", "attention": "bahdanau", "units": (3, 2), **FLOAT64},
    "refine lstm": {"cell": "refine_lstm", **FLOAT64},
    "peephole lstm luong": {"cell": "peephole_lstm", "attention": "luong", **STACKED, **FLOAT64},
    "mingru bahdanau": {"cell": "mingru", "attention": "bahdanau", "activation": "linear"},
    "lstm of a vector": {"cell": "lstm", "has_encoder": False, "units": (3, 2), **FLOAT64},
    "gru of a vector to vectors": {"cell": "gru", "has_encoder": False, "tokens": False},
    "lstm to vectors": {"cell": "lstm", "tokens": False, "units": (3, 2), **FLOAT64},
    "simple luong to vectors": {
        "cell": "simple", "tokens": False, "attention": "luong", **STACKED, **FLOAT64},
    "lstm with known inputs": {"tokens": False, "n_inputs": 2, "units": (3, 2), **FLOAT64},
    "gru luong with known inputs": {
        "cell": "gru", "tokens": False, "n_inputs": 1, "attention": "luong", **STACKED},
    "gru bahdanau with known inputs": {
        "cell": "gru", "tokens": False, "n_inputs": 3, "attention": "bahdanau", **FLOAT64},
    "lstm of a vector with known inputs": {
        "tokens": False, "n_inputs": 2, "has_encoder": False, **FLOAT64},
    "irnn bahdanau to vectors": {
        "cell": "irnn", "tokens": False, "attention": "bahdanau", "activation": "relu", **FLOAT64},
}  # fmt: skip


IS_JAX = keras.backend.backend() == "jax"
# JAX compiles each network for seconds. These have each attention, each kind of encoder and of
# target, and cells with and without a memory; other cells are compared in test_cells.py.
FEW = (
    "lstm luong stacked",
    "gru bahdanau with known inputs",
    "lstm of a vector",
    "simple luong to vectors",
)
COMPARED = FEW if IS_JAX else tuple(NETWORKS)


def tolerance(spec):
    """Return the largest difference that rounding makes."""
    return 1e-10 if spec.dtype == "float64" else 1e-5


@lru_cache
def drawn(name):
    """Return a specification, its network with drawn weights, the weights, and them by layer."""
    spec = seq2seq_spec(**NETWORKS[name])
    return spec, *drawn_by_layer(spec)


@lru_cache
def outputs_of(name):
    """Return what the models of a network compute for `random_pairs`: `model`, `encoder`, ..."""
    spec, network, _, _ = drawn(name)
    n_inputs = {"model": 4, "encoder": 2}
    if spec.decoder.attention:
        n_inputs["attention"] = 4

    def call(inputs):
        return [getattr(network, part)(inputs[:n]) for part, n in n_inputs.items()]

    outputs = dict(zip(n_inputs, call_model(call, spec, *random_pairs(spec)), strict=True))
    # A Keras model with one output does not return a list.
    if not isinstance(outputs["encoder"], list):
        outputs["encoder"] = [outputs["encoder"]]
    return outputs


# --- equations --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMPARED)
def test_seq2seq_network_follows_the_equations(name):
    spec, _, _, layers = drawn(name)
    sources, lengths, *inputs = random_pairs(spec)
    outputs, has_attention = outputs_of(name)["model"], spec.decoder.attention
    weights = outputs_of(name)["attention"] if has_attention else None
    for i, n in enumerate(lengths):
        of_decoder = [one[i] for one in inputs]
        expected, expected_weights = numpy_outputs(layers, spec, sources[i, :n], *of_decoder)
        assert_allclose(outputs[i], expected, rtol=0, atol=tolerance(spec))
        if has_attention:
            assert_allclose(weights[i, :, :n], expected_weights, rtol=0, atol=tolerance(spec))
            assert (weights[i, :, n:] == 0).all()


@pytest.mark.parametrize("name", COMPARED)
def test_seq2seq_first_states_are_those_after_the_last_real_time_step(name):
    spec, _, _, layers = drawn(name)
    sources, lengths, *_ = random_pairs(spec)
    encoded, has_attention = outputs_of(name)["encoder"], spec.decoder.attention
    states = encoded[1:] if has_attention else encoded
    for i, n in enumerate(lengths):
        memory, expected = numpy_encoder(layers, spec, sources[i, :n])
        expected = [state for layer in expected for state in layer]
        assert len(states) == len(expected)
        for state, one in zip(states, expected, strict=True):
            assert_allclose(state[i], one, rtol=0, atol=tolerance(spec))
        if has_attention:
            assert_allclose(encoded[0][i, :n], memory, rtol=0, atol=tolerance(spec))


@pytest.mark.parametrize("name", COMPARED)
def test_numpy_decoder_computes_the_outputs_of_the_network(name):
    spec, _, weights, _ = drawn(name)
    _, lengths, previous, *known = random_pairs(spec)
    expected = outputs_of(name)["model"]
    decoder = NumpyDecoder(spec, weights)
    state = decoder.begin(outputs_of(name)["encoder"], lengths)
    assert (decoder.first_inputs(len(lengths)) == previous[:, 0]).all()
    for t in range(previous.shape[1]):
        outputs, state = decoder.advance(previous[:, t], state, *(one[:, t] for one in known))
        assert_allclose(outputs, expected[:, t], rtol=0, atol=tolerance(spec))


# --- names ------------------------------------------------------------------------------------

NAMED = [
    {"cell": "lstm", "attention": attention, "units": (3, 2, 4), "bidirectional": both}
    for attention in (None, "luong", "bahdanau")
    for both in (False, True)
]
NAMED += [
    {"units": (3, 2), "attention": attention, "tokens": False, "n_inputs": 2, "bidirectional": both}
    for attention in (None, "luong", "bahdanau")
    for both in (False, True)
]
NAMED += [{"units": (2,) * 5}]
NAMED += [{"units": units, "has_encoder": False, "cell": "gru"} for units in ((3,), (3, 2, 4, 2))]


@pytest.mark.skipif(IS_JAX, reason="names do not depend on the framework")
@pytest.mark.parametrize("fields", NAMED, ids=lambda fields: "-".join(map(str, fields.values())))
@pytest.mark.parametrize("other", [{}, {"scheduled_sampling": 0.5}], ids=str)
def test_names_of_the_weights_of_a_decoder_are_those_of_its_layers(fields, other):
    # The embedding of sources is a further layer in front of the encoder.
    embedding = {"embedding": (7, 3), "n_features": 1} if other else {}
    spec = seq2seq_spec(**fields, **other, **embedding)
    variables = build_network(spec).model.weights
    paths = {short_path(variable.path): i for i, variable in enumerate(variables)}
    named = decoder_weights(spec, list(range(len(variables))))
    assert named == {name: paths[name] for name in named}
    of_encoder = [name for name in paths if name not in named]
    assert all("decoder" not in name and "head" not in name for name in of_encoder)


# --- padding ----------------------------------------------------------------------------------

# The cells whose memory is not their output.
WITH_MEMORY = ("lstm", "peephole_lstm", "refine_lstm")


@pytest.mark.parametrize("cell", WITH_MEMORY[:1] if IS_JAX else WITH_MEMORY)
@pytest.mark.parametrize("codes", [False, True], ids=["vectors", "codes"])
@pytest.mark.parametrize("rates", [(0.0, 0.0), (0.5, 0.0), (0.5, 0.4)], ids=str)
def test_layer_holds_its_memory_at_padding(cell, codes, rates):
    rng, dtype = np.random.default_rng(0), "float32"
    steps = rng.integers(-1, 4, (3, 7)) if codes else rng.normal(size=(3, 7, 4)).astype(dtype)
    padding = np.arange(7) >= np.full((3, 1), 4)
    with precision(dtype):

        def final_states(steps, **options):
            options_of_layer = {"dropout": rates[0], "recurrent_dropout": rates[1], "dtype": dtype}
            layer = make_layer(cell, 3, seed=1, **options_of_layer)
            layer.build((None, None, 4))
            outputs, _, c = layer(ops.convert_to_tensor(steps), training=True, **options)
            return [ops.convert_to_numpy(one) for one in (outputs, c)]

        outputs, c = final_states(steps, padding=ops.convert_to_tensor(padding))
        expected_outputs, expected_c = final_states(steps[:, :4])
    assert_allclose(c, expected_c, rtol=0, atol=ATOL)
    assert_allclose(outputs[:, :4], expected_outputs, rtol=0, atol=ATOL)


@pytest.mark.parametrize("cell", WITH_MEMORY)
def test_layer_holds_a_large_memory_at_long_padding(cell):
    rng = np.random.default_rng(0)
    sources = [100 * rng.normal(size=(n, 3)) for n in (2, 200, 1)]
    spec = seq2seq_spec(cell=cell, dtype="float64")
    network, _, layers = drawn_by_layer(spec)
    padded, lengths = pad(sources, fill=-1e4)
    states = call_model(network.encoder, spec, padded, lengths)
    for i, x in enumerate(sources):
        _, expected = run_cell(cell, layers["recurrent_0"], x, [np.zeros(3)] * 2)
        for state, one in zip(states, expected, strict=True):
            assert_allclose(state[i], one, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("cell", "attention"), [("lstm", None), ("gru", "luong"), ("refine_lstm", "bahdanau")]
)
def test_seq2seq_networks_of_plain_layers_and_fast_loops_are_equal(cell, attention):
    spec = seq2seq_spec(cell=cell, attention=attention, units=(3,), bidirectional=True)
    inputs = random_pairs(spec)
    results = []
    for plain in (False, True):
        network, _ = drawn_network(spec, plain=plain)
        results += call_model(network.model, spec, *inputs)
    assert_allclose(*results, rtol=0, atol=ATOL)


def test_seq2seq_encoder_reads_codes_as_one_hot_vectors():
    fields = {"attention": "luong", "units": (3,), "bidirectional": True}
    spec = seq2seq_spec(**fields)
    rng, (_, lengths, previous) = np.random.default_rng(1), random_pairs(spec)
    codes = rng.integers(-1, 3, (4, lengths.max())).astype(np.int32)
    vectors = np.where(codes[:, :, None] >= 0, np.eye(3)[codes], 0).astype(np.float32)
    results = []
    for steps, one_hot in ((vectors, False), (codes, True)):
        network, _ = drawn_network(seq2seq_spec(one_hot=one_hot, **fields), plain=False)
        results += call_model(network.model, spec, steps, lengths, previous)
    assert_allclose(*results, rtol=0, atol=ATOL)


@pytest.mark.parametrize("attention", [None, "luong", "bahdanau"])
def test_seq2seq_outputs_do_not_depend_on_padding(attention):
    spec = seq2seq_spec(attention=attention, units=(3,), bidirectional=True)
    network, _ = drawn_network(spec, plain=False)
    sources, lengths, previous = random_pairs(spec)
    (expected,) = call_model(network.model, spec, sources, lengths, previous)
    wider = np.pad(sources, ((0, 0), (0, 3), (0, 0)), constant_values=-5)
    longer = np.pad(previous, ((0, 0), (0, 2)), constant_values=1)
    (found,) = call_model(network.model, spec, wider, lengths, longer)
    assert_allclose(found[:, : previous.shape[1]], expected, rtol=0, atol=ATOL)
