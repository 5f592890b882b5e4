"""SRV records that were asked for and did not come: who kept silent about them, or said no, and in which way."""

from __future__ import annotations

from collections.abc import Sequence

from portcheck.diagnose import answers
from portcheck.diagnose.answers import of_the_forest, speaker
from portcheck.diagnose.answers import targets as srv_targets
from portcheck.diagnose.own_list import way_first
from portcheck.diagnose.phrases import listed, some
from portcheck.diagnose.reader import name, printable
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.rules.names import (
    SAID_NO,
    SERVFAIL,
    SITES,
    TIMEOUT,
    UNHEARD,
    answers_checks,
    said_no,
    silent_servers,
)
from portcheck.diagnose.rules.records import TOLD_BY_PING
from portcheck.diagnose.rules.roles import CATALOG_RECORDS, no_catalog_at_all
from portcheck.diagnose.rules.unsteady import unsteady
from portcheck.diagnose.view import ForestFacts
from portcheck.model import GOOD, Lookup, Outcome, Severity
from portcheck.model.folding import capital


def other_zone(f: ForestFacts) -> tuple[Outcome, ...]:
    """What was asked of the address that the domain's own name leads to, where that is no controller's.

    No record lists a controller, and at the only address that is known nobody speaks as one: a zone of the same name
    that is not the directory's (the public one, a parked or a captive one).
    """
    known = any(dc.source not in {"argument", "resolver"} for dc in f.forest.domain_controllers)
    if known or answers.wildcard(f) or answers.intercepted(f):
        return ()
    own = name(f.forest.name)
    asked = [o for o in f.outcomes if o.check.address]
    strange = [o for o in asked if name(o.check.host) == own == name(o.check.domain)]
    speaks = any(o.state in GOOD and o.check.service in answers.DIRECTORY for o in asked)
    return tuple(strange) if strange and not speaks and gone(f) else ()


def _zone_of_others(f: ForestFacts) -> dict[str, str]:
    at = some(dict.fromkeys(printable(o.check.address or "") for o in other_zone(f)))
    own = printable(f.forest.name)
    return {
        "zone": f" {own} itself leads to {at}, and no controller answers there: a zone of the same name that is not the"
        " directory's (the public one, a parked or a captive one) looks like that. Nothing was learnt of the forest"
        " and its ports."
    }


def _srv_missing(f: ForestFacts) -> Proof | None:
    if answers.wildcard(f) or answers.intercepted(f) or answers.sunk(f):
        return None
    lacking = [] if f.once(unsteady) else gone(f)
    if not lacking:
        return None
    strange = other_zone(f)
    by_status: dict[str, list[str]] = {}
    for lookup in lacking:
        by_status.setdefault(f"{speaker(lookup)} said {_said(lookup)}", []).append(lookup.name)
    seen: tuple[str, ...] = tuple(f"{some(map(printable, names))}: {said}" for said, names in by_status.items())
    records = tuple(dict.fromkeys(printable(lookup.name) for lookup in lacking))
    who = some(dict.fromkeys(map(speaker, lacking)))
    words = {
        "records": listed(records),
        "brief": some(records, 2, "more SRV records"),
        "who": who,
        "how": capital(_how(f, lacking, who)),
        "ask": _whom_to_ask(f, lacking, who),
        "zone": "",
        **(_zone_of_others(f) if strange else {}),
    }
    severity = Severity.ERROR if any(lookup.required for lookup in lacking) else Severity.WARNING
    has = [x for x in f.lookups("SRV") if of_the_forest(f, x) and srv_targets(x) and printable(x.name) in records]
    seen += tuple(dict.fromkeys(f"{speaker(x)}, one of the forest's own, gives {_hosts(x)}" for x in has[:1]))
    return Proof(seen=seen, severity=severity, words=words, follows=strange)


def _hosts(lookup: Lookup) -> str:
    return some(map(printable, srv_targets(lookup)))


