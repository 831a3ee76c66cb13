"""A certificate authority of this machine's user, and a certificate for this machine; it opens no socket.

Every file appears whole or not at all, and the first of several servers that start at once wins: all of them serve
certificates of one authority, which a client has to trust only once.
"""

import errno
import ipaddress
import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkstemp

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Pair = tuple[ec.EllipticCurvePrivateKey, x509.Certificate]

# The authority with its key, what clients are given of it, and the server's certificate with its key.
AUTHORITY, PUBLIC, SERVER = "authority.pem", "ca.pem", "server.pem"
NAMES: tuple[x509.GeneralName, ...] = (
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    x509.IPAddress(ipaddress.ip_address("::1")),
)
# Whoever stole its key could vouch for nothing else than this machine.
PERMITTED: tuple[x509.GeneralName, ...] = (
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_network("127.0.0.0/8")),
    x509.IPAddress(ipaddress.ip_network("::1/128")),
)
AUTHORITY_DAYS, SERVER_DAYS, RENEW_DAYS = 3650, 397, 30
_BEFORE = timedelta(days=1)  # the clocks of containers may be behind


def server_pem(folder: Path, now: float) -> Path:
    """The PEM file of a certificate for this machine, with its key and its authority; made where it is not there.

    `now` is in seconds since 1970. Raises OSError where the folder cannot be used, or has such files of somebody else.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    at = datetime.fromtimestamp(now, UTC)
    authority = _read(folder / AUTHORITY)
    if authority is None or _ends_soon(authority, at):
        _write(folder / AUTHORITY, _pem(*_authority(at)), replace=authority is not None)
        authority = _read(folder / AUTHORITY)
    if authority is None:
        raise FileNotFoundError(errno.ENOENT, "it was taken away while it was made", str(folder / AUTHORITY))
    public = authority[1].public_bytes(serialization.Encoding.PEM)
    if not _holds(folder / PUBLIC, public):
        _write(folder / PUBLIC, public, mode=0o644)
    found = _read(folder / SERVER)
    if found is None or _ends_soon(found, at) or not _is_signed(found[1], authority[1]):
        _write(folder / SERVER, _pem(*_server(authority, at)) + public)
    return folder / SERVER


def _authority(at: datetime) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Responses emulator, local authority")])
    usage = _usage(sign_certificates=True)
    made = (
        _builder(name, name, key, at, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.NameConstraints(permitted_subtrees=PERMITTED, excluded_subtrees=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return key, made.sign(key, hashes.SHA256())


def _server(authority: Pair, at: datetime) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    signer, issuer = authority
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    made = (
        _builder(name, issuer.subject, key, at, SERVER_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(NAMES), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(above, critical=False)
    )
    return key, made.sign(signer, hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, at: datetime, days: int
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(at - _BEFORE).not_valid_after(at + timedelta(days=days))


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> bytes:
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return private + certificate.public_bytes(serialization.Encoding.PEM)


def _read(path: Path) -> Pair | None:
    """The key and certificate of a file that was made here; None where there is no file. Raises OSError."""
    foreign = OSError(errno.EEXIST, f"{path.name} is not of the emulator's making: remove it", str(path))
    try:
        raw = path.read_bytes()
        key = serialization.load_pem_private_key(raw, password=None)
        certificate = x509.load_pem_x509_certificate(raw)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):  # TypeError: it is encrypted
        raise foreign from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise foreign
    return key, certificate


def _ends_soon(pair: Pair, at: datetime) -> bool:
    return pair[1].not_valid_after_utc - at < timedelta(days=RENEW_DAYS)


def _is_signed(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except Exception:  # noqa: BLE001 (the library says no in several ways)
        return False
    return True


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes() == data
    except FileNotFoundError:
        return False


def _write(path: Path, data: bytes, *, mode: int = 0o600, replace: bool = True) -> None:
    """Write a whole file at once; without `replace` one that is there stays."""
    number, name = mkstemp(dir=path.parent)  # readable for its owner alone
    draft = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
        draft.chmod(mode)
        if replace:
            draft.replace(path)
        else:
            with suppress(FileExistsError):
                path.hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)
