"""The parameters loss, optimizer, learning_rate, global_clipnorm and metrics."""

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import (
    ByHand,
    assert_close_weights,
    random_sequences,
    step_targets,
)
from sklearn.metrics import f1_score, log_loss, roc_auc_score
from small_data import PLAIN, TINY, assert_same_weights, labelled

from skrnn import RNNClassifier, RNNRegressor

X = random_sequences()
Y = np.array([4000.0 + 1000 * x[:, 0].sum() for x in X])
CODES = np.arange(len(X)) % 3
MANY, TAGS = labelled()
EXACT = {
    **TINY, **PLAIN, "dtype": "float64", "batch_size": None, "shuffle": False, "epochs": 1,
}  # fmt: skip
UNCHANGED = {**EXACT, "learning_rate": 1e-300}  # no weight changes


# --- losses -----------------------------------------------------------------------------------


def huber(delta):
    def loss(error):
        size = np.abs(error)
        return np.where(size < delta, error**2 / 2, delta * size - delta**2 / 2)

    return loss


def cubed(true, predicted):
    return ops.abs(true - predicted) ** 3


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("auto", np.square),
        (keras.losses.MeanAbsoluteError, np.abs),
        ("huber", huber(1)),
        (keras.losses.Huber(delta=0.3), huber(0.3)),
        (keras.losses.Huber(delta=0.1), huber(0.1)),
        (cubed, lambda error: np.abs(error) ** 3),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_rnn_regressor_loss_equals_numpy(loss, expected):
    model = RNNRegressor(**UNCHANGED, loss=loss).fit(X, Y)
    error = (model.predict(X) - Y) / Y.std()
    assert model.history_["loss"] == pytest.approx([expected(error).mean()], rel=1e-6)


def test_rnn_regressor_loss_is_the_mean_over_targets():
    pairs = np.column_stack([Y, Y[::-1]])
    model = RNNRegressor(**UNCHANGED, loss=cubed).fit(X, pairs)
    error = (model.predict(X) - pairs) / Y.std()
    assert model.history_["loss"] == pytest.approx([(np.abs(error) ** 3).mean()], rel=1e-6)


def cross_entropy(true, probability):
    return -(true * np.log(probability)).sum(axis=1)


def binary_cross_entropy(true, probability):
    return cross_entropy(np.column_stack([1 - true, true]), probability)


@pytest.mark.parametrize(
    ("loss", "n_classes", "expected"),
    [
        ("auto", 2, binary_cross_entropy),
        ("auto", 3, cross_entropy),
        ("categorical_crossentropy", 2, cross_entropy),
        (keras.losses.SparseCategoricalCrossentropy(), 3, cross_entropy),
        (
            keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.3),
            3,
            lambda true, p: cross_entropy(0.7 * true + 0.1, p),
        ),
        (
            keras.losses.BinaryCrossentropy(label_smoothing=0.2),
            2,
            lambda true, p: binary_cross_entropy(0.8 * true + 0.1, p),
        ),
        (cubed, 3, lambda true, p: (np.abs(true - p) ** 3).mean(axis=1)),
    ],
)
def test_rnn_classifier_loss_equals_numpy(loss, n_classes, expected):
    codes = CODES % n_classes
    true = codes if expected is binary_cross_entropy else np.eye(n_classes)[codes]
    if isinstance(loss, keras.losses.BinaryCrossentropy):
        true = codes
    model = RNNClassifier(**UNCHANGED, loss=loss).fit(X, codes)
    probabilities = model.predict_proba(X)
    assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    assert_array_equal(model.predict(X), probabilities.argmax(axis=1))
    assert model.history_["loss"] == pytest.approx([expected(true, probabilities).mean()], rel=1e-6)


@pytest.mark.parametrize(
    ("loss", "activation"),
    [
        ("bce", "sigmoid"),
        (keras.losses.BinaryCrossentropy(name="mine"), "sigmoid"),
        (keras.losses.SparseCategoricalCrossentropy(name="mine"), "softmax"),
        (keras.losses.CategoricalFocalCrossentropy(), "softmax"),
    ],
)
def test_rnn_loss_determines_the_activation_of_the_output(loss, activation):
    model = RNNClassifier(loss=loss, **TINY).fit(X, CODES % 2)
    assert model.model_.layers[-1].get_config()["activation"] == activation


# --- optimizers -------------------------------------------------------------------------------


