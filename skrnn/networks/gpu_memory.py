"""Let the processes of `n_jobs` share one GPU.

When JAX starts, it reserves three quarters of the memory of a GPU, and TensorFlow reserves almost
all of it, so that a second process fails. In a process that another Python process has started, the
framework therefore requests memory when it needs it. PyTorch always does.
"""

import multiprocessing
import os

from skrnn import _forks

# Who sets one of these has decided how JAX or TensorFlow reserves memory.
_JAX_VARIABLES = (
    "XLA_CLIENT_MEM_FRACTION",
    "XLA_PYTHON_CLIENT_ALLOCATOR",
    "XLA_PYTHON_CLIENT_MEM_FRACTION",
    "XLA_PYTHON_CLIENT_PREALLOCATE",
)
_TENSORFLOW_VARIABLES = ("TF_FORCE_GPU_ALLOW_GROWTH", "TF_GPU_ALLOCATOR")


def share_gpu(framework):
    """Let a framework request GPU memory as needed, if another process started this one.

    Nothing happens if the framework has already started, or if the user has chosen how it reserves
    memory. The environment is the same afterwards as before.

    Parameters
    ----------
    framework : {"tensorflow", "jax", "torch"}

    Raises
    ------
    RuntimeError
        If JAX cannot start, for example because another process has reserved the GPU's memory.
    """
    if multiprocessing.parent_process() is None or _forks.is_running(framework):
        return
    if framework == "jax" and not os.environ.keys() & set(_JAX_VARIABLES):
        _start_jax()
    if framework == "tensorflow" and not os.environ.keys() & set(_TENSORFLOW_VARIABLES):
        _set_memory_growth()


def _start_jax():
    import jax

    # JAX reads the variable when it starts, which this call makes it do.
    os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    try:
        jax.devices()
    except RuntimeError as error:
        raise RuntimeError(
            "JAX did not start in this process. If the process that started it has reserved the "
            "memory of the GPU, set XLA_PYTHON_CLIENT_PREALLOCATE=false before Python starts, or "
            'train in one process, with joblib.parallel_config(backend="skrnn"). The error was: '
            f"{error}"
        ) from error
    finally:
        del os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"]


def _set_memory_growth():
    import tensorflow as tf

    for gpu in tf.config.list_physical_devices("GPU"):
        is_chosen = tf.config.experimental.get_memory_growth(gpu) is not None
        if not is_chosen and tf.config.get_logical_device_configuration(gpu) is None:
            tf.config.experimental.set_memory_growth(gpu, True)
