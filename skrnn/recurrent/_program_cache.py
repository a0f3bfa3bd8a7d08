"""The public function that clears the cache of compiled programs."""

import ctypes
import gc
import sys
from contextlib import suppress


def clear_program_cache():
    """Clear the cache of compiled programs, to free their memory.

    A program is a network with its optimizers and its compiled functions. It takes about a second
    to make and some megabytes to keep. Up to 32 programs, and up to 1 GiB of their weights and
    optimizer variables, are kept for later fits and predictions of networks with the same
    architecture; see :doc:`/user_guide/memory`. A long process
    that no longer needs its architectures can free that memory with this function. Fitted
    estimators do not change: they hold arrays, and their next prediction makes a program again.

    The function may be called from any thread at any time. Programs in use stay with their fits,
    and return to the cache afterwards. Worker processes (`n_jobs`) have their own caches, which
    end with them. If no network has been trained yet, there is nothing to clear, and no framework
    is loaded.

    Examples
    --------
    >>> from skrnn import RNNClassifier, clear_program_cache
    >>> model = RNNClassifier(units=4, epochs=1, random_state=0)
    >>> model = model.fit([[1.0, 2.0], [3.0]], ["up", "one"])
    >>> before = model.predict_proba([[1.0, 2.0]])
    >>> clear_program_cache()
    >>> bool((model.predict_proba([[1.0, 2.0]]) == before).all())
    True
    """
    if "skrnn.networks.programs" in sys.modules:
        from skrnn.networks import programs

        programs.clear()
        # Layers and models refer to each other in circles. The first collection frees the compiled
        # functions, and the second one the graphs that these functions referred to.
        gc.collect()
        gc.collect()
        _return_free_memory()


def _return_free_memory():
    """Return free memory to the system, which the C library of Linux would keep for later."""
    # Other systems have no such function, and Windows has no way to look for it.
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
