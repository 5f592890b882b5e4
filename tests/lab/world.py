"""The whole lab: brings up the network and three forests, runs portcheck in it, and leaves nothing behind."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.lab.authority import Authority, new_authority
from tests.lab.domain_controller import DomainController, end_session
from tests.lab.look import Sight
from tests.lab.network import CLIENT, SITES, Network, namespaces, network, refusal, remove
from tests.lab.node import Node, pids
from tests.lab.program import PROJECT, Cell, Run, Vantage

ROOT = Path("/tmp")
PREFIX = "pclab"
PROGRAMS = ("ip", "nft", "sysctl", "samba", "samba-tool", "chronyd", "dnsmasq", "setpriv", "unshare", "ss", "ps")


@dataclass(slots=True)
class Lab:
    """Three forests behind two routers, and a client."""

    folder: Path
    net: Network
    authority: Authority  # the client trusts it
    stranger: Authority  # the client does not
    vantage: Vantage
    dcs: tuple[DomainController, ...]
    healthy: dict[Cell, str] | None = field(default=None)

    @property
    def client(self) -> Node:
        return self.net.client

    @property
    def fw1(self) -> Node:
        return self.net.fw1

    @property
    def fw2(self) -> Node:
        return self.net.fw2

    @property
    def alpha(self) -> DomainController:
        return self.dcs[0]

    @property
    def bravo(self) -> DomainController:
        return self.dcs[1]

    @property
    def charlie(self) -> DomainController:
        return self.dcs[2]

    def portcheck(
        self, *args: str, config: Path | None = None, env: Mapping[str, str] | None = None, timeout: float = 120
    ) -> Run:
        """Run the program as an unprivileged user on the client; `config` becomes `$PORTCHECK_CONFIG`."""
        settings = {"PORTCHECK_CONFIG": str(config)} if config else {}
        run = self.vantage.python("-m", "portcheck", *args, env={**settings, **(env or {})}, timeout=timeout)
        return replace(run, healthy=self.healthy)

    def check_with_clock(self, off: str, config: Path) -> Run:
        """`portcheck check` on a client whose clock is off by so much (`-40m`).

        Slow for the tool alone: faketime takes a lock, two system calls, for each look at any clock, four times the
        processor time of the run; with `+0d` it takes as long.
        """
        faked = ("faketime", "-m", "--exclude-monotonic", "-f", off, sys.executable, "-m", "portcheck")
        return self.vantage.run(*faked, "check", "-f", "json", env={"PORTCHECK_CONFIG": str(config)})

    def look(self, dc: DomainController, *ports: str, **options: object) -> list[Sight]:
        """What plain sockets on the client see at these ports (`464/tcp`), all at once. See `look.py`."""
        spots = [port.partition("/") for port in ports]
        asked = [json.dumps([protocol, dc.address, int(number), options]) for number, _, protocol in spots]
        run = self.vantage.python(str(PROJECT / "tests/lab/look.py"), *asked)
        assert not run.code, run.stderr
        return [Sight.load(seen) for seen in json.loads(run.stdout)]

    def check(self, *args: str, config: Path | None = None) -> Run:
        """`portcheck check` on all three forests, with its report."""
        return self.portcheck("check", "--format", "json", *args, config=config or self.forests_toml())

    def forests_toml(self, *names: str, defaults: Mapping[str, object] | None = None, **own: object) -> Path:
        """Write a forests file for these forests (default: all). `bravo={"site": "x"}` adds keys to one of them."""
        blocks = ["[defaults]", *_keys({"profiles": ["all"], **(defaults or {})})]
        for dc in self.dcs:
            if names and dc.site.key not in names:
                continue
            extra = own.get(dc.site.key, {})
            assert isinstance(extra, Mapping)
            keys = {"name": dc.domain, "dns": [dc.address], "ca_file": str(self.authority.file), **extra}
            blocks += ["", "[[forest]]", *_keys(keys)]
        path = self.vantage.home / f"forests-{secrets.token_hex(4)}.toml"
        path.write_text("\n".join(blocks) + "\n")
        return path


def _keys(table: Mapping[str, object]) -> list[str]:
    """TOML lines. None takes a key away."""
    return [f"{key} = {_toml(value)}" for key, value in table.items() if value is not None]


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(_keys(value)) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)  # strings, numbers and booleans are written alike


def why_not() -> str | None:
    """Why there can be no lab on this machine, if so."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "the lab needs root on Linux"
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    if missing := [name for name in PROGRAMS if not shutil.which(name, path=path)]:
        return f"the lab needs {', '.join(missing)}: tests/run installs them"
    return refusal()


