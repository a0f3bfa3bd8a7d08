"""Time loops on PyTorch of the cells with ReLU; the conventions are those of `loops`."""

from itertools import pairwise

import torch
from torch.autograd.function import once_differentiable

from skrnn.networks.backends.torch.loops import run_simple, simple_gradients


class IRNN(torch.autograd.Function):
    """The simple unit with ReLU: projected inputs are of shape (T, batch, units)."""

    @staticmethod
    def forward(ctx, projected, recurrent, initial_h):
        """Run the loop, and save what the backward pass needs."""
        return run_simple(ctx, projected, recurrent, initial_h, torch.relu_)

    @staticmethod
    @once_differentiable
    def backward(ctx, d_outputs):
        """Return the gradients of projected inputs, recurrent kernel and initial state."""
        return simple_gradients(ctx, d_outputs, _derivatives)


class IndRNN(torch.autograd.Function):
    """The independently recurrent unit: projected inputs are of shape (T, batch, units)."""

    @staticmethod
    def forward(ctx, projected, recurrent, initial_h):
        """Run the loop, and save what the backward pass needs."""
        steps = projected.unbind(0)
        if initial_h is not None:
            steps[0].addcmul_(initial_h, recurrent)
        steps[0].relu_()
        for before, now in pairwise(steps):
            now.addcmul_(before, recurrent).relu_()
        outputs = projected.detach()
        ctx.save_for_backward(outputs, recurrent, initial_h)
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx, d_outputs):
        """Return the gradients of projected inputs, recurrent weights and initial state."""
        outputs, recurrent, initial_h = ctx.saved_tensors
        d_gates = d_outputs.clone(memory_format=torch.contiguous_format)
        steps, derivatives = d_gates.unbind(0), _derivatives(outputs).unbind(0)
        for t in reversed(range(len(steps))):
            steps[t].mul_(derivatives[t])
            if t:
                steps[t - 1].addcmul_(steps[t], recurrent)
        d_recurrent = (outputs[:-1] * d_gates[1:]).sum((0, 1))
        if initial_h is None:
            return d_gates, d_recurrent, None
        d_recurrent += (initial_h * steps[0]).sum(0)
        return d_gates, d_recurrent, steps[0] * recurrent


def _derivatives(outputs):
    """Return the derivatives of ReLU, 0 or 1."""
    return (outputs > 0).to(outputs.dtype)


LOOPS = {"irnn": IRNN, "indrnn": IndRNN}
