"""Seed Keras layers that have no seed, without changing the global random generators."""

import random
import threading
from contextlib import contextmanager

import numpy as np

# Keras has no public way to restore its global generator.
from keras.src.backend.common import global_state
from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR

_random_state_lock = threading.RLock()


@contextmanager
def exclusive_random_state(seed):
    """Seed the global generators that Keras layers use, and restore their states afterwards.

    A layer without a seed draws one from Python's generator when it is created. An operation
    without a seed uses the global generator of Keras. All threads share these generators, so only
    one network is built at a time.
    """
    with _random_state_lock:
        python_state = random.getstate()
        numpy_state = np.random.get_state()  # noqa: NPY002 - the global one is restored
        keras_generator = global_state.get_global_attribute(GLOBAL_SEED_GENERATOR)
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        global_state.set_global_attribute(GLOBAL_SEED_GENERATOR, None)
        try:
            yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)  # noqa: NPY002
            global_state.set_global_attribute(GLOBAL_SEED_GENERATOR, keras_generator)


def use_own_generators(model):
    """Set the layers without a seed to use their own generators, which fits can reset.

    Otherwise, Keras would use the global generator of the process on PyTorch.
    """
    for layer in model._flatten_layers():
        for generator in layer._seed_generators:
            if generator._initial_seed is None:
                generator._initial_seed = 0
