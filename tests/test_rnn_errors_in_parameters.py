"""Invalid parameters, weights and calls: each has its own error, and fitted attributes stay."""

import keras
import numpy as np
import pytest
from fitted_models import (
    CUBE,
    LABELS,
    MODELS,
    RAGGED_TAGS,
    TAGS,
    N,
    X,
    Y,
    fitted,
    fitted_state,
    labels,
    refused,
    unchanged,
    with_value,
)
from keras import ops
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError
from small_data import TINY, assert_same_weights

from skrnn import RNNClassifier

# --- parameters -------------------------------------------------------------------------------

# A dict from which Keras would make an object.
CONFIGURATION = {"class_name": "mean_squared_error", "config": "mean_squared_error"}
BAD_PARAMETERS = [
    ({"epochs": 0}, r"'epochs' .*\[1, inf\).*Got 0"),
    ({"epochs": 2.5}, "'epochs' .*Got 2.5"),
    ({"cell": "elman"}, "'cell' (?=.*'gru')(?=.*'lstm')(?=.*'simple').*Got 'elman'"),
    ({"units": 0}, "'units' .*Got 0"),
    ({"units": ()}, r"units must be .*got \(\)"),
    ({"units": (8, 0)}, r"units must be .*got \(8, 0\)"),
    ({"units": (8, 2.5)}, r"units must be .*got \(8, 2\.5\)"),
    ({"units": (8, "4")}, r"units must be .*got \(8, '4'\)"),
    ({"units": True}, "units must be .*got True"),
    ({"units": (True,)}, r"units must be .*got \(True,\)"),
    ({"pooling": "sum"}, "'pooling' (?=.*'last')(?=.*'max')(?=.*'mean').*Got 'sum'"),
    ({"dropout": 1}, "'dropout' .*Got 1"),
    ({"recurrent_dropout": -0.1}, "'recurrent_dropout' .*Got -0.1"),
    ({"l2": -1}, "'l2' .*Got -1"),
    ({"batch_size": 0}, "'batch_size' .*Got 0"),
    ({"learning_rate": 0}, "'learning_rate' .*Got 0"),
    ({"global_clipnorm": 0}, "'global_clipnorm' .*Got 0"),
    ({"validation_split": 1.0}, "'validation_split' .*Got 1.0"),
    ({"patience": 0}, "'patience' .*Got 0"),
    ({"dtype": "float16"}, "'dtype' .*Got 'float16'"),
    ({"random_state": "seed"}, "'random_state' .*Got 'seed'"),
    ({"class_weight": "even"}, "'class_weight' .*Got 'even'"),
    ({"body": "lstm"}, "'body' .*callable.*Got 'lstm'"),
    ({"embedding": 0}, "'embedding' .*Got 0"),
    ({"embedding": True}, "embedding must be .*got True"),
    ({"class_weight": {"no": 0, "yes": 0}}, "class_weight is zero for every class"),
    ({"class_weight": {"no": None}}, "class_weight must .*got None for the class 'no'"),
    ({"class_weight": {"no": "2"}}, "class_weight must .*got '2' for the class 'no'"),
    ({"class_weight": {"no": np.nan}}, "class_weight must .*got nan for the class 'no'"),
    ({"class_weight": {"no": np.inf}}, "class_weight must .*got inf for the class 'no'"),
    ({"class_weight": {"no": -1}}, "class_weight must .*got -1 for the class 'no'"),
    ({"embedding": np.ones((1, 3))}, "embedding must have a row for padding.*got 1 row"),
    ({"embedding": np.full((9, 3), np.nan)}, "embedding contains NaN"),
    ({"embedding": np.ones(3)}, "embedding.*1D array"),
]


def written(cases):
    """Return a name for each case, made of the parameters that it begins with."""
    return [" ".join(f"{k}={v!r}" for k, v in params.items())[:30] for params, *_ in cases]


@pytest.mark.parametrize(("params", "match"), BAD_PARAMETERS, ids=written(BAD_PARAMETERS))
def test_rnn_fit_refuses_invalid_parameters(params, match):
    kind = "words" if "embedding" in params else "classifier"
    model, batch = fitted(kind), MODELS[kind][1]
    with unchanged(model, batch), refused(ValueError, match):
        model.set_params(**params).fit(batch, LABELS)


