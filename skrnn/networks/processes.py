"""Refuse to use the framework in a process that was forked from one that has used it.

A fork copies the memory of a process but none of its threads. In the child, a framework would wait
forever for threads that exist only in the parent.
"""

import os

_first_user = None


def require_own_process():
    """Refuse to work in a fork of a process that has already used a network.

    Call this function before any code that may run an operation of the framework or take a lock.

    Raises
    ------
    RuntimeError
        If this process was forked after the first call of this function.
    """
    global _first_user
    if _first_user is None:
        _first_user = os.getpid()
    if _first_user != os.getpid():
        raise RuntimeError(
            f"The deep-learning framework was already used in the parent process ({_first_user}) "
            "and cannot be used after fork(). Use joblib's default backend 'loky' (n_jobs of "
            "scikit-learn) or multiprocessing.get_context('spawn')."
        )
