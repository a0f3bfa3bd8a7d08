"""`RNNRegressor`: the recurrent regressor."""

from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score

from skrnn._parameters import parameter, with_parameters
from skrnn._sklearn import StrOptions, _fit_context
from skrnn.recurrent._base import BaseRNN
from skrnn.recurrent._number_targets import NumberTargetsMixin
from skrnn.recurrent._positive_targets import POSITIVE_ACTIVATIONS
from skrnn.recurrent._training_parameters import TrainingParameters


@with_parameters
class RNNRegressor(RegressorMixin, NumberTargetsMixin, BaseRNN):
    """Recurrent neural network regressor.

    A stack of recurrent layers reads each sequence. A dense output layer predicts one or more
    numbers, which are positive with `output_activation="exponential"` or `"softplus"`.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    n_features_in_ : int
        The number of features of a time step; for a table of univariate sequences, its number of
        columns.
    feature_names_in_ : ndarray of str
        The column names. Only defined if X has tables with column names.
    input_mean_, input_scale_ : float64 ndarray of shape (n_features,), or None
        With `standardize=True`, the network receives ``(x - input_mean_) / input_scale_``. The
        columns that are left unchanged have the mean 0 and the scale 1. None if features are not
        standardised.
    difference_scale_ : float64 ndarray of shape (n_features,), or None
        With `add_differences=True`, the network also receives
        ``(x[t] - x[t - 1]) / difference_scale_``. None if it does not receive differences.
    decay_mean_ : float64 ndarray of shape (n_features,), or None
        With `allow_nan=True`, the mean of each feature over the training set, to which a missing
        value decays. It is 0 for a feature without any known value. None if NaN are not accepted.
    history_ : dict of str to list of float
        The values of "loss" and of each metric, one per epoch. With validation data, it also
        contains the same names with the prefix ``"val_"``, and "learning_rate" if `schedule` is not
        "constant". Metrics are in the units of the targets, and are computed in float64 if float32
        would round the targets too much. The loss is that of the targets that the network is
        trained on.
    n_iter_ : int
        The number of epochs that the network was trained for.
    weights_ : list of ndarray
        The weights of the network, in Keras' order.
    model_ : keras.Model
        The network with the inputs ``[steps, lengths]``, which is built from `weights_` at each
        access.

    See Also
    --------
    RNNClassifier : The same for class labels.
    TimeDistributed : Transform every time step.

    Notes
    -----
    Padding never changes a prediction: up to rounding, the prediction for a sequence is the same if
    it is passed alone, in any batch or in any order. A time step whose features are all zero is
    read as data, not as padding. With `return_sequences=True` every real time step has the same
    weight.

    References
    ----------
    .. [1] J. L. Elman, "Finding structure in time",
       Cognitive Science 14, 1990.
    .. [2] S. Hochreiter, J. Schmidhuber, "Long short-term memory", Neural Computation 9, 1997,
       with the forget gate of F. Gers et al., 2000.
    .. [3] K. Cho et al., "Learning phrase representations using RNN encoder-decoder for
       statistical machine translation", EMNLP 2014; the reset gate is applied after the product.
    .. [4] R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural
       networks", ICML 2013, section 3.2.
    .. [5] I. Loshchilov, F. Hutter, "SGDR: Stochastic gradient descent with warm restarts", ICLR
       2017, equation 5, without restarts.
    .. [6] L. N. Smith, "A disciplined approach to neural network hyper-parameters: Part 1",
       arXiv:1803.09820, 2018, with the constants of PyTorch's OneCycleLR.
    .. [7] C. Tallec, Y. Ollivier, "Can recurrent neural networks warp time?",
       ICLR 2018.
    .. [8] A. Gu et al., "Improving the gating mechanism of recurrent neural networks",
       ICML 2020.
    .. [9] D. Bahdanau, K. Cho, Y. Bengio, "Neural machine translation by jointly learning to align
       and translate", ICLR 2015, appendix A.1.2, with the outputs alone as its input.
    .. [10] P. McCullagh, J. A. Nelder, "Generalized linear models", second edition, 1989,
       chapters 6 and 8.

    Examples
    --------
    The next value of a wave, in its own units:

    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> waves = 1000 * np.sin(np.linspace(0, 6, 80)[:, None] + 0.4 * np.arange(11))
    >>> X, y = waves[:, :10], waves[:, 10]
    >>> regressor = RNNRegressor(units=16, epochs=30, random_state=0).fit(X, y)
    >>> regressor.score(X, y) > 0.95
    True
    """

    loss: object = parameter(
        default="auto",
        constraint="no_validation",
        description="""
        str, keras.losses.Loss or callable
        The loss function. "auto" is the mean squared error. Names and objects are those of Keras.
        "poisson" is for counts: targets that are not negative. "gamma" is the gamma deviance, for
        positive targets whose standard deviation grows in proportion to their mean [10]_. With
        `normalize_y=True`, the loss is that of the normalised targets.
        """,
    )
    output_activation: str = parameter(
        default="auto",
        constraint=[StrOptions({"auto", "linear", *POSITIVE_ACTIVATIONS})],
        description="""
        {"auto", "linear", "exponential", "softplus"}
        The activation of the output layer. "exponential" (a log link) and "softplus" predict
        positive numbers only, and require targets that are not negative. "auto" is "exponential"
        for the losses "poisson" and "gamma", and otherwise "linear".
        """,
    )
    validation_split: float | None = parameter(
        default=None,
        constraint=TrainingParameters._parameter_constraints["validation_split"],
        description="""
        float in (0, 1) or None
        The fraction of the sequences that `fit` holds out at random as validation data. If None,
        it is 0.1 if `early_stopping=True`, and otherwise no sequences are held out. Only used when
        `fit` does not receive `X_val`.
        """,
    )
    normalize_y: bool = parameter(
        default=True,
        constraint=["boolean"],
        description="""
        bool
        Whether the network is trained on normalised targets. With a linear output, they are
        standardised to mean 0 and standard deviation 1. A target that is constant in the training
        data is then predicted exactly. With a positive `output_activation`, they are divided by
        their mean. Predictions are always in the units of `y`.
        """,
    )

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Train for one more epoch, on the given data.

        The scale of the targets and the known token ids are those of the first call.

        Parameters
        ----------
        X, y : as in `fit`
        sample_weight : array-like of shape (n,), default=None
            The weight of each sequence.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return self._partial_fit(X, y, sample_weight)

    def score(self, X, y, sample_weight=None):
        """Return R2 over sequences, or over real time steps with `return_sequences`.

        Parameters
        ----------
        X, y : as in `fit`
        sample_weight : array-like of shape (n,), default=None

        Returns
        -------
        float
            The coefficient of determination.
        """
        return self._score(r2_score, X, y, sample_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
