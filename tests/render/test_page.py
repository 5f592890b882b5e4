"""The HTML page in a real Chromium: opened from a file, without a network, by mouse, keyboard and axe."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from factories import check, outcome, report
from playwright.sync_api import Browser, Page, expect, sync_playwright

from portcheck.cli.output import OutputWish, write
from portcheck.model import Change, Comparison, Report, State, Trace
from portcheck.render.report.html.answer import answer
from portcheck.render.shared.options import Options

from . import samples
from .situations import SITUATIONS
from .test_hostile import nasty_report
from .test_html import EVIL

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True}
KPASSWD = "button[aria-label^='kpasswd 464/udp: fault']"

pytestmark = pytest.mark.skipif(
    shutil.which(CHROMIUM) is None, reason="Chromium is not installed (Debian: tests/run installs it)"
)


@dataclass
class Seen:
    """What the page did besides showing itself."""

    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


Opener = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Opener]:
    """Opens a report's page as a file; in the end it must have asked for nothing and complained of nothing."""
    seen, contexts = Seen(), []

    def open_page(run: Report, at: str = "", **kind: object) -> Page:
        path = tmp_path / "run.html"
        write(run, [OutputWish("html", path)], Options())
        context = browser.new_context(**kind)  # type: ignore[arg-type]
        contexts.append(context)
        context.route("**/*", lambda route: (seen.requests.append(route.request.url), route.continue_()))
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: seen.complaints.append(message.text))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (seen.complaints.append(dialog.message), dialog.dismiss()))
        page.goto(path.as_uri() + at)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert {asked.partition("#")[0] for asked in seen.requests} <= {(tmp_path / "run.html").as_uri(), "about:blank"}
    assert seen.complaints == []


def changed() -> Report:
    run = samples.three_forests()
    lost = next(o for o in run.outcomes if o.check.name == "kpasswd/udp" and o.state is State.FILTERED)
    return replace(run, compared=Comparison(run.started, (Change(lost.check.id, State.OK, State.FILTERED),)))


def proven() -> Report:
    run = samples.three_forests()
    silent = tuple(o.check.id for o in run.outcomes if o.state is State.FILTERED)
    return replace(run, findings=tuple(replace(f, checks=silent) for f in run.findings))


def test_opened_filtered_and_shown_whole_again(opened: Opener) -> None:
    page = opened(proven())
    count, cells, found = page.locator("#count"), page.locator("button.cell:visible"), page.locator(".finding:visible")
    expect(page.locator("h1")).to_contain_text("2 of 3 forests have faults")
    expect(count).to_have_text("64 of 64 checks")
    expect(cells).to_have_count(32)
    expect(found).to_have_count(3)
    page.get_by_label("State").select_option("filtered")
    expect(count).to_have_text("4 of 64 checks")
    expect(cells).to_have_count(4)
    expect(found).to_have_count(3)
    expect(page.locator(".troubles tbody tr:visible")).to_have_count(4)
    page.get_by_label("State").select_option("")
    page.get_by_label("Verdict").select_option("pass")
    expect(count).to_have_text("56 of 64 checks")
    expect(found).to_have_count(0)
    page.get_by_label("Forest").select_option("charlie.test")
    expect(count).to_have_text("12 of 64 checks")
    page.get_by_label("Verdict").select_option("")
    expect(found).to_have_count(1)
    page.get_by_role("button", name="Show all").click()
    expect(count).to_have_text("64 of 64 checks")
    expect(cells).to_have_count(32)
    assert count.get_attribute("aria-live") == "polite"


def test_filtered_by_profile(opened: Opener) -> None:
    join = outcome(check("smb/tcp", profiles=("domain-join",)))
    page = opened(report(join, outcome(check("gc/tcp", profiles=("mim", "domain-join")))))
    page.get_by_label("Profile").select_option("mim")
    expect(page.locator("#count")).to_have_text("1 of 2 checks")
    expect(page.locator("button.cell:visible")).to_have_attribute("aria-label", "gc 3268/tcp: as expected, ok")


def test_the_search_finds_hosts_ports_and_what_was_seen_and_opens_the_folded_forest(opened: Opener) -> None:
    page = opened(samples.three_forests())
    box, count = page.get_by_role("searchbox"), page.locator("#count")
    for words, number in (("cdc1", 16), ("464", 8), ("prohibited", 3), ("DC2.alpha kpasswd", 2), ("no such word", 0)):
        box.fill(words)
        expect(count).to_have_text(f"{number} of 64 checks")
    box.fill("dc2.alpha")
    expect(page.locator("details.forest:visible")).to_have_count(1)
    expect(page.locator("button.cell:visible")).to_have_count(16)
    box.fill("")
    expect(page.locator("#forest-2")).not_to_have_attribute("open", "")


