"""The parameters of training that the recurrent estimators share, each described once."""

from collections.abc import Callable
from numbers import Integral, Real

from sklearn.metrics import get_scorer_names

from skrnn._parameters import as_spec, parameter, unchanged, with_parameters
from skrnn._sklearn import Interval, StrOptions
from skrnn._specs import TrainingSpec, least_updates
from skrnn.recurrent._combinations import check_combinations
from skrnn.recurrent._n_epochs import n_epochs, n_patient_epochs
from skrnn.recurrent._recurrent_bound import recurrent_bound

# The fraction that early stopping holds out if validation_split is None.
DEFAULT_VALIDATION_SPLIT = 0.1

# Chosen together with the default number of epochs by cross-validation on training sets (the user
# guide has the table); other optimizers start from Keras' own rate.
_DEFAULT_ADAM_RATE = 5e-3


def _as_tuple(items):
    if items is None:
        return ()
    return tuple(items) if isinstance(items, list | tuple) else (items,)


@with_parameters
class TrainingParameters:
    """The parameters of all recurrent estimators that describe their training."""

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
        spec=unchanged,
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
        The learning rate, or its largest value if `schedule` changes it. If None, it is 0.005 for
        "adam", and otherwise the optimizer's own.
        """,
    )
    schedule: str | Callable = parameter(
        default="auto",
        constraint=[StrOptions({"auto", "constant", "cosine", "one_cycle", "plateau"}), callable],
        spec=unchanged,
        description="""
        {"auto", "constant", "cosine", "one_cycle", "plateau"} or callable
        How the learning rate changes during `fit`. "auto" is "constant" for an `optimizer` that has
        a Keras schedule or a custom class, because it sets its rate itself, and otherwise "cosine".
        Other schedules cannot be combined with such an optimizer. The rate of each update is
        `learning_rate` times a factor; with :math:`t`, the number of earlier updates divided by
        that of all updates in `epochs` epochs, the factor is

        - 1 for "constant";
        - :math:`(1 + \\cos(\\pi t)) / 2` for "cosine" [5]_, which falls from 1 to 0;
        - for "one_cycle" [6]_, :math:`1 - (1 - 1/25) (1 + \\cos(\\pi t / 0.3)) / 2` if
          :math:`t < 0.3`, which rises from 1/25 to 1, and then
          :math:`(1 + \\cos(\\pi (t - 0.3) / 0.7)) / 2`, which falls to 0. The momentum of the
          optimizer does not change;
        - for "plateau", 1 at first, and a fifth of the last factor each time that 5 epochs in
          succession have not lowered the validation loss, or the training loss if there are no
          validation data, by more than 0.0001, as Keras' ReduceLROnPlateau with `factor=0.2` and
          `patience=5`;
        - the return value of a callable for the float `t`, which must be a finite number that is
          not negative. It is called for all updates before training begins.

        With "constant", the loss may fluctuate at the end of training. Any other schedule adds the
        rate of the first update of each epoch to `history_`, as "learning_rate". With
        `warm_start=True`, each `fit` runs the whole schedule. `partial_fit` has no known end, so it
        uses the factor 1. A callback that sets the rate of the optimizer changes `learning_rate`
        and not the factors.
        """,
    )
    global_clipnorm: float | None = parameter(
        default=1.0,
        constraint=[None, Interval(Real, 0, None, closed="neither")],
        spec=unchanged,
        description="""
        float or None
        The largest norm of the gradient over all weights: a longer gradient is scaled down to it,
        which prevents exploding gradients [4]_. If None, gradients are not clipped. Ignored if
        `optimizer` is an object that has its own clipping: `clipnorm` of a Keras optimizer is the
        largest norm of the gradient of each weight array, and `clipvalue` the largest absolute
        value of each number in it.
        """,
    )
    max_recurrent_weight: float | str | None = parameter(
        default=None,
        constraint=[None, Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        description="""
        float, "auto" or None
        The largest absolute value of a recurrent weight of ``cell="indrnn"``. After each update,
        recurrent weights are clipped to it, so that states and gradients do not explode. "auto" is
        :math:`2^{1/T}` for T time steps of the longest sequence or target, as in the paper (Li et
        al., 2018, section 3.2): a unit then multiplies its first state at most by 2 over a
        sequence. "auto" is ignored for other cells, for which a number raises an error. If None,
        recurrent weights are not clipped.
        """,
    )
    batch_size: int | None = parameter(
        default=32,
        constraint=[None, Interval(Integral, 1, None, closed="left")],
        spec=unchanged,
        description="""
        int or None
        The number of sequences per update of the weights. If None, every update uses the whole
        training set. Sequences of similar length are put into the same batch, and each batch is
        padded only to its own longest sequence.
        """,
    )
    epochs: int | str = parameter(
        default="auto",
        constraint=[Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        spec=unchanged,
        description="""
        int or "auto"
        The number of passes over the training set, or the maximum if `early_stopping=True`.
        "auto" is the smallest number that gives enough updates of the weights, and at least 10.
        Enough are 1,000 updates for up to 10 updates per epoch, and
        ``1000 * sqrt(b / 10)`` for ``b > 10`` of them, so a larger training set gets more updates
        in fewer epochs. `n_iter_` reports the number.
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
        Whether to stop training when the validation loss, or the score that `monitor` names, has
        not improved for `patience` epochs, and to restore the weights of the best epoch. Unless
        `fit` receives `X_val`, a fraction `validation_split` of the sequences is held out for it.
        """,
    )
    monitor: str | Callable = parameter(
        default="loss",
        constraint=[StrOptions({"loss", *get_scorer_names()}), callable],
        description="""
        str or callable
        What early stopping compares after each epoch: the validation loss ("loss"), or a score on
        the validation data, where greater is better. A score is given as the name of a
        scikit-learn scorer, or as a callable ``scorer(estimator, X, y)``. It is called without
        `sample_weight`, for the sequences of positive weight, and reported in `history_` as
        "val_score". A score costs one prediction of the validation data per epoch and a second
        compiled program. Only used when
        `early_stopping=True`.
        """,
    )
    min_delta: float = parameter(
        default=0.0,
        constraint=[Interval(Real, 0, None, closed="left")],
        spec=float,
        description="""
        float
        The validation loss or the score counts as improved only if it is better than the best one
        so far by more than this number. Only used when `early_stopping=True`.
        """,
    )
    validation_split: float | None = parameter(
        default=None,
        constraint=[None, Interval(Real, 0, 1, closed="neither")],
        description="",
    )
    patience: int | str = parameter(
        default="auto",
        constraint=[Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        description="""
        int or "auto"
        The number of epochs without a better validation loss or score after which training stops.
        "auto" is the smallest number of epochs with at least 100 updates of the weights, but at
        least 10. Only used when `early_stopping=True`.
        """,
    )
    callbacks: object = parameter(
        default=None,
        constraint="no_validation",
        spec=_as_tuple,
        description="""
        list of keras.callbacks.Callback or None
        The callbacks, as objects or classes. Each fit uses copies of them. Methods such as
        `on_train_batch_end` are called once for each compiled call, which contains many batches.
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
        spec=unchanged,
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


