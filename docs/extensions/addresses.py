"""The public addresses of the project, from which all links to its own pages follow.

They stand in ``pyproject.toml`` and are empty until the project has them. Without an address, no
page has a link that needs it.
"""

import inspect
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Addresses:
    """The address of the repository and that of the hosted documentation.

    Parameters
    ----------
    repository, site : str
        Without a slash at the end. An empty string stands for an address that is not known.
    """

    repository: str
    site: str

    @property
    def site_path(self):
        """The path of the site on its host, with slashes around it."""
        path = urlsplit(self.site).path.strip("/")
        return f"/{path}/" if path else "/"

    def switcher(self, versions):
        """Return the entries of the theme's version switcher, or no entries without a site.

        Parameters
        ----------
        versions : list of tuple of str
            The name, the version and the folder below the site's address of each hosted version.
        """
        if not self.site:
            return []
        return [
            {"name": name, "version": version, "url": f"{self.site}/{folder}"}
            for name, version, folder in versions
        ]

    def robots(self):
        """Return the content of ``robots.txt``, or an empty string without a site."""
        return f"User-agent: *\nSitemap: {self.site}/sitemap.xml\n" if self.site else ""

    def source(self, path, first=None, last=None, *, action="blob"):
        """Return the address of lines of a source file, or None without a repository."""
        if not self.repository:
            return None
        lines = f"#L{first}-L{last}" if first else ""
        return f"{self.repository}/{action}/main/{path}{lines}"


def read_addresses(root=ROOT):
    """Read the addresses from ``pyproject.toml``."""
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    hook = settings["tool"]["hatch"]["metadata"]["hooks"]["custom"]
    return Addresses(hook["repository"].rstrip("/"), hook["site"].rstrip("/"))


def source_lines(module, dotted_name):
    """Return the path below the repository and the first and last line of a public object.

    Returns None for what has no source code, such as an attribute of the fitted state.
    """
    found = sys.modules[module]
    try:
        for name in dotted_name.split("."):
            found = getattr(found, name)
        found = inspect.unwrap(getattr(found, "fget", found))
        file = Path(inspect.getsourcefile(found)).resolve()
        lines, first = inspect.getsourcelines(found)
    except (AttributeError, OSError, TypeError):
        return None
    package = Path(sys.modules[module.split(".")[0]].__file__).resolve().parent
    if not file.is_relative_to(package):
        return None
    return file.relative_to(package.parent).as_posix(), first, first + len(lines) - 1
