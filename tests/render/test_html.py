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
from typing import Any

import pytest
from factories import check, outcome, report
from hypothesis import HealthCheck, given, settings
from strategies import reports

from portcheck.model import BlockedAt, Change, Comparison, Report, State, Trace
from portcheck.render import FORMATS
from portcheck.render.report.html import evidence
from portcheck.render.report.html.answer import answer
from portcheck.render.report.html.plots import offset
from portcheck.render.shared.options import Options
from portcheck.render.shared.times import local

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


def data(text: str) -> dict[str, Any]:
    found = json.loads(Page(text).inside["script"][0])
    assert isinstance(found, dict)
    return found


def detail(text: str, number: int) -> dict[str, Any]:
    found = data(text)["details"].get(str(number), {})
    assert isinstance(found, dict)
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
    assert data(text)["rows"][0][1] == EVIL


def test_the_embedded_json_ends_no_script_and_breaks_no_line() -> None:
    text = html(nasty_report("</script>\u2028\u2029<!--<script>&"))
    (raw,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert not set(raw) & set("<>&\u2028\u2029")
    assert json.loads(raw)["rows"][0][1] == "</script>\\u2028\\u2029<!--<script>&"


def test_bidi_and_control_characters_are_spelled_out() -> None:
    assert harmless(re.sub(r"\n", "", html(nasty_report())))
    assert "\\u202egnp.exe" in html(nasty_report())


def test_the_page_opens_with_the_answer_then_findings_worst_first_then_the_matrix_then_what_is_folded() -> None:
    text = html(replace(changed_run(), findings=samples.three_forests().findings))
    order = (
        "<h1>",
        'class="impact"',
        'id="ask-text"',
        'id="findings"',
        'id="way-title"',
        'id="matrix-title"',
        'id="changes"',
    )
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def changed_run() -> Report:
    run = samples.three_forests()
    return replace(run, compared=Comparison(run.started, (Change(run.outcomes[0].check.id, State.OK, State.OK),)))


def test_the_request_is_one_text_with_all_that_is_asked_for() -> None:
    told = answer(samples.three_forests())
    assert told.copied.splitlines() == [
        "allow tcp 464,3268 udp 464 from 10.77.0.10 to 10.77.2.10 (bdc1.bravo.test), for passwords, Global Catalog",
        "Ask the owner of cdc1.charlie.test: set its clock right; ours agrees with the other forests.",
    ]
    assert answer(report(outcome())).copied == ""
    assert 'id="ask-text"' not in html(report(outcome()))


def test_the_impact_is_two_sentences_of_what_does_not_work_and_what_does() -> None:
    broken = ("MIM export: initial password", "MIM export: password reset", "MIM: forest-wide search")
    assert answer(samples.three_forests()).impact == (
        f"Until this is mended, this does not work: {', '.join(broken)}.",
        "Users see kerberos-no-logon-server, kerberos-time-skew; 56 of 64 checks are as expected; alpha.test is well.",
    )
    assert answer(report(outcome())).impact == (
        "From here every path that was asked about works.",
        "1 of 1 check is as expected.",
    )
    untold = answer(report(outcome(state=State.ERROR)))
    assert untold.impact[0] == "What could not be asked is not known to work, nor to be broken."


def cells_of(text: str) -> list[str]:
    """The matrix as it stands there without the script."""
    spans = (one for one in Page(text).all("span") if (one.get("class") or "").startswith("cell v-"))
    return [one["aria-label"] or "" for one in spans if "aria-label" in one]


def test_every_check_of_a_forest_in_trouble_is_a_cell_with_words_before_the_script_runs() -> None:
    run = samples.dead_host_and_dns()
    found = cells_of(html(run))
    assert len(found) == len(run.outcomes)
    assert found[0] == "dns 53/tcp: as expected, ok"
    assert all(scope in {"row", "col"} for th in Page(html(run)).all("th") for scope in [th.get("scope")])


def test_a_forest_that_is_well_is_folded_and_its_cells_are_left_to_the_script() -> None:
    folded = [("open" in one, one["id"]) for one in Page(html(samples.three_forests())).all("details")]
    assert folded[:3] == [(True, "forest-0"), (True, "forest-1"), (False, "forest-2")]
    assert cells_of(html(report(outcome()))) == []
    assert len(data(html(report(outcome())))["checks"]) == 1


def test_each_check_stands_once_in_the_page_with_its_verdict_apart_from_its_state() -> None:
    run = samples.three_forests()
    found = data(html(run))
    assert len(found["checks"]) == len(run.outcomes)
    told = [(found["verdicts"][check[3]][0], found["states"][check[4]][0]) for check in found["checks"]]
    assert told == [(o.verdict.value, o.state.value) for o in run.outcomes]
    options = {one.get("value") for one in Page(html(run)).all("option")}
    assert {"fail", "warn", "filtered", "rejected"} <= options
    assert "unreachable" not in options


def test_where_the_path_ends_is_told_as_hops() -> None:
    def hops(where: BlockedAt) -> list[tuple[str, str]]:
        run = report(outcome(state=State.FILTERED, blocked_at=where))
        return [(kind, f"{name} ({note})") for kind, name, note in detail(html(run), 0)["hops"]]

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
    assert data(text)["changed"] == {"0": "changed: was ok"}
    assert f"Changed since <time>{local('2026-11-21T21:38:19.123Z')}</time>: 2 checks" in text
    assert {"id": "changes", "class": "changes fold"} in Page(text).all("details")  # folded
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
    monkeypatch.setattr(evidence, "ROOM", 20_000)
    monkeypatch.setattr(evidence, "LEAST_ROOM", 20_000)
    steps = tuple(Trace(float(n), "sent", "x" * 500) for n in range(60))
    good = [outcome(check(host=f"dc{n}.alpha.test"), evidence=steps) for n in range(40)]
    bad = outcome(check(host="dc99.alpha.test"), State.FILTERED, evidence=steps)
    found = data(html(report(*good, bad)))["details"]
    assert (len(found["40"]["steps"]), found["40"]["more"]) == (evidence.STEPS, 20)
    assert all("steps" not in found[str(n)] and found[str(n)]["more"] == 60 for n in range(1, 40))
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
    assert len(data(text)["checks"]) == len(run.outcomes)
    assert len(Page(text).all("script")) == 2
