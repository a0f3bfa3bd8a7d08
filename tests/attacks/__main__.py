"""Run all attacks, and print the counts as a table of reStructuredText."""

import argparse
import importlib
import os
import resource
import signal
import sys
import traceback
from contextlib import contextmanager

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

MODULES = ("inputs", "parameters", "tables", "functions", "readers")
SECONDS = 60
# A size that exhausts the memory must raise an error here, and not stop the machine.
MEMORY = 16 * 2**30


@contextmanager
def time_limit(seconds):
    """Raise a TimeoutError in the main thread if the block takes longer."""

    def expire(*_):
        raise TimeoutError(f"no answer within {seconds} s")

    before = signal.signal(signal.SIGALRM, expire)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def run(attack, arguments):
    """Run one attack; return why it did not survive, or None."""
    try:
        with time_limit(SECONDS):
            attack(*arguments)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        location = f"{os.path.basename(last.filename)}:{last.lineno}"
        return f"{type(error).__name__} ({location}): {error}".replace("\n", " ")
    return None


def table(counts):
    """Return the lines of a table with one row per kind of attack."""
    lines = [".. list-table::", "    :header-rows: 1", ""]
    total = (sum(tried for tried, _ in counts.values()), sum(s for _, s in counts.values()))
    rows = [("Attack", "Tried", "Survived"), *((n, *c) for n, c in counts.items())]
    for name, *numbers in [*rows, ("All", *total)]:
        cells = [name, *(f"{n:,}" if isinstance(n, int) else n for n in numbers)]
        lines += [f"    {'*' if i == 0 else ' '} - {cell}" for i, cell in enumerate(cells)]
    return lines


def main():
    """Run the attacks of the chosen modules; the exit status is 1 if one did not survive."""
    parser = argparse.ArgumentParser(prog="python -m tests.attacks", description=__doc__)
    parser.add_argument("modules", nargs="*", default=[], help=f"some of {', '.join(MODULES)}")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    counts = {}
    for module in options.modules or MODULES:
        attacks = importlib.import_module(f"{__package__}.{module}").ATTACKS
        for group, make in attacks.items():
            cases = list(make())
            failed = {}
            for name, attack, arguments in cases:
                reason = run(attack, arguments)
                if reason is not None:
                    failed[name] = reason
                    print(f"{group} | {name} | {reason[:300]}", flush=True)
            counts[group] = (len(cases), len(cases) - len(failed))
            print(f"{group}: {counts[group]}", flush=True)
    print("\n".join(table(counts)))
    sys.exit(any(tried != survived for tried, survived in counts.values()))


if __name__ == "__main__":
    main()
