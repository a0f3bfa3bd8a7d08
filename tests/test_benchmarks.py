"""The benchmarks of speed run and report their results; the times themselves are not tested."""

import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from benchmarks import runner, worker

SCRIPT = Path(__file__).parent / "benchmarks" / "speed.py"
# The others run the same functions, or nearly the same. New processes for each run, as in the
# benchmark "cold_process", are tested with a workload that does not import a framework.
BENCHMARKS = [
    "grid_search",
    "lstm_epoch",
    "tokens_epoch",
    "one_hot_epoch",
    "tokenize",
    "predict_one",
    "onnx_one_reservoir",
    "first_fit",
    "reservoir_series",
    "reservoir_batch",
    "blocks",
    "windows",
]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Return the results of a quick run with all peers that are installed."""
    path = tmp_path_factory.mktemp("speed") / "speed.json"
    root = Path(importlib.util.find_spec("skrnn").origin).parents[1]
    run = subprocess.run(
        [sys.executable, SCRIPT, "--quick", "--json", path, "--only", *BENCHMARKS],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads(path.read_text(encoding="utf-8"))


def test_speed_reports_machine_date_and_versions(results):
    assert results["date"][:2] == "20"
    assert results["machine"]["cores"] >= 1
    assert {"keras", "numpy", "sklearn", "skrnn", "tensorflow"} <= set(results["versions"])


@pytest.mark.parametrize("name", BENCHMARKS)
def test_speed_runs_skrnn_in_every_benchmark(results, name):
    benchmark = results["benchmarks"][name]
    ours, *others = benchmark["candidates"].values()
    assert next(iter(benchmark["candidates"])).startswith("skrnn")
    assert len(ours["seconds"]) == results["rounds"]
    assert 0 < ours["least"] <= ours["median"] <= ours["most"]
    assert all("ratio" in one for one in others if "mean" not in one["facts"])
    assert benchmark["agree"]


def test_speed_leaves_out_only_peers_that_are_not_installed(results):
    for benchmark in results["benchmarks"].values():
        for reason in benchmark["left_out"].values():
            what, missing = reason.split(": ")
            assert what == "not installed"
            assert all(importlib.util.find_spec(name) is None for name in missing.split(", "))


def test_speed_ratios_and_shares_follow_from_medians(results):
    benchmark = results["benchmarks"]["lstm_epoch"]
    size, by_label = benchmark["size"], benchmark["candidates"]
    ours, keras = by_label["skrnn"], by_label["Keras fit"]
    assert keras["ratio"] == pytest.approx(keras["median"] / ours["median"])
    inputs, units = size["features"] + size["units"], size["units"]
    flops = 3 * 2 * size["n"] * size["steps"] * inputs * 4 * units
    product = by_label["NumPy product, 2,000³"]
    rate = 2 * product["facts"]["n"] ** 3 / product["median"]
    assert ours["share_of_product_rate"] == pytest.approx(flops / ours["median"] / rate)


def test_speed_reports_memory_of_watched_benchmarks(results):
    for name in ("one_hot_epoch", "reservoir_series", "blocks"):
        for one in results["benchmarks"][name]["candidates"].values():
            assert one["resident_mib"] > 0
            assert one["anonymous_mib"] >= 0


def test_memory_watch_reports_memory_that_was_in_use():
    watch = worker.MemoryWatch(worker.resident_and_anonymous())
    block = np.ones(32 * worker.MIB, np.uint8)
    time.sleep(20 * worker.SECONDS_BETWEEN_SAMPLES)
    del block
    assert watch.end()["anonymous_mib"] > 30


def test_cold_runs_in_a_new_process():
    cold = runner.Cold(dict(os.environ), "matrix_products:product", {"n": 3})
    first, second = cold.run(), cold.run()
    assert first["facts"]["n"] == 3
    assert first["facts"] == second["facts"]
    assert first["seconds"] > 0.01  # the start of the process is included


def test_cold_raises_the_error_of_its_process():
    cold = runner.Cold(dict(os.environ), "matrix_products:absent", {})
    with pytest.raises(runner.FailedError, match=r"AttributeError: .*absent"):
        cold.run()
