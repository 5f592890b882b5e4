"""`--web-config`: TLS and basic auth in the format of the exporter-toolkit of Prometheus, version 1 of its own docs.

https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md. What is in that format and not
heeded here is refused: a file that asks for client certificates must not be taken for one that does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from portcheck.config import ConfigError, nearest
from portcheck.files import reading
from portcheck.frozen import dataclass

MOST_BYTES = 2**20
CLIENTS = {"": False, "NoClientCert": False, "RequireAndVerifyClientCert": True}
VERSIONS = ("TLS12", "TLS13")
HEADERS = frozenset(
    {"Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options", "X-XSS-Protection"}
    | {"Strict-Transport-Security"}
)
BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")
HIGHEST_COST = 15
"""Beyond it a guess takes seconds, and so does every scrape."""
TLS_KEYS = ("cert_file", "key_file", "client_auth_type", "client_ca_file", "min_version", "max_version")
IGNORED = ("prefer_server_cipher_suites",)  # deprecated: it does nothing there either


@dataclass(frozen=True, slots=True)
class TlsWanted:
    cert_file: Path
    key_file: Path
    client_ca_file: Path | None = None  # given: only clients with a certificate of it
    min_version: str = "TLS12"
    max_version: str = "TLS13"
    client_ca: bytes = b""  # what is in that file

    @property
    def of_clients(self) -> tuple[object, ...]:
        """What clients must bring: all but the server's own certificate."""
        return self.client_ca_file, self.client_ca, self.min_version, self.max_version


@dataclass(frozen=True, slots=True)
class WebConfig:
    """How the pages are served; without a file: plain, to whoever may connect."""

    tls: TlsWanted | None = None
    users: Mapping[str, bytes] = field(default_factory=dict)  # name to bcrypt hash
    headers: Mapping[str, str] = field(default_factory=dict)


def load(path: Path) -> WebConfig:
    """Raises ConfigError, one line that names file and key."""
    import yaml

    try:
        text = reading.read(path, MOST_BYTES)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read: {reading.words(error)}") from None
    try:
        document = yaml.safe_load(text[:MOST_BYTES])
    except (yaml.YAMLError, RecursionError, ValueError):
        raise ConfigError(f"{path}: is no YAML") from None
    try:
        return _read(_table(document or {}, "the file"), path.parent)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def _read(root: Mapping[str, object], folder: Path) -> WebConfig:
    _only(root, ("tls_server_config", "http_server_config", "basic_auth_users"), "")
    http = _table(root.get("http_server_config") or {}, "http_server_config")
    _only(http, ("http2", "headers"), "http_server_config.")
    tls = root.get("tls_server_config")
    return WebConfig(
        tls=None if not tls else _tls(_table(tls, "tls_server_config"), folder),
        users={
            name: _hash(name, told)
            for name, told in _table(root.get("basic_auth_users") or {}, "basic_auth_users").items()
        },
        headers=_headers(_table(http.get("headers") or {}, "http_server_config.headers")),
    )


def _tls(told: Mapping[str, object], folder: Path) -> TlsWanted:
    _only(told, (*TLS_KEYS, *IGNORED), "tls_server_config.")
    client = _text(told, "client_auth_type", "")
    if client not in CLIENTS:
        raise ConfigError(
            f"tls_server_config.client_auth_type: {client!r} is not heeded here; use {', '.join(CLIENTS)[2:]}"
        )
    ca_file = _text(told, "client_ca_file", "")
    if CLIENTS[client] != bool(ca_file):
        raise ConfigError("tls_server_config: client_ca_file and RequireAndVerifyClientCert belong together")
    lowest, highest = _text(told, "min_version", VERSIONS[0]), _text(told, "max_version", VERSIONS[-1])
    for version in (lowest, highest):
        if version not in VERSIONS:
            raise ConfigError(
                f"tls_server_config: {version!r} is no version that is served; use {' or '.join(VERSIONS)}"
            )
    cert, key = (_text(told, name) for name in ("cert_file", "key_file"))
    authority = folder / ca_file if ca_file else None
    given = b"" if authority is None else _bytes(authority)
    return TlsWanted(folder / cert, folder / key, authority, lowest, highest, given)


def _bytes(path: Path) -> bytes:
    try:
        return reading.read(path, MOST_BYTES)
    except (OSError, ValueError) as error:
        raise ConfigError(f"tls_server_config.client_ca_file: {path}: {reading.words(error)}") from None


def _hash(name: str, told: object) -> bytes:
    found = BCRYPT.fullmatch(told) if isinstance(told, str) else None
    if found is None or int(found[1]) > HIGHEST_COST or ":" in name:
        raise ConfigError(
            f"basic_auth_users.{name[:40]}: no bcrypt hash of a cost up to {HIGHEST_COST} (htpasswd -nBC 10)"
        )
    return found[0].encode()


def _headers(told: Mapping[str, object]) -> dict[str, str]:
    for name, value in told.items():
        if name not in HEADERS:
            raise ConfigError(
                f"http_server_config.headers: {name[:40]!r} is none that may be set{nearest(name, HEADERS)}"
            )
        if not isinstance(value, str) or not value.isascii() or not value.isprintable():
            raise ConfigError(f"http_server_config.headers.{name}: expected a line of text")
    return {name: str(value) for name, value in told.items()}


def _only(told: Mapping[str, object], known: tuple[str, ...], where: str) -> None:
    for key in told:
        if key not in known:
            raise ConfigError(f"{where}{str(key)[:40]}: is not heeded here{nearest(str(key), known)}")


def _table(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ConfigError(f"{where}: expected keys and values")
    return value


def _text(told: Mapping[str, object], key: str, default: str | None = None) -> str:
    value = told.get(key, default)
    if not isinstance(value, str):
        raise ConfigError(f"tls_server_config.{key}: expected text")
    return value
