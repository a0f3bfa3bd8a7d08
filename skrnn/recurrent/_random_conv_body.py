"""The body of random convolutions, which turns sequences into features without training."""

from numbers import Integral

from skrnn._parameters import parameter, with_parameters
from skrnn._sklearn import Interval, StrOptions
from skrnn.recurrent._bodies import _Body, _sizes


@with_parameters
class RandomConvBody(_Body):
    r"""Random convolutions that are not trained, in place of recurrent layers.

    The kernels are random numbers, which training does not change. For each of them, the body
    returns three statistics over time. Only what follows is trained: the output layer of the
    estimator, or a ridge classifier, which is better (see the examples). This suits the
    classification of small training sets of long series.

    The body returns one vector per sequence, so `pooling`, `cell`, `units` and `bidirectional` have
    no effect, and `return_sequences` must be False. Pass it as the parameter `body` of
    :class:`~skrnn.RNNClassifier` or :class:`~skrnn.RNNRegressor`.

    Parameters
    ----------
    {parameters}

    See Also
    --------
    RecurrentFeatures : The vectors of a network as features for other models.
    ConvBody : Convolutions that are trained, in front of recurrent layers.
    skrnn.EchoStateClassifier : A random recurrent network that is not trained.

    Notes
    -----
    With the kernel :math:`w` of a filter, its bias :math:`b` and its dilation :math:`d`,

    .. math::

        c_t = b + \sum_j w_j^\top x_{t + d (j - m)}, \qquad
        \frac{1}{T} \sum_t [c_t > 0], \qquad \frac{1}{T} \sum_t \max(c_t, 0), \qquad \max_t c_t

    where :math:`m` is the middle of the kernel, and time steps before the beginning and after the
    end of a sequence are zero. This follows ROCKET [1]_: weights are normal random numbers, minus
    their mean over time for each feature, and biases are uniform between -1 and 1. The share of
    positive values and the maximum are the two statistics of ROCKET; the mean of the positive parts
    raised its accuracy in cross-validation. ROCKET draws the dilation and the kernel size of each
    kernel, which here are the same for all data.

    References
    ----------
    .. [1] A. Dempster, F. Petitjean, G. I. Webb, "ROCKET: exceptionally fast and accurate time
       series classification using random convolutional kernels", Data Mining and Knowledge
       Discovery 34, 2020.

    Examples
    --------
    The network makes a single pass over the sequences. A ridge classifier is then fitted to its
    features, with a penalty that cross-validation chooses:

    >>> import numpy as np
    >>> from sklearn.linear_model import RidgeClassifierCV
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skrnn import RNNClassifier
    >>> from skrnn.recurrent import RandomConvBody, RecurrentFeatures
    >>> rng = np.random.default_rng(0)
    >>> y = rng.choice(["slow", "fast"], size=60)
    >>> speeds = {"slow": 0.3, "fast": 1.0}
    >>> X = [np.sin(np.arange(rng.integers(12, 20)) * speeds[label]) for label in y]
    >>> network = RNNClassifier(
    ...     body=RandomConvBody(), add_differences=False, epochs=1, random_state=0
    ... )
    >>> model = make_pipeline(
    ...     RecurrentFeatures(network),
    ...     StandardScaler(),
    ...     RidgeClassifierCV(np.logspace(-3, 4, 10)),
    ... )
    >>> model.fit(X[:40], y[:40]).score(X[40:], y[40:])
    1.0
    """

    filters: int = parameter(
        default=80,
        constraint=[Interval(Integral, 1, None, closed="left")],
        description="""
        int
        The number of filters for each dilation. The body returns three features for each filter.
        """,
    )
    kernel_size: int = parameter(
        default=9,
        constraint=[Interval(Integral, 2, None, closed="left")],
        description="""
        int
        The number of time steps that a filter combines, at least 2.
        """,
    )
    dilations: int | tuple = parameter(
        default=(1, 2, 4, 8, 16, 32, 64),
        constraint=[Interval(Integral, 1, None, closed="left"), tuple, list],
        description="""
        int or tuple of int
        The distances between the time steps that a filter combines. Filters with a dilation of 64
        and nine weights see patterns of 513 time steps. In shorter sequences, some of their weights
        are multiplied by zeros.
        """,
    )
    normalization: str | None = parameter(
        default="batch",
        constraint=[StrOptions({"batch"}), None],
        description="""
        {"batch"} or None
        Whether the features are brought to mean 0 and variance 1, with the statistics of each batch
        in training and with their moving averages in predictions. The output layer of the estimator
        needs this to be trained. If None, the features are not normalised.
        """,
    )

    def _dilations(self):
        return _sizes("dilations", self.dilations)

    def _build(self, steps, lengths, mask, recurrent):
        from skrnn.networks.architecture import random_conv_body

        return random_conv_body(steps, lengths, mask, self)