BAD_KERAS_PARAMETERS = [
    ({"optimizer": "nope"}, ValueError, "optimizer.*got 'nope'"),
    ({"optimizer": 3}, ValueError, "optimizer.*got 3"),
    ({"optimizer": None}, ValueError, "optimizer.*got None"),
    ({"loss": "nope"}, ValueError, "loss.*got 'nope'"),
    ({"metrics": ["accuracy", "nope"]}, ValueError, "metrics.*'nope'"),
    ({"metrics": "nope"}, ValueError, "metrics.*'nope'"),
    ({"metrics": ["accuracy", "accuracy"]}, ValueError, "metrics.*name 'accuracy'.*unique"),
    ({"metrics": [keras.metrics.AUC(name="loss")]}, ValueError, "metrics.*name 'loss'"),
    ({"metrics": [keras.metrics.AUC(name="score")]}, ValueError, "metrics.*name 'score'"),
    ({"metrics": [keras.metrics.AUC(name="val_a")]}, ValueError, "metrics.*name 'val_a'"),
    ({"metrics": [lambda true, predicted: true.nothing]}, ValueError, "metrics.*failed on targets"),
    ({"activation": "step"}, ValueError, "activation must be .*got 'step'"),
    ({"loss": CONFIGURATION}, ValueError, "loss must be .*got {"),
    ({"metrics": [CONFIGURATION]}, ValueError, "metrics contains {"),
    ({"body": lambda steps, lengths: steps[:, 0, 0]}, ValueError, r"body.*shape \(None,\)"),
    ({"body": lambda steps, lengths: "steps"}, ValueError, "body.*Keras tensor, got 'steps'"),
    ({"body": lambda steps, lengths: None}, ValueError, "body.*Keras tensor, got None"),
    ({"body": lambda steps, lengths: np.ones((2, 3))}, ValueError, "body.*Keras tensor, got"),
    ({"body": lambda steps, lengths: [steps, steps]}, ValueError, "body.*Keras tensor, got"),
]


class NoTraining(keras.callbacks.Callback):
    """Fails the test if the first epoch is reached."""

    def on_train_begin(self, logs=None):
        pytest.fail("training began")


@pytest.mark.parametrize(
    ("params", "error", "match"), BAD_KERAS_PARAMETERS, ids=written(BAD_KERAS_PARAMETERS)
)
def test_rnn_fit_refuses_what_keras_does_not_know(params, error, match):
    model = fitted("classifier").set_params(callbacks=NoTraining, **params)
    with unchanged(model, X), pytest.raises(error, match=f"(?s){match}"):
        model.fit(X, LABELS)


@pytest.mark.parametrize("callbacks", [[print], dict])
def test_rnn_callbacks_must_be_keras_callbacks(callbacks):
    model = fitted("classifier").set_params(callbacks=callbacks)
    with unchanged(model, X), pytest.raises(TypeError, match=r"callbacks.*got"):
        model.fit(X, LABELS)


def test_rnn_body_must_return_steps_if_return_sequences():
    model = fitted("tagger").set_params(body=lambda steps, lengths: steps[:, 0])
    model.set_params(callbacks=NoTraining)
    with unchanged(model, X), pytest.raises(ValueError, match=r"body.*3-D .*shape \(None, 4\)"):
        model.fit(X, TAGS)


def test_rnn_loss_must_return_a_value_for_each_target():
    model = fitted("classifier").set_params(loss=lambda true, predicted: ops.mean(predicted))
    with unchanged(model, X), pytest.raises(ValueError, match=r"loss.*got one value for all"):
        model.fit(X, LABELS)


def test_rnn_loss_for_two_classes_is_refused_for_three():
    model = RNNClassifier(**TINY, loss="binary_crossentropy")
    with refused(ValueError, "loss='binary_crossentropy' is for 2 classes, but y has 3"):
        model.fit(X, np.resize(["a", "b", "c"], N))


# --- weights, validation data, groups ---------------------------------------------------------

BAD_WEIGHTS = [
    (np.where(np.arange(N) == 3, -1.0, 1.0), "Negative values.*{name}"),
    (np.zeros(N), "{name} is zero for every sequence|must contain at least one non-zero"),
    (np.ones(N - 2), "{name}.*(10|12).*(10|12)"),
    (np.full(N, np.nan), "{name} contains NaN"),
    (np.full(N, np.inf), "{name} contains infinity"),
    (np.ma.array(np.ones(N), mask=LABELS == "no"), "{name} is a masked array"),
    (["heavy"] * N, "{name} must contain one finite number"),
    (np.ones((N, 2)), "{name}|[Ss]ample weights must be 1D"),
]


@pytest.mark.parametrize(("weights", "match"), BAD_WEIGHTS)
def test_rnn_fit_refuses_invalid_sample_weight(weights, match):
    for kind in ("classifier", "regressor"):
        model, _, y = fitted(kind), *MODELS[kind][1:]
        name = "sample_weight"
        with unchanged(model, X), refused(ValueError, match.format(name=name)):
            model.fit(X, y, sample_weight=weights)
        with unchanged(model, X), refused(ValueError, match.format(name=name)):
            model.partial_fit(X, y, sample_weight=weights)


