"""Convert indexes and frequencies of pandas to the plain form in which they are stored, and back.

A fitted forecaster keeps the times of its last rows. They are stored as integers, names of units
and time zones, and parameters of offsets, so that neither pickle nor skops depends on private
classes of pandas. An index that would not be the same afterwards is stored as a pandas object.
"""

from numbers import Real
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from skrnn._persistence._plain_values import store_as


def _index_fields(index):
    """Return the plain fields of an index, or None if it cannot be restored from plain values."""
    if isinstance(index, pd.MultiIndex):
        levels = tuple(index.get_level_values(i) for i in range(index.nlevels))
        fields = {"levels": levels, "names": list(index.names)}
    elif isinstance(index, pd.RangeIndex):
        fields = {"start": index.start, "stop": index.stop, "step": index.step}
    elif isinstance(index, pd.CategoricalIndex):
        fields = {
            "codes": index.codes,
            "categories": index.categories,
            "ordered": bool(index.ordered),
        }
    elif isinstance(index, pd.PeriodIndex):
        fields = {"ordinals": index.asi8, "period": index.freqstr}
    elif isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex):
        zone = getattr(index, "tz", None)
        fields = {
            "ticks": index.asi8,
            "unit": index.unit,
            "is_duration": isinstance(index, pd.TimedeltaIndex),
            "zone": None if zone is None else str(zone),
            # pandas 2 makes a zone of another package from a name.
            "is_zone_info": isinstance(zone, ZoneInfo),
            "frequency": index.freq,
        }
    else:
        fields = {"values": _plain_labels(index.to_numpy()), "dtype": str(index.dtype)}
    fields["name"] = index.name
    return fields if _is_restored(index, fields) else None


def _plain_labels(labels):
    """Return labels as an array, or None if they are neither numbers nor text."""
    if labels.dtype.kind in "biuf":
        return labels
    plain = all(label is None or isinstance(label, str | bool | Real) for label in labels)
    return labels.astype(object) if plain else None


def _is_restored(index, fields):
    if fields.get("values", ()) is None:
        return False
    try:
        return index.identical(_index_from(fields)) and _index_from(fields).dtype == index.dtype
    except (KeyError, TypeError, ValueError):  # for example an unknown time zone
        return False


def _index_from(fields):
    """Return the index with the given fields."""
    name = fields["name"]
    if "levels" in fields:
        return pd.MultiIndex.from_arrays(fields["levels"], names=fields["names"])
    if "start" in fields:
        return pd.RangeIndex(fields["start"], fields["stop"], fields["step"], name=name)
    if "codes" in fields:
        parts = {key: fields[key] for key in ("codes", "categories", "ordered")}
        return pd.CategoricalIndex(pd.Categorical.from_codes(**parts), name=name)
    if "ordinals" in fields:
        dtype = pd.PeriodDtype(fields["period"])
        return pd.PeriodIndex.from_ordinals(fields["ordinals"], freq=dtype.freq, name=name)
    if "ticks" in fields:
        kind = "m8" if fields["is_duration"] else "M8"
        ticks = np.asarray(fields["ticks"]).view(f"{kind}[{fields['unit']}]")
        index = pd.TimedeltaIndex(ticks) if fields["is_duration"] else pd.DatetimeIndex(ticks)
        if fields["zone"] is not None:
            zone = ZoneInfo(fields["zone"]) if fields["is_zone_info"] else fields["zone"]
            index = index.tz_localize("UTC").tz_convert(zone)
        index.freq = fields["frequency"]
        return index.rename(name)
    return pd.Index(fields["values"], dtype=fields["dtype"], name=name)


def _time_fields(time):
    """Return a single time as an index, which has its time zone."""
    return {"index": pd.Index([time]), "unit": getattr(time, "unit", None)}


def _time_from(fields):
    time = fields["index"][0]
    return time if fields["unit"] is None else time.as_unit(fields["unit"])


def _offset_fields(offset):
    """Return the class and the parameters of an offset, or None if it is a custom class."""
    name = type(offset).__name__
    if getattr(pd.offsets, name, None) is not type(offset):
        return None
    # The calendar follows from the weekmask and the holidays.
    params = {key: value for key, value in offset.kwds.items() if key != "calendar"}
    if "holidays" in params:
        params["holidays"] = np.array(params["holidays"], dtype="datetime64[D]")
    for key in ("start", "end"):
        if key in params:
            params[key] = [f"{time:%H:%M}" for time in params[key]]
    shift = params.pop("offset", None)
    if shift:
        params["offset"] = pd.Timedelta(shift)
    return {"name": name, "n": offset.n, "normalize": offset.normalize, **params}


def _offset_from(fields):
    """Return the offset with the given fields; its class is one of pandas' own offsets."""
    fields = dict(fields)
    cls = getattr(pd.offsets, fields.pop("name"), None)
    if not (isinstance(cls, type) and issubclass(cls, pd.offsets.BaseOffset)):
        raise ValueError("the class of a stored frequency is not an offset")
    if "holidays" in fields:
        fields["holidays"] = fields["holidays"].tolist()
    return cls(**fields)


def register():
    """Register how indexes, offsets and single times are stored."""
    store_as("index", pd.Index, _index_fields, _index_from)
    store_as("offset", pd.offsets.BaseOffset, _offset_fields, _offset_from)
    for cls in (pd.Timestamp, pd.Timedelta, pd.Period):
        store_as("time", cls, _time_fields, _time_from)
