"""Choose the length of windows: whole seasons, as far as the frequency of the rows shows them."""

import pandas as pd

# The shortest window that is chosen, if there are enough rows, and its length without a season.
_LENGTH = 20
_LONGEST_SEASON = 100
_DAY = pd.Timedelta(1, "D")


def rows_per_season(freq):
    """Return the number of rows of the season that rows of a frequency usually have, or None.

    It is a day for rows within days, a week for days, and a year for weeks, months and quarters. A
    season of more than 100 rows is too long for a window.

    Parameters
    ----------
    freq : offset, Timedelta, number or None

    Examples
    --------
    >>> rows_per_season(pd.offsets.MonthBegin()), rows_per_season(pd.Timedelta("3h"))
    (12, 8)
    >>> rows_per_season(1) is None, rows_per_season(pd.Timedelta("1min")) is None
    (True, True)
    """
    if freq is None:
        return None
    if isinstance(freq, pd.offsets.BusinessDay):
        return 5 if freq.n == 1 else None
    if isinstance(freq, pd.offsets.Tick | pd.offsets.Day | pd.Timedelta):
        n_rows = _rows_of_days(freq)
    elif isinstance(freq, pd.offsets.Week):
        n_rows = _whole(52, freq.n)
    elif isinstance(freq, pd.offsets.BaseOffset):
        n_rows = _whole(12, _n_months(freq))
    else:
        return None
    return n_rows if n_rows is not None and 1 < n_rows <= _LONGEST_SEASON else None


def frequency_of(panel):
    """Return the frequency of the rows of a panel as an offset or a Timedelta, if it has one."""
    if isinstance(panel.times, pd.PeriodIndex) and panel.freq is not None:
        return panel.times.freq * panel.freq
    return panel.freq


def choose_window_length(freq, n_rows, horizon):
    """Return a length of windows: the fewest whole seasons that have at least 20 rows.

    It is 20 if the season is not known, and at most a third of the rows that are left by the
    horizon, so that there are enough windows.

    Parameters
    ----------
    freq : offset, Timedelta, number or None
    n_rows : int
        The number of rows of the shortest series.
    horizon : int

    Examples
    --------
    >>> month = pd.offsets.MonthBegin()
    >>> [choose_window_length(month, n_rows, 12) for n_rows in (144, 60)]
    [24, 16]
    >>> choose_window_length(None, 144, 12)
    20
    """
    season = rows_per_season(freq) or _LENGTH
    length = -(-_LENGTH // season) * season
    return max(1, min(length, (n_rows - horizon) // 3))


def _rows_of_days(freq):
    """Return the number of rows of a day, or of a week or a year if the rows are days or weeks."""
    step = _DAY * freq.n if isinstance(freq, pd.offsets.Day) else pd.Timedelta(freq)
    if step < _DAY:
        return _whole(_DAY, step)
    return {1: 7, 7: 52}.get(_whole(step, _DAY))


def _n_months(freq):
    """Return the number of months of an offset; 0 if it is not a number of months."""
    first = pd.Timestamp("2001-01-01")  # the first day of a month and of a quarter
    second, third = (first + freq * n for n in (1, 2))
    return (third.year - second.year) * 12 + third.month - second.month


def _whole(total, part):
    """Return how often a part is in the total, or None if it is not a whole number of times."""
    return total // part if part and not total % part else None
