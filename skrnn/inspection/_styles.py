"""Colours and markers of forecasts that differ also in grey and for colour-blind readers."""

# The colours of M. Okabe, K. Ito, "Color universal design", 2002, without yellow, which is hard to
# see on white; each has its own marker.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKERS = ("o", "s", "^", "D", "v", "P")
_FORECAST = "skrnn-forecast"

HISTORY = {"color": "0.55", "linewidth": 1.2, "label": "history"}
TRUTH = {"color": "0.0", "linewidth": 1.6, "label": "truth"}
BAND = {"alpha": 0.2, "linewidth": 0}


def next_style(panel):
    """Return the style of the next forecast on some axes; its `gid` marks a line as a forecast."""
    i = sum(line.get_gid() == _FORECAST for line in panel.lines)
    return {
        "color": _COLORS[i % len(_COLORS)],
        "marker": _MARKERS[i % len(_MARKERS)],
        "gid": _FORECAST,
    }


def points_if_few(n):
    """Return the style of a line of `n` points: a single point needs a marker to be visible."""
    return {"marker": "o"} if n == 1 else {}


def add_legend(panel, **kwargs):
    """Add a legend in which each label occurs once, even if it was drawn several times."""
    once = {}
    for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
        once.setdefault(label, handle)
    panel.legend(once.values(), once.keys(), **kwargs)
