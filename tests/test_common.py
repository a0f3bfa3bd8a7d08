"""Everything that scikit-learn asks of its own estimators."""

from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from skrnn import OneHotSequenceEncoder, RNNClassifier, RNNRegressor

# Sums in another order differ in their last bits, and these checks want them equal to 1e-7: a
# float32 product of a batch and of one row cannot promise that. The weighted and the repeated data
# of the equivalence checks are equal as sums over the whole set, not batch by batch.
EXACT = {"dtype": "float64", "batch_size": None, "shuffle": False, "epochs": 5}
EXACT_CHECKS = {
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_sample_weight_equivalence_on_dense_data",
}


@parametrize_with_checks([OneHotSequenceEncoder(), RNNClassifier(), RNNRegressor()])
def test_scikit_learn_check(estimator, check):
    if check.func.__name__ in EXACT_CHECKS and hasattr(estimator, "epochs"):
        estimator = clone(estimator).set_params(**EXACT)
    check(estimator)
