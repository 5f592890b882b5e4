"""The README's table of profiles is the catalogue's list."""

from __future__ import annotations

import re
from pathlib import Path

from portcheck.catalogue.profiles import built_in

README = Path(__file__).parents[2] / "README.md"


def test_the_readme_lists_every_profile_once_and_no_other() -> None:
    text = README.read_text(encoding="utf-8")
    table = text[text.index("| for | profiles |") :].partition("\n\n")[0]
    assert sorted(re.findall(r"`([a-z-]+)`", table)) == sorted(built_in())
