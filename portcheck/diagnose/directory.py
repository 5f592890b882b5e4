"""What a sign-in told of a forest, in one sentence; a saved run may hold anything under these keys."""

from __future__ import annotations

from collections.abc import Mapping

from portcheck.diagnose.phrases import listed, some
from portcheck.diagnose.reader import printable
from portcheck.model import Facts
from portcheck.model.folding import capital


def directory(facts: Facts) -> str:
    """Forest level 7, schema version 88; 3 sites, this machine is in Branch; role holders: dc1 (pdc, rid)"""
    parts = [_levels(facts), _sites(facts), _holders(facts)]
    return "; ".join(part for part in parts if part)


def _levels(facts: Facts) -> str:
    level, schema = _small(facts.get("forest_level")), _small(facts.get("schema_version"))
    told = ["" if level is None else f"forest level {level}", "" if schema is None else f"schema version {schema}"]
    return capital(", ".join(word for word in told if word))


def _small(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10_000 else None


def _sites(facts: Facts) -> str:
    sites, mapped = facts.get("sites"), facts.get("site_by_subnet")
    if not isinstance(sites, list):
        return ""
    count = f"{len(sites)} site{'' if len(sites) == 1 else 's'}"
    own = dict.fromkeys(printable(str(site)) for site in mapped.values()) if isinstance(mapped, Mapping) else {}
    return f"{count}, this machine's subnet is in {listed(own)}" if own else f"{count}, no subnet holds this machine"


def _holders(facts: Facts) -> str:
    holders = facts.get("role_holders")
    if not isinstance(holders, Mapping):
        return ""
    roles: dict[str, list[str]] = {}
    for role, holder in holders.items():
        if isinstance(holder, Mapping):
            roles.setdefault(f"{printable(str(holder.get('host')))}{_reach(holder.get('reachable'))}", []).append(
                printable(str(role))
            )
    told = some(f"{host} ({', '.join(names)})" for host, names in roles.items())
    return f"role holders: {told}" if roles else ""


def _reach(reachable: object) -> str:
    if reachable is True:
        return ""
    return ", not reachable from here," if reachable is False else ", not asked,"
