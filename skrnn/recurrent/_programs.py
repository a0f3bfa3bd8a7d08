"""The user's hand on the cache of compiled programs, which is the network side's own affair."""

import gc
import sys

__all__ = ["clear_program_cache"]


def clear_program_cache():
    """Forget the compiled programs that no fit is using.

    A program is a network with its optimizers and its compiled functions. Making one takes about
    a second and some megabytes, so up to 32 idle ones are kept for fits and predictions of the
    same architecture to come; see :doc:`/user_guide/memory`. A long process that is done with its
    architectures may let go of them with this function. Fitted estimators stay as they are: they
    hold arrays, and their next prediction makes a program anew.

    Any thread may call it at any time. Programs in use stay with their fits, and join the cache
    afterwards. Processes of `n_jobs` have caches of their own, which end with them. Where no
    network was trained yet there is nothing to clear, and no framework is loaded for it.

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
        # Layers and models refer to each other in circles.
        gc.collect()
