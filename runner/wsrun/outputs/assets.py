"""What the page carries beside its text: style, script, chart library, icon, and the policy that binds it."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from wsrun.resources import directory

if TYPE_CHECKING:
    from jinja2 import Environment

STYLES = ("base", "top", "charts", "tables", "rest", "print")
"""Style sheets in the order of their precedence; the tokens go before them."""


def tokens() -> dict[str, tuple[str, str]]:
    """Return every colour of the page by name: light, dark."""
    text = (directory("reports") / "html" / "tokens.json").read_text(encoding="utf-8")
    return {name: (pair[0], pair[1]) for name, pair in json.loads(text).items()}


def style(environment: Environment) -> str:
    """Return the style of the page."""
    parts = [environment.get_template("css/tokens.css.j2").render(tokens=tokens())]
    parts += [_read("css", f"{name}.css") for name in STYLES]
    return "\n".join(line.strip() for part in parts for line in part.splitlines() if line.strip())


def script() -> str:
    """Return the script of the page: every file of ``reports/html/js`` in the order of their names."""
    files = sorted((directory("reports") / "html" / "js").glob("*.js"))
    body = "\n".join(path.read_text(encoding="utf-8").strip() for path in files)
    return f'(() => {{\n"use strict";\n{body}\n}})();'


def policy(script_text: str) -> str:
    """Return the content security policy of a page with this one inline script."""
    digest = base64.b64encode(hashlib.sha256(script_text.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}' blob:; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def plotly() -> str:
    """Return the chart library of the installed plotly package: gzip in base64, the same each time."""
    from plotly.offline import get_plotlyjs

    return base64.b64encode(gzip.compress(get_plotlyjs().encode(), 9, mtime=0)).decode()


def icon(verdict: str) -> str:
    """Return the mark of a verdict as the icon of the tab."""
    pair = {"pass": "pass", "fail": "fail", "invalid": "invalid"}[verdict]
    tone = tokens()[pair][0]
    shapes = {
        "pass": f'<circle cx="8" cy="8" r="8" fill="{tone}"/><path d="M4.5 8.4l2.4 2.4 4.4-5"',
        "fail": f'<path d="M5 0h6l5 5v6l-5 5H5l-5-5V5z" fill="{tone}"/><path d="M5 5l6 6M11 5l-6 6"',
        "invalid": f'<path d="M8 0l8 8-8 8-8-8z" fill="{tone}"/><path d="M8 4v4.6M8 11.2v.3"',
    }
    stroke = ' fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round"/>'
    drawn = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">{shapes[verdict]}{stroke}</svg>'
    return "data:image/svg+xml," + quote(drawn, safe="")


def _read(folder: str, name: str) -> str:
    return (directory("reports") / "html" / folder / name).read_text(encoding="utf-8")
