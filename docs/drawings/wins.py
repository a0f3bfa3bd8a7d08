"""Bars of measured scores, for the page on when a recurrent network is worth it."""

import matplotlib.pyplot as plt

_NETWORK, _OTHER = "#d55e00", "#9a9a9a"


def draw_scores(scores, *, xlabel, networks, digits=3):
    """Draw one bar per model.

    Parameters
    ----------
    scores : dict of str to float
        The score or the error of each model, from the top to the bottom.
    xlabel : str
        What was measured, and its unit.
    networks : collection of str
        The names of the recurrent networks, whose bars have another colour and a hatch.
    digits : int, default=3
        The number of decimals.
    """
    figure, ax = plt.subplots(figsize=(6.4, 0.45 * len(scores) + 0.8), layout="constrained")
    names = list(scores)[::-1]
    for height, name in enumerate(names):
        network = name in networks
        style = {"color": _NETWORK, "hatch": "//", "ec": "white"} if network else {"color": _OTHER}
        ax.barh(height, scores[name], height=0.7, **style)
        ax.text(scores[name], height, f" {scores[name]:.{digits}f}", va="center")
    ax.set(xlabel=xlabel, xlim=(0, 1.15 * max(scores.values())))
    ax.set_yticks(range(len(names)), names)
    ax.spines[["top", "right"]].set_visible(False)
    return figure
