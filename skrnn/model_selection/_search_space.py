"""Ranges of the parameters of skrnn's estimators, for random searches and for Optuna.

The tables list the parameters that are worth a search. A parameter is added with one line.
"""

from numbers import Real

from skrnn._check_arrays import in_words
from skrnn.forecasting import SlidingWindowForecaster
from skrnn.model_selection._ranges import Choice, LogUniform, Uniform
from skrnn.recurrent import RNNClassifier, RNNRegressor
from skrnn.reservoir import (
    EchoStateClassifier,
    EchoStateRegressor,
    LiquidStateMachine,
    Reservoir,
)
from skrnn.reservoir._parameters import names_given_to_reservoir

_ECHO_STATE_ESTIMATORS = (EchoStateClassifier, EchoStateRegressor)
# The cells that were the most accurate with one layer in the benchmark of long memory; "mingru" and
# "lru" need two, and refine gates gained nothing.
_NETWORK = {
    "cell": Choice(("lstm", "gru", "minimal_gru")),
    "units": Choice((16, 32, 64, 128)),
    "bidirectional": Choice((False, True)),
    "pooling": Choice(("last", "mean", "max", "mean_max", "attention")),
    "add_differences": Choice((False, True)),
    "embedding": Choice((16, 32, 64, 128)),
    "dropout": Uniform(0.0, 0.5),
    "l2": LogUniform(1e-6, 1e-2),
    "learning_rate": LogUniform(1e-3, 3e-2),
    "batch_size": Choice((16, 32, 64)),
}
# More units are nearly always more accurate and slower, so their number is not searched for.
_RESERVOIR = {
    "spectral_radius": LogUniform(0.1, 1.5),
    "leak_rate": LogUniform(0.03, 1.0),
    "input_scaling": LogUniform(0.03, 3.0),
    "bias_scaling": Uniform(0.0, 1.0),
    "pooling": Choice(("last", "mean", "model_space")),
}
_ECHO_STATE = {
    **{name: _RESERVOIR[name] for name in _RESERVOIR if name != "bias_scaling"},
    "alpha": LogUniform(1e-6, 1e2),
}
_LIQUID = {
    "encoding": Choice(("rate", "latency")),
    "input_scaling": LogUniform(0.5, 8.0),
    "weight_scaling": LogUniform(0.01, 1.0),
    "connection_distance": Uniform(1.0, 4.0),
    "filter_time": LogUniform(10.0, 100.0),
    "pooling": Choice(("mean", "last")),
}


def search_space(estimator):
    """Return ranges for the parameters of an estimator, for a random search.

    Parameters
    ----------
    estimator : estimator
        One of skrnn's estimators, or a Pipeline, a forecaster or another estimator that contains
        one. The names of the parameters then have the prefix of its step.

    Returns
    -------
    dict of str to list or distribution
        The values or the distribution of each parameter, as in `param_distributions` of
        :class:`~sklearn.model_selection.RandomizedSearchCV`. Entries may be changed, added and
        deleted.

    Raises
    ------
    TypeError
        If `estimator` does not have parameters.
    ValueError
        If it does not contain an estimator of skrnn that has parameters to search for.

    See Also
    --------
    suggest_params : The same ranges for Optuna.

    Notes
    -----
    Every value in the ranges is valid in combination with the other parameters of `estimator`.
    Hence its parameters have an effect on the ranges:

    - parameters that a `body` or a custom `cell` replaces, and `pooling` if there is one target per
      time step, are left out;
    - `units` are left out if they are a tuple, which describes layers, `learning_rate` if
      `optimizer` is not "adam", and `alpha` if it is not a number, because `fit` then chooses it;
    - parameters that are given to the `reservoir` of an echo state estimator keep this prefix;
    - the lengths of windows are half as long to twice as long as `window_length`.

    The number of epochs and that of the units of a reservoir are not searched for, because more are
    usually more accurate and slower. Choose them by the time that you have.

    Examples
    --------
    >>> from sklearn.model_selection import RandomizedSearchCV
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skrnn import EchoStateClassifier, TimeDistributed
    >>> from skrnn.model_selection import search_space
    >>> model = make_pipeline(TimeDistributed(StandardScaler()), EchoStateClassifier(units=100))
    >>> space = search_space(model)
    >>> space["echostateclassifier__pooling"]
    ['last', 'mean', 'model_space']
    >>> search = RandomizedSearchCV(model, space, n_iter=20, random_state=0)
    """
    return {name: allowed.distribution() for name, allowed in _find_ranges(estimator).items()}


