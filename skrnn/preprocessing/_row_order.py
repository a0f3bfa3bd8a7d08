"""Find transformers whose result for a row depends on the rows around it.

If the rows of a table are the time steps of many sequences, these transformers would use the values
of other sequences.
"""


def find_order_dependent(estimator):
    """Return an estimator, or a part of it, that depends on the order of rows, or None.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skrnn.preprocessing import Interpolator
    >>> find_order_dependent(make_pipeline(StandardScaler(), Interpolator()))
    Interpolator()
    >>> find_order_dependent(StandardScaler()) is None
    True
    """
    parts = [estimator]
    if hasattr(estimator, "get_params"):
        parts += estimator.get_params(deep=True).values()
    return next((part for part in parts if getattr(part, "_depends_on_row_order", False)), None)
