"""Checks that skrnn computes the same on a GPU as on a CPU, and with cuDNN, and measures times.

Run with ``python tests/gpu_check.py`` on a machine without other work; it needs Keras and JAX or
PyTorch, but not TensorFlow. It checks and measures all backends that are installed, compared with
`torch.nn` and skorch if they are. ``--only`` chooses parts of it, and `benchmarks.gpu_plan` has
their order. ``--tiny`` does the same on a CPU, to test the check itself.

The exit status is 0 if all checks passed, and no measurement that began ended with an error.
Measurements for which there was not enough time are listed as left out and do not change the exit
status. Checks for which there was not enough time count as failed.
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

sys.path.insert(0, str(Path(__file__).resolve().parent))

from benchmarks.gpu_parts import (
    NO_CACHES,
    ON_CPU,
    PartError,
    TimeOverError,
    Work,
    checks_of,
    side_by_side,
)
from benchmarks.gpu_plan import PARTS, PEERS, Search, plan
from benchmarks.gpu_timings import print_timings
from benchmarks.report import machine, now
from benchmarks.searches import print_searches
from gpu_work import CPU

BACKENDS = ("jax", "torch")
# So that the whole check ends within ten minutes.
SECONDS = 470
MANY_CORES = 8


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
            "failed": [],
            "left_out": [],
        }

    def add_time(self, runner, row, seconds):
        """Add the seconds of a row of `benchmarks.gpu_timings.measure`."""
        size = {name: value for name, value in row.items() if name != "kind"}
        if row["kind"] == "scan":
            self.results["scans"].append({"backend": runner, **size, "seconds": seconds})
            return
        label = runner if row["kind"] in ("fit", "torch.nn") else f"{runner}, {row['kind']}"
        timings = self.results["timings"]
        # The same size of several runners is one row of the table.
        known = [one for one in timings if {**one, "seconds": None} == {**size, "seconds": None}]
        if not known:
            known = [{**size, "seconds": {}}]
            timings += known
        known[0]["seconds"][label] = seconds

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

    def add_missing(self, runner, name, reason, *, failed):
        """Note and print a measurement that failed or was left out."""
        kind = "failed" if failed else "left_out"
        self.results[kind].append({"runner": runner, "name": name, "reason": reason})
        print(f"{kind.replace('_', ' ').upper()}: {runner}, {name}: {reason}", flush=True)

    def add_check(self, backend, check):
        """Add and print the result of a check."""
        self.results["checks"].append({"backend": backend, **check})
        if not check["ok"]:
            failure = {"runner": backend, "name": check["name"], "reason": check["detail"]}
            self.results["failed"].append(failure)
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


def run_checks(works, devices, given, report):
    """Make the checks of all backends side by side."""
    # A check that does not end must leave time for the measurements.
    seconds = given.seconds if set(given.only) == {"checks"} else given.seconds / 2
    checks = {
        backend: checks_of(work.beside_others(seconds), given.tiny, on_gpu=devices[backend] != CPU)
        for backend, work in works.items()
    }
    for backend, found in side_by_side(checks, given.at_once):
        for check in found:
            report.add_check(backend, check)
        report.save()
    report.end_part("checks")


def run_steps(steps, works, report):
    """Make the measurements one after another.

    Parameters
    ----------
    steps : list of Step
    works : dict of str to Work
        By runner. The steps of other runners are left out.
    report : Report
    """
    for step in steps:
        run = run_search if isinstance(step.work, Search) else run_fits
        if step.runner in works:
            run(step, works[step.runner], report)
            report.end_part(f"{_name_of(step)}, {step.runner}")
        else:
            reason = "not installed, or no GPU"
            report.add_missing(step.runner, _name_of(step), reason, failed=False)
    print_timings(report.results["timings"])
    for scan in report.results["scans"]:
        milliseconds = f"{scan['seconds'] * 1000:.2f} ms"
        print(f"mingru, {scan['steps']} time steps on {scan['backend']}: {milliseconds}")
    print_searches(report.results["searches"])


def _name_of(step):
    if isinstance(step.work, Search):
        return f"{step.work.name}, {step.work.way}"
    return f"{step.part} of {step.work.rows[0]['cell']}"


def run_search(step, work, report):
    """Measure a search."""
    backend = "" if step.runner in PEERS else step.runner
    row = {"search": step.work.name, "way": step.work.way, "backend": backend}
    is_over = False
    try:
        found = work.read("search", environment=NO_CACHES, **step.work._asdict())
    except PartError as error:
        found, is_over = {"error": str(error)}, isinstance(error, TimeOverError)
    if "error" in found:
        report.add_missing(step.runner, _name_of(step), found["error"], failed=not is_over)
    report.results["searches"].append({**row, **found})


def run_fits(step, work, report):
    """Measure single fits or passes, and note those that failed or were left out."""
    rows, is_over, reason = step.work.rows, False, None
    try:
        file = work.run("timings", rows=rows)
    except PartError as error:
        file, reason, is_over = error.file, str(error), isinstance(error, TimeOverError)
    found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    for row, result in zip(rows, found, strict=False):
        if "error" in result:
            report.add_missing(step.runner, _name_of_fit(row), result["error"], failed=True)
        else:
            report.add_time(step.runner, row, result["seconds"])
    for row in rows[len(found) :]:
        report.add_missing(step.runner, _name_of_fit(row), reason, failed=not is_over)


def _name_of_fit(row):
    size = f"{row['units']} units, {row['steps']} time steps, batches of {row['batch_size']}"
    return f"{row['kind']} of {row['cell']}, {size}"


def main():
    """Check and measure every backend; return whether nothing failed."""
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
            error = report.results["backends"][name].get("error", f"device: {devices[name]}")
            report.add_check(name, {"name": "a GPU", "ok": False, "detail": error})
        peers = works["torch"] if "torch" in usable else None
        works = {name: works[name] for name in given.backend if name in usable}
        if works and "checks" in given.only:
            run_checks(works, devices, given, report)
        steps = plan(given.only, works, given.tiny) if works else []
        if peers:
            works |= {name: peers for name in PEERS if name != "skorch" or find_spec("skorch")}
        run_steps(steps, works, report)
    report.save()
    failed = report.results["failed"]
    print(f"\n{len(failed)} failed, {len(report.results['left_out'])} left out")
    return not failed


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    cores = machine()["cores"]
    parser.add_argument("--backend", nargs="+", choices=BACKENDS, default=backends())
    parts = "; ".join(f"{name}: {meaning}" for name, meaning in PARTS.items())
    parser.add_argument("--only", nargs="+", choices=PARTS, default=tuple(PARTS), help=parts)
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
