"""One HTML file that opens offline: the matrix of all places, in the look of the report's page and without script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from portcheck.frozen import dataclass
from portcheck.merge.points import Merged
from portcheck.model import Finding, Severity, Verdict
from portcheck.render.merged.rows import UNASKED, matrices, sights
from portcheck.render.report.html import asset, environment, policy
from portcheck.render.shared import times
from portcheck.render.shared.marks import SEVERITIES, VERDICTS, Mark
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import listed

STYLE = """
.matrix td, .matrix th, .places td, .places th { padding: .25rem .6rem; text-align: left; vertical-align: top; }
.matrix tr, .places tr { border-bottom: 1px solid var(--line); }
.matrix table, .places { border-collapse: collapse; background: var(--panel); }
td[class^="v-"], .strip .cell { background: var(--bg); color: var(--fg); text-align: center; }
.strip .cell { display: inline-block; min-width: 1.4em; margin-right: 2px; }
body { overflow-wrap: anywhere; }
.scroll { overflow-x: auto; overflow-wrap: normal; position: relative; }
summary { cursor: pointer; color: var(--accent); white-space: nowrap; }
"""
CLASSES = {mark.word: f"v-{verdict}" for verdict, mark in VERDICTS.items()} | {UNASKED.word: "unasked"}


@dataclass(frozen=True, slots=True)
class StripCell:
    """One earlier run of a forest."""

    verdict: Verdict
    words: str


Strips = Mapping[str, Sequence[StripCell]]


def render(merged: Merged, _options: Options) -> str:
    return page(merged)


def page(
    merged: Merged,
    *,
    script: str = "",
    rules: str = "",
    links: Mapping[str, str] | None = None,
    strips: Strips | None = None,
) -> str:
    """`links`: of a forest, where its whole report is; `rules`: of the policy, beside the page's own."""
    style = asset("page.css") + STYLE
    mark, words = headline(merged)
    return (
        environment()
        .get_template("matrix.html")
        .render(
            **_shown(merged, links or {}, strips or {}),
            mark=mark,
            headline=words,
            style=Markup(style),  # noqa: S704 - ours
            script=Markup(script),  # noqa: S704 - ours
            policy=f"{policy(style, script)}{rules}",
        )
    )


def body(merged: Merged, links: Mapping[str, str] | None = None, strips: Strips | None = None) -> str:
    """What a page that is looked at is given anew."""
    return environment().get_template("matrix_body.html").render(**_shown(merged, links or {}, strips or {}))


def _shown(merged: Merged, links: Mapping[str, str], strips: Strips) -> dict[str, object]:
    return {
        "merged": merged,
        "matrices": matrices(merged),
        "sights": sights,
        "verdicts": VERDICTS,
        "severities": SEVERITIES,
        "classes": CLASSES,
        "unasked": UNASKED,
        "links": links,
        "strips": strips,
        "grounds": grounds,
        "local": times.local,
    }


def grounds(one: Finding) -> tuple[tuple[str, str], ...]:
    """What stands beside a finding's words, by name."""
    rows = (("Where", listed(one.hosts, 8)), ("Seen", one.evidence), ("Breaks", "; ".join(one.breaks)))
    return tuple((name, words) for name, words in rows if words)


def headline(merged: Merged) -> tuple[Mark, str]:
    """What comparing tells, unless a fault that no comparison tells of is worse."""
    worst = merged.findings[0].severity if merged.findings else Severity.INFO
    failing = any(o.verdict in {Verdict.FAIL, Verdict.UNKNOWN} for cell in merged.cells for o in cell.seen.values())
    if failing and worst is not Severity.ERROR:
        return VERDICTS[Verdict.FAIL], "not all is as expected"
    if worst is not Severity.INFO:
        return SEVERITIES[worst], merged.findings[0].title
    if not merged.points:
        return VERDICTS[Verdict.UNKNOWN], "nothing is known yet"
    return VERDICTS[Verdict.PASS], f"as expected from {len(merged.points)} places"
