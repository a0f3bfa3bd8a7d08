"""Keep the code that JAX compiles in a folder, for later processes, if the user names one.

An environment variable names it, because the processes of `n_jobs` inherit it.
"""

import os
from pathlib import Path

FOLDER = "SKRNN_COMPILATION_CACHE"


def use_compilation_cache(framework):
    """Let JAX read compiled code from the folder of the user, and write it there.

    Nothing happens if the user has not named a folder, or if JAX already has one. TensorFlow's
    cache for XLA is not used, because a first fit took as long with it as without it.

    Parameters
    ----------
    framework : {"tensorflow", "jax", "torch"}

    Raises
    ------
    ValueError
        If the folder cannot be created.
    """
    folder = os.environ.get(FOLDER)
    if not folder or framework != "jax":
        return
    import jax

    if jax.config.jax_compilation_cache_dir is not None:
        return
    try:
        path = Path(folder).expanduser().resolve()
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:
        raise ValueError(
            f"The environment variable {FOLDER} must name a folder that can be written, got "
            f"{folder!r}: {error}."
        ) from error
    jax.config.update("jax_compilation_cache_dir", str(path))
    # By default, JAX keeps only what took a second or more to compile, which few loops do.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
