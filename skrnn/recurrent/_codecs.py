"""Convert targets from the units of the user to those of the network, and back."""

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skrnn.sequences._class_targets import require_kind
from skrnn.sequences._standardization import needs_float64
from skrnn.sequences._targets import class_factors, label_codes

# The largest rounding of targets that are not standardised, in units of their spread.
_LARGEST_ROUNDING = 1e-3
# The largest mean and standard deviation of targets of a later training, in units of the scale of
# the first one. As for features; see `_data`.
_LARGEST_DISTANCE = 200.0
# The number of targets that are processed at once.
_BLOCK = 2**14


class ClassCodec:
    """What the codecs of classifiers have in common; they have an attribute `dtype`."""

    @property
    def target_scale(self):
        """The scale 1 and the offset 0, because classes have no units."""
        return np.ones(1, self.dtype), np.zeros(1, self.dtype)

    @property
    def metrics_dtype(self):
        """The dtype in which metrics are computed."""
        return "float32"


@dataclass(frozen=True)
class LabelCodec(ClassCodec):
    """Converts class labels to targets of the network, and its outputs to labels.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
    loss : str or Keras object or callable
        "auto" stands for the cross-entropy of the classes.
    class_weight : dict, "balanced" or None
    dtype : str
    """

    classes: np.ndarray
    loss: Any
    class_weight: Any
    dtype: str

    @property
    def resolved_loss(self):
        """The loss, with "auto" replaced by its meaning."""
        if isinstance(self.loss, str) and self.loss == "gamma":
            raise ValueError(
                "loss='gamma' is for the positive targets of an RNNRegressor. For classes, use "
                "loss='auto'."
            )
        if isinstance(self.loss, str) and self.loss == "auto":
            is_binary = len(self.classes) == 2
            return "binary_crossentropy" if is_binary else "sparse_categorical_crossentropy"
        return self.loss

    @property
    def output(self):
        """The number of outputs and the activation of the output layer."""
        if _target_form(self.resolved_loss, len(self.classes)) == "binary":
            return 1, "sigmoid"
        return len(self.classes), "softmax"

    def encode(self, y, input_name="y"):
        """Return labels in the form that the loss needs."""
        require_kind(y, None, input_name, "the classifier")
        codes = label_codes(y, self.classes, input_name)
        form = _target_form(self.resolved_loss, len(self.classes))
        if form == "codes":
            return codes.astype(np.int32)
        if form == "binary":
            return codes[:, None].astype(self.dtype)
        return np.eye(len(self.classes), dtype=self.dtype)[codes]

    def decode(self, outputs):
        """Return the labels that outputs predict."""
        return self.classes[_codes(outputs > 0.5 if outputs.shape[1] == 1 else outputs)]

    def probabilities(self, outputs):
        """Return the probability of each class."""
        return np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs

    def weighted(self, targets, weights):
        """Return the weights of encoded targets multiplied by those of their classes."""
        if self.class_weight is None:
            return weights
        factors = class_factors(_codes(targets), self.class_weight, self.classes, weights)
        return weights * (factors / (factors.max() or 1.0))


