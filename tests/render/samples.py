"""Runs worth looking at: what the goldens show, and what a reader of the screen should understand."""

from __future__ import annotations

from dataclasses import replace

from factories import check, controller, finding, outcome, report

from portcheck.model import (
    AskedOf,
    BlockedAt,
    Destination,
    Finding,
    ForestReport,
    Lookup,
    Need,
    Outcome,
    Report,
    Request,
    Severity,
    State,
    Trace,
    Verdict,
)

MIM = (
    *("dns/tcp", "dns/udp", "kerberos/tcp", "kerberos/udp", "rpc/tcp", "rpc-netlogon/tcp", "rpc-samr/tcp"),
    *("rpc-drsuapi/tcp", "ldap/tcp", "ldap-ping/udp", "smb/tcp", "kpasswd/tcp", "kpasswd/udp", "ldaps/tcp"),
    *("gc/tcp", "gc-tls/tcp"),
)
WALL = BlockedAt(after="10.77.100.2", hop=2)


def host_outcomes(host: str, address: str, seen: dict[str, Outcome | State] | None = None) -> tuple[Outcome, ...]:
    """Every service of the mim profile on one host; `seen` names the ones that are not ok."""
    found = []
    for name in MIM:
        subject = check(name, host, address=address)
        other = (seen or {}).get(name, State.OK)
        if isinstance(other, Outcome):
            found.append(replace(other, check=replace(subject, need=other.check.need)))
        else:
            found.append(outcome(subject, other))
    return tuple(found)


def silent(**fields: object) -> Outcome:
    return outcome("ldap/tcp", State.FILTERED, blocked_at=WALL, **fields)


TO_464 = "Ask the firewall team: allow tcp+udp 464 from 10.77.0.10 to 10.77.2.10 (bdc1.bravo.test)."
TO_3268 = "Ask the firewall team: allow tcp 3268 from 10.77.0.10 to 10.77.2.10 (bdc1.bravo.test)."


def path(words: str, **fields: object) -> Request:
    to = (Destination("bdc1.bravo.test", "10.77.2.10"),)
    return Request(AskedOf.FIREWALL, ("10.77.0.10",), to, words=words, **fields)


def kpasswd_finding(**fields: object) -> Finding:
    return finding(
        "kpasswd-blocked",
        "bravo.test",
        hosts=("bdc1.bravo.test",),
        title="Passwords cannot be set: 464 is silent although 88 answers",
        explanation="Setting an initial password goes through the Kerberos password service on port 464. Imports and"
        " exports without a password go on working, so this shows only when an account is provisioned.",
        evidence="464/tcp and 464/udp to bdc1.bravo.test: silent after 3 tries; 88/tcp answered in 3 ms",
        breaks=("MIM export: initial password", "MIM export: password reset"),
        errors=("kerberos-no-logon-server",),
        fix=TO_464,
        checks=tuple(f"bravo.test/bdc1.bravo.test/10.77.2.10/kpasswd/{t}/464" for t in ("tcp", "udp")),
        asks=(path(TO_464, tcp=("464",), udp=("464",), purpose="passwords"),),
        **fields,
    )


def three_forests() -> Report:
    """One healthy, one with kpasswd and the Global Catalog silent, one with a clock off and dynamic RPC gone."""
    late = outcome("kerberos/tcp", State.OK, verdict=Verdict.WARN, facts={"clock_skew_s": 1203.4})
    rejected = outcome(
        "rpc-samr/tcp",
        State.REJECTED,
        reason="ICMP administratively prohibited from 10.77.100.3",
        blocked_at=BlockedAt(by="10.77.100.3"),
    )
    alpha = (
        *host_outcomes("dc1.alpha.test", "10.77.1.10"),
        *host_outcomes("dc2.alpha.test", "10.77.1.11"),
    )
    bravo = host_outcomes(
        "bdc1.bravo.test",
        "10.77.2.10",
        {
            "kerberos/udp": silent(verdict=Verdict.WARN),
            "kpasswd/tcp": silent(reason="no answer to 3 connection attempts in 4.0 s"),
            "kpasswd/udp": silent(reason="no answer to 3 requests in 4.0 s"),
            "gc/tcp": silent(reason="no answer to 3 connection attempts in 4.0 s"),
        },
    )
    charlie = host_outcomes(
        "cdc1.charlie.test",
        "10.77.3.10",
        {"kerberos/tcp": late, "rpc-samr/tcp": rejected, "rpc-netlogon/tcp": rejected, "rpc-drsuapi/tcp": rejected},
    )
    findings = (
        finding(
            "kerberos-udp-blocked",
            "bravo.test",
            severity=Severity.INFO,
            title="88/udp to bdc1.bravo.test is silent; Windows clients use 88/tcp and do not mind",
        ),
        kpasswd_finding(),
        finding(
            "gc-blocked",
            "bravo.test",
            hosts=("bdc1.bravo.test",),
            title="The Global Catalog cannot be searched",
            explanation="Forest-wide searches go to port 3268.",
            evidence="3268/tcp to bdc1.bravo.test: silent after 3 tries; 389/tcp answered in 3 ms",
            breaks=("MIM: forest-wide search",),
            fix=TO_3268,
            checks=("bravo.test/bdc1.bravo.test/10.77.2.10/gc/tcp/3268",),
            asks=(path(TO_3268, tcp=("3268",), purpose="Global Catalog"),),
        ),
        finding(
            "time-skew",
            "charlie.test",
            hosts=("cdc1.charlie.test",),
            title="The clocks differ by 20 minutes; Kerberos refuses more than 5",
            explanation="Kerberos tickets are refused when the clocks of client and server are more than 5 minutes"
            " apart (the default limit).",
            evidence="cdc1.charlie.test is 1203 s ahead (Kerberos)",
            errors=("kerberos-time-skew",),
            checks=("charlie.test/cdc1.charlie.test/10.77.3.10/kerberos/tcp/88",),
            fix="Ask the owner of cdc1.charlie.test: set its clock right; ours agrees with the other forests.",
        ),
    )
    return report(*alpha, *bravo, *charlie, findings=findings)


