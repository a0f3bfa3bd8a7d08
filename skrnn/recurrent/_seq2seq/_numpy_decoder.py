"""One time step of the decoder in NumPy, for many sequences at once.

A prediction feeds each output of the decoder back to it, so a framework would be called once per
time step, with little work for each call. NumPy needs no compilation, and sequences that have ended
can be left out. The equations are those of `skrnn.networks.architecture.encoder_decoder`.
"""

from dataclasses import dataclass, replace

import numpy as np

from skrnn.recurrent._named_weights import weights_of_layer
from skrnn.recurrent._numpy_activations import ACTIVATIONS, numpy_activation, softmax
from skrnn.recurrent._numpy_cells import numpy_cell
from skrnn.recurrent._seq2seq._decoder_weights import decoder_weights


@dataclass(frozen=True)
class DecoderState:
    """What the decoder knows of some sequences before a time step.

    There may be several hypotheses of each sequence, one after another. They share its memory.

    Parameters
    ----------
    states : list of tuple of ndarray of shape (n_hypotheses, units)
        The states of each layer.
    memory : ndarray of shape (n, n_source_steps, width) or None
        The outputs of the encoder. None if there is no attention.
    keys : ndarray of shape (n, n_source_steps, any) or None
        The memory as scores are computed from it.
    bias : ndarray of shape (n, n_source_steps) or None
        What is added to scores: zero at real time steps, minus infinity at padding.
    """

    states: list
    memory: np.ndarray | None = None
    keys: np.ndarray | None = None
    bias: np.ndarray | None = None

    def __len__(self):
        return len(self.states[0][0])

    def __getitem__(self, rows):
        """Return the state of some sequences with one hypothesis each."""
        return self.select(rows, rows)

    def select(self, hypotheses, sequences):
        """Return the state of some hypotheses.

        Parameters
        ----------
        hypotheses : ndarray of int or slice
            Equally many of each sequence.
        sequences : ndarray of int, slice or None
            Their sequences. If None, they are all sequences.
        """
        states = [tuple(one[hypotheses] for one in layer) for layer in self.states]
        if self.memory is None or sequences is None:
            return replace(self, states=states)
        shared = self.memory[sequences], self.keys[sequences], self.bias[sequences]
        return DecoderState(states, *shared)


class NumpyDecoder:
    """A decoder that reads the previous target of each of some sequences at a time.

    Parameters
    ----------
    spec : NetworkSpec
    weights : list of ndarray

    Attributes
    ----------
    stop : int
        The token that ends a sequence, and with which it begins.

    Raises
    ------
    ValueError
        If the network has an activation that NumPy does not compute here.
    """

    def __init__(self, spec, weights):
        named = decoder_weights(spec, weights)
        self._spec, self._named, self.stop = spec, named, spec.n_outputs - 1
        self._embedding = named.get("target_embedding/embeddings")
        self._cell, self._activation = numpy_cell(spec.cell), numpy_activation(spec.activation)
        layers = [f"recurrent_decoder_{i}" for i in range(len(spec.units))]
        self._layers = [weights_of_layer(named, layer) for layer in layers]
        self._biases = [self._cell.input_bias(layer.get("bias", 0)) for layer in self._layers]
        name = spec.output_activation
        self._output = softmax if name == "softmax" else ACTIVATIONS[name]

    def begin(self, encoded, lengths):
        """Return the state before the first time step.

        Parameters
        ----------
        encoded : list of ndarray
            The outputs of the encoder for sequences: the memory if there is attention, and the
            first states of the decoder.
        lengths : ndarray of int of shape (n,)
            The number of time steps of each source.

        Returns
        -------
        DecoderState
        """
        attention, memory = self._spec.decoder.attention, None
        if attention is not None:
            memory, *encoded = encoded
        n = self._cell.n_states
        states = [tuple(encoded[i : i + n]) for i in range(0, len(encoded), n)]
        if memory is None:
            return DecoderState(states)
        real = np.arange(memory.shape[1]) < lengths[:, None]
        bias = np.where(real, 0, -np.inf).astype(memory.dtype)
        memory = np.where(real[:, :, None], memory, 0)
        return DecoderState(states, memory, self._keys(memory), bias)

    def first_inputs(self, n):
        """Return what the decoder receives at the first time step of `n` sequences."""
        if self._embedding is None:
            return np.zeros((n, self._spec.n_outputs), self._spec.dtype)
        return np.full(n, self.stop)

    def advance(self, previous, state, known=None):
        """Read the previous targets, and return the outputs at the next time step.

        Parameters
        ----------
        previous : ndarray of int of shape (n,), or ndarray of shape (n, n_outputs)
        state : DecoderState
        known : ndarray of shape (n, n_inputs) or None, default=None
            The known inputs at the next time step, if the decoder has any.

        Returns
        -------
        outputs : ndarray of shape (n, n_outputs)
            After the output activation.
        state : DecoderState
            The state after the time step.
        """
        x = previous if self._embedding is None else self._embedding[previous]
        if known is not None:
            x = np.concatenate([x, known], axis=1)
        attention = self._spec.decoder.attention
        if attention == "bahdanau":
            context = self._context(state.states[-1][0], state)
            x = np.concatenate([x, context], axis=1)
        after = []
        for states, layer, bias in zip(state.states, self._layers, self._biases, strict=True):
            projected = x @ layer["kernel"] + bias
            after.append(self._cell.step(projected, states, layer, self._activation))
            x = after[-1][0]
        if attention == "luong":
            context = self._context(x, state)
        if attention is not None:
            x = np.tanh(self._dense("attentional", np.concatenate([context, x], axis=1)))
        return self._output(self._dense("head", x)), replace(state, states=after)

    def _dense(self, name, x):
        return x @ self._named[f"{name}/kernel"] + self._named[f"{name}/bias"]

    def _keys(self, memory):
        if self._spec.decoder.attention == "bahdanau":
            return self._dense("attention_memory", memory)
        return memory @ self._named["attention_query/kernel"].T / memory.shape[2] ** 0.5

    def _context(self, h, state):
        """Return the contexts for outputs of the decoder, of shape (n_hypotheses, width)."""
        n, _, width = state.memory.shape
        if self._spec.decoder.attention == "bahdanau":
            query = h @ self._named["attention_query/kernel"]
            hidden = np.tanh(state.keys[:, None] + query.reshape(n, -1, 1, query.shape[1]))
            scores = (hidden @ self._named["attention_score/kernel"])[:, :, :, 0]
        else:
            scores = h.reshape(n, -1, h.shape[1]) @ state.keys.swapaxes(1, 2)
        weights = softmax(scores + state.bias[:, None])
        return (weights @ state.memory).reshape(-1, width)
