"""States, gates and gradients of fitted estimators, as plain arrays for `skrnn.inspection`."""

from dataclasses import replace
from functools import partial

import numpy as np

from skrnn._fitting import fitted_snapshot, snapshot
from skrnn.recurrent._data import ids_as_rows, read_sequences
from skrnn.recurrent._job import fitted_attributes, prepare
from skrnn.recurrent._read_examples import read_examples
from skrnn.recurrent._static import require_no_static
from skrnn.recurrent._training_parameters import training_spec
from skrnn.recurrent._validation_split import draw_split, holds_out

# Nothing is learned from data for which the names in error messages are given.
_NAMES = ("X", "y", "sample_weight", "target_inputs")


def gradient_norms(estimator, X, y):
    """Return the norms of `networks.state_gradients` for a fitted estimator.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
    X, y : as in `fit`

    Returns
    -------
    dict of str to list of ndarray of shape (T_i,)
    """
    from skrnn.networks.state_gradients import state_gradient_norms

    fitted = fitted_snapshot(estimator)
    require_no_static(fitted, "gradient_flow")
    examples, *_ = read_examples(fitted, X, y, None, reset=False, names=_NAMES)
    training = training_spec(fitted, fitted._codec, examples, partial=False)
    return state_gradient_norms(
        fitted._spec,
        fitted.weights_,
        ids_as_rows(fitted._vocabulary, examples),
        replace(training, metrics=(), callbacks=()),
        standardization=fitted._standardization,
    )


def before_training(estimator, X, y):
    """Return a copy of an estimator with the weights with which `fit` starts on these data.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
        It need not be fitted.
    X, y : as in `fit`
    """
    from skrnn.networks.one import start

    draft = snapshot(estimator)
    draft._validate_params()
    draw = partial(draw_split, draft, None, len(X)) if holds_out(draft) else None
    examples, _, split = read_examples(draft, X, y, None, reset=True, draw_split=draw)
    job, vocabulary = prepare(draft, examples, None, split, resume=False)
    vars(draft).update(fitted_attributes(start(job), vocabulary, {}, job.examples.sequences))
    return draft


def states_and_gates(estimator, X, sequence):
    """Return the gates and the states of each recurrent layer for one sequence.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
    X : as in `predict`
    sequence : int
        The index of the sequence in X.

    Returns
    -------
    dict of str to tuple (gates, states)
        A dict and a list of arrays of shape (T, units).
    """
    from skrnn.networks.state_gradients import states_and_gates

    fitted = fitted_snapshot(estimator)
    require_no_static(fitted, "GateDisplay")
    inputs = ids_as_rows(fitted._vocabulary, read_sequences(fitted, X))
    return states_and_gates(
        fitted._spec,
        fitted.weights_,
        inputs.sequences[np.arange(len(inputs))[[sequence]]],
        standardization=fitted._standardization,
    )
