"""Finding the forests file and reading it; nothing is sent, and every fault is a ConfigError."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from portcheck.config.files import read_bytes, spelled
from portcheck.config.forests import KnownNames, read_forests
from portcheck.config.node import ConfigSource, Node
from portcheck.config.own_profiles import own_profile_names, read_own_profiles
from portcheck.config.settings import Settings, read_settings
from portcheck.config.spec import Configuration
from portcheck.config.words import ConfigError, printable
from portcheck.files.text import NotTextError, decoded

FILE_NAME = "forests.toml"
VARIABLE = "PORTCHECK_CONFIG"
DEEPEST = 64
DEEP_KEY = re.compile(r"""(?:[\w"'-]{1,80}+[ \t]*+\.[ \t]*+){63}""")  # bounded steps: linear on any line


def find(explicit: str | None, env: Mapping[str, str], cwd: Path) -> Path | None:
    """The file that was asked for, by flag or variable, there or not; else the first that is there; else None."""
    if asked := explicit or env.get(VARIABLE):
        return Path(asked)
    return next((path for path in _usual_places(cwd) if _is_there(path)), None)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a folder on the way that may not be searched
        return False


def _usual_places(cwd: Path) -> Iterator[Path]:
    yield cwd / FILE_NAME
    import platformdirs  # late: most runs name their file or have it here

    with suppress(RuntimeError):  # neither $HOME nor an entry in the list of users
        yield platformdirs.user_config_path("portcheck", appauthor=False) / FILE_NAME
    yield platformdirs.site_config_path("portcheck", appauthor=False) / FILE_NAME
    if os.name == "posix":
        yield Path("/etc/portcheck") / FILE_NAME


def load(path: Path, known_profiles: Collection[str], known_services: Mapping[str, Collection[str]]) -> Configuration:
    """The file's content, checked; the first fault raises ConfigError. Services are given with their transports."""
    top = _parse(path, _text(path))
    keys = top.table(("defaults", "forest", "profiles"))
    if not keys:
        raise ConfigError(f"{spelled(path)}: nothing to check: add a [[forest]]")
    own = own_profile_names(keys["profiles"], known_profiles) if "profiles" in keys else {}
    profiles = {*known_profiles, *own}
    settings = read_settings(keys["defaults"], profiles) if "defaults" in keys else Settings()
    return Configuration(
        settings=settings,
        forests=read_forests(keys["forest"], KnownNames(profiles, known_services, settings))
        if "forest" in keys
        else (),
        own_profiles=read_own_profiles(own, known_profiles, known_services),
        path=path,
    )


def _text(path: Path) -> str:
    raw = read_bytes(path, "a forests file")
    try:
        return decoded(raw)
    except NotTextError as error:
        line = raw.count(b"\n", 0, error.at) + 1
        raise ConfigError(f"{spelled(path)}:{line}: {error}") from None


def _parse(path: Path, text: str) -> Node:
    where = spelled(path)
    _refuse_deep_keys(where, text)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_syntax(where, str(error))) from None
    except ValueError:  # a number of more digits than Python will read
        raise ConfigError(f"{where}: is not valid TOML: a number is too long") from None
    except RecursionError:
        raise ConfigError(f"{where}: is not valid TOML: brackets are nested too deep") from None
    return Node(values, ConfigSource(path, text))


def _refuse_deep_keys(where: str, text: str) -> None:
    """Each dot of a key is a table, and tomllib keeps all the ways to it: 10,000 of them take half a gigabyte."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.count(".") >= DEEPEST and DEEP_KEY.search(line):
            raise ConfigError(f"{where}:{number}: is no forests file: a key of {DEEPEST} parts or more")


def _syntax(where: str, message: str) -> str:
    """tomllib's message with its position in front, and names as the file spells them."""
    position = re.search(r" \(at line ([0-9]+), column ([0-9]+)\)$", message)
    what = message[: position.start()] if position else message
    what = re.sub(r"\('(.*)',?\)", lambda names: "[" + names[1].replace("', '", ".") + "]", what, flags=re.DOTALL)
    what = what[:1].lower() + what[1:]
    at = f":{position[1]}:{position[2]}" if position else ""
    return f"{where}{at}: is not valid TOML: {printable(what, 160)}"
