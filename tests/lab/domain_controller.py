"""A real Samba domain controller in a namespace of the lab, with chrony for the time, all on files of this run only."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab.authority import Certificate
from tests.lab.network import Site
from tests.lab.node import LabError, Node, run

PASSWORD = "Passw0rd.of-the-lab"
FOLDERS = {"etc": "/etc/samba", "lib": "/var/lib/samba", "run": "/run/samba", "cache": "/var/cache/samba"}
"""Where Samba keeps its files, and under which name the lab keeps them: bound over each other in a mount namespace."""

TCP_PORTS = frozenset({53, 88, 135, 139, 389, 445, 464, 636, 3268, 3269})
UDP_PORTS = frozenset({53, 88, 123, 137, 389, 464})
FIRST_DYNAMIC_PORT = 49152
DYNAMIC_PORTS = 3  # netlogon, samr, and the rest
READY_S = 90
# LDB binds its modules to the C library past a preloaded one unless told not to: rootDSE would tell the true time.
FAKED_CLOCK = ("env", "LDB_MODULES_DISABLE_DEEPBIND=1", "faketime", "-m", "--exclude-monotonic", "-f")

SMB_CONF = """\
[global]
    netbios name = {host}
    realm = {domain}
    workgroup = {workgroup}
    server role = active directory domain controller
    server services = -dnsupdate -kcc {services}
    interfaces = eth0 lo
    bind interfaces only = yes
    disable netbios = no
    tls keyfile = {certificate.key}
    tls certfile = {certificate.certificate}
    tls cafile = {certificate.authority}
    prefork children = 1
    load printers = no
    log level = 0
    log file = {folder}/log.%m
[sysvol]
    path = /var/lib/samba/sysvol
[netlogon]
    path = /var/lib/samba/sysvol/{domain}/scripts
"""

CHRONY_CONF = """\
local stratum 10
allow all
cmdport 0
bindcmdaddress /
pidfile {folder}/chronyd.pid
driftfile {folder}/chronyd.drift
"""


@dataclass(slots=True)
class DomainController:
    """The only DC of a forest. `folder` is its own; `certificate` is what it shows on 636 and 3269."""

    site: Site
    node: Node
    folder: Path
    certificate: Certificate
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def domain(self) -> str:
        return self.site.domain

    @property
    def host(self) -> str:
        return self.site.fqdn

    @property
    def address(self) -> str:
        return self.site.address

    @property
    def address6(self) -> str:
        return self.site.address6

    def install(self, copied: Site | None = None) -> None:
        """Get the files of a freshly provisioned domain, or those that another controller got; provisioning takes long,
        so its outcome is kept."""
        kept = provisioned(copied or self.site)
        run("cp", "--archive", "--sparse=always", f"{kept}/.", str(self.folder))
        (self.folder / "resolv.conf").write_text(f"nameserver {self.address}\n")
        self.keep_time()

    def keep_time(self) -> None:
        """Its time service's settings."""
        (self.folder / "chrony.conf").write_text(CHRONY_CONF.format(folder=self.folder))

    def start(self, *, services: str = "", clock_s: float = 0) -> None:
        """Start Samba and chrony; `services` takes some away (`-kdc`), `clock_s` sets Samba's clock off."""
        conf = SMB_CONF.format(
            host=self.site.host.upper(),
            domain=self.domain,
            workgroup=self.site.workgroup,
            services=services,
            certificate=self.certificate,
            folder=self.folder,
        )
        (self.folder / "etc/smb.conf").write_text(conf)
        log = self.folder / "log"
        clock = (*FAKED_CLOCK, f"{clock_s:+g}s") if clock_s else ()
        samba = (*clock, "samba", "--foreground", "--no-process-group")
        chrony = ("chronyd", "-x", "-d", "-u", "root", "-f", str(self.folder / "chrony.conf"))
        self.processes = [self.node.start(*self.view(*command), log=log) for command in (samba, _unconfined(chrony))]

    def view(self, *command: str) -> tuple[str, ...]:
        """The command, seeing this DC's files where Samba looks for them."""
        binds = [f"mkdir -p {target}; mount --bind {self.folder}/{name} {target}" for name, target in FOLDERS.items()]
        binds.append(f"mount --bind {self.folder}/resolv.conf /etc/resolv.conf")
        return "unshare", "--mount", "sh", "-ec", "; ".join([*binds, 'exec "$@"']), "sh", *command

    def wait_until_ready(self) -> None:
        """Until every port that Samba and chrony should open is open."""
        end = time.monotonic() + READY_S
        while missing := self._closed_ports():
            if time.monotonic() > end or any(process.poll() is not None for process in self.processes):
                raise LabError(f"{self.host} does not open {sorted(missing)}: see {self.folder}/log")
            time.sleep(0.05)

    def _closed_ports(self) -> set[str]:
        sockets = [line.split() for line in self.node.run("ss", "-lntuH").splitlines()]
        # Columns: protocol, state, two queues, local address:port. Loopback alone does not count.
        mine = [s for s in sockets if s[4].rpartition(":")[0] in {self.address, "0.0.0.0", "*"}]
        opened = {(s[0], int(s[4].rpartition(":")[2])) for s in mine}
        wanted = {("tcp", port) for port in self._expected(TCP_PORTS)} | {("udp", p) for p in self._expected(UDP_PORTS)}
        dynamic = sum(1 for protocol, port in opened if protocol == "tcp" and port >= FIRST_DYNAMIC_PORT)
        return {f"{port}/{protocol}" for protocol, port in wanted - opened} | (
            {"dynamic/tcp"} if dynamic < DYNAMIC_PORTS else set()
        )

    def _expected(self, ports: frozenset[int]) -> frozenset[int]:
        without_kdc = "-kdc" in (self.folder / "etc/smb.conf").read_text()
        return ports - {88, 464} if without_kdc else ports

    def stop(self) -> None:
        """End Samba and chrony with all their children. The files stay."""
        for process in self.processes:
            end_session(process)
        self.processes = []

    def restart(self, *, services: str = "", clock_s: float = 0) -> None:
        self.stop()
        self.start(services=services, clock_s=clock_s)
        self.wait_until_ready()

    def samba_tool(self, *arguments: str) -> str:
        """`samba-tool` on this DC, which must be running."""
        return self.node.run(*self.view("samba-tool", *arguments))


