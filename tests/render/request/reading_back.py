"""What a configuration opens, read back from its own text, pair by pair: (source, destination, transport, port)."""

from __future__ import annotations

import ipaddress
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from typing import Any

Pair = tuple[str, str, str, int]


def spread(sources: Iterable[str], destinations: Iterable[str], transport: str, ports: Iterable[str]) -> set[Pair]:
    there = list(destinations)
    numbers = [number for words in ports for number in span(words)]
    return {(plain(s), plain(d), transport, n) for s in sources for d in there for n in numbers}


def plain(address: str) -> str:
    return str(ipaddress.ip_network(address).network_address)


def span(words: str) -> range:
    low, _, high = words.partition("-")
    return range(int(low), int(high or low) + 1)


def nftables(listed: str) -> set[Pair]:
    """From `nft -j list ruleset`; only rules that open something (`dport`)."""
    found: set[Pair] = set()
    for row in json.loads(listed)["nftables"]:
        ends: dict[str, list[str]] = {}
        transport = ""
        for part in row.get("rule", {}).get("expr", ()):
            payload = part.get("match", {}).get("left", {})
            if isinstance(payload, dict) and "payload" in payload:
                where = payload["payload"]
                ends[where["field"]] = list(_nft_values(part["match"]["right"]))
                transport = where["protocol"] if where["field"] == "dport" else transport
        if "dport" in ends:
            found |= spread(ends["saddr"], ends["daddr"], transport, ends["dport"])
    return found


def _nft_values(right: Any) -> Iterator[str]:
    for value in right["set"] if isinstance(right, dict) and "set" in right else [right]:
        if isinstance(value, dict) and "range" in value:
            yield f"{value['range'][0]}-{value['range'][1]}"
        else:
            yield str(value)


def powershell(text: str, direction: str) -> set[Pair]:
    found: set[Pair] = set()
    for line in text.splitlines():
        if f"-Direction {direction}" not in line:
            continue
        values = {name: re.findall(r"'([^']*)'", words) for name, words in _parameters(line)}
        transport = re.search(r"-Protocol (\w+)", line)
        assert transport
        inbound = direction == "Inbound"
        sources, destinations = ("RemoteAddress", "LocalAddress") if inbound else ("LocalAddress", "RemoteAddress")
        ports = values["LocalPort" if inbound else "RemotePort"]
        found |= spread(values[sources], values[destinations], transport[1].lower(), ports)
    return found


def _parameters(line: str) -> list[tuple[str, str]]:
    return re.findall(r"-(\w+) ((?:'[^']*',?)+)", line)


def azure(text: str, group: str) -> set[Pair]:
    found: set[Pair] = set()
    for resource in json.loads(text)["resources"]:
        if resource["name"] != group:
            continue
        for rule in resource["properties"]["securityRules"]:
            p = rule["properties"]
            found |= spread(
                p.get("sourceAddressPrefixes") or [p["sourceAddressPrefix"]],
                p.get("destinationAddressPrefixes") or [p["destinationAddressPrefix"]],
                p["protocol"].lower(),
                p.get("destinationPortRanges") or [p["destinationPortRange"]],
            )
    return found


# permit tcp host A [eq n] host B [eq n | range a b] [established]: what has a port of the destination opens something
CISCO = re.compile(
    r"permit (tcp|udp) (?:host )?(\S+) (?:host )?(?!eq|range)(\S+) (?:eq (\S+)|range (\S+) (\S+))\s*$", re.MULTILINE
)
NAMES = {"kerberos": "88", "ldap": "389", "domain": "53", "msrpc": "135", "kpasswd": "464"}


def cisco(text: str) -> set[Pair]:
    found: set[Pair] = set()
    for transport, source, destination, one, low, high in CISCO.findall(text):
        ports = NAMES.get(one, one) if one else f"{low}-{high}"
        found |= spread([source], [destination], transport, [ports])
    return found


def juniper(text: str) -> set[Pair]:
    found: set[Pair] = set()
    for term in re.findall(r"term \S+ \{(.*?)then accept;", text, re.DOTALL):
        ports = re.search(r"destination-port (?:\[ ([^\]]+) \]|(\S+));", term)
        transport = re.search(r"(?:protocol|next-header) (\w+);", term)
        if ports and transport:
            ends = [re.findall(r"(\S+);", block) for block in re.findall(r"-address \{(.*?)\}", term, re.DOTALL)]
            found |= spread(ends[0], ends[1], transport[1], (ports[1] or ports[2]).split())
    return found


def srx(text: str) -> set[Pair]:
    addresses = dict(re.findall(r"address (\S+) ([0-9a-f.:]+/\d+);", text))
    sets = {
        name: [addresses[one] for one in re.findall(r"address (\S+);", body)]
        for name, body in re.findall(r"address-set (\S+) \{(.*?)\}", text, re.DOTALL)
    }
    single = dict(re.findall(r"application (\S+) \{\s*term \S+ protocol (\w+ destination-port \S+);", text))
    several = {
        name: re.findall(r"application (\S+);", body)
        for name, body in re.findall(r"application-set (\S+) \{(.*?)\}", text, re.DOTALL)
    }
    found: set[Pair] = set()
    for body in re.findall(r"policy \S+ \{\s*match \{(.*?)\}", text, re.DOTALL):
        source, destination = re.findall(r"-address \[? ?([^\s\]]+) ?\]?;", body)
        (application,) = re.findall(r"application \[? ?([^\s\];]+)", body)
        for name in several.get(application, [application]):
            transport, _, ports = single[name].split()
            found |= spread(sets[source], sets[destination], transport, [ports])
    return found


def paloalto(text: str) -> set[Pair]:
    root = ET.fromstring(text)
    addresses = {e.get("name"): e.findtext("ip-netmask") for e in root.findall(".//vsys/entry/address/entry")}
    groups = {
        e.get("name"): [addresses[m.text] for m in e.findall("static/member")]
        for e in root.findall(".//address-group/entry")
    }
    services = {
        e.get("name"): [(kind.tag, kind.findtext("port")) for kind in e.findall("protocol/*")]
        for e in root.findall(".//service/entry")
    }
    found: set[Pair] = set()
    for rule in root.findall(".//security/rules/entry"):
        assert rule.findtext("action") == "allow"
        sources = [a for m in rule.findall("source/member") for a in groups[m.text]]
        destinations = [a for m in rule.findall("destination/member") for a in groups[m.text]]
        for member in rule.findall("service/member"):
            for transport, ports in services[member.text]:
                found |= spread(sources, destinations, transport, (ports or "").split(","))
    return found
