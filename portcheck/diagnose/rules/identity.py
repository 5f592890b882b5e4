"""Who answers: another forest's machine behind the name makes everything else it says worthless."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import ip_network

from portcheck.diagnose import answers
from portcheck.diagnose.phrases import ports, some
from portcheck.diagnose.reader import flag, name, printable, text
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.view import Endpoint, ForestFacts, endpoint, endpoints, grouped
from portcheck.model import Outcome, Severity, Verdict

OWN_NAMES = ("forest", "domain", "realm_proven", "realm_answered")
"""Canonical names of the answering host; what a KDC echoes from the question is not among them (MS-KILE)."""


def _foreign(f: ForestFacts) -> Proof | None:
    """The answers name neither the domain asked about nor the forest."""
    proof: list[Outcome] = []
    kept: list[Outcome] = []
    alike = answers.wildcard(f)  # where every name leads: told as that
    for where in (w for w in f.by_endpoint if w.address not in alike):
        there = [o for o in f.at(where) if _names(o) or flag(o, "wrong_forest")]
        strange = [o for o in there if _is_foreign(o, there, f)]
        proof.extend(strange)
        kept.extend(f.at(where) if strange and len(strange) == len(there) else ())
    if not proof:
        return None
    whole, strange_at = set(endpoints(kept)), grouped((endpoint(o), o) for o in proof)
    said = dict.fromkeys([*(own for o in proof for own in sorted(_names(o))), *_other_sid(proof), *_strange_kdc(proof)])
    places = endpoints(proof)
    if _only_sid(proof, f):
        told, at = OTHER_SID, some(map(_called, places))
        seen = [f"{_called(where)} knows no domain with the SID {_expected(strange_at[where])}" for where in places]
    else:
        told, at = _leading(f, places, whole), some(_at(where, f, strange_at[where], whole) for where in places)
        seen = [_seen_at(f, where, strange_at[where], whole) for where in places]
    return Proof(
        tuple(proof),
        severity=Severity.ERROR,
        seen=tuple(seen),
        brief=True,
        words={key: words.format(at=at, forest=_own(f), other=some(said)) for key, words in told.items()},
        follows=tuple(kept),
    )


def _leading(f: ForestFacts, places: Sequence[Endpoint], whole: set[Endpoint]) -> dict[str, str]:
    if not whole:
        return PART
    if whole >= set(places) and all(_goes_by(f, where) for where in places):
        return LISTED
    return GIVEN if all(_given(f, where) for where in places) else WHOLE


ANOTHER = {
    "what": "another forest answers at {at}: {other}",
    "asked": "The host was asked as a controller of {forest}, and what answers is {other}. ",
}
WHOLE = ANOTHER | {
    "leads": (
        "A DNS record, a setting or an address translation leads to the wrong machine, so nothing else it answered says"
        " anything about {forest}"
    ),
    "ask": (
        "Correct what leads to {at}: a DNS record of {forest}, or a setting of this machine. If both are right, ask the"
        " firewall team which address translation is in the way."
    ),
}
GIVEN = WHOLE | {
    "ask": (
        "Correct {at} in the forests file, or in --dc: DNS did not give that address. If it is right, ask the firewall"
        " team which address translation is in the way."
    ),
}
LISTED = ANOTHER | {
    "leads": (
        "It goes by the name that it was asked by, so name and address are right: whatever counts it among the"
        " controllers of {forest} is wrong, so nothing else it answered says anything about {forest}"
    ),
    "ask": (
        "Correct what counts {at} among the controllers of {forest}: an SRV record in DNS, the forests file or the"
        " command line."
    ),
}
PART = ANOTHER | {
    "leads": (
        "Other ports of the same address answer as {forest}, so name and address are right: an address translation of"
        " single ports leads to the wrong machine, or one of several machines behind the address is"
    ),
    "ask": "Ask the firewall team which address translation sends {at} to another machine.",
}
OTHER_SID = {
    "what": "the domain at {at} has not the SID that the forests file expects",
    "asked": "",
    "leads": (
        "Every name is right and the SID is not: it is another domain of that name (a lab, a copy, one that was set up"
        " anew), or the SID in the forests file is wrong"
    ),
    "ask": (
        "Compare the SID that the forests file expects with the domain's own (Get-ADDomain). If it is right, correct"
        " what leads to {at}: a DNS record of {forest}, or an address translation."
    ),
}
"""The machine behind the address is another one, or only behind some of its ports; or all but the SID is right."""


def _given(f: ForestFacts, where: Endpoint) -> bool:
    """The file or the command line names this address, and no answer of DNS does."""
    dc = f.controller(where.host)
    by_dns = any(where.address in lookup.answers for lookup in f.asked_for_addresses(where.host))
    return dc is not None and dc.source == "explicit" and where.host != where.address and not by_dns


def _only_sid(proof: list[Outcome], f: ForestFacts) -> bool:
    differing = all(text(o, "domain_sid_told") == "differs" for o in proof)
    return differing and all(_names(o) & _wanted(o, f) for o in proof)


def _own(f: ForestFacts) -> str:
    return printable(f.forest.name)


def _seen_at(f: ForestFacts, where: Endpoint, here: Sequence[Outcome], whole: set[Endpoint]) -> str:
    """10.77.2.10 calls itself cdc1.charlie.test; of single ports, which."""
    if where in whole:
        return f"{where.address} calls itself {some(_said_by(f.at(where)))}"
    others = _said_by([o for o in f.at(where) if o not in here])
    calls = some(_said_by(here))
    foreign = f"calls itself {calls}" if calls else "does not know the controller's own account"
    return f"{ports(here)} of {where.address} {foreign}{f', and its other ports {some(others)}' if others else ''}"


def _strange_kdc(proof: list[Outcome]) -> tuple[str, ...]:
    """A KDC that tells no name, and does not know the controller behind whose address it is."""
    named = any(_names(o) for o in proof)
    unknown = any(flag(o, "knows_controller") is False for o in proof)
    return ("a KDC that does not know this controller",) if unknown and not named else ()


def _goes_by(f: ForestFacts, where: Endpoint) -> bool:
    """Is the name that it was asked by the one that it gives itself?"""
    return name(where.host) in {name(text(o, "dns_host_name")) for o in f.at(where)}


def _at(where: Endpoint, f: ForestFacts, here: Sequence[Outcome], whole: set[Endpoint]) -> str:
    """10.77.2.10 (bdc1.bravo.test), or 464/tcp of it; the name only where it was not learnt from the answer."""
    learnt = where in whole and name(where.host) in _said_by(f.at(where))
    called = where.address if learnt else _called(where)
    return called if where in whole else f"{ports(here)} of {called}"


def _called(where: Endpoint) -> str:
    return where.address if where.host == where.address else f"{where.address} ({printable(where.host)})"


def _said_by(outcomes: Iterable[Outcome]) -> dict[str, None]:
    answers = (text(o, key) for o in outcomes for key in ("dns_host_name", *OWN_NAMES))
    return dict.fromkeys(name(answer) for answer in answers if answer)


def _other_sid(proof: list[Outcome]) -> tuple[str, ...]:
    """The name may be right, and the forest another one of that name: its SID is not the expected one."""
    differing = [o for o in proof if text(o, "domain_sid_told") == "differs"]
    if not differing:
        return ()
    own = next((told for o in differing if (told := text(o, "domain_sid"))), "")
    return (f"a domain with {f'the SID {own}' if own else 'another SID'} instead of {_expected(differing)}",)


def _expected(differing: Sequence[Outcome]) -> str:
    return text(differing[0], "expected_domain_sid") or "that is expected"


def _names(o: Outcome) -> set[str]:
    if o.verdict is Verdict.SKIP:
        return set()
    return {own for key in OWN_NAMES if key in o.facts and (own := name(text(o, key)))}


def _is_foreign(o: Outcome, there: list[Outcome], f: ForestFacts) -> bool:
    if flag(o, "wrong_forest") is True:
        return True
    wanted = _wanted(o, f)
    if not wanted or _names(o) & wanted:
        return False
    if text(o, "forest"):
        return True
    of_the_forest = wanted | {own for other in there if _names(other) & wanted for own in _names(other)}
    related = any(own in of_the_forest or own.endswith(f".{known}") for own in _names(o) for known in wanted)
    if related:
        return False
    # A salt may be older than the domain's name; the realm in which the password service answers is not.
    return bool(text(o, "realm_answered")) or not any(_names(other) & wanted for other in there)


def _wanted(o: Outcome, f: ForestFacts) -> set[str]:
    """What may answer; a target given as a host or an address says nothing about its domain."""
    forest = name(f.forest.name)
    no_domain = forest in {name(o.check.host), o.check.address} or _is_network(forest)
    return {known for known in (name(o.check.domain), "" if no_domain else forest) if known}


def _is_network(word: str) -> bool:
    """An address, or several."""
    try:
        ip_network(word)
    except ValueError:
        return False
    return True


IDENTITY = (
    Rule(
        code="wrong-forest",
        title="{forest}: {what}",
        explanation="{asked}{leads}.",
        fix="{ask}",
        when=_foreign,
        disowns=True,
    ),
)
