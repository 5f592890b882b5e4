"""Who answers: another forest's machine behind the name makes everything else it says worthless."""

from __future__ import annotations

from ipaddress import ip_address

from portcheck.diagnose.facts import Endpoint, ForestFacts, endpoints
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.told import flag, name, printable, text
from portcheck.diagnose.words import some
from portcheck.model import Outcome, Severity, Verdict

OWN_NAMES = ("forest", "domain", "realm_proven")
"""Canonical names of the answering host; what a KDC echoes from the question is not among them (MS-KILE)."""


def _foreign(f: ForestFacts) -> Proof | None:
    """The answers name neither the domain asked about nor the forest."""
    proof: list[Outcome] = []
    kept: list[Outcome] = []
    for where in f.by_endpoint:
        there = [o for o in f.at(where) if _names(o) or flag(o, "wrong_forest")]
        strange = [o for o in there if _is_foreign(o, there, f)]
        proof.extend(strange)
        kept.extend(f.at(where) if strange and len(strange) == len(there) else ())
    if not proof:
        return None
    said = dict.fromkeys([*(own for o in proof for own in sorted(_names(o))), *_other_sid(proof)])
    return Proof(
        tuple(proof),
        severity=Severity.ERROR,
        seen=tuple(f"{where.address} calls itself {some(_said_at(f, where))}" for where in endpoints(proof)),
        brief=True,
        words={"other": some(said), "at": some(_at(where, f) for where in endpoints(proof))},
        follows=tuple(kept),
    )


def _at(where: Endpoint, f: ForestFacts) -> str:
    """10.77.2.10 (bdc1.bravo.test); the name only where it was asked for, not learnt from the answer."""
    learnt = name(where.host) in _said_at(f, where) or where.host == where.address
    return where.address if learnt else f"{where.address} ({printable(where.host)})"


def _said_at(f: ForestFacts, where: Endpoint) -> dict[str, None]:
    answers = (text(o, key) for o in f.at(where) for key in ("dns_host_name", *OWN_NAMES))
    return dict.fromkeys(name(answer) for answer in answers if answer)


def _other_sid(proof: list[Outcome]) -> tuple[str, ...]:
    """The name may be right, and the forest another one of that name: its SID is not the expected one."""
    differing = [o for o in proof if text(o, "domain_sid_told") == "differs"]
    if not differing:
        return ()
    own = next((told for o in differing if (told := text(o, "domain_sid"))), "")
    expected = text(differing[0], "expected_domain_sid")
    return (f"a domain with {f'the SID {own}' if own else 'another SID'} instead of {expected}",)


def _names(o: Outcome) -> set[str]:
    return set() if o.verdict is Verdict.SKIP else {own for key in OWN_NAMES if (own := name(text(o, key)))}


def _is_foreign(o: Outcome, there: list[Outcome], f: ForestFacts) -> bool:
    if flag(o, "wrong_forest") is True:
        return True
    wanted = _wanted(o, f)
    if not wanted or _names(o) & wanted:
        return False
    if text(o, "forest"):
        return True
    related = any(own.endswith(f".{known}") for own in _names(o) for known in wanted)
    return not related and not any(_names(other) & wanted for other in there)


def _wanted(o: Outcome, f: ForestFacts) -> set[str]:
    """What may answer; a target given as a host or an address says nothing about its domain."""
    forest = name(f.forest.name)
    no_domain = forest in {name(o.check.host), o.check.address} or _is_address(forest)
    return {known for known in (name(o.check.domain), "" if no_domain else forest) if known}


def _is_address(word: str) -> bool:
    try:
        ip_address(word)
    except ValueError:
        return False
    return True


IDENTITY = (
    Rule(
        code="wrong-forest",
        title="{forest}: another forest answers at {at}: {other}",
        explanation=(
            "The host was asked as a controller of {forest} and calls itself {other}. A DNS record, a setting or an"
            " address translation leads to the wrong machine, so nothing else it answered says anything about {forest}."
        ),
        fix="Correct what leads to {at}: a DNS record of {forest}, or a setting of this machine. If both are right, ask"
        " the firewall team which address translation is in the way.",
        when=_foreign,
        disowns=True,
    ),
)
