"""The joblib backend "skrnn": tasks in threads if their fits can be trained as one program.

Without a framework on which many fits are faster as one program, tasks run in processes, one per
core, as with joblib's default backend.
"""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor, wait
from numbers import Integral
from pathlib import Path

from joblib import cpu_count
from joblib.parallel import (
    FallbackToBackend,
    LokyBackend,
    ParallelBackendBase,
    SequentialBackend,
    ThreadingBackend,
)

from skrnn._parallel.rendezvous import Rendezvous
from skrnn._parallel.tasks import Task, Team, current_task, current_team, leave_core, take_core

# On a GPU, one update of 60 small networks takes about twice as long as that of a single one.
DEFAULT_MODELS = 64
# The frameworks on which many networks can be trained as one program.
_TRAIN_MANY = ("jax", "torch")
# A task that does not train a network cannot be interrupted, so that joblib does not wait for it.
_SECONDS_TO_END = 10


class SearchBackend(ParallelBackendBase):
    """A joblib backend that trains the recurrent networks of a search as one program.

    Use it as ``with joblib.parallel_config(backend="skrnn", n_jobs=64):``.

    Parameters
    ----------
    max_models : int or None, default=None
        The largest number of networks that are trained as one program. If None, it is `n_jobs`, at
        most 64, and less if their data and gradients need more than half of the memory of the
        device.
    batched : {"auto"} or bool, default="auto"
        Whether tasks run in threads of this process and their networks are trained as one program,
        which JAX and PyTorch can do. With "auto", this is done on JAX with a GPU. Otherwise, tasks
        run in processes, at most one per core.
    nesting_level, inner_max_num_threads : int or None
        As for any joblib backend.
    team : Team or None, default=None
        The team of the task within which this backend runs other tasks.
    """

    supports_retrieve_callback = True
    supports_sharedmem = True
    supports_inner_max_num_threads = True
    uses_threads = True

    def __init__(
        self,
        max_models=None,
        batched="auto",
        nesting_level=None,
        inner_max_num_threads=None,
        team=None,
        **backend_kwargs,
    ):
        if max_models is not None and not _is_positive_integer(max_models):
            raise ValueError(f"max_models must be a positive integer or None, got {max_models!r}.")
        if batched not in ("auto", True, False):
            raise ValueError(f"batched must be 'auto', True or False, got {batched!r}.")
        super().__init__(
            nesting_level=nesting_level,
            inner_max_num_threads=inner_max_num_threads,
            **backend_kwargs,
        )
        self._max_models, self._batched, self._outer_team = max_models, batched, team
        self._team = self._pool = self._waiting_task = None
        self._futures = set()

    def effective_n_jobs(self, n_jobs):
        """Return the number of tasks that run at the same time.

        For threads, a negative `n_jobs` stands for `max_models`, as a task that waits for its
        updates does not need a core.
        """
        if n_jobs == 0:
            raise ValueError("n_jobs must not be 0.")
        if n_jobs is None:
            return 1
        if self._pool is not None and n_jobs == self.parallel.n_jobs:
            # Other tasks around this one may have begun or ended since the pool was started.
            return self._n_jobs
        if not self._is_batched():
            n_cores = cpu_count()
            return max(n_cores + 1 + n_jobs, 1) if n_jobs < 0 else min(n_jobs, n_cores)
        n_jobs = (self._max_models or DEFAULT_MODELS) if n_jobs < 0 else n_jobs
        if self._outer_team is None:
            return n_jobs
        # The tasks of all levels together should be about as many as one level would run.
        return max(1, n_jobs // max(1, len(self._outer_team.tasks)))

    def configure(self, n_jobs=1, parallel=None, prefer=None, require=None, **_):
        """Prepare for the tasks of one call of `joblib.Parallel`, and return their number."""
        n_jobs = self.effective_n_jobs(n_jobs)
        if n_jobs == 1:
            raise FallbackToBackend(SequentialBackend(nesting_level=self.nesting_level))
        if not self._is_batched():
            kind = _Threads if prefer == "threads" or require == "sharedmem" else _Processes
            kept = (
                {"inner_max_num_threads": self.inner_max_num_threads} if kind is _Processes else {}
            )
            raise FallbackToBackend(kind(nesting_level=self.nesting_level, **kept))
        self.parallel, self._n_jobs = parallel, n_jobs
        leave_core()
        self._waiting_task = current_task()
        self._start()
        return n_jobs

    def _start(self):
        """Prepare threads, and the team of the tasks that will run in them."""
        outer = self._outer_team
        if outer is None:
            rendezvous = Rendezvous(self._max_models or min(self._n_jobs, DEFAULT_MODELS))
        else:
            rendezvous = outer.rendezvous
        self._team = Team(rendezvous, outer or current_team())
        self._pool = ThreadPoolExecutor(self._n_jobs, thread_name_prefix="skrnn")

    def _stop(self):
        """End the threads, after their tasks have ended."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._outer_team is None:
            self._team.rendezvous.close()

    def submit(self, func, callback=None):
        """Start a task, and return its future."""
        future = self._pool.submit(Task(self._team, func).run)
        self._futures.add(future)
        future.add_done_callback(self._futures.discard)
        if callback is not None:
            future.add_done_callback(callback)
        return future

    # The name of `submit` before joblib 1.5.
    apply_async = submit

    def retrieve_result_callback(self, future):
        """Return the result of a task, or raise its error."""
        return future.result()

    def terminate(self):
        """End the threads, after their tasks have ended."""
        if self._pool is None:
            return
        self._stop()
        # A generator of results may end in another thread, or after the task that began it.
        if current_task() is self._waiting_task:
            take_core()
        self._pool = self._team = self._waiting_task = None

    def abort_everything(self, ensure_ready=True):
        """End all tasks, because one of them failed or the user interrupted them."""
        if self._pool is None:
            return
        self._team.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)
        running = [future for future in list(self._futures) if not future.cancelled()]
        _, still_running = wait(running, timeout=_SECONDS_TO_END)
        self._pool.shutdown(wait=not still_running)
        if ensure_ready:
            self._stop()
            self._start()
        else:
            self.terminate()

    def get_nested_backend(self):
        """Return the backend of tasks within tasks: the same for one level, then one by one."""
        level = (self.nesting_level or 0) + 1
        if level > 1:
            return SequentialBackend(nesting_level=level), None
        options = {"max_models": self._max_models, "batched": True}
        return SearchBackend(**options, nesting_level=level, team=self._team), self._n_jobs

    def _is_batched(self):
        if self._batched == "auto":
            return _is_faster_batched()
        return self._batched and keras_backend() in _TRAIN_MANY


class _Processes(LokyBackend):
    """Joblib's processes, at most one per core."""

    def effective_n_jobs(self, n_jobs):
        return _at_most_cores(super().effective_n_jobs(n_jobs))


class _Threads(ThreadingBackend):
    """Joblib's threads, at most one per core, for tasks that share memory."""

    def effective_n_jobs(self, n_jobs):
        return _at_most_cores(super().effective_n_jobs(n_jobs))


def _at_most_cores(n_jobs):
    return min(n_jobs, cpu_count())


def _is_positive_integer(value):
    return isinstance(value, Integral) and not isinstance(value, bool) and value > 0


def keras_backend():
    """Return the framework that Keras runs on, or will run on, without importing Keras."""
    config = getattr(sys.modules.get("keras"), "config", None)
    # Another thread may be importing Keras.
    if hasattr(config, "backend"):
        return config.backend()
    if "KERAS_BACKEND" in os.environ:
        return os.environ["KERAS_BACKEND"]
    folder = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    try:
        return json.loads((folder / "keras.json").read_text(encoding="utf-8"))["backend"]
    except (OSError, ValueError, KeyError):
        return "tensorflow"


def _is_faster_batched():
    """Return whether many networks are trained faster as one program than in processes."""
    if keras_backend() != "jax":
        return False
    import jax

    return jax.default_backend() != "cpu"
