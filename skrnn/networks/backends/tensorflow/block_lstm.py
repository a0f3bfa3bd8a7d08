"""TensorFlow's own LSTM kernel, which is faster than a graph of loops and has a gradient."""

import tensorflow as tf

from skrnn.networks.backends.tensorflow.parts import (
    cut_batch,
    cut_states,
    first_states,
    join_states,
    side_by_side,
    size_of_part,
)


def run_in_block_kernel(cell, x, weights, initial_states):
    """Run an LSTM over all time steps of x (T, batch, features); see `loops`."""
    units = weights["recurrent_kernel"].shape[0]
    size = size_of_part(x, units)
    parts = cut_batch(x, size)
    layer = _layer_arguments(weights, x.dtype)

    def forward(part, first):
        return tf.raw_ops.BlockLSTMV2(**layer, **_part_arguments(part, first), cell_clip=0.0)

    def gradient(part, first, run, d_cells, d_outputs):
        return tf.raw_ops.BlockLSTMGradV2(
            **layer, **_part_arguments(part, first), **run, cs_grad=d_cells, h_grad=d_outputs
        )

    firsts = first_states(cell, parts, size, weights, initial_states)
    runs = side_by_side(forward, parts, firsts)

    def backward(d_outputs, d_others):
        d_cells = [
            _at_last_step(d_cell, run.cs)
            for (d_cell,), run in zip(cut_states(d_others, size), runs, strict=True)
        ]
        saved = [run._asdict() for run in runs]
        d_parts = cut_batch(d_outputs, size)
        gradients = side_by_side(gradient, parts, firsts, saved, d_cells, d_parts)
        d_kernels = tf.add_n([one.w_grad for one in gradients])
        d_kernel, d_recurrent = tf.split(d_kernels, [weights["kernel"].shape[0], units])
        d_bias = tf.add_n([one.b_grad for one in gradients])
        d_weights = {"kernel": d_kernel, "recurrent_kernel": d_recurrent, "bias": d_bias}
        if "peepholes" in weights:
            d_weights["peepholes"] = tf.add_n(
                [tf.stack([one.wci_grad, one.wcf_grad, one.wco_grad]) for one in gradients]
            )
        d_states = join_states([[one.h_prev_grad, one.cs_prev_grad] for one in gradients])
        return tf.concat([one.x_grad for one in gradients], 1), d_weights, d_states

    outputs = tf.concat([run.h for run in runs], 1)
    return outputs, [tf.concat([run.cs[-1] for run in runs], 0)], backward


def _at_last_step(d_cell, cells):
    """Return the gradients of the cell states at all time steps, zero except for the last one."""
    return tf.pad(d_cell[None], [[tf.shape(cells)[0] - 1, 0], [0, 0], [0, 0]])


def _layer_arguments(weights, dtype):
    """Return the kernel's arguments that describe the layer."""
    has_peepholes = "peepholes" in weights
    unused = tf.zeros([weights["recurrent_kernel"].shape[0]], dtype)
    peepholes = tf.unstack(weights["peepholes"]) if has_peepholes else [unused] * 3
    return {
        "w": tf.concat([weights["kernel"], weights["recurrent_kernel"]], 0),
        **dict(zip(("wci", "wcf", "wco"), peepholes, strict=True)),
        "b": weights["bias"],
        "use_peephole": has_peepholes,
    }


def _part_arguments(part, first):
    """Return the kernel's arguments that describe a part; an empty part runs zero time steps."""
    h, c = first
    n_steps = tf.where(tf.shape(part)[1] > 0, tf.shape(part)[0], 0)
    n_steps = tf.cast(n_steps, tf.int64)
    return {"seq_len_max": n_steps, "x": part, "cs_prev": c, "h_prev": h}
