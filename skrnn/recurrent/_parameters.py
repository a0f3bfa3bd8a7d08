"""From an estimator's parameters to the two specifications that networks are built and trained by.

Types and ranges that one parameter alone can break are in the table of constraints, which
scikit-learn checks before any work; what takes a look at more than that is checked here.
"""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_array

from skrnn._sklearn import Interval, StrOptions
from skrnn._specs import CELLS, NetworkSpec, TrainingSpec

__all__ = [
    "KERAS_PARAMETERS",
    "PARAMETER_CONSTRAINTS",
    "check_embedding",
    "network_spec",
    "training_spec",
]

# Chosen together with the default number of epochs by cross-validation on training sets (the user
# guide has the table); other optimizers start from Keras' own rate.
_DEFAULT_ADAM_RATE = 5e-3

# What these hold is never changed by a fit, so clones may share it.
KERAS_PARAMETERS = ("cell", "activation", "body", "loss", "metrics", "optimizer", "callbacks")

PARAMETER_CONSTRAINTS = {
    "cell": [StrOptions(set(CELLS)), callable],
    "units": [Interval(Integral, 1, None, closed="left"), tuple, list],
    "bidirectional": ["boolean"],
    "return_sequences": ["boolean"],
    "pooling": [StrOptions({"last", "mean", "max"})],
    "activation": [str, callable],
    "dropout": [Interval(Real, 0, 1, closed="left")],
    "recurrent_dropout": [Interval(Real, 0, 1, closed="left")],
    "l2": [Interval(Real, 0, None, closed="left")],
    "embedding": [None, Interval(Integral, 1, None, closed="left"), "array-like"],
    "train_embedding": ["boolean"],
    "body": [None, callable],
    "loss": "no_validation",
    "metrics": "no_validation",
    "optimizer": "no_validation",
    "learning_rate": [None, Interval(Real, 0, None, closed="neither")],
    "global_clipnorm": [None, Interval(Real, 0, None, closed="neither")],
    "batch_size": [None, Interval(Integral, 1, None, closed="left")],
    "epochs": [Interval(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_split": [Interval(Real, 0, 1, closed="neither")],
    "patience": [Interval(Integral, 1, None, closed="left")],
    "callbacks": "no_validation",
    "warm_start": ["boolean"],
    "random_state": ["random_state"],
    "dtype": [StrOptions({"float32", "float64"})],
    "verbose": ["verbose"],
}


def network_spec(estimator, *, n_features, n_rows, n_outputs, output_activation, body_seed):
    """Describe the network that an estimator's parameters and data call for.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
    n_features : int
        Features of a step.
    n_rows : int or None
        Rows of the embedding; None for numeric steps.
    n_outputs : int
    output_activation : str
    body_seed : int
        For the layers of `body`.

    Returns
    -------
    NetworkSpec
    """
    return NetworkSpec(
        cell=estimator.cell if isinstance(estimator.cell, str) else None,
        custom_cell=None if isinstance(estimator.cell, str) else estimator.cell,
        units=_layer_units(estimator.units),
        bidirectional=bool(estimator.bidirectional),
        return_sequences=bool(estimator.return_sequences),
        pooling=estimator.pooling,
        activation=estimator.activation,
        dropout=float(estimator.dropout),
        recurrent_dropout=float(estimator.recurrent_dropout),
        l2=float(estimator.l2),
        n_features=n_features,
        embedding=None if n_rows is None else (n_rows, _embedding_size(estimator.embedding)),
        train_embedding=bool(estimator.train_embedding),
        n_outputs=n_outputs,
        output_activation=output_activation,
        dtype=estimator.dtype,
        body=estimator.body,
        body_seed=body_seed,
    )


def training_spec(estimator, *, loss, partial):
    """Describe the training that an estimator's parameters call for.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
    loss : str or Keras object
    partial : bool
        Whether this is one epoch of `partial_fit`.

    Returns
    -------
    TrainingSpec
    """
    optimizer, rate = estimator.optimizer, estimator.learning_rate
    if rate is None and isinstance(optimizer, str) and optimizer.lower() == "adam":
        rate = _DEFAULT_ADAM_RATE
    return TrainingSpec(
        loss=loss,
        optimizer=optimizer,
        metrics=_as_tuple(estimator.metrics),
        callbacks=_as_tuple(estimator.callbacks),
        learning_rate=rate,
        global_clipnorm=estimator.global_clipnorm,
        epochs=1 if partial else estimator.epochs,
        batch_size=estimator.batch_size,
        shuffle=bool(estimator.shuffle),
        patience=estimator.patience if estimator.early_stopping and not partial else None,
        verbose=int(estimator.verbose),
    )


def check_embedding(embedding):
    """Return a number of dimensions as it is, and pre-trained vectors as a checked matrix.

    Raises
    ------
    ValueError
        If a matrix is not 2-D, not finite, or has no rows for padding and the unknown token.
    """
    if isinstance(embedding, Integral):
        return embedding
    try:
        matrix = check_array(embedding, dtype=np.float64, input_name="embedding")
    except ValueError as error:
        raise ValueError(f"embedding must be a number or a matrix. {error}") from error
    if len(matrix) < 2:
        raise ValueError(
            "embedding must have a row for padding (0), one for the unknown token (1) and one for "
            f"each token id, got {len(matrix)} row."
        )
    return matrix


def _layer_units(units):
    layers = (units,) if isinstance(units, Integral) else tuple(units)
    if not layers or not all(isinstance(n, Integral) and n >= 1 for n in layers):
        raise ValueError(
            "units must be a positive int, or a tuple of them with one for each stacked layer, "
            f"got {units!r}."
        )
    return tuple(int(n) for n in layers)


def _embedding_size(embedding):
    if isinstance(embedding, Integral):
        return int(embedding)
    return 0 if embedding is None else np.shape(embedding)[1]


def _as_tuple(things):
    if things is None:
        return ()
    return tuple(things) if isinstance(things, list | tuple) else (things,)
