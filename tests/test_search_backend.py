"""The joblib backend "skrnn": fits in threads that are trained as one program, and processes."""

import _thread
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from types import ModuleType, SimpleNamespace

import joblib
import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.exceptions import FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    cross_validate,
    learning_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from small_data import TINY, assert_same_weights, labelled

from skrnn import RNNClassifier, RNNRegressor, Seq2SeqRegressor
from skrnn._examples import Examples
from skrnn._fitting import is_fitted
from skrnn._parallel import backend, rendezvous
from skrnn._parallel.tasks import without_core
from skrnn.networks import many, models_in_memory
from skrnn.sequences import check_sequences

ON_TORCH = keras.config.backend() == "torch"
TRAINS_MANY = ON_TORCH or keras.config.backend() == "jax"
trains_many = pytest.mark.skipif(
    not TRAINS_MANY, reason="TensorFlow does not train many networks as one program"
)
X, LABELS = labelled(("ant", "bee"), n=24)
DENSE = np.random.default_rng(0).standard_normal((24, 5, 2)).astype(np.float32)
RATES = (0.001, 0.003, 0.01, 0.03)


def batched(n_jobs=6, **options):
    # The number of models is a shape, so that most tests share a compiled program.
    return joblib.parallel_config(backend="skrnn", n_jobs=n_jobs, batched=True, **options)


def fit(model, X, y):
    return clone(model).fit(X, y)


def fit_together(models, data, **options):
    with batched(**options):
        return joblib.Parallel()(
            joblib.delayed(fit)(model, *given) for model, given in zip(models, data, strict=True)
        )


@pytest.fixture
def meetings(monkeypatch):
    """Return the list of all rendezvous that end during a test."""
    ended, close = [], rendezvous.Rendezvous.close

    def noted(self):
        ended.append(self)
        close(self)

    monkeypatch.setattr(rendezvous.Rendezvous, "close", noted)
    return ended


# --- the backend ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_models": 0}, "max_models must be a positive integer or None, got 0"),
        ({"max_models": True}, "max_models must be a positive integer or None, got True"),
        ({"batched": "yes"}, "batched must be 'auto', True or False, got 'yes'"),
    ],
)
def test_parameters_of_the_backend_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        joblib.parallel_config(backend="skrnn", n_jobs=2, **options)


