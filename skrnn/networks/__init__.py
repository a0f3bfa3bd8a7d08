"""The network side: layers, compiled programs and training, on Keras.

This package is the only place that imports Keras. The estimators import its modules inside
``fit`` and ``predict``, and hand over frozen specifications and NumPy arrays: no estimator comes
in, no framework object goes out. Nothing is imported here, so that naming the package loads no
framework.
"""