def outcomes_alone() -> Report:
    """The same bravo.test without any finding: the checks must speak for themselves."""
    return replace(three_forests(), findings=())


def dead_host_and_dns() -> Report:
    """One of two controllers dead, a record missing, things not offered and things this machine could not ask."""
    dead = dict.fromkeys(MIM, silent(reason="no answer to 3 tries in 4.0 s"))
    alive = {
        "gc/tcp": outcome("gc/tcp", State.SKIPPED, reason="not a Global Catalog"),
        "gc-tls/tcp": outcome("gc-tls/tcp", State.SKIPPED, reason="not a Global Catalog"),
        "kerberos/udp": outcome("kerberos/udp", State.ERROR, reason="no permission to open a datagram socket"),
    }
    outcomes = host_outcomes("dc1.alpha.test", "10.77.1.10", alive) + host_outcomes(
        "dc2.alpha.test", "2001:db8:77:1::11", dead
    )
    extra = check("tcp/tcp", "dc1.alpha.test", address="10.77.1.10", port=5000, purpose="PCNS static RPC port")
    forest = ForestReport(
        "alpha.test",
        ("mim",),
        (controller("dc1.alpha.test", "10.77.1.10"), controller("dc2.alpha.test", "2001:db8:77:1::11")),
        (
            Lookup("_ldap._tcp.dc._msdcs.alpha.test", "SRV", "10.77.1.10", "ok", ("0 100 389 dc1.alpha.test",)),
            Lookup("_kpasswd._tcp.alpha.test", "SRV", "10.77.1.10", "nxdomain"),
        ),
    )
    refused = outcome(extra, State.REFUSED, reason="RST after 1 ms")
    return report(*outcomes, refused, forests=(forest, ForestReport("delta.test", (), problem="no DNS server answers")))


def with_evidence() -> Report:
    subject = check("kpasswd/udp")
    seen = outcome(
        subject,
        State.FILTERED,
        reason="no answer to 3 requests in 4.0 s",
        evidence=(
            Trace(0.1, "sent", "kpasswd request, 270 bytes"),
            Trace(1000.2, "sent", "kpasswd request, 270 bytes"),
            Trace(4000.4, "timeout", "no datagram, no ICMP"),
        ),
        blocked_at=WALL,
    )
    smb = outcome("smb/tcp", facts={"dialect": "3.1.1", "signing_required": True, "clock_skew_s": 0.0421})
    gc = outcome(check("gc/tcp", need=Need.OPTIONAL), State.RESET, reason="reset after the search request",
                 verdict=Verdict.WARN)  # fmt: skip
    forest = ForestReport(
        "alpha.test", ("mim",), (controller(site="Head-Office", roles=("pdc", "gc"), domain="alpha.test"),)
    )
    return report(seen, smb, gc, forests=(forest,))


def many_controllers() -> Report:
    """Sixty controllers, two of them in trouble: only those are worth a row."""
    outcomes = []
    for number in range(1, 61):
        host, address = f"dc{number}.alpha.test", f"10.77.1.{number}"
        seen = {"kpasswd/tcp": silent(), "kpasswd/udp": silent()} if number in (7, 42) else {}
        outcomes.extend(host_outcomes(host, address, seen))
    return report(*outcomes)
