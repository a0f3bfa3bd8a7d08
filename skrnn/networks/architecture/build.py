"""Build the Keras models of a `NetworkSpec`, which share their layers.

Every model has two inputs: the time steps of a batch, padded on the right, and the length of each
sequence. Static features, if there are some, are a third one. The models do not need masks. A
forward recurrence is not affected by padding after the end of its sequence, a backward recurrence
reads each sequence reversed within its own length, and pooling uses only real time steps. The graph
consists of Keras layers and operations. The layers of skrnn are saved under the names of the Keras
layers that they replace, so that a saved model opens without skrnn, unless Keras does not have the
cell.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import keras
from keras import ops

from skrnn.networks import backends
from skrnn.networks.architecture.carried_states import continued_model
from skrnn.networks.architecture.categories import make_category_layers, split_categories
from skrnn.networks.architecture.custom_body import Body, custom_body, real_steps
from skrnn.networks.architecture.differences import with_differences
from skrnn.networks.architecture.encoder_decoder import decode, decoder_inputs, encode
from skrnn.networks.architecture.head import attend, dense_head, pool
from skrnn.networks.architecture.missing_values import decay_layers, fill_missing
from skrnn.networks.architecture.random_state import layer_seeds, use_own_generators
from skrnn.networks.architecture.stack import recurrent_stack
from skrnn.networks.architecture.static_features import (
    first_states,
    static_inputs,
    with_static,
)
from skrnn.networks.fingerprint import describe, may_be_equal
from skrnn.networks.output_groups import grouped_softmax
from skrnn.networks.processes import require_own_process


@dataclass(frozen=True)
class Network:
    """A built network, as models that share their layers.

    Parameters
    ----------
    spec : NetworkSpec
        The specification, with `architecture` filled in if it has custom parts.
    parts : object
        The layers of a custom body or the custom cells, and the activation.
    model : keras.Model
        The model from time steps and lengths to the outputs after the output activation.
    raw : keras.Model
        The same model without the output activation, because losses are more exact before it.
    summary, steps : keras.Model or None
        The models that return the output of the last recurrent layer, as one vector per sequence
        and as one vector per time step.
    states : keras.Model or None
        The model that returns the final states of the last layer, which are correct only if no
        time step is padding.
    attention : keras.Model or None
        The model that returns the weights of attention, one per time step; for an encoder-decoder,
        one per time step of the target and of the source.
    encoder : keras.Model or None
        The model that returns the first states of the decoder, and before them the outputs of the
        encoder if there is attention. None if there is no decoder.
    """

    spec: object
    parts: object
    model: keras.Model
    raw: keras.Model
    summary: keras.Model | None
    steps: keras.Model | None
    states: keras.Model | None
    attention: keras.Model | None
    encoder: keras.Model | None = None

    @cached_property
    def continued(self):
        """The model that begins at given states, which few programs need; see `continued_model`."""
        return continued_model(self.spec, self.model)

    @cached_property
    @backends.uses_device
    def pooled(self):
        """The model that returns the inputs of the output layer, which few programs need."""
        return keras.Model(self.model.inputs, self.model.get_layer("head").input)

    @backends.uses_device
    def is_unchanged(self):
        """Return whether the custom parts have not changed since the network was built."""
        if not self.spec.has_custom_parts:
            return True
        now = describe(self.parts, self.model.variables, in_full=True)
        return may_be_equal(now, self.spec.architecture)


@backends.uses_device
def build_network(spec, *, plain=False):
    """Build the Keras models of a specification.

    Parameters
    ----------
    spec : NetworkSpec
    plain : bool, default=False
        If True, the layers of Keras are used, without the fast time loops of skrnn.

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        If a custom body returns neither vectors nor time steps, or returns vectors although there
        is one target per time step, or if its layers or a custom cell have another dtype than the
        specification.
    """
    require_own_process()
    with backends.precision(spec.dtype), layer_seeds(spec) as seeds:
        network = _build(spec, plain, seeds)
    use_own_generators(network.model)
    return network


def rebuild_network(spec, *, plain=False):
    """Build the network that a specification was made from.

    Parameters
    ----------
    spec : NetworkSpec
    plain : bool, default=False

    Raises
    ------
    ValueError
        If a custom body, cell or activation would now build a different network.
    """
    # A body may use the recurrent layers of the estimator, which are others if `plain` is True.
    network = build_network(spec, plain=plain and spec.body is None)
    require_architecture(spec, network.spec.architecture)
    if plain and spec.body is not None:
        network = build_network(spec, plain=True)
    return replace(network, spec=spec)


def require_architecture(spec, architecture):
    """Check that custom parts build the architecture of a fitted network.

    Parameters
    ----------
    spec : NetworkSpec
        The specification of the fitted network.
    architecture : str or None
        The description of what the custom parts build now.

    Raises
    ------
    ValueError
        If it is a different network.
    """
    if not may_be_equal(architecture, spec.architecture):
        raise ValueError(
            f"{_custom_part(spec)} no longer builds the network that was fitted: it was replaced, "
            "or its code or an object that it uses has changed. Pass the one that was fitted, or "
            "fit a new estimator."
        )


def _custom_part(spec):
    if spec.body is not None:
        return "body"
    return "activation" if spec.custom_cell is None else "cell"


def _inputs(spec, seed):
    """Return the input of time steps, and the input of the first layer after the embedding."""
    if spec.embedding is None:
        shape, dtype = ((None,), "int32") if spec.one_hot else ((None, spec.n_features), spec.dtype)
        steps = keras.Input(shape, dtype=dtype, name="steps")
        return steps, steps
    steps = keras.Input((None,), dtype="int32", name="steps")
    rows, dimensions = spec.embedding
    embedding = keras.layers.Embedding(
        rows,
        dimensions,
        embeddings_initializer=keras.initializers.RandomUniform(seed=seed),
        trainable=spec.train_embedding,
        dtype=spec.dtype,
        name="embedding",
    )
    return steps, embedding(steps)


def _build(spec, plain, seeds):
    return (_build_encoder_decoder if spec.decoder else _build_one_pass)(spec, plain, seeds)


def _build_encoder_decoder(spec, plain, seeds):
    steps, hidden = _inputs(spec, next(seeds))
    lengths = keras.Input((), dtype="int32", name="lengths")
    encoded = encode(hidden, lengths, spec, plain, seeds)
    of_decoder = decoder_inputs(spec)
    raw, attention = decode(of_decoder, encoded, spec, plain, seeds)
    inputs = [steps, lengths, *of_decoder]
    outputs = _activated(raw, spec)
    complete = keras.Model(inputs, outputs)
    parts = [], spec.activation
    architecture = None
    if spec.has_custom_parts:
        architecture = describe(parts, complete.variables, in_full=True)
    return Network(
        spec=replace(spec, architecture=architecture),
        parts=parts,
        model=complete,
        raw=keras.Model(inputs, raw),
        summary=None,
        steps=None,
        states=None,
        attention=None if attention is None else keras.Model(inputs, attention),
        encoder=keras.Model([steps, lengths], encoded.tensors),
    )


def _build_one_pass(spec, plain, seeds):
    inputs, hidden = _inputs(spec, next(seeds))
    lengths = keras.Input((), dtype="int32", name="lengths")
    static = static_inputs(spec)
    position, mask = real_steps(hidden, lengths)
    numbers, vectors = split_categories(hidden, mask, spec, make_category_layers(spec, seeds))
    if numbers is not None:
        vectors = [_with_more_features(numbers, position, mask, spec, plain), *vectors]
    hidden = vectors[0] if len(vectors) == 1 else ops.concatenate(vectors, axis=2)
    if spec.body is None:
        firsts = first_states(static, spec, seeds)
        hidden, ends, states, cells = recurrent_stack(
            hidden, lengths, position, mask, spec, plain, seeds, firsts=firsts
        )
        body, parts = Body(hidden, ends, lengths, mask), (cells, spec.activation)
    else:
        body = custom_body(hidden, lengths, spec, plain, seeds)
        states, parts = [None], body.layers
    attention = attend(body, spec, seeds) if _has_attention(body, spec) else None
    summary = body.steps if spec.return_sequences else pool(body, spec.pooling, attention)
    raw = dense_head(spec, next(seeds))(with_static(summary, static, spec))
    if spec.return_sequences:
        raw = ops.where(ops.expand_dims(mask, 2), raw, ops.zeros_like(raw))
    outputs = _activated(raw, spec)

    def model(tensors):
        return None if tensors is None else keras.Model([inputs, lengths, *static], tensors)

    complete = model(outputs)
    architecture = None
    if spec.has_custom_parts:
        architecture = describe(parts, complete.variables, in_full=True)
    return Network(
        spec=replace(spec, architecture=architecture),
        parts=parts,
        model=complete,
        raw=model(raw),
        summary=model(body.ends),
        steps=model(body.steps),
        states=model(states[-1]),
        # Attention over other time steps than those of the input has no weights for these.
        attention=model(attention if body.lengths is lengths else None),
    )


def _activated(raw, spec):
    """Return the outputs of the network after their activation."""
    if spec.output_groups:
        return grouped_softmax(raw, spec.output_groups)
    return keras.layers.Activation(spec.output_activation, dtype=spec.dtype, name="output")(raw)


def _with_more_features(steps, position, mask, spec, plain):
    """Return time steps with differences and the indicators of missing values, if there are any."""
    indicators = []
    if spec.allow_nan:
        layers = decay_layers(spec, plain)
        steps, missing, _ = fill_missing(steps, position, mask, layers)
        indicators = [missing]
    if spec.add_differences:
        steps = with_differences(steps, mask, spec, plain)
    return ops.concatenate([steps, *indicators], axis=2) if indicators else steps


def _has_attention(body, spec):
    pools_steps = not spec.return_sequences and body.steps is not None
    return pools_steps and spec.pooling == "attention"
