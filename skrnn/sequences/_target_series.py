"""Weights of the time steps of targets that have their own lengths.

Tokens are followed by a stop token, which an encoder-decoder predicts too. Its weight decides how
much a wrong length counts.
"""

import numpy as np

from skrnn._check_arrays import as_array
from skrnn.sequences._target_weights import checked_step_weights
from skrnn.sequences._targets import as_list_or_array, require_as_many, require_same_width


def weight_series(sample_weight, counts, input_name="sample_weight", *, has_stops=False):
    """Return the weights of the time steps of all targets in one array.

    Parameters
    ----------
    sample_weight : list of array-like of shape (L_i,), or array-like of shape (n, L)
    counts : ndarray of int of shape (n,)
        The number of time steps of each target.
    input_name : str, default="sample_weight"
    has_stops : bool, default=False
        Whether the last time step of each target is a stop token. It has the weight of the token
        before it, unless there is an additional weight after those of the tokens.

    Raises
    ------
    ValueError
        If there is not one weight per time step, if a weight is negative or not finite, or if all
        are zero.

    Examples
    --------
    >>> weight_series([[1, 0], [2]], np.array([2, 1]))
    array([1., 0., 2.])
    >>> weight_series([[1, 0], [2, 3]], np.array([3, 2]), has_stops=True)
    array([1., 0., 0., 2., 3.])
    """
    sample_weight = as_list_or_array(sample_weight, input_name)
    require_as_many(sample_weight, len(counts), input_name)
    series = [as_array(one, f"{input_name}[{i}]") for i, one in enumerate(sample_weight)]
    for i, one in enumerate(series):
        if one.ndim == 0:
            raise ValueError(
                f"{input_name} must contain one weight per target sequence, or one sequence of "
                f"weights for each, got the number {one} as {input_name}[{i}] among sequences."
            )
        if has_stops and 0 < len(one) == counts[i] - 1:
            series[i] = one = np.concatenate([one, one[-1:]])
        if len(one) != counts[i]:
            raise ValueError(
                f"{input_name}[{i}] has {len(one)} weights, but its target has "
                f"{_in_words(counts[i], has_stops)}."
            )
    require_same_width(series, input_name)
    return checked_step_weights(np.concatenate(series), input_name)


def _in_words(count, has_stops):
    """Return the expected number of weights for one target."""
    if not has_stops:
        return f"{count} time steps"
    if count == 1:
        return "no tokens, so that only the weight of its stop is expected"
    return f"{count - 1} tokens: expected one weight for each, and optionally one for the stop"


def known_with_stops(known, counts):
    """Return which targets are not missing, with a stop after each target.

    A stop is missing if the token before it is: such a target may not have ended there.

    Examples
    --------
    >>> known_with_stops(np.array([True, False, True]), np.array([2, 0, 1])).tolist()
    [True, False, False, True, True, True]
    """
    ends = np.cumsum(counts)
    return np.insert(known, ends, np.where(counts > 0, known[ends - 1], True))
