"""A gate through which many threads pass at the same time, unless one needs exclusive use."""

import threading
from contextlib import contextmanager


class Gate:
    """Lets threads work at the same time, except while one of them has exclusive use.

    A thread that is inside may enter again. It must not wait for a thread that may still have to
    enter, because no thread can enter while another one waits for exclusive use.
    """

    def __init__(self):
        self._condition = threading.Condition()
        self._inside, self._n_waiting, self._is_closed = set(), 0, False

    @contextmanager
    def shared(self):
        """Return a context for work that others may do at the same time."""
        if threading.get_ident() in self._inside:
            yield
            return
        try:
            self._enter()
            yield
        finally:
            self._leave()

    @contextmanager
    def exclusive(self):
        """Return a context for work during which no other thread is inside.

        A thread that is inside leaves first, so that two of them do not wait for each other.
        """
        was_inside = threading.get_ident() in self._inside
        self._leave()
        try:
            self._close()
            yield
        finally:
            self._leave()
            if was_inside:
                self._enter()

    def give_way(self):
        """Let threads that wait for exclusive use work first, if this thread is inside."""
        if self._n_waiting and threading.get_ident() in self._inside:
            self._leave()
            self._enter()

    def _enter(self):
        with self._condition:
            self._condition.wait_for(lambda: not (self._n_waiting or self._is_closed))
            self._inside.add(threading.get_ident())

    def _close(self):
        with self._condition:
            self._n_waiting += 1
            try:
                self._condition.wait_for(lambda: not self._inside)
                self._inside.add(threading.get_ident())
                self._is_closed = True
            finally:
                self._n_waiting -= 1
                self._condition.notify_all()

    def _leave(self):
        """Leave the gate, and open it if this thread closed it; no effect if it is outside."""
        try:
            self._remove()
        except KeyboardInterrupt:
            # The interrupt may have come before the thread had left.
            self._remove()
            raise

    def _remove(self):
        with self._condition:
            if threading.get_ident() in self._inside:
                self._inside.remove(threading.get_ident())
                self._is_closed = False
                self._condition.notify_all()
