"""The checks that scikit-learn makes of its own estimators, for those that predict sequences.

The targets of scikit-learn's checks are one label or one row of numbers per sample. The classes
below pass them on as target sequences, and return predictions in the same form.
"""

import numpy as np
from sklearn.base import clone
from sklearn.utils import ClassifierTags
from sklearn.utils.estimator_checks import parametrize_with_checks
from test_common import EXACT_CHECKS

from skrnn import Seq2SeqClassifier, Seq2SeqRegressor, SequenceGenerator

SMALL = {"cell": "simple", "units": 6, "learning_rate": 0.05, "random_state": 0}
# Results of one sample and of all are compared to 1e-7.
EXACT = {"dtype": "float64", "batch_size": None, "shuffle": False, "epochs": 3}
# The generator knows all integers of the checks.
SYMBOLS = range(-20, 200)

EXPECTED_TO_FAIL = {
    Seq2SeqClassifier: {
        "check_supervised_y_2d": "a column of labels is a sequence of one token per sample",
        "check_sample_weights_shape": "two columns are the weights of one token and of the stop",
    },
    Seq2SeqRegressor: {},
    SequenceGenerator: {
        "check_fit2d_predict1d": "the error recommends a list, and scikit-learn's a 2-D array",
        "check_sample_weight_equivalence_on_dense_data": "its features are not integers",
        "check_n_features_in": "sequences may have any lengths",
        "check_n_features_in_after_fitting": "sequences may have any lengths",
    },
}


def of_one_step(y):
    """Return one target per sample as sequences of one target each, and anything else unchanged."""
    targets = np.asarray(y)
    return targets[:, None] if targets.ndim == 1 and len(targets) else y


class OneStep:
    """A sequence-to-sequence estimator of target sequences with one time step."""

    def fit(self, X, y, sample_weight=None):
        return super().fit(X, of_one_step(y), sample_weight)

    def score(self, X, y, sample_weight=None):
        return super().score(X, of_one_step(y), sample_weight)


class ClassifierOfOneToken(OneStep, Seq2SeqClassifier):
    """Predicts the first token, and the probabilities of its values."""

    def partial_fit(self, X, y, sample_weight=None, classes=None):
        return super().partial_fit(X, of_one_step(y), sample_weight)

    def predict(self, X):
        tokens = super().predict(X)
        # Only if the predicted sequence is empty is the likeliest token not its first one.
        likeliest = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return np.array([[*one, label][0] for one, label in zip(tokens, likeliest, strict=True)])

    def predict_proba(self, X):
        n = len(super().predict(X))
        of_first_token = np.concatenate(super().predict_proba(X, [[]] * n))[:, :-1]
        return of_first_token / of_first_token.sum(axis=1, keepdims=True)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type, tags.classifier_tags = "classifier", ClassifierTags()
        return tags


class RegressorOfOneVector(OneStep, Seq2SeqRegressor):
    """Predicts one number, or the numbers of a row as the time steps of a sequence."""

    def partial_fit(self, X, y, sample_weight=None):
        return super().partial_fit(X, of_one_step(y), sample_weight)

    def predict(self, X):
        predicted = super().predict(X)
        return predicted[:, 0] if predicted.shape[1] == 1 else predicted


class GeneratorOfRows(SequenceGenerator):
    """A generator that receives tables of integers, each row of which is a sequence."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = tags.input_tags.categorical = True
        return tags


def expected_to_fail(estimator):
    """Return the checks that an estimator cannot pass, with the reason."""
    return next(checks for kind, checks in EXPECTED_TO_FAIL.items() if isinstance(estimator, kind))


@parametrize_with_checks(
    [
        ClassifierOfOneToken(**SMALL, epochs=20, target_embedding=8),
        RegressorOfOneVector(**SMALL, epochs=40),
        GeneratorOfRows(**SMALL, epochs=1, symbols=SYMBOLS),
    ],
    expected_failed_checks=expected_to_fail,
)
def test_scikit_learn_check_of_sequence_targets(estimator, check):
    is_exact = check.func.__name__ in EXACT_CHECKS
    check(clone(estimator).set_params(**EXACT) if is_exact else estimator)
