"""Seeds for Keras layers that have none, without a trace in the generators of the process."""

import random
import threading
from contextlib import contextmanager

import numpy as np

# Keras has no public way to put its global generator back.
from keras.src.backend.common import global_state
from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR

_random_state_lock = threading.RLock()


@contextmanager
def exclusive_random_state(seed):
    """Seed the global generators that Keras layers draw from, and put them back afterwards.

    A layer without a seed draws one from Python's generator when it is made, an operation without
    one asks Keras' own. Generators are process-wide, so one build runs at a time.
    """
    with _random_state_lock:
        python_state = random.getstate()
        numpy_state = np.random.get_state()  # noqa: NPY002 - it is the global one we guard
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
    """Have what was given no seed draw from its layer's generator, which fits can reset.

    On PyTorch, Keras would ask the generator of the whole process.
    """
    for layer in model._flatten_layers():
        for generator in layer._seed_generators:
            if generator._initial_seed is None:
                generator._initial_seed = 0
