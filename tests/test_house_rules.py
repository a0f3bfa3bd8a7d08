"""The check of wording and sizes finds what it should, and lets ordinary English pass."""

import ast

import house_rules
import pytest


def words_found(text):
    return [words for _, words, _ in house_rules.refused_wording(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Callbacks are told of epochs.", ["told"]),
        ("A vector is no list.", ["is no"]),
        ("One target a step, or a row a sequence.", ["target a step", "row a sequence"]),
        ("The result is split over\n    lines: it hangs\n    on the seed.", ["hangs on"]),
        ("Sequences in a batch; None: all of them.", ["None: a"]),
        ("Pieces are passed as they are.", ["Pieces", "as they are"]),
        ("The rate of the object where you gave one.", ["where you gave"]),
        ("It answers with a list, as Keras is set.", ["answers with", "as Keras is set"]),
        ('.. [1] C. Ant, "On", 2000.\n', ['.. [1] C. Ant, "On", 2000.']),
    ],
)
def test_refused_wording(text, found):
    assert words_found(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "The following text places an order, and there is no penalty.",
        "It is no longer needed, and errors are no more than rounding.",
        "A function is piecewise linear; the tests go once through all rows.",
        "Used as they are defined in the paper. {None: 3}",
        "A row has a step of 3 hours; the value at a step is the mean.",
        "besides, foretold, unheard",
        '.. [1] C. Ant, "On",\n   2000.',
    ],
)
def test_ordinary_english_is_not_refused(text):
    assert words_found(text) == []


def test_texts_of_a_module_and_their_lines():
    source = '"""One.\n\nIt is told."""\n# This comment\n# hangs on two lines.\nx = f"{1} go on"\n'
    found = house_rules.check_python("tests/module.py", source)
    assert [(one.line, one.subject) for one in found] == [
        (5, "hangs on"),
        (3, "told"),
        (6, "go on"),
    ]


def test_lines_of_code_are_those_of_the_body():
    docstring = '"""One.\n\n    Two.\n    """'
    source = f"def f(\n    a,\n):\n    {docstring}\n    # why\n\n    b = a\n    return b\n"
    function = ast.parse(source).body[0]
    assert house_rules.lines_of_code(function, source.splitlines()) == 2


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def f():\n" + "    x = 1\n" * 41, "f has 41 lines of code, at most 40 are allowed"),
        ("class A:\n" + "    def f(self): ...\n" * 26, "A has 26 methods, at most 25 are allowed"),
        ("x = 1\n" * 401, "401 lines, at most 400 are allowed"),
    ],
    ids=["function", "class", "file"],
)
def test_sizes(source, message):
    found = list(house_rules.check_python("skrnn/module.py", source))
    assert [one.message for one in found] == [message]
    assert not list(house_rules.check_python("tests/module.py", source))


@pytest.mark.parametrize(
    ("path", "n_found"),
    [
        ("skrnn/__init__.py", 0),
        ("skrnn/networks/__init__.py", 0),
        ("skrnn/model_selection/__init__.py", 0),
        ("skrnn/_fitting.py", 1),
        ("skrnn/networks/programs.py", 1),
        ("tests/small_data.py", 1),
    ],
)
def test_all_is_for_public_modules(path, n_found):
    assert len(list(house_rules.check_python(path, '__all__ = ["x"]\n'))) == n_found


@pytest.mark.parametrize(
    ("path", "source", "names"),
    [
        ("skrnn/a.py", "from sklearn.utils._tags import Tags", ["sklearn.utils._tags.Tags"]),
        ("skrnn/a.py", "import scipy.sparse._csr", ["scipy.sparse._csr"]),
        ("skrnn/a.py", "from sklearn import __version__\nimport skrnn._scipy, numpy._core", []),
        ("skrnn/_sklearn.py", "from sklearn.utils._tags import Tags", []),
    ],
)
def test_private_imports(path, source, names):
    assert [one.subject for one in house_rules.check_python(path, source)] == names


def test_exceptions_excuse_and_are_found_when_not_needed(tmp_path):
    for folder in ("skrnn", "tests", "examples", "docs"):
        (tmp_path / folder).mkdir()
    (tmp_path / "README.md").write_text("You are told.", encoding="utf-8")
    (tmp_path / "CONTRIBUTING.md").write_text("Fine.", encoding="utf-8")
    allowed = {("README.md", "told"): "a quotation", ("README.md", "hears"): "a quotation"}
    assert [str(one) for one in house_rules.check(tmp_path, allowed)] == [
        "README.md:1: the exception for 'hears' is not needed"
    ]
