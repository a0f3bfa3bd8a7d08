"""Checks that skrnn computes the same on a GPU as on a CPU, and with cuDNN, and measures times.

Run with ``python tests/gpu_check.py``; it needs Keras and JAX or PyTorch, but not TensorFlow.
``--tiny`` makes the same checks on a CPU, to test the check itself. Each part runs in a separate
process (`gpu_work`), since a framework keeps its device.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from benchmarks.report import machine, now
from benchmarks.searches import print_searches
from gpu_work import CASES, CPU, DTYPES, TINY_CASES

WORK = Path(__file__).with_name("gpu_work.py")
BACKENDS = ("jax", "torch")
# The layers that run on cuDNN: JAX has only the LSTM.
CUDNN = {"jax": ("lstm",), "torch": ("lstm", "gru", "simple")}
# In single precision a GPU may round the factors of a product to ten bits (TF32).
TOLERANCES = {
    "float32": {"fit": 5e-3, "predictions": 5e-3, "alone": 5e-3},
    "float64": {"fit": 1e-7, "predictions": 1e-10, "alone": 1e-10},
}
GRID = {
    "cell": ("lstm", "gru"),
    "units": (128, 512),
    "steps": (100, 1000),
    "batch_size": (64, 512),
    "n_batches": (4,),
    "epochs": (7,),
}
TINY_GRID = {
    "cell": ("lstm", "gru"),
    "units": (4,),
    "steps": (5,),
    "batch_size": (8,),
    "n_batches": (2,),
    "epochs": (4,),
}
_LONG_EPOCHS = {"n_batches": 16, "epochs": 7}
# Small networks, whose operations take less time than their launches. Each is also timed as a
# program of one fit, whose updates are CUDA graphs on PyTorch.
SMALL = tuple(
    {"cell": "lstm", "units": units, "steps": steps, "batch_size": size, **_LONG_EPOCHS}
    for units in (32, 64, 128)
    for steps, size in ((30, 32), (100, 64))
)
TINY_SMALL = (
    {"cell": "lstm", "units": 4, "steps": 5, "batch_size": 8, "n_batches": 2, "epochs": 4},
)
# One layer of minGRU, forward and backward.
SCAN = {"steps": 4000, "batch_size": 64, "units": 128, "repeats": 12}
TINY_SCAN = {"steps": 9, "batch_size": 2, "units": 4, "repeats": 4}
# Searches over hyperparameters: size, way, and how often each runs. A thousand candidates would
# take longer one by one than all the rest.
SEARCHES = (
    ("12 x 5", "one by one", 2),
    ("12 x 5", "skrnn", 2),
    ("12 x 5", "skrnn, batched", 2),
    ("12 x 5", "skorch", 2),
    ("48 x 5", "one by one", 1),
    ("48 x 5", "skrnn", 2),
    ("48 x 5", "skrnn, batched", 2),
    ("48 x 5", "skorch", 1),
    ("1000 x 5", "skrnn, batched", 1),
)
TINY_SEARCHES = (("tiny", "one by one", 1), ("tiny", "skrnn, batched", 1))
ON_CPU = {"JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}


def backends():
    """Return the backends that are installed and that skrnn runs on."""
    folder = Path(find_spec("skrnn").origin).parent / "networks" / "backends"
    return [name for name in BACKENDS if find_spec(name) and (folder / name).is_dir()]


class Work:
    """Runs the parts of the check on one backend.

    Parameters
    ----------
    backend : {"jax", "torch"}
    folder : Path
        Folder for the results of the parts.
    environment : dict
        Environment variables in addition to the backend.
    """

    def __init__(self, backend, folder, environment):
        self.backend, self._folder = backend, folder
        self._environment = {**os.environ, "KERAS_BACKEND": backend, **environment}

    def run(self, role, suffix="json", environment=None, **arguments):
        """Run a part and return the file that it wrote."""
        file = self._folder / f"{self.backend}-{role}-{len(list(self._folder.iterdir()))}.{suffix}"
        subprocess.run(
            [sys.executable, WORK, role, file, json.dumps(arguments)],
            env={**self._environment, **(environment or {})},
            check=True,
        )
        return file

    def read(self, role, **arguments):
        """Run a part and return the values that it wrote."""
        return json.loads(self.run(role, **arguments).read_text(encoding="utf-8"))


def check_numbers(work, tiny):
    """Compare fits and predictions with those of a process without a GPU."""
    reference = work.run("results", "npz", ON_CPU, reference=None, tiny=tiny)
    here = work.run("results", "npz", reference=str(reference), tiny=tiny)
    with np.load(reference) as expected, np.load(here) as given:
        for case, dtype in product(TINY_CASES if tiny else CASES, DTYPES):
            name = f"{case}, {dtype}"
            pairs = {
                part: (given[f"{name}/{part}"], expected[f"{name}/{part}"])
                for part in ("fit", "predictions")
            }
            pairs["alone"] = given[f"{name}/alone"], given[f"{name}/together"]
            differences = {
                part: float(np.abs(one - other).max()) for part, (one, other) in pairs.items()
            }
            yield {
                "name": name,
                "ok": all(value <= TOLERANCES[dtype][part] for part, value in differences.items()),
                "detail": ", ".join(f"{part} {value:.1e}" for part, value in differences.items()),
            }


def check_half(work, tiny):
    """Check that half precision is refused or right."""
    for name, found in work.read("half", tiny=tiny).items():
        yield {"name": name, "ok": not found.startswith("WRONG"), "detail": found}


def check_cudnn(work, tiny, on_gpu):
    """Check that cuDNN's kernels run on a GPU."""
    with tempfile.TemporaryDirectory() as dump:
        flags = f"--xla_dump_to={dump} --xla_dump_hlo_as_text"
        found = work.read("cudnn", environment={"XLA_FLAGS": flags}, tiny=tiny, dump=dump)
    for cell, calls in found.items():
        wanted = on_gpu and cell in CUDNN[work.backend]
        yield {
            "name": f"cuDNN runs {cell}" if wanted else f"{cell}, cuDNN or not",
            "ok": bool(calls) or not wanted,
            "detail": ", ".join(calls) or "no calls of cuDNN",
        }


