"""The time of one fit per batch, compared with a plain loop of `torch.nn`, for `gpu_check`.

`gpu_work` calls `measure` in a separate process, so each function imports the framework that it
needs.
"""

import time
from contextlib import contextmanager
from functools import lru_cache, partial
from statistics import median

import numpy as np

FEATURES = 32


def measure(rows):
    """Yield the seconds of each row, or its error.

    Parameters
    ----------
    rows : list of dict
        In "kind" one of `KINDS`, and the arguments of its function.

    Yields
    ------
    dict
        The row with "seconds", those of one batch (forward pass, backward pass and update), or
        with "error".
    """
    for row in rows:
        size = {name: value for name, value in row.items() if name != "kind"}
        try:
            yield {**row, "seconds": KINDS[row["kind"]](**size)}
        except Exception as error:  # such as too little memory; the other rows are measured
            yield {**row, "error": f"{type(error).__name__}: {str(error)[:200]}"}


# Large examples take seconds to draw, and rows of the same size follow each other.
@lru_cache(maxsize=1)
def _examples(steps, batch_size, n_batches):
    rng = np.random.default_rng(0)
    n = batch_size * n_batches
    X = rng.standard_normal((n, steps, FEATURES), dtype=np.float32)
    return X, (X[:, :, 0].sum(axis=1) > 0).astype(int)


def _seconds_per_batch(ends, n_batches):
    # The first epochs compile, and choose how many batches run in one call.
    return float(median(np.diff(ends)[2:])) / n_batches


def _classifier(cell, units, batch_size, epochs):
    from skrnn import RNNClassifier

    return RNNClassifier(
        cell=cell,
        units=units,
        batch_size=batch_size,
        epochs=epochs,
        schedule="constant",
        add_differences=False,
        standardize=False,
        pooling="last",
        global_clipnorm=None,
        random_state=0,
    )


# The number of values of a state above which JAX runs an LSTM in cuDNN. Zero: always. 2**62: never.
_MOST_NUMBERS = {"cuDNN": 0, "loops": 2**62}


@contextmanager
def way_of_lstm(way):
    """Train all LSTMs on JAX in cuDNN if there is a GPU, or all of them in the loops of skrnn.

    Parameters
    ----------
    way : {"cuDNN", "loops"}
    """
    from unittest.mock import patch

    from skrnn.networks import programs
    from skrnn.networks.backends.jax import loops

    # Programs keep the way that was chosen when they were compiled.
    programs.clear()
    try:
        with patch.object(loops, "_MOST_NUMBERS", _MOST_NUMBERS[way]):
            yield
    finally:
        programs.clear()


def time_way(way, **size):
    """Return seconds per batch of a fit of skrnn on JAX; see `way_of_lstm`."""
    with way_of_lstm(way):
        return time_fit(**size)


