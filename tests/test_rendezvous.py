"""The rendezvous of tasks in threads, and the cores on which they run, without any network."""

import threading
import time
from functools import partial

import joblib
import pytest

from skrnn._parallel import backend, rendezvous
from skrnn._parallel.tasks import Task, Team, alone, take_core, without_core


class Doubler:
    """A group that doubles numbers, and notes how many of them each call has."""

    def __init__(self, n_fits, has_slot=True):
        self.n_fits, self.has_slot, self.calls, self.patience = n_fits, has_slot, [], 0.0

    def run(self, kind, requests):
        self.calls.append((kind, len(requests)))
        if kind == "fails":
            raise ValueError("no numbers today")
        return [2 * request for request in requests]


def run_in_threads(team, functions):
    """Run functions as tasks of a team in threads, and return their results or errors."""
    tasks = [Task(team, function) for function in functions]
    found = [None] * len(tasks)

    def work(i):
        try:
            found[i] = tasks[i].run()
        except BaseException as error:
            found[i] = error

    threads = [threading.Thread(target=work, args=(i,), daemon=True) for i in range(len(tasks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    team.rendezvous.close()
    return found


def ask_beside(other, group, team):
    """Return the results of a request, and of a task that begins before it and ends after it.

    The task is `other`, which receives a function that waits for the end of the request.
    """
    begun, answered = threading.Event(), threading.Event()

    def ask():
        begun.wait(20)
        result = team.rendezvous.ask(group, "a", 7)
        answered.set()
        return result

    def wait():
        begun.set()
        return answered.wait(20)

    return run_in_threads(team, [ask, partial(other, wait)])


def test_requests_of_one_kind_are_joined():
    group, team = Doubler(6), Team(rendezvous.Rendezvous(8))
    ask = team.rendezvous.ask
    tasks = [partial(ask, group, "ab"[i % 2], i) for i in range(6)]
    assert run_in_threads(team, tasks) == [0, 2, 4, 6, 8, 10]
    assert sorted(group.calls) == [("a", 3), ("b", 3)]


class Overlapping(Doubler):
    """A group whose calls last until all parties of a barrier wait at the same time."""

    def __init__(self, n_fits, barrier):
        super().__init__(n_fits)
        self.barrier, self.turn = barrier, threading.Lock()

    def run(self, kind, requests):
        # The calls of a group run one after another.
        assert self.turn.acquire(blocking=False)
        self.barrier.wait(20)
        self.turn.release()
        return super().run(kind, requests)


def test_calls_of_several_groups_run_at_the_same_time():
    barrier, team = threading.Barrier(2), Team(rendezvous.Rendezvous(8))
    groups = [Overlapping(2, barrier), Overlapping(2, barrier)]
    tasks = [partial(team.rendezvous.ask, groups[i % 2], "ab"[i // 2], i) for i in range(4)]
    assert run_in_threads(team, tasks) == [0, 2, 4, 6]


def test_the_thread_of_a_group_ends_with_its_last_fit():
    group, meeting = Doubler(1), rendezvous.Rendezvous(8)
    assert meeting.ask(group, "a", 7) == 14
    group.n_fits = 0
    meeting.wake()
    for _ in range(1000):
        if not meeting._conductors:
            break
        time.sleep(0.01)
    assert not meeting._conductors


def test_a_group_does_not_wait_forever_for_fits_that_never_ask():
    group, team = Doubler(5), Team(rendezvous.Rendezvous(8))
    assert run_in_threads(team, [partial(team.rendezvous.ask, group, "a", 7)]) == [14]


def test_a_full_group_does_not_wait_for_other_tasks(monkeypatch):
    monkeypatch.setattr(rendezvous, "_WAIT_FOR_TASK", 60)
    team = Team(rendezvous.Rendezvous(1))
    assert ask_beside(lambda wait: wait(), Doubler(1, has_slot=False), team) == [14, True]


def test_tasks_without_requests_and_tasks_that_fail_hold_up_no_other():
    group, team = Doubler(1), Team(rendezvous.Rendezvous(8))
    tasks = [partial(team.rendezvous.ask, group, "a", 7), partial(int, "x"), partial(int, "3")]
    doubled, error, number = run_in_threads(team, tasks)
    assert (doubled, number) == (14, 3)
    assert isinstance(error, ValueError)


def test_the_error_of_a_call_is_raised_in_each_of_its_tasks():
    group, team = Doubler(2), Team(rendezvous.Rendezvous(8))
    ask = team.rendezvous.ask
    for error in run_in_threads(team, [partial(ask, group, "fails", i) for i in range(2)]):
        assert "no numbers" in str(error)


def test_a_cancelled_team_ends_and_others_continue():
    group, meeting = Doubler(2), rendezvous.Rendezvous(8)
    ended, team = Team(meeting), Team(meeting)
    ended.cancel()
    with pytest.raises(KeyboardInterrupt):
        Task(ended, partial(meeting.ask, group, "a", 1)).run()
    assert run_in_threads(team, [partial(meeting.ask, Doubler(1), "a", 1)]) == [2]


def test_nested_teams_end_with_the_team_around_them():
    outer = Team(rendezvous.Rendezvous(8))
    inner = Team(outer.rendezvous, outer)
    outer.cancel()
    assert inner.is_cancelled


# --- what a call waits for --------------------------------------------------------------------


def waits_within(team, wait):
    with without_core():
        return wait()


def trains_alone(team, wait):
    with alone():
        return wait()


def scores(team, wait):
    team.rendezvous.ask(Doubler(1, has_slot=False), "b", 0)
    return wait()


@pytest.mark.parametrize("other", [waits_within, trains_alone, scores])
def test_a_call_does_not_wait_for_tasks_that_bring_no_fit(other, monkeypatch):
    monkeypatch.setattr(rendezvous, "_WAIT_FOR_TASK", 60)
    monkeypatch.setattr(rendezvous, "cpu_count", lambda: 2)
    team = Team(rendezvous.Rendezvous(8))
    assert ask_beside(partial(other, team), Doubler(1), team) == [14, True]


def test_a_call_waits_for_a_task_that_a_task_that_scores_makes_room_for(monkeypatch):
    monkeypatch.setattr(rendezvous, "_WAIT_FOR_TASK", 60)
    monkeypatch.setattr(rendezvous, "cpu_count", lambda: 3)
    group, team = Doubler(1), Team(rendezvous.Rendezvous(8))
    has_scored = threading.Event()
    last = Task(team, partial(team.rendezvous.ask, group, "a", 2))

    def ask():
        has_scored.wait(20)
        return team.rendezvous.ask(group, "a", 1)

    def make_room():
        has_scored.set()
        # The other request has time to be answered alone.
        time.sleep(0.2)
        return last.run()

    score = partial(scores, team, make_room)
    assert run_in_threads(team, [score, ask]) == [4, 2]
    assert group.calls == [("a", 2)]


def test_a_group_gets_another_conductor_if_a_thread_cannot_be_started(monkeypatch):
    group, team = Doubler(1), Team(rendezvous.Rendezvous(8))

    def fails(thread):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", fails)
        with pytest.raises(RuntimeError, match="new thread"):
            team.rendezvous.ask(group, "a", 1)
    assert run_in_threads(team, [partial(team.rendezvous.ask, group, "a", 2)]) == [4]
    assert group.calls == [("a", 1)]


# --- cores ------------------------------------------------------------------------------------


@pytest.fixture
def one_core(monkeypatch):
    monkeypatch.setattr(rendezvous, "cpu_count", lambda: 1)


@pytest.mark.usefixtures("one_core")
def test_a_task_that_has_a_core_does_not_wait_for_another():
    team = Team(rendezvous.Rendezvous(8))
    assert run_in_threads(team, [lambda: take_core() or 3]) == [3]


@pytest.mark.usefixtures("one_core")
@pytest.mark.parametrize("is_around", [False, True], ids=["team", "team around it"])
def test_a_cancelled_task_does_not_wait_for_a_core(is_around):
    meeting = rendezvous.Rendezvous(8)
    outer = Team(rendezvous.Rendezvous(8))
    team, begun, released = Team(meeting, outer), threading.Event(), threading.Event()

    def hold():
        begun.set()
        return released.wait(20)

    holder = threading.Thread(target=Task(Team(meeting), hold).run, daemon=True)
    holder.start()
    begun.wait(20)
    threading.Timer(0.1, outer.cancel if is_around else team.cancel).start()
    [error] = run_in_threads(team, [partial(int, "3")])
    assert isinstance(error, KeyboardInterrupt)
    assert holder.is_alive()
    released.set()
    holder.join(20)


# --- the backend of joblib --------------------------------------------------------------------


@pytest.fixture
def in_threads(monkeypatch):
    """Let the backend run tasks in threads with any framework."""
    monkeypatch.setattr(backend, "keras_backend", lambda: "jax")


absolute = joblib.delayed(abs)


@pytest.mark.usefixtures("in_threads")
def test_a_nested_call_that_fails_raises_its_error_though_outer_tasks_have_begun():
    outer = Team(rendezvous.Rendezvous(8))
    within = backend.SearchBackend(batched=True, nesting_level=1, team=outer)

    def calls():
        outer.tasks.update(range(4))
        yield from map(absolute, (1, "x", 2))

    with joblib.parallel_config(backend=within, n_jobs=4), joblib.Parallel() as parallel:
        with pytest.raises(TypeError, match="bad operand"):
            parallel(calls())
        assert parallel(absolute(-value) for value in range(6)) == list(range(6))
        assert joblib.effective_n_jobs(1) == 1


@pytest.mark.usefixtures("in_threads", "one_core")
def test_a_nested_generator_that_ends_elsewhere_leaves_all_cores():
    def generate(n):
        return joblib.Parallel(return_as="generator")(absolute(-i) for i in range(n))

    with joblib.parallel_config(backend="skrnn", n_jobs=8, batched=True):
        outer = joblib.Parallel(return_as="generator", timeout=20)
        found = [list(inner) for inner in outer(joblib.delayed(generate)(3) for _ in range(30))]
    assert found == [[0, 1, 2]] * 30
