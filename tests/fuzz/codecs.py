"""One fuzz target a wire codec: every function of `portcheck.wire` that is given a peer's bytes, by its module.

Those that take bytes and nothing more are found; the others are named here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import portcheck.wire
from portcheck.wire import (
    WireError,
    ber,
    compressed_names,
    epm,
    guid,
    kerberos_asn1,
    kerberos_preauth,
    ldap,
    ldap_filter,
    ntp,
    rootdse,
    sid,
    sid_forms,
    text,
    told_names,
    watermark,
)
from portcheck.wire.ldap_answer import extended_code
from portcheck.wire.ldap_bind import BindAnswer

Read = Callable[[bytes], object]


def as_text(read: Callable[[str], object]) -> Read:
    return lambda data: read(data.decode("utf-8", "surrogateescape"))


ODD: Mapping[str, tuple[Read, ...]] = {
    "ber": (lambda d: ber.whole(d, d[0] if d else 0),),
    "compressed_names": (lambda d: compressed_names.read_name(d, 0, len(d)),),
    "epm": (
        *(lambda d, word=word: epm.MapRequest.unpack(d, word) for word in (epm.NDR32, epm.NDR64)),
        *(lambda d, word=word: epm.unpack_map(d, word) for word in (epm.NDR32, epm.NDR64)),
    ),
    "kerberos_asn1": (lambda d: kerberos_asn1.message(d, d[0] & 0x1F if d else 0, 30),),
    "kerberos_preauth": (kerberos_preauth.preauth,),
    "ldap": (lambda d: ldap.AnswerFrame()(d),),
    "ldap_answer": (lambda d: extended_code(d, 1),),
    "ldap_bind": (lambda d: BindAnswer.unpack(d, 1),),
    "ldap_filter": (lambda d: ldap_filter.unpack(ber.read(d)[0]),),
    "ntp": (lambda d: ntp.NtpReply.unpack(d, d[24:32]),),
    "rootdse": (as_text(rootdse.relative_names), as_text(rootdse.dns_name), as_text(rootdse.site_of)),
    "sid": (as_text(sid.parse),),
    "sid_forms": (as_text(sid_forms.read),),
    "text": (lambda d: text.printable(d, "utf-16-le"),),
    "told_names": (as_text(told_names.dns_name), as_text(told_names.netbios_name)),
    "watermark": (as_text(watermark.in_text), lambda d: watermark.in_guid(guid.unpack(d))),
}
NO_BYTES_OF_A_PEER = {"cursor", "kerberos_codes"}
"""A reader for the others' use, and numbers with their names."""


def _takes_bytes(one: Any) -> bool:
    if not (inspect.isfunction(one) or inspect.ismethod(one)):
        return False
    given = list(inspect.signature(one).parameters.values())
    return bool(given) and given[0].annotation == "bytes" and all(p.default is not p.empty for p in given[1:])


def found(name: str) -> tuple[Read, ...]:
    """What a codec has that takes bytes: its functions, and the class methods of its classes."""
    module = import_module(f"portcheck.wire.{name}")
    own = [one for one in vars(module).values() if getattr(one, "__module__", "") == module.__name__]
    classes = [one for one in own if isinstance(one, type)]
    methods = [getattr(one, key) for one in classes for key, told in vars(one).items() if isinstance(told, classmethod)]
    return tuple(one for one in (*own, *methods) if _takes_bytes(one) and not one.__name__.startswith("_"))


MODULES = sorted(path.stem for path in Path(portcheck.wire.__file__).parent.glob("[!_]*.py"))
CODECS: Mapping[str, tuple[Read, ...]] = {
    name: (*found(name), *ODD.get(name, ())) for name in MODULES if name not in NO_BYTES_OF_A_PEER
}


def read_all(name: str) -> Read:
    """Each function of the module in turn: WireError is its answer to what it does not take."""

    def read(data: bytes) -> None:
        for one in CODECS[name]:
            try:
                one(data)
            except WireError:
                continue

    return read
