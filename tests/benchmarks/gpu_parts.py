"""The checks of `gpu_check`, and the processes in which their parts run.

Each part runs in a separate process (`gpu_work`), since a framework keeps its device. The checks of
all backends run side by side, because most of their time is compilation, which a core does.
"""

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from functools import partial
from itertools import count, product
from pathlib import Path

import numpy as np
from gpu_work import CASES, CUDNN_CASES, DTYPES, TINY_CASES

WORK = Path(__file__).parents[1] / "gpu_work.py"
# The cases of `gpu_work.CUDNN_CASES` that must run in cuDNN on a GPU. No other case may.
CUDNN = {"jax": ("lstm, large states",), "torch": CUDNN_CASES}
# In single precision a GPU may round the factors of a product to ten bits (TF32).
TOLERANCES = {
    "float32": {"fit": 5e-3, "predictions": 5e-3, "alone": 5e-3},
    "float64": {"fit": 1e-7, "predictions": 1e-10, "alone": 1e-10},
}
ON_CPU = {"JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
# JAX would reserve three quarters of the GPU's memory, so that only one process could use it. Side
# by side, the threads of each process would wait for cores that other processes use.
SIDE_BY_SIDE = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "OMP_NUM_THREADS": "1"}
# Code that an earlier process compiled would make the first search of a process faster, and XLA
# writes no program that it does not compile.
NO_CACHES = {"SKRNN_COMPILATION_CACHE": None, "JAX_COMPILATION_CACHE_DIR": None}
# Without these variables, skrnn decides how the processes of `n_jobs` share the GPU's memory.
AS_SKRNN_DECIDES = dict.fromkeys(
    (
        "XLA_CLIENT_MEM_FRACTION",
        "XLA_PYTHON_CLIENT_ALLOCATOR",
        "XLA_PYTHON_CLIENT_MEM_FRACTION",
        "XLA_PYTHON_CLIENT_PREALLOCATE",
    )
)
_CASES_PER_PROCESS = 2
_LINES_OF_ERRORS = 40


class PartError(RuntimeError):
    """A part ended with an error, or did not end in time."""


class TimeOverError(PartError):
    """A part did not begin or end before the time limit of the whole check was over."""


class Work:
    """Runs parts of the check on one backend.

    Parameters
    ----------
    backend : {"jax", "torch"}
    folder : Path
        Folder for the results of the parts.
    environment : dict
        Environment variables in addition to the backend. None removes a variable.
    deadline : float
        The value of `time.monotonic()` at which the last part must have ended.
    """

    def __init__(self, backend, folder, environment, deadline):
        self.backend, self._folder, self._deadline = backend, folder, deadline
        self._environment = {"KERAS_BACKEND": backend, **environment}
        self._numbers = count()

    def beside_others(self, seconds=math.inf):
        """Return the same work in processes that share the GPU and the cores with others.

        It must have ended after so many seconds, in addition to the deadline.
        """
        other = copy(self)
        other._environment = {**self._environment, **SIDE_BY_SIDE}
        other._deadline = min(self._deadline, time.monotonic() + seconds)
        return other

    def run(self, role, suffix="json", environment=None, limit=None, **arguments):
        """Run a part and return the file that it wrote.

        Parameters
        ----------
        role : str
            One of `gpu_work.ROLES`.
        suffix : str, default="json"
        environment : dict or None, default=None
            More environment variables. None as a value removes a variable.
        limit : float or None, default=None
            The largest number of seconds, in addition to the deadline of the whole check.
        **arguments
            The arguments of the role.

        Raises
        ------
        PartError
            If the part ends with an error or takes too long. Its `file` may hold some results. It
            is a `TimeOverError` if there was no time left.
        """
        file = self._folder / f"{self.backend}-{role}-{next(self._numbers)}.{suffix}"
        command = [sys.executable, WORK, role, file, json.dumps(arguments)]
        try:
            self._start(command, environment or {}, limit)
        except PartError as error:
            error.file = file
            raise
        return file

    def _start(self, command, environment, limit):
        left = self._deadline - time.monotonic()
        seconds = left if limit is None else min(left, limit)
        if seconds <= 0:
            raise TimeOverError("not begun, because the time limit was over")
        given = {**os.environ, **self._environment, **environment}
        try:
            done = subprocess.run(
                command,
                env={name: value for name, value in given.items() if value is not None},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=seconds,
            )
        except subprocess.TimeoutExpired:
            if seconds < left:
                raise PartError(f"over {seconds:.0f} s") from None
            raise TimeOverError(f"stopped after {seconds:.0f} s by the time limit") from None
        if done.returncode:
            lines = done.stdout.splitlines()[-_LINES_OF_ERRORS:]
            print("\n".join(lines), file=sys.stderr, flush=True)
            raise PartError(lines[-1] if lines else f"ended with {done.returncode}")

    def read(self, role, **arguments):
        """Run a part and return the values that it wrote."""
        return json.loads(self.run(role, **arguments).read_text(encoding="utf-8"))


