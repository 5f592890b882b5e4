"""What a forests file says, checked and in final form: the settings of a run, the forests, the user's own profiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from portcheck.config.names import Server
from portcheck.config.proxies import ProxySpec
from portcheck.config.settings import DEFAULT_PROFILES, Settings
from portcheck.frozen import dataclass
from portcheck.model.credentials import Method


@dataclass(frozen=True, slots=True)
class ExtraPort:
    """A port of the user's own, beside the profiles' services."""

    name: str
    port: int
    transport: str = "tcp"  # "tcp" | "udp"
    purpose: str = ""
    service: str = ""  # ask in the protocol of this one; empty: whatever listens there
    why: str = "asked for in the forests file"


@dataclass(frozen=True, slots=True)
class DcSpec:
    """A domain controller named in the file; without an address, the name is looked up."""

    host: str
    address: str | None = None


@dataclass(frozen=True, slots=True)
class BindSpec:
    """How to sign in with `--bind`; there is no place for a password in a forests file."""

    user: str = ""
    method: Method = Method.SIMPLE
    password_file: Path | None = None
    ous: tuple[str, ...] = ()  # DNs: where the account is to create users and reset passwords


@dataclass(frozen=True, slots=True)
class SystemSpec:
    """A machine around the forest; without an address, the name is looked up."""

    role: str  # mim, sync, sql, exchange, adfs, mail, kdc-proxy, cloud
    host: str
    address: str | None = None
    port: int | None = None  # of the role's own service, where it is not the usual one
    proxy: ProxySpec | None = None  # role cloud: instead of the run's


@dataclass(frozen=True, slots=True)
class ForestSpec:
    """One [[forest]]; profiles and site are the forest's own or, where it gives none, those of [defaults]."""

    name: str
    dns: tuple[Server, ...] = ()  # none: the system's
    domains: tuple[str, ...] = ()  # beside `name`
    domain_controllers: tuple[DcSpec, ...] = ()
    discover: bool = True
    site: str | None = None
    ca_file: Path | None = None
    profiles: tuple[str, ...] = DEFAULT_PROFILES
    expect: Mapping[str, str] = field(default_factory=dict)  # service to "open" or "closed"; "domain_sid" to the SID
    ports: Mapping[str, int] = field(default_factory=dict)  # service to its port here
    extra: tuple[ExtraPort, ...] = ()
    bind: BindSpec = field(default_factory=BindSpec)
    systems: tuple[SystemSpec, ...] = ()
    named_forest: bool = False  # the forests file says that the name is a forest's, not a host's
    swept: bool = False  # the addresses of a network: that there is a controller at each is not said


@dataclass(frozen=True, slots=True)
class Configuration:
    """A whole file; without one, the defaults and no forests."""

    settings: Settings = field(default_factory=Settings)
    forests: tuple[ForestSpec, ...] = ()
    own_profiles: Mapping[str, dict[str, object]] = field(default_factory=dict)  # as the built-in profiles' files
    path: Path | None = None
