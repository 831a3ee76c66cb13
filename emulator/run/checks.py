"""What a request may ask of its deployment, its dialect and this emulator; every answer is an ApiError or nothing."""

from collections.abc import Mapping
from typing import Any

from emulator.core.additional_tools import brought
from emulator.core.client_tools import client_tools
from emulator.core.deployments import BY_NAME, Deployment
from emulator.core.dialects import Dialect
from emulator.core.errors import ApiError, quoted_list
from emulator.core.requests import CreateRequest
from emulator.run.attachments import attached, masks
from emulator.run.context import Turn, earlier_items
from emulator.run.namespace import Namespace
from emulator.run.thoughts import ENCRYPTED
from emulator.script.ask import message_text
from emulator.script.schema_check import check_function, check_text_format


def check_request(request: CreateRequest, deployment: Deployment, dialect: Dialect) -> None:
    """Refuse what the deployment or the dialect does not take, and what is known but not built."""
    if deployment.image:
        raise ApiError("unsupported_operation", "model", model=deployment.name)
    _check_built(request)
    _check_effort(request, deployment)
    if request.tools and deployment.name in BY_NAME and "function" not in deployment.tools:
        raise ApiError("unsupported_parameter", "tools")
    if deployment.name in BY_NAME and not deployment.reasoning and ENCRYPTED in request.include:
        raise ApiError("no_encrypted_content", "include")
    check_text_format(request.text["format"])
    for offered in client_tools(request.tools, brought(request.input)):
        if offered.tool["type"] == "function":
            given = offered.path in request.strict_functions or (offered.by_item and offered.tool.get("strict") is True)
            check_function(offered.tool, f"{offered.path}.parameters", given=given)
    for path, part in attached(request.input) + masks(request.tools):
        check_part(path, part, deployment, dialect)


def _check_built(request: CreateRequest) -> None:
    if request.prompt is not None and not request.input:
        raise ApiError("not_implemented", "prompt", what="a prompt that is stored with the service")


def _check_effort(request: CreateRequest, deployment: Deployment) -> None:
    """Reasoning takes no sampling; an effort must be one that the deployment has."""
    asked = (request.reasoning or {}).get("effort")
    if deployment.reasoning and (asked or deployment.effort) != "none":
        for name in ("temperature", "top_p"):
            if getattr(request, name) not in (None, 1):
                raise ApiError("unsupported_parameter", name)
    if asked is None or deployment.name not in BY_NAME:
        return
    if not deployment.reasoning:
        raise ApiError("unsupported_parameter", "reasoning.effort")
    if asked not in deployment.efforts:
        supported = quoted_list(deployment.efforts)
        raise ApiError("unsupported_value", "reasoning.effort", value=asked, supported=supported)


def check_part(path: str, part: Mapping[str, Any], deployment: Deployment, dialect: Dialect) -> None:
    """Refuse an image or a file that the deployment or the dialect does not take."""
    if not deployment.vision:
        raise ApiError("no_vision", path, model=deployment.name)
    if part["type"] == "input_file":
        return
    if part.get("file_id") and not dialect.image_file_ids:
        reason = "an image that was uploaded as a file cannot be used as input."
        raise ApiError("invalid", f"{path}.file_id", reason=reason)
    head = str(part.get("image_url") or "")[:40].lower()
    mime = head.removeprefix("data:").partition(";")[0]
    if head.startswith("data:") and mime not in dialect.image_types:
        raise ApiError("image_mime", f"{path}.image_url", got=mime)


async def check_json_mode(namespace: Namespace, turn: Turn) -> None:
    """The word JSON must stand in a message of a request for any JSON object, or before it."""
    if any(map(_says_json, turn.items)):
        return
    if not any(map(_says_json, await earlier_items(namespace, turn.start))):
        raise ApiError("json_not_asked", "input")


def _says_json(item: Mapping[str, Any]) -> bool:
    told = item.get("content") or item.get("output")
    if isinstance(told, list):
        told = message_text({"content": [part for part in told if isinstance(part, dict)]})
    return isinstance(told, str) and "json" in told.lower()


def must_drop(request: CreateRequest, deployment: Deployment, tokens: int) -> bool:
    """Whether the context is too long for the deployment; refused unless `truncation` is auto."""
    if tokens <= deployment.context_window:
        return False
    if request.truncation != "auto":
        raise ApiError("context_length_exceeded", "input")
    return True
