"""Where `serve` listens: an address, a name, or every address of this machine."""

from __future__ import annotations

import pytest

from portcheck.commands.serve import where_to
from portcheck.config import ConfigError, Server


@pytest.mark.parametrize(
    ("listen", "at"),
    [
        ("127.0.0.1:9464", Server("127.0.0.1", 9464)),
        ("127.0.0.1:0", Server("127.0.0.1", 0)),
        ("0.0.0.0:9464", Server("0.0.0.0", 9464)),
        ("[::]:0", Server("::", 0)),
        ("[::1]:9464", Server("::1", 9464)),
    ],
)
def test_every_address_of_this_machine_is_a_place_to_listen(listen: str, at: Server) -> None:
    assert where_to(listen) == at


@pytest.mark.parametrize("listen", ["0.0.0.0:99999", "[::]:x", "224.0.0.1:9464", "255.255.255.255:9464", ":9464", ""])
def test_what_is_no_place_is_refused_with_the_option_s_name(listen: str) -> None:
    with pytest.raises(ConfigError, match=r"^--listen: "):
        where_to(listen)
