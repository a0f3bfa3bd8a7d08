"""Networks on Keras: layers, compiled programs, training and prediction.

Only this package imports Keras. The estimators import its modules inside ``fit`` and ``predict``.
They pass frozen specifications and NumPy arrays, never themselves, and get back plain values,
never an object of the framework, except the Keras model that `export` builds for the user.

Keras is imported here, before every module of this package, because packages that Keras imports
draw from the global random generators. The generators are restored afterwards, so that the import
does not affect a seed that the user has set.
"""

import random

import numpy as np

_python_state = random.getstate()
_numpy_state = np.random.get_state()  # noqa: NPY002 - the global one is restored
try:
    import keras  # noqa: F401 - loaded for the modules of this package
finally:
    random.setstate(_python_state)
    np.random.set_state(_numpy_state)  # noqa: NPY002
