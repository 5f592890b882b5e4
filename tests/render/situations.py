"""Twelve runs as they happen, explained by the rules: what a reader of the last lines should know of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from factories import check, controller, outcome, report

from portcheck.diagnose import diagnose, marked
from portcheck.model import BlockedAt, ForestReport, Lookup, Outcome, Report, State, Verdict

from .samples import MIM, host_outcomes

WALL = BlockedAt(after="10.77.100.2", hop=2, suspects=("10.77.100.2", None))
SRV = "_ldap._tcp.dc._msdcs"


@dataclass(frozen=True, slots=True)
class Situation:
    """A run, and what its last 24 rows have to say: of the conclusion, and of the request."""

    build: Callable[[], Report]
    concludes: tuple[str, ...]
    asks: tuple[str, ...] = ()


def silent(name: str, **fields: object) -> Outcome:
    return outcome(name, State.FILTERED, blocked_at=WALL, **{"attempts": 3, **fields})


def dark(*names: str) -> dict[str, Outcome]:
    return {name: silent(name) for name in names}


def forest(name: str, hosts: Iterable[tuple[str, str]], *lookups: Lookup) -> ForestReport:
    told = lookups or (Lookup(f"{SRV}.{name}", "SRV", "10.77.0.53", "ok", tuple(f"0 100 389 {h}" for h, _ in hosts)),)
    return ForestReport(name, ("mim",), tuple(controller(h, a, roles=ROLES) for h, a in hosts), told)


ROLES = ("gc", "kdc", "writable")
ALPHA, BRAVO = ("dc1.alpha.test", "10.77.1.10"), ("bdc1.bravo.test", "10.77.2.10")
CHARLIE = ("cdc1.corp.charlie.example", "10.77.3.10")


def run(*parts: tuple[ForestReport, tuple[Outcome, ...]]) -> Report:
    """Judged and explained as a run is."""
    seen = report(*(o for _, outcomes in parts for o in outcomes), forests=tuple(found for found, _ in parts))
    findings = diagnose(seen)
    return replace(seen, findings=findings, outcomes=marked(seen.outcomes, findings))


def of(host: tuple[str, str], seen: dict[str, Outcome] | None = None, within: str = "") -> tuple[Outcome, ...]:
    name = within or host[0].partition(".")[2]
    found = host_outcomes(*host, seen)
    return tuple(replace(o, check=replace(o.check, forest=name), facts=_facts(o)) for o in found)


def _facts(o: Outcome) -> dict[str, object]:
    own: dict[str, object] = {"local_address": "10.77.0.10"}
    if o.check.service == "ldap-ping" and o.state is State.OK:
        own["roles"] = list(ROLES)
    return {**own, **o.facts}


def part(*hosts: tuple[str, str], seen: dict[str, Outcome] | None = None) -> tuple[ForestReport, tuple[Outcome, ...]]:
    name = hosts[0][0].partition(".")[2]
    return forest(name, hosts), tuple(o for host in hosts for o in of(host, seen))


def healthy() -> Report:
    return run(part(ALPHA))


def founding() -> Report:
    blocked = dark("kpasswd/tcp", "kpasswd/udp")
    return run(part(ALPHA), part(BRAVO, seen={**blocked, **dark("gc/tcp", "gc-tls/tcp")}), part(CHARLIE, seen=blocked))


def one_of_two_dead() -> Report:
    second = ("dc2.alpha.test", "10.77.1.11")
    return run((forest("alpha.test", (ALPHA, second)), (*of(ALPHA), *of(second, dark(*MIM)))))


def clock() -> Report:
    late = {
        name: outcome(name, facts={"clock_skew_s": 1203.4}, verdict=Verdict.WARN)
        for name in ("kerberos/tcp", "ldap/tcp")
    }
    right = {"kerberos/tcp": outcome("kerberos/tcp", facts={"clock_skew_s": 0.1})}
    return run(part(ALPHA, seen=right), part(BRAVO, seen=right), part(CHARLIE, seen=late))


def srv_missing() -> Report:
    asked = Lookup(f"{SRV}.bravo.test", "SRV", "10.77.0.53", "nxdomain")
    return run(part(ALPHA), (replace(forest("bravo.test", (), asked), problem=None), ()))


def dynamic_rpc() -> Report:
    names = ("rpc-netlogon/tcp", "rpc-samr/tcp", "rpc-drsuapi/tcp")
    behind = {name: silent(name) for name in names}
    found = tuple(
        replace(o, check=replace(o.check, port=49667)) if o.check.service.startswith("rpc-") else o
        for o in of(BRAVO, behind)
    )
    return run(part(ALPHA), (forest("bravo.test", (BRAVO,)), found))


def all_silent() -> Report:
    return run(part(BRAVO, seen=dark(*MIM)))


def intercepted() -> Report:
    def shown(key: str, issuer: str, *, trusted: bool) -> dict[str, object]:
        return {"certificate_key_sha256": key, "certificate_issuer": issuer, "certificate_trusted": trusted}

    strange = {
        "ldaps/tcp": outcome("ldaps/tcp", facts=shown("aa", "CN=Corporate Proxy CA", trusted=False)),
        "gc-tls/tcp": outcome("gc-tls/tcp", facts=shown("bb", "CN=Bravo CA", trusted=True)),
    }
    return run(part(ALPHA), part(BRAVO, seen=strange))


def forty_dead() -> Report:
    alive = [(f"d{n}.alpha.test", f"10.77.1.{n}") for n in range(10, 14)]
    dead = [(f"d{n}.alpha.test", f"10.77.1.{n}") for n in range(100, 140)]
    outcomes = (*(o for host in alive for o in of(host)), *(o for host in dead for o in of(host, dark(*MIM))))
    return run((forest("alpha.test", (*alive, *dead)), outcomes))


def wrong_forest() -> Report:
    facts = {"hosts_domain": False, "domain": "delta.test", "forest": "delta.test", "dns_host_name": "ddc1.delta.test"}
    other = {"ldap-ping/udp": outcome("ldap-ping/udp", facts=facts)}
    return run(part(ALPHA), part(BRAVO, seen=other))


def dns_filtered() -> Report:
    asked = tuple(
        Lookup(f"{name}.bravo.test", "SRV", "10.77.2.10", "timeout")
        for name in ("_ldap._tcp.dc._msdcs", "_kerberos._tcp", "_gc._tcp")
    )
    found = (silent("dns/tcp"), silent("dns/udp"))
    own = tuple(
        replace(o, check=replace(check(f"dns/{o.check.transport}", "bdc1.bravo.test"), address="10.77.2.10"))
        for o in (replace(found[0]), replace(found[1], check=check("dns/udp")))
    )
    return run(part(ALPHA), (forest("bravo.test", (BRAVO,), *asked), own))


def thirty_by_forty() -> Report:
    parts = []
    for f in range(1, 31):
        hosts = [(f"d{n}.f{f:02}.example", f"10.{f}.1.{n}") for n in range(100, 140)]
        seen = dark("kpasswd/tcp", "kpasswd/udp") if f in {4, 11} else None
        parts.append((forest(f"f{f:02}.example", hosts), tuple(o for host in hosts for o in of(host, seen))))
    return run(*parts)


SITUATIONS: dict[str, Situation] = {
    "healthy": Situation(healthy, ("alpha.test", "all well")),
    "founding": Situation(
        founding,
        ("bdc1: 464 tcp+udp, 3268, 3269 tcp blocked – passwords, Global Catalog", "cdc1: 464 tcp+udp blocked"),
        ("10.77.0.10 → 10.77.2.10 tcp 464,3268-3269 udp 464", "→ 10.77.3.10 tcp+udp 464"),
    ),
    "one-of-two-dead": Situation(one_of_two_dead, ("dc2: nothing answers",), ("up", "10.77.1.11")),
    "clock": Situation(clock, ("cdc1: clocks 20 min apart",), ("clock of cdc1",)),
    "srv-missing": Situation(srv_missing, ("DNS gives no SRV records",), ("DNS server 10.77.0.53",)),
    "dynamic-rpc": Situation(dynamic_rpc, ("49667 tcp blocked – RPC services",), ("→ 10.77.2.10 tcp 49667",)),
    "all-silent": Situation(all_silent, ("bdc1: nothing answers",), ("is up", "10.77.2.10")),
    "intercepted": Situation(intercepted, ("TLS intercepted",), ("inspection",)),
    "forty-dead": Situation(forty_dead, ("d100–d139 (40): nothing answers",), ("10.77.1.100–10.77.1.139",)),
    "wrong-forest": Situation(wrong_forest, ("another forest answers",), ("10.77.2.10",)),
    "dns-filtered": Situation(dns_filtered, ("DNS",), ("DNS",)),
    "thirty-by-forty": Situation(
        thirty_by_forty, ("f04.example", "f11.example", "464 tcp+udp blocked"), ("tcp+udp 464",)
    ),
}
