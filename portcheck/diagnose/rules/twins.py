"""Two domains of one name: each controller's ping names its domain by a number too, and they differ."""

from __future__ import annotations

from portcheck.diagnose.phrases import listed, some
from portcheck.diagnose.reader import name, printable, text
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.view import ForestFacts, endpoint, grouped
from portcheck.model import Outcome, Severity


def _two_domains(f: ForestFacts) -> Proof | None:
    """All controllers of a domain have its GUID (MS-ADTS 6.3.1.9: DomainGuid)."""
    told = [o for o in f.answered("ldap-ping") if text(o, "domain_guid") and text(o, "domain")]
    for domain, pings in grouped((name(text(o, "domain")), o) for o in told).items():
        by_guid = grouped((name(text(o, "domain_guid")), o) for o in pings)
        if len(by_guid) > 1:
            sides = [some(map(_called, alike), 4) for alike in by_guid.values()]
            seen = tuple(f"{some(map(_called, alike), 4)}: {printable(guid)}" for guid, alike in by_guid.items())
            words = {"domain": printable(domain), "sides": listed(sides)}
            return Proof(pings, seen=seen, brief=True, severity=Severity.ERROR, words=words)
    return None


def _called(o: Outcome) -> str:
    where = endpoint(o)
    return f"{where.address} ({printable(where.host)})" if where is not None else printable(o.check.host)


TWINS = (
    Rule(
        code="two-domains-one-name",
        title="{forest}: two domains are called {domain}: {sides} are not of the same one",
        explanation=(
            "Each controller's ping tells the GUID of its domain, and here they differ: one of them was set up anew, or"
            " is a laboratory's. Which of them is right cannot be told from here. Sign-in, SIDs and"
            " passwords of the one are worth nothing at the other, so it fails now and then, by which one is asked."
        ),
        fix="Ask the AD team which of them belongs to {domain} ((Get-ADDomain).ObjectGUID), and correct what leads to"
        " the other: a DNS record, a setting of this machine, or an address translation.",
        when=_two_domains,
        beside=True,
    ),
)
