"""`RNNRegressor`: the recurrent regressor."""

from sklearn.base import RegressorMixin

from skrnn._parameters import parameter, with_parameters, with_texts
from skrnn._sklearn import StrOptions, _fit_context
from skrnn.recurrent._base import BaseRNN
from skrnn.recurrent._number_targets import NumberTargetsMixin
from skrnn.recurrent._positive_targets import POSITIVE_ACTIVATIONS
from skrnn.recurrent._texts import PAIR_TEXTS
from skrnn.recurrent._training_parameters import TrainingParameters
from skrnn.sequences._targets import r2_of_numbers


@with_texts(**PAIR_TEXTS)
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
    {inputs}
    history_ : dict of str to list of float
        The values of "loss" and of each metric, one per epoch. With validation data, it also
        contains the same names with the prefix ``"val_"``, and "learning_rate" if `schedule` is not
        "constant". Metrics are in the units of the targets, and are computed in float64 if float32
        would round the targets too much. The loss is that of the targets that the network is
        trained on.
    {network}

    See Also
    --------
    RNNClassifier : The same for class labels.
    TimeDistributed : Transform every time step.

    Notes
    -----
    {padding}

    References
    ----------
    {references}
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
        sample_weight : array-like of shape (n,), or list of arrays of shape (T_i,), default=None
            As in `fit`.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return self._partial_fit(X, y, sample_weight)

    def score(self, X, y, sample_weight=None):
        """Return R2 over sequences, or over real time steps with `return_sequences`.

        Time steps whose target is missing are left out.

        Parameters
        ----------
        X, y : as in `fit`
        sample_weight : array-like of shape (n,), or list of arrays of shape (T_i,), default=None

        Returns
        -------
        float
            The coefficient of determination.
        """
        return self._score(r2_of_numbers, X, y, sample_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
