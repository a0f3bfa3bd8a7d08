"""What the tests share: the folder of real data, and how hypothesis draws its examples."""

import doctest
import os
from pathlib import Path

import hypothesis
import pytest
from ucr import read_split

IN_CI = bool(os.environ.get("CI"))

# The first call of a compiled function takes seconds: no deadline means anything here.
hypothesis.settings.register_profile("skrnn", deadline=None, derandomize=IN_CI)
hypothesis.settings.load_profile("skrnn")


@pytest.fixture(scope="session")
def data_folder():
    """Folder of real data that SKRNN_DATA names; tests that need it are skipped without it."""
    named = os.environ.get("SKRNN_DATA")
    if named and Path(named).is_dir():
        return Path(named)
    do_without(f"SKRNN_DATA names no folder of real data, got {named!r}")


def do_without(reason):
    """Skip a test for lack of data, or fail it where data are required."""
    if os.environ.get("SKRNN_REQUIRE_DATA") == "1":
        pytest.fail(f"{reason}, and SKRNN_REQUIRE_DATA=1 asks for it")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def need_data(data_folder):
    """Function that gives the path of real data in the folder, and skips a test without them."""

    def path_of(name):
        path = data_folder / name
        return path if path.exists() else do_without(f"{path} is not there")

    return path_of


@pytest.fixture
def assert_examples_run(data_folder, monkeypatch):
    """Function that runs the examples of a loader that are skipped elsewhere for want of data."""

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
    """Official split of JapaneseVowels: 9 speakers, 12 features, 7 to 29 steps."""
    return read_split(data_folder / "ucr_uea", "JapaneseVowels")


@pytest.fixture(scope="session")
def italy_power_demand(data_folder):
    """Official split of ItalyPowerDemand: 2 seasons, 1 feature, 24 steps."""
    return read_split(data_folder / "ucr_uea", "ItalyPowerDemand")
