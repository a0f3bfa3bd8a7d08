"""Ready-made bodies of recurrent estimators: small objects whose parameters a search can tune.

A body only holds parameters. `skrnn.networks`, which builds the layers, is imported when an
estimator calls the body in `fit`.
"""

from abc import ABCMeta, abstractmethod
from numbers import Integral, Real

from sklearn.base import clone

from skrnn._parameters import parameter, with_parameters
from skrnn._persistence import SavedEstimator
from skrnn._sklearn import Interval, StrOptions

_ACTIVATIONS = ("elu", "gelu", "leaky_relu", "relu", "selu", "silu", "tanh")


def is_ready_made(body):
    """Return whether a body has parameters that `set_params` changes, as the ready-made ones do."""
    return hasattr(body, "get_params") and not isinstance(body, type)


def own_copy(body):
    """Return a copy of a body with parameters, because a later `set_params` would change it."""
    return clone(body) if is_ready_made(body) else body


class _Body(SavedEstimator, metaclass=ABCMeta):
    """Base of the ready-made bodies."""

    def __call__(self, steps, lengths, mask, recurrent):
        """Build the layers of the body.

        Parameters
        ----------
        steps : keras.KerasTensor of shape (batch, T, n_features)
        lengths : keras.KerasTensor of shape (batch,)
        mask : keras.KerasTensor of bool of shape (batch, T)
        recurrent : callable
            Returns the outputs of the recurrent layers of the estimator.

        Returns
        -------
        keras.KerasTensor, or tuple of two
            What a custom `body` returns.
        """
        self._validate_params()
        return self._build(steps, lengths, mask, recurrent)

    @abstractmethod
    def _build(self, steps, lengths, mask, recurrent):
        """Build the layers; the parameters have been validated."""


class _Convolutions(_Body):
    """Base of the bodies with a stack of convolutional layers."""

    def _layers(self):
        """Return the number of filters, the kernel size and the pool size of each layer."""
        filters = _sizes("filters", self.filters)
        others = ("kernel_size", self.kernel_size), ("pool_size", self._pool_sizes(len(filters)))
        return list(
            zip(
                filters, *(_sizes(name, value, len(filters)) for name, value in others), strict=True
            )
        )

    def _pool_sizes(self, n_layers):
        return 1


def _sizes(name, value, n=None):
    """Return a positive integer for each layer, from one for all of them or a tuple.

    Raises
    ------
    ValueError
        If `value` contains something else, or not one number for each of `n` layers.
    """
    sizes = (value,) * (n or 1) if isinstance(value, Integral) else tuple(value)
    # True is an integer in Python, but not a size.
    are_sizes = all(isinstance(m, Integral) and not isinstance(m, bool) and m >= 1 for m in sizes)
    if not sizes or not are_sizes or len(sizes) != (n or len(sizes)):
        layers = "each layer" if n is None else f"each of the {n} layers that filters describes"
        raise ValueError(
            f"{name} must be a positive int, or a tuple of them with one for {layers}, "
            f"got {value!r}."
        )
    return tuple(int(m) for m in sizes)


_SIZES = [Interval(Integral, 1, None, closed="left"), tuple, list]
_RATE = [Interval(Real, 0, 1, closed="left")]
_FILTERS = """
int or tuple of int
The number of filters of each convolutional layer. A tuple stacks layers.
"""
_KERNEL_SIZE = """
int or tuple of int
The number of time steps that a filter combines, for all layers or for each one.
"""
_NORMALIZATION = """
{"batch", "layer"} or None
How the outputs of each convolution are normalised. "batch" uses the mean and the variance of
each filter over the real time steps of a batch, and in predictions their moving averages.
"layer" uses those of each time step. If None, outputs are not normalised.
"""
_ACTIVATION = """
{"elu", "gelu", "leaky_relu", "relu", "selu", "silu", "tanh"}
The activation of the convolutional layers.
"""


