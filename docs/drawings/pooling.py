"""A drawing of how the outputs at all time steps become one vector."""

import numpy as np

from drawings.elements import OUTPUT, STATE, box, canvas, label, line

_OUTPUTS = np.array([[0.1, 0.8, 0.3, 0.2], [-0.4, 0.0, 0.4, 0.6], [0.5, -0.1, -0.7, 0.1]])
_RESULTS = {"last": _OUTPUTS[:, -1], "mean": _OUTPUTS.mean(axis=1), "max": _OUTPUTS.max(axis=1)}


def _column(ax, x, name, values, color):
    label(ax, x, 3.0, name)
    for height, value in zip((2.2, 1.4, 0.6), values, strict=True):
        box(ax, x, height, f"{value:.2f}", width=1.2, height=0.7, color=color, size=11)


def draw_pooling():
    """Draw the outputs of three units at four time steps, and three kinds of pooling of them."""
    n_steps = _OUTPUTS.shape[1]
    figure, ax = canvas((0.0, 10.8), (0.1, 3.5))
    for t, values in enumerate(_OUTPUTS.T):
        _column(ax, 0.8 + 1.3 * t, f"$h_{t + 1}$", values, STATE)
    line(ax, (0.8 + 1.3 * n_steps - 0.5, 1.4), (0.8 + 1.3 * n_steps + 0.6, 1.4))
    for i, (name, values) in enumerate(_RESULTS.items()):
        _column(ax, 1.3 * n_steps + 2.2 + 1.3 * i, name, values, OUTPUT)
    return figure
