"""A jump host in the lab: a real sshd behind the first router, and `ssh -D` on the client."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.lab.network import FW2_CORE
from tests.lab.node import run
from tests.lab.world import Lab

SSH_PORT, SOCKS_PORT = 2222, 1080
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
CONFIG = """Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/key.pub
StrictModes no
PermitRootLogin yes
UsePAM no
PidFile none
"""


def why_no_ssh() -> str:
    missing = [name for name in ("sshd", "ssh", "ssh-keygen") if not shutil.which(name, path=PATH)]
    return f"not installed: {', '.join(missing)}" if missing else ""


@contextmanager
def jump_host(lab: Lab) -> Iterator[str]:
    """Yields the proxy's `host:port` on the client; connections of the client leave from the second router."""
    folder = lab.folder / "ssh"
    folder.mkdir(exist_ok=True)
    for key in ("host", "key"):
        if not (folder / key).exists():
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key))
    (folder / "sshd.conf").write_text(CONFIG.format(port=SSH_PORT, folder=folder))
    log = folder / "log"
    sshd = shutil.which("sshd", path=PATH)
    assert sshd is not None
    # The user and the folder of its privilege separation, which an sshd that is only unpacked lacks, for it alone.
    users = Path("/etc/passwd").read_text(encoding="utf-8")
    (folder / "passwd").write_text(
        users if "\nsshd:" in users else f"{users}sshd:x:65533:65534::/run/sshd:/bin/false\n"
    )
    own = f"mount --bind {folder}/passwd /etc/passwd; mount -t tmpfs lab /run; mkdir /run/sshd"
    start = f"{own}; exec {sshd} -D -e -f {folder}/sshd.conf"
    server = lab.fw2.start("unshare", "--mount", "sh", "-ec", start, log=log)
    options = ("StrictHostKeyChecking=no", f"UserKnownHostsFile={folder}/known", "ConnectionAttempts=20")
    options += ("ExitOnForwardFailure=yes", "BatchMode=yes")
    flags = [word for option in options for word in ("-o", option)]
    command = ("ssh", "-i", str(folder / "key"), *flags, "-N", "-D", f"127.0.0.1:{SOCKS_PORT}", "-p", str(SSH_PORT))
    client = lab.client.start(*command, f"root@{FW2_CORE[0]}", log=log)
    try:
        _until_up(lab, client)
        yield f"127.0.0.1:{SOCKS_PORT}"
    finally:
        for process in (client, server):
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)


def _until_up(lab: Lab, client: subprocess.Popen[bytes]) -> None:
    """ssh listens once it has signed in; the shell tries until it does, or ssh has ended."""
    there = f"(exec 3<>/dev/tcp/127.0.0.1/{SOCKS_PORT}) 2>/dev/null"
    probe = f"until {there}; do kill -0 {client.pid} || exit 1; sleep .1; done"
    lab.client.run("timeout", "30", "bash", "-c", probe)
    assert client.poll() is None, "ssh ended"
