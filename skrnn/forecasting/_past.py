"""The past that forecasts are made from: rows before each origin, and rows known ahead.

An origin is the last row that a forecast may see. `Past` lays out series with what is known before
them, and gives, for any origins, the block of rows that ends there: nothing after it is in a block
but what is known ahead.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["Past", "lay_out_past"]


@dataclass(frozen=True)
class Past:
    """Pieces of series, each after its known past, an edge that fills it up, and room after it.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features)
        Of each piece: the edge (its first known row, repeated), rows known before the piece, the
        piece, rows known ahead or NaN.
    first : ndarray of int of shape (n_pieces,)
        Where in `values` each piece begins.
    n_before : ndarray of int of shape (n_pieces,)
        How many rows before it are known, the edge not counted.
    """

    values: np.ndarray
    first: np.ndarray
    n_before: np.ndarray

    def block(self, origins, n_past, n_ahead, known_ahead):
        """Return the rows round some origins, (n, n_past + n_ahead, n_features).

        Parameters
        ----------
        origins : ndarray of int of shape (n,)
            Places in `values`.
        n_past, n_ahead : int
            Rows up to an origin, and after it.
        known_ahead : ndarray of int
            The columns that are given after an origin; all others are NaN there.
        """
        rows = origins[:, np.newaxis] + np.arange(1 - n_past, n_ahead + 1)
        ahead = np.minimum(rows[:, n_past:], len(self.values) - 1)
        block = np.empty((*rows.shape, self.values.shape[1]), self.values.dtype)
        block[:, :n_past] = self.values[rows[:, :n_past]]
        block[:, n_past:] = np.nan
        if len(known_ahead):
            block[:, n_past:, known_ahead] = self.values[ahead[..., np.newaxis], known_ahead]
        return block


def lay_out_past(pieces, before, n_past, ahead=None):
    """Return the `Past` of pieces.

    Parameters
    ----------
    pieces : list of ndarray of shape (n_i, n_features)
        May be empty, where `before` is not.
    before : list of ndarray of shape (m_i, n_features)
        Rows known before each.
    n_past : int
        How many rows a forecast is made from.
    ahead : list of ndarray of shape (k_i, n_features) or None
        Rows after each, of which some columns are known.

    Examples
    --------
    >>> past = lay_out_past([np.array([[5.0], [6.0]])], [np.zeros((0, 1))], n_past=3)
    >>> past.values.ravel(), past.first
    (array([5., 5., 5., 6.]), array([2]))
    """
    nothing = np.zeros((0, pieces[0].shape[1]), pieces[0].dtype)
    ahead = [nothing] * len(pieces) if ahead is None else ahead
    edges = [
        np.repeat((known if len(known) else piece)[:1], n_past - 1, axis=0)
        for piece, known in zip(pieces, before, strict=True)
    ]
    parts = list(zip(edges, before, pieces, ahead, strict=True))
    n_rows = np.array([sum(map(len, of_piece)) for of_piece in parts])
    n_before = np.array([len(known) for known in before])
    return Past(
        values=np.concatenate([rows for of_piece in parts for rows in of_piece]),
        first=np.cumsum(n_rows) - n_rows + n_past - 1 + n_before,
        n_before=n_before,
    )
