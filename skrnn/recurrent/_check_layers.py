"""Check that parameters of recurrent layers suit the cell."""

from skrnn._cells import CELLS_WITHOUT_GATES, SCAN_CELLS


def check_bias_initializer(estimator):
    """Raise a ValueError if the cell does not have the gates that the parameter describes."""
    name, cell = estimator.bias_initializer, estimator.cell
    has_gates = isinstance(cell, str) and cell not in CELLS_WITHOUT_GATES
    if name != "default" and estimator.body is None and not has_gates:
        raise ValueError(
            f"bias_initializer={name!r} sets the biases of gates, but cell={cell!r} has no gates "
            "or is a custom cell. Use a cell of skrnn with gates, such as "
            '"lstm" or "gru", or bias_initializer="default".'
        )


def check_recurrent_initializer(estimator):
    """Raise a ValueError if the cell is custom, because it draws its own kernel."""
    name, cell = estimator.recurrent_initializer, estimator.cell
    if name != "default" and estimator.body is None and not isinstance(cell, str):
        raise ValueError(
            f"recurrent_initializer={name!r} needs a cell of skrnn, chosen by its name, "
            f'got cell={cell!r}. Use recurrent_initializer="default", and give the initializer to '
            "the cell."
        )


def check_recurrent_dropout(estimator):
    """Raise a ValueError if the cell does not have a recurrent product."""
    rate, cell = estimator.recurrent_dropout, estimator.cell
    if rate and isinstance(cell, str) and cell in SCAN_CELLS:
        raise ValueError(
            f"recurrent_dropout={rate!r} is applied to the recurrent product, which cell={cell!r} "
            "does not have. Use recurrent_dropout=0.0 with this cell, or dropout, which is applied "
            "to the inputs."
        )
