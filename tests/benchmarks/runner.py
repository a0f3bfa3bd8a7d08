"""Runs the candidates of a benchmark alternately, each in a separate process.

Two frameworks in one process slow each other down, and the speed of a machine varies over time. So
each candidate has its own process, and each round runs all of them, one after another.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORKER = Path(__file__).with_name("worker.py")
ERROR_LINES = 12


class FailedError(RuntimeError):
    """A candidate's process ended without an answer; the message is the end of its output."""


class Worker:
    """A process that prepares workloads and runs them on request.

    Parameters
    ----------
    environment : dict
        Environment variables of the process.
    """

    def __init__(self, environment):
        self._output = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(
            [sys.executable, WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._output,
            text=True,
            env=environment,
        )

    def ask(self, **request):
        """Send a request and wait for the answer."""
        try:
            print(json.dumps(request), file=self._process.stdin, flush=True)
        except BrokenPipeError:
            raise FailedError(self._end_of_output()) from None
        answer = self._process.stdout.readline()
        if not answer:
            raise FailedError(self._end_of_output())
        return json.loads(answer)

    def close(self):
        """End the process."""
        self._process.communicate()
        self._output.close()

    def _end_of_output(self):
        self._process.wait()
        self._output.seek(0)
        return "".join(self._output.readlines()[-ERROR_LINES:])


class Warm:
    """A candidate whose process is kept from round to round.

    Parameters
    ----------
    worker : Worker
        The process.
    name : str
        Name of the workload within the process.
    workload : str
        module:function that prepares the workload.
    size : dict
        Arguments of that function.
    watched : bool
        Whether memory is measured.
    warm_up : bool
        Whether there is a run before the first timed one.
    """

    def __init__(self, worker, name, workload, size, *, watched, warm_up):
        self._worker, self._name = worker, name
        worker.ask(name=name, make=workload, size=size, watched=watched)
        if warm_up:
            self.run()

    def run(self):
        """Run once."""
        return self._worker.ask(name=self._name)


class Cold:
    """A candidate with a new process for each round; the time includes the start of the process.

    Parameters
    ----------
    environment : dict
        Environment variables of the processes.
    workload : str
        module:function that prepares the workload.
    size : dict
        Arguments of that function.
    """

    def __init__(self, environment, workload, size):
        self._environment, self._workload, self._size = environment, workload, size

    def run(self):
        """Run once."""
        begin = time.perf_counter()
        worker = Worker(self._environment)
        try:
            worker.ask(name="only", make=self._workload, size=self._size, watched=False)
            answer = worker.ask(name="only")
        finally:
            worker.close()
        return {**answer, "seconds": time.perf_counter() - begin}


def run_alternately(candidates, rounds):
    """Run all candidates once in each round.

    Parameters
    ----------
    candidates : dict of str to Warm or Cold
        Candidates by label.
    rounds : int
        Number of rounds.

    Returns
    -------
    answers : dict of str to list of dict
        One answer per round of each candidate that did not fail.
    failures : dict of str to str
        Error messages of the others.
    """
    answers, failures = {label: [] for label in candidates}, {}
    for i in range(rounds):
        print(f"  round {i + 1} of {rounds}", file=sys.stderr)
        # The order alternates, so that no candidate always runs first or after the same other one.
        order = list(candidates)[:: 1 if i % 2 == 0 else -1]
        for label in order:
            if label in failures:
                continue
            try:
                answers[label].append(candidates[label].run())
            except FailedError as error:
                failures[label] = str(error)
    return {label: answers[label] for label in answers if label not in failures}, failures
