"""The parts of `gpu_check`, each of which runs in a separate process.

``python tests/gpu_work.py ROLE FILE ARGUMENTS`` writes its results to FILE. The environment chooses
the backend (KERAS_BACKEND) and the device. Each role imports the frameworks that it needs.
"""

import json
import os
import re
import sys
from pathlib import Path

import numpy as np
from benchmarks.gpu_timings import fit_as_program
from benchmarks.gpu_timings import measure as measure_timings
from benchmarks.searches import measure as measure_search

DTYPES = ("float32", "float64")
# A state of all sequences has 2**18 numbers, so that JAX on a GPU runs an LSTM in cuDNN.
LARGE = {"n": 2048, "batch_size": 2048, "longest": 3, "units": 128}
CASES = {
    "lstm": {"cell": "lstm"},
    "gru": {"cell": "gru"},
    "simple": {"cell": "simple"},
    "lstm, bidirectional": {"cell": "lstm", "bidirectional": True},
    "gru, bidirectional, mean": {"cell": "gru", "bidirectional": True, "pooling": "mean"},
    "lstm, two layers, max": {"cell": "lstm", "layers": 2, "pooling": "max"},
    "lstm, one target per step": {"cell": "lstm", "return_sequences": True},
    "lstm, large states": {"cell": "lstm", **LARGE},
    "lstm with relu": {"cell": "lstm", "activation": "relu"},
    "gru on tokens": {"cell": "gru", "embedding": 3},
}
FULL = {"n": 200, "longest": 60, "units": 32, "epochs": 3}
TINY = {"n": 16, "longest": 4, "units": 4, "epochs": 1}
TINY_CASES = ("lstm, bidirectional", "gru on tokens")
CUDNN_CASES = ("lstm", "gru", "simple", "lstm, large states")
N_ALONE = 3
CPU = "cpu"


def ragged(n, longest, embedding=None, return_sequences=False, seed=0):
    """Return sequences of 1 to `longest` steps, and whether their first features sum above 0."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, longest + 1, n)
    if embedding is not None:
        X = [rng.integers(2, 12, length) for length in lengths]
        return X, [int(steps.mean() > 6) for steps in X]
    X = [rng.standard_normal((length, 3)) for length in lengths]
    if return_sequences:
        return X, [(steps[:, 0].cumsum() > 0).astype(int) for steps in X]
    return X, [int(steps[:, 0].sum() > 0) for steps in X]


def model_and_data(case, dtype, tiny):
    """Return an estimator that is not fitted, X and y."""
    from skrnn import RNNClassifier

    parameters = {**FULL, **CASES[case], **(TINY if tiny else {})}
    n, longest = parameters.pop("n"), parameters.pop("longest")
    units = (parameters.pop("units"),) * parameters.pop("layers", 1)
    # In single precision Adam makes a full step of a gradient that is only rounding errors.
    optimizer = {"optimizer": "sgd", "learning_rate": 0.1}
    if dtype == "float64":
        optimizer = {"optimizer": "adam", "learning_rate": 0.01}
    model = RNNClassifier(
        units=units,
        random_state=0,
        dtype=dtype,
        **{"schedule": "constant", "pooling": "last", **optimizer, **parameters},
    )
    given = {
        name: parameters[name] for name in ("embedding", "return_sequences") if name in parameters
    }
    return model, *ragged(n, longest, **given)


def results(path, reference, tiny, cases):
    """Write for each case the fitted weights, and predictions with the reference's weights."""
    written = {}
    known = np.load(reference) if reference else None
    for case in cases:
        for dtype in DTYPES:
            name = f"{case}, {dtype}"
            model, X, y = model_and_data(case, dtype, tiny)
            model.fit(X, y)
            written[f"{name}/fit"] = flat(model.weights_)
            if known is not None:
                model.weights_ = unflatten(known[f"{name}/fit"], model.weights_)
            written[f"{name}/predictions"] = flat(model.predict_proba(X))
            alone = [model.predict_proba(X[i : i + 1])[0] for i in range(N_ALONE)]
            written[f"{name}/alone"] = flat(alone)
            together = model.predict_proba(X)
            written[f"{name}/together"] = flat([together[i] for i in range(N_ALONE)])
    np.savez(path, **written)


