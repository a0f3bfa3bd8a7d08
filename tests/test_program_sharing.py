"""Fits share a compiled program only if equal; fitted networks do not change."""

import functools
import pickle
import threading
from dataclasses import dataclass
from types import ModuleType

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import count_programs

from skrnn import RNNClassifier, RNNRegressor
from skrnn.networks import programs

X = np.random.default_rng(0).normal(size=(24, 5, 2))
Y = X.sum(axis=(1, 2))
LABELS = (Y > 0).astype(int)
# With one batch and one epoch, the loss is that of the first weights.
ONE = {
    "cell": "simple", "units": 3, "epochs": 1, "batch_size": None, "schedule": "constant",
    "random_state": 0,
}  # fmt: skip
WEIGHT = 1.0


def fit(**params):
    return RNNRegressor(**{**ONE, **params}).fit(X, Y)


def squares(true, predicted):
    return ops.mean(ops.square(true - predicted), axis=-1)


# --- losses -------------------------------------------------------------------------------------


def weigh(true, predicted):
    return WEIGHT * squares(true, predicted)


def by_global(weight):
    global WEIGHT
    WEIGHT = weight
    return weigh


def by_global_of_a_helper(weight):
    by_global(weight)
    return lambda true, predicted: weigh(true, predicted)


config = ModuleType("made_up_config")


def by_module(weight):
    config.WEIGHT = weight
    return lambda true, predicted: config.WEIGHT * squares(true, predicted)


def by_closure(weight):
    return lambda true, predicted: weight * squares(true, predicted)


def by_partial(weight):
    def weighted(true, predicted, weight):
        return weight * squares(true, predicted)

    return functools.partial(weighted, weight=weight)


@dataclass
class Weighted:
    """A callable without a hash."""

    weight: float

    def __call__(self, true, predicted):
        return self.weight * squares(true, predicted)


SAME_OBJECT = Weighted(1.0)


def by_an_object_that_changes(weight):
    SAME_OBJECT.weight = weight
    return SAME_OBJECT


class Loss(keras.losses.Loss):
    """A loss whose configuration lacks its weight."""

    def __init__(self, name, weight):
        super().__init__()
        setattr(self, name, weight)
        self._attribute = name

    def call(self, true, predicted):
        weight = ops.cast(getattr(self, self._attribute), "float32")
        return ops.reshape(weight, ()) * squares(true, predicted)


LOSSES = {
    "a global": by_global,
    "a global of a helper": by_global_of_a_helper,
    "an attribute of a module": by_module,
    "a closure": by_closure,
    "a partial": by_partial,
    "a dataclass": Weighted,
    "an object that changes": by_an_object_that_changes,
    "a tensor": lambda weight: Loss("weight", ops.convert_to_tensor([weight])),
    "a variable": lambda weight: Loss("weight", keras.Variable(weight)),
    "an array": lambda weight: Loss("weight", np.array([weight])),
    "a private list": lambda weight: Loss("_weights", [weight]),
    "a name with path": lambda weight: Loss("path_weight", weight),
}


WEIGHTED_LOSSES = st.tuples(st.sampled_from(sorted(LOSSES)), st.sampled_from([1.0, 10.0]))


def last_loss(make, weight):
    return fit(loss=make(weight)).history_["loss"][-1]


@pytest.fixture(scope="module")
def unweighted():
    return fit(loss=squares).history_["loss"][-1]


@pytest.mark.parametrize("kind", LOSSES)
def test_losses_that_differ_in_one_value_do_not_share_a_program(kind, unweighted):
    for weight in (1.0, 10.0):
        assert last_loss(LOSSES[kind], weight) == pytest.approx(weight * unweighted, rel=1e-5)


@settings(max_examples=3)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(LOSSES)), st.sampled_from([1.0, 10.0])), max_size=3)
)
def test_fits_in_any_order_have_the_history_of_the_first_fit_in_a_process(unweighted, fits):
    for kind, weight in fits:
        assert last_loss(LOSSES[kind], weight) == pytest.approx(weight * unweighted, rel=1e-5)


def test_equal_losses_share_a_program(monkeypatch):
    compiled = []
    compile_training = programs.backends.compile_training
    monkeypatch.setattr(
        programs.backends,
        "compile_training",
        lambda *arguments: compiled.append(arguments) or compile_training(*arguments),
    )
    programs.clear()
    for _ in range(2):
        last_loss(by_partial, 3.0)
    assert len(compiled) == 1
    for _ in range(2):
        fit(loss=Loss("_weights", [3.0]), metrics=[keras.metrics.MeanAbsoluteError()])
    assert len(compiled) == 2


