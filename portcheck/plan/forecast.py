"""Forests and profiles to the lines of a forecast. Nothing is sent, not even a question to DNS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field, replace

from portcheck.asking.host import HEAD_START_S, PING_PORT, hidden_ping
from portcheck.catalogue.profiles import OPENERS, Profile
from portcheck.catalogue.services import GENERIC
from portcheck.config import CLOUD, ForestSpec, Settings
from portcheck.frozen import dataclass
from portcheck.model import Check, Outcome, Report, State
from portcheck.model.target import DC, Selection, Target
from portcheck.net.timeouts import Timeouts
from portcheck.plan import names, pricing, second_look
from portcheck.plan.line import Cost, Forecast, ForecastLine, LineKind
from portcheck.probes.probe import Exchange, Subject
from portcheck.probes.registry import exchange
from portcheck.targets import known as known_places
from portcheck.targets import systems
from portcheck.targets.checks import checks_for

NETBIOS = 15  # longest NetBIOS name


@dataclass(frozen=True, slots=True)
class ForecastOrder:
    """How the run would be made."""

    settings: Settings = field(default_factory=Settings)
    selection: Selection = field(default_factory=Selection)
    families: tuple[str, ...] = ("A", "AAAA")
    report: Report | None = None  # an earlier run, for the hosts that it found

    @property
    def patience(self) -> Timeouts:
        return Timeouts(self.settings.timeout_s, self.settings.answer_timeout_s, self.settings.attempts)


def forecast(forests: Sequence[tuple[ForestSpec, tuple[Profile, ...]]], asking: ForecastOrder) -> Forecast:
    """Every forest's lines, with what has to be said about them."""
    outside = systems.cloud(forests, (), asking.selection)
    parts = [*forests, *([outside] if outside else [])]
    lines = tuple(line for forest, profiles in parts for line in _part(forest, profiles, asking))
    return Forecast(lines, (*_notes(lines, asking), *_more(forests)))


def _part(forest: ForestSpec, profiles: tuple[Profile, ...], asking: ForecastOrder) -> Iterator[ForecastLine]:
    if not systems.asks_others_only(forest, profiles, asking.selection):
        yield from _forest(forest, profiles, asking)
    for place in systems.unlocated(systems.SystemsWanted(forest, profiles, asking.selection, asking.families)):
        yield from _place(place, forest, profiles, asking, each=False)


def _forest(forest: ForestSpec, profiles: tuple[Profile, ...], asking: ForecastOrder) -> Iterator[ForecastLine]:
    yield from names.discovery(forest, asking.families, asking.settings.timeout_s)
    known = _places(forest, asking)
    for place in known:
        yield from _place(place, forest, profiles, asking, each=False)
        if place.address is not None and not place.dns_only:
            yield names.reverse(forest, place.address, asking.settings.timeout_s)
    if not forest.discover:
        return
    if not forest.domain_controllers:
        yield from _last_resort(known, forest, profiles, asking)
    if asking.report is None or all(place.dns_only for place in known):
        example = Target(f"dc1.{forest.name}", None, "srv", forest.name)
        for line in _place(example, forest, profiles, asking, each=True):
            yield replace(line, host=names.EACH)


def _last_resort(
    known: Sequence[Target], forest: ForestSpec, profiles: tuple[Profile, ...], asking: ForecastOrder
) -> Iterator[ForecastLine]:
    """Where DNS names nobody: is a name server a domain controller, and does the system's DNS answer at all?"""
    servers = [place for place in known if place.dns_only]
    for place in servers:
        ping = hidden_ping(place, forest)
        talk = exchange(ping, _subject(place))
        line = replace(_check(ping, talk, talk, asking), kind=LineKind.ROLES, need="")
        yield replace(line, answered=Cost(), when=names.NOBODY, purpose="is it a domain controller?")
        assumed = replace(place, dns_only=False, assumed=True)
        for line in _place(assumed, forest, profiles, asking, each=False):
            if line.service != "dns":  # asked of it in any case
                yield replace(line, answered=Cost(), when=names.UNHEARD)
    if not servers and not forest.dns:
        system = Target(names.SYSTEM, None, "resolver", dns_only=True)
        for line in _place(system, forest, profiles, asking, each=False):
            yield replace(line, answered=Cost(), when=names.UNHEARD)


def _places(forest: ForestSpec, asking: ForecastOrder) -> tuple[Target, ...]:
    """Of the report where there is one for this forest; else of the file."""
    told = known_places.from_report(asking.report, forest.name) if asking.report is not None else ()
    return told or known_places.from_file(forest)


def _place(
    place: Target, forest: ForestSpec, profiles: tuple[Profile, ...], asking: ForecastOrder, *, each: bool
) -> Iterator[ForecastLine]:
    found = checks_for(place, forest, profiles, asking.selection)
    checks = [check for check in found if check.port is not None or check.service not in GENERIC]  # nobody knows where
    subject = _subject(place)
    behind = tuple(check.service for check in checks if check.port is None)
    asked = [(check, exchange(check, subject, behind)) for check in checks]
    unknown = replace(subject, netbios_host="")  # what is not answered tells no name
    for check, talk in asked:
        line = _check(check, talk, exchange(check, unknown, behind), asking)
        yield replace(line, each=each, when=_left_out(check, asking.report) or _by_whom(check))
    if not place.dns_only and place.target == DC:
        yield from (replace(line, each=each) for line in _roles(place, forest, checks, subject, asking))
    if asking.settings.trace:
        brief, unheard = replace(subject, start_tls=False), replace(unknown, start_tls=False)
        largest = [(c, max((exchange(c, s, behind) for s in (brief, unheard)), key=_size)) for c in checks]
        yield from second_look.lines(forest.name, place, largest, each=each)


