"""The proxy on the way out, from an address as everyone writes it; its password never shows in a message."""

from __future__ import annotations

import re
from dataclasses import field
from urllib.parse import unquote, urlsplit

from portcheck.config.names import parse_host, parse_port
from portcheck.config.words import ConfigError, shown
from portcheck.frozen import dataclass

DEFAULT_PORT, SOCKS_PORT = 80, 1080
SOCKS = frozenset({"socks5", "socks5h"})
WITHOUT = frozenset({"none", "direct"})


@dataclass(frozen=True, slots=True)
class ProxySpec:
    """An HTTP or SOCKS proxy; without a host: no proxy, whatever the environment says."""

    host: str = ""
    port: int = DEFAULT_PORT
    credentials: str = field(default="", repr=False)  # user:password
    scheme: str = "http"  # http, socks5 (names are looked up here), socks5h (names are looked up there)

    @property
    def socks(self) -> bool:
        return not self.direct and self.scheme in SOCKS

    @property
    def direct(self) -> bool:
        return not self.host

    def __str__(self) -> str:
        """Fit for a report: without the credentials."""
        if self.direct:
            return "none"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


DIRECT = ProxySpec()


def parse_proxy(value: object) -> ProxySpec:
    """`http://proxy.corp:3128`, `proxy.corp:3128`, `socks5://127.0.0.1:1080`, with `user:password@`; or `none`.

    Raises ConfigError.
    """
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ConfigError(f"{shown(value)} is not a proxy; write http://proxy.example:3128, or none")
    text = value.strip()
    if text.lower() in WITHOUT:
        return DIRECT
    scheme, separator, rest = text.partition("://")
    scheme = scheme.lower() if separator else "http"
    if scheme not in SOCKS | {"http"}:
        meant = "write socks5:// or socks5h://" if scheme.startswith("socks") else "others cannot be asked"
        raise ConfigError(f"{_hidden(text)} is not an http://, socks5:// or socks5h:// proxy; {meant}")
    try:
        parts = urlsplit(f"http://{rest if separator else text}")
        host = parse_host(parts.hostname or "")
        usual = SOCKS_PORT if scheme in SOCKS else DEFAULT_PORT
        port = usual if parts.port is None else parse_port(parts.port)
    except (ValueError, ConfigError):
        raise ConfigError(f"{_hidden(text)} is not a proxy; write http://proxy.example:3128, or none") from None
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ConfigError(f"{_hidden(text)} has something after the port; write http://proxy.example:3128")
    return ProxySpec(host, port, _credentials(parts.username, parts.password), scheme)


def _credentials(user: str | None, password: str | None) -> str:
    return "" if user is None else f"{unquote(user)}:{unquote(password or '')}"


def _hidden(text: str) -> str:
    """What may be a password is left out."""
    return shown(re.sub(r"^((?:[a-z0-9+.-]*://)?).*@", r"\1…@", text, flags=re.IGNORECASE))
