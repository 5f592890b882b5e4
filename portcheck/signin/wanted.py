"""Which rights the profiles ask of the account, and which of them it lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from portcheck.model import Facts, Need

IMPORTING = frozenset({"mim", "mim-import", "mim-export", "mim-password", "mim-exchange", "entra-connect"})
HASH_SYNC = frozenset({"entra-connect"})
CHANGES, CHANGES_ALL = "Replicating Directory Changes", "Replicating Directory Changes All"
CREATE, RESET = "create users", "reset passwords"


def missing(told: Mapping[str, object], domain: str, profiles: Sequence[str], ous: Sequence[str]) -> list[Facts]:
    """Only what is known to be missing: what could not be read is not held against the account."""
    lacking: list[Facts] = []
    if IMPORTING & set(profiles) and told.get("replicating_changes") is False:
        lacking.append(_one(CHANGES, domain, Need.REQUIRED))
    if HASH_SYNC & set(profiles) and told.get("replicating_changes_all") is False:
        lacking.append(_one(CHANGES_ALL, domain, Need.CONDITIONAL))
    known = told.get("ous")
    for ou in ous:
        found = known.get(ou) if isinstance(known, Mapping) else None
        if isinstance(found, Mapping):
            lacking += _on_ou(ou, found)
    return lacking


def _on_ou(ou: str, found: Mapping[str, object]) -> list[Facts]:
    if found.get("found") is False:
        return [_one("see it", ou, Need.REQUIRED)]
    rights = {CREATE: found.get("create_users"), RESET: found.get("reset_passwords")}
    return [_one(right, ou, Need.REQUIRED) for right, held in rights.items() if held is False]


def _one(right: str, where: str, need: Need) -> Facts:
    return {"right": right, "on": where, "need": need.value}
