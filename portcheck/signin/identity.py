"""Which directory this is: levels, SID, schema, sites, role holders, password policy. Read from it, none guessed."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network

from portcheck.model import Facts
from portcheck.net.ldap.session import Entry
from portcheck.signin.asking import DirectoryQueries
from portcheck.wire import WireError, sid
from portcheck.wire.rootdse import relative_names

ROOT = (
    "defaultNamingContext",
    "configurationNamingContext",
    "schemaNamingContext",
    "rootDomainNamingContext",
    "domainFunctionality",
    "forestFunctionality",
    "tokenGroups",
)
POLICY = {
    "minPwdLength": "minimum_length",
    "pwdHistoryLength": "history_length",
    "lockoutThreshold": "lockout_threshold",
}
INTERVALS = {"minPwdAge": "minimum_age_s", "maxPwdAge": "maximum_age_s", "lockoutDuration": "lockout_duration_s"}
COMPLEXITY = 1  # DOMAIN_PASSWORD_COMPLEX
NEVER = -(2**63)
MOST_SITES, MOST_SUBNETS, LONGEST_NAME = 500, 5000, 255
PAGE, MOST_PAGES = 500, 2


def root(asking: DirectoryQueries) -> Entry | None:
    found = asking.search("", ROOT)
    return found.entries[0] if found is not None and found.entries else None


def levels(told: Entry) -> Facts:
    facts = {"domain_level": told.number("domainFunctionality"), "forest_level": told.number("forestFunctionality")}
    return {key: value for key, value in facts.items() if value is not None}


def domain(asking: DirectoryQueries, naming_context: str) -> Facts:
    """The domain's SID and its password policy; a fine-grained policy for the account is not told here."""
    found = asking.search(naming_context, ("objectSid", "pwdProperties", *POLICY, *INTERVALS))
    if found is None or not found.entries:
        return {}
    entry = found.entries[0]
    facts: Facts = {}
    try:
        facts["domain_sid"] = str(sid.unpack(entry.first("objectSid") or b""))
    except WireError:
        asking.note("the domain object tells no SID")
    policy: Facts = {name: entry.number(key) for key, name in POLICY.items()}
    policy |= {name: _seconds(entry.number(key)) for key, name in INTERVALS.items()}
    properties = entry.number("pwdProperties")
    policy["complexity"] = None if properties is None else bool(properties & COMPLEXITY)
    if known := {key: value for key, value in policy.items() if value is not None}:
        facts["password_policy"] = known
    return facts


def _seconds(interval: int | None) -> float | None:
    """100-ns steps, negative (MS-ADTS 3.1.1.1); 0 and the smallest number: never."""
    return None if interval in {None, 0, NEVER} else round(abs(interval or 0) / 1e7)


def schema(asking: DirectoryQueries, naming_context: str) -> Facts:
    """Its version, and a thousand of its attributes: 150 kB in two pages, which no narrow path carries by chance."""
    facts: Facts = {}
    found = asking.search(naming_context, ("objectVersion",))
    if found is not None and found.entries and (version := found.entries[0].number("objectVersion")) is not None:
        facts["schema_version"] = version
    return facts | _large(asking, naming_context)


def _large(asking: DirectoryQueries, naming_context: str) -> Facts:
    before, entries, pages, cookie = asking.received, 0, 0, b""
    while pages < MOST_PAGES and (cookie or not pages):
        found = asking.search(
            naming_context,
            ("lDAPDisplayName", "schemaIDGUID"),
            filter_="(objectClass=attributeSchema)",
            scope="SUBTREE",
            page=PAGE,
            cookie=cookie or None,
        )
        if found is None or not found.answer.good:
            break
        entries, pages, cookie = entries + len(found.entries), pages + 1, found.cookie
    return {
        "large_search_bytes": asking.received - before,
        "large_search_entries": entries,
        "large_search_pages": pages,
    }


def sites(asking: DirectoryQueries, configuration: str, addresses: tuple[str, ...]) -> Facts:
    """All sites, and the one that the most exact subnet maps this machine to."""
    base = f"CN=Sites,{configuration}"
    found = asking.search(base, ("cn",), filter_="(objectClass=site)", scope="LEVEL", page=MOST_SITES)
    if found is None or not found.answer.good:
        return {}
    names = sorted(name[:LONGEST_NAME] for entry in found.entries if (name := entry.text("cn")))
    facts: Facts = {"sites": names[:MOST_SITES]}
    subnets = asking.search(
        f"CN=Subnets,{base}", ("cn", "siteObject"), filter_="(objectClass=subnet)", scope="LEVEL", page=MOST_SUBNETS
    )
    if subnets is not None and subnets.answer.good:
        known = {e.text("cn") or "": _name(e.text("siteObject")) for e in subnets.entries[:MOST_SUBNETS]}
        mapped = {address: site_of(address, known) for address in addresses}
        facts["site_by_subnet"] = {address: site for address, site in mapped.items() if site}
        facts["subnets"] = len(known)
    return facts


def site_of(address: str, subnets: Mapping[str, str]) -> str:
    """The longest prefix decides; empty: no subnet holds the address."""
    best = (-1, "")
    for subnet, site in subnets.items():
        try:
            network = ip_network(subnet, strict=False)
            if ip_address(address) in network:
                best = max(best, (network.prefixlen, site))
        except (ValueError, TypeError):
            continue
    return best[1]


def _name(dn: str | None) -> str:
    return next((value[:LONGEST_NAME] for _, value in relative_names(dn or "")), "")


def role_holders(asking: DirectoryQueries, told: Entry) -> Mapping[str, str]:
    """Host by FSMO role; each role is an attribute of its own object (MS-ADTS 3.1.1.1.11)."""
    own, configuration = told.text("defaultNamingContext") or "", told.text("configurationNamingContext") or ""
    holders = {
        "schema": told.text("schemaNamingContext") or "",
        "naming": f"CN=Partitions,{configuration}",
        "pdc": own,
        "rid": f"CN=RID Manager$,CN=System,{own}",
        "infrastructure": f"CN=Infrastructure,{own}",
    }
    names: dict[str, str] = {}
    hosts: dict[str, str] = {}
    for role, dn in holders.items():
        found = asking.search(dn, ("fSMORoleOwner",))
        owner = found.entries[0].text("fSMORoleOwner") if found is not None and found.entries else None
        if owner:
            server = owner.partition(",")[2]
            if server not in names:
                names[server] = _host(asking, server)
            if names[server]:
                hosts[role] = names[server]
    return hosts


def _host(asking: DirectoryQueries, server: str) -> str:
    found = asking.search(server, ("dNSHostName",))
    told = found.entries[0].text("dNSHostName") if found is not None and found.entries else None
    return (told or "")[:LONGEST_NAME].lower()
