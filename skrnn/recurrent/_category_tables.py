"""The categories that have a row in an embedding, and how other categories are read.

Each categorical feature has its own embedding. Its first row is the vector of categories that
`fit` did not see, and its second row that of missing ones. `CategoryTables` has the methods of
`Vocabulary`, which does the same for token ids.
"""

from dataclasses import dataclass, replace
from numbers import Integral

import numpy as np
import pandas as pd

from skrnn._persistence import stored_as_dict
from skrnn.recurrent._vocabulary import round_up

UNSEEN, MISSING = 0, 1
_N_SPECIAL = 2


@stored_as_dict
@dataclass(frozen=True)
class CategoryTables:
    """The categories of the training set of each categorical feature.

    Parameters
    ----------
    columns : tuple of int
        The indices of the features.
    names : tuple of str or int
        The name of each of them, or its index if features have no names.
    categories : tuple of ndarray
        The categories of each of them. Category `i` has the row ``i + 2`` of the embedding.
    trained : ndarray of bool of shape (n_columns, 2)
        Whether the training set had unseen and missing categories, so that their rows are trained.
    """

    columns: tuple
    names: tuple
    categories: tuple
    trained: np.ndarray

    @classmethod
    def of(cls, sequences):
        """Return the categories that occur in the time steps of sequences.

        Parameters
        ----------
        sequences : MixedSequences
        """
        codes, tables = sequences.concatenate(), sequences.tables
        found = []
        for column, table in tables.items():
            known = codes[~np.isnan(codes[:, column]), column]
            found.append(np.sort(table[np.unique(known).astype(np.intp)]))
        names = tuple(map(sequences.name_of, tables))
        trained = np.zeros((len(found), _N_SPECIAL), dtype=bool)
        return cls(tuple(tables), names, tuple(found), trained)

    @property
    def n_rows(self):
        """The number of rows of each embedding.

        They are rounded up, so that folds with slightly different categories share a program.
        """
        return [round_up(len(found) + _N_SPECIAL) for found in self.categories]

    def read(self, sequences, input_name):
        """Return sequences in which the categorical features are rows of the embeddings.

        Parameters
        ----------
        sequences : MixedSequences
        input_name : str

        Raises
        ------
        ValueError
            If the categories of a feature are of another kind than those of the training set.
        """
        values = sequences.values.copy()
        for column, name, known in zip(self.columns, self.names, self.categories, strict=True):
            table = sequences.tables[column]
            _require_same_kind(table, known, name, input_name)
            rows = pd.Index(known).get_indexer(pd.Index(table)) + _N_SPECIAL
            rows = np.append(np.where(rows < _N_SPECIAL, UNSEEN, rows), MISSING)
            codes = values[:, column]
            codes = np.where((codes >= 0) & (codes < len(table)), codes, len(table))
            values[:, column] = rows[codes.astype(np.intp)]
        return sequences.with_values(values)

    def after_training_on(self, sequences):
        """Return the tables after training, which may have included unseen or missing categories.

        Parameters
        ----------
        sequences : Sequences
            Sequences of rows, as `read` returns them.
        """
        rows = sequences.concatenate()[:, list(self.columns)]
        special = [(rows == row).any(axis=0) for row in (UNSEEN, MISSING)]
        return replace(self, trained=self.trained | np.stack(special, axis=1))

    def fill_unknown(self, embeddings):
        """Return embeddings in which rows that were not trained are the mean of the known rows.

        They are zero if there are no known rows.
        """
        filled = []
        for embedding, known, trained in zip(
            embeddings, self.categories, self.trained, strict=True
        ):
            of_known = slice(_N_SPECIAL, _N_SPECIAL + len(known))
            mean = embedding[of_known].mean(axis=0) if len(known) else 0
            is_trained = np.zeros((len(embedding), 1), dtype=bool)
            is_trained[:_N_SPECIAL, 0] = trained
            is_trained[of_known] = True
            filled.append(np.where(is_trained, embedding, mean))
        return filled


def rows_by_category(tables):
    """Return the row of each known category of each feature, by the index of the feature.

    Bools are left out, because they are equal to the integers 0 and 1.

    Parameters
    ----------
    tables : CategoryTables

    Returns
    -------
    dict of int to dict
    """
    return {
        column: {category: i + _N_SPECIAL for i, category in enumerate(known.tolist())}
        for column, known in zip(tables.columns, tables.categories, strict=True)
        if known.dtype.kind != "b"
    }


def _kind(table):
    """Return what the values of a table are, in words."""
    return {"O": "strings", "b": "bools"}.get(table.dtype.kind, "numbers")


def _require_same_kind(table, known, name, input_name):
    if len(table) and len(known) and _kind(table) != _kind(known):
        raise ValueError(
            f"{input_name} holds {_kind(table)} in the categorical feature {name!r}, but the "
            f"estimator was fitted on {_kind(known)}, such as {known[0]!r}. Convert the column."
        )


def embedding_sizes(embedding, tables):
    """Return the number of dimensions of the embedding of each categorical feature.

    Parameters
    ----------
    embedding : int, dict or None
        The parameter of the estimator. If a feature has no entry in a dict, or if `embedding` is
        None, its embedding has ``min(64, round(1.6 * n ** 0.56))`` dimensions, where ``n`` is its
        number of rows.
    tables : CategoryTables

    Raises
    ------
    ValueError
        If a key of the dict is not a categorical feature, or if a size is not a positive int.
    """
    given = embedding if isinstance(embedding, dict) else {}
    keys = {key: _find(key, tables) for key in given}
    sizes = {keys[key]: _checked_size(size, key) for key, size in given.items()}
    if isinstance(embedding, Integral):
        return [int(embedding)] * len(tables.columns)
    defaults = [min(64, round(1.6 * n**0.56)) for n in tables.n_rows]
    return [sizes.get(i, size) for i, size in enumerate(defaults)]


def _find(key, tables):
    """Return the position of a categorical feature, given by name or by index."""
    for found in (tables.names, tables.columns):
        if key in found and not isinstance(key, bool):
            return found.index(key)
    raise ValueError(
        f"embedding contains {key!r}, which is not a categorical feature: these are "
        f"{list(tables.names)}."
    )


def _checked_size(size, key):
    if not isinstance(size, Integral) or isinstance(size, bool) or size < 1:
        raise ValueError(f"embedding[{key!r}] must be a positive int, got {size!r}.")
    return int(size)


def check_sizes(embedding):
    """Check that `embedding` holds sizes, as it must with `categorical_features`.

    Raises
    ------
    ValueError
        If it is a matrix or a bool.
    """
    is_size = isinstance(embedding, Integral) and not isinstance(embedding, bool)
    if not is_size and not isinstance(embedding, dict | None):
        raise ValueError(
            "embedding must be an int, a dict from categorical features to ints, or None if "
            f"categorical_features is set, got {type(embedding).__name__}."
        )
