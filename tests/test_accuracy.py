"""Defaults that learn: the untuned classifier on real sequences, beside simpler models."""

import pytest
from benchmarks.accuracy import DIGITS, table, table_of_digits, table_of_split


def check(name, results, least, capsys):
    with capsys.disabled():  # worth reading also where the test passes
        print(f"\n{name}\n{table(results)}")
    accuracy, _ = results["RNNClassifier"]
    assert accuracy >= least


def test_digits(capsys):
    check(DIGITS, table_of_digits(), 0.96, capsys)


@pytest.mark.parametrize(
    ("name", "fixture", "least"),
    [
        ("JapaneseVowels", "japanese_vowels", 0.93),
        ("ItalyPowerDemand", "italy_power_demand", 0.94),
    ],
)
def test_official_split(name, fixture, least, request, capsys):
    split = request.getfixturevalue(fixture)
    check(name, table_of_split(*split), least, capsys)
