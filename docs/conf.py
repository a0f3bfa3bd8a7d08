"""Sphinx's settings for the documentation of skrnn."""

import json
import sys
from pathlib import Path

import skrnn

# The pages of the user guide import `drawings` from this folder, and Sphinx the extensions.
sys.path.insert(0, str(Path(__file__).parent))

from extensions import addresses, api_pages

our_addresses = addresses.read_addresses()

project = "skrnn"
author = "skrnn developers"
copyright = "2026, skrnn developers"
version = release = skrnn.__version__
# The versions that the site has: their names, versions and folders below its address.
hosted_versions = [(f"{release} (development)", release, "")]

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "matplotlib.sphinxext.plot_directive",
    "extensions.api_pages",
    "extensions.capabilities",
    "extensions.offline_math",
    "extensions.short_names",
    "myst_parser",
    "notfound.extension",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "sphinx_llms_txt",
]
if our_addresses.repository:
    extensions.append("sphinx.ext.linkcode")
if our_addresses.site:
    extensions += ["sphinx_sitemap", "sphinxext.opengraph"]
templates_path = ["_templates"]
exclude_patterns = ["_build", "**/GALLERY_HEADER.rst", "inventories/README.md"]
default_role = "code"
# Every reference must have a target.
nitpicky = True

# The inventories are files of this folder, so that a build needs no network.
intersphinx_mapping = {
    name: (address, f"inventories/{name}.inv")
    for name, address in (
        ("sklearn", "https://scikit-learn.org/stable/"),
        ("numpy", "https://numpy.org/doc/stable/"),
        ("pandas", "https://pandas.pydata.org/docs/"),
        ("scipy", "https://docs.scipy.org/doc/scipy/"),
        ("matplotlib", "https://matplotlib.org/stable/"),
        ("keras", "https://keras.io/api/"),
        ("python", "https://docs.python.org/3/"),
    )
}

autosummary_generate = True
autosummary_context = {
    "guide_pages": api_pages.guide_pages(),
    "first_methods": api_pages.FIRST_METHODS,
    "properties": api_pages.properties(),
}
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
    # Two examples of a section run at a time, each in a separate process.
    "parallel": 2,
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

# A copied example can be pasted: it has neither prompts nor output.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_title = f"skrnn {release}"
html_logo = "_static/logo.svg"
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
html_css_files = ["skrnn.css"]
html_search_scorer = str(Path(__file__).parent / "_static/scorer.js")
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "skrnn"},
    "navigation_with_keys": False,
    "show_toc_level": 2,
    # Benchmarks, decisions and the pages for contributors need no place at the top of every page.
    "header_links_before_dropdown": 4,
}
html_context = {}
# Pages without pages below them need no column for a list of these, and wide tables need the space.
html_sidebars = {
    name: []
    for name in (
        "index",
        "install",
        "benchmarks",
        "reliability",
        "changelog",
        "contributing",
        "roadmap",
    )
}

# What follows from the public addresses, if there are any.
html_baseurl = f"{our_addresses.site}/" if our_addresses.site else ""
notfound_urls_prefix = our_addresses.site_path
llms_txt_uri_template = f"{html_baseurl}{{docname}}.html"
sitemap_url_scheme = "{link}"
sitemap_excludes = ["404.html", "genindex.html", "search.html"]
ogp_site_url = html_baseurl
# The cards cannot contain the logo, which is an SVG file.
ogp_social_cards = {"enable": False}
if our_addresses.site:
    html_theme_options["switcher"] = {
        "json_url": f"{our_addresses.site}/_static/switcher.json",
        "version_match": release,
    }
    # The file is published together with this site, so it cannot be read before.
    html_theme_options["check_switcher"] = False
    html_theme_options["navbar_end"] = ["version-switcher", "theme-switcher", "navbar-icon-links"]
if our_addresses.repository:
    html_theme_options["use_edit_page_button"] = True
    html_theme_options["icon_links"] = [
        {"name": "Source", "url": our_addresses.repository, "icon": "fa-solid fa-code-branch"}
    ]
    html_context["edit_page_url_template"] = our_addresses.source(
        "docs/{{ file_name }}", action="edit"
    )
    html_context["edit_page_provider_name"] = "the repository"


def write_switcher(app, exception):
    """Write the file that the version switcher reads, if the site has an address."""
    entries = our_addresses.switcher(hosted_versions)
    if entries and exception is None and app.builder.format == "html":
        path = Path(app.outdir, "_static", "switcher.json")
        path.write_text(json.dumps(entries, indent=2), encoding="utf-8")


def write_robots(app, exception):
    """Write the file that leads search engines to the sitemap, if the site has an address."""
    lines = our_addresses.robots()
    if lines and exception is None and app.builder.format == "html":
        Path(app.outdir, "robots.txt").write_text(lines, encoding="utf-8")


def setup(app):
    """Write what depends on the address of the site after the pages."""
    app.connect("build-finished", write_switcher)
    app.connect("build-finished", write_robots)


def linkcode_resolve(domain, info):
    """Return the address of the source of a public object, for sphinx.ext.linkcode."""
    if domain != "py" or not info["module"]:
        return None
    lines = addresses.source_lines(info["module"], info["fullname"])
    return our_addresses.source(*lines) if lines else None