@contextmanager
def lab() -> Iterator[Lab]:
    """Bring a lab up, and take it down whatever happens."""
    with ExitStack() as stack:
        token = secrets.token_hex(3)
        prefix, folder = f"{PREFIX}-{token}", ROOT / f"{PREFIX}-{token}"
        stack.enter_context(_owned(folder))
        stack.callback(_end_all, prefix)  # before the folder goes
        net = stack.enter_context(network(prefix))
        stack.callback(_end_all, prefix)  # before the namespaces go
        built = _build(folder, net)
        with ThreadPoolExecutor(len(built.dcs)) as pool:
            list(pool.map(DomainController.install, built.dcs))
        for dc in built.dcs:
            stack.callback(dc.stop)
            dc.start()
        stack.callback(end_session, _start_resolver(built))
        for dc in built.dcs:
            dc.wait_until_ready()
        yield built


def _build(folder: Path, net: Network) -> Lab:
    authority, stranger = new_authority("lab-ca", folder), new_authority("stranger-ca", folder)
    dcs = []
    for site in SITES:
        own = folder / site.key
        own.mkdir()
        certificate = authority.issue((site.fqdn, site.domain))
        dcs.append(DomainController(site, net.dcs[site.key], own, certificate))
    vantage = Vantage(net.client, folder, authority.file)
    vantage.prepare()
    return Lab(folder, net, authority, stranger, vantage, tuple(dcs))


def _start_resolver(lab: Lab) -> subprocess.Popen[bytes]:
    """The client's system resolver: it forwards each forest's names to that forest's DC, and keeps nothing.

    Its own questions leave from other ports than the system would choose: where that is left with few, it has some.
    """
    zones = [f"--server=/{dc.domain}/{dc.address}" for dc in lab.dcs]
    plain = ("dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--cache-size=0", "--conf-file=/dev/null")
    plain += ("--min-port=50000", "--max-port=65000")
    where = ("--listen-address=127.0.0.1", "--bind-interfaces", "--user=root", f"--pid-file={lab.folder}/dnsmasq.pid")
    return lab.client.start(*plain, *where, *zones, log=lab.folder / "dnsmasq.log")


@contextmanager
def _owned(folder: Path) -> Iterator[None]:
    """The lab's folder, with a lock that says this run lives; what dead runs left is cleaned first."""
    with _locked(ROOT / f"{PREFIX}.lock"):
        for left in [path for path in ROOT.glob(f"{PREFIX}-*") if path.is_dir()]:
            _clean_if_dead(left)
        folder.mkdir()
        mine = (folder / "alive").open("w")
        fcntl.flock(mine, fcntl.LOCK_EX)
    with mine:
        try:
            yield
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _clean_if_dead(folder: Path) -> None:
    try:
        with (folder / "alive").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _end_all(folder.name)
            remove(folder.name)
            shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:  # its run lives
        return


def _end_all(prefix: str) -> None:
    """Kill what still runs in a lab's namespaces: nobody but the lab starts anything there."""
    while left := [pid for name in namespaces(prefix) for pid in pids(name)]:
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def describe(lab: Lab) -> str:
    """How a developer uses a lab that is up."""
    enter, config = lab.vantage.enter, lab.forests_toml()
    settings = " ".join(f"{key}={value}" for key, value in lab.vantage.environment().items() if key != "PATH")
    rows = [f"  {dc.host:18} {dc.address:12} {dc.address6:20} namespace {dc.node.netns}" for dc in lab.dcs]
    return "\n".join(
        [
            *rows,
            f"  {'client':18} {CLIENT[0]:12} {CLIENT[1]:20} namespace {lab.client.netns}",
            f"  routers            namespaces {lab.fw1.netns}, {lab.fw2.netns}",
            f"  files and logs     {lab.folder}/{{alpha,bravo,charlie}}",
            "",
            f"  cd {lab.vantage.home} && env {settings} {enter} {sys.executable} -m portcheck check -c {config}",
            f"  a shell as nobody: {enter} bash       a shell as root: ip netns exec {lab.client.netns} bash",
        ]
    )
