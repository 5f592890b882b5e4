"""The proxy on the way out, from an address as everyone writes it; its password never shows in a message."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from portcheck.config.names import parse_host, parse_port
from portcheck.config.words import ConfigError, shown

DEFAULT_PORT = 80
WITHOUT = frozenset({"none", "direct"})


@dataclass(frozen=True, slots=True)
class ProxySpec:
    """An HTTP proxy; without a host: no proxy, whatever the environment says."""

    host: str = ""
    port: int = DEFAULT_PORT
    credentials: str = field(default="", repr=False)  # user:password

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
    """`http://proxy.corp:3128`, `proxy.corp:3128`, with `user:password@` before the host; or `none`.

    Raises ConfigError.
    """
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ConfigError(f"{shown(value)} is not a proxy; write http://proxy.example:3128, or none")
    text = value.strip()
    if text.lower() in WITHOUT:
        return DIRECT
    scheme, separator, rest = text.partition("://")
    if separator and scheme.lower() != "http":
        raise ConfigError(f"{_hidden(text)} is not an http:// proxy; others (https, socks) cannot be asked")
    try:
        parts = urlsplit(f"http://{rest if separator else text}")
        host = parse_host(parts.hostname or "")
        port = DEFAULT_PORT if parts.port is None else parse_port(parts.port)
    except (ValueError, ConfigError):
        raise ConfigError(f"{_hidden(text)} is not a proxy; write http://proxy.example:3128, or none") from None
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ConfigError(f"{_hidden(text)} has something after the port; write http://proxy.example:3128")
    return ProxySpec(host, port, _credentials(parts.username, parts.password))


def _credentials(user: str | None, password: str | None) -> str:
    return "" if user is None else f"{unquote(user)}:{unquote(password or '')}"


def _hidden(text: str) -> str:
    """What may be a password is left out."""
    return shown(re.sub(r"^((?:[a-z0-9+.-]*://)?).*@", r"\1…@", text, flags=re.IGNORECASE))
