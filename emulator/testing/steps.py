"""What the model says, step by step, as plain data in the format of fixtures; the server checks it."""

from collections.abc import Iterable, Mapping
from typing import Any

Step = dict[str, Any]


def message(text: str, *, annotations: Iterable[Mapping[str, Any]] = ()) -> Step:
    """A message with one text; `annotations` are those of the wire, such as `{"type": "url_citation", ...}`."""
    noted = [dict(annotation) for annotation in annotations]
    return {"message": {"text": text, "annotations": noted} if noted else text}


def refusal(text: str) -> Step:
    """A message that refuses."""
    return {"refusal": text}


def reasoning(*summary: str) -> Step:
    """A reasoning item; each text is a part of its summary, none is no summary."""
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


def file_search_call(*queries: str, **more: Any) -> Step:
    """A search in files; `more` are other keys, such as `results=[{"filename": "a.md", "text": "..."}]`."""
    return {"file_search_call": {"queries": list(queries), **more}}


def item(fields: Mapping[str, Any] | None = None, /, **named: Any) -> Step:
    """Any output item of the wire, with its `type`; the server makes the id and the events."""
    return {"item": {**(fields or {}), **named}}


def events(*rows: Mapping[str, Any]) -> Step:
    """Events of the wire as they are, each with its `type`; the server numbers them."""
    return {"events": [dict(row) for row in rows]}


def wait(duration: str) -> Step:
    """Say nothing for a while of the namespace's clock, such as `2s`."""
    return {"wait": duration}


def fail(code: str = "server_error", message: str = "The model failed to generate a response.") -> Step:
    """End the response as `failed` with this error; the last step."""
    return {"fail": {"code": code, "message": message}}


def incomplete(reason: str = "max_output_tokens") -> Step:
    """End it as `incomplete`: `max_output_tokens` or `content_filter`; the last step."""
    return {"incomplete": reason}


def error(status: int, **more: Any) -> Step:
    """Answer with an HTTP error instead; `more` are keys of the step, such as `retry_after=2`; the only step."""
    return {"error": {"status": status, **more}}
