"""The linear recurrence of scan cells in TensorFlow, with a hand-written gradient.

An operation of a plain graph takes longer to start than to compute one time step. Time is therefore
divided into chunks of a few time steps. First all chunks run side by side, each from a state of
zero. A loop over the chunks then computes the state before each of them, and what this state adds
to the later ones is added to all time steps at once.

All arrays are (T, batch, units): time comes first.
"""

import tensorflow as tf

from skrnn.networks.backends.tensorflow.gradient_registry import note_gradient

# The number of time steps of a chunk, which is the number of operations before the loop over the
# chunks.
_CHUNK = 8


def linear_recurrence(a, b, first):
    """Return h of the recurrence h[t] = a[t] * h[t - 1] + b[t]; see `Backend`."""
    if isinstance(b, tuple):
        h = _with_gradient(*(tf.complex(*parts) for parts in (a, b, first)))
        return tf.math.real(h), tf.math.imag(h)
    return _with_gradient(a, b, first)


def _with_gradient(a, b, first):
    @tf.custom_gradient
    def run(a, b, first):
        h = _run(a, b, first)

        def gradient(d_h):
            return _gradient(a, first, h, d_h)

        return h, gradient

    h = run(a, b, first)
    note_gradient(h)
    return h


def _gradient(a, first, h, d_h):
    """Return the gradients of a, b and the first state."""
    # The gradient of b[t] is d[t] = a[t + 1] * d[t + 1] + d_h[t], a recurrence that runs backwards.
    a = tf.math.conj(a)
    is_constant = a.shape.rank == 1
    later = a if is_constant else tf.concat([a[1:], tf.zeros_like(a[:1])], 0)
    d = _run(later, d_h, tf.zeros_like(first), reverse=True)
    d_a = d * tf.math.conj(tf.concat([first[None], h[:-1]], 0))
    if is_constant:
        return tf.reduce_sum(d_a, [0, 1]), d, d[0] * a
    return d_a, d, d[0] * a[0]


def _run(a, b, first, *, reverse=False):
    """Run the recurrence, from the last time step to the first one if `reverse` is True."""
    n_steps = tf.shape(b)[0]
    n_chunks = -(-n_steps // _CHUNK)
    direction = -1 if reverse else 1
    factors = [a] * _CHUNK if a.shape.rank == 1 else _cut(a, n_chunks)[::direction]
    # What the state before the chunk is multiplied by, and what the chunk adds to it.
    products, sums = [], []
    for factor, one in zip(factors, _cut(b, n_chunks)[::direction], strict=True):
        products.append(products[-1] * factor if products else factor)
        sums.append(sums[-1] * factor + one if sums else one)
    before = _states_before(products[-1], sums[-1], first, n_chunks, reverse=reverse)
    h = [product * before + one for product, one in zip(products, sums, strict=True)]
    h = tf.reshape(tf.stack(h[::direction], 1), [n_chunks * _CHUNK, *_shape(b)[1:]])[:n_steps]
    return tf.ensure_shape(h, b.shape)


def _cut(x, n_chunks):
    """Return x (T, batch, units) as a list of each time step of all chunks, padded with zeros."""
    padded = tf.pad(x, [[0, n_chunks * _CHUNK - tf.shape(x)[0]], [0, 0], [0, 0]])
    return tf.unstack(tf.reshape(padded, [n_chunks, _CHUNK, *_shape(x)[1:]]), axis=1)


def _shape(x):
    dynamic = tf.shape(x)
    return [dynamic[i] if size is None else size for i, size in enumerate(x.shape)]


def _states_before(products, sums, first, n_chunks, *, reverse):
    """Return the state before each chunk, (n_chunks, batch, units)."""
    is_constant = products.shape.rank == 1
    sums = _as_array(sums, n_chunks)
    products = products if is_constant else _as_array(products, n_chunks)
    states = tf.TensorArray(first.dtype, n_chunks, element_shape=first.shape)

    def step(k, state, states):
        at = n_chunks - 1 - k if reverse else k
        product = products if is_constant else products.read(at)
        return k + 1, product * state + sums.read(at), states.write(at, state)

    _, _, states = tf.while_loop(
        lambda k, *_: k < n_chunks, step, (0, first, states), parallel_iterations=1
    )
    return states.stack()


def _as_array(x, n):
    return tf.TensorArray(x.dtype, n, element_shape=x.shape[1:]).unstack(x)
