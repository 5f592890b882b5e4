"""What of a report is worth a time series: the gauges of `prometheus`, their names, labels and meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime

from portcheck.frozen import dataclass
from portcheck.model import BLOCKED, GOOD, Outcome, Report, Severity, State, Verdict, count_by
from portcheck.render.shared.digest import Digest, digests
from portcheck.render.shared.grid import cell_of
from portcheck.report import verdicts

MET = frozenset({Verdict.PASS, Verdict.WARN})

Labels = tuple[tuple[str, str], ...]

EACH_CHECK_TO = 5000
"""With more checks than this only those that are not as expected have series of their own; all are counted by host."""
MOST_CHECKS = 1000
"""Of those, at most so many: what is wrong with more of them is wrong with their hosts."""

CLOCKS = {"kerberos": "kerberos", "ldap": "ldap", "time": "ntp", "smb": "smb"}
"""Whose clock is told as what; the others repeat one of these."""

HELP = {
    "portcheck_build_info": "The version that wrote this: always 1.",
    "portcheck_host_checks": "A host's checks by verdict.",
    "portcheck_last_run_timestamp_seconds": "When the last run that asked this forest ended.",
    "portcheck_last_run_duration_seconds": "How long the last run took.",
    "portcheck_last_run_success": "1 if all that the forest's profiles require was as expected, else 0.",
    "portcheck_last_run_interrupted": "1 if the last run was stopped before its end.",
    "portcheck_findings": "Findings by code and severity.",
    "portcheck_check_success": "1 if as the profile expects, 0 if not or if it could not be told; absent if not asked.",
    "portcheck_check_verdict": "What the state means for the profile: 1 for the verdict that holds.",
    "portcheck_check_state": "What was seen on the wire: 1 for the state that holds.",
    "portcheck_check_failure": "1 for each cause found, by the finding's code and by the errors users will see.",
    "portcheck_check_latency_seconds": "From the question to the answer, or to the accepted connection.",
    "portcheck_check_duration_seconds": "How long the whole check took, repeats included.",
    "portcheck_check_attempts": "Connections tried or datagrams sent.",
    "portcheck_check_answers": "Replies of any kind.",
    "portcheck_clock_skew_seconds": "The server's clock minus this machine's, by the protocol that told it.",
    "portcheck_rpc_endpoint_up": "1 if the interface answered on the port that the RPC mapper gave.",
    "portcheck_tls_cert_not_after_timestamp_seconds": "When the certificate that the server showed expires.",
    "portcheck_srv_records": "Answers to an SRV question.",
    "portcheck_srv_records_unreachable": "Of these, targets that were asked and of which nothing answered.",
    "portcheck_dc_info": "What is known of a domain controller.",
}


@dataclass(frozen=True, slots=True)
class MetricFamily:
    """One gauge and what it has measured; the first value of a set of labels stands."""

    name: str
    help: str
    values: dict[Labels, float] = field(default_factory=dict)

    def put(self, value: float, labels: Mapping[str, str]) -> None:
        self.values.setdefault(tuple(labels.items()), value)


class _Gauges:
    """The families by name, in HELP's order."""

    def __init__(self) -> None:
        self.families = {name: MetricFamily(name, words) for name, words in HELP.items()}

    def put(self, name: str, value: float | bool, labels: Mapping[str, str]) -> None:  # noqa: FBT001 - 0 or 1
        self.families[f"portcheck_{name}"].put(float(value), labels)


def measured(report: Report) -> Sequence[MetricFamily]:
    gauges = _Gauges()
    gauges.put("build_info", 1, {"version": report.tool_version})
    every = len(report.outcomes) <= EACH_CHECK_TO
    room = MOST_CHECKS
    told = verdicts.by_forest(report)
    for digest in digests(report):
        _run(gauges, report, digest, told[digest.forest.name])
        _records(gauges, digest)
        _hosts(gauges, digest)
        for outcome in digest.outcomes:
            wrong = cell_of(outcome) not in {Verdict.PASS, Verdict.SKIP}
            if every or (wrong and room > 0):
                room -= wrong
                _check(gauges, outcome)
            _answer(gauges, outcome, every=every)
    _failures(gauges, report, every=every)
    return tuple(gauges.families.values())


def _hosts(gauges: _Gauges, digest: Digest) -> None:
    for (host, address), row in digest.grid.rows.items():
        for verdict in Verdict:
            if count := row.count(verdict):
                gauges.put("host_checks", count, {**_host(digest.forest.name, host, address), "verdict": verdict})


def labels_of(outcome: Outcome) -> dict[str, str]:
    check = outcome.check
    dynamic = check.port is None or check.service.startswith("rpc-")
    return {
        **_host(check.forest, check.host, check.address),
        "check": check.service,
        "transport": check.transport,
        "port": "dynamic" if dynamic else str(check.port),
    }


