"""A whole run: all forests side by side, within one deadline, ending in one report whatever happens."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime

from portcheck import __version__, diagnose
from portcheck.asking import own_fault
from portcheck.asking import shards as shards_
from portcheck.asking.asker import ForestAsker
from portcheck.asking.copies import Copy
from portcheck.asking.crowd import MOST as MOST_BEGUN
from portcheck.asking.crowd import Crowd
from portcheck.asking.engine import Engine
from portcheck.asking.shards import Shards
from portcheck.catalogue.profiles import Profile
from portcheck.config import CLOUD, ForestSpec, Settings
from portcheck.exitcodes import INTERRUPTED, NOT_AS_EXPECTED, NOT_DONE
from portcheck.frozen import dataclass
from portcheck.model import ForestReport, Outcome, Report, Severity, State, Verdict, utc
from portcheck.model.credentials import Credentials
from portcheck.model.events import Finished, Notify, Phase
from portcheck.model.report import OVERDUE
from portcheck.model.target import Pin, Selection
from portcheck.net.dns import Names, is_address
from portcheck.net.platform.machine import vantage
from portcheck.net.starved import FULL, starved
from portcheck.net.timeouts import Timeouts
from portcheck.report import clocks
from portcheck.report.verdicts import exit_code
from portcheck.run.attending import attended
from portcheck.run.ending import ENDING
from portcheck.run.forest import ForestRun
from portcheck.targets import systems
from portcheck.targets.systems import Chosen
from portcheck.targets.tunnel import FAR, NamesFar

GLANCE_S = 0.1  # so often it is looked whether the deadline is over, or the end was told
OUT_OF_TIME = "out-of-time"  # the finding of a forest that nothing is known of, for want of time alone
WIND_DOWN_S = 2.0  # what was told to end has so long to close its sockets
LOADED_AFTER_S = 1.0  # a run that takes longer waits for something: time to load what will explain it


@dataclass(frozen=True, slots=True)
class Order:
    """What to run: the forests with their profiles, and how."""

    forests: tuple[tuple[ForestSpec, tuple[Profile, ...]], ...]
    settings: Settings = field(default_factory=Settings)
    selection: Selection = field(default_factory=Selection)
    families: tuple[str, ...] = ("A", "AAAA")
    views: bool = False  # compare what different DNS servers say
    pins: Mapping[str, tuple[Pin, ...]] = field(default_factory=dict)  # by forest: nothing but these, and no discovery
    idle_s: float | None = None  # hold quiet sessions for this long
    credentials: Mapping[str, Credentials] = field(default_factory=dict)  # by forest: who signs in
    machine: tuple[Profile, ...] = ()  # asked of no forest
    cloud: bool = True  # whether the cloud's endpoints are asked
    name: str = ""  # what the user calls this place


@dataclass(slots=True)
class Run:
    """One run. `report` may be asked at any time, from any thread: it tells what is known until then."""

    order: Order
    notify: Notify
    surveys: Sequence[ForestRun]
    engine: Engine
    shards: Shards
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    began: float = field(default_factory=time.monotonic)
    interrupted: bool = False

    @classmethod
    def of(cls, order: Order, notify: Notify, copies: Sequence[Copy] = ()) -> Run:
        """Nothing is asked yet. Raises ConfigError for a proxy that cannot be asked."""
        settings = order.settings
        patience = Timeouts(settings.timeout_s, settings.answer_timeout_s, settings.attempts)
        engine = Engine(
            patience,
            notify,
            settings.concurrency,
            settings.rate,
            settings.source_ip,
            settings.max_checks,
            settings,
            shards_.parts_here(settings),
        )
        crowd = Crowd(max(MOST_BEGUN, 2 * settings.concurrency))
        shards = Shards(settings, notify, list(copies))
        surveys = [
            ForestRun(_asker(order, forest, profiles, engine, notify, crowd, shards), settings.proxy)
            for forest, profiles in _parts(order)
        ]
        return cls(order, notify, surveys, engine, shards)

    async def ask(self) -> None:
        """Ask everything; a deadline, an interruption or a fault of ours ends the asking, never the report."""
        loading = asyncio.get_running_loop().call_later(LOADED_AFTER_S, _load_diagnosis)
        work = asyncio.ensure_future(_everything(self.surveys, self.engine, self.order, self.notify))
        try:
            if not await _done_within(work, self.order.settings.deadline_s):
                self.overdue()
        finally:
            loading.cancel()
            work.cancel()
            await asyncio.wait([work], timeout=WIND_DOWN_S)
            await self.shards.close()
        self.interrupted = ENDING.told and not _came_to_its_end(work)
        if work.done() and not work.cancelled() and (fault := work.exception()) is not None:
            self._keep_in_spite_of(fault)

    def overdue(self) -> None:
        """The run was ended before it was done: by its deadline, or since it was told to end and did not."""
        self.interrupted = ENDING.told
        for survey in self.surveys:
            survey.problem = survey.problem or (None if ENDING.told else OVERDUE)

    def _keep_in_spite_of(self, fault: BaseException) -> None:
        """A fault of ours, or of a machine without memory: what was found is worth telling all the same."""
        if not any(survey.ledger.outcomes for survey in self.surveys):
            raise fault
        for survey in self.surveys:
            survey.problem = survey.problem or (FULL if starved(fault) else own_fault.told(fault))

    def report(self) -> Report:
        """Everything judged and explained."""
        report = _report(self.surveys, self.started, time.monotonic() - self.began)
        called = replace(report.vantage, name=self.order.name)
        report = explained(replace(report, vantage=called, interrupted=self.interrupted))
        self.notify(Finished(report.duration_s))
        return replace(report, exit_code=_exit_code(report, self.surveys, self.order.settings))


async def run(order: Order, notify: Notify) -> Report:
    """A whole run within the caller's event loop."""
    one = Run.of(order, notify)
    await one.ask()
    return one.report()


