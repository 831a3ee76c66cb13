"""Image generation in scripts: the short form of its item, and the built-in model's picture; it draws nothing.

A picture is scripted as base64 text or as a file beside the fixture; otherwise the tool draws one from the prompt.
"""

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emulator.core.hosted import HostedCall
from emulator.script.ask import Ask
from emulator.script.draft import Draft, Texts, made, words
from emulator.script.hosted import Words
from emulator.script.node import FilePlace, Node
from emulator.script.plan import Message, Step
from emulator.script.prose import clipped

KIND = "image_generation_call"
CHOICES: Mapping[str, tuple[str, ...]] = {
    "size": ("1024x1024", "1024x1536", "1536x1024"),
    "quality": ("low", "medium", "high"),
    "background": ("opaque", "transparent"),
    "output_format": ("png", "webp", "jpeg"),
    "action": ("generate", "edit"),
    "status": ("completed", "failed"),
}
KEYS = ("prompt", "result", "file", *CHOICES)
TEXT = {"type": "string", "minLength": 1}
SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        TEXT,
        {"type": "null"},
        {
            "type": "object",
            "properties": {
                **dict.fromkeys(("prompt", "result", "file"), TEXT),
                **{name: {"enum": list(choices)} for name, choices in CHOICES.items()},
            },
            "additionalProperties": False,
        },
    ]
}
LARGEST = 5_000_000  # bytes of a picture
SHOWN = 200  # characters of a prompt that the built-in model repeats


def read(node: Node) -> Step | Draft:
    """`image_generation_call: prompt`, nothing for the user's words, or a mapping with `result`, `file` and more."""
    if node.value is None:
        return HostedCall(KIND)
    if not isinstance(node.value, dict):
        node.filled()
        return made(HostedCall, node.label, type=KIND, fields=Texts({"prompt": words(node)}))
    entries = node.mapping(KEYS)
    fields: dict[str, Any] = {name: entries[name].one_of(CHOICES[name]) for name in CHOICES if name in entries}
    if "prompt" in entries:
        fields["prompt"] = words(entries["prompt"])
    if "result" in entries and "file" in entries:
        node.wrong(f"{node.label} has both 'result' and 'file': one of them")
    if "result" in entries or "file" in entries:
        fields |= _picture(entries["result"], _decoded) if "result" in entries else _picture(entries["file"], _loaded)
        _check(node, fields, entries)
    return made(HostedCall, node.label, type=KIND, fields=Texts(fields))


def _check(node: Node, fields: Mapping[str, Any], entries: Mapping[str, Node]) -> None:
    if fields.get("status") == "failed":
        node.wrong(f"{node.label} has a picture, which a failed generation has not")
    if "output_format" in entries and entries["output_format"].value != fields["output_format"]:
        entries["output_format"].wrong(f"{entries['output_format'].label}: the picture is {fields['output_format']}")


def _picture(node: Node, read_bytes: Any) -> dict[str, str]:
    data: bytes = read_bytes(node)
    return {"result": base64.b64encode(data).decode(), "output_format": _format(node, data)}


def _decoded(node: Node) -> bytes:
    try:
        return base64.b64decode(node.filled(), validate=True)
    except (binascii.Error, ValueError):
        node.wrong(f"{node.label} is no base64")


def _loaded(node: Node) -> bytes:
    """The bytes of a file in the folder of the fixture's own, or below it."""
    name = node.filled()
    if not isinstance(node.where, FilePlace):
        node.wrong(f"{node.label} can be named in a file of fixtures only; give 'result', the picture in base64")
    folder = Path(node.where).parent
    try:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            node.wrong(f"{node.label} is outside the folder of the fixture: put the picture beside it")
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        node.wrong(f"{node.label} cannot be read: {getattr(error, 'strerror', None) or error}")
    if len(data) > LARGEST:
        node.wrong(f"{node.label} is larger than {LARGEST} bytes")
    return data


def _format(node: Node, data: bytes) -> str:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        node.wrong(f"{node.label} is no PNG, JPEG or WEBP")
    return "webp"


def carried(node: Node) -> Any:
    """The short form as it is written, with the file that it names in it: who reads it next cannot reach the file."""
    said = node.plain()
    if isinstance(said, dict) and "file" in said:
        del said["file"]
        said["result"] = base64.b64encode(_loaded(node.value["file"])).decode()
    return said


def says(ask: Ask, tool: Mapping[str, Any], message: Words) -> tuple[Step, ...]:
    """One picture of the prompt, then a sentence about it, or the JSON that is asked for."""
    prompt = ask.last_user_text()
    plain = ask.request.text["format"]["type"] == "text"
    said = f'Here is the picture: "{clipped(prompt, SHOWN)}".' if plain else message()
    return HostedCall(KIND, {"prompt": prompt}), Message(said)


def answers(ask: Ask, message: Words) -> tuple[Step, ...]:
    """An edit, where a picture stands after the user's words; without the tool, or where it may not be used, words."""
    tool = next((tool for tool in ask.request.tools if tool["type"] == "image_generation"), None)
    if tool is None or ask.request.tool_choice == "none":
        return (Message(message()),)
    return says(ask, tool, message)
