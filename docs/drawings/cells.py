"""Drawings of one time step of each recurrent cell."""

from drawings.elements import PEEPHOLE, PLAIN, RADIUS, body, box, canvas, circle, dot, label, line

# The heights of the input, the previous output, the gates and the upper line.
X_LINE, H_LINE, GATES, UPPER = 1.0, 1.6, 2.5, 4.6
_GATE_BOTTOM, _GATE_TOP = GATES - 0.3, GATES + 0.3
_X_ENTERS = 1.7


def draw_simple():
    """Draw the simple recurrent cell."""
    figure, ax = canvas((-0.9, 6.4), (-0.3, 2.5))
    body(ax, 1.1, 0.65, 4.9, 2.3)
    line(ax, (0.1, H_LINE), (2.9, H_LINE))
    line(ax, (_X_ENTERS, 0.2), (_X_ENTERS, X_LINE), (3.3, X_LINE), (3.3, H_LINE - 0.3))
    box(ax, 3.3, H_LINE, "tanh")
    line(ax, (3.7, H_LINE), (5.6, H_LINE))
    _ends(ax, "h", H_LINE, 5.6)
    return figure


def draw_lstm(*, peepholes=False):
    """Draw long short-term memory, with or without peepholes."""
    figure, ax = canvas((-0.9, 10.9), (-0.3, 5.3))
    body(ax, 1.1, 0.65, 9.3, 5.05)
    for x, function in ((2.6, r"$\sigma$"), (4.0, r"$\sigma$"), (5.3, "tanh"), (7.0, r"$\sigma$")):
        _gate(ax, x, function)
    _input_lines(ax, 7.0)
    line(ax, (0.1, UPPER), (2.6 - RADIUS, UPPER))
    line(ax, (2.6 + RADIUS, UPPER), (5.3 - RADIUS, UPPER))
    line(ax, (5.3 + RADIUS, UPPER), (10.0, UPPER))
    _forget_and_write(ax)
    _read(ax)
    if peepholes:
        _peepholes(ax)
    _ends(ax, "c", UPPER, 10.0)
    _ends(ax, "h", H_LINE, 10.0)
    return figure


def _forget_and_write(ax):
    line(ax, (2.6, _GATE_TOP), (2.6, UPPER - RADIUS))
    circle(ax, 2.6, UPPER, r"$\times$")
    label(ax, 2.35, 3.65, "$f_t$")
    line(ax, (4.0, _GATE_TOP), (4.0, 3.55), (5.3 - RADIUS, 3.55))
    label(ax, 3.75, 3.2, "$i_t$")
    line(ax, (5.3, _GATE_TOP), (5.3, 3.55 - RADIUS))
    label(ax, 5.6, 3.05, "$g_t$")
    circle(ax, 5.3, 3.55, r"$\times$")
    line(ax, (5.3, 3.55 + RADIUS), (5.3, UPPER - RADIUS))
    circle(ax, 5.3, UPPER, "$+$")


def _read(ax):
    dot(ax, 8.4, UPPER)
    line(ax, (8.4, UPPER), (8.4, 4.1))
    box(ax, 8.4, 3.8, "tanh", color=PLAIN)
    line(ax, (8.4, 3.5), (8.4, 3.1 + RADIUS - 0.1))
    line(ax, (7.0, _GATE_TOP), (7.0, 3.0), (8.4 - RADIUS, 3.0))
    label(ax, 7.4, 3.25, "$o_t$")
    circle(ax, 8.4, 3.0, r"$\times$")
    line(ax, (8.4, 3.0 - RADIUS), (8.4, H_LINE), (10.0, H_LINE))


def _peepholes(ax):
    style = {"dashed": True, "color": PEEPHOLE}
    dot(ax, 1.8, UPPER, PEEPHOLE)
    line(ax, (1.8, UPPER), (1.8, GATES), (2.2, GATES), **style)
    line(ax, (1.8, 3.2), (3.2, 3.2), (3.2, GATES), (3.6, GATES), **style)
    dot(ax, 1.8, 3.2, PEEPHOLE)
    dot(ax, 6.2, UPPER, PEEPHOLE)
    line(ax, (6.2, UPPER), (6.2, GATES), (6.6, GATES), **style)


