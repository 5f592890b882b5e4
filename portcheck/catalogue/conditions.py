"""The closed list of things that can be wrong behind an error, and what of it a report can show.

A cause names services and a condition. It holds in a report where an outcome of one of these services is in one of
`states`, or a finding has one of `codes`. A condition with neither cannot be told from the network; `look` says where
to look instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from portcheck.frozen import dataclass
from portcheck.model import BLOCKED, State


class Condition(StrEnum):
    """What is wrong, in one word."""

    BLOCKED = "blocked"
    REFUSED = "refused"
    MUTE = "mute"
    RESET = "reset"
    SERVICE_DOWN = "service-down"
    INTERFACE_MISSING = "interface-missing"
    SRV_MISSING = "srv-missing"
    UNRESOLVED = "unresolved"
    OTHER_NAME = "other-name"
    NAME = "name"
    WRONG_HOST = "wrong-host"
    PARTIAL = "partial"
    UNREACHABLE = "unreachable"
    NOT_A_GC = "not-a-gc"
    READ_ONLY = "read-only"
    PAUSED = "paused"
    SKEW = "skew"
    CERTIFICATE = "certificate"
    INSPECTION = "inspection"
    INTERCEPT = "intercept"
    PACKET_LOSS = "packet-loss"
    MTU = "mtu"
    FRAGMENTS = "fragments"
    IDLE = "idle"
    ONE_WAY = "one-way"
    NAT = "nat"
    ICMP = "icmp"
    SIGNING = "signing"
    CHANNEL_BINDING = "channel-binding"
    ACCOUNT = "account"
    RIGHTS = "rights"
    REPLICATING_CHANGES = "replicating-changes"
    POLICY = "policy"
    SPN = "spn"
    TRUST = "trust"
    ENCRYPTION = "encryption"
    LOAD = "load"
    PROXY = "proxy"
    LOCAL = "local"
    MACHINE = "machine"
    CONFIGURATION = "configuration"
    DATA = "data"
    REPLICATION = "replication"


@dataclass(frozen=True, slots=True)
class Sign:
    """What a report shows where the condition holds."""

    title: str
    states: frozenset[State] = frozenset()
    codes: tuple[str, ...] = ()
    option: str = ""  # what `portcheck check` needs to see it
    look: str = ""  # where to look, if the network cannot tell

    @property
    def visible(self) -> bool:
        return bool(self.states or self.codes)


_CERTIFICATE = (
    "certificate-expired",
    "certificate-name-mismatch",
    "certificate-untrusted",
    "certificate-expiring",
    "certificate-no-san",
    "certificate-incomplete",
    "tls-intercepted",
    "tls-failed",
)
_ADMIN = "ask the AD administrators: nothing on the network shows it"

SIGNS: Mapping[Condition, Sign] = MappingProxyType(
    {
        Condition.BLOCKED: Sign("silent, rejected or unreachable", states=BLOCKED),
        Condition.REFUSED: Sign("refused by the host", states=frozenset({State.REFUSED}), codes=("service-down",)),
        Condition.MUTE: Sign("accepts, never answers", states=frozenset({State.MUTE}), codes=("service-mute",)),
        Condition.RESET: Sign("cut after it began", states=frozenset({State.RESET}), codes=("connection-reset",)),
        Condition.SERVICE_DOWN: Sign(
            "the service does not run",
            states=frozenset({State.REFUSED, State.MUTE}),
            codes=("service-down", "service-mute"),
        ),
        Condition.INTERFACE_MISSING: Sign("the mapper does not know the interface", codes=("rpc-interface-missing",)),
        Condition.SRV_MISSING: Sign("SRV records are missing", codes=("srv-missing", "dns-views-differ")),
        Condition.UNRESOLVED: Sign(
            "the name has no address, or a stale one",
            states=frozenset({State.UNRESOLVED}),
            codes=("dc-unresolved", "srv-stale"),
        ),
        Condition.OTHER_NAME: Sign(
            "a name that this run does not ask for does not resolve",
            codes=("dc-unresolved", "srv-stale"),
            look="resolve that name on the machine that reports the error",
        ),
        Condition.NAME: Sign(
            "a short (NetBIOS) name is used", look="look at the domain name in the account's logon settings"
        ),
        Condition.WRONG_HOST: Sign("another host answers under the name", codes=("wrong-forest", "wrong-service")),
        Condition.PARTIAL: Sign("only some domain controllers answer", codes=("partial-forest", "host-unreachable")),
        Condition.UNREACHABLE: Sign(
            "a domain controller cannot be reached", codes=("partial-forest", "host-unreachable")
        ),
        Condition.NOT_A_GC: Sign("the host is not a Global Catalog", codes=("not-a-gc",)),
        Condition.READ_ONLY: Sign("the domain controller is read-only", codes=("read-only-dc",)),
        Condition.PAUSED: Sign("the domain controller is paused or starting", codes=("dc-paused",)),
        Condition.SKEW: Sign("the clocks differ", codes=("time-skew",)),
        Condition.CERTIFICATE: Sign("the certificate is missing or bad", codes=_CERTIFICATE),
        Condition.INSPECTION: Sign("TLS is intercepted", codes=("tls-intercepted",)),
        Condition.INTERCEPT: Sign("a device accepts in the host's place", codes=("middlebox-answers",)),
        Condition.PACKET_LOSS: Sign("packets get lost", codes=("packet-loss",)),
        Condition.MTU: Sign("large packets get lost", codes=("mtu-black-hole",)),
        Condition.FRAGMENTS: Sign("fragments get lost", codes=("fragments-dropped",)),
        Condition.IDLE: Sign("idle connections are forgotten", codes=("idle-timeout",)),
        Condition.ONE_WAY: Sign("UDP passes, TCP does not", codes=("one-way-path",)),
        Condition.NAT: Sign(
            "addresses are translated on the way", look="look at the address in the endpoint mapper's answer"
        ),
        Condition.ICMP: Sign("ICMP echo is blocked", look="ping the domain controller"),
        Condition.SIGNING: Sign("LDAP signing is required", codes=("signing-required",), option="--bind"),
        Condition.CHANNEL_BINDING: Sign(
            "channel binding is required", codes=("channel-binding-required",), option="--bind"
        ),
        Condition.ACCOUNT: Sign(
            "the account or its password", codes=("credentials-rejected", "account-state"), option="--bind"
        ),
        Condition.RIGHTS: Sign("the account's rights", codes=("rights-missing",), option="--bind"),
        Condition.REPLICATING_CHANGES: Sign(
            "the account's right to replicate changes", codes=("rights-missing",), option="--bind"
        ),
        Condition.POLICY: Sign("a policy of the domain", look=_ADMIN),
        Condition.SPN: Sign("a service principal name is missing or doubled", look="run setspn -Q and setspn -X"),
        Condition.TRUST: Sign("the trust or the machine account", look=_ADMIN),
        Condition.ENCRYPTION: Sign("encryption types do not meet", look=_ADMIN),
        Condition.LOAD: Sign("the server is busy", look="look at the server's load"),
        Condition.PROXY: Sign(
            "the way to the cloud, or a proxy on it", codes=("cloud-blocked",), look="look at the proxy's log"
        ),
        Condition.LOCAL: Sign(
            "this machine itself",
            states=frozenset({State.ERROR}),
            look="look at this machine's firewall, ports and settings",
        ),
        Condition.MACHINE: Sign(
            "this machine itself, beyond its network",
            look="look at this machine: its clock, services, adapters and programs",
        ),
        Condition.CONFIGURATION: Sign("a setting of the product", look="look at the product's configuration"),
        Condition.DATA: Sign("the object or its data", look="look at the object itself"),
        Condition.REPLICATION: Sign(
            "domain controllers do not agree", look="run repadmin /showrepl on a domain controller"
        ),
    }
)
