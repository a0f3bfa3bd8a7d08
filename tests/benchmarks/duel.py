"""Contestants in processes of their own, which run in turns.

Two frameworks in one process slow each other down, and a machine is never equally fast for long:
so each contestant has a process, and each round asks all of them, one after another.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

__all__ = ["Cold", "FailedError", "Warm", "Worker", "take_turns"]

WORKER = Path(__file__).with_name("worker.py")
LINES_TOLD = 12


class FailedError(RuntimeError):
    """A contestant's process ended before its answer; the message is the end of what it said."""


class Worker:
    """A process that makes workloads and runs them when told to.

    Parameters
    ----------
    environment : dict
    """

    def __init__(self, environment):
        self._said = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(
            [sys.executable, WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            env=environment,
        )

    def ask(self, **order):
        """Send an order, wait for the answer."""
        try:
            print(json.dumps(order), file=self._process.stdin, flush=True)
        except BrokenPipeError:
            raise FailedError(self._end_of_what_it_said()) from None
        answer = self._process.stdout.readline()
        if not answer:
            raise FailedError(self._end_of_what_it_said())
        return json.loads(answer)

    def close(self):
        """End the process."""
        self._process.communicate()
        self._said.close()

    def _end_of_what_it_said(self):
        self._process.wait()
        self._said.seek(0)
        return "".join(self._said.readlines()[-LINES_TOLD:])


class Warm:
    """A contestant whose process lives on from round to round.

    Parameters
    ----------
    worker : Worker
    name, place : str
        What the workload is called, and where it is made.
    size : dict
    watched : bool
        Whether memory is watched.
    warm_up : bool
        Whether there is a run before the first that counts.
    """

    def __init__(self, worker, name, place, size, *, watched, warm_up):
        self._worker, self._name = worker, name
        worker.ask(name=name, make=place, size=size, watched=watched)
        if warm_up:
            self.run()

    def run(self):
        """Run once."""
        return self._worker.ask(name=self._name)


class Cold:
    """A contestant that gets a fresh process for each round, all of which is timed.

    Parameters
    ----------
    environment : dict
    place : str
    size : dict
    """

    def __init__(self, environment, place, size):
        self._environment, self._place, self._size = environment, place, size

    def run(self):
        """Run once."""
        begin = time.perf_counter()
        worker = Worker(self._environment)
        worker.ask(name="only", make=self._place, size=self._size, watched=False)
        answer = worker.ask(name="only")
        worker.close()
        return {**answer, "seconds": time.perf_counter() - begin}


def take_turns(contestants, rounds):
    """Run contestants in turns.

    Parameters
    ----------
    contestants : dict of str to Warm or Cold
        By label.
    rounds : int

    Returns
    -------
    answers : dict of str to list of dict
    failures : dict of str to str
    """
    answers, failures = {label: [] for label in contestants}, {}
    for i in range(rounds):
        print(f"  round {i + 1} of {rounds}", file=sys.stderr)
        # Nobody comes always first, or always after the same one's heat.
        order = list(contestants)[:: 1 if i % 2 == 0 else -1]
        for label in order:
            if label in failures:
                continue
            try:
                answers[label].append(contestants[label].run())
            except FailedError as error:
                failures[label] = str(error)
    return {label: answers[label] for label in answers if label not in failures}, failures
