"""State to Verdict: what was seen, held against what the profile needs and what this host is known to offer."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from portcheck.catalogue.services import services
from portcheck.frozen import dataclass
from portcheck.model import (
    BLOCKED,
    GOOD,
    Check,
    Expected,
    Facts,
    Need,
    Outcome,
    State,
    Verdict,
)

KERBEROS_SKEW_S = 300.0  # the default limit (RFC 4120, 1.6; Microsoft: SkewTime)
NOT_OFFERED = "not offered here, or filtered"
QUIET = BLOCKED | {State.REFUSED}
SOURCE_PORTS = 2  # tried in vain, before the silence of a datagram port counts
TLS_SERVICES = frozenset({"ldaps", "gc-tls"})
REFUSED_CERTIFICATE = frozenset({"not yet valid", "expired", "purpose", "weak", "other"})
"""Whoever verifies refuses it, whichever authorities it trusts."""
OLD_TLS = frozenset({"SSLv3", "TLSv1", "TLSv1.1"})  # RFC 8996
OF_ITS_ROLE = frozenset({"mim-service", "mim-sts", "mssql", "rpc", "rpc-cert", "kdc-proxy"})
"""What a machine around the forest has that was named for it, however badly it is needed."""


@dataclass(frozen=True, slots=True)
class Offered:
    """What is proven about one host: the roles it has, and those it is known not to have."""

    roles: frozenset[str] = frozenset()
    lacks: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()  # offered whatever their roles
    named: bool = False  # a machine around the forest: the user says what it is
    controller: bool = True  # False: taken for one, and it speaks like none
    far: bool = False  # of another site than this machine's own: clients here turn to it last

    def has(self, service: str) -> bool:
        role = role_of(service)
        if service == "kpasswd" and "rodc" in self.roles and service not in self.services:
            return False  # INFERRED: a read-only controller passes changes on, or has no such service
        return service in self.services or role in self.roles or (role == "dc" and self.controller)


def judge(outcome: Outcome, offered: Offered) -> Outcome:
    """The outcome with its verdict; the reason gains what the verdict rests on."""
    verdict = verdict_of(outcome, offered)
    if verdict is Verdict.SKIP and outcome.state is not State.SKIPPED:
        return replace(outcome, verdict=verdict, reason=_why_not_counted(outcome, offered))
    return replace(outcome, verdict=verdict)


def verdict_of(outcome: Outcome, offered: Offered) -> Verdict:
    """What was seen, held against what is wanted of this host."""
    state = outcome.state
    if outcome.facts.get("signed_in") is False or _lacks_rights(outcome):
        return Verdict.FAIL  # asked for, and it did not come about
    if outcome.facts.get("domain_sid_told") == "differs":
        return Verdict.FAIL  # not the forest that is expected
    if outcome.check.expected is Expected.CLOSED:
        return _when_closed(outcome)
    match state:
        case State.OK | State.OPEN:
            if outcome.facts.get("tls_intercepted") is True:
                return _hurt(outcome)  # clients refuse what is signed by a stranger
            return Verdict.WARN if _faulty(outcome) else Verdict.PASS
        case State.SKIPPED:
            return _when_skipped(outcome)
        case State.ERROR:
            return Verdict.UNKNOWN
        case _:
            return _not_good(outcome, offered)


def _lacks_rights(outcome: Outcome) -> bool:
    """The account lacks a right without which the profile does not work."""
    told = outcome.facts.get("rights_missing")
    rows = told if isinstance(told, list) else ()
    return any(isinstance(row, Mapping) and row.get("need") == Need.REQUIRED for row in rows)


def _not_good(outcome: Outcome, offered: Offered) -> Verdict:
    if _not_offered(outcome, offered) or (outcome.check.service == "udp" and outcome.state is State.FILTERED):
        return Verdict.SKIP
    if outcome.state is State.FILTERED and outcome.facts.get("one_new_connection_in_s"):
        return Verdict.UNKNOWN  # silent in company, and not asked alone
    if outcome.facts.get("udp_unproven") is True:
        return Verdict.WARN
    if outcome.check.service in TLS_SERVICES and outcome.facts.get("no_certificate"):
        return Verdict.WARN
    return _hurt(outcome)


def _not_offered(outcome: Outcome, offered: Offered) -> bool:
    quiet = outcome.state in QUIET and not outcome.facts.get("local_fault")
    return quiet and not _proven(outcome.check, offered)


def _why_not_counted(outcome: Outcome, offered: Offered) -> str:
    if _not_offered(outcome, offered):
        return f"{NOT_OFFERED if outcome.state is not State.REFUSED else 'not offered here'} ({outcome.reason})"
    return f"{outcome.reason}; silence of an unknown UDP service proves nothing"


def _proven(check: Check, offered: Offered) -> bool:
    """Whether the service has to be there, so that silence means something."""
    if offered.named:
        return check.required or check.service in OF_ITS_ROLE
    return offered.has(check.service)


def settle(outcomes: Iterable[Outcome], offered: Mapping[str, Offered]) -> tuple[Outcome, ...]:
    """All outcomes of a run judged, each beside what else its host said; `offered`: by the check's id."""
    by_host: dict[tuple[str, str | None], list[Outcome]] = {}
    found = list(outcomes)
    for outcome in found:
        by_host.setdefault((outcome.check.host, outcome.check.address), []).append(outcome)
    where = [(outcome, (outcome.check.host, outcome.check.address)) for outcome in found]
    weighing = ((weighed(one_is_enough(outcome, by_host[host]), by_host[host]), host) for outcome, host in where)
    return tuple(
        judge(_from_here(told, by_host[host], offered[told.check.id]), offered[told.check.id])
        for told, host in weighing
    )


