"""The memory of a process does not grow with the number of its fits."""

import json
import subprocess
import sys
from pathlib import Path


def test_memory_grows_by_less_than_50_kilobytes_per_fit():
    script = Path(__file__).parent / "benchmarks" / "memory.py"
    run = subprocess.run(
        [sys.executable, script, "--json", "--fits", "110"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(run.stdout)["kB_per_fit"] < 50
