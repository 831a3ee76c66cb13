"""The Response object before its first event, and what it gets with its last; every field in the service's order."""

from typing import Any

from emulator.core.deployments import Deployment
from emulator.core.dialects import Dialect
from emulator.core.requests import CreateRequest

SAFE = {"filtered": False, "severity": "safe"}
CLEAN = {"filtered": False, "detected": False}
_HARMLESS = {"hate": SAFE, "sexual": SAFE, "violence": SAFE, "self_harm": SAFE}
_PROMPT = {**_HARMLESS, "jailbreak": CLEAN}
_COMPLETION = {**_HARMLESS, "protected_material_text": CLEAN, "protected_material_code": CLEAN}


def new_response(
    request: CreateRequest, deployment: Deployment, dialect: Dialect, *, response_id: str, created_at: int
) -> dict[str, Any]:
    """All fields of docs/reference/response.md; what the request left out has the service's default."""
    response: dict[str, Any] = {
        "id": response_id,
        "object": "response",
        "created_at": created_at,
        "status": "queued" if request.background else "in_progress",
        "background": request.background,
        "completed_at": None,
        "content_filters": None,
        "error": None,
        "frequency_penalty": request.frequency_penalty,
        "incomplete_details": None,
        "instructions": request.instructions,
        "max_output_tokens": request.max_output_tokens,
        "max_tool_calls": request.max_tool_calls,
        "model": deployment.model,
        "output": [],
        "parallel_tool_calls": request.parallel_tool_calls,
        "presence_penalty": request.presence_penalty,
        "previous_response_id": request.previous_response_id,
        "prompt_cache_key": request.prompt_cache_key,
        "prompt_cache_retention": request.prompt_cache_retention,
        "reasoning": _reasoning(request, deployment),
        "safety_identifier": request.safety_identifier,
        "service_tier": request.service_tier or "auto",
        "store": request.store,
        "temperature": 1.0 if request.temperature is None else request.temperature,
        "text": request.text,
        "tool_choice": request.tool_choice,
        "tools": request.tools,
        "top_logprobs": request.top_logprobs or 0,
        "top_p": 1.0 if request.top_p is None else request.top_p,
        "truncation": request.truncation,
        "usage": None,
        "user": request.user,
        "metadata": request.metadata,
    }
    if not dialect.content_filters:
        del response["content_filters"]
    if request.conversation is not None:
        response["conversation"] = {"id": request.conversation}
    if request.prompt is not None:
        response["prompt"] = request.prompt
    return response


def closing(request: CreateRequest, dialect: Dialect, *, prompt: int, completion: int, blocked: bool) -> dict[str, Any]:
    """What a Response gets with its last event.

    `prompt` and `completion` are lengths in characters; `blocked`: the content filter cut the completion.
    """
    fields: dict[str, Any] = {}
    if request.service_tier in (None, "auto"):
        fields["service_tier"] = "default"
    if dialect.content_filters:
        fields["content_filters"] = [
            _filter("prompt", prompt, _PROMPT),
            _filter("completion", completion, _COMPLETION, blocked=blocked),
        ]
    return fields


def blocked_prompt(length: int) -> dict[str, Any]:
    """The entry of `content_filters` for a prompt that was blocked; `length` is its characters."""
    return _filter("prompt", length, {**_HARMLESS, "jailbreak": {"filtered": True, "detected": True}}, blocked=True)


def policy_violation(found: dict[str, Any]) -> dict[str, Any]:
    """The same as an error of chat completions says it."""
    return {"code": "ResponsibleAIPolicyViolation", "content_filter_result": found["content_filter_results"]}


def _filter(source: str, length: int, results: dict[str, Any], *, blocked: bool = False) -> dict[str, Any]:
    return {
        "blocked": blocked,
        "source_type": source,
        "content_filter_raw": None,
        "content_filter_results": results,
        "content_filter_offsets": {"start_offset": 0, "end_offset": length, "check_offset": 0},
    }


def _reasoning(request: CreateRequest, deployment: Deployment) -> dict[str, Any]:
    asked = request.reasoning or {}
    return {"effort": asked.get("effort") or deployment.effort, "summary": asked.get("summary")}
