"""[defaults] to `Settings`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from portcheck.config.durations import parse_duration
from portcheck.config.names import parse_address
from portcheck.config.node import Node
from portcheck.config.proxies import parse_proxy
from portcheck.config.spec import FailOn, Settings
from portcheck.config.words import ConfigError, shown

LONGEST_SITE = 63


def read_settings(node: Node, profiles: Collection[str]) -> Settings:
    readers: Mapping[str, tuple[str, Callable[[Node], object]]] = {
        "timeout": ("timeout_s", read_duration),
        "answer_timeout": ("answer_timeout_s", read_duration),
        "deadline": ("deadline_s", read_duration),
        "attempts": ("attempts", lambda n: n.whole(1, 20)),
        "concurrency": ("concurrency", lambda n: n.whole(1, 65535)),
        "rate": ("rate", read_rate),
        "source_ip": ("source_ip", lambda n: n.read(parse_address)),
        "profiles": ("profiles", lambda n: read_profiles(n, profiles)),
        "site": ("site", read_site),
        "fail_on": ("fail_on", lambda n: FailOn(n.word([*FailOn], "word"))),
        "trace": ("trace", Node.flag),
        "history_keep": ("history_keep", lambda n: n.whole(0, 100_000)),
        "history_days": ("history_days", lambda n: n.whole(1, 3650)),
        "max_checks": ("max_checks", lambda n: n.whole(1, 10_000_000)),
        "workers": ("workers", lambda n: n.whole(1, 64)),
        "proxy": ("proxy", lambda n: n.read(parse_proxy)),
        "cloud": ("cloud", read_cloud),
    }
    values = {readers[key][0]: readers[key][1](child) for key, child in node.table(readers).items()}
    return Settings(**values)  # type: ignore[arg-type]  # each reader's type is its field's


def read_cloud(node: Node) -> str:
    from portcheck.catalogue.clouds import CLOUDS  # late: few runs are about a national cloud

    return node.word(CLOUDS, "cloud")


def read_duration(node: Node) -> float:
    return node.read(parse_duration)


def read_rate(node: Node) -> float:
    return node.read(parse_rate)


def parse_rate(value: object) -> float:
    """Checks a second. Raises ConfigError."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1_000_000:
        raise ConfigError(f"{shown(value)} is not a rate; give checks a second, more than 0 and at most 1000000")
    return float(value)


def read_profiles(node: Node, known: Collection[str]) -> tuple[str, ...]:
    names = node.unique(lambda element: element.word(known, "profile"))
    if not names:
        raise node.error('names no profile; write it like ["mim"]')
    return names


def parse_site(text: str) -> str:
    """As `read_site`, from the command line. Raises ConfigError."""
    name = text.strip()
    if not 0 < len(name) <= LONGEST_SITE or not name.isprintable():
        raise ConfigError(f"{shown(text)} is no name of a site: 1 to {LONGEST_SITE} characters")
    return name


def read_site(node: Node) -> str:
    """An AD site: its name becomes a DNS label of the SRV records asked for."""
    return node.text(LONGEST_SITE)
