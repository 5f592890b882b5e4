"""What holds for any run, however odd: nothing crashes, nothing is lost, nothing is told twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

from diagnose.scenarios import report_of
from factories import SERVICES, check, controller, outcome, report
from hypothesis import example, given, settings
from hypothesis import strategies as st

from portcheck.diagnose import RULES, diagnose, leading
from portcheck.diagnose.rule import WORST_FIRST
from portcheck.model import Finding, ForestReport, Lookup, Need, Outcome, Report, Severity, State, Verdict
from portcheck.report import to_json

BESIDE = {rule.code for rule in RULES if rule.beside}
RULES_OF = Counter(rule.code for rule in RULES)
"""A host may be gone in several ways at once; any other code is told once in a forest."""
FORESTS = ("alpha.test", "bravo.test")
KEYS = tuple(
    """
    answered_on_attempt resent icmp_from icmp_type icmp_code local_fault local_address peer_protocol forest domain
    realm_proven roles hosts_domain paused is_synchronized clock_skew_s interface_missing no_certificate tls_alert
    certificate_not_after certificate_name_matches certificate_names certificate_trusted certificate_issuer
    certificate_key_sha256 control_port_accepts clamped_answered next_hop_mtu fragments_lost idle_lost_s wrong_forest
    signed_in bind_refused bind_user ad_error rights_missing look_ended domain_sid_told expected_domain_sid domain_sid
    """.split()  # noqa: SIM905 - a list of words reads better so
)

odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    st.lists(st.one_of(st.text(max_size=4), st.integers()), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.sampled_from(["alpha.test", "charlie.test", "gc", "2026-12-01T00:00:00Z", "10.0.0.1", "{forest}", "\x1b[31m"]),
    st.sampled_from([["gc", "kdc"], ["rodc"], ["writable"]]),
)
names = st.sampled_from(
    ["tcp/tcp", "udp/udp", *(f"{s}/{t}" for s, row in SERVICES.items() for t in ("tcp", "udp") if t in row)]
)


@st.composite
def outcomes(draw: st.DrawFn) -> Outcome:
    forest = draw(st.sampled_from(FORESTS))
    host = draw(st.sampled_from([f"dc1.{forest}", f"dc2.{forest}", forest]))
    address = draw(st.sampled_from(["10.0.0.1", "10.0.0.2", "fd77::1", None]))
    subject = check(draw(names), host, forest=forest, address=address, need=draw(st.sampled_from(Need)))
    facts = draw(st.dictionaries(st.sampled_from(KEYS), odd, max_size=4))
    return outcome(
        subject,
        draw(st.sampled_from(State)),
        verdict=draw(st.sampled_from(Verdict)),
        attempts=draw(st.integers(0, 9)),
        facts=facts,
    )


lookups = st.builds(
    Lookup,
    name=st.sampled_from(["_ldap._tcp.dc._msdcs.alpha.test", "dc1.alpha.test", "x"]),
    record=st.sampled_from(["SRV", "A", "NS"]),
    server=st.sampled_from(["system", "10.0.0.1", "10.0.0.1, 10.0.0.2", "\x07"]),
    status=st.sampled_from(["ok", "nxdomain", "nodata", "servfail", "refused", "timeout", "error: x"]),
    answers=st.sampled_from([(), ("0 100 389 dc1.alpha.test",), ("10.0.0.1",)]),
    required=st.booleans(),
)


@st.composite
def runs(draw: st.DrawFn) -> Report:
    seen = {o.check.id: o for o in draw(st.lists(outcomes(), max_size=25))}
    forests = tuple(
        ForestReport(
            name=name,
            profiles=("mim",),
            domain_controllers=tuple(
                controller(host, address, source=draw(st.sampled_from(["srv", "explicit", "dns-server"])))
                for host, address in {(o.check.host, o.check.address): 0 for o in seen.values()}
                if host.endswith(name)
            ),
            lookups=tuple(draw(st.lists(lookups, max_size=4))),
            problem=draw(st.sampled_from([None, None, "no resolver"])),
        )
        for name in FORESTS
    )
    return report(*seen.values(), forests=forests, interrupted=draw(st.booleans()))


@settings(max_examples=100, deadline=None)
@given(runs())
def test_nothing_that_fails_is_lost(run: Report) -> None:
    told = {check_id for finding in diagnose(run) for check_id in finding.checks}
    lost = [
        o.check.id
        for o in run.outcomes
        if o.verdict is Verdict.FAIL and o.state is not State.SKIPPED and o.check.address and o.check.id not in told
    ]
    assert lost == []


@settings(max_examples=100, deadline=None)
@given(runs())
def test_a_fault_is_explained_once(run: Report) -> None:
    explained = [c for finding in diagnose(run) if finding.code not in BESIDE for c in finding.checks]
    assert len(explained) == len(set(explained))


def by_code(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.code, []).append(finding)
    return found


def gone_in_two_ways() -> Report:
    silent = {"kerberos/88/tcp": "filtered", "ldap/389/tcp": "filtered"}
    nobody = {"state": "unreachable", "facts": {"icmp_from": "10.77.1.1", "icmp_type": 3, "icmp_code": 1}}
    empty = {"kerberos/88/tcp": nobody, "ldap/389/tcp": nobody}
    well = {"kerberos/88/tcp": "ok", "ldap/389/tcp": "ok"}
    return report_of(
        {"given": well, "hosts": {"dc2.alpha.test": {"given": silent}, "dc3.alpha.test": {"given": empty}}}
    )


@settings(max_examples=100, deadline=None)
@given(runs())
@example(gone_in_two_ways())
def test_each_forest_has_one_leading_finding_and_it_is_its_worst(run: Report) -> None:
    found = diagnose(run)
    for forest, first in leading(found).items():
        own = [finding for finding in found if finding.forest == forest]
        assert first == own[0]
        assert all(WORST_FIRST.index(first.severity) <= WORST_FIRST.index(other.severity) for other in own)
        assert all(len(alike) <= RULES_OF[code] for code, alike in by_code(own).items())
        assert len({(finding.code, finding.checks, finding.title) for finding in own}) == len(own)


@settings(max_examples=100, deadline=None)
@given(runs())
def test_all_well_is_said_only_where_nothing_required_failed_or_is_unknown(run: Report) -> None:
    for finding in diagnose(run):
        if finding.code == "forest-ok":
            own = run.of_forest(finding.forest)
            assert not [o for o in own if o.check.required and o.verdict in (Verdict.FAIL, Verdict.UNKNOWN)]
            others = [f for f in diagnose(run) if f.forest == finding.forest and f is not finding]
            assert all(other.severity is Severity.INFO for other in others)


@settings(max_examples=100, deadline=None)
@given(runs())
def test_a_saved_run_gives_the_same_findings(run: Report) -> None:
    saved = to_json.from_json(json.loads(json.dumps(to_json.to_json(run))))
    assert diagnose(saved) == diagnose(run)


@settings(max_examples=100, deadline=None)
@given(runs())
def test_what_the_network_said_cannot_steer_a_terminal(run: Report) -> None:
    for finding in diagnose(run):
        words = finding.title + finding.explanation + finding.evidence + finding.fix
        assert words.isprintable()
