"""The warning if a network has learned hardly anything."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss, mean_squared_error
from small_data import PLAIN, TINY, labelled

from skrnn import RNNClassifier, RNNRegressor
from skrnn.recurrent import _convergence
from skrnn.recurrent._convergence import loss_of_best_constant

X, LABELS = labelled()
Y = np.array([x[:, 0].sum() for x in X])
# 50 epochs of 10 updates.
LONG = {**TINY, **PLAIN, "epochs": 50, "batch_size": 3}
UNCHANGED = {**LONG, "learning_rate": 1e-30}
NOTHING = (
    "has learned hardly anything from X: its training loss is .* of the best constant prediction is"
)


def test_loss_of_best_constant_is_that_of_the_mean_and_of_the_class_frequencies():
    rng = np.random.default_rng(0)
    weights = rng.uniform(0.5, 2, 50)
    codes = rng.integers(0, 3, 50)
    shares = np.bincount(codes, weights=weights) / weights.sum()
    entropy = log_loss(codes, np.tile(shares, (50, 1)), sample_weight=weights)
    for loss, targets in {
        "sparse_categorical_crossentropy": codes,
        "categorical_crossentropy": np.eye(3)[codes],
    }.items():
        assert loss_of_best_constant(loss, targets, weights) == pytest.approx(entropy)
    binary = (codes > 0).astype(float)
    share = np.average(binary, weights=weights)
    entropy = log_loss(binary, np.full(50, share), sample_weight=weights)
    found = loss_of_best_constant("binary_crossentropy", binary[:, None], weights)
    assert found == pytest.approx(entropy)
    numbers = rng.normal(3, [1, 5], (50, 2))
    means = np.tile(np.average(numbers, axis=0, weights=weights), (50, 1))
    error = mean_squared_error(numbers, means, sample_weight=weights)
    assert loss_of_best_constant("mean_squared_error", numbers, weights) == pytest.approx(error)
    assert loss_of_best_constant("huber", numbers, weights) is None
    assert loss_of_best_constant(mean_squared_error, numbers, weights) is None


@pytest.mark.parametrize(
    ("estimator", "y"),
    [(RNNClassifier, LABELS), (RNNClassifier, LABELS == "ant"), (RNNRegressor, Y)],
)
def test_rnn_warns_if_it_has_learned_nothing(estimator, y):
    model = estimator(**UNCHANGED)
    with pytest.warns(ConvergenceWarning, match=NOTHING):
        model.fit(X, y, sample_weight=np.linspace(1, 2, len(X)))
    assert model.n_iter_ == 50
    # Fewer than 500 updates are a trial.
    model.set_params(epochs=49).fit(X, y)
    for _ in range(3):
        model.partial_fit(X, y)
    estimator(**{**LONG, "learning_rate": 0.03}).fit(X, y)


def test_rnn_does_not_warn_if_the_best_constant_or_its_loss_is_not_known():
    RNNRegressor(**UNCHANGED).fit(X, np.full(len(X), 3.0))
    RNNRegressor(**UNCHANGED, normalize_y=False).fit(X, np.full(len(X), 0.1))
    RNNRegressor(**UNCHANGED, loss="huber").fit(X, Y)
    RNNRegressor(**UNCHANGED, l2=0.1).fit(X, Y)


def test_rnn_warns_if_its_loss_is_lower_than_that_of_the_best_constant_by_chance(monkeypatch):
    model = RNNRegressor(**UNCHANGED)
    with pytest.warns(ConvergenceWarning, match=NOTHING):
        losses = model.fit(X, Y).history_["loss"]
    for gain, warned in ((0.0005, True), (0.002, False)):
        constant = losses[-1] / (1 - gain)
        monkeypatch.setattr(_convergence, "loss_of_best_constant", lambda *_, c=constant: c)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ConvergenceWarning)
            model.fit(X, Y)
        assert any(issubclass(w.category, ConvergenceWarning) for w in caught) is warned


@pytest.mark.filterwarnings("ignore:Feature 0 of X has the mean")
def test_rnn_warns_about_raw_values_in_the_thousands():
    t = np.arange(400)
    wave = 5000 + 1000 * (np.sin(0.2 * t) + np.sin(0.31 * t))
    windows = np.lib.stride_tricks.sliding_window_view(wave, 21)
    model = RNNRegressor(**PLAIN, units=4, epochs=42, random_state=0)
    with pytest.warns(ConvergenceWarning, match="hardly anything from X.*standardize=True"):
        model.fit(windows[:, :20], windows[:, 20])
