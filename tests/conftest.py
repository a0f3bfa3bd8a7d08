"""Fixtures for real data and optional packages, and the settings of hypothesis."""

import doctest
import importlib
import os
from pathlib import Path

import hypothesis
import pytest
from ucr import read_split

# The first call of a compiled function takes seconds, so deadlines make no sense. Each run tries
# the same examples, so that a failure can be repeated. The long runs of the tests in `fuzz` try new
# examples each time.
hypothesis.settings.register_profile("skrnn", deadline=None, derandomize=True)
hypothesis.settings.register_profile("long", deadline=None, derandomize=False, print_blob=True)
hypothesis.settings.load_profile("long" if os.environ.get("SKRNN_FUZZ") == "long" else "skrnn")


@pytest.fixture(scope="session")
def data_folder():
    """Return the folder that SKRNN_DATA names; tests that need it are skipped without it."""
    named = os.environ.get("SKRNN_DATA")
    if named and Path(named).is_dir():
        return Path(named)
    skip_or_fail(f"SKRNN_DATA must name a folder of real data, got {named!r}")


def skip_or_fail(reason):
    """Skip a test that lacks data or a package, or fail it if nothing may be skipped."""
    if os.environ.get("SKRNN_REQUIRE_DATA") == "1":
        pytest.fail(f"{reason}, and SKRNN_REQUIRE_DATA=1 requires it")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def need_package():
    """Return a function that imports a package of the extra `tests`, and skips without it."""

    def imported(name):
        try:
            return importlib.import_module(name)
        except ImportError:
            skip_or_fail(f"{name} is not installed")

    return imported


@pytest.fixture(scope="session")
def need_data(data_folder):
    """Return a function that returns the path of a data set, and skips the test without it."""

    def path_of(name):
        path = data_folder / name
        return path if path.exists() else skip_or_fail(f"{path} does not exist")

    return path_of


@pytest.fixture
def assert_examples_run(data_folder, monkeypatch):
    """Return a function that runs the examples of a loader, which are skipped as doctests."""

    def run(fetch):
        monkeypatch.setenv("SKRNN_DATA", str(data_folder))
        source = fetch.__doc__.replace("# doctest: +SKIP", "")
        example = doctest.DocTestParser().get_doctest(source, {}, fetch.__name__, None, 0)
        report = []
        results = doctest.DocTestRunner().run(example, out=report.append)
        assert results.attempted > 1
        assert results.failed == 0, "".join(report)

    return run


@pytest.fixture(scope="session")
def japanese_vowels(data_folder):
    """Return the official split of JapaneseVowels: 9 speakers, 12 features, 7 to 29 steps."""
    return read_split(data_folder / "ucr_uea", "JapaneseVowels")


@pytest.fixture(scope="session")
def italy_power_demand(data_folder):
    """Return the official split of ItalyPowerDemand: 2 seasons, 1 feature, 24 steps."""
    return read_split(data_folder / "ucr_uea", "ItalyPowerDemand")
