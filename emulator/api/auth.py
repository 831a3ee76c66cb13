"""Who may come in: any credential, the configured keys, or access tokens; it stores none and shows none."""

from collections.abc import Mapping
from hmac import compare_digest

from emulator.core.access import is_token
from emulator.core.errors import ApiError


def check_credentials(headers: Mapping[str, str], keys: tuple[str, ...]) -> None:
    """Accept `api-key` or `Authorization: Bearer`, or both; with `keys`, one of them must be among those."""
    given = _given(headers)
    if keys and not any(_is_key(credential, keys) for credential in given):
        # A key that comes as a bearer token is still a key.
        if "api-key" not in headers and is_token(given[0]):
            raise ApiError("bad_token", key=masked(given[0]))
        raise ApiError("bad_key", key=masked(given[0]))


def refuse_keys(headers: Mapping[str, str]) -> None:
    """Raise what is said of a key where only access tokens are taken."""
    _given(headers)
    raise ApiError("key_disabled")


def access_token(headers: Mapping[str, str], keys: tuple[str, ...]) -> str | None:
    """The bearer credential where it is an access token, and none of the configured keys."""
    token = _bearer(headers)
    return token if is_token(token) and not _is_key(token, keys) else None


def is_accepted(credential: str, keys: tuple[str, ...]) -> bool:
    """Whether a secret that comes in no header of the API is one of the keys; without keys any is, but none at all."""
    return bool(credential) and (not keys or _is_key(credential, keys))


def _given(headers: Mapping[str, str]) -> list[str]:
    """The credentials that came; raises where there is none."""
    given = [credential for credential in (headers.get("api-key", "").strip(), _bearer(headers)) if credential]
    if not given:
        raise ApiError("no_key")
    return given


def _bearer(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _is_key(credential: str, keys: tuple[str, ...]) -> bool:
    return any(compare_digest(credential.encode(), key.encode()) for key in keys)


def masked(credential: str) -> str:
    """At most the last four characters, and those only of a long credential."""
    shown = credential[-4:] if len(credential) >= 16 else ""
    return "*" * 8 + shown
