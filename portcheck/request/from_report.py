"""What a report says of the paths: those that are blocked, or all that its profiles need; and what no rule can cure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field, replace

from portcheck.catalogue.services import TRANSPORTS, services
from portcheck.frozen import dataclass
from portcheck.model import BLOCKED, FAULTY, GOOD, Expected, Finding, Need, Outcome, Report, State, Verdict
from portcheck.model.readings import kdc_barred
from portcheck.model.target import Selection
from portcheck.request.elsewhere import of_others
from portcheck.request.flow import BY_NAME, DYNAMIC, Asked, ControlAnswer, Flow, Ports, one_spelling, usable

HEARD = frozenset({State.OK, State.OPEN, State.REFUSED, State.MUTE, State.RESET, State.MISMATCH})
"""The host itself was heard."""
NOT_TESTED = frozenset({State.SKIPPED, State.ERROR, State.UNRESOLVED})
"""Nothing was sent, so nothing is known of the path."""
TAKEN = "a connection was taken, and no rule for this port cures it; ask who runs it, and what lies between"
TAKEN_FOR = "a device took the connection in its place, and what lies behind that cannot be told from here"
SAID_NO = "the question got there; ask who runs it"
NOT_BY_ITSELF = (
    "silent, which by itself does not prove a block; 88/udp of the same host is blocked, so see whether the same"
    " firewall drops this too"
)
MOST_NAMED = 4  # ports of an interface that the mapper is asked for
FIRST_USER_PORT = 1024  # RFC 6335, 6: below are those that IANA assigns
KDC = frozenset({"kerberos", "kpasswd"})
PATH_CODES = (
    "mtu-black-hole", "fragments-dropped", "packet-loss", "one-way-path", "idle-timeout", "middlebox-answers",
    "connection-reset", "tls-intercepted", "long-datagrams-lost", "dns-views-differ", "wrong-forest", "asymmetric-path",
    "source-ports-filtered", "answer-from-other-address", "blocked-after-burst", "rejected-by-turns", "routing-loop",
)  # fmt: skip
"""Findings that concern the network team although no rule for a port cures them."""


@dataclass(slots=True)
class _Reading:
    """A report while it is read."""

    report: Report
    sources: tuple[str, ...]  # as given by the user; else the addresses that the run sent from
    everything: bool
    pinned: tuple[Ports, ...]
    flows: list[Flow] = field(default_factory=list)
    questions: dict[str, None] = field(default_factory=dict)
    left_out: dict[str, None] = field(default_factory=dict)
    untested: dict[str, list[str]] = field(default_factory=dict)  # by the reason
    by_host: dict[tuple[str, str | None], list[Outcome]] = field(default_factory=dict)
    others: dict[str, Finding] = field(default_factory=dict)  # by check, what explains it and is no port's matter

    def beside(self, outcome: Outcome) -> list[Outcome]:
        """All that was seen of the same host."""
        if not self.by_host:
            for one in self.report.outcomes:
                self.by_host.setdefault((one.check.host, one.check.address), []).append(one)
        return self.by_host.get((outcome.check.host, outcome.check.address), [])


def asked(
    report: Report,
    outcomes: Sequence[Outcome],
    sources: tuple[str, ...] = (),
    *,
    everything: bool = False,
    pinned: tuple[Ports, ...] = (),
) -> Asked:
    """The paths to ask for. `outcomes` are those of the report that the user chose."""
    reading = _Reading(report, sources, everything, pinned, others={} if everything else of_others(report))
    for outcome in outcomes:
        _read(reading, outcome)
    for finding in report.findings:
        if finding.code in PATH_CODES:
            reading.left_out[f"{finding.title} ({finding.code}): not a matter of one port's rule; {finding.fix}"] = None
    for reason, paths in reading.untested.items():
        reading.left_out[f"not tested, so nothing is known of the path: {', '.join(paths)} ({reason})"] = None
    tested = any(outcome.state not in NOT_TESTED for outcome in outcomes)
    return Asked(tuple(reading.flows), tuple(reading.questions), tuple(reading.left_out), tested)


def _read(reading: _Reading, outcome: Outcome) -> None:
    check = outcome.check
    if check.expected is Expected.CLOSED or check.transport not in TRANSPORTS:
        return
    if check.address is None:
        _without_address(reading, outcome)
        return
    if not usable(check.address):
        reading.left_out[f"{check.host} ({check.address}): no address that a rule could name"] = None
        return
    if outcome.facts.get("local_fault"):
        reading.questions[
            f"{check.host} ({check.address}): this machine itself could not send ({outcome.reason}); its own firewall"
            " or routes come first"
        ] = None
        return
    if not reading.everything and _stopped(reading, outcome):
        where = f"{check.host} {check.port}/{check.transport} ({check.service})"
        reading.left_out[
            f"{where}: its LDAP ping names no KDC, so no path is to blame; ask the AD team to start it"
        ] = None
        return
    if (told := reading.others.get(check.id)) and outcome.state in BLOCKED | NOT_TESTED:
        _explained(reading, outcome, told)
    elif _concerns(reading, outcome) and (why := _doubtful(reading, outcome)):
        reading.left_out[f"{check.host} ({check.service}): {why}"] = None
    elif _concerns(reading, outcome):
        _ask_for(reading, outcome)
    elif outcome.state in BLOCKED and outcome.verdict is Verdict.SKIP and check.port is not None:
        _unproven(reading, outcome)
    elif outcome.state in NOT_TESTED:
        _untested(reading, outcome)
    elif outcome.verdict in FAULTY and outcome.state not in BLOCKED | GOOD:
        _served_badly(reading, outcome)


def _explained(reading: _Reading, outcome: Outcome, told: Finding) -> None:
    """Those of the path are told once, and not by host."""
    if told.code not in PATH_CODES:
        where = f"{outcome.check.host} ({outcome.check.address})"
        reading.left_out[f"{where}: {told.title} ({told.code}): {told.fix}"] = None


def _unproven(reading: _Reading, outcome: Outcome) -> None:
    check, seen = outcome.check, "silent" if outcome.state is State.FILTERED else str(outcome.state)
    where = f"{check.service} {check.port}/{check.transport} to {check.host}"
    reading.left_out[f"{where}: {seen}, but nothing proves that it is offered there; --all asks for it"] = None


def _ask_for(reading: _Reading, outcome: Outcome) -> None:
    check, caveat = outcome.check, _caveat(reading, outcome)
    if caveat is None:
        return
    dynamic = _behind_mapper(outcome) and not reading.pinned
    found = [
        _flow(reading, outcome, source, ports, caveat, dynamic=dynamic)
        for source in _sources(reading, outcome)
        for ports in _ports(reading, outcome)
    ]
    if not found:
        far = ", at the far end of the SOCKS proxy" if outcome.facts.get("proxy_scheme") else ""
        reading.questions[f"{check.host} ({check.address}): from which address is it asked{far}? (--source)"] = None
    reading.flows.extend(found)


def _without_address(reading: _Reading, outcome: Outcome) -> None:
    """By its name alone: no rule between addresses is about it. Unresolved, it may have one all the same."""
    check = outcome.check
    if outcome.state is State.UNRESOLVED and not _of_the_cloud(reading, outcome):
        reading.questions[f"{check.host} has no address: which one is meant?"] = None
    elif outcome.state in NOT_TESTED:
        _untested(reading, outcome)
    elif reading.everything or (outcome.state in BLOCKED and outcome.verdict in FAULTY):
        what = "; ".join(check.operations) or check.purpose or check.service
        reading.left_out[f"{check.host} {check.port}/{check.transport} ({what}): {BY_NAME}"] = None
    elif outcome.verdict in FAULTY and outcome.state not in BLOCKED | GOOD:
        _served_badly(reading, outcome)


def _of_the_cloud(reading: _Reading, outcome: Outcome) -> bool:
    of_it = (forest.facts.get("kind") for forest in reading.report.forests if forest.name == outcome.check.forest)
    return "cloud" in of_it


def _untested(reading: _Reading, outcome: Outcome) -> None:
    check = outcome.check
    if check.need is not Need.OPTIONAL:
        port = "dynamic" if check.port is None else check.port
        where = f"{check.service} {port}/{check.transport} to {check.host}"
        reading.untested.setdefault(outcome.reason, []).append(where)


def _served_badly(reading: _Reading, outcome: Outcome) -> None:
    """A refusal is the host's own word; whatever else takes a connection may be a device in its place."""
    check = outcome.check
    where = f"{check.host} {check.port}/{check.transport} ({check.service})"
    by_device = any(outcome.facts.get(key) is True for key in ("handshake_by_device", "control_port_accepts"))
    said = SAID_NO if outcome.state is State.REFUSED else TAKEN_FOR if by_device else TAKEN
    reading.left_out[f"{where}: {outcome.state}, {outcome.reason}; {said}"] = None


