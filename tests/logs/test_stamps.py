"""Times and hosts as logs write them."""

import pytest

from portcheck.logs.stamps import hosts, stamp


@pytest.mark.parametrize(
    ("line", "when"),
    [
        ("(2024-05-06 10:00:00): [be[alpha.test]] x", "2024-05-06 10:00:00"),
        ("(Mon May  6 10:00:00 2024) [sssd[be[alpha.test]]] x", "2024-05-06 10:00:00"),
        ("[2024/05/06 10:00:00.123456,  0] ../source3/x.c:1(y)", "2024-05-06 10:00:00"),
        ("May  6 10:00:00 web1 sssd[812]: x", "05-06 10:00:00"),
        ("05/06 10:00:00 [LOGON] [812] x", "05-06 10:00:00"),
        ("2024-05-06T10:00:00.123Z ERROR x", "2024-05-06 10:00:00"),
        ("5/6/2024 2:00:00 PM", "2024-05-06 14:00:00"),
        ("5/16/2024 12:00:00 AM", "2024-05-16 00:00:00"),
        ("06.05.2024 10:00:00", "2024-05-06 10:00:00"),
        ("10.1.1.1 - - [06/May/2024:10:00:00 +0000] x", "2024-05-06 10:00:00"),
        ("May 06, 2024 9:00:00 AM com.example", "2024-05-06 09:00:00"),
        ("no time here, 10:00 or 2024", ""),
    ],
)
def test_a_time_reads_alike_whoever_wrote_it(line: str, when: str) -> None:
    assert stamp(line) == when


def test_hosts_are_names_and_addresses_and_no_files_or_classes() -> None:
    line = "com.sun.jndi.Ldap (Connection.java:238) krb5.conf v1.2.3 to DC1.alpha.test:389 at 10.77.1.10, not 1.2.3.4.5"
    assert list(hosts(line)) == ["dc1.alpha.test", "10.77.1.10"]
