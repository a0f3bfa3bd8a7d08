"""How the peak memory of a process depends on the size of the data in a folder of files.

Run with ``python tests/benchmarks/out_of_core.py``; ``--files`` are the numbers of files of 8 MiB,
and ``--only`` selects models. Each measurement is a new process, which trains once on small data
before, so that the memory of the framework and of the compiled program is not counted. Parquet
files need pyarrow.
"""

import argparse
import gc
import importlib.util
import json
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from accuracy_table import list_table
from report import machine, now
from sklearn.preprocessing import StandardScaler
from worker import MemoryWatch, resident_and_anonymous

from skrnn import EchoStateRegressor, RNNRegressor, TimeDistributed
from skrnn.sequences import from_long

# A file of 8 MiB in float32.
N_SEQUENCES, N_STEPS, N_FEATURES = 5_120, 102, 4
FILES = (2, 16)
FEATURES = [f"x{i}" for i in range(N_FEATURES)]


def make_block(seed, n=N_SEQUENCES):
    """Return sequences whose target is a weighted sum over their time steps."""
    X = np.random.default_rng(seed).normal(size=(n, N_STEPS, N_FEATURES)).astype(np.float32)
    return X, X.mean(axis=1) @ np.arange(1.0, N_FEATURES + 1)


def write_npy(folder, i):
    X, y = make_block(i)
    np.save(folder / f"X{i:03}.npy", X)
    np.save(folder / f"y{i:03}.npy", y)


def write_parquet(folder, i):
    X, y = make_block(i)
    table = pd.DataFrame(X.reshape(-1, N_FEATURES), columns=FEATURES)
    table["id"] = np.repeat(np.arange(len(X)), N_STEPS)
    table["time"] = np.tile(np.arange(N_STEPS), len(X))
    table["y"] = np.repeat(y, N_STEPS)
    table.to_parquet(folder / f"{i:03}.parquet")


def npy_blocks(folder):
    """Yield the sequences of each file as a memory map, and their targets."""
    for path in sorted(folder.glob("X*.npy")):
        yield np.load(path, mmap_mode="r"), np.load(folder / path.name.replace("X", "y"))


def parquet_blocks(folder):
    """Yield the sequences of each file, and their targets."""
    for path in sorted(folder.glob("*.parquet")):
        X, _, y = from_long(pd.read_parquet(path), id="id", time="time", target="y")
        yield X, y


def network():
    return RNNRegressor(cell="gru", units=8, batch_size=256, standardize=False, random_state=0)


def train_network(blocks):
    """Scale the features in one pass over the blocks, and train the network in a second one."""
    scaler, model = TimeDistributed(StandardScaler()), network()
    for X, _ in blocks():
        scaler.partial_fit(X)
    for X, y in blocks():
        model.partial_fit(scaler.transform(X), y)


def train_reservoir(blocks):
    model = EchoStateRegressor(units=50, random_state=0)
    for X, y in blocks():
        model.partial_fit(X, y)


def train_in_memory(blocks):
    """Read all blocks into the memory, and train the network for one epoch."""
    read = [(np.array(X), y) for X, y in blocks()]
    X, y = (np.concatenate(parts) for parts in zip(*read, strict=True))
    del read
    network().set_params(standardize=True, epochs=1).fit(X, y)


# Name -> the files, and the function that trains on their blocks.
MODELS = {
    "`RNNRegressor.partial_fit`, .npy": (write_npy, npy_blocks, train_network),
    "`RNNRegressor.partial_fit`, Parquet": (write_parquet, parquet_blocks, train_network),
    "`EchoStateRegressor.partial_fit`, .npy": (write_npy, npy_blocks, train_reservoir),
    "`RNNRegressor.fit`, all in memory": (write_npy, npy_blocks, train_in_memory),
}


def measure(name, folder):
    """Return the peaks above the memory of the process after it has trained on small data."""
    _, blocks, train = MODELS[name]
    train(lambda: [make_block(0, n=512), make_block(1, n=512)])
    gc.collect()
    watch = MemoryWatch(resident_and_anonymous())
    train(lambda: blocks(folder))
    return watch.end()


def peaks(name, n_files):
    """Return the answer of `measure` from a new process, for a folder of some files."""
    with tempfile.TemporaryDirectory() as folder:
        for i in range(n_files):
            MODELS[name][0](Path(folder), i)
        command = [sys.executable, __file__, "--only", name, "--measure", folder]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(run.stdout.splitlines()[-1])


def table(results, files):
    """Return the peaks as a table in reStructuredText.

    Examples
    --------
    >>> print(table({"a": [{"resident_mib": 20.4, "anonymous_mib": 11.8}]}, [8]))
    .. list-table::
        :header-rows: 1
    <BLANKLINE>
        * - Peak memory in MiB, all (without mapped files)
          - 64 MiB of data
        * - a
          - 20 (12)
    """
    rows = [
        [
            "Peak memory in MiB, all (without mapped files)",
            *(f"{8 * n} MiB of data" for n in files),
        ]
    ]
    for name, found in results.items():
        cells = (f"{one['resident_mib']:.0f} ({one['anonymous_mib']:.0f})" for one in found)
        rows.append([name, *cells])
    return list_table(rows)


def foot():
    """Return the date, the versions and the processor of the figures."""
    used, names = machine(), ("keras", "numpy", "scikit-learn", "pandas")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return f"{now()[:10]}, Python {used['python']}, {versions}, {used['processor']}."


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", nargs="+", type=int, default=FILES)
    parser.add_argument("--only", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(given.only[0], given.measure)))
        return
    has_parquet = importlib.util.find_spec("pyarrow") is not None
    names = [name for name in given.only if has_parquet or "Parquet" not in name]
    results = {}
    for name in names:
        results[name] = [peaks(name, n) for n in given.files]
        print(name, results[name], file=sys.stderr, flush=True)
    print(table(results, given.files))
    print(foot())


if __name__ == "__main__":
    main()
