"""The check for machines with a GPU works where there is none, at tiny size."""

import json
import os
import subprocess
import sys
from pathlib import Path

import gpu_check
import pytest

AT_HAND = gpu_check.backends()


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What the check writes as JSON, for the first backend at hand."""
    if not AT_HAND:
        pytest.skip("neither of Keras' backends JAX and PyTorch is at hand")
    path = tmp_path_factory.mktemp("gpu") / "gpu.json"
    root = Path(gpu_check.find_spec("skrnn").origin).parents[1]
    run = subprocess.run(
        [sys.executable, gpu_check.__file__, "--tiny", "--json", path, "--backend", AT_HAND[0]],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads(path.read_text(encoding="utf-8"))["backends"][AT_HAND[0]]


def test_every_case_is_compared_with_the_cpu(told):
    names = {check["name"] for check in told["checks"]}
    assert {
        f"{case}, {dtype}" for case in gpu_check.TINY_CASES for dtype in gpu_check.DTYPES
    } <= names


def test_all_checks_pass(told):
    assert [check for check in told["checks"] if not check["ok"]] == []


def test_half_precision_as_a_parameter_is_refused(told):
    found = {check["name"]: check["detail"] for check in told["checks"]}
    assert found["dtype=float16"] == found["dtype=bfloat16"] == "refused"


def test_both_cells_are_timed(told):
    assert {row["cell"] for row in told["timings"]} == {"lstm", "gru"}
    assert all(row["ours"] > 0 for row in told["timings"])


def test_a_difference_from_the_cpu_is_found(tmp_path):
    class Work:
        """Gives results of the CPU, and others for the device: one of which is off."""

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
