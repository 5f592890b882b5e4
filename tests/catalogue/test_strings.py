"""What people really paste: every collected string leads to its entry, and none is told that the network is fine.

strings/*.toml hold them with their sources. Debug lines that say nothing of an error must not be taken for one.
"""

import random
import tomllib
from pathlib import Path

import pytest

from portcheck.catalogue.conditions import Condition
from portcheck.catalogue.errors import errors
from portcheck.catalogue.lookup import Match, find
from portcheck.catalogue.phrases import canonical

BOOKS = sorted(Path(__file__).with_name("strings").glob("*.toml"))
STRINGS = [tuple(row) for book in BOOKS for row in tomllib.loads(book.read_text(encoding="utf-8"))["strings"]]
ANY, UNASKED = "+", "-"
OF_THE_WAY = {Condition.BLOCKED, Condition.MUTE, Condition.RESET, Condition.UNREACHABLE}


def first_services(match: Match) -> set[str]:
    lead = match.error.causes[0].services if match.error.causes else ()
    return {name.partition("/")[0] for name in lead}


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_each_string_leads_to_its_entry_and_its_first_cause_s_service(book: Path) -> None:
    wrong = []
    for text, entry, service, _ in tomllib.loads(book.read_text(encoding="utf-8"))["strings"]:
        found = find(text)
        named = bool(found) if entry == ANY else entry in [match.error.name for match in found]
        services = first_services(found[0]) if found else set()
        if not named or (service != UNASKED and (service not in services if service else services)):
            wrong.append((text, entry, service, [match.error.name for match in found[:3]], services))
    assert wrong == []


def test_no_string_that_a_block_can_cause_is_told_the_contrary() -> None:
    contrary = []
    for text, _, service, _ in STRINGS:
        if service in ("", UNASKED):
            continue
        (first, *_) = find(text)
        if first.error.causes[0].condition not in OF_THE_WAY:
            continue
        proven = {name.partition("/")[0] for name in first.error.proves} if first.sole else set()
        if service in proven or first.error.is_not.startswith(("not the network", "not a blocked port")):
            contrary.append((text, first.error.name, first.error.is_not))
    assert contrary == []


def test_there_are_enough_strings_with_their_sources_and_few_that_the_catalogue_has_word_for_word() -> None:
    assert len(STRINGS) >= 600
    assert all(text and source for text, _, _, source in STRINGS)
    assert len({text for text, *_ in STRINGS}) == len(STRINGS)
    spelled = {canonical(s) for error in errors().values() for s in error.spellings}
    assert sum(canonical(text) in spelled for text, *_ in STRINGS) < len(STRINGS) / 20


