"""Check that parameters, or two estimators, are consistent with each other."""

import sys
from numbers import Real

import numpy as np

from skrnn._check_arrays import as_array
from skrnn.reservoir._model_space import ModelSpace
from skrnn.reservoir._pooling import check_pooling
from skrnn.reservoir._weights import Layer, leak_rates_of_layers, units_of_layers

# Parameters that must not change after a fit, because the fitted statistics depend on them.
_OF_THE_ESTIMATOR = ("rows", "return_sequences", "readout_input", "standardize")
_OF_THE_RESERVOIR = ("activation", "noise", "pooling", "washout")


def check_reservoir_parameters(reservoir):
    """Check that the parameters of a reservoir are consistent with each other.

    Raises
    ------
    ValueError
    """
    units = units_of_layers(reservoir.units, reservoir.layers)
    leak_rates_of_layers(reservoir.leak_rate, units)
    check_pooling(reservoir.pooling)
    if callable(reservoir.activation):
        _check_activation(reservoir.activation, reservoir.dtype)
    if reservoir.plasticity == "intrinsic" and reservoir.activation not in ("tanh", "logistic"):
        raise ValueError(
            "plasticity='intrinsic' requires activation='tanh' or 'logistic', got "
            f"{reservoir.activation!r}."
        )
    if reservoir.feedback_scaling > 0 and reservoir.bidirectional:
        raise ValueError(
            f"bidirectional=True cannot be combined with feedback_scaling="
            f"{reservoir.feedback_scaling}: the backward direction would need outputs before they "
            "are predicted. Set only one of them."
        )


def _check_activation(activation, dtype):
    """Check that a function keeps the shape of an array, and is finite for usual states."""
    states = np.linspace(-1, 1, 5, dtype=dtype)
    with np.errstate(all="ignore"):
        values = np.asarray(activation(states.copy()))
    if values.shape != states.shape:
        raise ValueError(
            "activation must return an array of the shape that it receives: expected the shape "
            f"{states.shape}, got {values.shape} from {activation!r}."
        )
    if values.dtype.kind not in "fiub" or not np.isfinite(values).all():
        raise ValueError(
            f"activation must return finite numbers, but {activation!r} returns {values} for "
            f"{states}."
        )


def check_estimator_parameters(estimator):
    """Check that the parameters of an echo state estimator are consistent with each other.

    Raises
    ------
    ValueError
    """
    if estimator.initial_state == "fit_end" and estimator.rows != "steps":
        raise ValueError(
            "initial_state='fit_end' continues one series and needs rows='steps', got "
            f"rows={estimator.rows!r}."
        )
    if isinstance(estimator.alpha, Real):
        _check_float(estimator.alpha)
    elif not isinstance(estimator.alpha, str):
        _check_alphas(estimator.alpha)
    reservoir = estimator.reservoir
    if getattr(reservoir, "bidirectional", False) and estimator.initial_state == "fit_end":
        raise ValueError(
            "initial_state='fit_end' cannot be combined with bidirectional=True, because the "
            "backward direction reads from the end of a series and has no state to continue from."
        )


def _check_float(alpha):
    try:
        is_float = float(alpha) <= sys.float_info.max
    except OverflowError:
        is_float = False
    if not is_float:
        raise ValueError(
            f"alpha must be at most {sys.float_info.max:.3g}, the largest float, got a larger "
            f"{type(alpha).__name__}."
        )


def _check_alphas(alphas):
    values = as_array(alphas, "alpha", dtype=np.float64)
    if values.ndim != 1 or len(values) == 0 or not (np.isfinite(values) & (values > 0)).all():
        raise ValueError(
            "alpha must be a positive number or a one-dimensional array of at least one finite, "
            f"positive number, got {alphas!r}."
        )


def parameters_of_fit(estimator, reservoir):
    """Return by name the parameters that must not change after a fit.

    Parameters
    ----------
    estimator : BaseEchoState
    reservoir : Reservoir
        The reservoir of the estimator, with all parameters.

    Returns
    -------
    dict
    """
    params = {name: getattr(estimator, name) for name in _OF_THE_ESTIMATOR}
    return params | {name: getattr(reservoir, name) for name in _OF_THE_RESERVOIR}


def check_unchanged(estimator):
    """Check that the parameters of a fitted estimator are still those of its fit.

    Raises
    ------
    ValueError
        The message names the parameter that has changed, or those that are not consistent.
    """
    check_estimator_parameters(estimator)
    for name in _OF_THE_ESTIMATOR:
        current, fitted = getattr(estimator, name), estimator._fit_params[name]
        if current != fitted:
            raise ValueError(
                f"{name}={current!r} has changed since the estimator was fitted with {fitted!r}. "
                "Fit it again."
            )


def check_mergeable(one, other):
    """Check that two fitted estimators have the same reservoir, features and targets.

    Parameters
    ----------
    one, other : BaseEchoState
        They are fitted.

    Raises
    ------
    ValueError
        The message describes the difference.
    """
    name = type(one).__name__
    if type(one) is not type(other):
        raise ValueError(f"{name} can only merge with another {name}, got {type(other).__name__}.")
    layers, others = (
        (*estimator.reservoir_.layers_, *estimator.reservoir_.backward_layers_)
        for estimator in (one, other)
    )
    if len(layers) != len(others) or not all(map(Layer.equals, layers, others)):
        raise ValueError(
            "other has a different reservoir. Give both estimators the same parameters and the "
            "same int as random_state. With plasticity, a reservoir adapts to the data of its "
            "first fit, so estimators that were fitted on different data cannot be merged."
        )
    pairs = [
        (one._standardization, other._standardization),
        (one._static_standardization, other._static_standardization),
    ]
    if not all(a is b or (a is not None and a.equals(b)) for a, b in pairs):
        raise ValueError(
            "other has different means and standard deviations of its inputs, which are learned "
            "in the first fit. Standardise the inputs of both in the same way before, and set "
            "standardize=False."
        )
    if not ModelSpace.are_equal(one.reservoir_._model_space, other.reservoir_._model_space):
        raise ValueError(
            "other has different principal components of its states, which pooling='model_space' "
            "learns in the first fit, so the readouts have different features."
        )
    for name, value in one._fit_params.items():
        if value != other._fit_params[name]:
            raise ValueError(
                f"other has {name}={other._fit_params[name]!r}, expected {value!r} as in this "
                "estimator."
            )
    _check_same_choice(one, other)
    if not one._readout.has_shape_of(other._readout) or one._targets != other._targets:
        raise ValueError(
            "other was fitted on other features or targets and cannot be merged with this "
            "estimator."
        )


def _check_same_choice(one, other):
    """Check that the penalties of both estimators were chosen in the same way."""
    chosen = one._readout.relative_alpha, other._readout.relative_alpha
    if isinstance(one.alpha, str) and (chosen[0] is None) != (chosen[1] is None):
        names = ("this estimator", "other") if chosen[1] is None else ("other", "this estimator")
        raise ValueError(
            f"alpha='auto' chose the penalty of {names[0]} on later windows, because its first "
            f"training data are windows that overlap, but not that of {names[1]}. Set alpha to a "
            "number in both."
        )
