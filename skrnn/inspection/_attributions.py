r"""`feature_attributions`: how much each time step and feature contributes to a prediction.

The functions work on `Explained` outputs, which are functions of the vectors that the network
reads. All vectors of many sequences are computed in calls of bounded size.
"""

import warnings

import numpy as np

from skrnn.inspection._arguments import check_choice
from skrnn.inspection._networks import find_network
from skrnn.recurrent._explain import ATTRIBUTION_LIMITS, explained
from skrnn.sequences import to_padded
from skrnn.sequences._sequences import offsets_of
from skrnn.sequences._targets import nest_steps

_METHODS = ("integrated_gradients", "occlusion")
# The largest number of sequences, and of numbers in their vectors, in one call.
_MAX_ROWS = 2**11
_MAX_NUMBERS = 2**21
# The largest error of a sum of attributions without a warning, as a fraction of the difference
# between the outputs, or of the largest one among all sequences if that is much smaller.
_TOLERANCE = 0.05


def feature_attributions(
    estimator,
    X,
    *,
    method="integrated_gradients",
    target=None,
    time_step=None,
    baseline=None,
    n_steps=64,
):
    r"""Return how much each time step and feature contributes to a prediction.

    Attributions are exact for sequences of different lengths: padding has no attribution, and the
    attributions of a sequence do not depend on the other sequences.

    Three things have no attributions. The estimator must be a recurrent network and not an echo
    state network. It must have been fitted without static features, or with ``static=None``, which
    ignores them. The sequences must not contain NaN: fill gaps first, for example with
    :class:`~skrnn.preprocessing.Interpolator`. Permutation importance has none of these limits
    (:ref:`permutation_importance`).

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
        A fitted estimator, or a Pipeline or a search that contains one. In a Pipeline, X passes
        through the transformers, and attributions are those of the transformed features.

    X : as in `predict`
        The sequences to explain.

    method : {"integrated_gradients", "occlusion"}, default="integrated_gradients"
        "integrated_gradients" divides the difference between the outputs for the sequence and for
        the baseline among all time steps and features [1]_. "occlusion" is the difference between
        the output for the sequence and the output if one feature at one time step has the value
        of the baseline [2]_. It requires one prediction for each time step and feature, and is the
        only method for networks with categorical features.

    target : class label, int, array-like of shape (n,) or None, default=None
        The output to explain. For a classifier, this is the probability of a class, and `target`
        is the label of this class, or an array with one label per sequence. If None, the class
        that is predicted for each sequence is explained. For a regressor or an indicator matrix,
        `target` is the index of the output or the label, and may be None if there is only one.

    time_step : int or None, default=None
        The time step of the output, for estimators with ``return_sequences=True``. A negative
        number counts from the end of each sequence. If None, it is the last time step.

    baseline : float, array-like of shape (n_features,), int or None, default=None
        The features of all time steps of the baseline, in the units of X. If None, each feature is
        its mean over the training data if `estimator` standardises it, and otherwise 0, and one-hot
        time steps are vectors of zeros. For token ids, `baseline` is the id of a token. If None,
        the embedding of each token is replaced by a vector of zeros. It must be None with
        categorical features, whose baseline is a category that is not in the training set.

    n_steps : int, default=64
        The number of points on the straight line from the baseline to the sequence at which
        integrated gradients are computed, at least 1. Only used if `method` is
        "integrated_gradients".

    Returns
    -------
    attributions : ndarray, or list of ndarray
        The attributions, in the units of the output: probabilities, or targets. For each sequence
        they have the shape (T_i, n_features), or (T_i,) if time steps are token ids or one-hot
        rows of sparse matrices. If `X` is an array, they are in one array, whose first axis is that
        of the sequences. Otherwise they are in a list.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.

    TypeError
        If `estimator` is not an RNNClassifier or RNNRegressor, and does not contain one.

    ValueError
        If a parameter is not valid, if X contains NaN or does not have the format of the training
        data, or if the estimator was fitted with static features.

    Warns
    -----
    UserWarning
        If `n_steps` is so small that the integrated gradients of a sequence have a sum that is
        wrong by more than 5 %.

    See Also
    --------
    AttributionDisplay : Plots attributions.

    Notes
    -----
    Let :math:`f` be the output, :math:`x` the sequence and :math:`b` the baseline, which has the
    same length. The attribution of feature :math:`j` at time step :math:`t` is

    .. math::

        a_{tj} = (x_{tj} - b_{tj}) \int_0^1
            \frac{\partial f(b + \alpha (x - b))}{\partial x_{tj}} \, d\alpha

    and their sum is :math:`f(x) - f(b)`. The integral is a sum over the midpoints of `n_steps`
    intervals. Features are those of X: with `standardize` and `add_differences`, the network
    computes its own features from them, and the gradient passes through this computation. The
    vector of a token is its embedding, and its attribution is the sum over the vector.

    References
    ----------
    .. [1] M. Sundararajan, A. Taly, Q. Yan, "Axiomatic attribution for deep networks", ICML 2017,
       equation 1.
    .. [2] M. D. Zeiler, R. Fergus, "Visualizing and understanding convolutional networks", ECCV
       2014, section 4.2.

    Examples
    --------
    The target is the sum of the first feature. The second feature is noise.

    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> from skrnn.inspection import feature_attributions
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((60, 5, 2))
    >>> y = X[:, :, 0].sum(axis=1)
    >>> regressor = RNNRegressor(
    ...     cell="simple", units=4, pooling="mean", epochs=40, learning_rate=0.02, random_state=0
    ... ).fit(X, y)
    >>> attributions = feature_attributions(regressor, X)
    >>> attributions.shape
    (60, 5, 2)
    >>> of_signal, of_noise = np.abs(attributions).mean(axis=(0, 1))
    >>> bool(of_signal > 3 * of_noise)
    True
    """
    check_choice(method, "method", _METHODS)
    if isinstance(n_steps, bool) or not isinstance(n_steps, int | np.integer) or n_steps < 1:
        raise ValueError(f"n_steps must be an int of at least 1, got {n_steps!r}.")
    network, given = find_network(estimator, X, "feature_attributions", ATTRIBUTION_LIMITS)
    if method == "integrated_gradients" and network.categories_:
        raise ValueError(
            "method='integrated_gradients' needs a gradient for each feature, which the "
            f"categorical features {list(network.categories_)} do not have. Use "
            "method='occlusion'."
        )
    with explained(
        network, given, target=target, time_step=time_step, baseline=baseline
    ) as explain:
        if method == "occlusion":
            values = _occlusion(explain)
        else:
            values = _integrated_gradients(explain, n_steps)
        return nest_steps(values, given, explain.inputs)


