"""What a regressor inside a forecaster takes: sequences or flat rows, NaN, several targets.

A Pipeline takes what its first step takes, and gives what its last one gives; a search takes and
gives what its estimator does.
"""

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

__all__ = ["for_targets", "require_one_form", "stretches", "takes_missing", "takes_sequences"]

_WRAPPERS = {
    GridSearchCV: "estimator",
    RandomizedSearchCV: "estimator",
    MultiOutputRegressor: "estimator",
    TransformedTargetRegressor: "regressor",
}
# Windows of this many window lengths are held out together: few of those that are trained on then
# overlap with them.
_STRETCH = 8


def takes_sequences(regressor):
    """Return whether windows go in as `Sequences`, and not as flat rows.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from skrnn import RNNRegressor
    >>> takes_sequences(Ridge()), takes_sequences(GridSearchCV(RNNRegressor(), {}))
    (False, True)
    """
    return get_tags(_steps(regressor)[0]).input_tags.three_d_array


def require_one_form(regressor):
    """Check that a network at the end of a Pipeline gets sequences from its beginning.

    Raises
    ------
    ValueError
        If a step before it takes tables: the network would read a row of all steps' features as
        the steps of one.
    """
    steps = _steps(regressor)
    first, last = steps[0], steps[-1]
    if get_tags(last).input_tags.three_d_array and not takes_sequences(regressor):
        raise ValueError(
            f"{type(last).__name__} reads sequences, and the first step of its Pipeline, "
            f"{type(first).__name__}, takes tables: expected TimeDistributed({first})."
        )


def takes_missing(regressor):
    """Return whether NaN may go in: every step takes it, or one that does fills it.

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
        # No tag tells who fills NaN and who, like a scaler, hands it on.
        if type(getattr(step, "transformer", step)).__name__.endswith("Imputer"):
            return True
    return True


def for_targets(regressor, n_targets):
    """Return the regressor, or one for each target where it takes but one."""
    takes_many = get_tags(_steps(regressor)[-1]).target_tags.multi_output
    return regressor if n_targets == 1 or takes_many else MultiOutputRegressor(regressor)


def stretches(regressor, ends, window_length):
    """Return what `fit` is told of stretches of time, so that early stopping holds out whole ones.

    Windows drawn at random overlap with those that are trained on: no loss on them would ever rise.

    Parameters
    ----------
    regressor : estimator
    ends : ndarray of int of shape (n,)
        The last row of each window.
    window_length : int

    Returns
    -------
    dict
        Empty where the regressor does not stop early, or cannot be told.
    """
    prefix = ""
    while isinstance(regressor, Pipeline | TransformedTargetRegressor | MultiOutputRegressor):
        if isinstance(regressor, Pipeline):
            name, regressor = regressor.steps[-1]
            prefix += f"{name}__"
        else:  # these hand on what fit is given as it is
            regressor = getattr(regressor, _WRAPPERS[type(regressor)])
    stops_early = bool(getattr(regressor, "early_stopping", False))
    if not stops_early or not get_tags(regressor).input_tags.three_d_array:
        return {}
    return {f"{prefix}groups": ends // min(_STRETCH * window_length, max(1, np.ptp(ends) // 8))}


def _steps(regressor):
    """Return what data go through, one after another, inside Pipelines and searches."""
    if isinstance(regressor, Pipeline):
        steps = [step for _, step in regressor.steps if step not in (None, "passthrough")]
        return [inner for step in steps for inner in _steps(step)]
    inner = getattr(regressor, _WRAPPERS.get(type(regressor), ""), None)
    return [regressor] if inner is None else _steps(inner)
