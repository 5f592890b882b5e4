"""Runs checks within bounds; the only place where exceptions become outcomes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import field, replace

from portcheck.asking.crowd import Crowd
from portcheck.asking.doubts import Doubt, Doubts
from portcheck.asking.knowledge import HostState
from portcheck.config import Settings
from portcheck.frozen import dataclass
from portcheck.model import GOOD, Check, Facts, Outcome, Stage, State, Trace
from portcheck.model.events import Notify, Started
from portcheck.net import socks
from portcheck.net.errors import NetError
from portcheck.net.network import Net, Network
from portcheck.net.pacing import AdaptivePacer, Pacer
from portcheck.net.paths import FIRST_TO_REPEATS, Paths, RepeatPacer
from portcheck.net.platform.machine import socket_limit
from portcheck.net.proxy import Reach
from portcheck.net.pulse import Pulse
from portcheck.net.starved import starved
from portcheck.net.timeline import Timeline
from portcheck.net.timeouts import Timeouts
from portcheck.probes.probe import USUAL, Probe, Seen, Subject, askable
from portcheck.wire import WireError, fingerprint, text

# A healthy controller now and then resets a brand-new session (the session scavenger, Microsoft KB2000061), so a reset
# means something only when it comes again, later, to another source port.
AFTER_RESET_S = (0.25, 0.6, 1.1)
PLAINLY_FOREIGN = frozenset({"HTTP", "SSH"})  # no protocol asked here begins like these
TCP_ANSWERS, UDP_ANSWERS = 3, 2  # of a host, before the silence of another port shows sooner
PROGRAMS = dict.fromkeys(("kerberos", "kpasswd", "ldap-ping"), "lsass")
"""Who answers a service's datagrams: these are one process on Windows. Others answer for themselves alone."""

LONGEST_LINE = 512  # characters of a reason or a step: our words around one text of the peer's
WALKING, LOOKING_UP = 192, 192  # sockets beside those of the checks
SOCKETS_A_QUESTION = 6  # to DNS, where it is silent: each try keeps its socket, and one is for TCP
REPEATS_PER_SECOND = 20.0
REPEATS_WINDOW_S = 1.2
MOST_CHECKS = 250_000  # of one run, unless the user says otherwise: what DNS tells decides how many there would be


