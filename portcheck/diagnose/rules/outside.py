"""The cloud's endpoints, straight or through a proxy: who stands in the way, and whom to ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from portcheck.diagnose.phrases import duration, how, listed, ports, some
from portcheck.diagnose.reader import flag, number, printable, text, texts
from portcheck.diagnose.remedy import allow, sources
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.view import ForestFacts, hosts
from portcheck.model import BLOCKED, Outcome, Severity, State

UNUSABLE = BLOCKED | {State.REFUSED, State.RESET, State.MUTE, State.UNRESOLVED}
CUT = frozenset({State.RESET, State.MUTE})
NEEDS_CREDENTIALS, SERVER_ERRORS = 407, 500
FEW, MOST = 3, 12

Found = tuple[Outcome, ...]
Words = Callable[[ForestFacts, Found], tuple[str, str]]
"""What stands in the way of these, and whom to ask."""


def outside(f: ForestFacts) -> bool:
    """The part of a report that is about the cloud."""
    return f.forest.facts.get("kind") == "cloud"


def _blocked(f: ForestFacts) -> Proof | None:
    proof = tuple(o for o in f.faults() if o.state in UNUSABLE or _no_answer_of(o)) if outside(f) else ()
    if not proof:
        return None
    alike: dict[tuple[Words, str], list[Outcome]] = {}
    for o in proof:
        alike.setdefault((_way(o), text(o, "proxy") or ""), []).append(o)
    told = [words(f, tuple(found)) for (words, _), found in alike.items()]
    ways, asks = " ".join(what for what, _ in told), " ".join(ask for _, ask in told)
    seen = tuple(f"{ports(found)} to {_few(found)}: {_seen(found)}" for found in alike.values())
    return Proof(proof, f.answered()[:1], seen=seen, brief=True, words={"ways": ways, "asks": asks, "few": _few(proof)})


def _way(o: Outcome) -> Words:
    """The first that fits."""
    if text(o, "proxy"):
        status = number(o, "proxy_status")
        if flag(o, "proxy_reached") is False:
            return _nameless_proxy if o.state is State.UNRESOLVED else _no_proxy
        if status is None:
            return _no_answer
        if status == NEEDS_CREDENTIALS:
            return _signs_in
        if o.state in CUT:
            return _cut_in_tunnel
        return _fails if status >= SERVER_ERRORS else _refuses
    if o.state is State.UNRESOLVED:
        return _nameless
    return _cut if o.state in CUT else _closed


def _no_proxy(f: ForestFacts, found: Found) -> tuple[str, str]:
    proxy, source = _proxy(found), listed(sources(f, found)) or "this machine"
    host, _, port = proxy.rpartition(":")
    what = f"The proxy {proxy} cannot be reached ({_seen(found)}), and everything goes through it."
    ask = f"Ask the firewall team: allow tcp {port} from {source} to the proxy {host}"
    return what, f"{ask}; or correct its address (--proxy)."


def _nameless_proxy(_: ForestFacts, found: Found) -> tuple[str, str]:
    proxy = _proxy(found)
    host = proxy.rpartition(":")[0]
    what = f"This machine's resolver gives no address for the proxy {host}, and everything goes through it."
    ask = f"Correct the proxy's name ({proxy} by --proxy, HTTPS_PROXY or the forests file), or ask the DNS team to"
    return what, f"{ask} resolve {host} for this machine."


def _no_answer_of(o: Outcome) -> bool:
    """What is at the proxy's address took the connection, and did not speak as a proxy does."""
    return o.state is State.MISMATCH and bool(text(o, "proxy")) and number(o, "proxy_status") is None


def _no_answer(_: ForestFacts, found: Found) -> tuple[str, str]:
    proxy = _proxy(found)
    what = f"What takes connections at {proxy} does not answer as a proxy does ({_seen(found)})."
    ask = f"Ask whoever runs the proxy whether it is at {proxy} and serves this machine"
    return what, f"{ask}; or correct its address (--proxy)."


def _signs_in(_: ForestFacts, found: Found) -> tuple[str, str]:
    proxy, names = _proxy(found), _names(found)
    schemes = some(dict.fromkeys(scheme for o in found for scheme in texts(o, "proxy_authentication")))
    what = f"The proxy {proxy} asks for credentials (HTTP 407{f'; {schemes}' if schemes else ''}) for {names}."
    alone = " A service that signs in by itself may pass where portcheck, which was given no account, does not."
    ask = f"Ask whoever runs the proxy {proxy}: let this machine pass to {names} without signing in"
    return what + alone, f"{ask}; or set the service's own account for the proxy (machine.config)."