def _integrated_gradients(explain, n_steps):
    """Return the attributions of all time steps, one sequence after another."""
    lengths = explain.vectors.lengths
    total = np.zeros((lengths.sum(), len(explain.baseline)))
    at = offsets_of(lengths)
    for rows, point, width in _chunks(explain, n_steps):
        x, difference = _padded(explain, rows, width)
        left = (1 - (point + 0.5) / n_steps)[:, None, None]
        _, gradients = explain(x - left * difference, rows, gradients=True)
        for i, one in zip(rows, difference * gradients, strict=True):
            total[at[i] : at[i] + lengths[i]] += one[: lengths[i]]
    total /= n_steps
    _warn_if_incomplete(explain, np.add.reduceat(total.sum(axis=1), at), n_steps)
    return total.sum(axis=1) if explain.per_step else total


def _warn_if_incomplete(explain, sums, n_steps):
    """Warn if attributions do not add up to the difference between the outputs."""
    ends = np.empty((len(sums), 2))
    for rows, is_baseline, width in _chunks(explain, 2):
        x, difference = _padded(explain, rows, width)
        ends[rows, is_baseline], _ = explain(x - is_baseline[:, None, None] * difference, rows)
    expected = ends[:, 0] - ends[:, 1]
    scale = np.maximum(np.abs(expected), 0.1 * np.abs(expected).max())
    errors = np.abs(sums - expected) / np.where(scale == 0, 1, scale)
    if errors.max() > _TOLERANCE:
        warnings.warn(
            f"The sum of the attributions of sequence {errors.argmax()} differs by "
            f"{errors.max():.1%} from the difference between the outputs for the sequence and for "
            f"the baseline. Increase n_steps={n_steps}.",
            UserWarning,
            stacklevel=3,
        )


def _occlusion(explain):
    """Return the attributions of all time steps, one sequence after another."""
    lengths, dimensions = explain.vectors.lengths, len(explain.baseline)
    parts = 1 if explain.per_step else dimensions
    values, at = np.zeros((lengths.sum(), parts)), offsets_of(lengths)
    unchanged = np.empty(len(lengths))
    for rows, _, width in _chunks(explain, 1):
        unchanged[rows], _ = explain(_padded(explain, rows, width)[0], rows)
    for rows, part, width in _chunks(explain, lengths * parts):
        x, _ = _padded(explain, rows, width)
        step, feature = np.divmod(part, parts)
        within = np.arange(len(rows)), step
        if explain.per_step:
            x[within] = explain.baseline
        else:
            x[(*within, feature)] = explain.baseline[feature]
        outputs, _ = explain(x, rows)
        values[at[rows] + step, feature] = unchanged[rows] - outputs
    return values[:, 0] if explain.per_step else values


def _chunks(explain, counts):
    """Yield indices of sequences, each `counts` times, with numbers from 0, and a padded length.

    Sequences of similar length are in the same chunk. There are few padded lengths, because a
    backend may have to compile for each of them.
    """
    lengths = explain.vectors.lengths
    longest, counts = int(lengths.max()), np.broadcast_to(counts, lengths.shape)
    order = np.argsort(lengths, kind="stable")
    rows = np.repeat(order, counts[order])
    numbers = np.arange(len(rows)) - np.repeat(offsets_of(counts[order]), counts[order])
    size = min(_MAX_ROWS, max(1, _MAX_NUMBERS // (longest * len(explain.baseline))))
    for start in range(0, len(rows), size):
        chunk = rows[start : start + size]
        width = 1 << (int(lengths[chunk[-1]]) - 1).bit_length()
        yield chunk, numbers[start : start + size], min(width, longest)


def _padded(explain, rows, width):
    """Return the vectors of sequences, and their differences from the baseline, 0 for padding."""
    x = to_padded(explain.vectors[rows], value=0, length=width)
    real = np.arange(width) < explain.vectors.lengths[rows][:, None]
    return x, np.where(real[:, :, None], x - explain.baseline, 0)
