"""`rnn_builder`: the networks of skrnn as the parameter `model` of scikeras."""

import random
from functools import partial

from skrnn._cells import CELLS
from skrnn._sklearn import StrOptions, validate_parameter_constraints
from skrnn._specs import NetworkSpec
from skrnn.networks.padded_input import padded_input_model
from skrnn.recurrent._layer_parameters import layer_fields
from skrnn.recurrent._network_parameters import NetworkParameters

# It cannot be confused with a real value, and unlike NaN it passes the checks of scikit-learn.
PADDING_VALUE = -1e30

# A model with a custom cell could not be loaded from a pickle.
_CONSTRAINTS = {**NetworkParameters._parameter_constraints, "cell": [StrOptions(set(CELLS))]}


def rnn_builder(
    *,
    cell="lstm",
    units=64,
    bidirectional=False,
    pooling="last",
    activation="auto",
    dropout=0.0,
    recurrent_dropout=0.0,
    l2=0.0,
):
    """Return a function that builds a recurrent network for the parameter `model` of scikeras.

    The function builds and compiles a Keras model with the number of features, the number of
    outputs and the output activation that fit the data. Each parameter is a default, which the
    estimator may override with the prefix ``model__``, for example ``model__units=32``, also in a
    search. :class:`~skrnn.RNNClassifier` has parameters of the same names and describes them in
    more detail.

    Parameters
    ----------
    cell : str, default="lstm"
        The name of the recurrent cell.
    units : int or tuple of int, default=64
        The size of the hidden state. A tuple stacks layers, with one entry for each.
    bidirectional : bool, default=False
        Whether each layer also reads the sequence from its end to its start.
    pooling : {"last", "mean", "max", "mean_max", "attention"}, default="last"
        How the outputs at all time steps become one vector.
    activation : str or callable, default="auto"
        The activation of the cell. "auto" is that of its equation.
    dropout, recurrent_dropout : float in [0, 1), default=0.0
        The fraction of the inputs, and of the recurrent state, that is dropped during training.
    l2 : float, default=0.0
        The strength of the L2 penalty on the kernels and recurrent kernels.

    Returns
    -------
    callable
        A function that can be pickled. scikeras calls it in each `fit`, with the shapes of the data
        in `meta` and the parameters of the estimator in `compile_kwargs`. If the `loss` of the
        estimator is None, it is the cross-entropy of the classes, or the mean squared error.

    Raises
    ------
    ValueError
        If a parameter is not valid. The returned function also raises this error, during `fit`:
        if X does not have three dimensions, if there is only one class,
        if there are several targets that are not indicators of labels, or if `loss` is the
        categorical cross-entropy and there are only two classes.

    See Also
    --------
    KerasSequenceClassifier : A scikeras classifier that reads sequences of different lengths.

    Notes
    -----
    The layers are those of Keras, in the architecture of :class:`~skrnn.RNNClassifier`. The initial
    weights are drawn from a seed that comes from Python's generator, which scikeras seeds with
    `random_state`. With scikeras' own classes, all sequences passed to `fit` and `predict` must
    have the same length. Shorter ones can be padded with
    ``KerasSequenceClassifier.padding_value``.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.scikeras import KerasSequenceRegressor, rnn_builder
    >>> X = np.random.default_rng(0).normal(size=(20, 5, 3))
    >>> model = rnn_builder(cell="gru", units=16)
    >>> regressor = KerasSequenceRegressor(model, model__units=4, verbose=0)
    >>> regressor = regressor.fit(X, X.sum(axis=(1, 2)))
    >>> regressor.model_.get_layer("recurrent_0").units
    4
    """
    parameters = {
        "cell": cell,
        "units": units,
        "bidirectional": bidirectional,
        "pooling": pooling,
        "activation": activation,
        "dropout": dropout,
        "recurrent_dropout": recurrent_dropout,
        "l2": l2,
    }
    _layers(parameters)
    return partial(_build_rnn, **parameters)


# scikeras passes `model__...` to the parameters that it finds in this signature, so all are listed.
def _build_rnn(
    *,
    meta,
    compile_kwargs,
    cell,
    units,
    bidirectional,
    pooling,
    activation,
    dropout,
    recurrent_dropout,
    l2,
):
    layers = _layers(
        {
            "cell": cell,
            "units": units,
            "bidirectional": bidirectional,
            "pooling": pooling,
            "activation": activation,
            "dropout": dropout,
            "recurrent_dropout": recurrent_dropout,
            "l2": l2,
        }
    )
    n_outputs, output_activation, default_loss = _output_layer(meta, compile_kwargs["loss"])
    spec = NetworkSpec(
        **layers,
        n_features=_n_features(meta["X_shape_"]),
        embedding=None,
        n_outputs=n_outputs,
        output_activation=output_activation,
        dtype="float32",
        body_seed=random.getrandbits(31),
    )
    model = padded_input_model(spec, PADDING_VALUE)
    model.compile(**{**compile_kwargs, "loss": compile_kwargs["loss"] or default_loss})
    return model


def _layers(parameters):
    """Check the parameters, and return them as fields of a specification."""
    validate_parameter_constraints(_CONSTRAINTS, parameters, "rnn_builder")
    return layer_fields(NetworkParameters(**parameters))


def _n_features(shape):
    if len(shape) != 3:
        raise ValueError(
            "rnn_builder needs X of shape (n_sequences, n_steps, n_features), got the shape "
            f"{tuple(shape)}. KerasSequenceClassifier and KerasSequenceRegressor of skrnn.scikeras "
            "also read tables and lists of sequences."
        )
    return shape[2]


def _output_layer(meta, loss):
    """Return the number of outputs, their activation, and the loss if the estimator has none."""
    if "n_classes_" not in meta:
        return meta["n_outputs_"], "linear", "mean_squared_error"
    target, n_classes = meta["target_type_"], meta["n_classes_"]
    if target == "multilabel-indicator":
        return n_classes, "sigmoid", "binary_crossentropy"
    if target not in ("binary", "multiclass") or n_classes < 2:
        raise ValueError(
            "rnn_builder needs one label per sequence of two classes or more, or indicator columns "
            f"of several labels, got a target of type {target!r} with {n_classes} class(es)."
        )
    name = _loss_name(loss)
    if target == "multiclass" or name.startswith("sparse"):
        return n_classes, "softmax", "sparse_categorical_crossentropy"
    if name.startswith("categorical"):
        raise ValueError(
            f"loss={name!r} needs indicator columns, which scikeras does not make for two classes. "
            'Use loss="binary_crossentropy", "sparse_categorical_crossentropy" or None.'
        )
    return 1, "sigmoid", "binary_crossentropy"


def _loss_name(loss):
    """Return the name of a Keras loss, which is a function or an object, or an empty string."""
    name = getattr(loss, "__name__", type(loss).__name__)
    return name.lower() if callable(loss) else ""
