"""Drawings of the unrolled network, and of internal and external recurrence."""

from drawings.elements import INPUT, OUTPUT, STATE, box, canvas, circle, dot, label, line

_BIG = 0.38


def draw_unrolled():
    """Draw a recurrent network as a loop, and the same network unrolled over four time steps."""
    figure, ax = canvas((-0.6, 12.6), (-0.1, 4.5))
    _column(ax, 1.0, "t")
    line(ax, (1.6, 2.2), (2.1, 2.2), (2.1, 3.1), (-0.1, 3.1), (-0.1, 2.2), (0.4, 2.2))
    label(ax, 3.1, 2.2, "$=$", size=20)
    label(ax, 4.15, 2.2, "$h_0$", ha="right")
    line(ax, (4.25, 2.2), (4.7, 2.2))
    for x, step in ((5.3, "1"), (7.3, "2"), (9.3, "3"), (11.3, "4")):
        _column(ax, x, step)
        if step != "4":
            line(ax, (x + 0.6, 2.2), (x + 1.4, 2.2))
            label(ax, x + 1.0, 2.5, f"$h_{step}$", size=11)
    return figure


def _column(ax, x, step):
    """Draw the input, the cell and the output of one time step."""
    circle(ax, x, 0.5, f"$x_{step}$", color=INPUT, radius=_BIG)
    line(ax, (x, 0.5 + _BIG), (x, 1.8))
    box(ax, x, 2.2, "cell", width=1.2, height=0.8, color=STATE)
    line(ax, (x, 2.6), (x, 3.9 - _BIG))
    circle(ax, x, 3.9, rf"$\hat y_{step}$", color=OUTPUT, radius=_BIG)


def draw_two_recurrences():
    """Draw external recurrence and internal recurrence next to each other."""
    figure, ax = canvas((-0.2, 12.2), (-0.2, 5.4))
    _external(ax, 0.0)
    _internal(ax, 7.2)
    return figure


def _external(ax, left):
    label(ax, left + 2.6, 5.1, "external recurrence", size=13)
    for x, text in ((0.6, "y_{t-3}"), (1.9, "y_{t-2}"), (3.2, "y_{t-1}")):
        circle(ax, left + x, 0.6, f"${text}$", color=INPUT, radius=0.48, size=11)
        line(ax, (left + x, 1.08), (left + x, 1.9))
    box(ax, left + 1.9, 2.3, "any regressor", width=3.6, height=0.8, color=STATE)
    line(ax, (left + 1.9, 2.7), (left + 1.9, 3.9 - _BIG))
    circle(ax, left + 1.9, 3.9, r"$\hat y_t$", color=OUTPUT, radius=_BIG)
    right, newest = left + 5.0, left + 3.2 + 0.48
    line(ax, (left + 1.9 + _BIG, 3.9), (right, 3.9), (right, 0.6), (newest, 0.6), dashed=True)
    label(ax, right - 0.1, 3.2, "next\nwindow", size=10, ha="right")


def _internal(ax, left):
    label(ax, left + 2.0, 5.1, "internal recurrence", size=13)
    circle(ax, left + 2.0, 0.6, "$x_t$", color=INPUT, radius=0.48, size=11)
    line(ax, (left + 2.0, 1.08), (left + 2.0, 1.9))
    box(ax, left + 2.0, 2.3, "cell", width=1.6, height=0.8, color=STATE)
    line(ax, (left + 2.0, 2.7), (left + 2.0, 3.9 - _BIG))
    circle(ax, left + 2.0, 3.9, r"$\hat y_t$", color=OUTPUT, radius=_BIG)
    dot(ax, left + 2.0, 3.1)
    right = left + 3.6
    line(ax, (left + 2.0, 3.1), (right, 3.1), (right, 2.3), (left + 2.8, 2.3))
    label(ax, left + 3.75, 2.7, "$h_{t-1}$", ha="left")
