"""Every key of a forests file: its kind, what holds without it, what it means. A key that is not here is refused."""

from __future__ import annotations

from collections.abc import Sequence

from portcheck.config.settings import ROWS
from portcheck.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """`without`: what holds where the key is missing; empty: the value of `Settings` for [defaults], else nothing."""

    name: str
    kind: str
    meaning: str
    without: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the file, as its header is written."""

    header: str
    about: str
    keys: tuple[Key, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(key.name for key in self.keys)


NAMES = "array of texts"
NEEDED = "must be given"

DEFAULTS = Table(
    "[defaults]",
    "The settings of a run. The option of `portcheck check` with the same name wins over each of them.",
    tuple(Key(key, *one.metadata["told"]) for key, one in ROWS.items()),
)

FOREST = Table(
    "[[forest]]",
    "One Active Directory forest; as many of these tables as there are forests.",
    (
        Key("name", "DNS name", "The forest's name; discovery starts from it.", NEEDED),
        Key("dns", "array of address or address:port", "Ask these DNS servers for this forest.", "the system's"),
        Key("domains", "array of DNS names", "Further domains of the forest, to be discovered too."),
        Key(
            "domain_controllers",
            'array of host, or { host = "…", address = "…" }',
            "Ask these, instead of those that DNS tells (`discover = true`: beside); an address spares the look-up.",
        ),
        Key("discover", "true or false", "Look up controllers in DNS.", "true where no domain_controllers are given"),
        Key("site", "text, at most 63 characters", "As in `[defaults]`, for this forest.", "that of `[defaults]`"),
        Key(
            "ca_file",
            "path, from the file's folder",
            "PEM certificates of authorities to trust for this forest's TLS, beside the system's.",
        ),
        Key("profiles", "array of profiles", "As in `[defaults]`, for this forest.", "those of `[defaults]`"),
        Key(
            "expect",
            "table",
            "Service, or the name of an extra port, to `open` or `closed`, where it ought to be other than open;"
            " `domain_sid` to the domain's SID.",
        ),
        Key("ports", "table", "Service to its port in this forest, where it is another than usual."),
        Key("extra", "tables", "`[[forest.extra]]`, below."),
        Key("bind", "table", "`[forest.bind]`, below."),
        Key("system", "tables", "`[[forest.system]]`, below."),
    ),
)

EXTRA = Table(
    "[[forest.extra]]",
    "A further port of every controller of the forest, like the arrays in a hand-written script.",
    (
        Key("name", "text, at most 64 characters", "What it is called; `expect` knows it by this name.", NEEDED),
        Key("port", "1 to 65535", "The port.", NEEDED),
        Key("transport", "tcp or udp", "Over which it is asked.", "tcp"),
        Key("purpose", "text, at most 200 characters", "What it is for, in reports."),
    ),
)

BIND = Table(
    "[forest.bind]",
    "Who signs in with `--bind`. No key takes a password.",
    (
        Key("user", "text, at most 256 characters", "The account, as `svc-mim@contoso.com`.", "asked for, or `--user`"),
        Key("method", "simple, ntlm or kerberos", "How to sign in; simple only over verified TLS.", "simple"),
        Key("password_file", "path, from the file's folder", "Holds the password; only its owner may read it."),
        Key(
            "ous",
            "array of DNs",
            "Where the account is to create users and reset passwords; its rights are read there.",
        ),
    ),
)

SYSTEM = Table(
    "[[forest.system]]",
    "A machine around the forest, which no record in DNS announces; asked where a profile needs its role.",
    (
        Key(
            "role",
            "mim, sync, sql, exchange, adfs, wap, ca, ces, crl, mail, kdc-proxy or cloud",
            "What it is to the profiles.",
            NEEDED,
        ),
        Key(
            "host",
            "name or address",
            "The machine; of role cloud, a host asked in place of a wildcard endpoint.",
            NEEDED,
        ),
        Key("address", "address", "Spares the look-up of the name.", "looked up"),
        Key("port", "1 to 65535", "Of the role's own service; of sync, the pinned RPC port.", "the usual one"),
        Key("proxy", "http://host:port, or none", "Of role cloud only: the way to this host.", "the run's proxy"),
    ),
)

PROFILE = Table(
    "[profiles.NAME]",
    "A profile of your own, at most 200. One of `extends` and `check` must be there.",
    (
        Key("title", "text, at most 200 characters", "What reports call it.", "its name"),
        Key("extends", "profile, or array of profiles", "Whose checks it has too: built-in ones or your own."),
        Key("check", "tables", "`[[profiles.NAME.check]]`, below."),
    ),
)

CHECK = Table(
    "[[profiles.NAME.check]]",
    "One need of the profile; it replaces what `extends` brings for the same service, transport, port and target.",
    (
        Key("service", "service, tcp or udp", "What is asked; tcp and udp are ports without a protocol.", NEEDED),
        Key(
            "transport", "tcp or udp", "Over which it is asked.", "the service's only one; must be given if it has two"
        ),
        Key("port", "1 to 65535", "Another port than the service's.", "the service's; must be given for tcp and udp"),
        Key("need", "required, conditional or optional", "How badly it is needed.", "required"),
        Key("operation", "text", "What is done through it, for the report."),
        Key("why", "text", "Why it is needed, for the report."),
        Key("source", "text", "Where that is written."),
        Key("target", "dc, mim, sync, sql, exchange, adfs, mail or cloud", "Whom it is asked of.", "dc"),
        Key("host", "DNS name, or *.name", "Of target cloud: the endpoint."),
    ),
)

TABLES: Sequence[Table] = (DEFAULTS, FOREST, EXTRA, BIND, SYSTEM, PROFILE, CHECK)
