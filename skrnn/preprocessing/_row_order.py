"""Find transformers whose result for a row depends on the rows around it.

Where rows are not one series in the order of time, such as the time steps of many sequences in one
table, these transformers would use the values of another sequence.
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
