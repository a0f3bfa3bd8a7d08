"""Checks that skrnn computes the same on a GPU as on a CPU, and with cuDNN, and measures times.

Run with ``python tests/gpu_check.py`` on a machine without other work; it needs Keras and JAX or
PyTorch, but not TensorFlow. It checks and measures all backends that are installed, compared with
`torch.nn` and skorch if they are. ``--tiny`` does the same on a CPU, to test the check itself.
"""

import argparse
import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent))

from benchmarks.gpu_parts import (
    NO_CACHES,
    ON_CPU,
    PartError,
    Work,
    checks_of,
    side_by_side,
)
from benchmarks.gpu_timings import print_timings
from benchmarks.report import machine, now
from benchmarks.searches import print_searches
from gpu_work import CPU

BACKENDS = ("jax", "torch")
PARTS = ("checks", "timings", "searches")
# The whole check, so that it ends before a loan of a machine for ten minutes does.
SECONDS = 470
MANY_CORES = 8
_SHORT_EPOCHS = {"n_batches": 4, "epochs": 7}
_LONG_EPOCHS = {"n_batches": 16, "epochs": 7}
_TINY_EPOCHS = {"n_batches": 2, "epochs": 4}
# Sizes that use the same examples follow each other. An LSTM with 128 units and 100 time steps is
# among the small networks below.
GRID = tuple(
    {"cell": cell, "units": units, "steps": steps, "batch_size": batch_size, **_SHORT_EPOCHS}
    for steps, batch_size, all_units in (
        (100, 64, (128,)),
        (1000, 64, (128, 512)),
        (1000, 512, (512,)),
    )
    for units in all_units
    for cell in ("lstm", "gru")
    if (cell, units, steps) != ("lstm", 128, 100)
)
TINY_GRID = tuple(
    {"cell": cell, "units": 4, "steps": 5, "batch_size": 8, **_TINY_EPOCHS}
    for cell in ("lstm", "gru")
)
# Small networks, whose operations take less time than their launches. On PyTorch, each is also
# timed as a program of one fit, whose updates are CUDA graphs.
SMALL = tuple(
    {"cell": "lstm", "units": units, "steps": steps, "batch_size": batch_size, **_LONG_EPOCHS}
    for steps, batch_size in ((30, 32), (100, 64))
    for units in (32, 64, 128)
)
TINY_SMALL = ({"cell": "lstm", "units": 3, "steps": 5, "batch_size": 8, **_TINY_EPOCHS},)
# One layer of minGRU, forward and backward.
SCAN = {"cell": "mingru", "units": 128, "steps": 4000, "batch_size": 64, "repeats": 12}
TINY_SCAN = {"cell": "mingru", "units": 4, "steps": 9, "batch_size": 2, "repeats": 4}


class Search(NamedTuple):
    """A search over hyperparameters, and how much of it is measured.

    Parameters
    ----------
    name, way : str
        A size and a way of `benchmarks.searches`.
    rounds : int, default=2
    n_measured : int or None, default=None
        The number of candidates from which the seconds of all are calculated. If None, all
        candidates are measured.
    limit : float or None, default=None
        The largest number of seconds.
    """

    name: str
    way: str
    rounds: int = 2
    n_measured: int | None = None
    limit: float | None = None


# The last one is left out first if the time is over.
SEARCHES = (
    Search("12 x 5", "skorch"),
    Search("12 x 5", "skrnn, batched"),
    Search("12 x 5", "one by one", n_measured=6),
    Search("48 x 5", "skorch", n_measured=3),
    Search("48 x 5", "skrnn, batched"),
    Search("1000 x 5", "skorch", n_measured=6),
    Search("1000 x 5", "skrnn, batched", rounds=1),
)
TINY_SEARCHES = (
    Search("tiny", "skorch", n_measured=1),
    Search("tiny", "skrnn, batched", rounds=1),
    Search("tiny", "one by one", rounds=1),
)


def backends():
    """Return the backends that are installed and that skrnn runs on."""
    folder = Path(find_spec("skrnn").origin).parent / "networks" / "backends"
    return [name for name in BACKENDS if find_spec(name) and (folder / name).is_dir()]


class Report:
    """The results so far, which are written to a file after each part.

    Parameters
    ----------
    file : Path or None
    tiny : bool
    """

    def __init__(self, file, tiny):
        self._file, self._begin = file, time.monotonic()
        self.results = {
            "date": now(),
            "machine": machine(),
            "tiny": tiny,
            "versions": {name: version(name) for name in ("joblib", "skorch") if find_spec(name)},
            "elapsed": {},
            "backends": {},
            "checks": [],
            "timings": [],
            "scans": [],
            "searches": [],
        }

    def save(self):
        """Write all results, if there is a file for them."""
        if self._file:
            self._file.write_text(json.dumps(self.results, indent=1), encoding="utf-8")

    def end_part(self, part):
        """Note the seconds since the beginning, print them and write all results."""
        seconds = round(time.monotonic() - self._begin, 1)
        self.results["elapsed"][part] = seconds
        print(f"[{seconds:.0f} s: {part}]", flush=True)
        self.save()

    def add_check(self, backend, check):
        """Add and print the result of a check."""
        self.results["checks"].append({"backend": backend, **check})
        start = f"{'ok' if check['ok'] else 'FAILED':<8}{backend:<7}{check['name']:<36}"
        print(start + check["detail"], flush=True)


def find_devices(works, report):
    """Return the device of each backend, or None if the backend does not start."""
    with ThreadPoolExecutor(len(works)) as pool:
        running = {
            backend: pool.submit(work.beside_others().read, "device")
            for backend, work in works.items()
        }
    devices = {}
    for backend, future in running.items():
        try:
            found = future.result()
        except PartError as error:
            found = {"device": None, "error": str(error)}
        report.results["backends"][backend] = found
        devices[backend] = found["device"]
        print(f"{backend} on {found['device']}, {found.get('versions', '')}")
    report.end_part("devices")
    return devices


