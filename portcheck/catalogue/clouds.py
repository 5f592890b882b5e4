"""Microsoft's national clouds: whose endpoints a profile asks for instead of the public cloud's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

from portcheck.catalogue.endpoints import counterparts
from portcheck.catalogue.profiles import Profile, ProfileRow

PUBLIC = "public"
CLOUDS = MappingProxyType({
    PUBLIC: "Microsoft's public cloud, US government GCC too",
    "us-gov": "US government, GCC High",
    "us-dod": "US government, DoD",
    "china": "operated by 21Vianet in China",
})  # fmt: skip
"""`cloud` of the forests file."""


def in_cloud(profile: Profile, cloud: str) -> Profile:
    """The profile with the cloud's own endpoints. Those without a known counterpart there are not asked for."""
    if cloud == PUBLIC:
        return profile
    rows = (moved for row in profile.rows for moved in _moved(row, cloud))
    return replace(profile, rows=tuple({row.key: row for row in rows}.values()))


def _moved(row: ProfileRow, cloud: str) -> Iterator[ProfileRow]:
    if row.target != "cloud":
        yield row
        return
    for there in counterparts(row.service, row.host, cloud):
        yield replace(row, host=there.host, source=there.source)
