"""The code interpreter in scripts: its call's short form, and the arithmetic of the built-in model; it runs no code."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from emulator.core.file_types import name_problem
from emulator.core.hosted import HostedCall
from emulator.core.media import is_base64
from emulator.script.ask import Ask
from emulator.script.draft import Draft, made, words
from emulator.script.hosted import Words, told
from emulator.script.node import Node
from emulator.script.plan import Step
from emulator.script.sums import code_for

TEXT = {"type": "string"}
FILLED = {"type": "string", "minLength": 1}
STATUSES = ("completed", "failed", "incomplete")
DATA = {
    "anyOf": [
        TEXT,
        {"type": "object", "properties": {"base64": FILLED}, "required": ["base64"], "additionalProperties": False},
    ]
}
SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        TEXT,
        {
            "type": "object",
            "properties": {
                "code": TEXT,
                "logs": TEXT,
                "image": FILLED,
                "outputs": {"type": "array", "minItems": 1, "items": {"type": "object"}},
                "files": {"type": "object", "minProperties": 1, "additionalProperties": DATA},
                "status": {"enum": list(STATUSES)},
            },
            "required": ["code"],
            "additionalProperties": False,
        },
    ]
}
KEYS = ("code", "logs", "image", "outputs", "files", "status")


def read(node: Node) -> Step | Draft:
    """`code_interpreter_call: code`, or a mapping with what the code gave: `logs`, `image`, `outputs` and `files`."""
    if not isinstance(node.value, dict):
        return _made(node, {"code": words(node)})
    entries = node.mapping(KEYS)
    if "code" not in entries:
        node.wrong(f"{node.label} needs 'code'")
    fields: dict[str, Any] = {"code": words(entries["code"])}
    if "outputs" in entries and entries.keys() & {"logs", "image"}:
        node.wrong(f"{node.label} has 'outputs' beside 'logs' or 'image': one of them")
    outputs = [_output(entry) for entry in entries["outputs"].list("outputs")] if "outputs" in entries else []
    outputs += [_output(Node({name: entries[name]}, node.where, node.line, node.path))
                for name in ("logs", "image") if name in entries]  # fmt: skip
    if outputs:
        fields["outputs"] = outputs
    if "files" in entries:
        fields["files"] = {name: _file(name, entry) for name, entry in entries["files"].any_mapping().items()}
    if "status" in entries:
        fields["status"] = entries["status"].one_of(STATUSES)
    return _made(node, fields)


def _made(node: Node, fields: dict[str, Any]) -> Step | Draft:
    return made(HostedCall, node.label, type="code_interpreter_call", fields=fields)


def _output(node: Node) -> dict[str, Any]:
    entries = node.mapping(("logs", "image"))
    if len(entries) != 1:
        node.wrong(f"{node.label} needs either 'logs' or 'image'")
    if "logs" in entries:
        return {"type": "logs", "logs": words(entries["logs"])}
    url = entries["image"].filled()
    if is_base64(url):
        return {"type": "image", "url": f"data:image/png;base64,{url}"}
    if not url.startswith(("data:image/", "http://", "https://")):
        entries["image"].wrong(f"{entries['image'].label} must be base64 of a PNG, or a URL")
    return {"type": "image", "url": url}


def _file(name: str, node: Node) -> str:
    """The bytes of a file as base64; a text is written as UTF-8."""
    if problem := name_problem(name):
        node.wrong(f"{node.label}: {problem}")
    if not isinstance(node.value, dict):
        return b64encode(node.text().encode()).decode()
    entries = node.mapping(("base64",))
    if "base64" not in entries or not is_base64(entries["base64"].text()):
        node.wrong(f"{node.label} must be text, or {{base64: ...}}")
    return entries["base64"].text()


def says(ask: Ask, tool: Mapping[str, Any], message: Words) -> tuple[Step, ...]:
    """A small piece of arithmetic that the prompt asks for, or the words of the prompt counted; then what it gave."""
    code, logs = code_for(ask.last_user_text())
    fields = {"code": code, "outputs": [{"type": "logs", "logs": logs}], "pretended": True}
    call = HostedCall("code_interpreter_call", fields)
    return (call, *goes_on(ask, (call,), message))


def goes_on(ask: Ask, steps: Sequence[Step], message: Words) -> tuple[Step, ...]:
    """What the code gave."""
    last = steps[-1]
    outputs = last.fields.get("outputs", ()) if isinstance(last, HostedCall) else ()
    logs = "".join(output.get("logs") or "" for output in outputs).strip()
    said = told(ask, "The code", json.dumps(logs) if logs[:1] in ("{", "[") else logs, message)
    return (said,)
