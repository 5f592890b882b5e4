"""A small lab of its own: a client, an edge that routes and runs the proxy, and an internet of two hosts.

No domain controllers; up in a second. Public names lead to the lab's internet, by the lab's own resolvers.
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab.authority import Authority, new_authority
from tests.lab.domain_controller import end_session
from tests.lab.node import LabError, Node, address, link, run
from tests.lab.program import Run, Vantage

CLIENT, EDGE, INTERNET, OTHER = "10.78.0.10", "10.78.0.1", "10.78.9.10", "10.78.9.11"
PROXY = f"{EDGE}:3128"
SERVER = Path(__file__).with_name("endpoint_server.py")
PROGRAMS = ("tinyproxy", "dnsmasq", "nft", "ip", "unshare", "setpriv")
NAMES = (
    *("login.microsoftonline.com", "graph.microsoft.com", "outlook.office365.com", "login.windows.net"),
    *("adminwebservice.microsoftonline.com", "provisioningapi.microsoftonline.com"),
    *("secure.aadcdn.microsoftonline-p.com", "management.azure.com", "policykeyservice.dc.ad.msft.net"),
    *("login.microsoft.com", "account.activedirectory.windowsazure.com", "outlook.office.com"),
    *("aadcdn.msftauth.net", "aadcdn.msauth.net", "autoupdate.msappproxy.net", "autologon.microsoftazuread-sso.com"),
    *("*.servicebus.windows.net", "mim1.corp.test", "sts.corp.test", "sql1.corp.test"),
)


@dataclass(slots=True)
class Outside:
    """What tests do with it."""

    folder: Path
    client: Node
    edge: Node
    internet: Node
    authority: Authority  # the client trusts it, as it would the public roots
    stranger: Authority
    vantage: Vantage

    def check(self, *arguments: str, config: str = "", env: Mapping[str, str] | None = None) -> Run:
        """`portcheck check -f json`; without a forests file unless one is given."""
        given = dict(env or {})
        if config:
            path = self.vantage.home / f"forests-{secrets.token_hex(4)}.toml"
            path.write_text(config)
            given["PORTCHECK_CONFIG"] = str(path)
        quick = ("--timeout", "1s", "--answer-timeout", "3s")
        return self.vantage.python("-m", "portcheck", "check", "-f", "json", *quick, *arguments, env=given)

    @contextmanager
    def serving(self, node: Node, *rows: str) -> Iterator[None]:
        """Servers of `endpoint_server.py` on a machine of the lab."""
        command = node.argv(sys.executable, str(SERVER), *rows)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == "ready\n"
                yield
            finally:
                end_session(process)

    @contextmanager
    def tinyproxy(self, *lines: str, idle_s: int = 30) -> Iterator[None]:
        """The real one, on the edge; it ends what is quiet for `idle_s` seconds."""
        config = self.folder / "tinyproxy.conf"
        plain = (f"Listen {EDGE}", "Port 3128", f"Timeout {idle_s}", f'LogFile "{self.folder}/tinyproxy.log"')
        config.write_text("\n".join([*plain, *lines]) + "\n")
        inside = f"mount --bind {self.folder}/edge.conf /etc/resolv.conf; exec tinyproxy -d -c {config}"
        log = self.folder / "tinyproxy.out"
        process = self.edge.start("unshare", "--mount", "sh", "-ec", inside, log=log)
        try:
            while not self.edge.run("ss", "-Hltn", "src", PROXY):
                if process.poll() is not None:
                    raise LabError(f"tinyproxy ended: {log.read_text()[-500:]}")
                time.sleep(0.02)
            yield
        finally:
            end_session(process)

    @contextmanager
    def only_by_proxy(self, action: str = "drop") -> Iterator[None]:
        """The edge forwards nothing."""
        self.edge.nft(f"table inet egress {{\nchain out {{\ntype filter hook forward priority 0\n{action}\n}}\n}}")
        try:
            yield
        finally:
            self.edge.nft("delete table inet egress")

    @contextmanager
    def inspecting(self, port: int) -> Iterator[None]:
        """The edge takes every TLS connection itself, and no client asked it to."""
        rule = f"iifname to-client tcp dport 443 dnat ip to {EDGE}:{port}"
        self.edge.nft(f"table ip inspect {{\nchain in {{\ntype nat hook prerouting priority -100\n{rule}\n}}\n}}")
        try:
            yield
        finally:
            self.edge.nft("delete table ip inspect")

    @contextmanager
    def without_public_names(self) -> Iterator[None]:
        """The client's resolver knows the proxy and nothing of the internet."""
        file = self.folder / "resolv.conf"
        before = file.read_text()
        file.write_text("nameserver 127.0.0.2\n")
        try:
            yield
        finally:
            file.write_text(before)


