"""The benchmark of accuracy runs, continues, and reports its results; scores are not tested."""

import doctest
import importlib
import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import LinearRegression

from skrnn import RNNClassifier, RNNRegressor

FOLDER = Path(__file__).parent / "benchmarks"


@pytest.fixture
def modules(monkeypatch):
    """Return a function that imports modules as the script in the folder of benchmarks does."""
    monkeypatch.syspath_prepend(FOLDER)
    root = Path(importlib.util.find_spec("skrnn").origin).parents[1]
    monkeypatch.setenv("PYTHONPATH", str(root))
    return importlib.import_module


@pytest.fixture
def run(modules, monkeypatch, tmp_path):
    """Return a function that runs the script on a made-up training set, without a test set."""
    rng = np.random.default_rng(0)
    rows = [[label, *(label + rng.normal(size=6 + i))] for label in (1, 2) for i in range(3)]
    lines = ["\t".join(map(str, row)) for row in rows]
    (tmp_path / "GunPoint_TRAIN.tsv").write_text("\n".join(lines))
    accuracy = modules("accuracy")

    def main(*given):
        argv = ["accuracy.py", tmp_path, "--json", tmp_path / "a.json", "--seeds", 0, 1, *given]
        monkeypatch.setattr(sys, "argv", list(map(str, argv)))
        return accuracy.main()

    return main


def test_accuracy_cross_validates_without_the_test_set(run, modules, capsys, monkeypatch, tmp_path):
    given = ("--cross-validate", "--models", "logistic", "echo_state", "--sets", "GunPoint", "CBF")
    assert run(*given)
    printed = capsys.readouterr()
    assert "left out: CBF (not in the folder)" in printed.err
    assert "Logistic regression" in printed.out
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["test"] == {}
    assert set(content["cross-validation"]) == {"GunPoint"}
    by_model = content["cross-validation"]["GunPoint"]
    assert {model: set(seeds) for model, seeds in by_model.items()} == {
        "logistic": {"0"},
        "echo_state": {"0", "1"},
    }
    for record in [*by_model["logistic"].values(), *by_model["echo_state"].values()]:
        assert 0 <= record["score"] <= 1
        assert record["fit_seconds"] > 0
        assert {"sklearn", "skrnn"} <= set(record["versions"])

    # All of it is known now, so that no process is started.
    monkeypatch.setattr(modules("accuracy"), "Worker", None)
    assert run(*given)
    assert capsys.readouterr().out == printed.out


def test_accuracy_reports_a_failure(run, capsys, tmp_path):
    assert not run("--models", "logistic", "--sets", "GunPoint")
    printed = capsys.readouterr()
    assert "failed: logistic on GunPoint" in printed.err
    assert "GunPoint_TEST.ts and GunPoint_TEST.tsv are not in" in printed.err
    assert not (tmp_path / "a.json").exists()


def test_accuracy_leaves_out_what_is_not_installed(run, modules, capsys, monkeypatch):
    monkeypatch.setattr(modules("accuracy"), "find_spec", lambda name: None)
    assert run("--models", "rnn", "minirocket", "--sets", "GunPoint")
    printed = capsys.readouterr().err
    assert "left out: rnn (not installed: keras)" in printed
    assert "left out: minirocket (not installed: aeon)" in printed


def test_accuracy_table(modules):
    accuracy_table = modules("accuracy_table")
    assert doctest.testmod(accuracy_table).failed == 0
    record = {"score": 0.5, "fit_processor_seconds": 3.0}
    results = {
        data: {"a": {"0": record}, "b": {"0": {**record, "score": 0.25}, "1": record}}
        for data in (*accuracy_table.AVERAGED, "GunPoint", "digits")
    }
    results["CBF"].pop("b")
    lines = accuracy_table.table(results, {"a": "A", "b": "B", "c": "C"}).splitlines()
    assert lines[3:6] == ["    * - Data set", "      - A", "      - B"]
    assert "    * - GunPoint\n      - **0.500**\n      - 0.375 (0.250)" in "\n".join(lines)
    assert "    * - CBF \\*\n      - **0.500**\n      -\n" in "\n".join(lines)
    assert "14 sets with \\*\n      - **0.500**\n      -\n" in "\n".join(lines)
    assert "highest accuracy\n      - 15\n      - 0\n" in "\n".join(lines)
    assert "sets above\n      - 3\n      - 3\n" in "\n".join(lines)
    assert lines[-3:] == [
        "    * - digits, five folds",
        "      - **0.500**",
        "      - 0.375 (0.250)",
    ]


def test_accuracy_folds_are_stratified_and_partition(modules):
    folds = modules("workloads.real_sequences").folds
    X, y = list(range(13)), np.array(["a"] * 10 + ["b"] * 3)
    splits = list(folds(X, y, 0))
    assert len(splits) == 3
    assert sorted(i for _, test, _, _ in splits for i in test) == X
    for X_train, X_test, y_train, y_test in splits:
        assert not set(X_train) & set(X_test)
        assert "b" in y_train
        assert_array_equal(y[X_test], y_test)
    assert len(list(folds(X, np.arange(13.0), 0))) == 5


def test_accuracy_sines_are_linear_recurrences_of_each_series(modules):
    X, y = modules("workloads.real_sequences").sines(seed=0, n=2)
    for steps, following in zip(X, y, strict=True):
        assert 3500 < steps.min() < steps.max() < 6500
        # A sum of two sines and a constant satisfies a linear recurrence over four steps.
        lags = np.lib.stride_tricks.sliding_window_view(steps[:, 0], 4)
        recurrence = LinearRegression().fit(lags[:-1], steps[4:, 0])
        assert recurrence.predict(lags[-1:])[0] == pytest.approx(following, abs=1e-3)


def test_accuracy_models_are_the_defaults(modules):
    sequences, ours = modules("workloads.real_sequences"), modules("workloads.with_skrnn")
    for predicted, kind in [(sequences.CLASSES, RNNClassifier), (sequences.NUMBERS, RNNRegressor)]:
        made = ours.defaults(predicted, 10, 3)
        assert type(made) is kind
        assert made.get_params() == kind(random_state=3).get_params()
