"""The logo and the favicon, written as SVG files by ``python docs/drawings/logo.py``.

They show what every page is about: a cell whose output returns to it.
"""

from pathlib import Path

BLUE, ORANGE = "#3a7ab8", "#e8871e"


def logo():
    """Return the logo: a cell with its input, its output and its recurrent connection."""
    return _svg(
        [
            f'<path d="M32 3 v18 M32 43 v18" stroke="{BLUE}" stroke-width="4"/>',
            f'<path d="M40 12 h16 v40 h-16" stroke="{ORANGE}" stroke-width="4"/>',
            f'<path d="M32 52 h10 M32 12 h10" stroke="{ORANGE}" stroke-width="4"/>',
            f'<rect x="14" y="20" width="32" height="24" rx="6" fill="{BLUE}"/>',
            '<path d="M20 36 q6 0 10 -4 t10 -4" stroke="white" stroke-width="3"/>',
            f'<circle cx="32" cy="12" r="4" fill="{BLUE}"/>',
            f'<circle cx="32" cy="52" r="4" fill="{BLUE}"/>',
        ]
    )


def favicon():
    """Return the favicon: only the cell and its loop, which can be seen at 16 pixels."""
    return _svg(
        [
            f'<path d="M34 8 h22 v48 h-22" stroke="{ORANGE}" stroke-width="8"/>',
            f'<rect x="6" y="16" width="40" height="32" rx="8" fill="{BLUE}"/>',
            '<path d="M14 38 q8 0 12 -6 t12 -6" stroke="white" stroke-width="5"/>',
        ]
    )


def _svg(elements):
    body = "\n  ".join(elements)
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" fill="none">'
    return f"{head}\n  {body}\n</svg>\n"


def write(folder):
    """Write both files into a folder."""
    (folder / "logo.svg").write_text(logo(), encoding="utf-8")
    (folder / "favicon.svg").write_text(favicon(), encoding="utf-8")


if __name__ == "__main__":
    write(Path(__file__).parents[1] / "_static")
