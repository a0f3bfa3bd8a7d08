"""Choose the loop that runs a recurrent layer with TensorFlow on a CPU, and define its gradient.

A recurrent layer spends its time in small matrix products and in the overhead around them. A batch
is therefore divided into `parts` that run in parallel. The loops of `cells` run as a plain graph,
which serves any shape, or inside XLA (`compiled_chunks`), which is faster but has to compile. For
LSTMs on vectors, with peepholes or without, TensorFlow's own kernel (`block_lstm`) replaces the
plain graph.

Each of these three ways to run a layer is a function of a cell, the inputs x (T, batch, features),
a dict of weights, and the initial states or None. It returns the outputs, the other final states,
and a function that computes, from the gradients of both, the gradients of x, of the weights by name
and of the initial states.
"""

from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

import tensorflow as tf

from skrnn.networks.backends.tensorflow.block_lstm import run_in_block_kernel
from skrnn.networks.backends.tensorflow.cell_variants import VARIANTS
from skrnn.networks.backends.tensorflow.cells import CELLS, run_backward, run_forward
from skrnn.networks.backends.tensorflow.compiled_chunks import run_in_compiled_chunks
from skrnn.networks.backends.tensorflow.gradient_registry import note_gradient
from skrnn.networks.backends.tensorflow.parts import (
    add_by_name,
    cut_batch,
    first_states,
    join_states,
    last_d_states,
    size_of_part,
    through_projection,
)
from skrnn.networks.backends.tensorflow.refine_cells import REFINE_CELLS

_FAST_CELLS = {**CELLS, **VARIANTS, **REFINE_CELLS}
# The cells that TensorFlow's own kernel runs.
BLOCK_CELLS = ("lstm", "peephole_lstm")

_compiled_width = ContextVar("_compiled_width", default=None)


@contextmanager
def compiled_loops(width):
    """Trace the loops within this context for XLA, in batches of one width.

    Parameters
    ----------
    width : scalar int tensor or None
        The size of the largest batch. If None, loops are traced as a plain graph.
    """
    token = _compiled_width.set(width)
    try:
        yield
    finally:
        _compiled_width.reset(token)


def has_fast_loop(cell, n_rows=None, units=None):
    """Return whether a fast loop runs the cell; on a GPU, Keras' layers with cuDNN run it."""
    return cell in _FAST_CELLS and not tf.config.get_visible_devices("GPU")


def run_loop(cell, steps, mask, weights, initial_states=None):
    """Run the loop that suits a layer's cell and inputs."""
    inputs, weights = steps, {k: tf.convert_to_tensor(value) for k, value in weights.items()}
    width, fast_cell = _compiled_width.get(), _FAST_CELLS[cell]
    weights = {**weights, **fast_cell.biases(weights["bias"])}
    if steps.dtype.is_integer:
        factors = tf.ones_like(steps, weights["kernel"].dtype) if mask is None else mask
        if width is not None:
            run = partial(run_in_compiled_chunks, width=width, factors=tf.transpose(factors))
            return _run(run, fast_cell, steps, weights, initial_states)
        inputs = tf.gather(weights.pop("kernel"), steps) * tf.expand_dims(factors, 2)
    elif mask is not None:
        inputs = inputs * tf.expand_dims(mask, 1)
    if width is not None:
        run = partial(run_in_compiled_chunks, width=width)
    elif cell in BLOCK_CELLS and "kernel" in weights and inputs.dtype == tf.float32:
        run = run_in_block_kernel
    else:
        run = _run_in_graph
    return _run(run, fast_cell, inputs, weights, initial_states)


def _run(run, cell, inputs, weights, initial_states):
    outputs, *others = _with_gradient(run, cell, inputs, weights, initial_states)
    return outputs, [outputs[:, -1], *others]


def _with_gradient(run, cell, inputs, weights, initial_states):
    """Run a layer with a hand-written gradient in place of automatic differentiation.

    Codes of one-hot vectors do not have a gradient.

    Returns
    -------
    outputs : tensor of shape (batch, T, units)
    *others : tensors of shape (batch, units)
        The final states other than the output.
    """
    n_weights = len(weights)

    @tf.custom_gradient
    def run_layer(inputs, *tensors):
        by_name = dict(zip(weights, tensors[:n_weights], strict=True))
        initial = None if initial_states is None else list(tensors[n_weights:])
        outputs, others, backward = run(cell, _time_first(inputs), by_name, initial)

        def gradient(d_outputs, *d_others):
            d_x, d_weights, d_states = backward(_time_first(d_outputs), d_others)
            d_states = [] if initial is None else d_states
            d_inputs = None if d_x is None else _time_first(d_x)
            return d_inputs, *[d_weights[name] for name in by_name], *d_states

        return (_time_first(outputs), *others), gradient

    states = () if initial_states is None else initial_states
    results = run_layer(inputs, *weights.values(), *states)
    note_gradient(results[0])
    return results


def _time_first(x):
    """Exchange the axes of time steps and sequences."""
    return tf.transpose(x, [1, 0, *range(2, x.shape.rank)])


def _run_in_graph(cell, x, weights, initial_states):
    """Run the loops as a plain graph, for any shape."""
    n_steps = tf.shape(x)[0]
    size = size_of_part(x, weights["recurrent_kernel"].shape[0])
    parts = cut_batch(x, size)
    firsts = first_states(cell, parts, size, weights, initial_states)
    runs = [
        run_forward(cell, part, first, weights, n_steps, tf.sigmoid)
        for part, first in zip(parts, firsts, strict=True)
    ]
    lasts, saved = zip(*runs, strict=True)

    def backward(d_outputs, d_others):
        d_lasts = last_d_states(firsts, d_others, size)
        d_parts = cut_batch(d_outputs, size)
        results = [
            run_backward(cell, *part, weights, n_steps)
            for part in zip(saved, firsts, d_parts, d_lasts, strict=True)
        ]
        d_gates, d_weights, d_states = zip(*results, strict=True)
        d_x, d_weights = through_projection(
            x, weights, tf.concat(d_gates, 1), add_by_name(d_weights)
        )
        return d_x, d_weights, join_states(d_states)

    return tf.concat([part[-1] for part in saved], 1), join_states(lasts)[1:], backward