def check_numbers(work, tiny, cases):
    """Compare fits and predictions with those of a process without a GPU."""
    reference = work.run("results", "npz", ON_CPU, reference=None, tiny=tiny, cases=cases)
    here = work.run("results", "npz", reference=str(reference), tiny=tiny, cases=cases)
    with np.load(reference) as expected, np.load(here) as given:
        for case, dtype in product(cases, DTYPES):
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
    """Check that cuDNN's kernels run on a GPU for the layers for which they are meant."""
    with tempfile.TemporaryDirectory() as dump:
        flags = {"XLA_FLAGS": f"--xla_dump_to={dump} --xla_dump_hlo_as_text"}
        found = work.read("cudnn", environment={**flags, **NO_CACHES}, tiny=tiny, dump=dump)
    for cell, calls in found.items():
        wanted = on_gpu and cell in CUDNN[work.backend]
        yield {
            "name": f"cuDNN runs {cell}" if wanted else f"cuDNN does not run {cell}",
            "ok": bool(calls) == wanted,
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


def check_shared(work, tiny):
    """Check that the processes of `n_jobs` share the GPU."""
    way = f"loky, {2 if tiny else 4} processes"
    found = work.read("search", environment=AS_SKRNN_DECIDES, name="tiny", way=way, rounds=1)
    yield {
        "name": "several processes share the GPU",
        "ok": "error" not in found,
        "detail": found.get("error", f"{way}, {found.get('fits')} fits"),
    }


def checks_of(work, tiny, on_gpu):
    """Return the checks of one backend as functions, those that take longest first."""
    cases = tuple(TINY_CASES if tiny else CASES)
    n_groups = -(-len(cases) // _CASES_PER_PROCESS)
    numbers = [partial(check_numbers, work, tiny, cases[i::n_groups]) for i in range(n_groups)]
    return [
        *numbers,
        partial(check_together, work, tiny, on_gpu),
        partial(check_half, work, tiny),
        partial(check_shared, work, tiny),
        partial(check_cudnn, work, tiny, on_gpu),
    ]


def side_by_side(checks, at_once):
    """Run the checks of all backends side by side.

    Parameters
    ----------
    checks : dict of str to list of functions
        By backend, what `checks_of` returned.
    at_once : int
        The number of checks that run at the same time.

    Yields
    ------
    tuple of str and list of dict
        A backend and the results of one of its checks, in the order of `checks`.
    """
    longest_first = sorted(
        (i, backend) for backend, given in checks.items() for i in range(len(given))
    )
    with ThreadPoolExecutor(at_once) as pool:
        running = {
            (backend, i): pool.submit(with_errors_as_failures, checks[backend][i])
            for i, backend in longest_first
        }
        for backend, given in checks.items():
            for i in range(len(given)):
                yield backend, running[backend, i].result()


def with_errors_as_failures(check):
    """Return the results of a check; a part that ends in an error is a failed check."""
    found = []
    try:
        found.extend(check())
    except PartError as error:
        found.append({"name": f"{check.func.__name__} runs", "ok": False, "detail": str(error)})
    return found
