"""Try awkward input for all public functions and classes, and count what survives.

`python -m tests.attacks` runs all attacks and prints the table of `docs/reliability.rst`. An attack
survives if the result is right, or if the input is refused by a clear error of the package. The
tests in `tests/fuzz` draw their examples from the same values and use the same verdicts.
"""
