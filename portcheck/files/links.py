"""Where a path ends: its links followed one by one, this user's and the system's own ones only (symlink(7))."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from pathlib import Path

MOST_LINKS = 40  # as the kernel has it: path_resolution(7)
OWN = re.compile(r"/dev/(?P<name>stdin|stdout|stderr)|/(?:dev|proc/(?:self|(?P<pid>[0-9]+)))/fd/(?P<number>[0-9]{1,6})")
STREAMS = {"stdin": 0, "stdout": 1, "stderr": 2}
ANOTHERS_LINK = "is a link that another user laid; name the file itself"
TO_ANOTHERS = "is a link to another user's file; name the file itself"


def place(path: Path) -> Path | int:
    """The path with no link left in it, or the number of the descriptor of this process that it names.

    What has this name may not exist yet; its folder must. Raises OSError, and ValueError for a NUL in the name.
    """
    return _followed(path.absolute())


if sys.platform == "win32":

    def _followed(path: Path) -> Path | int:
        return Path(os.path.realpath(path))

else:

    def _followed(path: Path) -> Path | int:
        here, left, links = Path(path.anchor), list(reversed(path.parts[1:])), 0
        while left:
            part = left.pop()
            if part == "..":
                here = here.parent
                continue
            step = here / part
            if not left and (number := _descriptor(step)) is not None:
                return number
            status = _status(step, last=not left)
            if status is None or not stat.S_ISLNK(status.st_mode):
                here = step
                continue
            links += 1
            if links > MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            _refuse_foreign(step, status, last=not left)
            target = step.readlink()
            here = Path(target.anchor) if target.is_absolute() else here
            left += reversed(target.parts[1:] if target.is_absolute() else target.parts)
        return here

    def _descriptor(path: Path) -> int | None:
        """/dev/stdout, /dev/fd/63: written through the descriptor, for what is behind it can often not be opened."""
        named = OWN.fullmatch(str(path))
        if named is None or (named["pid"] and int(named["pid"]) != os.getpid()):
            return None
        return int(named["number"]) if named["number"] else STREAMS[named["name"]]

    def _status(path: Path, *, last: bool) -> os.stat_result | None:
        try:
            return path.lstat()
        except FileNotFoundError:
            if not last:
                raise
            return None

    def _refuse_foreign(link: Path, status: os.stat_result, *, last: bool) -> None:
        """A link of this user or of root is followed; a stranger's only to a folder that is the stranger's too.

        Whoever may lay a link where we write chooses the file that we overwrite with our rights.
        """
        me = os.geteuid()
        trusted = status.st_uid in {0, me}
        end = _end(link)
        if last:
            if not trusted:
                raise PermissionError(errno.EACCES, ANOTHERS_LINK)
            if end is not None and end.st_uid != me and not stat.S_ISCHR(end.st_mode) and not _is_pipe_of_ours(link):
                raise PermissionError(errno.EACCES, TO_ANOTHERS)
        elif not trusted and (end is None or end.st_uid != status.st_uid or _is_shared(link.parent, status.st_uid)):
            raise PermissionError(errno.EACCES, f"{link} {ANOTHERS_LINK}")

    def _end(link: Path) -> os.stat_result | None:
        try:
            return link.stat()
        except OSError:  # it leads nowhere yet
            return None

    def _is_pipe_of_ours(link: Path) -> bool:
        """A link to /dev/stdout and its like: what is behind it was opened by whoever started us."""
        return OWN.fullmatch(str(link.readlink())) is not None

    def _is_shared(folder: Path, owner: int) -> bool:
        """Where everyone may lay links and nobody remove another's, as in /tmp; its owner may."""
        status = folder.stat()
        return bool(status.st_mode & stat.S_ISVTX and status.st_mode & stat.S_IWOTH and status.st_uid != owner)
