"""Who may come in: any credential, or only the configured ones; it stores none and shows none."""

from collections.abc import Mapping
from hmac import compare_digest

from emulator.core.errors import ApiError


def check_credentials(headers: Mapping[str, str], keys: tuple[str, ...]) -> None:
    """Accept `api-key` or `Authorization: Bearer`, or both; with `keys`, one of them must be among those."""
    given = [headers.get("api-key", "").strip()]
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        given.append(token.strip())
    given = [credential for credential in given if credential]
    if not given:
        raise ApiError("no_key")
    if keys and not any(_same(credential, key) for credential in given for key in keys):
        # An access token has three parts; a key that comes as a bearer token is still a key.
        if "api-key" not in headers and given[0].count(".") == 2:
            raise ApiError("bad_token", key=_masked(given[0]))
        raise ApiError("bad_key", key=_masked(given[0]))


def _same(one: str, other: str) -> bool:
    return compare_digest(one.encode(), other.encode())


def _masked(credential: str) -> str:
    """At most the last four characters, and those only of a long credential."""
    shown = credential[-4:] if len(credential) >= 16 else ""
    return "*" * 8 + shown
