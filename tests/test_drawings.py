"""The drawings of the user guide: all of their texts can be read."""

import importlib
from itertools import combinations
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
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
    "padding and list view": ("draw_padding_and_list_view", (), {}),
    "pooling": ("draw_pooling", (), {}),
    "window": ("draw_window", (), {}),
    "time series split": ("draw_time_series_split", (), {}),
    "gap": ("draw_gap", (), {}),
    "reservoir": ("draw_reservoir", (), {}),
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


def test_gradient_of_the_simple_cell_is_the_product_of_its_jacobians(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    curves = importlib.import_module("drawings.curves")
    rng = np.random.default_rng(0)
    x, state = rng.normal(size=4), rng.normal(size=24)
    W, U = rng.normal(size=(1, 4, 24)), rng.normal(size=(1, 24, 24))
    after = curves._simple(state, x, W, U)
    jacobian = (1 - after**2)[:, None] * U[0].T
    assert np.allclose(curves.jacobian(curves._simple, state, x, W, U), jacobian, atol=1e-6)


def test_lstm_keeps_more_of_the_gradient_than_the_other_cells(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    curves = importlib.import_module("drawings.curves")
    last = {cell: curves.gradient_norms(cell, seed=0)[-1] for cell in ("simple", "gru", "lstm")}
    assert last["lstm"] > 1000 * max(last["simple"], last["gru"])


def test_logo_files_are_those_of_the_code(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    logo = importlib.import_module("drawings.logo")
    assert (DOCS / "_static/logo.svg").read_text(encoding="utf-8") == logo.logo()
    assert (DOCS / "_static/favicon.svg").read_text(encoding="utf-8") == logo.favicon()