@dataclass(frozen=True)
class NumberCodec:
    """Standardises numeric targets for training, and converts outputs to their original units.

    Parameters
    ----------
    offset, scale : ndarray of shape (n_targets,)
        ``(y - offset) / scale`` is what the network is trained on. A constant target has the scale
        0, so that it is predicted exactly, and the network is trained on ``y - offset``.
    is_one_dimensional : bool
        Whether `y` was one-dimensional.
    loss : str or Keras object or callable
        "auto" stands for the mean squared error.
    output_activation : str
    dtype : str
    estimator_name : str
        The name of the estimator in error messages.
    """

    offset: np.ndarray
    scale: np.ndarray
    is_one_dimensional: bool
    loss: Any
    output_activation: str
    dtype: str
    estimator_name: str

    @property
    def resolved_loss(self):
        """The loss, with "auto" replaced by its meaning."""
        is_auto = isinstance(self.loss, str) and self.loss == "auto"
        return "mean_squared_error" if is_auto else self.loss

    @property
    def output(self):
        """The number of outputs and the activation of the output layer."""
        return len(self.offset), self.output_activation

    @property
    def target_scale(self):
        """The scale and the offset from outputs to the units of the user."""
        dtype = np.promote_types(self.dtype, self.metrics_dtype)
        return self.scale.astype(dtype), self.offset.astype(dtype)

    @property
    def metrics_dtype(self):
        """The dtype in which metrics are computed: float64 if float32 would round their values."""
        spread = np.where(self.scale == 0, 1.0, self.scale)
        return "float64" if needs_float64(self.offset, spread) else "float32"

    def checked(self, y, input_name="y"):
        """Return targets that `encode` accepts, one row for each, without a copy."""
        y = y.reshape(len(y), -1)
        try:
            for rows in _blocks(len(y)):
                self.encode(y[rows], input_name)
        except ValueError:
            # The message names the largest of all targets.
            self.encode(y, input_name)
        return y

    def encode(self, y, input_name="y"):
        """Return standardised targets."""
        y = y.reshape(len(y), -1)
        if y.shape[1] != len(self.offset):
            raise ValueError(
                f"{input_name} has {y.shape[1]} targets, but {self.estimator_name} was fitted "
                f"with {len(self.offset)}."
            )
        scale = np.where(self.scale == 0, 1.0, self.scale)
        encoded = np.empty(y.shape, self.dtype)
        with np.errstate(over="ignore"):
            for rows in _blocks(len(y)):
                encoded[rows] = (y[rows] - self.offset) / scale
        if not all(np.isfinite(encoded[rows]).all() for rows in _blocks(len(y))):
            raise ValueError(
                f"{input_name} has values that are too large for dtype={self.dtype!r} after they "
                f"are standardised; the largest magnitude is {np.abs(y).max():g}. "
                "Use normalize_y=True, or scale y."
            )
        return encoded

    def decode(self, outputs):
        """Return outputs in the units of the user."""
        targets = outputs * self.scale + self.offset
        return targets[:, 0] if self.is_one_dimensional else targets

    def weighted(self, targets, weights):
        """Return the weights of targets: there are no classes to weight."""
        return weights


def _target_form(loss, n_classes):
    """Return the form of labels for a loss: "codes", "binary" (one column) or "indicators"."""
    names = [name.lower() for name in loss_names(loss)]
    if any(name.startswith("sparse") for name in names):
        return "codes"
    if not any(name.startswith(("binary", "bce")) for name in names):
        return "indicators"
    if n_classes != 2:
        raise ValueError(f"loss={loss!r} is for 2 classes, but y has {n_classes}. Use loss='auto'.")
    return "binary"


def loss_names(loss):
    """Return the names of a loss: its own and those of its function and its base classes."""
    if isinstance(loss, str):
        return [loss]
    function = getattr(loss, "func", getattr(loss, "fn", loss))
    return [getattr(function, "__name__", ""), *(kind.__name__ for kind in type(loss).__mro__)]


def _codes(encoded):
    """Return class codes from any form of encoded targets, or from outputs."""
    if encoded.ndim == 1:
        return encoded
    return encoded[:, 0].astype(int) if encoded.shape[1] == 1 else encoded.argmax(axis=1)


def mean_and_spread(y, weights):
    """Return the weighted mean and standard deviation of each column.

    A constant column has its value as mean and exactly 0 as standard deviation. Squares of very
    large and very small numbers neither overflow nor underflow.

    Parameters
    ----------
    y : ndarray of shape (n, n_targets)
    weights : ndarray of shape (n,)

    Examples
    --------
    >>> y = 1e-200 * np.array([[1.0, 7.0], [3.0, 7.0]])
    >>> mean, spread = mean_and_spread(y, np.ones(2))
    >>> mean, spread
    (array([2.e-200, 7.e-200]), array([1.e-200, 0.e+000]))
    """
    blocks = list(_blocks(len(y)))
    # Powers of two scale exactly.
    exponents = np.frexp(np.max([np.abs(y[rows]).max(axis=0) for rows in blocks], axis=0))[1]
    total = weights.sum(dtype=np.float64)

    def average(function):
        def weighted(rows):
            scaled = np.ldexp(y[rows].astype(np.float64), -exponents)
            return function(scaled) * weights[rows, None]

        return _sum_of_rows(weighted, y.shape) / total

    mean = average(lambda scaled: scaled)
    spread = np.sqrt(average(lambda scaled: (scaled - mean) ** 2))
    constant = np.all([(y[rows] == y[0]).all(axis=0) for rows in blocks], axis=0)
    return (
        np.where(constant, y[0], np.ldexp(mean, exponents)),
        np.where(constant, 0.0, np.ldexp(spread, exponents)),
    )


