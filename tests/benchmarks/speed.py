"""Speed of skrnn beside its peers: everybody in a process of their own, all in turns.

Run with ``python tests/benchmarks/speed.py``; the extra ``benchmarks`` brings the peers, and who is
not installed is left out. ``contests`` says what is done, ``--only`` which of it.
"""

import argparse
import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from contests import CONTESTS
from duel import Cold, FailedError, Warm, Worker, take_turns
from report import machine, now, summary, table

__all__ = ["main"]

ROUNDS, QUICK_ROUNDS = 5, 1
# A tiny network that has hardly been trained is anywhere.
QUICK_WITHIN = 1.0


class Workers:
    """The processes of contestants.

    Parameters
    ----------
    backend : str
        Keras' backend under skrnn; peers that are Keras itself run on TensorFlow.
    without : sequence of str
        Peers' modules that nobody is to use.
    shared : bool
        Whether contestants of one module share a process: quick, but no measure of anything.
    """

    def __init__(self, backend, without, shared):
        self._backend, self._without, self._shared, self._open = backend, without, shared, {}

    def reason_to_leave_out(self, contestant):
        """Return why a contestant cannot take part, or None."""
        needs = (self._backend,) if contestant.ours else contestant.needs
        missing = [name for name in needs if find_spec(name) is None]
        if missing:
            return f"not installed: {', '.join(missing)}"
        unwanted = set(contestant.needs) & set(self._without)
        return f"not wanted: {', '.join(sorted(unwanted))}" if unwanted else None

    def environment(self, contestant):
        """Return the environment of a contestant's process."""
        backend = self._backend if contestant.ours else "tensorflow"
        return {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "2"}

    def get(self, label, contestant):
        """Return a process that is fit for a contestant, which may be new."""
        key = contestant.place.split(":")[0] if self._shared else label
        if key not in self._open:
            self._open[key] = Worker(self.environment(contestant))
        return self._open[key]

    def close(self):
        """End all processes."""
        while self._open:
            self._open.popitem()[1].close()


def enter(contest, size, workers, *, warm_up):
    """Return the contestants of a contest, ready to run, and why others are not."""
    ready, left_out = {}, {}
    for label, contestant in contest.contestants.items():
        reason = workers.reason_to_leave_out(contestant)
        if reason:
            left_out[label] = reason
            continue
        place, arguments = contestant.place, {**size, **contestant.options}
        if contestant.yardstick:
            arguments = contestant.options
        try:
            if contest.cold:
                ready[label] = Cold(workers.environment(contestant), place, arguments)
            else:
                ready[label] = Warm(
                    workers.get(label, contestant),
                    f"{label} {json.dumps(arguments)}",
                    place,
                    arguments,
                    watched=contest.watched,
                    warm_up=warm_up and contestant.warm_up,
                )
        except FailedError as error:
            left_out[label] = f"failed: {error}"
    return ready, left_out


def hold(contest, workers, rounds, *, quick):
    """Hold one contest and return its results and the versions that took part."""
    size, within = (contest.quick, QUICK_WITHIN) if quick else (contest.full, contest.within)
    ready, left_out = enter(contest, size, workers, warm_up=not quick)
    answers, failures = take_turns(ready, rounds)
    left_out |= {label: f"failed: {message}" for label, message in failures.items()}
    versions = {}
    for given in answers.values():
        versions |= given[-1].get("versions", {})
    return {**summary(contest, size, answers, within), "left_out": left_out}, versions


def report(name, contest, result):
    """Print one contest's results."""
    print(f"\n{name}: {result['title']}\n{table(result, contest.fact)}")
    for label, reason in result["left_out"].items():
        print(f"left out: {label} ({reason})")
    if not result["agree"]:
        print(f"DOUBTFUL: {contest.fact} differs by more than {result['within']}")
    sys.stdout.flush()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=CONTESTS, default=list(CONTESTS))
    parser.add_argument("--rounds", type=int, help=f"default {ROUNDS}, {QUICK_ROUNDS} with --quick")
    parser.add_argument("--json", type=Path, help="write everything to this file too")
    parser.add_argument("--backend", choices=("tensorflow", "jax", "torch"), default="tensorflow")
    parser.add_argument("--without", nargs="+", default=[], help="modules of peers to leave out")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does everything run?")
    given = parser.parse_args()
    given.rounds = given.rounds or (QUICK_ROUNDS if given.quick else ROUNDS)
    return given


def main():
    """Hold the contests; return whether everybody that took part did the same work."""
    given = arguments()
    told = {
        "date": now(),
        "machine": machine(),
        "backend": given.backend,
        "rounds": given.rounds,
        "quick": given.quick,
        "versions": {},
        "contests": {},
    }
    print(", ".join(f"{name} {value}" for name, value in told["machine"].items()))
    print(f"{told['date']}, {given.rounds} round(s), skrnn on {given.backend}")
    if given.quick:
        print("Tiny sizes, not those of the titles, and shared processes: no measure of anything.")
    shared = Workers(given.backend, given.without, shared=True)
    for name in given.only:
        print(name, file=sys.stderr)
        workers = shared if given.quick else Workers(given.backend, given.without, shared=False)
        told["contests"][name], versions = hold(
            CONTESTS[name], workers, given.rounds, quick=given.quick
        )
        if not given.quick:
            workers.close()
        told["versions"] |= versions
        report(name, CONTESTS[name], told["contests"][name])
        if given.json:  # each time: a long run may be cut short
            given.json.write_text(json.dumps(told, indent=1), encoding="utf-8")
    shared.close()
    print(f"\n{', '.join(f'{name} {version}' for name, version in told['versions'].items())}")
    return all(
        one["agree"] and not any(reason.startswith("failed") for reason in one["left_out"].values())
        for one in told["contests"].values()
    )


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