def flat(arrays):
    return np.concatenate([np.ravel(array) for array in arrays])


def unflatten(values, like):
    ends = np.cumsum([array.size for array in like])
    parts = np.split(values, ends[:-1])
    return [part.reshape(array.shape) for part, array in zip(parts, like, strict=True)]


def half(path, tiny):
    """Write whether half precision is refused or right, as parameter, data or policy."""
    found = {f"dtype={dtype}": _refused(dtype, tiny) for dtype in ("float16", "bfloat16")}
    found["X in float16"] = _reads_half(tiny)
    found["global policy mixed_bfloat16"] = _ignores_policy(tiny)
    for dtype in ("float16", "bfloat16"):
        for cell in ("lstm", "gru", "simple"):
            found[f"layer {cell}, {dtype}"] = _half_layer(cell, dtype)
    Path(path).write_text(json.dumps(found), encoding="utf-8")


def _refused(dtype, tiny):
    model, X, y = model_and_data("lstm", "float32", tiny)
    try:
        model.set_params(dtype=dtype).fit(X, y)
    except ValueError:
        return "refused"
    return "WRONG: taken"


def _reads_half(tiny):
    model, X, y = model_and_data("lstm", "float32", tiny)
    X = [steps.astype(np.float16) for steps in X]
    model.fit(X, y)
    same = [steps.astype(np.float32) for steps in X]
    return _verdict(model.predict_proba(X), model.predict_proba(same), 1e-5)


def _ignores_policy(tiny):
    import keras

    from skrnn.networks import programs

    model, X, y = model_and_data("lstm", "float32", tiny)
    expected = model.fit(X, y).predict_proba(X)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    programs.clear()  # so that the network is built under the policy
    try:
        given = model.fit(X, y).predict_proba(X)
    finally:
        keras.config.set_dtype_policy(before)
        programs.clear()
    return _verdict(given, expected, 1e-3)


def _half_layer(cell, dtype):
    """Compare our layer in half precision with Keras' in single precision."""
    import keras

    from skrnn.networks.architecture.layers import make_layer

    steps = np.random.default_rng(0).standard_normal((4, 7, 3)).astype(np.float32)
    exact = make_layer(cell, 5, plain=True, dtype="float32")
    expected = keras.ops.convert_to_numpy(exact(steps)[0])
    # Keras draws no orthogonal matrix in half precision.
    layer = make_layer(cell, 5, dtype=dtype, recurrent_initializer="zeros")
    layer.build(steps.shape)
    layer.set_weights(exact.get_weights())
    try:
        outputs = layer(keras.ops.cast(steps, dtype))[0]
    except Exception as error:  # any error of a framework is a refusal
        return f"refused: {type(error).__name__}"
    given = keras.ops.convert_to_numpy(keras.ops.cast(outputs, "float32"))
    return _verdict(given, expected, 0.1)


def _verdict(given, expected, tolerance):
    difference = float(np.abs(np.asarray(given, np.float64) - expected).max())
    return f"{'right' if difference <= tolerance else 'WRONG'}: {difference:.1e}"


def cudnn(path, tiny, dump):
    """Write which of cuDNN's recurrent kernels fit and predict call, for each of `CUDNN_CASES`.

    The environment must set XLA to write its compiled programs to the folder `dump`.
    """
    look = {"torch": _calls_of_torch, "jax": _calls_of_jax}[os.environ["KERAS_BACKEND"]]
    found = {case: look(dump, *model_and_data(case, "float32", tiny)) for case in CUDNN_CASES}
    Path(path).write_text(json.dumps(found), encoding="utf-8")


def _calls_of_torch(_, model, X, y):
    from torch.profiler import profile

    with profile() as profiler:
        model.fit(X, y).predict(X)
    names = {event.key for event in profiler.key_averages()}
    return sorted(name for name in names if re.search("cudnn.*rnn|rnn.*cudnn", name, re.IGNORECASE))