def _stopped(reading: _Reading, outcome: Outcome) -> bool:
    """Silent, because the KDC does not run: the host's LDAP ping names its roles, and that one is not among them."""
    if outcome.check.service not in KDC or outcome.state not in BLOCKED:
        return False
    told = [o.facts.get("roles") for o in reading.beside(outcome) if o.check.service == "ldap-ping"]
    return any(isinstance(roles, list | tuple) and roles and "kdc" not in roles for roles in told)


def _concerns(reading: _Reading, outcome: Outcome) -> bool:
    """Is this a path to ask for?"""
    if _port_unknown(reading, outcome):
        return True
    if outcome.facts.get("long_datagrams_lost") and not reading.everything:
        return False  # the port is open
    if outcome.state in BLOCKED and outcome.verdict is Verdict.SKIP:  # nothing proves that it is offered there
        return reading.everything or not _heard(reading, outcome)
    if reading.everything:
        return outcome.verdict is not Verdict.SKIP and outcome.state not in {State.SKIPPED, State.UNRESOLVED}
    return outcome.state in BLOCKED and outcome.verdict in FAULTY


def _heard(reading: _Reading, outcome: Outcome) -> bool:
    return any(one.state in HEARD for one in reading.beside(outcome))


def _port_unknown(reading: _Reading, outcome: Outcome) -> bool:
    """An interface whose port nobody could tell: the mapper is blocked, or (asked for everything) says nothing."""
    if not _behind_mapper(outcome) or outcome.check.port is not None or outcome.facts.get("interface_missing"):
        return False
    mapper = next((o.state for o in reading.beside(outcome) if o.check.service == "rpc"), State.SKIPPED)
    return mapper in BLOCKED or (reading.everything and mapper is not State.SKIPPED)


