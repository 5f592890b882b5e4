"""A machine that has nothing left: how Python says so. It is no mistake of the program, and no answer of a peer."""

from __future__ import annotations

import errno

OWN_LIMITS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
FULL = "this machine had no memory, descriptor or thread left before the run was done"
NO_THREAD = "can't start new thread"  # a RuntimeError, with no class of its own
NO_REASON = "error return without exception set"  # a SystemError: not even for the MemoryError was there memory


def starved(error: object) -> bool:
    """Whether memory, descriptors or threads ran out; a library that cannot be loaded for want of them, too."""
    match error:
        case MemoryError():
            return True
        case OSError():
            return error.errno in OWN_LIMITS
        case ImportError():
            return not isinstance(error, ModuleNotFoundError)
        case SystemError():
            return NO_REASON in str(error)
        case RuntimeError():
            return str(error) == NO_THREAD
    return False
