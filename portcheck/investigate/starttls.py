"""A TLS port that cuts the ClientHello: does the controller have no certificate, or is the path at fault?"""

from __future__ import annotations

from portcheck.investigate.case import Case
from portcheck.model import Outcome, Stage, State
from portcheck.net.errors import NetError
from portcheck.net.network import Net
from portcheck.net.timeouts import Timeouts
from portcheck.wire import WireError, ldap
from portcheck.wire.ldap import UNAVAILABLE, ExtendedRequest
from portcheck.wire.ldap_answer import extended_code

PLAIN_TWIN = {"ldaps": "ldap", "gc-tls": "gc"}
MESSAGE_ID = 1
PATIENCE = Timeouts(connect_s=1.5, answer_s=2.0, attempts=2)


async def certificate(case: Case) -> None:
    """StartTLS on the plain port tells: `unavailable` means no certificate (MS-ADTS 5.1.1.2; reported for Windows).

    LDAP on 389 has asked that already where it answered in the first pass.
    """
    plain = case.answering("tcp")
    known = next((code for o in plain if isinstance(code := o.facts.get("start_tls_result"), int)), None)
    for outcome in case.having(State.RESET):
        name = PLAIN_TWIN.get(outcome.check.service)
        if name is None or outcome.stage is not Stage.TLS or {"tls_alert", "tls_error"} & outcome.facts.keys():
            continue
        twin = next((o for o in plain if o.check.service == name), None)
        if known is not None:
            _tell(case, outcome, "in the first pass", known)
        elif twin is not None and twin.check.port is not None:
            await _ask(case, outcome, twin.check.port)


async def _ask(case: Case, outcome: Outcome, port: int) -> None:
    net = Net(case.address, PATIENCE, source_ip=case.source_ip)
    try:
        with await net.tcp(port) as stream:
            await stream.send(ExtendedRequest(MESSAGE_ID).pack(), "StartTLS")
            code = extended_code(await stream.read_frame(ldap.frame, "StartTLS answer"), MESSAGE_ID)
    except (NetError, WireError):
        return
    _tell(case, outcome, f"on port {port}", code)


def _tell(case: Case, outcome: Outcome, where: str, code: int) -> None:
    without = code == UNAVAILABLE
    words = "unavailable: the controller has no certificate" if without else f"result {code}"
    case.note(outcome, "StartTLS", f"{where}: {words}", start_tls_result=code, no_certificate=without)
