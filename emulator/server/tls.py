"""What a socket needs to speak TLS: a context from PEM files, or from the local authority; it serves nothing."""

import ssl
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from emulator.core.clock import machine_time
from emulator.core.records import dataclass
from emulator.settings import Settings, SettingsError, tls_authority, tls_folder


class TlsError(Exception):
    """The certificate cannot be used; the message says which, why and how to mend it."""


@dataclass(frozen=True, slots=True)
class Tls:
    """A server's context, and the file with the authority that clients must trust, if it is a local one."""

    context: ssl.SSLContext
    authority: Path | None = None


def tls_of(settings: Settings) -> Tls | None:
    """How a server with these settings speaks TLS; None: not at all. Raises TlsError and SettingsError."""
    cert, key = settings.tls_cert, settings.tls_key
    if settings.tls_auto:
        if cert or key:
            raise SettingsError("--tls-auto makes its own certificate: leave out --tls-cert and --tls-key")
        return _local(settings)
    if cert is None and key is None:
        return None
    if cert is None or key is None:
        raise SettingsError("--tls-cert and --tls-key belong together: give both; one file may be both")
    return Tls(_context(cert, key))


def _local(settings: Settings) -> Tls:
    if find_spec("cryptography") is None:
        raise SettingsError("--tls-auto needs the package cryptography: pip install 'responses-emulator[tls]'")
    from emulator.server.authority import server_pem

    folder = tls_folder(settings)
    try:
        pem = server_pem(folder, machine_time())
    except OSError as error:
        raise TlsError(
            f"{folder}: no certificate can be kept there: {error.strerror or error}: name another with --tls-dir"
        ) from error
    return Tls(_context(pem, pem), tls_authority(settings))


def _context(cert: Path, key: Path) -> ssl.SSLContext:
    for path, what in ((cert, "--tls-cert"), (key, "--tls-key")):
        try:
            path.read_bytes()
        except OSError as error:
            raise TlsError(f"{path}: {error.strerror or error} ({what}): name a PEM file that can be read") from error
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])

    def encrypted() -> NoReturn:  # else OpenSSL would ask the terminal
        raise TlsError(f"{key}: the key is encrypted (--tls-key): decrypt it first, as `openssl pkey` does")

    try:
        context.load_cert_chain(cert, key, password=encrypted)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise TlsError(
                f"{key}: this is not the key of {cert} (--tls-key): name the two that belong together"
            ) from None
        raise TlsError(
            f"{cert}, {key}: no certificate with its key: give PEM files, the server's certificate first"
        ) from None
    return context
