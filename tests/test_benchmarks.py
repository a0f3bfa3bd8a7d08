"""The benchmarks of speed run, and tell what they must; how fast anything is does not matter."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "benchmarks" / "speed.py"
# Those left out run the same functions, or nearly.
CONTESTS = [
    "grid_search",
    "lstm_epoch",
    "tokens_epoch",
    "one_hot_epoch",
    "tokenize",
    "predict_one",
    "cold_process",
    "reservoir_series",
    "reservoir_batch",
    "blocks",
    "windows",
]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What a quick run with everybody who is installed writes as JSON."""
    path = tmp_path_factory.mktemp("speed") / "speed.json"
    root = Path(importlib.util.find_spec("skrnn").origin).parents[1]
    run = subprocess.run(
        [sys.executable, SCRIPT, "--quick", "--json", path, "--only", *CONTESTS],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads(path.read_text(encoding="utf-8"))


def test_machine_date_and_versions_are_told(told):
    assert told["date"][:2] == "20"
    assert told["machine"]["cores"] >= 1
    assert {"keras", "numpy", "sklearn", "skrnn", "tensorflow"} <= set(told["versions"])


@pytest.mark.parametrize("name", CONTESTS)
def test_skrnn_takes_part_in_every_contest(told, name):
    contest = told["contests"][name]
    ours, *others = contest["contestants"].values()
    assert next(iter(contest["contestants"])).startswith("skrnn")
    assert len(ours["seconds"]) == told["rounds"]
    assert 0 < ours["least"] <= ours["median"] <= ours["most"]
    assert all("ratio" in one for one in others if "mean" not in one["facts"])
    assert contest["agree"]


def test_only_who_is_not_installed_is_left_out(told):
    for contest in told["contests"].values():
        for reason in contest["left_out"].values():
            what, missing = reason.split(": ")
            assert what == "not installed"
            assert all(importlib.util.find_spec(name) is None for name in missing.split(", "))


def test_ratios_and_shares_follow_from_medians(told):
    contest = told["contests"]["lstm_epoch"]
    size, by_label = contest["size"], contest["contestants"]
    ours, keras = by_label["skrnn"], by_label["Keras fit"]
    assert keras["ratio"] == pytest.approx(keras["median"] / ours["median"])
    inputs, units = size["features"] + size["units"], size["units"]
    flops = 3 * 2 * size["n"] * size["steps"] * inputs * 4 * units
    rate = 2 * 2000**3 / by_label["NumPy product, 2,000³"]["median"]
    assert ours["share_of_product_rate"] == pytest.approx(flops / ours["median"] / rate)


def test_memory_is_told_where_it_is_watched(told):
    for name in ("one_hot_epoch", "reservoir_series", "blocks"):
        for one in told["contests"][name]["contestants"].values():
            assert one["resident_mib"] > 0
            assert one["anonymous_mib"] > 0