@pytest.mark.parametrize(("weights", "match"), BAD_WEIGHTS[:-1])
def test_rnn_fit_refuses_invalid_sample_weight_val(weights, match):
    model = fitted("classifier")
    with unchanged(model, X), refused(ValueError, match.format(name="sample_weight_val")):
        model.fit(X, LABELS, X_val=X, y_val=LABELS, sample_weight_val=weights)


def test_rnn_class_weight_zero_for_all_classes_is_refused():
    model = fitted("classifier").set_params(class_weight={"no": 0, "yes": 0})
    with unchanged(model, X), refused(ValueError, "class_weight.*(zero|no sequence)"):
        model.fit(X, LABELS)


@pytest.mark.parametrize(
    ("validation", "match"),
    [
        ({"X_val": X}, "X_val and y_val must be passed together"),
        ({"y_val": LABELS}, "X_val and y_val must be passed together"),
        ({"sample_weight_val": np.ones(N)}, "sample_weight_val.*X_val"),
        ({"X_val": X, "y_val": LABELS[:-1]}, "y_val has 11"),
        ({"X_val": X, "y_val": ["maybe"] * N}, r"y_val has labels .*classes_: \['maybe'\]"),
        ({"X_val": with_value(np.nan), "y_val": LABELS}, r"X_val contains NaN.*X_val\[3\]"),
        ({"X_val": [], "y_val": []}, "0 sample.*X_val"),
        ({"X_val": CUBE[:, :, :1], "y_val": LABELS}, "X_val has 1 features"),
        ({"X_val": X, "y_val": RAGGED_TAGS}, "y_val.*return_sequences=False"),
    ],
)
def test_rnn_fit_refuses_invalid_validation_data(validation, match):
    model, fresh = fitted("classifier"), RNNClassifier(**TINY)
    with unchanged(model, X), refused(ValueError, match):
        model.fit(X, LABELS, **validation)
    with refused(ValueError, match):
        fresh.fit(X, LABELS, **validation)
    assert not fitted_state(fresh)


@pytest.mark.parametrize(
    ("n", "groups", "match"),
    [
        (2, None, "validation_split=0.1 of the 2 sequences"),
        (3, None, "validation_split=0.1 of the 3 sequences"),
        (N, np.zeros(N), "groups"),
        (N, np.arange(N - 1), "groups"),
    ],
)
def test_rnn_early_stopping_needs_enough_sequences_and_groups(n, groups, match):
    model = fitted("classifier").set_params(early_stopping=True)
    with unchanged(model, X), refused(ValueError, match):
        model.fit(X[:n], labels(n), groups=groups)


# --- order of calls ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda model: model.predict(X),
        lambda model: model.predict_proba(X),
        lambda model: model.score(X, LABELS),
        lambda model: model.hidden_states(X),
        lambda model: model.model_,
    ],
    ids=["predict", "predict_proba", "score", "hidden_states", "model_"],
)
def test_rnn_is_not_fitted_before_fit(call):
    with pytest.raises(NotFittedError, match="RNNClassifier instance is not fitted yet"):
        call(RNNClassifier())


@pytest.mark.parametrize(
    ("y", "classes", "match"),
    [
        (LABELS, ["no", "yes", "maybe"], r"classes=\['maybe' 'no' 'yes'\].*\['no' 'yes'\]"),
        (LABELS, ["no"], "classes=.*first call"),
        (LABELS, ["no", "yes", None], "classes must contain a label .*got None"),
        (LABELS, [0.0, 1.0, np.nan], "classes contains NaN"),
        (LABELS, [["no", "yes"]], r"classes must be a list of labels, got the shape \(1, 2\)"),
        (LABELS, [], r"classes=\[\] differs"),
        (["maybe"] * N, None, r"y has labels .*classes_: \['maybe'\]"),
    ],
)
def test_rnn_partial_fit_refuses_other_classes_than_the_first_call(y, classes, match):
    model = fitted("classifier")
    with unchanged(model, X), refused(ValueError, match):
        model.partial_fit(X, y, classes=classes)


def test_rnn_partial_fit_refuses_labels_outside_classes():
    model = RNNClassifier(**TINY)
    with refused(ValueError, r"y has labels .*classes_: \['no'\]"):
        model.partial_fit(X, LABELS, classes=["yes", "maybe"])
    assert not fitted_state(model)


@pytest.mark.parametrize("params", [{"units": 5}, {"cell": "gru"}, {"dtype": "float64"}])
def test_rnn_partial_fit_and_warm_start_refuse_another_network(params):
    model = fitted("classifier").set_params(**params)
    with unchanged(model, X), refused(ValueError, f"parameters.*changed.*{next(iter(params))}"):
        model.partial_fit(X, LABELS)
    with unchanged(model, X), refused(ValueError, f"parameters.*changed.*{next(iter(params))}"):
        model.set_params(warm_start=True).fit(X, LABELS)


