"""The lines of items, of responses that run or have run, and of what stands behind the model; it asks for nothing."""

from typing import Any

import httpx

from emulator.core.item_types import ITEM_TYPES
from tests.wire.errors.lines import (
    OPENAI,
    Ask,
    Line,
    gateway,
    get,
    missing,
    model,
    none_of,
    send,
    stored,
    upload,
    wrong_prefix,
)

LIMITED = (
    "Requests to the Responses_Create Operation under Azure OpenAI API have exceeded call rate limit of your current "
    "OpenAI S0 pricing tier. Please retry after 20 seconds. Please go here: https://aka.ms/oai/quotaincrease if you "
    "would like to further increase the default rate limit."
)
FILTERED = (
    "The response was filtered due to the prompt triggering Azure OpenAI\u2019s content management policy. Please "
    "modify your prompt and retry. To learn more about our content filtering policies please read our documentation: "
    "https://go.microsoft.com/fwlink/?linkid=2198766"
)
QUOTA = (
    "You exceeded your current quota, please check your plan and billing details. For more information on this error, "
    "read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors."
)
OVERLOADED = (
    "The server is currently overloaded with other requests. Sorry about that! You can retry your request, or contact "
    "us through our help center at help.openai.com if the error persists."
)
BROKEN = "The server had an error while processing your request. Sorry about that!"
TOO_LONG = "Your input exceeds the context window of this model. Please adjust your input and try again."
NOT_STORED = (
    "Item with id 'rs_x' not found. Items are not persisted when `store` is set to false. Try again with `store` set "
    "to true, or remove this item from your input."
)
DUPLICATE = "Duplicate item found with id msg_1. Remove duplicate items from your input and try again."
NO_URL = "Invalid 'input[0].content[0].image_url'. Expected a valid URL, but got a value with an invalid format."
NO_STREAM = "This response cannot be streamed because it was not created with {}=true."
TOO_OLD = "This response can no longer be streamed because it is more than 5 minutes old."
PURPOSES = "'assistants', 'batch', 'fine-tune', 'vision', 'user_data', and 'evals'"
FAULT_429 = "status=429; retry_after=20; retry_after_ms=20000"
WAIT = {"retry-after": "20", "retry-after-ms": "20000"}
CALL = {"type": "function_call", "call_id": "call_x", "name": "f"}
MESSAGE = {"role": "user", "content": "x"}
# The least that an item of a type needs, where its fields are looked at before its id.
FIELDS: dict[str, Any] = {
    "action": {"type": "search"},
    "approve": True,
    "pending_safety_checks": [],
    "queries": [],
    "summary": [],
    "tools": [],
    "content": "x",
    "role": "user",
    "status": "completed",
    "output": "x",
}


def item(**fields: Any) -> Ask:
    return send(input=[fields])


def typed(kind: str) -> dict[str, Any]:
    """An item of that type whose id has the wrong prefix."""
    fields = {name: FIELDS.get(name, "x") for name in ITEM_TYPES[kind].required}
    if kind == "computer_call_output":
        fields["output"] = {"type": "computer_screenshot", "image_url": "https://example.com/a.png"}
    return {"type": kind, "id": "zz_1", **fields}


def deleted(http: httpx.Client, made: str) -> httpx.Response:
    assert http.delete(f"/responses/{made}").status_code == 200
    return http.get(f"/responses/{made}")


def read(http: httpx.Client, made: str) -> httpx.Response:
    return http.get(f"/responses/{made}")


def delete(http: httpx.Client, made: str) -> httpx.Response:
    return http.delete(f"/responses/{made}")


def cancel(http: httpx.Client, made: str) -> httpx.Response:
    return http.post(f"/responses/{made}/cancel")


def cancel_ended(http: httpx.Client, made: str) -> httpx.Response:
    while http.get(f"/responses/{made}").json()["status"] != "completed":
        pass
    return cancel(http, made)


def resume(http: httpx.Client, made: str) -> httpx.Response:
    return http.get(f"/responses/{made}?stream=true")


def resume_late(http: httpx.Client, made: str) -> httpx.Response:
    return http.get(f"/responses/{made}?stream=true", headers={"x-emulator-fault": "resume_window_expired"})


def encrypted(http: httpx.Client, made: str) -> httpx.Response:
    return http.get(f"/responses/{made}?include[]=reasoning.encrypted_content")


def chained(status: str) -> Ask:
    """Go on with a background response that runs still, or was cancelled."""

    def then(http: httpx.Client, made: str) -> httpx.Response:
        if status == "cancelled":
            cancel(http, made)
        return send(previous_response_id=made)(http)

    return stored(then, background=True)


def from_a_server_that_refuses(http: httpx.Client) -> httpx.Response:
    """The MCP server is the emulator itself, which wants a key."""
    tool = {"type": "mcp", "server_label": "github", "server_url": f"{http.base_url}models"}
    return send(tools=[{**tool, "require_approval": "never"}])(http)


def expired_container(http: httpx.Client) -> httpx.Response:
    """In a namespace of its own, whose clock may be moved."""
    base = str(http.base_url).replace("/openai/", "/ns/late/openai/")
    with httpx.Client(base_url=base, headers=http.headers, trust_env=False) as late:
        made = late.post("containers", json={"name": "c"}).json()["id"]
        clock = base.replace("/openai/v1/", "/_emulator/clock")
        assert late.post(clock, json={"advance": "2h"}).status_code == 200
        return late.get(f"containers/{made}/files")


