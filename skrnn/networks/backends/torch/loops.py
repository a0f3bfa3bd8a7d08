"""Time loops of recurrent layers on PyTorch, with hand-written gradients.

A step costs a product with the recurrent kernel and a few elementwise operations in place; what
does not depend on the step before is done for all steps at once, before or after the loop. On the
way back, the derivatives of the gates are laid out before the loop, so that a step of it is a
handful of products too. Arrays are (T, batch, columns): a step lies in one piece.

Each function takes what the input gives to the gates, and uses that memory as its own.
"""

from itertools import pairwise

import torch
from torch.autograd.function import once_differentiable

__all__ = ["GRU", "LSTM", "GRUResetBefore", "SimpleRNN"]


class SimpleRNN(torch.autograd.Function):
    """Elman (1990): from projected steps (T, batch, units) to outputs."""

    @staticmethod
    def forward(ctx, projected, recurrent):
        """Run the loop and keep what the way back needs."""
        steps = projected.unbind(0)
        steps[0].tanh_()
        for before, now in pairwise(steps):
            now.addmm_(before, recurrent).tanh_()
        outputs = projected.detach()
        ctx.save_for_backward(outputs, recurrent)
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        """Return the gradients of projected steps and recurrent kernel."""
        outputs, recurrent = ctx.saved_tensors
        gradient = gradient.clone(memory_format=torch.contiguous_format)
        slopes = torch.addcmul(_one(outputs), outputs, outputs, value=-1).unbind(0)
        steps, back = gradient.unbind(0), recurrent.t().contiguous()
        for t in reversed(range(len(steps))):
            steps[t].mul_(slopes[t])
            if t:
                steps[t - 1].addmm_(steps[t], back)
        return gradient, _product(outputs[:-1], gradient[1:])


class LSTM(torch.autograd.Function):
    """Hochreiter and Schmidhuber (1997), with a forget gate.

    From projected steps (T, batch, 4 * units) to outputs and the final cell state. Columns are
    output gate, input gate, forget gate, candidate.
    """

    @staticmethod
    def forward(ctx, projected, recurrent):
        """Run the loop and keep what the way back needs."""
        units = recurrent.shape[0]
        outputs, cells, squashed = (_with_start(projected, units) for _ in range(3))
        h, c, s = (array.unbind(0) for array in (outputs, cells, squashed))
        gates = projected[:, :, : 3 * units].unbind(0)
        o, i, f, g = _columns(projected, units)
        for t, step in enumerate(projected.unbind(0)):
            if t:
                step.addmm_(h[t], recurrent)
            gates[t].sigmoid_()
            g[t].tanh_()
            torch.mul(i[t], g[t], out=c[t + 1]).addcmul_(f[t], c[t])
            torch.tanh(c[t + 1], out=s[t + 1])
            torch.mul(o[t], s[t + 1], out=h[t + 1])
        ctx.save_for_backward(projected, outputs, cells, squashed, recurrent)
        return outputs[1:], cells[-1].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient, gradient_cell):
        """Return the gradients of projected steps and recurrent kernel."""
        gates, outputs, cells, squashed, recurrent = ctx.saved_tensors
        gradient = gradient.clone(memory_format=torch.contiguous_format)
        units = recurrent.shape[0]
        o, i, f, g = gates.split(units, 2)
        s = squashed[1:]
        slopes = torch.empty_like(gates)
        by_o, by_i, by_f, by_g = slopes.split(units, 2)
        torch.mul(s, o, out=by_o).addcmul_(by_o, o, value=-1)
        torch.mul(g, i, out=by_i).addcmul_(by_i, i, value=-1)
        torch.mul(cells[:-1], f, out=by_f).addcmul_(by_f, f, value=-1)
        torch.addcmul(_one(g), g, g, value=-1, out=by_g).mul_(i)
        by_cell = torch.addcmul(_one(s), s, s, value=-1).mul_(o).unbind(0)
        blocks = slopes[:, :, units:].unflatten(2, (3, units)).unbind(0)
        by_o, steps, keep = by_o.unbind(0), gradient.unbind(0), f.unbind(0)
        whole, back = slopes.unbind(0), recurrent.t().contiguous()
        cell = gradient_cell.clone(memory_format=torch.contiguous_format)
        wide = cell.unsqueeze(1)
        for t in reversed(range(len(steps))):
            cell.addcmul_(steps[t], by_cell[t])
            blocks[t].mul_(wide)
            by_o[t].mul_(steps[t])
            if t:
                cell.mul_(keep[t])
                steps[t - 1].addmm_(whole[t], back)
        return slopes, _product(outputs[:-1], slopes)


