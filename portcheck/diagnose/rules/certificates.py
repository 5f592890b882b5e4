"""Certificates as clients judge them: expired, for another name, without SAN, of an unknown issuer, incomplete."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from portcheck.diagnose.phrases import listed, some, whereabouts
from portcheck.diagnose.reader import flag, moment, printable, text, texts
from portcheck.diagnose.rule import Proof, Rule, When
from portcheck.diagnose.rules.clock import its, ours
from portcheck.diagnose.rules.shown import contradicted, issuer, sent_alone, whose
from portcheck.diagnose.rules.tls import signed_by_another
from portcheck.diagnose.view import ForestFacts, hosts
from portcheck.model import Outcome, Severity

SOON = timedelta(days=21)


def _over(o: Outcome, now: datetime) -> bool:
    end = moment(o.facts.get("certificate_not_after"))
    return flag(o, "certificate_expired") is True if end is None else end <= now


def _nearly_over(o: Outcome, now: datetime) -> bool:
    end = moment(o.facts.get("certificate_not_after"))
    return end is not None and now < end and end - now <= SOON


def _now(f: ForestFacts, o: Outcome) -> datetime | None:
    """The time of the run, not of the reading: a saved run keeps its findings. Put right where our clock is off.

    Where nothing tells whose clock is off, ours or the host's, it is the one by which its certificate is in date: what
    is amiss then is a clock, and has its own finding.
    """
    started, off = moment(f.report.started), f.once(ours)
    if started is None or off is not None:
        return started and _later(started, off or 0.0)
    by_host = _later(started, its(f, o))
    return by_host if not _in_date(o, started) and _in_date(o, by_host) else started


def _later(started: datetime, by_s: float) -> datetime:
    """As it is where a clock claims a year that no date has."""
    try:
        return started + timedelta(seconds=by_s)
    except OverflowError:
        return started


def _in_date(o: Outcome, now: datetime) -> bool:
    begin, end = moment(o.facts.get("certificate_not_before")), moment(o.facts.get("certificate_not_after"))
    return (begin is None or begin <= now) and (end is None or now < end)


def dated(holds: Callable[[Outcome, datetime], bool]) -> When:
    def when(f: ForestFacts) -> Proof | None:
        told = ((o, _now(f, o)) for o in f.told("certificate_not_after"))
        proof = tuple(o for o, now in told if now is not None and holds(o, now))
        ends = some((f"{whose(o)} valid until {text(o, 'certificate_not_after')}" for o in proof), 3)
        return Proof(proof, seen=(ends,), brief=True, words={"ends": ends}) if proof else None

    return when


def _other_name(f: ForestFacts) -> Proof | None:
    other = tuple(o for o in f.told("certificate_name_matches") if flag(o, "certificate_name_matches") is False)
    bare = () if other or f.troubled else _by_address(f)
    proof = other or bare
    names = (f"{whose(o)} for {some(texts(o, 'certificate_names'), 3) or 'no name'}" for o in proof)
    words = {"what": "is for another name", "why": OTHER_NAME, "ask": ASK_NAME}
    if bare:
        words = {"what": "does not name this address", "why": NO_ADDRESS, "ask": ASK_ADDRESS}
    elif any(map(_dotted, proof)):
        words |= {"why": f"{OTHER_NAME}{DOTTED}"}
    told = {
        key: text_of.format(hosts=whereabouts(proof, f), names=some(map(printable, hosts(proof))))
        for key, text_of in words.items()
    }
    return Proof(proof, seen=(some(names, 3),), brief=True, severity=Severity.WARNING, words=told) if proof else None


def _dotted(o: Outcome) -> bool:
    """But for a dot at its end the name is right."""
    return any(shown.endswith(".") and shown.lower() == f"{o.check.host}." for shown in texts(o, "certificate_names"))


DOTTED = ": the name in it ends with a dot, and a certificate's names have none there (RFC 5280, 4.2.1.6)"
OTHER_NAME = "Clients that check the name refuse TLS to {hosts} under this name"
ASK_NAME = "Ask for a certificate with the full name of {names} in the SAN, or connect by a name it has"
NO_ADDRESS = (
    "{hosts} was asked by its address, and an address is only ever looked for among the addresses of the SAN: Go"
    ' ("doesn\'t contain any IP SANs"), Java ("No subject alternative names matching IP address"), .NET, Python and'
    " OpenSSL's X509_check_ip refuse it, whatever names it has"
)
ASK_ADDRESS = "Connect by a name that the certificate has; or ask for one with {names} among the SAN's addresses"
"""RFC 6125, 1.7.2 and RFC 9525, 6.5; X509_check_ip(3); sun.security.util.HostnameChecker; crypto/x509."""


def _by_address(f: ForestFacts) -> tuple[Outcome, ...]:
    """The user named the host by its address; that a name is not known from elsewhere is no matter of certificates."""
    told = (o for o in f.told("certificate_for_address") if flag(o, "certificate_for_address") is False)
    known = ((o, f.controller(o.check.host)) for o in told if "start_tls_result" not in o.facts)
    return tuple(
        o for o, dc in known if dc is not None and dc.source in {"explicit", "argument"} and text(o, "dns_host_name")
    )


def _no_san(f: ForestFacts) -> Proof | None:
    """Only a common name: who still takes it, and who does not."""
    told = (o for o in f.told("certificate_has_san") if flag(o, "certificate_has_san") is False)
    proof = tuple(o for o in told if flag(o, "certificate_name_matches") is not False)
    if not proof:
        return None
    trusted = any(flag(o, "certificate_trusted") for o in proof)
    seen = f"{some(map(_common_name, proof), 3)}, no SAN"
    return Proof(proof, seen=(seen,), brief=True, severity=Severity.WARNING if trusted else Severity.INFO)


def _common_name(o: Outcome) -> str:
    return f"{whose(o)}: CN {some(texts(o, 'certificate_names'), 2) or 'none'}"


def _incomplete(f: ForestFacts) -> Proof | None:
    """The server sends its own certificate alone, and nobody here knows who signed it."""
    proof = _alone(f)
    issuers = some(dict.fromkeys(map(issuer, proof)), 3)
    seen = (f"{whose(o)}: signed by {issuer(o)}, whose certificate it does not send" for o in proof)
    words = {"issuers": issuers}
    return Proof(proof, seen=(some(seen, 3),), brief=True, severity=Severity.WARNING, words=words) if proof else None


def _alone(f: ForestFacts) -> tuple[Outcome, ...]:
    """Where the user says who signs (ca_file)."""
    told = [o for o in f.told("certificate_of_ca_file") if flag(o, "certificate_of_ca_file") is False]
    alone = [o for o in told if sent_alone(o) and not contradicted(o, f)]
    odd = _own_purpose_or_dates(f, alone)
    return tuple(o for o in alone if o not in odd)


def _own_purpose_or_dates(f: ForestFacts, told: Iterable[Outcome]) -> list[Outcome]:
    """Those with a fault that every verifier sees first."""
    return [o for o in told if _held_against(o, _now(f, o)) != "issuer"]


def _untrusted(f: ForestFacts) -> Proof | None:
    """A client that verifies refuses it; that it has expired is told by itself."""
    others = (*signed_by_another(f), *_alone(f))
    shown = {o.check.id: o for o in (*f.told("certificate_key_sha256"), *f.told("certificate_trusted"))}
    told = [o for o in shown.values() if not flag(o, "tls_intercepted") and o not in others and not _stands_in(o, f)]
    why = {o.check.id: _held_against(o, _now(f, o)) for o in told}
    proof = tuple(o for o in told if why[o.check.id])
    if not proof:
        return None
    reasons = dict.fromkeys(why[o.check.id] for o in proof)
    issuers = some(dict.fromkeys(issuer(o) for o in proof), 3)
    facts = {
        "issuers": issuers,
        "begin": some((text(o, "certificate_not_before") or "later" for o in proof), 3),
        "purposes": some(dict.fromkeys(p for o in proof for p in texts(o, "certificate_purposes"))) or "another",
        "complaint": listed(dict.fromkeys(text(o, "certificate_error") or "it does not say why" for o in proof)),
    }
    words = {
        "why": " ".join(WHY[reason][0].format_map(facts) for reason in reasons),
        "ask": " ".join(WHY[reason][1] for reason in reasons),
    }
    seen = (f"issued by {issuers}", *(WHY[reason][2].format_map(facts) for reason in reasons if WHY[reason][2]))
    severity = Severity.INFO if set(reasons) == {"issuer"} else Severity.WARNING
    return Proof(proof, seen=seen, brief=True, severity=severity, words=words)


def _stands_in(o: Outcome, f: ForestFacts) -> bool:
    """Signed by a stranger where the host's own is known: told as interception."""
    return flag(o, "certificate_trusted") is False and contradicted(o, f)


