"""What the model says, step by step, as plain data in the format of fixtures; the server checks it."""

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Step = dict[str, Any]


def message(text: str, *, annotations: Iterable[Mapping[str, Any]] = ()) -> Step:
    """A message with one text; `annotations` are those of the wire, such as `{"type": "url_citation", ...}`."""
    noted = [dict(annotation) for annotation in annotations]
    return {"message": {"text": text, "annotations": noted} if noted else text}


def refusal(text: str) -> Step:
    """A message that refuses."""
    return {"refusal": text}


def reasoning(*summary: str, text: str = "", tokens: int = 0) -> Step:
    """A reasoning item; each text is a part of its summary, none is no summary.

    `text` is the reasoning itself, as open models tell it; `tokens` are billed for it.
    """
    if text or tokens:
        return {"reasoning": {"summary": list(summary), "text": text, "tokens": tokens}}
    return {"reasoning": list(summary) if len(summary) > 1 else "".join(summary)}


def function_call(name: str, arguments: Mapping[str, Any] | str | None = None, /, **named: Any) -> Step:
    """A call of a function: its arguments by name, as a mapping, or as text that is sent as it is."""
    given = {**arguments, **named} if isinstance(arguments, Mapping) else arguments
    return {"function_call": {"name": name, "arguments": named if given is None else given}}


def custom_tool_call(name: str, text: str = "") -> Step:
    """A call of a custom tool with free text."""
    return {"custom_tool_call": {"name": name, "input": text}}


def web_search_call(query: str, *, sources: Iterable[str] = ()) -> Step:
    """A search of the web that found these URLs."""
    found = list(sources)
    return {"web_search_call": {"query": query, "sources": found} if found else query}


def local_shell_call(*command: str, **more: Any) -> Step:
    """A command for the application's shell, word by word; `more` are other keys, such as `working_directory`."""
    return {"local_shell_call": {"command": list(command), **more}}


def shell_call(*commands: str, **more: Any) -> Step:
    """Commands for the shell tool; `more` are other keys, such as `output=[{"stdout": "2 passed"}]`."""
    return {"shell_call": {"commands": list(commands), **more}}


def apply_patch_call(operation: str, path: str, diff: str | None = None) -> Step:
    """A change of a file: `create_file`, `update_file` (each with a diff) or `delete_file`."""
    return {"apply_patch_call": {operation: path} if diff is None else {operation: path, "diff": diff}}


def code_interpreter_call(code: str, **gave: Any) -> Step:
    """Code in a container; `gave` is what it gave: `logs="2"`, `image=`, `files={"a.csv": "text"}`, `status=`."""
    return {"code_interpreter_call": {"code": code, **gave} if gave else code}


def image_generation_call(prompt: str | None = None, /, *, picture: bytes | Path | None = None, **more: Any) -> Step:
    """A picture: drawn from `prompt` (None: the user's words), or `picture`, its bytes or a file of this machine.

    `more` are keys of the step, such as `size="1536x1024"` or `status="failed"`.
    """
    said: Step = {**more} if prompt is None else {"prompt": prompt, **more}
    if picture is not None:
        data = picture.read_bytes() if isinstance(picture, Path) else picture
        said["result"] = base64.b64encode(data).decode()
    return {"image_generation_call": said}


def computer_call(action: str, /, *, safety_checks: Iterable[Mapping[str, str]] = (), **fields: Any) -> Step:
    """A call of the computer with one action and its fields, such as `"click", x=1, y=2`.

    Each of `safety_checks` has `code` and `message`; the client must acknowledge them.
    """
    said: Step = {"action": {"type": action, **fields}}
    pending = [dict(check) for check in safety_checks]
    return {"computer_call": {**said, "pending_safety_checks": pending} if pending else said}


def mcp_server(server_label: str, *tools: Mapping[str, Any] | str) -> Step:
    """A whole MCP server, once: its tools by name, or each with `name`, `input_schema`, `output` or `error`."""
    return {"mcp_server": {"server_label": server_label, "tools": [_plain(tool) for tool in tools]}}


def mcp_list_tools(server_label: str, *tools: Mapping[str, Any] | str, error: str | None = None) -> Step:
    """The list of a server's tools, or the `error` that came in its place; with neither it is the server's own."""
    listed = {"tools": [_plain(tool) for tool in tools]} if tools else {}
    return {"mcp_list_tools": {"server_label": server_label, **listed, **({"error": error} if error else {})}}


def mcp_call(server_label: str, name: str, arguments: Mapping[str, Any] | str | None = None, **outcome: Any) -> Step:
    """A call of a server's tool; `outcome` is its `output` or its `error`, without which a real server is called."""
    return {"mcp_call": {"server_label": server_label, "name": name, "arguments": arguments or {}, **outcome}}


def mcp_approval_request(server_label: str, name: str, arguments: Mapping[str, Any] | str | None = None) -> Step:
    """A request to approve a call of a server's tool."""
    return {"mcp_approval_request": {"server_label": server_label, "name": name, "arguments": arguments or {}}}


def _plain(tool: Mapping[str, Any] | str) -> Any:
    return tool if isinstance(tool, str) else dict(tool)


def file_search_call(*queries: str, **more: Any) -> Step:
    """A search in files; `more` are other keys, such as `results=[{"filename": "a.md", "text": "..."}]`."""
    return {"file_search_call": {"queries": list(queries), **more}}


def compaction() -> Step:
    """An item that stands for the whole context so far."""
    return {"compaction": None}


def item(fields: Mapping[str, Any] | None = None, /, **named: Any) -> Step:
    """Any output item of the wire, with its `type`; the server makes the id and the events."""
    return {"item": {**(fields or {}), **named}}


def events(*rows: Mapping[str, Any]) -> Step:
    """Events of the wire as they are, each with its `type`; the server numbers them."""
    return {"events": [dict(row) for row in rows]}


def wait(duration: str) -> Step:
    """Say nothing for a while of the namespace's clock, such as `2s`."""
    return {"wait": duration}


def fail(
    code: str = "server_error",
    message: str = "The model failed to generate a response.",
    *,
    error_event: bool | str | None = None,
) -> Step:
    """End the response as `failed` with this error; the last step.

    `error_event` sends an `error` event before that: True or "nested" as the service does, "flat" as its types say.
    """
    more = {} if error_event is None else {"error_event": error_event}
    return {"fail": {"code": code, "message": message, **more}}


def incomplete(reason: str = "max_output_tokens") -> Step:
    """End it as `incomplete`: `max_output_tokens` or `content_filter`; the last step."""
    return {"incomplete": reason}


def error(status: int, **more: Any) -> Step:
    """Answer with an HTTP error instead; `more` are keys of the step, such as `retry_after=2`; the only step."""
    return {"error": {"status": status, **more}}