def _doubtful(reading: _Reading, outcome: Outcome) -> str:
    """Why no rule is asked for; empty: one is."""
    if outcome.facts.get("udp_unproven") and not (reading.everything or kdc_barred(reading.beside(outcome))):
        port = f"{outcome.check.port}/{outcome.check.transport}"
        return f"{port}: {outcome.reason}; look for it in a capture there first (--all asks for it)"
    return _invented(reading, outcome)


def _invented(reading: _Reading, outcome: Outcome) -> str:
    """Why no rule is asked for what the mapper names; empty: it may be. Ports that the user pinned are the user's."""
    if not _behind_mapper(outcome) or reading.pinned or outcome.check.port is None:
        return ""
    told = outcome.facts.get("port_candidates")
    several = told if isinstance(told, list) else []
    beside = (o for o in reading.beside(outcome) if o.check.service == "rpc")
    if len(several) > MOST_NAMED or any(o.facts.get("towers_too_many") for o in beside):
        return "its endpoint mapper names more ports than it was asked for; no rule is asked for what it invents"
    if any(isinstance(port, int) and port < FIRST_USER_PORT for port in (*several, outcome.check.port)):
        return f"its endpoint mapper names a port below {FIRST_USER_PORT}, where RPC services are not; make sure first"
    return ""


def _behind_mapper(outcome: Outcome) -> bool:
    known = services().get(outcome.check.service)
    return known is not None and known.dynamic


def _caveat(reading: _Reading, outcome: Outcome) -> str | None:
    """What to find out before the change; None where there is no rule to ask for at all."""
    if outcome.facts.get("udp_unproven"):
        return NOT_BY_ITSELF
    if _heard(reading, outcome):
        return ""
    beside = [o for o in reading.beside(outcome) if o.state is not State.SKIPPED]
    check = outcome.check
    told = [o for o in beside if o.state is State.UNREACHABLE]
    if told and not any(o.state is State.REJECTED for o in beside):
        reading.questions[
            f"{check.host} ({check.address}): {told[0].reason}. Is it up, has it this address, and is there a route to"
            " it? No rule is asked for until that is known"
        ] = None
        return None
    if any(o.state is State.REJECTED for o in beside):
        return ""
    return "nothing on the destination answered any question: make sure first that it is up and has this address"


