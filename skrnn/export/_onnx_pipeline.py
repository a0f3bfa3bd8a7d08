"""Write the steps of a Pipeline that come before its network as ONNX graphs.

A step receives and returns the time steps of a batch and the lengths of its sequences, as the
estimators do.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sklearn.pipeline import Pipeline

from skrnn.export._checks import check_not_overridden
from skrnn.export._onnx_inputs import repeat_first_step
from skrnn.export._onnx_symbols import (
    add_one_hot_encoder,
    add_tokenizer,
    describe_symbols,
    require_one_hot_sequences,
    require_tokens,
)
from skrnn.export._onnx_transformer import as_onnx, n_features_of
from skrnn.preprocessing import EmbeddingTokenizer, OneHotSequenceEncoder, TimeDistributed


@dataclass(frozen=True)
class StepConverter:
    """The functions that write a step of a Pipeline as an ONNX graph.

    Parameters
    ----------
    describe_input : callable
        ``describe_input(transformer, dtype)`` returns the dtype and the shape of X, where `dtype`
        is that of numbers. It raises a ValueError if the transformer cannot be exported.
    add : callable
        ``add(graph, transformer, X, lengths, dtype)`` adds the fitted transformer to a graph, and
        returns the transformed time steps and the lengths.
    makes : {"numbers", "token ids", "codes"}
        The transformed time steps. Codes stand for one-hot vectors.
    """

    describe_input: Callable
    add: Callable
    makes: str


def split_pipeline(estimator):
    """Return the steps of a Pipeline before the last one, by name, and the last step.

    Pipelines in a Pipeline are replaced by their steps. An estimator that is not a Pipeline has no
    steps.

    Returns
    -------
    steps : list of tuple (name, transformer)
    final : estimator
    """
    if not isinstance(estimator, Pipeline):
        return [], estimator
    steps = []
    for name, step in estimator.steps[:-1]:
        if isinstance(step, Pipeline):
            before, last = split_pipeline(step)
            steps += [*before, (name, last)]
        else:
            steps.append((name, step))
    before, final = split_pipeline(estimator.steps[-1][1])
    steps = [*steps, *before]
    return [(name, step) for name, step in steps if step not in (None, "passthrough")], final


def step_converter(name, transformer):
    """Return the `StepConverter` for a step of a Pipeline.

    Raises
    ------
    ValueError
        If this step cannot be exported, as one of a subclass that transforms in another way.
    """
    for kind, converter in _CONVERTERS.items():
        if isinstance(transformer, kind):
            check_not_overridden(transformer, kind, ("transform",))
            return converter
    names = ", ".join(kind.__name__ for kind in _CONVERTERS)
    raise ValueError(
        f"The step {name!r} of the Pipeline, {type(transformer).__name__}, cannot be exported to "
        f"ONNX, which is possible for {names}. Apply the step before the model, and export the "
        "estimator after it: to_onnx(pipeline[-1])."
    )


def makes_codes(steps):
    """Return whether the steps of a Pipeline make codes of one-hot vectors."""
    return bool(steps) and step_converter(*steps[-1]).makes == "codes"


def describe_steps(steps, dtype, *, needs_numbers):
    """Return the dtype and the shape of X for the steps of a Pipeline.

    Parameters
    ----------
    steps : list of tuple (name, transformer)
    dtype : {"float32", "float64"}
        The dtype of X if it consists of numbers.
    needs_numbers : bool
        Whether the last step of the Pipeline reads numbers, not token ids or codes.

    Raises
    ------
    ValueError
        If a step cannot be exported, if an encoder is not the only step, or if the last step of the
        Pipeline reads token ids as numbers.
    """
    converters = [step_converter(name, transformer) for name, transformer in steps]
    descriptions = [
        converter.describe_input(transformer, dtype)
        for converter, (_, transformer) in zip(converters, steps, strict=True)
    ]
    for converter, (name, transformer) in zip(converters, steps, strict=True):
        if converter.makes != "numbers" and len(steps) > 1:
            raise ValueError(
                f"The step {name!r} of the Pipeline, {type(transformer).__name__}, can only be "
                "exported to ONNX if no other transformer comes before it or after it. Apply the "
                "steps before the model, and export the estimator after them: "
                "to_onnx(pipeline[-1])."
            )
    if (converters[-1].makes == "numbers") != needs_numbers:
        raise ValueError(
            f"The step {steps[-1][0]!r} of the Pipeline makes {converters[-1].makes}, but the "
            f"estimator after it reads {'numbers' if needs_numbers else 'token ids or codes'}, "
            "which cannot be exported to ONNX."
        )
    return descriptions[0]


def add_steps(graph, steps, X, lengths, dtype):
    """Add the steps of a Pipeline to a graph.

    Parameters
    ----------
    graph : OnnxGraph
    steps : list of tuple (name, transformer)
    X, lengths : str
    dtype : dtype
        The dtype of X if it consists of numbers.

    Returns
    -------
    X, lengths : str
        The inputs of the last step of the Pipeline. The dtype of numbers is not changed.
    """
    for name, transformer in steps:
        X, lengths = step_converter(name, transformer).add(graph, transformer, X, lengths, dtype)
    return X, lengths


# --- TimeDistributed --------------------------------------------------------------------------


def _describe_time_steps(transformer, dtype):
    return dtype, ("n", "T", n_features_of(transformer.transformer_))


def add_time_distributed(graph, transformer, X, lengths, dtype):
    """Add a transformer of time steps, as the rows of a table.

    Parameters
    ----------
    graph : OnnxGraph
    transformer : TimeDistributed
    X : str
    lengths : str or None
        If None, all time steps are real.
    dtype : {"float32", "float64"}

    Returns
    -------
    X, lengths : str
    """
    inner = transformer.transformer_
    n_features = n_features_of(inner)
    model, i = as_onnx(inner, n_features, dtype, graph.opsets[""])
    n_steps = graph.add("Shape", [X], start=0, end=2)
    if lengths is not None:
        X = repeat_first_step(graph, X, lengths)
    rows = graph.inline(model, [graph.reshape(X, (-1, n_features))])[i]
    shape = graph.add("Concat", [n_steps, graph.constant([-1])], axis=0)
    return graph.cast(graph.add("Reshape", [rows, shape]), dtype), lengths


# --- encoders ---------------------------------------------------------------------------------


def _describe_tokens(transformer, dtype):
    require_tokens(transformer)
    return describe_symbols(transformer.vocabulary_)


def _add_tokens(graph, transformer, X, lengths, dtype):
    return add_tokenizer(graph, transformer, X, lengths)


def _describe_categories(transformer, dtype):
    require_one_hot_sequences(transformer)
    return describe_symbols(transformer.categories_.tolist())


def _add_categories(graph, transformer, X, lengths, dtype):
    return add_one_hot_encoder(graph, transformer, X, lengths)


_CONVERTERS = {
    TimeDistributed: StepConverter(_describe_time_steps, add_time_distributed, "numbers"),
    EmbeddingTokenizer: StepConverter(_describe_tokens, _add_tokens, "token ids"),
    OneHotSequenceEncoder: StepConverter(_describe_categories, _add_categories, "codes"),
}
