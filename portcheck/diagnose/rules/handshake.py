"""TLS that does not come about: no certificate, an alert, a cut ClientHello, a version that nobody takes."""

from __future__ import annotations

from portcheck.diagnose.phrases import listed, ports, some
from portcheck.diagnose.reader import flag, printable, text
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.view import Endpoint, ForestFacts, endpoint, endpoints, hosts
from portcheck.model import GOOD, Outcome, Severity, Stage, State, Verdict

TLS = ("ldaps", "gc-tls")

NO_CERTIFICATE_OR_DEVICE = "the controller has no certificate, or a device on the path stops it"


def _tls_fails(f: ForestFacts) -> Proof | None:
    return _handshake(f) or _cut_hello(f) or _no_newest(f) or _start_tls(f)


def _handshake(f: ForestFacts) -> Proof | None:
    """The TLS handshake itself failed: no certificate on the server, or an alert instead of an agreement."""
    broken = {State.RESET, State.MISMATCH, State.MUTE}
    told = [o for o in f.faults(*TLS) if any(o.facts.get(key) for key in TOLD_BY)]
    proof = tuple(o for o in told if o.state in broken)
    if not proof:
        return None
    key = next(key for key in TOLD_BY if any(o.facts.get(key) for o in proof))
    said = listed(dict.fromkeys(word for o in proof if (word := text(o, key))))
    why, ask = NO_TLS["tls_client_certificate" if said == CLIENT_CERTIFICATE else key]
    where = {"names": some(map(printable, hosts(proof))), "ports": ports(proof)}
    seen = why.format(said=said)
    whole = f"The port is open and TLS does not come about: {seen}. It is not a network fault"
    words = {"what": "TLS", "why": whole, "ask": ask.format_map(where)}
    return Proof(proof, f.beside(proof, "ldap"), seen=(seen,), words=words)


TOLD_BY = ("tls_alert", "tls_error", "no_certificate")
CLIENT_CERTIFICATE = "certificate required"
"""The alert for that alone (RFC 8446, 6.2: certificate_required); TLS 1.2 has none of its own."""
NO_TLS = {
    "tls_client_certificate": (
        (
            "the server said: {said}. It takes only clients that show a certificate of their own, and portcheck shows"
            " none. Programs that have none are refused alike"
        ),
        (
            "Ask whoever runs {ports} on {names} whether programs of this machine are to have a client certificate"
            " there, or need not show one"
        ),
    ),
    "tls_alert": (
        "the server said: {said}",
        (
            "Ask the AD team which versions, ciphers and client certificates TLS on {names} wants, and whether it has a"
            " server certificate"
        ),
    ),
    "tls_error": (
        "what the server sends is no TLS that this machine takes ({said})",
        "Ask the AD team what answers on {ports} of {names}, and which versions and ciphers of TLS it offers",
    ),
    "no_certificate": (
        "the server has no certificate to show. A domain controller without one accepts the connection and cuts it",
        "Ask the AD team to issue a server certificate to {names} (name in the SAN, key usage server authentication)",
    ),
}
"""By the fact that tells it: why there is no TLS, and whom to ask for what."""


def _cut_hello(f: ForestFacts) -> Proof | None:
    """Every TLS port of the host cuts the ClientHello, and StartTLS could not be asked for the reason."""
    proof = tuple(o for where in f.by_endpoint for o in _cut_at(f, where))
    if not proof:
        return None
    names = some(map(printable, hosts(proof)))
    words = {
        "what": "TLS",
        "why": f"The connection is accepted and every ClientHello is cut, of TLS 1.3 and of 1.2: {CUT_HELLO}",
        "ask": f"Ask the AD team whether {names} has a server certificate (name in the SAN, key usage server"
        f" authentication); if it has, ask the firewall team about TLS inspection of {ports(proof)}",
    }
    return Proof(proof, f.beside(proof), words=words)


CUT_HELLO = (
    "a domain controller without a server certificate does just that, and some devices that inspect TLS. LDAP in clear,"
    " whose StartTLS would tell which, did not answer"
)


