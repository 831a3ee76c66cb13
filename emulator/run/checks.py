"""What a request may ask of its deployment, its dialect and this emulator; every answer is an ApiError or nothing."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from emulator.core.deployments import BY_NAME, Deployment
from emulator.core.dialects import Dialect
from emulator.core.errors import ApiError, quoted_list
from emulator.core.requests import CreateRequest
from emulator.run.namespace import Namespace
from emulator.script.schema_check import check_text_format
from emulator.store import files


def check_request(request: CreateRequest, deployment: Deployment, dialect: Dialect) -> None:
    """Refuse what the deployment or the dialect does not take, and what is known but not built."""
    if deployment.image:
        raise ApiError("unsupported_operation", "model", model=deployment.name)
    _check_built(request, deployment)
    _check_effort(request, deployment)
    if request.tools and deployment.name in BY_NAME and "function" not in deployment.tools:
        raise ApiError("unsupported_parameter", "tools")
    check_text_format(request.text["format"])
    for path, part in _parts(request):
        _check_part(path, part, deployment, dialect)


def _check_built(request: CreateRequest, deployment: Deployment) -> None:
    if request.conversation is not None:
        raise ApiError("not_implemented", "conversation", what="the conversations API")
    if request.prompt is not None and not request.input:
        raise ApiError("not_implemented", "prompt", what="a prompt that is stored with the service")
    if deployment.reasoning and "reasoning.encrypted_content" in request.include:
        raise ApiError("not_implemented", "include", what="encrypted reasoning content")


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


def _check_part(path: str, part: dict[str, Any], deployment: Deployment, dialect: Dialect) -> None:
    kind = part.get("type")
    if kind not in ("input_image", "input_file"):
        return
    if not deployment.vision:
        raise ApiError("no_vision", path, model=deployment.name)
    if kind == "input_file":
        return
    if part.get("file_id") and not dialect.image_file_ids:
        reason = "an image that was uploaded as a file cannot be used as input."
        raise ApiError("invalid", f"{path}.file_id", reason=reason)
    head = str(part.get("image_url") or "")[:40].lower()
    mime = head.removeprefix("data:").partition(";")[0]
    if head.startswith("data:") and mime not in dialect.image_types:
        raise ApiError("image_mime", f"{path}.image_url", got=mime)


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
    """Every content part of the input with its path, and what else holds an image."""
    for number, item in enumerate(request.input):
        for field in ("content", "output"):
            parts = item.get(field)
            if isinstance(parts, list):
                for index, part in enumerate(parts):
                    if isinstance(part, dict):
                        yield f"input[{number}].{field}[{index}]", part
        if item["type"] == "computer_call_output":
            yield f"input[{number}].output", {**item["output"], "type": "input_image"}
    for number, tool in enumerate(request.tools):
        if tool.get("input_image_mask"):
            yield f"tools[{number}].input_image_mask", {**tool["input_image_mask"], "type": "input_image"}
