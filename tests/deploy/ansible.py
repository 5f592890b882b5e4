"""sshd in namespaces, and ansible-core that finds the collection of the project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab.node import Node, run

COLLECTION = Path(__file__).parents[2] / "deploy" / "ansible"
PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Controller:
    """Where the playbooks run: a machine of the lab, with a folder of its own."""

    node: Node
    folder: Path
    playbook: str

    def play(self, *words: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        settings = {
            "ANSIBLE_COLLECTIONS_PATH": str(self.folder / "collections"),
            "ANSIBLE_HOST_KEY_CHECKING": "False",
            "ANSIBLE_LOCAL_TEMP": str(self.folder / "tmp"),
            "ANSIBLE_HOME": str(self.folder / "home"),
            "ANSIBLE_NOCOWS": "1",
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": str(PROJECT),
            "PATH": f"{Path(sys.executable).parent}:{kept['PATH']}",
        }
        command = self.node.argv(self.playbook, "-i", str(self.folder / "inventory.json"), *words)
        return subprocess.run(
            command, capture_output=True, text=True, timeout=600, env=kept | settings, cwd=self.folder
        )


def controller(node: Node, folder: Path, hosts: Mapping[str, str], forests: Path) -> Controller:
    """An inventory of these hosts (name to address), reached by ssh as root with a key made for them."""
    place = folder / "collections" / "ansible_collections" / "portcheck"
    place.mkdir(parents=True)
    (place / "ad").symlink_to(COLLECTION)
    variables = {
        "ansible_user": "root",
        "ansible_python_interpreter": sys.executable,
        "ansible_ssh_private_key_file": str(folder / "key"),
        "ansible_ssh_common_args": "-o UserKnownHostsFile=/dev/null -o IdentitiesOnly=yes -o ControlMaster=no",
        "portcheck_command": [sys.executable, "-m", "portcheck"],
        "portcheck_forests": str(forests),
        "portcheck_reports": str(folder / "reports"),
        "portcheck_merge": [sys.executable, "-m", "portcheck"],
        "portcheck_options": ["-4", "--no-history", "--only", "ldap,kerberos,kpasswd,ldap-ping"],
    }
    told = {
        name: {"ansible_host": address, "portcheck_home": str(folder / f"on-{name}")} for name, address in hosts.items()
    }
    document = {"all": {"hosts": told, "vars": variables}}
    (folder / "inventory.json").write_text(json.dumps(document), encoding="utf-8")
    return Controller(node, folder, str(Path(sys.executable).parent / "ansible-playbook"))


@contextmanager
def sshd(nodes: Mapping[str, Node], folder: Path) -> Iterator[None]:
    """A real one on port 22 of each machine, for the key of the folder alone."""
    for name in ("key", "host"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name))
    Path("/run/sshd").mkdir(exist_ok=True)
    config = folder / "sshd_config"
    config.write_text(
        f"HostKey {folder}/host\nAuthorizedKeysFile {folder}/key.pub\nStrictModes no\nUsePAM no\nPidFile none\n"
        f"PasswordAuthentication no\nPermitRootLogin prohibit-password\nSetEnv PYTHONPATH={PROJECT}\n"
        "Subsystem sftp internal-sftp\n",
        encoding="utf-8",
    )
    running = [
        node.start("/usr/sbin/sshd", "-D", "-e", "-f", str(config), log=folder / "sshd.log") for node in nodes.values()
    ]
    try:
        yield
    finally:
        for one in running:
            one.terminate()
            one.wait(30)
