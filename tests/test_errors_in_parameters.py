"""Bad parameters, weights and calls: each has an error of its own, and nothing fitted changes."""

import numpy as np
import pytest
from refusals import (
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
from sklearn.exceptions import NotFittedError
from toys import TINY

from skrnn import RNNClassifier

# --- parameters -------------------------------------------------------------------------------

BAD_PARAMETERS = [
    ({"epochs": 0}, r"'epochs' .*\[1, inf\)\. Got 0"),
    ({"epochs": 2.5}, "'epochs' .*Got 2.5"),
    ({"cell": "elman"}, "'cell' (?=.*'gru')(?=.*'lstm')(?=.*'simple').*Got 'elman'"),
    ({"units": 0}, "'units' .*Got 0"),
    ({"units": ()}, r"units must be .*got \(\)"),
    ({"units": (8, 0)}, r"units must be .*got \(8, 0\)"),
    ({"units": (8, 2.5)}, r"units must be .*got \(8, 2\.5\)"),
    ({"units": (8, "4")}, r"units must be .*got \(8, '4'\)"),
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
    ({"embedding": np.ones((1, 3))}, "embedding must have a row for padding.*got 1 row"),
    ({"embedding": np.full((9, 3), np.nan)}, "embedding contains NaN"),
    ({"embedding": np.ones(3)}, "embedding.*1D array"),
]


def written(cases):
    """Return names for cases that begin with parameters."""
    return [" ".join(f"{k}={v!r}" for k, v in params.items())[:30] for params, *_ in cases]


@pytest.mark.parametrize(("params", "match"), BAD_PARAMETERS, ids=written(BAD_PARAMETERS))
def test_parameters_are_refused(params, match):
    kind = "words" if "embedding" in params else "classifier"
    model, batch = fitted(kind), MODELS[kind][1]
    with unchanged(model, batch), refused(ValueError, match):
        model.set_params(**params).fit(batch, LABELS)


BAD_KERAS_PARAMETERS = [
    ({"optimizer": "nope"}, ValueError, "optimizer must be .*got 'nope'"),
    ({"optimizer": 3}, ValueError, "optimizer must be .*got 3"),
    ({"loss": "nope"}, ValueError, "loss must be .*got 'nope'"),
    ({"metrics": ["accuracy", "nope"]}, ValueError, "metrics contains 'nope'"),
    ({"metrics": "nope"}, ValueError, "metrics contains 'nope'"),
    ({"activation": "step"}, ValueError, "activation.*step"),
    ({"callbacks": [print]}, TypeError, "callbacks must contain .*got <built-in function print>"),
    ({"callbacks": dict}, TypeError, "callbacks must contain .*got"),
    ({"body": lambda steps, lengths: steps[:, 0, 0]}, ValueError, r"body.*shape \(None,\)"),
    ({"body": lambda steps, lengths: "steps"}, ValueError, "body.*Keras tensor, got 'steps'"),
    ({"body": lambda steps, lengths: None}, ValueError, "body.*Keras tensor, got None"),
    ({"body": lambda steps, lengths: np.ones((2, 3))}, ValueError, "body.*Keras tensor, got"),
    ({"body": lambda steps, lengths: [steps, steps]}, ValueError, "body.*Keras tensor, got"),
]


@pytest.mark.parametrize(
    ("params", "error", "match"), BAD_KERAS_PARAMETERS, ids=written(BAD_KERAS_PARAMETERS)
)
def test_what_keras_does_not_know_is_refused(params, error, match):
    model = fitted("classifier")
    # Names are read by the network side: before the first batch is cut.
    with unchanged(model, X), refused(error, match, before="fit_loop.training_batches"):
        model.set_params(**params).fit(X, LABELS)


def test_a_body_without_steps_is_refused_for_targets_a_step():
    model = fitted("tagger").set_params(body=lambda steps, lengths: steps[:, 0])
    match = r"body.*must return a 3-D .*got shape \(None, 2\)"
    with unchanged(model, X), refused(ValueError, match, before="fit_loop.training_batches"):
        model.fit(X, TAGS)


def test_a_loss_for_two_classes_is_refused_for_three():
    model = RNNClassifier(**TINY, loss="binary_crossentropy")
    with refused(ValueError, "loss='binary_crossentropy' is for 2 classes, but y has 3"):
        model.fit(X, np.resize(["a", "b", "c"], N))


# --- weights, validation data, groups ---------------------------------------------------------

BAD_WEIGHTS = [
    (np.where(np.arange(N) == 3, -1.0, 1.0), "Negative values.*{name}"),
    (np.zeros(N), "{name} is zero for every sequence|must contain at least one non-zero"),
    (np.ones(N - 2), "{name}.*(10|12).*(10|12)"),
    (np.full(N, np.nan), "{name} contains NaN"),
    (np.ones((N, 2)), "{name}|[Ss]ample weights must be 1D"),
]


@pytest.mark.parametrize(("weights", "match"), BAD_WEIGHTS)
def test_weights_are_refused(weights, match):
    for kind in ("classifier", "regressor"):
        model, _, y = fitted(kind), *MODELS[kind][1:]
        name = "sample_weight"
        with unchanged(model, X), refused(ValueError, match.format(name=name)):
            model.fit(X, y, sample_weight=weights)
        with unchanged(model, X), refused(ValueError, match.format(name=name)):
            model.partial_fit(X, y, sample_weight=weights)


@pytest.mark.parametrize(("weights", "match"), BAD_WEIGHTS[:-1])
def test_weights_of_validation_data_are_refused_by_their_name(weights, match):
    model = fitted("classifier")
    with unchanged(model, X), refused(ValueError, match.format(name="sample_weight_val")):
        model.fit(X, LABELS, X_val=X, y_val=LABELS, sample_weight_val=weights)


def test_class_weights_that_leave_nothing_are_refused():
    model = fitted("classifier").set_params(class_weight={"no": 0, "yes": 0})
    with unchanged(model, X), refused(ValueError, "class_weight.*(zero|no sequence)"):
        model.fit(X, LABELS)


@pytest.mark.parametrize(
    ("validation", "match"),
    [
        ({"X_val": X}, "X_val and y_val go together"),
        ({"y_val": LABELS}, "X_val and y_val go together"),
        ({"sample_weight_val": np.ones(N)}, "sample_weight_val.*X_val"),
        ({"X_val": X, "y_val": LABELS[:-1]}, "y_val has 11"),
        ({"X_val": X, "y_val": ["maybe"] * N}, r"y_val has labels .*classes_: \['maybe'\]"),
        ({"X_val": with_value(np.nan), "y_val": LABELS}, r"X_val contains NaN.*X_val\[3\]"),
        ({"X_val": [], "y_val": []}, "0 sample.*X_val"),
        ({"X_val": CUBE[:, :, :1], "y_val": LABELS}, "X_val has 1 features"),
        ({"X_val": X, "y_val": RAGGED_TAGS}, "y_val.*return_sequences=False"),
    ],
)
@pytest.mark.parametrize("again", [False, True])
def test_validation_data_are_refused(validation, match, again):
    model = fitted("classifier") if again else RNNClassifier(**TINY)
    if not again:
        with refused(ValueError, match):
            model.fit(X, LABELS, **validation)
        assert not fitted_state(model)
        return
    with unchanged(model, X), refused(ValueError, match):
        model.fit(X, LABELS, **validation)


@pytest.mark.parametrize(
    ("n", "groups", "match"),
    [
        (2, None, "early_stopping=True with validation_split=0.1.*2 sequences"),
        (3, None, "early_stopping=True with validation_split=0.1.*3 sequences"),
        (N, np.zeros(N), "groups"),
        (N, np.arange(N - 1), "groups"),
    ],
)
def test_too_little_for_early_stopping_is_refused(n, groups, match):
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
def test_nothing_is_predicted_before_fit(call):
    with pytest.raises(NotFittedError, match="RNNClassifier instance is not fitted yet"):
        call(RNNClassifier())


@pytest.mark.parametrize(
    ("y", "classes", "match"),
    [
        (LABELS, ["no", "yes", "maybe"], r"classes=\['maybe' 'no' 'yes'\].*\['no' 'yes'\]"),
        (LABELS, ["no"], "classes=.*first call"),
        (["maybe"] * N, None, r"y has labels .*classes_: \['maybe'\]"),
    ],
)
def test_partial_fit_keeps_to_the_first_classes(y, classes, match):
    model = fitted("classifier")
    with unchanged(model, X), refused(ValueError, match):
        model.partial_fit(X, y, classes=classes)


def test_labels_outside_the_classes_told_at_first_are_refused():
    model = RNNClassifier(**TINY)
    with refused(ValueError, r"y has labels .*classes_: \['no'\]"):
        model.partial_fit(X, LABELS, classes=["yes", "maybe"])
    assert not fitted_state(model)


@pytest.mark.parametrize("params", [{"units": 5}, {"cell": "gru"}, {"dtype": "float64"}])
def test_going_on_with_another_network_is_refused(params):
    model = fitted("classifier").set_params(**params)
    with unchanged(model, X), refused(ValueError, f"parameters.*changed.*{next(iter(params))}"):
        model.partial_fit(X, LABELS)
    with unchanged(model, X), refused(ValueError, f"parameters.*changed.*{next(iter(params))}"):
        model.set_params(warm_start=True).fit(X, LABELS)


def test_going_on_with_another_number_of_targets_is_refused():
    model = fitted("regressor")
    with unchanged(model, X), refused(ValueError, "y has 2 targets, .*fitted with 1"):
        model.partial_fit(X, np.column_stack([Y, Y]))


# --- bodies of the user's ---------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "other"), [("float32", "float64"), ("float64", "float32")])
def test_a_body_of_another_dtype_is_refused_by_the_names_of_its_layers(dtype, other):
    import keras

    def body(steps, lengths):
        hidden = keras.layers.Dense(3, dtype=steps.dtype, name="right")(steps)
        hidden = keras.layers.GRU(3, dtype=other, name="wrong")(hidden)
        return keras.layers.Dense(2, dtype=other, name="wrong_too")(hidden)

    model = RNNClassifier(**TINY, body=body, dtype=dtype)
    what = f"dtype='{dtype}'.* built 'wrong' of {other}, 'wrong_too' of {other}: .*steps.dtype"
    with refused(ValueError, what, before="programs.lease"):
        model.fit(X, LABELS)
    assert not fitted_state(model)


def test_a_body_of_the_dtype_of_its_steps_is_trained():
    import keras

    def body(steps, lengths):
        return keras.layers.Dense(3, dtype=steps.dtype)(steps)

    model = RNNClassifier(**TINY, body=body, dtype="float64").fit(X, LABELS)
    assert {weight.dtype for weight in model.weights_} == {np.dtype("float64")}


# --- a fit that breaks off --------------------------------------------------------------------


def interrupt():
    """Return a Keras callback that presses Ctrl-C in the second epoch."""
    import keras

    class Interrupt(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    return Interrupt


@pytest.mark.parametrize("warm_start", [False, True])
def test_ctrl_c_leaves_everything_as_it_was(warm_start):
    model = fitted("classifier")
    model.set_params(callbacks=interrupt(), warm_start=warm_start)
    with unchanged(model, X), pytest.raises(KeyboardInterrupt):
        model.fit(X, LABELS)
    fresh = RNNClassifier(**TINY, callbacks=interrupt())
    with pytest.raises(KeyboardInterrupt):
        fresh.fit(X, LABELS)
    assert not fitted_state(fresh)


def test_a_loss_that_stops_being_finite_leaves_everything_as_it_was():
    model = fitted("regressor")
    model.set_params(learning_rate=1e30, optimizer="sgd", global_clipnorm=None, epochs=20)
    with unchanged(model, X), pytest.raises(ValueError, match="Training diverged"):
        model.fit(X, Y)