def _calls_of_jax(dump, model, X, y):
    from skrnn.networks import programs

    # What was compiled for another case would not be written again.
    programs.clear()
    for file in Path(dump).rglob("*.txt"):
        file.unlink()
    model.fit(X, y).predict(X)
    texts = [file.read_text(encoding="utf-8") for file in Path(dump).rglob("*optimizations.txt")]
    if not texts:
        raise RuntimeError("XLA did not write its compiled programs")
    return sorted({target for text in texts for target in cudnn_targets(text)})


def cudnn_targets(text):
    """Return the recurrent kernels of cuDNN that a program in XLA's text form calls."""
    targets = re.findall(r'custom_call_target="([^"]+)"', text)
    return [target for target in targets if "cudnn" in target and "rnn" in target]


def together(path, tiny):
    """Write how much fits as one program differ from single fits, and the results of captures.

    The first of these fits is also compared as a separate program, which runs other loops.
    """
    from sklearn.base import clone

    captures = _noted_captures()
    differences = {}
    for dtype in DTYPES[:1] if tiny else DTYPES:
        model, X, y = model_and_data("lstm, bidirectional", dtype, tiny)
        models = [
            clone(model).set_params(optimizer="adam", learning_rate=rate)
            for rate in (0.001, 0.003, 0.01)
        ]
        expected = [flat(clone(one).fit(X, y).weights_) for one in models]
        for kind, n_fits in (("fits as one program", 3), ("a program of one fit", 1)):
            fits = fit_as_program([clone(one) for one in models[:n_fits]], X, y)
            pairs = zip([flat(one.weights_) for one in fits], expected, strict=False)
            difference = max(float(np.abs(a - b).max()) for a, b in pairs)
            differences[f"{kind}, {dtype}"] = difference
    written = {"differences": differences, "captures": sorted(captures)}
    Path(path).write_text(json.dumps(written), encoding="utf-8")


def _noted_captures():
    """Return a set that is filled with the results of captures on PyTorch."""
    noted = set()
    if os.environ["KERAS_BACKEND"] == "torch":
        from skrnn.networks.backends.torch import graphs

        capture = graphs.capture

        def note(function):
            try:
                replay = capture(function)
            except Exception as error:
                noted.add(f"{type(error).__name__}: {error}"[:200])
                raise
            noted.add("captured")
            return replay

        graphs.capture = note
    return noted


def timings(path, rows):
    """Write the seconds of the rows of `benchmarks.gpu_timings.measure`, after each of them."""
    written, draft = [], Path(path).with_suffix(".draft")
    for row in measure_timings(rows):
        written.append(row)
        draft.write_text(json.dumps(written), encoding="utf-8")
        # The file is complete even if the process is stopped.
        draft.replace(path)


def search(path, **arguments):
    """Write the seconds of a search over hyperparameters; see `benchmarks.searches`."""
    try:
        written = measure_search(**arguments)
    except Exception as error:  # such as too little memory; the other searches are measured
        written = {"error": f"{type(error).__name__}: {error}"}
    Path(path).write_text(json.dumps(written), encoding="utf-8")


def device(path):
    """Write the device of the backend, and the versions of the loaded packages."""
    import keras

    import skrnn.networks.backends  # noqa: F401 - loads the packages whose versions are reported

    name = _device_name(keras.backend.backend())
    versions = {
        module: sys.modules[module].__version__
        for module in ("jax", "keras", "numpy", "skrnn", "sklearn", "torch")
        if module in sys.modules
    }
    written = {"device": name, "versions": versions}
    Path(path).write_text(json.dumps(written), encoding="utf-8")


def _device_name(backend):
    if backend == "jax":
        import jax

        first = jax.devices()[0]
        return CPU if first.platform == "cpu" else first.device_kind
    if backend == "torch":
        import torch

        return torch.cuda.get_device_name() if torch.cuda.is_available() else CPU
    raise ValueError(f"unknown backend {backend!r}")


ROLES = {
    function.__name__: function
    for function in (results, half, cudnn, together, timings, search, device)
}

if __name__ == "__main__":
    role, file, arguments = sys.argv[1:]
    ROLES[role](file, **json.loads(arguments))
