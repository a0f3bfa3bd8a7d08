"""From a `NetworkSpec` to a Keras model and its first weights.

Every model takes two inputs, the steps of a batch padded on the right and the length of each
sequence, and never a mask: a forward recurrence cannot see what comes after its end, a backward
one reads each sequence reversed within its own length, and pooling counts real steps only. The
graph holds Keras layers and operations, ours under the names of Keras' own, so that a saved model
opens without skrnn.
"""

import json
import random
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace

import keras
import numpy as np
from keras import ops

# Keras has no public way to put its global generator back.
from keras.src.backend.common import global_state
from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR

from skrnn.networks import backends
from skrnn.networks.cells import get_cell, glorot_uniform
from skrnn.networks.custom_cells import (
    check_custom_cell,
    describe_custom_layer,
    make_custom_layer,
    run_custom_layer,
)
from skrnn.networks.fingerprint import describe_class, describe_held
from skrnn.networks.layers import make_layer
from skrnn.networks.processes import require_own_process

__all__ = [
    "Network",
    "build_network",
    "embedding_index",
    "exclusive_random_state",
    "initial_weights",
    "rebuild_network",
]

_random_state_lock = threading.RLock()


@dataclass(frozen=True)
class Network:
    """A built network, as models that share their layers.

    Parameters
    ----------
    spec : NetworkSpec
        With `architecture` filled in if the body or the cell is custom.
    model : keras.Model
        Steps and lengths to outputs, as users see them.
    raw : keras.Model
        The same before the output activation, which losses are exact on.
    summary, steps : keras.Model or None
        What the last recurrent layer hands on: one vector a sequence, one a step.
    states : keras.Model or None
        The last layer's final states, right where no step is padding.
    """

    spec: object
    model: keras.Model
    raw: keras.Model
    summary: keras.Model | None
    steps: keras.Model | None
    states: keras.Model | None


@contextmanager
def exclusive_random_state(seed):
    """Seed the global generators that Keras layers draw from, and put them back afterwards.

    A layer without a seed draws one from Python's generator when it is made, an operation without
    one asks Keras' own. Generators are process-wide, so one build runs at a time.
    """
    with _random_state_lock:
        python_state = random.getstate()
        numpy_state = np.random.get_state()  # noqa: NPY002 - it is the global one we guard
        keras_generator = global_state.get_global_attribute(GLOBAL_SEED_GENERATOR)
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        global_state.set_global_attribute(GLOBAL_SEED_GENERATOR, None)
        try:
            yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)  # noqa: NPY002
            global_state.set_global_attribute(GLOBAL_SEED_GENERATOR, keras_generator)


def build_network(spec, *, plain=False):
    """Build the Keras models of a specification.

    Parameters
    ----------
    spec : NetworkSpec
    plain : bool, default=False
        True: of Keras' own layers, without our time loops.

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        If a user's body gives something other than vectors or steps, or vectors where there is
        a target for each step, or if its layers are of another dtype.
    """
    require_own_process()
    with backends.precision(spec.dtype), exclusive_random_state(spec.body_seed):
        network = _build(spec, plain)
    _own_generators(network.model)
    return network


def _own_generators(model):
    """Have what was given no seed draw from its layer's generator, which fits can reset.

    On PyTorch, Keras would ask the generator of the whole process.
    """
    for layer in model._flatten_layers():
        for generator in layer._seed_generators:
            if generator._initial_seed is None:
                generator._initial_seed = 0


def rebuild_network(spec, *, plain=False):
    """Build the network that a specification was made from.

    Parameters
    ----------
    spec : NetworkSpec
    plain : bool, default=False

    Raises
    ------
    ValueError
        If a custom body or cell builds another network now.
    """
    network = build_network(spec, plain=plain)
    if network.spec != spec:
        raise ValueError(
            f"{'cell' if spec.body is None else 'body'} no longer builds the network that was "
            "fitted: its code, or what it refers to, has changed since."
        )
    return network


