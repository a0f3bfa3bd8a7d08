"""Time loops of many models at once on PyTorch, with hand-written gradients.

Within `torch.vmap`, an operation on the tensors of one model is run for all of them. Its rules know
plain operations only, of which a time step of a cell needs a few dozen, and each of them starts a
kernel. The loops here receive the tensors of all models, so that a time step is one
product for all models and the functions of `many_cells`.

The axis of models is the next to last one of each array. A time step of an array of shape
(T, batch, models, columns) is contiguous, and the whole of it is an operand of batched products
without a copy: a matrix for each model, with a row for each time step of each sequence.
"""

from functools import partial

import torch
from torch.autograd.function import once_differentiable
from torch.nn.functional import embedding

from skrnn.networks.backends.torch.many_cells import COLUMNS, step_functions

# The number of features is a multiple of it.
_ROW = 4


def has_loop_of_many(cell):
    """Return whether `run_many` can run the cell."""
    return cell in COLUMNS


def run_many(cell, steps, mask, weights, initial_states=None):
    """Run a cell over all time steps, for a function of one model within `torch.vmap`.

    The parameters and the return value are those of `run_steps`.
    """
    kernel, recurrent, bias = (getattr(weight, "value", weight) for weight in weights.values())
    kernel, recurrent, bias = (_arrange(cell, one) for one in (kernel, recurrent, bias))
    bias, recurrent_bias = bias.unbind(0) if bias.ndim == 2 else (bias, None)
    if steps.ndim == 2:
        # Codes stand for one-hot vectors, whose mask has a factor for each of them.
        projected = embedding(steps.t(), kernel)
        projected = projected if mask is None else projected * mask.t().unsqueeze(2)
        projected = projected + bias
    else:
        steps = steps if mask is None else steps * mask.unsqueeze(1)
        projected = _OfAllModels.apply(_project, steps.transpose(0, 1), kernel, bias)
    run = partial(_Loop.apply, cell)
    states = initial_states or ()
    outputs, *states = _OfAllModels.apply(run, projected, recurrent, recurrent_bias, *states)
    return outputs.transpose(0, 1), [outputs[-1], *states]


def _arrange(cell, weight):
    """Return a weight with its columns in the order of `many_cells`."""
    order = COLUMNS[cell]
    if order == tuple(sorted(order)):
        return weight
    blocks = weight.chunk(len(order), -1)
    return torch.cat([blocks[i] for i in order], -1)


class _OfAllModels(torch.autograd.Function):
    """Calls a differentiable function with the tensors of all models, within `torch.vmap`."""

    @staticmethod
    def setup_context(ctx, inputs, output):
        """Do nothing; `torch.vmap` requires this method, and uses the gradients of the function."""

    @staticmethod
    def vmap(info, in_dims, function, *tensors):
        """Move the axis of models to its place, and call the function."""
        dims = in_dims[1:]
        tensors = [
            None if tensor is None else _with_models(tensor, dim, info.batch_size)
            for tensor, dim in zip(tensors, dims, strict=True)
        ]
        results = function(*tensors)
        if isinstance(results, tuple):
            return results, tuple(one.ndim - 2 for one in results)
        return results, results.ndim - 2


def _with_models(tensor, dim, n_models):
    """Return a tensor with the axis of models next to last, also if it is the same for them."""
    if dim is None:
        tensor, dim = tensor.unsqueeze(0).expand(n_models, *tensor.shape), 0
    return tensor.movedim(dim, -2)


def _matrices(array):
    """Return an array as matrices of shape (models, rows, columns), without a copy."""
    return array.view(-1, *array.shape[-2:]).transpose(0, 1)


def _transposed(array):
    return _matrices(array).transpose(1, 2)


def _project(steps, kernel, bias):
    """Return the projected inputs of all time steps.

    The bias is a further row of the kernel, so that it needs no pass over the large arrays of the
    projected inputs and of their gradients.

    Parameters
    ----------
    steps : tensor of shape (T, batch, models, n_features)
    kernel : tensor of shape (n_features, models, columns)
    bias : tensor of shape (models, columns)
    """
    # Products are faster if rows begin at multiples of 16 bytes.
    n_new = _ROW - len(kernel) % _ROW
    steps = torch.cat([steps, steps.new_ones((*steps.shape[:-1], n_new))], -1)
    rows = [kernel, bias.unsqueeze(0), bias.new_zeros((n_new - 1, *bias.shape))]
    return _Projection.apply(steps, torch.cat(rows))


