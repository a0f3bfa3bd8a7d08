"""The parameters that the recurrent classifier and the regressor share, each described once."""

from collections.abc import Callable
from numbers import Integral, Real

import numpy as np

from skrnn._parameters import as_spec, parameter, with_parameters
from skrnn._sklearn import Interval, StrOptions
from skrnn._specs import CELLS, NetworkSpec, TrainingSpec
from skrnn.recurrent._bodies import own_copy

# Chosen together with the default number of epochs by cross-validation on training sets (the user
# guide has the table); other optimizers start from Keras' own rate.
_DEFAULT_ADAM_RATE = 5e-3

# No fit changes what these hold, so clones may share it.
KERAS_PARAMETERS = ("activation", "body", "cell", "loss", "metrics", "optimizer", "callbacks")


def _layer_units(units):
    layers = (units,) if isinstance(units, Integral) else tuple(units)
    # True is an integer in Python, but not a number of units.
    are_sizes = (isinstance(n, Integral) and not isinstance(n, bool) and n >= 1 for n in layers)
    if not layers or not all(are_sizes):
        raise ValueError(
            "units must be a positive int, or a tuple of them with one for each stacked layer, "
            f"got {units!r}."
        )
    return tuple(int(n) for n in layers)


def _as_tuple(items):
    if items is None:
        return ()
    return tuple(items) if isinstance(items, list | tuple) else (items,)


def _unchanged(value):
    return value


def _cell_name(cell):
    return cell if isinstance(cell, str) else None


