"""Certificates: expired or soon to be, for another name, of an unknown issuer, or not the server's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from portcheck.diagnose.phrases import listed, ports, short_hosts, some
from portcheck.diagnose.reader import flag, moment, printable, text, texts
from portcheck.diagnose.rule import Proof, Rule, When
from portcheck.diagnose.rules.clock import ours
from portcheck.diagnose.view import ForestFacts, endpoint, hosts
from portcheck.model import GOOD, Outcome, Severity

FIREWALL = "the firewall team"
UNLESS = "; if the issuer is a public authority, install its root certificate on this machine instead"
SOON = timedelta(days=21)


def _over(o: Outcome, now: datetime) -> bool:
    end = moment(o.facts.get("certificate_not_after"))
    return flag(o, "certificate_expired") is True if end is None else end <= now


def _nearly_over(o: Outcome, now: datetime) -> bool:
    end = moment(o.facts.get("certificate_not_after"))
    return end is not None and now < end and end - now <= SOON


def _now(f: ForestFacts) -> datetime | None:
    """The time of the run, not of the reading: a saved run keeps its findings. Put right where our clock is off."""
    started = moment(f.report.started)
    return started and started + timedelta(seconds=ours(f) or 0.0)


def dated(holds: Callable[[Outcome, datetime], bool]) -> When:
    def when(f: ForestFacts) -> Proof | None:
        now = _now(f)
        proof = tuple(o for o in f.told("certificate_not_after") if now is not None and holds(o, now))
        ends = some((f"{_whose(o)} valid until {text(o, 'certificate_not_after')}" for o in proof), 3)
        return Proof(proof, seen=(ends,), brief=True, words={"ends": ends}) if proof else None

    return when


def _whose(o: Outcome) -> str:
    return f"{printable(o.check.host)} {o.check.name}" + (" (StartTLS)" if "start_tls_result" in o.facts else "")


def _other_name(f: ForestFacts) -> Proof | None:
    proof = tuple(o for o in f.told("certificate_name_matches") if flag(o, "certificate_name_matches") is False)
    names = (f"{_whose(o)} for {some(texts(o, 'certificate_names'), 3) or 'no name'}" for o in proof)
    return Proof(proof, seen=(some(names, 3),), brief=True) if proof else None


def _untrusted(f: ForestFacts) -> Proof | None:
    """A client that verifies refuses it; that it has expired is told by itself."""
    now, others = _now(f), _signed_by_another(f)
    shown = {o.check.id: o for o in (*f.told("certificate_key_sha256"), *f.told("certificate_trusted"))}
    told = [o for o in shown.values() if not flag(o, "tls_intercepted") and o not in others]
    why = {o.check.id: _held_against(o, now) for o in told}
    proof = tuple(o for o in told if why[o.check.id])
    if not proof:
        return None
    reasons = dict.fromkeys(why[o.check.id] for o in proof)
    issuers = some(dict.fromkeys(_issuer(o) for o in proof), 3)
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
    proof = tuple(o for o in f.told("tls_version") if o.facts.get("tls_version") in OUTDATED)
    versions = listed(dict.fromkeys(OUTDATED[str(o.facts["tls_version"])] for o in proof))
    seen = f"{versions} was agreed, as nothing newer was"
    return Proof(proof, seen=(seen,), severity=Severity.WARNING, words={"versions": versions}) if proof else None


OUTDATED = {"SSLv3": "SSL 3.0", "TLSv1": "TLS 1.0", "TLSv1.1": "TLS 1.1"}


def _intercepted(f: ForestFacts) -> Proof | None:
    return _stranger(f) or _two_keys(f) or _one_key_for_many(f) or _another_authority(f)


def _stranger(f: ForestFacts) -> Proof | None:
    """A public endpoint whose certificate is signed by nobody whom this machine trusts."""
    proof = tuple(o for o in f.told("tls_intercepted") if flag(o, "tls_intercepted") is True)
    if not proof:
        return None
    issuers = some(dict.fromkeys(_issuer(o) for o in proof), 3)
    why = (
        f"Public endpoints show certificates that {issuers} signed, whom this machine does not trust. Either a device"
        " or proxy between decrypts and signs anew, or this machine lacks the root of a public authority: the name"
        " tells which. Services that verify the certificate refuse it"
    )
    names = some(map(printable, hosts(proof)), 3)
    what = f"TLS to {names} is signed by {issuers}, whom this machine does not trust"
    seen = (f"{ports(proof)} of {some(map(printable, hosts(proof)), 12)}: signed by {issuers}",)
    proxies = dict.fromkeys(proxy for o in proof if (proxy := text(o, "proxy")))
    whom = f"whoever runs the proxy {listed(proxies)}" if proxies else FIREWALL
    return Proof(proof, seen=seen, brief=True, words={"what": what, "why": why, "whom": whom, "unless": UNLESS})


def _two_keys(f: ForestFacts) -> Proof | None:
    """One controller shows the same certificate on all its TLS ports; a device in between cannot."""
    proof: list[Outcome] = []
    for where in f.by_endpoint:
        told = [o for o in f.told("certificate_key_sha256") if endpoint(o) == where and text(o, "certificate_issuer")]
        keys = {text(o, "certificate_key_sha256") for o in told}
        if len(keys) > 1 and len({text(o, "certificate_issuer") for o in told}) > 1:
            proof.extend(told)
    seen = (f"{_whose(o)} is signed by {text(o, 'certificate_issuer')}" for o in proof)
    if not proof:
        return None
    why = (
        "The same controller shows different keys from different issuers on its TLS ports. A device between decrypts"
        " and signs anew; LDAP with channel binding fails through it"
    )
    return _opened(tuple(proof), seen, why, f"TLS to {short_hosts(hosts(proof), f)} is opened on the way")


def _one_key_for_many(f: ForestFacts) -> Proof | None:
    """A controller makes its own key; a device that signs anew on the fly has one for all it stands in for."""
    by_key: dict[str, list[Outcome]] = {}
    for outcome in f.report.outcomes:
        key = text(outcome, "certificate_key_sha256")
        if key and outcome.state in GOOD and outcome.check.address:  # not of the cloud's endpoints
            by_key.setdefault(key, []).append(outcome)
    shared = [one for one in by_key.values() if _for_different_hosts(one)]
    own = {o.check.id for o in f.told("certificate_key_sha256")}
    proof = tuple(o for one in shared for o in one if o.check.id in own)
    if not proof:
        return None
    many = some((printable(host) for host in hosts(o for one in shared for o in one)), 4)
    why = (
        f"{many} show certificates for different names with one and the same key. Each controller has a key of its own;"
        " a device that decrypts and signs anew has one for all. LDAP with channel binding fails through it"
    )
    seen = (f"{_whose(o)}: for {some(texts(o, 'certificate_names'), 2)} by {_issuer(o)}" for o in proof)
    return _opened(proof, seen, why, f"TLS to {short_hosts(hosts(proof), f)} is opened on the way")


def _for_different_hosts(outcomes: Sequence[Outcome]) -> bool:
    """One certificate may serve many hosts, and its successor may keep the key: only other names tell."""
    return len(set(hosts(outcomes))) > 1 and len({texts(o, "certificate_names") for o in outcomes}) > 1


def _another_authority(f: ForestFacts) -> Proof | None:
    """Several hosts whose certificates one stranger signed, although the user says who signs in this forest."""
    proof = _signed_by_another(f)
    if not proof:
        return None
    issuers = some(dict.fromkeys(map(_issuer, proof)), 3)
    why = (
        f"The authority in ca_file signed none of these certificates: {issuers} did, whom this machine does not trust."
        " Either a device between decrypts and signs anew, or ca_file lacks an authority of this forest: the name tells"
        " which"
    )
    what = f"TLS to {short_hosts(hosts(proof), f)} is signed by {issuers}, not by the authority in ca_file"
    unless = "; if that is an authority of the forest, add its certificate to ca_file instead"
    return _opened(proof, (f"{_whose(o)} is signed by {_issuer(o)}" for o in proof), why, what, unless)


def _opened(proof: tuple[Outcome, ...], seen: Iterable[str], why: str, what: str, unless: str = "") -> Proof:
    words = {"what": what, "why": why, "whom": FIREWALL, "unless": unless}
    return Proof(proof, seen=(some(seen),), brief=True, severity=Severity.WARNING, words=words)


def _signed_by_another(f: ForestFacts) -> tuple[Outcome, ...]:
    """One certificate may be a lapse, and one that signed itself is nobody's work but the host's."""
    told = [o for o in f.told("certificate_of_ca_file") if flag(o, "certificate_of_ca_file") is False]
    signed = [o for o in told if text(o, "certificate_issuer") not in {None, "", text(o, "certificate_subject")}]
    by_issuer: dict[str, set[str]] = {}
    for outcome in signed:
        by_issuer.setdefault(_issuer(outcome), set()).add(outcome.check.host)
    return tuple(o for o in signed if len(by_issuer[_issuer(o)]) > 1)


def _issuer(o: Outcome) -> str:
    return text(o, "certificate_issuer") or "an issuer it does not name"


CERTIFICATES = (
    Rule(
        code="tls-intercepted",
        title="{forest}: {what}",
        explanation="{why}.",
        fix="Ask {whom}: no TLS inspection for {names} ({ports}){unless}.",
        when=_intercepted,
        beside=True,
    ),
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
        title="{forest}: the certificate of {hosts} is for another name",
        explanation="Clients that check the name refuse TLS to {hosts} under this name.",
        fix="Ask for a certificate with the full name of {names} in the SAN, or connect by a name it has.",
        at_most=Severity.WARNING,
        when=_other_name,
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
