"""Writing a file that a user named: whole or not at all, through no stranger's link, or into the stream that it is.

A reader sees the old content or the new, never a part: a new file beside, then a rename. Only where the folder takes
no new file (or the file is a mount of its own) is a file written in place.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from portcheck.files.links import place
from portcheck.files.reading import words

PATIENCE_S = 10.0
"""For a pipe's reader: to come, and to take the next bytes."""
STDOUT = Path("-")
"""What names standard output in every `-o`."""


A_WRITE = 2**16
"""Pieces are gathered to so many characters, or a little more."""

Content = str | bytes | Iterator[str]
"""The last: the pieces of a text too large to be held whole."""


class WriteError(Exception):
    """A file could not be written; one line for the user."""


def write_whole(path: str | Path, content: Content) -> None:
    """Write the file, text as UTF-8 with the line ends it has. Raises WriteError: what was there still is."""
    try:
        _write(Path(path), _chunks(content))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name, half a surrogate pair in the text
        raise WriteError(f"{path}: cannot be written: {words(error)}") from None


def _chunks(content: Content) -> Iterable[bytes]:
    """Raises ValueError where a text that is held whole cannot be encoded, before a byte of it is written."""
    if isinstance(content, str | bytes):
        return (content if isinstance(content, bytes) else content.encode(),)
    return (text.encode() for text in gathered(content))


def gathered(pieces: Iterable[str]) -> Iterator[str]:
    """The same text in fewer pieces."""
    held: list[str] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= A_WRITE:
            yield "".join(held)
            held, size = [], 0
    yield "".join(held)


def refuse_unwritable(path: Path) -> None:
    """Before any work is done: what the later writing would fail on, as far as it shows already. Raises WriteError."""
    try:
        _refuse(Path(path))
    except FileNotFoundError:
        raise WriteError(f"{path.parent} does not exist; create it first") from None
    except NotADirectoryError:
        raise WriteError(f"{path.parent} is no folder") from None
    except ValueError as error:
        raise WriteError(f"{path} is no file name: {error}") from None
    except OSError as error:
        no_name = error.errno == errno.ENAMETOOLONG
        raise WriteError(f"{path} {'is no file name' if no_name else 'cannot be written to'}: {words(error)}") from None


def is_replaced(path: Path) -> bool:
    """A plain file, or one to come: a second writer would leave nothing of the first. Pipes and devices take both."""
    try:
        where = place(path)
    except (OSError, ValueError):
        return False
    if isinstance(where, int) or (sys.platform == "win32" and _is_device(path)):
        return False
    return where.is_file() or not where.exists()


