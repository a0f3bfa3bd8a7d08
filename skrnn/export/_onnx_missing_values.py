"""Write the decay of missing values with ONNX operators, as the network computes it.

The equations are those of `skrnn.networks.architecture.missing_values`.
"""

import numpy as np

from skrnn.export._onnx_inputs import add_positions
from skrnn.recurrent._named_weights import DECAY

# A position after all others.
_AFTER_ALL = 2**31 - 1


def fill_missing(graph, weights, dtype, X):
    """Add the decay of missing values to a graph.

    Parameters
    ----------
    graph : OnnxGraph
    weights : dict of str to ndarray
        The weights of the network by name.
    dtype : str
        The dtype of the network.
    X : str
        Time steps with NaN, (n, T, n_features).

    Returns
    -------
    filled, indicators : str
        Both have the shape of `X`.
    """
    kernel, bias, mean = (graph.constant(weights[name]) for name in DECAY)
    zero, one = (graph.constant(np.array(number, dtype)) for number in (0, 1))
    is_missing = graph.add("IsNaN", [X])
    steps = graph.add("Where", [is_missing, zero, X])
    position = graph.add("Unsqueeze", [add_positions(graph, X), graph.constant([0, 2])])
    has_value, last = _last_known(graph, is_missing, position)
    values = graph.add("GatherElements", [steps, last], axis=1)
    age = graph.cast(graph.add("Sub", [position, last]), dtype)
    exponent = graph.add("Relu", [graph.add("Add", [graph.add("Mul", [age, kernel]), bias])])
    decay = graph.add("Exp", [graph.add("Neg", [exponent])])
    decayed = graph.add("Mul", [decay, graph.add("Sub", [values, mean])])
    decayed = graph.add("Where", [has_value, graph.add("Add", [decayed, mean]), mean])
    filled = graph.add("Where", [is_missing, decayed, steps])
    return filled, graph.add("Where", [is_missing, one, zero])


def _last_known(graph, is_missing, position):
    """Return whether there is a known value up to each time step, and the position of the last."""
    zero, one = graph.constant(np.int64(0)), graph.constant(np.int64(1))
    after_all = graph.constant(np.int64(_AFTER_ALL))
    number = graph.add("Where", [is_missing, zero, one])
    n_steps = graph.add("Shape", [is_missing], start=1, end=2)
    known = graph.add("Where", [is_missing, after_all, position])
    ordered, _ = graph.add("TopK", [known, n_steps], n_outputs=2, axis=1, largest=0)
    count = graph.add("CumSum", [number, one])
    at = graph.add("Max", [graph.add("Sub", [count, one]), zero])
    has_value = graph.add("Greater", [count, zero])
    last = graph.add("GatherElements", [ordered, at], axis=1)
    return has_value, graph.add("Where", [has_value, last, zero])
