"""Everything that scikit-learn asks of its own estimators."""

from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from skrnn import (
    EchoStateClassifier,
    EchoStateRegressor,
    OneHotSequenceEncoder,
    RNNClassifier,
    RNNRegressor,
)
from skrnn.reservoir import LiquidStateMachine, Reservoir

# Sums in another order differ in their last bits, and these checks want them equal to 1e-7: a
# float32 product of a batch and of one row cannot promise that. The weighted and the repeated data
# of the equivalence checks are equal as sums over the whole set, not batch by batch.
EXACT = {"dtype": "float64", "batch_size": None, "shuffle": False, "epochs": 5}
EXACT_CHECKS = {
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_sample_weight_equivalence_on_dense_data",
}


def exact(estimator):
    """Return a float64 estimator, with full batches if it has batches."""
    if hasattr(estimator, "epochs"):
        return clone(estimator).set_params(**EXACT)
    if hasattr(estimator, "reservoir"):
        return clone(estimator).set_params(reservoir=Reservoir(dtype="float64"))
    return estimator


@parametrize_with_checks(
    [
        EchoStateClassifier(),
        EchoStateRegressor(),
        LiquidStateMachine(),
        LiquidStateMachine(pooling=None),
        OneHotSequenceEncoder(),
        Reservoir(dtype="float64"),
        Reservoir(pooling="mean", dtype="float64"),
        RNNClassifier(),
        RNNRegressor(),
    ]
)
def test_scikit_learn_check(estimator, check):
    check(exact(estimator) if check.func.__name__ in EXACT_CHECKS else estimator)
