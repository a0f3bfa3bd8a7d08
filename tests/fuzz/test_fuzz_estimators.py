"""Estimators of sequences: results do not depend on containers and batches, and junk is refused."""

from copy import copy
from functools import cache

import numpy as np
import pandas as pd
import pytest
from attacks.estimators import ESTIMATORS, as_list, fitted, new, require_consistent, results
from attacks.values import objects
from attacks.verdicts import argument_names, fit_or_refuse, refused, require_close, unchanged
from hypothesis import given
from hypothesis import strategies as st
from strategies import ARRAYS, JUNK, batches, examples

from skrnn import EchoStateRegressor, RNNClassifier, RNNRegressor, SequenceGenerator
from skrnn.reservoir import LiquidStateMachine, Reservoir

NAMES = sorted(ESTIMATORS)
PREDICTORS = [name for name in NAMES if hasattr(ESTIMATORS[name][0], "predict")]


@pytest.mark.parametrize("name", NAMES)
@examples(4)
@given(drawn=batches())
def test_fit_and_predict_do_not_depend_on_the_container(name, drawn):
    batch, given_batch = drawn
    plain, make_targets = new(name)
    y = make_targets(batch)
    plain.fit(batch, y)
    other = new(name)[0]
    assert not fit_or_refuse(other, given_batch, y)
    with unchanged(given_batch):
        found = results(other, given_batch)
    require_close(as_list(found), results(plain, batch), "another container")
    require_consistent(plain, batch)


@pytest.mark.parametrize("name", NAMES)
@examples(12)
@given(junk=JUNK, rightful=batches())
def test_fit_and_predict_refuse_junk_or_return_finite_results(name, junk, rightful):
    estimator, make_targets = fitted(name), new(name)[1]
    y = make_targets(rightful[0])
    if not fit_or_refuse(estimator, junk, y):
        found = results(estimator, junk)
        require_close(found, found, "predictions of junk that was accepted")
    estimator = fitted(name)
    with unchanged(junk):
        is_refused, found = refused(lambda: results(estimator, junk), argument_names(estimator))
    if not is_refused:
        require_close(found, found, "predictions of junk that was accepted")


@pytest.mark.parametrize("name", PREDICTORS)
@examples(6)
@given(junk=JUNK | ARRAYS, drawn=batches())
def test_fit_refuses_junk_as_targets(name, junk, drawn):
    batch, _ = drawn
    estimator = fitted(name)
    if not fit_or_refuse(estimator, batch, junk):
        require_close(results(estimator, batch), results(estimator, batch), "predictions")


WEIGHTS = st.lists(st.integers(0, 3), min_size=7, max_size=7)


@examples(8)
@given(
    drawn=batches(),
    weights=WEIGHTS,
    is_classifier=st.booleans(),
    how=st.fixed_dictionaries(
        {
            "batch_size": st.sampled_from([1, 2, 3, None]),
            "shuffle": st.booleans(),
            "epochs": st.integers(1, 3),
            "learning_rate": st.sampled_from([1e-3, 0.1]),
            "early_stopping": st.booleans(),
            "validation_split": st.sampled_from([None, 0.2, 0.5]),
            "schedule": st.sampled_from(["constant", "cosine", "one_cycle", "plateau"]),
        }
    ),
)
def test_rnn_training_parameters(drawn, weights, is_classifier, how):
    batch, _ = drawn
    name = "RNNClassifier" if is_classifier else "RNNRegressor"
    model, make_targets = new(name)
    model.set_params(**how)
    if fit_or_refuse(model, batch, make_targets(batch), sample_weight=weights[: len(batch)]):
        return
    require_consistent(model, batch)
    assert 1 <= model.n_iter_ <= how["epochs"]
    if is_classifier:
        probabilities = model.predict_proba(batch)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


@examples(8)
@given(
    documents=st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=5), min_size=2, max_size=6),
    n_padding=st.integers(0, 3),
    is_classifier=st.booleans(),
)
def test_rnn_padding_of_token_ids_changes_nothing(documents, n_padding, is_classifier):
    kind = RNNClassifier if is_classifier else RNNRegressor
    # One row for each id of a document, so that all examples share one program.
    documents = [*documents, list(range(1, 10))]
    y = np.resize(["a", "b"], len(documents)) if is_classifier else np.arange(len(documents)) / 4
    model = kind(cell="simple", units=4, epochs=2, embedding=3, random_state=0)
    model.fit([np.array(ids) for ids in documents], y)
    width = 9 + n_padding
    padded = np.array([ids + [0] * (width - len(ids)) for ids in documents])
    response = "predict_proba" if is_classifier else "predict"
    expected = getattr(model, response)([np.array(ids) for ids in documents])
    require_close(getattr(model, response)(padded), expected, "padded")
    alone = [getattr(model, response)([np.array(ids)])[0] for ids in documents]
    require_close(alone, expected, "alone")
    again = kind(**model.get_params()).fit(padded, y)
    require_close(getattr(again, response)(padded), expected, "fitted to padded ids")


