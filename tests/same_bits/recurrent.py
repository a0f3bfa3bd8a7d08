"""Cases of networks: cells, inputs, targets, losses, optimizers, schedules and validation."""

import numpy as np
from scipy import sparse

from skrnn import RNNClassifier, RNNRegressor

rng = np.random.default_rng(7)
N = 40
EQUAL = rng.normal(size=(N, 9, 3))
RAGGED = [rng.normal(size=(n, 3)) for n in rng.integers(1, 13, N)]
LONG = [rng.normal(size=(n, 2)) for n in rng.integers(90, 120, 30)]
TWO = rng.choice(["no", "yes"], N)
THREE = rng.choice([3, 5, 8], N)
NUMBERS = 100 + 20 * rng.normal(size=N)
VECTORS = rng.normal(size=(N, 2)) * [1, 50]
TOKENS = [rng.integers(1, 30, n) for n in rng.integers(1, 11, N)]
PADDED = np.array([np.pad(t, (0, 12 - len(t))) for t in TOKENS])
MATRIX = rng.normal(size=(30, 4))
ONE_HOT = [sparse.csr_matrix(np.eye(5)[rng.integers(0, 5, n)]) for n in rng.integers(2, 9, N)]
STEP_TAGS = [rng.choice(["a", "b", "c"], len(x)) for x in RAGGED]
STEP_NUMBERS = [np.cumsum(x[:, 0]) for x in RAGGED]
WEIGHTS = rng.choice([0.0, 1.0, 2.5], N)
GROUPS = rng.integers(0, 12, N)
# Every setting that changes what is learned is explicit, so that the digests do not depend on
# defaults.
PLAIN = {
    "standardize": False,
    "add_differences": False,
    "schedule": "constant",
    "pooling": "last",
}
SMALL = {"units": 6, "epochs": 3, "batch_size": 8, "random_state": 0, **PLAIN}


def fit(estimator, X, y, *, more=(), **fit_params):
    """Fit, and return weights, history and everything that can be predicted."""
    estimator.fit(X, y, **fit_params)
    for call in more:
        call(estimator)
    found = {"weights": estimator.weights_, "predict": estimator.predict(X)}
    found["history"] = {name: np.array(values) for name, values in estimator.history_.items()}
    found["last"] = estimator.hidden_states(X)
    if hasattr(estimator, "predict_proba"):
        found["proba"] = estimator.predict_proba(X)
    return found


def classify(X=RAGGED, y=TWO, fit_params=None, **params):
    """Return a case of a classifier."""
    return lambda: fit(RNNClassifier(**SMALL | params), X, y, **fit_params or {})


def regress(X=RAGGED, y=NUMBERS, fit_params=None, **params):
    """Return a case of a regressor."""
    return lambda: fit(RNNRegressor(**SMALL | params), X, y, **fit_params or {})


def all_states(cell, **params):
    """Return a case of all hidden states and of the live model."""

    def case():
        model = RNNRegressor(**SMALL | {"cell": cell} | params).fit(EQUAL, NUMBERS)
        live = model.model_([EQUAL.astype("float32"), np.full(N, 9, "int32")])
        states = model.hidden_states(EQUAL, return_sequences=True, return_state=True)
        return {"states": states, "live": np.asarray(live)}

    return case


def resumed():
    """Return what a warm start and calls of `partial_fit` learn."""
    more = [lambda m: m.partial_fit(RAGGED[:20], NUMBERS[:20])] * 3
    more.append(lambda m: m.set_params(warm_start=True).fit(RAGGED, NUMBERS))
    return fit(RNNRegressor(**SMALL, dropout=0.2), RAGGED, NUMBERS, more=more)


def partial_only():
    """Return what `partial_fit` alone learns."""
    model = RNNClassifier(**SMALL, cell="gru")
    for part in (slice(0, 15), slice(15, 40)):
        model.partial_fit(RAGGED[part], THREE[part], classes=[3, 5, 8])
    return {"weights": model.weights_, "proba": model.predict_proba(RAGGED)}


def body_of(**params):
    """Return a case with a custom body of the network."""

    def case():
        import keras

        def body(steps, lengths):
            hidden = keras.layers.Conv1D(4, 2, padding="causal", activation="relu")(steps)
            return keras.layers.LSTM(5, return_sequences=True, dropout=0.2)(hidden)

        estimator = RNNClassifier(**SMALL | {"pooling": "mean", "body": body} | params)
        estimator.fit(RAGGED, THREE)
        return {"weights": estimator.weights_, "proba": estimator.predict_proba(RAGGED)}

    return case


def of_keras(make):
    """Return a case whose parameters need Keras to be made."""

    def case():
        import keras

        return make(keras)()

    return case


def schedule(keras):
    """Return a case with a learning rate that a callback lowers."""
    lower = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)
    return regress(callbacks=[lower], epochs=4)


