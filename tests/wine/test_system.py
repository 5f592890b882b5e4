"""What Windows itself is asked and told: its registry, its event log."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

import pytest

from tests.delivered import forms, tried
from tests.wine.windows import Windows, windows_path

RULES = "HKLM\\" + r"SYSTEM\CurrentControlSet\Services\Dnscache\Parameters\DnsPolicyConfig\{rule}"
TOLD = "from portcheck.net.platform import name_policy as n; print(n.servers(n.rules(), 'dc1.contoso.com'))"


def test_the_name_policy_is_read_from_the_registry(windows: Windows) -> None:
    assert windows.run(windows.python, "-c", TOLD).out.split() == [b"()"]
    values = (
        ("Name", "REG_MULTI_SZ", r".fabrikam.com\0.contoso.com"),
        ("ConfigOptions", "REG_DWORD", "8"),
        ("GenericDNSServers", "REG_SZ", "10.0.0.1;10.0.0.2"),
    )
    for name, kind, value in values:
        done = windows.run("reg", "add", RULES, "/v", name, "/t", kind, "/d", value, "/f")
        assert done.code == 0, done.err
    try:
        told = windows.run(windows.python, "-c", TOLD)
    finally:
        windows.run("reg", "delete", RULES, "/f")
    assert told.out.strip() == b"('10.0.0.1', '10.0.0.2')", told.err


FIREWALL = "HKLM\\" + r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
BLOCKING = r"v2.30|Action=Block|Active=TRUE|Dir=Out|Protocol=6|RPort=389|RA4=10.77.0.0/16|Name=no directory|"
FITS = (
    "from portcheck.net.platform.outbound_rules import blocking as fit;"
    "print(*(fit(each, '10.77.1.10', 389) for each in ('tcp', 'udp')))"
)


def test_rules_of_the_own_firewall_are_read_from_the_registry(windows: Windows) -> None:
    assert windows.run(windows.python, "-c", FITS).out.split() == [b"()", b"()"]
    profile = FIREWALL + r"\PublicProfile"
    rows = (
        (FIREWALL + r"\FirewallRules", "{1}", "REG_SZ", BLOCKING),
        (profile, "EnableFirewall", "REG_DWORD", "1"),
        (profile, "DefaultOutboundAction", "REG_DWORD", "1"),
    )
    for key, name, kind, value in rows:
        done = windows.run("reg", "add", key, "/v", name, "/t", kind, "/d", value, "/f")
        assert done.code == 0, done.err
    try:
        told = windows.run(windows.python, "-c", FITS)
    finally:
        for key in dict.fromkeys(key for key, *_ in rows):
            windows.run("reg", "delete", key, "/f")
    default = b"'what no rule allows (public profile)'"
    assert told.out.strip() == b"('no directory', " + default + b") (" + default + b",)", told.err


def test_a_notice_goes_into_the_event_log(windows: Windows, tmp_path: Path) -> None:
    """Wine keeps no log, and tells its own developers what it was given."""
    forests = tmp_path / "forests.toml"
    forests.write_text('[[forest]]\nname = "alpha.test"\ndomain_controllers = ["127.0.0.1"]\n')
    asked = ("check", "-c", windows_path(forests), "--only", "ldap", "--no-trace", "-q", "--notify", "always")
    env = {"PORTCHECK_NOTIFY": "eventlog://portcheck", "WINEDEBUG": "-all,+eventlog"}
    done = windows.portcheck(*asked, env=env)
    assert done.code == 1, done.err
    assert b"portcheck on " in done.err
    assert b"was not delivered" not in done.err


HOLD = """
import os, socket, sys
tcp = socket.create_server(("127.0.0.1", 0))
udp = socket.socket(type=socket.SOCK_DGRAM)
udp.bind(("0.0.0.0", tcp.getsockname()[1]))
for each in (tcp, udp):  # until something is read, Wine's server alone has the socket open, and no owner is told
    each.setblocking(False)
    try:
        each.recv(1)
    except OSError:
        pass
print(tcp.getsockname()[1], os.getpid(), flush=True)
sys.stdin.read(1)
"""


def test_ports_in_use_are_told_with_their_owner(windows: Windows) -> None:
    with windows.start(windows.python, "-c", HOLD) as holder:
        assert holder.stdout is not None
        port, pid = holder.stdout.readline().decode().split()
        done = windows.portcheck("listen", "--bind", "127.0.0.1", "--only", "kpasswd", "--port", f"kpasswd={port}")
        holder.communicate(b"!", timeout=60)
    assert f"taken by python.exe (pid {pid})".encode() in done.err, done.err
    assert (done.code, b"another program" in done.err) == (3, False), done.err


ECHO = """
import asyncio
from portcheck.net.platform.ping import echoes
print(*(asyncio.run(echoes(address, 2)) for address in ("127.0.0.1", "::1")))
"""


def may_send_echo() -> bool:
    """Wine asks this system for a socket that this user may not have everywhere (net.ipv4.ping_group_range)."""
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        with contextlib.suppress(PermissionError), socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP):
            return True
    return False


@pytest.mark.skipif(not may_send_echo(), reason="this user may send no ICMP echo here")
def test_an_icmp_echo_is_sent_by_the_system(windows: Windows) -> None:
    assert windows.run(windows.python, "-c", ECHO).out.split() == [b"True", b"None"]  # IPv6 is not asked here


STARTED = """
import sys
def hook(event, args):
    if event in {"subprocess.Popen", "os.system", "os.exec", "os.spawn", "os.startfile", "_winapi.CreateProcess"}:
        print("started:", args, file=sys.stderr)
sys.addaudithook(hook)
if sys.argv[1:] == ["uname"]:
    import platform
    platform.uname()
else:
    from portcheck.__main__ import main
    main()
"""


def test_a_check_starts_no_program(windows: Windows) -> None:
    """`platform.node()` has `cmd /c ver` run where WMI does not tell: so the hook would hear it."""
    checked = windows.run(windows.python, "-c", STARTED, "check", "127.0.0.1", "--only", "ldap", "--no-trace", "-q")
    assert (checked.code, b"started:" in checked.err) == (1, False), checked.err
    assert b"started:" in windows.run(windows.python, "-c", STARTED, "uname").err


def test_a_forests_file_of_the_machine_is_found_in_programdata(windows: Windows, tmp_path: Path) -> None:
    place = windows.prefix / "drive_c/ProgramData/portcheck/forests.toml"
    assert windows.portcheck("config", "check", cwd=tmp_path).code == 2
    place.parent.mkdir()
    place.write_text('[[forest]]\nname = "alpha.test"\n', encoding="utf-8")
    try:
        done = windows.portcheck("config", "check", cwd=tmp_path)
    finally:
        place.unlink()
        place.parent.rmdir()
    assert (done.code, b"C:\\ProgramData\\portcheck\\forests.toml" in done.out + done.err) == (0, True), done


def test_each_command_of_the_readme_works_as_it_is_typed(windows: Windows, tmp_path: Path) -> None:
    """By the command of the portable zip, in a folder with a blank in its name."""
    top = tmp_path / "Program Files"
    top.mkdir()
    (top / "python").symlink_to(windows.python.parent)
    (top / "site").symlink_to(windows.python.parent.parent / "site")
    (top / "portcheck.cmd").write_text(forms.CMD, encoding="ascii", newline="")
    assert tried.read_me(windows, top) > 4
