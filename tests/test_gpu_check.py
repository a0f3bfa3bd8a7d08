"""The check for machines with a GPU works at tiny size on a machine without one."""

import json
import os
import subprocess
import sys
import time
from argparse import Namespace
from functools import partial
from pathlib import Path

import gpu_check
import gpu_work
import numpy as np
import pytest
from benchmarks import gpu_parts, gpu_plan, gpu_timings, searches

INSTALLED = gpu_check.backends()


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Return the results of the check on the first installed backend."""
    if not INSTALLED:
        pytest.skip("neither JAX nor PyTorch is installed")
    path = tmp_path_factory.mktemp("gpu") / "gpu.json"
    root = Path(gpu_check.find_spec("skrnn").origin).parents[1]
    arguments = ["--tiny", "--json", path, "--backend", INSTALLED[0], "--seconds", "3000"]
    # The parts compile many equal operations.
    cache = {"SKRNN_COMPILATION_CACHE": str(path.with_name("compiled"))}
    run = subprocess.run(
        [sys.executable, gpu_check.__file__, *arguments],
        env={**os.environ, "PYTHONPATH": str(root), **cache},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads(path.read_text(encoding="utf-8"))


def test_every_case_is_compared_with_the_cpu(results):
    names = {check["name"] for check in results["checks"]}
    cases = {f"{case}, {dtype}" for case in gpu_work.TINY_CASES for dtype in gpu_work.DTYPES}
    assert cases <= names


def test_all_checks_pass(results):
    assert [check for check in results["checks"] if not check["ok"]] == []


def test_half_precision_as_a_parameter_is_refused(results):
    found = {check["name"]: check["detail"] for check in results["checks"]}
    assert found["dtype=float16"] == found["dtype=bfloat16"] == "refused"


def test_a_fit_as_a_program_of_one_is_compared(results):
    assert "a program of one fit, float32" in {check["name"] for check in results["checks"]}


def test_a_search_runs_in_several_processes(results):
    found = {check["name"]: check["detail"] for check in results["checks"]}
    assert found["several processes share the GPU"] == "loky, 2 processes, 4 fits"


def test_every_size_is_timed(results):
    names = {INSTALLED[0]} | ({"torch.nn"} if gpu_check.find_spec("torch") else set())
    ways = {"jax": {"jax, loops", "jax, cuDNN"}, "torch": {"torch, program of one"}}[INSTALLED[0]]
    found = {row["cell"]: row["seconds"] for row in results["timings"]}
    assert {cell: set(seconds) for cell, seconds in found.items()} == {
        "lstm": names | ways,
        "gru": names,
    }
    assert all(seconds > 0 for row in found.values() for seconds in row.values())


def test_the_scan_of_mingru_is_timed(results):
    [scan] = results["scans"]
    assert scan["seconds"] > 0


def test_searches_are_measured_one_by_one_and_together(results):
    found = {row["way"]: row for row in results["searches"]}
    alone, together = found["one by one"], found["skrnn, batched"]
    assert all(seconds > 0 for one in (alone, together) for seconds in one["seconds"])
    assert together["accuracy"] == alone["accuracy"]


def test_every_part_has_its_time(results):
    elapsed = results["elapsed"]
    assert {"devices", "checks", f"tiny, one by one, {INSTALLED[0]}"} <= set(elapsed)
    assert list(elapsed.values()) == sorted(elapsed.values())


def test_nothing_failed_and_only_missing_packages_are_left_out(results):
    assert results["failed"] == []
    missing = {name for name in gpu_plan.PEERS if not gpu_check.find_spec(name.split(".")[0])}
    assert {one["runner"] for one in results["left_out"]} == missing


SEARCHES = [step.work for step in gpu_plan.PLAN if isinstance(step.work, gpu_plan.Search)]


def test_every_step_of_the_check_exists():
    assert {step.part for step in gpu_plan.PLAN} == set(gpu_plan.PARTS) - {"checks"}
    for search in SEARCHES:
        assert search.name in searches.SIZES
        assert search.way in searches.WAYS
    for step in gpu_plan.PLAN:
        if step.work not in SEARCHES:
            assert {row["kind"] for row in step.work.rows} <= set(gpu_timings.KINDS)


def test_the_search_over_1000_candidates_comes_first():
    for backend in gpu_check.BACKENDS:
        steps = gpu_plan.plan(gpu_plan.PARTS, [backend], tiny=False)
        [first, *_] = [
            step.work for step in steps if step.runner == backend and step.work in SEARCHES
        ]
        assert first.name == "1000 x 5"


def test_a_part_of_a_search_has_each_number_of_units_equally_often():
    for search in SEARCHES:
        size = searches.SIZES[search.name]
        if search.n_measured:
            start, chosen = searches.plan_rounds(size, n_measured=search.n_measured)
            assert [units for _, units in start] == list(size["units"])
            assert len(set(chosen)) == search.n_measured
            counts = [[units for _, units in chosen].count(units) for units in size["units"]]
            assert len(set(counts)) == 1


def test_seconds_of_a_whole_search_follow_from_a_part_of_it():
    # The first candidate takes 7 s, of which 5 s are needed once, and each other takes 2 s.
    assert searches.whole_seconds(48, [1, 6], [7, 12]) == [101, 96]


def test_first_seconds_of_a_search_include_what_a_process_does_once(monkeypatch):
    from sklearn.dummy import DummyClassifier

    def slow_start(size):
        time.sleep(0.5)
        return DummyClassifier(), ("constant", "random_state")

    monkeypatch.setattr(searches, "candidates", lambda size: [(0, 1), (0, 2)])
    for way, start in (("one by one", "skrnn_model"), ("skorch", "skorch_model")):
        monkeypatch.setattr(searches, start, slow_start)
        first, _ = searches.measure("tiny", way)["seconds"]
        assert first > 0.5


def test_parts_import_no_framework_before_the_clock_of_a_search_begins():
    code = (
        "import sys, gpu_work; print(*{'joblib', 'keras', 'sklearn', 'torch'} & set(sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(Path(gpu_work.__file__).parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == []


def test_the_table_of_searches_has_ratios_and_marks_what_was_calculated(capsys):
    skorch = {"way": "skorch", "seconds": [156.0, 152.0], "accuracy": 0.9}
    part = {"measured_candidates": 6, "measured_seconds": [7.1, 19.0]}
    ours = {"way": "skrnn, batched", "seconds": [20.0, 4.0], "accuracy": 0.9, "backend": "jax"}
    late = {"search": "1000 x 5", "way": "skrnn, batched", "error": "over 150 s"}
    searches.print_searches([*({"search": "48 x 5", **one} for one in (skorch | part, ours)), late])
    _, peer, row, last = capsys.readouterr().out.strip().splitlines()
    assert "~156.0 s" in peer
    assert peer.endswith("6 of 48 candidates: 7.1 s and 19.0 s")
    assert row.split()[-3:] == ["7.8", "38.0", "0.900"]
    assert last.endswith("over 150 s")


def test_a_difference_from_the_cpu_is_found(tmp_path):
    class Work:
        """Returns results of the CPU and of the device, one of which differs."""

        def run(self, role, suffix, *environment, **_):
            file = tmp_path / f"{len(environment)}.npz"
            names = [f"{c}, {d}" for c in gpu_work.CASES for d in gpu_work.DTYPES]
            parts = ("fit", "predictions", "alone", "together")
            values = {f"{name}/{part}": [0.5, 1.0] for name in names for part in parts}
            if not environment:
                values["gru, float64/predictions"] = [0.5, 1.001]
            np.savez(file, **values)
            return file

    checks = list(gpu_parts.check_numbers(Work(), tiny=False, cases=tuple(gpu_work.CASES)))
    assert [check["name"] for check in checks if not check["ok"]] == ["gru, float64"]


class _FailingWork:
    """Measures one fit of two, has no time for the search, and fails at everything else."""

    def __init__(self, backend, folder, *_):
        self._file = folder / f"{backend}.json"

    def beside_others(self, *_):
        return self

    def read(self, role, **_):
        if role == "device":
            return {"device": "a GPU"}
        raise {"search": gpu_parts.TimeOverError}.get(role, gpu_parts.PartError)("no result")

    def run(self, role, rows, **_):
        if rows[0]["kind"] == "scan":
            error = gpu_parts.PartError("killed")
            error.file = self._file.with_name("none")
            raise error
        first = {**rows[0], "seconds": 0.001}
        others = [{**row, "error": "too little memory"} for row in rows[1:]]
        self._file.write_text(json.dumps([first, *others]), encoding="utf-8")
        return self._file


def test_a_failed_measurement_is_named_and_one_without_time_is_no_failure(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu_check, "Work", _FailingWork)
    installed = {"skrnn": gpu_check.find_spec("skrnn")}
    monkeypatch.setattr(gpu_check, "find_spec", installed.get)
    path = tmp_path / "gpu.json"

    def run(*only):
        arguments = ["gpu_check", "--backend", "jax", "--tiny", "--json", str(path), "--only"]
        monkeypatch.setattr(sys, "argv", [*arguments, *only])
        success = gpu_check.main()
        found = json.loads(path.read_text(encoding="utf-8"))
        return success, *(
            [one["reason"] for one in found[name] if one["runner"] == "jax"]
            for name in ("failed", "left_out")
        )

    assert run("large-search") == (True, [], ["no result"])
    assert run("scans") == (False, ["killed"], [])
    assert run("long-fits") == (False, ["too little memory"] * 2, [])
    assert run("short-fits", "large-search") == (True, [], ["no result"])


def test_a_search_that_takes_longer_than_its_own_limit_has_failed(tmp_path):
    work = gpu_parts.Work("jax", tmp_path, {}, deadline=time.monotonic() + 60)
    with pytest.raises(gpu_parts.PartError, match="over 0 s") as caught:
        work.read("device", limit=0.01)
    assert not isinstance(caught.value, gpu_parts.TimeOverError)


def test_kernels_of_cudnn_are_found_in_the_text_of_a_program():
    calls = (
        f'call.{i} = f32[3] custom-call(x), custom_call_target="{name}", api_version=4'
        for i, name in enumerate(
            ("cudnn_rnn_ffi", "__cublas$gemm", "cudnn_rnn_bwd_ffi", "cudnn$norm")
        )
    )
    assert gpu_work.cudnn_targets("\n".join(calls)) == ["cudnn_rnn_ffi", "cudnn_rnn_bwd_ffi"]


def test_a_layer_that_should_not_run_in_cudnn_or_should_but_does_not_fails():
    class Work:
        """Has cuDNN run all layers, or none."""

        backend = "jax"

        def __init__(self, *calls):
            self._calls = list(calls)

        def read(self, *_, **__):
            return dict.fromkeys(gpu_work.CUDNN_CASES, self._calls)

    def passed(work, on_gpu):
        checks = gpu_parts.check_cudnn(work, tiny=False, on_gpu=on_gpu)
        return [check["ok"] for check in checks]

    assert passed(Work("cudnn_rnn_ffi"), on_gpu=True) == [False, False, False, True]
    assert passed(Work(), on_gpu=True) == [True, True, True, False]
    assert passed(Work(), on_gpu=False) == [True] * 4


@pytest.mark.skipif(os.environ.get("KERAS_BACKEND") != "jax", reason="only JAX has two ways")
def test_an_lstm_runs_in_cudnn_if_its_states_are_large_or_the_way_is_given(monkeypatch):
    import jax
    from jax.experimental import rnn

    from skrnn.networks import programs

    shapes = []

    def lstm(steps, h, *_, **__):
        shapes.append(h.shape)
        raise RuntimeError("There is no GPU, so Keras runs another loop.")

    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    monkeypatch.setattr(rnn, "lstm", lstm)
    model, X, y = gpu_work.model_and_data("lstm, large states", "float32", tiny=False)
    model.set_params(epochs=1).fit(X, y)
    assert shapes == [(1, 2048, 128)]
    size = {"cell": "lstm", "units": 3, "steps": 4, "batch_size": 5, "n_batches": 1, "epochs": 4}
    for way, expected in (("loops", []), ("cuDNN", [(1, 5, 3)])):
        shapes.clear()
        gpu_timings.KINDS[way](**size)
        # JAX fills batches up.
        assert [shape[::2] for shape in shapes] == [shape[::2] for shape in expected]
    programs.clear()


def test_checks_keep_their_order_and_a_part_without_time_is_a_failed_check(tmp_path):
    work = gpu_parts.Work("jax", tmp_path, {}, deadline=time.monotonic() - 1)

    def wait(name, seconds):
        time.sleep(seconds)
        yield {"name": name, "ok": True, "detail": ""}

    checks = {"jax": [partial(wait, "slow", 0.2), partial(gpu_parts.check_half, work, tiny=True)]}
    checks["torch"] = [partial(wait, "fast", 0)]
    found = list(gpu_parts.side_by_side(checks, at_once=3))
    assert [(backend, one["name"]) for backend, [one] in found] == [
        ("jax", "slow"),
        ("jax", "check_half runs"),
        ("torch", "fast"),
    ]
    assert [one["ok"] for _, [one] in found] == [True, False, True]
    assert "time limit" in found[1][1][0]["detail"]


def test_only_one_check_lets_skrnn_decide_how_processes_share_the_memory(tmp_path, monkeypatch):
    found = {}

    def run(command, env, **_):
        found.setdefault(command[2], env)
        return subprocess.CompletedProcess(command, returncode=1, stdout="failed")

    monkeypatch.setattr(gpu_parts.subprocess, "run", run)
    works = {"jax": gpu_parts.Work("jax", tmp_path, {}, deadline=time.monotonic() + 60)}
    report = gpu_check.Report(None, tiny=False)
    given = Namespace(tiny=False, at_once=2, seconds=60, only=["checks"])
    gpu_check.run_checks(works, {"jax": "a GPU"}, given, report)
    assert [check["detail"] for check in report.results["checks"]] == ["failed"] * 9
    name = "XLA_PYTHON_CLIENT_PREALLOCATE"
    assert name not in found.pop("search")
    assert {"results", "together", "half", "cudnn"} == set(found)
    assert {env[name] for env in found.values()} == {"false"}
    assert {env["KERAS_BACKEND"] for env in found.values()} == {"jax"}


def test_all_cases_are_checked_once():
    checks = gpu_parts.checks_of(None, tiny=False, on_gpu=True)
    cases = [one.args[2] for one in checks if one.func is gpu_parts.check_numbers]
    assert sorted(case for group in cases for case in group) == sorted(gpu_work.CASES)