CELLS = ("simple", "lstm", "gru")
VALIDATED = {"X_val": RAGGED[:10], "y_val": NUMBERS[:10]}
ON_EVERY_BACKEND = {
    **{f"{cell}": classify(cell=cell, y=THREE) for cell in CELLS},
    **{
        f"{cell} both stacked": regress(cell=cell, units=(5, 4), bidirectional=True)
        for cell in CELLS
    },
    **{f"{cell} dropout": regress(cell=cell, dropout=0.3, l2=0.01) for cell in CELLS},
    **{f"{cell} recurrent dropout": regress(cell=cell, recurrent_dropout=0.3) for cell in CELLS},
    **{f"{cell} tokens": classify(TOKENS, cell=cell, embedding=4) for cell in CELLS},
    **{
        f"{cell} one-hot": classify(ONE_HOT, THREE, cell=cell, bidirectional=True) for cell in CELLS
    },
    "tags": classify(y=STEP_TAGS, return_sequences=True, cell="gru", bidirectional=True),
    "steps": regress(y=STEP_NUMBERS, return_sequences=True, metrics=["mae"]),
    "float64": regress(dtype="float64", cell="gru", y=VECTORS),
    "body": body_of(),
    "sgd": regress(optimizer="sgd", learning_rate=0.01, global_clipnorm=None),
    "resumed": resumed,
    "validated": regress(fit_params=VALIDATED, early_stopping=True, patience=1, metrics=["mae"]),
    "schedule": of_keras(schedule),
}
ONLY_ON_TENSORFLOW = {
    **{
        f"{cell} {pooling}": regress(cell=cell, pooling=pooling)
        for cell in CELLS
        for pooling in ("mean", "max")
    },
    **{
        f"{cell} long": regress(LONG, NUMBERS[:30], cell=cell, units=32, epochs=2, batch_size=16)
        for cell in CELLS
    },
    **{
        f"{cell} compiled": regress(LONG, NUMBERS[:30], cell=cell, epochs=90, batch_size=10)
        for cell in CELLS
    },
    **{
        f"{cell} one-hot dropout": classify(ONE_HOT, THREE, cell=cell, dropout=0.2)
        for cell in CELLS
    },
    **{f"{cell} states": all_states(cell) for cell in CELLS},
    **{f"{cell} states both": all_states(cell, bidirectional=True, units=(4, 3)) for cell in CELLS},
    "relu": regress(activation="relu", cell="simple"),
    "equal lengths": regress(EQUAL),
    "one batch": regress(batch_size=None),
    "in order": regress(shuffle=False),
    "padded tokens": classify(PADDED, embedding=4, pooling="max"),
    "pretrained": classify(TOKENS, embedding=MATRIX),
    "pretrained fixed": classify(TOKENS, embedding=MATRIX, train_embedding=False),
    "weights": classify(fit_params={"sample_weight": WEIGHTS}),
    "class weights": classify(y=THREE, class_weight="balanced", metrics=["accuracy"]),
    "class weights partial": classify(y=THREE, class_weight={3: 4.0}),
    "held out": classify(early_stopping=True, validation_split=0.3, patience=2, epochs=6),
    "held out groups": regress(
        early_stopping=True, validation_split=0.3, fit_params={"groups": GROUPS}
    ),
    "weighted validation": regress(
        fit_params={**VALIDATED, "sample_weight_val": WEIGHTS[:10]}, metrics=["mape"]
    ),
    "vectors": regress(y=VECTORS, normalize_y=False, loss="huber"),
    "hinge": classify(loss="categorical_hinge", y=THREE),
    "focal": of_keras(lambda keras: classify(loss=keras.losses.BinaryFocalCrossentropy(gamma=1.0))),
    "adamw": of_keras(lambda keras: regress(optimizer=keras.optimizers.AdamW(weight_decay=0.01))),
    "decay": of_keras(
        lambda keras: regress(
            optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.01, 12))
        )
    ),
    "rmsprop": regress(optimizer="rmsprop"),
    "clipped": of_keras(lambda keras: regress(optimizer=keras.optimizers.Adam(clipvalue=0.1))),
    "tags weighted": classify(
        y=STEP_TAGS, return_sequences=True, fit_params={"sample_weight": WEIGHTS}
    ),
    "steps equal": regress(EQUAL, EQUAL[:, :, :2] * 7, return_sequences=True),
    "token tags": classify(
        TOKENS, [np.where(t % 2, "odd", "even") for t in TOKENS], embedding=3, return_sequences=True
    ),
    "padded token tags": classify(
        PADDED, np.where(PADDED % 2, "odd", "even"), embedding=3, return_sequences=True, cell="gru"
    ),
    "partial only": partial_only,
    "body mean": body_of(pooling="max"),
    "float64 lstm": regress(dtype="float64", bidirectional=True),
    "float64 tokens": classify(TOKENS, embedding=3, dtype="float64", cell="simple"),
}


def cases():
    """Return the cases of the backend that Keras runs on."""
    import os

    if os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow":
        return ON_EVERY_BACKEND | ONLY_ON_TENSORFLOW
    return ON_EVERY_BACKEND


CASES = cases()