def _build(spec, plain):
    if spec.embedding is None:
        shape, dtype = ((None,), "int32") if spec.one_hot else ((None, spec.n_features), spec.dtype)
        inputs = hidden = keras.Input(shape, dtype=dtype, name="steps")
    else:
        inputs = keras.Input((None,), dtype="int32", name="steps")
        rows, dimensions = spec.embedding
        hidden = keras.layers.Embedding(
            rows, dimensions, trainable=spec.train_embedding, dtype=spec.dtype, name="embedding"
        )(inputs)
    lengths = keras.Input((), dtype="int32", name="lengths")
    one_a_step = ops.ones_like(hidden if spec.one_hot else hidden[:, :, 0], dtype="int32")
    position = ops.cumsum(one_a_step, axis=1) - 1
    mask = position < ops.expand_dims(lengths, 1)
    if spec.body is None:
        hidden, ends, states, architecture = _recurrent_stack(
            hidden, lengths, position, mask, spec, plain
        )
    else:
        hidden, ends, architecture = _user_body(hidden, lengths, spec)
        states = None
    if spec.return_sequences:
        summary = hidden
    else:
        summary = ends if hidden is None else _pool(hidden, ends, lengths, mask, spec.pooling)
    raw = _dense_head(summary, spec)
    if spec.return_sequences:
        raw = ops.where(ops.expand_dims(mask, 2), raw, ops.zeros_like(raw))
    outputs = keras.layers.Activation(spec.output_activation, dtype=spec.dtype, name="output")(raw)

    def model(tensors):
        return None if tensors is None else keras.Model([inputs, lengths], tensors)

    return Network(
        spec=replace(spec, architecture=architecture),
        model=model(outputs),
        raw=model(raw),
        summary=model(ends),
        steps=model(hidden),
        states=model(states),
    )


def _recurrent_stack(hidden, lengths, position, mask, spec, plain):
    """Return steps, final vector, final states and a description of stacked recurrent layers."""
    if spec.custom_cell is not None:
        check_custom_cell(spec)
    backward_order = ops.where(mask, ops.expand_dims(lengths, 1) - 1 - position, position)
    described = []

    def run(steps, units, name):
        outputs, *states = _recurrent_layer(steps, units, name, spec, plain, described)
        return outputs, _last_step(outputs, lengths), states

    for i, units in enumerate(spec.units):
        forward, ends, states = run(hidden, units, f"recurrent_{i}")
        if spec.bidirectional:
            reverse, reverse_ends, reverse_states = run(
                _reorder(hidden, backward_order), units, f"recurrent_{i}_backward"
            )
            ends = ops.concatenate([ends, reverse_ends], axis=-1)
            forward = ops.concatenate([forward, _reorder(reverse, backward_order)], axis=-1)
            states = states + reverse_states
        hidden = forward
    return hidden, ends, states, " ".join(described) or None


def _recurrent_layer(hidden, units, name, spec, plain, described):
    """Return outputs and final states of one layer; a custom one is added to `described`."""
    if spec.custom_cell is not None:
        layer = make_custom_layer(spec.custom_cell, units, spec.dtype, name)
        results = run_custom_layer(layer, hidden, spec.n_features)
        described.append(describe_custom_layer(layer))
        return results
    regularizer = keras.regularizers.L2(spec.l2) if spec.l2 else None
    layer = make_layer(
        spec.cell,
        units,
        plain=plain,
        activation=spec.activation,
        dropout=spec.dropout,
        recurrent_dropout=spec.recurrent_dropout,
        kernel_regularizer=regularizer,
        recurrent_regularizer=regularizer,
        dtype=spec.dtype,
        name=name,
    )
    n_features = spec.n_features if hidden.ndim == 2 else hidden.shape[2]
    layer.build((None, None, n_features))
    return layer(hidden)


def _dense_head(hidden, spec):
    regularizer = keras.regularizers.L2(spec.l2) if spec.l2 else None
    layer = keras.layers.Dense(
        spec.n_outputs, kernel_regularizer=regularizer, dtype=spec.dtype, name="head"
    )
    return layer(hidden)


def _reorder(steps, order):
    order = order if steps.ndim == 2 else ops.expand_dims(order, 2)
    return ops.take_along_axis(steps, order, axis=1)