@with_parameters
class ConvBody(_Convolutions):
    """Convolutional layers in front of the recurrent layers of an estimator.

    The convolutions learn short patterns, and the recurrent layers of the estimator, with its
    `cell`, `units` and `bidirectional`, read their outputs. Pass it as the parameter `body` of
    :class:`~skrnn.RNNClassifier` or :class:`~skrnn.RNNRegressor`.

    Parameters
    ----------
    {parameters}

    See Also
    --------
    LSTMFCNBody : Convolutions and recurrent layers side by side.
    AttentionBody : Self-attention in place of recurrent layers.

    Notes
    -----
    Time steps after the end of a sequence are set to zero in front of each convolution and are
    left out of the statistics of the normalisation, so that padding does not change a result.

    References
    ----------
    .. [1] Z. Wang, W. Yan, T. Oates, "Time series classification from scratch with deep neural
       networks: a strong baseline", IJCNN 2017.
    .. [2] S. Ioffe, C. Szegedy, "Batch normalization: accelerating deep network training by
       reducing internal covariate shift", ICML 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNClassifier
    >>> from skrnn.recurrent import ConvBody
    >>> X = np.random.default_rng(0).normal(size=(20, 12, 1))
    >>> y = (X[:, 3:9].sum(axis=(1, 2)) > 0).astype(int)
    >>> body = ConvBody(filters=(8, 8), kernel_size=3)
    >>> classifier = RNNClassifier(units=8, body=body, epochs=2, random_state=0).fit(X, y)
    >>> classifier.predict(X).shape
    (20,)
    >>> classifier.set_params(body__kernel_size=5).body
    ConvBody(filters=(8, 8), kernel_size=5)
    """

    filters: int | tuple = parameter(default=(64, 64, 64), constraint=_SIZES, description=_FILTERS)
    kernel_size: int | tuple = parameter(
        default=(9, 5, 3), constraint=_SIZES, description=_KERNEL_SIZE
    )
    pool_size: int | tuple = parameter(
        default=2,
        constraint=_SIZES,
        description="""
        int or tuple of int
        After a convolutional layer, only the maximum of every `pool_size` time steps is kept, so
        that the recurrent layers have fewer time steps to read, which saves time. An int applies
        to all layers but the last; a tuple has one number for each layer. Must be 1 if
        `return_sequences=True`.
        """,
    )
    normalization: str | None = parameter(
        default=None,
        constraint=[StrOptions({"batch", "layer"}), None],
        description=_NORMALIZATION,
    )
    activation: str = parameter(
        default="relu", constraint=[StrOptions(set(_ACTIVATIONS))], description=_ACTIVATION
    )
    dropout: float = parameter(
        default=0.0,
        constraint=_RATE,
        description="""
        float in [0, 1)
        The fraction of the outputs of each convolutional layer that is dropped during training.
        """,
    )
    shortcut: bool = parameter(
        default=True,
        constraint=["boolean"],
        description="""
        bool
        Whether the outputs of the last convolutional layer are concatenated with those of the
        recurrent layers, so that the output layer reads both.
        """,
    )

    def _pool_sizes(self, n_layers):
        if isinstance(self.pool_size, Integral):
            return (self.pool_size,) * (n_layers - 1) + (1,)
        return self.pool_size

    def _build(self, steps, lengths, mask, recurrent):
        from skrnn.networks.architecture import conv_body

        return conv_body(steps, lengths, mask, recurrent, self)


@with_parameters
class LSTMFCNBody(_Convolutions):
    """Convolutional layers and the recurrent layers of an estimator, side by side.

    This is the LSTM-FCN [1]_: the mean over time of a fully convolutional network is concatenated
    with the last output of the recurrent layers of the estimator, with its `cell`, `units` and
    `bidirectional`. The body returns one vector per sequence, so `pooling` has no effect and
    `return_sequences` must be False. Pass it as the parameter `body` of
    :class:`~skrnn.RNNClassifier` or :class:`~skrnn.RNNRegressor`.

    Parameters
    ----------
    {parameters}

    See Also
    --------
    ConvBody : Convolutions in front of the recurrent layers.

    Notes
    -----
    The defaults are those of [1]_. There, the recurrent layer reads a univariate series as one
    time step with many features. Here, it reads it step by step, so that sequences may differ in
    length. The authors chose between 8 and 128 units for each data set.

    References
    ----------
    .. [1] F. Karim, S. Majumdar, H. Darabi, S. Chen, "LSTM fully convolutional networks for time
       series classification", IEEE Access 6, 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNClassifier
    >>> from skrnn.recurrent import LSTMFCNBody
    >>> X = np.random.default_rng(0).normal(size=(20, 12, 1))
    >>> y = (X[:, 3:9].sum(axis=(1, 2)) > 0).astype(int)
    >>> body = LSTMFCNBody(filters=(8, 16, 8))
    >>> classifier = RNNClassifier(units=8, body=body, epochs=2, random_state=0).fit(X, y)
    >>> classifier.hidden_states(X).shape
    (20, 16)
    """

    filters: int | tuple = parameter(
        default=(128, 256, 128), constraint=_SIZES, description=_FILTERS
    )
    kernel_size: int | tuple = parameter(
        default=(8, 5, 3), constraint=_SIZES, description=_KERNEL_SIZE
    )
    normalization: str | None = parameter(
        default="batch",
        constraint=[StrOptions({"batch", "layer"}), None],
        description=_NORMALIZATION,
    )
    activation: str = parameter(
        default="relu", constraint=[StrOptions(set(_ACTIVATIONS))], description=_ACTIVATION
    )
    dropout: float = parameter(
        default=0.0,
        constraint=_RATE,
        description="""
        float in [0, 1)
        The fraction of the outputs of each convolutional layer that is dropped during training.
        """,
    )
    recurrent_dropout: float = parameter(
        default=0.8,
        constraint=_RATE,
        description="""
        float in [0, 1)
        The fraction of the last output of the recurrent layers that is dropped during training.
        """,
    )

    def _build(self, steps, lengths, mask, recurrent):
        from skrnn.networks.architecture import lstm_fcn_body

        return lstm_fcn_body(steps, lengths, mask, recurrent, self)


