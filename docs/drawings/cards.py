"""Small pictures of the tasks on the first page."""

import matplotlib.pyplot as plt
import numpy as np

from drawings.elements import INPUT, LINE, OUTPUT, STATE, box, canvas, circle, line

_BLUE, _ORANGE, _GREEN, _GREY = "#0072b2", "#d55e00", "#009e73", "#888888"
_SIZE = 3.2, 1.7


def _axes():
    figure = plt.figure(figsize=_SIZE)
    ax = figure.add_axes((0.03, 0.05, 0.94, 0.9))
    ax.axis("off")
    return figure, ax


def draw_card_classify():
    """Draw three series of different lengths, each with a label."""
    figure, ax = _axes()
    arrow = {"arrowstyle": "->", "color": _GREY}
    rows = ((2, 44, 5, _BLUE, "A"), (1, 70, 9, _ORANGE, "B"), (0, 30, 5, _BLUE, "A"))
    for height, length, period, color, name in rows:
        t = np.arange(length)
        ax.plot(t, height + 0.3 * np.sin(2 * np.pi * t / period), color=color, lw=1.6)
        ax.annotate("", (92, height), (length + 2, height), arrowprops=arrow)
        ax.text(95, height, name, va="center", size=14, color=color, fontweight="bold")
    ax.set(xlim=(-3, 102), ylim=(-0.6, 2.6))
    return figure


def draw_card_steps():
    """Draw a sentence with a label for each word."""
    figure, ax = canvas((-0.2, 8.4), (-0.2, 4.4))
    figure.set_size_inches(*_SIZE)
    words = (("the", "DET"), ("cat", "NOUN"), ("is", "VERB"), ("asleep", "ADJ"))
    for i, (word, tag) in enumerate(words):
        x = 1.0 + 2.05 * i
        box(ax, x, 0.7, word, width=1.8, height=0.9, color=INPUT, size=11)
        line(ax, (x, 1.2), (x, 2.9))
        box(ax, x, 3.4, tag, width=1.8, height=0.9, color=OUTPUT, size=11)
    return figure


def draw_card_forecast():
    """Draw the past of a series, its forecast and an interval that widens."""
    figure, ax = _axes()
    t = np.arange(90)
    series = np.sin(2 * np.pi * t / 24) + 0.015 * t
    past, future = t < 60, t >= 59
    ax.plot(t[past], series[past], color=LINE, lw=1.6)
    spread = 0.12 + 0.02 * (t[future] - 59)
    low, high = series[future] - spread, series[future] + spread
    ax.fill_between(t[future], low, high, color=_ORANGE, alpha=0.3, lw=0)
    ax.plot(t[future], series[future], color=_ORANGE, lw=1.8)
    ax.axvline(59, color=_GREY, ls=":", lw=1)
    return figure


def draw_card_translate():
    """Draw a sentence that becomes a sentence of another length."""
    figure, ax = canvas((-0.2, 8.4), (-0.2, 4.4))
    figure.set_size_inches(*_SIZE)
    for x, word in ((1.6, "twenty"), (4.1, "-"), (6.6, "one")):
        box(ax, x, 3.5, word, width=2.1, height=0.9, color=INPUT, size=11)
        line(ax, (x, 3.0), (x, 2.6))
    box(ax, 4.1, 2.15, "encoder, decoder", width=7.1, height=0.8, color=STATE, size=11)
    for x, digit in ((3.0, "2"), (5.2, "1")):
        line(ax, (x, 1.75), (x, 1.25))
        box(ax, x, 0.75, digit, width=1.4, height=0.9, color=OUTPUT, size=12)
    return figure


def draw_card_text():
    """Draw the letters of a text that is continued one letter at a time."""
    figure, ax = canvas((-0.2, 8.4), (-0.2, 4.4))
    figure.set_size_inches(*_SIZE)
    for i, letter in enumerate("to be "):
        box(ax, 0.7 + 0.95 * i, 2.1, letter, width=0.85, height=1.1, color=INPUT, size=13)
    for i, letter in enumerate("or"):
        box(ax, 6.4 + 0.95 * i, 2.1, letter, width=0.85, height=1.1, color=OUTPUT, size=13)
    return figure


def draw_card_reservoir():
    """Draw a fixed random network between an input and a readout."""
    figure, ax = canvas((-0.2, 8.4), (-0.2, 4.4))
    figure.set_size_inches(*_SIZE)
    rng = np.random.default_rng(4)
    angles = np.linspace(0, 2 * np.pi, 11, endpoint=False)
    points = np.c_[4.1 + 1.9 * np.cos(angles), 2.1 + 1.6 * np.sin(angles)]
    for i, j in rng.integers(0, len(points), size=(22, 2)):
        if i != j:
            ax.plot(*points[[i, j]].T, color=_GREY, lw=0.8, zorder=1)
    for x, y in points:
        circle(ax, x, y, "", color=STATE, radius=0.2)
    circle(ax, 0.8, 2.1, "$x$", color=INPUT, radius=0.5)
    line(ax, (1.3, 2.1), (2.0, 2.1))
    circle(ax, 7.4, 2.1, r"$\hat y$", color=OUTPUT, radius=0.5)
    line(ax, (6.2, 2.1), (6.9, 2.1), color=_GREEN)
    return figure
