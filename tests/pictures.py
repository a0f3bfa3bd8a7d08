"""Data with a DatetimeIndex, and helpers that read what a figure shows, for tests of displays."""

import numpy as np
import pandas as pd
from numpy.testing import assert_array_equal

DAYS = pd.date_range("2026-03-01", periods=100, freq="D")
TABLE = pd.DataFrame(np.random.default_rng(0).normal(size=(100, 3)), DAYS, ["heat", "load", "wind"])
ARRAY = TABLE.to_numpy()
LOAD = TABLE["load"]


def labels(ax):
    """Return the texts in the legend of some axes."""
    return [text.get_text() for text in ax.get_legend().get_texts()]


def drawn(display, part, panel=0):
    """Return the x and y values of one line of a ForecastDisplay."""
    line = display.lines_[part][panel]
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def assert_drawn(display, part, expected, panel=0):
    """Check that one line of a ForecastDisplay shows the index and the values of a Series."""
    x, y = drawn(display, part, panel)
    assert_array_equal(x, expected.index.to_numpy())
    assert_array_equal(y, expected.to_numpy())
