"""How the framework starts in a process: GPU memory that processes share, and compiled code."""

import multiprocessing
import os

import keras
import numpy as np
import pytest
from small_data import labelled

from skrnn import RNNClassifier, _forks, clear_program_cache
from skrnn.networks import compilation_cache, gpu_memory

BACKEND = keras.backend.backend()
X, LABELS = labelled()

on_jax = pytest.mark.skipif(BACKEND != "jax", reason="only JAX reserves memory when it starts")
on_tensorflow = pytest.mark.skipif(BACKEND != "tensorflow", reason="a setting of TensorFlow")


@pytest.fixture
def worker(monkeypatch):
    """Let this process look like one that another process has started, before any work."""
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: "parent")
    monkeypatch.setattr(_forks, "is_running", lambda framework: False)
    for name in (*gpu_memory._JAX_VARIABLES, *gpu_memory._TENSORFLOW_VARIABLES):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def starts_of_jax(monkeypatch):
    """Return a list of what the variable is at each start of JAX."""
    import jax

    seen = []
    name = "XLA_PYTHON_CLIENT_PREALLOCATE"
    monkeypatch.setattr(jax, "devices", lambda: seen.append(os.environ.get(name)))
    return seen


@on_jax
def test_share_gpu_on_jax_does_not_reserve_memory(worker, starts_of_jax):
    before = dict(os.environ)
    gpu_memory.share_gpu("jax")
    assert starts_of_jax == ["false"]
    assert dict(os.environ) == before


@on_jax
@pytest.mark.parametrize("name", gpu_memory._JAX_VARIABLES)
def test_share_gpu_on_jax_keeps_settings_of_the_user(name, worker, starts_of_jax, monkeypatch):
    monkeypatch.setenv(name, "0.5")
    gpu_memory.share_gpu("jax")
    assert starts_of_jax == []
    assert os.environ[name] == "0.5"


@on_jax
def test_share_gpu_leaves_the_first_process_alone(worker, starts_of_jax, monkeypatch):
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: None)
    gpu_memory.share_gpu("jax")
    assert starts_of_jax == []


@on_jax
def test_share_gpu_names_the_remedy_if_jax_does_not_start(worker, monkeypatch):
    import jax

    def fails():
        raise RuntimeError("Unable to initialize backend 'cuda'")

    monkeypatch.setattr(jax, "devices", fails)
    before = dict(os.environ)
    with pytest.raises(RuntimeError, match=r'backend="skrnn".*initialize backend'):
        gpu_memory.share_gpu("jax")
    assert dict(os.environ) == before


@on_tensorflow
@pytest.mark.parametrize("known", [None, True, False])
def test_share_gpu_on_tensorflow_lets_memory_grow(known, worker, monkeypatch):
    import tensorflow as tf

    grown = []
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind])
    monkeypatch.setattr(tf.config, "get_logical_device_configuration", lambda gpu: None)
    monkeypatch.setattr(tf.config.experimental, "get_memory_growth", lambda gpu: known)
    monkeypatch.setattr(
        tf.config.experimental, "set_memory_growth", lambda *given: grown.append(given)
    )
    gpu_memory.share_gpu("tensorflow")
    assert grown == ([("GPU", True)] if known is None else [])
    monkeypatch.setenv("TF_FORCE_GPU_ALLOW_GROWTH", "false")
    gpu_memory.share_gpu("tensorflow")
    assert len(grown) == (known is None)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Name a folder for compiled code; afterwards, JAX has its earlier settings."""
    import jax
    from jax.experimental.compilation_cache import compilation_cache as cache_of_jax

    changed = (
        "jax_compilation_cache_dir",
        "jax_persistent_cache_min_compile_time_secs",
        "jax_persistent_cache_min_entry_size_bytes",
    )
    before = {name: getattr(jax.config, name) for name in changed}
    monkeypatch.setenv(compilation_cache.FOLDER, str(tmp_path / "new"))
    monkeypatch.setattr(_forks, "_used_here", set())
    cache_of_jax.reset_cache()
    yield tmp_path / "new"
    for name, value in before.items():
        jax.config.update(name, value)
    cache_of_jax.reset_cache()


@on_jax
def test_compilation_cache_keeps_compiled_code_and_results(folder):
    model = RNNClassifier(units=3, epochs=1, random_state=0)
    fits = []
    for _ in range(2):
        clear_program_cache()
        fits.append(model.fit(X, LABELS).weights_)
        files = {path.name for path in folder.iterdir() if path.name.endswith("-cache")}
        fits.append(files)
    for one, other in zip(fits[0], fits[2], strict=True):
        np.testing.assert_array_equal(one, other)
    assert fits[1] == fits[3] != set()


@on_jax
def test_compilation_cache_that_jax_already_has(folder, tmp_path):
    import jax

    jax.config.update("jax_compilation_cache_dir", str(tmp_path))
    compilation_cache.use_compilation_cache("jax")
    assert jax.config.jax_compilation_cache_dir == str(tmp_path)
    assert not folder.exists()


@on_jax
def test_compilation_cache_that_cannot_be_created(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(compilation_cache.FOLDER, str(tmp_path / "file"))
    monkeypatch.setattr(_forks, "_used_here", set())
    for _ in range(2):
        with pytest.raises(ValueError, match="SKRNN_COMPILATION_CACHE must name a folder"):
            RNNClassifier(units=3, epochs=1).fit(X, LABELS)
