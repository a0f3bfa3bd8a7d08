"""The contests: what is done, at which size, by whom.

A workload is a function ``make(**size)`` that prepares all that is not timed and returns ``run``;
each call of ``run`` does the work once and returns what shows that it was done. Nothing but the
table is imported here: a contestant's process loads its own module alone.
"""

from dataclasses import dataclass, field, replace

__all__ = ["CONTESTS", "Contest", "Contestant"]

KERAS = ("keras", "tensorflow")


@dataclass(frozen=True)
class Contestant:
    """Who takes part, and with what.

    Parameters
    ----------
    place : str
        Where its workload is made: module:function, the module in this folder.
    needs : tuple of str
        Modules that must be installed.
    options : dict
        Arguments beside the contest's size.
    ours : bool
        Whether it is skrnn, which runs on the backend that the command names.
    yardstick : bool
        Whether it is no rival but the machine's own rate.
    warm_up : bool
        Whether there is a run before the first that counts.
    """

    place: str
    needs: tuple = ()
    options: dict = field(default_factory=dict)
    ours: bool = False
    yardstick: bool = False
    warm_up: bool = True


@dataclass(frozen=True)
class Contest:
    """What is done.

    Parameters
    ----------
    title : str
    full, quick : dict
        Arguments of every contestant: the size that counts, and a tiny one for tests.
    contestants : dict of str to Contestant
        By label; the first one is what the others are compared with.
    fact : str
        What shows that the work was done: "loss", "accuracy" or "tokens".
    within : float
        How far apart the contestants' facts may be.
    per : str or None
        The argument that says how often one run does the work.
    flops : callable or None
        Of the size, the operations of doing the work once.
    cold : bool
        Whether each run is a process of its own, all of which is timed.
    watched : bool
        Whether memory is watched too.
    """

    title: str
    full: dict
    quick: dict
    contestants: dict
    fact: str = "loss"
    within: float = 0.15
    per: str | None = None
    flops: object = None
    cold: bool = False
    watched: bool = False


def _ours(function, **options):
    return Contestant(f"ours:{function}", options=options, ours=True)


def _keras(function, **options):
    return Contestant(f"with_keras:{function}", KERAS, options)


def _torch(function, **options):
    return Contestant(f"with_torch:{function}", ("torch",), options)


def _epoch_flops(n_gates):
    def flops(n, steps, features, units, **_):
        # Two a multiplication, once forward and twice backward.
        return 3 * 2 * n * steps * (features + units) * n_gates * units

    return flops


def _epoch(cell, n_gates):
    options = {"cell": cell}
    return Contest(
        title=f"one epoch: 4,096 sequences of 100 steps of 8, {cell.upper()}(64), batches of 64",
        full={"n": 4096, "steps": 100, "features": 8, "units": 64, "batch_size": 64, "epochs": 4},
        quick={"n": 16, "steps": 5, "features": 2, "units": 3, "batch_size": 8, "epochs": 1},
        contestants={
            "skrnn": _ours("epoch", **options),
            "Keras fit": _keras("epoch", **options),
            "PyTorch loop": _torch("epoch", **options),
            "NumPy product, 2,000³": _PRODUCT,
        },
        per="epochs",
        flops=_epoch_flops(n_gates),
    )


_PRODUCT = Contestant("product:product", options={"n": 2000}, yardstick=True)

_SEARCH = {"steps": 30, "features": 3, "epochs": 10, "folds": 5}
_TRAINED = {"n_train": 2048, "steps": 100, "features": 8, "units": 64, "epochs": 6}
_TINY_TRAINED = {"n_train": 16, "steps": 5, "features": 2, "units": 3, "epochs": 2}
_FIRST = {
    "full": {"n": 300, "steps": 30, "features": 3, "units": 32, "epochs": 2},
    "quick": {"n": 16, "steps": 5, "features": 2, "units": 4, "epochs": 1},
    "contestants": {"skrnn": _ours("first_fit"), "Keras": _keras("first_fit")},
}

_WINDOWS = {"steps": 200, "features": 8, "units": 8, "batch_size": 128}
_FEW_WINDOWS = {"n": 40, "steps": 7, "features": 2, "units": 3, "batch_size": 8}

