"""`-4` and `-6` hold for addresses that are given as such, too: on the command line an error, in the file left out."""

from __future__ import annotations

import pytest

from portcheck.cli import targets
from portcheck.cli.app import run
from portcheck.config import ConfigError, Configuration, DcSpec, ForestSpec, Server

FOUR, SIX = ("A",), ("AAAA",)
IS_SIX = "is an IPv6 address, and only IPv4 is to be used (-4, -6 or --source-ip)"
IS_FOUR = "is an IPv4 address, and only IPv6 is to be used (-4, -6 or --source-ip)"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("fd77::10", "-4"), f"fd77::10 {IS_SIX}"),
        (("[fd77::10]", "-4"), f"fd77::10 {IS_SIX}"),
        (("fd77::10", "--source-ip", "127.0.0.1"), f"fd77::10 {IS_SIX}"),
        (("192.0.2.1", "-6"), f"192.0.2.1 {IS_FOUR}"),
        (("x.test", "--source-ip", "192.0.2.7"), "--source-ip: 192.0.2.7 is not an address of this machine"),
        (("x.test", "--dc", "192.0.2.1", "-6"), f"192.0.2.1 {IS_FOUR}"),
        (("x.test", "-4", "--source-ip", "fd77::1"), "-4: --source-ip fd77::1 is of the other family"),
        (("x.test", "-4", "-6"), "-4 and -6 exclude each other; leave both out for both families"),
    ],
)
def test_an_address_against_its_own_flag_is_one_line(
    arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", *arguments]) == 2
    assert capsys.readouterr() == ("", f"portcheck: {told}\n")


def forest(*controllers: DcSpec, discover: bool = False) -> ForestSpec:
    return ForestSpec("x.test", dns=(Server("192.0.2.53"),), domain_controllers=controllers, discover=discover)


def test_the_file_s_addresses_of_the_other_family_are_left_out() -> None:
    both = forest(DcSpec("192.0.2.1", "192.0.2.1"), DcSpec("2001:db8::1", "2001:db8::1"), DcSpec("dc3.x.test"))
    assert [dc.host for dc in targets.narrowed(both, (), (), FOUR).domain_controllers] == ["192.0.2.1", "dc3.x.test"]
    assert [dc.host for dc in targets.narrowed(both, (), (), SIX).domain_controllers] == ["2001:db8::1", "dc3.x.test"]
    assert targets.narrowed(both, (), ()).domain_controllers == both.domain_controllers


def test_a_name_that_has_such_an_address_in_the_file_is_looked_up_instead() -> None:
    named = forest(DcSpec("dc1.x.test", "192.0.2.1"))
    assert targets.narrowed(named, (), (), SIX).domain_controllers == (DcSpec("dc1.x.test"),)
    assert targets.narrowed(named, (), (), FOUR).domain_controllers == named.domain_controllers


def test_a_forest_of_which_nothing_is_left_says_so() -> None:
    only = DcSpec("192.0.2.1", "192.0.2.1")
    with pytest.raises(ConfigError, match=r"^nothing is left of x\.test: its domain controllers have IPv4 addresses"):
        targets.narrowed(forest(only), (), (), SIX)
    assert targets.narrowed(forest(only, discover=True), (), (), SIX).domain_controllers == ()


def test_a_target_that_is_an_address_goes_through_where_the_family_fits() -> None:
    (spec,) = targets.forests(Configuration(), ["[FD77::10]"])
    assert targets.narrowed(spec, (), (), SIX).domain_controllers == (DcSpec("fd77::10", "fd77::10"),)
