"""The live page in a real Chromium: with script it follows, without it is a plain page; axe finds nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect, sync_playwright

from .conftest import FOREST, Counted, Served, Server, forests_file

CHROMIUM = "/usr/bin/chromium"
pytestmark = pytest.mark.skipif(shutil.which(CHROMIUM) is None, reason="Chromium is not installed")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def one(served: Server, counted: Counted, tmp_path: Path) -> Served:
    return served(forests_file(tmp_path, counted.port, answer="100ms"))


def test_it_follows_the_runs_and_axe_has_nothing_to_say(one: Served, browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        with page.expect_response("**/events"):
            page.goto(f"http://127.0.0.1:{one.port}/")
        expect(page.get_by_role("heading", level=3)).to_have_count(0)
        one.get(f"/probe?target={FOREST}")
        expect(page.get_by_role("heading", name=FOREST)).to_be_visible()
        page.get_by_text("What was seen").click()
        expect(page.get_by_text("mute: ")).to_be_visible()
        one.get(f"/probe?target={FOREST}")
        expect(page.locator(".strip .cell")).to_have_count(2)
        expect(page.get_by_text("mute: ")).to_be_visible()  # what was open stays open
        assert Axe().run(page).response["violations"] == []
        assert complaints == []
        page.get_by_role("link", name="The whole report").click()
        expect(page).to_have_url(f"http://127.0.0.1:{one.port}/report/{FOREST}.html")
        expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_without_script_it_is_a_plain_page(one: Served, browser: Browser) -> None:
    one.get(f"/probe?target={FOREST}")
    with browser.new_context(java_script_enabled=False, color_scheme="dark") as context:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{one.port}/")
        expect(page.get_by_role("heading", name=FOREST)).to_be_visible()
        page.get_by_text("What was seen").click()
        expect(page.get_by_text("mute: ")).to_be_visible()
