"""`Panel`: the rows of one or many series in one table, from any container of the user.

A panel holds one series after another, and knows where each segment of time without a gap begins
and ends. All that a forecaster does is done with panels; only `_read_panel` and `_containers` look
at the users' containers.
"""

import warnings
from dataclasses import dataclass, replace
from numbers import Integral

import numpy as np

from skrnn._check_arrays import in_words
from skrnn._persistence import stored_as_dict

_FILL_GAPS = (
    "skrnn.preprocessing.regularize adds rows for the missing times, and Interpolator fills them. "
    "If the index is not a time, drop it with reset_index(drop=True)."
)


@stored_as_dict
@dataclass(frozen=True)
class Panel:
    """Rows of series, one series after another, each cut into segments without a gap in time.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features)
    starts, lengths : ndarray of int of shape (n_segments,)
        The first row and the number of rows of each segment.
    series : ndarray of int of shape (n_segments,)
        The number of each segment's series.
    keys : list
        The label of each series: its series ID, its index in a list, or None for a single series.
    times : Index or None
        The time of each row.
    order : ndarray of int or None
        The index of each row in the user's container. None if the order is the same.
    container : {"table", "list", "labelled", "multiindex"}
        What the user passed: one series, a list of series, rows with series IDs, or a table with a
        MultiIndex.
    key_names : list or None
        The names of the levels of a MultiIndex that name the series.
    columns : Index or None
        The names of the features.
    is_series : bool
        Whether the user passed a pandas Series, or a list of them, or an array of one dimension.
    freq : offset, Timedelta, number or None
        The distance in time between rows.
    """

    values: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    series: np.ndarray
    keys: list
    times: object
    order: np.ndarray | None
    container: str
    key_names: list | None
    columns: object
    is_series: bool
    freq: object

    @property
    def n_features(self):
        """The number of columns."""
        return self.values.shape[1]

    @property
    def column_names(self):
        """The names of the columns, or their indices if they have no names."""
        return list(range(self.n_features)) if self.columns is None else list(self.columns)

    @property
    def ends(self):
        """The row after the last one of each segment."""
        return self.starts + self.lengths

    @property
    def is_last(self):
        """Whether each segment is the last one of its series."""
        return np.append(np.diff(self.series) > 0, True)

    @property
    def last_rows(self):
        """The last row of each series."""
        return self.ends[self.is_last] - 1

    @property
    def rows_per_series(self):
        """The number of rows of each series."""
        return np.bincount(self.series, self.lengths, minlength=len(self.keys)).astype(np.int64)

    @property
    def longest_segments(self):
        """The number of rows of the longest segment of each series."""
        longest = np.zeros(len(self.keys), dtype=int)
        np.maximum.at(longest, self.series, self.lengths)
        return longest

    @property
    def row_series(self):
        """The number of each row's series."""
        return np.repeat(self.series, self.lengths)

    def sorted(self, rows):
        """Return rows in the user's order in the order of this panel."""
        return rows if self.order is None else rows[self.order]

    def as_given(self, rows, *, is_flat=False):
        """Return rows of this panel in the user's order, as a list if a list was passed.

        With `is_flat=True`, the last axis is left out.
        """
        rows = rows[..., 0] if is_flat else rows
        if self.order is not None:
            unsorted = np.empty_like(rows)
            unsorted[self.order] = rows
            return unsorted
        if self.container != "list":
            return rows
        return np.split(rows, np.cumsum(self.rows_per_series)[:-1])

    def segments(self):
        """Return the values of each segment."""
        bounds = zip(self.starts, self.ends, strict=True)
        return [self.values[start:end] for start, end in bounds]

    def tail(self, n_rows):
        """Return the last rows of each series after its last gap, at most `n_rows`."""
        is_last = self.is_last
        lengths = np.minimum(self.lengths[is_last], n_rows)
        ends = np.cumsum(lengths)
        rows = np.repeat(self.ends[is_last] - ends, lengths) + np.arange(ends[-1])
        return replace(
            self,
            values=self.values[rows],
            starts=ends - lengths,
            lengths=lengths,
            series=np.arange(len(self.keys)),
            times=None if self.times is None else self.times[rows],
            order=None,
        )