def _from_here(outcome: Outcome, beside: Collection[Outcome], offered: Offered) -> Outcome:
    """A dead controller of another site costs clients here little, as long as their own site's answer."""
    dead = all(o.state in QUIET | {State.SKIPPED, State.UNRESOLVED} for o in beside)
    if not (offered.far and dead and outcome.state in QUIET) or outcome.facts.get("local_fault"):
        return outcome
    return replace(outcome, facts={**outcome.facts, "far_site": True})


def one_is_enough(outcome: Outcome, beside: Collection[Outcome]) -> Outcome:
    """What a profile needs one of, and the other works: needed only by what is set to this one."""
    check = outcome.check
    if not check.one_of or outcome.state in GOOD or not check.required:
        return outcome
    others = (o for o in beside if o.check.one_of == check.one_of and o.check.id != check.id and o.state in GOOD)
    other = next(others, None)
    if other is None:
        return outcome
    words = f"{outcome.reason}; {other.check.port}/{other.check.transport} answers, and one of the two is enough"
    return replace(outcome, check=replace(check, need=Need.CONDITIONAL), reason=words)


def weighed(outcome: Outcome, beside: Collection[Outcome]) -> Outcome:
    """A silent datagram port, held against what else the same host said; a block must be proven.

    Windows ignores datagrams of some source ports (KB2000061), and no recorded answer of its password service to a
    request that no key opens is known: it counts as blocked only where TCP answers the same bytes and the KDC answers
    over UDP, or where no datagram at all was answered (or DNS's alone, and not even the LDAP ping, which no key needs),
    or where it does not get as far as a router on the way to the host, which tells of what does.
    """
    check = outcome.check
    if outcome.state is not State.FILTERED or check.transport != "udp":
        return outcome
    twin = next((o for o in beside if o.check.transport == "tcp" and o.check.port == check.port), None)
    if twin is None or twin.state is not State.OK:
        return outcome
    missing = _unproven(outcome, twin, [o for o in beside if o.check.transport == "udp"])
    if missing is None:
        return outcome
    facts = {**outcome.facts, "udp_unproven": True}
    return replace(outcome, facts=facts, reason=f"{outcome.reason}; that it is blocked is not proven: {missing}")


