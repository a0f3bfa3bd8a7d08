"""Convert tokens and categories to integers in ONNX graphs of Pipelines with an encoder."""

import numpy as np

from skrnn.export._onnx_inputs import add_positions, check_lengths
from skrnn.sequences._tokens import PADDING, UNKNOWN


def describe_symbols(symbols):
    """Return the dtype and the shape of X for sequences of strings or of integers."""
    return "str" if isinstance(next(iter(symbols)), str) else "int64", ("n", "T")


def require_tokens(tokenizer):
    """Check that a fitted EmbeddingTokenizer only looks up its tokens.

    Raises
    ------
    ValueError
        If it also splits or changes text.
    """
    if not (isinstance(tokenizer.analyzer, str) and tokenizer.analyzer == "tokens"):
        raise ValueError(
            "EmbeddingTokenizer can only be exported to ONNX with analyzer='tokens', because ONNX "
            f"cannot split text as Python does, got analyzer={tokenizer.analyzer!r}. Apply the "
            "tokenizer before the model, and export the estimator after it: to_onnx(pipeline[-1])."
        )
    if isinstance(next(iter(tokenizer.vocabulary_)), str) and (
        tokenizer.lowercase or tokenizer.strip_accents is not None
    ):
        raise ValueError(
            "EmbeddingTokenizer can only be exported to ONNX with lowercase=False and "
            "strip_accents=None, because ONNX changes letters differently from Python, got "
            f"lowercase={tokenizer.lowercase} and strip_accents={tokenizer.strip_accents!r}. "
            "Change these parameters of the fitted tokenizer with set_params, and pass tokens to "
            "the model that are already in lower case or without accents."
        )


def add_tokenizer(graph, tokenizer, X, lengths):
    """Add a fitted EmbeddingTokenizer.

    Parameters
    ----------
    graph : OnnxGraph
    tokenizer : EmbeddingTokenizer
    X : str
        Tokens, strings or int64 of shape (n, T).
    lengths : str

    Returns
    -------
    ids, lengths : str
        A document without tokens has length 1. Tokens beyond `max_length` are padding.
    """
    require_tokens(tokenizer)
    lengths = check_lengths(graph, X, lengths, shortest=0)
    ids = _look_up(graph, tokenizer.vocabulary_, X, default=UNKNOWN)
    kept = _is_kept(graph, tokenizer, X, lengths)
    ids = graph.add("Where", [kept, ids, graph.constant(PADDING)])
    return ids, _at_least_one(graph, lengths)


def _is_kept(graph, tokenizer, X, lengths):
    """Return which tokens are in a document and are not truncated, bool of shape (n, T)."""
    positions, ends = add_positions(graph, X), graph.reshape(lengths, (-1, 1))
    if tokenizer.max_length is None:
        return graph.add("Less", [positions, ends])
    limit = graph.constant(tokenizer.max_length)
    if tokenizer.truncating == "post":
        return graph.add("Less", [positions, graph.add("Min", [ends, limit])])
    is_late = graph.add("GreaterOrEqual", [positions, graph.add("Sub", [ends, limit])])
    return graph.add("And", [graph.add("Less", [positions, ends]), is_late])


def require_one_hot_sequences(encoder):
    """Check that a fitted OneHotSequenceEncoder encodes each time step, and does not split text.

    Raises
    ------
    ValueError
        If it analyzes text, or returns one row per sequence.
    """
    if encoder.analyzer is not None or encoder.output != "sequence":
        raise ValueError(
            "OneHotSequenceEncoder can only be exported to ONNX with analyzer=None and "
            f"output='sequence', got analyzer={encoder.analyzer!r} and output={encoder.output!r}. "
            "Apply the encoder before the model, and export the estimator after it: "
            "to_onnx(pipeline[-1])."
        )


def add_one_hot_encoder(graph, encoder, X, lengths):
    """Add a fitted OneHotSequenceEncoder.

    With ``handle_unknown="error"``, running the model fails for an unknown category.

    Parameters
    ----------
    graph : OnnxGraph
    encoder : OneHotSequenceEncoder
    X : str
        Categories, strings or int64 of shape (n, T).
    lengths : str

    Returns
    -------
    codes, lengths : str
        The codes of one-hot vectors. -1 stands for a vector of zeros. An empty sequence has one.
    """
    require_one_hot_sequences(encoder)
    categories, n_columns = encoder.categories_.tolist(), len(encoder._labels)
    column_of = dict(zip(categories, encoder._columns.tolist(), strict=True))
    unknown = -1
    if encoder.handle_unknown == "error":
        unknown = n_columns
    elif encoder.handle_unknown != "ignore" and encoder.infrequent_categories_ is not None:
        unknown = n_columns - 1
    lengths = check_lengths(graph, X, lengths, shortest=0)
    codes = _look_up(graph, column_of, X, default=unknown)
    positions, ends = add_positions(graph, X), graph.reshape(lengths, (-1, 1))
    real = graph.add("Less", [positions, ends])
    if encoder.handle_unknown == "error":
        # An index that is out of bounds is an error, which only counts at real time steps.
        codes = graph.add("Where", [real, codes, graph.constant(0)])
        codes = graph.add("Gather", [graph.constant(np.arange(n_columns)), codes])
    codes = graph.add("Where", [real, codes, graph.constant(-1)])
    return codes, _at_least_one(graph, lengths)


def _look_up(graph, number_of, X, default):
    """Return the number of each symbol, and `default` for unknown symbols."""
    symbols, numbers = list(number_of), [int(number) for number in number_of.values()]
    key = "keys_strings"
    if not isinstance(symbols[0], str):
        # Tokens may also be booleans, which Python counts as integers.
        key, symbols = "keys_int64s", [int(symbol) for symbol in symbols]
    domain = "ai.onnx.ml"
    graph.opsets.setdefault(domain, 3)
    keys = {key: symbols, "values_int64s": numbers, "default_int64": default}
    return graph.add("LabelEncoder", [X], domain=domain, **keys)


def _at_least_one(graph, lengths):
    return graph.add("Max", [lengths, graph.constant(1)])
