"""Find out what a forecaster's regressor accepts: sequences or flat rows, NaN, several targets.

A Pipeline accepts what its first step accepts, and returns what its last step returns. A search
accepts and returns what its estimator does.
"""

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from skrnn.preprocessing._row_order import find_order_dependent
from skrnn.recurrent import Seq2SeqRegressor

_WRAPPERS = {
    GridSearchCV: "estimator",
    RandomizedSearchCV: "estimator",
    MultiOutputRegressor: "estimator",
    TransformedTargetRegressor: "regressor",
}
_OTHER_KINDS = {"classifier", "clusterer", "density_estimator", "outlier_detector"}
# Windows from blocks of this many window lengths are held out together, so that few of the training
# windows overlap with them.
_BLOCK_WINDOWS = 8


def takes_sequences(regressor):
    """Return whether a regressor receives windows as `Sequences`, and not as flat rows.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from skrnn import RNNRegressor
    >>> takes_sequences(Ridge()), takes_sequences(GridSearchCV(RNNRegressor(), {}))
    (False, True)
    """
    return get_tags(_steps(regressor)[0]).input_tags.three_d_array


def require_sequences_for_network(regressor):
    """Check that the steps before a network in a Pipeline pass sequences on to it.

    Raises
    ------
    ValueError
        If the first step takes tables: the network would read the flat row of a window as a
        sequence of one feature.
    """
    steps = _steps(regressor)
    first, last = steps[0], steps[-1]
    if get_tags(last).input_tags.three_d_array and not takes_sequences(regressor):
        raise ValueError(
            f"{type(last).__name__} needs sequences, but the first step of its Pipeline, "
            f"{type(first).__name__}, takes tables: expected TimeDistributed({first})."
        )


def require_regressor(estimator):
    """Check that an estimator, which may be a Pipeline or a search, does not predict classes.

    Raises
    ------
    ValueError
        If it is of a kind whose predictions are not values of the targets.
    """
    kind = get_tags(estimator).estimator_type
    if kind in _OTHER_KINDS:
        raise ValueError(f"estimator must be a regressor, got the {kind} {estimator}.")


def require_independent_windows(regressor):
    """Check that no step of a regressor depends on the order of its rows, which are windows.

    Raises
    ------
    ValueError
        If a step would use the values of later windows.
    """
    part = find_order_dependent(regressor)
    if part is not None:
        raise ValueError(
            f"estimator contains {part}, which depends on the order of its rows, but the rows of "
            "this regressor are windows, in which later windows contain later values. Use "
            f"{type(part).__name__} in a Pipeline before the forecaster, on the rows of the series."
        )


def takes_missing(regressor):
    """Return whether a regressor accepts NaN, in all its steps or in all up to an imputer.

    Examples
    --------
    >>> from sklearn.impute import SimpleImputer
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> takes_missing(make_pipeline(StandardScaler(), Ridge()))
    False
    >>> takes_missing(make_pipeline(StandardScaler(), SimpleImputer(), Ridge()))
    True
    """
    for step in _steps(regressor):
        if not get_tags(step).input_tags.allow_nan:
            return False
        # There is no tag for transformers that fill NaN; others, such as scalers, pass it on.
        if type(getattr(step, "transformer", step)).__name__.endswith("Imputer"):
            return True
    return True


def transforms_targets(regressor):
    """Return whether a regressor transforms its targets, as for the logarithms of levels.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> transforms_targets(TransformedTargetRegressor(Ridge(), func=np.log, inverse_func=np.exp))
    True
    >>> transforms_targets(GridSearchCV(Ridge(), {}))
    False
    """
    while not isinstance(regressor, TransformedTargetRegressor):
        if isinstance(regressor, Pipeline):
            regressor = regressor.steps[-1][1]
        elif type(regressor) in _WRAPPERS:
            regressor = getattr(regressor, _WRAPPERS[type(regressor)])
        else:
            return False
    return True


def for_targets(regressor, n_targets):
    """Return the regressor, wrapped to fit a clone per target if it accepts only one target."""
    accepts_many = get_tags(_steps(regressor)[-1]).target_tags.multi_output
    return regressor if n_targets == 1 or accepts_many else MultiOutputRegressor(regressor)


