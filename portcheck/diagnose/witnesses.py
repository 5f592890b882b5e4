"""What shows that a condition was looked for and is not there: the words of a witness, or silence.

A witness speaks for the machines that a cause is about and for no others, and only where each of them was heard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from portcheck.catalogue.conditions import Condition
from portcheck.catalogue.errors import Cause
from portcheck.diagnose.phrases import some
from portcheck.diagnose.reader import flag, name, number, printable, text, texts
from portcheck.diagnose.verdict import REFUSED_CERTIFICATE
from portcheck.diagnose.view import endpoint, grouped, hosts, named
from portcheck.model import FAULTY, GOOD, DomainController, ForestReport, Outcome, Report, Verdict
from portcheck.model.target import DC

CLOUD = "cloud"
Witness = Callable[[Cause, Report], str]
"""The words of what rules the condition out; empty: nothing does."""

AGREES_S = 60.0
"""Clocks that differ by less have no finding."""


def _fact(*keys: str, says: str, shows: Callable[[Outcome], bool], of_host: bool = False) -> Witness:
    """Every host that the cause is about told one of these facts, and each time so that `shows` is content.

    `of_host`: it speaks for the whole host, whichever service it was told by.
    """

    def witness(cause: Cause, report: Report) -> str:
        pool = _where(cause, report) if of_host else asked(cause, report)
        told = [o for o in pool if any(key in o.facts for key in keys) and o.verdict is not Verdict.SKIP]
        content = all(map(shows, told)) and _everyone(cause, report, told)
        return f"{some(map(printable, hosts(told)))}: {says}" if content else ""

    return witness


def asked(cause: Cause, report: Report) -> list[Outcome]:
    """The outcomes of the cause's services: of the cloud's endpoints where it is about those, else of all others.

    One without services may be about any machine.
    """
    return [o for o in _where(cause, report) if named(o, cause.services)]


def _where(cause: Cause, report: Report) -> list[Outcome]:
    cloud = {forest.name for forest in report.forests if forest.facts.get("kind") == "cloud"}
    if cause.target == CLOUD:
        return [o for o in report.outcomes if o.check.forest in cloud]
    return [o for o in report.outcomes if not cause.services or o.check.forest not in cloud]


def _everyone(cause: Cause, report: Report, told: Iterable[Outcome]) -> bool:
    """Were all heard that the cause may be about, and is there any?"""
    wanted = set(whom(cause, report))
    return bool(wanted) and wanted <= set(hosts(told))


def whom(cause: Cause, report: Report) -> list[str]:
    """The hosts of which all must be known: the controllers, or the machines that were asked for the service."""
    if cause.target != DC:
        return list(hosts(asked(cause, report)))
    return [dc.host for forest in forests(report) for dc in forest.domain_controllers]


def forests(report: Report) -> list[ForestReport]:
    """Those with controllers: the part of the report about the cloud has none."""
    return [forest for forest in report.forests if forest.facts.get("kind") != "cloud"]


def _records(_: Cause, report: Report) -> str:
    needed = [[x for x in forest.lookups if x.record == "SRV" and x.required] for forest in forests(report)]
    complete = needed and all(needed) and all(lookup.status == "ok" for asked in needed for lookup in asked)
    return f"{sum(map(len, needed))} SRV questions, all of them answered" if complete else ""


def unanswered(report: Report) -> str:
    """SRV questions that were asked, and of which nothing came."""
    needed = [x for forest in forests(report) for x in forest.lookups if x.record == "SRV" and x.required]
    silent = [lookup for lookup in needed if lookup.status in {"timeout", "unreachable", "servfail", "refused"}]
    return f"{len(silent)} of {len(needed)} SRV questions were not answered" if silent else ""


def _addresses(_: Cause, report: Report) -> str:
    """An address that the forests file gives says nothing about DNS."""
    known = [(forest, dc) for forest in forests(report) for dc in forest.domain_controllers]
    resolved = known and all(_in_dns(forest, dc) for forest, dc in known)
    return f"DNS has addresses of all {len({dc.host for _, dc in known})} controllers" if resolved else ""


def _in_dns(forest: ForestReport, dc: DomainController) -> bool:
    asked = any(x.name == dc.host and x.record in {"A", "AAAA"} and x.answers for x in forest.lookups)
    return bool(dc.address) and (asked or dc.source == "srv")


def _several(_: Cause, report: Report) -> str:
    per_forest = [{dc.host for dc in forest.domain_controllers} for forest in forests(report)]
    by_service = grouped(((o.check.forest, o.check.name), o) for o in report.outcomes)
    differ = any(_some_answer(alike) for alike in by_service.values())
    enough = per_forest and all(len(found) > 1 for found in per_forest) and not differ
    return f"{sum(map(len, per_forest))} controllers were asked, none differs from the others" if enough else ""


def _some_answer(alike: Iterable[Outcome]) -> bool:
    """One controller's service works and another's does not."""
    seen = list(alike)
    return any(o.state in GOOD for o in seen) and any(o.verdict in FAULTY and o.state not in GOOD for o in seen)


def _all_answer(cause: Cause, report: Report) -> str:
    answer = hosts(o for o in report.outcomes if o.state in GOOD)
    wanted = set(whom(cause, report))
    reached = wanted and wanted <= set(answer)
    return f"{some(printable(host) for host in answer if host in wanted)} can be reached" if reached else ""


def _tcp_answers(cause: Cause, report: Report) -> str:
    good = [o for o in report.outcomes if o.check.transport == "tcp" and o.state in GOOD]
    return f"TCP answers on {some(map(printable, hosts(good)))}" if _everyone(cause, report, good) else ""


def _signed_in(_: Cause, report: Report) -> str:
    good = [o for o in report.outcomes if o.facts.get("signed_in") is True]
    everyone = {o.check.forest for o in good} >= {forest.name for forest in forests(report)}
    return f"signed in to {some(map(printable, hosts(good)))}" if good and everyone else ""


def _may_replicate(_: Cause, report: Report) -> str:
    """Password hash synchronisation needs the second right too."""
    rights = ("replicating_changes", "replicating_changes_all")
    good = [o for o in report.outcomes if all(o.facts.get(right) is True for right in rights)]
    everyone = {o.check.forest for o in good} >= {forest.name for forest in forests(report)}
    words = "the account may replicate changes, also all of them"
    return f"{some(map(printable, hosts(good)))}: {words}" if good and everyone else ""


def _idle_kept(cause: Cause, report: Report) -> str:
    told = [o for o in asked(cause, report) if o.verdict is not Verdict.SKIP and "idle_held_s" in o.facts]
    held = [s for o in told if isinstance(s := o.facts["idle_held_s"], int | float) and "idle_lost_s" not in o.facts]
    if not held or len(held) < len(told) or not _everyone(cause, report, told) or min(held) < LONG_QUIET_S:
        return ""
    return f"{some(map(printable, hosts(told)))}: idle connections were kept for {min(held):.0f} s"


LONG_QUIET_S = 900.0
"""After so much a domain controller itself closes LDAP: what is kept for less may still be lost later."""


def _interfaces(cause: Cause, report: Report) -> str:
    missing = any(flag(o, "interface_missing") is True for o in report.outcomes)
    return "" if missing else _MAPPER(cause, report)


def _one_key(cause: Cause, report: Report) -> str:
    """Whoever opens TLS on one port shows a key of its own there; who opens it on all of them is not seen so."""
    if cause.target == CLOUD:
        return ""
    told = [o for o in _where(cause, report) if text(o, "certificate_key_sha256") and o.verdict is not Verdict.SKIP]
    by_host = grouped((endpoint(o), o) for o in told)
    alike = all(len({text(o, "certificate_key_sha256") for o in found}) == 1 < len(found) for found in by_host.values())
    opened = any(flag(o, "tls_intercepted") is True for o in told)
    if not alike or opened or not _everyone(cause, report, told):
        return ""
    return f"{some(map(printable, hosts(told)))}: the same certificate on all TLS ports"


def _in_order(o: Outcome) -> bool:
    """In date, with the name that was asked for, and by an authority that this machine trusts."""
    good = flag(o, "certificate_trusted") is True and flag(o, "certificate_name_matches") is not False
    bad = flag(o, "certificate_expired") is True or text(o, "certificate_distrust") in REFUSED_CERTIFICATE
    return good and not bad and flag(o, "tls_intercepted") is not True


def _its_domain(o: Outcome) -> bool:
    told = name(text(o, "domain"))
    other = flag(o, "wrong_forest") is True or flag(o, "hosts_domain") is False
    return not other and (not told or not o.check.domain or told == name(o.check.domain))


def _little_skew(o: Outcome) -> bool:
    skew = number(o, "clock_skew_s")
    return skew is not None and abs(skew) <= AGREES_S


_MAPPER = _fact("endpoints", says="the mapper knows the interfaces", shows=lambda _: True)

SHOWN_BY: Mapping[Condition, Witness] = {
    Condition.SRV_MISSING: _records,
    Condition.UNRESOLVED: _addresses,
    Condition.PARTIAL: _several,
    Condition.UNREACHABLE: _all_answer,
    Condition.ONE_WAY: _tcp_answers,
    Condition.WRONG_HOST: _fact(
        "forest", "domain", "realm_proven", says="answers for the domain it was asked for", shows=_its_domain
    ),
    Condition.SKEW: _fact("clock_skew_s", says="the clock is within a minute of this machine's", shows=_little_skew),
    Condition.NOT_A_GC: _fact(
        "roles", says="the LDAP ping names a Global Catalog", shows=lambda o: "gc" in texts(o, "roles")
    ),
    Condition.READ_ONLY: _fact(
        "roles", says="the LDAP ping names no read-only controller", shows=lambda o: "rodc" not in texts(o, "roles")
    ),
    Condition.PAUSED: _fact(
        "roles", says="the LDAP ping does not say paused", shows=lambda o: flag(o, "paused") is not True
    ),
    Condition.INTERFACE_MISSING: _interfaces,
    Condition.CERTIFICATE: _fact("certificate_not_after", says="the certificate is in order", shows=_in_order),
    Condition.INSPECTION: _one_key,
    Condition.INTERCEPT: _fact(
        "control_port_accepts",
        says="a port that nobody uses does not accept",
        shows=lambda o: flag(o, "control_port_accepts") is False,
        of_host=True,
    ),
    Condition.ACCOUNT: _signed_in,
    Condition.REPLICATING_CHANGES: _may_replicate,
    Condition.IDLE: _idle_kept,
}
