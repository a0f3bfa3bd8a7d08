"""Cases of the reservoirs: readouts, loops, learning in parts, topologies, rules, spiking units."""

import numpy as np
from scipy import sparse

from skrnn import EchoStateClassifier, EchoStateRegressor, Sequences
from skrnn.reservoir import LiquidStateMachine, Reservoir, echo_state_index, memory_capacity

RNG = np.random.default_rng(7)
LENGTHS = RNG.integers(4, 15, 40)
X = [RNG.normal(size=(n, 3)) for n in LENGTHS]
SUMS = np.array([steps[:, 0].sum() for steps in X])
BOTH = np.c_[SUMS, [steps[:, 1].max() for steps in X]]
LABELS = np.array(["ant", "bee", "cat"])[np.digitize(SUMS, [-1.0, 1.0])]
RUNNING = [steps[:, :2].cumsum(axis=0) for steps in X]
TAGS = [np.where(steps[:, 0] > 0, "up", "down") for steps in X]
WEIGHTS = RNG.uniform(0, 2, 40) * (RNG.random(40) > 0.2)
CUBE = RNG.normal(size=(30, 9, 2))
ONE_HOT = [sparse.csr_array(np.eye(5)[RNG.integers(0, 5, n)]) for n in LENGTHS]

SERIES = np.zeros(401)
for i in range(2, 401):
    SERIES[i] = np.sin(0.3 * i) + 0.4 * SERIES[i - 1] * RNG.uniform(-1, 1)
INPUTS, NEXT = SERIES[:-1, None], SERIES[1:]
STEP_WEIGHTS = RNG.uniform(0, 1, 400)


def double(**params):
    """Return a reservoir in float64."""
    return Reservoir(dtype="float64", **params)


def small(kind, **params):
    """Return a small echo state network without any setting that is chosen from the data."""
    given = params.get("reservoir", Reservoir())
    plain = {"leak_rate": 1.0, "input_scaling": 1.0, "standardize": False}
    plain = {name: value for name, value in plain.items() if getattr(given, name, None) is None}
    return kind(**{"units": 25, "random_state": 3, "pooling": "last", **plain, **params})


def regressor(**params):
    return small(EchoStateRegressor, **{"alpha": 1e-6, **params})


def classifier(**params):
    return small(EchoStateClassifier, **{"alpha": 1.0, **params})


def series(**params):
    return regressor(**{"rows": "steps", "washout": 10, **params})


def numbers(network, *inputs):
    """Return all that a fitted network is and predicts."""
    found = {
        "coef": network.coef_,
        "intercept": network.intercept_,
        "alpha": network.alpha_,
        "errors": [] if network.gcv_errors_ is None else network.gcv_errors_,
    }
    for i, batch in enumerate(inputs):
        found[f"predict {i}"] = network.predict(batch)
        if hasattr(network, "classes_"):
            found[f"proba {i}"] = network.predict_proba(batch)
            found[f"decision {i}"] = network.decision_function(batch)
    return found


def states(network, batch):
    """Return the hidden states in all forms."""
    return {
        "last": network.hidden_states(batch),
        "steps": network.hidden_states(batch, return_sequences=True),
    }


def fitted(network, batch, y, *weights):
    """Return a case: a fit, and predictions of it."""
    return lambda: numbers(network().fit(batch, y, *weights), batch, batch[:5])


def last_and_steps():
    network = regressor().fit(X, SUMS)
    return numbers(network, X) | states(network, X) | {"score": network.score(X, SUMS, WEIGHTS)}


def steps_and_score():
    network = regressor(return_sequences=True, washout=2).fit(X, RUNNING, WEIGHTS)
    return numbers(network, X) | states(network, X) | {"score": network.score(X, RUNNING, WEIGHTS)}


def series_to_fit_end():
    network = series(initial_state="fit_end").fit(INPUTS[:300], NEXT[:300])
    found = numbers(network, INPUTS[300:]) | states(network, INPUTS[300:])
    return found | {"alone": network.generate(20), "known": network.generate(5, INPUTS[:50])}


def feedback(**params):
    def case():
        reservoir = double(feedback_scaling=0.3)
        network = series(reservoir=reservoir, initial_state="fit_end", **params)
        network.fit(INPUTS[:300], NEXT[:300])
        known = {"X": INPUTS[:60], "y": NEXT[:60], "X_future": INPUTS[60:70]}
        found = numbers(network, INPUTS[300:]) | states(network, INPUTS[300:])
        return found | {"alone": network.generate(9), "known": network.generate(10, **known)}

    return case


