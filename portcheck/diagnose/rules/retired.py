"""A host that is up and no controller (any more): what its endpoint mapper does not know, held against its silence."""

from __future__ import annotations

from portcheck.diagnose import answers
from portcheck.diagnose.phrases import ports, short
from portcheck.diagnose.reader import flag
from portcheck.diagnose.rules.reachability import DIRECTORY as BEHIND_MAPPER
from portcheck.diagnose.view import NOT_ASKED, Endpoint, ForestFacts
from portcheck.model import BLOCKED, Outcome, State

NO_DIRECTORY = (
    "The endpoint mapper answers and knows no directory service there, and nothing else of a domain controller answers."
    " So the host is up and reached, and no controller (any more): Windows keeps silent on a port where nothing"
    " listens, as a firewall does. To open ports would not help."
)
MANY = 3
"""Ports of a directory that give no answer."""


def no_directory(f: ForestFacts, where: Endpoint) -> bool:
    """The mapper answers, and knows nothing of the directory's; nothing of a controller's answers but what any member
    of a domain has (its ports 135 and 445)."""
    if not any(o.state is State.OK for o in f.at(where, "rpc")):
        return False
    behind = [o for o in f.at(where) if o.check.service in BEHIND_MAPPER]
    told = [o for o in behind if o.check.service == REPLICATION] or behind  # of all, what controllers alone have
    unknown = bool(told) and all(flag(o, "interface_missing") is True for o in told)
    asked = _asked(f, where)
    quiet = all(o.state in BLOCKED or o.state is State.REFUSED for o in asked)
    return unknown and quiet and len({o.check.port for o in asked}) >= MANY


REPLICATION = "rpc-drsuapi"


def mapper_alone(f: ForestFacts, where: Endpoint) -> str:
    """What was seen of it."""
    at = short(where.host, f.forest.name)
    return f"the endpoint mapper of {at} answers, and knows no drsuapi; {ports(_asked(f, where))} do not answer"


def _asked(f: ForestFacts, where: Endpoint) -> list[Outcome]:
    return [o for o in f.at(where, *answers.DIRECTORY) if o.state not in NOT_ASKED]
