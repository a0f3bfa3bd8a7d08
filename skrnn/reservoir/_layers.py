"""The weights of a reservoir: drawn once, and but for plasticity never learned.

With a(t) the input of a layer, y(t) the outputs and f the activation, a layer's state is

    x(t) = (1 - leak) x(t-1) + leak f(W x(t-1) + W_in a(t) + W_fb y(t-1) + b)

(Jaeger, "The echo state approach to analysing and training recurrent neural networks", GMD report
148, 2001; with leaky units: Jaeger, Lukosevicius, Popovici & Siewert, Neural Networks 20, 2007.)
"""

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from scipy import sparse
from sklearn.utils import check_array

from skrnn.reservoir._matrices import draw_recurrent

__all__ = ["Layer", "check_together", "draw_layers", "layer_leaks", "layer_units"]


@dataclass(frozen=True)
class Layer:
    """One layer of a reservoir.

    Parameters
    ----------
    recurrent : csr_array or ndarray of shape (units, units)
        W: row i holds what unit i hears of the others.
    input_weights : ndarray of shape (units, n_inputs)
        W_in; of deeper layers the links from the layer below.
    bias : ndarray of shape (units,)
    leak_rate : ndarray of shape (units,) or float
    feedback : ndarray of shape (units, n_outputs) or None
        W_fb.
    """

    recurrent: object
    input_weights: np.ndarray
    bias: np.ndarray
    leak_rate: object
    feedback: np.ndarray | None = None

    @property
    def units(self):
        """How many units the layer has."""
        return len(self.bias)

    def same_as(self, other):
        """Whether another layer has the same weights, to the last bit."""
        pairs = (
            (_dense(self.recurrent), _dense(other.recurrent)),
            (self.input_weights, other.input_weights),
            (self.bias, other.bias),
            (self.leak_rate, other.leak_rate),
            (self.feedback, other.feedback),
        )
        return all(
            (a is None and b is None) if a is None or b is None else np.array_equal(a, b)
            for a, b in pairs
        )


def _dense(matrix):
    return matrix.toarray() if sparse.issparse(matrix) else matrix


def draw_layers(reservoir, n_features, n_outputs, rng):
    """Draw the layers that a reservoir's parameters call for.

    Parameters
    ----------
    reservoir : Reservoir
    n_features : int
    n_outputs : int
        Fed back to every layer; 0 where nothing is.
    rng : Generator

    Returns
    -------
    tuple of Layer
    """
    units = layer_units(reservoir.units, reservoir.layers)
    leaks = layer_leaks(reservoir.leak_rate, units)
    layers, n_inputs = [], n_features
    for n, leak in zip(units, leaks, strict=True):
        layers.append(_draw_layer(reservoir, n, leak, n_inputs, n_outputs, not layers, rng))
        n_inputs = n
    return tuple(layers)


def _draw_layer(reservoir, units, leak, n_inputs, n_outputs, first, rng):
    dtype = reservoir.dtype
    recurrent = draw_recurrent(
        reservoir.topology, units, reservoir.connectivity, reservoir.spectral_radius, rng
    )
    if first:
        inputs = _draw_input_weights(reservoir.input_weights, units, n_inputs, rng)
        inputs = inputs * _input_scaling(reservoir.input_scaling, n_inputs)
    else:
        # Many inputs: scaled so that their sum is as large as one of them.
        inputs = rng.uniform(-1, 1, (units, n_inputs)) * np.sqrt(3 / n_inputs)
        inputs = inputs * np.mean(reservoir.input_scaling)
    bias = rng.uniform(-1, 1, units) * reservoir.bias_scaling
    feedback = rng.uniform(-1, 1, (units, n_outputs)) * reservoir.feedback_scaling
    return Layer(
        recurrent=recurrent.astype(dtype),
        input_weights=inputs.astype(dtype),
        bias=bias.astype(dtype),
        leak_rate=leak if isinstance(leak, float) else leak.astype(dtype),
        feedback=feedback.astype(dtype) if n_outputs else None,
    )


