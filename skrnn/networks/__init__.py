"""The network side: layers, compiled programs and training, on Keras.

This package is the only place that imports Keras. The estimators import its modules inside
``fit`` and ``predict``, and hand over frozen specifications and NumPy arrays: no estimator comes
in, no framework object goes out.

Keras is loaded here, ahead of every module, because packages that it brings along draw from the
global random generators while they are imported: a seed that the user has set must not notice.
"""

import random

import numpy as np

_python_state = random.getstate()
_numpy_state = np.random.get_state()  # noqa: NPY002 - it is the global one we guard
try:
    import keras  # noqa: F401 - for the modules of this package
finally:
    random.setstate(_python_state)
    np.random.set_state(_numpy_state)  # noqa: NPY002
