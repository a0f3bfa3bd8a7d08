"""Take the links of the package's metadata from the two public addresses in ``pyproject.toml``.

hatchling reads this file when it builds the package. On a package index, relative links of the
README lead nowhere, so the README of the metadata links to the repository, and has badges, once
there is a repository.
"""

import re
from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface


def project_urls(repository, site):
    """Return the table ``[project.urls]`` for the addresses that are known."""
    urls = {}
    if site:
        urls |= {"Homepage": site, "Documentation": site}
    if repository:
        urls |= {
            "Source": repository,
            "Issues": f"{repository}/issues",
            "Changelog": f"{repository}/blob/main/CHANGELOG.md",
        }
    return urls


def badges(repository, site):
    """Return one line of badges in Markdown, for the addresses that are known."""
    found = []
    if repository:
        workflow = f"{repository}/actions/workflows/ci.yml"
        found.append(f"[![Tests]({workflow}/badge.svg)]({workflow})")
    if site:
        found.append(f"[![Documentation](https://img.shields.io/badge/docs-online-blue)]({site})")
    return " ".join(found)


def published_readme(text, repository, site):
    """Return the README with badges below its title, and with links that work anywhere.

    Pictures are left out if no repository is known from which they could be read.
    """
    if site:
        text = re.sub(r"\]\(docs/([^)]+)\.rst\)", rf"]({site}/\1.html)", text)
    if repository:
        text = re.sub(r"\]\((?!https?:|#)([^)]+)\)", rf"]({repository}/blob/main/\1)", text)
        text = text.replace('<img src="docs/', f'<img src="{repository}/raw/main/docs/')
    else:
        text = re.sub(r"<img [^>]*>\n\n", "", text)
    line = badges(repository, site)
    title, _, rest = text.partition("\n")
    return f"{title}\n\n{line}\n{rest}" if line else text


class CustomMetadataHook(MetadataHookInterface):
    """Add the links to the metadata of the package."""

    def update(self, metadata):
        """Set the fields that ``pyproject.toml`` declares as dynamic."""
        addresses = (self.config["repository"], self.config["site"])
        metadata["urls"] = project_urls(*addresses)
        readme = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": published_readme(readme, *addresses),
        }
