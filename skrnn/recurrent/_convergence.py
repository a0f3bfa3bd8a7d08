"""A warning if a network has learned hardly anything, which a constant prediction reveals."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skrnn._specs import least_updates
from skrnn.recurrent._codecs import mean_and_spread
from skrnn.sequences._class_outputs import columns_of_targets

# Fewer updates are a trial, whose result is not expected to be better than a constant.
_LEAST_UPDATES = 500
# A network that has learned nothing can be better than a constant by chance, but not by much.
_LEAST_GAIN = 0.001
_CROSS_ENTROPIES = (
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
)


def loss_of_best_constant(loss, targets, weights, groups=()):
    r"""Return the lowest loss of a constant prediction, or None for a loss that is not known.

    With weights :math:`w_i` of mean 1, this is the weighted variance of the targets for the mean
    squared error, and :math:`-\sum_k p_k \log p_k` with the weighted class frequencies :math:`p_k`
    for a cross-entropy; for several labels or class outputs, it is the mean over these.

    Parameters
    ----------
    loss : str or object
    targets : ndarray of shape (n,) or (n, n_outputs)
        Targets as the network receives them; those of shape (n,) are class codes.
    weights : ndarray of shape (n,)
    groups : tuple of int, default=()
        The number of classes of each of several class outputs.

    Examples
    --------
    >>> loss_of_best_constant("mean_squared_error", np.array([[1.0], [3.0]]), np.ones(2))
    1.0
    >>> round(loss_of_best_constant("binary_crossentropy", np.eye(2)[:, :1], np.ones(2)), 4)
    0.6931
    """
    if not isinstance(loss, str):
        return None
    if loss == "mean_squared_error":
        _, spread = mean_and_spread(targets, weights)
        return float((spread**2).mean())
    if loss not in _CROSS_ENTROPIES:
        return None
    if groups:
        columns = columns_of_targets(groups, class_codes=targets.dtype.kind == "i")
        each = [loss_of_best_constant(loss, targets[:, of_one], weights) for of_one in columns]
        return float(np.mean(each))
    weights = weights.astype(float)
    totals = np.bincount(targets, weights=weights) if targets.ndim == 1 else weights @ targets
    if loss == "binary_crossentropy":
        return float(np.mean([_entropy([total, weights.sum() - total]) for total in totals]))
    return _entropy(totals)


def _entropy(totals):
    frequencies = np.asarray(totals)[np.greater(totals, 0)] / np.sum(totals)
    return float(-(frequencies * np.log(frequencies)).sum())


def warn_if_nothing_was_learned(job, history):
    """Warn if the training loss of the last epoch is hardly lower than that of the best constant.

    Parameters
    ----------
    job : TrainingJob
    history : dict of str to list of float
        The history of this job alone.
    """
    losses, training, examples = history["loss"], job.training, job.examples
    lengths = examples.sequences.lengths
    n_updates = len(losses) * least_updates(lengths, training.batch_size, training.truncation)
    # The loss of a network with an L2 penalty includes this penalty.
    if n_updates < _LEAST_UPDATES or job.spec.l2 > 0:
        return
    targets = examples.encoded().targets.values
    groups = job.spec.output_groups
    best = loss_of_best_constant(training.loss, targets, examples.weights, groups)
    if best and losses[-1] >= (1 - _LEAST_GAIN) * best:
        warnings.warn(
            "The network has learned hardly anything from X: its training loss is "
            f"{losses[-1]:.4g} after {len(losses)} epochs, and that of the best constant "
            f"prediction is {best:.4g}. Use standardize=True if the features are far from unit "
            "scale, or choose another learning_rate, pooling or number of epochs.",
            ConvergenceWarning,
            stacklevel=2,
        )
