"""A forests file from a text, against a small catalogue of the tests' own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from portcheck.config import Configuration, load

PROFILES = ("mim", "mim-import", "mim-password", "entra-connect")
SERVICES = {
    "adws": ("tcp",),
    "gc": ("tcp",),
    "gc-tls": ("tcp",),
    "https": ("tcp",),
    "kerberos": ("tcp", "udp"),
    "kpasswd": ("tcp", "udp"),
    "ldap": ("tcp",),
    "ldap-ping": ("udp",),
    "ldaps": ("tcp",),
    "smb": ("tcp",),
}


@pytest.fixture(scope="session")
def load_file() -> Callable[[Path], Configuration]:
    return lambda path: load(path, PROFILES, SERVICES)


@pytest.fixture(scope="session")
def load_text(
    tmp_path_factory: pytest.TempPathFactory, load_file: Callable[[Path], Configuration]
) -> Callable[[str | bytes], Configuration]:
    path = tmp_path_factory.mktemp("config") / "forests.toml"

    def load_from(text: str | bytes) -> Configuration:
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
        return load_file(path)

    return load_from
