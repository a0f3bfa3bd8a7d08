"""What displays ask of forecasters: forecasts, intervals, and which columns are the targets."""

import numpy as np
import pandas as pd
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline

from skrnn.inspection._figures import inner_with
from skrnn.inspection._series import read_part

__all__ = ["find_forecaster", "history_before", "targets_of"]


def find_forecaster(estimator, method):
    """Return the forecaster that has a method, itself or the best one of a search.

    Raises
    ------
    NotFittedError
        If a search is not fitted.
    ValueError
        If there is none, or transformers of a Pipeline come before it, which it would be asked to
        forecast behind, or its targets are transformed, which nobody would undo.
    """
    best = getattr(estimator, "best_estimator_", estimator)
    if isinstance(best, TransformedTargetRegressor):
        raise ValueError(
            f"TransformedTargetRegressor has no {method} to plot: it would come out transformed. "
            "Put it inside, as SlidingWindowForecaster(TransformedTargetRegressor(regressor))."
        )
    if isinstance(best, Pipeline) and len(best.steps) > 1:
        raise ValueError(
            f"Pipeline has no {method} to plot: it would leave out the transformers. Put them "
            "inside, as SlidingWindowForecaster(make_pipeline(transformer, regressor))."
        )
    return inner_with(estimator, method, method)


def targets_of(forecaster, data, name):
    """Return the targets of a forecaster, from rows like `X` or from the targets themselves.

    Rows like `X` are known by the names of their columns, arrays by how many there are.
    """
    places = getattr(forecaster, "_places", None)
    if data is None or places is None or np.min(places) < 0 or isinstance(data, pd.Series):
        return data
    if isinstance(data, pd.DataFrame):
        names = getattr(forecaster, "feature_names_in_", ())
        return data.iloc[:, places] if list(data.columns) == list(names) else data
    values = read_part(data, name).values
    return values[:, places] if values.shape[1] == forecaster.n_features_in_ else data


def history_before(forecaster, history, context):
    """Return the targets before a forecast, None if they are not known."""
    if history is None and np.min(getattr(forecaster, "_places", 0)) < 0:
        return None  # the targets are not among the columns of a context
    return targets_of(forecaster, context if history is None else history, "history")