def suggest_params(trial, estimator):
    """Return parameters of an estimator that an Optuna trial draws.

    Parameters
    ----------
    trial : optuna.trial.Trial
        The trial of an Optuna study [1]_. Any object with the methods `suggest_categorical` and
        `suggest_float` can be used; skrnn does not import Optuna.
    estimator : estimator
        As in :func:`search_space`.

    Returns
    -------
    dict of str to object
        The value of each parameter, which ``estimator.set_params(**params)`` accepts.

    Raises
    ------
    TypeError, ValueError
        As in :func:`search_space`, and if `trial` is not a trial.

    See Also
    --------
    search_space : The same ranges for scikit-learn's random search, and what they depend on.

    References
    ----------
    .. [1] T. Akiba, S. Sano, T. Yanase, T. Ohta, M. Koyama, "Optuna: a next-generation
       hyperparameter optimization framework", KDD 2019.

    Examples
    --------
    >>> from skrnn import RNNClassifier
    >>> from skrnn.model_selection import suggest_params
    >>> class FirstTrial:  # what a trial of a study has
    ...     def suggest_categorical(self, name, choices):
    ...         return choices[0]
    ...
    ...     def suggest_float(self, name, low, high, *, log=False):
    ...         return low
    >>> params = suggest_params(FirstTrial(), RNNClassifier())
    >>> params["cell"], params["learning_rate"]
    ('lstm', 0.001)
    >>> model = RNNClassifier().set_params(**params)
    """
    if not hasattr(trial, "suggest_categorical") or not hasattr(trial, "suggest_float"):
        raise TypeError(
            "trial must be an Optuna trial with the methods suggest_categorical and suggest_float, "
            f"got {in_words(trial)}."
        )
    ranges = _find_ranges(estimator)
    return {name: allowed.suggest(trial, name) for name, allowed in ranges.items()}


def _find_ranges(estimator):
    """Return the ranges of an estimator and of all estimators in it, by name of the parameter."""
    if not hasattr(estimator, "get_params") or isinstance(estimator, type):
        raise TypeError(f"estimator must be an estimator object, got {in_words(estimator)}.")
    parts = {"": estimator}
    for name, value in estimator.get_params(deep=True).items():
        parts[f"{name}__"] = value
    ranges = {}
    for prefix, part in parts.items():
        own = _ranges_of(part)
        outer = parts.get(prefix.removesuffix("reservoir__"))
        if isinstance(part, Reservoir) and isinstance(outer, _ECHO_STATE_ESTIMATORS):
            own = _without(own, _ECHO_STATE.keys() - names_given_to_reservoir(outer))
        ranges |= {prefix + name: one for name, one in own.items()}
    if not ranges:
        raise ValueError(
            "estimator does not contain an estimator of skrnn that has parameters to search for, "
            f"got {in_words(estimator)}."
        )
    return ranges


def _ranges_of(part):
    """Return the ranges of the parameters of one estimator, without the estimators in it."""
    for kinds, find in _FINDERS.items():
        if isinstance(part, kinds):
            return find(part)
    return {}


def _without(ranges, names):
    return {name: one for name, one in ranges.items() if name not in names}


def _network_ranges(network):
    fixed = set()
    if network.body is not None:
        fixed |= {"cell", "units", "bidirectional", "dropout", "l2"}
    if not isinstance(network.cell, str):
        fixed |= {"cell", "units", "dropout", "l2"}
    if not isinstance(network.units, int):
        fixed.add("units")
    if not isinstance(network.embedding, int):
        fixed.add("embedding")
    if network.return_sequences:
        fixed.add("pooling")
    if network.optimizer != "adam":
        fixed.add("learning_rate")
    return _without(_NETWORK, fixed)


def _reservoir_ranges(reservoir):
    return _without(_RESERVOIR, {"pooling"} if reservoir.pooling is None else set())


def _echo_state_ranges(network):
    fixed = set(names_given_to_reservoir(network))
    if not isinstance(network.alpha, Real):
        fixed.add("alpha")  # the fit chooses it
    if network.return_sequences or network.rows == "steps":
        fixed.add("pooling")
    return _without(_ECHO_STATE, fixed)


def _liquid_ranges(liquid):
    return _without(_LIQUID, {"pooling"} if liquid.pooling is None else set())


def _forecaster_ranges(forecaster):
    length = forecaster.window_length
    lengths = (8, 16, 32, 64) if length == "auto" else (max(1, length // 2), length, 2 * length)
    if len(forecaster.known_future) and forecaster.strategy == "direct":
        # The window must hold the known future covariates of the first steps.
        lengths = [max(length, forecaster.horizon) for length in lengths]
    return {"window_length": Choice(tuple(dict.fromkeys(lengths)))}


_FINDERS = {
    (RNNClassifier, RNNRegressor): _network_ranges,
    _ECHO_STATE_ESTIMATORS: _echo_state_ranges,
    (Reservoir,): _reservoir_ranges,
    (LiquidStateMachine,): _liquid_ranges,
    (SlidingWindowForecaster,): _forecaster_ranges,
}
