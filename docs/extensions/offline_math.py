"""Formulas without a network: the part of MathJax that pages use, from an installed package."""

import importlib.util
import shutil
from pathlib import Path

_NEEDED = ("tex-chtml.js", "output/chtml/fonts", "input/tex/extensions")


def mathjax_folder():
    """Return the folder of MathJax in the package sphinx-mathjax-offline."""
    package = importlib.util.find_spec("sphinx-mathjax-offline")
    return Path(package.origin).parent / "static" / "mathjax"


def copy_mathjax(app, exception):
    """Copy the needed part of MathJax, which is a tenth of all of it, to the built site."""
    if exception is not None or app.builder.format != "html":
        return
    target = Path(app.outdir) / "_static" / "mathjax"
    for name in _NEEDED:
        source = mathjax_folder() / name
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target / name, dirs_exist_ok=True)
        else:
            shutil.copy(source, target / name)


def setup(app):
    """Register the extension."""
    app.config.mathjax_path = "mathjax/tex-chtml.js"
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True}
