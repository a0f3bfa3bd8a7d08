"""Check the rules of CONTRIBUTING.md that ruff does not check: wording, sizes, private imports.

Run with ``python tests/house_rules.py``, as ``tox -e lint`` does. It prints one line per finding
and ends with exit status 1 if there are any.
"""

import ast
import io
import re
import sys
import tokenize
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
CODE_FOLDERS = ("skrnn", "tests", "examples")
GENERATED = ("docs/_build", "docs/api/generated", "docs/auto_examples")
# These two quote the wording that is refused.
NOT_READ = ("tests/house_rules.py", "tests/test_house_rules.py")

# Private names of a package are imported in one module only.
PRIVATE_IMPORTS = {"scipy": "skrnn/_scipy.py", "sklearn": "skrnn/_sklearn.py"}

MAX_FUNCTION_LINES = 40
MAX_FILE_LINES = 400
MAX_METHODS = 25

# Nouns of "one target a step": what is counted, and what it is counted per.
_COUNTED = (
    "arrays?|batch(?:es)?|calls?|class(?:es)?|columns?|draws?|entr(?:y|ies)|epochs?|files?|fits?|"
    "functions?|kilobytes?|labels?|lines?|losses|models?|names?|numbers?|outputs?|pages?|"
    "predictions?|process(?:es)?|programs?|rates?|readouts?|rows?|scores?|seconds?|seeds?|series|"
    "states?|steps?|tags?|targets?|units?|updates?|values?|vectors?|weights?|words?"
)
_PER = (
    "batch|backend|block|call|cell|class|column|core|day|decision|document|epoch|feature|fit|fold|"
    "group|hour|layer|line|model|module|month|process|program|round|row|run|seed|sequence|series|"
    "step|target|time step|token|unit|update|window|word|year"
)

# What is refused, as regular expressions without regard to case, and what to write instead. A space
# stands for any white space, so that a phrase is also found across two lines.
WORDING = {
    r"\b(?:tells?|told)\b": "returns, reports, shows, is called, distinguishes",
    r"\b(?:says|said)\b": "states, predicts, reports",
    r"\b(?:hears?|heard)\b": "receives as input, is connected to",
    r"(?<!there\s)\b(?:is|are|was|were) no\b(?! (?:longer|more|less|better|worse)\b)": "is not a",
    rf"\b(?:{_COUNTED}) an? (?:{_PER})\b": "one ... per ...",
    r"\bof (?:one's|their) own\b": "custom, your own, their own ...",
    r"\bhang(?:s|ing)? on\b": "depends on",
    r"\b(?:go|goes|going|went) on\b": "continue, resume",
    r"\blet(?:s|ting)? go\b": "clear, free memory",
    r"\bbeside\b": "compared with, next to, in addition to",
    r"\bway (?:forward|back)\b": "forward pass, backward pass",
    r"\bhand(?:s|ed|ing)? on\b": "returns, passes to",
    r"\bpieces?\b": "segment, chunk, part",
    r"\b(?:the|its|their|these|whose|of|as|column) places\b": "indices, positions",
    r"\bstretch(?:es)?\b": "segment, chunk, block",
    r"\b(?:rungs?|ladders?)\b": "bucket sizes",
    r"\b(?:the|its|their|absolute|of|as) misses\b": "residuals, errors",
    r"\b(?:recurrent|input|feedback|random) links?\b": "connections",
    r"\blinks? (?:a|each|per) unit\b": "connections per unit",
    r"\bfine dust\b": "PM2.5",
    r"\brun-up\b": "warm-up, washout",
    r"\bseries to vector\b": "sequence-to-vector (many-to-one)",
    r"\bwhat (?:came|comes|is there|was there|there is)\b": "a noun",
    r"\bas (?:it|they) (?:is|are|was|were|came|comes?|stands?)(?=[.,;:)]|$)": "unchanged",
    r"\b(?:None|True|False): (?!all_|int\b|str\b)[a-z]": "If None, ... as a whole sentence",
    r"\bto (?:judge|learn from)\b": "held out, training set, test set",
    r"\bby heart\b": "overfits",
    r"\bwho (?:says|knows|always|is told)\b": "a model that ...",
    r"\bwhat it takes for\b": "confusion matrix, is classified as",
    r"\bhave (?:no|a|its|their) say\b": "is ignored, has an effect",
    r"\bof like (?:length|size|kind)s?\b": "of similar length",
    r"\b(?:put|wrapped|wraps?) round\b": "around",
    r"\b(?:everybody|nobody|whoever)\b": "all models, none, a noun",
    r"\b(?:contest(?:s|ants?)?|duels?|yardsticks?|rivals?)\b": "benchmark, candidate, baseline",
    r"\btak(?:e|es|ing) part\b": "is compared, runs",
    r"\bwhere (?:it|they|that|this) (?:is|are) (?:given|known|missing|needed|there)\b": "if",
    r"\bwhere there (?:is|are)\b": "if there is",
    r"\b(?:global|contextual) embeddings?\b": "pre-trained, task-specific embedding",
    r"\bmend(?:s|ed|ing)?\b": "fix, correct",
    r"\bwithout a word\b": "silently",
    r"\bof the user's\b": "custom",
    r"\bfor want of\b": "without, if ... is missing",
    r"\baffair\b": "responsibility",
    r"\banew\b": "again",
    r"\bwhere (?:you|one) (?:gave|give|gives|have|has|want|need|needs)\b": "if",
    r"\bknown futures?\b(?! (?:covariates?|values?|columns?))": "known future covariates",
    r"\banswers? with\b": "returns",
    r"\bl(?:ie|ies|ying) idle\b": "is unused",
    r"\bstands? in for\b": "replaces, pads",
    r"\bas \w+ is set\b": "as ... is configured",
    # docutils reads "[1] C. Author, title, 2000." on one line as a list that begins with C.
    r"\.\. \[\d+\] [A-Z]\. [^\n]*\.(?=\n|\Z)": "two lines, broken after the title",
}

