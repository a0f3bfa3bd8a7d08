"""The common parts of all loaders: they validate parameters, and put results into one form."""

import os

from sklearn.utils import Bunch

from skrnn._sklearn import validate_params


def validate_loader(**constraints):
    """Return a decorator that validates the parameters of a loader.

    Parameters
    ----------
    **constraints : list
        The constraints of the parameters that not all loaders have.

    Returns
    -------
    decorator : callable
    """
    common = {"data_home": [str, os.PathLike, None], "download_if_missing": ["boolean"]}
    return validate_params({**constraints, **common}, prefer_skip_nested_validation=True)


def labelled_data(data, target, *, return_X_y, **others):
    """Return data and target, as a tuple if `return_X_y`, else in a Bunch with further entries.

    Examples
    --------
    >>> labelled_data(["Oui"], [0], return_X_y=True, target_names=["French"])
    (['Oui'], [0])
    >>> labelled_data(["Oui"], [0], return_X_y=False, target_names=["French"]).target_names
    ['French']
    """
    return (data, target) if return_X_y else Bunch(data=data, target=target, **others)