ITEMS = [
    Line("a field of an item", item(**CALL), 400, missing("input[0].arguments")),
    Line(
        "no call",
        item(type="function_call_output", call_id="call_x", output=""),
        400,
        model("No tool call found for function call output with call_id call_x.", None, "input"),
    ),
    Line(
        "no output",
        item(**CALL, arguments="{}"),
        400,
        model("No tool output found for function call call_x.", None, "input"),
    ),
    Line("the same item twice", send(input=[{**MESSAGE, "id": "msg_1"}] * 2), 400, model(DUPLICATE, None, "input")),
    Line("an item that is not stored", item(type="item_reference", id="rs_x"), 404, model(NOT_STORED, None, "input")),
    Line(
        "a picture that is no URL",
        item(role="user", content=[{"type": "input_image", "image_url": "<image_URL>"}]),
        400,
        model(NO_URL, "invalid_value", "input[0].content[0].image_url"),
    ),
    Line(
        "a part of the wrong role",
        send(input=[MESSAGE, {"role": "assistant", "content": [{"type": "input_text", "text": ""}]}]),
        400,
        none_of("input[1].content[0]", "input_text", "'output_text' and 'refusal'"),
    ),
    *(
        Line(f"the id of a {kind}", item(**typed(kind)), 400, wrong_prefix("input[0].id", "zz_1", row.accepts))
        for kind, row in ITEM_TYPES.items()
        if row.accepts
    ),
]
RESPONSES = [
    Line("a deleted response", stored(deleted), 404, model("Response with id '{id}' not found.")),
    Line("not stored", stored(read, store=False), 404, model("Response with id '{id}' not found.")),
    Line(
        "background without store",
        send(background=True, store=False),
        400,
        model("background=true requires store=true.", "unsupported_parameter", "background"),
    ),
    Line("cancel in the foreground", stored(cancel), 400, model("Cannot cancel a synchronous response.")),
    Line(
        "cancel of what has ended",
        stored(cancel_ended, background=True),
        400,
        model("Cannot cancel a completed response."),
        server="cancel",
    ),
    Line("delete of what runs", stored(delete, background=True), 400, model("Cannot delete an in-flight response.")),
    Line("resume in the foreground", stored(resume), 400, model(NO_STREAM.format("background"), None, "stream")),
    Line(
        "resume without a stream",
        stored(resume, background=True),
        400,
        model(NO_STREAM.format("stream"), None, "stream"),
    ),
    Line(
        "resume too late",
        stored(resume_late, background=True, stream=True),
        400,
        model(TOO_OLD, None, "stream"),
    ),
    Line(
        "a previous response that runs",
        chained("queued"),
        400,
        model(
            "Previous response with id '{previous}' is still queued. Wait until it has finished, then chain to it.",
            "previous_response_not_found",
            "previous_response_id",
        ),
    ),
    Line(
        "a previous response that was cancelled",
        chained("cancelled"),
        400,
        model(
            "Previous response with id '{previous}' is cancelled and cannot be chained to.",
            "previous_response_not_found",
            "previous_response_id",
        ),
    ),
    Line(
        "encrypted content of what is stored",
        stored(encrypted),
        400,
        model("Encrypted content cannot be requested for persisted responses.", None, "include"),
    ),
]
BEHIND = [
    Line(
        "context too long",
        send(model="computer-use-preview", input="word " * 9_000),
        400,
        model(TOO_LONG, "context_length_exceeded", "input"),
    ),
    Line(
        "OpenAI, prompt blocked",
        send("content_filter_prompt"),
        400,
        model(FILTERED, "content_filter", "prompt"),
        OPENAI,
    ),
    Line(
        "list of an MCP server",
        from_a_server_that_refuses,
        424,
        model(
            "Error retrieving tool list from MCP server: 'github'. Http status code: 401 (Unauthorized)",
            "http_error",
            "tools",
            "external_connector_error",
        ),
        server="egress",
    ),
    Line("Azure, limited", send(FAULT_429), 429, gateway("too_many_requests", LIMITED), headers=WAIT),
    Line(
        "OpenAI, limited",
        send(FAULT_429),
        429,
        model(
            "Rate limit reached for gpt-4o on requests per min (RPM): Limit 60, Used 60, Requested 1. Please try again "
            "in 20s.",
            "rate_limit_exceeded",
            kind="requests",
        ),
        OPENAI,
        headers=WAIT,
    ),
    Line("quota", send("quota_exceeded"), 429, model(QUOTA, "insufficient_quota", kind="insufficient_quota")),
    Line("broken", send("status=500"), 500, model(BROKEN, "server_error", kind="server_error")),
    Line("overloaded", send("overloaded"), 503, model(OVERLOADED, kind="server_error"), headers={"retry-after": "2"}),
    Line("Azure, purpose of a file", upload("user_data"), 400, gateway("invalidPayload", "Invalid value for purpose.")),
    Line("OpenAI, purpose of a file", upload("x"), 400, none_of("purpose", "x", PURPOSES), OPENAI),
    Line("OpenAI, unknown file", get("/files/file-x"), 404, model("No such File object: file-x", None, "id"), OPENAI),
    Line("Azure, unknown file", get("/files/file-x"), 404, gateway("notFound", "File file-x not found.")),
    Line("container expired", expired_container, 400, model("Container is expired.")),
]
LINES = [*ITEMS, *RESPONSES, *BEHIND]
# What no request of these tables brings about, and why.
ELSEWHERE = {
    "Azure, prompt blocked": "its body has the filter's findings: test_a_blocked_prompt_says_what_was_found",
    "output filtered": "no error but an answer: test_a_filtered_answer_is_incomplete",
}
