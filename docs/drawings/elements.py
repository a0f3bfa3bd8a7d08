"""The elements that all drawings consist of: boxes, operations, arrows and labels."""

import matplotlib.pyplot as plt
from matplotlib.patches import Circle, FancyBboxPatch

INPUT, STATE, OUTPUT = "#cfe2f7", "#e6e6e6", "#fbdcb8"
GATE, PLAIN, BODY, PEEPHOLE = "#fff3b0", "white", "#f6f6f6", "#b3261e"
LINE = "#333333"
_INCHES_PER_UNIT = 0.62
# Circles of operations and of inputs.
RADIUS = 0.24


def canvas(x_limits, y_limits):
    """Return a figure and axes without ticks, in which one unit has the same size both ways."""
    width, height = x_limits[1] - x_limits[0], y_limits[1] - y_limits[0]
    figure = plt.figure(figsize=(width * _INCHES_PER_UNIT, height * _INCHES_PER_UNIT))
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=x_limits, ylim=y_limits, aspect="equal")
    ax.axis("off")
    return figure, ax


def box(ax, x, y, text, *, width=0.8, height=0.6, color=GATE, size=12):
    """Draw a rounded box around a text, with its centre at (x, y)."""
    corner = (x - width / 2, y - height / 2)
    style = "round,pad=0,rounding_size=0.1"
    shape = FancyBboxPatch(corner, width, height, boxstyle=style, fc=color, ec=LINE, zorder=3)
    ax.add_patch(shape)
    label(ax, x, y, text, size=size)


def body(ax, left, bottom, right, top):
    """Draw the outline of a cell, behind everything else."""
    style = "round,pad=0,rounding_size=0.25"
    width, height = right - left, top - bottom
    ax.add_patch(
        FancyBboxPatch((left, bottom), width, height, boxstyle=style, fc=BODY, ec="#999999")
    )


def circle(ax, x, y, text, *, color="white", radius=RADIUS, size=12):
    """Draw a circle around a text: an operation on vectors, or an input or output."""
    ax.add_patch(Circle((x, y), radius, fc=color, ec=LINE, zorder=3))
    label(ax, x, y, text, size=size)


def label(ax, x, y, text, *, size=12, ha="center", color=LINE):
    """Write a text with its centre, or its left or right end, at (x, y)."""
    ax.text(x, y, text, ha=ha, va="center", size=size, color=color, zorder=4)


def line(ax, *points, arrow=True, dashed=False, color=LINE):
    """Connect points by straight lines, with an arrow at the end."""
    xs, ys = zip(*points, strict=True)
    style = "--" if dashed else "-"
    ax.plot(xs, ys, style, color=color, lw=1.3, zorder=2, solid_joinstyle="round")
    if arrow:
        head = {"arrowstyle": "-|>,head_width=0.25,head_length=0.5", "color": color, "lw": 0}
        arrow = {**head, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", xy=points[-1], xytext=points[-2], arrowprops=arrow, zorder=2)


def dot(ax, x, y, color=LINE):
    """Mark the point where a line branches, as opposed to a crossing of two lines."""
    ax.add_patch(Circle((x, y), 0.06, fc=color, ec=color, zorder=3))