@with_parameters
class AttentionBody(_Body):
    r"""Self-attention over the time steps, in place of recurrent layers.

    This is the encoder of a transformer [1]_. Its parameters replace `cell`, `units`,
    `bidirectional` and `dropout` of the estimator. Pass it as the parameter `body` of
    :class:`~skrnn.RNNClassifier` or :class:`~skrnn.RNNRegressor`, with ``pooling="mean"`` or
    ``pooling="max"``.

    Parameters
    ----------
    {parameters}

    See Also
    --------
    masked_attention : The attention for custom bodies.
    ConvBody : Convolutions in front of the recurrent layers.

    Notes
    -----
    The vectors :math:`h_t = W x_t + b + p_t`, with the sines and cosines :math:`p_t` of the
    position [1]_, pass through `n_layers` layers. Each of them computes

    .. math::

        h \leftarrow h + W_O\,\mathrm{attention}(W_Q\,n(h), W_K\,n(h), W_V\,n(h)), \qquad
        h \leftarrow h + W_2\,\mathrm{gelu}(W_1\,n(h))

    where :math:`n` is layer normalisation, in front of each part [2]_. The attention leaves out
    time steps after the end of a sequence. Its memory grows with the square of the number of time
    steps.

    References
    ----------
    .. [1] A. Vaswani et al., "Attention is all you need",
       NeurIPS 2017, sections 3.2 and 3.5.
    .. [2] R. Xiong et al., "On layer normalization in the transformer architecture",
       ICML 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNClassifier
    >>> from skrnn.recurrent import AttentionBody
    >>> X = np.random.default_rng(0).normal(size=(20, 12, 1))
    >>> y = (X[:, 3:9].sum(axis=(1, 2)) > 0).astype(int)
    >>> body = AttentionBody(units=8, n_heads=2, n_layers=1)
    >>> classifier = RNNClassifier(body=body, pooling="mean", epochs=2, random_state=0).fit(X, y)
    >>> classifier.predict(X).shape
    (20,)
    """

    units: int = parameter(
        default=64,
        constraint=[Interval(Integral, 1, None, closed="left")],
        description="""
        int
        The size of the vector at each time step, a multiple of `n_heads`.
        """,
    )
    n_heads: int = parameter(
        default=4,
        constraint=[Interval(Integral, 1, None, closed="left")],
        description="""
        int
        The number of attention heads. Each of them has ``units // n_heads`` dimensions.
        """,
    )
    n_layers: int = parameter(
        default=2,
        constraint=[Interval(Integral, 1, None, closed="left")],
        description="""
        int
        The number of layers, each with attention and a network at each time step.
        """,
    )
    dropout: float = parameter(
        default=0.1,
        constraint=_RATE,
        description="""
        float in [0, 1)
        The fraction of the attention's outputs, and of those of the network at each time step,
        that is dropped during training, before they are added to the vectors.
        """,
    )

    def _build(self, steps, lengths, mask, recurrent):
        from skrnn.networks.architecture import attention_body

        if self.units % self.n_heads:
            raise ValueError(
                "units must be a multiple of n_heads, got "
                f"units={self.units!r} and n_heads={self.n_heads!r}."
            )
        return attention_body(steps, lengths, mask, self)
