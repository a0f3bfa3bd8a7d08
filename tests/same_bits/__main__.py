"""The command line of `tests.same_bits`."""

import argparse
import hashlib
import importlib
import json
import os
import sys
import traceback
from fnmatch import fnmatch
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

FAMILIES = ("recurrent", "reservoir", "forecasting")


def all_cases(pattern):
    """Return the cases of all families by name, as functions that return named arrays."""
    found = {}
    for family in FAMILIES:
        path = Path(__file__).with_name(f"{family}.py")
        if path.exists():
            cases = importlib.import_module(f"tests.same_bits.{family}").CASES
            found |= {f"{family}/{name}": case for name, case in cases.items()}
    return {name: case for name, case in found.items() if fnmatch(name, pattern)}


def digest(value):
    """Return the dtype, the shape and a hash of all bytes of an array, or of lists of them."""
    if isinstance(value, dict):
        return {str(name): digest(item) for name, item in value.items()}
    if isinstance(value, list | tuple) and any(np.ndim(item) for item in value):
        return [digest(item) for item in value]
    array = np.ascontiguousarray(value)
    if array.dtype == object:
        return [digest(item) for item in array.ravel().tolist()]
    content = hashlib.sha256(array.tobytes()).hexdigest()[:16]
    return f"{array.dtype}{array.shape} {content} {np.array2string(array.ravel()[:3])}"


def run(case):
    """Return the digests of a case, or the error that it raised."""
    try:
        return digest(case())
    except Exception:
        return f"ERROR {traceback.format_exc(limit=-2)}"


def main():
    """Save or compare; the exit status is 1 if a case differs or fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.same_bits", description=__doc__)
    parser.add_argument("action", choices=["save", "compare"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--only", default="*", help="pattern of names, such as 'recurrent/*'")
    options = parser.parse_args()
    found = {name: run(case) for name, case in all_cases(options.only).items()}
    failed = {name for name, value in found.items() if str(value).startswith("ERROR")}
    if options.action == "save":
        before = json.loads(options.file.read_text()) if options.file.exists() else {}
        options.file.write_text(json.dumps(before | found, indent=1))
        different = failed
    else:
        before = json.loads(options.file.read_text())
        different = {name for name in found if found[name] != before.get(name)} | failed
    for name in sorted(different):
        print(name, found[name] if name in failed else "differs")
        if options.action == "compare" and name not in failed:
            expected = before.get(name) or {}
            for key in found[name]:
                if found[name][key] != expected.get(key):
                    print(
                        "   ",
                        key,
                        "\n      was",
                        expected.get(key),
                        "\n      is ",
                        found[name][key],
                    )
    print(f"{len(found)} cases, {len(different)} different or failed")
    sys.exit(bool(different))


if __name__ == "__main__":
    main()
