"""What a certificate says of itself: whose, signed by whom, sent with what."""

from __future__ import annotations

from portcheck.diagnose.reader import flag, printable, text
from portcheck.diagnose.view import ForestFacts, endpoint
from portcheck.model import Outcome


def whose(o: Outcome) -> str:
    return f"{printable(o.check.host)} {o.check.name}" + (" (StartTLS)" if "start_tls_result" in o.facts else "")


def issuer(o: Outcome) -> str:
    return text(o, "certificate_issuer") or "an issuer it does not name"


def signs_itself(o: Outcome) -> bool:
    return text(o, "certificate_issuer") in {None, "", text(o, "certificate_subject")}


def sent_alone(o: Outcome) -> bool:
    """Without the certificate of whoever signed it."""
    return o.facts.get("certificate_chain") == [] and not signs_itself(o)


def contradicted(o: Outcome, f: ForestFacts) -> bool:
    """The same host shows another key elsewhere, and this machine trusts that one: here something else answers."""
    where, key = endpoint(o), text(o, "certificate_key_sha256")
    beside = f.at(where) if where is not None else ()
    return any(flag(other, "certificate_trusted") and text(other, "certificate_key_sha256") != key for other in beside)
