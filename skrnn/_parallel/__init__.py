"""The joblib backend "skrnn", and the point at which fits in several threads meet.

Nothing here imports a deep-learning framework: `skrnn.networks.many` trains the fits that meet.
"""

from joblib import register_parallel_backend

from skrnn._parallel.backend import SearchBackend


def register():
    """Register the backend "skrnn" with joblib."""
    register_parallel_backend("skrnn", SearchBackend)
