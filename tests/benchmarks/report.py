"""From what contestants answered to a table and to plain values for JSON."""

import os
import platform
import re
from datetime import datetime
from pathlib import Path
from statistics import median

__all__ = ["machine", "now", "summary", "table"]


def now():
    """Return the time to the minute, with its zone."""
    return datetime.now().astimezone().isoformat(timespec="minutes")


def machine():
    """Return what the machine is, in plain values."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _processor():
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return found[1] if found else platform.processor()


def summary(contest, size, answers, within):
    """Return one contest's results in plain values.

    Parameters
    ----------
    contest : Contest
    size : dict
    answers : dict of str to list of dict
        Of each contestant, one a round.
    within : float
        How far apart their facts may be.

    Returns
    -------
    dict
        With "contestants" by label, and "agree": whether all did the same work.
    """
    results = {label: _one(given, _times(contest, label, size)) for label, given in answers.items()}
    _compare(contest, results)
    if contest.flops:
        _measure(contest, size, results)
    facts = [
        result["facts"][contest.fact]
        for label, result in results.items()
        if not contest.contestants[label].yardstick
    ]
    return {
        "title": contest.title,
        "size": size,
        "contestants": results,
        "within": within,
        "agree": not facts or max(facts) - min(facts) <= within,
    }


def _times(contest, label, size):
    """How often a contestant does the work in one run."""
    yardstick = contest.contestants[label].yardstick
    return size[contest.per] if contest.per and not yardstick else 1


def _one(answers, times):
    seconds = [answer["seconds"] / times for answer in answers]
    result = {
        "seconds": seconds,
        "median": median(seconds),
        "least": min(seconds),
        "most": max(seconds),
        "facts": {
            name: median(answer["facts"][name] for answer in answers)
            for name in answers[0]["facts"]
        },
    }
    for name in ("resident_mib", "anonymous_mib"):
        if name in answers[0]:
            result[name] = max(answer[name] for answer in answers)
    return result


def _compare(contest, results):
    """Add to each contestant how many times as long as the first one it takes."""
    first = next(iter(contest.contestants))
    if first not in results:
        return
    for label, result in results.items():
        if label != first and not contest.contestants[label].yardstick:
            result["ratio"] = result["median"] / results[first]["median"]


def _measure(contest, size, results):
    """Add which share of the rate of a plain matrix product each contestant reaches."""
    label = next(label for label, one in contest.contestants.items() if one.yardstick)
    if label not in results:
        return
    n = contest.contestants[label].options["n"]
    rate = 2 * n**3 / results[label]["median"]
    for other, result in results.items():
        if other != label:
            result["share_of_product_rate"] = contest.flops(**size) / result["median"] / rate


COLUMNS = {
    "median": "median",
    "least": "least",
    "most": "most",
    "ratio": "ratio to first",
    "share_of_product_rate": "of product rate",
    "resident_mib": "MiB resident",
    "anonymous_mib": "MiB anonymous",
}


def table(result, fact):
    """Return one contest's results as the lines of a table.

    Parameters
    ----------
    result : dict
        Of `summary`.
    fact : str
        The contest's.
    """
    used = [name for name in COLUMNS if any(name in one for one in result["contestants"].values())]
    rows = [["", *(COLUMNS[name] for name in used), fact]]
    for label, one in result["contestants"].items():
        value = one["facts"].get(fact)
        cells = [_cell(name, one.get(name)) for name in used]
        rows.append([label, *cells, "" if value is None else f"{value:.3f}"])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    )


def _cell(name, value):
    if value is None:
        return ""
    if name == "ratio":
        return f"{value:.2f}"
    if name == "share_of_product_rate":
        return f"{value:.1%}"
    if name.endswith("mib"):
        return f"{value:.0f}"
    return f"{value:.3f} s" if value >= 0.1 else f"{value * 1000:.2f} ms"
