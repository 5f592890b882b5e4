"""What the memory of line shapes answers is what each line looked at by itself would."""

import random
import re
from collections.abc import Iterator

import pytest

from portcheck.catalogue.errors import errors, families
from portcheck.catalogue.lookup import inside
from portcheck.logs.reach import reach
from portcheck.logs.records import LogRecord
from portcheck.logs.shapes import masked, shaped
from portcheck.logs.tally import LogMemory, tally, telling
from tests.catalogue.test_strings import STRINGS, quiet_line

CODES = sorted({code for error in errors().values() for code in error.codes})
FORMS = (
    "{}",
    "{}",
    "{:x}",
    "0x{:x}",
    "0x{:08x}",
    "{:08X}",
    "0xffffffff{:08x}",
    "({})",
    "[{}]",
    "-{}",
    "{:010d}",
    "{:,}",
    "{}.5",
    "{}:30",
)
ODD = [
    "event id: {}",
    "<EventID Qualifiers='16384'>{}</EventID> Source: NETLOGON",
    "error code {}",
    "{} errors, {}",
    "0 errors, {}",
    "ldap_bind failed on 10.0.0.1:389: {}: Server Down",
    "ldap_x(SIMPLE): (port {}) ({})",
    "tag=101 err={} nentries={}",
    "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data {}, v2580",
    "MS-CHAP E={} R=1",
    "00000{}: LdapErr: DSID-0C0906E8",
    "mount error({}): x",
    "KrbException: x ({})",
    "4771 kdc failure code {}",
    "Kerberos pre-authentication failed (4768) status {}",
    "id {} data {}",
    "(os error {})",
    "errno={}",
    "kinit [{}] ({})",
    "HTTP status code {} error {}",
    "exit code {}",
    "status={}",
    "netsetup: NetpDoDomainJoin: status: {}",
    "Msg {}, Level 1",
    "\\u0027error\\u0027: {}",
    "error&#32;{}",
    "fehlgeschlagen \u2013 error \uff11\uff17\uff12\uff12 {}",
    "\u001b[31mrpc error {}\u001b[0m",
    "WERR_{} NT_STATUS_{}",
    "KRB5_{}",
    "6ba rpc {}",
    "krb{}_child failed",
    "return code {} of winbindd",
    "{}0x{}x{}",
    "job c000{}d-1234-1234-1234-12345678 failed",
    "{}-0000-4000-8000-0123456789ab error {}",
    "at 0x7ffd{}abcd1234: rpc error {}",
    "deadbeef{}0123 ldap error {}",
    "\u00e91234567{}a \u00e9{}",
]


def number(choose: random.Random) -> str:
    value = choose.choice(
        (choose.choice(CODES), choose.randint(0, 99), choose.randint(0, 99999), choose.getrandbits(32))
    )
    return choose.choice(FORMS).format(abs(value))


def name(choose: random.Random) -> str:
    """A name as users and hosts have, or one that begins or ends with a word of the catalogue."""
    letters = "".join(choose.choices("aeioulnrstdmkpqxz", k=choose.randint(2, 6)))
    known = choose.choice(("", "", "", "krb", "ldap", "error", "server", "fail", "dns", "kdc", "host", "exit", "dead"))
    return choose.choice((letters + known, known + letters, letters.capitalize(), f"{letters}{choose.randint(1, 99)}"))


def odd_lines(choose: random.Random) -> Iterator[str]:
    """Collected strings with other numbers in them, odd ones, and two in one line; each behind a time and a host."""
    texts = [text for text, *_ in STRINGS]
    while True:
        kind = choose.random()
        said = choose.choice(texts) if kind < 0.5 else choose.choice(ODD) if kind < 0.8 else quiet_line(choose)
        said = re.sub(r"\{\}", lambda _: number(choose), said)
        if choose.random() < 0.6:
            said = re.sub(r"\d+", lambda found: found[0] if choose.random() < 0.5 else number(choose), said)
        if choose.random() < 0.1:
            said = f"{said}: {choose.choice(texts)}"
        if choose.random() < 0.5:
            said = re.sub(
                r"\bjo\b|\balpha\b|\bCORP\b|\bexample\b",
                lambda _: name(choose),
                f"{name(choose)}: {said} {name(choose)}",
            )
        stamp = f"2026-11-{choose.randint(1, 28):02d} 10:{choose.randint(10, 59)}:00"
        yield f"{stamp} dc{choose.randint(1, 200)}.alpha.test {said}"


@pytest.mark.parametrize("seed", [*range(3), 17])
def test_lines_of_known_shapes_are_answered_as_each_line_by_itself(seed: int) -> None:
    memory, source = LogMemory(), odd_lines(random.Random(seed))
    wrong = {}
    lines = [next(source) for _ in range(600)]
    for line, matches in zip(lines, memory.found(lines), strict=True):
        alone = {match.error.name for match in telling(inside(line))}
        if (found := {match.error.name for match in matches}) != alone:
            wrong[line] = (found, alone)
    assert wrong == {}


def test_a_whole_log_is_counted_as_line_by_line() -> None:
    source = odd_lines(random.Random(99))
    lines = [next(source) for _ in range(500)]
    whole = tally(map(LogRecord, lines))
    counts: dict[str, int] = {}
    for line in lines:
        for match in telling(inside(line)):
            counts[match.error.name] = counts.get(match.error.name, 0) + 1
    assert {name: one.count for name, one in whole.seen.items()} == counts


def test_lines_that_differ_in_what_is_no_code_have_one_shape() -> None:
    alike = (
        "2026-11-28 10:00:01.123 dc1.alpha.test pid 4711 of 0f1e2d3c4b5a69788 by jo12: 1700 rows at 0x7ffd00aabb12",
        "2025-01-02 23:59:59.7 dc222.alpha.test pid 1 of ffffffffffffffff1 by jo3: 5 rows at 0x7ffd99aabb45",
    )
    assert len({shape for shape, _ in shaped(alike)}) == 1
    assert reach(shaped(alike)[0][0]) is None


@pytest.mark.parametrize("digits", range(1, 90))
def test_a_run_of_digits_is_one_digit_whatever_its_length(digits: int) -> None:
    assert masked(b"a" + b"7" * digits + b"b") == b"a0b"


@pytest.mark.parametrize("code", ["0x80070005", "8009030C", "-2147023174", "C000006D"])
def test_codes_that_speak_for_themselves_are_in_the_shape(code: str) -> None:
    [(shape, _)] = shaped([f"it said {code} today"])
    assert code.encode() in shape
    assert reach(shape) is not None


def test_the_numbers_that_name_a_family_begin_as_the_shapes_expect() -> None:
    hints = {hint for family in families().values() for hint in family.hints if hint[:1].isdigit()}
    assert hints
    assert all(hint.startswith("47") and hint in shaped([f"event {hint} of kdc"])[0][0].decode() for hint in hints)
