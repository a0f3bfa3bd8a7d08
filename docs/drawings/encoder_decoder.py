"""Drawings of networks that write a sequence: one to many, and an encoder-decoder."""

from drawings.elements import (
    GATE,
    INPUT,
    OUTPUT,
    PEEPHOLE,
    STATE,
    box,
    canvas,
    circle,
    dot,
    label,
    line,
)

_RADIUS = 0.42
_BOTTOM, _CELLS, _ATTENTION, _COMBINE = 0.5, 2.2, 4.1, 4.9
_CELL_TOP = _CELLS + 0.35
_STEP = 2.0
_OUTPUTS = (r"$\hat y_1$", r"$\hat y_2$", r"$\hat y_3$", "stop")


def draw_one_to_many():
    """Draw a decoder whose first state is computed from one vector."""
    top = 3.9
    figure, ax = canvas((0.1, 9.9), (-0.1, 4.5))
    circle(ax, 0.8, _CELLS, "$x$", color=INPUT, radius=_RADIUS)
    _decoder(ax, 2.5, (*_OUTPUTS[:3], r"$\hat y_4$"), top, start="0")
    line(ax, (0.8 + _RADIUS, _CELLS), (1.85, _CELLS))
    return figure


def draw_encoder_decoder(*, attention=False):
    """Draw an encoder-decoder, with or without attention.

    Parameters
    ----------
    attention : bool, default=False
        Whether the attention of one time step of the decoder is drawn, too.
    """
    top = 6.3 if attention else 3.9
    figure, ax = canvas((0.1, 14.2), (-0.1, top + 0.6))
    encoder, first = (0.9, 2.7, 4.5), 6.9
    for i, x in enumerate(encoder):
        circle(ax, x, _BOTTOM, f"$x_{i + 1}$", color=INPUT, radius=_RADIUS)
        line(ax, (x, _BOTTOM + _RADIUS), (x, _CELLS - 0.35))
        box(ax, x, _CELLS, "encoder", width=1.3, height=0.7, color=STATE, size=11)
        following = (*encoder[1:], first)[i]
        line(ax, (x + 0.65, _CELLS), (following - 0.65, _CELLS))
        if attention:
            line(ax, (x, _CELL_TOP), (x, _ATTENTION - 0.4))
    _decoder(ax, first, _OUTPUTS, top, combines=attention)
    if attention:
        _attention(ax, first + _STEP)
    return figure


def _decoder(ax, first, outputs, top, *, start="start", combines=False):
    """Draw the time steps of a decoder, each of which receives the output before."""
    for i, output in enumerate(outputs):
        x = first + _STEP * i
        given = outputs[i - 1] if i else start
        circle(ax, x, _BOTTOM, given, color=INPUT, radius=_RADIUS, size=11)
        line(ax, (x, _BOTTOM + _RADIUS), (x, _CELLS - 0.35))
        box(ax, x, _CELLS, "decoder", width=1.3, height=0.7, color=OUTPUT, size=11)
        if combines:
            line(ax, (x, _CELL_TOP), (x, _COMBINE - 0.3))
            box(ax, x, _COMBINE, "tanh")
        line(ax, (x, _COMBINE + 0.3 if combines else _CELL_TOP), (x, top - _RADIUS))
        circle(ax, x, top, output, color=OUTPUT, radius=_RADIUS, size=11)
        if i < len(outputs) - 1:
            line(ax, (x + 0.65, _CELLS), (x + _STEP - 0.65, _CELLS))
            _feed_back(ax, x, top)


def _feed_back(ax, x, top):
    """Connect the output of a time step to the input of the next one."""
    down = x + 0.85
    points = (x + _RADIUS, top), (down, top), (down, _BOTTOM), (x + _STEP - _RADIUS, _BOTTOM)
    line(ax, *points, dashed=True)


def _attention(ax, x):
    """Draw the attention of the time step of the decoder at `x`."""
    box(ax, 2.7, _ATTENTION, "attention: weighted mean", width=4.9, height=0.8, color=GATE)
    right, query, context = 2.7 + 2.45, 3.3, _ATTENTION + 0.2
    dot(ax, x, query, PEEPHOLE)
    below = _ATTENTION - 0.2
    line(ax, (x, query), (5.7, query), (5.7, below), (right, below), color=PEEPHOLE)
    entry = x - 0.65
    points = (right, context), (entry, context), (entry, _COMBINE), (x - 0.4, _COMBINE)
    line(ax, *points, color=PEEPHOLE)
    label(ax, 6.3, query - 0.25, "$h_2$", color=PEEPHOLE)
    label(ax, 6.3, context + 0.25, "$c_2$", color=PEEPHOLE)