# (path, what was found) -> why it stays. An entry that excuses nothing is itself a finding.
ALLOWED = {}


class Finding(NamedTuple):
    """Where a rule is broken.

    Parameters
    ----------
    path : str
        Relative to the root of the repository.
    line : int
    subject : str
        What an exception in `ALLOWED` is written for: the words, or the name of what is too long.
    message : str
    """

    path: str
    line: int
    subject: str
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message}"


# --- wording ----------------------------------------------------------------------------------


def _compiled(pattern):
    return re.compile(pattern.replace(" ", r"\s+"), re.IGNORECASE)


_PATTERNS = [(_compiled(pattern), instead) for pattern, instead in WORDING.items()]
# Most texts hold none of them, which one search finds out.
_ANY = _compiled("|".join(f"(?:{pattern})" for pattern in WORDING))


def refused_wording(text):
    """Yield (position, words, what to write instead) of all that is refused in a text."""
    if not _ANY.search(text):
        return
    for pattern, instead in _PATTERNS:
        for match in pattern.finditer(text):
            yield match.start(), " ".join(match[0].split()), instead


def comments(source):
    """Yield (line, text) of the comments of a module; comments on lines in a row are one text."""
    block, last = [], None
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        line = token.start[0]
        if block and line != last + 1:
            yield last - len(block) + 1, "\n".join(block)
            block = []
        block.append(token.string.lstrip("#!: "))
        last = line
    if block:
        yield last - len(block) + 1, "\n".join(block)


