"""Summarizes the answers of candidates as a table and as plain values for JSON."""

import os
import platform
import re
from datetime import datetime
from pathlib import Path
from statistics import median


def now():
    """Return the time to the minute, with its zone."""
    return datetime.now().astimezone().isoformat(timespec="minutes")


def machine():
    """Return a description of the machine in plain values."""
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


def summary(benchmark, size, answers, within):
    """Return the results of one benchmark in plain values.

    Parameters
    ----------
    benchmark : Benchmark
        The benchmark.
    size : dict
        Arguments of its workloads.
    answers : dict of str to list of dict
        One answer per round of each candidate.
    within : float
        Largest accepted difference between the facts of the candidates.

    Returns
    -------
    dict
        The results by label in "candidates", and in "agree" whether all did the same work.
    """
    results = {
        label: _statistics(given, _repetitions(benchmark, label, size))
        for label, given in answers.items()
    }
    _compare(benchmark, results)
    if benchmark.flops:
        _measure(benchmark, size, results)
    facts = [
        result["facts"][benchmark.fact]
        for label, result in results.items()
        if not benchmark.candidates[label].baseline
    ]
    return {
        "title": benchmark.title,
        "size": size,
        "candidates": results,
        "within": within,
        "agree": not facts or max(facts) - min(facts) <= within,
    }


def _repetitions(benchmark, label, size):
    """Return how often a candidate does the work in one run."""
    baseline = benchmark.candidates[label].baseline
    return size[benchmark.per] if benchmark.per and not baseline else 1


def _statistics(answers, repetitions):
    seconds = [answer["seconds"] / repetitions for answer in answers]
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


def _compare(benchmark, results):
    """Add the ratio of the time of each candidate to the time of the first one."""
    first = next(iter(benchmark.candidates))
    if first not in results:
        return
    for label, result in results.items():
        if label != first and not benchmark.candidates[label].baseline:
            result["ratio"] = result["median"] / results[first]["median"]


def _measure(benchmark, size, results):
    """Add the share of the rate of a plain matrix product that each candidate reaches."""
    label = next(label for label, one in benchmark.candidates.items() if one.baseline)
    if label not in results:
        return
    rate = 2 * results[label]["facts"]["n"] ** 3 / results[label]["median"]
    for other, result in results.items():
        if other != label:
            result["share_of_product_rate"] = benchmark.flops(**size) / result["median"] / rate


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
    """Return the results of one benchmark as the lines of a table.

    Parameters
    ----------
    result : dict
        What `summary` returned.
    fact : str
        Name of the fact that shows that the work was done.
    """
    used = [name for name in COLUMNS if any(name in one for one in result["candidates"].values())]
    rows = [["", *(COLUMNS[name] for name in used), fact]]
    for label, one in result["candidates"].items():
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