def test_filter_and_search_live_in_the_address(opened: Opener) -> None:
    page = opened(proven())
    page.get_by_label("Verdict").select_option("fail")
    page.get_by_role("searchbox").fill("bdc1 464/udp")
    expect(page.locator("#count")).to_have_text("1 of 64 checks")
    address = page.url
    assert address.endswith("#q=bdc1%20464/udp&verdict=fail")
    page.goto("about:blank")
    page.goto(address)
    expect(page.locator("#count")).to_have_text("1 of 64 checks")
    expect(page.get_by_role("searchbox")).to_have_value("bdc1 464/udp")
    page.get_by_role("button", name="Show all").click()
    expect(page.locator("#count")).to_have_text("64 of 64 checks")
    assert page.url.endswith("run.html#")


def test_an_address_of_another_report_shows_all_and_harms_nothing(opened: Opener) -> None:
    page = opened(samples.three_forests(), at="#verdict=nonsense&state=<b>&forest=99&check=no/such/check")
    expect(page.locator("#count")).to_have_text("64 of 64 checks")
    expect(page.get_by_role("dialog")).to_be_hidden()


@pytest.mark.parametrize("number", [0, 31, 63])
def test_a_link_to_a_check_opens_the_forest_it_is_folded_in_and_its_evidence(opened: Opener, number: int) -> None:
    wanted = samples.three_forests().outcomes[number].check
    page = opened(samples.three_forests(), at=f"#check={wanted.id}")
    expect(page.get_by_role("dialog", name=f"{wanted.service} ")).to_contain_text(wanted.host)
    page.keyboard.press("Escape")
    expect(page.locator(f"#c{number}")).to_be_focused()
    expect(page.locator(f"details:has(#c{number})")).to_have_attribute("open", "")


def test_a_link_to_what_is_folded_opens_it(opened: Opener) -> None:
    page = opened(changed(), at="#forest-2")
    expect(page.locator("#forest-2")).to_have_attribute("open", "")
    expect(page.locator("#forest-2 button.cell")).to_have_count(32)
    expect(page.locator("#changes")).not_to_have_attribute("open", "")
    page.evaluate("location.hash = '#changes'")
    expect(page.locator("#changes")).to_have_attribute("open", "")


def test_findings_cells_and_evidence_lead_to_each_other(opened: Opener) -> None:
    page = opened(samples.three_forests())
    page.get_by_role("link", name="kpasswd 464/udp bdc1").click()
    dialog = page.get_by_role("dialog", name="kpasswd 464/udp on bdc1.bravo.test")
    expect(dialog).to_be_visible()
    dialog.get_by_role("link", name="Passwords cannot be set").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#finding-1")).to_be_focused()
    page.locator("button[aria-label^='dns 53/tcp']").first.click()
    expect(page.get_by_role("dialog")).not_to_contain_text("Part of the proof of")


def test_the_verdict_is_told_apart_from_what_was_seen(opened: Opener) -> None:
    page = opened(samples.three_forests())
    page.locator("button[aria-label='kerberos 88/udp: minor fault, filtered']").click()
    told = page.get_by_role("dialog")
    expect(told.locator("dl").first).to_contain_text("Seenfiltered – silence after every attempt")
    expect(told.locator("dl").first).to_contain_text("Verdictminor fault")


def test_a_matrix_is_one_stop_for_tab_and_the_arrows_walk_in_it(opened: Opener) -> None:
    page = opened(samples.three_forests(), at="#forest-2")
    grid = page.locator("#forest-2 [role=grid]")
    expect(grid.locator("button[tabindex='0']")).to_have_count(1)
    cells = grid.locator("button.cell")
    expect(cells).to_have_count(32)
    cells.first.focus()
    for key, number in (
        ("End", 15),
        ("ArrowDown", 31),
        ("Home", 16),
        ("ArrowUp", 0),
        ("Control+End", 31),
        ("ArrowLeft", 30),
    ):
        page.keyboard.press(key)
        expect(cells.nth(number)).to_be_focused()
    expect(grid.locator("button[tabindex='0']")).to_have_count(1)
    page.keyboard.press("Tab")
    expect(grid.locator("button:focus")).to_have_count(0)


def test_a_router_that_answers_a_walk_is_amber_and_never_green(opened: Opener) -> None:
    page = opened(samples.three_forests())
    colours = page.evaluate("""() => ({
        map: [...document.querySelectorAll('.map .suspect circle')].map((n) => getComputedStyle(n).fill),
        amber: getComputedStyle(document.querySelector('.legend .suspect')).backgroundColor,
        hops: [...document.querySelectorAll('.hops .suspect')].map((n) => getComputedStyle(n, '::before').borderColor),
        green: getComputedStyle(document.querySelector('.m-as-expected')).color})""")
    assert set(colours["map"]) == {colours["amber"]}
    assert len(colours["hops"]) == 2
    assert colours["green"] not in {*colours["map"], *colours["hops"]}