def counts_in_words(parameters):
    """Return the parameters that determine the number of rows, in words for `require_rows`.

    An array of bool counts as whether any of them is True.

    Examples
    --------
    >>> counts_in_words({"window_length": 3, "strategy": "direct", "difference": False})
    'window_length=3'
    """
    parameters = {
        name: bool(n.any()) if isinstance(n, np.ndarray) else n for name, n in parameters.items()
    }
    counts = {name: n for name, n in parameters.items() if isinstance(n, Integral) and n}
    return ", ".join(f"{name}={value}" for name, value in counts.items())


def require_rows(panel, n_rows, what):
    """Check that each series has a segment of at least `n_rows` rows.

    Raises
    ------
    ValueError
        If a series has no such segment. The message contains the number of missing rows.
    """
    longest = panel.longest_segments
    i = int(np.argmin(longest))
    if int(longest[i]) >= n_rows:
        return
    with_gaps, advice = "", ""
    if np.count_nonzero(panel.series == i) > 1:
        with_gaps, advice = " without a gap in time", f" {_FILL_GAPS}"
    n_missing = in_words(n_rows - int(longest[i]))
    raise ValueError(
        f"{_name_of_series(panel, i, 'X')} has n_samples={longest[i]} rows{with_gaps}, {n_missing} "
        f"fewer than the {in_words(n_rows)} that {what} need.{advice}"
    )


def _name_of_series(panel, i, name):
    key = panel.keys[i]
    return name if key is None else f"Series {key!r} of {name}"


def warn_if_short(panel, n_rows, *, is_training):
    """Warn if a series ends with fewer rows, after its last gap, than a forecast is made from.

    Parameters
    ----------
    panel : Panel
        The series that a forecast continues.
    n_rows : int
        The number of rows that a forecast is made from.
    is_training : bool
        Whether the panel holds the last training rows after the last gap, and not the user's `X`.
    """
    n_last = panel.lengths[panel.is_last]
    i = int(np.argmin(n_last))
    n_found = int(n_last[i])
    if n_found >= n_rows:
        return
    n_short = int(np.count_nonzero(n_last < n_rows))
    others = f" ({n_short} of {len(n_last)} series have too few)" if len(n_last) > 1 else ""
    has_gap = is_training or n_found < panel.rows_per_series[i]
    after_gap = " after its last gap in time" if has_gap else ""
    name = _name_of_series(panel, i, "the training data" if is_training else "X")
    warnings.warn(
        f"A forecast is made from {n_rows} rows, but {name} has {n_found}{after_gap}{others}. The "
        f"first of them is repeated in place of the {n_rows - n_found} missing one(s), so that the "
        f"forecast is less accurate. {_way_to_enough_rows(panel, i, n_rows, is_training)}",
        UserWarning,
        stacklevel=4,
    )


def _way_to_enough_rows(panel, i, n_rows, is_training):
    """Return, in words, how series i gets the rows that a forecast is made from."""
    if is_training:
        return f"Fill the gap before fit: {_FILL_GAPS}"
    n_total = int(panel.rows_per_series[i])
    n_last = int(panel.lengths[panel.is_last][i])
    ways = []
    if n_total < n_rows:
        ways += [f"Pass at least the last {n_rows} rows: X is not appended to the training data."]
    if n_last < n_total:
        ways += [f"Fill the gap first: {_FILL_GAPS}"]
    return " ".join(ways)


def require_no_missing(panel, input_name, reader, way):
    """Check that no value is NaN.

    Parameters
    ----------
    panel : Panel
    input_name : str
        The name of the data in error messages.
    reader : str
        What needs every value.
    way : str
        What else than filling NaN the user can do, as a sentence; or "".

    Raises
    ------
    ValueError
        If a value is NaN. The message names its row and column, and how to fill it.
    """
    is_missing = np.isnan(panel.values)
    if not is_missing.any():
        return
    row, column = np.argwhere(is_missing)[0]
    raise ValueError(
        f"Input {input_name} contains NaN: {is_missing.sum()} value(s), the first in column "
        f"{panel.column_names[column]!r}, {_describe_row(panel, row)}. {reader} needs every value "
        "of X. Fill gaps with skrnn.preprocessing.Interpolator, in a Pipeline before it; targets "
        f"in y may be NaN.{way and ' '}{way}"
    )


def _describe_row(panel, row):
    """Return, in words, which row of the input container a row is."""
    if panel.container == "list":
        series = panel.row_series[row]
        return f"row {row - np.argmax(panel.row_series == series)} of series {series}"
    return f"row {row if panel.order is None else panel.order[row]}"