def test_import_skrnn_registers_the_backend_and_loads_no_framework():
    code = (
        "import sys, skrnn, joblib\n"
        "with joblib.parallel_config(backend='skrnn', n_jobs=64): pass\n"
        "print({'jax', 'keras', 'tensorflow', 'torch'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_without_a_gpu_tasks_run_in_processes_one_per_core():
    with joblib.parallel_config(backend="skrnn", n_jobs=64):
        assert joblib.effective_n_jobs() == joblib.cpu_count()
        found = joblib.Parallel()(joblib.delayed(os.getpid)() for _ in range(4))
        shared = joblib.Parallel(require="sharedmem")(joblib.delayed(os.getpid)() for _ in range(4))
    assert set(shared) == {os.getpid()}
    assert joblib.cpu_count() == 1 or os.getpid() not in found


def test_n_jobs_of_threads_is_not_limited_by_cores():
    many = backend.SearchBackend(batched=True, max_models=100)
    assert many.effective_n_jobs(64) == (64 if TRAINS_MANY else joblib.cpu_count())
    assert many.effective_n_jobs(None) == 1
    with pytest.raises(ValueError, match="n_jobs must not be 0"):
        many.effective_n_jobs(0)


@pytest.mark.parametrize("written", ['{"backend": "jax"}', "{}", "not JSON", None])
def test_the_backend_of_keras_is_found_without_keras(written, tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "keras")
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    if written is not None:
        (tmp_path / "keras.json").write_text(written)
    assert backend.keras_backend() == ("jax" if written and "jax" in written else "tensorflow")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert backend.keras_backend() == "torch"
    # Another thread has begun to import Keras.
    monkeypatch.setitem(sys.modules, "keras", ModuleType("keras"))
    assert backend.keras_backend() == "torch"


# --- fits that are trained together -----------------------------------------------------------

REGRESSION = DENSE, DENSE.sum(axis=(1, 2))
KINDS = {
    "float32": (RNNClassifier, {"cell": "lstm"}, 1e-5),
    "float64": (RNNClassifier, {"cell": "lstm", "dtype": "float64"}, 1e-10),
    "early stopping": (RNNClassifier, {"early_stopping": True, "patience": 1}, 1e-5),
    "dropout, schedule, metrics": (
        RNNRegressor,
        # On PyTorch, fits with dropout are trained alone.
        {"dropout": 0.0 if ON_TORCH else 0.3, "schedule": "cosine", "metrics": ["mae"]},
        1e-5,
    ),
}
if ON_TORCH:
    # Nothing is compiled, so that further architectures take little time.
    DOUBLE = {"dtype": "float64", "batch_size": 5}
    KINDS |= {
        "scans": (RNNClassifier, {**DOUBLE, "cell": "lru", "metrics": ["auc"]}, 1e-10),
        "layers": (RNNClassifier, {**DOUBLE, "cell": "gru", "units": (4, 3), "l2": 0.1}, 1e-10),
        "directions": (RNNRegressor, {**DOUBLE, "bidirectional": True, "pooling": "max"}, 1e-10),
        "bounds": (RNNRegressor, {**DOUBLE, "cell": "indrnn", "max_recurrent_weight": 0.3}, 1e-10),
    }


@trains_many
@pytest.mark.parametrize("kind", KINDS)
def test_fits_together_equal_single_fits(kind, meetings):
    estimator, options, tolerance = KINDS[kind]
    options = {**TINY, "epochs": 10, "batch_size": 8, **options}
    models = [
        estimator(**{**options, "random_state": i}, learning_rate=rate)
        for i, rate in enumerate(RATES)
    ]
    # Folds of different sizes.
    given = (DENSE, (DENSE[:, :, 0].sum(axis=1) > 0).astype(int))
    given = REGRESSION if estimator is RNNRegressor else given
    data = [tuple(part[:n] for part in given) for n in (24, 24, 23, 19)]
    together = fit_together(models, data)
    [meeting] = meetings
    assert meeting.n_calls < meeting.n_requests
    for model, given, other in zip(models, data, together, strict=True):
        alone = fit(model, *given)
        assert alone.n_iter_ == other.n_iter_
        assert list(alone.history_) == list(other.history_)
        for name, values in alone.history_.items():
            assert_allclose(other.history_[name], values, atol=10 * tolerance)
        for weight, expected in zip(other.weights_, alone.weights_, strict=True):
            assert_allclose(weight, expected, atol=tolerance)


@trains_many
def test_a_result_does_not_depend_on_which_fits_share_the_program():
    models = [RNNClassifier(**{**TINY, "random_state": i, "epochs": 3 + i}) for i in range(4)]
    data = [(X[: 24 - i], LABELS[: 24 - i]) for i in range(4)]
    together = fit_together(models, data)
    for order in ([3, 1], [2, 0, 3], [1, 1, 1, 1, 1]):
        others = fit_together([models[i] for i in order], [data[i] for i in order])
        for i, other in zip(order, others, strict=True):
            assert_same_weights(together[i], other)


@trains_many
@pytest.mark.parametrize(
    ("options", "n_requests"),
    [({}, 4), ({"epochs": 400}, 8), ({"metrics": ["accuracy"]}, 12), ({"schedule": "plateau"}, 12)],
)
def test_epochs_between_which_nothing_happens_are_one_request(options, n_requests, meetings):
    options = {**TINY, "epochs": 3, **options}
    models = [RNNClassifier(**{**options, "random_state": i}) for i in range(4)]
    together = fit_together(models, [(X, LABELS)] * 4)
    assert meetings[0].n_requests == n_requests
    assert_allclose(together[0].history_["loss"], fit(models[0], X, LABELS).history_["loss"], 1e-5)


@trains_many
def test_the_memory_of_the_device_limits_how_many_fits_share_a_program(monkeypatch):
    from skrnn.networks import backends

    made, ManyModels = [], backends.ManyModels

    class Noted(ManyModels):
        def run(self, kind, state, stack, batches):
            made.append(len(stack[0][1]))
            return super().run(kind, state, stack, batches)

    monkeypatch.setattr(backends, "ManyModels", Noted)
    # A network of four units on 24 sequences of five time steps needs about 34 kB, and half of the
    # memory is used.
    monkeypatch.setattr(backends, "device_bytes", lambda: 200_000)
    model = RNNClassifier(**{**TINY, "cell": "minimal_gru"})
    fit_together([model] * 6, [(DENSE, LABELS)] * 6)
    assert set(made) == {2}


def test_models_in_memory_counts_data_twice_and_those_of_validation(monkeypatch):
    # A fit's own copy, and that in its slot.
    size = {"units": (4,), "bidirectional": False, "embedding": None, "decoder": None}
    spec = SimpleNamespace(**size, n_features=8, n_outputs=2, dtype="float32")
    monkeypatch.setattr(models_in_memory.backends, "device_bytes", lambda: 2**40)

    def bytes_of_model(n, n_validation):
        validation = of_length(n_validation) if n_validation else None
        job = SimpleNamespace(examples=of_length(n), validation=validation)
        layout = models_in_memory.backends.many_layout(spec, job.examples, 8)
        return 2**39 / models_in_memory.models_in_memory(spec, job, layout)

    def of_length(n):
        steps = check_sequences(np.zeros((n, 4, 8), np.float32))
        return Examples.of(steps, np.zeros((n, 2)), np.ones(n, int), np.ones(n))

    of_data = 4 * 2 * 512 * (4 * 8 + 2)
    assert_allclose(bytes_of_model(1024, 0) - bytes_of_model(512, 0), of_data, rtol=0.01)
    assert_allclose(bytes_of_model(512, 512) - bytes_of_model(512, 0), of_data, rtol=0.01)


@trains_many
def test_fits_do_not_wait_for_one_that_has_left_their_group(monkeypatch):
    monkeypatch.setattr(rendezvous, "_WAIT_FOR_FIT", 60)
    all_are_fitted, leave = threading.Barrier(3), many.Group.leave

    def leave_late(self, slot):
        # The other fits have time to ask for their next updates.
        time.sleep(0.2)
        leave(self, slot)

    monkeypatch.setattr(many.Group, "leave", leave_late)

    def fit_and_wait(n_epochs):
        # With metrics, each epoch is a request.
        RNNClassifier(**{**TINY, "metrics": ["accuracy"], "epochs": n_epochs}).fit(X, LABELS)
        with without_core():
            all_are_fitted.wait(60)

    begin = time.monotonic()
    with batched():
        joblib.Parallel()(joblib.delayed(fit_and_wait)(n) for n in (1, 2, 3))
    assert time.monotonic() - begin < 60


@trains_many
def test_searches_of_two_threads_and_one_after_another_give_equal_scores():
    search = GridSearchCV(
        MODEL, {"learning_rate": RATES[:2]}, cv=2, refit=False, error_score="raise"
    )
    alone = clone(search).fit(DENSE, LABELS).cv_results_["mean_test_score"]
    found = []

    def run():
        for _ in range(2):
            with batched():
                found.append(clone(search).fit(DENSE, LABELS).cv_results_["mean_test_score"])

    threads = [threading.Thread(target=run, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(found) == 4
    assert_allclose(found, np.tile(alone, (4, 1)), atol=1e-6)


@trains_many
def test_a_search_over_a_pipeline_equals_one_by_one(meetings):
    search = GridSearchCV(
        make_pipeline(Standardized(), RNNClassifier(**TINY)),
        {"rnnclassifier__learning_rate": RATES},
        cv=3,
        error_score="raise",
    )
    alone = clone(search).fit(DENSE, LABELS)
    with batched():
        together = clone(search).fit(DENSE, LABELS)
    assert_allclose(
        together.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"], atol=1e-6
    )
    assert_array_equal(together.predict(DENSE), alone.predict(DENSE))
    assert meetings[0].n_requests >= 2 * meetings[0].n_calls


class Standardized(LogisticRegression):
    """A transformer that divides by the standard deviation of the training data."""

    def fit(self, X, y=None):
        self.scale_ = X.std()
        return self

    def transform(self, X):
        return X / self.scale_


MODEL = RNNClassifier(**TINY)
TOOLS = {
    "random search": lambda: RandomizedSearchCV(MODEL, {"learning_rate": RATES}, n_iter=3, cv=2),
    "halving": lambda: HalvingGridSearchCV(
        MODEL, {"learning_rate": RATES[:2]}, cv=2, min_resources=12, random_state=0
    ),
    "voting": lambda: VotingClassifier([("a", MODEL), ("b", MODEL)]),
    "stacking": lambda: StackingClassifier(
        [("a", MODEL), ("b", MODEL)], LogisticRegression(), cv=2, stack_method="predict_proba"
    ),
    "one versus rest": lambda: OneVsRestClassifier(MODEL),
}


@trains_many
@pytest.mark.parametrize("tool", TOOLS)
def test_tools_of_scikit_learn_give_the_results_of_one_by_one(tool):
    # Two-dimensional data, since some of these tools take nothing else.
    table, labels = DENSE.reshape(24, -1), np.arange(24) % 3
    if tool in ("random search", "halving"):
        labels = labels % 2
    alone = clone(TOOLS[tool]()).fit(table, labels).predict(table)
    with batched():
        together = clone(TOOLS[tool]()).fit(table, labels)
        assert_array_equal(together.predict(table), alone)


@trains_many
def test_bagging_and_curves_give_the_results_of_one_by_one():
    table = DENSE.reshape(24, -1)
    bagging = BaggingClassifier(MODEL, n_estimators=4, random_state=0)
    curve = partial(learning_curve, MODEL, DENSE, LABELS, cv=2, train_sizes=[6, 12])
    curve = partial(curve, shuffle=True, random_state=0)
    alone = bagging.fit(table, LABELS).predict_proba(table), curve()[2]
    with batched():
        together = bagging.fit(table, LABELS).predict_proba(table), curve()[2]
    for one, other in zip(alone, together, strict=True):
        assert_allclose(one, other, atol=1e-6)


@trains_many
def test_a_search_within_a_cross_validation_is_joined_too(meetings):
    search = GridSearchCV(MODEL, {"learning_rate": RATES[:2]}, cv=2)
    alone = cross_validate(search, DENSE, LABELS, cv=2)["test_score"]
    with batched():
        together = cross_validate(search, DENSE, LABELS, cv=2)["test_score"]
    assert_array_equal(together, alone)
    [meeting] = meetings
    assert meeting.n_calls < meeting.n_requests


@trains_many
@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_a_fit_that_fails_is_only_its_own_failure():
    rates = [0.01, 1e38]
    search = GridSearchCV(MODEL, {"learning_rate": rates, "epochs": [3, 4]}, cv=2, refit=False)
    with batched(), pytest.warns(FitFailedWarning, match="4 fits failed"):
        search.fit(DENSE, LABELS)
    scores = search.cv_results_["mean_test_score"]
    failed = np.array([p["learning_rate"] == 1e38 for p in search.cv_results_["params"]])
    assert_array_equal(np.isnan(scores), failed)


def no_layers(steps, lengths):
    return steps


def loss_with_a_branch(true, predicted):
    """Return squared errors, in operations that `torch.vmap` cannot run."""
    errors = true - predicted
    return errors**2 if float(errors.detach().sum()) else errors


class Counts(keras.callbacks.Callback):
    """A callback, which needs the live model."""

    def on_epoch_end(self, epoch, logs=None):
        logs["weights"] = sum(np.abs(weight).sum() for weight in self.model.get_weights())


ALONE = {
    "body": {"body": no_layers},
    "callbacks": {"callbacks": [Counts()]},
    "truncation": {"truncation": 2, "return_sequences": True},
}
if ON_TORCH:
    ALONE |= {
        "dropout": {"dropout": 0.3},
        "optimizer": {"optimizer": "sgd"},
        "penalty": {"gradient_penalty": 0.1},
        "loss": {"loss": loss_with_a_branch},
    }


@trains_many
@pytest.mark.parametrize("options", ALONE.values(), ids=ALONE)
def test_fits_that_cannot_be_joined_run_as_they_would_alone(options):
    model = RNNClassifier(**TINY).set_params(**options)
    y = [np.arange(5) % 2] * 24 if "truncation" in options else LABELS
    alone = clone(model).fit(DENSE, y)
    for other in fit_together([model] * 2, [(DENSE, y)] * 2):
        assert_same_weights(alone, other)
        assert other.history_ == alone.history_


@pytest.mark.skipif(not ON_TORCH, reason="on JAX, these fits can be joined")
@pytest.mark.parametrize("kind", ["dropout", "optimizer", "penalty"])
def test_fits_that_cannot_be_joined_build_one_network(kind, monkeypatch):
    from skrnn.networks import programs

    built, build = [], programs.rebuild_network

    def noted(spec):
        built.append(spec)
        return build(spec)

    programs.clear()
    monkeypatch.setattr(programs, "rebuild_network", noted)
    fit_together([RNNClassifier(**TINY, **ALONE[kind])], [(DENSE, LABELS)])
    assert len(built) == 1


@pytest.fixture
def interruptible():
    """Let SIGINT interrupt this process, also if it runs in the background of a shell script."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@trains_many
@pytest.mark.usefixtures("interruptible")
def test_an_interruption_ends_all_fits_and_leaves_estimators_as_before():
    def interrupts(t):
        if t > 0.5:
            _thread.interrupt_main()
        return 1.0

    models = [RNNClassifier(**{**TINY, "epochs": 10**4, "schedule": "constant"}) for _ in range(3)]
    models[0].set_params(epochs=4, schedule=interrupts)
    with pytest.raises(KeyboardInterrupt), batched():
        joblib.Parallel()(joblib.delayed(model.fit)(DENSE, LABELS) for model in models)
    for model in models[1:]:
        assert not is_fitted(model)
        assert "history_" not in vars(model)
    left = [one for one in threading.enumerate() if one.name.startswith("skrnn")]
    for thread in left:
        thread.join(60)
    assert not any(thread.is_alive() for thread in left)


@trains_many
def test_fits_together_read_missing_targets_of_decoders(meetings):
    options = {**TINY, "attention": "luong", "batch_size": 8}
    models = [Seq2SeqRegressor(**options, learning_rate=rate) for rate in RATES]
    y = DENSE.cumsum(axis=1)
    y[::2, 1:3] = y[3] = np.nan
    together = fit_together(models, [(DENSE, y)] * len(models))
    assert meetings[0].n_calls < meetings[0].n_requests
    for model, other in zip(models, together, strict=True):
        alone = fit(model, DENSE, y)
        for weight, expected in zip(other.weights_, alone.weights_, strict=True):
            assert_allclose(weight, expected, atol=1e-5)


@trains_many
def test_partial_fit_can_be_joined():
    model = RNNClassifier(**TINY).fit(X, LABELS)
    more = joblib.delayed(lambda one: clone(one).fit(X, LABELS).partial_fit(X, LABELS))
    with batched():
        first, second = joblib.Parallel()(more(model) for _ in range(2))
    expected = model.partial_fit(X, LABELS)
    for one, other, true in zip(first.weights_, second.weights_, expected.weights_, strict=True):
        assert_array_equal(one, other)
        assert_allclose(one, true, atol=1e-6)
