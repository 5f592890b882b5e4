"""LDAP on 389, 636, 3268 and 3269: the rootDSE, which needs no bind and which every version of Windows tells."""

from __future__ import annotations

from dataclasses import replace

from portcheck.model import Check, Facts
from portcheck.net.network import Network
from portcheck.net.stream import OF_RECORD, USUAL_SEGMENT, Stream
from portcheck.net.tls.certificate import matches
from portcheck.probes import names, proof, start_tls
from portcheck.probes.beside import beside
from portcheck.probes.clock import skew_s
from portcheck.probes.exchange import over_tls
from portcheck.probes.probe import Exchange, Probe, Question, Seen, Subject
from portcheck.probes.secured import secured
from portcheck.wire import ldap, sid, watermark
from portcheck.wire.ldap_answer import SearchAnswer
from portcheck.wire.netlogon import PingRequest, unpack_ping
from portcheck.wire.rootdse import RootDse, rootdse_request
from portcheck.wire.sid import NT_AUTHORITY, NT_NON_UNIQUE, Sid

TWO_SEGMENTS = 2 * USUAL_SEGMENT
QUESTION = 1  # the number of the first message of a session


async def plain(check: Check, net: Network, subject: Subject) -> Seen:
    with await net.tcp(check.known_port) as stream:
        return await _ask(stream, subject)


async def with_start_tls(check: Check, net: Network, subject: Subject) -> Seen:
    """As `plain`, in packets as large as they come; then StartTLS on the same connection, for its certificate.

    A path that loses large packets of ours shows in no small question.
    """
    with await net.tcp(check.known_port) as stream:
        seen = await _ask(stream, subject, size=stream.two_segments)
        if not subject.start_tls or not seen.facts.get("is_domain_controller"):
            return seen
        stream.observe()
        shown = await beside(start_tls.look(stream, check, net, subject), net.trail, "StartTLS")
    return replace(seen, facts=_named(seen.facts | shown))


async def tls(check: Check, net: Network, subject: Subject) -> Seen:
    stream, facts = await secured(lambda: net.tcp(check.known_port), check, subject)
    with stream:
        return await _ask(stream, subject, facts, stream.two_segments if check.service == "ldaps" else 0)


async def _ask(stream: Stream, subject: Subject, facts: Facts | None = None, size: int = 0) -> Seen:
    await stream.send(rootdse_request(QUESTION, size=size).pack(), "LDAP search of the rootDSE")
    answer = SearchAnswer.unpack(await stream.read_frame(ldap.AnswerFrame(), "LDAP answer"), QUESTION)
    told: Facts = dict(facts or {})
    if answer.entry is not None:
        root = RootDse.from_entry(answer.entry)
        if found := watermark.in_text(root.vendor):
            return proof.seen(found)
        told |= _facts(root, stream)
    elif answer.end.code:
        told["ldap_result"] = answer.end.code
    told = _named(told)
    if subject.domain and told.get("domain") not in (None, subject.domain):
        told["wrong_forest"] = subject.domain not in (told.get("forest"), told.get("domain"))
    if subject.domain_sid and answer.entry is not None:
        told |= {"expected_domain_sid": subject.domain_sid, "domain_sid_told": "not told"}
        told |= await beside(_held_against_sid(stream, subject, told), stream.trail, "the domain's SID")
    return Seen(
        told, reason=f"LDAP answered as {told['dns_host_name']}" if "dns_host_name" in told else "LDAP answered"
    )


def _named(told: Facts) -> Facts:
    """Where a host was asked by its address, its certificate is for what it calls itself, or for another."""
    shown, name = told.get("certificate_names"), told.get("dns_host_name")
    if "certificate_name_matches" in told or not isinstance(shown, list) or not name:
        return told
    return told | {"certificate_name_matches": matches((str(name),), shown)}


async def _held_against_sid(stream: Stream, subject: Subject, told: Facts) -> Facts:
    """Nobody tells a SID without a bind, but an LDAP ping for a SID is answered only where it is the domain's.

    Samba does so. Whether Windows does is not documented: there, only an answer to the expected one beside none to
    another counts, and silence to both tells nothing.
    """
    expected = sid.parse(subject.domain_sid)
    other = Sid(NT_AUTHORITY, (NT_NON_UNIQUE, 0, 0, 1))
    answered = [await _pinged(stream, wanted, number) for number, wanted in ((2, expected), (3, other))]
    samba = str(told.get("vendor") or "").startswith("Samba")
    match answered:
        case [True, False]:
            word = "matches"
        case [False, False] if samba:
            word = "differs"
        case _:
            word = "not told"
    return {"domain_sid_told": word, **({"wrong_forest": True} if word == "differs" else {})}


async def _pinged(stream: Stream, wanted: Sid, number: int) -> bool:
    await stream.send(PingRequest(message_id=number, domain_sid=wanted.pack()).pack(), f"LDAP ping for {wanted}")
    return unpack_ping(await stream.read_frame(ldap.AnswerFrame(), "LDAP answer"), number).netlogon is not None


def _facts(root: RootDse, stream: Stream) -> Facts:
    own = {"dns_host_name": root.dns_host_name, "domain": root.domain, "forest": root.forest}
    told: Facts = {
        **names.facts({key: name for key, name in own.items() if name is not None}),
        "default_naming_context": root.default_naming_context,
        "root_domain_naming_context": root.root_domain_naming_context,
        "site": root.site,
        "is_synchronized": root.is_synchronized,
        "is_gc_ready": root.is_gc_ready,
        "domain_controller_level": root.domain_controller_level,
        "domain_level": root.domain_level,
        "forest_level": root.forest_level,
        "vendor": root.vendor,
        "sasl_mechanisms": list(root.sasl_mechanisms),
        "clock_skew_s": skew_s(root.current_time, stream.trail, resolution_s=1.0),
        "is_domain_controller": root.is_domain_controller,
    }
    return {key: value for key, value in told.items() if value is not None}


def _ldap(check: Check, subject: Subject) -> Exchange:  # noqa: ARG001
    plain, large = _rootdse(), _rootdse(TWO_SEGMENTS)
    if not subject.start_tls:
        return Exchange((large,))
    upgrade = Question("StartTLS", len(ldap.ExtendedRequest().pack()))
    inside = over_tls(subject.host or None, plain, 1).questions
    return Exchange((large,), aside=(upgrade, *inside))


def _gc(check: Check, subject: Subject) -> Exchange:  # noqa: ARG001
    return Exchange((_rootdse(),))


def _ldaps(check: Check, subject: Subject) -> Exchange:
    return over_tls(subject.host or None, _rootdse(TWO_SEGMENTS - OF_RECORD if check.service == "ldaps" else 0), 2)


def _rootdse(size: int = 0) -> Question:
    filled = ", with names of no attribute to fill two packets" if size else ""
    return Question(f"LDAP search of the rootDSE, no bind{filled}", len(rootdse_request(size=size).pack()))


PROBES = (
    Probe("ldap", with_start_tls, _ldap),
    Probe("gc", plain, _gc),
    Probe("ldaps", tls, _ldaps),
    Probe("gc-tls", tls, _ldaps),
)
