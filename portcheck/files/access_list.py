"""Who may read a file on Windows: its owner and its access list, by the open file itself, never by its name.

GetSecurityInfo, GetAce and their kin: https://learn.microsoft.com/windows/win32/secauthz/authorization-functions;
the well-known names: https://learn.microsoft.com/windows-server/identity/ad-ds/manage/understand-security-identifiers
"""

from __future__ import annotations

import sys

READ = 0x0000_0001 | 0x1000_0000 | 0x8000_0000  # FILE_READ_DATA, GENERIC_ALL, GENERIC_READ
CROWDS = {
    "S-1-1-0": "Everyone",
    "S-1-5-7": "Anonymous",
    "S-1-5-11": "Authenticated Users",
    "S-1-5-4": "Interactive",
    "S-1-5-2": "Network",
    "S-1-5-32-545": "Users",
    "S-1-5-32-546": "Guests",
}
DOMAIN_CROWDS = {"513": "Domain Users", "514": "Domain Guests", "515": "Domain Computers"}
SYSTEM = frozenset({"S-1-5-18", "S-1-5-32-544"})  # the system, and the machine's administrators


def crowd(sid: str) -> str | None:
    """The name of the group, if it is one that takes in people who have nothing to do with a secret."""
    head, _, last = sid.rpartition("-")
    return CROWDS.get(sid) or (DOMAIN_CROWDS.get(last) if head.startswith("S-1-5-21-") else None)


if sys.platform == "win32":
    import ctypes
    import msvcrt
    from collections.abc import Iterator
    from ctypes import byref, c_void_p, wintypes

    FILE_OBJECT, OWNER_AND_LIST, TOKEN_QUERY, TOKEN_USER = 1, 0x1 | 0x4, 0x8, 1
    ALLOWED, INHERIT_ONLY = 0, 0x8

    class _Entry(ctypes.Structure):  # ACCESS_ALLOWED_ACE
        _fields_ = (
            ("type", wintypes.BYTE),
            ("flags", wintypes.BYTE),
            ("size", wintypes.WORD),
            ("mask", wintypes.DWORD),
            ("sid", wintypes.DWORD),
        )

    def owner_and_readers(file: int) -> tuple[str, tuple[str, ...]]:
        """SIDs of the owner and of all whom an entry lets read; Everyone where there is no list. Raises OSError."""
        advapi, kernel = ctypes.WinDLL("advapi32"), ctypes.WinDLL("kernel32")
        owner, acl, descriptor = c_void_p(), c_void_p(), c_void_p()
        handle = wintypes.HANDLE(msvcrt.get_osfhandle(file))
        code = advapi.GetSecurityInfo(
            handle, FILE_OBJECT, OWNER_AND_LIST, byref(owner), None, byref(acl), None, byref(descriptor)
        )
        if code:
            raise ctypes.WinError(code)
        try:
            readers = tuple(_readers(advapi, acl)) if acl else ("S-1-1-0",)
            return _spelled(advapi, owner), readers
        finally:
            kernel.LocalFree(descriptor)

    def _readers(advapi: ctypes.WinDLL, acl: c_void_p) -> Iterator[str]:
        number, at = 0, c_void_p()
        while advapi.GetAce(acl, number, byref(at)):
            entry = _Entry.from_address(at.value or 0)
            if entry.type == ALLOWED and not entry.flags & INHERIT_ONLY and entry.mask & READ:
                yield _spelled(advapi, c_void_p((at.value or 0) + _Entry.sid.offset))
            number += 1

    def _spelled(advapi: ctypes.WinDLL, sid: c_void_p) -> str:
        text = wintypes.LPWSTR()
        if not advapi.ConvertSidToStringSidW(sid, byref(text)):
            raise ctypes.WinError()
        try:
            return text.value or ""
        finally:
            ctypes.WinDLL("kernel32").LocalFree(text)

    def myself() -> str:
        """The SID of the account that this process runs as. Raises OSError."""
        advapi, kernel = ctypes.WinDLL("advapi32"), ctypes.WinDLL("kernel32")
        kernel.GetCurrentProcess.restype = wintypes.HANDLE
        token, needed = wintypes.HANDLE(), wintypes.DWORD()
        if not advapi.OpenProcessToken(wintypes.HANDLE(kernel.GetCurrentProcess()), TOKEN_QUERY, byref(token)):
            raise ctypes.WinError()
        try:
            user = ctypes.create_string_buffer(256)
            if not advapi.GetTokenInformation(token, TOKEN_USER, user, len(user), byref(needed)):
                raise ctypes.WinError()
            return _spelled(advapi, c_void_p.from_buffer(user))  # TOKEN_USER begins with a pointer to the SID
        finally:
            kernel.CloseHandle(token)
