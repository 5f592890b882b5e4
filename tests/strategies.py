"""Any report at all, for hypothesis."""

from __future__ import annotations

from datetime import datetime

from hypothesis import strategies as st

from portcheck.model import (
    BlockedAt,
    Change,
    Check,
    Comparison,
    ControllerChange,
    Destination,
    DomainController,
    Finding,
    FindingChange,
    ForestReport,
    Lookup,
    Outcome,
    Report,
    Request,
    Trace,
    Vantage,
)

text = st.text(max_size=12)
number = st.floats(allow_nan=False, allow_infinity=False)
facts = st.dictionaries(
    text,
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**60), 2**60) | number | text,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(text, inner, max_size=2),
        max_leaves=3,
    ),
    max_size=2,
)


def few(one: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(one, max_size=2).map(tuple)


texts = few(text)
checks = st.builds(
    Check,
    forest=text,
    host=text,
    address=st.none() | text,
    service=text,
    transport=st.sampled_from(["tcp", "udp"]),
    port=st.none() | st.integers(0, 65535),
    purpose=text,
    operations=texts,
    profiles=texts,
    why=text,
    source=text,
    domain=text,
)
outcomes = st.builds(
    Outcome,
    check=checks,
    reason=text,
    attempts=st.integers(0, 9),
    answers=st.integers(0, 9),
    latency_ms=st.none() | number,
    elapsed_ms=number,
    facts=facts,
    evidence=few(st.builds(Trace, at_ms=number, event=text, detail=text)),
    started_at=text,
    blocked_at=st.none()
    | st.builds(
        BlockedAt,
        st.none() | text,
        st.none() | text,
        st.none() | st.integers(0, 64),
        st.lists(st.none() | text, max_size=3).map(tuple),
    ),
)
forests = st.builds(
    ForestReport,
    name=text,
    profiles=texts,
    domain_controllers=few(st.builds(DomainController, roles=texts, facts=facts, host=text, source=text)),
    lookups=few(st.builds(Lookup, answers=texts, elapsed_ms=number, name=text)),
    facts=facts,
)
ports = few(st.integers(0, 65535).map(str) | st.just("49152-65535"))
asks = st.builds(
    Request, sources=texts, to=few(st.builds(Destination, host=text, address=st.none() | text)), tcp=ports, udp=ports
)
findings = st.builds(Finding, hosts=texts, breaks=texts, errors=texts, checks=texts, asks=few(asks))
AN_AGE_AGO = datetime.fromisoformat("1970-01-01")  # what is older than the history keeps is forgotten
reports = st.builds(
    Report,
    started=st.datetimes(min_value=AN_AGE_AGO).map(lambda at: at.isoformat(timespec="milliseconds") + "Z"),
    duration_s=st.floats(0, 1e6),
    vantage=st.builds(Vantage, host=text, platform=text, addresses=texts, limits=texts),
    forests=few(forests),
    outcomes=few(outcomes),
    compared=st.none()
    | st.builds(
        Comparison,
        since=text,
        changes=few(st.builds(Change, check=text)),
        findings=few(st.builds(FindingChange, hosts=texts)),
        controllers=few(st.builds(ControllerChange)),
        left_out=st.integers(0, 9),
    ),
    findings=few(findings),
    exit_code=st.integers(0, 130),
    interrupted=st.booleans(),
)
