"""Reading a file the user named: never more of it than makes sense, and each way to fail in plain words."""

from __future__ import annotations

from pathlib import Path

from portcheck.config.words import ConfigError, printable
from portcheck.files import reading

LARGEST = 4 * 2**20
"""A forest needs a few hundred bytes, a certificate two thousand: anything larger is some other file."""


def spelled(path: Path) -> str:
    return printable(str(path), 240)


def read_bytes(path: Path, wanted: str) -> bytes:
    """The content of the file, which is to be `wanted`. Raises ConfigError, the file's name in front."""
    name = spelled(path)
    try:
        if path.is_dir():  # opening one says "permission denied" on Windows
            raise ConfigError(f"{name}: is a directory; give {wanted}")
        content = reading.read(path, LARGEST)
    except FileNotFoundError:
        raise ConfigError(f"{name}: no such file; give {wanted}") from None
    except OSError as error:
        raise ConfigError(f"{name}: cannot be read: {error.strerror or 'unknown fault'}") from None
    except ValueError:  # a zero byte in the name, or what Windows takes in none
        raise ConfigError(f"{name}: is not a file name; give {wanted}") from None
    if len(content) > LARGEST:
        raise ConfigError(f"{name}: is larger than 4 MiB; give {wanted}")
    return content
