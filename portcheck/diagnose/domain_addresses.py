"""The addresses of the domain's own names that no controller has for its own: who was found there."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address

from portcheck.diagnose.phrases import listed
from portcheck.diagnose.reader import name, printable
from portcheck.diagnose.view import ForestFacts
from portcheck.frozen import dataclass


@dataclass(frozen=True, slots=True)
class DomainAddress:
    """A row of the forest's `domain_addresses`, as far as it can be read."""

    address: str
    names: tuple[str, ...]
    port: str
    state: str
    reason: str
    answers: bool
    stranger: str  # another domain that answers there

    @classmethod
    def of(cls, row: object, f: ForestFacts) -> DomainAddress | None:
        if not isinstance(row, Mapping) or row.get("local_fault") is True:
            return None
        told = {key: printable(value) for key, value in row.items() if isinstance(value, str)}
        names = row.get("names")
        used = tuple(printable(one) for one in names if isinstance(one, str)) if isinstance(names, list) else ()
        if not told.get("address") or not used:
            return None
        own = {name(one) for one in (told.get("forest"), told.get("domain")) if one}
        wanted = [name(f.forest.name), *map(name, used)]
        kin = not own or any(one == known or known.endswith(f".{one}") for one in own for known in wanted)
        return cls(
            address=told["address"],
            names=used,
            port=str(row.get("port") or 389),
            state=told.get("state", ""),
            reason=told.get("reason", ""),
            answers=row.get("answers") is True,
            stranger="" if kin else told.get("dns_host_name") or listed(sorted(own)),
        )

    @property
    def fault(self) -> str:
        """What was seen there; empty: it answers as it should."""
        if self.answers:
            return f"answers as {self.stranger}" if self.stranger else ""
        if self.state == "nobodys":
            return f"is {self.reason}"
        return f"{HEARD.get(self.state, self.state)} on {self.port}/tcp"


HEARD = {
    "filtered": "silent",
    "refused": "refuses",
    "rejected": "a device on the path refuses",
    "unreachable": "cannot be reached",
    "mute": "accepts and never answers",
    "reset": "accepts and cuts the connection",
    "mismatch": "answers, and not in LDAP,",
}


def dead_addresses(f: ForestFacts) -> tuple[DomainAddress, ...]:
    """Of the domain's names, as who was asked first gives them."""
    rows = f.forest.facts.get("domain_addresses")
    read = [DomainAddress.of(row, f) for row in rows] if isinstance(rows, list) else []
    return tuple(one for one in read if one is not None and one.fault)


def link_local(address: str) -> bool:
    """What a network card gives itself when it gets no address (RFC 3927): no router passes it on."""
    try:
        return ip_address(address).version == 4 and ip_address(address).is_link_local
    except ValueError:
        return False