def usual_servers(f: ForestFacts) -> frozenset[str]:
    """All but the forest's own servers that were asked afterwards, to learn what they hold."""
    own = answers.own_servers(f)
    return frozenset(x.server for x in f.lookups("SRV") if x.required or x.server not in own)


def gone(f: ForestFacts) -> list[Lookup]:
    """The questions that got no record of anybody: answered with no, or swallowed by a server that answers others."""
    silent, usual = silent_servers(f), usual_servers(f)
    srv = [lookup for lookup in f.lookups("SRV") if lookup.server not in silent]
    found = {name(lookup.name) for lookup in srv if lookup.server in usual and srv_targets(lookup)}
    named = f.forest.facts.get("own_site_from") != TOLD_BY_PING  # else it is site-uncovered, if anything
    of_site = [asked for asked in srv if SITES in asked.name and asked.server == answers.main(f) and named]
    wanted = [
        *(asked for asked in srv if asked.required and not _of_no_catalog(f, asked)),
        *(asked for asked in of_site if not asked.required),
    ]
    denied = [asked for asked in wanted if said_no(asked) and name(asked.name) not in found]
    if found:
        return [*denied, *(asked for asked in wanted if _kept_back(f, asked) and name(asked.name) not in found)]
    if denied:
        return denied
    return [asked for asked in srv if asked.required and asked.status in UNHEARD and _swallows(f, asked)]


def _of_no_catalog(f: ForestFacts, lookup: Lookup) -> bool:
    """The record of something that the forest does not have: nobody is to register it."""
    return lookup.name.startswith(CATALOG_RECORDS) and no_catalog_at_all(f)


def _kept_back(f: ForestFacts, lookup: Lookup) -> bool:
    """Asked again at the end, when all else was quiet, and never heard: beside answers of the same server, no loss.

    Where that server leaves questions for addresses unanswered too, it is not about these records: `dc-unresolved`.
    """
    addresses = (x for x in f.lookups("A") if x.server == lookup.server and x.required)
    if any(x.status in UNHEARD for x in addresses):
        return False
    alike = [x for x in f.lookups("SRV") if name(x.name) == name(lookup.name) and x.server == lookup.server]
    return lookup.required and len(alike) > 1 and all(x.status in UNHEARD for x in alike)


def _swallows(f: ForestFacts, lookup: Lookup) -> bool:
    """The server lives: it answers the check, or questions of another type."""
    beside = (x for x in f.lookups() if x.server == lookup.server and x.record != "SRV")
    return answers_checks(f, lookup) or any(x.status in {"ok", "nxdomain", "nodata"} for x in beside)


def _said(lookup: Lookup) -> str:
    return said_no(lookup) or SAID_NO[TIMEOUT]


def _overfull(f: ForestFacts, lacking: Sequence[Lookup]) -> bool:
    """Some are refused, and others of the same server never answered: it does not merely refuse this machine."""
    servers = {lookup.server for lookup in lacking}
    refused = all(lookup.status == "refused" for lookup in lacking)
    return refused and any(x.server in servers and x.status in UNHEARD for x in f.lookups())


def _how(f: ForestFacts, lacking: Sequence[Lookup], who: str) -> str:
    statuses = {lookup.status for lookup in lacking}
    if _overfull(f, lacking):
        return (
            f"{who} refused these, and left other questions about the forest unanswered: forwarders do so while what"
            " they forward to keeps silent, once too many questions wait for it (dnsmasq: dns-forward-max, 150 unless"
            " set)"
        )
    if statuses <= UNHEARD:
        return (
            f"{who} answers other questions, and said nothing to these while they were waited for: it, or something"
            " before it, swallows them (or takes longer still)"
        )
    if statuses == {"notimp"}:
        return f"{who} answered that it does not take such questions (NOTIMP)"
    if statuses == {SERVFAIL}:
        return f"{who} answered that it cannot get at the records itself (SERVFAIL)"
    return f"{who} answered, so the path to it is open, but it did not give them"


