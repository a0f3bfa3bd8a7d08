r"""An encoder that reads the source sequence, and a decoder that writes the target sequence.

The decoder receives, at each time step, the target of the time step before: the true one in
training (teacher forcing, R. Williams and D. Zipser, 1989), its own one in prediction. So all time
steps of a training batch are computed in one pass:

.. math::

    s_0 &= \text{the final states of the encoder} \\
    s_t &= \mathrm{cell}([E y_{t-1}; z_t], s_{t-1}) \\
    p_t &= \mathrm{softmax}(W \tilde h_t + b)

where :math:`z_t` are inputs that are known for each time step of the target, if there are any.
I. Sutskever, O. Vinyals, Q. Le, "Sequence to sequence learning with neural networks", NIPS 2014.
Without attention, :math:`\tilde h_t` is the output of the decoder; see `attention` for the others.
"""

from dataclasses import dataclass

import keras
from keras import ops

from skrnn.networks.architecture.attention import attentional_vectors, luong_attention
from skrnn.networks.architecture.bahdanau import BahdanauDecoder
from skrnn.networks.architecture.custom_body import real_steps
from skrnn.networks.architecture.head import dense, dense_head
from skrnn.networks.architecture.stack import make_recurrent_layer, recurrent_stack
from skrnn.networks.cells import get_cell
from skrnn.networks.teacher_forcing import previous_targets


@dataclass(frozen=True)
class Encoded:
    """What the decoder receives from the encoder.

    Parameters
    ----------
    states : list of list of tensor of shape (batch, units)
        The first states of each layer of the decoder.
    memory : tensor of shape (batch, T, width) or None
        The outputs of the encoder at all time steps. None if there is no attention.
    mask : tensor of bool of shape (batch, T) or None
        Whether a time step of `memory` is real.
    """

    states: list
    memory: object = None
    mask: object = None

    @property
    def tensors(self):
        """The outputs of the model of the encoder."""
        states = [state for layer in self.states for state in layer]
        return states if self.memory is None else [self.memory, *states]


def decoder_inputs(spec):
    """Return the inputs of the decoder: the targets of the time steps before, and known inputs.

    Parameters
    ----------
    spec : NetworkSpec
    """
    if spec.decoder.embedding is not None:
        return [keras.Input((None,), dtype="int32", name="previous")]
    widths = {"previous": spec.n_outputs, "target_inputs": spec.decoder.n_inputs}
    return [
        keras.Input((None, width), dtype=spec.dtype, name=name)
        for name, width in widths.items()
        if width
    ]


def encode(hidden, lengths, spec, plain, seeds):
    """Return what the decoder receives, as an `Encoded`.

    Parameters
    ----------
    hidden : tensor of shape (batch, T, n) or (batch, T)
        The time steps of the source.
    lengths : tensor of shape (batch,)
    spec : NetworkSpec
    plain : bool
    seeds : iterator of int
    """
    if not spec.decoder.has_encoder:
        if hidden.ndim == 2:
            hidden = ops.one_hot(hidden, spec.n_features, dtype=spec.dtype)
        ends = [[hidden[:, 0]] * get_cell(spec.cell).n_states] * len(spec.units)
        return Encoded(_bridged(ends, spec, seeds))
    position, mask = real_steps(hidden, lengths)
    memory, _, states, _ = recurrent_stack(
        hidden, lengths, position, mask, spec, plain, seeds, holds_states=True
    )
    # Keras orders weights by the distance of their layer to the output. All layers of the decoder
    # follow this one, so that their weights follow those of the encoder, whatever their number.
    states = keras.layers.Identity(dtype=spec.dtype, name="final_states")(states)
    if spec.bidirectional:
        n_states = get_cell(spec.cell).n_states
        both = [list(zip(one[:n_states], one[n_states:], strict=True)) for one in states]
        both = [[ops.concatenate(pair, axis=1) for pair in pairs] for pairs in both]
        states = _bridged(both, spec, seeds)
    if spec.decoder.attention is None:
        return Encoded(states)
    return Encoded(states, memory, mask)


def _bridged(vectors, spec, seeds):
    """Return the first states of the decoder as linear functions of vectors of another size."""
    return [
        [
            dense(units, f"bridge_{i}_{j}", spec, next(seeds))(vector)
            for j, vector in enumerate(of_layer)
        ]
        for i, (units, of_layer) in enumerate(zip(spec.units, vectors, strict=True))
    ]