def feedback_of_sequences():
    network = regressor(return_sequences=True, reservoir=Reservoir(feedback_scaling=0.2))
    network.fit(X, RUNNING)
    generated = network.generate(6, X, RUNNING)
    return numbers(network, X) | states(network, X) | {"generated": generated}


def feedback_of_labels():
    network = classifier(return_sequences=True, reservoir=Reservoir(feedback_scaling=0.2))
    network.fit(X, TAGS, WEIGHTS)
    return numbers(network, X) | {"generated": network.generate(4, X, TAGS)}


def in_parts(**params):
    def case():
        network = series(**params)
        for cut in (slice(0, 100), slice(100, 250), slice(250, 400)):
            network.partial_fit(INPUTS[cut], NEXT[cut], STEP_WEIGHTS[cut])
        return numbers(network, INPUTS)

    return case


def labels_in_parts():
    network = classifier(class_weight={"ant": 2.0, "bee": 1.0, "cat": 0.5})
    network.partial_fit(X[:15], LABELS[:15], classes=["ant", "bee", "cat"])
    network.partial_fit(X[15:], LABELS[15:], sample_weight=WEIGHTS[15:])
    return numbers(network, X)


def updates(forgetting, **params):
    def case():
        network = series(reservoir=double(), alpha=1e-3, **params).fit(INPUTS[:200], NEXT[:200])
        network.update(INPUTS[200:300], NEXT[200:300], forgetting=forgetting)
        found = numbers(network, INPUTS)
        network.update(INPUTS[300:], NEXT[300:], forgetting=forgetting)
        found |= {f"{name} again": value for name, value in numbers(network, INPUTS).items()}
        network.partial_fit(INPUTS[:50], NEXT[:50])
        return found | {"coef in parts": network.coef_}

    return case


def updates_of_labels():
    network = classifier(pooling="mean").fit(X[:20], LABELS[:20])
    return numbers(network.update(X[20:], LABELS[20:], forgetting=0.9), X)


def merged():
    one, other = (regressor(alpha=1e-2).fit(X[i::2], BOTH[i::2]) for i in range(2))
    wide = regressor(alpha=1e-2, solver="svd").fit(X[::2], BOTH[::2])
    return numbers(one.merge(other), X) | {"with a factor": wide.merge(other).coef_}


def reservoir(**params):
    """Return a case: the states of a reservoir alone, and its weights."""

    def case():
        transformer = Reservoir(**{"units": 20, "random_state": 5, **params}).fit(X)
        found = {"states": transformer.transform(X)}
        found["array"] = transformer.transform(CUBE[:, :, [0, 1, 1]])
        for i, layer in enumerate((*transformer.layers_, *transformer.backward_layers_)):
            weights = layer.recurrent_weights
            found[f"recurrent {i}"] = weights.toarray() if sparse.issparse(weights) else weights
            found |= {f"input {i}": layer.input_weights, f"bias {i}": layer.bias}
        return found

    return case


def chunks():
    long = np.random.default_rng(0).uniform(-1, 1, (4000, 1))
    network = series(reservoir=Reservoir(chunk_overlap=60, spectral_radius=0.5, topology="cycle"))
    return numbers(network.fit(long[:-1], long[1:, 0]), long)


def windows():
    windows = Sequences(INPUTS, np.arange(0, 380, 4), np.full(95, 12))
    network = regressor(reservoir=double(bidirectional=True), pooling="mean", washout=3)
    return numbers(network.fit(windows, NEXT[11:391:4]), windows)


def liquid(**params):
    def case():
        transformer = LiquidStateMachine(**{"units": 45, "random_state": 2, **params}).fit(X)
        found = {"features": transformer.transform(X), "positions": transformer.positions_}
        return found | {"low": transformer.feature_min_, "inhibitory": transformer.is_inhibitory_}

    return case


def tools():
    transformer = Reservoir(units=30, layers=2, random_state=0).fit([INPUTS])
    network = EchoStateRegressor(units=20, input_scaling=0.1, alpha=1e-6, random_state=0)
    capacity = memory_capacity(network, max_delay=20, n_steps=400, washout=50)
    index = echo_state_index(transformer, [INPUTS], n_starts=3, random_state=1)
    return {"index": index, "capacity": capacity.capacity, "by delay": capacity.by_delay}


