"""Refuse to use the framework in a process that was forked from one that has used it."""

import sys

import keras

from skrnn import _forks


def require_own_process():
    """Refuse to work in a fork of a process that has already used the framework.

    Call this function before any code that may run an operation of the framework or take a lock.

    Raises
    ------
    RuntimeError
        If this process was forked after a network, or the framework itself, was used.
    """
    framework = keras.backend.backend()
    parent = _forks.used_before_fork(framework)
    if parent is not None:
        raise RuntimeError(
            f"The deep-learning framework was already used in the parent process ({parent}) "
            "and cannot be used after fork(). Use joblib's default backend 'loky' (n_jobs of "
            "scikit-learn) or multiprocessing.get_context('spawn')."
        )
    if framework == "torch" and _forks.loaded_before_fork("torch"):
        # Nothing shows whether the parent has run PyTorch in several threads. With one thread,
        # PyTorch works in every fork.
        sys.modules["torch"].set_num_threads(1)
    _forks.note_use(framework)
