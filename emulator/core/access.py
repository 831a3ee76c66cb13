"""Access tokens in the form of Entra ID's: what one says and whom it lets in; it signs none, and reads no clock.

The form is that of a managed identity's token for Azure OpenAI (version 1.0). In Azure the roles of a principal are not
in its token but looked up; here the token brings them, so that a test says which there are.
"""

from collections.abc import Mapping
from typing import Any

from emulator.core.errors import ApiError
from emulator.core.ids import as_uuid, digest
from emulator.core.records import dataclass

LONGEST = 16 * 1024  # characters of a token; the longest of the service have a few thousand
AUDIENCES = ("https://cognitiveservices.azure.com", "https://ai.azure.com")
# The built-in roles of Azure that may use the API. Others, such as Reader, have none of its data actions.
ROLES = (
    "Cognitive Services OpenAI User",
    "Cognitive Services OpenAI Contributor",
    "Cognitive Services Contributor",
    "Cognitive Services User",
    "Azure AI Developer",
    "Azure AI User",
)
_VERBS = {"POST": "write", "DELETE": "delete"}

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What somebody asks of the issuer: for whom, for which resource, with which roles, for how many seconds."""

    resource: str
    tenant: str
    lifetime: float
    client_id: str = ""
    object_id: str = ""
    resource_id: str = ""
    roles: tuple[str, ...] = ROLES[:1]


def issuer_of(tenant: str) -> str:
    """The `iss` of a tenant's tokens; it is the service's own, and independent of where the emulator is reached."""
    return f"https://sts.windows.net/{tenant}/"


def claims_of(asked: TokenRequest, now: float, token_id: str) -> dict[str, Any]:
    """The claims of the token that was asked for, issued at second `now`."""
    app = asked.client_id or as_uuid(digest(f"identity {asked.resource_id or asked.object_id}"))
    principal = asked.object_id or as_uuid(digest(f"principal {app}"))
    return {
        "aud": asked.resource,
        "iss": issuer_of(asked.tenant),
        "iat": int(now),
        "nbf": int(now),
        "exp": int(now + asked.lifetime),
        "appid": app,
        "appidacr": "2",
        "idp": issuer_of(asked.tenant),
        "idtyp": "app",
        "oid": principal,
        **({"roles": list(asked.roles)} if asked.roles else {}),
        "sub": principal,
        "tid": asked.tenant,
        "uti": token_id,
        "ver": "1.0",
        **({"xms_mirid": asked.resource_id} if asked.resource_id else {}),
    }


def is_token(credential: str) -> bool:
    """Whether a bearer credential is meant as an access token: parts with dots between, or the first of one."""
    return credential.count(".") >= 2 or credential.startswith("eyJ")


def check_times(claims: Claims, now: float, shown: str) -> None:
    """Raise where a token is not valid at second `now`; `shown` is what an error may show of it."""
    if not claims["nbf"] <= now < claims["exp"]:
        raise ApiError("bad_token", key=shown)


def check_roles(claims: Claims, method: str, path: str) -> None:
    """Raise where none of a token's roles may use the API; `path` is that of the API, such as /responses/resp_1."""
    if not set(ROLES).isdisjoint(claims.get("roles", ())):
        return
    resource = path.strip("/").partition("/")[0]
    action = f"Microsoft.CognitiveServices/accounts/OpenAI/{resource}/{_VERBS.get(method, 'read')}"
    raise ApiError("no_role", principal=claims["oid"], action=action, operation=f"{method} /openai/{resource}")
