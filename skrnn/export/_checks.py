"""Check the estimator and the path before an export."""

import os
from pathlib import Path

from sklearn.utils.validation import check_is_fitted

from skrnn.recurrent._base import BaseRNN


def check_recurrent(estimator, function):
    """Check that an estimator is a fitted recurrent network.

    Parameters
    ----------
    estimator : object
    function : str
        The name of the function that was called, for the message.

    Raises
    ------
    TypeError
        If it is not a recurrent estimator.
    NotFittedError
        If it is not fitted.
    """
    if not isinstance(estimator, BaseRNN):
        kind = type(estimator)
        hint = getattr(estimator, "_network_hint", "")
        if hasattr(kind, "named_steps"):
            hint = "Pass its last step."
        raise TypeError(
            f"estimator must be a fitted RNNClassifier or RNNRegressor for {function}, got an "
            f"object of the class {kind.__name__}. {hint}".rstrip()
        )
    check_is_fitted(estimator)


def check_not_overridden(estimator, kind, methods):
    """Check that a subclass has the methods of the class that is exported.

    An export is written from the fitted attributes, so that a method of a subclass would be left
    out silently.

    Parameters
    ----------
    estimator : object
    kind : type
        The class, of which `estimator` is an instance.
    methods : tuple of str
        The names of the methods whose results the exported model returns.

    Raises
    ------
    ValueError
        If the class of the estimator has another method of one of these names.
    """
    cls = type(estimator)
    for name in methods:
        if getattr(cls, name, None) is not getattr(kind, name, None):
            raise ValueError(
                f"{cls.__name__} has its own method {name!r}, which cannot be exported to ONNX. "
                f"Export an estimator of the class {kind.__name__}, and apply what the method adds "
                "outside the model."
            )


def check_one_class_output(estimator):
    """Check that an estimator does not have several class outputs, for which no graph is written.

    Raises
    ------
    ValueError
    """
    if isinstance(getattr(estimator, "classes_", None), list):
        raise ValueError(
            f"A {type(estimator).__name__} that was fitted with several columns of class labels "
            "cannot be exported to ONNX. Fit sklearn.multioutput.MultiOutputClassifier(classifier) "
            "and export each of its estimators_, or use to_keras for a recurrent network."
        )


def check_path(path, suffix):
    """Check that a file can be written to a path, and return it.

    Parameters
    ----------
    path : str or os.PathLike
    suffix : str
        How the name of the file must end.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    TypeError, ValueError
        If it is not a path, or if its name ends with anything else.
    FileNotFoundError
        If its folder does not exist.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be a str or a pathlib.Path, got {path!r}.")
    path = Path(path)
    if path.suffix != suffix:
        raise ValueError(f"path must end with {suffix!r}, got {str(path)!r}.")
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"path={str(path)!r} is in the folder {str(path.parent)!r}, which does not exist."
        )
    return path
