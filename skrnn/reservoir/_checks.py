"""What a look at one parameter alone cannot tell: whether several, or two estimators, agree."""

import numpy as np

from skrnn.reservoir._layers import Layer
from skrnn.reservoir._pooling import ModelSpace

__all__ = ["check_mergeable", "check_together", "check_unchanged", "form_of"]

# Beside their weights: what states and rows of the readout follow from.
_OWN = ("rows", "return_sequences", "readout_input")
_OF_THE_RESERVOIR = ("activation", "noise", "pooling", "washout")


def form_of(estimator):
    """Return what a fitted estimator's sums follow from beside the weights, by name."""
    form = {name: getattr(estimator, name) for name in _OWN}
    return form | {name: getattr(estimator.reservoir_, name) for name in _OF_THE_RESERVOIR}


def check_unchanged(estimator):
    """Check that parameters say what they said when an estimator was fitted.

    Raises
    ------
    ValueError
        That names the one that has changed, or what does not go together.
    """
    check_together(estimator)
    for name in _OWN:
        now, fitted = getattr(estimator, name), estimator._form[name]
        if now != fitted:
            raise ValueError(
                f"{name}={now!r} has changed since the estimator was fitted with {fitted!r}; fit "
                "it again."
            )


def check_together(estimator):
    """Check that an estimator's parameters agree.

    Raises
    ------
    ValueError
    """
    if estimator.initial_state == "fit_end" and estimator.rows != "steps":
        raise ValueError(
            "initial_state='fit_end' goes on with one series and needs rows='steps', got "
            f"rows={estimator.rows!r}."
        )
    if estimator.alphas is not None:
        _check_alphas(estimator.alphas)
    reservoir = estimator.reservoir
    if getattr(reservoir, "bidirectional", False) and estimator.initial_state == "fit_end":
        raise ValueError(
            "initial_state='fit_end' has no state to go on from for a reservoir that reads from "
            "the end (bidirectional=True)."
        )


def check_mergeable(one, other):
    """Check that two estimators have learned of the same, so that it adds up.

    Raises
    ------
    ValueError
        That says what differs.
    """
    if type(one) is not type(other):
        raise ValueError(
            f"{type(one).__name__} merges with its own kind, got {type(other).__name__}."
        )
    layers, others = (
        (*estimator.reservoir_.layers_, *estimator.reservoir_.backward_layers_)
        for estimator in (one, other)
    )
    if len(layers) != len(others) or not all(map(Layer.same_as, layers, others)):
        raise ValueError(
            "other has another reservoir: give both the same parameters and an int random_state. "
            "(Plasticity makes a reservoir of its own from each part of the data.)"
        )
    if not ModelSpace.same(one.reservoir_._model_space, other.reservoir_._model_space):
        raise ValueError(
            "other has other principal components of its states, which pooling='states' learns "
            "from the first data: their coordinates do not add up."
        )
    for name, mine in one._form.items():
        its = other._form[name]
        if mine != its:
            raise ValueError(f"other has {name}={its!r}, expected {mine!r} as here.")
    if one._n_readout_features != other._n_readout_features or one._targets_differ(other):
        raise ValueError(
            "other was fitted to other features or targets: merging adds up what both have learned "
            "of the same."
        )


def _check_alphas(alphas):
    """Check candidates for the penalty.

    Raises
    ------
    ValueError
        If they are not one-dimensional, positive and finite, or there are none.
    """
    try:
        values = np.asarray(alphas, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.array([])
    if values.ndim != 1 or len(values) == 0 or not (np.isfinite(values) & (values > 0)).all():
        raise ValueError(
            f"alphas must be one-dimensional, finite and positive, at least one, got {alphas!r}."
        )
