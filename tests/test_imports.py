"""What importing skrnn loads, and where private scikit-learn names may be imported."""

import ast
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PUBLIC_MODULES = [
    "skrnn",
    "skrnn.inspection",
    "skrnn.metrics",
    "skrnn.model_selection",
    "skrnn.preprocessing",
    "skrnn.recurrent",
    "skrnn.sequences",
]
HEAVY = ["jax", "keras", "matplotlib", "skrnn.networks", "tensorflow", "torch"]
# The names are read too: what is loaded lazily must not need a framework either.
LOAD = """
import importlib, json, sys
for name in json.loads(sys.argv[1]):
    module = importlib.import_module(name)
    for public in module.__all__:
        getattr(module, public)
print(json.dumps(sorted(set(json.loads(sys.argv[2])) & set(sys.modules))))
"""
SOURCES = sorted(
    path
    for folder in importlib.util.find_spec("skrnn").submodule_search_locations
    for path in Path(folder).rglob("*.py")
)


def test_importing_every_public_module_loads_no_framework():
    command = [sys.executable, "-c", LOAD, json.dumps(PUBLIC_MODULES), json.dumps(HEAVY)]
    # The fresh process imports the package that this one imports.
    root = Path(importlib.util.find_spec("skrnn").origin).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == []


def imported_names(source):
    """Every name that a module imports, dotted: ``from a.b import c`` gives ``a.b.c``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_private_sklearn(name):
    package, *rest = name.split(".")
    return package == "sklearn" and any(part.startswith("_") for part in rest)


def test_is_private_sklearn():
    source = "from sklearn.utils._tags import Tags\nfrom sklearn import __version__\nimport sklearn"
    assert [is_private_sklearn(name) for name in imported_names(source)] == [True, True, False]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_private_sklearn_names_are_imported_in_one_file(path):
    if path.name == "_sklearn.py":
        return
    names = imported_names(path.read_text(encoding="utf-8"))
    assert [name for name in names if is_private_sklearn(name)] == []
