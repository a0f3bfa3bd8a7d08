"""Time loops on PyTorch of variants of the LSTM and the GRU; the conventions are those of `loops`.

The peepholes of an LSTM are an argument after the recurrent kernel.
"""

import torch
from torch.autograd.function import once_differentiable

from skrnn.networks.backends.torch.loops import columns, gradient_of_kernel, one_like, with_start


class PeepholeLSTM(torch.autograd.Function):
    """Long short-term memory with peepholes: projected inputs are of shape (T, batch, 4 * units).

    Their columns are input gate, forget gate, candidate and output gate.
    """

    @staticmethod
    def forward(ctx, projected, recurrent, peepholes, initial_h, initial_c):
        """Run the loop, and save what the backward pass needs."""
        units = recurrent.shape[0]
        outputs, cells = (with_start(projected, units, first) for first in (initial_h, initial_c))
        tanh_cells = torch.empty_like(outputs)
        h, c, tanh_c = (array.unbind(0) for array in (outputs, cells, tanh_cells))
        i_and_f = projected[:, :, : 2 * units].unflatten(2, (2, units)).unbind(0)
        c_columns, first_peepholes = cells.unsqueeze(2).unbind(0), peepholes[:2]
        i, f, g, o = columns(projected, units)
        first = 1 if initial_h is None else 0
        for t, step in enumerate(projected.unbind(0)):
            if t >= first:
                step.addmm_(h[t], recurrent)
            i_and_f[t].addcmul_(c_columns[t], first_peepholes).sigmoid_()
            g[t].tanh_()
            torch.mul(i[t], g[t], out=c[t + 1]).addcmul_(f[t], c[t])
            torch.tanh(c[t + 1], out=tanh_c[t + 1])
            o[t].addcmul_(c[t + 1], peepholes[2]).sigmoid_()
            torch.mul(o[t], tanh_c[t + 1], out=h[t + 1])
        ctx.save_for_backward(projected, outputs, cells, tanh_cells, recurrent, peepholes)
        ctx.has_initial = initial_h is not None
        return outputs[1:], cells[-1].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx, d_outputs, d_last_cell):
        """Return the gradients of projected inputs, recurrent weights and initial states."""
        gates, outputs, cells, tanh_cells, recurrent, peepholes = ctx.saved_tensors
        units = recurrent.shape[0]
        d_gates, d_cell_by_output, kept = _peephole_derivatives(gates, cells, tanh_cells, peepholes)
        d_outputs = d_outputs.clone(memory_format=torch.contiguous_format)
        d_o, d_h = d_gates[:, :, 3 * units :].unbind(0), d_outputs.unbind(0)
        d_others = d_gates[:, :, : 3 * units].unflatten(2, (3, units)).unbind(0)
        d_step, recurrent_transposed = d_gates.unbind(0), recurrent.t().contiguous()
        d_c = d_last_cell.clone(memory_format=torch.contiguous_format)
        d_c_columns = d_c.unsqueeze(1)
        for t in reversed(range(len(d_h))):
            d_c.addcmul_(d_h[t], d_cell_by_output[t])
            d_others[t].mul_(d_c_columns)
            d_o[t].mul_(d_h[t])
            d_c.mul_(kept[t])
            if t:
                d_h[t - 1].addmm_(d_step[t], recurrent_transposed)
        d_initial = None, None
        if ctx.has_initial:
            d_initial = d_step[0] @ recurrent_transposed, d_c
        d_i, d_f, _, d_o = d_gates.split(units, 2)
        pairs = (d_i, cells[:-1]), (d_f, cells[:-1]), (d_o, cells[1:])
        d_peepholes = torch.stack([(gate * cell).sum((0, 1)) for gate, cell in pairs])
        return d_gates, gradient_of_kernel(outputs[:-1], d_gates), d_peepholes, *d_initial


