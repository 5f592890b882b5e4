"""The HTML page as text: nothing is fetched, nothing that servers said is markup, and its size is bounded."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from factories import check, outcome, report
from hypothesis import HealthCheck, given, settings
from strategies import reports

from portcheck.model import BlockedAt, Change, Comparison, Report, State, Trace
from portcheck.render import FORMATS
from portcheck.render.report.html import cells
from portcheck.render.report.html.plots import offset
from portcheck.render.shared.options import Options

from . import samples
from .test_hostile import harmless, nasty_report

EVIL = "</script></style><script>window.hit=1</script><img src=x onerror='window.hit=1'>\"'`<!--{{7*7}}"


class Page(HTMLParser):
    """Every element of the page with its attributes, and the text of the scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": []}
        self.within = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in self.inside:
            self.within = tag
            self.inside[tag].append("")

    def handle_endtag(self, _tag: str) -> None:
        self.within = ""

    def handle_data(self, data: str) -> None:
        if self.within in self.inside:
            self.inside[self.within][-1] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def html(run: Report) -> str:
    return FORMATS["html"](run, Options())


def evil_report() -> Report:
    """Script injection in every field that holds text."""
    return nasty_report(EVIL)


def data(text: str) -> list[dict[str, object]]:
    found = json.loads(Page(text).inside["script"][0])
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("build", [samples.three_forests, samples.dead_host_and_dns, nasty_report, evil_report])
def test_nothing_is_fetched_and_nothing_of_ours_is_inline(build) -> None:
    page = Page(html(build()))
    attributes = {(name, value) for _, found in page.elements for name, value in found.items()}
    assert not {name for name, _ in attributes} & {"src", "srcset", "style", "action", "poster", "ping", "formaction"}
    assert not [name for name, _ in attributes if name.startswith("on")]
    assert all((value or "").startswith("#") for name, value in attributes if name == "href")
    assert not {tag for tag, _ in page.elements} & {
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "base",
        "video",
        "audio",
    }
    assert not re.search(r"url\(|@import", page.inside["style"][0])


def test_the_policy_forbids_all_but_this_style_and_this_script() -> None:
    page = Page(html(samples.three_forests()))
    (policy,) = (m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    style, script = page.inside["style"][0], page.inside["script"][1]
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )


def test_script_injection_stays_text_wherever_it_stands() -> None:
    text = html(evil_report())
    page, plain = Page(text), Page(html(samples.three_forests()))
    assert len(page.all("script")) == len(plain.all("script")) == 2
    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in plain.elements} | {"noscript", "br"}
    assert text.count(EVIL) == 0
    assert data(text)[0]["host"] == EVIL


def test_bidi_and_control_characters_are_spelled_out() -> None:
    assert harmless(re.sub(r"\n", "", html(nasty_report())))
    assert "\\u202egnp.exe" in html(nasty_report())


def test_findings_stand_before_the_matrix_with_their_fix_and_a_button() -> None:
    text = html(samples.three_forests())
    places = [
        text.index(part) for part in ('id="findings"', "allow tcp+udp 464", 'data-copy="fix-1"', 'id="matrix-title"')
    ]
    assert places == sorted(places)


def test_every_check_is_a_cell_with_words() -> None:
    run = samples.dead_host_and_dns()
    cells = {
        b["id"]: b["aria-label"] for b in Page(html(run)).all("button") if (b.get("class") or "").startswith("cell")
    }
    assert len(cells) == len(run.outcomes)
    assert cells["c0"] == "dns 53/tcp: as expected, ok"
    assert all(scope in {"row", "col"} for th in Page(html(run)).all("th") for scope in [th.get("scope")])


