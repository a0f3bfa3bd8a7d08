"""The results of the benchmark of accuracy as a table of reStructuredText."""

from statistics import mean, median

# The data sets over which the project states its targets: none of them was used before.
AVERAGED = (
    "ArrowHead",
    "CBF",
    "Chinatown",
    "ECG200",
    "FaceFour",
    "GesturePebbleZ1",
    "MelbournePedestrian",
    "Plane",
    "PowerCons",
    "SmoothSubspace",
    "SwedishLeaf",
    "SyntheticControl",
    "Trace",
    "TwoLeadECG",
)
# These are not sets of the archives, and not part of the last rows.
OTHERS = {"digits": "digits, five folds", "sines": "sums of sines around 5,000 (R²)"}


def table(results, titles):
    """Return the table, with a row per data set and a column per model that has results.

    A cell is the mean over the seeds, with the worst seed in brackets if there are several. The
    highest mean of a row is bold. The last rows give the mean over the data sets of `AVERAGED`, the
    number of data sets with the highest accuracy, and the mean processor time per fit, which
    depends less on other work of the machine than the time of the clock does.

    Parameters
    ----------
    results : dict
        For each data set and each model, the results by seed: "score" and
        "fit_processor_seconds".
    titles : dict of str to str
        The head of the column of each model.
    """
    results = {data: of_models for data, of_models in results.items() if of_models}
    models = [model for model in titles if any(model in one for one in results.values())]
    archive = {data: one for data, one in results.items() if data not in OTHERS}
    rows = [["Data set", *(titles[model] for model in models)]]
    for data in archive:
        rows.append([f"{data} \\*" if data in AVERAGED else data, *scores(archive[data], models)])
    if archive:
        rows += [
            ["Mean of the 14 sets with \\*", *means(archive, models)],
            ["Sets with the highest accuracy", *wins(archive, models)],
            [
                "Seconds of processor time per fit, mean of the sets above",
                *seconds(archive, models),
            ],
        ]
    rows += [[OTHERS[data], *scores(results[data], models)] for data in OTHERS if data in results]
    return list_table(rows)


def list_table(rows):
    """Return rows of cells as a list-table of reStructuredText.

    Examples
    --------
    >>> print(list_table([["Data set", "A"], ["CBF", "0.9"]]))
    .. list-table::
        :header-rows: 1
    <BLANKLINE>
        * - Data set
          - A
        * - CBF
          - 0.9
    """
    lines = [".. list-table::", "    :header-rows: 1", ""]
    for first, *others in rows:
        lines += [f"    * - {first}", *(f"      - {cell}".rstrip() for cell in others)]
    return "\n".join(lines)


def scores(by_model, models):
    """Return one cell per model.

    Examples
    --------
    >>> steady, seeded = {"0": {"score": 0.9}}, {"0": {"score": 0.8}, "1": {"score": 0.5}}
    >>> scores({"A": steady, "B": seeded}, ["A", "B", "C"])
    ['**0.900**', '0.650 (0.500)', '']
    """
    highest = max(map(average, by_model.values()))
    cells = []
    for model in models:
        if model not in by_model:
            cells.append("")
            continue
        cell = f"{average(by_model[model]):.3f}"
        if cell == f"{highest:.3f}":
            cell = f"**{cell}**"
        if len(by_model[model]) > 1:
            cell += f" ({min(one['score'] for one in by_model[model].values()):.3f})"
        cells.append(cell)
    return cells


def average(by_seed):
    """Return the mean score over the seeds."""
    return mean(one["score"] for one in by_seed.values())


def means(results, models):
    """Return the mean over the data sets of `AVERAGED`, for models that have results of all."""
    complete = {
        model: f"{mean(average(results[data][model]) for data in AVERAGED):.3f}"
        for model in models
        if all(model in results.get(data, {}) for data in AVERAGED)
    }
    highest = max(complete.values(), default=None)
    cells = {model: f"**{cell}**" if cell == highest else cell for model, cell in complete.items()}
    return [cells.get(model, "") for model in models]


def wins(results, models):
    """Return the number of data sets on which no other model has a higher mean in the table.

    Examples
    --------
    >>> one, equal, less = ({"0": {"score": score}} for score in (0.9, 0.9001, 0.8))
    >>> wins({"CBF": {"A": one, "B": equal}, "Plane": {"A": one, "B": less}}, ["A", "B"])
    ['2', '1']
    """
    best = [
        max(f"{average(by_seed):.3f}" for by_seed in by_model.values())
        for by_model in results.values()
    ]
    return [
        str(
            sum(
                model in by_model and f"{average(by_model[model]):.3f}" == highest
                for by_model, highest in zip(results.values(), best, strict=True)
            )
        )
        for model in models
    ]


def seconds(results, models):
    """Return the mean over the data sets of the median processor time over the seeds.

    The first fit of a process includes compilations, and the median of three or more seeds does
    not.
    """
    cells = []
    for model in models:
        times = [
            median(one["fit_processor_seconds"] for one in by_model[model].values())
            for by_model in results.values()
            if model in by_model
        ]
        cells.append(f"{mean(times):.3g}" if times else "")
    return cells
