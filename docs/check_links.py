"""Check that each link between pages of the built site leads to a page, and to an anchor on it.

Run with ``python docs/check_links.py docs/_build/html``, as ``tox -e docs`` does. Sphinx checks
references, but not what templates, raw HTML and the gallery write.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors = set(), {"", "top"}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Collect where a tag leads to, and the names by which it can be reached."""
        attributes = dict(attrs)
        self.anchors |= {attributes[name] for name in ("id", "name") if attributes.get(name)}
        if tag in ("a", "link", "img", "script"):
            self.links |= {attributes[name] for name in ("href", "src") if attributes.get(name)}


def broken_links(root, site_path="/"):
    """Yield (page, link) of each link inside a site that leads nowhere.

    Parameters
    ----------
    root : Path
        The folder of the built site.
    site_path : str, default="/"
        The path of the site on its host. The links of the page 404 begin with it.
    """
    paths = [path for path in sorted(root.rglob("*.html")) if "_static" not in path.parts]
    pages = {path.resolve(): Page(path.read_text(encoding="utf-8")) for path in paths}
    for path, page in pages.items():
        for link in sorted(page.links):
            if _is_broken(root.resolve(), path, _below(site_path, link), pages):
                yield path.relative_to(root.resolve()).as_posix(), link


def _below(site_path, link):
    """Return a link of an absolute path as if the site was at the root of its host."""
    return f"/{link.removeprefix(site_path)}" if link.startswith(site_path) else link


def _is_broken(root, path, link, pages):
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return False
    target = unquote(parts.path)
    folder = root if target.startswith("/") else path.parent
    found = (folder / target.lstrip("/")).resolve() if target else path
    if found in pages:
        return unquote(parts.fragment) not in pages[found].anchors
    return not found.is_file()


def main(root, site_path):
    """Print the links that lead nowhere; return whether there are none."""
    broken = list(broken_links(root, site_path))
    for page, link in broken:
        print(f"{page}: {link} leads nowhere")
    return not broken


if __name__ == "__main__":
    # Python finds the package in the folder of this script.
    from extensions.addresses import read_addresses

    sys.exit(0 if main(Path(sys.argv[1]), read_addresses().site_path) else 1)
