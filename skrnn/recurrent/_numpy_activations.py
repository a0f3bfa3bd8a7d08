"""The activations of Keras as NumPy functions, for streams, which run without a framework."""

import numpy as np
from scipy.special import erf

from skrnn.sequences._class_outputs import group_slices

_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805
_SYNONYMS = {"hard_swish": "hard_silu", "swish": "silu"}


def sigmoid(x):
    """Return the logistic function, from the hyperbolic tangent, which cannot overflow."""
    return 0.5 * np.tanh(0.5 * x) + 0.5


def softmax(x):
    """Return positive numbers with a sum of one along the last axis."""
    exponentials = np.exp(x - x.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def grouped_softmax(x, groups):
    """Return the softmax of each group of columns."""
    return np.hstack([softmax(x[:, columns]) for columns in group_slices(groups)])


def _relu(x):
    return np.maximum(x, 0)


def _elu(x):
    return np.maximum(x, 0) + np.expm1(np.minimum(x, 0))


def _selu(x):
    return _SELU_SCALE * (np.maximum(x, 0) + _SELU_ALPHA * np.expm1(np.minimum(x, 0)))


def _softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _hard_sigmoid(x):
    return np.clip(x / 6 + 0.5, 0, 1)


ACTIVATIONS = {
    "elu": _elu,
    "exponential": np.exp,
    "gelu": lambda x: 0.5 * x * (1 + erf(x / 2**0.5)),
    "hard_sigmoid": _hard_sigmoid,
    "hard_silu": lambda x: x * _hard_sigmoid(x),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "leaky_relu": lambda x: np.where(x < 0, 0.2 * x, x),
    "linear": lambda x: x,
    "mish": lambda x: x * np.tanh(_softplus(x)),
    "relu": _relu,
    "relu6": lambda x: np.clip(x, 0, 6),
    "selu": _selu,
    "sigmoid": sigmoid,
    "silu": lambda x: x * sigmoid(x),
    "softplus": _softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "tanh": np.tanh,
}


def keras_name(activation):
    """Return the name of an activation of Keras, or None if it is a custom function.

    Parameters
    ----------
    activation : str or callable
        A name, or a function of `keras.activations`.
    """
    name = activation
    if callable(activation):
        module = getattr(activation, "__module__", None) or ""
        is_of_keras = module.split(".")[0] == "keras" and "activations" in module
        name = getattr(activation, "__name__", None) if is_of_keras else None
    return _SYNONYMS.get(name, name)


def numpy_activation(activation):
    """Return an activation as a NumPy function.

    Parameters
    ----------
    activation : str or callable
        A name, or a function of `keras.activations`.

    Raises
    ------
    ValueError
        If the function is custom, or if NumPy does not have it here.
    """
    name = keras_name(activation)
    if name not in ACTIVATIONS:
        raise ValueError(
            f"activation={activation!r} cannot be computed in NumPy, which streams and decoders "
            f"need. The supported activations are {', '.join(sorted(ACTIVATIONS))}."
        )
    return ACTIVATIONS[name]
