"""Time loops of recurrent layers on PyTorch, with hand-written gradients: one class for each cell.

A time step consists of a product with the recurrent kernel and a few elementwise operations in
place. Values that do not depend on the previous time step are computed for all time steps at once,
before or after the loop. For the backward pass, the derivatives with respect to the gates are
computed before its loop, so that each of its time steps also consists of a few products. Arrays
have the shape (T, batch, columns), so that a time step is contiguous in memory.

Each function takes the projected inputs, whose memory it overwrites, the recurrent kernel, and
the initial states. If these are None, states are zero, and the product of the first time step with
zeros is left out. It returns the outputs, and the other final states if the cell has any.
"""

from itertools import pairwise

import torch
from torch.autograd.function import once_differentiable


def run_simple(ctx, projected, recurrent, initial_h, activate):
    """Run the loop of a simple unit with an activation in place, and save what the gradient needs.

    The projected inputs are of shape (T, batch, units).
    """
    steps = projected.unbind(0)
    if initial_h is not None:
        steps[0].addmm_(initial_h, recurrent)
    activate(steps[0])
    for before, now in pairwise(steps):
        activate(now.addmm_(before, recurrent))
    outputs = projected.detach()
    ctx.save_for_backward(outputs, recurrent, initial_h)
    return outputs


def simple_gradients(ctx, d_outputs, derivatives_of):
    """Return the gradients of projected inputs, recurrent kernel and initial state.

    `derivatives_of` returns the derivatives of the activation for its outputs.
    """
    outputs, recurrent, initial_h = ctx.saved_tensors
    d_gates = d_outputs.clone(memory_format=torch.contiguous_format)
    derivatives = derivatives_of(outputs).unbind(0)
    steps, recurrent_transposed = d_gates.unbind(0), recurrent.t().contiguous()
    for t in reversed(range(len(steps))):
        steps[t].mul_(derivatives[t])
        if t:
            steps[t - 1].addmm_(steps[t], recurrent_transposed)
    d_recurrent = gradient_of_kernel(outputs[:-1], d_gates[1:])
    if initial_h is None:
        return d_gates, d_recurrent, None
    d_recurrent.addmm_(initial_h.t(), steps[0])
    return d_gates, d_recurrent, steps[0] @ recurrent_transposed


class SimpleRNN(torch.autograd.Function):
    """The simple unit: projected inputs are of shape (T, batch, units)."""

    @staticmethod
    def forward(ctx, projected, recurrent, initial_h):
        """Run the loop, and save what the backward pass needs."""
        return run_simple(ctx, projected, recurrent, initial_h, torch.tanh_)

    @staticmethod
    @once_differentiable
    def backward(ctx, d_outputs):
        """Return the gradients of projected inputs, recurrent kernel and initial state."""
        return simple_gradients(ctx, d_outputs, _derivatives_of_tanh)


def _derivatives_of_tanh(outputs):
    return torch.addcmul(one_like(outputs), outputs, outputs, value=-1)


class LSTM(torch.autograd.Function):
    """Long short-term memory: projected inputs are of shape (T, batch, 4 * units).

    Their columns are output gate, input gate, forget gate and candidate.
    """

    @staticmethod
    def forward(ctx, projected, recurrent, initial_h, initial_c):
        """Run the loop, and save what the backward pass needs."""
        units = recurrent.shape[0]
        outputs, cells = (with_start(projected, units, one) for one in (initial_h, initial_c))
        tanh_cells = with_start(projected, units, None)
        h, c, tanh_c = (array.unbind(0) for array in (outputs, cells, tanh_cells))
        gates = projected[:, :, : 3 * units].unbind(0)
        o, i, f, g = columns(projected, units)
        first = 1 if initial_h is None else 0
        for t, step in enumerate(projected.unbind(0)):
            if t >= first:
                step.addmm_(h[t], recurrent)
            gates[t].sigmoid_()
            g[t].tanh_()
            torch.mul(i[t], g[t], out=c[t + 1]).addcmul_(f[t], c[t])
            torch.tanh(c[t + 1], out=tanh_c[t + 1])
            torch.mul(o[t], tanh_c[t + 1], out=h[t + 1])
        ctx.save_for_backward(projected, outputs, cells, tanh_cells, recurrent)
        ctx.has_initial = initial_h is not None
        return outputs[1:], cells[-1].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx, d_outputs, d_last_cell):
        """Return the gradients of projected inputs, recurrent kernel and initial states."""
        gates, outputs, cells, tanh_cells, recurrent = ctx.saved_tensors
        units = recurrent.shape[0]
        d_gates, d_cell_by_output = _lstm_derivatives(gates, cells, tanh_cells, units)
        d_outputs = d_outputs.clone(memory_format=torch.contiguous_format)
        d_o, d_h = d_gates[:, :, :units].unbind(0), d_outputs.unbind(0)
        d_others = d_gates[:, :, units:].unflatten(2, (3, units)).unbind(0)
        d_step, recurrent_transposed = d_gates.unbind(0), recurrent.t().contiguous()
        forget = gates[:, :, 2 * units : 3 * units].unbind(0)
        d_c = d_last_cell.clone(memory_format=torch.contiguous_format)
        d_c_columns = d_c.unsqueeze(1)
        for t in reversed(range(len(d_h))):
            d_c.addcmul_(d_h[t], d_cell_by_output[t])
            d_others[t].mul_(d_c_columns)
            d_o[t].mul_(d_h[t])
            if t:
                d_c.mul_(forget[t])
                d_h[t - 1].addmm_(d_step[t], recurrent_transposed)
        d_initial = None, None
        if ctx.has_initial:
            d_initial = d_step[0] @ recurrent_transposed, d_c * forget[0]
        return d_gates, gradient_of_kernel(outputs[:-1], d_gates), *d_initial