def copies(order: Order) -> list[Copy]:
    """The processes that will ask beside this one, to be made before it has a second thread."""
    return shards_.ahead(order.forests, order.settings, order.selection)


def attend(order: Order, notify: Notify, copies: Sequence[Copy] = ()) -> Report:
    """A whole run in an event loop of its own, for the main thread: nothing in it can outlast its deadline."""
    one = Run.of(order, notify, copies)
    if not attended(one.ask(), order.settings.deadline_s):
        one.overdue()
    return one.report()


async def _done_within(work: asyncio.Future[None], limit_s: float | None) -> bool:
    """By the clock on the wall: the loop's own stands still while it is busy. False where the end is told, too."""
    until = math.inf if limit_s is None else time.monotonic() + limit_s
    while not work.done():
        left = until - time.monotonic()
        if left <= 0 or ENDING.told:
            return False
        await asyncio.wait([work], timeout=min(left, GLANCE_S))
    return True


def _came_to_its_end(work: asyncio.Future[None]) -> bool:
    return work.done() and not work.cancelled() and work.exception() is None


def _load_diagnosis() -> None:
    asyncio.get_running_loop().run_in_executor(None, getattr, diagnose, "diagnose")  # the rules come with it


def explained(report: Report) -> Report:
    """The report with its findings; the same for a run that was saved elsewhere."""
    findings = diagnose.diagnose(report)
    return replace(report, findings=findings, outcomes=diagnose.marked(report.outcomes, findings))


def _parts(order: Order) -> Chosen:
    """The forests of which something is asked, and the cloud, once."""
    outside = systems.cloud(order.forests, order.machine, order.selection) if order.cloud else None
    if outside is not None and order.settings.proxy is None:
        for scheme in systems.BY_PROXY:
            systems.from_environment("", scheme)  # a proxy that cannot be asked is said before anything is sent
    asked = [part for part in order.forests if systems.asks(*part, order.selection)]
    return [*(asked if outside else order.forests), *([outside] if outside else [])]


def _asker(
    order: Order,
    forest: ForestSpec,
    profiles: Sequence[Profile],
    engine: Engine,
    notify: Notify,
    crowd: Crowd,
    shards: Shards,
) -> ForestAsker:
    servers = tuple((server.host, server.port) for server in forest.dns if is_address(server.host))
    far = order.settings.proxy is not None and order.settings.proxy.scheme == FAR and forest.name != CLOUD
    source = order.settings.source_ip
    return ForestAsker(
        forest,
        profiles,
        engine,
        (NamesFar if far else Names)(servers, order.settings.timeout_s, bound=engine.looking_up, source_ip=source),
        notify,
        order.selection,
        order.families,
        pins=order.pins.get(forest.name, ()),
        trace=order.settings.trace,
        controllers=not systems.asks_others_only(forest, profiles, order.selection),
        crowd=crowd,
        shards=shards,
    )


async def _everything(surveys: Sequence[ForestRun], engine: Engine, order: Order, notify: Notify) -> None:
    looking_ahead = asyncio.create_task(_look_ahead(surveys, engine))
    try:
        await _in_turn(surveys, order, notify)
    finally:
        looking_ahead.cancel()


async def _look_ahead(surveys: Sequence[ForestRun], engine: Engine) -> None:
    """The second look begins where a check seems to end in silence, while the first one still waits for it."""
    by_name = {survey.forest.name: survey for survey in surveys}
    async for doubt in engine.silences():
        by_name[doubt.check.forest].look_ahead(doubt.host, doubt.check)