def as_targets(regressor, after):
    """Return the rows after each window in the form in which a regressor receives them.

    Parameters
    ----------
    regressor : estimator
    after : ndarray of shape (n, n_ahead, n_targets)

    Returns
    -------
    ndarray
        A sequence for each window if the regressor is an encoder-decoder, otherwise one row. An
        axis of a single target is left out.

    Examples
    --------
    >>> from skrnn import RNNRegressor, Seq2SeqRegressor
    >>> after = np.zeros((7, 4, 2))
    >>> as_targets(RNNRegressor(), after).shape, as_targets(Seq2SeqRegressor(), after).shape
    ((7, 8), (7, 4, 2))
    """
    if not isinstance(_steps(regressor)[-1], Seq2SeqRegressor):
        after = after.reshape(len(after), -1)
    return after[..., 0] if after.shape[-1] == 1 else after


def validation_groups(regressor, ends, window_length):
    """Return the fit parameters with which early stopping holds out whole blocks of time.

    Windows that are held out at random overlap with training windows, so that the validation loss
    would never rise.

    Parameters
    ----------
    regressor : estimator
    ends : ndarray of int of shape (n,)
        The last row of each window.
    window_length : int

    Returns
    -------
    dict
        The parameters, none if the regressor does not stop early or does not accept groups.
    """
    prefix, regressor = _last_step(
        regressor, Pipeline | TransformedTargetRegressor | MultiOutputRegressor
    )
    stops_early = bool(getattr(regressor, "early_stopping", False))
    if not stops_early or not get_tags(regressor).input_tags.three_d_array:
        return {}
    return {
        f"{prefix}groups": ends // min(_BLOCK_WINDOWS * window_length, max(1, np.ptp(ends) // 8))
    }


def receives_known_future(regressor):
    """Return whether the decoder of a regressor receives the known future covariates.

    A search cannot pass them on to `predict`, so that its estimator receives them in the windows.

    Examples
    --------
    >>> receives_known_future(Seq2SeqRegressor())
    True
    >>> receives_known_future(GridSearchCV(Seq2SeqRegressor(), {}))
    False
    """
    _, last = _last_step(regressor, Pipeline | TransformedTargetRegressor)
    return isinstance(last, Seq2SeqRegressor)


def require_static_accepted(regressor):
    """Check that a regressor, which may be a Pipeline or a search, accepts static features.

    Raises
    ------
    ValueError
        If it is an encoder-decoder.
    """
    if isinstance(_steps(regressor)[-1], Seq2SeqRegressor):
        raise ValueError(
            "static must be empty, because Seq2SeqRegressor does not take static features. A "
            "column that is not in static belongs to each time step; pass y, so that it is not a "
            "target."
        )


def target_inputs(regressor, known):
    """Return the fit parameters that pass known future covariates on to the decoder.

    Parameters
    ----------
    regressor : estimator
        A regressor whose decoder receives them.
    known : ndarray of shape (n, n_ahead, n_known_future)

    Returns
    -------
    dict
    """
    prefix, _ = _last_step(regressor, Pipeline | TransformedTargetRegressor)
    return {f"{prefix}target_inputs": known}


def _last_step(regressor, wrappers):
    """Return the prefix of the fit parameters of the last step inside wrappers, and the step."""
    prefix = ""
    while isinstance(regressor, wrappers):
        if isinstance(regressor, Pipeline):
            name, regressor = regressor.steps[-1]
            prefix += f"{name}__"
        else:  # these wrappers pass fit parameters on under the same names
            regressor = getattr(regressor, _WRAPPERS[type(regressor)])
    return prefix, regressor


def _steps(regressor):
    """Return the estimators that data pass through in Pipelines and searches, in this order."""
    if isinstance(regressor, Pipeline):
        steps = [step for _, step in regressor.steps if step not in (None, "passthrough")]
        return [inner for step in steps for inner in _steps(step)]
    inner = getattr(regressor, _WRAPPERS.get(type(regressor), ""), None)
    return [regressor] if inner is None else _steps(inner)
