"""[profiles.NAME]: the user's own profiles, checked and left as tables in the shape of the built-in files."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from portcheck.config.names import parse_name
from portcheck.config.node import Node
from portcheck.config.reference import CHECK, PROFILE
from portcheck.config.settings import read_profiles
from portcheck.config.words import shown
from portcheck.model import Need
from portcheck.model.target import TARGETS

ANY_PORT = {"tcp": ("tcp",), "udp": ("udp",)}
"""Services without a protocol of their own: the row must give the port."""

MOST = 200
"""Own profiles in a file: each may extend the next, and whoever resolves that goes as deep."""

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")


def own_profile_names(node: Node, built_in: Collection[str]) -> dict[str, Node]:
    """The tables by name in lower case; none may take a built-in profile's name, or another's."""
    if len(node.children()) > MOST:
        raise node.error(f"more than {MOST} own profiles")
    own: dict[str, Node] = {}
    for key, table in node.children().items():
        name = key.lower()
        if not NAME.fullmatch(name):
            raise table.error("a profile's name is made of letters, digits, hyphens, dots and underscores")
        if name in built_in:
            raise table.error(f'{shown(name)} is a built-in profile; take another name and write extends = "{name}"')
        if name in own:
            raise table.error(f"{shown(name)} is here twice")
        own[name] = table
    return own


def read_own_profiles(
    own: Mapping[str, Node], built_in: Collection[str], services: Mapping[str, Collection[str]]
) -> dict[str, dict[str, object]]:
    profiles = {name: _profile(name, table, {*built_in, *own}, services) for name, table in own.items()}
    parents = {name: _parents(profile) for name, profile in profiles.items()}
    for name, table in own.items():
        _refuse_cycle(name, table, parents)
    return profiles


def _profile(
    name: str, node: Node, known: Collection[str], services: Mapping[str, Collection[str]]
) -> dict[str, object]:
    keys = node.table(PROFILE.names)
    profile: dict[str, object] = {"title": keys["title"].text(200) if "title" in keys else name}
    if "extends" in keys:
        profile["extends"] = _extends(keys["extends"], known)
    profile["check"] = _rows(keys["check"], {**services, **ANY_PORT}) if "check" in keys else []
    if not {"extends", "check"} & keys.keys():
        raise node.located(f"{node.title} asks for nothing; add extends or [{node.title[:-1]}.check]] rows")
    return profile


def _extends(node: Node, known: Collection[str]) -> list[str]:
    if isinstance(node.value, str):
        return [node.word(known, "profile")]
    return list(read_profiles(node, known))


def _rows(node: Node, services: Mapping[str, Collection[str]]) -> list[dict[str, object]]:
    rows = [_row(row, services) for row in node.rows()]
    if not rows:
        raise node.error("has no rows; add one or leave it out")
    return rows


def _row(node: Node, services: Mapping[str, Collection[str]]) -> dict[str, object]:
    keys = node.table(CHECK.names, needed=("service",))
    service = keys["service"].word(services, "service")
    if service in ANY_PORT and "port" not in keys:
        raise node.error(f"service '{service}' needs a port")
    row: dict[str, object] = {"service": service, "transport": _transport(node, service, keys, services[service])}
    row["need"] = keys["need"].word([*Need], "need") if "need" in keys else Need.REQUIRED.value
    for key in ("operation", "why", "source"):
        row[key] = keys[key].text() if key in keys else ""
    if "port" in keys:
        row["port"] = keys["port"].whole(1, 65535)
    if "target" in keys:
        row["target"] = keys["target"].word(TARGETS, "target")
    if "host" in keys:
        row["host"] = keys["host"].read(_endpoint)
    return row


def _endpoint(value: object) -> str:
    """A name, or `*.` and a name for any of its hosts."""
    if isinstance(value, str) and value.startswith("*."):
        return f"*.{parse_name(value[2:])}"
    return parse_name(value)


def _transport(row: Node, service: str, keys: Mapping[str, Node], transports: Collection[str]) -> str:
    if "transport" in keys:
        return keys["transport"].word(transports, f"{service} transport")
    if len(transports) > 1:
        raise row.error(f"{service} has no transport here; give one of {', '.join(sorted(transports))}")
    return next(iter(transports))


def _parents(profile: Mapping[str, object]) -> tuple[str, ...]:
    extends = profile.get("extends")
    return tuple(extends) if isinstance(extends, list) else ()


def _refuse_cycle(name: str, node: Node, parents: Mapping[str, tuple[str, ...]]) -> None:
    ahead, seen = list(parents[name]), set[str]()
    while ahead:
        parent = ahead.pop()
        if parent == name:
            raise node.children()["extends"].error(f"profile {shown(name)} extends itself, directly or through others")
        if parent not in seen:
            seen.add(parent)
            ahead.extend(parents.get(parent, ()))