def squared(true, raw):
    return ops.mean((true - raw) ** 2, axis=1)


def decay():
    return keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=1, decay_rate=0.5)


@pytest.mark.parametrize(
    "make",
    [
        lambda: keras.optimizers.SGD(decay(), momentum=0.9),
        lambda: keras.optimizers.SGD(0.1, clipnorm=0.01),
        lambda: keras.optimizers.AdamW(0.01, weight_decay=0.1, clipvalue=0.001),
        lambda: keras.optimizers.Adam(0.01, weight_decay=0.1),
        lambda: keras.optimizers.RMSprop(0.01, global_clipnorm=0.01, use_ema=True),
    ],
    ids=["schedule", "clipnorm", "clipvalue", "weight decay", "average"],
)
def test_rnn_optimizer_object_trains_as_in_keras(make):
    start = RNNRegressor(**{**UNCHANGED, "optimizer": "sgd"}).fit(X, Y)
    by_hand, optimizer = ByHand(start), make()
    true = [[[one]] for one in (Y - Y.mean()) / Y.std()]
    by_hand.train(optimizer, X, true, loss=squared, n_steps=3)
    optimizer.finalize_variable_values(by_hand.variables())
    template = make()
    config = template.get_config()
    model = RNNRegressor(**{**EXACT, "epochs": 3}, optimizer=template, global_clipnorm=None)
    first = model.fit(X, Y).weights_
    by_hand.assert_equal(model, atol=1e-7)
    assert_same_weights(model.fit(X, Y), first)
    assert model.optimizer is template
    assert template.get_config() == config
    assert int(template.iterations) == 0
    assert not template.built


@pytest.mark.parametrize("optimizer", ["adagrad", "nadam", "adam"])
def test_rnn_optimizer_keeps_no_state_between_fits(optimizer):
    params = {**TINY, "optimizer": optimizer, "learning_rate": 0.1}
    first = RNNClassifier(**params).fit(MANY, TAGS)
    RNNClassifier(**{**params, "learning_rate": 0.5, "random_state": 1}).fit(MANY, TAGS[::-1])
    assert_same_weights(RNNClassifier(**params).fit(MANY, TAGS), first)


def test_rnn_global_clipnorm_limits_the_norm_of_all_gradients():
    params = {**EXACT, "optimizer": "sgd", "learning_rate": 1.0}
    start = RNNRegressor(**{**UNCHANGED, "optimizer": "sgd"}).fit(X, Y)

    def moved(**how):
        model = RNNRegressor(**{**params, **how}).fit(X, Y)
        steps = zip(model.weights_, start.weights_, strict=True)
        return np.sqrt(sum(((one - other) ** 2).sum() for one, other in steps))

    free = moved(global_clipnorm=None)
    assert free > 1.1
    assert moved() == pytest.approx(1, rel=1e-6)
    assert moved(global_clipnorm=0.01) == pytest.approx(0.01, rel=1e-6)
    clipped = keras.optimizers.SGD(1.0, global_clipnorm=0.05)
    assert moved(global_clipnorm=0.01, optimizer=clipped) == pytest.approx(0.05, rel=1e-6)
    by_value = keras.optimizers.SGD(1.0, clipvalue=1e6)
    assert moved(optimizer=by_value) == pytest.approx(free, rel=1e-6)


CLIPPED = {
    "clipvalue": lambda gradients, most: [np.clip(one, -most, most) for one in gradients],
    "clipnorm": lambda gradients, most: [
        one * min(1, most / np.linalg.norm(one)) for one in gradients
    ],
    "global_clipnorm": lambda gradients, most: [
        one * min(1, most / np.sqrt(sum((each**2).sum() for each in gradients)))
        for one in gradients
    ],
}


@pytest.mark.parametrize("kind", CLIPPED)
def test_rnn_clipping_changes_the_gradient_of_one_update_as_by_hand(kind):
    def update(optimizer, **params):
        fit = {**EXACT, "epochs": 1, **params, "optimizer": optimizer, "learning_rate": 1.0}
        model = RNNRegressor(**fit).fit(X, Y)
        return [one - other for one, other in zip(start.weights_, model.weights_, strict=True)]

    start = RNNRegressor(**{**UNCHANGED, "optimizer": "sgd"}).fit(X, Y)
    gradients = update("sgd", global_clipnorm=None)
    most = 0.5 * max(np.abs(one).max() for one in gradients)
    expected = CLIPPED[kind](gradients, most)
    clipped = update(keras.optimizers.SGD(**{kind: most}))
    assert_close_weights(clipped, expected, atol=1e-7)
    changes = [np.abs(one - free).max() for one, free in zip(clipped, gradients, strict=True)]
    assert max(changes) > 1e-3


