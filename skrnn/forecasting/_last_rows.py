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
    before = []
    for i, series in enumerate(panel.series):
        key, is_first = panel.keys[series], i == 0 or panel.series[i - 1] != series
        known = last.keys.index(key) if key in last.keys else None
        if known is None and continues is True:
            raise ValueError(
                f"continues=True, but series {key!r} was not there in fit; there were {last.keys}."
            )
        time = None if panel.index is None else panel.index[panel.starts[i]]
        goes_on = is_first and known is not None and continues is not False
        goes_on = goes_on and (continues is True or follows(last.times[known], time, last.step))
        before.append(last.rows[known] if goes_on else panel.values[:0])
    return before
