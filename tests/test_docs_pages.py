"""Pages of the docs: shown output is printed by the code, and links follow from the addresses."""

import contextlib
import importlib.util
import io
import re
from pathlib import Path

import pytest
from test_public_api import DOCUMENTED

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


def load(path):
    """Import a file that belongs to no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def guide_and_gallery():
    """Return the text of the user guide and the code of the examples."""
    guide = [path.read_text(encoding="utf-8") for path in (DOCS / "user_guide").rglob("*.rst")]
    examples = [path.read_text(encoding="utf-8") for path in (ROOT / "examples").rglob("*.py")]
    return "\n".join(guide), "\n".join(examples)


@pytest.mark.parametrize("public", DOCUMENTED, ids=lambda public: public.__name__)
def test_every_public_name_is_linked_from_the_guide_or_the_gallery(public, guide_and_gallery):
    guide, examples = guide_and_gallery
    name = re.escape(public.__name__)
    linked = re.search(rf":(?:class|func):`(?:~?[\w.]+\.)?{name}`", guide)
    assert linked or re.search(rf"\b{name}\(|import .*\b{name}\b", examples)


class TestAddresses:
    """Links follow from the two addresses of pyproject.toml, and there is none without them."""

    @pytest.fixture
    def hook(self, need_package):
        need_package("hatchling")
        return load(ROOT / "hatch_build.py")

    def test_without_addresses_there_are_no_urls_and_the_readme_is_unchanged(self, hook):
        readme = "# skrnn\n\n[a](docs/a.rst)\n"
        assert hook.project_urls("", "") == {}
        assert hook.published_readme(readme, "", "") == readme

    def test_links_of_the_published_readme_lead_to_the_repository(self, hook):
        readme = "# skrnn\n\n[a](docs/a.rst), [b](https://b.org), [c](#c)\n"
        published = hook.published_readme(readme, "https://host/skrnn", "")
        assert "[a](https://host/skrnn/blob/main/docs/a.rst)" in published
        assert "[b](https://b.org), [c](#c)" in published
        assert published.startswith("# skrnn\n\n[![Tests](https://host/skrnn/actions")

    def test_links_to_pages_of_the_published_readme_lead_to_the_site(self, hook):
        published = hook.published_readme("# s\n\n[a](docs/a.rst)\n", "", "https://docs")
        assert "[a](https://docs/a.html)" in published

    def test_pictures_of_the_published_readme(self, hook):
        readme = '# skrnn\n\n<img src="docs/_static/logo.svg" alt="The logo">\n\nText.\n'
        published = hook.published_readme(readme, "https://host/skrnn", "")
        assert '<img src="https://host/skrnn/raw/main/docs/_static/logo.svg"' in published
        # Without an address, a package index has no picture to show.
        assert "<img" not in hook.published_readme(readme, "", "")

    def test_urls_of_the_project(self, hook):
        urls = hook.project_urls("https://host/skrnn", "https://docs")
        assert urls["Documentation"] == "https://docs"
        assert urls["Source"] == "https://host/skrnn"

    def test_entries_of_the_version_switcher(self, monkeypatch):
        monkeypatch.syspath_prepend(DOCS)
        addresses = importlib.import_module("extensions.addresses")
        versions = [("0.2 (development)", "0.2.dev0", ""), ("0.1 (stable)", "0.1.0", "0.1")]
        entries = addresses.Addresses("", "https://docs").switcher(versions)
        assert [entry["url"] for entry in entries] == ["https://docs/", "https://docs/0.1"]
        assert addresses.Addresses("", "").switcher(versions) == []

    def test_robots_file_leads_to_the_sitemap(self, monkeypatch):
        monkeypatch.syspath_prepend(DOCS)
        addresses = importlib.import_module("extensions.addresses")
        robots = addresses.Addresses("", "https://docs").robots()
        assert robots.endswith("Sitemap: https://docs/sitemap.xml\n")
        assert addresses.Addresses("", "").robots() == ""

    def test_source_links(self, monkeypatch):
        monkeypatch.syspath_prepend(DOCS)
        addresses = importlib.import_module("extensions.addresses")
        path, first, last = addresses.source_lines("skrnn", "RNNClassifier.predict_proba")
        assert path.startswith("skrnn/recurrent/")
        assert "def predict_proba" in (ROOT / path).read_text().splitlines()[first - 1]
        known = addresses.Addresses("https://host/skrnn", "https://host/docs/en")
        assert known.source(path, first, last).endswith(f"{path}#L{first}-L{last}")
        assert known.site_path == "/docs/en/"
        assert addresses.Addresses("", "").source(path) is None


def test_links_that_lead_nowhere_are_found(tmp_path):
    (tmp_path / "a.html").write_text('<a href="b.html#here">b</a><a href="c.html">c</a>')
    (tmp_path / "b.html").write_text('<p id="there"></p><a href="a.html">a</a><img src="/d.png">')
    found = list(load(DOCS / "check_links.py").broken_links(tmp_path))
    assert found == [("a.html", "b.html#here"), ("a.html", "c.html"), ("b.html", "/d.png")]


def test_links_that_begin_with_the_path_of_the_site_are_found(tmp_path):
    (tmp_path / "404.html").write_text('<a href="/docs/a.html">a</a><a href="/docs/b.html">b</a>')
    (tmp_path / "a.html").write_text("")
    found = list(load(DOCS / "check_links.py").broken_links(tmp_path, "/docs/"))
    assert found == [("404.html", "/docs/b.html")]
