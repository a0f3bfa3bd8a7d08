"""What `gpu_check` measures, in the order in which it does so.

The most important figures come first, because the last ones are left out if the time limit is over.
By the times of one H200, all steps of one backend and its peers take about nine minutes, of which
the last one and a half are for searches one by one and for GRUs.
"""

from itertools import product
from typing import NamedTuple

# What `--only` chooses from, and what it means.
PARTS = {
    "checks": "results equal those of a CPU, and cuDNN and CUDA graphs are used",
    "large-search": "a search over 1,000 candidates with 5 folds",
    "long-fits": "single fits on 1,000 time steps; on JAX, LSTMs in skrnn's loops and in cuDNN",
    "short-fits": "single fits on 30 and 100 time steps; on PyTorch, also as programs of one fit",
    "small-searches": "searches over 12 and 48 candidates with 5 folds",
    "scans": "one layer of minGRU, forward and backward",
}
# The packages that skrnn is compared with. Both run on PyTorch.
PEERS = ("skorch", "torch.nn")


class Search(NamedTuple):
    """A search over hyperparameters, and how much of it is measured.

    Parameters
    ----------
    name, way : str
        A size and a way of `benchmarks.searches`.
    rounds : int, default=2
    n_measured : int or None, default=None
        The number of candidates from which the seconds of all are calculated. If None, all
        candidates are measured.
    limit : float or None, default=None
        The largest number of seconds. A search that takes longer has failed.
    """

    name: str
    way: str
    rounds: int = 2
    n_measured: int | None = None
    limit: float | None = None


class Fits(NamedTuple):
    """Single fits, or single passes through a layer, which one process measures.

    Parameters
    ----------
    rows : list of dict
        As for `benchmarks.gpu_timings.measure`.
    """

    rows: list


class Step(NamedTuple):
    """One step of the check.

    Parameters
    ----------
    part : str
        One of `PARTS`.
    runner : {"jax", "torch", "skorch", "torch.nn"}
        A backend of skrnn, or one of `PEERS`.
    work : Search or Fits
    """

    part: str
    runner: str
    work: Search | Fits


def _fits(kinds, sizes, cell="lstm"):
    return Fits([{"kind": kind, "cell": cell, **size} for size in sizes for kind in kinds])


# Sizes that use the same examples follow each other.
_LONG = [
    {"units": units, "steps": 1000, "batch_size": batch_size, "n_batches": 4, "epochs": 7}
    for batch_size, units in product((64, 512), (128, 512))
]
# Small networks, whose operations take less time than their launches.
_SHORT = [
    {"units": units, "steps": steps, "batch_size": batch_size, "n_batches": 16, "epochs": 7}
    for (steps, batch_size), units in product(((30, 32), (100, 64)), (32, 64, 128))
]
_SCAN = [{"units": 128, "steps": 4000, "batch_size": 64, "repeats": 12}]

# An error or a deadlock of the large search must leave time for the other measurements.
_LARGE = Search("1000 x 5", "skrnn, batched", rounds=1, limit=240)
PLAN = (
    Step("large-search", "jax", _LARGE),
    Step("long-fits", "jax", _fits(("loops", "cuDNN"), _LONG)),
    Step("long-fits", "torch.nn", _fits(("torch.nn",), _LONG)),
    Step("short-fits", "torch.nn", _fits(("torch.nn",), _SHORT)),
    Step("short-fits", "torch", _fits(("program of one", "fit"), _SHORT)),
    Step("large-search", "torch", _LARGE),
    Step("large-search", "skorch", Search("1000 x 5", "skorch", n_measured=6)),
    Step("short-fits", "jax", _fits(("fit",), _SHORT)),
    Step("small-searches", "skorch", Search("12 x 5", "skorch")),
    Step("small-searches", "jax", Search("12 x 5", "skrnn, batched")),
    Step("small-searches", "torch", Search("12 x 5", "skrnn, batched")),
    Step("small-searches", "skorch", Search("48 x 5", "skorch", n_measured=3)),
    Step("small-searches", "jax", Search("48 x 5", "skrnn, batched")),
    Step("small-searches", "torch", Search("48 x 5", "skrnn, batched")),
    Step("long-fits", "torch", _fits(("fit",), _LONG)),
    Step("scans", "jax", _fits(("scan",), _SCAN, "mingru")),
    Step("scans", "torch", _fits(("scan",), _SCAN, "mingru")),
    Step("small-searches", "jax", Search("12 x 5", "one by one", n_measured=6)),
    Step("small-searches", "torch", Search("12 x 5", "one by one", n_measured=6)),
    Step("small-searches", "jax", Search("48 x 5", "one by one", n_measured=1)),
    Step("small-searches", "torch", Search("48 x 5", "one by one", n_measured=1)),
    Step("long-fits", "torch.nn", _fits(("torch.nn",), _LONG, "gru")),
    Step("long-fits", "jax", _fits(("fit",), _LONG, "gru")),
    Step("long-fits", "torch", _fits(("fit",), _LONG, "gru")),
)

_TINY = {"units": 4, "steps": 5, "batch_size": 8, "n_batches": 2, "epochs": 4, "repeats": 4}


def plan(only, backends, tiny):
    """Return the steps of a check in the order in which they are made.

    Parameters
    ----------
    only : collection of str
        Some of `PARTS`.
    backends : collection of str
        The backends of skrnn.
    tiny : bool
        Whether the sizes are tiny. Equal steps are then made once, and all fits of a runner in one
        process, because most of their time is its start.
    """
    steps = [step for step in PLAN if step.part in only and step.runner in (*backends, *PEERS)]
    return _at_tiny_sizes(steps) if tiny else steps


def _at_tiny_sizes(steps):
    found, fits = [], {}
    for step in steps:
        if isinstance(step.work, Search):
            n_measured = 1 if step.runner in PEERS else None
            work = Search("tiny", step.work.way, rounds=1, n_measured=n_measured)
            if (step.runner, work) not in [(one.runner, one.work) for one in found]:
                found.append(step._replace(work=work))
            continue
        tiny = [{name: _TINY.get(name, row[name]) for name in row} for row in step.work.rows]
        if step.runner not in fits:
            fits[step.runner] = []
            found.append(step._replace(work=Fits(fits[step.runner])))
        fits[step.runner] += [
            row for i, row in enumerate(tiny) if row not in [*fits[step.runner], *tiny[:i]]
        ]
    return found
