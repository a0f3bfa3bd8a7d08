"""The checks of scikit-learn that a variant of an estimator runs.

Every estimator runs all checks of scikit-learn once. Most of them concern what is the same for all
parameters, such as the signature of the constructor and the errors for invalid data. A variant,
which is the same estimator with other parameters, runs only the checks that concern its output.
"""

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
