"""The common parts of transformers that return sequences, which a DataFrame cannot contain."""

import numpy as np
from sklearn.base import TransformerMixin

from skrnn._check_arrays import in_words
from skrnn.sequences import Sequences, to_padded
from skrnn.sequences._containers import object_array
from skrnn.sequences._sequences import offsets_of


def fill_empty_sequences(codes, lengths, code):
    """Insert one step with the given code into each sequence that has no steps.

    Parameters
    ----------
    codes : ndarray of shape (n_steps,)
        The codes of all steps, one sequence after another.
    lengths : ndarray of int of shape (n_sequences,)
        The number of steps of each sequence.
    code : int
        The code of the inserted steps.

    Returns
    -------
    codes, lengths : ndarray
        The codes and lengths with the inserted steps.

    Examples
    --------
    >>> fill_empty_sequences(np.array([4, 5]), np.array([0, 2, 0]), -1)
    (array([-1,  4,  5, -1]), array([1, 2, 1]))
    """
    starts = offsets_of(lengths)
    return np.insert(codes, starts[lengths == 0], code), np.maximum(lengths, 1)


def truncate_and_pad(codes, lengths, n_steps, truncating, value):
    """Return concatenated codes as an array with the same number of steps in each row.

    Parameters
    ----------
    codes : ndarray of shape (n_steps_total,)
        The codes of all steps, one sequence after another.
    lengths : ndarray of int of shape (n_sequences,)
        The number of steps of each sequence.
    n_steps : int
        The number of steps of each row.
    truncating : {"post", "pre"}
        Whether longer sequences lose their end or their beginning.
    value : int
        The value of the steps that are appended to shorter sequences.

    Returns
    -------
    rows : ndarray of shape (n_sequences, n_steps)

    Examples
    --------
    >>> truncate_and_pad(np.array([7, 8, 9, 5]), np.array([3, 1]), 2, "pre", 0)
    array([[8, 9],
           [5, 0]])
    """
    kept = np.minimum(lengths, n_steps)
    starts = np.cumsum(lengths) - (kept if truncating == "pre" else lengths)
    return to_padded(Sequences(codes, starts, kept), value=value, length=n_steps)


def collect_like(items, X):
    """Return one item per sequence as a list, or as an object array if X is one-dimensional.

    scikit-learn concatenates the predictions of cross-validation folds as arrays, so that input in
    an array or a Series must give output in an array.

    Examples
    --------
    >>> collect_like([[1], [2, 3]], X=["a", "b c"])
    [[1], [2, 3]]
    >>> collect_like([[1], [2, 3]], X=np.array(["a", "b c"]))
    array([list([1]), list([2, 3])], dtype=object)
    """
    return object_array(items) if getattr(X, "ndim", 0) == 1 else items


class SequenceTransformerMixin(TransformerMixin, auto_wrap_output_keys=None):
    """Mixin for transformers whose output scikit-learn must not wrap in a DataFrame."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(auto_wrap_output_keys=None, **kwargs)

    def set_output(self, *, transform=None):
        """Accept the setting without any effect, so that it can be set for a whole Pipeline.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Ignored: sequences are not a table.

        Returns
        -------
        self : estimator
            The estimator itself.
        """
        return self


class TableTransformerMixin(TransformerMixin):
    """Mixin for transformers that return a table or sequences, depending on their parameters.

    A subclass has the property `_returns_table`. scikit-learn then wraps the tables, but not the
    sequences.
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        # scikit-learn has made it an attribute of the class, which is the same for all parameters.
        cls._sklearn_auto_wrap_output_keys = property(
            lambda self: {"transform"} if self._returns_table else set()
        )

    def set_output(self, *, transform=None):
        """Set the container of the output if it is a table.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            With "pandas" or "polars", a table is returned as a DataFrame. With "default", it is an
            array or a sparse matrix. None changes nothing. Sequences are never changed, so that
            the setting can be made for a whole Pipeline.

        Returns
        -------
        self : estimator
            The estimator itself.

        Raises
        ------
        ValueError
            If `transform` is none of these values.
        """
        if transform not in (None, "default", "pandas", "polars"):
            raise ValueError(
                "transform must be 'default', 'pandas', 'polars' or None, got "
                f"{in_words(transform)}."
            )
        if transform is not None:
            self._sklearn_output_config = {"transform": transform}
        return self
