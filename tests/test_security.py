"""The promises of SECURITY.md about the source code, and the data of CITATION.cff."""

import ast
import tomllib
from pathlib import Path

import pytest
from house_rules import imported_names

import skrnn

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted(Path(skrnn.__file__).parent.rglob("*.py"))

# Functions that run code, and methods and functions that read a format which can contain code.
RUNS_CODE = {"eval", "exec", "compile", "__import__"}
READS_CODE = {
    *("load", "loads", "load_model", "load_weights", "Unpickler", "deserialize_keras_object"),
    *("extract", "extractall", "read_pickle", "model_from_json", "system", "popen"),
}
SAFE = {"json.load", "json.loads"}
# Packages with such functions, and those that run other programs.
FORBIDDEN_IMPORTS = {"pickle", "cloudpickle", "dill", "shelve", "subprocess", "ctypes", "yaml"}
# The only use of ctypes returns free memory to the system.
ALLOWED_IMPORTS = {"_program_cache": {"ctypes"}}


def risky_calls(tree):
    """Yield the calls in a module that run code or may do so."""
    functions = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for name in functions - SAFE:
        if name in RUNS_CODE or name.split(".")[-1] in READS_CODE:
            yield name


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_source_loads_no_code(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not set(risky_calls(tree))
    forbidden = FORBIDDEN_IMPORTS - ALLOWED_IMPORTS.get(path.stem, set())
    assert not {name.split(".")[0] for _, name in imported_names(tree)} & forbidden


def test_search_finds_calls_that_load_code():
    source = (
        "import pickle\npickle.load(f)\neval('1')\ntar.extractall()\njson.load(f)\nre.compile('a')"
    )
    tree = ast.parse(source)
    assert set(risky_calls(tree)) == {"pickle.load", "eval", "tar.extractall"}
    assert {name for _, name in imported_names(tree)} == {"pickle"}


def citation():
    """Return the scalar entries of CITATION.cff, which is YAML of a simple form."""
    lines = (ROOT / "CITATION.cff").read_text(encoding="utf-8").splitlines()
    pairs = (line.split(": ", 1) for line in lines if ": " in line and not line.startswith(" "))
    return {key: value.strip('"') for key, value in pairs}


def test_citation_agrees_with_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    entries = citation()
    assert entries["version"] == skrnn.__version__
    assert entries["license"] == project["license"]
    assert entries["cff-version"] == "1.2.0"
    assert {"message", "title", "type"} <= entries.keys()
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert all(f'name: "{author["name"]}"' in text for author in project["authors"])
    assert all(f"\n  - {keyword}\n" in text for keyword in project["keywords"])


def test_security_page_names_the_required_version_of_keras():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = next(one for one in project["dependencies"] if one.startswith("keras"))
    assert f"`{required}`" in (ROOT / "SECURITY.md").read_text(encoding="utf-8")