def provisioned(site: Site) -> Path:
    """The kept files of a new domain, made now if need be; keyed by what goes into them."""
    arguments = (
        *("samba-tool", "domain", "provision", f"--realm={site.domain.upper()}", f"--domain={site.workgroup}"),
        *("--server-role=dc", "--dns-backend=SAMBA_INTERNAL", f"--adminpass={PASSWORD}"),
        *(f"--host-name={site.host}", f"--host-ip={site.address}", "--option=interfaces=lo"),
    )
    recipe = "\n".join([*arguments, run("samba", "--version")])
    kept = _cache() / f"{site.key}-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}"
    with Path(f"{kept}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # six labs come up side by side, and it takes half a minute of a core
        if not kept.exists():
            _provision(kept, arguments)
    return kept


def _provision(kept: Path, arguments: tuple[str, ...]) -> None:
    fresh = Path(f"{kept}.fresh")
    shutil.rmtree(fresh, ignore_errors=True)  # of a run that was ended meanwhile
    for name in FOLDERS:
        (fresh / name).mkdir(parents=True)
    binds = [f"mkdir -p {target}; mount --bind {fresh}/{name} {target}" for name, target in FOLDERS.items()]
    script = "; ".join(["ip link set lo up", *binds, 'exec "$@"'])
    run("unshare", "--mount", "--net", "sh", "-ec", script, "sh", *arguments)
    fresh.rename(kept)


def _cache() -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "portcheck-lab"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _unconfined(command: tuple[str, ...]) -> tuple[str, ...]:
    """Ubuntu's AppArmor keeps chronyd to the host's own configuration; the lab has its own."""
    confined = Path("/sys/kernel/security/apparmor/profiles").exists() and shutil.which("aa-exec")
    return ("aa-exec", "-p", "unconfined", "--", *command) if confined else command


def end_session(process: subprocess.Popen[bytes]) -> None:
    """Kill what the lab started and all that it started in turn: they share a session."""
    patience_end = time.monotonic() + 2
    while left := _session(process.pid):
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM if time.monotonic() < patience_end else signal.SIGKILL)
        process.poll()
        time.sleep(0.02)
    process.wait()


def _session(leader: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=,stat=", "-s", str(leader)], capture_output=True, text=True).stdout
    rows = (line.split() for line in listed.splitlines())
    return [int(pid) for pid, state in rows if not state.startswith("Z")]