def strings(tree):
    """Yield (line, text) of the docstrings and string literals of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def wording(path, texts):
    """Yield what is wrong with the words of texts, which are pairs of a line and a text."""
    for first, text in texts:
        for position, words, instead in refused_wording(text):
            line = first + text.count("\n", 0, position)
            yield Finding(path, line, words.lower(), f"'{words}': write {instead}")


# --- sizes, names and imports ------------------------------------------------------------------


def lines_of_code(function, source_lines):
    """Return how many lines of a function's body are code: no docstring, comment or blank line."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if not body:
        return 0
    lines = source_lines[body[0].lineno - 1 : function.end_lineno]
    return sum(not line.lstrip().startswith("#") and bool(line.strip()) for line in lines)


def sizes(path, tree, source):
    """Yield the functions, classes and files that are too long."""
    lines = source.splitlines()
    if len(lines) > MAX_FILE_LINES:
        yield Finding(path, 1, "file", f"{len(lines)} lines, at most {MAX_FILE_LINES} are allowed")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            n, most, what = lines_of_code(node, lines), MAX_FUNCTION_LINES, "lines of code"
        elif isinstance(node, ast.ClassDef):
            n = sum(isinstance(member, ast.FunctionDef) for member in node.body)
            most, what = MAX_METHODS, "methods"
        else:
            continue
        if n > most:
            message = f"{node.name} has {n} {what}, at most {most} are allowed"
            yield Finding(path, node.lineno, node.name, message)


def is_public(path):
    """Return whether a module is imported by users: a package, or a module at the top of skrnn."""
    *folders, name = path.split("/")
    return name == "__init__.py" or (folders == ["skrnn"] and not name.startswith("_"))


def needless_all(path, tree):
    """Yield the ``__all__`` of a private module: nothing imports all of its names."""
    if is_public(path):
        return
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            yield Finding(path, node.lineno, "__all__", "__all__ in a module that is not public")


def imported_names(tree):
    """Yield (line, dotted name) of all imports: ``from a.b import c`` gives ``a.b.c``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def private_imports(path, tree):
    """Yield the imports of private names of other packages outside the module that is for them."""
    for line, name in imported_names(tree):
        package, *rest = name.split(".")
        private = any(part.startswith("_") and not part.endswith("__") for part in rest)
        home = PRIVATE_IMPORTS.get(package)
        if private and home and path != home:
            yield Finding(path, line, name, f"{name} is private: import it in {home}")


# --- files ------------------------------------------------------------------------------------


def check_python(path, source):
    """Yield what is wrong with a module."""
    tree = ast.parse(source)
    yield from wording(path, [*comments(source), *strings(tree)])
    yield from needless_all(path, tree)
    if path.startswith("skrnn/"):
        yield from sizes(path, tree, source)
        yield from private_imports(path, tree)


def files(root):
    """Yield the paths of all files that are checked, relative to the root."""
    found = [path for folder in CODE_FOLDERS for path in (root / folder).rglob("*.py")]
    for ending in ("py", "rst", "inc", "md"):
        found += (root / "docs").rglob(f"*.{ending}")
    found += [*(root / "examples").rglob("*.rst"), *root.glob("*.md"), *root.glob("*.py")]
    for path in sorted(found):
        name = path.relative_to(root).as_posix()
        if not name.startswith(GENERATED) and name not in NOT_READ:
            yield name


def check(root, allowed):
    """Return what is wrong with a checkout.

    Parameters
    ----------
    root : Path
    allowed : dict of (str, str) to str
        The path and the subject of each exception, and its reason.

    Returns
    -------
    list of Finding
    """
    found = []
    for name in files(root):
        text = (root / name).read_text(encoding="utf-8")
        found += check_python(name, text) if name.endswith(".py") else wording(name, [(1, text)])
    excused = {(one.path, one.subject) for one in found} & allowed.keys()
    findings = [one for one in found if (one.path, one.subject) not in excused]
    for path, subject in allowed.keys() - excused:
        findings.append(Finding(path, 1, subject, f"the exception for {subject!r} is not needed"))
    return sorted(findings)


def main():
    """Print what is wrong; return whether nothing is."""
    findings = check(ROOT, ALLOWED)
    for one in findings:
        print(one)
    return not findings


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
