"""The checks that scikit-learn makes of its own estimators."""

from estimator_checks import BASELINES_OF_COLUMNS, parametrize_with_output_checks, run_check
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.utils.estimator_checks import parametrize_with_checks

from skrnn import (
    EchoStateClassifier,
    EchoStateRegressor,
    OneHotSequenceEncoder,
    RNNClassifier,
    RNNRegressor,
)
from skrnn.forecasting import SlidingWindowForecaster
from skrnn.forecasting._base import BaseForecaster
from skrnn.reservoir import Reservoir

# These checks require results that are equal to 1e-7, but sums in another order differ in their
# last bits, such as the float32 products of a batch and of one row. The weighted and the repeated
# data of the equivalence checks are equal as sums over the training set, not batch by batch.
EXACT = {"dtype": "float64", "batch_size": None, "shuffle": False, "epochs": 5}
EXACT_CHECKS = {
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_sample_weight_equivalence_on_dense_data",
}
# The rows of a forecaster are steps in time, and its forecasts depend on the rows before.
ROWS_ARE_STEPS = dict.fromkeys(
    ["check_methods_sample_order_invariance", "check_methods_subset_invariance"],
    "rows are steps in time",
)


def expected_to_fail(estimator):
    """Return the checks that an estimator cannot pass, with the reason."""
    return ROWS_ARE_STEPS if isinstance(estimator, BaseForecaster) else {}


def exact(estimator):
    """Return a float64 estimator, with full batches or a given penalty if it has one.

    Generalised cross-validation counts rows, so a weight of 2 is not the same as two equal rows.
    """
    if hasattr(estimator, "epochs"):
        return clone(estimator).set_params(**EXACT)
    if hasattr(estimator, "reservoir"):
        return clone(estimator).set_params(reservoir=Reservoir(dtype="float64"), alpha=1e-2)
    return estimator


@parametrize_with_checks(
    [
        EchoStateClassifier(),
        EchoStateRegressor(),
        OneHotSequenceEncoder(),
        Reservoir(dtype="float64"),
        RNNClassifier(epochs=30),
        RNNRegressor(epochs=60),
        SlidingWindowForecaster(Ridge(), window_length=2),
        SlidingWindowForecaster(RNNRegressor(units=2, epochs=1, random_state=0), window_length=2),
        *BASELINES_OF_COLUMNS,
    ],
    expected_failed_checks=expected_to_fail,
)
def test_scikit_learn_check(estimator, check):
    check(exact(estimator) if check.func.__name__ in EXACT_CHECKS else estimator)


# Every estimator runs all checks once; transformers that are not listed above do so in their own
# test files.
@parametrize_with_output_checks(Reservoir(pooling="mean", dtype="float64"))
def test_scikit_learn_output_check(estimator, check):
    run_check(check, estimator)
