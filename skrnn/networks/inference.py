"""Compute predictions and hidden states from the weights of a network and sequences."""

import numpy as np

from skrnn._parallel.tasks import current_team
from skrnn.networks import backends
from skrnn.networks.batches import inference_batches
from skrnn.networks.feed import Feed, standardized
from skrnn.networks.programs import lease
from skrnn.sequences._sequences import offsets_of


def forward(spec, weights, sequences, name="model", *, standardization=None):
    """Run sequences through one of a network's models.

    Parameters
    ----------
    spec : NetworkSpec
    weights : list of ndarray
    sequences : Sequences
    name : {"model", "summary", "pooled", "steps", "attention"}, default="model"
        The model, as an attribute of `Network`.
    standardization : Standardization or None, default=None
        How the time steps are standardised. If None, they are used unchanged.

    Returns
    -------
    ndarray
        One row per sequence. If the model returns time steps, there is one row per real time
        step, and the rows of one sequence follow those of another.

    Raises
    ------
    ValueError
        If the network does not have this model.
    """
    per_step = name in ("steps", "attention") or (name == "model" and spec.return_sequences)
    results = _run_blocks(spec, weights, sequences, name, standardization)
    if per_step:
        return in_order_of_steps(results, sequences.lengths)
    return in_order(results, len(sequences))


def final_states(spec, weights, sequences, *, standardization=None):
    """Return the final states of the last recurrent layer, as Keras does for ``return_state=True``.

    All sequences of a block have the same length, because padding would change a state.

    Returns
    -------
    list of ndarray of shape (n_sequences, units)
    """
    blocks = _run_blocks(spec, weights, sequences, "states", standardization, equal_lengths=True)
    results = [(rows, _as_list(states)) for rows, states in blocks]
    return [
        in_order([(rows, states[i]) for rows, states in results], len(sequences))
        for i in range(len(results[0][1]))
    ]


def forward_from(initial, collect, spec, weights, sequences, *, standardization=None):
    """Run the recurrent layers on sequences whose earlier time steps they have read.

    All sequences of a block have the same length, because padding would change a state.

    Parameters
    ----------
    initial : list of ndarray
        The inputs of `continued_model` after the lengths, each with one row per sequence.
    collect : callable
        Called for each block with the indices of its sequences, the outputs of the last layer, of
        shape (n, T, units), and the list of the final states of all layers.
    spec : NetworkSpec
    weights : list of ndarray
    sequences : Sequences
    standardization : Standardization or None, default=None

    Returns
    -------
    list
        The return values of `collect`.
    """
    return _run_blocks(
        spec,
        weights,
        sequences,
        "continued",
        standardization,
        equal_lengths=True,
        initial=initial,
        collect=lambda rows, outputs: collect(rows, outputs[0], outputs[1:]),
    )


def encode(collect, spec, weights, sequences, *, standardization=None):
    """Run the encoder of an encoder-decoder on sequences.

    Parameters
    ----------
    collect : callable
        Called for each block with the indices of its sequences, the outputs of the encoder if
        there is attention, and the first states of the decoder.
    spec : NetworkSpec
    weights : list of ndarray
    sequences : Sequences
    standardization : Standardization or None, default=None

    Returns
    -------
    list
        The return values of `collect`.
    """
    options = {"collect": lambda rows, outputs: collect(rows, *_as_list(outputs))}
    return _run_blocks(spec, weights, sequences, "encoder", standardization, **options)


def teacher_forced(
    inputs, lengths, spec, weights, sequences, name="model", *, standardization=None
):
    """Return what an encoder-decoder computes if it receives given targets.

    Parameters
    ----------
    inputs : list of ndarray of shape (n_sequences, T) or (n_sequences, T, any)
        The inputs of the decoder, padded on the right: the target of the time step before each time
        step of the target, and known inputs if there are some.
    lengths : ndarray of int of shape (n_sequences,)
        The number of time steps of each target.
    spec : NetworkSpec
    weights : list of ndarray
    sequences : Sequences
        The sources.
    name : {"model", "attention"}, default="model"
    standardization : Standardization or None, default=None

    Returns
    -------
    list of ndarray of shape (T_i, any)
        With "attention", the columns are the time steps of the source.
    """
    results = [None] * len(sequences)

    def collect(rows, outputs):
        for row, output in zip(rows, outputs, strict=True):
            results[row] = output[: lengths[row]].copy()

    _run_blocks(spec, weights, sequences, name, standardization, initial=inputs, collect=collect)
    if name == "attention":
        n_steps = sequences.lengths
        return [one[:, :n] for one, n in zip(results, n_steps, strict=True)]
    return results


def _run_blocks(
    spec,
    weights,
    sequences,
    name,
    standardization,
    *,
    equal_lengths=False,
    initial=(),
    collect=lambda rows, outputs: (rows, outputs),
):
    """Return the indices of each block of sequences, and the outputs of a model for them."""
    blocks = [*inference_batches(sequences.lengths, equal_lengths=equal_lengths)]
    is_one_call = len(blocks) == 1
    convert = backends.sequences_for_one_call if is_one_call else backends.sequences_to_device

    def send(some):
        return convert(standardized(some, standardization, spec.dtype))

    def run(compiled):
        on_device = Feed(send, sequences, sequences)
        return [
            collect(rows, compiled(*on_device(rows), *(given[rows] for given in initial)))
            for rows in blocks
        ]

    with lease(spec.for_inputs(sequences)) as program:
        if getattr(program.network, name) is None:
            raise ValueError(
                "There is no output for each time step of X, because body returns one vector per "
                "sequence or changes the number of time steps."
            )
        # Weights that are arguments would be sent with each block.
        compiled = program.forward(name, weights, load=not is_one_call)
        if not (is_one_call and _can_share_program(spec)):
            return run(compiled)
    with backends.precision(spec.dtype):
        return run(compiled)


def _can_share_program(spec):
    """Return whether tasks of a search may run the forward pass of one program at the same time.

    The forward pass must receive all weights, and no layer may keep a dropout mask or a value of
    the user.
    """
    keeps_values = spec.has_custom_parts or spec.dropout or spec.recurrent_dropout
    return backends.forward_takes_values and current_team() is not None and not keeps_values


def _as_list(tensors):
    return list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]


def in_order(results, n):
    """Return one row per sequence, from the indices of each block and its rows."""
    ordered = np.empty((n, *results[0][1].shape[1:]), results[0][1].dtype)
    for rows, values in results:
        ordered[rows] = values
    return ordered


def in_order_of_steps(results, lengths):
    """Return one row per real time step, from the indices of each block and its time steps."""
    starts = offsets_of(lengths)
    first = results[0][1]
    ordered = np.empty((lengths.sum(), first.shape[2]), first.dtype)
    for rows, values in results:
        step = np.arange(values.shape[1])
        real = step < lengths[rows, None]
        ordered[(starts[rows, None] + step)[real]] = values[real]
    return ordered
