"""The benchmarks of speed: what is measured, at which size, and with which candidates.

A workload is a function ``make(**size)`` that prepares all that is not timed and returns ``run``.
Each call of ``run`` does the work once and returns the facts that show that it was done. Only the
table of benchmarks is imported here: the process of a candidate imports its own module alone.
"""

from dataclasses import dataclass, field, replace

KERAS = ("keras", "tensorflow")


@dataclass(frozen=True)
class Candidate:
    """One implementation that is measured.

    Parameters
    ----------
    workload : str
        The function that prepares the workload, as module:function of this folder.
    needs : tuple of str
        Modules that must be installed.
    options : dict
        Arguments in addition to the benchmark's size.
    is_skrnn : bool
        Whether it is skrnn, which runs on the backend that the command line names.
    baseline : bool
        Whether it measures the rate of the machine, and is not compared with the others.
    quick : dict
        Arguments of a baseline in tests; those of the others are the quick size of the benchmark.
    warm_up : bool
        Whether there is a run before the first timed one.
    """

    workload: str
    needs: tuple = ()
    options: dict = field(default_factory=dict)
    is_skrnn: bool = False
    baseline: bool = False
    quick: dict = field(default_factory=dict)
    warm_up: bool = True


@dataclass(frozen=True)
class Benchmark:
    """Work that several candidates do.

    Parameters
    ----------
    title : str
        Description of the work at full size.
    full, quick : dict
        Arguments of all workloads: the size that is reported, and a tiny one for tests.
    candidates : dict of str to Candidate
        Candidates by label; the others are compared with the first one.
    fact : str
        The fact that shows that the work was done: "loss", "accuracy", "tokens" or "r2".
    within : float
        Largest accepted difference between the facts of the candidates.
    per : str or None
        Name of the argument that is the number of times that one run does the work.
    flops : callable or None
        Returns, for a size, the number of operations of doing the work once.
    cold : bool
        Whether each run is a new process, whose start is timed too.
    watched : bool
        Whether memory is measured too.
    """

    title: str
    full: dict
    quick: dict
    candidates: dict
    fact: str = "loss"
    within: float = 0.15
    per: str | None = None
    flops: object = None
    cold: bool = False
    watched: bool = False


def _skrnn(function, **options):
    return Candidate(f"with_skrnn:{function}", options=options, is_skrnn=True)


def _keras(function, **options):
    return Candidate(f"with_keras:{function}", KERAS, options)


def _torch(function, **options):
    return Candidate(f"with_torch:{function}", ("torch",), options)


def _epoch_flops(n_gates):
    def flops(n, steps, features, units, **_):
        # Two per multiplication, once in the forward pass and twice in the backward pass.
        return 3 * 2 * n * steps * (features + units) * n_gates * units

    return flops


def _predictions(title, module, full, quick):
    """Return the benchmark of predictions by skrnn and by onnxruntime, of a model of `module`."""
    function = "predict_one" if "n_calls" in full else "predict_many"
    needs = ("onnx", "onnxruntime")
    return Benchmark(
        title=title,
        full=full,
        quick=quick,
        candidates={
            "skrnn": Candidate(f"{module}:{function}", is_skrnn=module == "with_skrnn"),
            "onnxruntime": Candidate(f"with_onnxruntime:{function}", needs, {"module": module}),
        },
        fact="accuracy",
        within=0.01,
        per="n_calls" if "n_calls" in full else None,
    )


# The quick sizes have the same networks, so that skrnn compiles few programs.
_TINY = {"steps": 5, "features": 2}


_EPOCH = {
    "full": {"n": 4096, "steps": 100, "features": 8, "units": 64, "batch_size": 64, "epochs": 4},
    "quick": {"n": 16, **_TINY, "units": 3, "batch_size": 8, "epochs": 1},
}


def _epoch(cell, n_gates):
    options = {"cell": cell}
    return Benchmark(
        title=f"one epoch: 4,096 sequences of 100 steps of 8, {cell.upper()}(64), batches of 64",
        **_EPOCH,
        candidates={
            "skrnn": _skrnn("epoch", **options),
            "Keras fit": _keras("epoch", **options),
            "PyTorch loop": _torch("epoch", **options),
            "NumPy product, 2,000³": _PRODUCT,
        },
        per="epochs",
        flops=_epoch_flops(n_gates),
    )


_PRODUCT = Candidate("matrix_products:product", options={"n": 2000}, baseline=True, quick={"n": 50})

