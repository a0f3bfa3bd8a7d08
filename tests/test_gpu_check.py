"""The check for machines with a GPU works at tiny size on a machine without one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import gpu_check
import pytest
from benchmarks import searches

INSTALLED = gpu_check.backends()


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Return the results of the check on the first installed backend."""
    if not INSTALLED:
        pytest.skip("neither JAX nor PyTorch is installed")
    path = tmp_path_factory.mktemp("gpu") / "gpu.json"
    root = Path(gpu_check.find_spec("skrnn").origin).parents[1]
    run = subprocess.run(
        [sys.executable, gpu_check.__file__, "--tiny", "--json", path, "--backend", INSTALLED[0]],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads(path.read_text(encoding="utf-8"))["backends"][INSTALLED[0]]


def test_every_case_is_compared_with_the_cpu(results):
    names = {check["name"] for check in results["checks"]}
    assert {
        f"{case}, {dtype}" for case in gpu_check.TINY_CASES for dtype in gpu_check.DTYPES
    } <= names


def test_all_checks_pass(results):
    assert [check for check in results["checks"] if not check["ok"]] == []


def test_half_precision_as_a_parameter_is_refused(results):
    found = {check["name"]: check["detail"] for check in results["checks"]}
    assert found["dtype=float16"] == found["dtype=bfloat16"] == "refused"


def test_both_cells_are_timed(results):
    assert {row["cell"] for row in results["timings"]} == {"lstm", "gru"}
    assert all(row["ours"] > 0 for row in results["timings"])


def test_a_fit_as_a_program_of_one_is_compared_and_timed(results):
    assert "a program of one fit, float32" in {check["name"] for check in results["checks"]}
    [row] = [row for row in results["timings"] if "program" in row]
    assert isinstance(row["program"], float)


def test_the_scan_of_mingru_is_timed(results):
    assert results["scan"]["seconds"] > 0
    assert results["scan"]["steps"] == gpu_check.TINY_SCAN["steps"]


def test_searches_are_measured_one_by_one_and_together(results):
    alone, together = results["searches"]
    assert (alone["way"], together["way"]) == ("one by one", "skrnn, batched")
    assert all(seconds > 0 for one in (alone, together) for seconds in one["seconds"])
    assert together["accuracy"] == alone["accuracy"]


def test_every_search_of_the_check_exists():
    for name, way, _ in (*gpu_check.SEARCHES, *gpu_check.TINY_SEARCHES):
        assert name in searches.SIZES
        assert way in searches.WAYS


def test_a_difference_from_the_cpu_is_found(tmp_path):
    class Work:
        """Returns results of the CPU and of the device, one of which differs."""

        def run(self, role, suffix, *environment, **_):
            file = tmp_path / f"{len(environment)}.npz"
            names = [f"{c}, {d}" for c in gpu_check.CASES for d in gpu_check.DTYPES]
            parts = ("fit", "predictions", "alone", "together")
            values = {f"{name}/{part}": [0.5, 1.0] for name in names for part in parts}
            if not environment:
                values["gru, float64/predictions"] = [0.5, 1.001]
            gpu_check.np.savez(file, **values)
            return file

    checks = list(gpu_check.check_numbers(Work(), tiny=False))
    assert [check["name"] for check in checks if not check["ok"]] == ["gru, float64"]
