"""SRV answers as records: parsed once, whatever a server or an old report says in their place."""

import pytest

from portcheck.model import Lookup, SrvRecord


def test_a_row_is_priority_weight_port_and_host() -> None:
    lookup = Lookup("_ldap._tcp.alpha.test", "SRV", "system", "ok", ("0 100 389 dc1.alpha.test", "1 2 636 DC2."))
    assert lookup.srv == (SrvRecord("dc1.alpha.test", 389, 0, 100), SrvRecord("DC2.", 636, 1, 2))


@pytest.mark.parametrize(
    ("answer", "host"),
    [
        ("dc1", "dc1"), ("389 dc1", "dc1"), ("0 0 x dc1", "dc1"), ("0 0 ٣ dc1", "dc1"), ("0 0 -1 dc1", "dc1"),
        ("", ""), ("0 0 " + "9" * 5000 + " dc1", "dc1"), ("0 0 0 389 dc1", "dc1"),
    ],
)  # fmt: skip
def test_what_has_not_the_form_has_a_last_word_and_no_port(answer: str, host: str) -> None:
    assert SrvRecord.of(answer) == SrvRecord(host)


@pytest.mark.parametrize(("answer", "offered"), [("0 0 0 .", False), ("0 0 389 ", False), ("0 0 389 dc1", True)])
def test_a_dot_is_no_host(answer: str, offered: bool) -> None:
    assert SrvRecord.of(answer).offered is offered


def test_only_srv_answers_are_such_rows() -> None:
    assert Lookup("dc1.alpha.test", "A", "system", "ok", ("10.77.1.10",)).srv == ()