def test_the_map_shows_the_way_from_this_machine_to_each_forest(opened: Opener) -> None:
    page = opened(samples.three_forests())
    drawn = page.locator("svg.map")
    expect(drawn.locator(".here .title")).to_have_text("mim1")
    expect(drawn.locator(".suspect .title")).to_have_text("10.77.100.2")
    expect(drawn.locator(".refuses .title")).to_have_text("10.77.100.3")
    expect(drawn.locator(".end .title")).to_have_text(["bravo.test", "charlie.test", "alpha.test"])
    drawn.locator("a").last.click()
    expect(page.locator("#forest-2")).to_have_attribute("open", "")


def test_a_cell_is_opened_by_keyboard_and_gives_the_focus_back(opened: Opener) -> None:
    page = opened(samples.with_evidence())
    page.locator("button[aria-label^='gc 3268']").focus()
    page.keyboard.press("End")
    expect(page.locator(KPASSWD)).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="kpasswd 464/udp on dc1.alpha.test")
    expect(dialog).to_be_visible()
    expect(dialog.locator(".timeline tbody tr").nth(2)).to_have_text("4000.4 mstimeoutno datagram, no ICMP")
    expect(dialog.locator(".hops li b")).to_have_text(["mim1", "1 hop", "10.77.100.2", "silence", "dc1.alpha.test"])
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator(KPASSWD)).to_be_focused()


ONE_FIX = "Ask the firewall team: allow tcp+udp 464 from 10.77.0.10 to 10.77.2.10 (bdc1.bravo.test)."


@pytest.mark.parametrize("button", ["Copy the fix of: Passwords cannot be set", "Copy all"])
def test_the_fix_is_copied_and_all_that_is_asked_for(opened: Opener, button: str) -> None:
    page = opened(samples.three_forests())
    page.get_by_role("button", name=button).click()
    expect(page.locator(".copy", has_text="Copied")).to_have_count(1)
    page.evaluate("document.body.append(Object.assign(document.createElement('textarea'), {id: 'paste'}))")
    page.locator("#paste").focus()
    page.keyboard.press("Control+V")
    wanted = answer(samples.three_forests()).copied if button == "Copy all" else ONE_FIX
    assert page.locator("#paste").input_value() == wanted


def test_what_changed_is_marked_and_leads_to_its_cell(opened: Opener) -> None:
    page = opened(changed())
    expect(page.locator(".changes li")).to_be_hidden()
    page.locator("#changes summary").click()
    expect(page.locator(".changes li")).to_contain_text("kpasswd 464/udp on bdc1.bravo.test ok → is now filtered")
    page.get_by_label("Verdict").select_option("changed")
    expect(page.locator("button.cell:visible")).to_have_count(1)
    page.get_by_role("link", name="kpasswd 464/udp on bdc1.bravo.test").click()
    expect(page.get_by_role("dialog")).to_contain_text("changed: was ok")


@pytest.mark.parametrize("words", [EVIL, "javascript:window.hit=1", "<svg/onload=window.hit=1>", None])
def test_a_servers_name_runs_no_script(opened: Opener, words: str | None) -> None:
    run = nasty_report() if words is None else nasty_report(words)
    proof = (run.outcomes[0].check.id,)
    page = opened(replace(run, findings=tuple(replace(one, checks=proof) for one in run.findings)))
    page.locator("button.cell").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_role("dialog").get_by_role("link").click()
    page.locator(".proofs a").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_label("Forest").select_option(index=1)
    page.get_by_role("searchbox").fill("<img src=x onerror=window.hit=1>")
    assert page.evaluate("typeof window.hit") == "undefined"


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


@pytest.mark.parametrize("kind", [{}, {"color_scheme": "dark"}, PHONE], ids=["light", "dark", "phone"])
def test_axe_finds_nothing_inaccessible(opened: Opener, kind: dict[str, object]) -> None:
    page = opened(changed(), **kind)
    assert violations(page) == []
    page.locator(KPASSWD).click()
    assert violations(page) == []


def test_axe_finds_nothing_inaccessible_where_something_could_not_be_asked(opened: Opener) -> None:
    assert violations(opened(samples.dead_host_and_dns())) == []


def test_on_a_phone_only_the_tables_scroll_sideways(opened: Opener) -> None:
    page = opened(samples.three_forests(), **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.locator(KPASSWD).click()
    expect(page.get_by_role("dialog")).to_be_in_viewport()


def test_on_paper_it_is_light_whole_and_without_controls(opened: Opener) -> None:
    page = opened(samples.three_forests(), color_scheme="dark")
    dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)" != dark
    expect(page.locator("#filter")).to_be_hidden()
    expect(page.locator(".copy:visible")).to_have_count(0)
    expect(page.locator("button.cell:visible")).to_have_count(32)
    assert page.pdf().startswith(b"%PDF")


