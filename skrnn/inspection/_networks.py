"""Find the recurrent network inside an estimator, and the sequences that it receives."""

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skrnn.recurrent._base import BaseRNN

# What the docstrings of displays of one sequence share, for `with_texts`.
NETWORK_TEXTS = {
    "one_sequence": """\
estimator : RNNClassifier or RNNRegressor
    A fitted estimator, or a Pipeline or a search that contains one.

X : as in `predict`
    Sequences.

sequence : int, default=0
    The index of the sequence in X.
""",
    "network_errors": """\
NotFittedError
    If the estimator is not fitted.

TypeError
    If `estimator` is not an RNNClassifier or RNNRegressor, and does not contain one.
""",
}


def find_network(estimator, X, what, advice=""):
    """Return the recurrent estimator in a Pipeline or a search, and X after the transformers.

    Parameters
    ----------
    estimator : estimator
    X : as in `predict`
    what : str
        The caller, for error messages.
    advice : str, default=""
        A sentence that is added to the error message if there is no recurrent estimator.

    Returns
    -------
    network : RNNClassifier or RNNRegressor
    X : as the network receives it

    Raises
    ------
    NotFittedError
        If a search or a Pipeline is not fitted.
    TypeError
        If there is no recurrent estimator.
    """
    inner = estimator
    while not isinstance(inner, BaseRNN):
        if isinstance(inner, Pipeline):
            check_is_fitted(inner)
            X = inner[:-1].transform(X) if len(inner) > 1 else X
            inner = inner[-1]
        elif hasattr(inner, "estimator") and hasattr(inner, "cv"):
            check_is_fitted(inner)
            inner = inner.best_estimator_
        else:
            hint = getattr(inner, "_network_hint", advice)
            raise TypeError(
                f"{what} needs as estimator an RNNClassifier or an RNNRegressor, or a Pipeline or "
                f"a search that contains one, got {type(estimator).__name__}. {hint}".rstrip()
            )
    return inner, X
