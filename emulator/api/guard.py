"""Who may steer the emulator: nobody from a foreign page or under a foreign name; the API itself is never checked here.

A page in the developer's own browser can reach a server on loopback. So the control endpoints refuse what a browser
says comes from elsewhere, and names that a foreign domain could have been made to resolve to this machine.
"""

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.types import Scope

from emulator.api.auth import check_credentials
from emulator.core.errors import ApiError
from emulator.settings import Settings

OPEN = frozenset({"/_emulator/livez", "/_emulator/readyz"})  # probes come by address and bring no key
ISSUER = "/_emulator/entra/"  # its clients bring credentials of other kinds, which its endpoints check
OWN_NAMES = frozenset({"localhost", "host.docker.internal"})
OWN_SITES = frozenset({"", "none", "same-origin"})


def check_control(scope: Scope, path: str, headers: Mapping[str, str], settings: Settings) -> None:
    """Raise where a control request comes from a foreign page, under a foreign name, or from afar without a key."""
    if path in OPEN:
        return
    host = headers.get("host", "")
    if not _is_own(host, settings.allowed_hosts):
        raise ApiError("foreign_host", host=host[:100])
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        raise ApiError("foreign_origin", origin=origin[:100])
    if headers.get("sec-fetch-site", "") not in OWN_SITES:
        raise ApiError("foreign_origin", origin=headers["sec-fetch-site"][:100])
    if path.startswith(ISSUER):
        return
    client = scope.get("client")
    if client is not None and not _is_loopback(client[0]):
        check_credentials(headers, settings.api_keys)


@lru_cache(256)
def _is_own(host: str, allowed: tuple[str, ...]) -> bool:
    """An address, a name without a dot, this machine's own names, or one that was allowed."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    if name in OWN_NAMES or name in allowed or (name and "." not in name and ":" not in name):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


@lru_cache(256)
def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return True  # a socket of the file system
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback
