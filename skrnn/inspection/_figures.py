"""Helpers of all displays: matplotlib, axes, and the estimator inside a Pipeline or a search."""

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

# The attributes in which scikit-learn's meta-estimators store the fitted estimator.
_FITTED_INNER = ("best_estimator_", "estimator_", "regressor_")


def inner_with(estimator, attribute, what):
    """Return the fitted estimator that has an attribute, possibly from a Pipeline or a search.

    Raises
    ------
    NotFittedError
        If an estimator that contains it is not fitted.
    ValueError
        If no estimator has the attribute.
    """
    inner = estimator
    while not hasattr(inner, attribute):
        check_is_fitted(inner)
        if isinstance(inner, Pipeline):
            inner = inner[-1]
            continue
        name = next((name for name in _FITTED_INNER if hasattr(inner, name)), None)
        if name is None:
            raise ValueError(f"{type(inner).__name__} has no {what} to plot.")
        inner = getattr(inner, name)
    return inner


def check_matplotlib(caller):
    try:
        import matplotlib  # noqa: F401 - matplotlib is an optional dependency
    except ImportError as error:
        raise ImportError(f"{caller} needs matplotlib: python -m pip install matplotlib") from error


def panels(ax, n_panels, what, *, stacked=False):
    """Return the axes to plot on as an array of `n_panels`; if `ax` is None, they are new.

    New axes are in one row or, if `stacked` is True, in one column with a shared x axis.
    """
    if ax is None:
        import matplotlib.pyplot as plt

        if stacked:
            size = 7.2, 0.8 + 1.7 * n_panels
            _, ax = plt.subplots(n_panels, 1, figsize=size, layout="constrained", sharex=True)
        else:
            width = 6.4 if n_panels == 1 else 4.8 * n_panels
            _, ax = plt.subplots(1, n_panels, figsize=(width, 4.2), layout="constrained")
    axes = np.asarray(ax, dtype=object).ravel()
    if len(axes) != n_panels:
        raise ValueError(
            f"ax must hold {n_panels} Axes object(s), one for each of the {what}, got {len(axes)}."
        )
    return axes
