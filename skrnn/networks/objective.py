"""The loss of a network with weights, and its metrics, the same on every backend."""

import inspect
from functools import lru_cache, partial

import keras
from keras import ops

from skrnn.networks import backends
from skrnn.networks.fingerprint import describe, settings
from skrnn.networks.fingerprint.libraries import library_name
from skrnn.networks.keras_objects import rebuild_whole
from skrnn.networks.metrics import Metrics
from skrnn.networks.output_groups import grouped_softmax
from skrnn.sequences._class_outputs import columns_of_targets, group_slices


class Objective:
    """The loss of a network and the metrics that are reported next to it.

    Parameters
    ----------
    training : TrainingSpec
    spec, class_codes : as in `Metrics`
    skips : bool, default=False
        Whether some time steps have targets of weight zero. They are then left out of the mean of
        the losses and of the metrics, as if they were not there.

    Attributes
    ----------
    metrics : Metrics
    skips : bool

    Raises
    ------
    ValueError
        If Keras does not know the loss, or as in `Metrics`.
    """

    @backends.uses_device
    def __init__(self, spec, training, *, class_codes, skips=False):
        self.skips = skips
        self._activation = keras.activations.get(spec.output_activation)
        self._groups = []
        if spec.output_groups:
            self._activation = partial(grouped_softmax, groups=spec.output_groups)
            of_targets = columns_of_targets(spec.output_groups, class_codes=class_codes)
            self._groups = [*zip(of_targets, group_slices(spec.output_groups), strict=True)]
        self._loss, self._from_logits = make_loss(training.loss)
        self.metrics = Metrics(
            training.metrics, spec=spec, class_codes=class_codes, dtype=training.metrics_dtype
        )

    def weighted_losses(self, true, raw, weights):
        """Return the weighted loss of each target, and the predictions.

        Parameters
        ----------
        true : tensor of shape (n_targets,), (n_targets, n_outputs) or (n_targets, n_groups)
            The targets of the network.
        raw : tensor of shape (n_targets, n_outputs)
            The outputs before their activation.
        weights : tensor of shape (n_targets,)
        """
        predicted = self._activation(raw)
        outputs = raw if self._from_logits else predicted
        pairs = [(true, outputs)]
        if self._groups:
            pairs = [(true[:, known], outputs[:, columns]) for known, columns in self._groups]
        losses = [_one_per_target(self._loss(*pair)) for pair in pairs]
        mean = losses[0] if len(losses) == 1 else ops.mean(ops.stack(losses), axis=0)
        return mean * weights, predicted


def gamma_deviance(true, predicted):
    r"""Return the unit deviance of the gamma distribution, which Keras does not have.

    It is :math:`2 (y / \hat y - 1 - \ln(y / \hat y))` (McCullagh and Nelder, 1989, section 8.3).

    Parameters
    ----------
    true, predicted : tensor of shape (n_targets, n_outputs)
        Positive numbers.
    """
    ratio = true / predicted
    return 2 * ops.mean(ratio - 1 - ops.log(ratio), axis=-1)


def _one_per_target(losses):
    n_dimensions = len(losses.shape)
    if n_dimensions == 0:
        raise ValueError(
            "loss must return one value per target, got one value for all of them. Remove the "
            "average or the sum over the targets."
        )
    if n_dimensions == 1:
        return losses
    return ops.mean(losses, axis=tuple(range(1, n_dimensions)))


@backends.uses_device
def describe_objective(training):
    """Return a description of the loss and the metrics; equal ones are compiled to equal programs.

    Parameters
    ----------
    training : TrainingSpec
    """
    parts = training.loss, *training.metrics
    if all(type(part) is str for part in parts):
        return _describe_names(parts, settings())
    names = [getattr(metric, "name", None) for metric in training.metrics]
    return describe((*parts, names, settings()))


@lru_cache(maxsize=64)
def _describe_names(parts, settings_now):
    """Return the description of a loss and metrics that are given by their names."""
    return describe((*parts, settings_now))


def make_loss(loss):
    """Return a loss as a function of (true, predicted) that returns one value per target.

    Returns
    -------
    function : callable
    from_logits : bool
        Whether the function takes the output before its activation. The loss is then exact even
        if the output after its activation would be rounded to 0 or 1.

    Raises
    ------
    ValueError
        If `loss` is not "gamma", a Keras name, a Keras loss or a callable.
    """
    if isinstance(loss, str) and loss == "gamma":
        return gamma_deviance, False
    # Keras would make an object of any class that a dict names.
    if not isinstance(loss, str | keras.losses.Loss) and not callable(loss):
        raise _not_a_loss(loss)
    try:
        found = keras.losses.get(loss)
    except ValueError as error:
        raise _not_a_loss(loss) from error
    if isinstance(found, keras.losses.Loss):
        return _loss_of_object(found)
    is_known = library_name(found) is not None
    if (_known_takes_logits if is_known else _takes_logits)(found):
        return partial(found, from_logits=True), True
    return found, False


def _takes_logits(function):
    return "from_logits" in inspect.signature(function).parameters


# The functions of a library do not change, and this is asked for each fit.
_known_takes_logits = lru_cache(maxsize=64)(_takes_logits)


def _not_a_loss(loss):
    return ValueError(
        "loss must be 'auto', 'gamma', the name of a Keras loss, a keras.losses.Loss or a "
        f"callable, got {loss!r}."
    )


def _loss_of_object(loss):
    """Return the function of a `keras.losses.Loss`, and whether it takes logits."""
    takes_logits = loss.get_config().get("from_logits")
    # A method of the user may rely on probabilities.
    if takes_logits is None or takes_logits or library_name(type(loss).call) is None:
        return loss.call, bool(takes_logits)
    try:
        return rebuild_whole(loss, {"from_logits": True}).call, True
    except ValueError:
        # The loss is only less exact if it takes probabilities.
        return loss.call, False