def time_fit(cell, units, steps, batch_size, n_batches, epochs):
    """Return seconds per batch of a fit of skrnn."""
    import keras

    ends = []

    class Clock(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            ends.append(time.perf_counter())

    model = _classifier(cell, units, batch_size, epochs).set_params(callbacks=[Clock])
    model.fit(*_examples(steps, batch_size, n_batches))
    return _seconds_per_batch(ends, n_batches)


def fit_as_program(models, X, y):
    """Return models after they were fitted as one program."""
    import joblib

    # With one job, joblib would not use its backend.
    options = {"n_jobs": max(len(models), 2), "batched": True, "max_models": len(models)}
    with joblib.parallel_config(backend="skrnn", **options):
        return joblib.Parallel()(joblib.delayed(one.fit)(X, y) for one in models)


def time_program(cell, units, steps, batch_size, n_batches, epochs):
    """Return seconds per batch of a fit of skrnn as a program of one."""
    examples = _examples(steps, batch_size, n_batches)

    def seconds(n_epochs):
        model = _classifier(cell, units, batch_size, n_epochs)
        begin = time.perf_counter()
        fit_as_program([model], *examples)
        return time.perf_counter() - begin

    # A fit with a callback that reads the clock would not be a program of one. The difference of
    # two fits leaves out what each of them does once, and the first fit compiles.
    longer = 10 * epochs
    seconds(epochs)
    differences = [seconds(longer) - seconds(epochs) for _ in range(3)]
    return median(differences) / ((longer - epochs) * n_batches)


def time_torch(cell, units, steps, batch_size, n_batches, epochs):
    """Return seconds per batch of a plain loop around a layer of `torch.nn`."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    X, y = (torch.from_numpy(array).to(device) for array in _examples(steps, batch_size, n_batches))
    y = y.float()[:, None]
    layer = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell]
    recurrent = layer(FEATURES, units, batch_first=True)
    head = torch.nn.Linear(units, 1)
    model = torch.nn.ModuleList([recurrent, head]).to(device)
    optimizer = torch.optim.Adam(model.parameters(), 0.005)
    loss = torch.nn.BCEWithLogitsLoss()
    ends = []
    for _ in range(epochs):
        for rows in torch.randperm(len(X), device=device).split(batch_size):
            optimizer.zero_grad()
            loss(head(recurrent(X[rows])[0][:, -1]), y[rows]).backward()
            optimizer.step()
        if device == "cuda":
            torch.cuda.synchronize()
        ends.append(time.perf_counter())
    return _seconds_per_batch(ends, n_batches)


def time_scan(cell, units, steps, batch_size, repeats):
    """Return the median seconds of one forward and backward pass of a layer that is a scan."""
    import keras

    from skrnn.networks.backends import linear_recurrence
    from skrnn.networks.cells import get_cell, run_scan

    rng, cell = np.random.default_rng(0), get_cell(cell)
    shapes = cell.weight_shapes(units, units)
    weights = [rng.normal(0, 0.1, shape).astype("float32") for shape in shapes.values()]
    inputs = rng.standard_normal((batch_size, steps, units), dtype=np.float32)

    def loss(inputs, *weights):
        by_name = dict(zip(shapes, weights, strict=True))
        outputs, _ = run_scan(cell, linear_recurrence, inputs, None, by_name)
        return keras.ops.mean(outputs**2)

    run = {"jax": _gradients_of_jax, "torch": _gradients_of_torch}[keras.backend.backend()]
    compute = run(loss, [inputs, *weights])
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        compute()
        seconds.append(time.perf_counter() - start)
    # The first passes compile.
    return median(seconds[2:])


def _gradients_of_jax(loss, arrays):
    import jax

    arrays = [jax.numpy.asarray(array) for array in arrays]
    compute = jax.jit(jax.value_and_grad(loss, tuple(range(len(arrays)))))
    return lambda: jax.block_until_ready(compute(*arrays))


def _gradients_of_torch(loss, arrays):
    import torch

    on_gpu = torch.cuda.is_available()
    arrays = [
        torch.tensor(array, device="cuda" if on_gpu else "cpu", requires_grad=True)
        for array in arrays
    ]

    def compute():
        torch.autograd.grad(loss(*arrays), arrays)
        if on_gpu:
            torch.cuda.synchronize()

    return compute


KINDS = {
    "fit": time_fit,
    **{way: partial(time_way, way) for way in _MOST_NUMBERS},
    "program of one": time_program,
    "torch.nn": time_torch,
    "scan": time_scan,
}


def print_timings(rows):
    """Print a table of the times per batch, each with the ratio of `torch.nn`'s time to it.

    Parameters
    ----------
    rows : list of dict
        A size, and under "seconds" the seconds by name.
    """
    names = list(dict.fromkeys(name for row in rows for name in row["seconds"]))
    names.sort(key=lambda name: name != "torch.nn")
    print(f"\n{'cell':<8}{'units':>6}{'steps':>7}{'batch':>7}" + "".join(f"{n:>28}" for n in names))
    for row in rows:
        peer = row["seconds"].get("torch.nn")
        cells = "".join(
            f"{_cell(row['seconds'].get(name), None if name == 'torch.nn' else peer):>28}"
            for name in names
        )
        print(f"{row['cell']:<8}{row['units']:>6}{row['steps']:>7}{row['batch_size']:>7}{cells}")


def _cell(seconds, peer):
    if seconds is None:
        return ""
    ratio = "" if peer is None else f" ({peer / seconds:.2f})"
    return f"{seconds * 1000:.2f} ms{ratio}"
