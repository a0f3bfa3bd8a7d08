"""Refuse parameters of training that the other parameters of an estimator do not allow."""

from skrnn._cells import SCAN_CELLS


def check_combinations(estimator):
    """Check that `truncation` and `gradient_penalty` apply to the network of an estimator.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor

    Raises
    ------
    ValueError
        If one of them is set and another parameter does not allow it.
    """
    body, cell = estimator.body, estimator.cell
    is_custom = not isinstance(cell, str)
    if estimator.truncation is not None:
        conflicts = {
            "return_sequences=False": not estimator.return_sequences
            and "only the last segment of a sequence would have a target",
            "bidirectional=True": estimator.bidirectional
            and "a backward layer begins at the end of a sequence",
            "a body": body is not None and "the states of its layers are unknown",
            "a custom cell": is_custom and "the states of its layers are unknown",
        }
        _refuse("truncation", estimator.truncation, conflicts, default=None)
    if estimator.gradient_penalty:
        conflicts = {
            "a body": body is not None and "the states of its layers are unknown",
            "a custom cell": is_custom and "its recurrent weights are unknown",
            f"cell={cell!r}": not is_custom
            and cell in SCAN_CELLS
            and "this cell does not have a recurrent kernel, which the penalty would change",
        }
        _refuse("gradient_penalty", estimator.gradient_penalty, conflicts, default=0.0)


def _refuse(name, value, conflicts, *, default):
    """Raise an error for the first conflict that has a reason."""
    for other, reason in conflicts.items():
        if reason:
            raise ValueError(
                f"{name}={value} cannot be combined with {other}, because {reason}. Use "
                f"{name}={default}, or change the other parameter."
            )
