"""Pages of the docs: shown output is printed by the code, and links follow from the addresses."""

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def blocks(text, language):
    """Return the code of all `code-block` directives of a language, in order."""
    pattern = rf"\.\. code-block:: {language}\n\n((?:    .*\n|\n)+)"
    return [re.sub(r"(?m)^    ", "", found).strip() for found in re.findall(pattern, text)]


def printed_by(codes):
    """Run programs in one namespace, one after another, and return what each prints."""
    namespace, printed = {}, []
    for code in codes:
        with contextlib.redirect_stdout(io.StringIO()) as output:
            exec(code, namespace)
        printed.append(output.getvalue().strip())
    return printed


@pytest.mark.parametrize("page", ["index", "user_guide/getting_started"])
def test_shown_output_is_printed(page, need_data, data_folder, monkeypatch):
    need_data("ucr_uea")
    monkeypatch.setenv("SKRNN_DATA", str(data_folder))
    text = (DOCS / f"{page}.rst").read_text(encoding="utf-8")
    shown = blocks(text, "text")
    assert len(shown) >= 1
    assert printed_by(blocks(text, "python")) == shown


def test_readme_prints_what_its_comment_shows():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert ">>>" not in text
    assert printed_by([code]) == re.findall(r"# (accuracy: .*)", code)
