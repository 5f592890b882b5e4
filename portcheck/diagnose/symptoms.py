"""Finding to what users see: catalogued error names, and the operations that fail where no check tells them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from portcheck.catalogue.endpoints import Use, uses_of
from portcheck.catalogue.profiles import built_in
from portcheck.diagnose.reader import text
from portcheck.frozen import dataclass
from portcheck.model import Outcome


@dataclass(frozen=True, slots=True)
class Symptom:
    """What one finding shows as. The catalogue says of each error where it is seen, and how sure that is."""

    errors: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()
    through: tuple[str, ...] = ()  # only what is done through these services fails; empty: through all that failed
    source: str = "OWN"  # the document behind the link from fault to error; a key of the catalogue's sources


KDC = ("kerberos", "kpasswd")
NO_KDC = ("kerberos-no-logon-server", "win32-1908")

SIGNED_IN = ("sign in", "import", "export")

SYMPTOMS: Mapping[str, Symptom] = {
    # Names
    "dns-blocked": Symptom(
        ("no-start-connection", "win32-1355", "win32-1460", "win32-2699"), ("find domain controllers",), source="JOIN"
    ),
    "dns-tcp-blocked": Symptom((), source="DNSTCP"),
    "srv-missing": Symptom(
        ("no-start-no-domain-controller", "kerberos-no-logon-server", "win32-1355", "krb5-realm-unknown"),
        ("find domain controllers",),
        source="MIM-ERR",
    ),
    "srv-stale": Symptom(("win32-1722", "win32-8524", "winsock-11001"), source="R1722"),
    "dc-unresolved": Symptom(("failed-connection", "winsock-11001")),
    "wrong-forest": Symptom(("win32-1396", "win32-1753"), source="REPL"),
    "two-domains-one-name": Symptom(("win32-1396",), source="REPL"),
    # One service
    "ldap-blocked": Symptom(
        ("failed-connection", "no-start-connection", "ldap-81", "ldap-85", "win32-58"), source="JOIN"
    ),
    "ldaps-blocked": Symptom(("failed-connection", "ldap-81")),
    "dc-locator-blocked": Symptom(("kerberos-no-logon-server", "win32-1355", "win32-1311"), source="UDPSOCK"),
    "kerberos-blocked": Symptom(
        ("kerberos-no-logon-server", "failed-authentication", "sspi-0x80090311", "win32-64", "krb5-kdc-unreach"),
        source="JOIN",
    ),
    "kpasswd-blocked": Symptom(("kerberos-no-logon-server",), source="KB2443871"),
    "rpc-mapper-blocked": Symptom(("win32-1722",), source="ADC-RPC"),
    "rpc-dynamic-blocked": Symptom(("win32-1722",), source="RPC-TS"),
    "rpc-interface-missing": Symptom(("win32-1753",), source="R1753"),
    "smb-blocked": Symptom(("win32-53", "win32-67")),
    "gc-blocked": Symptom(("win32-8417",)),
    "adws-blocked": Symptom(("adws-no-default-server",), source="COMMON"),
    "mim-service-blocked": Symptom(("stopped-server",), source="IDENTANDY"),
    # The path
    "host-unreachable": Symptom(("failed-connection", "win32-1722", "ldap-85", "winsock-10060"), source="FAR"),
    "one-way-path": Symptom(("win32-1722", "ldap-85", "winsock-10060"), source="FAR"),
    "partial-forest": Symptom(("kerberos-no-logon-server", "win32-1311"), source="FAR"),
    "connection-reset": Symptom(("winsock-10054",)),
    "mtu-black-hole": Symptom(("failed-search", "dropped-connection", "ldap-85", "win32-121"), source="MTU"),
    "fragments-dropped": Symptom(("win32-1311",), source="KTCP"),
    "packet-loss": Symptom(("win32-121",)),
    "idle-timeout": Symptom(("dropped-connection", "stopped-connectivity", "win32-64", "win32-1726"), source="ADTS"),
    # The host
    "service-down": Symptom(("winsock-10061", "win32-1225")),
    "time-skew": Symptom(
        ("kerberos-time-skew", "krb-37", "win32-1398"),
        ("sign in", "set and change passwords"),
        through=KDC,
        source="MIM-ERR",
    ),
    "certificate-expired": Symptom(("failed-connection", "sspi-0x80090328"), source="LDAPS"),
    "tls-failed": Symptom(("failed-connection",), source="LDAPS"),
    "read-only-dc": Symptom(("ldap-10", "win32-8235"), source="ADTS"),
    "dc-paused": Symptom(("win32-1908",), source="R1908"),
    # The account
    "credentials-rejected": Symptom(("failed-authentication", "no-start-credentials"), SIGNED_IN, source="ADC-ACCT"),
    "account-state": Symptom(("failed-authentication", "no-start-credentials"), SIGNED_IN, source="ADC-ACCT"),
    "signing-required": Symptom(("ldap-8", "failed-authentication"), SIGNED_IN, source="LDAPSIGN"),
    "channel-binding-required": Symptom(("sspi-0x80090346", "failed-authentication"), SIGNED_IN, source="LDAPCBT"),
    "rights-missing": Symptom(
        ("win32-8453", "failed-permission", "stopped-connectivity"), ("import", "synchronisation"), source="ADC-PHS"
    ),
}

ALSO_UNIX = frozenset({"domain-join", "ldap-app", "linux-member", "nas"})
"""Profiles of machines that may run Linux: there users see these beside the words of Windows."""

UNIX_ALONE = frozenset({"linux-member"})
"""Profiles of machines that run no Windows: nobody there sees its words."""
OF_WINDOWS = ("win32-", "sspi-", "winsock-", "adws-")

ON_UNIX: Mapping[str, tuple[str, ...]] = {
    "dns-blocked": ("resolver-again", "realm-no-such", "krb5-realm-cant-resolve"),
    "srv-missing": ("krb5-realm-unknown", "realm-no-such", "resolver-srv", "samba-join-find-dc", "java-no-kdc"),
    "dc-unresolved": ("resolver-noname", "krb5-realm-cant-resolve"),
    "ldap-blocked": ("ldap-81", "adcli-connect", "sssd-offline", "jndi-communication"),
    "ldaps-blocked": ("ldap-81", "jndi-communication"),
    "dc-locator-blocked": ("adcli-no-dc", "samba-join-find-dc", "sssd-dc-ping"),
    "kerberos-blocked": ("krb5-kdc-unreach", "java-kdc-timeout", "sssd-tgt"),
    "kerberos-udp-blocked": ("java-kdc-timeout",),
    "kpasswd-blocked": ("adcli-set-password", "krb5-kpasswd-unreach", "pam-chauthtok", "samba-password"),
    "smb-blocked": ("mount-cifs-timeout", "samba-connect", "sssd-gpo"),
    "rpc-mapper-blocked": ("samba-drs",),
    "host-unreachable": ("posix-etimedout", "krb5-kdc-unreach", "ldap-81"),
    "one-way-path": ("posix-etimedout",),
    "connection-reset": ("posix-econnreset",),
    "service-down": ("posix-econnrefused",),
    "time-skew": ("krb-37",),
    "certificate-expired": ("tls-expired",),
    "certificate-untrusted": ("tls-untrusted",),
    "certificate-name-mismatch": ("tls-name",),
    "tls-failed": ("tls-cut", "tls-starttls"),
    "tls-intercepted": ("tls-untrusted",),
    "signing-required": ("ldap-8",),
    "srv-stale": ("resolver-noname", "posix-etimedout", "samba-join-find-dc"),
    "wrong-forest": ("krb-68",),
    "two-domains-one-name": ("krb-6",),
    "dns-tcp-blocked": ("dns-truncated", "resolver-again"),
    "dns-slow": ("resolver-again",),
    "resolution-differs": ("resolver-noname",),
    "domain-address-dead": ("posix-etimedout", "jndi-communication"),
    "kerberos-name-mismatch": ("krb-7", "gss-bad-name"),
    "rpc-dynamic-blocked": ("samba-winbind", "samba-drs"),
    "rpc-interface-missing": ("samba-drs",),
    "gc-blocked": ("ldap-81", "jndi-communication"),
    "gc-tls-blocked": ("ldap-81", "jndi-communication"),
    "time-blocked": ("time-no-source",),
    "winrm-blocked": ("winrm-failed",),
    "mssql-blocked": ("sql-40",),
    "partial-forest": ("sssd-offline", "krb5-kdc-unreach"),
    "explicit-reject": ("posix-ehostunreach", "posix-econnrefused"),
    "rejected-by-turns": ("posix-ehostunreach",),
    "routing-loop": ("posix-ehostunreach",),
    "ipv6-blocked": ("posix-enetunreach", "posix-etimedout"),
    "asymmetric-path": ("posix-etimedout",),
    "mtu-black-hole": ("posix-etimedout", "java-kdc-timeout"),
    "fragments-dropped": ("krb5-kdc-unreach", "java-kdc-timeout"),
    "packet-loss": ("posix-etimedout",),
    "idle-timeout": ("posix-econnreset", "posix-epipe", "jndi-communication"),
    "service-mute": ("posix-etimedout", "ldap-85"),
    "wrong-service": ("tls-not-tls",),
    "middlebox-answers": ("posix-econnreset", "posix-etimedout"),
    "dc-paused": ("sssd-dc-ping",),
    "credentials-rejected": ("krb-24", "ldap-49"),
    "account-state": ("krb-18", "ldap-49"),
    "channel-binding-required": ("ldap-49-80090346",),
    "rights-missing": ("ldap-50", "adcli-create"),
    "certificate-no-san": ("tls-name",),
    "certificate-incomplete": ("tls-untrusted",),
    "local-fault": ("posix-eacces",),
    "local-ports-exhausted": ("posix-eaddrinuse",),
}
"""What kinit, adcli, SSSD, Samba, Java and OpenLDAP say of a finding."""

AD_49 = frozenset({"525", "52e", "530", "531", "532", "533", "568", "701", "773", "775"})
"""Sub-codes of LDAP 49 that the catalogue knows."""

WITHOUT: Mapping[str, tuple[str, ...]] = {
    "kerberos": NO_KDC,
    "kpasswd": ("kerberos-no-logon-server",),
    "ldap": ("failed-connection",),
    "ldaps": ("failed-connection",),
    "ldap-ping": ("win32-1355",),
    "rpc": ("win32-1722",),
    "gc": ("win32-8417",),
}
"""What a service shows as that is reached and does not do its work."""

OUT_OF_ORDER = frozenset({"service-down", "service-mute", "wrong-service", "middlebox-answers", "connection-reset"})
"""Findings that name whichever services they hold for."""


OUTSIDE: Mapping[str, Callable[[Use], tuple[str, ...]]] = {
    "cloud-blocked": lambda use: use.blocked,
    "tls-intercepted": lambda use: use.inspected,
}


SYNC = "sync-engine"
"""What profiles speak whose machine runs MIM's or Entra Connect's synchronisation engine."""
OF_THE_ENGINE = frozenset({
    "dropped-connection", "failed-authentication", "failed-connection", "failed-permission", "failed-search",
    "import", "export", "kerberos-no-logon-server", "kerberos-time-skew", "no-start-connection",
    "no-start-credentials", "no-start-no-domain-controller", "stopped-connectivity", "stopped-server",
    "synchronisation",
})  # fmt: skip
"""Error names and operations that nobody sees who does not run it."""


def errors(code: str, outcomes: Iterable[Outcome]) -> tuple[str, ...]:
    """The likeliest first, in the words of the profiles at hand."""
    known = tuple(outcomes)
    told = _spoken(_errors(code, known), known)
    return tuple(name for name in told if not name.startswith(OF_WINDOWS)) if unix_alone(known) else told


def _spoken(words: tuple[str, ...], outcomes: Iterable[Outcome]) -> tuple[str, ...]:
    return words if speak_sync(outcomes) else tuple(word for word in words if word not in OF_THE_ENGINE)


def speak_sync(outcomes: Iterable[Outcome]) -> bool:
    """Whether a profile that asked speaks the engine's words; where it is not known who asked, they are told."""
    names = {name for outcome in outcomes for name in outcome.check.profiles}
    return not names or any(name not in built_in() or SYNC in built_in()[name].speaks for name in names)