def _lstm_derivatives(gates, cells, tanh_cells, units):
    """Return derivatives at all time steps, which the loop multiplies by the gradients.

    The first return value contains the derivatives with respect to the projected inputs of the
    gates: that of the output for the output gate, and those of the cell state for the other gates.
    The second return value is the derivative of the output with respect to the cell state.
    """
    o, i, f, g = gates.split(units, 2)
    tanh_c = tanh_cells[1:]
    derivatives = torch.empty_like(gates)
    by_o, by_i, by_f, by_g = derivatives.split(units, 2)
    torch.mul(tanh_c, o, out=by_o).addcmul_(by_o, o, value=-1)
    torch.mul(g, i, out=by_i).addcmul_(by_i, i, value=-1)
    torch.mul(cells[:-1], f, out=by_f).addcmul_(by_f, f, value=-1)
    torch.addcmul(one_like(g), g, g, value=-1, out=by_g).mul_(i)
    by_c = torch.addcmul(one_like(tanh_c), tanh_c, tanh_c, value=-1).mul_(o)
    return derivatives, by_c.unbind(0)


class GRU(torch.autograd.Function):
    """The gated recurrent unit: projected inputs are of shape (T, batch, 4 * units).

    Their columns are update gate, reset gate, the bias of the candidate's recurrent product (to
    which the loop adds the product), and the candidate's projected input.
    """

    @staticmethod
    def forward(ctx, projected, recurrent, initial_h):
        """Run the loop, and save what the backward pass needs."""
        units = recurrent.shape[0]
        outputs = with_start(projected, units, initial_h)
        h = outputs.unbind(0)
        gates = projected[:, :, : 2 * units].unbind(0)
        z, r, candidate_h, candidate = columns(projected, units)
        first = 1 if initial_h is None else 0
        for t, product in enumerate(projected[:, :, : 3 * units].unbind(0)):
            if t >= first:
                product.addmm_(h[t], recurrent)
            gates[t].sigmoid_()
            candidate[t].addcmul_(r[t], candidate_h[t]).tanh_()
            torch.lerp(candidate[t], h[t], z[t], out=h[t + 1])
        ctx.save_for_backward(projected, outputs, recurrent)
        ctx.has_initial = initial_h is not None
        return outputs[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx, d_outputs):
        """Return the gradients of projected inputs, recurrent kernel and initial state."""
        gates, outputs, recurrent = ctx.saved_tensors
        d_outputs = d_outputs.clone(memory_format=torch.contiguous_format)
        units = recurrent.shape[0]
        z, r, candidate_h, candidate = gates.split(units, 2)
        # These are first the derivatives of the output, which the loop multiplies by its gradient.
        d_gates = torch.empty_like(gates)
        d_z, d_r, d_candidate_h, d_candidate = d_gates.split(units, 2)
        torch.sub(outputs[:-1], candidate, out=d_z).mul_(z).addcmul_(d_z, z, value=-1)
        torch.addcmul(one_like(candidate), candidate, candidate, value=-1, out=d_candidate)
        d_candidate.addcmul_(d_candidate, z, value=-1)
        torch.mul(d_candidate, r, out=d_candidate_h)
        torch.mul(d_candidate_h, candidate_h, out=d_r).addcmul_(d_r, r, value=-1)
        d_columns = d_gates.unflatten(2, (4, units)).unbind(0)
        d_product = d_gates[:, :, : 3 * units].unbind(0)
        d_h_columns, d_h = d_outputs.unsqueeze(2).unbind(0), d_outputs.unbind(0)
        z, recurrent_transposed = z.unbind(0), recurrent.t().contiguous()
        for t in reversed(range(len(d_h))):
            d_columns[t].mul_(d_h_columns[t])
            if t:
                d_h[t - 1].addcmul_(d_h[t], z[t]).addmm_(d_product[t], recurrent_transposed)
        d_initial = None
        if ctx.has_initial:
            d_initial = torch.addmm(d_h[0] * z[0], d_product[0], recurrent_transposed)
        return d_gates, gradient_of_kernel(outputs[:-1], d_gates[:, :, : 3 * units]), d_initial


