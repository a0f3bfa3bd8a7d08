"""One time step of the cells in `many_loops`, after its product: on a GPU, one fused kernel.

The arrays have any number of axes in front of the columns, and each row is a separate time step.
The first function of a cell returns the next states, and what its second function needs, which
computes the gradients. PyTorch has the fused kernels of its LSTM and its GRU on a GPU only, so the
same functions in plain operations run elsewhere.
"""

import torch

_lstm = torch.ops.aten._thnn_fused_lstm_cell
_lstm_gradients = torch.ops.aten._thnn_fused_lstm_cell_backward_impl
_gru = torch.ops.aten._thnn_fused_gru_cell
_gru_gradients = torch.ops.aten._thnn_fused_gru_cell_backward


def step_functions(cell, is_cuda):
    """Return the function of a time step, and the one of its gradients.

    Parameters
    ----------
    cell : str
        A key of `COLUMNS`.
    is_cuda : bool
        Whether the arrays are on a GPU.

    Returns
    -------
    step : callable
        A function of the projected input, the product with the recurrent kernel, and the states.
        It returns the next states, and a tuple of tensors for `gradients`.
    gradients : callable
        A function of that tuple and the gradients of the next states. It returns the gradients of
        the projected input, of the product, and of the states. The gradient of the first state,
        which is without the part that comes from the product, is None if it is zero.
    """
    return (_FUSED if is_cuda and cell in _FUSED else _PLAIN)[cell]


def _fused_lstm(projected, product, _, c):
    *states, gates = _lstm(*map(_as_rows, (projected, product, c)))
    h, next_c = (state.view(c.shape) for state in states)
    return (h, next_c), (c, next_c, gates)


def _fused_lstm_gradients(kept, d_h, d_c):
    c, next_c, gates = kept
    rows = map(_as_rows, (d_h, d_c, c, next_c))
    d_gates, d_c, _ = _lstm_gradients(*rows, gates, False)
    d_gates = d_gates.view(*c.shape[:-1], -1)
    return d_gates, d_gates, None, d_c.view(c.shape)


def _plain_lstm(projected, product, _, c):
    gates = projected + product
    i, f, g, o = gates.chunk(4, -1)
    gates[..., : 2 * c.shape[-1]].sigmoid_()
    next_c = (i * g.tanh_()).addcmul_(f, c)
    return (next_c.tanh().mul_(o.sigmoid_()), next_c), (c, next_c, gates)


def _plain_lstm_gradients(kept, d_h, d_c):
    c, next_c, gates = kept
    i, f, g, o = gates.chunk(4, -1)
    tanh_c = next_c.tanh()
    d_c = d_c + d_h * o * (1 - tanh_c * tanh_c)
    d_i_and_f = _by_sigmoid(torch.cat([d_c * g, d_c * c], -1), gates[..., : 2 * c.shape[-1]])
    d_g, d_o = d_c * i * (1 - g * g), _by_sigmoid(d_h * tanh_c, o)
    d_gates = torch.cat([d_i_and_f, d_g, d_o], -1)
    return d_gates, d_gates, None, d_c * f


def _fused_gru(projected, product, h):
    next_h, kept = _gru(*map(_as_rows, (projected, product, h)))
    return (next_h.view(h.shape),), (kept,)


def _fused_gru_gradients(kept, d_h):
    found = _gru_gradients(_as_rows(d_h), *kept, False)
    return [one.view(*d_h.shape[:-1], -1) for one in found[:3]]


def _plain_gru(projected, product, h):
    units = h.shape[-1]
    r, z = (projected + product)[..., : 2 * units].sigmoid_().chunk(2, -1)
    candidate_product = product[..., 2 * units :].clone()
    candidate = torch.addcmul(projected[..., 2 * units :], r, candidate_product).tanh_()
    return (torch.lerp(candidate, h, z),), (r, z, candidate, h, candidate_product)


def _plain_gru_gradients(kept, d_h):
    r, z, candidate, h, candidate_product = kept
    d_candidate = d_h * (1 - z) * (1 - candidate * candidate)
    d_r = _by_sigmoid(d_candidate * candidate_product, r)
    d_z = _by_sigmoid(d_h * (h - candidate), z)
    d_projected = torch.cat([d_r, d_z, d_candidate], -1)
    return d_projected, torch.cat([d_r, d_z, d_candidate * r], -1), d_h * z


def _plain_minimal_gru(projected, product, h):
    u, candidate = (projected + product).chunk(2, -1)
    u, candidate = u.sigmoid_(), candidate.tanh_()
    return (torch.lerp(h, candidate, u),), (u, candidate, h)


def _plain_minimal_gru_gradients(kept, d_h):
    u, candidate, h = kept
    d_u = _by_sigmoid(d_h * (candidate - h), u)
    d_gates = torch.cat([d_u, d_h * u * (1 - candidate * candidate)], -1)
    return d_gates, d_gates, d_h * (1 - u)


def _plain_simple(projected, product, _):
    h = (projected + product).tanh_()
    return (h,), (h,)


def _plain_simple_gradients(kept, d_h):
    (h,) = kept
    d_gates = d_h * (1 - h * h)
    return d_gates, d_gates, None


def _plain_relu(projected, product, _):
    h = (projected + product).relu_()
    return (h,), (h,)


def _plain_relu_gradients(kept, d_h):
    (h,) = kept
    d_gates = d_h * (h > 0)
    return d_gates, d_gates, None


def _as_rows(array):
    return array.flatten(0, -2)


def _by_sigmoid(d_values, values):
    """Return the gradients before a sigmoid, given those after it and its values."""
    return d_values * values * (1 - values)


_FUSED = {
    "lstm": (_fused_lstm, _fused_lstm_gradients),
    "gru": (_fused_gru, _fused_gru_gradients),
}
_PLAIN = {
    "simple": (_plain_simple, _plain_simple_gradients),
    "irnn": (_plain_relu, _plain_relu_gradients),
    "lstm": (_plain_lstm, _plain_lstm_gradients),
    "gru": (_plain_gru, _plain_gru_gradients),
    "minimal_gru": (_plain_minimal_gru, _plain_minimal_gru_gradients),
}

# The blocks of columns of each cell by their numbers in Keras' weights.
COLUMNS = {
    "simple": (0,),
    "irnn": (0,),
    "lstm": (0, 1, 2, 3),
    "gru": (1, 0, 2),
    "minimal_gru": (0, 1),
}
