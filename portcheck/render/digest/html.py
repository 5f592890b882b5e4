"""A digest as one HTML file that opens offline, in the look of the report's page and without script."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from portcheck.history.digest import PlanDigest
from portcheck.render.digest import words
from portcheck.render.report.html import asset, environment, policy

STYLE = """
table { border-collapse: collapse; background: var(--panel); }
td, th { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
.scroll { overflow-x: auto; position: relative; }
"""


def render(plans: Sequence[PlanDigest], span: str) -> str:
    style = asset("page.css") + STYLE
    page = environment().get_template("digest.html")
    return page.render(
        plans=plans,
        span=span,
        words=words,
        style=Markup(style),  # noqa: S704 - ours
        script="",
        policy=policy(style, ""),
    )
