"""The values that pass between estimators and networks.

Estimators turn their parameters and data into a `TrainingJob`; networks turn a job into a
`TrainingResult`. Nothing in this module needs a deep-learning framework, so that a fitted
estimator, which keeps a `NetworkSpec`, is unpickled without one.

Everything that a compiled program contains is a field of `NetworkSpec`, or a field of
`TrainingSpec` that describes the loss, the metrics or the optimizer. What may change from fit to
fit without a new compilation (learning rate, seeds, epochs, data) is passed at run time.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from skrnn._examples import Examples
from skrnn._persistence import stored_as_dict
from skrnn.sequences._standardization import Standardization


@stored_as_dict
@dataclass(frozen=True)
class DecoderSpec:
    """The part of an encoder-decoder that writes the target sequence.

    Parameters
    ----------
    has_encoder : bool
        Whether an encoder reads a source sequence. If False, the first states of the decoder are
        computed from a single vector.
    attention : {"luong", "bahdanau"} or None
    embedding : tuple (rows, dimensions) or None
        The shape of the embedding matrix of the earlier targets, whose last row is the start of a
        target. None for numeric targets.
    scheduled_sampling : float
        The probability with which the decoder receives its own prediction.
    n_inputs : int
        The number of known inputs at each time step of a numeric target.
    """

    has_encoder: bool
    attention: str | None
    embedding: tuple | None
    scheduled_sampling: float
    n_inputs: int = 0


@stored_as_dict
@dataclass(frozen=True)
class NetworkSpec:
    """The architecture of a network, in plain values.

    Parameters
    ----------
    cell : str or None
        One of `skrnn._cells.CELLS`. None if the cell is custom.
    units : tuple of int
        The number of units of each stacked layer.
    bidirectional, return_sequences : bool
    pooling : {"last", "mean", "max", "mean_max", "attention"}
        How the outputs at all time steps are combined into one vector. Only used when
        `return_sequences` is False.
    activation : str or callable
        A callable is compared by its description, which is part of `architecture`.
    dropout, recurrent_dropout, l2 : float
    n_features : int
        The number of features of a time step; 1 for token ids.
    embedding : tuple (rows, dimensions) or None
        The shape of the embedding matrix, or None for numeric time steps.
    train_embedding : bool
    n_outputs : int
    output_activation : {"linear", "exponential", "softplus", "sigmoid", "softmax"}
        "sigmoid" and "softmax" are those of a classifier.
    output_groups : tuple of int
        The number of classes of each of several class outputs, whose columns are side by side. Each
        group has a separate softmax. Empty for all other networks.
    dtype : {"float32", "float64"}
    body : callable or None
        The function that builds the layers between input and output, in place of `cell` and
        `units`.
    body_seed : int
        The seed for those layers of the body that are created without a seed.
    architecture : str or None
        The description of the layers that `body` or `custom_cell` built, or of `activation` if it
        is a callable. Specifications are compared by it and not by the callable, because two
        callables may build the same network, and one callable may build different networks.
    one_hot : bool
        Whether time steps are integer codes that stand for one-hot vectors of length `n_features`.
    custom_cell : class or instance of keras.layers.Layer, or None
        A Keras cell that takes the place of `cell`.
    add_differences : bool
        Whether the differences between successive time steps are further features.
    allow_nan : bool
        Whether time steps may contain NaN, which the network replaces.
    n_static : int
        The number of static features, which are a further input.
    static : {"concat", "initial_state"} or None
        Where the static features enter the network. None if there are none.
    categorical : tuple of tuple (column, rows, dimensions)
        The index of each categorical feature, whose values are rows of an embedding, and the shape
        of the embedding.
    decoder : DecoderSpec or None
        The decoder of an encoder-decoder, whose outputs are those for the time steps of the
        target. None for all other networks.
    activation_name : str or None
        `activation`, or None if it is a callable.
    """

    cell: str | None
    units: tuple
    bidirectional: bool
    return_sequences: bool
    pooling: str
    activation: str | Callable = field(compare=False)
    dropout: float
    recurrent_dropout: float
    l2: float
    n_features: int
    embedding: tuple | None
    train_embedding: bool
    n_outputs: int
    output_activation: str
    dtype: str
    body: Callable | None = field(default=None, compare=False)
    body_seed: int = field(default=0, compare=False)
    architecture: str | None = None
    one_hot: bool = False
    custom_cell: Any = field(default=None, compare=False)
    add_differences: bool = False
    allow_nan: bool = False
    n_static: int = 0
    static: str | None = None
    decoder: DecoderSpec | None = None
    categorical: tuple = ()
    output_groups: tuple = ()
    activation_name: str | None = field(init=False)

    def __post_init__(self):
        name = self.activation if isinstance(self.activation, str) else None
        object.__setattr__(self, "activation_name", name)

    @property
    def has_custom_parts(self):
        """True if `body`, `custom_cell` or `activation` is an object of the user."""
        return self.is_custom or self.activation_name is None

    @property
    def is_custom(self):
        """True if `body` or `custom_cell` builds the layers in place of `cell`."""
        return self.body is not None or self.custom_cell is not None

    @property
    def n_numeric(self):
        """The number of features that are not categorical."""
        return self.n_features - len(self.categorical)

    def for_inputs(self, sequences):
        """Return the specification with `one_hot` set for the type of the sequences."""
        return replace(self, one_hot=self.embedding is None and sequences.values.ndim == 1)


def updates_per_epoch(n_sequences, batch_size):
    """Return the number of batches of one epoch.

    Parameters
    ----------
    n_sequences : int
    batch_size : int or None
        If None, all sequences are in one batch.

    Examples
    --------
    >>> updates_per_epoch(50, 32), updates_per_epoch(50, None)
    (2, 1)
    """
    return 1 if batch_size is None else -(-n_sequences // batch_size)


def segment_counts(lengths, truncation):
    """Return the number of segments that truncated back-propagation cuts each sequence into.

    Parameters
    ----------
    lengths : ndarray of int of shape (n_sequences,)
    truncation : int or None
        The number of time steps of a segment. If None, each sequence is one segment.

    Returns
    -------
    ndarray of int of shape (n_sequences,)

    Examples
    --------
    >>> segment_counts(np.array([3, 4, 9]), 4), segment_counts(np.array([3, 4, 9]), None)
    (array([1, 1, 3]), array([1, 1, 1]))
    """
    if truncation is None:
        return np.broadcast_to(np.ones_like(lengths[:1]), lengths.shape)
    return -(-lengths // truncation)


def least_updates(lengths, batch_size, truncation):
    """Return the smallest number of updates that one epoch may have.

    If sequences differ in their number of segments, the number depends on how batches are drawn.

    Parameters
    ----------
    lengths : ndarray of int of shape (n_sequences,)
    batch_size, truncation : int or None
        As in `updates_per_epoch` and `segment_counts`.

    Examples
    --------
    One sequence of 500 segments, and 50 sequences of 10 segments in two batches:

    >>> least_updates(np.array([100_000]), 32, 200), least_updates(np.full(50, 2_000), 32, 200)
    (500, 16)
    """
    n_sequences = len(lengths)
    n_segments = int(segment_counts(lengths, truncation).sum())
    return updates_per_epoch(n_segments, min(batch_size or n_sequences, n_sequences))


@dataclass(frozen=True)
class TrainingSpec:
    """The parameters of the training of a network.

    Parameters
    ----------
    loss, optimizer : str or Keras object
    metrics, callbacks : tuple of str or Keras objects
    metrics_dtype : {"float32", "float64"}
        The precision in which metrics are computed.
    learning_rate : float or None
        If None, the optimizer's own learning rate is used.
    schedule : {"constant", "cosine", "one_cycle", "plateau"} or callable
        The factor by which the learning rate is multiplied in each update.
    global_clipnorm : float or None
    epochs : int
    batch_size : int or None
        If None, all sequences are in one batch.
    shuffle : bool
    patience : int or None
        The number of epochs without improvement after which training stops, or None.
    min_delta : float
        The smallest change of the validation loss or score that is an improvement.
    verbose : int
    truncation : int or None
        The number of time steps of a segment. If None, gradients flow through whole sequences.
    bias_initializer : {"default", "chrono", "uniform_gate"}
        How the first biases of the gates are drawn, which a compiled program does not contain.
    recurrent_initializer : {"default", "orthogonal", "identity", "glorot_uniform"}
        How the first recurrent kernels are drawn.
    gradient_penalty : float
        The factor of the penalty of `skrnn.networks.gradient_penalty`.
    max_recurrent_weight : float or None
        The bound of the recurrent weights of "indrnn" after each update.
    """

    loss: Any
    optimizer: Any
    metrics: tuple
    metrics_dtype: str
    callbacks: tuple
    learning_rate: float | None
    schedule: str | Callable
    global_clipnorm: float | None
    epochs: int
    batch_size: int | None
    shuffle: bool
    patience: int | None
    min_delta: float
    verbose: int
    truncation: int | None = None
    bias_initializer: str = "default"
    recurrent_initializer: str = "default"
    gradient_penalty: float = 0.0
    max_recurrent_weight: float | None = None


@dataclass(frozen=True)
class TrainingJob:
    """Everything that is needed to train a network.

    Parameters
    ----------
    spec : NetworkSpec
    training : TrainingSpec
    examples : Examples
    validation : Examples or None
    seed : int or tuple of int
    target_scale : tuple (scale, offset) of arrays
        The factor and the summand that convert the outputs of the network to the units of the
        user, for metrics. The factor of a constant target is 0.
    weights : list of ndarray or None
        The weights to continue from. If None, new ones are drawn.
    optimizer_state : list of ndarray or None
        The state of the optimizer to continue from. If None, it starts afresh.
    embedding : ndarray or None
        The initial weights of the embedding. Only used when `weights` is None.
    standardization : Standardization or None
        How time steps are standardised when they are sent to the device, if they are.
    difference_factor : ndarray of shape (n_features,) or None
        What the differences between successive time steps, as the network receives them, are
        multiplied by. Only used when `weights` is None.
    decay_mean : ndarray of shape (n_features,) or None
        The standardised mean to which missing values decay. Only used when `weights` is None.
    """

    spec: NetworkSpec
    training: TrainingSpec
    examples: Examples
    validation: Examples | None
    seed: int | tuple
    target_scale: tuple
    weights: list | None = None
    optimizer_state: list | None = None
    embedding: np.ndarray | None = None
    standardization: Standardization | None = None
    difference_factor: np.ndarray | None = None
    decay_mean: np.ndarray | None = None


@dataclass(frozen=True)
class TrainingResult:
    """The result of training a network, in plain values.

    Parameters
    ----------
    spec : NetworkSpec
        The specification of the network, including its `architecture`.
    weights : list of ndarray
    embedding_indices : list of int
        The index in `weights` of each embedding matrix of the inputs.
    history : dict of str to list of float
    optimizer_state : list of ndarray
    """

    spec: NetworkSpec
    weights: list
    embedding_indices: list
    history: dict
    optimizer_state: list
