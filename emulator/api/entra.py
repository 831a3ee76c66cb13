"""The issuer of access tokens under `/_emulator/entra`: OAuth, its metadata and keys, and managed identity.

It speaks as Entra ID and App Service do, so that their client libraries need nothing but an address. It compares what a
client brings with `--api-keys`, and decides nothing about tokens (`core/access.py`).
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from functools import wraps
from urllib.parse import parse_qsl, unquote_plus

from starlette.requests import Request
from starlette.responses import Response

from emulator.api.auth import is_accepted
from emulator.api.call import CONTROL_LIMIT, Endpoint, answer, call_of, read_at_most
from emulator.core.access import ROLES, TokenRequest, issuer_of
from emulator.core.errors import ApiError, ErrorRow
from emulator.run.issuer import Issuer
from emulator.settings import TENANT, duration

BASE = "/_emulator/entra"
IDENTITY_VERSION = "2019-08-01"
LONGEST_LIFETIME = 366 * 86_400.0  # seconds
LONGEST_WORD = 500
ANY_TENANT = ("common", "organizations")  # of Entra's own; here each stands for the one tenant
# What a managed identity's field is called in a request; clients differ.
_IDENTITY = {
    "client_id": ("client_id", "clientid"),
    "object_id": ("object_id", "principal_id"),
    "resource_id": ("mi_res_id", "msi_res_id", "resource_id"),
}


class _Refused(Exception):  # noqa: N818 (an answer)
    """One error of RFC 6749, with the number that Entra gives it."""

    def __init__(self, error: str, number: int, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.body = {"error": error, "error_description": f"AADSTS{number}: {text}", "error_codes": [number]}


def _oauth(endpoint: Endpoint) -> Endpoint:
    """Answer what an endpoint refuses as OAuth does."""

    @wraps(endpoint)
    async def answering(request: Request) -> Response:
        try:
            return await endpoint(request)
        except _Refused as refused:
            return answer(refused.body, refused.status)

    return answering


def _issuer(request: Request) -> Issuer:
    found: Issuer = request.app.state.issuer
    return found


@_oauth
async def configuration(request: Request) -> Response:
    """GET .well-known/openid-configuration: where everything is, under the address that the client used."""
    tenant = _tenant(request)
    root = str(request.base_url).rstrip("/") + BASE
    if "tenant" in request.path_params:
        root += f"/{request.path_params['tenant']}"
    return answer(
        {
            "issuer": issuer_of(tenant),
            "token_endpoint": f"{root}/oauth2/v2.0/token",
            "jwks_uri": f"{root}/discovery/v2.0/keys",
            "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",  # clients want one, though nobody logs in here
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic", "private_key_jwt"],
            "response_types_supported": ["token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
    )


async def keys(request: Request) -> Response:
    """GET discovery/v2.0/keys: the public keys (JWKS), the same for every tenant."""
    return answer(await _issuer(request).key_set())


@_oauth
async def token(request: Request) -> Response:
    """POST oauth2/v2.0/token: a token for client credentials; a test may add `roles` and `lifetime`."""
    form = await _form(request)
    if form.get("grant_type") != "client_credentials":
        raise _Refused("unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
    client_id, secret = _basic(request)
    secret = secret or form.get("client_secret", "") or form.get("client_assertion", "")
    if not is_accepted(secret, call_of(request).namespace.settings.api_keys):
        raise _Refused("invalid_client", 7000215, "Invalid client secret provided.", 401)
    scope = form.get("scope", "")
    if " " in scope or not scope.endswith("/.default"):
        raise _Refused("invalid_scope", 1002012, "The scope of client credentials is one resource with /.default.")
    given = {"client_id": client_id, **form}
    asked = _token_request(request, given, scope.removesuffix("/.default"))
    text, _ = await _issuer(request).issue(call_of(request).namespace, asked)
    seconds = int(asked.lifetime)
    return answer({"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": text})


async def identity(request: Request) -> Response:
    """GET msi: a token for the managed identity, as App Service gives it; `expires_on` is of the namespace's clock."""
    call = call_of(request)
    given = dict(request.query_params)
    if given.get("api-version") != IDENTITY_VERSION:
        raise _no_identity(400, f"The api-version must be {IDENTITY_VERSION}, that of App Service.")
    if not is_accepted(call.headers.get("x-identity-header", ""), call.namespace.settings.api_keys):
        raise _no_identity(401, "The header X-IDENTITY-HEADER must be the value of IDENTITY_HEADER.")
    try:
        asked = _token_request(request, given, given.get("resource", ""))
        text, claims = await _issuer(request).issue(call.namespace, asked)
    except _Refused as refused:
        raise _no_identity(refused.status, refused.text) from None
    except ApiError as error:  # the package is missing: in this protocol's words, which client libraries show
        raise _no_identity(error.row.status, error.message) from None
    return answer(
        {
            "access_token": text,
            "client_id": claims["appid"],
            "expires_on": str(claims["exp"]),
            "resource": asked.resource,
            "token_type": "Bearer",
        }
    )