def check_together(work, tiny, on_gpu):
    """Check that fits as one program equal single fits, and on PyTorch that CUDA graphs run."""
    found = work.read("together", tiny=tiny)
    captures = found["captures"]
    wanted = on_gpu and work.backend == "torch"
    failed = not captures or any(one != "captured" for one in captures)
    for name, difference in found["differences"].items():
        dtype = name.rpartition(" ")[2]
        yield {
            "name": name,
            "ok": difference <= TOLERANCES[dtype]["fit"],
            "detail": f"difference from single fits {difference:.1e}",
        }
    yield {
        "name": "CUDA graphs run" if wanted else "CUDA graphs or not",
        "ok": not (wanted and failed),
        "detail": ", ".join(captures) or "none",
    }


def sizes_of(grid):
    """Return all combinations of the values of a grid."""
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def timings(work, sizes, as_program=False):
    """Return seconds per batch of skrnn and of `torch.nn` for each size.

    With `as_program`, those of skrnn for a fit as a program of one are included.
    """
    found = {"ours": work.read("ours", grid=sizes)}
    if as_program:
        found["program"] = work.read("program", grid=sizes)
    found["torch"] = work.read("peer", grid=sizes) if find_spec("torch") else sizes
    return [
        {**size, **{name: _outcome(outcomes[i]) for name, outcomes in found.items()}}
        for i, size in enumerate(sizes)
    ]


