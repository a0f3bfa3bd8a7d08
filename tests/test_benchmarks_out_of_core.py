"""The benchmark of data in a folder: its blocks and its table; the memory is not tested."""

import doctest
import importlib
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

FOLDER = Path(__file__).parent / "benchmarks"


@pytest.fixture
def out_of_core(monkeypatch):
    """Return the module with small files, imported as a script imports its helpers."""
    pytest.importorskip("resource")
    monkeypatch.syspath_prepend(FOLDER)
    module = importlib.import_module("out_of_core")
    monkeypatch.setattr(module, "N_SEQUENCES", 5)
    monkeypatch.setattr(module.make_block, "__defaults__", (5,))
    return module


@pytest.mark.parametrize("kind", ["npy", "parquet"])
def test_blocks_are_those_that_were_written(out_of_core, tmp_path, kind):
    if kind == "parquet":
        pytest.importorskip("pyarrow")
    for i in range(2):
        getattr(out_of_core, f"write_{kind}")(tmp_path, i)
    found = list(getattr(out_of_core, f"{kind}_blocks")(tmp_path))
    for (X, y), (steps, targets) in zip(found, map(out_of_core.make_block, range(2)), strict=True):
        assert_array_equal(np.stack(list(X)), steps)
        assert_allclose(y, targets)


def test_every_model_trains_on_blocks(out_of_core, tmp_path):
    for i in range(2):
        out_of_core.write_npy(tmp_path, i)
    for _, _, train in out_of_core.MODELS.values():
        train(lambda: out_of_core.npy_blocks(tmp_path))


def test_table(out_of_core):
    assert doctest.testmod(out_of_core) == (0, 1)
