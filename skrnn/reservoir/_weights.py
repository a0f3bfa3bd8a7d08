r"""The weights of a reservoir: they are drawn once and only changed by plasticity.

The state of a layer with the input u(t), the fed back outputs y(t) and the activation f is

    x(t) = (1 - a) x(t-1) + a f(W x(t-1) + W_in u(t) + W_fb y(t-1) + b),

with the leak rate a (Jaeger, "The echo state approach to analysing and training recurrent neural
networks", GMD report 148, 2001; leaky units: Jaeger, Lukoševičius, Popovici & Siewert,
"Optimization and applications of echo state networks with leaky-integrator neurons", Neural
Networks 20, 2007).
"""

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from scipy import sparse

from skrnn._check_arrays import as_array, check_numbers
from skrnn._persistence import stored_as_dict
from skrnn.reservoir._topologies import draw_recurrent_weights

# The smallest of the rates that leak_rate="log_uniform" draws.
_LEAST_LEAK_RATE = 0.03


@stored_as_dict
@dataclass(frozen=True)
class Layer:
    """The weights of one layer of a reservoir.

    Parameters
    ----------
    recurrent_weights : csr_array or ndarray of shape (units, units)
        W. Row i holds the weights of the connections to unit i.
    input_weights : ndarray of shape (units, n_inputs)
        W_in. The inputs of a deeper layer are the states of the layer below it.
    bias : ndarray of shape (units,)
        b.
    leak_rate : ndarray of shape (units,) or float
        a.
    feedback_weights : ndarray of shape (units, n_outputs) or None
        W_fb. None if outputs are not fed back.
    """

    recurrent_weights: object
    input_weights: np.ndarray
    bias: np.ndarray
    leak_rate: object
    feedback_weights: np.ndarray | None = None

    @property
    def units(self):
        """The number of units of the layer."""
        return len(self.bias)

    def equals(self, other):
        """Return whether another layer has the same weights, to the last bit."""
        pairs = (
            (_as_dense(self.recurrent_weights), _as_dense(other.recurrent_weights)),
            (self.input_weights, other.input_weights),
            (self.bias, other.bias),
            (self.leak_rate, other.leak_rate),
            (self.feedback_weights, other.feedback_weights),
        )
        return all(
            (a is None and b is None) if a is None or b is None else np.array_equal(a, b)
            for a, b in pairs
        )


def _as_dense(matrix):
    return matrix.toarray() if sparse.issparse(matrix) else matrix


def draw_layers(reservoir, n_features, n_outputs, rng):
    """Draw the layers that the parameters of a reservoir describe.

    Parameters
    ----------
    reservoir : Reservoir
        Only its parameters are read.
    n_features : int
        The number of features of the inputs.
    n_outputs : int
        The number of outputs that are fed back to every layer; 0 without feedback.
    rng : Generator

    Returns
    -------
    tuple of Layer
    """
    units = units_of_layers(reservoir.units, reservoir.layers)
    leak_rates = leak_rates_of_layers(reservoir.leak_rate, units)
    layers, n_inputs = [], n_features
    for n, leak_rate in zip(units, leak_rates, strict=True):
        layers.append(_draw_layer(reservoir, n, leak_rate, n_inputs, n_outputs, not layers, rng))
        n_inputs = n
    return tuple(layers)


def _draw_layer(reservoir, units, leak_rate, n_inputs, n_outputs, is_first, rng):
    dtype = reservoir.dtype
    recurrent = draw_recurrent_weights(
        reservoir.topology, units, reservoir.connectivity, reservoir.spectral_radius, rng
    )
    if is_first:
        inputs = _draw_input_weights(reservoir.input_weights, units, n_inputs, rng)
        inputs = inputs * _check_input_scaling(reservoir.input_scaling, n_inputs)
    else:
        # The scale makes the sum over all units below as large as one input of scale 1.
        inputs = rng.uniform(-1, 1, (units, n_inputs)) * np.sqrt(3 / n_inputs)
        scaling = reservoir.input_scaling
        inputs = inputs * (1.0 if scaling is None else np.mean(scaling))
    bias = rng.uniform(-1, 1, units) * reservoir.bias_scaling
    feedback = rng.uniform(-1, 1, (units, n_outputs)) * reservoir.feedback_scaling
    if isinstance(leak_rate, str):
        leak_rate = np.exp(rng.uniform(np.log(_LEAST_LEAK_RATE), 0, units))
    return Layer(
        recurrent_weights=_as_finite(recurrent, dtype, "topology and spectral_radius"),
        input_weights=_as_finite(inputs, dtype, "input_weights and input_scaling"),
        bias=_as_finite(bias, dtype, "bias_scaling"),
        leak_rate=leak_rate if isinstance(leak_rate, float) else leak_rate.astype(dtype),
        feedback_weights=_as_finite(feedback, dtype, "feedback_scaling") if n_outputs else None,
    )


