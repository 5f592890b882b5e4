"""What is known of one host while it is asked: its domain, its roles, where its RPC interfaces live."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import field, replace
from pathlib import Path

from portcheck.catalogue.profiles import OPENERS
from portcheck.catalogue.services import GENERIC, services
from portcheck.config import CLOUD
from portcheck.diagnose.verdict import Offered
from portcheck.frozen import dataclass
from portcheck.model import GOOD, Check, DomainController, Facts, Outcome, Stage, State
from portcheck.model.target import DC, SWEPT, UNNAMED, Route, Target
from portcheck.probes.probe import Subject

# Roles that the LDAP ping tells by a flag: without the flag the service is not there (MS-ADTS 6.3.1.2).
NONE_OF_THEM = {True: "this machine is none of those that are known", False: "this machine is where they lead"}
FLAGGED = {"gc": "not a global catalog", "time": "no time server", "adws": "AD Web Services do not run"}
UNKNOWN_PORT = (
    "a dynamic port, and the mapper's name for it is not documented: pin it there and name it as the system's port"
)
VOICES = GOOD | {State.REFUSED, State.MUTE, State.RESET, State.MISMATCH}
ANYBODYS = frozenset({"dns", "time", "netbios-ns", "netbios-ssn", "smb", "winrm", "tcp", "udp"})  # not only a DC's
SOURCE_ORDER = ("report", "explicit", "srv", "argument", "address", "dns-server", "resolver")
IN_TURN = 3  # of these, the order in which they are found is always the same
FAMILIES: dict[tuple[str, ...], str] = {("A",): "IPv4 address", ("AAAA",): "IPv6 address"}
ROLE_ORDER = ("pdc", "gc", "kdc", "writable", "rodc", "dns", "time", "adws")
CONTROLLER_FACTS = (
    "dns_host_name", "domain", "forest", "netbios_domain", "netbios_host", "client_site", "domain_controller_level",
    "vendor", "paused",
)  # fmt: skip


@dataclass(slots=True)
class HostState:
    """One place, and what its answers and DNS told of it."""

    place: Target
    ca_file: Path | None = None
    expected_sid: str = ""  # of its domain
    announced: frozenset[str] = frozenset()  # roles by SRV and NS records
    no_name_server: bool = False  # the zone's NS set is known, and this host is not in it
    answered_by: str = ""  # not a controller: what answers in its place
    stands_in_for: frozenset[str] = frozenset()  # services that it says it offers
    ping: Facts = field(default_factory=dict)
    root: Facts = field(default_factory=dict)
    known: asyncio.Event = field(default_factory=asyncio.Event)  # the ping has answered, or given up
    heard: bool = False  # anything at all came back from it
    speaks: bool = False  # as a controller does
    far: bool = False  # of another site than this machine's own, which has controllers that answer
    _offered: tuple[tuple[object, ...], Offered] | None = None
    _subject: tuple[Facts, Subject] | None = None  # with the ping that it was made of

    @property
    def where(self) -> tuple[str, str | None]:
        return self.place.host, self.place.address

    def learn(self, outcome: Outcome) -> None:
        """Keep what an answer tells of the host itself."""
        if outcome.state is not State.OK:
            return
        if "answered_by" in outcome.facts:
            self._learn_listener(outcome.facts)
            return
        if outcome.check.service == "ldap-ping":
            self.learn_ping(outcome.facts)
        elif outcome.check.service in {"ldap", "ldaps"} and not self.root:
            self.root = outcome.facts

    def hear(self, outcome: Outcome) -> None:
        """Is there anybody, and is it a controller? Matters only where neither DNS nor the ping told."""
        if outcome.state in VOICES:
            self.heard = True
            self.speaks = self.speaks or (outcome.state in GOOD and outcome.check.service not in ANYBODYS)

    def learn_ping(self, told: Facts) -> None:
        if "answered_by" in told:
            self._learn_listener(told)
            return
        self.ping = told
        if told:
            self.known.set()

    def _learn_listener(self, told: Facts) -> None:
        """No controller: `portcheck listen` in its place. What it stands in for is offered here; no more is known."""
        self.answered_by = str(told["answered_by"])
        offered = told.get("stands_in_for")
        self.stands_in_for |= frozenset(map(str, offered)) if isinstance(offered, list) else frozenset()
        self.known.set()

    def unsure_of(self, check: Check) -> bool:
        """The ping tells whether this is offered here, and it has not answered yet."""
        role = services()[check.service].role if check.service in services() else ""
        return role in FLAGGED and not self.known.is_set()

    @property
    def roles(self) -> frozenset[str]:
        """Everything that is proven, by whatever means."""
        found = set(self.announced)
        told = self.ping.get("roles")
        if isinstance(told, list):
            found -= set(FLAGGED) | {"kdc"}  # the ping is the better witness
            found |= {str(role) for role in told}
        elif self.root.get("is_gc_ready") is True:
            found.add("gc")
        return frozenset(found)

    @property
    def lacks(self) -> frozenset[str]:
        missing = {"dns"} if self.no_name_server else set()
        if self.ping.get("roles"):
            missing |= {role for role in FLAGGED if role not in self.roles}
        return frozenset(missing)

    def turn(self) -> tuple[int, str]:
        """Its place among the hosts of a report, whoever was heard first. Named hosts keep the order of their names."""
        if not self.controls:
            return len(SOURCE_ORDER) + 1, ""
        if self.place.source in SOURCE_ORDER[:IN_TURN]:
            return SOURCE_ORDER.index(self.place.source), ""
        number = SOURCE_ORDER.index(self.place.source) if self.place.source in SOURCE_ORDER else len(SOURCE_ORDER)
        return number, self.place.address or ""

    @property
    def controls(self) -> bool:
        """A domain controller, or a host asked as one."""
        return self.place.target == DC

    def unasked(self, check: Check) -> Facts:
        """Told where a profile speaks of a machine that nobody named, or of what others open."""
        if self.place.source == UNNAMED:
            return {"not_named": True}
        return {"opened_elsewhere": OPENERS[check.opener]} if check.opener else {}

    @property
    def route(self) -> Route:
        return self.place.route or Route()

    def tunnels(self, outcome: Outcome) -> bool:
        """Whether this answer came from here through a proxy's tunnel."""
        return (
            not self.route.direct
            and not self.route.socks
            and outcome.check.service == "https"
            and outcome.state is State.OK
        )

    @property
    def reached_at(self) -> str | None:
        """The address that packets go to, where it is the host's own."""
        route = self.place.route
        return self.place.address if route is None else next(iter(route.addresses if route.direct else ()), None)

    @property
    def offered(self) -> Offered:
        """What it is known to offer by now; worked out again once anything else is known."""
        of_names = (self.place, self.announced, self.no_name_server, self.far)
        known = (self.ping, self.root, self.stands_in_for, self.heard, self.speaks, *of_names)
        if self._offered is None or self._offered[0] != known:
            self._offered = known, self._offers()
        return self._offered[1]

    def _offers(self) -> Offered:
        """An assumed controller that nothing is heard of may well be one; one that only refuses is none."""
        if self.place.target == CLOUD:
            return Offered(frozenset({"unproven"}))  # a document lists it: it is there
        if not self.controls:
            return Offered(named=True)
        assumed = self.place.assumed and self.heard and not self.speaks
        return Offered(
            self.roles, self.lacks, self.stands_in_for, controller=not assumed and not self.nobody, far=self.far
        )

    @property
    def nobody(self) -> bool:
        """An address of a network at which no controller has answered: nothing says that there is one."""
        return self.place.source == SWEPT and not self.speaks and not self.ping

    @property
    def domain(self) -> str:
        """The domain to ask about: the one it was named for, else its own."""
        return self.place.domain or str(self.ping.get("domain") or "")

    def not_expected(self, check: Check) -> str | None:
        """Why this check makes no sense here; None where it does."""
        if self.place.unasked:
            return self.place.unasked
        if check.opener:
            return f"opened by {OPENERS[check.opener]}, and {NONE_OF_THEM[check.opener == DC]}; run it there"
        if self.route.socks and check.transport == "udp":
            return f"UDP does not go through the SOCKS proxy {self.route.proxy}"
        if check.port is None and check.service in GENERIC:
            return UNKNOWN_PORT
        role = services()[check.service].role if check.service in services() else ""
        if role not in self.lacks:
            return None
        if role == "dns":
            return f"not a name server of {self.domain} (NS records)"
        return f"{FLAGGED[role]} (LDAP ping)"

    def in_hindsight(self, outcome: Outcome) -> Outcome:
        """What was asked before it was known not to be offered here, as if it had been known from the start."""
        reason = self.not_expected(outcome.check)
        if reason is None or outcome.state in GOOD | {State.SKIPPED}:
            return outcome
        return replace(outcome, state=State.SKIPPED, reason=reason, blocked_at=None)

    def subject(self) -> Subject:
        """Who is asked; the same for all its checks, until the ping tells more."""
        if self._subject is None or self._subject[0] is not self.ping:
            self._subject = self.ping, self._described()
        return self._subject[1]

    def _described(self) -> Subject:
        name = self.place.host
        told = str(self.ping.get("dns_host_name") or "")
        return Subject(
            host=told if name == self.place.address and told else name,
            domain=self.domain,
            netbios_host=str(self.ping.get("netbios_host") or "") if self.ping.get("hosts_domain") else "",
            ca_file=self.ca_file,
            domain_sid=self.expected_sid,
            route=self.place.route,
            public=self.place.target == CLOUD,
        )

    def rpc_subject(self, check: Check, ports: tuple[int, ...]) -> Subject:
        service = services()[check.service]
        return replace(self.subject(), interface=service.interface or "", version=service.version or 0, ports=ports)

    def subject_again(self, outcome: Outcome) -> Subject:
        """For a second look: an RPC interface where the mapper had it."""
        if not outcome.check.service.startswith("rpc-"):
            return self.subject()
        ports = outcome.facts.get("port_candidates")
        usable = tuple(ports) if isinstance(ports, list) else ()
        return self.rpc_subject(outcome.check, usable or ((outcome.check.port,) if outcome.check.port else ()))

    def controller(self) -> DomainController:
        facts: Facts = {}
        for told in (self.root, self.ping):
            facts |= {key: told[key] for key in CONTROLLER_FACTS if told.get(key) not in (None, "", False)}
        if self.answered_by:
            facts["answered_by"] = self.answered_by
        shown = set() if self.answered_by and not self.ping else self.roles & set(ROLE_ORDER)
        return DomainController(
            host=self.place.host,
            address=self.place.address,
            source=self.place.source,
            site=str(self.ping.get("site") or self.root.get("site") or "") or None,
            roles=tuple(role for role in ROLE_ORDER if role in shown),
            facts=facts,
            domain=self.domain,
        )