def _refuses(_: ForestFacts, found: Found) -> tuple[str, str]:
    what = f"The proxy {_proxy(found)} refuses {_names(found)} ({_statuses(found)})."
    ask = f"allow {_names(found)} ({ports(found)}) from this machine"
    return what, f"Ask whoever runs the proxy {_proxy(found)}: {ask}."


def _fails(_: ForestFacts, found: Found) -> tuple[str, str]:
    what = f"The proxy {_proxy(found)} does not reach {_names(found)} itself ({_statuses(found)})."
    ask = f"see that it reaches {_names(found)} ({ports(found)}) and resolves the names"
    return what, f"Ask whoever runs the proxy {_proxy(found)}: {ask}."


def _cut_in_tunnel(_: ForestFacts, found: Found) -> tuple[str, str]:
    what = f"The proxy {_proxy(found)} lets connections to {_names(found)} begin, and then: {_seen(found)}."
    return what, f"Ask whoever runs the proxy {_proxy(found)}: {_no_filter(found)}."


def _nameless(_: ForestFacts, found: Found) -> tuple[str, str]:
    what = f"This machine's resolver has no address for {_names(found)}, and no proxy is set."
    ask = "If this machine goes out through a proxy, name it (--proxy, HTTPS_PROXY or the forests file); if not, ask"
    return what, f"{ask} the DNS team to resolve public names for it."


def _cut(_: ForestFacts, found: Found) -> tuple[str, str]:
    what = f"Connections to {_names(found)} begin, and then: {_seen(found)}."
    filters = " Devices that filter by the name in the TLS greeting do that."
    return what + filters, f"Ask the firewall team: {_no_filter(found)}."


def _closed(f: ForestFacts, found: Found) -> tuple[str, str]:
    what = f"Straight from this machine, {_names(found)} cannot be reached ({_seen(found)})."
    ask = f"Ask the firewall team: {allow(f, found)} (by name, since the addresses change)"
    return what, f"{ask}; or, if this machine goes out through a proxy, name it (--proxy)."


def _no_filter(found: Found) -> str:
    return f"no filter or inspection of what goes to {_names(found)} ({ports(found)})"


def _proxy(found: Iterable[Outcome]) -> str:
    return next((proxy for o in found if (proxy := text(o, "proxy"))), "")


def _few(found: Iterable[Outcome]) -> str:
    return some(map(printable, hosts(found)), FEW, "more endpoints")


def _names(found: Iterable[Outcome]) -> str:
    return some(map(printable, hosts(found)), MOST)


def _seen(found: Iterable[Outcome]) -> str:
    return listed(dict.fromkeys(how(o) for o in found))


def _statuses(found: Iterable[Outcome]) -> str:
    return listed(f"HTTP {status:.0f}" for o in found if (status := number(o, "proxy_status")))


def _forgotten(f: ForestFacts) -> Proof | None:
    """A tunnel that works, and did not outlive the quiet that an export may need."""
    lost = [(o, after) for o in f.told("tunnel_lost_s") if (after := number(o, "tunnel_lost_s")) is not None]
    if not lost:
        return None
    proof = tuple(o for o, _ in lost)
    ended = "; ".join(f"{_proxy([o])}: {text(o, 'tunnel_end') or 'lost'} after {duration(after)}" for o, after in lost)
    words = {"after": duration(min(after for _, after in lost)), "proxies": listed(_proxy([o]) for o in proof)}
    return Proof(proof, seen=(f"a quiet tunnel through {ended}",), brief=True, severity=Severity.WARNING, words=words)


FORGETFUL = (
    Rule(
        code="proxy-idle-timeout",
        title="{forest}: a quiet tunnel through {proxies} ends after {after}",
        explanation=(
            "It worked, and ended while nothing was said. Through a proxy it does not show whether the proxy or the"
            " endpoint ended it. Microsoft's cloud may take up to five minutes to answer an export of Entra Connect,"
            " and the proxy has to wait for longer than that."
        ),
        fix="Ask whoever runs the proxy {proxies}: an idle limit of more than five minutes for this machine.",
        when=_forgotten,
        beside=True,
    ),
)

OUTSIDE = (
    Rule(
        code="cloud-blocked",
        title="{forest}: {few} cannot be reached",
        explanation="{ways}",
        fix="{asks}",
        when=_blocked,
    ),
)
