"""TLS that is intercepted: a stranger's signature where the forest's own belongs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from portcheck.diagnose.phrases import listed, ports, short_hosts, some
from portcheck.diagnose.reader import flag, printable, text, texts
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.rules.shown import issuer, known_signer, may_be_below, sent_alone, signs_itself, whose
from portcheck.diagnose.view import ForestFacts, endpoint, grouped, hosts
from portcheck.model import GOOD, Outcome, Report, Severity

FIREWALL = "the firewall team"
UNLESS = "; if the issuer is a public authority, install its root certificate on this machine instead"


def _intercepted(f: ForestFacts) -> Proof | None:
    return _stranger(f) or _two_keys(f) or _one_key_for_many(f) or _another_authority(f)


def _stranger(f: ForestFacts) -> Proof | None:
    """A public endpoint whose certificate is signed by nobody whom this machine trusts."""
    proof = tuple(o for o in f.told("tls_intercepted") if flag(o, "tls_intercepted") is True)
    if not proof:
        return None
    issuers = some(dict.fromkeys(issuer(o) for o in proof), 3)
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
    shown = (o for o in f.told("certificate_key_sha256") if endpoint(o) and text(o, "certificate_issuer"))
    signed = (o for o in shown if not may_be_below(o, f) and not known_signer(o))
    for told in grouped((endpoint(o), o) for o in signed).values():
        keys = {text(o, "certificate_key_sha256") for o in told}
        if len(keys) > 1 and len({text(o, "certificate_issuer") for o in told}) > 1:
            proof.extend(told)
    strange = [o for o in proof if flag(o, "certificate_trusted") is not True]  # the one that a stranger signed
    seen = (f"{whose(o)} is signed by {text(o, 'certificate_issuer')}" for o in proof)
    if not proof:
        return None
    perhaps, or_else, unless = TRUSTED if not strange else UNSENT if all(map(sent_alone, strange)) else ("", "", "")
    what = f"TLS to {short_hosts(hosts(proof), f)} is intercepted{or_else}"
    return _opened(tuple(strange or proof), seen, f"{TWO_KEYS}{perhaps}", what, unless)


TWO_KEYS = (
    "The same controller shows different keys from different issuers on its TLS ports. A device between decrypts and"
    " signs anew; LDAP with channel binding fails through it"
)
TRUSTED = (
    (
        ". This machine trusts each of the issuers, so it may as well be a load balancer that ends TLS, or ports that"
        " were given certificates of their own: that cannot be told from here"
    ),
    ", or ended before it",
    "; if the ports have certificates of their own on purpose, nothing is to be done",
)
UNSENT = (
    (
        ". Unless the issuer is an authority of this forest that stands below a known one, whose certificate the"
        " server should send and does not: that cannot be told from here"
    ),
    ", or its certificate comes without its signer's",
    "; if the issuer is an authority of this forest, have the host send its certificate too",
)
"""What else it may be: why, in the title, and in what is asked for."""


def _shared_keys(report: Report) -> list[list[Outcome]]:
    """Who shows the same key for different names."""
    by_key: dict[str, list[Outcome]] = {}
    for outcome in report.outcomes:
        key = text(outcome, "certificate_key_sha256")
        if key and outcome.state in GOOD and outcome.check.address:  # not of the cloud's endpoints
            by_key.setdefault(key, []).append(outcome)
    return [one for one in by_key.values() if _for_different_hosts(one)]


def _one_key_for_many(f: ForestFacts) -> Proof | None:
    """A controller makes its own key; a device that signs anew on the fly has one for all it stands in for."""
    shared = f.of_run(_shared_keys)
    own = {o.check.id for o in f.told("certificate_key_sha256")}
    proof = tuple(o for one in shared for o in one if o.check.id in own)
    if not proof:
        return None
    many = some((printable(host) for host in hosts(o for one in shared for o in one)), 4)
    why = (
        f"{many} show certificates for different names with one and the same key. Each controller has a key of its own;"
        " a device that decrypts and signs anew has one for all. LDAP with channel binding fails through it"
    )
    seen = (f"{whose(o)}: for {some(texts(o, 'certificate_names'), 2)} by {issuer(o)}" for o in proof)
    return _opened(proof, seen, why, f"TLS to {short_hosts(hosts(proof), f)} is intercepted")


def _for_different_hosts(outcomes: Sequence[Outcome]) -> bool:
    """One certificate may serve many hosts, and its successor may keep the key: only other names tell."""
    return len(set(hosts(outcomes))) > 1 and len({texts(o, "certificate_names") for o in outcomes}) > 1


def _another_authority(f: ForestFacts) -> Proof | None:
    """Several hosts whose certificates one stranger signed, although the user says who signs in this forest."""
    proof = signed_by_another(f)
    if not proof:
        return None
    issuers = some(dict.fromkeys(map(issuer, proof)), 3)
    why = (
        f"The authority in ca_file signed none of these certificates: {issuers} did, whom this machine does not trust."
        " Either a device between decrypts and signs anew, or ca_file lacks an authority of this forest: the name tells"
        " which"
    )
    what = f"TLS to {short_hosts(hosts(proof), f)} is signed by {issuers}, not by the authority in ca_file"
    unless = "; if that is an authority of the forest, add its certificate to ca_file instead"
    return _opened(proof, (f"{whose(o)} is signed by {issuer(o)}" for o in proof), why, what, unless)


def _opened(proof: tuple[Outcome, ...], seen: Iterable[str], why: str, what: str, unless: str = "") -> Proof:
    words = {"what": what, "why": why, "whom": FIREWALL, "unless": unless}
    return Proof(proof, seen=(some(seen),), brief=True, severity=Severity.WARNING, words=words)


def signed_by_another(f: ForestFacts) -> tuple[Outcome, ...]:
    """One may be a lapse; one that signed itself, or lacks what is between, is nobody's work but the host's."""
    told = [o for o in f.told("certificate_of_ca_file") if flag(o, "certificate_of_ca_file") is False]
    signed = [o for o in told if not signs_itself(o) and not sent_alone(o)]
    byissuer: dict[str, set[str]] = {}
    for outcome in signed:
        byissuer.setdefault(issuer(outcome), set()).add(outcome.check.host)
    return tuple(o for o in signed if len(byissuer[issuer(o)]) > 1)


INTERCEPTION = (
    Rule(
        code="tls-intercepted",
        title="{forest}: {what}",
        explanation="{why}.",
        fix="Ask {whom}: no TLS inspection for {names} ({ports}){unless}.",
        when=_intercepted,
        beside=True,
    ),
)
