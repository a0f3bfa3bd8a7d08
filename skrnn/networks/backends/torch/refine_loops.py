"""Time loops on PyTorch of the cells with a refine gate; the conventions are those of `loops`."""

import torch
from torch.autograd.function import once_differentiable

from skrnn.networks.backends.torch.loops import columns, gradient_of_kernel, one_like, with_start


class RefineLSTM(torch.autograd.Function):
    """The LSTM with a refine gate: projected inputs are of shape (T, batch, 4 * units).

    Their columns are forget gate, refine gate, candidate and output gate.
    """

    @staticmethod
    def forward(ctx, projected, recurrent, initial_h, initial_c):
        """Run the loop, and save what the backward pass needs."""
        units = recurrent.shape[0]
        outputs, cells = (with_start(projected, units, one) for one in (initial_h, initial_c))
        kept, tanh_cells = torch.empty_like(outputs[1:]), torch.empty_like(outputs[1:])
        h, c, g, tanh_c = (array.unbind(0) for array in (outputs, cells, kept, tanh_cells))
        f_and_r = projected[:, :, : 2 * units].unbind(0)
        f, r, candidate, o = columns(projected, units)
        first = 1 if initial_h is None else 0
        for t, step in enumerate(projected.unbind(0)):
            if t >= first:
                step.addmm_(h[t], recurrent)
            f_and_r[t].sigmoid_()
            _effective_gate(f[t], r[t], out=g[t])
            torch.lerp(candidate[t].tanh_(), c[t], g[t], out=c[t + 1])
            torch.tanh(c[t + 1], out=tanh_c[t])
            torch.mul(o[t].sigmoid_(), tanh_c[t], out=h[t + 1])
        ctx.save_for_backward(projected, outputs, cells, kept, tanh_cells, recurrent)
        ctx.has_initial = initial_h is not None
        return outputs[1:], cells[-1].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx, d_outputs, d_last_cell):
        """Return the gradients of projected inputs, recurrent kernel and initial states."""
        gates, outputs, cells, kept, tanh_cells, recurrent = ctx.saved_tensors
        units = recurrent.shape[0]
        f, r, candidate, o = gates.split(units, 2)
        # These are first derivatives, which the loop multiplies by the gradients.
        d_gates = torch.empty_like(gates)
        d_f, d_r, d_candidate, d_o = d_gates.split(units, 2)
        _refine_derivatives(cells[:-1], candidate, f, r, out=(d_f, d_r))
        _candidate_derivative(candidate, kept, out=d_candidate)
        torch.mul(tanh_cells, o, out=d_o).addcmul_(d_o, o, value=-1)
        by_c = torch.addcmul(one_like(o), tanh_cells, tanh_cells, value=-1).mul_(o).unbind(0)
        d_others = d_gates[:, :, : 3 * units].unflatten(2, (3, units)).unbind(0)
        d_h = d_outputs.clone(memory_format=torch.contiguous_format).unbind(0)
        d_o, d_step, kept = d_o.unbind(0), d_gates.unbind(0), kept.unbind(0)
        recurrent_transposed = recurrent.t().contiguous()
        d_c = d_last_cell.clone(memory_format=torch.contiguous_format)
        d_c_columns = d_c.unsqueeze(1)
        for t in reversed(range(len(d_h))):
            d_c.addcmul_(d_h[t], by_c[t])
            d_others[t].mul_(d_c_columns)
            d_o[t].mul_(d_h[t])
            d_c.mul_(kept[t])
            if t:
                d_h[t - 1].addmm_(d_step[t], recurrent_transposed)
        d_initial = None, None
        if ctx.has_initial:
            d_initial = d_step[0] @ recurrent_transposed, d_c
        return d_gates, gradient_of_kernel(outputs[:-1], d_gates), *d_initial


