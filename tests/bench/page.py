"""The HTML report of 30 forests by 40 controllers in headless Chromium: first paint, and what a search costs.

    python -m tests.bench.page [HOW_MANY]      # Chromium is asked afresh five times by default

The promise: 3 MB, first paint within 1.5 s, filtered within 0.2 s. Of the page's own thread also the processor's time,
which does not depend on what else the machine does.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import CDPSession, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from render.situations import SITUATIONS
from render.test_page import CHROMIUM, FLAGS

from portcheck.render import FORMATS
from portcheck.render.shared.options import Options

WORDS = ("f29", "kpasswd", "f1.example gc", "")
SEARCH = """word => new Promise(done => {
  const box = document.querySelector("input[type=search]"), began = performance.now();
  box.value = word;
  box.dispatchEvent(new Event("input", {bubbles: true}));
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
})"""
PAINTED = "performance.getEntriesByName('first-contentful-paint')"


def main(times: int = 5) -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "run.html"
        path.write_text(FORMATS["html"](SITUATIONS["thirty-by-forty"].build(), Options()), encoding="utf-8")
        print(f"{path.stat().st_size / 1e6:.1f} MB")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for _ in range(times):
            print(_once(browser.new_page(), path.as_uri()))
        browser.close()


def _once(page: Page, address: str) -> str:
    told = page.context.new_cdp_session(page)
    told.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(address)
    page.wait_for_function(f"{PAINTED}.length")
    paint, loading = page.evaluate(f"{PAINTED}[0].startTime"), _busy_s(told)
    took = [page.evaluate(SEARCH, word) for word in WORDS]
    searching = (_busy_s(told) - loading) / len(WORDS)
    page.close()
    searches = f"searches {', '.join(f'{ms:.0f}' for ms in took)} ms (processor {searching * 1000:.0f} ms each)"
    painted = f"first paint {paint:.0f} ms (processor {loading * 1000:.0f} ms)"
    return f"{painted}, {searches}, load {os.getloadavg()[0]:.1f}"


def _busy_s(told: CDPSession) -> float:
    """Of the page's own thread, so far."""
    return {row["name"]: row["value"] for row in told.send("Performance.getMetrics")["metrics"]}["TaskDuration"]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
