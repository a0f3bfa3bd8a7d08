"""What the transformers share on their way out: sequences, which no DataFrame holds."""

import numpy as np
from sklearn.base import TransformerMixin

from skrnn.sequences._containers import object_array

__all__ = [
    "SequenceTransformerMixin",
    "array_like",
    "collect_like",
    "is_nested_table",
    "with_steps",
]


def is_nested_table(X):
    """Whether X is a table (n, T) written as lists, which scikit-learn takes for the array.

    Examples
    --------
    >>> is_nested_table([[1, 2], [2, 1]]), is_nested_table([[1, 2], [2]])
    (True, False)
    """
    is_nested = isinstance(X, list | tuple) and all(isinstance(row, list | tuple) for row in X)
    return is_nested and len({len(row) for row in X}) == 1


def array_like(X):
    """Return equally long nested lists as an array, which scikit-learn takes them for."""
    return np.asarray(X) if isinstance(X, list) and is_nested_table(X) else X


def with_steps(codes, lengths, code):
    """Return codes and lengths with one step of a code in each sequence that has none.

    Examples
    --------
    >>> with_steps(np.array([4, 5]), np.array([0, 2, 0]), -1)
    (array([-1,  4,  5, -1]), array([1, 2, 1]))
    """
    starts = np.cumsum(lengths) - lengths
    return np.insert(codes, starts[lengths == 0], code), np.maximum(lengths, 1)


def collect_like(items, X):
    """Return one item a sequence as a list, or as an array of objects where X is one-dimensional.

    Scikit-learn joins what is predicted for folds as arrays: so who came with an array (or a
    Series) goes on with one.

    Examples
    --------
    >>> collect_like([[1], [2, 3]], X=["a", "b c"])
    [[1], [2, 3]]
    >>> collect_like([[1], [2, 3]], X=np.array(["a", "b c"]))
    array([list([1]), list([2, 3])], dtype=object)
    """
    return object_array(items) if getattr(X, "ndim", 0) == 1 else items


class SequenceTransformerMixin(TransformerMixin, auto_wrap_output_keys=None):
    """A transformer whose output scikit-learn must not wrap in a DataFrame."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(auto_wrap_output_keys=None, **kwargs)

    def set_output(self, *, transform=None):
        """Accept the setting, so that a whole Pipeline can be told; it changes nothing.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Has no effect: sequences are no table.

        Returns
        -------
        self : estimator
        """
        return self