def decode(inputs, encoded, spec, plain, seeds):
    """Return the outputs before their activation, and the weights of attention or None.

    Parameters
    ----------
    inputs : list of tensor
        The target of the time step before each time step, of shape (batch, T, n_outputs), or of
        int and shape (batch, T), and the known inputs of shape (batch, T, n_inputs) if any.
    encoded : Encoded
    spec : NetworkSpec
    plain : bool
    seeds : iterator of int

    Returns
    -------
    raw : tensor of shape (batch, T, n_outputs)
    attention : tensor of shape (batch, T, n_source_steps) or None
    """
    previous, *known = inputs
    run = _decoder(encoded, known, spec, plain, seeds)
    rate = spec.decoder.scheduled_sampling
    if rate:
        raw, _ = run(previous)
        predicted = raw if spec.decoder.embedding is None else ops.argmax(raw, axis=-1)
        predicted = previous_targets(ops.stop_gradient(predicted), spec)
        mixed = ScheduledSampling(rate, next(seeds), name="scheduled_sampling")
        previous = mixed(previous, ops.cast(predicted, previous.dtype))
    return run(previous)


def _decoder(encoded, known, spec, plain, seeds):
    """Return the decoder as a function of the previous targets; its calls share their weights."""
    attention, embed = spec.decoder.attention, _target_embedding(spec, next(seeds))
    layers = _decoder_layers(encoded, spec, plain, seeds)
    if attention == "bahdanau":
        loop = BahdanauDecoder(layers, encoded.memory.shape[2], spec, next(seeds), name="decoder")
    elif attention == "luong":
        attend = luong_attention(encoded.memory, encoded.mask, spec, next(seeds))
    combine = attentional_vectors(spec, next(seeds)) if attention else None
    head = dense_head(spec, next(seeds))

    def run(previous):
        hidden, weights = embed(previous), None
        if known:
            hidden = ops.concatenate([hidden, *known], axis=2)
        if attention == "bahdanau":
            states = [state for layer in encoded.states for state in layer]
            hidden, context, weights = loop(hidden, encoded.memory, encoded.mask, *states)
        else:
            for layer, states in zip(layers, encoded.states, strict=True):
                hidden = layer(hidden, initial_state=states)[0]
        if attention == "luong":
            context, weights = attend(hidden)
        if attention:
            hidden = combine(ops.concatenate([context, hidden], axis=2))
        return head(hidden), weights

    return run


def _target_embedding(spec, seed):
    """Return the function from previous targets to the inputs of the decoder."""
    if spec.decoder.embedding is None:
        return lambda previous: previous
    rows, dimensions = spec.decoder.embedding
    return keras.layers.Embedding(
        rows,
        dimensions,
        embeddings_initializer=keras.initializers.RandomUniform(seed=seed),
        dtype=spec.dtype,
        name="target_embedding",
    )


def _decoder_layers(encoded, spec, plain, seeds):
    """Return the recurrent layers of the decoder."""
    embedding = spec.decoder.embedding
    n_inputs = spec.decoder.n_inputs + (spec.n_outputs if embedding is None else embedding[1])
    if spec.decoder.attention == "bahdanau":
        n_inputs += encoded.memory.shape[2]
    layers = []
    for i, units in enumerate(spec.units):
        name = f"recurrent_decoder_{i}"
        layers.append(make_recurrent_layer(n_inputs, units, name, spec, plain, next(seeds)))
        n_inputs = units
    return layers


@keras.saving.register_keras_serializable(package="skrnn")
class ScheduledSampling(keras.layers.Layer):
    """Replace a share of the previous targets by the predictions of the network, in training.

    S. Bengio et al., "Scheduled sampling for sequence prediction with recurrent neural networks",
    NIPS 2015. The predictions are those of a first pass that receives the true targets, so that all
    time steps are computed at once (D. Duckworth et al., "Parallel scheduled sampling", 2019, with
    one pass).

    Parameters
    ----------
    rate : float in (0, 1)
        The probability with which a target is replaced.
    seed : int
    **kwargs
        The parameters of `keras.layers.Layer`.
    """

    def __init__(self, rate, seed, **kwargs):
        super().__init__(**kwargs)
        self.rate, self.seed = rate, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, true, predicted, training=False):
        """Return the targets that the decoder receives."""
        if not training:
            return true
        shape = ops.shape(true)[:2]
        replaced = keras.random.uniform(shape, seed=self.seed_generator) < self.rate
        if true.ndim == 3:
            replaced = ops.expand_dims(replaced, 2)
        return ops.where(replaced, predicted, true)

    def compute_output_spec(self, true, predicted, training=False):
        """Return the shape of the targets."""
        return keras.KerasTensor(true.shape, dtype=true.dtype)

    def get_config(self):
        """Return the arguments that make a layer like this one."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
