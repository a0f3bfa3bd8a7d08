"""`Context`: what may be known when a forecast is made.

The origin of a forecast is the last row that it may see. A `Context` lays out series after the rows
that are known before them, and returns, for any origins, the blocks of rows that end there. A block
holds nothing from after its origin except the known future covariates, so that no forecast can see
the future.
"""

from dataclasses import dataclass

import numpy as np

from skrnn._time_index import is_next


@dataclass(frozen=True)
class Context:
    """Segments of series, each between the rows known before it and those that may follow it.

    Parameters
    ----------
    values : ndarray of shape (n_values, n_features)
        For each segment, in this order: copies of its first known row, so that every row has a
        context of full length; the rows known before the segment; the segment itself; the known
        future covariates.
    rows : ndarray of int of shape (n_rows,)
        The position in `values` of each row of the segments.
    n_known : ndarray of int of shape (n_rows,)
        The number of known rows before each row, without the repeated ones.
    """

    values: np.ndarray
    rows: np.ndarray
    n_known: np.ndarray

    def block(self, origins, n_context, n_ahead, known_future):
        """Return the rows around some origins, (n, n_context + n_ahead, n_features).

        Parameters
        ----------
        origins : ndarray of int of shape (n,)
            Positions in `values`.
        n_context, n_ahead : int
            The number of rows that end with an origin, and the number of rows after it.
        known_future : ndarray of int
            The columns that are known after an origin. All others are NaN there.
        """
        rows = origins[:, np.newaxis] + np.arange(1 - n_context, n_ahead + 1)
        ahead = np.minimum(rows[:, n_context:], len(self.values) - 1)
        block = np.empty((*rows.shape, self.values.shape[1]), self.values.dtype)
        block[:, :n_context] = self.values[rows[:, :n_context]]
        block[:, n_context:] = np.nan
        if len(known_future):
            block[:, n_context:, known_future] = self.values[ahead[..., np.newaxis], known_future]
        return block


def lay_out_context(segments, before, n_context, ahead):
    """Return the `Context` of segments.

    Parameters
    ----------
    segments, before, ahead : list of ndarray of shape (n_i, n_features)
        The rows of each segment, the known rows before it, and the rows after it, of which only
        the known future covariates are read.
    n_context : int
        The number of rows that a forecast is made from.

    Examples
    --------
    >>> none = [np.zeros((0, 1))]
    >>> context = lay_out_context([np.array([[5.0], [6.0]])], none, n_context=3, ahead=none)
    >>> context.values.ravel(), context.rows
    (array([5., 5., 5., 6.]), array([2, 3]))
    """
    edges = [
        np.repeat((known if len(known) else segment)[:1], n_context - 1, axis=0)
        for segment, known in zip(segments, before, strict=True)
    ]
    parts = list(zip(edges, before, segments, ahead, strict=True))
    ends = np.cumsum([sum(map(len, of_segment)) for of_segment in parts])
    lengths = np.array([len(segment) for segment in segments])
    first = ends - lengths - [len(rows) for rows in ahead]
    steps = np.concatenate([np.arange(length) for length in lengths])
    n_before = np.array([len(known) for known in before])
    return Context(
        values=np.concatenate([rows for of_segment in parts for rows in of_segment]),
        rows=np.repeat(first, lengths) + steps,
        n_known=np.repeat(n_before, lengths) + steps,
    )


def context_of_rows(panel, n_context, n_ahead, before=None):
    """Return the `Context` of forecasts that are made at the rows of a panel.

    Parameters
    ----------
    panel : Panel
    n_context, n_ahead : int
        The number of rows that end with an origin, and the number of rows after it.
    before : list of ndarray or None
        The rows known before each segment. If None, there are none.
    """
    segments = panel.segments()
    before = [panel.values[:0]] * len(segments) if before is None else before
    unknown = np.full((n_ahead, panel.n_features), np.nan, panel.values.dtype)
    return lay_out_context(segments, before, n_context, [unknown] * len(segments))


def context_at_end(panel, n_context, ahead):
    """Return the `Context` of forecasts that follow the segments of a panel.

    Parameters
    ----------
    panel : Panel
    n_context : int
    ahead : list of ndarray
        The known future covariates after each segment. All other columns are NaN.
    """
    segments = panel.segments()
    return lay_out_context(segments, [panel.values[:0]] * len(segments), n_context, ahead)


def find_rows_before(panel, training_end, initial_context):
    """Return the training rows that are the context of each segment of a panel.

    Parameters
    ----------
    panel : Panel
    training_end : Panel
        The last rows of each training series.
    initial_context : {"auto", "fit_end", "edge"}
        See `SlidingWindowForecaster`.

    Returns
    -------
    list of ndarray of shape (n_i, n_features)
        One array per segment, which has no rows if the segment does not continue a training series.

    Raises
    ------
    ValueError
        If `initial_context="fit_end"`, and a series was not seen in `fit`.
    """
    before = [panel.values[:0]] * len(panel.series)
    # Series of a list are identified by their index alone, so it is unknown which ones are missing.
    is_other_list = panel.container == "list" and len(panel.keys) != len(training_end.keys)
    is_auto = initial_context == "auto"
    if initial_context == "edge" or (is_auto and (panel.times is None or is_other_list)):
        return before
    known = {key: i for i, key in enumerate(training_end.keys)}
    unknown = [key for key in panel.keys if key not in known]
    if not is_auto and (unknown or is_other_list):
        what = f"the series {unknown[0]!r} was not seen in fit" if unknown else "X has other series"
        raise ValueError(
            f"initial_context='fit_end', but {what}; fit saw the series {training_end.keys}."
        )
    ends, rows = training_end.last_rows, training_end.segments()
    for segment in np.flatnonzero(np.append(True, np.diff(panel.series) > 0)):
        i = known.get(panel.keys[panel.series[segment]])
        if i is None:
            continue
        if not is_auto or (
            training_end.times is not None
            and is_next(
                panel.times[panel.starts[segment]], training_end.times[ends[i]], training_end.freq
            )
        ):
            before[segment] = rows[i]
    return before
