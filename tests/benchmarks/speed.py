"""Speed of skrnn compared with its peers, each in a separate process.

Run with ``python tests/benchmarks/speed.py``; ``--only`` chooses benchmarks. The extra
``benchmarks`` installs the peers, and those that are not installed are left out. The benchmarks are
defined in ``workloads``.
"""

import argparse
import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from report import machine, now, summary, table
from runner import Cold, FailedError, Warm, Worker, run_alternately
from workloads import BENCHMARKS

ROUNDS, QUICK_ROUNDS = 5, 1
# A tiny network that has hardly been trained can have any loss.
QUICK_WITHIN = 1.0


class Workers:
    """The processes of candidates.

    Parameters
    ----------
    backend : str
        Keras' backend under skrnn; peers that are Keras itself run on TensorFlow.
    without : sequence of str
        Modules of peers that are left out.
    shared : bool
        Whether candidates of one module share a process, which is quick, but makes the times
        meaningless.
    """

    def __init__(self, backend, without, shared):
        self._backend, self._without, self._shared, self._open = backend, without, shared, {}

    def reason_to_leave_out(self, candidate):
        """Return why a candidate cannot run, or None."""
        needs = (self._backend,) if candidate.is_skrnn else candidate.needs
        missing = [name for name in needs if find_spec(name) is None]
        if missing:
            return f"not installed: {', '.join(missing)}"
        unwanted = set(candidate.needs) & set(self._without)
        return f"not wanted: {', '.join(sorted(unwanted))}" if unwanted else None

    def environment(self, candidate):
        """Return the environment variables of a candidate's process."""
        backend = self._backend if candidate.is_skrnn else "tensorflow"
        return {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "2"}

    def get(self, label, candidate):
        """Return a process for a candidate, which is started if there is none yet."""
        key = candidate.workload.split(":")[0] if self._shared else label
        if key not in self._open:
            self._open[key] = Worker(self.environment(candidate))
        return self._open[key]

    def close(self):
        """End all processes."""
        while self._open:
            self._open.popitem()[1].close()


def prepare(benchmark, size, workers, *, quick):
    """Return the candidates of a benchmark, ready to run, and why others are left out."""
    ready, left_out = {}, {}
    for label, candidate in benchmark.candidates.items():
        reason = workers.reason_to_leave_out(candidate)
        if reason:
            left_out[label] = reason
            continue
        workload, arguments = candidate.workload, {**size, **candidate.options}
        if candidate.baseline:
            arguments = candidate.quick if quick else candidate.options
        try:
            if benchmark.cold:
                ready[label] = Cold(workers.environment(candidate), workload, arguments)
            else:
                ready[label] = Warm(
                    workers.get(label, candidate),
                    f"{label} {json.dumps(arguments)}",
                    workload,
                    arguments,
                    watched=benchmark.watched,
                    warm_up=candidate.warm_up and not quick,
                )
        except FailedError as error:
            left_out[label] = f"failed: {error}"
    return ready, left_out


def run(benchmark, workers, rounds, *, quick):
    """Run one benchmark and return its results and the versions of what was imported."""
    size, within = (benchmark.quick, QUICK_WITHIN) if quick else (benchmark.full, benchmark.within)
    ready, left_out = prepare(benchmark, size, workers, quick=quick)
    answers, failures = run_alternately(ready, rounds)
    left_out |= {label: f"failed: {message}" for label, message in failures.items()}
    versions = {}
    for answered in answers.values():
        versions |= answered[-1].get("versions", {})
    return {**summary(benchmark, size, answers, within), "left_out": left_out}, versions


def report(name, benchmark, result):
    """Print the results of one benchmark."""
    print(f"\n{name}: {result['title']}\n{table(result, benchmark.fact)}")
    for label, reason in result["left_out"].items():
        print(f"left out: {label} ({reason})")
    if not result["agree"]:
        print(f"DOUBTFUL: {benchmark.fact} differs by more than {result['within']}")
    sys.stdout.flush()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS))
    parser.add_argument("--rounds", type=int, help=f"default {ROUNDS}, {QUICK_ROUNDS} with --quick")
    parser.add_argument("--json", type=Path, help="also write all results to this file")
    parser.add_argument("--backend", choices=("tensorflow", "jax", "torch"), default="tensorflow")
    parser.add_argument("--without", nargs="+", default=[], help="modules of peers to leave out")
    parser.add_argument(
        "--quick", action="store_true", help="tiny sizes, to test that everything runs"
    )
    options = parser.parse_args()
    options.rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    return options


def main():
    """Run the benchmarks; return whether all candidates that ran did the same work."""
    options = arguments()
    results = {
        "date": now(),
        "machine": machine(),
        "backend": options.backend,
        "rounds": options.rounds,
        "quick": options.quick,
        "versions": {},
        "benchmarks": {},
    }
    print(", ".join(f"{name} {value}" for name, value in results["machine"].items()))
    print(f"{results['date']}, {options.rounds} round(s), skrnn on {options.backend}")
    if options.quick:
        print("Tiny sizes, not those of the titles, and shared processes: times mean nothing.")
    shared = Workers(options.backend, options.without, shared=True)
    for name in options.only:
        print(name, file=sys.stderr)
        workers = (
            shared if options.quick else Workers(options.backend, options.without, shared=False)
        )
        results["benchmarks"][name], versions = run(
            BENCHMARKS[name], workers, options.rounds, quick=options.quick
        )
        if not options.quick:
            workers.close()
        results["versions"] |= versions
        report(name, BENCHMARKS[name], results["benchmarks"][name])
        if options.json:  # each time: a long run may be cut short
            options.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    shared.close()
    print(f"\n{', '.join(f'{name} {version}' for name, version in results['versions'].items())}")
    return all(
        one["agree"] and not any(reason.startswith("failed") for reason in one["left_out"].values())
        for one in results["benchmarks"].values()
    )


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
