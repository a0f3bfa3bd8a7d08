"""Tasks in threads, and the rendezvous at which their requests are joined to one call.

A fit that can be trained together with others asks for its next updates and waits. Each group of
fits has a thread, its conductor, which joins the waiting requests of the group and runs them as one
call. Calls of several groups may run at the same time, so that their programs are compiled at the
same time. A conductor does not count on any request to arrive: it waits for a missing one for a
bounded time only, so that tasks may fail, end early, or never train a network.

At most one task per core runs at the same time. A task that waits for its updates, or for tasks
within it, does not count. Without this limit, each of many threads would wait for Python's lock
after every operation that releases it.
"""

import threading
import time
from collections import defaultdict
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from joblib import cpu_count

# How long a call waits at least for further requests, in seconds after the last one arrived: if
# some fit of the group has not asked for its next updates, and if only other tasks may still join.
_WAIT_FOR_FIT, _WAIT_FOR_TASK = 0.05, 0.003

_INTERRUPTED = "The search that this fit belongs to was interrupted."

_local = threading.local()


class Team:
    """The tasks of one call of `joblib.Parallel`, which end together.

    Parameters
    ----------
    rendezvous : Rendezvous
    parent : Team or None
        The team of the task that called `joblib.Parallel` within a task.
    """

    def __init__(self, rendezvous, parent=None):
        self.rendezvous, self._parent = rendezvous, parent
        self._is_cancelled = False

    @property
    def is_cancelled(self):
        """Whether this team, or the team that it belongs to, is to end."""
        return self._is_cancelled or (self._parent is not None and self._parent.is_cancelled)

    def cancel(self):
        """Let every task end at its next request, with a `KeyboardInterrupt`."""
        self._is_cancelled = True
        self.rendezvous.wake()

    def run(self, task):
        """Run a task in this thread as a member of the team."""
        before = current_team()
        _local.team = self
        self.rendezvous.add_tasks(1)
        take_core(self.rendezvous.cores)
        try:
            check_cancelled()
            return task()
        finally:
            leave_core()
            self.rendezvous.add_tasks(-1)
            _local.team = before


def current_team():
    """Return the team of the task that runs in this thread, or None."""
    return getattr(_local, "team", None)


def check_cancelled():
    """Raise an error if the task that runs in this thread is to end.

    Raises
    ------
    KeyboardInterrupt
        So that no ``except Exception`` of a search takes it for a failed fit.
    """
    team = current_team()
    if team is not None and team.is_cancelled:
        raise KeyboardInterrupt(_INTERRUPTED)


def take_core(cores):
    """Wait until a core is free, and let this thread use it; None does nothing."""
    if cores is not None:
        cores.acquire()
        _local.cores = cores


def leave_core():
    """Let another thread use the core of this thread.

    Returns
    -------
    threading.Semaphore or None
        What `take_core` needs to take it again; None if this thread did not have a core.
    """
    cores, _local.cores = getattr(_local, "cores", None), None
    if cores is not None:
        cores.release()
    return cores


def turn(key):
    """Return a context that only one task of a rendezvous enters at a time for each key.

    It is used for compiled programs, of which each thread would otherwise build its own. Outside of
    tasks, and in a task that trains alone, the context does nothing.
    """
    team = current_team()
    if team is None or getattr(_local, "is_alone", False):
        return nullcontext()
    return team.rendezvous.turn(key)


@contextmanager
def alone():
    """Let a fit of a task train separately, without turns."""
    check_cancelled()
    before, _local.is_alone = getattr(_local, "is_alone", False), True
    try:
        yield
    finally:
        _local.is_alone = before


@dataclass(eq=False)
class _Entry:
    """A request that waits for its result."""

    request: Any
    kind: Any
    team: Team | None
    time: float = field(default_factory=time.monotonic)
    done: threading.Event = field(default_factory=threading.Event)
    result: Any = None
    error: BaseException | None = None


class Rendezvous:
    """Joins the requests of threads to calls, and counts the tasks that run.

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
    cores : threading.Semaphore
        The cores on which tasks run.
    n_calls, n_requests : int
        The number of joined calls so far, and of the requests that they joined.
    """

    def __init__(self, max_models):
        self.max_models = max_models
        self.groups, self.lock = {}, threading.RLock()
        self.cores = threading.Semaphore(cpu_count())
        self.n_calls = self.n_requests = 0
        self._condition = threading.Condition()
        self._waiting = defaultdict(list)
        self._turns = defaultdict(threading.RLock)
        self._conductors = set()
        self._n_tasks = self._n_running = 0
        self._is_closed = False

    @property
    def n_tasks(self):
        """The number of tasks that run."""
        return self._n_tasks

    def add_tasks(self, n):
        """Count tasks that begin, or with a negative number tasks that end."""
        with self._condition:
            self._n_tasks += n
            self._condition.notify_all()

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
        entry = _Entry(request, kind, current_team())
        with self._condition:
            if self._is_closed:
                raise KeyboardInterrupt(_INTERRUPTED)
            self._waiting[group].append(entry)
            if group not in self._conductors:
                self._conductors.add(group)
                threading.Thread(target=self._conduct, args=(group,), daemon=True).start()
            self._condition.notify_all()
        cores = leave_core()
        entry.done.wait()
        take_core(cores)
        if entry.error is not None:
            raise entry.error
        return entry.result

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
                self._n_running += len(joined)
            _answer(group, joined)
            with self._condition:
                self._n_running -= len(joined)
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
            if self._is_closed or (entry.team is not None and entry.team.is_cancelled):
                entry.error = KeyboardInterrupt(_INTERRUPTED)
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
        # Tasks whose requests wait or are run cannot join the group now.
        n_asked = self._n_running + sum(map(len, self._waiting.values()))
        if len(entries) < group.n_fits:
            longest = max(_WAIT_FOR_FIT, group.patience)
        elif group.has_slot and n_asked < self._n_tasks:
            longest = max(_WAIT_FOR_TASK, group.patience)
        else:
            return 0
        return entries[-1].time + longest - time.monotonic()


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
