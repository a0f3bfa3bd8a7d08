"""Default parameters: the accuracy of RNNClassifier on real sequences."""

import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skrnn import RNNClassifier


def accuracy(X_train, X_test, y_train, y_test):
    return RNNClassifier(random_state=0).fit(X_train, y_train).score(X_test, y_test)


def test_rnn_classifier_defaults_on_digits():
    images, y = load_digits().images, load_digits().target
    split = train_test_split(images, y, test_size=0.2, stratify=y, random_state=0)
    assert accuracy(*split) >= 0.96


@pytest.mark.parametrize(
    ("fixture", "least"), [("japanese_vowels", 0.93), ("italy_power_demand", 0.94)]
)
def test_rnn_classifier_defaults_on_official_split(fixture, least, request):
    assert accuracy(*request.getfixturevalue(fixture)) >= least
