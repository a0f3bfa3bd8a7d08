"""Note at each fork which deep-learning frameworks the parent process has used.

A fork copies the memory of a process but none of its threads. In the child, a framework that the
parent has used would wait forever for threads that exist only in the parent. This module imports no
framework, and only looks at the state of those that are loaded, because any code may have used
them: skrnn or the program that uses it.
"""

import os
import sys
from pathlib import Path

_used_here = set()
_used_before = frozenset()
_loaded_before = frozenset()
_parent = None


def watch_forks():
    """Note which frameworks are in use at each later fork, and at a fork that made this process."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_note_fork)
    # This process may itself be a fork of a process that did not import skrnn.
    if _running() and not _has_named_threads():
        _note_fork()


def note_use(framework):
    """Note that this process has used a framework, named as by `keras.backend.backend`."""
    _used_here.add(framework)


def was_used(framework):
    """Return whether `note_use` was called for a framework in this process."""
    return framework in _used_here


def used_before_fork(framework):
    """Return the parent process if it had used a framework before the fork, otherwise None."""
    return _parent if framework in _used_before else None


def loaded_before_fork(framework):
    """Return whether this process was forked from one that had imported a framework."""
    return framework in _loaded_before


def is_running(framework):
    """Return whether a framework has started its threads in this process, if it shows this."""
    return framework in _running()


def _note_fork():
    global _used_before, _loaded_before, _parent
    _used_before |= _running() | _used_here
    _loaded_before |= {name for name in ("jax", "tensorflow", "torch") if name in sys.modules}
    _parent = os.getppid()
    _used_here.clear()


def _running():
    """Return the names of the frameworks that have started their threads.

    PyTorch does not show whether it has started any, and is therefore not among them.
    """
    started = {
        "tensorflow": ("tensorflow.python.eager.context", "_context", "_context_handle"),
        "jax": ("jax._src.xla_bridge", "_backends"),
    }
    return {name for name, path in started.items() if _look_up(*path)}


def _look_up(module, *names):
    """Return an attribute of an attribute of a loaded module, or None if anything is missing."""
    value = sys.modules.get(module)
    for name in names:
        value = getattr(value, name, None)
    return value


def _has_named_threads():
    """Return whether some thread of this process has another name than the rest.

    A framework gives names to its threads. Every other thread has the name of the process, unless
    Python code has named it. The result is True if the system does not list the threads.
    """
    names = {_read_name(task) for task in Path("/proc/self/task").glob("*")}
    return len(names) != 1


def _read_name(task):
    try:
        return (task / "comm").read_text()
    except OSError:  # the thread has ended in the meantime
        return None
