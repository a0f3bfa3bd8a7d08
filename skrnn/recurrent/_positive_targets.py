"""Losses and output activations for positive targets, such as counts and amounts.

A Poisson or gamma loss compares positive targets with positive predictions. The network then
predicts the logarithm of the mean (a log link), or any number before a softplus. Such targets are
divided by their mean, and not standardised, because standardised targets are partly negative.
"""

import numpy as np

from skrnn.recurrent._codecs import loss_names, mean_and_spread

# Output activations whose outputs are positive.
POSITIVE_ACTIVATIONS = ("exponential", "softplus")
_LOSSES = ("poisson", "gamma")


def resolve_output_activation(output_activation, loss):
    """Return an output activation, with "auto" replaced by its meaning.

    Parameters
    ----------
    output_activation : {"auto", "linear", "exponential", "softplus"}
    loss : str, Keras object or callable

    Raises
    ------
    ValueError
        If the loss needs positive predictions and the activation also returns others.

    Examples
    --------
    >>> resolve_output_activation("auto", "gamma"), resolve_output_activation("auto", "mse")
    ('exponential', 'linear')
    """
    family = _family(loss)
    if output_activation == "auto":
        return "linear" if family is None else "exponential"
    if output_activation == "linear" and family is not None:
        raise ValueError(
            f"output_activation='linear' predicts negative numbers too, but the {family} loss is "
            "only defined for positive ones. Use 'auto', 'exponential' or 'softplus'."
        )
    return output_activation


def check_positive(y, output_activation, loss, input_name="y"):
    """Check that targets are in the range of a loss and an output activation.

    Parameters
    ----------
    y : ndarray of shape (n,) or (n, n_targets)
    output_activation : str
    loss : str, Keras object or callable
    input_name : str, default="y"

    Raises
    ------
    ValueError
        If a target is negative, or 0 for the gamma loss.
    """
    family = _family(loss)
    if family is None and output_activation not in POSITIVE_ACTIVATIONS:
        return
    is_gamma = family == "gamma"
    lowest = y.min()
    if lowest > 0 or (lowest == 0 and not is_gamma):
        return
    cause = f"output_activation={output_activation!r}" if family is None else f"The {family} loss"
    expected = "positive" if is_gamma else "zero or positive"
    raise ValueError(f"{cause} needs {expected} targets, but {input_name} contains {lowest:g}.")


def mean_as_scale(y, weights):
    """Return the factors of positive targets: the mean of each column, or 1 if it is zero.

    Parameters
    ----------
    y : ndarray of shape (n, n_targets)
    weights : ndarray of shape (n,)

    Examples
    --------
    >>> mean_as_scale(np.array([[1.0, 0.0], [4.0, 0.0]]), np.array([2.0, 1.0]))
    array([2., 1.])
    """
    mean = mean_and_spread(y, weights)[0]
    return np.where(mean > 0, mean, 1.0)


def _family(loss):
    """Return "poisson" or "gamma" for a loss of this name, and None for any other loss."""
    names = [name.lower() for name in loss_names(loss)]
    return next((family for family in _LOSSES if family in names), None)
