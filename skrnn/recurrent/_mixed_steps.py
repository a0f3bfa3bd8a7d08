"""How the recurrent estimators read the parameter `categorical_features`."""

import numpy as np

from skrnn.recurrent._category_tables import check_sizes
from skrnn.sequences._mixed_sequences import MixedSequences
from skrnn.sequences._read_categories import find_columns


def categorical_format(estimator):
    """Return the categorical features as a `StepFormat` reads them, before any data are read.

    Parameters
    ----------
    estimator : estimator with a trained network

    Raises
    ------
    ValueError
        If `embedding` and `categorical_features` do not fit together.
    """
    given = estimator.categorical_features
    if given is None:
        if isinstance(estimator.embedding, dict):
            raise ValueError(
                "embedding is a dict of sizes, which are those of categorical features: set "
                "categorical_features too."
            )
        return ()
    check_sizes(estimator.embedding)
    return given if isinstance(given, str) else np.asarray(given).tolist()


def require_categories(estimator, categorical):
    """Check that there is a categorical feature if `embedding` has sizes for them.

    Parameters
    ----------
    estimator : estimator with a trained network
    categorical : tuple of int
        The indices of the categorical features.

    Raises
    ------
    ValueError
    """
    if not categorical and estimator.categorical_features is not None and estimator.embedding:
        raise ValueError(
            f"embedding={estimator.embedding!r} is for categorical features, but "
            f"categorical_features={estimator.categorical_features!r} finds none in X."
        )


def require_same_categorical(estimator):
    """Check that `categorical_features` has not changed since an estimator was fitted.

    Raises
    ------
    ValueError
        If it names other features. "auto" stands for the features that it has found.
    """
    given, fitted = categorical_format(estimator), estimator._step_format.categorical
    if isinstance(given, str):
        return
    names = getattr(estimator, "feature_names_in_", None)
    names = None if names is None else tuple(names)
    n_features = estimator._step_format.n_features
    if find_columns(given, names, n_features, fitted) != fitted:
        raise ValueError(
            "warm_start and partial_fit continue the training of one network, but "
            "categorical_features has changed since it was fitted: from the features "
            f"{list(fitted)} to {given}."
        )


def numbers_of(sequences):
    """Return sequences whose categorical features, if there are any, are zero.

    Statistics of the other features are then those of all features: a feature of zeros is neither
    scaled nor does it have differences.

    Parameters
    ----------
    sequences : Sequences
    """
    return sequences.without_codes() if isinstance(sequences, MixedSequences) else sequences