def _unproven(outcome: Outcome, twin: Outcome, datagrams: Collection[Outcome]) -> str | None:
    if outcome.facts.get("lost_before"):
        return None
    ports = outcome.facts.get("source_ports_unanswered", outcome.facts.get("source_ports"))
    if isinstance(ports, list) and len(ports) < SOURCE_PORTS:
        return "only one source port was tried"
    if outcome.check.service != "kpasswd":
        return None
    if "kerberos_error" not in twin.facts and "kpasswd_result" not in twin.facts:
        return "over TCP the same request was not answered in the protocol either"
    asked = [o for o in datagrams if o.state is not State.SKIPPED]
    kdc = any(o.check.service == "kerberos" and o.state is State.OK for o in asked)
    no_ping = any(o.check.service == "ldap-ping" and o.state is State.FILTERED for o in asked)
    others = [o for o in asked if not (no_ping and o.check.service == "dns")]  # DNS often has a rule of its own
    if kdc or not any(o.state is State.OK for o in others):
        return None
    return "88/udp of the same host is silent too, or was not asked"


def role_of(service: str) -> str:
    """The role that must be proven before silence of this service means anything; `dc` for what every DC has."""
    known = services().get(service)
    return known.role if known is not None else "dc"


def _hurt(outcome: Outcome) -> Verdict:
    return Verdict.FAIL if outcome.check.required and not outcome.facts.get("far_site") else Verdict.WARN


def _when_skipped(outcome: Outcome) -> Verdict:
    if outcome.facts.get("interface_missing") is True and not _elsewhere_too(outcome.check):
        return _hurt(outcome)
    return Verdict.UNKNOWN if outcome.facts.get("unfinished") else Verdict.SKIP


def _elsewhere_too(check: Check) -> bool:
    """Nothing says that the host has it: SYSVOL may be replicated by FRS, or by none of Windows' ways."""
    return role_of(check.service) == "unproven" and not check.required


def _when_closed(outcome: Outcome) -> Verdict:
    state = outcome.state
    if outcome.facts.get("local_fault"):
        return Verdict.UNKNOWN  # nothing left this machine, so nothing is known of the port
    if state in GOOD or state in {State.MUTE, State.RESET, State.MISMATCH}:
        return Verdict.FAIL
    if state in {State.REFUSED, State.FILTERED, State.REJECTED, State.UNREACHABLE}:
        return Verdict.PASS
    return Verdict.SKIP if state is State.SKIPPED else Verdict.UNKNOWN


def _faulty(outcome: Outcome) -> bool:
    """It works, with a fault: the clock, the certificate, another domain's answer, a paused controller."""
    facts = outcome.facts
    skew = facts.get("clock_skew_s")
    return (
        (isinstance(skew, int | float) and math.fabs(skew) > KERBEROS_SKEW_S)
        or (_bad_certificate(facts) and "start_tls_result" not in facts)  # LDAP in clear needs none
        or facts.get("hosts_domain") is False
        or facts.get("wrong_forest") is True
        or facts.get("paused") is True
        or bool(facts.get("fragments_lost"))
        or facts.get("synchronized") is False
        or facts.get("unproven") is True
        or facts.get("refused_by_turns") is True
        or bool(facts.get("rejected_by_turns"))
        or facts.get("idle_lost_s") is not None
        or bool(facts.get("edns_trouble"))
        or bool(facts.get("rights_missing"))
        or bool(facts.get("look_ended"))
        or bool(facts.get("addresses_failed"))
        or facts.get("tunnel_lost_s") is not None
    )


def _bad_certificate(facts: Facts) -> bool:
    """A client that verifies it refuses; that an issuer is unknown here may be this machine's lack."""
    return (
        facts.get("certificate_expired") is True
        or facts.get("certificate_name_matches") is False
        or str(facts.get("certificate_distrust")) in REFUSED_CERTIFICATE
        or str(facts.get("tls_version")) in OLD_TLS
    )
