"""Drawings of how sequences of different lengths are stored."""

from matplotlib.patches import Rectangle

from drawings.elements import INPUT, OUTPUT, STATE, canvas, label, line

_LENGTHS = 3, 5, 2
_COLORS = INPUT, OUTPUT, STATE


def draw_padding_and_list_view():
    """Draw three sequences as a padded array, and as values with starts and lengths."""
    figure, ax = canvas((-0.3, 15.2), (-0.6, 4.9))
    label(ax, 2.5, 4.6, "padded array", size=13)
    for row, (length, color) in enumerate(zip(_LENGTHS, _COLORS, strict=True)):
        for step in range(max(_LENGTHS)):
            _square(ax, step, 3.2 - row, color if step < length else "white", step >= length)
    label(ax, 2.5, 0.1, "5 of 15 entries are padding", size=10)
    label(ax, 10.2, 4.6, "list view: values, starts, lengths", size=13)
    starts, start = [], 0
    for length, color in zip(_LENGTHS, _COLORS, strict=True):
        for step in range(start, start + length):
            _square(ax, 5.4 + 0.96 * step, 3.2, color, False)
        starts.append(start)
        start += length
    for first, length in zip(starts, _LENGTHS, strict=True):
        x = 5.4 + 0.96 * first + 0.45
        line(ax, (x, 2.3), (x, 3.1))
        label(ax, x, 1.95, f"start {first}", size=10)
        label(ax, x, 1.45, f"length {length}", size=10)
    label(ax, 10.2, 0.1, "10 entries; windows may overlap", size=10)
    return figure


def _square(ax, x, y, color, padding):
    hatch = "///" if padding else None
    style = {"fc": color, "ec": "#777777", "hatch": hatch, "lw": 1.0}
    ax.add_patch(Rectangle((x, y), 0.9, 0.8, **style))
