"""Which runs may be compared: those that ask the same forests, for the same profiles, by the same selection."""

from __future__ import annotations

import hashlib
import json

from portcheck.config import ForestSpec
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
    }
    return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()[:16]


def _forest(forest: ForestSpec, profiles: list[str]) -> list[object]:
    named = sorted(f"{controller.host} {controller.address or ''}" for controller in forest.domain_controllers)
    extra = sorted(f"{extra.port}/{extra.transport}" for extra in forest.extra)
    return [forest.name, sorted(profiles), sorted(forest.domains), forest.discover, named, extra]


def label(order: Order) -> str:
    """The plan for people: `alpha.test, bravo.test (mim), only kpasswd`."""
    profiles = dict.fromkeys(profile.name for _, chosen in order.forests for profile in chosen)
    words = [f"{', '.join(forest.name for forest, _ in order.forests)} ({', '.join(profiles)})"]
    for verb, services in (("only", order.selection.only), ("without", order.selection.skip)):
        words += [f"{verb} {', '.join(sorted(services))}"] if services else []
    words += [{"A": "IPv4", "AAAA": "IPv6"}[family] for family in order.families if len(order.families) == 1]
    return ", ".join(words)
