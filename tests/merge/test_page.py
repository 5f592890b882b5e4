"""The merged page in a real Chromium, of places that mean no good: nothing runs, nothing is asked for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from portcheck.render.merged import FORMATS
from portcheck.render.shared.options import Options

from .places import merged, place, saw

CHROMIUM = "/usr/bin/chromium"
pytestmark = pytest.mark.skipif(shutil.which(CHROMIUM) is None, reason="Chromium is not installed")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
EVIL = "<img src=http://127.0.0.1:9/x onerror=alert(1)>"


@pytest.mark.parametrize("script", [True, False])
def test_it_opens_offline_and_nothing_in_it_runs(tmp_path: Path, script: bool) -> None:
    path = tmp_path / "matrix.html"
    whole = merged(
        place("client", saw("kpasswd/tcp", "ok"), saw("ldap/tcp", "ok"), number=1),
        place(EVIL, saw("kpasswd/tcp", "filtered", "10.0.9.1", reason=EVIL), saw("ldap/tcp", "ok"), number=2),
        place("x" * 5000, saw("kpasswd/tcp", "filtered", "10.0.9.1"), saw("ldap/tcp", "ok"), number=3),
    )
    path.write_text(FORMATS["html"](whole, Options()), encoding="utf-8")
    asked: list[str] = []
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_context(java_script_enabled=script, viewport={"width": 390, "height": 844}).new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        page.goto(path.as_uri())
        expect(page.get_by_role("heading", level=1)).to_contain_text("works from client, not from")
        page.get_by_text("What was seen").first.click()
        expect(page.get_by_text(EVIL).first).to_be_visible()
        assert asked == [path.as_uri()]
        assert complaints == []
        if script:
            assert Axe().run(page).response["violations"] == []
            assert page.evaluate("document.documentElement.scrollWidth") <= 390  # the table scrolls, the page does not
        browser.close()
