r"""The decoder with Bahdanau's attention, whose recurrent layers receive the context.

.. math::

    e_{ts} &= v^\top \tanh(W_a h_{t-1} + U_a \bar h_s + b_a) \\
    c_t &= \textstyle\sum_s \mathrm{softmax}_s(e_{ts}) \bar h_s \\
    h_t &= \mathrm{cell}([E y_{t-1}; c_t], h_{t-1})

D. Bahdanau, K. Cho, Y. Bengio, "Neural machine translation by jointly learning to align and
translate", ICLR 2015, appendix A.1.2. With stacked layers, :math:`h_{t-1}` in the first equation is
the output of the last layer, and the first layer receives the context. The output layer receives
:math:`\tanh(W_c [c_t; h_t] + b_c)` as with Luong's attention, in place of a maxout layer.

A context depends on the time step before it, so the time steps are computed one after another.
"""

import keras
from keras import ops

from skrnn.networks.architecture.attention import masked_softmax
from skrnn.networks.architecture.head import dense
from skrnn.networks.architecture.layers import weights_and_activation
from skrnn.networks.cells import get_cell


@keras.saving.register_keras_serializable(package="skrnn")
class BahdanauDecoder(keras.layers.Layer):
    """The time loop of the recurrent layers of a decoder with attention.

    Parameters
    ----------
    layers : list of keras.layers.Layer
        The built recurrent layers, whose weights and options the loop uses.
    width : int
        The number of features of the memory.
    spec : NetworkSpec
    seed : int
    **kwargs
        The parameters of `keras.layers.Layer`.
    """

    def __init__(self, layers, width, spec, seed, **kwargs):
        super().__init__(dtype=spec.dtype, **kwargs)
        self.layers, self._spec = layers, spec
        units = spec.units[-1]
        self.query = dense(units, "attention_query", spec, seed, use_bias=False)
        self.key = dense(units, "attention_memory", spec, seed + 1)
        self.score = dense(1, "attention_score", spec, seed + 2, use_bias=False)
        for layer, n in ((self.query, units), (self.key, width), (self.score, units)):
            layer.build((None, None, n))
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, steps, memory, mask, *states, training=False):
        """Run the loop.

        Parameters
        ----------
        steps : tensor of shape (batch, T, n)
        memory : tensor of shape (batch, n_source_steps, width)
        mask : tensor of bool of shape (batch, n_source_steps)
        *states : tensor of shape (batch, units)
            The first states of all layers.
        training : bool, default=False
            Whether dropout is applied.

        Returns
        -------
        tuple of the outputs, the contexts, and the weights of attention at all time steps
        """
        cells = self._cells(memory, steps.shape[2], training)
        keys, n_states = self.key(memory), get_cell(self._spec.cell).n_states

        def step(carried, x):
            states = carried[2:]
            query = ops.expand_dims(self.query(states[-n_states]), 1)
            scores = ops.squeeze(self.score(ops.tanh(keys + query)), 2)
            weights = masked_softmax(scores, mask)
            context = ops.squeeze(ops.matmul(ops.expand_dims(weights, 1), memory), 1)
            h, after = ops.concatenate([x, context], axis=1), [context, weights]
            for i, run_cell in enumerate(cells):
                after += run_cell(h, states[i * n_states : (i + 1) * n_states])
                h = after[-n_states]
            # On TensorFlow, the results of `scan` must have the same structure as the states.
            return tuple(after), tuple(after)

        first = ops.zeros_like(memory[:, 0]), ops.zeros_like(memory[:, :, 0]), *states
        _, results = ops.scan(step, first, ops.swapaxes(steps, 0, 1))
        context, weights, *states = (ops.swapaxes(result, 0, 1) for result in results)
        return states[-n_states], context, weights

    def _cells(self, memory, n_inputs, training):
        """Return one time step of each layer as a function of its input and its states."""
        batch, spec, cell = ops.shape(memory)[0], self._spec, get_cell(self._spec.cell)
        rates = (spec.dropout, spec.recurrent_dropout) if training else (0, 0)
        widths = [n_inputs + memory.shape[2], *spec.units[:-1]]

        def mask(width, rate):
            ones = ops.ones((batch, width), self.compute_dtype)
            return keras.random.dropout(ones, rate, seed=self.seed_generator) if rate else None

        def one_step(layer, width):
            weights, activation = weights_and_activation(layer, cell)
            bias = cell.input_bias(weights["bias"]) if "bias" in weights else 0
            masks = mask(width, rates[0]), mask(layer.units, rates[1])

            def run(x, states):
                x = x if masks[0] is None else x * masks[0]
                projected = ops.matmul(x, weights["kernel"]) + bias
                return cell.step(projected, states, weights, activation, masks[1])

            return run

        return [one_step(*pair) for pair in zip(self.layers, widths, strict=True)]

    def compute_output_spec(self, steps, memory, mask, *states, training=False):
        """Return the shapes of the results without tracing the loop."""
        widths = self._spec.units[-1], memory.shape[2], memory.shape[1]
        shapes = [(*steps.shape[:2], width) for width in widths]
        return tuple(keras.KerasTensor(shape, dtype=self.compute_dtype) for shape in shapes)
