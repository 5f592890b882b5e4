"""Certificates for the lab: an authority the client trusts, another it does not, and what either issues."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files of a server: its certificate, its key, and the authority that vouches for it."""

    certificate: Path
    key: Path
    authority: Path


@dataclass(frozen=True, slots=True)
class Authority:
    """A certification authority that keeps its files in a folder."""

    name: str
    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.pem"

    def issue(
        self,
        names: tuple[str, ...],
        *,
        valid_days: float = 365,
        valid_from_days: float = -400,
        purposes: tuple[str, ...] = (ExtendedKeyUsageOID.SERVER_AUTH.dotted_string,),
        rsa_bits: int = 0,
        san: bool = True,
        addresses: tuple[str, ...] = (),
        chained: bool = False,
        label: str = "",
    ) -> Certificate:
        """A server certificate for these DNS names, and addresses; without `san` the first is its common name alone.

        Days are from now; `rsa_bits`: with such a key instead of EC; `chained`: the server sends this authority's too.
        """
        key: Key = rsa.generate_private_key(65537, rsa_bits) if rsa_bits else ec.generate_private_key(ec.SECP256R1())
        usage = x509.ExtendedKeyUsage([x509.ObjectIdentifier(purpose) for purpose in purposes])
        builder = _builder(names[0], self.certificate.subject, key.public_key(), valid_days, valid_from_days)
        if san:
            numbers = [x509.IPAddress(ip_address(one)) for one in addresses]
            shown = x509.SubjectAlternativeName([*map(x509.DNSName, names), *numbers])
            builder = builder.add_extension(shown, critical=False)
        signed = (
            builder.add_extension(usage, critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        stem = label or f"{self.name}-{names[0]}"
        files = Certificate(self.folder / f"{stem}.crt", self.folder / f"{stem}.key", self.file)
        sent = (signed, self.certificate) if chained else (signed,)
        files.certificate.write_bytes(b"".join(one.public_bytes(serialization.Encoding.PEM) for one in sent))
        files.key.write_bytes(_private(key))
        files.key.chmod(0o600)  # Samba refuses a key that others can read
        return files


def new_authority(name: str, folder: Path, above: Authority | None = None) -> Authority:
    """Its own root, or below the authority `above`."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, by = (key, subject) if above is None else (above.key, above.certificate.subject)
    certificate = (
        _builder(name, by, key.public_key(), 3650)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None if above is None else 0), critical=True)
        .add_extension(_may_sign_certificates(), critical=True)
        .sign(signer, hashes.SHA256())
    )
    authority = Authority(name, folder, key, certificate)
    authority.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return authority


def _builder(
    name: str, issuer: x509.Name, key: PublicKey, valid_days: float, valid_from_days: float = -400
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=valid_from_days))
        .not_valid_after(now + timedelta(days=valid_days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _may_sign_certificates() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _private(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