def _held_against(o: Outcome, now: datetime | None) -> str:
    """The key of WHY, empty where there is nothing to tell here; `purpose` also where nobody could verify."""
    distrust = text(o, "certificate_distrust") or ("issuer" if flag(o, "certificate_trusted") is False else "")
    begin, purposes = moment(o.facts.get("certificate_not_before")), texts(o, "certificate_purposes")
    end = moment(o.facts.get("certificate_not_after"))
    if now is not None and begin is not None and begin > now:
        return "not yet valid"
    if distrust == "not yet valid" or (distrust == "expired" and _shown_as_over(o, end, now)):
        return ""
    if distrust in {"", "issuer"} and purposes and not {"serverAuth", "any"} & set(purposes):
        return "purpose"
    return distrust if distrust in WHY else "other" if distrust else ""


def _shown_as_over(o: Outcome, end: datetime | None, now: datetime | None) -> bool:
    """By its own dates, or by this machine's wrong clock: none of it is the authority's fault."""
    return flag(o, "certificate_expired") is True or (end is not None and now is not None and end <= now)


WHY = {
    "issuer": (
        (
            "The issuer is not among the authorities that this machine trusts, and the server sent no certificate that"
            " leads from it to one of them."
        ),
        (
            "Install the root certificate of its authority on this machine, or name it as ca_file in the forests file;"
            " if that is done, the server has to send the certificates between as well."
        ),
        "",
    ),
    "not yet valid": (
        "It is not valid before {begin}.",
        "Compare this machine's clock first; if it is right, ask for a certificate that is valid today.",
        "valid from {begin}",
    ),
    "expired": (
        "A certificate of its authority has expired.",
        "Ask whoever runs its authority to renew the authority's certificate.",
        "{complaint}",
    ),
    "purpose": (
        "Its extended key usage does not name server authentication: {purposes}.",
        "Ask for a certificate with the key usage server authentication (1.3.6.1.5.5.7.3.1).",
        "key usage {purposes}",
    ),
    "weak": (
        "Its key or its signature is too weak for this machine's TLS: {complaint}.",
        "Ask for a certificate with an RSA key of 2048 bits or more (or an elliptic curve) and SHA-256.",
        "{complaint}",
    ),
    "other": (
        "This machine's TLS refuses it: {complaint}.",
        "Ask whoever runs the authority what is wrong with the certificate.",
        "{complaint}",
    ),
}
"""What is held against a certificate: why, what to do, and what was seen."""


