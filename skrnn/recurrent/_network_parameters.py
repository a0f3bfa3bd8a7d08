"""The parameters of networks whose outputs are as long as their inputs, each described once."""

from collections.abc import Callable
from numbers import Integral

import numpy as np

from skrnn._parameters import inherited, parameter, unchanged, with_parameters
from skrnn._sklearn import StrOptions
from skrnn._specs import NetworkSpec
from skrnn.recurrent._bodies import own_copy
from skrnn.recurrent._check_layers import check_bias_initializer, check_recurrent_initializer
from skrnn.recurrent._layer_parameters import LayerParameters, layer_fields


@with_parameters
class NetworkParameters(LayerParameters):
    """The parameters of networks with one target per sequence, or one per time step."""

    bias_initializer: str = inherited(
        LayerParameters,
        "bias_initializer",
        default="default",
        more="""\
        With `pooling="last"`, an LSTM reaches an R² of 0.98 with "chrono" in the adding problem of
        200 time steps, and of 0 with "default". With `pooling="max"`, "chrono" had a lower accuracy
        than "default" on the data sets of the benchmarks. Not available for custom cells, and
        ignored if `body` is given.
        """,
    )
    recurrent_initializer: str = inherited(
        LayerParameters,
        "recurrent_initializer",
        default="default",
        more="""\
        Not available for custom cells, and ignored if `body` is given.
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
        spec=unchanged,
        description="""
        {"last", "mean", "max", "mean_max", "attention"}
        How the outputs at all time steps become one vector: "last" is the output after the last
        time step of each sequence, "mean" and "max" are the mean and the maximum over its time
        steps, "mean_max" concatenates both, and "attention" is a mean with learned weights [9]_,
        which `attention_weights` returns. Try "last" if sequences are short or their ends matter
        most, and the others otherwise. Only used when `return_sequences=False`.
        """,
    )
    add_differences: bool = parameter(
        default=False,
        constraint=["boolean"],
        description="""
        bool
        Whether the network also receives how much each numeric feature has changed since the
        previous time step of the sequence, so that a time step has twice as many features. The
        change at the first time step is zero. Each change is divided by its root mean square over
        the training sequences, also if `standardize` is False. Like the mean and the scale of
        `standardize`, it is computed once and used in all later calls. Differences help if shapes
        and edges matter more than levels, above all to classify sequences with ``pooling="max"``.
        They do not help if only the level matters. Ignored if `embedding` is not None, and if all
        features are 0 or 1 in the first call of `fit` or `partial_fit`, as those of one-hot vectors
        are.
        """,
    )
    allow_nan: bool = parameter(
        default=False,
        constraint=["boolean"],
        description="""
        bool
        Whether X may contain NaN, for missing values inside sequences. The network then replaces
        them as GRU-D does (Z. Che et al., "Recurrent neural networks for multivariate time series
        with missing values", Scientific Reports 8, 2018): a missing value is between the last known
        value of the feature in the same sequence and the mean of the training set, and comes closer
        to the mean with each time step, at a rate that is trained for each feature. The network
        also receives an indicator of 0 and 1 for each feature, so that it can learn from the fact
        that a value is missing. This happens before the recurrent layers, and is the same for every
        `cell` and `body`; states do not decay. :ref:`missing_values` has the equations. If False,
        NaN raise an error. Ignored if `embedding` is not None.
        """,
    )
    static: str | None = parameter(
        default="concat",
        constraint=[StrOptions({"concat", "initial_state"}), None],
        description="""
        {"concat", "initial_state"} or None
        How the network uses static features, which belong to a whole sequence, such as the age of
        a patient; :ref:`static_features` shows how X contains them. With "concat", the output layer
        receives them next to the pooled outputs of the recurrent layers, or next to those at each
        time step with `return_sequences=True`. With "initial_state", a dense layer maps them to the
        states with which each recurrent layer begins a sequence, so that they change how time steps
        are read; not available for a custom `body` or `cell`, or with `truncation`. Try "concat"
        first: it is the more direct way to the output. If None, static features are ignored. They
        are standardised if `standardize=True`, and must not be NaN. Ignored if X has none.
        """,
    )
    categorical_features: object = parameter(
        default=None,
        constraint=["array-like", StrOptions({"auto"}), None],
        description="""
        "auto", array-like of bool, int or str, or None
        The categorical features of time steps that have numeric features as well: a mask, indices,
        or the names of columns, as in
        :class:`~sklearn.ensemble.HistGradientBoostingClassifier`. "auto" stands for the features
        that hold strings and, in DataFrames, for those of a categorical dtype. The network learns a
        vector for each category of each of these features, see `embedding`, and receives it next to
        the numeric features. Categories are strings, bools, or integers that are not negative, and
        are compared by value. A category that the first fit did not see is read as the mean vector
        of the others, and so is a missing category (NaN or None) if the first fit did not see any.
        `standardize`, `add_differences` and `allow_nan` do not apply to these features. If None,
        all features are numbers, or X holds token ids. :ref:`mixed_time_steps` has examples.
        """,
    )
    embedding: object = inherited(
        LayerParameters,
        "embedding",
        default=None,
        also=[dict],
        more="""\
        If `categorical_features` is given, X does not hold token ids, and `embedding` is the number
        of dimensions of the vectors of categories: an int for all features, or a dict from names
        or indices of features to ints, such as ``{"code": 16}``. Features without an entry, and all
        features if `embedding` is None, have ``min(64, round(1.6 * n ** 0.56))`` dimensions, where
        ``n`` is the number of rows of the embedding: two more than categories, rounded up to three
        significant bits.
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
        (batch, steps, n), a tuple of these and new lengths of at least 1, or vectors (batch, n).
        Time steps after the end of a sequence are zero; a body that uses them must mask them
        itself. Layers without a seed are seeded from `random_state`.
        """,
    )


def network_spec(
    estimator,
    *,
    n_features,
    n_rows,
    n_outputs,
    output_activation,
    body_seed,
    add_differences,
    allow_nan,
    categorical=(),
):
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
    add_differences : bool
        Whether the network computes differences. The parameter may be ignored, depending on X.
    allow_nan : bool
        Whether the network replaces NaN.
    categorical : tuple of tuple (column, rows, dimensions), default=()
        The categorical features, as in `NetworkSpec`.

    Returns
    -------
    NetworkSpec
    """
    check_bias_initializer(estimator)
    check_recurrent_initializer(estimator)
    return NetworkSpec(
        **layer_fields(estimator),
        decoder=estimator._decoder_spec(n_outputs),
        custom_cell=None if isinstance(estimator.cell, str) else estimator.cell,
        n_features=n_features,
        embedding=None if n_rows is None else (n_rows, _n_dimensions(estimator.embedding)),
        n_outputs=n_outputs,
        output_activation=output_activation,
        body_seed=body_seed,
        add_differences=add_differences,
        allow_nan=allow_nan,
        categorical=categorical,
    )


def _n_dimensions(embedding):
    return int(embedding) if isinstance(embedding, Integral) else np.shape(embedding)[1]
