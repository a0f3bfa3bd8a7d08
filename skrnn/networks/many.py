"""Train many jobs of one architecture as one program.

Each fit runs its epochs (`fit_loop`) in a separate thread, with a `Seat` in place of a program. A
seat asks for the updates of its fit, and the requests of all seats of a group that are waiting are
run as one call. What belongs to a fit, such as its history, its schedule and early
stopping, therefore stays where it is, and a fit may join or leave the group at any epoch.
"""

import threading
import time
from contextlib import contextmanager
from itertools import chain

import numpy as np

from skrnn._parallel.tasks import check_cancelled, current_team, without_core
from skrnn.networks import backends
from skrnn.networks.call_length import SECONDS_PER_CALL, CallLength
from skrnn.networks.feed import RESIDENT_BYTES
from skrnn.networks.fingerprint import is_complete, settings
from skrnn.networks.models_in_memory import models_in_memory
from skrnn.networks.objective import describe_objective
from skrnn.networks.optimizers import is_custom
from skrnn.networks.programs import borrow, give_back
from skrnn.networks.seat import Seat

# The part of the time of a call for which it waits for further fits, each of which would otherwise
# need another call.
_PATIENCE = 0.5
# The values of all models are copied before a call if they have at most so many bytes.
_COPIED_BYTES = 2**24


def can_join(job, segments, recipe):
    """Return whether the fit of a job can be trained together with others.

    Parameters
    ----------
    job : TrainingJob
    segments : Segments
    recipe : Recipe
        The recipe of its optimizer.
    """
    training, values = job.training, job.examples.sequences.values
    if current_team() is None:
        return False
    # A callback receives the live model, and averages of weights are computed by the optimizer.
    needs_program = training.callbacks or is_custom(recipe.kind) or recipe.template.use_ema
    is_large = job.spec.has_custom_parts or values.nbytes > RESIDENT_BYTES
    is_shared = is_complete(describe_objective(training)) and is_complete(recipe.held)
    has_one_segment = segments.counts.max() == 1
    is_possible = is_shared and has_one_segment and not needs_program and not is_large
    return is_possible and backends.can_train_many(job.spec, training, recipe.template)


@contextmanager
def seat(spec, job, recipe, **options):
    """Yield a seat in a group of fits that are trained as one program.

    Parameters
    ----------
    spec : NetworkSpec
    job : TrainingJob
        A job that `can_join`.
    recipe : Recipe
    **options
        As for `Program.trainer`.

    Yields
    ------
    Seat or None
        None if the fit can only be trained alone.
    """
    rendezvous, training = current_team().rendezvous, job.training
    n_rows = int(min(training.batch_size or len(job.examples), len(job.examples)))
    layout = backends.many_layout(spec, job.examples, n_rows)
    extras = training.gradient_penalty > 0, training.max_recurrent_weight is not None
    described = describe_objective(training), training.metrics_dtype, recipe, *extras
    key = spec, settings(), described, layout, tuple(sorted(options.items()))
    with backends.precision(spec.dtype):
        with rendezvous.lock:
            check_cancelled()
            groups = rendezvous.groups.setdefault(key, [])
            group = next((group for group in groups if group.has_slot), None)
            if group is None:
                n_models = min(rendezvous.max_models, models_in_memory(spec, job, layout))
                group = Group(spec, training, recipe, n_models, options)
                groups.append(group)
            slot = group.take_slot()
        try:
            taken = Seat(group, slot, rendezvous)
            with backends.placement(slot, group.n_models):
                yield taken if group.is_useful else None
        finally:
            with rendezvous.lock:
                group.leave(slot)
                if not group.n_fits:
                    groups.remove(group)
                    group.close()
            # The others of the group need not wait for this fit.
            rendezvous.wake()


