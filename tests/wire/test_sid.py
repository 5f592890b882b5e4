"""SIDs: bytes against known ones, every form there and back, and what is none."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portcheck.wire import WireError, sid, sid_forms
from portcheck.wire.sid import Sid

ADMINISTRATOR = "S-1-5-21-1004336348-1177238915-682003330-500"
FORMS = {
    "string": ADMINISTRATOR,
    "hex": "010500000000000515000000dcf4dc3b833d2b46828ba628f4010000",
    "base64": "AQUAAAAAAAUVAAAA3PTcO4M9K0aCi6Yo9AEAAA==",
    "filter": r"\01\05\00\00\00\00\00\05\15\00\00\00\dc\f4\dc\3b\83\3d\2b\46\82\8b\a6\28\f4\01\00\00",
    "bytes": "1 5 0 0 0 0 0 5 21 0 0 0 220 244 220 59 131 61 43 70 130 139 166 40 244 1 0 0",
    "run_together": "15000005210002202442205913161437013013916640244100",
}
part = st.integers(0, 2**32 - 1)
any_sid = st.builds(Sid, st.integers(0, 2**48 - 1), st.lists(part, max_size=15).map(tuple))
both_ways = st.sampled_from(("string", "hex", "base64", "filter", "bytes"))


def test_the_forms_of_a_known_account() -> None:
    """The bytes as MS-DTYP 2.4.2.2 lays them out; the other forms follow by their own definitions."""
    assert sid_forms.forms(sid.parse(ADMINISTRATOR)) == FORMS


@pytest.mark.parametrize("form", [name for name in FORMS if name != "run_together"])
def test_each_form_is_read(form: str) -> None:
    assert str(sid_forms.read(FORMS[form])) == ADMINISTRATOR


@pytest.mark.parametrize(
    "spelled",
    [
        "0x" + FORMS["hex"].upper(),
        "-".join(re.findall("..", FORMS["hex"])),
        " ".join(re.findall("..", FORMS["hex"])),
        f"[{FORMS['bytes'].replace(' ', ', ')}]",
        FORMS["bytes"].replace(" ", "."),
        FORMS["base64"].rstrip("="),
        ADMINISTRATOR.lower(),
        f" '{ADMINISTRATOR}' ",
    ],
)
def test_other_spellings_are_read(spelled: str) -> None:
    assert str(sid_forms.read(spelled)) == ADMINISTRATOR


@given(any_sid, both_ways)
def test_every_form_but_the_lossy_one_leads_back(known: Sid, form: str) -> None:
    assert sid_forms.read(sid_forms.forms(known)[form]) == known


@given(any_sid)
def test_the_run_together_form_is_refused_as_lossy(known: Sid) -> None:
    if known.authority < 2**16:  # as all that are in use; with a larger one, its beginning looks like nothing known
        with pytest.raises(WireError, match="cannot be turned back"):
            sid_forms.read(sid_forms.forms(known)["run_together"])


def test_two_sids_may_run_together_alike() -> None:
    """Why it is refused: 1 then 11 and 11 then 1 are written alike."""
    one, other = Sid(5, (1 + (11 << 8), 0)), Sid(5, (11 + (1 << 8), 0))
    assert sid_forms.forms(one)["run_together"] == sid_forms.forms(other)["run_together"]


@given(st.binary(max_size=80))
def test_bytes_are_a_sid_or_a_wire_error(data: bytes) -> None:
    try:
        known = sid.unpack(data)
    except WireError:
        return
    assert known.pack() == data


@given(st.text(max_size=60))
def test_any_text_is_a_sid_or_a_wire_error(text: str) -> None:
    try:
        known = sid_forms.read(text)
    except WireError:
        return
    assert sid.parse(str(known)) == known


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "give a SID as"),
        ("S-1", "looks like S-1-5-21-1-2-3"),
        ("S-2-5-21", "looks like"),
        ("S-1-5-21-", "looks like"),
        ("S-1-5-4294967296", "numbers below 4294967296"),
        ("S-1-4294967296-1", "twelve hexadecimal digits"),
        ("S-1-5" + "-1" * 16, "looks like"),
        ("0105", "8 bytes or more, not 2"),
        ("0105000000000005", "of 5 parts has 28 bytes, not 8"),
        ("0110000000000005", "at most 15 parts; its second byte says 16"),
        (r"\02\01\00\00\00\00\00\05\00\00\00\00", "begins with the byte 1, not 2"),
        ("1 5 0 0 0 0 0 5 256", "256 is not a byte"),
        ("AQUAAAAAAAUVAAAA=", "has 28 bytes, not 12"),
        ("hello", "give a SID as"),
        ("1" * 2000, "too long"),
    ],
)
def test_what_is_none_is_told_in_plain_words(text: str, says: str) -> None:
    with pytest.raises(WireError, match=re.escape(says)):
        sid_forms.read(text)


def test_domain_and_relative_id_are_only_a_domains_own() -> None:
    known = sid.parse(ADMINISTRATOR)
    assert (str(known.domain), known.relative_id) == (ADMINISTRATOR.removesuffix("-500"), 500)
    assert known.domain is not None
    assert known.domain.relative_id is None
    assert sid.parse("S-1-5-32-544").domain is None
    assert sid.parse("S-1-5-21-1-2").domain is None
