"""The process of one contestant: it makes the workload it is told of, and runs it when told to.

Orders come as lines of JSON on standard input, answers go out the same way. Only what an order
names is imported, so that no framework slows another one down. Run by `duel`.
"""

import gc
import importlib
import json
import os
import resource
import sys
import threading
import time

__all__ = []

TOLD_VERSIONS = (
    "jax",
    "keras",
    "numpy",
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
    """Watch what a run takes on top of what the process held once its workload was made.

    The kernel knows the peak of all resident memory. It counts the pages of mapped files, which
    can be dropped at any time; the peak of the rest takes looking again and again.

    Parameters
    ----------
    start : tuple of int
        Bytes resident, and those that belong to no file.
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
        """Stop, and return the peaks above the start in MiB."""
        self._over.set()
        self._thread.join()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return {
            "resident_mib": (peak - self.resident_at_start) / MIB,
            "anonymous_mib": (self.anonymous - self.anonymous_at_start) / MIB,
        }


def resident_and_anonymous():
    """Return how many bytes are resident, and how many of them belong to no file."""
    with open("/proc/self/statm", encoding="ascii") as file:
        _, resident, shared = map(int, file.read().split()[:3])
    page = resource.getpagesize()
    return resident * page, (resident - shared) * page


def make(place, size):
    """Return a workload: `place` is module:function in `contests`, `size` its arguments."""
    module, function = place.split(":")
    return getattr(importlib.import_module(f"contests.{module}"), function)(**size)


def run(workload, start):
    """Run a workload once; tell how long it took, what came out and, from `start`, its memory."""
    gc.collect()
    watch = MemoryWatch(start) if start else None
    begin = time.perf_counter()
    facts = workload()
    answer = {"seconds": time.perf_counter() - begin, "facts": facts}
    answer |= watch.end() if watch else {}
    answer["versions"] = {
        name: getattr(sys.modules[name], "__version__", "?")
        for name in TOLD_VERSIONS
        if name in sys.modules
    }
    return answer


def main():
    # What frameworks print must not come between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    workloads = {}
    for line in sys.stdin:
        order = json.loads(line)
        if "make" in order:
            workload = make(order["make"], order["size"])
            gc.collect()
            start = resident_and_anonymous() if order["watched"] else None
            workloads[order["name"]] = workload, start
            answer = {}
        else:
            answer = run(*workloads[order["name"]])
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
