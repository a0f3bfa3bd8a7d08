"""The seam to the framework below Keras: one module for each, the same few functions in all.

A backend module offers `to_device` (examples to tensors), `sequences_to_device`,
`compile_training` (steps of training and evaluation inside one compiled call) and
`compile_forward`. The choice is Keras' own: ``KERAS_BACKEND`` or ``keras.json``.
"""

import keras

__all__ = ["compile_forward", "compile_training", "sequences_to_device", "to_device"]

if keras.backend.backend() != "tensorflow":
    raise ImportError(
        "skrnn runs on Keras' TensorFlow backend, but Keras is set to "
        f"{keras.backend.backend()!r}: set the environment variable KERAS_BACKEND to 'tensorflow' "
        "before Keras is imported."
    )

from skrnn.networks.backends.tensorflow import (
    compile_forward,
    compile_training,
    sequences_to_device,
    to_device,
)
