"""Read the inputs of ONNX graphs as `skrnn.sequences` and `skrnn.recurrent` read them.

A batch of sequences is an array that is padded to the longest sequence, and their lengths.
"""

import numpy as np

from skrnn.sequences._tokens import PADDING, UNKNOWN


def check_lengths(graph, X, lengths, shortest=1):
    """Return the lengths; running the model fails if one is too short or longer than X.

    ONNX does not have assertions, but an index that is out of bounds is an error.

    Parameters
    ----------
    graph : OnnxGraph
    X : str
        A tensor of shape (n, T, ...).
    lengths : str
        An int64 tensor of shape (n,).
    shortest : int, default=1
        The number of time steps that a sequence has at least.
    """
    beyond = graph.add("Add", [_n_steps(graph, X), graph.constant(1)])
    allowed = _range(graph, shortest, beyond)
    index = graph.add("Sub", [lengths, graph.constant(shortest)])
    is_long_enough = graph.add("GreaterOrEqual", [lengths, graph.constant(shortest)])
    # A negative index would count from the end.
    index = graph.add("Where", [is_long_enough, index, beyond])
    return graph.add("Gather", [allowed, index])


def full_lengths(graph, X):
    """Return the lengths of sequences without padding, int64 of shape (n,)."""
    n = graph.add("Shape", [X], start=0, end=1)
    return graph.add("Expand", [_n_steps(graph, X), n])


def add_mask(graph, X, lengths):
    """Return whether each time step is real, bool of shape (T, n, 1)."""
    positions = graph.reshape(add_positions(graph, X), (-1, 1, 1))
    return graph.add("Less", [positions, graph.reshape(lengths, (1, -1, 1))])


def add_standardization(graph, known, dtype, X):
    """Return time steps as `Standardization.apply` returns them.

    Parameters
    ----------
    graph : OnnxGraph
    known : Standardization or None
        If None, X is returned.
    dtype : str
        The dtype of standardised time steps.
    X : str
        Numbers of shape (n, T, n_features).
    """
    if known is None:
        return X
    if known.is_identity:
        return graph.cast(X, dtype)
    # In float64, as those of `predict`.
    centered = graph.add("Sub", [graph.cast(X, "float64"), graph.constant(known.mean)])
    return graph.cast(graph.add("Div", [centered, graph.constant(known.scale)]), dtype)


def repeat_first_step(graph, X, lengths):
    """Return time steps whose padding is replaced by the first time step of the sequence.

    A transformer may refuse other values, such as unknown categories.

    Parameters
    ----------
    graph : OnnxGraph
    X : str
        Numbers of shape (n, T, n_features).
    lengths : str
    """
    mask = graph.add("Transpose", [add_mask(graph, X, lengths)], perm=[1, 0, 2])
    limits = [graph.constant([limit]) for limit in (0, 1, 1)]
    return graph.add("Where", [mask, X, graph.add("Slice", [X, *limits])])


def trim_padding(graph, X, lengths):
    """Return token ids and lengths without padding at either end.

    A sequence of padding alone keeps one step, as in `predict`.

    Parameters
    ----------
    graph : OnnxGraph
    X : str
        Token ids, int64 of shape (n, T).
    lengths : str

    Returns
    -------
    ids : str
        Token ids from the start of each row, followed by zeros.
    lengths : str
    """
    positions, n_steps = add_positions(graph, X), _n_steps(graph, X)
    inside = graph.add("Less", [positions, graph.reshape(lengths, (-1, 1))])
    is_padding = graph.add("Equal", [X, graph.constant(PADDING)])
    real = graph.add("And", [inside, graph.add("Not", [is_padding])])
    time = graph.constant([1])
    last = graph.add("Where", [real, positions, graph.constant(-1)])
    last = graph.add("ReduceMax", [last, time])
    first = graph.add("Where", [real, positions, n_steps])
    first = graph.add("ReduceMin", [first, time])
    trimmed = graph.add("Add", [graph.add("Sub", [last, first]), graph.constant(1)])
    trimmed = graph.add("Max", [trimmed, graph.constant(1)])
    index = graph.add("Add", [positions, first])
    index = graph.add("Min", [index, graph.add("Sub", [n_steps, graph.constant(1)])])
    ids = graph.add("GatherElements", [X, index], axis=1)
    is_real = graph.add("Less", [positions, trimmed])
    ids = graph.add("Where", [is_real, ids, graph.constant(PADDING)])
    return ids, graph.reshape(trimmed, (-1,))


def as_embedding_rows(graph, vocabulary, ids):
    """Return the row of the embedding for each token id.

    An id that is not known has the row of the unknown token. As in `predict`, a negative id is an
    error when the model runs, and so is an id beyond a pre-trained matrix.

    Parameters
    ----------
    graph : OnnxGraph
    vocabulary : skrnn.recurrent._vocabulary.Vocabulary
    ids : str
    """
    rows = np.where(vocabulary.known, np.arange(len(vocabulary.known)), UNKNOWN)
    is_negative = graph.add("Less", [ids, graph.constant(0)])
    if not vocabulary.pretrained:
        # All ids beyond the last row share one more, that of the unknown token.
        rows = np.append(rows, UNKNOWN)
        ids = graph.add("Min", [ids, graph.constant(len(rows) - 1)])
    index = graph.add("Where", [is_negative, graph.constant(len(rows)), ids])
    return graph.add("Gather", [graph.constant(rows), index])


def as_one_hot(graph, codes, n_features, dtype):
    """Return codes as one-hot vectors; a code that is not a column, as -1, is a vector of zeros."""
    columns = graph.constant(np.arange(n_features))
    codes = graph.add("Unsqueeze", [codes, graph.constant([2])])
    return graph.cast(graph.add("Equal", [codes, columns]), dtype)


def _n_steps(graph, X):
    """Return the length of the array X, int64 of shape ()."""
    return graph.add("Squeeze", [graph.add("Shape", [X], start=1, end=2)])


def add_positions(graph, X):
    """Return the positions 0, 1, ... of the time steps of X, int64 of shape (T,)."""
    return _range(graph, 0, _n_steps(graph, X))


def _range(graph, first, limit):
    return graph.add("Range", [graph.constant(first), limit, graph.constant(1)])
