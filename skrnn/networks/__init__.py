"""Networks on Keras: layers, compiled programs, training and prediction.

Only this package imports Keras. The estimators import its modules inside ``fit`` and ``predict``.
They pass frozen specifications and NumPy arrays, never themselves, and get back plain values,
never an object of the framework, except the Keras model that `export` builds for the user.

Keras is imported here, before every module of this package, because packages that Keras imports
draw random numbers, which must not come from the generators that the user may have seeded.
"""

from skrnn.networks.imports_that_draw import private_draws

with private_draws():
    import keras  # noqa: F401 - loaded for the modules of this package
