"""The estimators that can be written as ONNX graphs, and the functions that write them."""

from collections.abc import Callable
from dataclasses import dataclass

from skrnn.export._checks import check_not_overridden, check_one_class_output
from skrnn.export._onnx_recurrent import add_recurrent, recurrent_input
from skrnn.export._onnx_reservoir import add_reservoir, reservoir_input
from skrnn.recurrent import RNNClassifier, RNNRegressor
from skrnn.reservoir import EchoStateClassifier, EchoStateRegressor


@dataclass(frozen=True)
class Converter:
    """The functions that write an estimator as an ONNX graph.

    Parameters
    ----------
    describe_input : callable
        ``describe_input(estimator, one_hot=False)`` returns the dtype and the shape of X, and
        raises a ValueError if the estimator cannot be exported.
    add : callable
        ``add(graph, estimator, X, lengths, one_hot=False)`` adds the fitted estimator to a graph,
        and returns its outputs as a list of `Output`.
    """

    describe_input: Callable
    add: Callable


_RECURRENT = Converter(recurrent_input, add_recurrent)
_RESERVOIR = Converter(reservoir_input, add_reservoir)

CONVERTERS = {
    RNNClassifier: _RECURRENT,
    RNNRegressor: _RECURRENT,
    EchoStateClassifier: _RESERVOIR,
    EchoStateRegressor: _RESERVOIR,
}


def converter_of(estimator):
    """Return the `Converter` for an estimator.

    Raises
    ------
    TypeError
        If estimators of this class cannot be exported.
    ValueError
        If the estimator is of a subclass that predicts in another way, or if it has several class
        outputs.
    """
    for kind, converter in CONVERTERS.items():
        if isinstance(estimator, kind):
            check_not_overridden(estimator, kind, ("predict", "predict_proba"))
            check_one_class_output(estimator)
            return converter
    names = ", ".join(kind.__name__ for kind in CONVERTERS)
    hint = getattr(estimator, "_network_hint", "")
    if hasattr(estimator, "best_estimator_"):
        hint = "Pass its best_estimator_."
    raise TypeError(
        f"estimator must be a fitted {names}, or a Pipeline that ends with one, to be exported to "
        f"ONNX, got {type(estimator).__name__}. {hint}".rstrip()
    )