def _host(forest: str, host: str, address: str | None) -> dict[str, str]:
    return {"forest": forest, "host": host, "address": address or ""}


def _run(gauges: _Gauges, report: Report, digest: Digest, verdict: Verdict) -> None:
    forest = {"forest": digest.forest.name}
    if (started := moment(report.started)) is not None:
        gauges.put("last_run_timestamp_seconds", started.timestamp() + report.duration_s, forest)
    gauges.put("last_run_duration_seconds", report.duration_s, forest)
    gauges.put("last_run_success", verdict in MET and not report.interrupted, forest)
    gauges.put("last_run_interrupted", report.interrupted, forest)
    for key, count in count_by(f"{f.code}\n{f.severity}" for f in digest.findings).items():
        code, _, severity = key.partition("\n")
        gauges.put("findings", count, {**forest, "code": code, "severity": severity})
    for dc in digest.forest.domain_controllers:
        known = {"site": dc.site or "", "domain": dc.domain, "source": dc.source}
        roles = {"global_catalog": "yes" if "gc" in dc.roles else "no"} if dc.roles else {"global_catalog": ""}
        gauges.put("dc_info", 1, {**_host(digest.forest.name, dc.host, dc.address), **known, **roles})


def _records(gauges: _Gauges, digest: Digest) -> None:
    silent = _silent_hosts(digest)
    for lookup in digest.forest.lookups:
        if lookup.record == "SRV":
            labels = {"forest": digest.forest.name, "record": lookup.name, "server": lookup.server}
            targets = {row.host.rstrip(".").lower() for row in lookup.srv}
            gauges.put("srv_records", len(lookup.answers), labels)
            gauges.put("srv_records_unreachable", len(targets & silent), labels)


def _silent_hosts(digest: Digest) -> set[str]:
    """Hosts that were asked and gave nothing on any address."""
    asked = [o for o in digest.outcomes if o.state is not State.SKIPPED and o.state is not State.ERROR]
    heard = {o.check.host for o in asked if o.state not in BLOCKED and o.state is not State.UNRESOLVED}
    return {o.check.host for o in asked} - heard


def _check(gauges: _Gauges, outcome: Outcome) -> None:
    labels, verdict = labels_of(outcome), cell_of(outcome)
    if verdict is not Verdict.SKIP:
        gauges.put("check_success", verdict is Verdict.PASS, labels)
    gauges.put("check_verdict", 1, {**labels, "verdict": verdict})
    gauges.put("check_state", 1, {**labels, "state": outcome.state})
    if outcome.state is State.SKIPPED:
        return
    if outcome.latency_ms is not None and outcome.state in GOOD:
        gauges.put("check_latency_seconds", outcome.latency_ms / 1000, labels)
    gauges.put("check_duration_seconds", outcome.elapsed_ms / 1000, labels)
    gauges.put("check_attempts", outcome.attempts, labels)
    gauges.put("check_answers", outcome.answers, labels)


def _answer(gauges: _Gauges, outcome: Outcome, *, every: bool) -> None:
    """What the answer told that is worth a series of its own."""
    check, facts = outcome.check, outcome.facts
    host = _host(check.forest, check.host, check.address)
    skew = facts.get("clock_skew_s")
    if check.service in CLOCKS and isinstance(skew, int | float):
        gauges.put("clock_skew_seconds", skew, {**host, "source": CLOCKS[check.service]})
    if every and check.service.startswith("rpc-") and outcome.state is not State.SKIPPED:
        interface = {**host, "interface": check.service.removeprefix("rpc-")}
        gauges.put("rpc_endpoint_up", outcome.state in GOOD, interface)
    if (expires := moment(facts.get("certificate_not_after"))) is not None:
        labels = {**host, "check": check.service, "port": str(check.port)}
        gauges.put("tls_cert_not_after_timestamp_seconds", expires.timestamp(), labels)


def _failures(gauges: _Gauges, report: Report, *, every: bool) -> None:
    if not every:
        return
    by_id = {outcome.check.id: outcome for outcome in report.outcomes}
    for finding in report.findings:
        if finding.severity is not Severity.INFO:
            for check in filter(None, map(by_id.get, finding.checks)):
                if check.verdict is not Verdict.PASS:
                    for reason in (finding.code, *finding.errors):
                        gauges.put("check_failure", 1, {**labels_of(check), "reason": reason})


def moment(told: object) -> datetime | None:
    """A time in ISO 8601; what names no zone is UTC."""
    try:
        found = datetime.fromisoformat(str(told))
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
