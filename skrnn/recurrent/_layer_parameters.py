"""The parameters of recurrent layers, which all trained estimators share, each described once."""

from collections.abc import Callable
from numbers import Integral, Real

from skrnn._cells import (
    BIAS_INITIALIZERS,
    CELLS,
    DEFAULT_ACTIVATIONS,
    RECURRENT_INITIALIZERS,
)
from skrnn._parameters import as_spec, parameter, unchanged, with_parameters
from skrnn._sklearn import Interval, StrOptions
from skrnn._specs import NetworkSpec
from skrnn.recurrent._check_layers import (
    check_recurrent_dropout,
)

# No fit changes these objects, so clones may share them.
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


def _cell_name(cell):
    return cell if isinstance(cell, str) else None


@with_parameters
class LayerParameters:
    """The parameters of all recurrent estimators that describe the recurrent layers."""

    cell: str = parameter(
        default="lstm",
        constraint=[StrOptions(set(CELLS)), callable],
        spec=_cell_name,
        description="""
        str or keras.layers.Layer
        The recurrent cell. :doc:`/user_guide/cells` compares all of them.

        - "simple": Elman's unit [1]_, which forgets fastest.
        - "lstm": long short-term memory [2]_.
        - "gru": the gated recurrent unit [3]_, with about three quarters of the weights of an LSTM.
          "simple", "lstm" and "gru" are defined as in Keras.
        - "minimal_gru": the GRU without its reset gate, with half the weights of an LSTM.
        - "gru_reset_before": the GRU as in [3]_, whose reset gate multiplies the state before the
          recurrent product. It is the GRU of Keras with ``reset_after=False``.
        - "peephole_lstm": an LSTM whose gates also receive the cell state (F. Gers, J. Schmidhuber,
          "Recurrent nets that time and count", IJCNN 2000).
        - "irnn": the simple unit with ReLU, whose initial recurrent kernel is the identity (Q. Le,
          N. Jaitly, G. Hinton, "A simple way to initialize recurrent networks of rectified linear
          units", 2015).
        - "indrnn": units with ReLU, each of which receives only its own previous output (S. Li et
          al., "Independently recurrent neural network (IndRNN)", CVPR 2018).
        - "refine_lstm" and "refine_gru": an LSTM and a GRU whose forget gate is changed by a refine
          gate, with uniform gate initialisation (A. Gu et al., "Improving the gating mechanism of
          recurrent neural networks", ICML 2020).
        - "mingru" and "minlstm": a GRU and an LSTM whose gates depend on the input alone, so that
          all time steps are computed as a parallel scan (L. Feng et al., "Were RNNs all we
          needed?", 2024).
        - "lru": linear recurrent units with a complex diagonal recurrence, also computed as a scan
          (A. Orvieto et al., "Resurrecting recurrent neural networks for long sequences", ICML
          2023). Its recurrence is linear, so stack two or more layers. Its default activation is
          "relu", in place of the gated layer of the publication.

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
    activation: str | Callable = parameter(
        default="auto",
        constraint=[str, callable],
        description="""
        "auto", str or callable
        The activation of the cell: the name of a Keras activation, or a function of a tensor.
        "auto" is the activation of the published equations: "relu" for "irnn" and "indrnn",
        "linear" for "mingru" and "minlstm", and "tanh" for the cells of Keras and those like them.
        With any other activation, training is slower, and cuDNN is not used on a GPU. The
        exceptions are cells that are computed as a scan, which are as fast with every activation.
        """,
    )
    dropout: float = parameter(
        default=0.0,
        constraint=[Interval(Real, 0, 1, closed="left")],
        spec=float,
        description="""
        float in [0, 1)
        The fraction of the inputs of each layer that is dropped during training. As in Keras,
        the same mask is used at every time step of a sequence, which is variational dropout (Gal
        and Ghahramani, 2016). All gates have the same mask if `recurrent_dropout=0`.
        """,
    )
    recurrent_dropout: float = parameter(
        default=0.0,
        constraint=[Interval(Real, 0, 1, closed="left")],
        spec=float,
        description="""
        float in [0, 1)
        The fraction of the recurrent state that is dropped during training, with the same mask
        at every time step (Gal and Ghahramani, 2016). If it is positive, each gate of "lstm" and
        "gru" has its own masks for both kinds of dropout, as in Keras, whereas the gates of cells
        that Keras does not have share their masks. Layers with recurrent dropout run in a slower
        loop. It must be 0 for cells that are computed as a scan, which have no recurrent product.
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
    standardize: bool = parameter(
        default=True,
        constraint=["boolean"],
        description="""
        bool
        Whether each numeric feature is brought to mean 0 and standard deviation 1 over the time
        steps of the training sequences, weighted by `sample_weight`. `predict` uses the same mean
        and scale, and so do later calls of `partial_fit` and, with `warm_start=True`, of `fit`. A
        time step that several overlapping sequences contain counts once for each of them. Columns
        of 0 and 1 are left unchanged, and so are one-hot vectors. A constant column becomes 0. If
        False, a `ConvergenceWarning` is issued if the mean or the standard deviation of a feature
        is above 200, or if those of all features are below 0.005. Ignored if `embedding` is not
        None.
        """,
    )
    bias_initializer: str = parameter(
        default="default",
        constraint=[StrOptions(set(BIAS_INITIALIZERS))],
        spec=unchanged,
        description="""
        {"default", "chrono", "uniform_gate"}
        How the initial biases of the gates are drawn, which decides how long a unit remembers its
        state before training has changed anything. "default" is that of Keras: 1 for the
        forget gate of an LSTM, 0 for all others, so that all units forget within a few time steps;
        for "refine_lstm" and "refine_gru", it is "uniform_gate".
        "chrono" [7]_ spreads the memory of the units evenly over the time steps of the longest
        training sequence, and "uniform_gate" [8]_ spreads the fraction of the state that is kept at
        each time step evenly between 0 and 1. Both help a network to remember over hundreds of time
        steps. Not available for cells without gates, such as "simple", "irnn" and "indrnn". Only
        the first fit uses it if others continue the training.
        """,
    )
    recurrent_initializer: str = parameter(
        default="default",
        constraint=[StrOptions(set(RECURRENT_INITIALIZERS))],
        spec=unchanged,
        description="""
        {"default", "orthogonal", "identity", "glorot_uniform"}
        How the initial recurrent kernels are drawn. A recurrent kernel multiplies the state at
        every time step.

        - "default" is the initializer of the cell: "orthogonal" for all cells of Keras.
        - "orthogonal" draws a matrix of orthonormal rows (Saxe et al., 2014), which keeps the norm
          of a state.
        - "identity" is the identity matrix for each gate (Le et al., 2015), which keeps the state
          itself. The paper combines it with ``cell="simple"`` and ``activation="relu"``.
        - "glorot_uniform" draws uniform numbers (Glorot and Bengio, 2010), as for the other
          kernels.

        Only the first fit uses it if others continue the training.
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


def layer_fields(parameters):
    """Return those fields of a specification that do not depend on data.

    Parameters
    ----------
    parameters : LayerParameters

    Returns
    -------
    dict of str to object

    Raises
    ------
    ValueError
        If the cell does not have the recurrent dropout.
    """
    check_recurrent_dropout(parameters)
    activation = _activation(parameters.activation, parameters.cell)
    # An encoder-decoder has an output for each time step of its target.
    of_decoder = {"return_sequences": True, "pooling": "last"}
    return {**of_decoder, **as_spec(parameters, NetworkSpec), "activation": activation}


def _activation(activation, cell):
    """Return the activation of a cell, with "auto" replaced by its meaning."""
    is_auto = isinstance(activation, str) and activation == "auto"
    return DEFAULT_ACTIVATIONS.get(_cell_name(cell), "tanh") if is_auto else activation
