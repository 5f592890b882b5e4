"""A SID as systems show it: text, hexadecimal, base64, LDAP filter, decimal bytes; and from any of them back.

The decimal bytes run together, which some sync views show, cannot be turned back: where one byte ends is lost.
"""

from __future__ import annotations

import base64
import binascii
import re

from portcheck.wire import WireError
from portcheck.wire.sid import Sid, parse, unpack

LONGEST = 1000
ESCAPED = re.compile(r"(\\[0-9a-fA-F]{2})+")
HEX = re.compile(r"(?:0x)?(01(?:[ :,-]?[0-9a-f]{2})*)", re.IGNORECASE)  # every SID begins with the byte 1
DECIMAL = re.compile(r"[\[({]?\s*(0{0,2}1(?:(?:\s*,\s*|\s+|\.)[0-9]{1,3})+)\s*[\])}]?")
RUN_TOGETHER = re.compile(r"1(1[0-5]|[0-9])0000[0-9]*")
BASE64 = re.compile(r"AQ[A-Za-z0-9+/_-]{9,}={0,2}")
LOSSY = (
    "decimal bytes run together cannot be turned back, because where one byte ends is lost;"
    " give the SID you expect here, and compare the line 'run together'"
)
KNOWN = "a SID as S-1-5-21-…, hexadecimal, base64, LDAP filter (\\01\\05…) or decimal bytes (1 5 0 …)"


def read(value: str) -> Sid:
    """From whichever form `value` has. WireError says in plain words why it is none."""
    text = value.strip().strip("'\"").strip()
    if len(text) > LONGEST:
        raise WireError(f"too long for a SID; give {KNOWN}")
    if text[:2].upper() == "S-":
        return parse(text)
    return unpack(_bytes(text))


def _bytes(text: str) -> bytes:
    if RUN_TOGETHER.fullmatch(text):
        raise WireError(LOSSY)
    if ESCAPED.fullmatch(text):
        return bytes.fromhex(text.replace("\\", ""))
    if found := HEX.fullmatch(text):
        return bytes.fromhex(re.sub("[ :,-]", "", found[1]))
    if found := DECIMAL.fullmatch(text):
        return _decimal(found[1])
    if BASE64.fullmatch(text):
        return _base64(text)
    raise WireError(f"not a SID; give {KNOWN}")


def _decimal(text: str) -> bytes:
    numbers = [int(number) for number in re.split(r"[\s,.]+", text)]
    if max(numbers) > 255:
        raise WireError(f"{max(numbers)} is not a byte; decimal bytes go from 0 to 255")
    return bytes(numbers)


def _base64(text: str) -> bytes:
    """Also the alphabet of URLs, and without the padding at the end."""
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error:
        raise WireError("not base64 of whole bytes") from None


def forms(sid: Sid) -> dict[str, str]:
    """The SID in every form, by the name of the form."""
    data = sid.pack()
    return {
        "string": str(sid),
        "hex": data.hex(),
        "base64": base64.b64encode(data).decode("ascii"),
        "filter": "".join(f"\\{byte:02x}" for byte in data),
        "bytes": " ".join(map(str, data)),
        "run_together": "".join(map(str, data)),
    }