def _outdated(f: ForestFacts) -> Proof | None:
    proof = tuple(o for o in f.told("tls_version") if text(o, "tls_version") in OUTDATED)
    versions = listed(dict.fromkeys(OUTDATED[str(o.facts["tls_version"])] for o in proof))
    seen = f"{versions} was agreed, as nothing newer was"
    return Proof(proof, seen=(seen,), severity=Severity.WARNING, words={"versions": versions}) if proof else None


OUTDATED = {"SSLv3": "SSL 3.0", "TLSv1": "TLS 1.0", "TLSv1.1": "TLS 1.1"}


CERTIFICATES = (
    Rule(
        code="certificate-expired",
        title="{forest}: the certificate of {hosts} has expired",
        explanation="Clients that check certificates refuse TLS to it: {ends}.",
        fix="Ask whoever runs {names} to renew its server certificate.",
        at_most=Severity.WARNING,
        when=dated(_over),
        beside=True,
    ),
    Rule(
        code="certificate-expiring",
        title="{forest}: the certificate of {hosts} expires within 21 days",
        explanation="TLS to it works until then: {ends}.",
        fix="Ask whoever runs {names} to renew its server certificate in time.",
        at_most=Severity.WARNING,
        when=dated(_nearly_over),
        beside=True,
    ),
    Rule(
        code="certificate-name-mismatch",
        title="{forest}: the certificate of {hosts} {what}",
        explanation="{why}.",
        fix="{ask}.",
        at_most=Severity.WARNING,
        when=_other_name,
        beside=True,
    ),
    Rule(
        code="certificate-no-san",
        title="{forest}: the certificate of {hosts} has no SAN, only a common name",
        explanation=(
            'The common name is no longer looked at by Go programs (since Go 1.15: "certificate relies on legacy Common'
            ' Name field") and browsers, and RFC 9525 forbids it. OpenSSL up to 3, Java, .NET and Windows still fall'
            " back to it, so it depends on the program."
        ),
        fix="Ask whoever runs {names} for a certificate with its full name in the SAN.",
        at_most=Severity.WARNING,
        when=_no_san,
        beside=True,
    ),
    Rule(
        code="certificate-incomplete",
        title="{forest}: {hosts} does not send the certificate of {issuers}, which signed its own",
        explanation=(
            "A server has to send every certificate between its own and the root (RFC 5246, 7.4.2; RFC 8446, 4.4.2)."
            " This machine knows {issuers} neither from ca_file nor from its own store. OpenSSL, Go, Java and Python"
            " refuse such a server; Windows (Schannel, .NET) may fetch the missing certificate and not notice."
            " If {issuers} is no authority of this forest, a device between signs anew."
        ),
        fix="If {issuers} stands below a root of ca_file, ask whoever runs {names} to install its certificate there (on"
        " Windows: in the computer's Intermediate Certification Authorities); if it is a root itself, add it to"
        " ca_file.",
        at_most=Severity.WARNING,
        when=_incomplete,
        beside=True,
    ),
    Rule(
        code="certificate-untrusted",
        title="{forest}: this machine does not trust the certificate of {hosts}",
        explanation=(
            "{why} Programs that check it refuse TLS to it; those that sign and seal LDAP on 389 do not notice."
        ),
        fix="{ask}",
        at_most=Severity.WARNING,
        when=_untrusted,
        beside=True,
    ),
    Rule(
        code="tls-outdated",
        title="{forest}: {hosts} speaks no TLS newer than {versions}",
        explanation=(
            "RFC 8996 retired TLS 1.0 and 1.1. Clients that insist on TLS 1.2, as OpenSSL's do by default since 3.0,"
            " cannot connect to {services}."
        ),
        fix="Ask whoever runs {names} to allow TLS 1.2 there (Windows: SCHANNEL\\Protocols\\TLS 1.2\\Server).",
        at_most=Severity.WARNING,
        when=_outdated,
        beside=True,
    ),
)