class _Projection(torch.autograd.Function):
    """The products of all time steps with a kernel, whose shapes are those of `_project`."""

    @staticmethod
    def forward(ctx, steps, kernel):
        """Return the products, of shape (T, batch, models, columns)."""
        steps = steps.contiguous()
        ctx.save_for_backward(steps, kernel)
        return _products(steps, _matrices(kernel))

    @staticmethod
    @once_differentiable
    def backward(ctx, d_products):
        """Return the gradients of the steps and the kernel."""
        steps, kernel = ctx.saved_tensors
        d_products, d_steps = d_products.contiguous(), None
        if ctx.needs_input_grad[0]:
            d_steps = _products(d_products, _transposed(kernel))
        return d_steps, _gradient_of_kernel(steps, d_products)


class _Loop(torch.autograd.Function):
    """The recurrence of a cell.

    The arguments are the name of the cell, the projected inputs of shape (T, batch, models,
    columns), the recurrent kernel of shape (units, models, columns), its bias of shape (models,
    columns) or None, and the initial states of shape (batch, models, units), if they are not zero.
    """

    @staticmethod
    def forward(ctx, cell, projected, recurrent, bias, *initial_states):
        """Return the outputs at all time steps, and the other final states."""
        projected, kernel = projected.contiguous(), _matrices(recurrent)
        run_step, ctx.gradients = step_functions(cell, projected.is_cuda)
        states = [state.contiguous() for state in initial_states]
        if not states:
            zeros = projected.new_zeros((*projected.shape[1:3], recurrent.shape[0]))
            states = [zeros] * (2 if cell == "lstm" else 1)
        outputs, kept = [states[0]], []
        for t, product in enumerate(_places_of_products(projected, bias)):
            if bias is None:
                torch.bmm(_matrices(states[0]), kernel, out=_matrices(product))
            else:
                _matrices(product).baddbmm_(_matrices(states[0]), kernel)
            states, needed = run_step(projected[t], product, *states)
            outputs.append(states[0])
            kept += needed
        outputs = torch.stack(outputs)
        ctx.save_for_backward(outputs, recurrent, *kept)
        ctx.has_bias, ctx.has_initial = bias is not None, bool(initial_states)
        return outputs[1:], *states[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx, d_outputs, *d_states):
        """Return the gradients of projected inputs, recurrent kernel, bias and initial states."""
        outputs, recurrent, *kept = ctx.saved_tensors
        n_steps, kernel_transposed = len(d_outputs), _transposed(recurrent)
        d_h = _gradients_of_states(d_outputs)
        d_states = [one.contiguous() for one in d_states]
        d_projected, d_products, size = [None] * n_steps, [None] * n_steps, len(kept) // n_steps
        for t in reversed(range(n_steps)):
            needed = kept[t * size : (t + 1) * size]
            found = ctx.gradients(needed, d_h[t + 1], *d_states)
            d_projected[t], d_products[t], d_before, *d_states = found
            if d_before is not None:
                d_h[t].add_(d_before)
            _matrices(d_h[t]).baddbmm_(_matrices(d_products[t]), kernel_transposed)
        is_same = d_projected[0] is d_products[0]
        d_projected = torch.stack(d_projected)
        d_products = d_projected if is_same else torch.stack(d_products)
        d_kernel = _gradient_of_kernel(outputs[:-1], d_products)
        d_bias = d_products.sum((0, 1)) if ctx.has_bias else None
        d_initial = (d_h[0], *d_states) if ctx.has_initial else ()
        return None, d_projected, d_kernel, d_bias, *d_initial


def _products(rows, kernels):
    """Return the products of rows of shape (T, batch, models, n) with the matrices of models."""
    products = rows.new_empty((*rows.shape[:-1], kernels.shape[-1]))
    torch.bmm(_matrices(rows), kernels, out=_matrices(products))
    return products


def _gradients_of_states(d_outputs):
    """Return new arrays for the gradients of the initial state and of all outputs."""
    d_h = d_outputs.new_empty((len(d_outputs) + 1, *d_outputs.shape[1:]))
    d_h[0].zero_()
    d_h[1:].copy_(d_outputs)
    return d_h.unbind(0)


def _places_of_products(projected, bias):
    """Return an array for the product of each time step, which contains the bias if there is one.

    A bias would otherwise be added by a kernel at each time step. Without one, the memory is used
    again at each time step.
    """
    if bias is None:
        return [torch.empty_like(projected[0])] * len(projected)
    return bias.expand_as(projected).contiguous().unbind(0)


def _gradient_of_kernel(rows, d_products):
    """Return the gradient of a kernel, of shape (rows, models, columns)."""
    return torch.bmm(_transposed(rows), _matrices(d_products)).transpose(0, 1)