@dataclass(slots=True)
class Engine:
    """The bounds that all checks of a run share."""

    patience: Timeouts
    notify: Notify
    concurrency: int = 2048
    rate: float | None = None
    source_ip: str | None = None
    max_checks: int = MOST_CHECKS
    settings: Settings = field(default_factory=Settings)  # for the probes
    parts: int = 1  # so many processes ask over the same way: its pace is shared
    networks_too: bool = False  # and in the same network
    walking: asyncio.Semaphore = field(init=False)  # sockets of the second look
    looking_up: asyncio.Semaphore = field(init=False)
    walks_begun: Counter[tuple[str, tuple[str, int]]] = field(init=False, default_factory=Counter)
    doubts: Doubts = field(init=False)
    sampled: set[str] = field(init=False, default_factory=set)  # addresses, of the second look's comparing of ports
    _slots: Crowd = field(init=False)  # asyncio's semaphore looks through all that wait, for each that leaves
    _planned: int = field(init=False, default=0)
    _paths: Paths = field(init=False)
    _repeats: Pacer = field(init=False)
    _repeats_of_all: Pacer | None = field(init=False, default=None)  # networks, within the user's own rate
    _repeats_by_way: dict[AdaptivePacer, Pacer] = field(init=False, default_factory=dict)
    _pulses: dict[tuple[str, str], Pulse] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        if self.settings == USUAL:
            self.settings = USUAL  # as subjects have them
        self.doubts = Doubts(self.patience.connect_s)
        sockets_a_check = self.patience.attempts + 1  # and one for a question beside
        wanted = self.concurrency * sockets_a_check
        allowed = socket_limit(wanted + WALKING + LOOKING_UP)
        beside = min(WALKING, max(allowed // 4, 1)), min(LOOKING_UP, max(allowed // 8, 2))
        self._slots = Crowd(max(1, min(wanted, allowed - sum(beside)) // sockets_a_check))
        self.walking = asyncio.Semaphore(beside[0])
        self.looking_up = asyncio.Semaphore(max(1, beside[1] // SOCKETS_A_QUESTION))
        self._paths = Paths(self.rate, self.parts, networks_too=self.networks_too)
        window = None if self.rate else REPEATS_WINDOW_S
        self._repeats = Pacer(min(self.rate or REPEATS_PER_SECOND, REPEATS_PER_SECOND) / self.parts, window)
        if self.rate:
            most = max(min(self.rate, REPEATS_PER_SECOND), self.rate / FIRST_TO_REPEATS)
            self._repeats_of_all = Pacer(most / self.parts)

    def within_bounds(self, checks: tuple[Check, ...], left_out: list[int]) -> tuple[Check, ...]:
        """As many of them as the run may still ask; how many that leaves out is noted."""
        taken = checks[: max(0, self.max_checks - self._planned)]
        self._planned += len(taken)
        if len(taken) < len(checks):
            left_out.append(len(checks) - len(taken))
        return taken

    async def ready(self) -> None:
        """Load the probes, aside from the loop: what was sent before keeps its time."""
        await asyncio.to_thread(probes)

    async def run(self, check: Check, subject: Subject, doubted: HostState | None = None) -> Outcome:
        """One check from its first packet to its outcome; `doubted`: its host, where `silences` is to tell of it."""
        await self._slots.enter()
        try:
            return await self._run(check, subject, doubted)
        finally:
            self._slots.leave()

    async def _run(self, check: Check, subject: Subject, doubted: HostState | None) -> Outcome:
        address = check.address or ""
        await self._paths.turn(address)
        self.notify(Started(check))
        trail = Timeline()
        doubt = None if doubted is None else self.doubts.begin(doubted, check, trail)
        try:
            outcome = await self._attempt(check, subject, trail)
        finally:
            if doubt is not None:
                doubt.over = True
        if outcome.state not in GOOD and trail.answers:
            self._paths.heard(address)  # no service, but an answer: the way is not too narrow
        return outcome

    async def silences(self) -> AsyncIterator[Doubt]:
        """Checks that seem to end in silence: soon where others of the host answer at once; without end."""
        async for doubt in self.doubts.due():
            if not (doubt.last or self.answers_at_once(doubt.check)):
                self.doubts.put_off(doubt)
            elif doubt.silent:
                yield doubt

    async def again(
        self,
        check: Check,
        subject: Subject,
        patience: Timeouts,
        segment: int | None,
        nearest_ttl: int | None = None,
        *,
        loose: bool = False,
    ) -> Outcome:
        """Ask one check once more, alone and without what is asked beside, for the second look."""
        subject = replace(self._set(subject), start_tls=False)
        async with self._slots.let_in(1):
            net = Net(
                check.address or "", patience, self._repeats, self.source_ip, Timeline(), segment, loose,
                nearest_ttl=nearest_ttl,
            )  # fmt: skip
            if loose:  # who else may answer does so as fast as the others
                net.udp_pulse = self._udp_pulse(net.address, check.service)
            return await once(probes()[check.service], check, _on_its_way(check.host, net, subject), subject)

    async def ping_over_tcp(self, address: str, port: int, subject: Subject) -> Facts:
        """What the LDAP ping tells when asked over TCP; empty where that fails."""
        from portcheck.probes import ldap_ping

        try:
            async with self._slots.let_in(1):
                asked = askable(subject, Check("", "", address, "ldap-ping", "tcp", port))
                net = _on_its_way(subject.host, self.net(address, Timeline()), subject)
                return text.facts(await ldap_ping.over_tcp(port, net, asked))
        except (NetError, WireError):
            return {}

    def net(self, address: str, trail: Timeline, service: str = "") -> Net:
        net = Net(address, self.patience, self._repeats_to(address), self.source_ip, trail)
        net.tcp_pulse = self._tcp_pulse(address)
        net.udp_pulse = self._udp_pulse(address, service)
        return net

    def _tcp_pulse(self, address: str) -> Pulse:
        return self._pulse(address, "tcp", TCP_ANSWERS)

    def _udp_pulse(self, address: str, service: str) -> Pulse:
        return self._pulse(address, PROGRAMS.get(service, service), UDP_ANSWERS)

    def _repeats_to(self, address: str) -> Pacer:
        way = self._paths.way(address)
        pacer = self._repeats_by_way.get(way)
        if pacer is None:
            least = min(self.rate or REPEATS_PER_SECOND, REPEATS_PER_SECOND) / (self.parts if self.networks_too else 1)
            window = None if self.rate else REPEATS_WINDOW_S
            pacer = RepeatPacer(way, least, window, self._repeats.delay, self._repeats_of_all)
            self._repeats_by_way[way] = pacer
        return pacer

    def _pulse(self, address: str, whose: str, enough: int) -> Pulse:
        """What is known by a name may be another machine each time."""
        if not address:
            return Pulse()
        pulse = self._pulses.get((address, whose))
        if pulse is None:
            pulse = Pulse(enough, paths=self._paths, address=address)
            self._pulses[address, whose] = pulse
        return pulse

    def answers_at_once(self, check: Check) -> bool:
        """Do others of this host, so that the silence of this one shows soon?"""
        address = check.address or ""
        pulse = self._tcp_pulse(address) if check.transport == "tcp" else self._udp_pulse(address, check.service)
        return pulse.quick and not self._repeats.delay.seconds

    def _set(self, subject: Subject) -> Subject:
        """With the options of the run."""
        return subject if subject.settings is self.settings else replace(subject, settings=self.settings)

    async def _attempt(self, check: Check, subject: Subject, trail: Timeline) -> Outcome:
        if check.address is None and subject.route is None:
            return Outcome(check, State.UNRESOLVED, f"{check.host} has no address", stage=Stage.RESOLVE)
        probe, subject = probes()[check.service], self._set(subject)
        for pause in (*AFTER_RESET_S, None):
            net = _on_its_way(check.host, self.net(check.address or "", trail, check.service), subject)
            outcome = await once(probe, check, net, subject)
            if outcome.state is not State.RESET or pause is None or check.transport == "udp":
                break
            trail.facts["resets_before_answer"] = _count(trail.facts.get("resets_before_answer")) + 1
            trail.note("again", "a first reset may be the controller's own session scavenger; trying another port")
            await asyncio.sleep(pause)
        return outcome


def _on_its_way(host: str, net: Net, subject: Subject) -> Network:
    """The network of a check: straight to its address, or by the route that its host has."""
    return net if subject.route is None else Reach(host, subject.route, net)


def probes() -> Mapping[str, Probe]:
    """The registry; late, since all protocols take longer to load than the names take to be asked for."""
    from portcheck.probes.registry import PROBES

    return PROBES


async def once(probe: Probe, check: Check, net: Network, subject: Subject) -> Outcome:
    """Run the probe once; whatever happens is an outcome, but for cancellation."""
    trail = net.trail
    try:
        seen = await probe.run(check, net, askable(subject, check))
    except NetError as fault:
        if trail.facts.get("socks_granted") and not trail.head:
            fault = socks.beyond(fault, str(trail.facts["proxy"]), "closed the tunnel before a byte came")
        trail.facts.update(fault.facts)
        if fault.state in {State.RESET, State.MUTE} and fingerprint.name(trail.head) in PLAINLY_FOREIGN:
            fault.state = State.MISMATCH  # said something, then left or waited: it was never this protocol
            fault.reason = f"{_whose(trail)}answered, but not in this protocol"
        _name_foreign(fault.state, trail)
        return _outcome(check, trail, fault.state, fault.reason, fault)
    except WireError as error:
        _name_foreign(State.MISMATCH, trail)
        looks = f", it looks like {trail.facts['peer_protocol']}" if "peer_protocol" in trail.facts else ""
        return _outcome(check, trail, State.MISMATCH, f"answered, but not in this protocol{looks}: {error}")
    except Exception as error:  # noqa: BLE001 - a fault of ours must not take the other results with it
        trail.note("fault", f"{error.__class__.__name__}: {error}")
        if starved(error):
            trail.facts["local_fault"] = True
            return _outcome(check, trail, State.ERROR, "this machine had no memory, descriptor or thread left")
        return _outcome(check, trail, State.ERROR, "portcheck itself failed here; please report it (run with -v)")
    return _good(check, trail, seen)


def _whose(trail: Timeline) -> str:
    """Said of the proxy until it has let something through."""
    asked_proxy = "proxy" in trail.facts and not {"proxy_status", "socks_granted"} & set(trail.facts)
    return f"the proxy {trail.facts['proxy']}: " if asked_proxy else ""


def _good(check: Check, trail: Timeline, seen: Seen) -> Outcome:
    trail.facts.update(seen.facts)
    return _outcome(check, trail, seen.state, seen.reason)


def _outcome(check: Check, trail: Timeline, state: State, reason: str, fault: NetError | None = None) -> Outcome:
    stage = trail.stage
    if fault is not None and fault.stage is not None:
        stage = fault.stage
    return Outcome(
        check=check,
        state=state,
        reason=text.cut(reason, LONGEST_LINE),
        stage=stage,
        attempts=trail.attempts,
        answers=trail.answers,
        latency_ms=trail.latency_ms,
        elapsed_ms=trail.elapsed_ms(),
        facts=text.facts(trail.facts),
        evidence=tuple(map(_cut, trail.steps)),
        blocked_at=fault.blocked_at if fault is not None else None,
        started_at=trail.started_at() if trail.attempts else "",
    )


def _cut(step: Trace) -> Trace:
    return step if len(step.detail) <= LONGEST_LINE else replace(step, detail=text.cut(step.detail, LONGEST_LINE))


def _name_foreign(state: State, trail: Timeline) -> None:
    if state is State.MISMATCH and trail.head:
        name = fingerprint.name(trail.head)
        if name is not None:
            trail.facts["peer_protocol"] = name


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