@with_parameters
class GradientParameters:
    """The parameters of `RNNClassifier` and `RNNRegressor` that describe gradients through time."""

    truncation: int | None = parameter(
        default=None,
        constraint=[None, Interval(Integral, 1, None, closed="left")],
        spec=unchanged,
        description="""
        int or None
        The number of time steps k through which gradients flow back, in truncated back-propagation
        through time (Williams and Peng, 1990). Each sequence is cut into segments of k time steps,
        and each segment of a batch is one update of the weights, also for ``epochs="auto"``. The
        states at the end of a
        segment are the initial states of the next one, but the gradient ends there, so that the
        memory of training grows with k and not with the length of the sequences. If None, or if k
        is at least the length of the longest sequence, gradients flow back through whole
        sequences. Use it for sequences of thousands of time steps; a network hardly learns
        dependencies that are longer than k. Dropout draws new masks for each segment. Only for
        `return_sequences=True`, because otherwise only the last segment would have a target, and
        not available with `bidirectional=True`, a `body` or a custom cell.
        """,
    )
    gradient_penalty: float = parameter(
        default=0.0,
        constraint=[Interval(Real, 0, None, closed="left")],
        spec=float,
        description="""
        float
        The factor of a penalty on gradients that vanish or explode (Pascanu et al., 2013 [4]_,
        equations 9 and 10). With the states :math:`s_k` of a layer after time step :math:`k` and
        the gradient :math:`\\delta_k` of the loss with respect to them, it is the mean over all
        time steps but the first of :math:`(\\|J_k^\\top \\delta_k\\| / \\|\\delta_k\\| - 1)^2`,
        where :math:`J_k = \\partial s_k / \\partial s_{k-1}`, summed over the layers. For a cell
        with several states, such as the LSTM, :math:`s_k` contains all of them. The penalty changes
        only recurrent kernels, and only through :math:`J_k`: states, inputs and :math:`\\delta_k`
        are constants, which are computed without dropout. It has no effect on the losses in
        `history_`. Not available with a `body`, a custom cell, "mingru", "minlstm" or "lru".
        """,
    )


