"""The tasks of a search, the teams that they belong to, and the cores on which they run.

At most one task per core runs at the same time. A task that waits for its updates, or for tasks
within it, does not use its core. Without this limit, each of many threads would wait for the global
interpreter lock after every operation that releases it.
"""

import threading
from contextlib import contextmanager, nullcontext

INTERRUPTED = "The search that this fit belongs to was interrupted."

_local = threading.local()


class Cores:
    """The cores of a search, and which of its tasks run or may soon begin to train.

    Each search has a separate object. Otherwise, a task that waits for another search, in threads
    that it has started, would keep a core which that search needs.

    Parameters
    ----------
    n_cores : int
    changed : callable
        A function that is called when no task will bring further fits, or when tasks are cancelled.
    """

    def __init__(self, n_cores, changed):
        self._n_cores, self._changed = n_cores, changed
        self._condition = threading.Condition()
        # Tasks that have not begun to train; those that may soon begin to train or end; and those
        # that use a core.
        self._expected, self._active, self._running = set(), set(), set()

    @property
    def may_bring_fits(self):
        """Whether some task may soon begin its first fit.

        It may be a task that runs, or one that waits for the end of a task that runs.
        """
        return bool(self._expected and self._active)

    def expect(self, task):
        """Count on a task to train a network, unless it is cancelled."""
        with self._condition:
            if not task.team.is_cancelled:
                self._expected.add(task)

    def activate(self, tasks):
        """Note that tasks may soon begin to train or end."""
        with self._condition:
            self._active.update(tasks)

    def deactivate(self, task):
        """Note that a task trains, waits for tasks within it, or ends."""
        with self._condition:
            before = self.may_bring_fits
            self._expected.discard(task)
            self._active.discard(task)
            has_stopped = before and not self.may_bring_fits
        if has_stopped:
            self._changed()

    def take(self, task):
        """Wait until a core is free, and let a task use it. A cancelled task does not wait."""
        with self._condition:
            self._active.add(task)
            self._condition.wait_for(lambda: self._may_run(task))
            self._running.add(task)

    def _may_run(self, task):
        has_free = len(self._running) < self._n_cores
        return has_free or task in self._running or task.team.is_cancelled

    def leave(self, task):
        """Let another task use the core of a task that waits or ends."""
        with self._condition:
            self._running.discard(task)
            self._condition.notify()
        self.deactivate(task)

    def drop_cancelled(self):
        """Do not count on cancelled tasks, and let those that wait for a core end."""
        with self._condition:
            self._expected = {task for task in self._expected if not task.team.is_cancelled}
            self._condition.notify_all()
        self._changed()


class Team:
    """The tasks of one call of `joblib.Parallel`, which end together.

    Parameters
    ----------
    rendezvous : Rendezvous
    parent : Team or None
        The team of the task that called `joblib.Parallel` within a task.

    Attributes
    ----------
    tasks : set of Task
        The tasks that have begun and not ended.
    """

    def __init__(self, rendezvous, parent=None):
        self.rendezvous, self._parent = rendezvous, parent
        self.tasks, self._teams_within = set(), []
        self._is_cancelled = False
        if parent is not None:
            parent._teams_within.append(self)

    @property
    def is_cancelled(self):
        """Whether this team, or the team that it belongs to, is to end."""
        return self._is_cancelled or (self._parent is not None and self._parent.is_cancelled)

    def cancel(self):
        """Let every task end at its next request, with a `KeyboardInterrupt`."""
        self._is_cancelled = True
        self._drop_cancelled()

    def _drop_cancelled(self):
        self.rendezvous.cores.drop_cancelled()
        for team in list(self._teams_within):
            team._drop_cancelled()


class Task:
    """A function that a thread runs as a member of a team.

    Parameters
    ----------
    team : Team
    function : callable
        A function without arguments.

    Attributes
    ----------
    is_alone : bool
        Whether it trains a network separately.
    """

    def __init__(self, team, function):
        self.team, self._function, self.is_alone = team, function, False
        self.cores = team.rendezvous.cores
        self.cores.expect(self)

    def run(self):
        """Call the function in this thread, and return its result."""
        before, _local.task = current_task(), self
        self.team.tasks.add(self)
        self.cores.take(self)
        try:
            check_cancelled()
            return self._function()
        finally:
            self.cores.leave(self)
            self.team.tasks.discard(self)
            _local.task = before


def current_task():
    """Return the task that runs in this thread, or None."""
    return getattr(_local, "task", None)


def current_team():
    """Return the team of the task that runs in this thread, or None."""
    task = current_task()
    return None if task is None else task.team


def check_cancelled():
    """Raise an error if the task that runs in this thread is to end.

    Raises
    ------
    KeyboardInterrupt
        So that no ``except Exception`` of a search takes it for a failed fit.
    """
    team = current_team()
    if team is not None and team.is_cancelled:
        raise KeyboardInterrupt(INTERRUPTED)


def leave_core():
    """Let another task use the core of the task of this thread, until `take_core`."""
    task = current_task()
    if task is not None:
        task.cores.leave(task)


def take_core():
    """Wait until the task of this thread can use a core again."""
    task = current_task()
    if task is not None:
        task.cores.take(task)


@contextmanager
def without_core():
    """Let another task use the core of the task of this thread within a context."""
    leave_core()
    try:
        yield
    finally:
        take_core()


def turn(key):
    """Return a context that only one task of a rendezvous enters at a time for each key.

    It is used for compiled programs, which each thread would otherwise build once more. Outside of
    tasks, and in a task that trains alone, the context does nothing.
    """
    task = current_task()
    if task is None or task.is_alone:
        return nullcontext()
    return task.team.rendezvous.turn(key)


@contextmanager
def alone():
    """Let a fit of a task train separately, without turns."""
    check_cancelled()
    task = current_task()
    if task is None:
        yield
        return
    before, task.is_alone = task.is_alone, True
    task.cores.deactivate(task)
    try:
        yield
    finally:
        task.is_alone = before
        task.cores.activate([task])
