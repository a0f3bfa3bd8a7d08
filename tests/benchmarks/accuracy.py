"""Accuracy of the default estimators on real sequences, compared with simpler models and peers.

Run with ``python tests/benchmarks/accuracy.py FOLDER``, the folder that holds the data sets of the
UCR and UEA archives (or its subfolder ``ucr_uea``). All results are stored in a JSON file as soon
as they are known, and a fit whose result is in the file is not repeated. A run can therefore be
continued, and the peers can be run by another Python with the same file. A table of
reStructuredText is printed at the end, and alone with ``--table``.

The models are fitted to the training set and scored on the test set. With ``--cross-validate``,
they are scored on folds of the training set, and no test set is read: this is how to choose
defaults.
"""

import argparse
import json
import os
import sys
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import product
from pathlib import Path

from accuracy_table import table
from report import machine, now
from runner import FailedError, Worker
from workloads.real_sequences import DIGITS, SINES, UCR, conv_body

from skrnn.datasets import load_ucr

TEST, CROSS_VALIDATION = "test", "cross-validation"


@dataclass(frozen=True)
class Model:
    """A model that is scored.

    Parameters
    ----------
    title : str
        The head of its column.
    workload : str
        The function that makes the estimator, as module:function of the folder `workloads`.
    needs : tuple of str
        Modules that must be installed.
    seeded : bool
        Whether it depends on the seed. If not, only the first seed is used.
    """

    title: str
    workload: str
    needs: tuple = ()
    seeded: bool = True


MODELS = {
    "rnn": Model("Recurrent classifier", "with_skrnn:defaults", ("keras",)),
    "conv_body": Model("Recurrent, with ConvBody", "with_skrnn:with_conv_body", ("keras",)),
    "random_conv": Model(
        "Random convolutions, ridge", "with_skrnn:random_convolutions", ("keras",)
    ),
    "echo_state": Model("Echo state classifier", "with_skrnn_reservoirs:defaults"),
    "logistic": Model("Logistic regression", "with_sklearn:linear", seeded=False),
    "nearest": Model("1-nearest neighbour", "with_sklearn:nearest", seeded=False),
    "minirocket": Model("MiniRocket (aeon)", "with_aeon:minirocket", ("aeon",)),
    "reservoirpy": Model("ReservoirPy", "with_reservoirpy:last_state", ("reservoirpy",)),
}
SETS = (*UCR, DIGITS, SINES)


class Results:
    """The results of all runs in a JSON file: mode, data set, model and seed, then the facts.

    Parameters
    ----------
    path : Path
        The file, which may not exist.
    """

    def __init__(self, path):
        self.path, self._lock = path, threading.Lock()
        exists = path.is_file()
        self.content = json.loads(path.read_text(encoding="utf-8")) if exists else {}
        for mode in (TEST, CROSS_VALIDATION):
            self.content.setdefault(mode, {})

    def has(self, mode, data, model, seed):
        """Return whether a result is known."""
        return str(seed) in self.content[mode].get(data, {}).get(model, {})

    def add(self, mode, data, model, seed, answer):
        """Add a result and write the file, which is never left half written."""
        record = {**answer["facts"], "date": now(), "versions": answer["versions"]}
        with self._lock:
            of_model = self.content[mode].setdefault(data, {}).setdefault(model, {})
            of_model[str(seed)] = record
            self.content["machine"] = machine()
            part = self.path.with_name(f"{self.path.name}.part")
            part.write_text(json.dumps(self.content, indent=1), encoding="utf-8")
            part.replace(self.path)


def reason_to_leave_out(model):
    """Return why a model cannot run, or None."""
    missing = [name for name in MODELS[model].needs if find_spec(name) is None]
    if model == "conv_body" and not missing and conv_body() is None:
        missing = ["skrnn with ConvBody"]
    return f"not installed: {', '.join(missing)}" if missing else None


def reason_to_leave_out_data(data, folder):
    """Return why a data set cannot be used, or None."""
    if data not in UCR:
        return None
    try:
        load_ucr(data, data_home=folder, subset="train")
    except OSError:
        return "not in the folder"
    return None


class Processes:
    """The process of the current model, which is kept until another model is asked for.

    Data sets and seeds share it, so that only the first fits include the time of compilations.
    """

    def __init__(self):
        self._model, self._worker = None, None

    def get(self, model):
        """Return the process of a model."""
        if model != self._model:
            self.close()
            self._worker = Worker({"TF_CPP_MIN_LOG_LEVEL": "2", **os.environ})
            self._model = model
        return self._worker

    def close(self):
        """End the process if there is one."""
        if self._worker:
            self._worker.close()
        self._model, self._worker = None, None


def run_all(waiting, options, results):
    """Run what is in a queue that other threads share; return whether all of it worked."""
    processes, worked = Processes(), True
    while waiting:
        try:
            data, model, seeds = waiting.popleft()
        except IndexError:  # another thread took the last one
            break
        try:
            for seed in seeds:
                run(processes.get(model), data, model, seed, options, results)
        except FailedError as error:
            print(f"failed: {model} on {data}: {error}", file=sys.stderr)
            processes.close()
            worked = False
    processes.close()
    return worked


def run(worker, data, model, seed, options, results):
    """Run one seed of one model on one data set, and store the result."""
    size = {
        "model": MODELS[model].workload,
        "data": data,
        "folder": options.folder,
        "seed": seed,
        "cross_validate": options.cross_validate,
    }
    worker.ask(name="one", make="real_sequences:fits", size=size, watched=False)
    answer = worker.ask(name="one")
    results.add(options.mode, data, model, seed, answer)
    facts = answer["facts"]
    line = f"{data:<20} {model:<12} {seed:>3} {facts['score']:8.4f}"
    print(f"{line} {facts['fit_seconds']:8.2f} s", file=sys.stderr, flush=True)


def plan(options, results):
    """Yield data set, model and seeds of the unknown results, and print what is left out."""
    reasons = {data: reason_to_leave_out_data(data, options.folder) for data in options.sets}
    reasons |= {model: reason_to_leave_out(model) for model in options.models}
    for name, reason in reasons.items():
        if reason:
            print(f"left out: {name} ({reason})", file=sys.stderr)
    for model, data in product(options.models, options.sets):
        seeds = options.seeds if MODELS[model].seeded else options.seeds[:1]
        if not options.again:
            seeds = [seed for seed in seeds if not results.has(options.mode, data, model, seed)]
        if seeds and not reasons[model] and not reasons[data]:
            yield data, model, seeds


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", help="default: as for skrnn.datasets.load_ucr")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--jobs", type=int, default=1, help="processes at the same time")
    parser.add_argument("--json", type=Path, default=Path("accuracy.json"), help="the results")
    parser.add_argument("--cross-validate", action="store_true", help="read no test set")
    parser.add_argument("--again", action="store_true", help="replace results that are known")
    parser.add_argument("--table", action="store_true", help="only print the table")
    options = parser.parse_args()
    options.mode = CROSS_VALIDATION if options.cross_validate else TEST
    return options


def main():
    """Run all fits whose results are not known, print the table; return whether all worked."""
    options = arguments()
    results, worked = Results(options.json), []
    if not options.table:
        waiting = deque(plan(options, results))
        with ThreadPoolExecutor(options.jobs) as pool:
            jobs = [pool.submit(run_all, waiting, options, results) for _ in range(options.jobs)]
        worked = [job.result() for job in jobs]
    titles = {model: MODELS[model].title for model in options.models}
    chosen = {data: results.content[options.mode].get(data, {}) for data in options.sets}
    print(table(chosen, titles))
    return all(worked)


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
