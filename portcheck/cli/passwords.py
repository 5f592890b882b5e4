"""Where the credentials of `--bind` come from: options, environment, forests file, standard input, prompt.

A password is never taken from the command line, where every user of the machine can read it.
"""

from __future__ import annotations

import getpass
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from portcheck.config import ConfigError, ForestSpec, printable
from portcheck.files.private import NotPrivateError, read_private
from portcheck.files.reading import words
from portcheck.files.text import NotTextError, decoded
from portcheck.frozen import dataclass
from portcheck.model.credentials import Credentials, Method, Secret
from portcheck.run.ending import ENDING, Prompting

USER, PASSWORD = "PORTCHECK_USER", "PORTCHECK_PASSWORD"
LONGEST = 1024  # characters of a password
MOST = 2 * LONGEST + 8  # bytes: UTF-16, a mark, an end of line


@dataclass(frozen=True, slots=True)
class WantedAccount:
    """What the command line says of it."""

    user: str | None = None
    method: Method | None = None
    from_stdin: bool = False


def credentials(forests: Sequence[ForestSpec], wanted: WantedAccount) -> Mapping[str, Credentials]:
    """For every forest, before anything is sent. Raises ConfigError where something is missing."""
    _refuse_shared_variable(forests)
    waiting = [forest for forest in forests if _method(forest, wanted) is not Method.KERBEROS]
    if wanted.from_stdin and len(waiting) != 1:
        raise ConfigError("--password-stdin: gives one password, for one forest; name the forest")
    return {forest.name: _of(forest, wanted) for forest in forests}


def _of(forest: ForestSpec, wanted: WantedAccount) -> Credentials:
    method = _method(forest, wanted)
    user = _user(forest, wanted, method)
    if method is Method.KERBEROS:
        return Credentials(user, method, ous=forest.bind.ous)
    password = _password(forest, wanted, user)
    if not password:
        raise ConfigError(f"{forest.name}: the password is empty; an empty one would sign nobody in")
    return Credentials(user, method, Secret(password), forest.bind.ous)


def _method(forest: ForestSpec, wanted: WantedAccount) -> Method:
    return wanted.method or forest.bind.method


def _user(forest: ForestSpec, wanted: WantedAccount, method: Method) -> str:
    name = wanted.user or os.environ.get(variable(USER, forest.name)) or forest.bind.user or os.environ.get(USER) or ""
    name = name.strip()
    if not name.isprintable() or len(name) > 256:
        raise ConfigError(f"{forest.name}: the account's name is not one line of printable characters")
    if not name and method is not Method.KERBEROS:
        raise ConfigError(
            f"{forest.name}: no account to sign in with; give --user, {variable(USER, forest.name)},"
            ' or bind = { user = "…" } in the forests file'
        )
    return name


def _password(forest: ForestSpec, wanted: WantedAccount, user: str) -> str:
    named = variable(PASSWORD, forest.name)
    if wanted.from_stdin:
        return _one_line(sys.stdin.buffer.read(MOST + 1), "--password-stdin")
    if named in os.environ:
        return os.environ[named]
    if forest.bind.password_file is not None:
        return read_password(forest.bind.password_file)
    if sys.stdin.isatty() and sys.stderr.isatty():
        with Prompting(ENDING.keeping):
            return getpass.getpass(f"Password of {printable(user)} for {forest.name}: ", stream=sys.stderr)
    raise ConfigError(
        f"{forest.name}: no password for {printable(user)}; set {named}, give a password_file in the forests file,"
        " or use --password-stdin"
    )


def variable(prefix: str, forest: str) -> str:
    """PORTCHECK_PASSWORD_ALPHA_TEST for alpha.test: capitals, and an underscore for whatever is no letter or digit."""
    return f"{prefix}_{re.sub('[^A-Z0-9]', '_', forest.upper())}"


def _refuse_shared_variable(forests: Sequence[ForestSpec]) -> None:
    """One forest's password must not go to another that happens to be spelled alike."""
    owners: dict[str, str] = {}
    for forest in forests:
        named = variable(PASSWORD, forest.name)
        if named in owners and named in os.environ:
            raise ConfigError(f"{named} would be meant for both {owners[named]} and {forest.name}; use password files")
        owners[named] = forest.name


def read_password(path: Path) -> str:
    """The file's one line, if nobody but its owner (or the system) may read it. Raises ConfigError."""
    where = printable(str(path), 240)
    try:
        return _one_line(read_private(path, MOST), where)
    except NotPrivateError as error:
        raise ConfigError(f"{where}: {error}; name a file that holds the password, for this user alone") from None
    except FileNotFoundError:
        raise ConfigError(f"{where}: no such file; name a file that holds the password") from None
    except OSError as error:
        raise ConfigError(f"{where}: cannot be read: {words(error)}") from None
    except ValueError:  # a zero byte in the name
        raise ConfigError(f"{where}: is not a file name") from None


def _one_line(raw: bytes, where: str) -> str:
    try:
        line = "" if len(raw) > MOST else decoded(raw).removesuffix("\n").removesuffix("\r")
    except NotTextError as error:
        raise ConfigError(f"{where}: {error}") from None
    if len(raw) > MOST or len(line) > LONGEST:
        raise ConfigError(f"{where}: is longer than a password ({LONGEST} characters)")
    if "\n" in line or "\0" in line:
        raise ConfigError(f"{where}: holds more than one line; it must hold the password and nothing else")
    return line
