"""The pages: `/probe`, `/metrics`, `/sd`, `/`, `/report/…`, `/-/healthy`. Everything else is 4xx, and asks nobody."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import field, replace

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from portcheck.exitcodes import OK
from portcheck.exporter.asking import Asker, Key, LateError, QueueFullError
from portcheck.exporter.board import ForestBoard
from portcheck.exporter.own_metrics import OwnMetrics
from portcheck.frozen import dataclass
from portcheck.model import Report
from portcheck.render import FORMATS
from portcheck.render.merged import html as page
from portcheck.render.merged.prometheus import families
from portcheck.render.report.prometheus import text
from portcheck.render.shared.options import Options
from portcheck.report.compare import unfinished

TEXT = "text/plain; version=0.0.4; charset=utf-8"
PATIENCE_S = 10.0  # of a scrape that names none: Prometheus' own default
SPARE_S = 0.5  # of a scrape's time, for the way back
MOST_PATIENCE_S = 600.0
MOST_LISTENERS = 64
BEAT_S = 15.0
KINDS = {"json": "application/json", "html": "text/html; charset=utf-8"}
SCRIPT = """
const live = document.getElementById("live");
const opened = () => [...live.querySelectorAll("details")].map(one => one.open);
new EventSource("/events").onmessage = async () => {
  const answer = await fetch("/matrix");
  if (!answer.ok) return;
  const before = opened();
  live.innerHTML = await answer.text();
  live.querySelectorAll("details").forEach((one, number) => { one.open = Boolean(before[number]); });
};
"""


@dataclass(frozen=True, slots=True)
class Forests:
    """What may be asked: the names of the file with the profiles of each, and how a run of one is done."""

    profiles: Mapping[str, tuple[str, ...]]
    allowed: frozenset[str]  # the profiles that `&profile=` may name
    ask: Callable[[str, str], Report]


@dataclass(slots=True)
class Exporter:
    """`forests` is replaced as a whole when the file is read again."""

    forests: Forests
    board: ForestBoard
    own: OwnMetrics = field(default_factory=OwnMetrics)
    asker: Asker = field(init=False)
    listeners: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.asker = Asker(self._done, lambda key: self.own.failures.labels(key[0]).inc())

    def _done(self, key: Key, report: Report, took_s: float) -> None:
        forest, profile = key
        self.own.runs.labels(forest).inc()
        self.own.seconds.labels(forest).observe(took_s)
        if forest in self.forests.profiles and not profile:
            self.board.put(forest, report)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self.front),
                Route("/matrix", self.matrix),
                Route("/events", self.events),
                Route("/probe", self.probe),
                Route("/metrics", self.metrics),
                Route("/sd", self.discovery),
                Route("/report/{name}", self.report),
                Route("/-/healthy", self.healthy),
            ],
        )

    async def healthy(self, _request: Request) -> Response:
        return PlainTextResponse("portcheck is up\n")

    async def discovery(self, _request: Request) -> Response:
        """https://prometheus.io/docs/prometheus/latest/http_sd/"""
        found = [
            {
                "targets": [name],
                "labels": {"__meta_portcheck_forest": name, "__meta_portcheck_profiles": ",".join(profiles)},
            }
            for name, profiles in self.forests.profiles.items()
        ]
        return JSONResponse(found)

    async def metrics(self, _request: Request) -> Response:
        self.own.running.set(len(self.asker.running))
        others = "" if self.board.folder is None else "".join(text(families(await self.board.others())))
        return PlainTextResponse(self.own.text() + others, media_type=TEXT)

    async def probe(self, request: Request) -> Response:
        began = time.monotonic()
        asked = request.query_params
        targets, profiles = asked.getlist("target"), asked.getlist("profile")
        if len(targets) != 1 or targets[0] not in self.forests.profiles:
            return _refused("target: name one forest of the forests file; /sd lists them")
        if len(profiles) > 1 or any(name not in self.forests.allowed for name in profiles):
            return _refused("profile: name one profile; those of the cloud only where the forests file names them")
        forest, profile = targets[0], "".join(profiles)
        patience = patience_s(request.headers.get("x-prometheus-scrape-timeout-seconds"))
        if patience is None:
            return _refused("X-Prometheus-Scrape-Timeout-Seconds: no number of seconds")
        ask = self.forests.ask
        try:
            report = await self.asker.report((forest, profile), lambda: ask(forest, profile), patience)
        except QueueFullError:
            self.own.scrapes.labels(forest, "refused").inc()
            return PlainTextResponse("too many runs wait already\n", 503, {"Retry-After": "10"})
        except LateError:
            self.own.scrapes.labels(forest, "late").inc()
            return PlainTextResponse(_verdict(time.monotonic() - began, good=False, late=True), media_type=TEXT)
        except Exception:  # noqa: BLE001 - a fault of ours in a run: this scrape failed, and the exporter stays
            self.own.scrapes.labels(forest, "failed").inc()
            return PlainTextResponse("the run failed; please report it\n", 500)
        self.own.scrapes.labels(forest, "told").inc()
        told = FORMATS["prometheus"](finished(report), Options())
        good = report.exit_code == OK
        return PlainTextResponse(told + _verdict(time.monotonic() - began, good=good, late=False), media_type=TEXT)

    async def report(self, request: Request) -> Response:
        name, _, kind = request.path_params["name"].rpartition(".")
        if kind not in KINDS or name not in self.forests.profiles:
            return PlainTextResponse("no forest of the file, or neither .json nor .html\n", 404)
        report = self.board.reports.get(name)
        if report is None:
            return PlainTextResponse("not asked yet: the first scrape of /probe does\n", 404)
        made = await asyncio.get_running_loop().run_in_executor(None, FORMATS[kind], report, Options())
        return Response(made, media_type=KINDS[kind])

    async def front(self, _request: Request) -> Response:
        merged = await self.board.merged()
        rules = "; connect-src 'self'"
        made = page.page(merged, script=SCRIPT, rules=rules, links=self._links(), strips=self.board.strips)
        return HTMLResponse(made, headers={"Cache-Control": "no-store"})

    async def matrix(self, _request: Request) -> Response:
        made = page.body(await self.board.merged(), self._links(), self.board.strips)
        return HTMLResponse(made, headers={"Cache-Control": "no-store"})

    def _links(self) -> dict[str, str]:
        return {name: f"/report/{name}.html" for name in self.board.reports}

    async def events(self, _request: Request) -> Response:
        """A word with each change; who shows the page asks for what is new then."""
        if self.listeners >= MOST_LISTENERS:
            return PlainTextResponse("too many look already\n", 429)
        return ListenerStream(self, self._changes())

    async def _changes(self) -> AsyncIterator[str]:
        seen = self.board.changed
        yield ": portcheck\n\n"
        while not self.ended.is_set():
            now = await self.board.after(seen, BEAT_S)
            yield f"data: {now}\n\n" if now != seen else ": still here\n\n"
            seen = now


