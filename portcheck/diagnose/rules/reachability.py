"""One service that cannot be reached although the host answers elsewhere: a row each, the likeliest cause first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from portcheck.diagnose.phrases import listed, ports
from portcheck.diagnose.reader import flag
from portcheck.diagnose.remedy import allow
from portcheck.diagnose.rule import Proof, Rule, When
from portcheck.diagnose.symptoms import speak_sync, unix_alone
from portcheck.diagnose.view import ForestFacts, endpoint, endpoints
from portcheck.model import Outcome, Severity
from portcheck.model.readings import kdc_barred

ASK = "Ask the firewall team: {allow}."
DIRECTORY = ("rpc-netlogon", "rpc-lsarpc", "rpc-samr", "rpc-drsuapi")
PINS = {
    **dict.fromkeys(DIRECTORY, "NTDS 'TCP/IP Port' and Netlogon 'DCTcpipPort', two different ports"),
    "rpc-dfsr": "Set-DfsrServiceConfiguration -RPCPort",
    "rpc-cert": "the static endpoint of CertSrv Request in the authority's DCOM settings",
}
"""Where the port of an interface is pinned."""
PINNED = (
    " These ports can change when the server restarts: allow tcp 49152-65535 as well, or have them pinned ({pins}) and"
    " allow those."
)


def _dynamic(f: ForestFacts) -> Proof | None:
    proof = blocked(*PINS, although=("rpc",))(f)
    if proof is None:
        return None
    pins = "; ".join(dict.fromkeys(PINS[o.check.service] for o in proof.outcomes))
    return replace(proof, words={"pins": pins, **_how_much(f, proof.outcomes)})


def _how_much(f: ForestFacts, outcomes: Sequence[Outcome]) -> dict[str, str]:
    """All that the mapper named, or some of it: then a part of the range is open, or single ports are."""
    open_too = [o for o in f.beside(outcomes, *PINS) if o.check.service in PINS]
    if not open_too:
        return {"which": "the RPC services", "behind": "135 was opened and the ports behind it were not"}
    names = listed(dict.fromkeys(o.check.service.removeprefix("rpc-") for o in outcomes))
    behind = f"135 was opened, and so was {ports(open_too)} behind it; the rest of these ports was not"
    return {"which": f"RPC ({names})", "behind": behind}


def blocked(*names: str, although: tuple[str, ...] = ()) -> When:
    """These are blocked; what answers on the same address is the contrast."""

    def when(f: ForestFacts) -> Proof | None:
        proof = f.blocked(*names)
        return Proof(proof, f.beside(proof, *although)) if proof else None

    return when


def blocked_with(first: str, also: str, although: tuple[str, ...] = ()) -> When:
    """`first` is blocked; `also` belongs to it where it is blocked on the same address."""

    def when(f: ForestFacts) -> Proof | None:
        leading = f.blocked(first)
        places = {endpoint(outcome) for outcome in leading}
        proof = tuple(o for o in f.blocked(first, also) if endpoint(o) in places)
        return Proof(proof, f.beside(proof, *although)) if proof else None

    return when


BY_ENGINE = (
    " So does an export that carries an initial password (KB2443871); imports do not use it and go on working. That"
    " this shows as kerberos-no-logon-server follows from the article and from the field; Microsoft's text on that"
    " error names no port."
)
BY_JOIN = (
    " adcli, realmd and Samba set the machine's password this way, at the join and whenever they renew it; Windows sets"
    " it over RPC."
)
JOINING = frozenset({"domain-join", "linux-member", "nas"})


def _passwords(f: ForestFacts) -> Proof | None:
    """Both transports, or TCP alone; who sets passwords here is said in the words of the profiles."""
    proof = blocked_with("kpasswd/tcp", "kpasswd/udp", although=("kerberos", "ldap"))(f)
    if proof is None:
        return None
    asking = {name for outcome in proof.outcomes for name in outcome.check.profiles}
    who = (BY_ENGINE if speak_sync(proof.outcomes) else "") + (BY_JOIN if asking & JOINING else "")
    return replace(proof, words={"who": who})


def _tickets(f: ForestFacts) -> Proof | None:
    proof = blocked_with("kerberos/tcp", "kerberos/udp", although=("ldap", "ldap-ping"))(f)
    if proof is None:
        return None
    return replace(proof, words={"asks": "" if unix_alone(proof.outcomes) else "Windows asks Kerberos over TCP. "})


def _ticket_datagrams(f: ForestFacts) -> Proof | None:
    proof = blocked("kerberos/udp", although=("kerberos/tcp",))(f)
    if proof is None:
        return None
    here = unix_alone(proof.outcomes)
    words = {
        "but": "Kerberos turns to TCP" if here else "Windows does not use it",
        "windows": "" if here else "Windows Vista, Server 2008 and later ask Kerberos over TCP only. Older Windows, ",
        "others": "Some Unix" if here else "appliances and some Unix",
    }
    return replace(proof, words=words)


def _directory(f: ForestFacts) -> Proof | None:
    proof = blocked("ldap", although=("ldap-ping", "kerberos"))(f)
    if proof is None:
        return None
    secured = any(o.check.service == "ldaps" for o in f.beside(proof.outcomes))
    words = " What is set to ldaps:// uses 636/tcp instead, which answers." if secured else ""
    return replace(proof, words={"beside": words})


def _password_datagrams(f: ForestFacts) -> Proof | None:
    """464/udp alone; where its block is not proven, it is called silent, and nobody is asked to open it."""
    proof = f.blocked("kpasswd/udp")
    proven = tuple(o for o in proof if flag(o, "udp_unproven") is not True)
    words = {"seen": "blocked", "ask": f"Ask the firewall team: {allow(f, proven)}"}
    if not proven:
        barred = all(kdc_barred(f.asked(where)) for where in endpoints(proof))
        words = {
            "seen": "silent, which does not prove a block",
            "ask": LIKE_THE_KDC.format(allow=allow(f, proof)) if barred else UNPROVEN,
        }
    return Proof(proof, f.beside(proof, "kpasswd/tcp", "kerberos/udp"), words=words) if proof else None


LIKE_THE_KDC = (
    "If the firewall that drops 88/udp turns out to drop 464/udp too, ask the firewall team: {allow}. The silence of"
    " 464/udp by itself proves nothing: a controller may well drop this question"
)
UNPROVEN = (
    "Nothing to ask for yet: a controller may well drop this question itself. Where password changes wait or fail, look"
    " for 464/udp in a capture on the controller first"
)


REACHABILITY = (
    Rule(
        code="ldap-blocked",
        title="{forest}: the directory on {hosts} cannot be reached: {ports} blocked",
        explanation=(
            "Reading and writing objects goes over LDAP on 389/tcp, in clear, signed or after StartTLS.{beside} The"
            " Global Catalog on 3268 answers searches only."
        ),
        fix=ASK,
        when=_directory,
    ),
    Rule(
        code="kerberos-blocked",
        title="{forest}: Kerberos on {hosts} cannot be reached: {ports} blocked",
        explanation=(
            "{asks}Whatever signs in with a ticket fails, the Kerberos password service among"
            " it; only what may fall back to NTLM, or changes passwords over LDAP or SAMR, can go on."
        ),
        fix=ASK,
        when=_tickets,
    ),
    Rule(
        code="kpasswd-blocked",
        title="{forest}: passwords cannot be set on {hosts}: {ports} blocked",
        explanation=("Setting and changing a password goes through the Kerberos password service on port 464.{who}"),
        fix=ASK,
        when=_passwords,
    ),
    Rule(
        code="kpasswd-udp-blocked",
        title="{forest}: {ports} to {hosts} {seen}; the password service answers over TCP",
        explanation=(
            "Both of Microsoft's port tables list 464 for TCP and UDP. Which of the two a Windows client takes is not"
            " documented; clients that fall back to TCP notice nothing, others wait or fail."
        ),
        fix="{ask}.",
        when=_password_datagrams,
    ),
    Rule(
        code="kerberos-udp-blocked",
        title="{forest}: {ports} to {hosts} blocked; {but}",
        explanation="{windows}{others} clients try UDP first and wait before they turn to TCP.",
        fix="If such clients use this path, ask the firewall team: {allow}.",
        at_most=Severity.WARNING,
        when=_ticket_datagrams,
    ),
    Rule(
        code="rpc-mapper-blocked",
        title="{forest}: RPC to {hosts} is blocked at the endpoint mapper, {ports}",
        explanation=(
            "Every RPC call starts at the endpoint mapper, which names the port of the service. The ports behind it"
            " could not be asked for; they must be open as well."
        ),
        fix=ASK + " Allow the dynamic RPC ports in the same change: tcp 49152-65535, or the ports pinned there.",
        when=blocked("rpc", although=("ldap", "smb")),
    ),
    Rule(
        code="rpc-dynamic-blocked",
        title="{forest}: {which} of {hosts} cannot be reached: {ports} blocked",
        explanation=(
            "The endpoint mapper answers and names these ports, but they cannot be reached: {behind}. It is the most"
            " common cause of error 1722."
        ),
        fix=ASK + PINNED,
        when=_dynamic,
    ),
    Rule(
        code="smb-blocked",
        title="{forest}: file shares and named pipes of {hosts} cannot be reached: {ports} blocked",
        explanation="SYSVOL, NETLOGON and RPC over named pipes go through SMB on 445/tcp.",
        fix=ASK,
        when=blocked("smb", although=("ldap", "rpc")),
    ),
    Rule(
        code="gc-blocked",
        title="{forest}: the Global Catalog on {hosts} cannot be reached: {ports} blocked",
        explanation=(
            "Searches over the whole forest, universal groups and sign-in by UPN in a forest of several domains need"
            " the Global Catalog; a search of one domain on 389 does not."
        ),
        fix=ASK,
        when=blocked("gc", although=("ldap",)),
    ),
    Rule(
        code="ldaps-blocked",
        title="{forest}: LDAP over TLS on {hosts} cannot be reached: {ports} blocked",
        explanation="It matters where a connector or an application is set to use SSL; LDAP on 389 is another port.",
        fix=ASK,
        when=blocked("ldaps", although=("ldap",)),
    ),
    Rule(
        code="gc-tls-blocked",
        title="{forest}: the Global Catalog over TLS on {hosts} cannot be reached: {ports} blocked",
        explanation="It matters where forest-wide searches are set to use SSL; 3268 is another port.",
        fix=ASK,
        when=blocked("gc-tls", although=("gc", "ldap")),
    ),
    Rule(
        code="time-blocked",
        title="{forest}: the time service of {hosts} cannot be reached: {ports} blocked",
        explanation=(
            "A clock that cannot be set drifts, and Kerberos refuses a difference of more than five minutes. Nothing"
            " fails until then. It was asked from ordinary ports of this machine: a time service may ask from port 123,"
            " and a rule that lets only that pass cannot be told from here."
        ),
        fix=ASK,
        when=blocked("time", although=("ldap-ping", "ldap")),
    ),
    Rule(
        code="adws-blocked",
        title="{forest}: AD Web Services on {hosts} cannot be reached: {ports} blocked",
        explanation="The AD PowerShell module and the Administrative Center use them; sign-in and LDAP do not.",
        fix=ASK,
        when=blocked("adws", although=("ldap",)),
    ),
    Rule(
        code="mim-service-blocked",
        title="{forest}: the MIM Service on {hosts} cannot be reached: {ports} blocked",
        explanation="The portals, their clients and the MIM management agent talk to the MIM Service here.",
        fix=ASK,
        when=blocked("mim-service", "mim-sts"),
    ),
)
