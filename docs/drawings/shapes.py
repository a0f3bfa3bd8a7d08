"""Drawings of a network with one or many inputs, and one or many outputs."""

from drawings.elements import INPUT, OUTPUT, STATE, box, canvas, circle, line

_RADIUS = 0.38
_STEP = 1.7


def draw_shape(inputs, outputs):
    """Draw a network with inputs and outputs at some of its time steps.

    Parameters
    ----------
    inputs, outputs : list of str
        The names of the input and the output of each time step, as mathematical text. An empty
        string stands for none.
    """
    n_steps = len(inputs)
    figure, ax = canvas((0.0, _STEP * n_steps + 0.1), (-0.1, 4.5))
    for i, (given, wanted) in enumerate(zip(inputs, outputs, strict=True)):
        x = _STEP * i + 0.9
        box(ax, x, 2.2, "cell", width=1.1, height=0.7, color=STATE)
        if i < n_steps - 1:
            line(ax, (x + 0.55, 2.2), (x + _STEP - 0.55, 2.2))
        if given:
            circle(ax, x, 0.5, f"${given}$", color=INPUT, radius=_RADIUS)
            line(ax, (x, 0.5 + _RADIUS), (x, 1.85))
        if wanted:
            line(ax, (x, 2.55), (x, 3.9 - _RADIUS))
            circle(ax, x, 3.9, f"${wanted}$", color=OUTPUT, radius=_RADIUS)
    return figure
