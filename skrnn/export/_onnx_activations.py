"""Write the activations of cells with ONNX operators.

onnxruntime has all of these operators for float32 and for float64.
"""

# The activations of the operators RNN, GRU and LSTM, by the names of Keras.
NATIVE = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh"}

_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


class _Expression:
    """A tensor of a graph to which the operators of Python can be applied."""

    def __init__(self, graph, name, dtype):
        self._graph, self._dtype, self.name = graph, dtype, name

    def apply(self, op, *others):
        """Return the result of an ONNX operator on this tensor and others, or on numbers."""
        names = [
            other.name if isinstance(other, _Expression) else self._constant(other)
            for other in others
        ]
        return _Expression(self._graph, self._graph.add(op, [self.name, *names]), self._dtype)

    def _constant(self, number):
        return self._graph.constant(self._dtype.type(number))

    def __add__(self, other):
        return self.apply("Add", other)

    def __sub__(self, other):
        return self.apply("Sub", other)

    def __mul__(self, other):
        return self.apply("Mul", other)

    def __truediv__(self, other):
        return self.apply("Div", other)

    def clip(self, low, high):
        return self.apply("Max", low).apply("Min", high)


def _exponential_minus_one(x):
    """Return exp(x) - 1 where x is negative, and 0 elsewhere."""
    return x.apply("Min", 0).apply("Exp") - 1


def _softplus(x):
    return x.apply("Max", 0) + (x.apply("Abs").apply("Neg").apply("Exp") + 1).apply("Log")


def _hard_sigmoid(x):
    return x.apply("Mul", 1 / 6).apply("Add", 0.5).clip(0, 1)


ACTIVATIONS = {
    "elu": lambda x: x.apply("Max", 0) + _exponential_minus_one(x),
    "exponential": lambda x: x.apply("Exp"),
    "hard_sigmoid": _hard_sigmoid,
    "hard_silu": lambda x: x * _hard_sigmoid(x),
    "hard_tanh": lambda x: x.clip(-1, 1),
    "leaky_relu": lambda x: x.apply("Max", 0) + x.apply("Min", 0) * 0.2,
    "linear": lambda x: x,
    "mish": lambda x: x * _softplus(x).apply("Tanh"),
    "relu": lambda x: x.apply("Relu"),
    "relu6": lambda x: x.clip(0, 6),
    "selu": lambda x: (x.apply("Max", 0) + _exponential_minus_one(x) * _SELU_ALPHA) * _SELU_SCALE,
    "sigmoid": lambda x: x.apply("Sigmoid"),
    # Older versions of onnxruntime join a sigmoid and its product to an operator without float64.
    "silu": lambda x: x / (x.apply("Neg").apply("Exp") + 1),
    "softplus": _softplus,
    "softsign": lambda x: x / (x.apply("Abs") + 1),
    "tanh": lambda x: x.apply("Tanh"),
}
_SYNONYMS = {"hard_swish": "hard_silu", "swish": "silu"}


def activation_name(activation):
    """Return the name of an activation that can be exported.

    Parameters
    ----------
    activation : str or callable
        The name of a Keras activation, or a function of `keras.activations`.

    Raises
    ------
    ValueError
        If it is another function or has another name.
    """
    name = activation
    if callable(activation):
        module = getattr(activation, "__module__", None) or ""
        is_of_keras = module.split(".")[0] == "keras" and "activations" in module
        name = getattr(activation, "__name__", None) if is_of_keras else None
    name = _SYNONYMS.get(name, name)
    if name not in ACTIVATIONS:
        raise ValueError(
            f"activation={activation!r} cannot be exported to ONNX. Use to_keras to export the "
            f"Keras model, or one of the activations {', '.join(sorted(ACTIVATIONS))}."
        )
    return name


def add_activation(graph, name, x, dtype):
    """Apply an activation to a tensor, and return the name of the result.

    Parameters
    ----------
    graph : OnnxGraph
    name : str
        A name that `activation_name` returned.
    x : str
    dtype : dtype
        The dtype of `x`.
    """
    return ACTIVATIONS[name](_Expression(graph, x, dtype)).name
