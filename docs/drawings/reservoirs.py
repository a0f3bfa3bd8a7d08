"""Drawing of a reservoir and its readout."""

import numpy as np

from drawings.elements import INPUT, LINE, OUTPUT, PEEPHOLE, STATE, canvas, circle, label, line

_CENTRE, _SIZE = (4.6, 2.6), (1.9, 1.7)


def draw_reservoir():
    """Draw the fixed input weights and recurrent weights, and the readout that is trained."""
    figure, ax = canvas((-0.6, 10.6), (-0.6, 5.6))
    units = _units()
    rng = np.random.default_rng(7)
    for i in range(len(units)):
        for j in rng.choice(len(units), size=2, replace=False):
            if i != j:
                line(ax, units[i], _towards(units[j], units[i]), color="#999999")
    for x, y in units:
        circle(ax, x, y, "", color=STATE, radius=0.22)
    for y, name in ((3.6, "$u_1$"), (1.6, "$u_2$")):
        circle(ax, 0.2, y, name, color=INPUT, radius=0.42)
        for i in (0, 1, 2) if y > 2 else (2, 3, 4):
            line(ax, (0.62, y), _towards(units[_left(units)[i]], (0.62, y)), color=LINE)
    circle(ax, 9.6, 2.6, r"$\hat y$", color=OUTPUT, radius=0.45)
    for i in _left(units)[-6:]:
        line(ax, units[i], (9.12, 2.6), color=PEEPHOLE, dashed=True)
    label(ax, 1.6, 5.0, "$W_{in}$: random, fixed", size=11)
    label(ax, 4.6, -0.2, "$W$: random, fixed", size=11)
    label(ax, 8.4, 5.0, "$W_{out}$: trained", size=11, color=PEEPHOLE)
    return figure


def _units():
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False) + 0.2
    radii = np.where(np.arange(12) % 2, 0.62, 1.0)
    around = np.c_[np.cos(angles), np.sin(angles)] * radii[:, None]
    return [tuple(point) for point in around * _SIZE + _CENTRE]


def _left(units):
    """Return the indices of the units from left to right."""
    return sorted(range(len(units)), key=lambda i: units[i][0])


def _towards(end, start, radius=0.26):
    """Return the point on the circle around `end` that a line from `start` meets."""
    end, start = np.array(end), np.array(start)
    direction = (start - end) / np.linalg.norm(start - end)
    return tuple(end + radius * direction)
