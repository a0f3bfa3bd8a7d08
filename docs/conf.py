"""Sphinx's settings for the documentation of skrnn."""

import sys
from pathlib import Path

import skrnn

# The pages of the user guide import `drawings` from this folder.
sys.path.insert(0, str(Path(__file__).parent))

project = "skrnn"
author = "skrnn developers"
copyright = "2026, skrnn developers"
version = release = skrnn.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "matplotlib.sphinxext.plot_directive",
    "myst_parser",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
# No intersphinx: a build needs no network, and links to other projects are written out.
templates_path = ["_templates"]
exclude_patterns = ["_build", "**/GALLERY_HEADER.rst"]
default_role = "code"
# The docstrings of scikit-learn's set_..._request methods name terms of scikit-learn's glossary.
suppress_warnings = ["ref.term"]

autosummary_generate = True
# The methods stand on the class's own page, below its description.
numpydoc_show_class_members = False
toc_object_entries_show_parents = "hide"

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    # Command-line scripts are linked from the gallery, and are not pages of it.
    "ignore_pattern": r"^(__init__|tune_\w+)\.py$",
    # Names of functions, and not the functions, so that Sphinx can store its settings.
    "subsection_order": "gallery.rank_of_section",
    "within_subsection_order": "gallery.rank",
    "reset_modules": ("matplotlib", "gallery.use_our_colors"),
    # Twice the pixels, for screens of high resolution.
    "image_srcset": ["2x"],
    "abort_on_example_error": True,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_signature": False,
    "write_computation_times": False,
    # The examples that use an object, for the page of the object.
    "backreferences_dir": "api/generated/examples",
    "doc_module": ("skrnn",),
}

plot_formats = ["svg"]
plot_html_show_formats = False
plot_html_show_source_link = False

html_theme = "pydata_sphinx_theme"
html_title = f"skrnn {release}"
html_show_sourcelink = False
html_theme_options = {
    "navigation_with_keys": False,
    "show_toc_level": 2,
    # The changelog and the page for contributors need no place at the top of every page.
    "header_links_before_dropdown": 5,
}
# Pages without pages below them need no column for a list of these, and wide tables need the space.
html_sidebars = {
    name: [] for name in ("install", "benchmarks", "reliability", "changelog", "contributing")
}