def draw_gru():
    """Draw the gated recurrent unit."""
    figure, ax = canvas((-0.9, 9.7), (-0.3, 5.3))
    body(ax, 1.1, 0.65, 8.1, 5.05)
    _gate(ax, 3.2, r"$\sigma$")
    _gate(ax, 4.7, r"$\sigma$")
    line(ax, (0.1, H_LINE), (5.9 - RADIUS, H_LINE))
    line(ax, (4.7, _GATE_TOP), (4.7, 3.1), (5.9, 3.1), (5.9, H_LINE + RADIUS))
    label(ax, 5.3, 2.85, "$r_t$")
    circle(ax, 5.9, H_LINE, r"$\times$")
    line(ax, (5.9 + RADIUS, H_LINE), (6.85, H_LINE), (6.85, _GATE_BOTTOM))
    line(ax, (_X_ENTERS, 0.2), (_X_ENTERS, X_LINE), (7.15, X_LINE), (7.15, _GATE_BOTTOM))
    box(ax, 7.0, GATES, "tanh")
    _keep_or_replace(ax, gate=3.2, candidate=7.0, keeps=True, name="z")
    _ends(ax, "h", UPPER, 8.8, left_height=H_LINE)
    return figure


def draw_minimal_gru():
    """Draw the gated recurrent unit without a reset gate."""
    figure, ax = canvas((-0.9, 8.0), (-0.3, 5.3))
    body(ax, 1.1, 0.65, 6.4, 5.05)
    _gate(ax, 3.2, r"$\sigma$")
    _gate(ax, 5.3, "tanh")
    _input_lines(ax, 5.3)
    _keep_or_replace(ax, gate=3.2, candidate=5.3, keeps=False, name="u")
    _ends(ax, "h", UPPER, 7.1, left_height=H_LINE)
    return figure


def _keep_or_replace(ax, *, gate, candidate, keeps, name):
    """Draw the mean of the previous state and the candidate, which a gate weights."""
    dot(ax, 1.5, H_LINE)
    line(ax, (1.5, H_LINE), (1.5, UPPER), (gate - RADIUS, UPPER))
    level = 3.55
    dot(ax, gate, level)
    label(ax, gate - 0.3, 3.15, f"${name}_t$")
    if keeps:
        line(ax, (gate, _GATE_TOP), (gate, UPPER - RADIUS))
        middle = (gate + candidate) / 2
        line(ax, (gate, level), (middle - 0.4, level))
        box(ax, middle, level, "$1-$", height=0.5, color=PLAIN)
        line(ax, (middle + 0.4, level), (candidate - RADIUS, level))
    else:
        line(ax, (gate, _GATE_TOP), (gate, 3.8), arrow=False)
        box(ax, gate, 3.98, "$1-$", height=0.42, color=PLAIN)
        line(ax, (gate, 4.19), (gate, UPPER - RADIUS + 0.02))
        line(ax, (gate, level), (candidate - RADIUS, level))
    circle(ax, gate, UPPER, r"$\times$")
    line(ax, (gate + RADIUS, UPPER), (candidate - RADIUS, UPPER))
    line(ax, (candidate, _GATE_TOP), (candidate, level - RADIUS))
    label(ax, candidate + 0.32, 3.05, r"$\tilde h_t$")
    circle(ax, candidate, level, r"$\times$")
    line(ax, (candidate, level + RADIUS), (candidate, UPPER - RADIUS))
    circle(ax, candidate, UPPER, "$+$")
    line(ax, (candidate + RADIUS, UPPER), (candidate + 1.8, UPPER))


def _input_lines(ax, last):
    """Draw the lines of the input and of the previous output, up to the last gate."""
    line(ax, (0.1, H_LINE), (last - 0.15, H_LINE), arrow=False)
    line(ax, (_X_ENTERS, 0.2), (_X_ENTERS, X_LINE), (last + 0.15, X_LINE), arrow=False)


def _gate(ax, x, function):
    """Draw a gate, which receives the input and the previous output."""
    box(ax, x, GATES, function)
    for offset, height in ((-0.15, H_LINE), (0.15, X_LINE)):
        dot(ax, x + offset, height)
        line(ax, (x + offset, height), (x + offset, _GATE_BOTTOM))


def _ends(ax, state, height, right, left_height=None):
    """Write the names of a state before and after the time step, and that of the input."""
    left_height = height if left_height is None else left_height
    label(ax, 0.0, left_height, f"${state}_{{t-1}}$", ha="right")
    label(ax, right + 0.1, height, f"${state}_t$", ha="left")
    if state == "h":
        label(ax, _X_ENTERS, 0.0, "$x_t$")