def without_address(check: Check, families: Sequence[str], place: Target) -> Outcome:
    """The name was looked up for addresses of these families in vain."""
    if place.given:
        reason = f"{check.host} has no address that could be asked: {', '.join(place.given)}"
        return Outcome(check, State.UNRESOLVED, reason, stage=Stage.RESOLVE, facts={"address_given": list(place.given)})
    if place.untold:
        reason = f"DNS did not tell the address of {check.host}"
        return Outcome(check, State.UNRESOLVED, reason, stage=Stage.RESOLVE, facts={"address_told": False})
    reason = f"{check.host} has no {FAMILIES.get(tuple(families), 'address')}"
    return Outcome(check, State.UNRESOLVED, reason, stage=Stage.RESOLVE)


def without_port(check: Check, mapper: Outcome | None) -> Outcome:
    """An RPC interface whose port the mapper did not tell, and why."""
    if mapper is None:
        return Outcome(check, State.SKIPPED, "the endpoint mapper was not asked")
    if mapper.state is not State.OK:
        reason = f"the endpoint mapper did not answer ({mapper.state})"
        return Outcome(check, State.SKIPPED, reason, facts={"mapper_silent": True})
    if mapper.facts.get("anonymous_refused"):
        return Outcome(
            check, State.SKIPPED, "the endpoint mapper refuses anonymous questions, so the port is not known"
        )
    reason = "the endpoint mapper does not know this interface"
    return Outcome(check, State.SKIPPED, reason, facts={"interface_missing": True})
