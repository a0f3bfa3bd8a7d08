"""Run all attacks, and print the counts as a table of reStructuredText."""

import argparse
import importlib
import os
import platform
import resource
import signal
import sys
import traceback
from collections import Counter
from contextlib import contextmanager
from datetime import date
from importlib.metadata import version
from pathlib import Path

from .verdicts import NoAnswerError, UnclearError

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

MODULES = ("inputs", "parameters", "tables", "functions", "networks", "anything", "readers")
SECONDS = 60
# A size that exhausts the memory must raise an error here, and not stop the machine.
MEMORY = 16 * 2**30

MAX_NAMES = 40
COLUMNS = ("tried", "survived", "unclear error", "wrong")
PAGE = Path(__file__).parents[2] / "docs" / "reliability.rst"
BEGIN, END = ".. Written by python -m tests.attacks --write", ".. End of the written part"


@contextmanager
def time_limit(seconds):
    """Raise a NoAnswerError in the main thread if the block takes longer."""

    def expire(*_):
        raise NoAnswerError(f"no answer within {seconds} s")

    before = signal.signal(signal.SIGALRM, expire)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def run(attack, arguments):
    """Run one attack; return the column of the table that counts it, and what happened."""
    try:
        with time_limit(SECONDS):
            attack(*arguments)
    except (Exception, NoAnswerError) as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        location = f"{os.path.basename(last.filename)}:{last.lineno}"
        reason = f"{type(error).__name__} ({location}): {error}".replace("\n", " ")
        return ("unclear error" if isinstance(error, UnclearError) else "wrong"), reason
    return "survived", None


def run_all(modules):
    """Run the attacks of modules, and print what did not survive.

    Returns
    -------
    counts : dict of str to Counter
        The counts of each group of attacks.
    failed : dict of str to list of str
        The names of the attacks that did not survive, by column of the table.
    """
    counts, failed = {}, {column: [] for column in COLUMNS[2:]}
    for module in modules:
        for group, make in importlib.import_module(f"{__package__}.{module}").ATTACKS.items():
            counts[group] = Counter()
            for name, attack, arguments in make():
                column, reason = run(attack, arguments)
                counts[group].update(["tried", column])
                if reason is not None:
                    failed[column].append(name)
                    print(f"{column} | {group} | {name} | {reason[:300]}", flush=True)
            print(f"{group}: {dict(counts[group])}", flush=True)
    return counts, failed


def table(counts):
    """Return the lines of a table with one row per kind of attack."""
    lines = [".. list-table::", "    :header-rows: 1", "    :widths: 52 12 12 12 12", ""]
    rows = {"Attack": None, **counts, "All": sum(counts.values(), Counter())}
    for name, count in rows.items():
        cells = [one.capitalize() if count is None else f"{count[one]:,}" for one in COLUMNS]
        lines += [f"    {'*' if i == 0 else ' '} - {one}" for i, one in enumerate([name, *cells])]
    return lines


def names(failed):
    """Return lines that name the attacks that did not survive, unless they are many."""
    lines = []
    for column, of_column in failed.items():
        if 0 < len(of_column) <= MAX_NAMES:
            lines += ["", f"{column.capitalize()}:", "", *(f"- ``{name}``" for name in of_column)]
    return lines


def write(counts, failed):
    """Replace the table of the page, with the date and the versions."""
    packages = ("numpy", "pandas", "scikit-learn", "keras", "tensorflow")
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    python = platform.python_version()
    heading = f"The counts are of {date.today():%d %B %Y}, with Python {python}, {versions}."
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    written = "\n".join(["", "", heading, "", *table(counts), *names(failed), "", ""])
    PAGE.write_text(before + BEGIN + written + END + after, encoding="utf-8")


def main():
    """Run the attacks of the chosen modules; the exit status is 1 if one did not survive."""
    parser = argparse.ArgumentParser(prog="python -m tests.attacks", description=__doc__)
    parser.add_argument("modules", nargs="*", default=[], help=f"some of {', '.join(MODULES)}")
    parser.add_argument("--write", action="store_true", help=f"write the table to {PAGE.name}")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    # An import that the time limit interrupts leaves Keras half imported for all later attacks.
    importlib.import_module("keras")
    counts, failed = run_all(options.modules or MODULES)
    print("\n".join(table(counts)))
    if options.write:
        write(counts, failed)
    sys.exit(any(count["tried"] != count["survived"] for count in counts.values()))


if __name__ == "__main__":
    main()