def _cut_at(f: ForestFacts, where: Endpoint) -> tuple[Outcome, ...]:
    asked = [o for o in f.at(where, *TLS) if o.verdict is not Verdict.SKIP]
    cut = [o for o in asked if o.state is State.RESET and o.stage is Stage.TLS and not flag(o, "reset_by_device")]
    told = any("start_tls_result" in o.facts or "start_tls_state" in o.facts for o in f.at(where))
    return tuple(cut) if cut and len(cut) == len(asked) and not told else ()


def _no_newest(f: ForestFacts) -> Proof | None:
    """Whoever offers TLS 1.3 is cut; a server that does not know it answers with what it knows (RFC 8446, 4.2.1)."""
    proof = tuple(o for o in f.told("tls13_cut") if flag(o, "tls13_cut"))
    if not proof:
        return None
    spoken = listed(dict.fromkeys(SPOKEN.get(text(o, "tls_version") or "", "an older version") for o in proof))
    where = f"{ports(proof)} of {some(map(printable, hosts(proof)))}"
    words = {
        "what": "TLS 1.3",
        "why": f"A ClientHello that offers TLS 1.3 is cut, twice; one without it is answered: {spoken} works."
        f" {OFFER_TLS13}",
        "ask": f"Ask the firewall team about a device that inspects TLS on {where} and does not know TLS 1.3; if there"
        " is none, ask the AD team what serves TLS there; until then clients can be kept to TLS 1.2",
    }
    seen = f"{where}: cut with TLS 1.3 offered, {spoken} without"
    return Proof(proof, severity=Severity.WARNING, seen=(seen,), brief=True, words=words)


SPOKEN = {"TLSv1.2": "TLS 1.2", "TLSv1.1": "TLS 1.1", "TLSv1": "TLS 1.0"}
OFFER_TLS13 = (
    "Clients that offer it are refused here: OpenSSL since 1.1.1, Java since 11, Go since 1.13, and Windows' own since"
    " Server 2022 and Windows 11. Older Windows does not offer it and does not notice"
)
"""OpenSSL 1.1.1 changes; JEP 332; Go 1.13 release notes; Microsoft, Protocols in TLS/SSL (Schannel SSP)."""


def _start_tls(f: ForestFacts) -> Proof | None:
    """LDAP answers in clear, and StartTLS fails twice, where no other TLS of the host has such a fault."""
    broken = {State.RESET, State.MISMATCH, State.MUTE}
    told = f.told("start_tls_state")
    where = [place for place in endpoints(told) if not any(o.state in broken for o in f.at(place, *TLS))]
    proof = tuple(o for o in told if endpoint(o) in where)
    if not proof:
        return None
    how = {"reset": "was cut", "mute": "was never answered", "mismatch": "was answered with something else"}
    ends = listed(dict.fromkeys(how.get(text(o, "start_tls_state") or "", "failed") for o in proof))
    has_one = any(o.state in GOOD for place in where for o in f.at(place, *TLS))
    why = "a device on the path stops it, or the controller does" if has_one else NO_CERTIFICATE_OR_DEVICE
    words = {
        "what": "StartTLS",
        "why": f"LDAP answers in clear, and StartTLS {ends}, twice: {why}. Clients that sign and seal, or use 636, do"
        " not notice",
        "ask": f"Ask the firewall team about inspection of {ports(proof)} to {some(map(printable, hosts(proof)))}; if"
        " there is none, ask the AD team for its server certificate",
    }
    return Proof(proof, f.beside(proof, *TLS), seen=(f"StartTLS {ends}, twice",), words=words)


HANDSHAKE = (
    Rule(
        code="tls-failed",
        title="{forest}: no {what} on {hosts}: {services}",
        explanation="{why}.",
        fix="{ask}, if LDAP over TLS is wanted.",
        at_most=Severity.WARNING,
        when=_tls_fails,
    ),
)