def _peephole_derivatives(gates, cells, tanh_cells, peepholes):
    """Return derivatives at all time steps, which the loop multiplies by the gradients.

    The first return value contains the derivatives with respect to the projected inputs of the
    gates: that of the output for the output gate, and those of the cell state for the other gates.
    The others are the derivatives of the output with respect to the cell state, and of the cell
    state with respect to the previous one.
    """
    units = peepholes.shape[1]
    i, f, g, o = gates.split(units, 2)
    tanh_c = tanh_cells[1:]
    derivatives = torch.empty_like(gates)
    by_i, by_f, by_g, by_o = derivatives.split(units, 2)
    torch.mul(tanh_c, o, out=by_o).addcmul_(by_o, o, value=-1)
    torch.mul(g, i, out=by_i).addcmul_(by_i, i, value=-1)
    torch.mul(cells[:-1], f, out=by_f).addcmul_(by_f, f, value=-1)
    torch.addcmul(one_like(g), g, g, value=-1, out=by_g).mul_(i)
    by_c = torch.addcmul(one_like(tanh_c), tanh_c, tanh_c, value=-1).mul_(o)
    by_c.addcmul_(by_o, peepholes[2])
    kept = torch.addcmul(f, by_i, peepholes[0]).addcmul_(by_f, peepholes[1])
    return derivatives, by_c.unbind(0), kept.unbind(0)


class GRUResetBefore(torch.autograd.Function):
    """The GRU with the reset gate before the product: inputs are of shape (T, batch, 3 * units).

    Their columns are update gate, reset gate and candidate.
    """

    @staticmethod
    def forward(ctx, projected, recurrent, initial_h):
        """Run the loop, and save what the backward pass needs."""
        units = recurrent.shape[0]
        outputs = with_start(projected, units, initial_h)
        # The previous states after the reset gate.
        resets = torch.zeros_like(outputs[1:])
        h, reset_h = outputs.unbind(0), resets.unbind(0)
        gates = projected[:, :, : 2 * units].unbind(0)
        gates_kernel, candidate_kernel = _split_kernel(recurrent)
        z, r, candidate = columns(projected, units)
        first = 1 if initial_h is None else 0
        for t in range(len(projected)):
            if t >= first:
                gates[t].addmm_(h[t], gates_kernel)
            gates[t].sigmoid_()
            if t >= first:
                torch.mul(r[t], h[t], out=reset_h[t])
                candidate[t].addmm_(reset_h[t], candidate_kernel)
            torch.lerp(candidate[t].tanh_(), h[t], z[t], out=h[t + 1])
        ctx.save_for_backward(projected, outputs, resets, recurrent)
        ctx.has_initial = initial_h is not None
        return outputs[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx, d_outputs):
        """Return the gradients of projected inputs, recurrent kernel and initial state."""
        gates, outputs, resets, recurrent = ctx.saved_tensors
        d_outputs = d_outputs.clone(memory_format=torch.contiguous_format)
        units = recurrent.shape[0]
        z, r, candidate = gates.split(units, 2)
        # These are first derivatives, which the loop multiplies by the gradients.
        d_gates = torch.empty_like(gates)
        d_z, d_r, d_candidate = d_gates.split(units, 2)
        torch.sub(outputs[:-1], candidate, out=d_z).mul_(z).addcmul_(d_z, z, value=-1)
        torch.mul(outputs[:-1], r, out=d_r).addcmul_(d_r, r, value=-1)
        torch.addcmul(one_like(candidate), candidate, candidate, value=-1, out=d_candidate)
        d_candidate.addcmul_(d_candidate, z, value=-1)
        gates_kernel, candidate_kernel = (k.t().contiguous() for k in _split_kernel(recurrent))
        z, r, d_z, d_r, d_candidate = (array.unbind(0) for array in (z, r, d_z, d_r, d_candidate))
        d_both, d_h = d_gates[:, :, : 2 * units].unbind(0), d_outputs.unbind(0)
        for t in reversed(range(len(d_h))):
            d_z[t].mul_(d_h[t])
            d_reset = d_candidate[t].mul_(d_h[t]) @ candidate_kernel
            d_r[t].mul_(d_reset)
            d_before = d_h[t - 1] if t else torch.zeros_like(d_h[0])
            d_before.addcmul_(d_h[t], z[t]).addcmul_(d_reset, r[t]).addmm_(d_both[t], gates_kernel)
        d_both, d_candidate = d_gates.split([2 * units, units], 2)
        products = (outputs[:-1], d_both), (resets, d_candidate)
        d_recurrent = torch.cat([gradient_of_kernel(*pair) for pair in products], 1)
        return d_gates, d_recurrent, d_before if ctx.has_initial else None


def _split_kernel(recurrent):
    """Return the recurrent kernels of both gates and of the candidate."""
    units = recurrent.shape[0]
    return [kernel.contiguous() for kernel in recurrent.split([2 * units, units], 1)]


LOOPS = {"peephole_lstm": PeepholeLSTM, "gru_reset_before": GRUResetBefore}
