"""Getting in: a connection to a directory, verified before anything secret may be sent through it."""

from __future__ import annotations

import socket
import ssl
from enum import StrEnum
from pathlib import Path

from portcheck.frozen import dataclass
from portcheck.model import Stage, State
from portcheck.net import errors
from portcheck.net.errors import NetError
from portcheck.net.ldap.channel import Channel
from portcheck.net.platform import sockets
from portcheck.net.timeline import Timeline
from portcheck.net.timeouts import Timeouts

WRONG_NAME, WRONG_ADDRESS = 62, 64  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED


class Cover(StrEnum):
    """What hides the conversation from others."""

    TLS = "ldaps"
    START_TLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class LdapConnection:
    """Where to go in, and how."""

    host: str  # the name that its certificate must have
    address: str
    port: int
    cover: Cover
    ca_file: Path | None = None
    source_ip: str | None = None


@dataclass(slots=True)
class NotVerifiedError(Exception):
    """The certificate was not verified, so nothing secret was sent."""

    reason: str

    def __str__(self) -> str:
        return self.reason


def connected(door: LdapConnection, patience: Timeouts, trail: Timeline) -> Channel:
    """A line to it, in clear. Raises NetError."""
    return Channel(_connected(door, patience, trail), patience.answer_s)


def _connected(door: LdapConnection, patience: Timeouts, trail: Timeline) -> socket.socket:
    trail.stage = Stage.CONNECT
    trail.attempts += 1
    try:
        sock = sockets.make(door.address, socket.SOCK_STREAM, door.source_ip)
    except OSError as error:
        raise errors.local(error) from None
    try:
        sock.settimeout(patience.connect_s)
        sock.connect(sockets.peer(door.address, door.port))
    except TimeoutError:
        sock.close()
        reason = f"no answer to the connection attempt in {patience.connect_s:g} s"
        raise NetError(State.FILTERED, reason, Stage.CONNECT) from None
    except OSError as error:
        sock.close()
        raise errors.while_connecting(error, None, door.address, None) from None
    trail.note("connected", f"to {door.address} port {door.port}")
    return sock


def cover(line: Channel, door: LdapConnection, trail: Timeline) -> None:
    """TLS around the line, the chain and the name verified. Raises NetError and NotVerifiedError."""
    trail.stage = Stage.TLS
    try:
        line.sock.settimeout(line.answer_s)
        line.sock = verifying(door.ca_file).wrap_socket(line.sock, server_hostname=door.host)
    except ssl.SSLCertVerificationError as error:
        raise NotVerifiedError(_why_not(error, door.host)) from None
    except ssl.SSLError as error:
        word = (error.reason or "unknown").lower().replace("_", " ")
        raise NetError(State.RESET, f"the TLS handshake was refused ({word})", Stage.TLS) from None
    except TimeoutError:
        raise NetError(State.MUTE, f"no answer to the TLS handshake in {line.answer_s:g} s", Stage.TLS) from None
    except OSError as error:
        raise errors.while_talking(error, None, door.address, None, Stage.TLS) from None
    except ValueError:  # a host name that TLS cannot carry
        raise NotVerifiedError("the host's name cannot be compared with a certificate") from None
    line.proven = True
    trail.note("tls", f"{line.sock.version()}, certificate verified for {door.host}")


def verifying(ca_file: Path | None) -> ssl.SSLContext:
    """For what is secret: chain and name must be right, by the system's store and `ca_file`."""
    context = ssl.create_default_context()
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # Samba's own CA lacks an authority key identifier
    if ca_file is not None:
        context.load_verify_locations(cafile=str(ca_file))
    return context


def _why_not(error: ssl.SSLCertVerificationError, host: str) -> str:
    if error.verify_code == WRONG_ADDRESS:
        return f"the certificate is not for {host}; name the host instead of its address"
    if error.verify_code == WRONG_NAME:
        return f"the certificate is not for {host}"
    if error.verify_code == EXPIRED:
        return "the certificate has expired"
    return f"this machine does not trust the certificate ({error.verify_message})"
