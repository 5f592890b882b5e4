"""A single label by the search list: which full names are tried, and which of them it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import pytest

from portcheck.model import Lookup
from portcheck.net.dns import Names
from portcheck.net.search_list import LOCATOR, Completion, candidates, complete


class Told:
    """A resolver that knows these records; `hosts` are names of the hosts file."""

    def __init__(self, records: Mapping[tuple[str, str], str], hosts: Sequence[str] = (), status: str = "nxdomain"):
        self.records, self.hosts, self.status = records, hosts, status

    async def lookup(self, name: str, record: str, *, required: bool = True) -> Lookup:
        found = self.records.get((name, record))
        return Lookup(name, record, "t", "ok" if found else self.status, (found,) if found else (), 1.0, required)

    async def without_dns(self, host: str, families: Sequence[str]) -> list[Lookup]:
        assert families
        return [Lookup(host, "A", "hosts", "ok", ("10.0.0.1",), 1.0)] if host in self.hosts else []


SEARCH = ("emea.corp.test", "corp.test")


@pytest.mark.parametrize(
    ("label", "records", "hosts", "name"),
    [
        ("dc1", {("dc1.corp.test", "A"): "10.0.0.1"}, (), "dc1.corp.test"),
        ("corp", {(f"{LOCATOR}.corp.test", "SRV"): "0 100 389 dc1"}, (), "corp.test"),
        # a host of that name comes after a domain of that name
        ("corp", {(f"{LOCATOR}.corp.test", "SRV"): "x", ("corp.emea.corp.test", "A"): "10.0.0.9"}, (), "corp.test"),
        ("dc7", {}, ("dc7",), "dc7"),
        ("dc7", {}, (), ""),
    ],
)
async def test_the_first_that_is_known(
    label: str, records: Mapping[tuple[str, str], str], hosts: Sequence[str], name: str
) -> None:
    found = await complete(label, cast(Names, Told(records, hosts)), SEARCH)
    assert (found.name, found.silent) == (name, False)


async def test_silence_is_not_taken_for_a_no() -> None:
    found = await complete("corp", cast(Names, Told({}, status="timeout")), SEARCH)
    assert found == Completion(tried=("corp.emea.corp.test", "corp.corp.test", "corp.test"), silent=True)


def test_without_a_search_list_there_is_nothing_to_try() -> None:
    assert candidates("corp", ()) == ()