def require_constant_rate(rate):
    """Raise an error that names `schedule` if a learning rate is a schedule.

    Raises
    ------
    ValueError
    """
    if callable(rate):
        raise ValueError(
            f"learning_rate must be a positive number or None, got {rate!r}. For a rate that "
            "changes during training, use schedule='cosine' or another value of `schedule`, or "
            "pass a Keras schedule in an optimizer, as in optimizer=keras.optimizers.Adam(rate)."
        )


def _full_rate(t):
    return 1.0


def _automatic_schedule(optimizer, rate):
    """Return the schedule that ``schedule="auto"`` stands for."""
    if isinstance(optimizer, str):
        return "cosine"
    from skrnn.networks.backends import uses_device
    from skrnn.networks.optimizers import is_custom, read_optimizer

    recipe, rate = uses_device(read_optimizer)(optimizer, rate, None)
    return "constant" if rate is None or is_custom(recipe.kind) else "cosine"


def training_spec(estimator, codec, examples, *, partial):
    """Return the specification of the training for an estimator's parameters.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
    codec : LabelCodec or NumberCodec
    examples : Examples
        What the estimator is trained on.
    partial : bool
        Whether this is the single epoch of `partial_fit`.

    Returns
    -------
    TrainingSpec

    Raises
    ------
    ValueError
        If a parameter cannot be combined with another one.
    """
    check_combinations(estimator)
    rate, optimizer = estimator.learning_rate, estimator.optimizer
    if rate is None and isinstance(optimizer, str) and optimizer.lower() == "adam":
        rate = _DEFAULT_ADAM_RATE
    given = as_spec(estimator, TrainingSpec)
    if estimator.schedule == "auto":
        given["schedule"] = _automatic_schedule(optimizer, rate)
    lengths = examples.sequences.lengths
    per_epoch = least_updates(lengths, estimator.batch_size, estimator.truncation)
    if estimator.epochs == "auto":
        given["epochs"] = n_epochs(per_epoch)
    if partial:
        given["epochs"] = 1
        # Not "constant", so that the learning rate of these epochs is in the history too.
        given["schedule"] = "constant" if given["schedule"] == "constant" else _full_rate
    patience = None
    if estimator.early_stopping and not partial:
        patience = estimator.patience
        if patience == "auto":
            patience = n_patient_epochs(per_epoch)
    given["max_recurrent_weight"] = recurrent_bound(estimator, examples)
    given["metrics_dtype"] = codec.metrics_dtype if given["metrics"] else "float32"
    return TrainingSpec(**given, loss=codec.resolved_loss, learning_rate=rate, patience=patience)