def _as_finite(weights, dtype, parameters):
    """Return weights in the dtype of the states, or raise an error if they are too large for it."""
    with np.errstate(over="ignore"):
        weights = weights.astype(dtype)
    if not np.isfinite(weights.data if sparse.issparse(weights) else weights).all():
        raise ValueError(
            f"The weights that {parameters} determine are NaN or too large for dtype={dtype!r}; "
            "expected smaller parameters."
        )
    return weights


def _draw_input_weights(kind, units, n_inputs, rng):
    if isinstance(kind, str):
        shape = (units, n_inputs)
        if kind == "binary":
            return rng.choice([-1.0, 1.0], shape)
        return rng.normal(size=shape) if kind == "normal" else rng.uniform(-1, 1, shape)
    weights = kind(units, n_inputs, rng) if callable(kind) else kind
    weights = check_numbers(_as_dense(weights), "input_weights", dtype=np.float64)
    if weights.shape != (units, n_inputs):
        raise ValueError(
            f"input_weights must have a row for each of {units} units and a column for each of "
            f"{n_inputs} features, got the shape {weights.shape}."
        )
    return weights


def _check_input_scaling(scaling, n_inputs):
    if scaling is None:
        return 1.0
    factors = _as_numbers(scaling, "input_scaling")
    if not (np.isfinite(factors) & (factors >= 0)).all():
        raise ValueError(f"input_scaling must be finite and not negative, got {scaling!r}.")
    if factors.ndim == 0 or factors.shape == (n_inputs,):
        return factors
    raise ValueError(
        f"input_scaling must be a number or one for each of {n_inputs} features, got an array of "
        f"shape {factors.shape}."
    )


def _as_numbers(values, name):
    return as_array(values, name, dtype=np.float64)


def units_of_layers(units, layers):
    """Return the number of units of each layer.

    Raises
    ------
    ValueError
        If there are not as many numbers as layers.

    Examples
    --------
    >>> units_of_layers(100, 2), units_of_layers((100, 50), 2)
    ((100, 100), (100, 50))
    """
    each = (units,) * layers if isinstance(units, Integral) else tuple(units)
    if len(each) != layers or not all(isinstance(n, Integral) and n >= 1 for n in each):
        raise ValueError(
            f"units must be a positive int, or one for each of layers={layers}, got {units!r}."
        )
    return tuple(int(n) for n in each)


def leak_rates_of_layers(leak_rate, units):
    """Return the leak rate of each layer: a float, an array with one rate per unit, or a name.

    Raises
    ------
    ValueError
        If a rate is outside (0, 1], or if there are not as many as layers or units.

    Examples
    --------
    >>> leak_rates_of_layers(0.5, (3,)), leak_rates_of_layers([1.0, 0.3], (5, 5))
    ([0.5], [1.0, 0.3])
    """
    if len(units) == 1 or leak_rate is None or isinstance(leak_rate, str | Real):
        each = [leak_rate] * len(units)
    else:
        each = list(leak_rate)
    if len(each) != len(units):
        raise ValueError(
            f"leak_rate must be a number, or one for each of {len(units)} layers, got {len(each)}."
        )
    return [_check_leak_rate(rate, n) for rate, n in zip(each, units, strict=True)]


def _check_leak_rate(leak_rate, units):
    if leak_rate is None:
        return 1.0
    if isinstance(leak_rate, str) and leak_rate == "log_uniform":
        return leak_rate
    rates = _as_numbers(leak_rate, "leak_rate")
    if rates.ndim > 0 and rates.shape != (units,):
        raise ValueError(
            f"leak_rate must be a number or one for each of {units} units, got an array of shape "
            f"{rates.shape}."
        )
    if not ((rates > 0) & (rates <= 1)).all():
        raise ValueError(f"leak_rate must be in the range (0.0, 1.0], got {leak_rate!r}.")
    return float(rates) if rates.ndim == 0 else rates