def _lacks_the_zone_below(f: ForestFacts, lacking: Sequence[Lookup]) -> bool:
    """Of the forest's records the server gives some, and none of those below _msdcs, which the forest's own gives."""
    asked = [x for x in f.lookups() if x.server in {one.server for one in lacking} and x.record != "NS"]
    below = [bool(x.answers) for x in asked if f"{MSDCS}." in x.name]
    beside = any(x.answers for x in asked if f"{MSDCS}." not in x.name and x.record == "SRV")
    given = {name(x.name) for x in f.lookups("SRV") if of_the_forest(f, x) and srv_targets(x)}
    wanted = {name(x.name) for x in lacking}
    return beside and not any(below) and all(MSDCS in one for one in wanted) and bool(wanted & given)


MSDCS = "_msdcs"


def _whom_to_ask(f: ForestFacts, lacking: list[Lookup], who: str) -> str:
    own, statuses = printable(f.forest.name), {lookup.status for lookup in lacking}
    denied = {name(x.name) for x in f.lookups("SRV") if of_the_forest(f, x) and said_no(x)}
    records = listed(dict.fromkeys(printable(lookup.name) for lookup in lacking))
    if statuses <= {SERVFAIL, "nxdomain", "nodata"} and _lacks_the_zone_below(f, lacking):
        return (
            f"Ask whoever runs {who} how it comes by {MSDCS}.{own}, often a zone of its own: it answers about {own} and"
            " gives nothing below that name, so a delegation or a forwarder for it leads past the forest's own DNS"
            " servers, which have the records"
        )
    if statuses == {SERVFAIL} or _overfull(f, lacking):
        return (
            f"{way_first(f)}Ask whoever runs {who}: which servers does it forward {own} to, do they live, and is"
            " tcp+udp 53 from it to them allowed"
        )
    if statuses == {"refused"} and (way := way_first(f)):
        return f"{way}Then ask whoever runs {who}: which servers does it forward {own} to, and do they live"
    if statuses == {"refused"}:
        return (
            f"Check the name first. If {own} is right, ask whoever runs {who} to answer this machine about it; or name"
            " the forest's own DNS servers instead (--dns, or dns in the forests file)"
        )
    if statuses <= UNHEARD | {"notimp", "formerr", "malformed"}:
        return (
            f"Ask whoever runs {who} to pass questions for SRV records (a filter of its own, of a security product or"
            " a router); or name the forest's own DNS servers instead (--dns, or dns in the forests file)"
        )
    if all(SITES in lookup.name for lookup in lacking):
        return f"Correct the name of the site, or ask the AD team which controllers are to register {records}"
    given = {name(x.name) for x in f.lookups("SRV") if of_the_forest(f, x) and srv_targets(x)}
    if all(name(lookup.name) in denied & given for lookup in lacking):
        return (
            f"Ask the AD team why some of the forest's own DNS servers give {records} and others do not: changes that"
            " have not been replicated (repadmin /replsummary), or a delegation that leads past them"
        )
    if all(name(lookup.name) in denied for lookup in lacking):
        return f"Ask the AD team to restart Netlogon on the controllers, so that they register {records}"
    unknown = any(name(x.name) == name(f.forest.name) and x.status == "nxdomain" for x in f.lookups())
    check = f"Check the name first: {who} knows no {own} at all. If it is right, ask" if unknown else "Ask"
    wanted = {name(lookup.name) for lookup in lacking}
    held = any(of_the_forest(f, x) and srv_targets(x) and name(x.name) in wanted for x in f.lookups("SRV"))
    kept = " It may also filter such questions." if statuses == {"nodata"} else ""
    seen = (
        "The forest's own servers have the records"
        if held
        else "What the forest's own servers hold was not seen: ask one of them (--dns) before anything is changed there"
    )
    return f"{check} whoever runs {who} to forward {own} to the forest's own DNS servers.{kept} {seen}"


MISSING = (
    Rule(
        code="srv-missing",
        title="{forest}: {who} does not give {brief}",
        explanation="Windows finds controllers by these SRV records: {records}. {how}.{zone}",
        fix="{ask}.",
        when=_srv_missing,
    ),
)
