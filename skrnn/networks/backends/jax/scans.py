"""The linear recurrence of scan cells in JAX, with a hand-written gradient."""

import jax
import jax.numpy as jnp


def linear_recurrence(a, b, first):
    """Return h of the recurrence h[t] = a[t] * h[t - 1] + b[t]; see `Backend`."""
    if isinstance(b, tuple):
        h = _recurrence(*(jax.lax.complex(*parts) for parts in (a, b, first)))
        return h.real, h.imag
    return _recurrence(a, b, first)


@jax.custom_vjp
def _recurrence(a, b, first):
    return _run(a, b, first)


def _forward(a, b, first):
    h = _run(a, b, first)
    return h, (a, first, h)


def _backward(residuals, d_h):
    a, first, h = residuals
    # The gradient of b[t] is d[t] = a[t + 1] * d[t + 1] + d_h[t], a recurrence that runs backwards.
    later = a if a.ndim == 1 else jnp.concatenate([a[1:], jnp.zeros_like(a[:1])])
    d = _run(later, d_h, jnp.zeros_like(first), reverse=True)
    d_a = d * jnp.concatenate([first[None], h[:-1]])
    if a.ndim == 1:
        return d_a.sum(axis=(0, 1)), d, d[0] * a
    return d_a, d, d[0] * a[0]


_recurrence.defvjp(_forward, _backward)


def _run(a, b, first, *, reverse=False):
    """Run the recurrence, from the last time step to the first one if `reverse` is True."""
    on_cpu = jax.default_backend() == "cpu"
    return (_run_in_loop if on_cpu else _run_in_parallel)(a, b, first, reverse)


def _run_in_loop(a, b, first, reverse):
    if a.ndim == 1:

        def step(h, b):
            h = a * h + b
            return h, h

        return jax.lax.scan(step, first, b, reverse=reverse)[1]

    def gated_step(h, inputs):
        h = inputs[0] * h + inputs[1]
        return h, h

    return jax.lax.scan(gated_step, first, (a, b), reverse=reverse)[1]


def _run_in_parallel(a, b, first, reverse):
    def combine(earlier, later):
        return earlier[0] * later[0], later[0] * earlier[1] + later[1]

    a = jnp.broadcast_to(a, b.shape)
    start = -1 if reverse else 0
    b = b.at[start].add(a[start] * first)
    return jax.lax.associative_scan(combine, (a, b), reverse=reverse)[1]
