"""The end of each series: what forecasts go on after, and what rows that follow have as a past."""

from dataclasses import dataclass

import numpy as np

from skrnn.forecasting._times import follows

__all__ = ["LastRows", "last_rows", "rows_before"]


@dataclass(frozen=True)
class LastRows:
    """The end of each series: what forecasts go on after.

    Parameters
    ----------
    rows : list of ndarray of shape (n_i, n_features)
    times : list
        Of the last row of each, None where it has none.
    keys, container, key_names, columns, step : as of a Panel
    like : Index or None
        Empty, of the kind that the times are.
    """

    rows: list
    times: list
    keys: list
    container: str
    key_names: list | None
    columns: object
    step: object
    like: object

    @property
    def n_features(self):
        """How many columns the series have."""
        return self.rows[0].shape[1]


def last_rows(panel, n_rows):
    """Return the last rows of each series, at most `n_rows` and none before a gap."""
    is_last = np.append(np.diff(panel.series) > 0, True)
    ends = panel.ends[is_last]
    starts = np.maximum(panel.starts[is_last], ends - n_rows)
    return LastRows(
        rows=[panel.values[start:end].copy() for start, end in zip(starts, ends, strict=True)],
        times=[None if panel.index is None else panel.index[end - 1] for end in ends],
        keys=panel.keys,
        container=panel.container,
        key_names=panel.key_names,
        columns=panel.columns,
        step=panel.step,
        like=None if panel.index is None else panel.index[:0],
    )


def rows_before(panel, last, continues):
    """Return, for each piece of a panel, the rows known before it: none where it follows none.

    Parameters
    ----------
    panel : Panel
    last : LastRows
        Of the series that it may go on.
    continues : {"auto"} or bool
        Whether it does; "auto": where the times say so.

    Raises
    ------
    ValueError
        If `continues` is True, and a series was not there.
    """
    nothing = panel.values[:0]
    before = [nothing] * len(panel.series)
    # Series of a list are told by their places alone: of fewer, nobody knows which are there.
    is_other_list = panel.container == "list" and len(panel.keys) != len(last.keys)
    if continues is False or (continues == "auto" and (panel.index is None or is_other_list)):
        return before
    known = {key: i for i, key in enumerate(last.keys)}
    missing = [key for key in panel.keys if key not in known]
    if continues is True and (missing or is_other_list):
        what = f"series {missing[0]!r} was not there in fit" if missing else "X has other series"
        raise ValueError(f"continues=True, but {what}; there were {last.keys}.")
    is_first = np.append(True, np.diff(panel.series) > 0)
    for i in np.flatnonzero(is_first):
        place = known.get(panel.keys[panel.series[i]])
        if place is None:
            continue
        if continues is True or follows(last.times[place], panel.index[panel.starts[i]], last.step):
            before[i] = last.rows[place]
    return before