def why_no_outside() -> str | None:
    missing = [name for name in PROGRAMS if not shutil.which(name, path="/usr/sbin:/sbin:/usr/bin:/bin")]
    return f"needs {', '.join(missing)}: tests/run installs them" if missing else None


@contextmanager
def outside() -> Iterator[Outside]:
    """Bring it up, and take it down whatever happens."""
    token = secrets.token_hex(3)
    folder, prefix = Path(f"/tmp/pcout-{token}"), f"pcout-{token}"
    with ExitStack() as stack:
        folder.mkdir(mode=0o755)
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        nodes = [Node(name, f"{prefix}-{name}", hook) for name, hook in _MACHINES]
        for node in nodes:
            node.create()
            stack.callback(run, "ip", "netns", "del", node.netns)
        client, edge, internet = nodes
        _wire(client, edge, internet)
        authority, stranger = new_authority("public-roots", folder), new_authority("proxy-authority", folder)
        vantage = Vantage(client, folder, authority.file)
        vantage.prepare()
        (folder / "edge.conf").write_text("nameserver 127.0.0.1\n")
        up = Outside(folder, client, edge, internet, authority, stranger, vantage)
        for resolver in _resolvers(up):
            stack.callback(end_session, resolver)
        stack.enter_context(up.serving(internet, *_world(authority)))
        yield up


_MACHINES = (("client", "output"), ("edge", "forward"), ("internet", "input"))


def _wire(client: Node, edge: Node, internet: Node) -> None:
    link(client, "eth0", edge, "to-client")
    link(edge, "to-internet", internet, "eth0")
    address(client, "eth0", f"{CLIENT}/24")
    address(edge, "to-client", f"{EDGE}/24")
    address(edge, "to-internet", "10.78.9.1/24")
    address(internet, "eth0", f"{INTERNET}/24", f"{OTHER}/24")
    edge.sysctl("net.ipv4.ip_forward=1")
    client.ip("route", "add", "default", "via", EDGE)
    internet.ip("route", "add", "default", "via", "10.78.9.1")


def _resolvers(up: Outside) -> list[subprocess.Popen[bytes]]:
    """127.0.0.1 on client and edge knows every name; 127.0.0.2 on the client the proxy's alone."""
    plain = ("dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--user=root")
    proxy = f"--address=/proxy.corp.test/{EDGE}"
    everything = (proxy, f"--address=/#/{INTERNET}", "--address=/corp.test/" + OTHER, proxy)
    rows = (
        (up.client, "127.0.0.1", everything),
        (up.edge, "127.0.0.1", everything),
        (up.client, "127.0.0.2", (proxy, "--local=/#/")),
    )
    return [
        node.start(
            *plain, f"--listen-address={where}", "--bind-interfaces", f"--pid-file={up.folder}/{node.name}-{where}.pid",
            *zones, log=up.folder / "dnsmasq.log",
        )
        for node, where, zones in rows
    ]  # fmt: skip


def _world(authority: Authority) -> list[str]:
    issued = authority.issue(NAMES, label="world")
    files = f"{issued.certificate} {issued.key}"
    return [
        f"https {INTERNET}:443 {files}",
        f"http {INTERNET}:80",
        f"amqps {INTERNET}:5671 {files}",
        f"http {OTHER}:5725",
        f"framing {OTHER}:5726",
        f"mssql {OTHER}:1433",
        f"mssql-strict {OTHER}:14330 {files}",
        f"https {OTHER}:443 {files}",
    ]
