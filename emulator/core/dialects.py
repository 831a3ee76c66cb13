"""How Azure and OpenAI differ, as data: one frozen `Dialect` each, chosen by the path; no other file compares names."""

import re
from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any

from emulator.core.errors import ERRORS, ApiError, ErrorRow
from emulator.core.ids import as_uuid
from emulator.core.lazy_pattern import lazy_pattern
from emulator.core.records import dataclass

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Dialect:
    """One dialect of the wire. `errors` holds the rows that it words otherwise than `ERRORS`.

    A prefix may name a part that is anything, such as `{project}`. `headers` are those of every answer, `model_headers`
    those of what the model itself answers. `gateway_headers`: the gateway in front adds its id, its region and the id
    that the client gave. `timed`: each answer says how long it took; `limit_resets`: when a rate limit's window ends.
    `upload_status` answers an upload; files of `kept_purposes` cannot be downloaded; `filter_key` is where the error of
    a blocked prompt tells what was found.
    """

    name: str
    prefixes: tuple[str, ...]
    content_filters: bool
    deleted_object: str
    request_id_prefix: str
    file_prefixes: Mapping[str, str]
    file_purposes: tuple[str, ...]
    image_file_ids: bool
    image_types: tuple[str, ...]
    compact: bool
    conversations: bool
    image_header: str | None = None  # names the deployment that draws, and the page's limits on it hold
    hex_file_prefixes: tuple[str, ...] = ()
    model_facts: bool = False
    headers: Headers = ()
    model_headers: Headers = ()
    gateway_headers: bool = False
    timed: bool = False
    limit_resets: bool = False
    upload_status: int = 200
    kept_purposes: tuple[str, ...] = ()
    filter_key: str | None = None
    done_frame: bool = False
    errors: Mapping[str, ErrorRow] = field(default_factory=dict)

    def request_id(self, digits: str) -> str:
        """32 hex digits as this dialect writes a request's id."""
        return self.request_id_prefix + digits if self.request_id_prefix else as_uuid(digits)

    def file_prefix(self, purpose: str) -> str:
        """What an id of a file with that purpose begins with."""
        return self.file_prefixes.get(purpose, "file-")

    def row(self, error: ApiError) -> ErrorRow:
        """The row of the error table in this dialect, or the error's own."""
        return error.own or self.errors.get(error.name, ERRORS[error.name])

    def render(self, error: ApiError) -> tuple[int, dict[str, Any]]:
        """The status and body with which this dialect says `error`."""
        row = self.row(error)
        message = row.message.format(**error.values)
        if row.envelope == "gateway":
            return row.status, {"error": {"code": row.code, "message": message}}
        if row.envelope == "bare":
            return row.status, {"statusCode": row.status, "message": message}
        body = {"message": message, "type": row.type, "param": error.param, "code": row.code}
        return row.status, {"error": body}


def _gateway(status: int, code: str, message: str) -> ErrorRow:
    return ErrorRow(status, message, code, None, "gateway")


_DENIED = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
    "active subscription and use a correct regional API endpoint for your resource."
)
_LIMITED = (
    "Requests to the Responses_Create Operation under Azure OpenAI API have exceeded {unit} rate limit of your current "
    "OpenAI S0 pricing tier. Please retry after {{seconds}} seconds. Please go here: https://aka.ms/oai/quotaincrease "
    "if you would like to further increase the default rate limit."
)
_NO_DEPLOYMENT = _gateway(
    404,
    "DeploymentNotFound",
    "The API deployment for this resource does not exist. If you created the deployment within the last "
    "5 minutes, please wait a moment and try again.",
)

OPENAI = Dialect(
    name="openai",
    prefixes=("/v1",),
    content_filters=False,
    deleted_object="response",
    request_id_prefix="req_",
    file_prefixes={},
    file_purposes=("assistants", "batch", "fine-tune", "vision", "user_data", "evals"),
    image_file_ids=True,
    image_types=("image/png", "image/jpeg", "image/jpg", "image/webp", "image/gif"),
    compact=True,
    conversations=True,
    done_frame=True,
    headers=(
        (b"openai-version", b"2020-10-01"),
        (b"openai-organization", b"emulator"),
        (b"openai-project", b"proj_emulator"),
    ),
    timed=True,
    limit_resets=True,
)

AZURE = Dialect(
    name="azure",
    prefixes=("/openai/v1", "/openai", "/api/projects/{project}/openai/v1"),
    content_filters=True,
    deleted_object="response.deleted",
    request_id_prefix="",
    file_prefixes={"assistants": "assistant-"},
    hex_file_prefixes=("file-",),
    model_facts=True,
    file_purposes=("assistants", "batch", "fine-tune", "evals"),
    image_file_ids=False,
    image_types=("image/png", "image/jpeg", "image/jpg", "image/webp"),
    compact=False,
    conversations=False,
    filter_key="content_filters",
    image_header="x-ms-oai-image-generation-deployment",
    headers=((b"x-content-type-options", b"nosniff"),),
    model_headers=((b"azureml-model-session", b"d001-20251101000000"), (b"x-ms-rai-invoked", b"true")),
    gateway_headers=True,
    errors={
        "no_key": _gateway(401, "401", _DENIED),
        "bad_key": _gateway(401, "401", _DENIED),
        "bad_token": ErrorRow(
            401,
            "Unauthorized. Access token is missing, invalid, audience is incorrect "
            "(https://cognitiveservices.azure.com), or have expired.",
            None,
            None,
            "bare",
        ),
        "no_role": _gateway(
            401,
            "PermissionDenied",
            "The principal `{principal}` lacks the required data action `{action}` to perform `{operation}` operation.",
        ),
        "key_disabled": _gateway(
            403, "AuthenticationTypeDisabled", "Key based authentication is disabled for this resource."
        ),
        "bad_api_version": _gateway(400, "BadRequest", "API version not supported"),
        "unknown_deployment": _NO_DEPLOYMENT,
        "model_not_found": _NO_DEPLOYMENT,
        "rate_limited_requests": _gateway(429, "too_many_requests", _LIMITED.format(unit="call")),
        "rate_limited_tokens": _gateway(429, "too_many_requests", _LIMITED.format(unit="token")),
        "conversation_locked": replace(ERRORS["conversation_locked"], status=409),
        "searched_store_not_found": replace(ERRORS["searched_store_not_found"], status=400),
        "unsupported_operation": _gateway(
            400,
            "OperationNotSupported",
            "The responses operation does not work with the specified model, {model}. Please choose different model "
            "and try again.",
        ),
        "bad_path": _gateway(404, "404", "Resource not found"),
        "bad_method": _gateway(405, "405", "Method not allowed"),
        "file_purpose": _gateway(400, "invalidPayload", "Invalid value for purpose."),
        "file_not_found": _gateway(404, "notFound", "File {id} not found."),
    },
)

DIALECTS = (AZURE, OPENAI)
# Longest prefix first: /openai/v1 is not /openai plus a path.
_PREFIXES = sorted(
    ((prefix, dialect) for dialect in DIALECTS for prefix in dialect.prefixes), key=lambda row: -len(row[0])
)
_BASE = lazy_pattern(rf"(?:{'|'.join(re.sub(r'{.*?}', '[^/]+', f'({prefix})') for prefix, _ in _PREFIXES)})(?=/|\Z)")


def choose(path: str) -> tuple[str, Dialect] | None:
    """The prefix and dialect of a path, or None where the path is outside the API."""
    found = _BASE.match(path)
    return (found.group(), _PREFIXES[(found.lastindex or 0) - 1][1]) if found else None
