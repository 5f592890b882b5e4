"""The beginning of the one-file form: unpacks what is behind it once, where this user alone may write, and runs it."""

# A Python that is too old has to be able to read this far: no newer words than it has.

import os
import sys
import tempfile
import zipfile

if sys.version_info < (3, 11):  # noqa: UP036 - whichever Python runs it, it is told
    sys.exit("portcheck: needs Python 3.11 or newer; this is %d.%d" % sys.version_info[:2])


def unpacked(archive):
    """The folder; beside the cache, for this run alone, where the cache may not be written or is somebody else's."""
    with zipfile.ZipFile(archive) as content:
        stamp = content.read("stamp").decode("ascii")
        base = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "portcheck")
        place = os.path.join(base, stamp)
        if mine(place):
            return place
        try:
            os.makedirs(base, mode=0o700, exist_ok=True)
            draft = tempfile.mkdtemp(prefix="draft-", dir=base)
        except OSError:
            base, draft = "", tempfile.mkdtemp(prefix="portcheck-")
        content.extractall(draft)
    if not base or not mine(base):
        return draft
    try:
        os.rename(draft, place)
    except OSError:  # another run was first
        return place if mine(place) else draft
    return place


def mine(folder):
    try:
        status = os.stat(folder)
    except OSError:
        return False
    return not hasattr(os, "geteuid") or (status.st_uid == os.geteuid() and not status.st_mode & 0o022)


sys.path.insert(0, os.path.join(unpacked(sys.path[0] if sys.path[0].endswith(".pyz") else sys.argv[0]), "lib"))
from portcheck.__main__ import main  # noqa: E402

main()
