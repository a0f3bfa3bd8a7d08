"""Models that are trained as one program are spread over all devices, here simulated ones."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

# Five models on four devices, so that some slots of the program are empty.
CODE = """
import json
import jax, joblib
import numpy as np
from sklearn.base import clone
from skrnn import RNNClassifier
from skrnn.networks import backends

X = np.random.default_rng(0).standard_normal((24, 5, 2)).astype("f4")
LABELS = (X[:, :, 0].sum(axis=1) > 0).astype(int)
seen, sent = [], set()
run, write_data = backends.ManyModels.run, backends.ManyModels.write_data

def devices(tree):
    return {tuple((part.device.id, len(part.data)) for part in leaf.addressable_shards)
            for leaf in jax.tree.leaves(tree)}

def noted_run(self, kind, state, stack, batches):
    state, results = run(self, kind, state, stack, batches)
    seen.append((devices((state, stack)), len(batches)))
    return state, results

def noted_write(self, stack, slot, data):
    sent.add((slot, *(device.id for device in data[0][0][0].devices())))
    return write_data(self, stack, slot, data)

backends.ManyModels.run, backends.ManyModels.write_data = noted_run, noted_write

def fit(model, n):
    return clone(model).fit(X[:n], LABELS[:n])

answers = {"devices": len(jax.devices())}
for dtype in ("float32", "float64"):
    seen.clear(), sent.clear()
    options = {"cell": "minimal_gru", "units": 4, "epochs": 5, "batch_size": 8, "dtype": dtype}
    models = [RNNClassifier(learning_rate=0.01 * 2**i, random_state=i, **options) for i in range(5)]
    data = list(zip(models, (24, 24, 23, 20, 19)))
    with joblib.parallel_config(backend="skrnn", n_jobs=5, batched=True):
        together = joblib.Parallel()(joblib.delayed(fit)(*one) for one in data)
    differences = [
        np.abs(weight - other.weights_[i]).max()
        for one, other in zip(data, together)
        for i, weight in enumerate(fit(*one).weights_)
    ]
    [parts] = set.union(*(parts for parts, _ in seen))
    answers[dtype] = {
        "difference": float(max(differences)),
        "parts": parts,
        "sent": sorted(sent),
        "most_joined": max(n for _, n in seen),
    }
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers():
    """Return the results of fits on four simulated devices, which need a separate process."""
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=4"
    run = subprocess.run(
        [sys.executable, "-c", CODE],
        env={**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[1],
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "jax", reason="only JAX spreads models over devices"
)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-10)])
def test_models_on_several_devices_equal_single_fits(answers, dtype, tolerance):
    assert answers["devices"] == 4
    assert answers[dtype]["most_joined"] > 1
    assert answers[dtype]["difference"] < tolerance


def test_each_device_has_the_same_number_of_models(answers):
    for dtype in ("float32", "float64"):
        assert answers[dtype]["parts"] == [[0, 2], [1, 2], [2, 2], [3, 2]]
        # The data of a fit are sent to the device of its slot at once.
        assert answers[dtype]["sent"] == [[0, 0], [1, 0], [2, 1], [3, 1], [4, 2]]