_SEARCH = {"steps": 30, "features": 3, "epochs": 10, "folds": 5}
_TRAINED = {"n_train": 2048, "steps": 100, "features": 8, "units": 64, "epochs": 6}
_TINY_TRAINED = {"n_train": 16, **_TINY, "units": 3, "epochs": 2}
_RESERVOIR = {"n_train": 2048, "steps": 100, "features": 8, "units": 500}
_TINY_RESERVOIR = {"n_train": 16, **_TINY, "units": 3}
_FIRST = {
    "full": {"n": 300, "steps": 30, "features": 3, "units": 32, "epochs": 2},
    "quick": {"n": 16, **_TINY, "units": 4, "epochs": 1},
    "candidates": {"skrnn": _skrnn("first_fit"), "Keras": _keras("first_fit")},
}

# The first one is compared with the others.
_CELLS = (
    "lstm",
    "peephole_lstm",
    "refine_lstm",
    "gru",
    "gru_reset_before",
    "refine_gru",
    "minimal_gru",
    "simple",
    "irnn",
    "indrnn",
    "mingru",
    "minlstm",
    "lru",
)

_WINDOWS = {"steps": 200, "features": 8, "units": 8, "batch_size": 128}
_FEW_WINDOWS = {"n": 40, "steps": 7, "features": 2, "units": 3, "batch_size": 8}

