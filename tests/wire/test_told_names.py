"""Names that servers tell: which are DNS names, and that none of the others ever reaches whoever would ask for it."""

from __future__ import annotations

import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portcheck.wire.told_names import LONGEST, dns_name, split

EVIL = (
    "", ".", "..", "...", "a..b", ".a.test", "a.test..", "a." + "b" * 64 + ".test", "b" * 64,
    "a." * 127 + "test", "x" * 254, "dc1\0.alpha.test", "dc1.alpha.test\0", "dc1\n.alpha.test", "dc1\r\nHost: x.test",
    "\x1b[2Jdc1.alpha.test", "\x7f.test", "dc1.\u202ealpha.test", "\u200bdc1.alpha.test", "dc 1.alpha.test",
    " dc1.alpha.test", "dc1.alpha.test ", "\tdc1.test", "*", "*.alpha.test", "dc*.alpha.test", "d\u00e9.alpha.test",
    "\u65e5\u672c.test", "\u0430lpha.test", "dc1\u3002alpha.test", "\U0001f600.test", "dc1.alpha.test/x", "http://x.test",
    "user@alpha.test", "dc1.alpha.test:389", "-dc1.alpha.test", "dc1-.alpha.test", "a\\.b.test", "a\\032b.test", "'",
    '"', "<script>", "a;b.test", "$(id).test", "10.77.1.10", "127.0.0.1", "1", "::1", "[::1]", "fe80::1%eth0", "\ud800",
    "dc1,alpha.test", "…", "x" * 150_000,
)  # fmt: skip
FINE = {
    "dc1.alpha.test": "dc1.alpha.test",
    "DC1.Alpha.TEST.": "dc1.alpha.test",
    "_ldap._tcp.alpha.test": "_ldap._tcp.alpha.test",
    "my_server.alpha.test": "my_server.alpha.test",
    "dc1": "dc1",
    "1dc.alpha.test": "1dc.alpha.test",
    "10.in-addr.arpa": "10.in-addr.arpa",
    "xn--bcher-kva.test": "xn--bcher-kva.test",
    "a--b.test": "a--b.test",
    "x" * 63 + ".test": "x" * 63 + ".test",
    ".".join(["x" * 61] * 4) + ".test": ".".join(["x" * 61] * 4) + ".test",  # 252 characters
}


@pytest.mark.parametrize("text", EVIL, ids=lambda text: ascii(text)[:40])
def test_what_is_no_dns_name_is_none(text: str) -> None:
    assert dns_name(text) is None
    assert split({"domain": text}) == ({}, {"domain": text} if text else {})


@pytest.mark.parametrize("text", FINE)
def test_a_dns_name_is_one(text: str) -> None:
    assert dns_name(text) == FINE[text]


@given(st.text(max_size=300) | st.from_regex(r"[a-z0-9_.*-]{0,270}", fullmatch=True))
def test_what_passes_can_be_asked_of_everybody(text: str) -> None:
    """dnspython, TLS' server name (idna), an HTTP head (latin-1) and the system's resolver take it as it is."""
    name = dns_name(text)
    if name is not None:
        assert len(name) <= LONGEST
        assert dns.name.from_text(name).to_text(omit_final_dot=True) == name
        assert name.encode("idna").decode() == name
        assert name.encode("latin-1").isascii()