@pytest.mark.parametrize("name", ["healthy", "founding", "forty-dead", "thirty-by-forty"])
def test_the_first_page_on_paper_is_the_answer(opened: Opener, name: str) -> None:
    """A4 is 297 mm high, and 14 mm at each end stay white (page.css)."""
    page = opened(SITUATIONS[name].build(), viewport={"width": 688, "height": 1016})
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.querySelector('.answer')).breakAfter") == "page"
    assert page.evaluate("document.querySelector('.answer').getBoundingClientRect().bottom") < 1016
    expect(page.locator(".answer h1")).to_be_visible()
    expect(page.locator(".answer .findings")).to_have_count(0)


def test_without_javascript_it_is_a_plain_page_with_all_but_the_evidence(opened: Opener) -> None:
    page = opened(samples.three_forests(), java_script_enabled=False)
    expect(page.locator("#filter")).to_be_hidden()
    expect(page.locator(".finding")).to_have_count(3)
    expect(page.locator("noscript p").first).to_be_visible()
    expect(page.locator(".asks tbody tr")).to_have_count(1)
    expect(page.locator("#forest-0 td .cell:visible")).to_have_count(16)
    expect(page.locator("#forest-1 td .cell:visible")).to_have_count(16)
    expect(page.locator(".copy:visible, .proofs:visible")).to_have_count(0)
    page.locator("#forest-2 summary").click()
    expect(page.locator("#forest-2")).to_contain_text("2 controllers: the JSON and CSV reports list every check.")


def test_thirty_forests_of_forty_controllers_are_one_small_page_drawn_where_it_is_looked_at(
    opened: Opener, tmp_path: Path
) -> None:
    page = opened(SITUATIONS["thirty-by-forty"].build())
    assert (tmp_path / "run.html").stat().st_size < 3_000_000
    drawn = page.locator("button.cell")
    expect(page.locator("#count")).to_have_text("19200 of 19200 checks")
    assert drawn.count() <= 2 * 640
    page.get_by_label("Verdict").select_option("pass")
    expect(page.locator("#count")).to_have_text("19040 of 19200 checks")
    assert drawn.count() <= 6 * 640
    page.get_by_role("searchbox").fill("f29.example kpasswd")
    expect(page.locator("#count")).to_have_text("80 of 19200 checks")
    expect(page.locator("button.cell:visible")).to_have_count(80)
    page.evaluate("location.hash = '#check=f30.example/d139.f30.example/10.30.1.139/gc/tcp/3268'")
    expect(page.get_by_role("dialog")).to_contain_text("d139.f30.example")


def test_of_a_large_run_no_cell_of_an_earlier_filter_stays_and_paper_gets_those_of_every_open_forest(
    opened: Opener,
) -> None:
    page = opened(SITUATIONS["thirty-by-forty"].build())
    drawn, count = page.locator("button.cell"), page.locator("#count")
    page.get_by_role("searchbox").fill("kpasswd")
    expect(count).to_have_text("2400 of 19200 checks")
    expect(page.locator("details.forest[open]:visible")).to_have_count(30)
    expect(page.locator("button.cell:not([aria-label^=kpasswd])")).to_have_count(0)
    assert drawn.count() < 2400
    page.pdf()
    expect(drawn).to_have_count(2400)
    page.get_by_role("searchbox").fill("f07.example kpasswd")
    expect(page.locator("#forest-7 button.cell")).to_have_count(80)
    page.get_by_role("searchbox").fill("")
    expect(page.locator("#forest-7")).not_to_have_attribute("open", "")
    page.locator("#forest-7 summary").click()
    expect(page.locator("#forest-7 button.cell")).to_have_count(640)


def test_ten_thousand_checks_open_and_can_be_filtered(opened: Opener, tmp_path: Path) -> None:
    steps = tuple(Trace(float(n), "sent", "request, 517 bytes, from port 33765") for n in range(8))
    facts = {f"fact_{n}": "some value of usual length" for n in range(20)}
    hosts = [samples.host_outcomes(f"dc{n}.alpha.test", f"10.1.{n // 250}.{n % 250}") for n in range(625)]
    run = report(*(replace(o, evidence=steps, facts=facts) for some in hosts for o in some))
    page = opened(run)
    assert (tmp_path / "run.html").stat().st_size < 3_000_000
    page.get_by_label("State").select_option("ok")
    expect(page.locator("#count")).to_have_text("10000 of 10000 checks")
    page.locator("#c9999").click()
    expect(page.get_by_role("dialog")).to_contain_text("dc624.alpha.test")