class MinimalGRU(torch.autograd.Function):
    """The GRU without a reset gate: projected inputs are of shape (T, batch, 2 * units).

    Their columns are update gate and candidate.
    """

    @staticmethod
    def forward(ctx, projected, recurrent, initial_h):
        """Run the loop, and save what the backward pass needs."""
        units = recurrent.shape[0]
        outputs = with_start(projected, units, initial_h)
        h = outputs.unbind(0)
        u, candidate = columns(projected, units)
        first = 1 if initial_h is None else 0
        for t, step in enumerate(projected.unbind(0)):
            if t >= first:
                step.addmm_(h[t], recurrent)
            torch.lerp(h[t], candidate[t].tanh_(), u[t].sigmoid_(), out=h[t + 1])
        ctx.save_for_backward(projected, outputs, recurrent)
        ctx.has_initial = initial_h is not None
        return outputs[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx, d_outputs):
        """Return the gradients of projected inputs, recurrent kernel and initial state."""
        gates, outputs, recurrent = ctx.saved_tensors
        d_outputs = d_outputs.clone(memory_format=torch.contiguous_format)
        units = recurrent.shape[0]
        u, candidate = gates.split(units, 2)
        # These are first the derivatives of the output, which the loop multiplies by its gradient.
        d_gates = torch.empty_like(gates)
        d_u, d_candidate = d_gates.split(units, 2)
        torch.sub(candidate, outputs[:-1], out=d_u).mul_(u).addcmul_(d_u, u, value=-1)
        torch.addcmul(one_like(candidate), candidate, candidate, value=-1, out=d_candidate).mul_(u)
        d_columns, d_step = d_gates.unflatten(2, (2, units)).unbind(0), d_gates.unbind(0)
        d_h_columns, d_h = d_outputs.unsqueeze(2).unbind(0), d_outputs.unbind(0)
        kept, recurrent_transposed = (1 - u).unbind(0), recurrent.t().contiguous()
        for t in reversed(range(len(d_h))):
            d_columns[t].mul_(d_h_columns[t])
            if t:
                d_h[t - 1].addcmul_(d_h[t], kept[t]).addmm_(d_step[t], recurrent_transposed)
        d_initial = None
        if ctx.has_initial:
            d_initial = torch.addmm(d_h[0] * kept[0], d_step[0], recurrent_transposed)
        return d_gates, gradient_of_kernel(outputs[:-1], d_gates), d_initial


LOOPS = {"simple": SimpleRNN, "lstm": LSTM, "gru": GRU, "minimal_gru": MinimalGRU}


def with_start(projected, units, initial):
    """Return an array for the states at all time steps, preceded by the initial state or zeros."""
    states = projected.new_empty((projected.shape[0] + 1, projected.shape[1], units))
    # An assignment would make a tensor from the number, which a CUDA graph cannot contain.
    states[0].zero_() if initial is None else states[0].copy_(initial)
    return states


def columns(projected, units):
    """Return each block of columns as a tuple of time steps."""
    return [block.unbind(0) for block in projected.split(units, 2)]


def one_like(array):
    """Return a one of the dtype and on the device of an array."""
    return array.new_ones(())


def gradient_of_kernel(states, d_gates):
    """Return the gradient of the recurrent kernel."""
    return states.flatten(0, 1).t() @ d_gates.flatten(0, 1)
