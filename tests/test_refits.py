"""Fits replace the fitted state in one step: readers in other threads, interrupts, failures."""

import threading

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import EchoStateClassifier, EchoStateRegressor, RNNClassifier, RNNRegressor
from skrnn._fitting import all_or_nothing

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 8, 2)).astype("float32")
Y = X[:, -1, 0].astype(float)
SMALL = {"units": 4, "epochs": 2, "random_state": 0}


def predictions_during(fit, estimator):
    """Return what another thread predicts while `fit` runs."""
    found, finished = [], threading.Event()

    def predict():
        while not finished.is_set():
            found.append(estimator.predict(X))

    thread = threading.Thread(target=predict)
    thread.start()
    try:
        fit()
    finally:
        finished.set()
        thread.join()
    return found


@pytest.mark.parametrize(
    ("estimator", "y", "other_y"),
    [
        (RNNRegressor(**SMALL), Y, 1000 * Y + 5000),
        (RNNClassifier(**SMALL), np.where(Y > 0, "b", "a"), np.digitize(Y, [-1, 0, 1]) + 10),
        (EchoStateRegressor(units=20, random_state=0), Y, 1000 * Y + 5000),
        (EchoStateClassifier(units=20, random_state=0), Y > 0, np.digitize(Y, [-1, 0, 1]) + 10),
    ],
)
def test_predict_during_a_refit_uses_one_of_the_two_models(estimator, y, other_y):
    estimator.fit(X, y)
    if hasattr(estimator, "epochs"):
        estimator.set_params(epochs=30)
    before = estimator.predict(X)
    during = predictions_during(lambda: estimator.fit(X, other_y), estimator)
    after = estimator.predict(X)
    assert during
    for predicted in during:
        assert np.array_equal(predicted, before) or np.array_equal(predicted, after)


def test_fit_that_is_interrupted_at_any_line_leaves_one_of_the_two_states():
    """An interrupt may come at any line of the code that replaces the state, and twice."""
    import sys

    code = all_or_nothing.__wrapped__.__code__
    for line in {line for *_, line in code.co_lines() if line}:
        estimator = EchoStateRegressor(units=5, random_state=0).fit(X, Y)
        before = estimator.predict(X)

        def interrupt(frame, event, _, line=line):
            if frame.f_code is code and event == "line" and frame.f_lineno == line:
                raise KeyboardInterrupt
            return interrupt if frame.f_code is code or event == "call" else None

        sys.settrace(interrupt)
        try:
            estimator.fit(X, 2 * Y)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(None)
        predicted = estimator.predict(X)
        assert np.allclose(predicted, before) or np.allclose(predicted, 2 * before)


def test_fit_that_fails_keeps_attributes_and_later_parameters():
    estimator = RNNRegressor(**SMALL).fit(X, Y)
    before = dict(vars(estimator))
    with pytest.raises(ValueError, match="NaN"):
        estimator.fit(X, np.full(60, np.nan))
    assert vars(estimator).keys() == before.keys()
    assert all(vars(estimator)[name] is value for name, value in before.items())


def test_parameters_that_are_set_during_a_fit_are_kept():
    estimator = EchoStateRegressor(units=5, random_state=0)
    with all_or_nothing(estimator) as fitted:
        fitted.found_ = 1
        estimator.set_params(units=7)
    assert (estimator.units, estimator.found_) == (7, 1)


def test_fit_on_an_array_forgets_the_names_of_columns():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X[:, :, 0], columns=[f"t{i}" for i in range(8)])
    estimator = RNNRegressor(**SMALL).fit(table, Y)
    assert_array_equal(estimator.feature_names_in_, table.columns)
    predicted = estimator.predict(table)
    estimator.fit(table.to_numpy(), Y)
    assert not hasattr(estimator, "feature_names_in_")
    assert_allclose(estimator.predict(table.to_numpy()), predicted, rtol=1e-6)


class Sized(EchoStateRegressor):
    """An estimator of a user, whose parameter is stored under another name."""

    def __init__(self, size=5):
        super().__init__(random_state=0)
        self.size = size

    @property
    def size(self):
        return self.units

    @size.setter
    def size(self, size):
        self.units = size


def test_fit_of_a_subclass_whose_parameter_is_a_property():
    fitted = Sized(size=7).fit(X, Y)
    assert fitted.get_params() == {"size": 7}
    assert fitted.coef_.shape == (3 * (7 + 2),)  # three kinds of pooling


def test_attributes_that_are_set_during_a_fit_are_kept():
    estimator = EchoStateRegressor(units=5, random_state=0)
    estimator.note, estimator.old = "before", 1
    with all_or_nothing(estimator) as fitted:
        estimator.note, estimator.found = "during", 2
        del fitted.old
    assert (estimator.note, estimator.found) == ("during", 2)
    assert not hasattr(estimator, "old")
