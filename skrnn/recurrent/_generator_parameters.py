"""The parameters of `SequenceGenerator`: those of training, and those of its network."""

from collections.abc import Callable

from skrnn._cells import CELLS
from skrnn._parameters import inherited, parameter, with_parameters
from skrnn._sklearn import StrOptions
from skrnn.recurrent._classifier import RNNClassifier
from skrnn.recurrent._layer_parameters import LayerParameters
from skrnn.recurrent._training_parameters import GradientParameters, TrainingParameters


@with_parameters
class GeneratorParameters(TrainingParameters):
    """The parameters of `SequenceGenerator`."""

    cell: str = parameter(
        default="gru",
        constraint=[StrOptions(set(CELLS))],
        description="""
        str
        The recurrent cell, one of those of :class:`RNNClassifier`. A custom cell is not available,
        because `sample` computes each time step with NumPy.
        """,
    )
    units: int | tuple = inherited(LayerParameters, "units", default=128)
    activation: str | Callable = inherited(LayerParameters, "activation", default="auto")
    dropout: float = inherited(LayerParameters, "dropout", default=0.0)
    recurrent_dropout: float = inherited(LayerParameters, "recurrent_dropout", default=0.0)
    l2: float = inherited(LayerParameters, "l2", default=0.0)
    bias_initializer: str = inherited(LayerParameters, "bias_initializer", default="default")
    recurrent_initializer: str = inherited(
        LayerParameters, "recurrent_initializer", default="default"
    )
    embedding: object = parameter(
        default=None,
        constraint=LayerParameters._parameter_constraints["embedding"],
        description="""
        int, array-like of shape (n_rows, n_dimensions) or None
        If None, the network receives one-hot vectors of the symbols, which is best for characters.
        If an int, a vector of that many dimensions is learned for each symbol, as a vocabulary of
        thousands of words needs. If a matrix, it holds pre-trained vectors, row `i` for the token
        id `i`, and the symbols must be token ids; the start of a sequence has the mean of their
        vectors.
        """,
    )
    train_embedding: bool = inherited(LayerParameters, "train_embedding", default=True)
    symbols: object = parameter(
        default=None,
        constraint=[None, str, "array-like"],
        description="""
        str, array-like or None
        All symbols that may occur, as a string of characters or as a list of symbols. If None, they
        are those that occur in `fit`, and any other symbol raises an error in `score` and in a
        prompt. In a cross-validation, pass the symbols of the whole data set.
        """,
    )
    loss: object = inherited(RNNClassifier, "loss", default="auto")
    truncation: int | None = parameter(
        default=100,
        constraint=GradientParameters._parameter_constraints["truncation"],
        description="""
        int or None
        The number of symbols k through which gradients flow back, in truncated back-propagation
        through time [2]_. Longer sequences, and the parallel streams of a long text, are cut into
        segments of k symbols. Each segment is one update of the weights. The states at its end are
        the initial states of the next segment, but the gradient ends there. If None, gradients flow
        back through whole sequences, and a long text is one sequence, which needs memory in
        proportion to its length.
        """,
    )
    batch_size: int | None = parameter(
        default=32,
        constraint=TrainingParameters._parameter_constraints["batch_size"],
        description="""
        int or None
        The number of sequences per update of the weights, or the number of parallel streams of a
        long text. A text of less than `batch_size` times `truncation` symbols has fewer streams, so
        that each of them has at least one whole segment. If None, every update uses the whole
        training set.
        """,
    )
    monitor: str | Callable = parameter(
        default="loss",
        constraint=[StrOptions({"loss"}), callable],
        description="""
        "loss" or callable
        What early stopping compares after each epoch: the validation loss, or the return value of
        a scorer ``scorer(generator, X, y)``, where greater is better, `X` are the validation data
        and `y` is None. It is reported in `history_` as "val_score". Only used when
        `early_stopping=True`.
        """,
    )
    validation_split: float | None = parameter(
        default=None,
        constraint=TrainingParameters._parameter_constraints["validation_split"],
        description="""
        float in (0, 1) or None
        The fraction of the data that `fit` holds out as validation data: sequences that are drawn
        at random, or the end of a long text. If None, it is 0.1 if `early_stopping=True`, and
        otherwise `fit` trains on all data. Only used when `fit` receives no `X_val`.
        """,
    )
