"""Counting a log's errors: which, how often, when, where; and no line that only looks like one."""

from portcheck.logs.records import LogRecord, records
from portcheck.logs.tally import MOST_HOSTS, LogMemory, tally


def of(*lines: str) -> dict[str, tuple[int, str, str]]:
    return {name: (one.count, one.first, one.last) for name, one in tally(records(lines)).seen.items()}


def test_an_error_is_counted_with_its_first_and_last_time() -> None:
    line = "2024-05-{:02d} 10:00:00 sync: ldap_bind: Can't contact LDAP server (-1) at dc{}.alpha.test"
    found = tally(records(line.format(day, day % 2) for day in (7, 3, 9)))
    one = found.seen["ldap-81"]
    assert (one.count, one.first, one.last) == (3, "2024-05-03 10:00:00", "2024-05-09 10:00:00")
    assert dict(one.hosts) == {"dc1.alpha.test": 3}


def test_a_time_in_the_line_before_counts() -> None:
    assert of("[2024/05/06 10:00:00.1,  0] ../source3/x.c:1(y)", "  session setup failed: NT_STATUS_LOGON_FAILURE") == {
        "ntstatus-0xc000006d": (1, "2024-05-06 10:00:00", "2024-05-06 10:00:00")
    }


def test_lines_that_differ_in_their_code_alone_are_told_apart() -> None:
    found = of(*(f"2024-05-06 10:00:00 rpc: failed with error {code}" for code in (1722, 1753, 1722, 3999)))
    assert {name: count for name, (count, _, _) in found.items()} == {"win32-1722": 2, "win32-1753": 1}


def test_general_words_beside_a_telling_error_are_its_own_line() -> None:
    line = "javax.naming.CommunicationException: dc1:636 [Root exception: KrbException: Clock skew too great (37)]"
    assert set(of(line)) == {"krb-37"}


def test_a_quiet_log_has_no_errors() -> None:
    assert of("2024-05-06 10:00:00 all is well", "(0x0020) [11] line 1722 of x", "GET / 200 0 0 1326") == {}


def test_memory_stays_bounded_whatever_is_read() -> None:
    memory = LogMemory()
    for n in range(30_000):
        word = "".join(chr(97 + n // 26**k % 26) for k in range(4))
        list(memory.found([f"{word} failed with error {n} at host{n}"]))
    assert len(memory.reached) <= 20_000
    assert len(memory.known) <= 20_000
    many = (LogRecord(f"ldap_bind: Can't contact LDAP server (-1) h{n}.alpha.test") for n in range(3 * MOST_HOSTS))
    assert len(tally(many).seen["ldap-81"].hosts) == MOST_HOSTS


def test_the_machine_that_wrote_an_event_is_one_of_its_hosts() -> None:
    (one,) = tally(
        [LogRecord("Source: NETLOGON Event ID: 5719", "2024-05-06T10:00:00Z", "WEB1.alpha.test")]
    ).seen.values()
    assert one.error.name == "event-netlogon-5719"
    assert dict(one.hosts) == {"web1.alpha.test": 1}
    assert one.first == "2024-05-06 10:00:00"