ALPHAS = np.logspace(-8, 2, 11)
SHIFT = np.roll(np.eye(20), 2, axis=1)
CASES = {
    "last": last_and_steps,
    "mean": fitted(lambda: regressor(pooling="mean", washout=2), X, BOTH, WEIGHTS),
    "model space": fitted(lambda: regressor(pooling="model_space", units=8), X, SUMS),
    "without inputs": fitted(lambda: regressor(readout_input=False, reservoir=double()), X, SUMS),
    "steps": steps_and_score,
    "float64": fitted(lambda: regressor(reservoir=double(), leak_rate=0.3), CUBE, CUBE[:, -1]),
    "cholesky": fitted(lambda: regressor(solver="cholesky", alpha=1e-2), X, SUMS, WEIGHTS),
    "svd": fitted(lambda: regressor(solver="svd", alpha=1e-9), X, BOTH, WEIGHTS),
    "auto twice": fitted(
        lambda: regressor(alpha=1e-14, return_sequences=True, reservoir=double()), X, RUNNING
    ),
    "auto wide": fitted(lambda: regressor(units=200), X, SUMS),
    "alphas of products": fitted(lambda: series(alpha=ALPHAS, solver="cholesky"), INPUTS, NEXT),
    "alphas of a factor": fitted(lambda: series(alpha=ALPHAS, solver="svd"), INPUTS, NEXT),
    "one-hot": fitted(lambda: classifier(pooling="mean"), ONE_HOT, LABELS),
    "labels": fitted(classifier, X, LABELS, WEIGHTS),
    "balanced": fitted(lambda: classifier(class_weight="balanced"), X, LABELS),
    "tags": fitted(lambda: classifier(return_sequences=True), X, TAGS, WEIGHTS),
    "two labels": fitted(classifier, CUBE, CUBE[:, 0, 0] > 0),
    "weights of steps": fitted(series, INPUTS, NEXT, STEP_WEIGHTS),
    "a series of labels": fitted(
        lambda: classifier(rows="steps"), INPUTS, np.where(NEXT > 0, "up", "down")
    ),
    "noise": fitted(lambda: regressor(reservoir=Reservoir(noise=0.1)), X, SUMS),
    "noise at steps": fitted(lambda: series(reservoir=Reservoir(noise=0.1)), INPUTS, NEXT),
    "deep, both directions": fitted(
        lambda: regressor(units=(10, 6), reservoir=Reservoir(layers=2, bidirectional=True)),
        X,
        SUMS,
    ),
    "intrinsic": fitted(
        lambda: regressor(reservoir=Reservoir(plasticity="intrinsic", plasticity_epochs=2)),
        X,
        SUMS,
    ),
    "from the end of fit": series_to_fit_end,
    "feedback": feedback(),
    "feedback without inputs": feedback(readout_input=False),
    "feedback of sequences": feedback_of_sequences,
    "feedback of labels": feedback_of_labels,
    "parts": in_parts(alpha=1e-2),
    "parts that continue": in_parts(initial_state="fit_end", solver="svd"),
    "parts with noise": in_parts(reservoir=Reservoir(noise=0.05)),
    "labels in parts": labels_in_parts,
    "update": updates(1.0),
    "update and forget": updates(0.97, initial_state="fit_end"),
    "update of labels": updates_of_labels,
    "merge": merged,
    "chunks": chunks,
    "windows": windows,
    "random": reservoir(connectivity=0.2, bias_scaling=0.5),
    "cycle": reservoir(topology="cycle", activation="relu", leak_rate=0.5),
    "delay line": reservoir(topology="delay_line", input_weights="binary"),
    "orthogonal": reservoir(topology="orthogonal", activation="identity", dtype="float64"),
    "own matrix": reservoir(topology=SHIFT, spectral_radius=0.7, input_weights="normal"),
    "oja": reservoir(plasticity="oja", plasticity_rate=1e-3, layers=2),
    "anti-hebbian": reservoir(plasticity="anti_hebbian", topology="orthogonal"),
    "intrinsic logistic": reservoir(
        plasticity="intrinsic", activation="logistic", bidirectional=True
    ),
    "pooled mean": reservoir(pooling="mean", input_scaling=[0.5, 1.0, 2.0], washout=1),
    "pooled model space": reservoir(pooling="model_space", units=6),
    "spikes by rate": liquid(),
    "spikes by latency": liquid(encoding="latency", pooling=None, inhibitory=0.5),
    "spikes, last": liquid(pooling="last", units=(3, 4, 2), connection_distance=1.5),
    "tools": tools,
}