def test_rnn_partial_fit_refuses_another_number_of_targets():
    model = fitted("regressor")
    with unchanged(model, X), refused(ValueError, "y has 2 targets, .*fitted with 1"):
        model.partial_fit(X, np.column_stack([Y, Y]))


# --- custom bodies ---------------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "other"), [("float32", "float64"), ("float64", "float32")])
def test_rnn_body_of_another_dtype_is_refused_by_the_names_of_its_layers(dtype, other):
    def body(steps, lengths):
        hidden = keras.layers.Dense(3, dtype=steps.dtype, name="right")(steps)
        hidden = keras.layers.GRU(3, dtype=other, name="wrong")(hidden)
        return keras.layers.Dense(2, dtype=other, name="wrong_too")(hidden)

    model = RNNClassifier(**TINY, body=body, dtype=dtype, callbacks=NoTraining)
    match = f"dtype='{dtype}'.* 'wrong' of {other}, 'wrong_too' of {other}.*steps.dtype"
    with pytest.raises(ValueError, match=match):
        model.fit(X, LABELS)
    assert not fitted_state(model)


def test_rnn_body_of_the_dtype_of_its_steps_is_trained():
    def body(steps, lengths):
        return keras.layers.Dense(3, dtype=steps.dtype)(steps)

    model = RNNClassifier(**TINY, body=body, dtype="float64").fit(X, LABELS)
    assert {weight.dtype for weight in model.weights_} == {np.dtype("float64")}


# --- fits that are interrupted or diverge -----------------------------------------------------


class InterruptsSecondEpoch(keras.callbacks.Callback):
    """Raises what Ctrl-C raises, at the end of the second epoch."""

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt


class InterruptsFirstBatch(keras.callbacks.Callback):
    """Raises what Ctrl-C raises, after the first batches."""

    def on_train_batch_end(self, batch, logs=None):
        raise KeyboardInterrupt


def test_rnn_first_fit_that_is_interrupted_leaves_nothing_fitted():
    model = RNNClassifier(**TINY, callbacks=InterruptsSecondEpoch)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, LABELS)
    assert not fitted_state(model)
    model.set_params(callbacks=None).fit(X, LABELS)
    assert_same_weights(model, fitted("classifier"))


@pytest.mark.parametrize(
    ("method", "warm_start", "callback", "y"),
    [
        ("fit", False, InterruptsSecondEpoch, np.repeat(["dog", "eel", "fox"], 4)),
        ("fit", True, InterruptsSecondEpoch, LABELS),
        ("fit", True, InterruptsFirstBatch, LABELS),
        ("partial_fit", False, InterruptsFirstBatch, LABELS),
    ],
    ids=["other classes", "warm start", "warm start, first batch", "partial_fit"],
)
def test_rnn_fit_that_is_interrupted_leaves_the_earlier_fit(method, warm_start, callback, y):
    model = fitted("classifier").set_params(warm_start=warm_start, callbacks=callback)
    with unchanged(model, X), pytest.raises(KeyboardInterrupt):
        getattr(model, method)(X, y)


def test_rnn_fit_that_diverges_is_an_error_that_leaves_the_earlier_fit():
    params = {"optimizer": "sgd", "global_clipnorm": None}
    model = fitted("regressor").set_params(**params, learning_rate=0.01)
    expected = model.fit(X, Y).predict(X)
    model.set_params(learning_rate=1e30, epochs=20)
    with unchanged(model, X), pytest.raises(ValueError, match=r"(?s)finite.*learning_rate"):
        model.fit([steps * 2 for steps in X], Y[::-1])
    model.set_params(learning_rate=0.01, epochs=TINY["epochs"])
    assert_array_equal(model.fit(X, Y).predict(X), expected)


@pytest.mark.parametrize("wrong", [{"loss": None}, {"metrics": [None]}])
def test_loss_and_metrics_must_not_be_none(wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=f"^{name} "):
        RNNClassifier(cell="simple", units=2, epochs=1, **wrong).fit(np.ones((4, 2, 1)), [0, 1] * 2)


def test_global_clipnorm_of_numpy():
    X, y = np.arange(8.0).reshape(4, 2, 1), [0, 1] * 2
    models = [
        RNNClassifier(cell="simple", units=2, epochs=1, random_state=0, global_clipnorm=norm)
        for norm in (0.5, np.float32(0.5))
    ]
    first, second = (model.fit(X, y).predict_proba(X) for model in models)
    np.testing.assert_array_equal(first, second)
