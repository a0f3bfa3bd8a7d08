"""The bound of the recurrent weights of units that receive only their own previous output."""

from skrnn._cells import CELLS_WITH_RECURRENT_VECTORS

# The factor by which a unit of "indrnn" may multiply its state, or a gradient, over a sequence.
_LARGEST_FACTOR = 2


def recurrent_bound(estimator, examples):
    """Return the number to which recurrent weights are clipped, or None.

    Parameters
    ----------
    estimator : estimator with the parameters `cell` and `max_recurrent_weight`
    examples : Examples
        The training sequences and their targets, which a decoder reads step by step too.

    Returns
    -------
    float or None

    Raises
    ------
    ValueError
        If a number is given, but the recurrent weights of the cell are not a vector.
    """
    bound, cell = estimator.max_recurrent_weight, estimator.cell
    has_vectors = isinstance(cell, str) and cell in CELLS_WITH_RECURRENT_VECTORS
    is_auto = isinstance(bound, str)
    if bound is None or (is_auto and not has_vectors):
        return None
    if not has_vectors:
        raise ValueError(
            f"max_recurrent_weight={bound!r} bounds the weight by which each unit multiplies its "
            f'own previous output, which only cell="indrnn" has, got cell={cell!r}. Use '
            "max_recurrent_weight=None or this cell."
        )
    if not is_auto:
        return float(bound)
    longest = max(int(one.lengths.max()) for one in (examples.sequences, examples.targets))
    return _LARGEST_FACTOR ** (1 / longest)
