"""The account, where it was asked to sign in: its password, its state, its rights, and what the server demands.

Each of these was told by a server that was reached, so each says that the network is not the cause.
"""

from __future__ import annotations

from collections.abc import Mapping

from portcheck.diagnose.directory import directory
from portcheck.diagnose.phrases import listed, some
from portcheck.diagnose.reader import flag, printable, text
from portcheck.diagnose.rule import Proof, Rule, When
from portcheck.diagnose.view import ForestFacts
from portcheck.model import GOOD, Need, Outcome, Severity, State
from portcheck.model.folding import capital

SIGN_IN = "sign-in"
MOST_RIGHTS = 6
NETWORK = "The controller was reached and answered, so the network is fine"


def _refused(*kinds: str) -> When:
    """Refused at sign-in for one of these reasons."""

    def when(f: ForestFacts) -> Proof | None:
        proof = tuple(o for o in _open(f) if text(o, "bind_refused") in kinds)
        return _proof(f, proof)

    return when


def _open(f: ForestFacts) -> tuple[Outcome, ...]:
    return tuple(o for o in f.outcomes if o.check.service == SIGN_IN and o.check.id not in f.explained)


def _proof(f: ForestFacts, proof: tuple[Outcome, ...]) -> Proof | None:
    """The attempts that were not made because of this one have no cause of their own."""
    if not proof:
        return None
    follows = tuple(o for o in _open(f) if o.state is State.SKIPPED and flag(o, "signed_in") is None)
    why = listed(dict.fromkeys(_why(o) for o in proof))
    words = {
        "account": _account(proof[0]),
        "why": why,
        "because": capital(why),
        "spared": " No other controller was tried: one bad attempt is no danger, several would lock it."
        if follows
        else "",
    }
    seen = tuple(f"{printable(o.check.host)}: {printable(o.reason)}" for o in proof)
    return Proof(proof, seen=(some(seen),), brief=True, words=words, severity=Severity.ERROR, follows=follows)


def _account(o: Outcome) -> str:
    return text(o, "bind_user") or "the owner of the ticket"


def _why(o: Outcome) -> str:
    return printable(o.reason.partition(": ")[2] or o.reason)


def _not_done(f: ForestFacts) -> Proof | None:
    """It did not come to an answer about the account: withheld, cut off, or refused for the server's own reasons."""
    proof = tuple(o for o in _open(f) if flag(o, "signed_in") is False)
    return _proof(f, proof)


def _rights(f: ForestFacts) -> Proof | None:
    told = [(o, lacking) for o in _open(f) if (lacking := _lacking(o))]
    if not told:
        return None
    proof = tuple(o for o, _ in told)
    needed = any(need == Need.REQUIRED for _, lacking in told for _, need in lacking)
    lacks = some((what for _, lacking in told for what, _ in lacking), MOST_RIGHTS)
    seen = tuple(f"{printable(o.check.host)}: {_how_known(o)}" for o in proof)
    words = {"account": _account(proof[0]), "lacks": lacks}
    severity = Severity.ERROR if needed else Severity.WARNING
    return Proof(proof, seen=(some(seen),), brief=True, words=words, severity=severity)


def _how_known(o: Outcome) -> str:
    tried = ", a search with the DirSync control was refused" if flag(o, "dirsync_accepted") is False else ""
    return f"signed in{tried}; the rest is read from access lists and effective rights"


def _lacking(o: Outcome) -> list[tuple[str, str]]:
    """`reset passwords on OU=Staff,DC=alpha,DC=test`, and how badly it is needed."""
    told = o.facts.get("rights_missing")
    rows = told if isinstance(told, list | tuple) else ()
    return [
        (f"{printable(str(row.get('right')))} on {printable(str(row.get('on')))}", str(row.get("need")))
        for row in rows
        if isinstance(row, Mapping)
    ]


def _broke_off(f: ForestFacts) -> Proof | None:
    """Signed in, and then no answer to a larger one."""
    proof = tuple(o for o in _open(f) if text(o, "look_ended") and o.state in GOOD)
    seen = tuple(f"{printable(o.check.host)}: {text(o, 'look_ended')}" for o in proof)
    return Proof(proof, seen=(some(seen),), brief=True, severity=Severity.WARNING) if proof else None


