"""The settings of a run, a row each: what holds without it, how [defaults] is read, what the reference says of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import field, fields
from enum import StrEnum
from typing import Any

from portcheck.config.durations import parse_duration
from portcheck.config.names import parse_address
from portcheck.config.node import Node
from portcheck.config.proxies import ProxySpec, parse_proxy
from portcheck.config.words import ConfigError, shown
from portcheck.frozen import dataclass

DEFAULT_PROFILES = ("mim",)
LONGEST_SITE = 63


class FailOn(StrEnum):
    """From which verdict on a run counts as failed."""

    FAIL = "fail"
    WARN = "warn"
    CHANGED = "changed"
    NEVER = "never"


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


def row(value: Any, read: Callable[[Node], object] | None, kind: str, meaning: str, without: str = "") -> Any:
    """A setting. `without`: the words for `value` in the reference, where that does not speak for itself."""
    return field(default=value, metadata={"read": read, "told": (kind, meaning, without)})


def whole(least: int, most: int) -> Callable[[Node], int]:
    return lambda node: node.whole(least, most)


@dataclass(frozen=True, slots=True)
class Settings:
    """The run's options: [defaults], each under the flag of `portcheck check` that wins over it; `_s`: seconds."""

    profiles: tuple[str, ...] = row(
        DEFAULT_PROFILES,
        None,  # which there are, the file tells
        "array of profiles",
        "What this machine must be able to do (`portcheck config show` lists them).",
    )
    timeout_s: float = row(4.0, read_duration, "duration", "Patience for a connection, or for the first datagram.")
    answer_timeout_s: float = row(10.0, read_duration, "duration", "Patience for the answer, once connected.")
    deadline_s: float | None = row(
        None, read_duration, "duration", "The whole run ends by then, with what it has.", "no end"
    )
    attempts: int = row(
        3, whole(1, 20), "1 to 20", "Tries within the timeout, so that one lost packet decides nothing."
    )
    concurrency: int = row(2048, whole(1, 65535), "1 to 65535", "Checks under way at once.")
    max_checks: int = row(
        250_000, whole(1, 10_000_000), "1 to 10000000", "Checks of one run at most; what is left out is said."
    )
    workers: int | None = row(
        None, whole(1, 64), "1 to 64", "Processes that ask.", "one for few checks, else up to the machine's cores"
    )
    rate: float | None = row(
        None, read_rate, "number, at most 1000000", "New checks a second, for firewalls that police them.", "no limit"
    )
    source_ip: str | None = row(
        None, lambda n: n.read(parse_address), "address of this machine", "Ask from this address.", "the system chooses"
    )
    site: str | None = row(
        None, read_site, "text, at most 63 characters", "Ask for the controllers of this AD site.", "none"
    )
    fail_on: FailOn = row(
        FailOn.FAIL,
        lambda n: FailOn(n.word([*FailOn], "word")),
        "fail, warn, changed or never",
        "What makes the exit code 1.",
    )
    trace: bool = row(
        True, Node.flag, "true or false", "A second look at what failed: where the silence begins, whose reset it was."
    )
    history_keep: int = row(
        1000, whole(0, 100_000), "0 to 100000", "Runs of one plan that are kept on this machine; 0: none."
    )
    history_days: int = row(90, whole(1, 3650), "1 to 3650", "For how many days they are kept.")
    proxy: ProxySpec | None = row(
        None,
        lambda n: n.read(parse_proxy),
        "http://host:port, socks5://host:port, or none",
        "This machine's way to the cloud; `user:password@` before the host signs in there. `none`: straight. With"
        " `socks5://` (names are looked up here) or `socks5h://` (there) the TCP of everything goes through it, UDP"
        " is not asked.",
        "as the environment says (`HTTPS_PROXY`, `NO_PROXY`)",
    )
    cloud: str = row(
        "public",
        read_cloud,
        "public, us-gov, us-dod or china",
        "Whose endpoints the profiles ask for: Microsoft's public cloud, GCC High, DoD, or 21Vianet in China."
        " Endpoints without a known counterpart there are not asked.",
    )


ROWS: Mapping[str, Any] = {one.name.removesuffix("_s"): one for one in fields(Settings)}
"""By the keys of [defaults]."""


def read_settings(node: Node, profiles: Collection[str]) -> Settings:
    readers: Mapping[str, Callable[[Node], Any]] = {
        key: one.metadata["read"] or (lambda n: read_profiles(n, profiles)) for key, one in ROWS.items()
    }
    return Settings(**{ROWS[key].name: readers[key](child) for key, child in node.table(ROWS).items()})
