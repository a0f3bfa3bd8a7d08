"""`check_body`: the check that padding does not change the results of a custom body."""

from collections.abc import Sequence
from numbers import Integral

from sklearn.utils import check_random_state

from skrnn._sklearn import Interval, StrOptions, validate_params
from skrnn._specs import NetworkSpec


@validate_params(
    {
        "body": [callable],
        "n_features": [Interval(Integral, 1, None, closed="left")],
        "lengths": ["array-like"],
        "dtype": [StrOptions({"float32", "float64"})],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def check_body(body, *, n_features=3, lengths=(12, 7, 3), dtype="float32", random_state=0):
    """Check that padding does not change the results of a custom body.

    The body is built, and receives random weights and random sequences. Its output for each
    sequence alone, as a mean over real time steps, is compared with its output for the same
    sequence in a padded batch. If the body has no dropout, its outputs in training, for batches
    with less and with more padding, are compared too.

    Parameters
    ----------
    body : callable
        A custom or ready-made body, as the parameter `body` of
        :class:`~skrnn.RNNClassifier` describes it.
    n_features : int, default=3
        The number of features of a time step.
    lengths : array-like of int, default=(12, 7, 3)
        The numbers of time steps of the random sequences. At least two of them must differ.
    dtype : {"float32", "float64"}, default="float32"
        The `dtype` of the estimator.
    random_state : int, RandomState instance or None, default=0
        Controls the weights and the sequences.

    Raises
    ------
    ValueError
        If the body cannot be built, or if padding changes its output by more than one part in a
        thousand.

    Notes
    -----
    A body that passes has not been proved to be exact: the check only sees what affects these
    sequences, and it does not see what a body with dropout does in training.

    Examples
    --------
    The biases of the first layer are not zero after the end of a sequence, so that the second
    layer combines them with the last real time steps:

    >>> import keras
    >>> from skrnn.recurrent import check_body
    >>> def careless(steps, lengths):
    ...     hidden = keras.layers.Conv1D(4, 3, padding="same")(steps)
    ...     return keras.layers.Conv1D(4, 3, padding="same")(hidden)
    >>> check_body(careless)
    Traceback (most recent call last):
        ...
    ValueError: body returns other outputs for a sequence of 12 time steps if it is padded: ...

    >>> def exact(steps, lengths, mask):
    ...     hidden = keras.layers.Conv1D(4, 3, padding="same")(steps)
    ...     hidden = hidden * keras.ops.cast(mask, hidden.dtype)[:, :, None]
    ...     return keras.layers.Conv1D(4, 3, padding="same")(hidden)
    >>> check_body(exact)
    """
    lengths = _check_lengths(lengths)
    from skrnn.networks.architecture import check_padding

    seed = int(check_random_state(random_state).randint(2**31 - 1))
    spec = NetworkSpec(
        cell="gru",
        units=(4,),
        bidirectional=True,
        return_sequences=False,
        pooling="mean",
        activation="tanh",
        dropout=0.0,
        recurrent_dropout=0.0,
        l2=0.0,
        n_features=int(n_features),
        embedding=None,
        train_embedding=False,
        n_outputs=8,
        output_activation="linear",
        dtype=dtype,
        body=body,
        body_seed=seed,
    )
    check_padding(spec, lengths, seed)


def _check_lengths(lengths):
    is_list = isinstance(lengths, Sequence) or getattr(lengths, "ndim", 0) == 1
    are_lengths = is_list and all(isinstance(n, Integral) and n >= 1 for n in lengths)
    if not are_lengths or len(set(lengths)) < 2:
        raise ValueError(
            "lengths must contain positive integers, at least two of which differ, "
            f"got {lengths!r}."
        )
    return tuple(int(n) for n in lengths)
