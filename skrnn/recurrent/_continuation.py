"""Predictions and hidden states that begin at a state, or return one.

The recurrent layers run in a compiled program. Pooling and the output layer run in NumPy, as in a
stream, because what they carry from earlier time steps is not part of the compiled network.
"""

import numpy as np

from skrnn.recurrent._data import ids_as_rows, read_sequences
from skrnn.recurrent._numpy_network import NumpyHead
from skrnn.recurrent._state import StateLayout


def read_from(estimator, X, initial_state):
    """Return X as `Inputs`, and the checked state in which its sequences begin.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
        A snapshot of a fitted estimator.
    X : as in `fit`
    initial_state : tuple of ndarray or None

    Raises
    ------
    ValueError
        If the state of the network cannot be carried, or if `initial_state` is not one.
    """
    layout = StateLayout(estimator._spec)
    inputs = ids_as_rows(estimator._vocabulary, read_sequences(estimator, X))
    n = len(inputs)
    if initial_state is None:
        return inputs, layout.fresh(n)
    return inputs, layout.check(initial_state, n, "initial_state")


def outputs_from(estimator, inputs, state):
    """Return the outputs of the network for sequences that begin at a state, and the next state.

    Returns
    -------
    outputs : ndarray of shape (n_sequences, n_outputs) or (n_steps, n_outputs)
        One row per sequence, or one per time step with `return_sequences=True`.
    state : tuple of ndarray
    """
    spec = estimator._spec
    layout, head = StateLayout(spec), NumpyHead(spec, estimator.weights_)
    _, _, n_steps, _, carried = layout.split(state)

    def outputs_of(rows, hidden):
        """Return the outputs for the outputs of the last layer, and what the pooling carries."""
        if spec.return_sequences:
            return head.outputs(hidden), ()
        count = None if n_steps is None else n_steps[rows]
        pooling = tuple(array[rows] for array in carried)
        for t in range(hidden.shape[1]):
            count = None if count is None else count + 1
            pooled, pooling = head.pool(hidden[:, t], pooling, count)
        return head.outputs(pooled), pooling

    results, layers, previous, observed = _run(estimator, inputs, state, outputs_of)
    outputs = [(rows, values) for rows, (values, _) in results]
    carried = _join_blocks([(rows, pooling) for rows, (_, pooling) in results])
    if n_steps is not None:
        n_steps = n_steps + inputs.lengths[:, None]
    state = layout.join(layers, previous, n_steps, observed, carried)
    return _ordered(outputs, inputs, per_step=spec.return_sequences), state


def hidden_from(estimator, inputs, state, *, per_step):
    """Return the outputs of the last recurrent layer, and its final states.

    Returns
    -------
    outputs : ndarray of shape (n_sequences, units), or (n_steps, units) if `per_step`
    states : tuple of ndarray of shape (n_sequences, units)
    """
    results, layers, *_ = _run(
        estimator, inputs, state, lambda rows, hidden: hidden if per_step else hidden[:, -1]
    )
    return _ordered(results, inputs, per_step=per_step), layers[-1]


def _ordered(results, inputs, *, per_step):
    """Return the rows of all blocks in the order of the sequences or of their time steps."""
    from skrnn.networks.inference import in_order, in_order_of_steps

    if per_step:
        return in_order_of_steps(results, inputs.lengths)
    return in_order(results, len(inputs))


def _join_blocks(results):
    """Return arrays with one row per sequence, from the indices and the arrays of each block."""
    order = np.argsort(np.concatenate([rows for rows, _ in results]))
    arrays = zip(*(arrays for _, arrays in results), strict=True)
    return [np.concatenate(blocks)[order] for blocks in arrays]


def _run(estimator, inputs, state, reduce):
    """Run the recurrent layers, and reduce the outputs of the last one block by block.

    Returns
    -------
    results : list of tuple
        The indices of the sequences of each block, and what `reduce` returns for these and the
        outputs.
    layers : list of tuple of ndarray
        The final states of each layer.
    previous : ndarray or None
        With differences, the last time step of each sequence as the network receives it.
    observed : list of ndarray
        With NaN, the last known values and the time since then.
    """
    from skrnn.networks.inference import forward_from

    layers, previous, n_steps, observed, _ = StateLayout(estimator._spec).split(state)
    differences = [] if previous is None else [previous, n_steps]
    n_observed, n_others = len(observed), len(observed) + len(differences)
    blocks = forward_from(
        [*observed, *differences, *(states for layer in layers for states in layer)],
        lambda rows, hidden, final: (rows, reduce(rows, hidden), final),
        estimator._spec,
        estimator.weights_,
        inputs.sequences,
        standardization=estimator._standardization,
    )
    final = _join_blocks([(rows, states) for rows, _, states in blocks])
    previous = final[n_observed] if differences else None
    observed, final = final[:n_observed], final[n_others:]
    per_layer = len(final) // len(layers)
    grouped = [tuple(final[i : i + per_layer]) for i in range(0, len(final), per_layer)]
    return [(rows, reduced) for rows, reduced, _ in blocks], grouped, previous, observed
