"""Forecasts on their way out: into the kind of container that the series came in."""

import pandas as pd

from skrnn.forecasting._times import next_times

__all__ = ["forecasts_like", "times_after"]


def forecasts_like(values, last, names, *, is_flat):
    """Return forecasts as the series that they go on after.

    Parameters
    ----------
    values : ndarray of shape (n_series, n_steps, n_targets)
    last : LastRows
    names : list or None
        Of the targets, for pandas objects; None: arrays.
    is_flat : bool
        Whether the axis of targets is left out.
    """
    times = [times_after(last, i, values.shape[1]) for i in range(len(values))]
    each = [_one(*of_series, names, is_flat) for of_series in zip(values, times, strict=True)]
    if last.container == "table":
        return each[0]
    if last.container == "list":
        return each
    if last.container == "groups" or names is None:
        return dict(zip(last.keys, each, strict=True))
    return pd.concat(each, keys=last.keys, names=[*last.key_names, times[0].name])


def times_after(last, i, n_steps):
    """Return the times of the steps after a series; where it has none, the numbers of the steps."""
    if last.like is None or last.step is None:
        return pd.RangeIndex(n_steps)
    return next_times(last.times[i], last.step, n_steps, last.like)


def _one(values, times, names, is_flat):
    if names is None:
        return values[:, 0] if is_flat else values
    if is_flat:
        return pd.Series(values[:, 0], index=times, name=names[0])
    return pd.DataFrame(values, index=times, columns=names)