class ListenerStream(StreamingResponse):
    """Counted from the moment it is promised, not from its first word: many who come at once are as many."""

    def __init__(self, exporter: Exporter, words: AsyncIterator[str]) -> None:
        super().__init__(words, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        self._exporter = exporter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._exporter.listeners += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._exporter.listeners -= 1


def finished(report: Report) -> Report:
    """Without what the run did not come to: of that there is no sample, neither good nor bad."""
    return replace(report, outcomes=tuple(o for o in report.outcomes if not unfinished(o)))


def patience_s(header: str | None) -> float | None:
    """What the scrape may take, less the way back; None where the header is no time."""
    if header is None:
        return PATIENCE_S - SPARE_S
    try:
        told = float(header[:32])
    except ValueError:
        return None
    if not math.isfinite(told) or told <= 0:
        return None
    return min(max(told - SPARE_S, told / 2), MOST_PATIENCE_S)


def _verdict(took_s: float, *, good: bool, late: bool) -> str:
    return (
        "# HELP probe_success 1 if all that the profiles require was as expected.\n# TYPE probe_success gauge\n"
        f"probe_success {int(good)}\n"
        "# HELP probe_duration_seconds How long this scrape waited for its run.\n# TYPE probe_duration_seconds gauge\n"
        f"probe_duration_seconds {took_s:.6f}\n"
        "# HELP portcheck_probe_late 1 if the run was not done within the scrape's time; it goes on.\n"
        f"# TYPE portcheck_probe_late gauge\nportcheck_probe_late {int(late)}\n"
    )


def _refused(words: str) -> Response:
    return PlainTextResponse(f"{words}\n", 400)