def unix_alone(outcomes: Iterable[Outcome]) -> bool:
    """Whether all who asked run no Windows."""
    names = {name for outcome in outcomes for name in outcome.check.profiles}
    return bool(names) and names <= UNIX_ALONE


def _errors(code: str, outcomes: Iterable[Outcome]) -> tuple[str, ...]:
    if code in OUTSIDE:
        return _outside(OUTSIDE[code], outcomes)
    told = (text(o, "ad_error") for o in outcomes) if code in {"credentials-rejected", "account-state"} else ()
    unix = ON_UNIX.get(code, ()) if any(ALSO_UNIX & set(o.check.profiles) for o in outcomes) else ()
    known = tuple(
        dict.fromkeys([*SYMPTOMS.get(code, Symptom()).errors, *unix, *(f"ldap-49-{n}" for n in told if n in AD_49)])
    )
    if code not in OUT_OF_ORDER:
        return known
    affected = dict.fromkeys(o.check.service for o in outcomes)
    return tuple(dict.fromkeys([*(name for s in affected for name in WITHOUT.get(s, ())), *known]))


def _outside(told: Callable[[Use], tuple[str, ...]], outcomes: Iterable[Outcome]) -> tuple[str, ...]:
    """What the cloud's endpoints say of themselves."""
    checks = (o.check for o in outcomes)
    uses = (use for check in checks for use in uses_of(check.service, check.host, check.profiles))
    return tuple(dict.fromkeys(name for use in uses for name in told(use)))


def breaks(code: str, outcomes: Iterable[Outcome]) -> tuple[str, ...]:
    """What the profiles do through the services that failed; else what the fault itself prevents."""
    symptom, known = SYMPTOMS.get(code, Symptom()), tuple(outcomes)
    failed = (o for o in known if not symptom.through or o.check.service in symptom.through)
    told = tuple(dict.fromkeys(operation for o in failed for operation in o.check.operations))
    return told or _spoken(symptom.breaks, known)
