"""The linear recurrence of scan cells in PyTorch, with a hand-written gradient."""

import torch
from torch.autograd.function import once_differentiable

from skrnn.networks.backends.torch.kernels import is_within_vmap


def linear_recurrence(a, b, first):
    """Return h of the recurrence h[t] = a[t] * h[t - 1] + b[t]; see `Backend`."""
    run = _run_plain if is_within_vmap() else _Recurrence.apply
    if isinstance(b, tuple):
        h = run(*(torch.complex(*parts) for parts in (a, b, first)))
        return h.real, h.imag
    return run(a, b, first)


def _run_plain(a, b, first):
    """Run the recurrence in operations that `torch.vmap` can run for many models."""
    factors, h = a.unbind(0) if a.ndim > 1 else [a] * len(b), [first]
    for factor, step in zip(factors, b.unbind(0), strict=True):
        h.append(factor * h[-1] + step)
    return torch.stack(h[1:])


class _Recurrence(torch.autograd.Function):
    """The recurrence of real or complex numbers."""

    @staticmethod
    def forward(ctx, a, b, first):
        """Run the recurrence, and save what the backward pass needs."""
        h = _run(a, b, first)
        ctx.save_for_backward(a, first, h)
        return h

    @staticmethod
    @once_differentiable
    def backward(ctx, d_h):
        """Return the gradients of a, b and the first state."""
        a, first, h = ctx.saved_tensors
        # The gradient of b[t] is d[t] = a[t + 1] * d[t + 1] + d_h[t], which runs backwards.
        a = a.conj().resolve_conj()
        later = a if a.ndim == 1 else torch.cat([a[1:], torch.zeros_like(a[:1])])
        d = _run(later.flip(0) if a.ndim > 1 else later, d_h.flip(0), torch.zeros_like(first))
        d = d.flip(0)
        before = torch.cat([first[None], h[:-1]]).conj()
        if a.ndim == 1:
            return (d * before).sum((0, 1)), d, d[0] * a
        return d * before, d, d[0] * a[0]


def _run(a, b, first):
    return (_run_in_parallel if b.is_cuda else _run_in_loop)(a, b, first)


def _run_in_loop(a, b, first):
    h = b.clone(memory_format=torch.contiguous_format)
    factors = a.unbind(0) if a.ndim > 1 else [a] * len(b)
    before = first
    for factor, now in zip(factors, h.unbind(0), strict=True):
        before = now.addcmul_(factor, before)
    return h


def _run_in_parallel(a, b, first):
    """Run the recurrence in operations whose number grows with the logarithm of T."""
    a, b = a.expand_as(b), b.clone()
    b[0].addcmul_(a[0], first)
    return _scan(a, b)


def _scan(a, b):
    """Return h, which begins with b[0], from half as many time steps: each pair is one of them."""
    n = len(b)
    if n == 1:
        return b
    evens, odds = slice(0, n // 2 * 2, 2), slice(1, None, 2)
    h = torch.empty_like(b)
    h[odds] = _scan(a[odds] * a[evens], torch.addcmul(b[odds], a[odds], b[evens]))
    h[0] = b[0]
    torch.addcmul(b[2::2], a[2::2], h[1 : n - 1 : 2], out=h[2::2])
    return h
