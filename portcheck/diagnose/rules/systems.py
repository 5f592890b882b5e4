"""The machines around a forest: not named although the profile needs them, or asked from the wrong end."""

from __future__ import annotations

from portcheck.catalogue.profiles import OPENERS
from portcheck.diagnose.phrases import listed, services
from portcheck.diagnose.reader import flag, printable, text
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.view import ForestFacts
from portcheck.model import Severity, Stage, State
from portcheck.model.target import DC

NOTIFYING = "pcns"
"""The profile whose connections are opened by domain controllers."""


def _unnamed(f: ForestFacts) -> Proof | None:
    """Required of a machine that nobody named: not asked, which is not well."""
    proof = tuple(o for o in f.outcomes if flag(o, "not_named") is True and o.check.required)
    if not proof:
        return None
    roles = listed(dict.fromkeys(o.check.host for o in f.outcomes if flag(o, "not_named") is True))
    seen = (f"no machine is named as {roles}",)
    return Proof(proof, seen=seen, brief=True, severity=Severity.WARNING, words={"roles": roles})


def _reverse(f: ForestFacts) -> Proof | None:
    """The profile is about what others open: it was not asked, as long as this machine is not known as one of them."""
    proof = tuple(o for o in f.outcomes if text(o, "opened_elsewhere"))
    if not proof:
        return _asked_in_their_place(f)
    lacking = any(o.check.required and text(o, "opened_elsewhere") == OPENERS[DC] for o in proof)
    who = listed(dict.fromkeys(printable(text(o, "opened_elsewhere") or "") for o in proof))
    words = {
        "what": f"not asked from here, since others open it: {services(proof)}",
        "why": f"These connections are opened by {who}. From another machine a firewall may treat them otherwise.",
        "more": "; if this is one of them, name it in the forests file or by --dc" if lacking else "",
    }
    seen = (f"asked for from {_vantage(f)}",)
    return Proof(proof, seen=seen, brief=True, severity=Severity.WARNING if lacking else Severity.INFO, words=words)


def _asked_in_their_place(f: ForestFacts) -> Proof | None:
    """A run of an earlier version, which asked all the same."""
    named = {dc.host for dc in f.forest.domain_controllers}
    proof = tuple(o for o in f.outcomes if NOTIFYING in o.check.profiles and o.check.host not in named)
    own, controllers = set(f.report.vantage.addresses), {dc.address for dc in f.forest.domain_controllers}
    if not proof or not controllers or own & controllers:
        return None
    seen = (f"asked from {_vantage(f)}, which is no controller of the forest",)
    words = {
        "what": "password changes are told by domain controllers, and this machine is none of them",
        "why": (
            "Each domain controller with PCNS opens the connection to the MIM Synchronization server. What was asked"
            " here is this machine's own path; a firewall may treat the controllers otherwise."
        ),
        "more": "",
    }
    return Proof(proof, seen=seen, brief=True, severity=Severity.INFO, words=words)


def _vantage(f: ForestFacts) -> str:
    return listed(sorted(f.report.vantage.addresses)) or f.report.vantage.host


def _no_kdc_behind(f: ForestFacts) -> Proof | None:
    """The proxy takes the question, and says that nobody answered it, or says nothing in time."""
    asked = f.faults("kdc-proxy")
    said = tuple(o for o in asked if flag(o, "kdc_unreached") is True)
    waiting = tuple(o for o in asked if o.state is State.MUTE and o.stage is Stage.REQUEST and o not in said)
    if not said and not waiting:
        return None
    words = {"does": "answers that it reaches no KDC" if said else "takes the question and does not answer in time"}
    return Proof((*said, *waiting), f.answered("kerberos"), words=words)


BEHIND = (
    Rule(
        code="kdc-proxy-no-kdc",
        title="{forest}: the KDC proxy {hosts} {does}",
        explanation=(
            "The way to the proxy is open. It has to find a KDC of the realm and to reach it on 88/tcp, and may wait"
            " long for that; what lies between it and the domain controllers cannot be seen from here. It may also not"
            " serve this realm."
        ),
        fix=(
            "Ask whoever runs {names} whether it reaches 88/tcp of the domain controllers, whether they resolve there,"
            " and whether {forest} is among the realms that it serves."
        ),
        when=_no_kdc_behind,
    ),
)

SYSTEMS = (
    Rule(
        code="system-not-named",
        title="{forest}: not asked, because no machine is named for it: {services}",
        explanation=(
            "The profile needs these services of machines that no record in DNS announces. Until they are named,"
            " nothing is known of the path to them."
        ),
        fix="Name the machines: [[forest.system]] in the forests file, or --system ROLE=HOST (roles: {roles}).",
        when=_unnamed,
        beside=True,
    ),
    Rule(
        code="reverse-direction",
        title="{forest}: {what}",
        explanation="{why}",
        fix="Run portcheck check with this profile on the machines that open them{more}.",
        when=_reverse,
        beside=True,
    ),
)
