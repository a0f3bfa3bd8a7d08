"""The drawings of the user guide: all of their texts can be read."""

import importlib
from itertools import combinations
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

DOCS = Path(__file__).parents[1] / "docs"
INPUTS, OUTPUTS = ["x_1", "x_2", "x_3"], [r"\hat y_1", r"\hat y_2", r"\hat y_3"]
DRAWINGS = {
    "simple": ("draw_simple", (), {}),
    "lstm": ("draw_lstm", (), {}),
    "peephole lstm": ("draw_lstm", (), {"peepholes": True}),
    "gru": ("draw_gru", (), {}),
    "minimal gru": ("draw_minimal_gru", (), {}),
    "unrolled": ("draw_unrolled", (), {}),
    "two recurrences": ("draw_two_recurrences", (), {}),
    "one to many": ("draw_one_to_many", (), {}),
    "many to many": ("draw_shape", (INPUTS, OUTPUTS), {}),
    "encoder-decoder": ("draw_encoder_decoder", (), {}),
    "attention": ("draw_encoder_decoder", (), {"attention": True}),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_texts_of_drawings_do_not_overlap(name, monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    function, arguments, settings = DRAWINGS[name]
    figure = getattr(importlib.import_module("drawings"), function)(*arguments, **settings)
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts if text.get_text()]
    plt.close(figure)
    assert len(boxes) > 2
    assert [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])] == []
    inside = figure.bbox
    assert all(inside.contains(box.x0, box.y0) for box in boxes)
    assert all(inside.contains(box.x1, box.y1) for box in boxes)