@with_parameters
class RNNParameters:
    """The parameters of `RNNClassifier` and `RNNRegressor`."""

    cell: str = parameter(
        default="lstm",
        constraint=[StrOptions(set(CELLS)), callable],
        spec=_cell_name,
        description="""
        {"simple", "lstm", "gru", "minimal_gru"} or keras.layers.Layer
        The recurrent cell. "simple" is Elman's unit [1]_, which has the fewest weights and
        forgets fastest. "lstm" is long short-term memory [2]_. "gru" is the gated recurrent
        unit [3]_, with about three quarters of the weights of an LSTM. These are defined as in
        Keras. "minimal_gru" is the GRU without its reset gate, with half the weights of an LSTM.

        A custom cell is a class or an instance of a Keras layer with a `state_size`, such as
        `keras.layers.GRUCell`. It runs in Keras' own, slower loop. A class is called as
        ``cell(units)`` for each layer and direction. An instance is a description: each layer and
        direction gets a new cell made from its configuration, and `units` only gives the number
        of layers. `activation`, `dropout`, `recurrent_dropout` and `l2` must then have their
        default values. Weights and dropout of a custom cell are seeded from `random_state`.
        To be pickled, an instance of your own class needs the decorator
        `keras.saving.register_keras_serializable`.
        """,
    )
    units: int | tuple = parameter(
        default=64,
        constraint=[Interval(Integral, 1, None, closed="left"), tuple, list],
        spec=_layer_units,
        description="""
        int or tuple of int
        The size of the hidden state. A tuple stacks layers, with one entry for each: every layer
        receives as input the outputs of the layer below it at all time steps.
        """,
    )
    bidirectional: bool = parameter(
        default=False,
        constraint=["boolean"],
        spec=bool,
        description="""
        bool
        Whether each layer also reads the sequence from its end to its start, with a second set
        of weights. The outputs of both directions are concatenated.
        """,
    )
    return_sequences: bool = parameter(
        default=False,
        constraint=["boolean"],
        spec=bool,
        description="""
        bool
        If False, there is one target per sequence (sequence-to-vector, many-to-one). If True,
        there is one target per time step (sequence-to-sequence of equal length, many-to-many).
        """,
    )
    pooling: str = parameter(
        default="last",
        constraint=[StrOptions({"last", "mean", "max", "mean_max", "attention"})],
        spec=_unchanged,
        description="""
        {"last", "mean", "max", "mean_max", "attention"}
        How the outputs at all time steps become one vector: the output after the last time step
        of each sequence, the mean or the maximum over its time steps, both, or a mean with learned
        weights [5]_, which `attention_weights` returns. Try "last" if sequences are short or their
        ends matter most, and the others otherwise. Only used when `return_sequences=False`.
        """,
    )
    activation: str | Callable = parameter(
        default="tanh",
        constraint=[str, callable],
        spec=_unchanged,
        description="""
        str or callable
        The activation of the cell: the name of a Keras activation, or a function of a tensor. The
        fast loops of skrnn, and cuDNN on a GPU, are only used with "tanh".
        """,
    )
    dropout: float = parameter(
        default=0.0,
        constraint=[Interval(Real, 0, 1, closed="left")],
        spec=float,
        description="""
        float in [0, 1)
        The fraction of the inputs of each layer that is dropped during training. As in Keras,
        the same mask is used at every time step of a sequence.
        """,
    )
    recurrent_dropout: float = parameter(
        default=0.0,
        constraint=[Interval(Real, 0, 1, closed="left")],
        spec=float,
        description="""
        float in [0, 1)
        The fraction of the recurrent state that is dropped during training, with the same mask
        at every time step. Layers with recurrent dropout run in a slower loop.
        """,
    )
    l2: float = parameter(
        default=0.0,
        constraint=[Interval(Real, 0, None, closed="left")],
        spec=float,
        description="""
        float
        The strength of the L2 penalty on the kernels and recurrent kernels, which is added to
        the loss.
        """,
    )
    embedding: object = parameter(
        default=None,
        constraint=[None, Interval(Integral, 1, None, closed="left"), "array-like"],
        description="""
        int, array-like of shape (n_rows, n_dimensions) or None
        If None, time steps are numeric. Otherwise they are token ids, and the network begins
        with an embedding. If an int, a vector of that many dimensions is learned for each id. If
        a matrix, it holds pre-trained vectors, row `i` for id `i`.
        Id 0 is padding and id 1 is the unknown token. Padding at either end of a sequence is
        removed; a sequence of padding alone is read as one unknown token. An id that did not
        occur in `fit` is read as the unknown token, whose vector is the mean of all other
        vectors if `fit` did not see it either. The embedding has a row for every id up to the
        largest, so hashed ids are refused: `fit` raises an error if the rows need more than 1 GiB
        and fewer than 1 % of them would be used.
        """,
    )
    train_embedding: bool = parameter(
        default=True,
        constraint=["boolean"],
        spec=bool,
        description="""
        bool
        Whether the vectors of the embedding are trained. Only used when `embedding` is not None.
        """,
    )
    body: Callable | None = parameter(
        default=None,
        constraint=[None, callable],
        spec=own_copy,
        description="""
        callable or None
        Builds the network between the inputs and the output layer, in place of the recurrent
        layers: a ready-made body such as :class:`~skrnn.recurrent.ConvBody`, or a function.
        ``body(steps, lengths)`` receives Keras tensors of shape (batch, steps, features) and
        (batch,); its parameters `mask` and `recurrent`, if it has them, receive the boolean tensor
        of real time steps and a function that builds the recurrent layers. It returns time steps
        (batch, steps, n), a tuple of these and new lengths, or vectors (batch, n). Time steps
        after the end of a sequence are zero; a body that uses them must mask them itself.
        Layers without a seed are seeded from `random_state`.
        """,
    )
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


def network_spec(estimator, *, n_features, n_rows, n_outputs, output_activation, body_seed):
    """Return the specification of the network for an estimator's parameters and data.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
    n_features : int
        The number of features of a time step.
    n_rows : int or None
        The number of rows of the embedding, or None for numeric time steps.
    n_outputs : int
    output_activation : str
    body_seed : int
        The seed for the layers of `body`.

    Returns
    -------
    NetworkSpec
    """
    return NetworkSpec(
        **as_spec(estimator, NetworkSpec),
        custom_cell=None if isinstance(estimator.cell, str) else estimator.cell,
        n_features=n_features,
        embedding=None if n_rows is None else (n_rows, _n_dimensions(estimator.embedding)),
        n_outputs=n_outputs,
        output_activation=output_activation,
        body_seed=body_seed,
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


def _n_dimensions(embedding):
    return int(embedding) if isinstance(embedding, Integral) else np.shape(embedding)[1]
