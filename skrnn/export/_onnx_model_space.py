"""Write the pooling "model_space", a ridge regression per sequence, with ONNX operators.

ONNX does not have an operator that solves linear systems. Here a loop eliminates one variable
after the other. It does not need pivots, because the matrices are positive definite.
"""

import numpy as np

from skrnn.reservoir._model_space import _ALPHA


def add_model_space(graph, space, states, counted):
    """Return the features of each sequence, float64 of shape (n, n_features).

    Parameters
    ----------
    graph : OnnxGraph
    space : skrnn.reservoir._model_space.ModelSpace
    states : str
        States of shape (T, n, n_states).
    counted : str
        Whether the state at each time step is used, bool of shape (T, n, 1). The steps that are
        used are consecutive.
    """
    zero, one = (graph.constant(np.float64(value)) for value in (0, 1))
    centred = graph.add("Sub", [graph.cast(states, "float64"), graph.constant(space.mean)])
    projected = graph.add("MatMul", [centred, graph.constant(np.ascontiguousarray(space.axes))])
    # A time step is used if the one after it is used too.
    used = graph.add("And", [counted, _one_earlier(graph, counted)])
    ones = graph.add("Expand", [one, graph.add("Shape", [used])])
    before = graph.add("Where", [used, graph.add("Concat", [projected, ones], axis=2), zero])
    after = _one_earlier(graph, projected)
    columns = graph.add("Transpose", [before], perm=[1, 2, 0])
    n_columns = space.axes.shape[1] + 1
    gram = graph.add("MatMul", [columns, graph.add("Transpose", [before], perm=[1, 0, 2])])
    gram = graph.add("Add", [gram, graph.constant(_ALPHA * np.eye(n_columns))])
    moments = graph.add("MatMul", [columns, graph.add("Transpose", [after], perm=[1, 0, 2])])
    solution = _solve(graph, gram, moments, n_columns)
    return graph.reshape(solution, (0, space.n_features))


def _one_earlier(graph, steps):
    """Return the value of the next time step for each time step, and zero for the last one."""
    padded = graph.add("Pad", [steps, graph.constant([0, 0, 0, 1, 0, 0])])
    begin, end, axis = (graph.constant([i]) for i in (1, np.iinfo(np.int64).max, 0))
    return graph.add("Slice", [padded, begin, end, axis])


def _solve(graph, matrices, right, size):
    """Solve positive definite systems (n, size, size) for right sides (n, size, size - 1).

    With the row r and the column c of a variable, their common element p and the unit vector e of
    the variable, its elimination subtracts (c - e) r / p from the augmented matrix.
    """
    body = graph.begin_body()
    before, after, unit = map(body.own_name, ("before", "after", "unit"))
    row = body.add("MatMul", [body.reshape(unit, (1, size)), before])
    padded = body.constant(np.zeros(size - 1))
    column = body.reshape(body.add("Concat", [unit, padded], axis=0), (2 * size - 1, 1))
    pivot = body.add("MatMul", [row, column])
    row = body.add("Div", [row, pivot])
    column = body.add("MatMul", [before, column])
    column = body.add("Sub", [column, body.reshape(unit, (size, 1))])
    body.rename(body.add("Sub", [before, body.add("MatMul", [column, row])]), after)
    values = [(name, "float64", ("n", size, 2 * size - 1)) for name in (before, after)]
    eliminated = graph.add(
        "Scan",
        [graph.add("Concat", [matrices, right], axis=2), graph.constant(np.eye(size))],
        num_scan_inputs=1,
        body=body.body([values[0], (unit, "float64", (size,))], [values[1]]),
    )
    begin, end, axis = (graph.constant([value]) for value in (size, 2 * size - 1, 2))
    return graph.add("Slice", [eliminated, begin, end, axis])
