"""A throwaway authority and its certificate for 127.0.0.1, made anew for each process, or kept in a folder."""

from __future__ import annotations

import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import IPv4Address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Certificate(NamedTuple):
    """Files in PEM: who to trust, what to show, and its key."""

    ca_file: Path
    cert_file: Path
    key_file: Path


DAYS = 30
_kept_in: Path | None = None


def keep_in(folder: Path) -> None:
    """From now on this process shows the certificate in `folder`, made where there is none that holds."""
    global _kept_in
    _kept_in = folder
    certificate.cache_clear()


@cache
def certificate() -> Certificate:
    """This process's certificate, valid for `DAYS`."""
    folder = _kept_in or Path(tempfile.mkdtemp(prefix="np-tls-"))
    if _kept_in is not None and _holds(folder / "cert.pem"):
        return Certificate(folder / "ca.pem", folder / "cert.pem", folder / "key.pem")
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = _sign("Throwaway CA", ca_key, issuer="Throwaway CA", issuer_key=ca_key, is_ca=True)
    leaf = _sign("localhost", key, issuer="Throwaway CA", issuer_key=ca_key, is_ca=False)
    files = Certificate(folder / "ca.pem", folder / "cert.pem", folder / "key.pem")
    files.ca_file.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    files.cert_file.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    files.key_file.touch(mode=0o600)
    files.key_file.write_bytes(pem_of(key).encode())
    return files


def server_tls(alpn: str = "h2") -> ssl.SSLContext:
    """What a simulator shows to its clients."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate().cert_file, certificate().key_file)
    context.set_alpn_protocols([alpn])
    return context


def pem_of(key: ec.EllipticCurvePrivateKey) -> str:
    """A private key in PKCS#8, as Apple's .p8 files are."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _holds(file: Path) -> bool:
    """Whether there is a certificate that is good for another week."""
    if not file.exists():
        return False
    until = x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc
    return until > datetime.now(UTC) + timedelta(days=7)


def _sign(
    name: str, key: ec.EllipticCurvePrivateKey, *, issuer: str, issuer_key: ec.EllipticCurvePrivateKey, is_ca: bool
) -> x509.Certificate:
    now = datetime.now(UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))]
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