BENCHMARKS = {
    "grid_search": Benchmark(
        title="GridSearchCV: 12 candidates, 5 folds, 300 sequences of 30 steps, 10 epochs",
        full={
            **_SEARCH,
            "n": 300,
            "rates": [0.0003, 0.001, 0.003, 0.005, 0.01, 0.03],
            "units": [32, 48],
        },
        quick={"n": 16, **_TINY, "epochs": 1, "folds": 2, "rates": [0.01], "units": [3]},
        candidates={
            "skrnn": _skrnn("grid_search"),
            "skrnn, nothing compiled yet": _skrnn("grid_search", compiled=False),
            "scikeras": Candidate("with_scikeras:grid_search", (*KERAS, "scikeras"), warm_up=False),
            "skorch": Candidate("with_skorch:grid_search", ("torch", "skorch")),
        },
        fact="accuracy",
        within=0.1,
    ),
    "lstm_epoch": _epoch("lstm", 4),
    "gru_epoch": _epoch("gru", 3),
    "cells_epoch": Benchmark(
        title="one epoch by cell: 4,096 sequences of 100 steps of 8, 64 units, batches of 64",
        **_EPOCH,
        candidates={f"skrnn, {cell}": _skrnn("epoch", cell=cell) for cell in _CELLS},
        # Cells learn at different speeds.
        within=0.7,
        per="epochs",
    ),
    "tokens_epoch": Benchmark(
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
            "dimensions": 32,
            "units": 3,
            "batch_size": 8,
            "epochs": 1,
        },
        per="epochs",
        candidates={
            "skrnn": _skrnn("tokens_epoch"),
            "Keras fit, padded to 500": _keras("tokens_epoch"),
            "PyTorch, batches of similar length": _torch("tokens_epoch"),
            "PyTorch, packed": _torch("tokens_epoch", packed=True),
        },
    ),
    "one_hot_epoch": Benchmark(
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
        candidates={
            "skrnn, sparse rows": _skrnn("one_hot_epoch"),
            "skrnn, embedding of 32": _skrnn("tokens_epoch", dimensions=32),
        },
        watched=True,
    ),
    "tokenize": Benchmark(
        title="fit and transform: the 25,000 training reviews of IMDB, 20,000 words",
        full={"n": 25_000, "vocabulary": 20_000, "real": True},
        quick={"n": 20, "vocabulary": 600, "real": False},
        candidates={
            "skrnn": _skrnn("tokenize"),
            "CountVectorizer": Candidate("with_sklearn:tokenize", ("sklearn",)),
            "Keras TextVectorization": _keras("tokenize"),
            "Hugging Face tokenizers, all cores": Candidate(
                "with_tokenizers:tokenize", ("tokenizers",)
            ),
        },
        fact="tokens",
        # Some also count words of one letter, or split words at an apostrophe.
        within=30,
    ),
    "predict_one": Benchmark(
        title="predict for one sequence of 100 steps of 8, LSTM(64)",
        full={**_TRAINED, "n_calls": 50},
        quick={**_TINY_TRAINED, "n_calls": 2},
        candidates={
            "skrnn": _skrnn("predict_one"),
            "Keras predict": _keras("predict_one"),
            "Keras model(x)": _keras("predict_one", call=True),
        },
        fact="accuracy",
        per="n_calls",
    ),
    "predict_many": Benchmark(
        title="predict for 20,000 sequences of 100 steps of 8, LSTM(64)",
        full={**_TRAINED, "n": 20_000},
        quick={**_TINY_TRAINED, "n": 40},
        candidates={
            "skrnn": _skrnn("predict_many"),
            "Keras predict": _keras("predict_many"),
            "Keras predict, batches of 256": _keras("predict_many", batch_size=256),
        },
        fact="accuracy",
    ),
    "onnx_one": _predictions(
        "predict for one sequence of 100 steps of 8, LSTM(64)",
        "with_skrnn",
        full={**_TRAINED, "n_calls": 200},
        quick={**_TINY_TRAINED, "n_calls": 2},
    ),
    "onnx_many": _predictions(
        "predict for 1,000 sequences of 100 steps of 8, LSTM(64)",
        "with_skrnn",
        full={**_TRAINED, "n": 1000},
        quick={**_TINY_TRAINED, "n": 40},
    ),
    "onnx_one_reservoir": _predictions(
        "predict for one sequence of 100 steps of 8, echo state network of 500 units",
        "with_skrnn_reservoirs",
        full={**_RESERVOIR, "n_calls": 200},
        quick={**_TINY_RESERVOIR, "n_calls": 2},
    ),
    "onnx_many_reservoir": _predictions(
        "predict for 1,000 sequences of 100 steps of 8, echo state network of 500 units",
        "with_skrnn_reservoirs",
        full={**_RESERVOIR, "n": 1000},
        quick={**_TINY_RESERVOIR, "n": 40},
    ),
    "first_fit": Benchmark(
        title="first fit of a new LSTM in a warm process: 300 sequences of 30 steps, 2 epochs",
        **_FIRST,
    ),
    "cold_process": Benchmark(
        title="a fresh process: imports, building, the same fit", cold=True, **_FIRST
    ),
    "reservoir_series": Benchmark(
        title="reservoir of 1,000 units, 10 connections each: fit to one series of 100,000 steps",
        full={"steps": 100_000, "units": 1000, "connections": 10},
        quick={"steps": 2000, "units": 20, "connections": 3},
        candidates={
            "skrnn": Candidate("with_skrnn_reservoirs:fit_series"),
            "skrnn, in chunks": Candidate(
                "with_skrnn_reservoirs:fit_series", options={"chunk_overlap": 200}
            ),
            "skrnn, 20 penalties": Candidate(
                "with_skrnn_reservoirs:fit_series", options={"n_alphas": 20}
            ),
            "ReservoirPy": Candidate("with_reservoirpy:fit_series", ("reservoirpy",)),
            "Gram product of the states alone": Candidate(
                "matrix_products:gram",
                options={"rows": 100_000, "columns": 1001},
                baseline=True,
                quick={"rows": 2000, "columns": 21},
            ),
        },
        fact="r2",
        within=0.02,
        watched=True,
    ),
    "reservoir_batch": Benchmark(
        title="reservoir of 500 units, 10 connections each: fit to 1,000 series of 100 steps",
        full={"n": 1000, "steps": 100, "units": 500, "connections": 10},
        quick={"n": 20, "steps": 30, "units": 20, "connections": 3},
        candidates={
            "skrnn": Candidate("with_skrnn_reservoirs:fit_batch"),
            "ReservoirPy": Candidate("with_reservoirpy:fit_batch", ("reservoirpy",)),
            "PyRCN": Candidate("with_pyrcn:fit_batch", ("pyrcn",), warm_up=False),
        },
        fact="r2",
        within=0.02,
    ),
    "blocks": Benchmark(
        title="one epoch over a file of 1 GiB, LSTM(16)",
        full={"mib": 1024, "steps": 100, "features": 64, "units": 16, "batch_size": 256},
        quick={"mib": 1, "steps": 100, "features": 64, "units": 3, "batch_size": 8},
        candidates={"skrnn": _skrnn("blocks")},
        watched=True,
    ),
    "windows": Benchmark(
        title="one epoch: windows of 200 over 100,000 rows of 8, LSTM(8), batches of 128",
        full={"n": 100_000, **_WINDOWS},
        quick=_FEW_WINDOWS,
        candidates={
            "skrnn": _skrnn("windows"),
            "Keras fit, dataset of windows": _keras("windows"),
        },
    ),
    "windows_memory": Benchmark(
        title="one epoch: windows of 200 over 1,000,000 rows of 8 (31 MiB), LSTM(8)",
        full={"n": 1_000_000, **_WINDOWS},
        quick=_FEW_WINDOWS,
        candidates={"skrnn": replace(_skrnn("windows"), warm_up=False)},
        watched=True,
    ),
}
