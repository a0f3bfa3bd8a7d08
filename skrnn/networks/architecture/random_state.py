"""Seed Keras layers, without changing the global random generators.

The layers of skrnn get their seeds as parameters. A custom body or cell may have layers without a
seed, which draw one from a global generator.
"""

import random
import threading
from contextlib import contextmanager
from itertools import count, repeat

import numpy as np

# Keras has no public way to restore its global generator.
from keras.src.backend.common import global_state
from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR

_random_state_lock = threading.RLock()
_MAX_SEED = 10**9


@contextmanager
def layer_seeds(spec):
    """Provide the seeds of the layers that are built within this context.

    Parameters
    ----------
    spec : NetworkSpec

    Yields
    ------
    iterator of int or None
        Seeds for the layers of skrnn. They are None if the body or the cell is custom: then every
        layer without a seed draws one from the global generators, which `body_seed` has seeded.
    """
    if not spec.is_custom:
        yield count(int(spec.body_seed) % _MAX_SEED)
    else:
        with _exclusive_random_state(spec.body_seed):
            yield repeat(None)


@contextmanager
def _exclusive_random_state(seed):
    """Seed the global generators that Keras layers use, and restore their states afterwards.

    A layer without a seed draws one from Python's generator when it is created. An operation
    without a seed uses the global generator of Keras. Only one network is built in this way at a
    time, because all threads share Python's generator and that of NumPy. Other threads must not
    draw from them meanwhile: they would get numbers that follow from `seed`, and some numbers
    twice.
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
