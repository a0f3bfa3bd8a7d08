"""The rendezvous of a search, at which requests of its tasks are joined to one call.

A fit that can be trained together with others asks for its next updates and waits. Each group of
fits has a thread, its conductor, which joins the waiting requests of the group and runs them as one
call. Calls of several groups may run at the same time, so that their programs are compiled at the
same time. A conductor does not count on any request to arrive: it waits for a missing one for a
bounded time only, so that tasks may fail, end early, or never train a network.
"""

import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from joblib import cpu_count

from skrnn._parallel.tasks import (
    INTERRUPTED,
    Cores,
    Task,
    check_cancelled,
    current_task,
    without_core,
)

# How long a call waits at least for further requests, in seconds after the last one arrived: if
# some fit of the group has not asked for its next updates, and if only other tasks may still join.
_WAIT_FOR_FIT, _WAIT_FOR_TASK = 0.05, 0.003


@dataclass(eq=False)
class _Entry:
    """A request that waits for its result."""

    request: Any
    kind: Any
    task: Task | None
    time: float = field(default_factory=time.monotonic)
    done: threading.Event = field(default_factory=threading.Event)
    result: Any = None
    error: BaseException | None = None


class Rendezvous:
    """Joins the requests of threads to calls.

    Parameters
    ----------
    max_models : int
        The largest number of fits that share a program.

    Attributes
    ----------
    groups : dict
        The groups of fits, kept by `skrnn.networks.many`.
    lock : threading.RLock
        The lock of `groups`.
    cores : Cores
        The cores on which tasks run.
    n_calls, n_requests : int
        The number of joined calls so far, and of the requests that they joined.
    """

    def __init__(self, max_models):
        self.max_models = max_models
        self.groups, self.lock = {}, threading.RLock()
        self.cores = Cores(cpu_count(), self.wake)
        self.n_calls = self.n_requests = 0
        self._condition = threading.Condition()
        self._waiting = defaultdict(list)
        self._turns = defaultdict(threading.RLock)
        self._conductors = set()
        self._is_closed = False

    def turn(self, key):
        """Return the lock of a key."""
        with self._condition:
            return self._turns[key]

    def wake(self):
        """Let the conductors look at all requests again."""
        with self._condition:
            self._condition.notify_all()

    def close(self):
        """End the conductors; requests that still wait are cancelled."""
        with self._condition:
            self._is_closed = True
            self._condition.notify_all()

    def ask(self, group, kind, request):
        """Return the result of a request, which is joined with others of its group and kind.

        Parameters
        ----------
        group : object
            An object with the number of its fits, `n_fits`, whether another fit can join it,
            `has_slot`, how long a call should wait for one, `patience`, and the method
            ``run(kind, requests)``, which returns one result per request. The calls of a group run
            one after another.
        kind : hashable
        request : object

        Raises
        ------
        KeyboardInterrupt
            If the tasks of this thread are to end.
        """
        check_cancelled()
        entry = _Entry(request, kind, current_task())
        with without_core():
            self._put(group, entry)
            entry.done.wait()
        if entry.error is not None:
            raise entry.error
        return entry.result

    def _put(self, group, entry):
        """Let a request wait for a call, for which its group may need a conductor."""
        with self._condition:
            if self._is_closed:
                raise KeyboardInterrupt(INTERRUPTED)
            if group not in self._conductors:
                # If no thread can be started, the request fails and nothing waits for a conductor.
                threading.Thread(target=self._conduct, args=(group,), daemon=True).start()
                self._conductors.add(group)
            self._waiting[group].append(entry)
            self._condition.notify_all()

    def _conduct(self, group):
        """Run the calls of a group, until nothing waits and no fit is left."""
        while True:
            with self._condition:
                joined = self._next(group)
                while joined is None and self._is_needed(group):
                    self._condition.wait(self._seconds_until(group))
                    joined = self._next(group)
                if joined is None:
                    self._conductors.discard(group)
                    return
                self.n_calls += 1
                self.n_requests += len(joined)
            _answer(group, joined)
            self.cores.activate([entry.task for entry in joined if entry.task is not None])
            for entry in joined:
                entry.done.set()

    def _is_needed(self, group):
        """Return whether requests of a group wait, or may still arrive."""
        return not self._is_closed and (group in self._waiting or group.n_fits > 0)

    def _next(self, group):
        """Take the entries of a group's next call out of those that wait; None if too early."""
        self._drop_cancelled(group)
        entries = self._waiting.get(group)
        if not entries or self._seconds_until(group) > 0:
            return None
        kind = entries[0].kind
        joined = [entry for entry in entries if entry.kind == kind]
        self._keep(group, [entry for entry in entries if entry.kind != kind])
        return joined

    def _drop_cancelled(self, group):
        entries = self._waiting.get(group, [])
        for entry in entries:
            if self._is_closed or _is_cancelled(entry.task):
                entry.error = KeyboardInterrupt(INTERRUPTED)
                entry.done.set()
        self._keep(group, [entry for entry in entries if not entry.done.is_set()])

    def _keep(self, group, entries):
        """Set which entries of a group wait."""
        if entries:
            self._waiting[group] = entries
        else:
            self._waiting.pop(group, None)

    def _seconds_until(self, group):
        """Return how many seconds remain until the requests of a group are run, or None."""
        entries = self._waiting.get(group)
        if not entries:
            return None
        if len(entries) < group.n_fits:
            longest = max(_WAIT_FOR_FIT, group.patience)
        elif group.has_slot and self.cores.may_bring_fits:
            longest = max(_WAIT_FOR_TASK, group.patience)
        else:
            return 0
        return entries[-1].time + longest - time.monotonic()


def _is_cancelled(task):
    return task is not None and task.team.is_cancelled


def _answer(group, entries):
    """Run the requests of some entries as one call, and store the result of each, or the error."""
    try:
        results = group.run(entries[0].kind, [entry.request for entry in entries])
        for entry, result in zip(entries, results, strict=True):
            entry.result = result
    # Any error is that of each request; the conductor has to continue.
    except BaseException as error:
        for entry in entries:
            entry.error = error
