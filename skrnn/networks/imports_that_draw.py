"""Give private generators to modules that draw random numbers during their import.

The user may have seeded the global generators, and other threads may draw from them during the
import. If the states were saved and restored, such a thread would get some numbers twice. Each of
these modules therefore receives private generators in place of the global ones.
"""

import builtins
import random
import sys
from contextlib import contextmanager
from importlib.machinery import PathFinder, SourceFileLoader
from types import SimpleNamespace

import numpy as np


def _private_random():
    return random.Random()


def _private_numpy():
    return SimpleNamespace(**{**vars(np), "random": np.random.RandomState()})


# The modules that draw, what they import for that, and what they get instead.
_DRAWS = {
    # Keras imports rich, which numbers its styles beginning with a random number.
    "rich.style": {"random": _private_random},
    # JAX draws the times after which it would try again to reach a cluster.
    "jax._src.clusters.k8s_cluster": {"numpy": _private_numpy},
}


class _Loader(SourceFileLoader):
    """Load a module whose own imports may return private generators."""

    def exec_module(self, module):
        instead = _DRAWS[module.__name__]

        def import_private(name, *arguments, **options):
            imported = builtins.__import__(name, *arguments, **options)
            return instead[name]() if name in instead else imported

        # An import statement calls the function in the builtins of the module that contains it.
        module.__builtins__ = {**vars(builtins), "__import__": import_private}
        super().exec_module(module)


class _Finder:
    """Find the modules that draw."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        """Return how to load a module that draws, or None for any other module."""
        if name not in _DRAWS:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


@contextmanager
def private_draws():
    """Let the modules that draw during their import use private generators within this context."""
    # The list is replaced and not changed, because other threads may import modules meanwhile.
    sys.meta_path = [_Finder, *sys.meta_path]
    try:
        yield
    finally:
        sys.meta_path = [finder for finder in sys.meta_path if finder is not _Finder]
