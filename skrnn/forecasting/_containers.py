"""Put forecasts into the kind of container in which the series were passed."""

import pandas as pd

from skrnn._time_index import next_times


def wrap_forecasts(values, panel, names, *, is_flat):
    """Return the forecasts that follow the series of a panel in the container of that panel.

    Parameters
    ----------
    values : ndarray of shape (n_series, n_steps, n_targets)
    panel : Panel
        The series that the forecasts follow.
    names : list or None
        The names of the targets. If None, arrays are returned and not pandas objects.
    is_flat : bool
        Whether the axis of targets is left out.
    """
    times = [times_after(panel, i, values.shape[1]) for i in range(len(values))]
    wrapped = [_wrap(*one, names, is_flat) for one in zip(values, times, strict=True)]
    if panel.container == "table":
        return wrapped[0]
    if panel.container == "list":
        return wrapped
    if panel.container == "labelled" or names is None:
        return dict(zip(panel.keys, wrapped, strict=True))
    return pd.concat(wrapped, keys=panel.keys, names=[*panel.key_names, times[0].name])


def times_after(panel, i, n_steps):
    """Return the times of the steps after a series, or their numbers if it has no times."""
    if panel.times is None or panel.freq is None:
        return pd.RangeIndex(n_steps)
    return next_times(panel.times[panel.last_rows[i]], panel.freq, n_steps, panel.times)


def _wrap(values, times, names, is_flat):
    if names is None:
        return values[:, 0] if is_flat else values
    if is_flat:
        return pd.Series(values[:, 0], index=times, name=names[0])
    return pd.DataFrame(values, index=times, columns=names)


def wrap_rows(panel):
    """Return the series of a panel, in pandas objects if they were; several of them in a dict."""
    rows, ends = panel.segments(), panel.ends
    if panel.columns is not None:
        spans = map(slice, panel.starts, ends)
        times = [None if panel.times is None else panel.times[span] for span in spans]
        rows = [pd.DataFrame(*one, panel.columns) for one in zip(rows, times, strict=True)]
        rows = [table.iloc[:, 0] for table in rows] if panel.is_series else rows
    return rows[0] if panel.container == "table" else dict(zip(panel.keys, rows, strict=True))