RESERVOIRS = st.fixed_dictionaries(
    {
        "units": st.integers(1, 12),
        "layers": st.integers(1, 2),
        "bidirectional": st.booleans(),
        "spectral_radius": st.sampled_from([0.1, 0.9, 1.2]),
        "leak_rate": st.sampled_from([0.1, 1.0]),
        "input_scaling": st.sampled_from([0.0, 1.0, [0.5, 2.0]]),
        "connectivity": st.sampled_from([1, 5, 0.3, 1.0]),
        "topology": st.sampled_from(["random", "cycle", "delay_line", "orthogonal"]),
        "input_weights": st.sampled_from(["uniform", "binary", "normal"]),
        "activation": st.sampled_from(["tanh", "logistic"]),
        "washout": st.integers(0, 2),
        "pooling": st.sampled_from(["last", "mean", "model_space", None]),
        "plasticity": st.sampled_from([None, "intrinsic"]),
        "dtype": st.sampled_from(["float32", "float64"]),
    }
)


@examples(60)
@given(drawn=batches(), parameters=RESERVOIRS)
def test_reservoir_parameters(drawn, parameters):
    batch, given_batch = drawn
    reservoir = Reservoir(**parameters, random_state=0)
    if fit_or_refuse(reservoir, given_batch):
        return
    is_refused, _ = refused(lambda: require_consistent(reservoir, batch), argument_names(reservoir))
    if is_refused:
        return
    y = np.arange(len(batch)) / 4
    network = EchoStateRegressor(reservoir=Reservoir(**parameters), random_state=0)
    if not fit_or_refuse(network, batch, y):
        require_consistent(network, batch)


@examples(15)
@given(
    drawn=batches(),
    parameters=st.fixed_dictionaries(
        {
            "units": st.sampled_from([1, 9, 20, (2, 2, 2)]),
            "encoding": st.sampled_from(["rate", "latency"]),
            "max_rate": st.sampled_from([1.0, 200.0, 1000.0]),
            "step_duration": st.integers(1, 5),
            "input_scaling": st.sampled_from([0.0, 2.0]),
            "weight_scaling": st.sampled_from([0.0, 0.5]),
            "inhibitory": st.sampled_from([0.0, 0.5, 1.0]),
            "pooling": st.sampled_from(["mean", "last", None]),
        }
    ),
)
def test_liquid_state_machine_parameters(drawn, parameters):
    batch, given_batch = drawn
    liquid = LiquidStateMachine(**parameters, random_state=0)
    assert not fit_or_refuse(liquid, given_batch)
    require_consistent(liquid, batch)


# All batches have four symbols, so that they share one program.
SYMBOLS = {"text": "ab é", "ids": [-3, -2, -1, 0]}


@st.composite
def texts(draw):
    """Draw the symbols, sequences of some of them, and the same sequences in some container."""
    kind = draw(st.sampled_from(sorted(SYMBOLS)))
    one = st.lists(st.sampled_from(SYMBOLS[kind]), max_size=5)
    batch = draw(st.lists(one, min_size=2, max_size=6))
    containers = [list, tuple, objects, lambda batch: pd.Series(objects(batch))]
    if kind == "text":
        containers.append(lambda batch: ["".join(symbols) for symbols in batch])
    return SYMBOLS[kind], batch, draw(st.sampled_from(containers))(batch)


@examples(8)
@given(drawn=texts())
def test_sequence_generator(drawn):
    symbols, batch, X = drawn
    model = SequenceGenerator(cell="simple", units=4, epochs=1, symbols=symbols, random_state=0)
    assert not fit_or_refuse(model, X)
    with unchanged(X):
        found = model.score_samples(X)
    known = model.symbols_.tolist()
    for one, probabilities, total in zip(batch, model.predict_proba(X), found, strict=True):
        codes = [*map(known.index, one), len(known)]
        by_hand = np.log(probabilities[np.arange(len(codes)), codes]).sum()
        np.testing.assert_allclose(total, by_hand, rtol=1e-4)
    require_close([model.score_samples([one])[0] for one in batch], found, "alone")
    for one in model.sample(3, prompt=batch[0], max_length=4, random_state=0):
        assert list(one[: len(batch[0])]) == batch[0]
        assert len(one) <= len(batch[0]) + 4
        assert set(one) <= set(known)


@cache
def fitted_generator():
    return SequenceGenerator(cell="simple", units=4, epochs=1, random_state=0).fit(["ab", "b"])


@examples(12)
@given(junk=JUNK | st.lists(st.text(max_size=3) | st.lists(st.integers()), max_size=3))
def test_sequence_generator_refuses_junk_or_returns_finite_results(junk):
    model = copy(fitted_generator())
    with unchanged(junk):
        refused(lambda: model.score_samples(junk), argument_names(model, model.score_samples))
    if not fit_or_refuse(model, junk):
        found = model.score_samples(junk)
        require_close(found, found, "log-likelihoods of junk that was accepted")
