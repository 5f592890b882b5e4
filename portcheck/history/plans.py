"""Which runs may be compared: those that ask the same forests, for the same profiles, by the same selection."""

from __future__ import annotations

import hashlib
import json

from portcheck.config import ForestSpec
from portcheck.config.systems import CLOUD
from portcheck.run.runner import Order


def fingerprint(order: Order) -> str:
    """The same for every run of a plan. How patiently, from where and through which DNS server is no part of it."""
    plan = {
        "forests": sorted(
            _forest(forest, [profile.name for profile in profiles]) for forest, profiles in order.forests
        ),
        "only": sorted(order.selection.only),
        "skip": sorted(order.selection.skip),
        "families": sorted(order.families),
        **({"machine": sorted(profile.name for profile in order.machine)} if order.machine else {}),
    }
    return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()[:16]


def _forest(forest: ForestSpec, profiles: list[str]) -> list[object]:
    named = sorted(f"{controller.host} {controller.address or ''}" for controller in forest.domain_controllers)
    extra = sorted(f"{extra.port}/{extra.transport}" for extra in forest.extra)
    systems = sorted(f"{one.role} {one.host} {one.address or ''}" for one in forest.systems)
    plan = [forest.name, sorted(profiles), sorted(forest.domains), forest.discover, named, extra]
    return [*plan, systems] if systems else plan  # as it was before there were any: the history goes on


def label(order: Order) -> str:
    """The plan for people: `alpha.test, bravo.test (mim), only kpasswd`."""
    profiles = dict.fromkeys(profile.name for _, chosen in order.forests for profile in chosen)
    words = (
        [f"{', '.join(forest.name for forest, _ in order.forests)} ({', '.join(profiles)})"] if order.forests else []
    )
    words += [f"{CLOUD} ({', '.join(profile.name for profile in order.machine)})"] if order.machine else []
    systems = dict.fromkeys(f"{one.role}={one.host}" for forest, _ in order.forests for one in forest.systems)
    words += [f"with {', '.join(systems)}"] if systems else []
    for verb, services in (("only", order.selection.only), ("without", order.selection.skip)):
        words += [f"{verb} {', '.join(sorted(services))}"] if services else []
    words += [{"A": "IPv4", "AAAA": "IPv6"}[family] for family in order.families if len(order.families) == 1]
    return ", ".join(words)
