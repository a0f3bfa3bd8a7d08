"""The parameters of training that the recurrent estimators share, each described once."""

from numbers import Integral, Real

from skrnn._parameters import as_spec, parameter, with_parameters
from skrnn._sklearn import Interval, StrOptions
from skrnn._specs import TrainingSpec
from skrnn.recurrent._parameters import _unchanged

# Chosen together with the default number of epochs by cross-validation on training sets (the user
# guide has the table); other optimizers start from Keras' own rate.
_DEFAULT_ADAM_RATE = 5e-3


def _as_tuple(items):
    if items is None:
        return ()
    return tuple(items) if isinstance(items, list | tuple) else (items,)


@with_parameters
class TrainingParameters:
    """The parameters of `RNNClassifier` and `RNNRegressor` that describe their training."""

    loss: object = parameter(
        default="auto",
        constraint="no_validation",
        description="",
    )
    metrics: object = parameter(
        default=None,
        constraint="no_validation",
        spec=_as_tuple,
        description="""
        list of str, keras.metrics.Metric or callable, or None
        Metrics that are reported in `history_` in addition to the loss, as in
        `keras.Model.compile`. Keras' own metrics of classes receive class codes or indicators,
        whichever they need. Your own metrics receive the same arrays as the loss. The metrics of a
        regressor are computed in float64 if float32 would round its targets too much.
        """,
    )
    optimizer: object = parameter(
        default="adam",
        constraint="no_validation",
        spec=_unchanged,
        description="""
        str or keras.optimizers.Optimizer
        The name of a Keras optimizer, or an optimizer object. An object is only a description:
        each fit trains with a new optimizer of the same configuration.
        """,
    )
    learning_rate: float | None = parameter(
        default=None,
        constraint=[None, Interval(Real, 0, None, closed="neither")],
        description="""
        float or None
        The learning rate. If None, it is 0.005 for "adam", and otherwise the optimizer's own.
        """,
    )
    global_clipnorm: float | None = parameter(
        default=1.0,
        constraint=[None, Interval(Real, 0, None, closed="neither")],
        spec=_unchanged,
        description="""
        float or None
        The largest norm of the gradient over all weights: a longer gradient is scaled down to it,
        which prevents exploding gradients [4]_. If None, gradients are not clipped. Ignored if
        `optimizer` is an object that has its own clipping.
        """,
    )
    batch_size: int | None = parameter(
        default=32,
        constraint=[None, Interval(Integral, 1, None, closed="left")],
        spec=_unchanged,
        description="""
        int or None
        The number of sequences per update of the weights. If None, every update uses the whole
        training set. Sequences of similar length are put into the same batch, and each batch is
        padded only to its own longest sequence.
        """,
    )
    epochs: int = parameter(
        default=60,
        constraint=[Interval(Integral, 1, None, closed="left")],
        spec=_unchanged,
        description="""
        int
        The number of passes over the training set, or the maximum if `early_stopping=True`.
        """,
    )
    shuffle: bool = parameter(
        default=True,
        constraint=["boolean"],
        spec=bool,
        description="""
        bool
        Whether new batches are drawn in each epoch. If False, batches are cut from the sequences
        in their given order.
        """,
    )
    early_stopping: bool = parameter(
        default=False,
        constraint=["boolean"],
        description="""
        bool
        Whether to stop training when the validation loss has not improved for `patience` epochs,
        and to restore the weights of the best epoch. Unless `fit` receives `X_val`, a fraction
        `validation_split` of the sequences is held out for it.
        """,
    )
    validation_split: float = parameter(
        default=0.1,
        constraint=[Interval(Real, 0, 1, closed="neither")],
        description="",
    )
    patience: int = parameter(
        default=10,
        constraint=[Interval(Integral, 1, None, closed="left")],
        description="""
        int
        The number of epochs without a lower validation loss after which training stops. Only
        used when `early_stopping=True`.
        """,
    )
    callbacks: object = parameter(
        default=None,
        constraint="no_validation",
        spec=_as_tuple,
        description="""
        list of keras.callbacks.Callback or None
        The callbacks, as objects or classes. Each fit uses copies of them. Batch hooks are called
        once for each compiled call, which contains many batches.
        """,
    )
    warm_start: bool = parameter(
        default=False,
        constraint=["boolean"],
        description="""
        bool
        Whether `fit` continues from the weights of the previous fit, with a new optimizer. If
        False, it draws new weights.
        """,
    )
    random_state: object = parameter(
        default=None,
        constraint=["random_state"],
        description="""
        int, RandomState instance or None
        Controls the initial weights, the order of the batches, dropout and the validation split.
        Pass an int for results that are equal to the last bit across calls and processes on one
        machine. If None, results differ between fits.
        """,
    )
    dtype: str = parameter(
        default="float32",
        constraint=[StrOptions({"float32", "float64"})],
        spec=_unchanged,
        description="""
        {"float32", "float64"}
        The precision of the weights and of all computations of the network.
        """,
    )
    verbose: int = parameter(
        default=0,
        constraint=["verbose"],
        spec=int,
        description="""
        int
        If positive, a progress bar shows the loss, the metrics and the remaining time.
        """,
    )


def training_spec(estimator, codec, *, partial):
    """Return the specification of the training for an estimator's parameters.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
    codec : LabelCodec or NumberCodec
    partial : bool
        Whether this is the single epoch of `partial_fit`.

    Returns
    -------
    TrainingSpec
    """
    rate, optimizer = estimator.learning_rate, estimator.optimizer
    if rate is None and isinstance(optimizer, str) and optimizer.lower() == "adam":
        rate = _DEFAULT_ADAM_RATE
    given = as_spec(estimator, TrainingSpec)
    if partial:
        given["epochs"] = 1
    patience = estimator.patience if estimator.early_stopping and not partial else None
    given["metrics_dtype"] = codec.metrics_dtype if given["metrics"] else "float32"
    return TrainingSpec(**given, loss=codec.resolved_loss, learning_rate=rate, patience=patience)