class GRU(torch.autograd.Function):
    """Cho et al. (2014), with the reset gate after the recurrent product.

    From projected steps (T, batch, 4 * units) to outputs. Columns are update gate, reset gate,
    the candidate's part from the state (which the reset gate is for), its part from the input.
    """

    @staticmethod
    def forward(ctx, projected, recurrent):
        """Run the loop and keep what the way back needs."""
        units = recurrent.shape[0]
        outputs = _with_start(projected, units)
        h = outputs.unbind(0)
        gates = projected[:, :, : 2 * units].unbind(0)
        z, r, s, n = _columns(projected, units)
        for t, from_state in enumerate(projected[:, :, : 3 * units].unbind(0)):
            if t:
                from_state.addmm_(h[t], recurrent)
            gates[t].sigmoid_()
            n[t].addcmul_(r[t], s[t]).tanh_()
            torch.lerp(n[t], h[t], z[t], out=h[t + 1])
        ctx.save_for_backward(projected, outputs, recurrent)
        return outputs[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        """Return the gradients of projected steps and recurrent kernel."""
        gates, outputs, recurrent = ctx.saved_tensors
        gradient = gradient.clone(memory_format=torch.contiguous_format)
        units = recurrent.shape[0]
        z, r, s, n = gates.split(units, 2)
        slopes = torch.empty_like(gates)
        by_z, by_r, by_s, by_n = slopes.split(units, 2)
        torch.sub(outputs[:-1], n, out=by_z).mul_(z).addcmul_(by_z, z, value=-1)
        torch.addcmul(_one(n), n, n, value=-1, out=by_n).addcmul_(by_n, z, value=-1)
        torch.mul(by_n, r, out=by_s)
        torch.mul(by_s, s, out=by_r).addcmul_(by_r, r, value=-1)
        blocks = slopes.unflatten(2, (4, units)).unbind(0)
        from_state = slopes[:, :, : 3 * units].unbind(0)
        wide, steps, keep = gradient.unsqueeze(2).unbind(0), gradient.unbind(0), z.unbind(0)
        back = recurrent.t().contiguous()
        for t in reversed(range(len(steps))):
            blocks[t].mul_(wide[t])
            if t:
                steps[t - 1].addcmul_(steps[t], keep[t]).addmm_(from_state[t], back)
        return slopes, _product(outputs[:-1], slopes[:, :, : 3 * units])


class GRUResetBefore(torch.autograd.Function):
    """Cho et al. (2014), with the reset gate before the recurrent product.

    From projected steps (T, batch, 3 * units) to outputs. Columns are reset gate, update gate,
    candidate.
    """

    @staticmethod
    def forward(ctx, projected, recurrent):
        """Run the loop and keep what the way back needs."""
        units = recurrent.shape[0]
        outputs = _with_start(projected, units)
        kept = torch.zeros_like(outputs[1:])
        h, k = outputs.unbind(0), kept.unbind(0)
        of_gates, of_candidate = recurrent[:, : 2 * units], recurrent[:, 2 * units :]
        r, z, n = _columns(projected, units)
        for t, gates in enumerate(projected[:, :, : 2 * units].unbind(0)):
            if t:
                gates.addmm_(h[t], of_gates)
            gates.sigmoid_()
            if t:
                n[t].addmm_(torch.mul(r[t], h[t], out=k[t]), of_candidate)
            torch.lerp(n[t].tanh_(), h[t], z[t], out=h[t + 1])
        ctx.save_for_backward(projected, outputs, kept, recurrent)
        return outputs[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        """Return the gradients of projected steps and recurrent kernel."""
        gates, outputs, kept, recurrent = ctx.saved_tensors
        gradient = gradient.clone(memory_format=torch.contiguous_format)
        units = recurrent.shape[0]
        r, z, n = gates.split(units, 2)
        slopes = torch.empty_like(gates)
        by_r, by_z, by_n = slopes.split(units, 2)
        torch.mul(kept, r, out=by_r).neg_().add_(kept)
        torch.sub(outputs[:-1], n, out=by_z).mul_(z).addcmul_(by_z, z, value=-1)
        torch.addcmul(_one(n), n, n, value=-1, out=by_n).addcmul_(by_n, z, value=-1)
        blocks = slopes[:, :, units:].unflatten(2, (2, units)).unbind(0)
        wide, steps = gradient.unsqueeze(2).unbind(0), gradient.unbind(0)
        r, z, by_r, by_n = (array.unbind(0) for array in (r, z, by_r, by_n))
        from_state = slopes[:, :, : 2 * units].unbind(0)
        back_gates = recurrent[:, : 2 * units].t().contiguous()
        back_candidate = recurrent[:, 2 * units :].t().contiguous()
        of_kept = torch.empty_like(steps[0])
        for t in reversed(range(len(steps))):
            blocks[t].mul_(wide[t])
            torch.mm(by_n[t], back_candidate, out=of_kept)
            by_r[t].mul_(of_kept)
            if t:
                earlier = steps[t - 1].addcmul_(steps[t], z[t]).addcmul_(of_kept, r[t])
                earlier.addmm_(from_state[t], back_gates)
        of_gates = _product(outputs[:-1], slopes[:, :, : 2 * units])
        return slopes, torch.cat([of_gates, _product(kept, slopes[:, :, 2 * units :])], 1)


def _with_start(projected, units):
    """Return memory for states, the zeros before the first step included."""
    states = projected.new_empty((projected.shape[0] + 1, projected.shape[1], units))
    states[0] = 0
    return states


def _columns(projected, units):
    """Return each block of columns as a sequence of steps."""
    return [block.unbind(0) for block in projected.split(units, 2)]


def _one(like):
    return like.new_ones(())


def _product(states, gradient):
    """Return the gradient of the recurrent kernel."""
    return states.flatten(0, 1).t() @ gradient.flatten(0, 1)
