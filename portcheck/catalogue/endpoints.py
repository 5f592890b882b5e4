"""The cloud endpoints of endpoints.toml as values: what profiles ask for outside, and what users see without it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import cache
from types import MappingProxyType
from typing import Any

from portcheck.catalogue.kept import read
from portcheck.frozen import dataclass

ANY = "*."


@dataclass(frozen=True, slots=True)
class Use:
    """What one profile does through an endpoint."""

    need: str
    operation: str
    blocked: tuple[str, ...] = ()  # errors of errors.toml, where it cannot be reached
    inspected: tuple[str, ...] = ()  # where TLS is intercepted


@dataclass(frozen=True, slots=True)
class Counterpart:
    """The same in a national cloud."""

    host: str
    source: str
    ask: str = ""


@dataclass(frozen=True, slots=True)
class CloudEndpoint:
    """One row of endpoints.toml."""

    host: str  # as the document lists it; `*.` stands for any label
    service: str
    why: str
    source: str
    read: str  # when the document was read: ISO 8601
    uses: Mapping[str, Use]  # by profile
    ask: str = ""  # a host of a wildcard that can be asked
    elsewhere: Mapping[str, tuple[Counterpart, ...]] = field(default_factory=dict)  # by national cloud

    @property
    def places(self) -> Iterator[tuple[str, str]]:
        """Every name that it has, with the host to ask."""
        yield self.host, self.ask
        yield from ((there.host, there.ask) for known in self.elsewhere.values() for there in known)

    def covers(self, host: str) -> bool:
        return any(covers(pattern, host) for pattern, _ in self.places)


def covers(pattern: str, host: str) -> bool:
    """`*.servicebus.windows.net` covers every host below it, and not itself."""
    return host.endswith(pattern[1:]) if pattern.startswith(ANY) else host == pattern


@cache
def endpoints() -> tuple[CloudEndpoint, ...]:
    """All of them in the order of the file."""
    return tuple(_endpoint(row) for row in read("endpoints.toml")["endpoint"])


def _endpoint(row: Mapping[str, Any]) -> CloudEndpoint:
    uses = {name: Use(**{key: _frozen(value) for key, value in use.items()}) for name, use in row["for"].items()}
    own = {key: row[key] for key in ("host", "service", "why", "source", "read")}
    elsewhere = {cloud: tuple(Counterpart(**one) for one in known) for cloud, known in row.get("in", {}).items()}
    return CloudEndpoint(
        **own, uses=MappingProxyType(uses), ask=row.get("ask", ""), elsewhere=MappingProxyType(elsewhere)
    )


def _frozen(value: object) -> Any:
    return tuple(value) if isinstance(value, list) else value


def rows() -> Mapping[str, list[dict[str, Any]]]:
    """By profile: rows in the shape of the profiles' own files."""
    found: dict[str, list[dict[str, Any]]] = {}
    for endpoint in endpoints():
        for profile, use in endpoint.uses.items():
            row = {"service": endpoint.service, "transport": "tcp", "target": "cloud", "host": endpoint.host}
            told = {"need": use.need, "operation": use.operation, "why": endpoint.why, "source": endpoint.source}
            found.setdefault(profile, []).append(row | told)
    return found


def asked_for(pattern: str) -> str:
    """The host to ask where a document lists a wildcard; empty where none is known."""
    known = (place for endpoint in endpoints() for place in endpoint.places)
    return next((ask for host, ask in known if host == pattern and ask), "")


def counterparts(service: str, host: str, cloud: str) -> tuple[Counterpart, ...]:
    """What stands for a listed endpoint in a national cloud; empty: nothing is known."""
    alike = (endpoint for endpoint in endpoints() if (endpoint.service, endpoint.host) == (service, host))
    return next((endpoint.elsewhere.get(cloud, ()) for endpoint in alike), ())


def uses_of(service: str, host: str, profiles: tuple[str, ...]) -> Iterator[Use]:
    """What these profiles do through this host, as far as the file lists it."""
    for endpoint in endpoints():
        if endpoint.service == service and endpoint.covers(host):
            yield from (use for profile, use in endpoint.uses.items() if profile in profiles)
