"""The process of one candidate of a benchmark: prepares workloads and runs them on request.

Requests are lines of JSON on standard input, answers are lines of JSON on standard output. Only
the module that a request names is imported, so that no framework slows another one down. `runner`
starts this process.
"""

import gc
import importlib
import json
import os
import resource
import sys
import threading
import time

REPORTED_VERSIONS = (
    "aeon",
    "jax",
    "keras",
    "numpy",
    "onnxruntime",
    "pyrcn",
    "reservoirpy",
    "scikeras",
    "scipy",
    "sklearn",
    "skorch",
    "skrnn",
    "tensorflow",
    "tokenizers",
    "torch",
)
MIB = 2**20
SECONDS_BETWEEN_SAMPLES = 0.005


class MemoryWatch:
    """Measures the memory that a run takes in addition to that of its prepared workload.

    The kernel records the peak of all resident memory. This includes the pages of mapped files,
    which can be dropped at any time; the peak of the rest is found by sampling.

    Parameters
    ----------
    start : tuple of int
        Bytes that are resident, and bytes of them that do not belong to a file.
    """

    def __init__(self, start):
        self.resident_at_start, self.anonymous_at_start = start
        self.anonymous = self.anonymous_at_start
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self):
        while not self._over.wait(SECONDS_BETWEEN_SAMPLES):
            self.anonymous = max(self.anonymous, resident_and_anonymous()[1])

    def end(self):
        """Stop measuring and return the peaks above the start in MiB."""
        self._over.set()
        self._thread.join()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return {
            "resident_mib": (peak - self.resident_at_start) / MIB,
            "anonymous_mib": (self.anonymous - self.anonymous_at_start) / MIB,
        }


def resident_and_anonymous():
    """Return how many bytes are resident, and how many of them do not belong to a file."""
    with open("/proc/self/statm", encoding="ascii") as file:
        _, resident, shared = map(int, file.read().split()[:3])
    page = resource.getpagesize()
    return resident * page, (resident - shared) * page


def make(workload, size):
    """Return a workload: module:function in `workloads`, called with the arguments `size`."""
    module, function = workload.split(":")
    return getattr(importlib.import_module(f"workloads.{module}"), function)(**size)


def run(workload, start):
    """Run a workload once; return its time, its facts and, if `start` is given, its memory."""
    gc.collect()
    watch = MemoryWatch(start) if start else None
    begin = time.perf_counter()
    facts = workload()
    answer = {"seconds": time.perf_counter() - begin, "facts": facts}
    answer |= watch.end() if watch else {}
    answer["versions"] = {
        name: getattr(sys.modules[name], "__version__", "?")
        for name in REPORTED_VERSIONS
        if name in sys.modules
    }
    return answer


def main():
    # Output of frameworks must not get between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    workloads = {}
    for line in sys.stdin:
        request = json.loads(line)
        if "make" in request:
            workload = make(request["make"], request["size"])
            gc.collect()
            start = resident_and_anonymous() if request["watched"] else None
            workloads[request["name"]] = workload, start
            answer = {}
        else:
            answer = run(*workloads[request["name"]])
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