def _last_step(steps, lengths):
    last = ops.reshape(lengths - 1, (-1, 1, 1))
    return ops.squeeze(ops.take_along_axis(steps, last, axis=1), axis=1)


def _pool(steps, ends, lengths, mask, pooling):
    if pooling == "last":
        return ends
    real = ops.expand_dims(mask, 2)
    if pooling == "max":
        lowest = ops.full_like(steps, float(np.finfo(np.float32).min))
        return ops.max(ops.where(real, steps, lowest), axis=1)
    total = ops.sum(ops.where(real, steps, ops.zeros_like(steps)), axis=1)
    return total / ops.cast(ops.expand_dims(lengths, 1), total.dtype)


def _user_body(steps, lengths, spec):
    """Return steps (or None), final vector and a description of what a user's callable builds."""
    body = spec.body(steps, lengths)
    hidden, ends = _check_body(body, lengths, spec)
    layers = keras.Model([steps, lengths], body)
    _check_dtypes(layers, spec.dtype)
    return hidden, ends, _describe_body(layers)


def _check_body(body, lengths, spec):
    """Return steps (or None) and final vector of what a user's body gave."""
    rank = len(body.shape) if isinstance(body, keras.KerasTensor) else None
    if rank == 3:
        return body, _last_step(body, lengths)
    if rank == 2 and not spec.return_sequences:
        return None, body
    expected = "3-D (batch, steps, features)"
    if not spec.return_sequences:
        expected = "2-D (batch, features) or " + expected
    raise ValueError(
        f"body(steps, lengths) must return a {expected} Keras tensor, "
        f"got {repr(body) if rank is None else f'shape {body.shape}'}."
    )


def _check_dtypes(layers, dtype):
    """Refuse layers whose trained weights are of another dtype: gradients would not add up."""
    wrong = {
        layer.name: variable.dtype
        for layer in layers.layers
        for variable in layer.trainable_variables
        if variable.dtype != dtype
    }
    if wrong:
        names = ", ".join(f"{name!r} of {found}" for name, found in wrong.items())
        raise ValueError(
            f"body(steps, lengths) must build layers of dtype={dtype!r}, the estimator's, but it "
            f"built {names}: give each layer dtype=steps.dtype."
        )


def _describe_body(layers):
    """Return the configuration of a user's layers, without the numbers Keras names them by."""
    config = json.dumps(layers.get_config(), default=repr, sort_keys=True)
    names = [layers.name] + [operation.name for operation in layers.operations]
    for i, name in enumerate(names):
        config = re.sub(rf'"{re.escape(name)}"', f'"#{i}"', config)
    # A class may be written anew under its old name, in a notebook say, and a configuration names
    # functions without what they do.
    return config + "".join(
        f" {describe_class(type(operation))} {describe_held(operation)}"
        for operation in layers.operations
    )


def embedding_index(network):
    """Return where the embedding's vectors are among a network's weights, None without one."""
    if network.spec.embedding is None:
        return None
    vectors = network.model.get_layer("embedding").embeddings
    return next(i for i, weight in enumerate(network.model.weights) if weight is vectors)


def initial_weights(network, rng):
    """Draw first weights from a NumPy generator: the same on every backend.

    Distributions are those of Keras. The weights of a recurrent layer are described by its cell;
    the kernel of the head is uniform (Glorot and Bengio, 2010).

    Parameters
    ----------
    network : Network
        Of skrnn's own layers; a custom body or cell keeps the weights with which it was built.
    rng : numpy.random.Generator

    Returns
    -------
    list of ndarray
        In the order of ``network.model.get_weights()``.
    """
    return [
        _initial_weight(variable, network.spec.cell, rng).astype(network.spec.dtype)
        for variable in network.model.weights
    ]


def _initial_weight(variable, cell, rng):
    shape = tuple(variable.shape)
    if variable.name == "embeddings":
        return rng.uniform(-0.05, 0.05, shape)
    if variable.path.startswith("recurrent_"):
        return get_cell(cell).initial_weight(variable.name, shape, rng)
    return glorot_uniform(shape, rng) if variable.name == "kernel" else np.zeros(shape)