def run_checks(works, devices, tiny, at_once, report):
    """Make the checks of all backends side by side."""
    checks = {
        backend: checks_of(work.beside_others(), tiny, on_gpu=devices[backend] != CPU)
        for backend, work in works.items()
    }
    for backend, found in side_by_side(checks, at_once):
        for check in found:
            report.add_check(backend, check)
        report.save()
    report.end_part("checks")


def run_timings(works, peers, tiny, report):
    """Measure the fits of all backends, and those of `torch.nn` once, one after another.

    Parameters
    ----------
    works : dict of str to Work
    peers : Work or None
        The work on PyTorch; None leaves out `torch.nn`.
    tiny : bool
    report : Report
    """
    small, grid = (TINY_SMALL, TINY_GRID) if tiny else (SMALL, GRID)
    sizes = [*small, *grid]
    rows = [{**size, "seconds": {}} for size in sizes]
    report.results["timings"] = rows
    plans = {"torch.nn": (peers, ["torch.nn"])} if peers else {}
    plans |= {backend: (work, ["fit"]) for backend, work in works.items()}
    if "torch" in works:
        plans["torch"][1].append("program of one")
    for name, (work, kinds) in plans.items():
        wanted = [
            (i, {"kind": kind, **size})
            for i, size in enumerate(sizes)
            for kind in kinds
            if kind != "program of one" or size in small
        ]
        scans = [{"kind": "scan", **(TINY_SCAN if tiny else SCAN)}] if name in works else []
        found = _read_timings(work, [row for _, row in wanted] + scans)
        for (i, row), seconds in zip(wanted, found, strict=False):
            rows[i]["seconds"][_label(name, row["kind"])] = seconds
        for scan, seconds in zip(scans, found[len(wanted) :], strict=True):
            report.results["scans"].append({"backend": name, **scan, "seconds": seconds})
        report.end_part(f"timings of {name}")
    print_timings(rows)
    for scan in report.results["scans"]:
        print(f"mingru, {scan['steps']} time steps on {scan['backend']}: {_in_ms(scan['seconds'])}")


def _in_ms(seconds):
    return f"{seconds * 1000:.2f} ms" if isinstance(seconds, float) else seconds


def _label(name, kind):
    return name if kind in ("fit", "torch.nn") else f"{name}, {kind}"


def _read_timings(work, rows):
    """Return the seconds of each row, or why there are none."""
    try:
        file, reason = work.run("timings", rows=rows), None
    except PartError as error:
        file, reason = error.file, str(error)
    found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    outcomes = [row.get("seconds", row.get("error")) for row in found]
    return outcomes + [reason] * (len(rows) - len(outcomes))


def run_searches(works, peers, tiny, report):
    """Measure the searches of all backends, and those of skorch once, one after another."""
    rows = report.results["searches"]
    for search in TINY_SEARCHES if tiny else SEARCHES:
        given = works
        if search.way == "skorch":
            given = {"": peers} if peers and find_spec("skorch") else {}
        for backend, work in given.items():
            arguments = search._asdict()
            row = {"search": search.name, "way": search.way, "backend": backend}
            try:
                found = work.read("search", environment=NO_CACHES, **arguments)
            except PartError as error:
                found = {"error": str(error)}
            rows.append({**row, **found})
            report.end_part(", ".join(filter(None, (search.name, search.way, backend))))
    print_searches(rows)


def main():
    """Check and measure every backend; return whether all checks passed."""
    given = _arguments()
    report = Report(given.json, given.tiny)
    deadline = time.monotonic() + given.seconds
    names = [*given.backend, *(["torch"] if find_spec("torch") else [])]
    with tempfile.TemporaryDirectory() as folder:
        works = {
            name: Work(name, Path(folder), ON_CPU if given.tiny else {}, deadline)
            for name in dict.fromkeys(names)
        }
        devices = find_devices(works, report)
        usable = [name for name in works if devices[name] and (given.tiny or devices[name] != CPU)]
        for name in set(given.backend).difference(usable):
            check = {"name": "a GPU", "ok": False, "detail": f"device: {devices[name]}"}
            report.add_check(name, check)
        peers = works["torch"] if "torch" in usable else None
        works = {name: works[name] for name in given.backend if name in usable}
        if works and "checks" in given.only:
            run_checks(works, devices, given.tiny, given.at_once, report)
        if works and "timings" in given.only:
            run_timings(works, peers, given.tiny, report)
        if works and "searches" in given.only:
            run_searches(works, peers, given.tiny, report)
    report.save()
    return all(check["ok"] for check in report.results["checks"])


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    cores = machine()["cores"]
    parser.add_argument("--backend", nargs="+", choices=BACKENDS, default=backends())
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--json", type=Path, help="also write all results to this file")
    parser.add_argument("--tiny", action="store_true", help="on the CPU, at tiny sizes")
    parser.add_argument(
        "--at-once",
        type=int,
        help="checks that run at the same time; by default 2, or as many as cores if there are "
        f"{MANY_CORES} or more. Each needs about 1 GiB of GPU memory.",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=SECONDS,
        help="what has not ended after so many seconds is left out (default: %(default)s)",
    )
    given = parser.parse_args()
    if not given.backend:
        parser.error(f"none of Keras' backends {', '.join(BACKENDS)} is installed")
    if given.at_once is None:
        given.at_once = 2 if given.tiny or cores < MANY_CORES else cores
    return given


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
