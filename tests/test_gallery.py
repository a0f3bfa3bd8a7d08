"""The examples of the gallery: each has a place in the chosen order, and a title."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*/plot_*.py"))


@pytest.fixture(scope="module")
def gallery():
    spec = importlib.util.spec_from_file_location("gallery", ROOT / "docs" / "gallery.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_gallery_lists_example_in_its_section(path, gallery):
    assert path.stem in gallery.SECTIONS[path.parent.name]
    assert sum(path.stem in names for names in gallery.SECTIONS.values()) == 1


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_gallery_example_begins_with_a_title_as_wide_as_its_lines(path):
    quotes, line, title, underline, empty = path.read_text(encoding="utf-8").split("\n")[:5]
    assert (quotes, empty) == ('"""', "")
    assert line == underline == "=" * len(line)
    assert 0 < len(title) <= len(line)


def test_gallery_sections_have_headers(gallery):
    headers = (ROOT / "examples").glob("*/GALLERY_HEADER.rst")
    folders = [path.parent for path in headers]
    in_order = sorted(folders, key=gallery.rank_of_section)
    assert [folder.name for folder in in_order] == list(gallery.SECTIONS)


def test_gallery_reservoirs_are_at_most_a_third(gallery):
    assert len(gallery.SECTIONS["reservoirs"]) <= len(EXAMPLES) / 3


def test_gallery_rank_puts_unknown_examples_last(gallery):
    names = ["plot_unknown.py", "plot_synop_nice.py", "plot_airline.py"]
    assert sorted(names, key=gallery.rank) == names[::-1]