def test_where_the_path_ends_is_told_as_hops() -> None:
    def hops(where: BlockedAt) -> list[tuple[str, str]]:
        run = report(outcome(state=State.FILTERED, blocked_at=where))
        return [(kind, f"{name} ({note})") for kind, name, note in data(html(run))[0]["hops"]]  # type: ignore[attr-defined]

    start, end = ("here", "mim1 (this machine)"), ("host", "dc1.alpha.test (10.77.1.1)")
    cut = ("cut", "silence (it drops the packets itself, or something beyond does)")
    assert hops(BlockedAt(after="10.0.0.2", hop=3)) == [
        start,
        ("unknown", "2 hops (passed)"),
        ("suspect", "10.0.0.2 (hop 3, last heard)"),
        cut,
        end,
    ]
    assert hops(BlockedAt(after="10.0.0.2", hop=1)) == [start, ("suspect", "10.0.0.2 (hop 1, last heard)"), cut, end]
    assert hops(BlockedAt(by="10.0.0.3")) == [start, ("refuses", "10.0.0.3 (said no)"), end]
    assert hops(BlockedAt(hop=0))[1] == ("cut", "silence (from this machine on: no router answered)")


def test_no_findings_is_not_said_to_be_all_well_where_checks_failed() -> None:
    assert "None: all is as expected." in html(report(outcome()))
    assert "None: no rule explains" in html(samples.outcomes_alone())
    assert "None:" not in html(samples.three_forests())


def test_changes_since_the_last_run_are_marked_and_listed() -> None:
    seen = outcome("kpasswd/udp", State.FILTERED)
    changes = (
        Change(seen.check.id, State.OK, State.FILTERED),
        Change("alpha.test/old.alpha.test/10.0.0.9/ldap/tcp/389", State.OK, None),
    )
    run = report(seen, outcome(), compared=Comparison("2026-11-21T21:38:19.123Z", changes))
    text = html(run)
    changed = [b for b in Page(text).all("button") if "changed" in (b.get("class") or "")]
    assert [b["aria-label"] for b in changed] == ["kpasswd 464/udp: fault, filtered; changed: was ok"]
    assert "Changed since <time>2026-11-21 21:38 UTC" in text
    assert "old.alpha.test/10.0.0.9/ldap/tcp/389" in text
    assert "Nothing: each check is as it was." in html(replace(run, compared=Comparison("2026-11-21T21:38:19.123Z")))
    assert "Changed since" not in html(samples.three_forests())


def test_the_headline_never_says_well_where_something_is_not() -> None:
    good, bad = outcome(), outcome(check(host="dc1.bravo.test"), State.FILTERED)
    elsewhere = check(host="dc1.bravo.test")
    wanted = [
        (report(good), "alpha.test: all well"),
        (report(good, outcome(elsewhere)), "All 2 forests are well"),
        (report(good, bad), "1 of 2 forests has faults"),
        (report(bad), "bravo.test: 1 check failed"),
        (report(good, outcome(elsewhere, State.ERROR)), "1 of 2 forests could not be told"),
        (report(), "Nothing was asked"),
    ]
    assert [words for run, words in wanted if words not in html(run)] == []
    for run in (report(good, bad), samples.three_forests(), samples.dead_host_and_dns()):
        assert "are well</h1>" not in html(run)


def test_ten_thousand_checks_stay_a_page_and_what_failed_keeps_its_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "ROOM", 20_000)
    steps = tuple(Trace(float(n), "sent", "x" * 500) for n in range(60))
    good = [outcome(check(host=f"dc{n}.alpha.test"), evidence=steps) for n in range(40)]
    bad = outcome(check(host="dc99.alpha.test"), State.FILTERED, evidence=steps)
    found = data(html(report(*good, bad)))
    assert (len(found[40]["steps"]), found[40]["more"]) == (cells.STEPS, 20)  # type: ignore[arg-type]
    assert all("steps" not in one and one["more"] == 60 for one in found[1:40])
    assert len(html(report(*good, bad))) < 150_000


def test_only_html_imports_the_templates() -> None:
    code = "import sys; from portcheck.cli import app; app.run(['explain', '1722']); print('jinja2' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == "False"


def test_offsets_in_words() -> None:
    wanted = {
        0.01: "0 s",
        -0.4: "−0.4 s",
        1.0: "+1 s",
        45.2: "+45 s",
        -1203.4: "−20 min",
        7300: "+2 h",
        3e6: "+35 days",
    }
    assert {skew: offset(skew) for skew in wanted} == wanted


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=40, deadline=None)
@given(reports)
def test_any_report_is_a_page_with_a_cell_for_each_check_of_its_forests(run: Report) -> None:
    text = html(run)
    assert len(data(text)) == len(run.outcomes)
    assert len(Page(text).all("script")) == 2
