"""Whose signature the programs of the embedded Python carry, by osslsigncode; and what that does not prove."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

SIGNER = "CN=Python Software Foundation"
SIGNED = ("python.exe", "pythonw.exe", "python313.dll", "_ssl.pyd", "_socket.pyd", "_ctypes.pyd", "libcrypto-3.dll")
DIGEST = re.compile(r"(?:Current|Calculated) message digest\s*: ([0-9A-F]+)")


class ForeignError(Exception):
    """A program that was changed after it was signed, or is signed by somebody else."""


def verified(python: Path) -> str:
    """Each file is unchanged since it was signed in that name.

    Microsoft's root, to which the chain leads, is in no store of Linux: that the name is rightly borne rests on the
    archive's hash, and on Windows, which verifies the chain itself.
    """
    if shutil.which("osslsigncode") is None:
        return "signatures not looked at (osslsigncode is not installed)"
    for name in SIGNED:
        asked = ["osslsigncode", "verify", "-in", str(python / name)]
        said = subprocess.run(asked, capture_output=True, text=True, errors="replace", timeout=60, check=False).stdout
        digests = DIGEST.findall(said)
        if len(digests) != 2 or digests[0] != digests[1] or SIGNER not in said:
            raise ForeignError(f"{name} is not as the Python Software Foundation signed it")
    return f"{len(SIGNED)} programs unchanged since they were signed as {SIGNER[3:]}"