QUIET = (
    "({date} {time}): [be[{host}]] [{name}] (0x{level:04x}): [RID#{n}] {name} of [{host}] took {n} ms, {m} entries",
    "(Mon May  6 {time} 2024) [sssd[be[{host}]]] [{name}] (0x{level:04x}): Trace: sh[0x55d{n:06x}], ops[0x55e{m:06x}]",
    "({date} {time}): [nss] [{name}] (0x{level:04x}): CR #{n}: Looking up [jo{m}@{host}] in cache, uid {m}, gid {n}",
    "[{date} {time}.{n:06d},  {d}, pid={m}, effective(0, 0), class=auth] ../../source3/{name}.c:{n}({name})",
    "  {name}: connected to host {host} port {port}, socket {d}, took {n} us, {m} bytes sent",
    "  Setting sam account {name}{n} rid {m} in domain {host}, took {d} tries",
    "slapd[{m}]: conn={n} op={d} SRCH base=\"dc={name},dc=test\" scope=2 deref=0 filter=\"(uid={name}{n})\"",
    "slapd[{m}]: conn={n} fd={d} ACCEPT from IP=10.{d}.1.{d}:{n} (IP=0.0.0.0:{port})",
    "slapd[{m}]: conn={n} op={d} SEARCH RESULT tag=101 err=0 qtime=0.{n:06d} etime=0.{m:06d} nentries={d} text=",
    "{date} {time} INFO  [http-nio-{port}-exec-{d}] c.e.{name}.Service - Processed {n} rows of {m} for jo in {n} ms",
    "{date}T{time}Z DEBUG {name}.Pool:{n} - Connection {m} of {host}:{port} returned to pool, {d} idle, {n} total",
    "	at com.example.{name}.Worker.run(Worker.java:{n}) ~[{name}-{d}.{d}.{m}.jar:{d}.{d}.{m}]",
    "{date} {time} 10.{d}.1.{d} GET /{name}/{n} - {port} - 10.{d}.2.{d} Mozilla/5.0 - 200 0 0 {n}",
    "{date} {time} W3SVC{d} {host} 10.{d}.1.{d} POST /{name}.aspx {port} A\\jo 10.{d}.2.{d} 304 0 0 {n} {m}",
    "{name}[{m}]: level {d}, line {n}, state {d}, version {d}.{d}.{m}, build {n}, retry {d} of {n}",
    "pid {m} started on {host} at {date} {time}, listening on port {port}, exit code 0, worker {n}",
    "10.{d}.1.{d} - - [{d}/May/2024:{time} +0200] \"GET /{name}/{n}/error.html?user=jo HTTP/1.1\" 200 {m} \"-\" \"curl/7.{d}\"",
    "10.{d}.1.{d} - jo [{d}/May/2024:{time} +0200] \"POST /auth/realms/{name}/login HTTP/2.0\" 302 0 rt=0.{n} upstream={port}",
    "{date}T{time}.{n:06d}Z haproxy[{m}]: 10.{d}.1.{d}:{n} [{d}/May/2024:{time}.{m}] ldaps~ ldap_back/{host} {d}/0/{n} {m} -- {d}/{d}/0/0/0 0/0",
    "Server ldap_back/{host} is UP, reason: Layer6 check passed, check duration: {d}ms. {d} active and 0 backup servers online.",
    "{n}.{m}    {d} 10.{d}.1.{d} TCP_TUNNEL/200 {n} CONNECT login.microsoftonline.com:443 - HIER_DIRECT/20.190.{d}.{d} -",
    "{date} {time} [notice] {m}#{n}: signal process started; worker process {n} exited with code 0",
    "I0506 {time}.{n:06d}    {m} kubelet.go:{n}] \"SyncLoop (PLEG): event for pod\" pod=\"kube-system/{name}-{d}\" event=ContainerStarted",
    "I0506 {time}.{n:06d}       1 reflector.go:{n}] Caches populated for *v1.Secret from k8s.io/client-go/informers/factory.go:{m}",
    "E0506 summary: 0 errors, 0 failures, {n} checks of {host} in {m} ms",
    "May  6 {time} {host} systemd[1]: Started Session {n} of user jo.",
    "May  6 {time} {host} systemd[1]: sssd.service: Deactivated successfully.",
    "May  6 {time} {host} systemd[1]: Starting System Security Services Daemon...",
    "May  6 {time} {host} systemd[1]: winbind.service: Scheduled restart job, restart counter is at {d}; Restart=on-failure",
    "May  6 {time} {host} CRON[{m}]: (root) CMD (test -x /usr/sbin/anacron || run-parts --report /etc/cron.daily)",
    "May  6 {time} {host} sshd[{m}]: pam_unix(sshd:session): session closed for user jo",
    "May  6 {time} {host} sshd[{m}]: Accepted gssapi-with-mic for jo from 10.{d}.1.{d} port {n} ssh2: jo@A.TEST",
    "May  6 {time} {host} sshd[{m}]: Received disconnect from 10.{d}.1.{d} port {n}:11: disconnected by user",
    "May  6 {time} {host} chronyd[{m}]: Selected source 10.{d}.1.{d} ({host}), offset +0.{n:06d} sec",
    "May  6 {time} {host} named[{m}]: client @0x7f{n:06d} 10.{d}.1.{d}#{n} ({host}): query: _ldap._tcp.{host} IN SRV + (10.{d}.1.1)",
    "May  6 {time} {host} kernel: [{m}.{n:06d}] eth0: renamed from veth{n}, mtu 1500, link up at {d} Gbps",
    "May  6 {time} {host} krb5kdc[{m}]: AS_REQ (4 etypes {{18 17 16 23}}) 10.{d}.1.{d}: ISSUE: authtime {n}, etypes {{rep=18}}, jo@A.TEST",
    "May  6 {time} {host} slapd[{m}]: conn={n} fd={d} closed (connection lost=0)",
    "postfix/smtp[{m}]: {n:06X}: to=<jo@{host}>, relay={host}[10.{d}.1.{d}]:25, delay=0.{d}, status=sent (250 2.0.0 Ok: queued)",
    "time={date}T{time}Z level=info msg=\"health check of {host}:{port} done\" failed=0 errors=0 duration={n}ms",
    "{{\"level\":\"info\",\"ts\":{n}.{m},\"msg\":\"reconciled\",\"domain\":\"{host}\",\"error\":null,\"retries\":{d}}}",
    "{date} {time} Information Microsoft-Windows-GroupPolicy Completed periodic policy processing for user A\\jo in {d} seconds.",
    "{date} {time} [{d}] INFO  Keycloak LDAP sync finished for {host}: {n} imported users, {m} updated users, 0 failed",
    "Last attempt @ {date} {time} was successful. DC={host} via RPC, DSA object GUID: 6fe7{n:04x}",
    "firewalld[{m}]: zone=internal, {n} rules loaded, {d} services, port {port}/tcp added to {host}",
)  # fmt: skip
"""Shapes of lines when all is well: sssd, samba, slapd, Java, IIS, proxies, Kubernetes, systemd, syslog."""
NAMES = ("sdap_get_rootdse", "winbindd_getpwnam", "be_ptask", "auth_check", "pool", "sync_job", "ad_ping", "cache_req")


