"""All rules, cause before consequence: what a rule explains is no fault to those after it."""

from __future__ import annotations

from portcheck.diagnose.rule import Rule
from portcheck.diagnose.rules.account import ACCOUNT, KNOWN, UNPROVEN
from portcheck.diagnose.rules.addresses import ADDRESSES
from portcheck.diagnose.rules.barred import BARRED
from portcheck.diagnose.rules.beyond import BEYOND
from portcheck.diagnose.rules.certificates import CERTIFICATES
from portcheck.diagnose.rules.clients import CLIENTS, SITE
from portcheck.diagnose.rules.clock import CLOCK
from portcheck.diagnose.rules.families import FAMILIES
from portcheck.diagnose.rules.hosts import HOSTS, SOME
from portcheck.diagnose.rules.identity import IDENTITY
from portcheck.diagnose.rules.idle import IDLE
from portcheck.diagnose.rules.locating import LOCATING
from portcheck.diagnose.rules.mapper import MAPPER
from portcheck.diagnose.rules.missing import MISSING
from portcheck.diagnose.rules.names import SERVERS
from portcheck.diagnose.rules.outside import FORGETFUL, OUTSIDE
from portcheck.diagnose.rules.passed_over import PASSED_OVER
from portcheck.diagnose.rules.path import CUT, TOLD, WHOLE
from portcheck.diagnose.rules.reachability import REACHABILITY
from portcheck.diagnose.rules.records import RECORDS
from portcheck.diagnose.rules.remaining import REMAINING
from portcheck.diagnose.rules.resolvers import ANSWERERS, HINDERED, MISLEADING
from portcheck.diagnose.rules.roles import LEFT_OUT, LOCAL, ROLES, WELL
from portcheck.diagnose.rules.routes import ROUTES
from portcheck.diagnose.rules.services import DOWN, TALK
from portcheck.diagnose.rules.spare import ELSEWHERE_UP
from portcheck.diagnose.rules.strays import STRAYS
from portcheck.diagnose.rules.systems import BEHIND, SYSTEMS
from portcheck.diagnose.rules.tls import INTERCEPTION
from portcheck.diagnose.rules.twins import TWINS
from portcheck.diagnose.rules.unsteady import UNSTEADY
from portcheck.diagnose.rules.views import MISLED, VIEWS
from portcheck.diagnose.rules.ways import BURST, BY_PORT, HALF

RULES: tuple[Rule, ...] = (
    *IDENTITY,
    *TWINS,
    *ACCOUNT,
    *OUTSIDE,
    *BURST,
    *MISLEADING,
    *UNSTEADY,
    *PASSED_OVER,
    *MISLED,
    *STRAYS,
    *SITE,
    *BEHIND,
    *BY_PORT,
    *HALF,
    *FAMILIES,
    *HOSTS,
    *BEYOND,
    *BARRED,
    *ROUTES,
    *WHOLE,
    *CUT,
    *ANSWERERS,
    *SERVERS,
    *MISSING,
    *RECORDS,
    *VIEWS,
    *HINDERED,
    *LOCAL,
    *ELSEWHERE_UP,
    *DOWN,
    *MAPPER,
    *LOCATING,
    *REACHABILITY,
    *TALK,
    *REMAINING,
    *ADDRESSES,
    *CLIENTS,
    *CLOCK,
    *INTERCEPTION,
    *CERTIFICATES,
    *SOME,
    *IDLE,
    *TOLD,
    *ROLES,
    *SYSTEMS,
    *FORGETFUL,
    *LEFT_OUT,
    *KNOWN,
    *UNPROVEN,
    *WELL,
)
