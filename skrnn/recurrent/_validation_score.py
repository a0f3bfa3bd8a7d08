"""The score on validation data that early stopping monitors in place of the validation loss."""

from numbers import Real

from sklearn.metrics import check_scoring

from skrnn._sklearn import _safe_indexing


def validation_score(estimator, rows, X, y, sample_weight, target_inputs=None):
    """Return a function that returns the score of a fitted estimator on validation data.

    It is None if the estimator does not monitor a score.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
    rows : ndarray of int, or slice
        The indices of the validation sequences of positive weight.
    X, y, sample_weight, target_inputs : as in `fit`
        The data that contain the validation data, in the format of the user. Scorers are called
        without weights.

    Raises
    ------
    ValueError
        If there are target inputs, which a scorer does not pass to `predict`.
    """
    if not estimator.early_stopping or estimator.monitor == "loss":
        return None
    if target_inputs is not None:
        raise ValueError(
            f"monitor={estimator.monitor!r} cannot be combined with target_inputs, which are the "
            "known future covariates of a forecaster, because scikit-learn's scorers do not pass "
            "them to `predict`. Use monitor='loss'."
        )
    scorer = check_scoring(estimator, estimator.monitor)
    if not isinstance(rows, slice):
        X, y = _safe_indexing(X, rows), _safe_indexing(y, rows)

    def score(fitted):
        value = scorer(fitted, X, y)
        if not isinstance(value, Real):
            raise ValueError(
                "monitor must be 'loss', the name of a scikit-learn scorer or a scorer that "
                f"returns one number, but {estimator.monitor!r} returned {value!r}."
            )
        return float(value)

    return score