def quiet_line(choose: random.Random) -> str:
    return choose.choice(QUIET).format(
        date=f"20{choose.randint(20, 29)}-{choose.randint(1, 12):02d}-{choose.randint(1, 28):02d}",
        time=f"{choose.randint(0, 23):02d}:{choose.randint(0, 59):02d}:{choose.randint(0, 59):02d}",
        host=f"dc{choose.randint(1, 99)}.site{choose.randint(1, 999)}.alpha{choose.randint(1, 81)}.test",
        name=choose.choice(NAMES),
        level=choose.choice((0x10, 0x20, 0x40, 0x80, 0x100, 0x200, 0x400, 0x1000, 0x2000, 0x4000)),
        n=choose.choice((choose.randint(1, 99), choose.randint(100, 1999), choose.randint(2000, 65535))),
        m=choose.choice((5, 37, 49, 53, 81, 111, 1311, 1326, 1355, 1722, 1753, 5719, 8453, 10060)),
        d=choose.randint(0, 60),
        port=choose.choice((53, 80, 88, 135, 389, 443, 445, 464, 636, 3268, 8080)),
    )


def test_ten_thousand_lines_that_say_nothing_of_an_error_name_no_family() -> None:
    choose = random.Random(15)
    taken = {}
    for _ in range(10_000):
        line = quiet_line(choose)
        if found := find(line):
            taken[line] = [(match.error.name, match.matched) for match in found]
    assert dict(list(taken.items())[:5]) == {}


AUDIT = [  # text, what it is, what it was once taken for
    ("ldap_bind: Can't contact LDAP server (-1)", "ldap-81", "ldap-1"),
    ("ldap_sasl_interactive_bind_s: Local error (-2)", "ldap-82", "kpasswd-2"),
    ("ldap_sasl_interactive_bind_s: Unknown authentication method (-6)", "ldap-86", "kpasswd-6"),
    ("ldap_bind failed on dc1.contoso.com: 81: Server Down", "ldap-81", "ldap-1"),
    ("The LDAP server is unavailable.", "ldap-81", "ldap-52"),
    ("error: 40 - Could not open a connection to SQL Server", "sql-40", "krb-40"),
    ("mount error(13): Permission denied", "mount-cifs-access", "ldap-13"),
    ("mount error(2): No such file or directory", "mount-cifs-noent", "kpasswd-2"),
    ("Cannot find key of appropriate type to decrypt AP REP - RC4 with HMAC", "krb5-kt-notfound", "kpasswd-4"),
    ("[LDAP: error code 4 - Sizelimit Exceeded]", "ldap-4", "kpasswd-4"),
    ("[LDAP: error code 11 - Administrative limit exceeded]", "ldap-11", "krb-11"),
    ("[LDAP: error code 12 - Unavailable critical extension]", "ldap-12", "krb-12"),
    ("[LDAP: error code 68 - Entry already exists]", "ldap-68", "krb-68"),
    ("[LDAP: error code 53 - 0000001F: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM)", "ldap-53", "krb-31"),
    ("Ticket Options: 0x40810010 Result Code: 0x6 Ticket Encryption Type: 0x12", "krb-6", "kpasswd-6"),
    ("00000005: SecErr: DSID-03152D2C, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0", "ldap-50", "kpasswd-5"),
    ("Kerberos event 14", "event-kdc-14", "krb-14"),
    ("HTTP Error 401.1 - Unauthorized", "http-401", "win32-5"),
    ("kinit: Mutual authentication failed while getting credentials", "krb5-mutual-failed", "win32-1397"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "entry", "wrong"), AUDIT, ids=[text[:40] for text, *_ in AUDIT])
def test_a_number_counts_only_for_the_family_that_is_named_around_it(text: str, entry: str, wrong: str) -> None:
    names = [match.error.name for match in find(text)]
    assert names[0] == entry
    assert wrong not in names


@pytest.mark.parametrize("text", ["Error 5", "status: 0x5", "Error 2", "53", "0x6"])
def test_a_number_that_no_word_assigns_gets_no_verdict(text: str) -> None:
    assert not [match.error.name for match in find(text) if match.sole]