def searches(work, tiny):
    """Return the seconds of searches under the backend "skrnn", one by one, and of skorch."""
    # On JAX with a GPU, "skrnn" is batched by default.
    left_out = {"skrnn"} if work.backend == "jax" else set()
    if not find_spec("skorch"):
        left_out.add("skorch")
    return [
        work.read("search", name=name, way=way, rounds=rounds)
        for name, way, rounds in (TINY_SEARCHES if tiny else SEARCHES)
        if way not in left_out
    ]


def _outcome(timing):
    return timing.get("seconds", timing.get("error", "not installed"))


def print_timings(rows, ours="ours", title="skrnn"):
    """Print a table of the times under the name `ours`, compared with those of `torch.nn`."""
    print(f"{'cell':<6}{'units':>6}{'steps':>7}{'batch':>7}{title:>16}{'torch.nn':>16}{'ratio':>8}")
    for row in rows:
        pair = row[ours], row["torch"]
        timed = not any(isinstance(one, str) for one in pair)
        cells = [one[:40] if isinstance(one, str) else f"{one * 1000:.2f} ms" for one in pair]
        print(
            f"{row['cell']:<6}{row['units']:>6}{row['steps']:>7}{row['batch_size']:>7}"
            f"{cells[0]:>16}{cells[1]:>16}" + (f"{pair[1] / pair[0]:>8.2f}" if timed else "")
        )


def check_backend(work, tiny):
    """Make all checks on one backend, print the results and return them."""
    results = work.read("device")
    print(f"\n{work.backend} on {results['device']}, {results['versions']}")
    on_gpu = results["device"] != CPU
    if not (on_gpu or tiny):
        print(f"FAILED: {work.backend} sees no GPU")
        return {**results, "checks": [{"name": "a GPU", "ok": False, "detail": "none seen"}]}
    checks = []
    for found in (
        check_numbers(work, tiny),
        check_half(work, tiny),
        check_cudnn(work, tiny, on_gpu),
        check_together(work, tiny, on_gpu),
    ):
        for check in with_errors_as_failures(found):
            print(f"{'ok' if check['ok'] else 'FAILED':<8}{check['name']:<36}{check['detail']}")
            checks.append(check)
    rows = timings(work, sizes_of(TINY_GRID if tiny else GRID))
    small = timings(work, TINY_SMALL if tiny else SMALL, as_program=True)
    print_timings([*rows, *small])
    print_timings(small, "program", "program of one")
    scan = work.read("scan", **(TINY_SCAN if tiny else SCAN))
    print(
        "mingru, {steps} steps, batch {batch}, {units} units: {ms:.2f} ms".format(
            ms=scan["seconds"] * 1000, **scan
        )
    )
    found = searches(work, tiny)
    print_searches(found)
    return {
        **results,
        "checks": checks,
        "timings": [*rows, *small],
        "scan": scan,
        "searches": found,
    }


def with_errors_as_failures(found):
    """Yield checks; a part that ends in an error is a failed check, and the others continue."""
    try:
        yield from found
    except subprocess.CalledProcessError as error:
        yield {"name": f"{error.cmd[2]} runs", "ok": False, "detail": "see its output above"}


def main():
    """Check every backend; return whether all checks passed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", nargs="+", choices=BACKENDS, default=backends())
    parser.add_argument("--json", type=Path, help="also write all results to this file")
    parser.add_argument("--tiny", action="store_true", help="on the CPU, at tiny sizes")
    given = parser.parse_args()
    if not given.backend:
        parser.error(f"none of Keras' backends {', '.join(BACKENDS)} is installed")
    results = {"date": now(), "machine": machine(), "tiny": given.tiny, "backends": {}}
    with tempfile.TemporaryDirectory() as folder:
        for backend in given.backend:
            work = Work(backend, Path(folder), ON_CPU if given.tiny else {})
            results["backends"][backend] = check_backend(work, given.tiny)
            if given.json:
                given.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    return all(check["ok"] for one in results["backends"].values() for check in one["checks"])


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
