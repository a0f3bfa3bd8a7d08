"""The checks of scikit-learn that a variant of an estimator runs, and estimators for the checks.

Every estimator runs all checks of scikit-learn once. Most of them concern what is the same for all
parameters, such as the signature of the constructor and the errors for invalid data. A variant,
which is the same estimator with other parameters, runs only the checks that concern its output.
"""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import (
    check_dict_unchanged,
    check_estimators_pickle,
    check_fit_idempotent,
    check_methods_sample_order_invariance,
    check_methods_subset_invariance,
    check_transformer_data_not_an_array,
    check_transformer_general,
    check_transformer_preserve_dtypes,
)

from skrnn.forecasting import DriftForecaster, PersistenceForecaster, SeasonalNaiveForecaster

# The output of a row must not depend on the other rows.
INVARIANCE_CHECKS = [check_methods_sample_order_invariance, check_methods_subset_invariance]
# The output has the expected type and shape, and repeated or pickled estimators return the same.
TRANSFORMER_CHECKS = [
    check_dict_unchanged,
    check_estimators_pickle,
    check_fit_idempotent,
    check_transformer_data_not_an_array,
    check_transformer_general,
    check_transformer_preserve_dtypes,
]


def parametrize_with_output_checks(*variants, invariant=True):
    """Parametrize a test of (estimator, check) with variants of a transformer.

    Parameters
    ----------
    *variants : estimator
        Transformers of a class that runs all checks elsewhere, with other parameters.
    invariant : bool, default=True
        Whether the output of a row does not depend on the other rows.
    """
    checks = TRANSFORMER_CHECKS + (INVARIANCE_CHECKS if invariant else [])
    return pytest.mark.parametrize(
        ("estimator", "check"),
        [
            pytest.param(variant, check, id=f"{variant}-{check.__name__}")
            for variant in variants
            for check in checks
        ],
    )


def run_check(check, estimator):
    """Run one check on a copy of an estimator."""
    check(type(estimator).__name__, clone(estimator))


# --- baselines --------------------------------------------------------------------------------


def columns_like(y, X):
    """Return columns of X in the shape of y, or y if it is invalid or X has no such columns."""
    columns, targets = np.asarray(X), np.asarray(y)
    if "c" in (columns.dtype.kind, targets.dtype.kind):
        return y
    try:
        columns, targets = columns.astype(float), targets.astype(float)
    except (TypeError, ValueError):
        return y
    is_valid = columns.ndim == 2 and targets.ndim in (1, 2) and len(columns) == len(targets)
    n_targets = targets[0].size if is_valid and len(targets) else 1
    if not is_valid or columns.shape[1] < n_targets or not np.isfinite(targets).all():
        return y
    return columns[:, :n_targets].reshape(targets.shape)


class _OfColumns:
    """A baseline that replaces the targets of a check, which are not columns of X, by some."""

    def fit(self, X, y=None, series_id=None):
        return super().fit(X, columns_like(y, X), series_id)


class PersistenceOfColumns(_OfColumns, PersistenceForecaster):
    pass


class SeasonalNaiveOfColumns(_OfColumns, SeasonalNaiveForecaster):
    pass


class DriftOfColumns(_OfColumns, DriftForecaster):
    pass


BASELINES_OF_COLUMNS = (PersistenceOfColumns(), SeasonalNaiveOfColumns(2), DriftOfColumns())