def test_program_is_not_used_again_after_its_loss_has_changed(unweighted):
    first, second = Weighted(1.0), Weighted(1.0)
    fit(loss=first)
    first.weight = 10.0
    # Another batch size makes the program call its loss again.
    model = fit(loss=second, batch_size=11)
    programs.clear()
    assert model.history_ == fit(loss=Weighted(1.0), batch_size=11).history_


def test_loss_that_cannot_be_described_has_a_program_of_its_own(unweighted):
    class Locked(Weighted):
        lock = threading.Lock()

    for weight in (1.0, 10.0):
        assert last_loss(Locked, weight) == pytest.approx(weight * unweighted, rel=1e-5)


def test_loss_that_calls_itself_is_trained():
    def loss(true, predicted, depth=2):
        return loss(true, predicted, depth - 1) if depth else squares(true, predicted)

    assert fit(loss=loss).history_ == fit(loss=loss).history_


class HalfEntropy(keras.losses.BinaryCrossentropy):
    """A loss of the user that needs probabilities, and whose parameters are not those of Keras."""

    def __init__(self, share):
        super().__init__(name="half")
        self.share = share

    def call(self, true, predicted):
        return self.share * ops.sum(predicted, axis=-1)


def test_loss_class_that_overrides_call_receives_probabilities():
    model = RNNClassifier(**ONE, loss=HalfEntropy(0.5), learning_rate=1e-30).fit(X, LABELS)
    probabilities = model.predict_proba(X)[:, 1]
    assert model.history_["loss"] == pytest.approx([0.5 * probabilities.mean()], rel=1e-5)


# --- metrics ------------------------------------------------------------------------------------


class Reports(keras.metrics.Metric):
    """A metric that reports a value that its configuration lacks."""

    def __init__(self, value=1.0, name="reports", **kwargs):
        super().__init__(name=name, **kwargs)
        self._value = [value]
        self.reported = self.add_weight(name="reported", initializer="zeros")

    def update_state(self, true, predicted, sample_weight=None):
        self.reported.assign(self._value[0])

    def result(self):
        return self.reported * 1.0


class Bare(Reports):
    """A metric that accepts neither a name nor a dtype."""

    def __init__(self, value=1.0):
        super().__init__(value, name="bare")


class Constant(keras.metrics.Metric):
    """A metric that keeps a variable when it is reset, and counts its updates."""

    def __init__(self, constant=0.0, name="constant", **kwargs):
        super().__init__(name=name, **kwargs)
        self.constant = self.add_weight(initializer=keras.initializers.Constant(constant))

    def update_state(self, true, predicted, sample_weight=None):
        self.constant.assign_add(1.0)

    def reset_state(self):
        pass

    def result(self):
        return self.constant * 1.0


@pytest.mark.parametrize("kind", [Reports, Bare])
def test_metrics_keep_values_that_their_configuration_lacks(kind):
    for value in (7.0, 3.0):
        (reported,) = fit(metrics=[kind(value)]).history_[kind().name]
        assert reported == value


def test_metrics_begin_each_fit_with_the_values_they_were_given():
    for constant in (5.0, 5.0, 2.0):
        metric = Constant(constant)
        assert fit(metrics=[metric]).history_["constant"] == [constant + 1]
        assert float(metric.constant) == constant


def test_metrics_as_dataclass_or_partial_are_named_after_their_class_or_function():
    model = fit(metrics=[Weighted(2.0), functools.partial(weigh)], normalize_y=False)
    assert list(model.history_) == ["loss", "Weighted", "weigh"]
    assert model.history_["Weighted"] == pytest.approx([2 * model.history_["loss"][0]], rel=1e-5)


class Needs(Reports):
    """A metric that cannot be made from its configuration."""

    def __init__(self, value, *, other, **kwargs):
        super().__init__(value, **kwargs)


class Several(keras.metrics.Mean):
    """A metric with more variables than its configuration makes."""

    def __init__(self, n=1, name="several", **kwargs):
        super().__init__(name=name, **kwargs)
        self.counts = [self.add_weight(initializer="zeros") for _ in range(n)]


@pytest.mark.parametrize("metric", [lambda: Needs(1.0, other=2.0), lambda: Several(3)])
def test_metrics_that_cannot_be_rebuilt_raise(metric):
    with pytest.raises(ValueError, match=r"metrics contains .* cannot be made again from its conf"):
        fit(metrics=[metric()])


# --- activations, cells and bodies --------------------------------------------------------------


def scaled(x):
    return WEIGHT * ops.tanh(x)


@dataclass
class Squash:
    """An activation without a hash."""

    scale: float

    def __call__(self, x):
        return self.scale * ops.tanh(x)