class Group:
    """Fits that are trained as one program, and the slots for them.

    Parameters
    ----------
    spec : NetworkSpec
    training : TrainingSpec
    recipe : Recipe
    n_models : int
        The number of slots.
    options : dict
        As for `Program.trainer`.

    Attributes
    ----------
    n_models : int
    call_length : CallLength
    is_useful : bool
        Whether fits can be trained together; the backend decides it.
    patience : float
        How long a call should wait for tasks that may still join, in seconds.
    """

    def __init__(self, spec, training, recipe, n_models, options):
        self._spec = spec
        self._key, self.program = borrow(spec, trains_many=True)
        self.trainer = self.program.trainer(training, recipe, **options)
        self.models = self.trainer.many()
        self.is_useful = not self.models.needs_exact_rows
        self.n_models, self._free = n_models, list(range(n_models - 1, -1, -1))
        self._state, self._host, self._data, self._holders = None, None, {}, {}
        # While a call runs, the state may be lost, and only its copy on the host can be read.
        self._condition, self._is_running, self._state_bytes = threading.Condition(), False, np.inf
        self._has_run, self._has_failed = set(), False
        # Before a duration is known, a call contains all that fits ask for.
        self.call_length = CallLength(first=np.iinfo(np.int32).max)
        # The first call compiles, so it is worth waiting for all fits.
        self.patience = SECONDS_PER_CALL

    @property
    def has_slot(self):
        """Whether another fit can join."""
        return bool(self._free) and not self._has_failed

    @property
    def n_fits(self):
        """The number of fits in the group."""
        return self.n_models - len(self._free)

    def take_slot(self):
        """Return a slot that was free."""
        return self._free.pop()

    def leave(self, slot):
        """Free a slot."""
        self._free.append(slot)
        # A call may meanwhile store data at other slots.
        for kind in list(self._data):
            self._holders.pop((kind, slot), None)

    def close(self):
        """Give the program back, for the next group."""
        give_back(self._key, self.program)

    def _check_state(self):
        if self._has_failed:
            raise RuntimeError(
                "Training stopped because the program that this fit shares with others failed. If "
                "the device ran out of memory, lower max_models."
            )

    def read(self, slot):
        """Return the values of all variables of a model, by the identity of the variable."""
        self._check_state()
        # Other tasks may run during a call, which may take long.
        with without_core(), self._condition:
            self._condition.wait_for(lambda: self._host is not None or not self._is_running)
            if not self._has_failed:
                self._copy_to_host()
            host = self._host
        self._check_state()
        groups = zip(self.models.variables, host, strict=True)
        pairs = [pair for group in groups for pair in zip(*group, strict=True)]
        return {id(variable): np.array(values[slot]) for variable, values in pairs}

    def _copy_to_host(self):
        if self._host is None:
            self._host = self.models.to_host(self._state)

    def run(self, kind, requests):
        """Run the requests of several seats; see `Rendezvous.ask`."""
        self._check_state()
        begin = time.perf_counter()
        results = self._train(kind, requests)
        if kind in self._has_run and kind[0] == "train":
            seconds = time.perf_counter() - begin
            self.call_length.note(max(len(losses) for losses, _ in results.values()), seconds)
            self.patience = min(_PATIENCE * seconds, SECONDS_PER_CALL)
        self._has_run.add(kind)
        return [results[request["seat"].slot] for request in requests]

    def _train(self, kind, requests):
        batches = {request["seat"].slot: request["batches"] for request in requests}
        with backends.precision(self._spec.dtype):
            with self._condition:
                if self.n_fits > len(requests) and self._state_bytes <= _COPIED_BYTES:
                    # The other fits may read their values during the call.
                    self._copy_to_host()
                self._is_running = True
            try:
                self._load_values([request["seat"] for request in requests])
                for request in requests:
                    self._load_data(kind, request["seat"], request["data"])
                given = self._state, self._data[kind]
                self._state, results = self.models.run(kind, *given, batches)
            except BaseException:
                # The values of all models may be lost.
                self._has_failed = True
                raise
            finally:
                with self._condition:
                    self._is_running, self._host = False, None
                    self._condition.notify_all()
        return results

    def _load_values(self, seats):
        """Write the values of fits to their slots, unless they are already there."""
        new = {
            seat.slot: tuple(
                [seat.values[id(one)] for one in group] for group in self.models.variables
            )
            for seat in seats
            if seat.values is not None
        }
        for seat in seats:
            seat.values = None
        if self._state is None:
            one = next(iter(new.values()))
            self._state_bytes = self.n_models * sum(array.nbytes for array in chain(*one))
            self._state = self.models.stack(new, self.n_models)
            return
        for slot, values in new.items():
            self._state = self.models.write(self._state, slot, values)

    def _load_data(self, kind, seat, data):
        """Write the data of a fit to its slot, unless they are already there."""
        if kind not in self._data:
            self._data[kind] = self.models.empty_data(data, self.n_models)
        if self._holders.get((kind, seat.slot)) is not data:
            self._data[kind] = self.models.write_data(self._data[kind], seat.slot, data)
            self._holders[kind, seat.slot] = data
