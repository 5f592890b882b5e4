"""The rootDSE: what an AD domain controller tells about itself to anyone (MS-ADTS 3.1.1.3.2)."""

from __future__ import annotations

import re

from portcheck.frozen import dataclass
from portcheck.wire import WireError, ber
from portcheck.wire.ldap import SearchEntry, SearchRequest

ATTRIBUTES = (
    "configurationNamingContext",
    "defaultNamingContext",
    "rootDomainNamingContext",
    "schemaNamingContext",
    "namingContexts",
    "supportedCapabilities",
    "supportedLDAPVersion",
    "supportedSASLMechanisms",
    "dsServiceName",
    "serverName",
    "dnsHostName",
    "ldapServiceName",
    "currentTime",
    "supportedControl",
    "isSynchronized",
    "isGlobalCatalogReady",
    "highestCommittedUSN",
    "domainFunctionality",
    "forestFunctionality",
    "domainControllerFunctionality",
    "vendorName",
    "vendorVersion",
    "supportedExtension",
)
"""Asked by name: without a list the operational ones stay away."""

ACTIVE_DIRECTORY = "1.2.840.113556.1.4.800"
AD_LDS = "1.2.840.113556.1.4.1851"


def rootdse_request(message_id: int = 1, attributes: tuple[str, ...] = ATTRIBUTES, size: int = 0) -> SearchRequest:
    """`size`: of the packed request in bytes, reached by asking for attributes that nobody has (RFC 4511, 4.5.1.8)."""
    bare = SearchRequest(message_id=message_id, attributes=attributes)
    missing = size - len(bare.pack())
    if missing < len(FILLING) + OF_HEADER:
        return bare
    whole, rest = divmod(missing, LONG_NAME)
    if whole and 0 < rest < len(FILLING) + OF_HEADER:
        whole, rest = whole - 1, rest + LONG_NAME
    parts = [LONG_NAME] * whole + ([rest] if rest else [])
    return SearchRequest(
        message_id=message_id, attributes=(*attributes, *(FILLING.ljust(n - OF_HEADER, "x") for n in parts))
    )


FILLING, LONG_NAME, OF_HEADER = "filling", 60, 2  # an attribute's name, its bytes with its header, and those of that


def relative_names(dn: str) -> tuple[tuple[str, str], ...]:
    """The parts of a DN (RFC 4514) as (attribute in upper case, value)."""
    parts = (part.partition("=") for part in re.split(r"(?<!\\),", dn) if part)
    return tuple((key.strip().upper(), re.sub(r"\\(.)", r"\1", value)) for key, _, value in parts)


def dns_name(dn: str | None) -> str | None:
    """`DC=emea,DC=alpha,DC=test` is `emea.alpha.test`."""
    labels = [value for key, value in relative_names(dn or "") if key == "DC"]
    return ".".join(labels).lower() or None


def site_of(server_name: str | None) -> str | None:
    """`CN=DC1,CN=Servers,CN=Head-Office,CN=Sites,…` is in `Head-Office`."""
    values = [value for _, value in relative_names(server_name or "")]
    if len(values) < 4 or (values[1].lower(), values[3].lower()) != ("servers", "sites"):
        return None
    return values[2]


def _truth(text: str | None) -> bool | None:
    return {"TRUE": True, "FALSE": False}.get((text or "").upper())


def _level(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"[0-9]{1,9}", text) else None


def _moment(value: bytes | None) -> float | None:
    try:
        return ber.moment(value) if value else None
    except WireError:
        return None  # an odd clock format does not make the rest of the answer wrong


@dataclass(frozen=True, slots=True)
class RootDse:
    """None or empty: not told. Windows tells no vendor, Samba no extensions; neither is a fault."""

    dns_host_name: str | None = None
    default_naming_context: str | None = None
    root_domain_naming_context: str | None = None
    configuration_naming_context: str | None = None
    server_name: str | None = None
    ldap_service_name: str | None = None
    is_synchronized: bool | None = None
    is_gc_ready: bool | None = None
    domain_level: int | None = None
    forest_level: int | None = None
    domain_controller_level: int | None = None
    vendor: str | None = None
    vendor_version: str | None = None
    current_time: float | None = None  # Unix seconds, whole ones
    sasl_mechanisms: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    supported_controls: tuple[str, ...] = ()
    supported_extensions: tuple[str, ...] = ()

    @property
    def site(self) -> str | None:
        return site_of(self.server_name)

    @property
    def domain(self) -> str | None:
        return dns_name(self.default_naming_context)

    @property
    def forest(self) -> str | None:
        return dns_name(self.root_domain_naming_context)

    @property
    def is_domain_controller(self) -> bool:
        """False for AD LDS and foreign directories: they serve LDAP, but no domain."""
        return ACTIVE_DIRECTORY in self.capabilities and AD_LDS not in self.capabilities

    @classmethod
    def from_entry(cls, entry: SearchEntry) -> RootDse:
        return cls(
            dns_host_name=entry.first("dnsHostName"),
            default_naming_context=entry.first("defaultNamingContext"),
            root_domain_naming_context=entry.first("rootDomainNamingContext"),
            configuration_naming_context=entry.first("configurationNamingContext"),
            server_name=entry.first("serverName"),
            ldap_service_name=entry.first("ldapServiceName"),
            is_synchronized=_truth(entry.first("isSynchronized")),
            is_gc_ready=_truth(entry.first("isGlobalCatalogReady")),
            domain_level=_level(entry.first("domainFunctionality")),
            forest_level=_level(entry.first("forestFunctionality")),
            domain_controller_level=_level(entry.first("domainControllerFunctionality")),
            vendor=entry.first("vendorName"),
            vendor_version=entry.first("vendorVersion"),
            current_time=_moment(entry.first_bytes("currentTime")),
            sasl_mechanisms=entry.all("supportedSASLMechanisms"),
            capabilities=entry.all("supportedCapabilities"),
            supported_controls=entry.all("supportedControl"),
            supported_extensions=entry.all("supportedExtension"),
        )