def _size(talk: Exchange) -> int:
    return sum(question.size for question in talk.questions)


def _subject(place: Target) -> Subject:
    """As the run will know the host: its NetBIOS name, told by the LDAP ping, is as a rule the name's first label."""
    label = "" if place.host == place.address else place.host.partition(".")[0]
    return Subject(place.host, place.domain, netbios_host=label[:NETBIOS].upper())


def _left_out(check: Check, report: Report | None) -> str:
    """What an earlier run did not ask for, since the host does not offer it, is not asked for again."""
    if report is None:
        return ""
    before = next((outcome for outcome in report.outcomes if _same(outcome, check)), None)
    if before is None or before.state is not State.SKIPPED:
        return ""
    return f"not asked in the earlier run: {before.reason}"


def _by_whom(check: Check) -> str:
    """Who is to ask it: a run on another machine leaves it out."""
    if not check.opener:
        return ""
    who = OPENERS[check.opener]
    return f"this machine is one of {who}" if check.opener == DC else f"it is not this machine itself ({who} open it)"


def _same(outcome: Outcome, check: Check) -> bool:
    was = outcome.check
    return (was.host, was.address, was.service, was.transport) == (
        check.host, check.address, check.service, check.transport,
    )  # fmt: skip


def _check(check: Check, talk: Exchange, unheard: Exchange, asking: ForecastOrder) -> ForecastLine:
    """`unheard`: the same questions, as they are while the host's name is not known."""
    silent = pricing.silent(check.transport, unheard, asking.patience)
    if check.port is None:
        silent = Cost()  # without an answer of the mapper nobody knows the port
    return ForecastLine(
        kind=LineKind.CHECK,
        forest=check.forest,
        host=check.host,
        address=check.address,
        service=check.service,
        transport=check.transport,
        port=check.port,
        questions=(*talk.questions, *talk.aside),
        answered=pricing.answered(check.transport, talk),
        silent=silent,
        at_most=pricing.at_most(check.transport, talk, asking.patience),
        need=check.need.value,
        purpose=check.purpose,
        operations=check.operations,
        document=check.source,
    )


def _roles(
    place: Target, forest: ForestSpec, checks: Sequence[Check], subject: Subject, asking: ForecastOrder
) -> Iterator[ForecastLine]:
    """The LDAP ping that every host gets, and the same over TCP where UDP is slow to answer."""
    ping = hidden_ping(place, forest)
    talk = exchange(ping, subject)
    if not any(check.service == "ldap-ping" for check in checks):
        yield replace(_check(ping, talk, talk, asking), kind=LineKind.ROLES, need="", purpose="DC locator")
    over_tcp = replace(ping, transport="tcp", port=forest.ports.get("ldap", PING_PORT))
    yield replace(
        _check(over_tcp, talk, talk, asking),
        kind=LineKind.ROLES,
        answered=Cost(),
        silent=pricing.silent("tcp", talk, asking.patience),
        at_most=pricing.at_most("tcp", talk, asking.patience, runs=1),
        need="",
        purpose="what the host offers",
        when=f"389/udp has not answered after {HEAD_START_S} s",
    )


def _more(forests: Sequence[tuple[ForestSpec, tuple[Profile, ...]]]) -> Iterator[str]:
    if any("domain_sid" in forest.expect for forest, _ in forests):
        yield "For expect.domain_sid two LDAP pings more go over each LDAP connection of that forest; not counted."
    yield "With --bind one controller after another is signed in to, and --idle holds sessions open; not counted."


def _notes(lines: Sequence[ForecastLine], asking: ForecastOrder) -> Iterator[str]:
    if any(line.kind is LineKind.CHECK and line.port is None for line in lines):
        yield "The ports of the RPC services are told by the endpoint mapper during the run."
    if any(line.each for line in lines):
        yield (
            "How many domain controllers DNS names is not known before it is asked; --report RUN.json takes the hosts"
            " of an earlier run."
        )
    if any(question.what.startswith("TLS") for line in lines for question in line.questions):
        yield "Sizes under TLS are those of TLS 1.3; the ClientHello is this machine's own."
    if any(line.kind is LineKind.DISCOVERY for line in lines):
        yield (
            "Where the system's DNS knows no address of a name, the system's own lookup (getaddrinfo) asks once more in"
            " its own way; that is not counted."
        )
    if any(line.kind is LineKind.DISCOVERY and line.each for line in lines):
        yield (
            "An address of the domain's own name that is no controller's is asked one LDAP question; of a child domain"
            " the forest's root is asked for its locator, Kerberos and Global Catalog. Neither is counted."
        )
    if any(line.address is None and line.kind is LineKind.CHECK and not line.each for line in lines):
        yield "A host that is named without its address is asked at each address that DNS gives; counted is one."
    if any(line.kind is LineKind.CHECK and line.forest == CLOUD for line in lines):
        yield (
            "Of the cloud each endpoint is counted as asked straight, at one address; its name is looked up (A, AAAA),"
            " which is not counted. Through a proxy there is one connection to the proxy instead."
        )
    if not asking.settings.trace:
        yield "No second look (--no-trace)."