def body_that_reads_a_global(steps, lengths):
    return keras.layers.Dense(3)(keras.layers.Lambda(scaled)(steps))


class ScaledCell(keras.layers.SimpleRNNCell):
    """A cell that reads a global."""

    def call(self, *arguments, **kwargs):
        output, states = super().call(*arguments, **kwargs)
        return WEIGHT * output, states


PARTS = {
    "activation": {"activation": scaled},
    "body": {"body": body_that_reads_a_global},
    "cell": {"cell": ScaledCell},
}


@pytest.mark.parametrize("name", PARTS)
def test_fitted_network_whose_parts_read_a_changed_global_raises(name):
    by_global(1.0)
    model = fit(**PARTS[name])
    expected = model.predict(X)
    for cleared in (False, True):
        by_global(5.0)
        if cleared:
            programs.clear()
        with pytest.raises(ValueError, match=f"{name} no longer builds the network that was fit"):
            model.predict(X)
        by_global(1.0)
        assert_array_equal(model.predict(X), expected)
    by_global(5.0)
    other = fit(**PARTS[name]).predict(X)
    assert np.abs(other - expected).max() > 1e-3
    programs.clear()
    assert_array_equal(fit(**PARTS[name]).predict(X), other)
    by_global(1.0)


def test_activations_that_are_equal_share_a_program(monkeypatch):
    built = count_programs(monkeypatch)
    elu = [functools.partial(keras.activations.elu, alpha=alpha) for alpha in (0.5, 0.5, 2.0)]
    first, same, other = (fit(activation=activation).predict(X) for activation in elu)
    assert_array_equal(first, same)
    assert np.abs(first - other).max() > 0
    assert len(built) == 2
    one, other = (fit(activation=Squash(scale)).predict(X) for scale in (1.0, 0.0))
    assert_allclose(one, fit(activation="tanh").predict(X), rtol=0, atol=1e-5)
    assert np.ptp(other) == 0


def test_warm_start_with_another_activation_raises():
    model = fit(activation=Squash(1.0), warm_start=True)
    assert len(model.fit(X, Y).history_["loss"]) == 2
    message = "parameters have changed since it was fitted: activation from .* to 'relu'"
    with pytest.raises(ValueError, match=message):
        model.set_params(activation="relu").fit(X, Y)
    with pytest.raises(ValueError, match="activation no longer builds the network"):
        model.set_params(activation=Squash(2.0)).fit(X, Y)


N_BUILT = []


def body_that_counts(steps, lengths):
    N_BUILT.append(len(N_BUILT))
    return keras.layers.Dense(3)(steps)


class Locked(keras.layers.Dense):
    """A layer that holds an object that cannot be described."""

    def __init__(self, units):
        super().__init__(units)
        self._object = threading.Lock()


def body_that_cannot_be_described(steps, lengths):
    return Locked(3)(steps)


@pytest.mark.parametrize("body", [body_that_counts, body_that_cannot_be_described])
def test_fitted_body_is_compared_in_what_it_builds(body):
    models = [fit(body=body) for _ in range(2)]
    expected = models[0].predict(X)
    assert_array_equal(models[1].predict(X), expected)
    programs.clear()
    model = pickle.loads(pickle.dumps(models[0]))
    assert_array_equal(model.predict(X), expected)
    assert isinstance(model._spec.architecture, str)
    model.set_params(warm_start=True).fit(X, Y)
    assert len(model.history_["loss"]) == 2


def test_body_with_a_trained_layer_that_existed_before_raises():
    shared = keras.layers.Dense(3, name="shared")

    def body(steps, lengths):
        return shared(steps)

    with pytest.raises(ValueError, match=r"body.* uses 'shared', created before it was called"):
        fit(body=body)
    shared.trainable = False
    model = fit(body=body)
    assert_array_equal(fit(body=body).predict(X), model.predict(X))


class Leaky(keras.layers.SimpleRNNCell):
    """A cell whose configuration lacks a value."""

    def __init__(self, units, leak=0.0, **kwargs):
        super().__init__(units, **kwargs)
        self._leaks = [leak]

    def call(self, *arguments, **kwargs):
        output, states = super().call(*arguments, **kwargs)
        return self._leaks[0] * output, states


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cell_instances_keep_values_that_their_configuration_lacks(dtype):
    one, same, other = (
        fit(cell=Leaky(3, leak), dtype=dtype).predict(X) for leak in (0.5, 0.5, 1.5)
    )
    assert np.ptp(one) > 0
    assert_array_equal(one, same)
    assert np.abs(one - other).max() > 1e-3
