"""The same predictions by onnxruntime, from a file that skrnn has written in another process."""

import importlib
import multiprocessing
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime

from workloads.data import waves


def predict_one(module, n_calls, steps, features, **size):
    """Predict for one sequence, again and again."""
    session = trained(module, steps=steps, features=features, **size)
    X, y = waves(n_calls, steps, features, seed=1)
    lengths = np.array([steps])

    def run():
        predicted = [label(session, X[i : i + 1], lengths)[0] for i in range(n_calls)]
        return {"accuracy": float(np.mean(predicted == y))}

    return run


def predict_many(module, n, steps, features, **size):
    """Predict for many sequences at once."""
    session = trained(module, steps=steps, features=features, **size)
    X, y = waves(n, steps, features, seed=1)
    lengths = np.full(n, steps)
    return lambda: {"accuracy": float(np.mean(label(session, X, lengths) == y))}


def label(session, X, lengths):
    return session.run(["label"], {"X": X, "lengths": lengths})[0]


def trained(module, **size):
    """Return a session of the model that a module of skrnn's workloads trains."""
    # The framework that trains the model must not be loaded in this process.
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(1, spawn) as pool:
        path = Path(folder) / "model.onnx"
        pool.submit(write, module, size, path).result()
        return onnxruntime.InferenceSession(path)


def write(module, size, path):
    """Train the model of a workload, and write it to a file."""
    from skrnn.export import to_onnx

    model, _, _ = importlib.import_module(f"workloads.{module}").trained(n=1, **size)
    to_onnx(model, path)
