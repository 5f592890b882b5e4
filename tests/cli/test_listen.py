"""`portcheck listen` as a program: what it says, how it ends, and what a check of it says."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs signals to another process, and 127/8")
READY = "Who comes"


def program(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "portcheck", *arguments]


def surroundings(folder: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key not in {"PORTCHECK_CONFIG", "SUDO_UID"}}
    return kept | {"PYTHONPATH": str(ROOT), "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        program(*arguments), capture_output=True, text=True, timeout=90, cwd=folder, env=surroundings(folder)
    )


def an_address() -> str:
    return ".".join(["127", *(str(secrets.randbelow(200) + 10) for _ in range(3))])


@contextmanager
def listen(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The program, and what it said until it was ready."""
    command = program("listen", "--ports-from", "12000", "--rpc-ports", "29152-29155", *arguments)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, env=surroundings(folder)
    ) as process:
        try:
            assert process.stdout is not None
            said: list[str] = []
            for line in process.stdout:
                said.append(line.rstrip("\n"))
                if line.startswith(READY):
                    break
            yield process, said
        finally:
            process.kill()


def ended(process: subprocess.Popen[str], number: int) -> tuple[int, str, str]:
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=180)
    return process.returncode, stdout, stderr


@POSIX
def test_what_it_says_to_write_into_the_forests_file_proves_every_path(tmp_path: Path) -> None:
    address = an_address()
    with listen(tmp_path, "--bind", address, "--domain", "contoso.example") as (process, said):
        begin = said.index("  [[forest]]")
        (tmp_path / "forests.toml").write_text("\n".join(said[begin : said.index("", begin)]), encoding="utf-8")
        checked = run(tmp_path, "check", "-f", "json", "-c", "forests.toml")
        table = run(tmp_path, "check", "-c", "forests.toml", "--no-color")
        code, told, complaint = ended(process, signal.SIGTERM)
    report = json.loads(checked.stdout)
    assert (checked.returncode, {check["state"] for check in report["checks"]}) == (0, {"ok"})
    assert {check["facts"]["answered_by"] for check in report["checks"]} == {"portcheck listen"}
    assert {check["reason"] for check in report["checks"]} == {"path proven, answered by portcheck listen"}
    assert [finding["code"] for finding in report["findings"]] == ["paths-proven"]
    (forest,) = report["forests"]
    assert [dc["roles"] for dc in forest["domain_controllers"]] == [[]]
    assert "all well" not in table.stdout
    assert "paths proven by portcheck listen, no domain controller seen" in " ".join(table.stdout.split())
    assert (code, complaint) == (0, "")
    assert "17 of 17 ports reached." in told
    assert "all of them" in told
    assert told.count("kpasswd       12464/udp") == 1


@POSIX
def test_with_a_domain_its_dns_leads_the_discovery_to_it(tmp_path: Path) -> None:
    address = an_address()
    with listen(tmp_path, "--bind", address, "--domain", "contoso.example") as (_, said):
        ports = next(line for line in said if line.startswith("  ports = "))
        lines = ("[[forest]]", 'name = "contoso.example"', f'dns = ["{address}:12053"]', ports)
        (tmp_path / "forests.toml").write_text("\n".join(lines), encoding="utf-8")
        report = json.loads(run(tmp_path, "check", "-f", "json", "-c", "forests.toml").stdout)
    (forest,) = report["forests"]
    assert [(dc["source"], dc["address"]) for dc in forest["domain_controllers"]] == [("srv", address)]
    assert {check["facts"].get("answered_by") for check in report["checks"]} == {"portcheck listen"}
    assert [finding["code"] for finding in report["findings"]] == ["paths-proven"]


@POSIX
def test_what_was_not_reached_is_told_in_the_end(tmp_path: Path) -> None:
    with listen(tmp_path, "--bind", an_address(), "--only", "ldap", "--only", "kpasswd", "--port", "25000") as (
        process,
        _,
    ):
        code, told, _ = ended(process, signal.SIGINT)
    assert code == 130
    assert "0 of 4 ports reached." in told


@POSIX
def test_it_ends_by_itself_in_time_and_says_that_nobody_came(tmp_path: Path) -> None:
    done = run(tmp_path, "listen", "--bind", an_address(), "--only", "ldap", "--ports-from", "12000", "--for", "1s")
    assert (done.returncode, done.stderr) == (1, "")


@POSIX
def test_a_second_listener_names_the_first_and_fails(tmp_path: Path) -> None:
    address = an_address()
    with listen(tmp_path, "--bind", address) as (process, _):
        second = run(tmp_path, "listen", "--bind", address, "--ports-from", "12000", "--rpc-ports", "29152-29155")
        pid = process.pid
    assert second.returncode == 3
    assert second.stderr.startswith("portcheck: no port could be opened: taken by python")
    if sys.platform == "linux":
        assert f"(pid {pid})" in second.stderr


@POSIX
@pytest.mark.skipif(sys.platform == "linux" and os.geteuid() != 0, reason="needs root")
def test_root_is_given_up_once_the_ports_are_open(tmp_path: Path) -> None:
    with listen(tmp_path, "--bind", an_address()) as (process, said):
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    uids = next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1:]
    groups = next(line for line in status.splitlines() if line.startswith("Groups:")).split()[1:]
    assert "0" not in uids
    assert groups == []
    assert any("root was needed to open the ports only" in line for line in said)


BAD = [
    (("--bind", "192.0.2.1"), "--bind: 192.0.2.1 is no address of this machine"),
    (("--bind", "nonsense"), "--bind: 'nonsense' is not an IPv4 or IPv6 address"),
    (("--port", "kerberos=0"), "--port: '0' is not a port"),
    (("--port", "kerberso=88"), "--port: unknown service 'kerberso'"),
    (("--port", "rpc-samr=88"), "choose RPC's ports with --rpc-ports"),
    (("--port", "5000/sctp"), "--port: 'sctp' is no transport"),
    (("--port", "-5"), "--port"),
    (("--rpc-ports", "49155-49152"), "--rpc-ports: 49155-49152 runs backwards; write 49152-49155"),
    (("--rpc-ports", "1-65535"), "--rpc-ports: 1-65535 is more than 256 ports"),
    (("--rpc-ports", "x"), "--rpc-ports: 'x' is not a port"),
    (("--ports-from", "60000", "--profile", "adfs"), "--ports-from: "),
    (("--ports-from", "-1"), "--ports-from"),
    (("--profile", "mimm"), "--profile: unknown profile 'mimm'"),
    (("--for", "soon"), "--for: "),
    (("--domain", "a b"), "--domain: "),
    (("--only", "smtp"), "--only: unknown service 'smtp'"),
    (("--only", "winrm"), "--only, --skip: nothing is left to open"),
]


@pytest.mark.parametrize(("arguments", "complaint"), BAD, ids=lambda value: " ".join(value) if value else "")
def test_what_makes_no_sense_is_one_line(tmp_path: Path, arguments: tuple[str, ...], complaint: str) -> None:
    done = run(tmp_path, "listen", *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert complaint in done.stderr