def _signed_in(f: ForestFacts) -> Proof | None:
    proof = tuple(o for o in _open(f) if flag(o, "signed_in") is True)
    if not proof:
        return None
    sids = dict.fromkeys(sid for o in proof if (sid := text(o, "domain_sid")))
    words = {
        "account": _account(proof[0]),
        "sid": f"; the domain's SID is {listed(sids)}" if sids else "",
        "directory": directory(f.forest.facts) or "It may read the directory",
    }
    seen = tuple(f"{printable(o.check.host)}: {printable(o.reason)}" for o in proof)
    return Proof(proof, seen=(some(seen),), brief=True, words=words, severity=Severity.INFO)


def _sid_untold(f: ForestFacts) -> Proof | None:
    """The forests file expects a SID, and nobody told one."""
    told = {text(o, "domain_sid_told") for o in f.outcomes}
    proof = tuple(o for o in f.told("domain_sid_told") if text(o, "domain_sid_told") == "not told")
    if not proof or told & {"matches", "differs"}:
        return None
    expected = text(proof[0], "expected_domain_sid") or "the expected SID"
    seen = f"expected {expected}; no controller told its own without a sign-in"
    return Proof(proof, seen=(seen,), brief=True, severity=Severity.INFO, words={"expected": expected})


ACCOUNT = (
    Rule(
        code="credentials-rejected",
        title="{forest}: {hosts} does not accept the credentials of {account}",
        explanation="{because}. " + NETWORK + ": no port needs to be opened for this.{spared}",
        fix="Correct the name or the password of {account} where the connector keeps it, and here.",
        when=_refused("credentials"),
    ),
    Rule(
        code="account-state",
        title="{forest}: {account} may not sign in: {why}",
        explanation=NETWORK + ", and it knows the account: its state is in the way, not a port.{spared}",
        fix="Ask the AD team to set {account} right (unlock, enable, extend, or give it a new password).",
        when=_refused("account-state"),
    ),
    Rule(
        code="signing-required",
        title="{forest}: {hosts} refuses a sign-in that is not signed",
        explanation=(
            "{because}. " + NETWORK + ". The password is not to blame: programs that bind without signing (NTLM, or"
            " in clear on 389) fail alike."
        ),
        fix="Use LDAPS, or sign and seal (Kerberos); in the connector, leave 'Sign and Encrypt LDAP Traffic' on.",
        when=_refused("signing"),
    ),
    Rule(
        code="channel-binding-required",
        title="{forest}: {hosts} requires channel binding",
        explanation=(
            "{because}. " + NETWORK + ". A sign-in inside TLS must name the TLS session that it travels in; clients"
            " that do not, and TLS that a device opens on the way, are refused.{spared}"
        ),
        fix="Use Kerberos or a simple bind over LDAPS, update the client, and ask the firewall team whether TLS to"
        " {names} is inspected.",
        when=_refused("channel-binding"),
    ),
    Rule(
        code="sign-in-failed",
        title="{forest}: the sign-in to {hosts} did not come about: {why}",
        explanation=(
            "This says nothing about the account: no controller judged it. A password, and NTLM's proof of one, goes"
            " only to a server whose certificate was verified, and only once in a run.{spared}"
        ),
        fix="See what is said above of ldaps and ldap on {names}. Where the certificate is the reason, name the"
        " forest's root as ca_file in the forests file, or sign in with --bind-method kerberos.",
        when=_not_done,
    ),
    Rule(
        code="rights-missing",
        title="{forest}: {account} lacks rights: {lacks}",
        explanation=NETWORK + " and the credentials are accepted: what fails, fails for these rights.",
        fix="Ask the AD team to grant {account}: {lacks}.",
        when=_rights,
    ),
    Rule(
        code="look-cut-off",
        title="{forest}: signed in to {hosts}, and then the answers stopped",
        explanation=(
            "The credentials are accepted. What was asked afterwards was answered no more: where small answers pass"
            " and large ones do not, look at the MTU of the path; else at the load of the controller."
        ),
        fix="Ask the network team about the MTU and ICMP 'fragmentation needed' on the way to {names}.",
        when=_broke_off,
    ),
)

KNOWN = (
    Rule(
        code="signed-in",
        title="{forest}: {account} signs in on {hosts}{sid}",
        explanation="{directory}.",
        fix="",
        when=_signed_in,
        at_most=Severity.INFO,
        beside=True,
    ),
)

UNPROVEN = (
    Rule(
        code="domain-sid-unproven",
        title="{forest}: whether its SID is the expected one is not known",
        explanation="A controller tells its domain's SID only to an account that has signed in; none did in this run.",
        fix="Run the check with --bind to compare it with {expected}.",
        when=_sid_untold,
        beside=True,
    ),
)
