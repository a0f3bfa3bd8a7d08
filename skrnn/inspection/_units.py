"""Draw the values of many units over time, as an image or as lines, for several displays."""

import numpy as np

from skrnn.inspection._arguments import check_choice, check_labels

_KINDS = ("image", "lines")


def check_kind(kind):
    check_choice(kind, "kind", _KINDS)


def plot_units(panel, values, *, kind, is_gate=False):
    """Plot values of units over time.

    Parameters
    ----------
    panel : matplotlib Axes
    values : ndarray of shape (T, units)
    kind : {"image", "lines"}
        An image has one row per unit and a colour bar.
    is_gate : bool, default=False
        Whether the values are between 0 and 1. Otherwise the colour of 0 is white.

    Returns
    -------
    matplotlib AxesImage, or list of matplotlib Line2D
    """
    if kind == "lines":
        lines = panel.plot(np.arange(len(values)), values, linewidth=0.9)
        if is_gate:
            panel.set_ylim(-0.02, 1.02)
        panel.grid(alpha=0.3)
        return lines
    limit = float(np.abs(values).max()) or 1.0
    colors = {"cmap": "viridis", "vmin": 0, "vmax": 1}
    if not is_gate:
        colors = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}
    image = panel.imshow(values.T, aspect="auto", interpolation="nearest", **colors)
    panel.figure.colorbar(image, ax=panel)
    panel.set_ylabel("Unit")
    return image


def label_steps(panel, labels, n_steps):
    """Label the time steps of an axis with words, or name the axis.

    Raises
    ------
    ValueError
        If there is not one label per time step.
    """
    from matplotlib.ticker import MaxNLocator

    if labels is None:
        panel.set_xlabel("Time step")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        return
    check_labels_of_steps(labels, n_steps)
    panel.set_xticks(np.arange(n_steps), [str(label) for label in labels])
    panel.tick_params(axis="x", labelrotation=90)


def check_labels_of_steps(labels, n_steps):
    check_labels(labels, n_steps, "labels", "time step")