def test_rnn_optimizer_as_name_class_or_object():
    params = {**TINY, "learning_rate": 0.03}
    first = RNNClassifier(**params, optimizer="rmsprop").fit(MANY, TAGS)
    for optimizer in (
        "RMSprop",
        keras.optimizers.RMSprop,
        keras.optimizers.RMSprop(0.5),
        keras.optimizers.RMSprop(decay()),
    ):
        assert_same_weights(RNNClassifier(**params, optimizer=optimizer).fit(MANY, TAGS), first)
    plain = RNNClassifier(**TINY, optimizer=keras.optimizers.RMSprop(0.03)).fit(MANY, TAGS)
    assert_same_weights(plain, first)


class Halves(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule that is not one of Keras'."""

    def __init__(self, first):
        self.first = first

    def __call__(self, step):
        return self.first * ops.power(0.5, ops.cast(step, "float32"))

    def get_config(self):
        return {"first": self.first}


def test_rnn_optimizer_with_a_custom_schedule():
    fits = [
        RNNClassifier(**TINY, schedule="constant", optimizer=keras.optimizers.Adam(rate)).fit(
            MANY, TAGS
        )
        for rate in (decay(), Halves(0.1))
    ]
    assert_close_weights(*fits, atol=1e-6)


# --- metrics ----------------------------------------------------------------------------------


def worst(true, predicted):
    return ops.max(ops.abs(true - predicted), axis=-1)


def test_rnn_metrics_are_in_history_by_their_keras_names():
    metrics = ["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(2, name="top2")]
    params = {**TINY, "learning_rate": 1e-30, "schedule": "constant"}
    model = RNNClassifier(**params, metrics=metrics)
    model.fit(X, CODES, X_val=X[:4], y_val=CODES[:4])
    names = ["loss", "accuracy", "top2"]
    assert list(model.history_) == [*names, *("val_" + name for name in names)]
    assert model.history_["accuracy"] == pytest.approx([model.score(X, CODES)] * 3)
    assert model.history_["val_accuracy"] == pytest.approx([model.score(X[:4], CODES[:4])] * 3)
    assert float(metrics[1].total) == 0


@pytest.mark.parametrize(
    ("loss", "n_classes"),
    [("auto", 2), ("categorical_crossentropy", 3)],
)
def test_rnn_metrics_accuracy_equals_score(loss, n_classes):
    model = RNNClassifier(**UNCHANGED, loss=loss, metrics="acc").fit(X, CODES % n_classes)
    assert model.history_["acc"] == pytest.approx([model.score(X, CODES % n_classes)])


def test_rnn_metrics_of_steps_equal_numpy():
    y = step_targets(X, n_targets=2)
    wrapped = keras.metrics.MeanMetricWrapper(worst, name="wrapped")
    metrics = ["mae", worst, wrapped, keras.metrics.RootMeanSquaredError()]
    model = RNNRegressor(**{**UNCHANGED, "batch_size": 3}, return_sequences=True, metrics=metrics)
    model.fit(X, y)
    error = np.concatenate(model.predict(X)) - np.concatenate(y)
    # Each time step counts once, whatever the batch that it is in.
    spread = np.concatenate(y).std(axis=0)
    largest = np.abs(error).max(axis=1).mean()
    expected = {
        "loss": ((error / spread) ** 2).mean(),
        "mae": np.abs(error).mean(),
        "worst": largest,
        "wrapped": largest,
        "root_mean_squared_error": np.sqrt((error**2).mean()),
    }
    assert list(model.history_) == list(expected)
    for name, value in expected.items():
        assert model.history_[name] == pytest.approx([value], rel=1e-5)


@pytest.mark.parametrize("normalize_y", [True, False])
def test_rnn_metrics_are_in_the_units_of_y(normalize_y):
    params = {**UNCHANGED, "normalize_y": normalize_y, "metrics": ["mape", "mae"]}
    model = RNNRegressor(**params).fit(X, Y, X_val=X[:3], y_val=Y[:3])
    for prefix, n in (("", len(X)), ("val_", 3)):
        error = np.abs(model.predict(X[:n]) - Y[:n])
        assert model.history_[prefix + "mae"] == pytest.approx([error.mean()], rel=1e-5)
        percent = 100 * (error / Y[:n]).mean()
        assert model.history_[prefix + "mape"] == pytest.approx([percent], rel=1e-5)


@pytest.mark.parametrize("metric", ["r2_score", "auc"])
def test_rnn_metrics_that_are_built_in_the_first_update(metric):
    model = RNNRegressor if metric == "r2_score" else RNNClassifier
    target = Y if metric == "r2_score" else CODES % 2
    assert len(model(metrics=[metric], **TINY).fit(X, target).history_[metric]) == TINY["epochs"]


def test_rnn_metrics_must_return_a_scalar():
    metrics = [keras.metrics.Recall(thresholds=[0.2, 0.8], name="recalls")]
    with pytest.raises(ValueError, match="return a scalar; 'recalls'"):
        RNNClassifier(metrics=metrics, **TINY).fit(X, CODES % 2)
    with pytest.raises(ValueError, match=r"'f1_score' returns .*\(3,\).*average='macro'"):
        RNNClassifier(metrics=["f1_score"], **TINY).fit(X, CODES)


@pytest.mark.parametrize(
    ("loss", "n_classes"), [("auto", 2), ("auto", 3), ("categorical_crossentropy", 3)]
)
def test_rnn_metrics_of_keras_receive_the_targets_that_they_need(loss, n_classes):
    codes, metrics = CODES % n_classes, keras.metrics
    model = RNNClassifier(
        **TINY, loss=loss,
        metrics=[
            "accuracy", "categorical_accuracy", "sparse_categorical_accuracy",
            "categorical_crossentropy", metrics.sparse_categorical_crossentropy,
            metrics.F1Score(average="macro"), metrics.AUC(100_000, name="auc"),
        ],
    ).fit(X, codes, X_val=X, y_val=codes)  # fmt: skip
    probabilities, predicted = model.predict_proba(X), model.predict(X)
    entropy, indicators = log_loss(codes, probabilities), np.eye(n_classes)[codes]
    average = "binary" if n_classes == 2 else "macro"
    columns = slice(1, None) if n_classes == 2 else slice(None)
    area = roc_auc_score(indicators[:, columns].ravel(), probabilities[:, columns].ravel())
    expected = {
        **dict.fromkeys(
            ["accuracy", "categorical_accuracy", "sparse_categorical_accuracy"],
            (predicted == codes).mean(),
        ),
        "categorical_crossentropy": entropy,
        "sparse_categorical_crossentropy": entropy,
        "f1_score": f1_score(codes, predicted, average=average, zero_division=0),
        "auc": area,
    }
    for name, value in expected.items():
        assert model.history_["val_" + name][-1] == pytest.approx(value, rel=1e-5), name


class Largest(keras.metrics.Metric):
    """The largest error; a class without the parameter `dtype`."""

    def __init__(self, name="largest"):
        super().__init__(name=name)
        self.value = self.add_weight(name="value", initializer="zeros")

    def update_state(self, true, predicted, sample_weight=None):
        self.value.assign(ops.maximum(self.value, ops.max(ops.abs(true - predicted))))

    def result(self):
        return self.value

    def get_config(self):
        return {"name": self.name}


def test_rnn_metrics_without_dtype_warn_if_targets_need_float64():
    RNNRegressor(**TINY, metrics=[Largest()]).fit(X, Y)
    with pytest.warns(UserWarning, match="'largest', which computes in float32"):
        RNNRegressor(**TINY, metrics=[Largest()]).fit(X, 1.7e9 + Y)


def test_rnn_optimizer_that_sets_its_own_rate_does_not_depend_on_the_clock():
    class Halving(keras.optimizers.SGD):
        """Halves its learning rate after each update."""

        def apply(self, gradients, variables=None):
            super().apply(gradients, variables)
            self._learning_rate.assign(self._learning_rate * 0.5)

    params = {**TINY, "batch_size": 3, "schedule": "constant"}
    histories = [
        RNNRegressor(**params, optimizer=Halving(0.1)).fit(X, Y).history_["loss"] for _ in range(3)
    ]
    assert histories[0] == histories[1] == histories[2]
