"""Windows' Name Resolution Policy Table: which names are asked of other servers than those of the adapters.

Keys and values as in MS-GPNRPT: below each rule `Name` holds its namespaces (`.contoso.com`: all below it; without the
dot: that one name; `.`: every name), `ConfigOptions` which settings it has (8: generic DNS servers), and
`GenericDNSServers` those. Where the group policy has rules, the machine's own do not count.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress

from portcheck.frozen import dataclass

POLICY = r"SOFTWARE\Policies\Microsoft\Windows NT\DNSClient\DnsPolicyConfig"
OWN = r"SYSTEM\CurrentControlSet\Services\Dnscache\Parameters\DnsPolicyConfig"
DIRECT_ACCESS, GENERIC_SERVERS = 0x4, 0x8
MOST = 1000  # rules that are read


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """Namespaces, in lower case, and whom to ask; nobody: the adapters' servers, whatever a wider rule says."""

    names: tuple[str, ...]
    servers: tuple[str, ...] = ()

    def fit(self, name: str) -> int:
        """How closely it fits: the longer the better, the name itself best; 0 where it does not."""
        return max((_fit(space, name) for space in self.names), default=0)


def _fit(space: str, name: str) -> int:
    if space == name:
        return 2 * len(name) + 2
    below = space.startswith(".") and f".{name}".endswith(space if space != "." else "")
    return len(space) if below else 0


def servers(rules: Sequence[PolicyRule], name: str) -> tuple[str, ...]:
    """Of the rule that fits the name best; none where the adapters' are asked."""
    wanted = name.lower().rstrip(".")
    best = max(rules, key=lambda rule: rule.fit(wanted), default=None)
    return best.servers if best is not None and best.fit(wanted) else ()


def rule(names: Iterable[str], options: int, listed: str) -> PolicyRule | None:
    """None for what holds for DirectAccess alone: whether that is up is not told."""
    if options & DIRECT_ACCESS and not options & GENERIC_SERVERS:
        return None
    spaces = tuple(one.strip().lower() for one in names if one.strip())
    asked = listed.replace(",", ";").split(";") if options & GENERIC_SERVERS else []
    return PolicyRule(spaces, tuple(one.strip() for one in asked if one.strip())) if spaces else None


if sys.platform == "win32":
    import winreg

    def rules() -> tuple[PolicyRule, ...]:
        """Those in force; none where the registry does not tell."""
        return _below(POLICY) or _below(OWN)

    def _below(place: str) -> tuple[PolicyRule, ...]:
        found: list[PolicyRule | None] = []
        with suppress(OSError), winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, place) as key:
            for number in range(MOST):
                with winreg.OpenKey(key, winreg.EnumKey(key, number)) as one:
                    found.append(_rule(one))
        return tuple(each for each in found if each is not None)

    def _rule(key: winreg.HKEYType) -> PolicyRule | None:
        names, options, listed = (_value(key, name) for name in ("Name", "ConfigOptions", "GenericDNSServers"))
        if not isinstance(names, list) or not isinstance(options, int):
            return None
        return rule(names, options, listed if isinstance(listed, str) else "")

    def _value(key: winreg.HKEYType, name: str) -> object:
        with suppress(OSError):
            return winreg.QueryValueEx(key, name)[0]
        return None

else:

    def rules() -> tuple[PolicyRule, ...]:
        """Windows alone has such a table."""
        return ()