CONTESTS = {
    "grid_search": Contest(
        title="GridSearchCV: 12 candidates, 5 folds, 300 sequences of 30 steps, 10 epochs",
        full={
            **_SEARCH,
            "n": 300,
            "rates": [0.0003, 0.001, 0.003, 0.005, 0.01, 0.03],
            "units": [32, 48],
        },
        quick={**_SEARCH, "n": 16, "epochs": 1, "folds": 2, "rates": [0.01], "units": [3]},
        contestants={
            "skrnn": _ours("grid_search"),
            "skrnn, nothing compiled yet": _ours("grid_search", compiled=False),
            "scikeras": Contestant(
                "with_scikeras:grid_search", (*KERAS, "scikeras"), warm_up=False
            ),
            "skorch": Contestant("with_skorch:grid_search", ("torch", "skorch")),
        },
        fact="accuracy",
        within=0.1,
    ),
    "lstm_epoch": _epoch("lstm", 4),
    "gru_epoch": _epoch("gru", 3),
    "tokens_epoch": Contest(
        title="one epoch: 5,000 token sequences of up to 500, 20,000 words, LSTM(64)",
        full={
            "n": 5000,
            "longest": 500,
            "vocabulary": 20_000,
            "dimensions": 32,
            "units": 64,
            "batch_size": 64,
            "epochs": 2,
        },
        quick={
            "n": 16,
            "longest": 12,
            "vocabulary": 200,
            "dimensions": 2,
            "units": 3,
            "batch_size": 8,
            "epochs": 1,
        },
        per="epochs",
        contestants={
            "skrnn": _ours("tokens_epoch"),
            "Keras fit, padded to 500": _keras("tokens_epoch"),
            "PyTorch, batches of like length": _torch("tokens_epoch"),
            "PyTorch, packed": _torch("tokens_epoch", packed=True),
        },
    ),
    "one_hot_epoch": Contest(
        title="one epoch: 5,000 token sequences as sparse one-hot rows of 10,000, LSTM(64)",
        full={
            "n": 5000,
            "longest": 500,
            "vocabulary": 10_000,
            "units": 64,
            "batch_size": 64,
            "epochs": 2,
        },
        quick={"n": 16, "longest": 12, "vocabulary": 200, "units": 3, "batch_size": 8, "epochs": 1},
        per="epochs",
        contestants={
            "skrnn, sparse rows": _ours("one_hot_epoch"),
            "skrnn, embedding of 32": _ours("tokens_epoch", dimensions=32),
        },
        watched=True,
    ),
    "tokenize": Contest(
        title="fit and transform: the 25,000 training reviews of IMDB, 20,000 words",
        full={"n": 25_000, "vocabulary": 20_000, "real": True},
        quick={"n": 20, "vocabulary": 600, "real": False},
        contestants={
            "skrnn": _ours("tokenize"),
            "CountVectorizer": Contestant("with_sklearn:tokenize", ("sklearn",)),
            "Keras TextVectorization": _keras("tokenize"),
            "Hugging Face tokenizers, all cores": Contestant(
                "with_tokenizers:tokenize", ("tokenizers",)
            ),
        },
        fact="tokens",
        # Words of one letter count for some, and what an apostrophe parts.
        within=30,
    ),
    "predict_one": Contest(
        title="predict for one sequence of 100 steps of 8, LSTM(64)",
        full={**_TRAINED, "n_calls": 50},
        quick={**_TINY_TRAINED, "n_calls": 2},
        contestants={
            "skrnn": _ours("predict_one"),
            "Keras predict": _keras("predict_one"),
            "Keras model(x)": _keras("predict_one", call=True),
        },
        fact="accuracy",
        per="n_calls",
    ),
    "predict_many": Contest(
        title="predict for 20,000 sequences of 100 steps of 8, LSTM(64)",
        full={**_TRAINED, "n": 20_000},
        quick={**_TINY_TRAINED, "n": 40},
        contestants={
            "skrnn": _ours("predict_many"),
            "Keras predict": _keras("predict_many"),
            "Keras predict, batches of 256": _keras("predict_many", batch_size=256),
        },
        fact="accuracy",
    ),
    "first_fit": Contest(
        title="first fit of a new LSTM in a warm process: 300 sequences of 30 steps, 2 epochs",
        **_FIRST,
    ),
    "cold_process": Contest(
        title="a fresh process: imports, building, the same fit", cold=True, **_FIRST
    ),
    "reservoir_series": Contest(
        title="reservoir of 1,000 units, 10 links each: fit to one series of 100,000 steps",
        full={"steps": 100_000, "units": 1000, "links": 10},
        quick={"steps": 2000, "units": 20, "links": 3},
        contestants={
            "skrnn": Contestant("ours_reservoirs:fit_series"),
            "skrnn, in chunks": Contestant(
                "ours_reservoirs:fit_series", options={"chunk_overlap": 200}
            ),
            "skrnn, 20 penalties": Contestant(
                "ours_reservoirs:fit_series", options={"n_alphas": 20}
            ),
            "ReservoirPy": Contestant("with_reservoirpy:fit_series", ("reservoirpy",)),
            "Gram product of the states alone": Contestant(
                "product:gram", options={"rows": 100_000, "columns": 1001}, yardstick=True
            ),
        },
        fact="r2",
        within=0.02,
        watched=True,
    ),
    "reservoir_batch": Contest(
        title="reservoir of 500 units, 10 links each: fit to 1,000 series of 100 steps",
        full={"n": 1000, "steps": 100, "units": 500, "links": 10},
        quick={"n": 20, "steps": 30, "units": 20, "links": 3},
        contestants={
            "skrnn": Contestant("ours_reservoirs:fit_batch"),
            "ReservoirPy": Contestant("with_reservoirpy:fit_batch", ("reservoirpy",)),
            "PyRCN": Contestant("with_pyrcn:fit_batch", ("pyrcn",), warm_up=False),
        },
        fact="r2",
        within=0.02,
    ),
    "blocks": Contest(
        title="one epoch over a file of 1 GiB, LSTM(16)",
        full={"mib": 1024, "steps": 100, "features": 64, "units": 16, "batch_size": 256},
        quick={"mib": 1, "steps": 100, "features": 64, "units": 3, "batch_size": 8},
        contestants={"skrnn": _ours("blocks")},
        watched=True,
    ),
    "windows": Contest(
        title="one epoch: windows of 200 over 100,000 rows of 8, LSTM(8), batches of 128",
        full={"n": 100_000, **_WINDOWS},
        quick=_FEW_WINDOWS,
        contestants={
            "skrnn": _ours("windows"),
            "Keras fit, dataset of windows": _keras("windows"),
        },
    ),
    "windows_memory": Contest(
        title="one epoch: windows of 200 over 1,000,000 rows of 8 (31 MiB), LSTM(8)",
        full={"n": 1_000_000, **_WINDOWS},
        quick=_FEW_WINDOWS,
        contestants={"skrnn": replace(_ours("windows"), warm_up=False)},
        watched=True,
    ),
}
