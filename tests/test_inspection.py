"""HistoryDisplay: which curves are drawn, how, and for which estimators."""

import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn.inspection import HistoryDisplay

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")
plt = pytest.importorskip("matplotlib.pyplot")

HISTORY = {
    "loss": [1.0, 0.5, 0.2, 0.1],
    "accuracy": [0.3, 0.6, 0.8, 0.9],
    "val_loss": [1.1, 0.6, 0.5, 0.7],
    "val_accuracy": [0.3, 0.5, 0.6, 0.7],
}
TRAINING_ONLY = {name: values for name, values in HISTORY.items() if "val" not in name}


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


class Fitted(RegressorMixin, BaseEstimator):
    """A fake recurrent estimator: the display only reads `history_`."""

    def __init__(self, scale=1.0):
        self.scale = scale

    def fit(self, X, y):
        self.history_ = {name: np.multiply(HISTORY[name], self.scale).tolist() for name in HISTORY}
        return self

    def predict(self, X):
        return np.zeros(len(X))


X, Y = np.random.default_rng(0).normal(size=(20, 3)), np.arange(20.0)


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_history_display_default_metric():
    display = HistoryDisplay(history=HISTORY).plot()
    assert set(display.lines_) == {"loss", "val_loss"}
    for name, line in display.lines_.items():
        assert_array_equal(line.get_xdata(), [1, 2, 3, 4])
        assert_array_equal(line.get_ydata(), HISTORY[name])
    assert display.ax_.get_xlabel() == "Epoch"
    assert display.ax_.get_ylabel() == "Loss"
    assert display.figure_ is display.ax_.figure
    assert labels(display.ax_) == ["validation", "training", "lowest validation loss: epoch 3"]


def test_history_display_panels():
    display = HistoryDisplay(history=HISTORY).plot(metrics=["loss", "accuracy"])
    assert [ax.get_ylabel() for ax in display.ax_] == ["Loss", "Accuracy"]
    assert list(display.lines_) == ["val_loss", "loss", "val_accuracy", "accuracy"]
    # The same epoch is marked in both.
    marks = [ax.lines[-1].get_xydata().tolist() for ax in display.ax_]
    assert marks == [[[3.0, 0.5]], [[3.0, 0.6]]]


def test_history_display_metric_name():
    display = HistoryDisplay(history=HISTORY).plot(metrics="accuracy")
    assert display.ax_.get_ylabel() == "Accuracy"


def test_history_display_without_validation():
    display = HistoryDisplay(history=TRAINING_ONLY).plot()
    assert display.best_epoch_ is None
    assert list(display.lines_) == ["loss"]
    assert len(display.ax_.lines) == 1
    assert labels(display.ax_) == ["training"]


def test_history_display_nan():
    history = {"loss": [1.0, np.nan], "val_loss": [1.0, np.nan]}
    assert HistoryDisplay(history=history).plot().best_epoch_ == 1
    history["val_loss"] = [np.nan, np.nan]
    assert HistoryDisplay(history=history).plot().best_epoch_ is None


def test_history_display_one_epoch():
    display = HistoryDisplay(history={"loss": [0.5]}).plot()
    assert display.lines_["loss"].get_marker() == "o"


def test_history_display_x_limits():
    display = HistoryDisplay(history={"loss": [1.0] * 3}).plot()
    HistoryDisplay(history={"loss": [1.0] * 30}).plot(display.ax_)
    left, right = display.ax_.get_xlim()
    assert 0 < left < 1
    assert right >= 30


def test_history_display_two_on_the_same_axes():
    first = HistoryDisplay(history=HISTORY, name="LSTM").plot()
    second = HistoryDisplay(history=HISTORY).plot(first.ax_, name="GRU")
    assert second.ax_ is first.ax_
    colors = [{line.get_color() for line in each.lines_.values()} for each in (first, second)]
    assert [len(color) for color in colors] == [1, 1]
    assert colors[0] != colors[1]
    assert [label for label in labels(first.ax_) if "loss" not in label] == [
        "LSTM, validation",
        "LSTM, training",
        "GRU, validation",
        "GRU, training",
    ]


def test_history_display_line_style():
    display = HistoryDisplay(history=HISTORY).plot(c="red", ls=":", linewidth=3)
    for line in display.lines_.values():
        assert line.get_color() == "red"
        assert line.get_linestyle() == ":"
        assert line.get_linewidth() == 3


def test_history_display_ax():
    _, axes = plt.subplots(2, 1)
    display = HistoryDisplay(history=HISTORY).plot(axes, metrics=["loss", "accuracy"])
    assert list(display.ax_) == list(axes)
    with pytest.raises(
        ValueError, match=r"ax must hold 1 Axes.*one for each of the metrics, got 2"
    ):
        HistoryDisplay(history=HISTORY).plot(axes)


@pytest.mark.parametrize("metrics", ["f1", ["loss", "val_loss"], []])
def test_history_display_unknown_metrics(metrics):
    with pytest.raises(ValueError, match=r"among \['loss', 'accuracy'\]"):
        HistoryDisplay(history=HISTORY).plot(metrics=metrics)


@pytest.mark.parametrize(
    "estimator",
    [
        Fitted(),
        make_pipeline(StandardScaler(), Fitted()),
        GridSearchCV(make_pipeline(StandardScaler(), Fitted()), {"fitted__scale": [1.0]}, cv=2),
        make_pipeline(StandardScaler(), GridSearchCV(Fitted(), {"scale": [1.0]}, cv=2)),
        TransformedTargetRegressor(Fitted()),
    ],
    ids=["alone", "pipeline", "search", "search in a pipeline", "target"],
)
def test_history_display_from_estimator(estimator):
    with pytest.raises(NotFittedError):
        HistoryDisplay.from_estimator(estimator)
    _, ax = plt.subplots()
    display = HistoryDisplay.from_estimator(
        estimator.fit(X, Y), metrics="accuracy", ax=ax, name="mine", color="green"
    )
    assert display.ax_ is ax
    assert display.history == HISTORY
    assert display.lines_["accuracy"].get_color() == "green"
    assert labels(ax)[0] == "mine, validation"


def test_history_display_estimator_without_history():
    pipeline = make_pipeline(StandardScaler(), LinearRegression()).fit(X, Y)
    with pytest.raises(ValueError, match="LinearRegression has no history_"):
        HistoryDisplay.from_estimator(pipeline)


def test_history_display_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"HistoryDisplay.from_estimator needs matplotlib"):
        HistoryDisplay.from_estimator(Fitted().fit(X, Y))
    with pytest.raises(ImportError, match=r"HistoryDisplay.plot needs .* pip install matplotlib"):
        HistoryDisplay(history=HISTORY).plot()