if sys.platform != "win32":
    import fcntl
    import select
    import time
    from contextlib import contextmanager, suppress

    FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
    DRAFT = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    THERE = os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY
    CLOSED_FOLDER = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY}
    """No new file may be made, or none put in this one's place: another's folder, a mount of the single file."""
    FOREIGN = "is another user's, in a folder where everyone may write; name another file"

    def _write(path: Path, content: Iterable[bytes]) -> None:
        where = place(path)
        if isinstance(where, int):
            _to_descriptor(where, content)
            return
        with _opened(where.parent) as folder:
            old = _status(where.name, folder)
            if old is None or stat.S_ISREG(old.st_mode):
                _replace(where.name, folder, content, old)
            else:
                _to_stream(where.name, folder, content)

    @contextmanager
    def _opened(folder: Path) -> Iterator[int]:
        """The folder as a descriptor, reached through no link: what was followed is followed already."""
        handle = os.open(folder.anchor, FOLDER)
        try:
            for part in folder.parts[1:]:
                inner = os.open(part, FOLDER, dir_fd=handle)
                os.close(handle)
                handle = inner
            yield handle
        finally:
            os.close(handle)

    def _status(name: str, folder: int) -> os.stat_result | None:
        """What has this name, if it may be written to; None: nothing has. Raises OSError."""
        try:
            old = os.stat(name or ".", dir_fd=folder, follow_symlinks=False)  # nothing is left of /
        except FileNotFoundError:
            return None
        if stat.S_ISDIR(old.st_mode):
            raise IsADirectoryError(errno.EISDIR, "is a directory; name a file")
        if not (stat.S_ISREG(old.st_mode) or stat.S_ISFIFO(old.st_mode) or stat.S_ISCHR(old.st_mode)):
            raise OSError(errno.EINVAL, "is neither a file nor a stream")  # a link: laid there this moment
        around = os.stat(".", dir_fd=folder)
        shared = around.st_mode & stat.S_ISVTX and around.st_mode & stat.S_IWOTH
        if shared and not stat.S_ISCHR(old.st_mode) and old.st_uid not in {0, os.geteuid(), around.st_uid}:
            raise PermissionError(errno.EACCES, FOREIGN)
        return old

    def _replace(name: str, folder: int, content: Iterable[bytes], old: os.stat_result | None) -> None:
        draft = f".portcheck.{secrets.token_hex(8)}.tmp"
        try:
            handle = _opened_draft(draft, folder, old)
        except OSError as error:
            if old is None or error.errno not in CLOSED_FOLDER:
                raise
            _in_place(name, folder, content)
            return
        try:
            with os.fdopen(handle, "wb") as file:
                file.writelines(content)
                file.flush()
                os.fsync(handle)
            try:
                os.replace(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
            except OSError as error:
                if old is None or error.errno not in CLOSED_FOLDER:
                    raise
                with os.fdopen(os.open(draft, os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder), "rb") as written:
                    _in_place(name, folder, written)
                os.unlink(draft, dir_fd=folder)
        except BaseException:
            os.unlink(draft, dir_fd=folder)
            raise

    def _opened_draft(name: str, folder: int, old: os.stat_result | None) -> int:
        """A new file beside, which looks like the old one; without one, the umask decides."""
        handle = os.open(name, DRAFT, 0o666 if old is None else 0o600, dir_fd=folder)
        try:
            if old is not None:
                _make_like(handle, old)
        except BaseException:
            os.close(handle)
            os.unlink(name, dir_fd=folder)
            raise
        return handle

    def _make_like(handle: int, old: os.stat_result) -> None:
        """Owner, group and mode, in this order: a change of owner takes bits off the mode."""
        for owner in (old.st_uid, -1):  # the group alone may be allowed
            with suppress(PermissionError):
                os.fchown(handle, owner, old.st_gid)
                break
        os.fchmod(handle, stat.S_IMODE(old.st_mode))

    def _in_place(name: str, folder: int, content: Iterable[bytes]) -> None:
        handle = os.open(name, THERE, dir_fd=folder)
        with os.fdopen(handle, "wb") as file:
            file.writelines(content)
            file.truncate()
            file.flush()
            os.fsync(handle)

    def _to_descriptor(number: int, content: Iterable[bytes]) -> None:
        """Where this process's own stream stands. Whoever leaves stdout early (`| head`) changes nothing."""
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        handle = os.dup(number)
        try:
            _pour(handle, content)
        except BrokenPipeError:
            if number != 1:
                raise OSError(errno.EPIPE, "its reader left before the end") from None
        finally:
            os.close(handle)

    def _to_stream(name: str, folder: int, content: Iterable[bytes]) -> None:
        """A pipe or a device; a pipe that nobody reads from is a TimeoutError."""
        handle = _opened_stream(name, folder)
        try:
            _pour(handle, content)
        except BrokenPipeError:
            raise OSError(errno.EPIPE, "its reader left before the end") from None
        finally:
            os.close(handle)

    def _opened_stream(name: str, folder: int) -> int:
        ends = time.monotonic() + PATIENCE_S
        while True:
            try:
                return os.open(name, THERE | os.O_NONBLOCK, dir_fd=folder)
            except OSError as error:
                if error.errno != errno.ENXIO:  # a pipe without a reader
                    raise
            if time.monotonic() >= ends:
                raise TimeoutError(None, "a pipe from which nobody reads")
            time.sleep(0.02)  # nothing tells of a reader's coming

    def _pour(handle: int, content: Iterable[bytes]) -> None:
        ready = select.poll()
        ready.register(handle, select.POLLOUT)
        for chunk in content:
            left = memoryview(chunk)
            while left:
                try:
                    left = left[os.write(handle, left) :]
                except BlockingIOError:
                    if not ready.poll(PATIENCE_S * 1000):
                        raise TimeoutError(None, "a pipe from which nobody reads") from None

    def _refuse(path: Path) -> None:
        where = place(path)
        if isinstance(where, int):
            if fcntl.fcntl(where, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
                raise OSError(errno.EBADF, "is open for reading only")
            return
        with _opened(where.parent) as folder:
            old = _status(where.name, folder)
            if (old is None or stat.S_ISREG(old.st_mode)) and _takes_new(folder, old):
                return
            if old is None:
                raise PermissionError(errno.EACCES, f"no new file may be made in {where.parent}")
            if not os.access(where.name, os.W_OK, dir_fd=folder, effective_ids=_effective()):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    def _takes_new(folder: int, old: os.stat_result | None) -> bool:
        """Whether a new file may be made there, and put in the old one's place."""
        if not os.access(".", os.W_OK | os.X_OK, dir_fd=folder, effective_ids=_effective()):
            return False
        around = os.stat(".", dir_fd=folder)
        own = old is None or os.geteuid() in {0, old.st_uid, around.st_uid}
        return own or not around.st_mode & stat.S_ISVTX

    def _effective() -> bool:
        return os.access in os.supports_effective_ids

else:
    import re
    import time

    DEVICES = {"CON", "PRN", "AUX", "NUL"} | {f"{name}{number}" for name in ("COM", "LPT") for number in range(1, 10)}
    """Reserved in every folder, whatever follows the first dot (Microsoft: Naming Files, Paths, and Namespaces)."""
    NEVER = re.compile(r'[<>:"|?*\x00-\x1f]')
    """In no name (the same page): a colon, as times have it, would name a stream within another file."""
    LONGEST = 255  # UTF-16 units, of a name in a folder
    HELD_S = 2.0
    """So long a virus scanner or an indexer may have a file open that is to be replaced."""
    HELD = "cannot be replaced: another program has it open, or this user may not; close it there, or name another file"

    def _write(path: Path, content: Iterable[bytes]) -> None:
        by_name = _is_device(path)
        where = path if by_name else _place(path)
        if by_name or (where.exists() and not where.is_file()):
            with where.open("wb") as device:
                device.writelines(content)
            return
        draft = where.with_name(f".portcheck.{secrets.token_hex(8)}.tmp")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_BINARY, 0o666)
        try:
            with os.fdopen(handle, "wb") as file:
                file.writelines(content)
                file.flush()
                os.fsync(handle)
            _put(draft, where)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise

    def _is_device(path: Path) -> bool:
        """NUL, CON: by name, for not every system tells more of them."""
        return path.name.partition(".")[0].rstrip().upper() in DEVICES

    def _refuse(path: Path) -> None:
        if _is_device(path):  # of them os.access knows nothing
            path.open("wb").close()
            return
        where = _place(path)
        if where.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a directory; name a file")
        if not where.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        if not os.access(where if where.exists() else where.parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    def _place(path: Path) -> Path:
        """As `place`. Raises ValueError for what is no name."""
        if odd := NEVER.search(path.name):
            raise ValueError(f"Windows has no {odd[0]!r} in names")
        if len(path.name.encode("utf-16-le")) > 2 * LONGEST:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        where = place(path)
        assert not isinstance(where, int)
        return where

    def _put(draft: Path, where: Path) -> None:
        """In the place of the old one, once nobody has that open."""
        ends = time.monotonic() + HELD_S
        while True:
            try:
                os.replace(draft, where)  # noqa: PTH105 - as above
            except PermissionError:
                if time.monotonic() >= ends:
                    raise PermissionError(errno.EACCES, HELD) from None
                time.sleep(0.05)  # nothing tells when it is closed
            else:
                return
