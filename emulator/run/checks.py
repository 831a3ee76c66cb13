"""What a request may ask of its deployment, its dialect and this emulator; every answer is an ApiError or nothing."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from emulator.core.deployments import BY_NAME, Deployment
from emulator.core.dialects import Dialect
from emulator.core.errors import ApiError
from emulator.core.requests import CreateRequest
from emulator.run.namespace import Namespace
from emulator.script.schema_check import check_text_format
from emulator.store import files

BUILT_TOOLS = ("function", "custom")


def check_request(request: CreateRequest, deployment: Deployment, dialect: Dialect) -> None:
    """Refuse what the deployment or the dialect does not take, and what is known but not built."""
    effort = (request.reasoning or {}).get("effort") or deployment.effort
    if deployment.reasoning and effort != "none":
        for name in ("temperature", "top_p"):
            if getattr(request, name) not in (None, 1):
                raise ApiError("unsupported_parameter", name)
    asked = (request.reasoning or {}).get("effort")
    if asked and deployment.name in BY_NAME and not deployment.reasoning:
        raise ApiError("unsupported_parameter", "reasoning.effort")
    check_text_format(request.text["format"])
    _check_built(request, deployment)
    if not dialect.image_file_ids:
        for path, part in _parts(request):
            if part.get("type") == "input_image" and part.get("file_id"):
                reason = "an image that was uploaded as a file cannot be used as input."
                raise ApiError("invalid", f"{path}.file_id", reason=reason)


def _check_built(request: CreateRequest, deployment: Deployment) -> None:
    for number, tool in enumerate(request.tools):
        if tool["type"] not in BUILT_TOOLS:
            raise ApiError("not_implemented", f"tools[{number}].type", what=f"the tool '{tool['type']}'")
    if request.conversation is not None:
        raise ApiError("not_implemented", "conversation", what="conversations")
    if deployment.reasoning and "reasoning.encrypted_content" in request.include:
        raise ApiError("not_implemented", "include", what="encrypted reasoning content")


async def check_files(namespace: Namespace, request: CreateRequest) -> None:
    """Every file that the input names must be there."""
    now = namespace.clock.now()
    for path, part in _parts(request):
        file_id = part.get("file_id")
        if not isinstance(file_id, str):
            continue
        found = await namespace.store.read(partial(files.get, namespace=namespace.name, file_id=file_id, now=now))
        if found is None:
            raise ApiError("file_not_found", f"{path}.file_id", id=file_id)


def check_context(request: CreateRequest, deployment: Deployment, tokens: int) -> int:
    """The context's tokens, at most what the deployment takes; too many are refused unless `truncation` is auto."""
    if tokens <= deployment.context_window:
        return tokens
    if request.truncation == "auto":
        return deployment.context_window
    raise ApiError("context_length_exceeded", "input")


def _parts(request: CreateRequest) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every content part of the input with its path."""
    for number, item in enumerate(request.input):
        for field in ("content", "output"):
            parts = item.get(field)
            if isinstance(parts, list):
                for index, part in enumerate(parts):
                    if isinstance(part, dict):
                        yield f"input[{number}].{field}[{index}]", part
