"""One HTML file that opens offline: the report as a page, with its own style and script and a policy against all else.

Everything printed into the page is made harmless for readers first and escaped for HTML after; the policy names the
hashes of the page's own style and script, so that nothing else could run even where an escape were missing.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib import resources

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from portcheck.model import Report
from portcheck.render.report.html.pages import page
from portcheck.render.shared.marks import VERDICTS
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import printable
from portcheck.render.shared.times import local

PACKAGES = tuple(f"portcheck.render.{name}" for name in ("report.html", "merged", "digest", "request"))
"""Where templates are: one look for all pages."""

SCRIPTS = ("checks.js", "evidence.js", "matrix.js", "address.js")


def render(report: Report, _options: Options) -> str:
    style, script = asset("page.css"), behaviour()
    return (
        environment()
        .get_template("page.html")
        .render(
            page=page(report),
            marks=VERDICTS,
            begun=local(report.started),
            since=local(report.compared.since) if report.compared else "",
            style=Markup(style),  # noqa: S704 - ours
            script=Markup(script),  # noqa: S704 - ours
            policy=policy(style, script),
        )
    )


@cache
def environment() -> Environment:
    found = Environment(
        loader=ChoiceLoader([PackageLoader(package, ".") for package in PACKAGES]),
        autoescape=True,
        finalize=harmless,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.filters["script_json"] = script_json
    return found


def harmless(value: object) -> object:
    """Of what is printed into the page, nothing reorders or hides text."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return printable(value)


def script_json(value: object) -> Markup:
    """JSON inside a script element: no tag can end or begin there."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)  # noqa: S704 - ASCII without markup


@cache
def behaviour() -> str:
    """The page's script: its parts share one scope, and nothing of it is seen from outside."""
    return f'"use strict";\n(() => {{\n{"".join(map(asset, SCRIPTS))}}})();\n'


@cache
def asset(name: str) -> str:
    return (resources.files("portcheck.render.report.html") / name).read_text(encoding="utf-8")


def policy(style: str, script: str) -> str:
    """Nothing is fetched, sent or framed; only this style and this script are heeded."""
    ours = f"style-src {sha256(style)}; script-src {sha256(script)}"
    return f"default-src 'none'; {ours}; base-uri 'none'; form-action 'none'"


def sha256(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