def _flow(reading: _Reading, outcome: Outcome, source: str, ports: Ports, caveat: str, *, dynamic: bool) -> Flow:
    check = outcome.check
    assert check.address is not None
    to = one_spelling(check.address)
    here = check.host in {dc.host for forest in reading.report.forests for dc in forest.domain_controllers}
    flow = Flow.of(check, source, to, ports, evidence(outcome), dynamic=dynamic, caveat=caveat, on_controller=here)
    told = outcome.facts.get("source_ports") or [outcome.facts.get("local_port")]
    return replace(
        flow,
        tried_at=outcome.started_at,
        source_ports=tuple(port for port in told if isinstance(port, int)) if isinstance(told, list) else (),
        control=_control(reading, outcome, source),
        suspects=tuple(filter(None, outcome.blocked_at.suspects)) if outcome.blocked_at is not None else (),
        proven=not outcome.facts.get("udp_unproven"),
    )


def _control(reading: _Reading, outcome: Outcome, source: str) -> ControlAnswer | None:
    """Of this host's ports that answered this source, the one that did so first; its own transport before the other."""
    told = [
        o
        for o in reading.beside(outcome)
        if o.state in GOOD and o.check.port is not None and o.facts.get("local_address", source) == source
    ]
    if not told:
        return None
    best = min(told, key=lambda o: (o.check.transport != outcome.check.transport, o.started_at, o.check.port or 0))
    return ControlAnswer(f"{best.check.port}/{best.check.transport}", best.started_at, best.latency_ms)


def _ports(reading: _Reading, outcome: Outcome) -> tuple[Ports, ...]:
    """The ports seen; where the mapper could not tell them, the range it chooses from."""
    check = outcome.check
    behind = _behind_mapper(outcome)
    if behind and reading.pinned:
        return reading.pinned
    if check.port is None:
        return (Ports("tcp", *DYNAMIC),) if behind else ()
    told = outcome.facts.get("port_candidates") if behind and outcome.state in BLOCKED else None
    several = told if isinstance(told, list) else [check.port]
    numbers = dict.fromkeys(port for port in (*several, check.port) if isinstance(port, int) and 0 < port < 65536)
    return tuple(Ports(check.transport, port, port) for port in numbers)


def _sources(reading: _Reading, outcome: Outcome) -> tuple[str, ...]:
    """Of the destination's family: as the user says, else as this host was asked from, else as the run was."""
    assert outcome.check.address is not None
    family = ":" in outcome.check.address
    if outcome.facts.get("proxy_scheme"):  # asked from beyond a SOCKS proxy: no address of this machine's
        return tuple(dict.fromkeys(one_spelling(a) for a in reading.sources if (":" in a) == family and usable(a)))
    own = (str(o.facts.get("local_address") or "") for o in (outcome, *reading.beside(outcome)))
    for candidates in (reading.sources, tuple(dict.fromkeys(own)), reading.report.vantage.addresses):
        fitting = dict.fromkeys(one_spelling(a) for a in candidates if (":" in a) == family and usable(a))
        if fitting:
            return tuple(fitting) if candidates is reading.sources else tuple(fitting)[:1]
    return ()


def evidence(outcome: Outcome) -> str:
    """filtered: no answer to 3 tries in 4.0 s; last heard: 10.77.100.2 (hop 2); it or something beyond drops it"""
    seen = f"{outcome.state}: {outcome.reason}"
    place = outcome.blocked_at
    if place is None:
        return seen
    if place.by is not None:
        return seen if place.by in seen else f"{seen}; {place.by} said no"
    if place.after is not None:
        return f"{seen}; {place.last_heard}"
    return f"{seen}; lost at or before the first hop" if place.hop == 0 else seen


def chosen(
    report: Report, profiles: Iterable[str], selection: Selection, hosts: Iterable[str] = ()
) -> tuple[Outcome, ...]:
    """The outcomes of the report that the user narrows it to."""
    wanted, named = set(profiles), set(hosts)
    found = []
    for outcome in report.outcomes:
        check = outcome.check
        if wanted and not wanted & set(check.profiles):
            continue
        if named and not named & {check.host, check.address}:
            continue
        if selection.takes(check.service, check.transport, check.port):
            found.append(outcome)
    return tuple(found)
