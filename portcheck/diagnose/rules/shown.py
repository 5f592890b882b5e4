"""What a certificate says of itself: whose, signed by whom, sent with what."""

from __future__ import annotations

from portcheck.diagnose.reader import flag, printable, text, texts
from portcheck.diagnose.view import ForestFacts, endpoint
from portcheck.model import Outcome


def whose(o: Outcome) -> str:
    return f"{printable(o.check.host)} {o.check.name}" + (" (StartTLS)" if "start_tls_result" in o.facts else "")


def issuer(o: Outcome) -> str:
    return text(o, "certificate_issuer") or "an issuer it does not name"


def signs_itself(o: Outcome) -> bool:
    return text(o, "certificate_issuer") in {None, "", text(o, "certificate_subject")}


def sent_alone(o: Outcome) -> bool:
    """Without the certificate of whoever signed it, whatever else was sent (the root, and nothing between)."""
    sent = o.facts.get("certificate_chain")
    return isinstance(sent, list) and text(o, "certificate_issuer") not in sent and not signs_itself(o)


def may_be_below(o: Outcome, f: ForestFacts) -> bool:
    """Sent alone, where its signer is one of the forest's: it is sent with another certificate, which is trusted; or
    an authority of ca_file has signed nothing else that was seen, and it may stand below that one."""
    if not sent_alone(o):
        return False
    used = {text(other, "certificate_root") for other in f.report.outcomes}
    return _sent_elsewhere(o, f) or bool(set(texts(o, "ca_file_authorities")) - used)


def _sent_elsewhere(o: Outcome, f: ForestFacts) -> bool:
    """This machine came to trust another certificate by the signer's own."""
    trusted = (other for other in f.told("certificate_chain") if flag(other, "certificate_trusted"))
    return any(text(o, "certificate_issuer") in texts(other, "certificate_chain") for other in trusted)


def known_signer(o: Outcome) -> bool:
    """It leads to an authority that this machine trusts, and something else is held against it: dates, purpose, key."""
    return text(o, "certificate_distrust") not in {None, "", "issuer"}


def contradicted(o: Outcome, f: ForestFacts) -> bool:
    """The same host shows another key of another issuer, and this machine trusts that one: told as interception."""
    if may_be_below(o, f) or known_signer(o):
        return False
    where = endpoint(o)
    beside = (other for other in (f.at(where) if where is not None else ()) if flag(other, "certificate_trusted"))
    return any(issuer(other) != issuer(o) and _key(other) != _key(o) for other in beside)


def _key(o: Outcome) -> str | None:
    return text(o, "certificate_key_sha256")