def _blocks(n):
    """Yield slices of at most `_BLOCK` of n rows."""
    for start in range(0, n, _BLOCK):
        yield slice(start, min(start + _BLOCK, n))


def _sum_of_rows(read, shape):
    """Return the sum of the rows of a matrix that is read block by block.

    The numbers are added in the order of `numpy.sum`, so that the sum is the same to the last bit:
    one row after another, and in pairs of sums if there is one column.

    Parameters
    ----------
    read : callable
        A function of a slice of rows.
    shape : tuple (n_rows, n_columns)

    Examples
    --------
    >>> column = np.random.default_rng(0).normal(size=(200_000, 1))
    >>> bool(_sum_of_rows(column.__getitem__, column.shape) == column.sum(axis=0))
    True
    """

    def sum_of_pairs(begin, end):
        if end - begin <= _BLOCK:
            return read(slice(begin, end)).sum(axis=0)
        middle = begin + (end - begin) // 16 * 8
        return sum_of_pairs(begin, middle) + sum_of_pairs(middle, end)

    n, n_columns = shape
    if n_columns == 1:
        return sum_of_pairs(0, n)
    total = np.zeros(n_columns)
    for rows in _blocks(n):
        total = np.concatenate([total[None], read(rows)]).sum(axis=0)
    return total


def with_scale_of_constants(codec, y, weights):
    """Return a codec in which targets that were constant get the scale of later targets.

    Without this, training on more data could not change the prediction of such a target.

    Parameters
    ----------
    codec : NumberCodec
    y : ndarray of shape (n, n_targets) or (n,)
    weights : ndarray of shape (n,)
    """
    y = y.reshape(len(y), -1)
    constant = codec.scale == 0
    if not constant.any() or y.shape[1] != len(constant):
        return codec
    distance = np.abs(y - codec.offset)
    exponents = np.frexp(distance.max(axis=0))[1]
    squares = np.average(np.ldexp(distance, -exponents) ** 2, axis=0, weights=weights)
    spread = np.ldexp(np.sqrt(squares), exponents)
    return replace(codec, scale=np.where(constant, spread, codec.scale))


def warn_if_far_from_first_targets(codec, y, weights):
    """Warn if targets lie far outside the scale of those that a codec was learned from.

    Parameters
    ----------
    codec : NumberCodec
    y : ndarray of shape (n, n_targets) or (n,)
    weights : ndarray of shape (n,)
    """
    y = y.reshape(len(y), -1)
    known = codec.scale > 0
    if len(y) == 0 or y.shape[1] != len(known):
        return
    mean, spread = mean_and_spread(y, weights)
    scale = np.where(known, codec.scale, 1.0)
    with np.errstate(over="ignore"):
        farthest = np.maximum(np.abs(mean - codec.offset), spread) / scale
    farthest = np.where(known, farthest, 0.0)
    if farthest.max() <= _LARGEST_DISTANCE:
        return
    j = int(farthest.argmax())
    warnings.warn(
        f"Target {j} of y is divided by {scale[j]:.3g}, the scale of the first training data, and "
        f"now has the mean {mean[j]:.3g} and the standard deviation {spread[j]:.3g}. A network "
        "hardly learns such targets. Train on typical data first, or use a new estimator.",
        ConvergenceWarning,
        stacklevel=2,
    )


def warn_if_rounded(y, dtype, input_name="y"):
    """Warn if a dtype is too coarse for the spread of targets that are not standardised."""
    with np.errstate(over="ignore", invalid="ignore"):
        rounding = np.spacing(np.abs(y).max(axis=0).astype(dtype))
    spread = mean_and_spread(y, np.ones(len(y)))[1]
    if ((spread > 0) & (rounding > _LARGEST_ROUNDING * spread)).any():
        warnings.warn(
            f"dtype={dtype!r} rounds {input_name} to multiples of {rounding.max():g}, but its "
            f"standard deviation is only {spread[rounding.argmax()]:g}. Use normalize_y=True, "
            "subtract an offset, or use dtype='float64'.",
            UserWarning,
            stacklevel=2,
        )
