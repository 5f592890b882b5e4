"""portcheck's own words explained: finding codes, services, their ports, states, verdicts and profiles."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from portcheck.catalogue.profiles import built_in
from portcheck.catalogue.services import Service, services
from portcheck.catalogue.suggestions import of_port
from portcheck.diagnose.rules import RULES
from portcheck.diagnose.symptoms import SYMPTOMS
from portcheck.model import Need

FOR_ANY = {"forest": "", "hosts": "a controller", "names": "it", "ports": "its port", "services": "the service"}


@dataclass(frozen=True, slots=True)
class Word:
    """One of our own words: what it is, what it means, and the errors that users then see."""

    name: str
    kind: str  # finding, service, port, state, verdict, profile
    means: str
    errors: tuple[str, ...] = ()  # names of the error catalogue, the likeliest first


def own(text: str) -> tuple[Word, ...]:
    """What the text is among our own words; a port is every service on it."""
    name = text.strip().casefold()
    found = (*_findings(name), *_services(name), *_ports(name), *_states(name), *_profiles(name))
    return tuple(dict.fromkeys(found))


def _findings(name: str) -> list[Word]:
    errors = SYMPTOMS[name].errors if name in SYMPTOMS else ()
    titles = dict.fromkeys(_plainly(rule.title) for rule in RULES if rule.code == name)
    return [Word(name, "finding", title, errors) for title in titles][:1]


def _services(name: str) -> list[Word]:
    return [_service(services()[name])] if name in services() else []


def _ports(name: str) -> list[Word]:
    """`464`, `464/tcp`, `tcp/464`."""
    given = re.fullmatch(r"(?:port |tcp/|udp/)?(\d{1,5})(?:/tcp|/udp)?", name)
    port = int(given[1]) if given else 0
    return [_service(s) for s in services().values() if port and port in s.ports.values()]


def _service(service: Service) -> Word:
    where = ", ".join(f"{port or 'dynamic'}/{transport}" for transport, port in service.ports.items())
    rows = [
        (name, row.need) for name, profile in built_in().items() for row in profile.rows if row.service == service.name
    ]
    needed = ", ".join(dict.fromkeys(name for name, need in rows if need == "required"))
    means = f"{service.title}, {where}: {service.purpose}."
    numbers = [port for port in service.ports.values() if port]
    errors = tuple(of_port(numbers[0])) if numbers else ()
    return Word(service.name, "service", f"{means} Required by: {needed or 'no profile'}.", errors)


def _states(name: str) -> list[Word]:
    return [Word(name, kind, f"{words[name]}.") for kind, words in _words().items() if name in words]


def _profiles(name: str) -> list[Word]:
    if name not in built_in():
        return []
    profile = built_in()[name]
    return [Word(name, "profile", f"{profile.title}. Required: {', '.join(_required(name)) or 'nothing'}.")]


def _required(profile: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.service for row in built_in()[profile].rows if row.need is Need.REQUIRED))


def _plainly(title: str) -> str:
    """A rule's title without the forest and hosts that a report would name."""
    filled = re.sub(r"\{(\w+)\}", lambda found: FOR_ANY.get(found[1], "…"), title)
    return filled.removeprefix(": ").strip() + "."


@cache
def _words() -> dict[str, dict[str, str]]:
    return tomllib.loads(files("portcheck.catalogue").joinpath("own.toml").read_text(encoding="utf-8"))
