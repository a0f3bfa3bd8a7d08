"""Default parameters: the accuracy of RNNClassifier on real sequences, next to simpler models."""

import pytest
from benchmarks.accuracy import table, table_of_split
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def check_accuracy(name, split, least, capsys):
    results = table_of_split(*split)
    with capsys.disabled():  # the table is worth reading even if the test passes
        print(f"\n{name}\n{table(results)}")
    accuracy, _ = results["RNNClassifier"]
    assert accuracy >= least


def test_rnn_classifier_defaults_on_digits(capsys):
    images, y = load_digits().images, load_digits().target
    split = train_test_split(images, y, test_size=0.2, stratify=y, random_state=0)
    check_accuracy("digits", split, 0.96, capsys)


@pytest.mark.parametrize(
    ("name", "fixture", "least"),
    [
        ("JapaneseVowels", "japanese_vowels", 0.93),
        ("ItalyPowerDemand", "italy_power_demand", 0.94),
    ],
)
def test_rnn_classifier_defaults_on_official_split(name, fixture, least, request, capsys):
    check_accuracy(name, request.getfixturevalue(fixture), least, capsys)
