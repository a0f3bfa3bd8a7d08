"""The common parts of all loaders: parameters and their descriptions, and the form of results."""

import os

from sklearn.utils import Bunch

from skrnn._parameters import with_texts
from skrnn._sklearn import validate_params

_DATA_HOME = """\
data_home : str or path-like, default=None
    The folder in which to look for the data and to store a download. If None, the folder that
    :func:`~skrnn.datasets.get_data_home` returns.
"""
_DOWNLOAD = """\
download_if_missing : bool, default=True
    Whether to download what is not in the folder. If False, a missing file raises an OSError.
"""


def validate_loader(**constraints):
    """Return a decorator that validates the parameters of a loader, and describes common ones.

    In the docstring of the loader, the lines ``{data_home}``, after which the files are described,
    and ``{download_if_missing}`` are replaced.

    Parameters
    ----------
    **constraints : list
        The constraints of the parameters that not all loaders have.

    Returns
    -------
    decorator : callable
    """
    common = {"data_home": [str, os.PathLike, None], "download_if_missing": ["boolean"]}
    validate = validate_params({**constraints, **common}, prefer_skip_nested_validation=True)
    describe = with_texts(data_home=_DATA_HOME, download_if_missing=_DOWNLOAD)
    return lambda loader: validate(describe(loader))


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
