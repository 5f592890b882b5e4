"""portcheck's own words explained: finding codes, services, their ports, states, verdicts and profiles.

It stands in the catalogue and not beside the rules, so that a look-up need not load them; a test compares the two.
"""

from __future__ import annotations

import re
from functools import cache

from portcheck.catalogue.kept import read
from portcheck.catalogue.profiles import built_in
from portcheck.catalogue.services import Service, services
from portcheck.catalogue.suggestions import of_port
from portcheck.frozen import dataclass
from portcheck.model import Need


@dataclass(frozen=True, slots=True)
class Word:
    """One of our own words: what it is, what it means, and the errors that users then see."""

    name: str
    kind: str  # finding, service, state, verdict, profile
    means: str
    errors: tuple[str, ...] = ()  # names of the error catalogue, the likeliest first


def own(text: str) -> tuple[Word, ...]:
    """What the text is among our own words; a port is every service on it."""
    name = text.strip().casefold()
    found = (*_services(name), *_ports(name), *_words_of(name), *_profiles(name))
    return tuple(dict.fromkeys(found))


def _services(name: str) -> list[Word]:
    return [_service(services()[name])] if name in services() else []


def _ports(name: str) -> list[Word]:
    """`464`, `464/tcp`, `tcp/464`, `port 464`."""
    given = re.fullmatch(r"(?:port |tcp/|udp/)?(\d{1,5})(?:/tcp|/udp)?", name)
    port = int(given[1]) if given else 0
    return [_service(s) for s in services().values() if port and port in s.ports.values()]


def _service(service: Service) -> Word:
    where = ", ".join(f"{port or 'dynamic'}/{transport}" for transport, port in service.ports.items())
    needed = ", ".join(name for name in built_in() if service.name in _required(name))
    numbers = [port for port in service.ports.values() if port]
    means = f"{service.title}, {where}: {service.purpose}. Required by: {needed or 'no profile'}."
    return Word(service.name, "service", means, tuple(of_port(numbers[0])) if numbers else ())


def _words_of(name: str) -> list[Word]:
    return [Word(name, kind, f"{words[name]}.") for kind, words in _words().items() if name in words]


def _profiles(name: str) -> list[Word]:
    if name not in built_in():
        return []
    profile = built_in()[name]
    return [Word(name, "profile", f"{profile.title}. Required: {', '.join(_required(name)) or 'nothing'}.")]


def _required(profile: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.service for row in built_in()[profile].rows if row.need is Need.REQUIRED))


@cache
def _words() -> dict[str, dict[str, str]]:
    told = dict(read("own.toml"))
    plain = {s.plainly: "the service on a controller blocked" for s in services().values() if s.plainly}
    return told | {"finding": plain | told["finding"] | told.pop("merged")}
