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
from portcheck.render.shared.options import Options

from . import samples
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

    def open_page(run: Report, **kind: object) -> Page:
        path = tmp_path / "run.html"
        write(run, [OutputWish("html", path)], Options())
        context = browser.new_context(**kind)  # type: ignore[arg-type]
        contexts.append(context)
        context.route("**/*", lambda route: (seen.requests.append(route.request.url), route.continue_()))
        page = context.new_page()
        page.on("console", lambda message: seen.complaints.append(message.text))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (seen.complaints.append(dialog.message), dialog.dismiss()))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert set(seen.requests) == {(tmp_path / "run.html").as_uri()}
    assert seen.complaints == []


def changed() -> Report:
    run = samples.three_forests()
    lost = next(o for o in run.outcomes if o.check.name == "kpasswd/udp" and o.state is State.FILTERED)
    return replace(run, compared=Comparison(run.started, (Change(lost.check.id, State.OK, State.FILTERED),)))


def test_opened_filtered_and_shown_whole_again(opened: Opener) -> None:
    run = samples.three_forests()
    silent = tuple(o.check.id for o in run.outcomes if o.state is State.FILTERED)
    page = opened(replace(run, findings=tuple(replace(f, checks=silent) for f in run.findings)))
    count, cells, found = page.locator("#count"), page.locator("button.cell:visible"), page.locator(".finding:visible")
    expect(page.locator("h1")).to_contain_text("2 of 3 forests have faults")
    expect(count).to_have_text("64 of 64 checks")
    expect(found).to_have_count(3)
    page.get_by_label("State").select_option("s:filtered")
    expect(count).to_have_text("4 of 64 checks")
    expect(cells).to_have_count(4)
    expect(found).to_have_count(3)
    expect(page.locator(".troubles tbody tr:visible")).to_have_count(4)
    page.get_by_label("State").select_option("v:pass")
    expect(count).to_have_text("56 of 64 checks")
    expect(found).to_have_count(0)
    page.get_by_label("Forest").select_option("charlie.test")
    expect(count).to_have_text("12 of 64 checks")
    page.get_by_label("State").select_option("")
    expect(found).to_have_count(1)
    page.get_by_role("button", name="Show all").click()
    expect(count).to_have_text("64 of 64 checks")
    expect(cells).to_have_count(64)
    assert count.get_attribute("aria-live") == "polite"


def test_filtered_by_profile(opened: Opener) -> None:
    join = outcome(check("smb/tcp", profiles=("domain-join",)))
    page = opened(report(join, outcome(check("gc/tcp", profiles=("mim", "domain-join")))))
    page.get_by_label("Profile").select_option("mim")
    expect(page.locator("#count")).to_have_text("1 of 2 checks")
    expect(page.locator("button.cell:visible")).to_have_attribute("aria-label", "gc 3268/tcp: as expected, ok")


def test_a_cell_is_opened_by_keyboard_and_gives_the_focus_back(opened: Opener) -> None:
    page = opened(samples.with_evidence())
    page.locator("button[aria-label^='gc 3268']").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator(KPASSWD)).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="kpasswd 464/udp on dc1.alpha.test")
    expect(dialog).to_be_visible()
    expect(dialog.locator(".timeline tbody tr").nth(2)).to_have_text("4000.4 mstimeoutno datagram, no ICMP")
    expect(dialog.locator(".hops li b")).to_have_text(["mim1", "1 hop", "10.77.100.2", "silence", "dc1.alpha.test"])
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator(KPASSWD)).to_be_focused()


def test_the_fix_is_copied(opened: Opener) -> None:
    page = opened(samples.three_forests())
    page.get_by_role("button", name="Copy the fix of: Passwords cannot be set").click()
    expect(page.locator(".copy").first).to_contain_text("Copied")
    page.evaluate("document.body.append(Object.assign(document.createElement('textarea'), {id: 'paste'}))")
    page.locator("#paste").focus()
    page.keyboard.press("Control+V")
    assert page.locator("#paste").input_value() == (
        "Ask the firewall team: allow tcp+udp 464 from 10.77.0.10 to 10.77.2.10 (bdc1.bravo.test)."
    )


def test_what_changed_is_marked_and_leads_to_its_cell(opened: Opener) -> None:
    page = opened(changed())
    expect(page.locator(".changes li")).to_contain_text("kpasswd 464/udp on bdc1.bravo.test ok → is now filtered")
    page.get_by_label("State").select_option("changed")
    expect(page.locator("button.cell:visible")).to_have_count(1)
    page.get_by_role("button", name="kpasswd 464/udp on bdc1.bravo.test").click()
    expect(page.get_by_role("dialog")).to_contain_text("changed: was ok")


@pytest.mark.parametrize("words", [EVIL, "javascript:window.hit=1", "<svg/onload=window.hit=1>", None])
def test_a_servers_name_runs_no_script(opened: Opener, words: str | None) -> None:
    page = opened(nasty_report() if words is None else nasty_report(words))
    page.locator("button.cell").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_label("Forest").select_option(index=1)
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
    expect(page.locator("button.cell:visible")).to_have_count(64)
    assert page.pdf().startswith(b"%PDF")


def test_without_javascript_all_but_the_evidence_is_there(opened: Opener) -> None:
    page = opened(samples.three_forests(), java_script_enabled=False)
    expect(page.locator("#filter")).to_be_hidden()
    expect(page.locator(".finding")).to_have_count(3)
    expect(page.locator("noscript p").first).to_be_visible()


def test_ten_thousand_checks_open_and_can_be_filtered(opened: Opener, tmp_path: Path) -> None:
    steps = tuple(Trace(float(n), "sent", "request, 517 bytes, from port 33765") for n in range(8))
    facts = {f"fact_{n}": "some value of usual length" for n in range(20)}
    hosts = [samples.host_outcomes(f"dc{n}.alpha.test", f"10.1.{n // 250}.{n % 250}") for n in range(625)]
    run = report(*(replace(o, evidence=steps, facts=facts) for some in hosts for o in some))
    page = opened(run)
    assert (tmp_path / "run.html").stat().st_size < 16_000_000
    page.get_by_label("State").select_option("s:ok")
    expect(page.locator("#count")).to_have_text("10000 of 10000 checks")
    page.locator("#c9999").click()
    expect(page.get_by_role("dialog")).to_contain_text("dc624.alpha.test")