def _draw_input_weights(kind, units, n_inputs, rng):
    if isinstance(kind, str):
        shape = (units, n_inputs)
        if kind == "binary":
            return rng.choice([-1.0, 1.0], shape)
        return rng.normal(size=shape) if kind == "normal" else rng.uniform(-1, 1, shape)
    weights = kind(units, n_inputs, rng) if callable(kind) else kind
    weights = check_array(_dense(weights), dtype=np.float64, input_name="input_weights")
    if weights.shape != (units, n_inputs):
        raise ValueError(
            f"input_weights must have a row for each of {units} units and a column for each of "
            f"{n_inputs} features, got the shape {weights.shape}."
        )
    return weights


def _input_scaling(scaling, n_inputs):
    factors = _numbers(scaling, "input_scaling")
    if not (np.isfinite(factors) & (factors >= 0)).all():
        raise ValueError(f"input_scaling must be finite and not negative, got {scaling!r}.")
    if factors.ndim == 0 or factors.shape == (n_inputs,):
        return factors
    raise ValueError(
        f"input_scaling must be a number or one for each of {n_inputs} features, got an array of "
        f"shape {factors.shape}."
    )


def _numbers(values, name):
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold numbers, got {values!r}.") from error


def layer_units(units, layers):
    """Return the units of each layer.

    Raises
    ------
    ValueError
        If there are not as many numbers as layers.

    Examples
    --------
    >>> layer_units(100, 2), layer_units((100, 50), 2)
    ((100, 100), (100, 50))
    """
    each = (units,) * layers if isinstance(units, Integral) else tuple(units)
    if len(each) != layers or not all(isinstance(n, Integral) and n >= 1 for n in each):
        raise ValueError(
            f"units must be a positive int, or one for each of layers={layers}, got {units!r}."
        )
    return tuple(int(n) for n in each)


def layer_leaks(leak_rate, units):
    """Return the leak rate of each layer: a float, or an array with one for each unit.

    Raises
    ------
    ValueError
        If a rate is outside (0, 1], or there are not as many as layers or units.

    Examples
    --------
    >>> layer_leaks(0.5, (3,)), layer_leaks([1.0, 0.3], (5, 5))
    ([0.5], [1.0, 0.3])
    """
    if len(units) == 1 or isinstance(leak_rate, Real):
        each = [leak_rate] * len(units)
    else:
        each = list(leak_rate)
    if len(each) != len(units):
        raise ValueError(
            f"leak_rate must be a number, or one for each of {len(units)} layers, got {len(each)}."
        )
    return [_checked_leak(leak, n) for leak, n in zip(each, units, strict=True)]


def _checked_leak(leak, units):
    leaks = _numbers(leak, "leak_rate")
    if leaks.ndim > 0 and leaks.shape != (units,):
        raise ValueError(
            f"leak_rate must be a number or one for each of {units} units, got an array of shape "
            f"{leaks.shape}."
        )
    if not ((leaks > 0) & (leaks <= 1)).all():
        raise ValueError(f"leak_rate must be in the range (0.0, 1.0], got {leak!r}.")
    return float(leaks) if leaks.ndim == 0 else leaks


def check_together(reservoir):
    """Check what a look at one parameter alone cannot tell, before anything is drawn."""
    layer_leaks(reservoir.leak_rate, layer_units(reservoir.units, reservoir.layers))
    if reservoir.plasticity == "intrinsic" and reservoir.activation not in ("tanh", "logistic"):
        raise ValueError(
            "plasticity='intrinsic' is for activation='tanh' or 'logistic', got "
            f"{reservoir.activation!r}."
        )
    if reservoir.feedback_scaling > 0 and reservoir.bidirectional:
        raise ValueError(
            "bidirectional=True reads from the end what feedback_scaling="
            f"{reservoir.feedback_scaling} makes from the start; set one of them only."
        )
