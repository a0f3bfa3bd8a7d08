"""What happens before a process uses the framework for the first time.

A process that was forked from one that has used the framework is refused. In every
other process, settings are made that decide how it shares a GPU, and where compiled code is kept.
"""

import sys
import threading

import keras

from skrnn import _forks
from skrnn.networks.compilation_cache import use_compilation_cache
from skrnn.networks.gpu_memory import share_gpu

# A second thread waits until the framework has started with its settings.
_lock = threading.Lock()


def require_own_process():
    """Prepare the framework, and refuse a fork of a process that has already used it.

    Call this function before any code that may run an operation of the framework or take a lock.

    Raises
    ------
    ValueError
        If the folder for compiled code that the user has named cannot be created.
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
    with _lock:
        if not _forks.was_used(framework):
            use_compilation_cache(framework)
            share_gpu(framework)
            _forks.note_use(framework)