def _no_identity(status: int, message: str) -> ApiError:
    return ApiError("bad_control", own=ErrorRow(status, "{reason}", envelope="bare"), reason=message)


async def _form(request: Request) -> dict[str, str]:
    raw = await read_at_most(request, CONTROL_LIMIT)
    try:
        return dict(parse_qsl(raw.decode(), max_num_fields=100))
    except ValueError:  # of its encoding too
        raise _Refused(
            "invalid_request", 900144, "The body must be a form (application/x-www-form-urlencoded)."
        ) from None


def _basic(request: Request) -> tuple[str, str]:
    """The id and the secret of HTTP Basic, each URL-encoded (RFC 6749, 2.3.1); empty where there are none."""
    scheme, _, encoded = call_of(request).headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        client_id, _, secret = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise _Refused("invalid_client", 7000216, "The authorization header cannot be read.", 401) from None
    return unquote_plus(client_id), unquote_plus(secret)


def _token_request(request: Request, given: Mapping[str, str], resource: str) -> TokenRequest:
    """What is asked, with what a test may say of it: `roles` (or none) and `lifetime`; raises _Refused."""
    roles = given.get("roles")
    fields = {name: next((given[word] for word in words if given.get(word)), "") for name, words in _IDENTITY.items()}
    for value in (resource, *fields.values(), roles or ""):
        if len(value) > LONGEST_WORD:
            raise _Refused("invalid_request", 900144, f"A value is too long: at most {LONGEST_WORD} characters.")
    if not resource:
        raise _Refused(
            "invalid_resource", 500011, "The resource is missing, such as https://cognitiveservices.azure.com."
        )
    return TokenRequest(
        resource=resource,
        tenant=_tenant(request),
        lifetime=_lifetime(request, given.get("lifetime")),
        roles=ROLES[:1] if roles is None else _roles(roles),
        **fields,
    )


def _roles(text: str) -> tuple[str, ...]:
    words = tuple(word.strip() for word in text.split(",") if word.strip())
    return () if words == ("none",) else words


def _lifetime(request: Request, text: str | None) -> float:
    """Seconds that a token is to be valid: what was asked for, such as 5m, or the server's setting."""
    if text is None:
        return call_of(request).namespace.settings.entra_lifetime
    try:
        seconds = duration(text[:50])
    except ValueError as error:
        raise _Refused("invalid_request", 900144, f"'lifetime' {error}.") from None
    if not 1 <= seconds <= LONGEST_LIFETIME:
        raise _Refused("invalid_request", 900144, "'lifetime' must be from 1s to 366d.")
    return seconds


def _tenant(request: Request) -> str:
    """The tenant that the path names, or the server's."""
    own = call_of(request).namespace.settings.entra_tenant
    named = str(request.path_params.get("tenant", own)).lower()
    if named in ANY_TENANT:
        return own
    if not re.fullmatch(TENANT, named):
        raise _Refused("invalid_request", 900023, "The tenant of the path must be an id (a GUID), or common.")
    return named