async def _in_turn(surveys: Sequence[ForestRun], order: Order, notify: Notify) -> None:
    await asyncio.gather(*(survey.run() for survey in surveys))
    if order.views:
        await asyncio.gather(*(survey.compare_views() for survey in surveys))
    if order.settings.trace:
        await _look_again(surveys, notify)
    if order.idle_s is not None:
        from portcheck.investigate import idle  # late, as the second look

        sessions = idle.hold([case for survey in surveys for case in survey.cases()], order.idle_s, notify)
        await asyncio.gather(sessions, *(survey.hold_tunnels(order.idle_s) for survey in surveys))
    if order.credentials:
        notify(Phase("signing in"))
        await _sign_in([s for s in surveys if s.forest.name in order.credentials], order.credentials)


async def _look_again(surveys: Sequence[ForestRun], notify: Notify) -> None:
    """The second look; where it brought a mapper back, its interfaces are asked and looked at in turn."""
    from portcheck.investigate import second_look  # late: nothing is sent before it is known what failed

    for _ in range(2):
        await second_look([case for survey in surveys for case in survey.cases()], notify)
        if not any(await asyncio.gather(*(survey.asker.catch_up() for survey in surveys))):
            break


async def _sign_in(surveys: Sequence[ForestRun], credentials: Mapping[str, Credentials]) -> None:
    """After everything else: what is blocked is known by then, and need not be tried."""
    from portcheck.signin import forest as account  # late: most runs sign in nowhere
    from portcheck.signin.ledger import AttemptLedger, domains

    ledger = AttemptLedger()
    hosts = [host for survey in surveys for host in survey.hosts]
    known = domains(hosts, [survey.forest for survey in surveys])
    towards = tuple(dict.fromkeys(h.place.address for s in surveys for h in s.hosts if h.place.address))
    turns = [
        account.SignIn(
            survey.asker,
            credentials[survey.forest.name],
            ledger,
            addresses=vantage(towards).addresses,
            facts=survey.facts,
            known=known,
        )
        for survey in surveys
    ]
    await asyncio.gather(*(account.in_turn(group) for group in account.by_account(turns)))


def _report(surveys: Sequence[ForestRun], started: datetime, duration_s: float) -> Report:
    outcomes = tuple(outcome for survey in surveys for outcome in survey.ledger.settled())
    reached = (o.check.address or o.facts.get("peer_address") for o in outcomes)
    skews = clocks.by_controller(outcomes)
    towards = dict.fromkeys(address for address in reached if isinstance(address, str))
    return Report(
        started=utc.written(started, "milliseconds"),
        duration_s=round(duration_s, 3),
        vantage=vantage(tuple(towards)),
        forests=tuple(_with_clocks(survey.report(), skews) for survey in surveys),
        outcomes=outcomes,
        tool_version=__version__,
    )


def _with_clocks(forest: ForestReport, skews: clocks.Skews) -> ForestReport:
    """Each controller with its clock against this machine's."""
    return replace(
        forest,
        domain_controllers=tuple(
            replace(dc, facts={**dc.facts, "clock_skew_s": skew})
            if (skew := skews.get((forest.name, dc.host, dc.address))) is not None
            else dc
            for dc in forest.domain_controllers
        ),
    )


def _exit_code(report: Report, surveys: Sequence[ForestRun], settings: Settings) -> int:
    if report.interrupted:
        return INTERRUPTED
    asked = any(_was_asked(outcome) for outcome in report.outcomes)
    if not asked and any(s.problem for s in surveys) and not any(_was_told(survey, report) for survey in surveys):
        return NOT_DONE
    wanted = [outcome for outcome in report.outcomes if outcome.verdict is not Verdict.SKIP]
    if wanted and all(_tells_nothing(outcome) for outcome in wanted):
        return NOT_DONE
    if settings.fail_on in {"fail", "warn"} and not all(_met_anybody(survey) for survey in surveys):
        return NOT_AS_EXPECTED
    return exit_code(report, settings.fail_on)


def _was_told(survey: ForestRun, report: Report) -> bool:
    """DNS answered about it; where the deadline came before the first check, only a fault that DNS told counts."""
    if survey.problem == OVERDUE:
        mine = (finding for finding in report.findings if finding.forest == survey.forest.name)
        return any(finding.severity is Severity.ERROR and finding.code != OUT_OF_TIME for finding in mine)
    return any(lookup.status in {"ok", "nxdomain", "nodata"} for lookup in survey.lookups)


def _tells_nothing(outcome: Outcome) -> bool:
    """This machine could not ask it, for want of a permission, an address or time, or asked nothing at all."""
    return outcome.verdict is Verdict.UNKNOWN


def _met_anybody(survey: ForestRun) -> bool:
    return (
        any(host.controls and not host.nobody for host in survey.hosts)
        if survey.asker.controllers
        else bool(survey.hosts)
    )


def _was_asked(outcome: Outcome) -> bool:
    return outcome.state is not State.SKIPPED
