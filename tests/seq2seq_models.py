"""Small encoder-decoders, their equations in NumPy, and data for tests of sequence to sequence."""

import keras
import numpy as np
from keras import ops
from recurrences import STEPS, compiled, drawn_network, network_spec, pad

from skrnn._specs import DecoderSpec
from skrnn.networks.backends import precision

N_TOKENS, STOP = 5, 4


def seq2seq_spec(
    *, attention=None, has_encoder=True, tokens=True, scheduled_sampling=0.0, n_inputs=0, **fields
):
    """Return the specification of a small encoder-decoder with five outputs."""
    embedding = (N_TOKENS, 4) if tokens else None
    return network_spec(
        **{
            "n_outputs": N_TOKENS,
            "return_sequences": True,
            "output_activation": "softmax" if tokens else "linear",
            "decoder": DecoderSpec(has_encoder, attention, embedding, scheduled_sampling, n_inputs),
            **fields,
        }
    )


def short_path(path):
    """Return the names of the layer and of the weight, without that of a cell between them."""
    first, *_, last = path.split("/")
    return f"{first}/{last}"


def drawn_by_layer(spec, *, plain=False):
    """Return a network with drawn weights, the weights, and the weights as a dict by layer."""
    with precision(spec.dtype):
        network, weights = drawn_network(spec, plain=plain)
    layers = {}
    for variable, value in zip(network.model.weights, weights, strict=True):
        layers.setdefault(short_path(variable.path).split("/")[0], []).append(value)
    return network, weights, layers


def call_model(model, spec, *inputs):
    """Return the outputs of a Keras model, or of a function of models, as a list of arrays."""
    with precision(spec.dtype):
        outputs = compiled(model)([ops.convert_to_tensor(one) for one in inputs])
        outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
        return keras.tree.map_structure(ops.convert_to_numpy, list(outputs))


def random_pairs(spec, seed=0):
    """Return padded sources, their lengths, previous targets, and known inputs if there are any.

    Padding of the sources has values that would change all results.
    """
    rng = np.random.default_rng(seed)
    n_steps = (4, 1, 6, 3) if spec.decoder.has_encoder else (1,) * 4
    sources = [rng.normal(size=(n, spec.n_features)).astype(spec.dtype) for n in n_steps]
    padded, lengths = pad(sources, fill=9.0)
    if spec.decoder.embedding:
        previous = rng.integers(0, N_TOKENS, (4, 5)).astype(np.int32)
        previous[:, 0] = STOP
    else:
        previous = rng.normal(size=(4, 5, N_TOKENS)).astype(spec.dtype)
        previous[:, 0] = 0
    n_inputs = spec.decoder.n_inputs
    known = [rng.normal(size=(4, 5, n_inputs)).astype(spec.dtype)] if n_inputs else []
    return padded, lengths, previous, *known


# --- equations --------------------------------------------------------------------------------


def softmax(scores):
    """Return weights with a sum of one along the last axis."""
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def run_cell(cell, weights, steps, states):
    """Return the outputs and the final states of one layer from its first states."""
    step, outputs = STEPS[cell][0], []
    for x in steps:
        states = step(x, *states, *weights)
        outputs.append(states[0])
    return np.array(outputs), list(states)


def numpy_encoder(layers, spec, x):
    """Return the memory and the first states of each layer of the decoder, for one source."""
    n_states = STEPS[spec.cell][1]

    def bridged(vectors, i):
        pairs = [layers[f"bridge_{i}_{j}"] for j in range(n_states)]
        return [v @ kernel + bias for v, (kernel, bias) in zip(vectors, pairs, strict=True)]

    if not spec.decoder.has_encoder:
        return None, [bridged([x[0]] * n_states, i) for i in range(len(spec.units))]
    states = []
    for i, units in enumerate(spec.units):
        first = [np.zeros(units)] * n_states
        outputs, ends = run_cell(spec.cell, layers[f"recurrent_{i}"], x, first)
        if spec.bidirectional:
            weights = layers[f"recurrent_{i}_backward"]
            reverse, reverse_ends = run_cell(spec.cell, weights, x[::-1], first)
            outputs = np.hstack([outputs, reverse[::-1]])
            ends = bridged(np.hstack([ends, reverse_ends]), i)
        states.append(ends)
        x = outputs
    return x, states


def numpy_decoder(layers, spec, memory, states, previous, known=None):
    """Return the outputs before their activation and the weights of attention, for one source."""
    attention = spec.decoder.attention
    if spec.decoder.embedding:
        previous = layers["target_embedding"][0][previous]
    if known is not None:
        previous = np.hstack([previous, known])
    raw, all_weights = [], []
    for x in previous:
        if attention == "bahdanau":
            (W,), (U, b), (v,) = (
                layers[f"attention_{name}"] for name in ("query", "memory", "score")
            )
            scores = np.tanh(states[-1][0] @ W + memory @ U + b) @ v[:, 0]
            weights = softmax(scores)
            context = weights @ memory
            x = np.concatenate([x, context])
        states = list(states)
        for i, before in enumerate(states):
            cell_weights = layers[f"recurrent_decoder_{i}"]
            states[i] = STEPS[spec.cell][0](x, *before, *cell_weights)
            x = states[i][0]
        if attention == "luong":
            (W,) = layers["attention_query"]
            weights = softmax(memory @ (x @ W) / np.sqrt(memory.shape[1]))
            context = weights @ memory
        if attention:
            kernel, bias = layers["attentional"]
            x = np.tanh(np.concatenate([context, x]) @ kernel + bias)
            all_weights.append(weights)
        kernel, bias = layers["head"]
        raw.append(x @ kernel + bias)
    return np.array(raw), np.array(all_weights)


def numpy_outputs(layers, spec, x, *inputs):
    """Return the outputs of the network and the weights of attention, for one source."""
    raw, weights = numpy_decoder(layers, spec, *numpy_encoder(layers, spec, x), *inputs)
    return (softmax(raw) if spec.decoder.embedding else raw), weights


# --- fitted estimators ------------------------------------------------------------------------

# All tests of estimators share this architecture, so that few programs are compiled.
TINY_PAIR = {"units": 4, "attention": "luong", "epochs": 3, "random_state": 0}
LEARNS_SERIES = {**TINY_PAIR, "epochs": 120, "learning_rate": 0.05}
# Wide embeddings would saturate the gates of so few units.
LEARNS_PAIR = {**LEARNS_SERIES, "target_embedding": 8}


def pairs(n=24, seed=0):
    """Return sequences of two features, texts of two letters, and series of the same lengths.

    A letter shows the sign of a feature every second time step, so that some texts are empty.
    """
    rng = np.random.default_rng(seed)
    X = [rng.normal(size=(length, 2)) for length in rng.integers(1, 8, n)]
    texts = ["".join("ab"[int(step[0] > 0)] for step in steps[1::2]) for steps in X]
    return X, texts, [np.cumsum(steps, axis=0) for steps in X]