class RefineGRU(torch.autograd.Function):
    """The GRU with a refine gate: projected inputs are of shape (T, batch, 4 * units).

    Their columns are forget gate, refine gate, reset gate and candidate.
    """

    @staticmethod
    def forward(ctx, projected, recurrent, initial_h):
        """Run the loop, and save what the backward pass needs."""
        units = recurrent.shape[0]
        outputs = with_start(projected, units, initial_h)
        kept, products = torch.empty_like(outputs[1:]), torch.zeros_like(projected)
        h, g, product = outputs.unbind(0), kept.unbind(0), products.unbind(0)
        gates = projected[:, :, : 3 * units].unbind(0)
        gate_products = products[:, :, : 3 * units].unbind(0)
        candidate_products = products[:, :, 3 * units :]
        f, r, s, candidate = columns(projected, units)
        first = 1 if initial_h is None else 0
        for t in range(len(projected)):
            if t >= first:
                torch.mm(h[t], recurrent, out=product[t])
            gates[t].add_(gate_products[t]).sigmoid_()
            candidate[t].addcmul_(s[t], candidate_products[t]).tanh_()
            _effective_gate(f[t], r[t], out=g[t])
            torch.lerp(candidate[t], h[t], g[t], out=h[t + 1])
        ctx.save_for_backward(projected, outputs, kept, candidate_products.clone(), recurrent)
        ctx.has_initial = initial_h is not None
        return outputs[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx, d_outputs):
        """Return the gradients of projected inputs, recurrent kernel and initial state."""
        gates, outputs, kept, products, recurrent = ctx.saved_tensors
        units = recurrent.shape[0]
        f, r, s, candidate = gates.split(units, 2)
        # These are first derivatives, which the loop multiplies by the gradients. The last block
        # of columns is that of the recurrent product of the candidate.
        derivatives = gates.new_empty((*gates.shape[:2], 5 * units))
        d_candidate, d_f, d_r, d_s, d_product = derivatives.split(units, 2)
        _refine_derivatives(outputs[:-1], candidate, f, r, out=(d_f, d_r))
        _candidate_derivative(candidate, kept, out=d_candidate)
        torch.mul(d_candidate, s, out=d_product)
        torch.mul(d_product, products, out=d_s).addcmul_(d_s, s, value=-1)
        by_h = derivatives[:, :, units:].unbind(0)
        d_columns = derivatives.unflatten(2, (5, units)).unbind(0)
        d_outputs = d_outputs.clone(memory_format=torch.contiguous_format)
        d_h, d_h_columns = d_outputs.unbind(0), d_outputs.unsqueeze(2).unbind(0)
        kept, recurrent_transposed = kept.unbind(0), recurrent.t().contiguous()
        for t in reversed(range(len(d_h))):
            d_columns[t].mul_(d_h_columns[t])
            d_before = d_h[t - 1] if t else torch.zeros_like(d_h[0])
            d_before.addcmul_(d_h[t], kept[t]).addmm_(by_h[t], recurrent_transposed)
        d_recurrent = gradient_of_kernel(outputs[:-1], derivatives[:, :, units:])
        d_gates = torch.cat([derivatives[:, :, units : 4 * units], d_candidate], 2)
        return d_gates, d_recurrent, d_before if ctx.has_initial else None


def _effective_gate(f, r, out):
    """Write the effective gate of a forget gate and a refine gate."""
    torch.addcmul(r, f, r, value=-1, out=out).mul_(2).add_(f).mul_(f)


def _refine_derivatives(before, candidate, f, r, out):
    """Write the derivatives of the state by the logits of the forget gate and the refine gate."""
    d_f, d_r = out
    slope = torch.sub(before, candidate).mul_(2)
    slope.mul_(torch.addcmul(f, f, f, value=-1))
    torch.addcmul(f + r, f, r, value=-2, out=d_f).mul_(slope)
    torch.addcmul(r, r, r, value=-1, out=d_r).mul_(slope)


def _candidate_derivative(candidate, kept, out):
    """Write the derivative of the state by the logit of the candidate."""
    torch.addcmul(one_like(candidate), candidate, candidate, value=-1, out=out)
    out.addcmul_(out, kept, value=-1)


LOOPS = {"refine_lstm": RefineLSTM, "refine_gru": RefineGRU}
