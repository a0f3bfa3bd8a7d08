"""Which process may run the framework: not one that was forked from a process that ran it.

A fork copies the memory of a process but none of its threads. A framework that has started its
threads waits in the child for ones that are not there, and waits for ever.
"""

import os

__all__ = ["require_own_process"]

_first_user = None


def require_own_process():
    """Refuse to work in a child of a process that has worked before.

    To be called before anything that may run an operation of the framework or take a lock.

    Raises
    ------
    RuntimeError
        If this process was forked after the first call.
    """
    global _first_user
    if _first_user is None:
        _first_user = os.getpid()
    if _first_user != os.getpid():
        raise RuntimeError(
            f"A network was used in process {_first_user}, of which this one is a fork: the "
            "framework's threads are missing here, and it would wait for them for ever. Start "
            "workers afresh: with joblib's default backend 'loky' (n_jobs of scikit-learn), or "
            "with multiprocessing.get_context('spawn')."
        )
