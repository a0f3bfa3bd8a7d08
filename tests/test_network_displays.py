"""Displays of recurrent networks: gradient flow, gates, states and attributions."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from small_data import PLAIN, TINY, labelled

from skrnn import RNNClassifier
from skrnn.inspection import (
    AttributionDisplay,
    GateDisplay,
    GradientFlowDisplay,
    StateDisplay,
    feature_attributions,
    gradient_flow,
)

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")
plt = pytest.importorskip("matplotlib.pyplot")

X, Y = labelled()


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def classifier():
    """Return a fitted LSTM that reads sequences in both directions."""
    return RNNClassifier(**{**TINY, **PLAIN, "cell": "lstm"}, bidirectional=True).fit(X, Y)


def legend(panel):
    return [text.get_text() for text in panel.get_legend().get_texts()]


def test_gradient_flow_display_draws_the_norms(classifier):
    flow = gradient_flow(classifier, X, Y)
    display = GradientFlowDisplay.from_estimator(classifier, X, Y)
    n = len(flow["recurrent_0"])
    for layer, norms in flow.items():
        assert_array_equal(display.lines_[layer].get_ydata(), norms)
        assert_array_equal(display.lines_[layer].get_xdata(), np.arange(1 - n, 1))
    assert legend(display.ax_) == ["lstm, layer 1", "lstm, layer 1, backward"]
    assert display.ax_.get_yscale() == "log"


def test_gradient_flow_display_draws_several_on_the_same_axes():
    first = GradientFlowDisplay.from_values({"recurrent_0": [1.0, 2.0]}, name="a", align="start")
    GradientFlowDisplay.from_values({"recurrent_0": [3.0]}, name="b", ax=first.ax_, color="red")
    assert legend(first.ax_) == ["a", "b"]
    assert_array_equal(first.lines_["recurrent_0"].get_xdata(), [0, 1])
    assert first.ax_.lines[1].get_color() == "red"
    with pytest.raises(ValueError, match="align must be 'end' or 'start', got 'left'"):
        GradientFlowDisplay.from_values({"recurrent_0": [1.0]}, align="left")


def test_gate_display_has_the_states_of_the_network(classifier):
    for sequence in (0, -1):
        states = classifier.hidden_states(X, return_sequences=True)[sequence]
        for backward, columns in ((False, slice(4)), (True, slice(4, None))):
            display = GateDisplay.from_estimator(
                classifier, X, sequence=sequence, backward=backward
            )
            assert_allclose(display.states["hidden state"], states[:, columns], rtol=0, atol=1e-6)
            assert_array_equal(
                display.drawn_["hidden state"].get_array(), display.states["hidden state"].T
            )


def test_gate_display_has_the_gates_of_the_equation(classifier):
    display = GateDisplay.from_estimator(classifier, X)
    kernel, recurrent, bias = classifier.weights_[:3]
    h, c = display.states["hidden state"], display.states["cell state"]
    before = np.vstack([np.zeros((1, 4)), h[:-1]])
    i, f, g, o = np.split(X[0] @ kernel + before @ recurrent + bias, 4, axis=1)
    for name, inner in {"input": i, "forget": f, "output": o}.items():
        assert_allclose(display.gates[name], 1 / (1 + np.exp(-inner)), rtol=0, atol=1e-6)
    c_before = np.vstack([np.zeros((1, 4)), c[:-1]])
    expected = display.gates["forget"] * c_before + display.gates["input"] * np.tanh(g)
    assert_allclose(c, expected, rtol=0, atol=1e-6)


def test_gate_display_units_labels_and_kind(classifier):
    words = [f"w{i}" for i in range(len(X[0]))]
    display = GateDisplay.from_estimator(classifier, X, units=[2, 0], labels=words, kind="lines")
    assert all(values.shape == (len(X[0]), 2) for values in display.gates.values())
    assert len(display.drawn_["forget gate"]) == 2
    assert [text.get_text() for text in display.ax_[-1].get_xticklabels()] == words
    assert [panel.get_title() for panel in display.ax_][:2] == ["Input gate", "Forget gate"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sequence": len(X)}, "sequence must be the index of one of the .* sequences of X"),
        ({"sequence": None}, "sequence must be the index of one of the .*, got None"),
        ({"X": "text"}, "X must be a batch of sequences, got 'text'"),
        ({"labels": 3}, "labels must be a list of str or None, got 3"),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", [GateDisplay, StateDisplay, AttributionDisplay])
def test_displays_of_one_sequence_refuse_arguments(classifier, kind, given, message):
    with pytest.raises((TypeError, ValueError), match=message):
        kind.from_estimator(**{"estimator": classifier, "X": X, **given})


@pytest.mark.parametrize("units", [[9], [], 0.5, "ab"], ids=str)
def test_gate_display_refuses_units(classifier, units):
    with pytest.raises(ValueError, match="units must"):
        GateDisplay.from_estimator(classifier, X, units=units)


def test_gate_display_errors(classifier):
    with pytest.raises(
        ValueError, match="layer must be the index of one of the 1 recurrent layers, got 1"
    ):
        GateDisplay.from_estimator(classifier, X, layer=1)
    with pytest.raises(ValueError, match="kind must be 'image' or 'lines', got 'bars'"):
        GateDisplay.from_estimator(classifier, X, kind="bars")
    with pytest.raises(ValueError, match="labels must hold one label per time step, got 1 for"):
        GateDisplay.from_estimator(classifier, X, labels=["one"])
    simple = RNNClassifier(**TINY).fit(X, Y)
    with pytest.raises(ValueError, match=r"backward=True needs .* bidirectional=True"):
        GateDisplay.from_estimator(simple, X, backward=True)
    with pytest.raises(ValueError, match="cell='simple' has no gates to plot"):
        GateDisplay.from_estimator(simple, X)


@pytest.mark.parametrize("kind", ["image", "lines"])
def test_state_display_draws_hidden_states(classifier, kind):
    display = StateDisplay.from_estimator(classifier, X, sequence=3, kind=kind)
    states = classifier.hidden_states(X, return_sequences=True)[3]
    if kind == "image":
        assert_array_equal(display.image_.get_array(), states.T)
        assert display.lines_ is None
    else:
        assert_array_equal(np.array([line.get_ydata() for line in display.lines_]), states.T)
        assert display.image_ is None


def test_attribution_display_draws_a_heat_map_of_features(classifier):
    display = AttributionDisplay.from_estimator(
        classifier, X, sequence=1, target="bee", feature_names=["width", "height"]
    )
    expected = feature_attributions(classifier, X, target="bee")[1]
    assert_allclose(display.image_.get_array(), expected.T, rtol=0, atol=1e-6)
    assert [text.get_text() for text in display.ax_.get_yticklabels()] == ["width", "height"]
    with pytest.raises(ValueError, match="one name per feature, got 1 for 2 features"):
        AttributionDisplay(attributions=expected, feature_names=["width"]).plot()


def test_attribution_display_draws_bars_of_tokens():
    display = AttributionDisplay(attributions=np.array([0.5, -0.2]), labels=["good", "day"]).plot()
    assert [bar.get_width() for bar in display.bars_] == [0.5, -0.2]
    assert display.image_ is None
    with pytest.raises(ValueError, match="one label per time step, got 1 for 2 time steps"):
        AttributionDisplay(attributions=np.array([0.5, -0.2]), labels=["good"]).plot()
