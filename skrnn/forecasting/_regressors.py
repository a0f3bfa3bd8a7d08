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

__all__ = ["for_targets", "stretches", "takes_missing", "takes_sequences"]

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
    return get_tags(_at_end(regressor, first=True)).input_tags.three_d_array


def takes_missing(regressor):
    """Return whether NaN may go in."""
    return get_tags(_at_end(regressor, first=True)).input_tags.allow_nan


def for_targets(regressor, n_targets):
    """Return the regressor, or one for each target where it takes but one."""
    takes_many = get_tags(_at_end(regressor, first=False)).target_tags.multi_output
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
    while isinstance(regressor, Pipeline):
        name, regressor = regressor.steps[-1]
        prefix += f"{name}__"
    stops_early = getattr(regressor, "early_stopping", False) is True
    if not stops_early or not get_tags(regressor).input_tags.three_d_array:
        return {}
    return {f"{prefix}groups": ends // min(_STRETCH * window_length, max(1, np.ptp(ends) // 8))}


def _at_end(regressor, *, first):
    """Return the innermost estimator: the first step of a Pipeline, or its last."""
    while True:
        if isinstance(regressor, Pipeline):
            steps = [step for _, step in regressor.steps if step not in (None, "passthrough")]
            regressor = steps[0 if first else -1]
            continue
        attribute = _WRAPPERS.get(type(regressor))
        if attribute is None or getattr(regressor, attribute) is None:
            return regressor
        regressor = getattr(regressor, attribute)
