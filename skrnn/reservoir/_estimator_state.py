"""How parameters are stored, and how fitted attributes are read and replaced as a whole.

A fit computes everything on the side, and replaces the fitted attributes of its estimator in one
assignment at the end. A method that reads a fitted estimator first takes a snapshot, in which all
attributes belong together even if another thread fits the estimator meanwhile.
"""

from sklearn.utils.validation import check_is_fitted


def set_parameters(estimator, values):
    """Store the arguments of `__init__` as attributes.

    Parameters
    ----------
    estimator : estimator
    values : dict
        The local variables of its `__init__`, at the beginning.
    """
    for name, value in values.items():
        if name not in ("self", "__class__"):
            setattr(estimator, name, value)


def snapshot(estimator):
    """Return a shallow copy of an estimator, which later fits of the estimator do not change."""
    copied = object.__new__(type(estimator))
    copied.__dict__ = vars(estimator).copy()
    return copied


def fitted_snapshot(estimator):
    """Return a snapshot of a fitted estimator.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    """
    check_is_fitted(estimator)
    return snapshot(estimator)


def replace_fitted(estimator, draft, **attributes):
    """Give an estimator the fitted attributes of a draft, in one assignment.

    Parameters
    ----------
    estimator : estimator
        It keeps its parameters, also if another thread has changed them during the fit.
    draft : estimator
        A snapshot of the estimator that has learned the format of its inputs.
    **attributes : dict
        Further fitted attributes.
    """
    params = {name: vars(estimator)[name] for name in estimator.get_params(deep=False)}
    estimator.__dict__ = vars(draft) | attributes | params
