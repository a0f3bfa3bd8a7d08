"""Drawings of windows, horizons and splits of a series."""

from matplotlib.patches import Rectangle

from drawings.elements import GATE, INPUT, LINE, OUTPUT, STATE, canvas, label, line

_SIDE = 0.56


def draw_window():
    """Draw the window, the origin and the horizon on the rows of a series."""
    figure, ax = canvas((-0.4, 12.4), (-0.4, 4.0))
    for t in range(18):
        color = INPUT if 3 <= t < 9 else OUTPUT if 9 <= t < 13 else "white"
        _cell(ax, t, 1.6, color)
    _brace(ax, 3, 9, 2.6, "window_length = 6")
    _brace(ax, 9, 13, 2.6, "horizon = 4")
    x = 0.66 * 8 + _SIDE / 2
    line(ax, (x, 0.9), (x, 1.55))
    label(ax, x, 0.55, "origin: the last row that is known", size=11)
    label(ax, 11.0, 0.55, "time", size=11)
    line(ax, (11.4, 0.55), (12.2, 0.55))
    return figure


def draw_time_series_split():
    """Draw three folds of a TimeSeriesSplit, with a window across the border of each."""
    figure, ax = canvas((-2.0, 12.4), (-0.9, 4.6))
    for fold, train in enumerate((6, 10, 14)):
        y = 3.3 - 1.3 * fold
        label(ax, -0.3, y + _SIDE / 2, f"fold {fold + 1}", size=11, ha="right")
        for t in range(18):
            color = INPUT if t < train else OUTPUT if t < train + 4 else "white"
            _cell(ax, t, y, color)
        left = 0.66 * (train - 3) - 0.05
        outline = {"fc": "none", "ec": LINE, "lw": 2, "zorder": 4}
        ax.add_patch(Rectangle((left, y - 0.09), 0.66 * 3, _SIDE + 0.18, **outline))
        line(ax, (left + 0.66 * 3, y + _SIDE / 2), (left + 0.66 * 3 + 0.3, y + _SIDE / 2))
    for x, color, text in ((0.0, INPUT, "training rows"), (3.8, OUTPUT, "test rows")):
        ax.add_patch(Rectangle((x, -0.55), 0.4, 0.4, fc=color, ec=LINE))
        label(ax, x + 0.6, -0.35, text, size=11, ha="left")
    ax.add_patch(Rectangle((6.6, -0.55), 0.5, 0.4, fc="none", ec=LINE, lw=2))
    label(ax, 7.3, -0.35, "window of the first test row", size=11, ha="left")
    return figure


def draw_gap():
    """Draw the rows that a gap removes when targets are shifted by hand."""
    figure, ax = canvas((-0.4, 12.4), (-0.4, 2.9))
    for t in range(18):
        color = INPUT if t < 9 else GATE if t < 12 else OUTPUT if t < 17 else "white"
        _cell(ax, t, 0.9, color)
    _brace(ax, 0, 9, 1.75, "training rows")
    _brace(ax, 9, 12, 1.75, "gap = 3")
    _brace(ax, 12, 17, 1.75, "test rows")
    x = 0.66 * 8 + _SIDE / 2
    line(ax, (x, 0.9), (x, 0.35), (x + 0.66 * 3, 0.35), (x + 0.66 * 3, 0.85))
    label(ax, x - 0.2, 0.35, "target of this row", size=10, ha="right")
    return figure


def _cell(ax, t, y, color):
    ax.add_patch(Rectangle((0.66 * t, y), _SIDE, _SIDE, fc=color, ec="#777777", lw=1))


def _brace(ax, first, last, y, text):
    left, right = 0.66 * first, 0.66 * last - 0.1
    line(ax, (left, y - 0.15), (left, y), (right, y), (right, y - 0.15), arrow=False, color=STATE)
    line(ax, (left, y), (right, y), arrow=False)
    label(ax, (left + right) / 2, y + 0.35, text, size=11)
