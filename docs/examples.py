"""Real answers of a real server as examples for the pages, with ids shortened; it makes up no answer."""

import json
import re
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from emulator.app import create_app
from emulator.core.clock import Clock
from emulator.core.ids import Ids
from emulator.server import ThreadedServer
from emulator.settings import Settings

FIXTURES = Path(__file__).parent / "reference" / "examples.yaml"
NOON = 1_763_035_200.0  # the clock of all examples stands still
AZURE, OPENAI = "/openai/v1", "/v1"
KEY = {"api-key": "any"}
FUNCTION = {"type": "function", "name": "get_weather", "parameters": {"type": "object"}}
HELLO = {"model": "gpt-4o", "input": "Say hello."}
QUIET = {"stream": True, "stream_options": {"include_obfuscation": False}}
LONG_ID = re.compile(
    r"\b(resp|msg|upload|part|rs|fc|ctc|fco|cntr|cfile|vs|conv|cmp)_[0-9a-f]{32,50}"
    r"|(\bcall_|\bfile-|\bassistant-|/mnt/data/)[0-9A-Za-z]{22,32}\b"
)
SEALED = re.compile(r"(gAAAAA)[\w=-]+")
FRAME = re.compile(r"event: (.*)\ndata: (.*)\n\n")
ALL = (0, None)
BETWEEN = (2, -1)  # without `created`, `in_progress` and the end
END = (-4, None)
Answers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Stream:
    """One example of a stream: what is asked, and which of its events are shown.

    `cancel` ends it by a cancel once it runs.
    """

    body: dict[str, Any] = field(default_factory=dict)
    shown: tuple[int, int | None] = BETWEEN
    cancel: bool = False


STREAMS = {
    "text": Stream(HELLO, ALL),
    "obfuscation": Stream({**HELLO, "stream_options": {"include_obfuscation": True}}, (4, 6)),
    "refusal": Stream({"model": "gpt-4o", "input": "How do I pick a lock?"}),
    "reasoning": Stream(
        {"model": "o4-mini", "input": "How many legs has a spider?", "reasoning": {"summary": "auto"}}, (2, 11)
    ),
    "reasoning text": Stream({"model": "gpt-oss-120b", "input": "What are two and two?"}, (2, 10)),
    "function call": Stream({"model": "gpt-4o", "input": "What is the weather?", "tools": [FUNCTION]}),
    "custom tool call": Stream(
        {"model": "gpt-4o", "input": "Write a query.", "tools": [{"type": "custom", "name": "sql"}]}
    ),
    "compaction": Stream({"model": "gpt-4o", "input": [{"type": "compaction_trigger"}]}),
    "background": Stream({**HELLO, "background": True}, (0, 4)),
    "cancelled": Stream({"model": "o3", "input": "Please take your time.", "background": True}, (2, None), cancel=True),
    "failed": Stream({"model": "gpt-4o", "input": "Now fail halfway."}, END),
    "error event": Stream({"model": "gpt-4o", "input": "Now break halfway."}, (-2, None)),
    "incomplete": Stream({"model": "gpt-4o", "input": "Now stop at the limit."}, END),
}


def part(name: str) -> str:
    """One example: the fenced block of a stream, or of a request and its answer."""
    return _made()[name]


@cache
def _made() -> Answers:
    settings = Settings(fixtures=FIXTURES, log_level="quiet")
    clock = Clock(NOON)
    made: Answers = {}
    server = ThreadedServer(lambda: create_app(settings, clock=clock, ids=Ids("docs")))
    with server, httpx.Client(headers=KEY, timeout=30, trust_env=False) as http:
        http.base_url = server.url
        for name, stream in STREAMS.items():
            made[name] = _streamed(http, clock, stream)
        made |= _answers(http)
    return made


def _streamed(http: httpx.Client, clock: Clock, stream: Stream) -> str:
    frames = ""
    with http.stream("POST", f"{AZURE}/responses", json={**QUIET, **stream.body}) as answer:
        for text in answer.iter_text():
            frames += text
            found = re.search(r'"id":"(resp_\w+)"', frames)
            if stream.cancel and found and "response.in_progress" in frames:
                clock.advance(2)
                http.get(f"{AZURE}/responses/{found[1]}")
                http.post(f"{AZURE}/responses/{found[1]}/cancel").raise_for_status()
                stream = replace(stream, cancel=False)
    shown = FRAME.findall(frames)[slice(*stream.shown)]
    lines = [f"event: {kind}\ndata: {_line(json.loads(data))}\n" for kind, data in shown]
    return _fenced("text", "\n".join(lines))


def _line(event: dict[str, Any]) -> str:
    """An event in one line; its Response is shown by the fields that differ from the one before."""
    if "response" in event:
        response = event["response"]
        kept = {name: response[name] for name in ("id", "status")}
        kept |= {name: response[name] for name in ("error", "incomplete_details") if response[name]}
        if response["status"] == "cancelled":
            kept["output"] = response["output"]
        event = {**event, "response": kept}
        return _short(_dumped(event)[:-2] + ",...}}")
    return _short(_dumped(event))


def _dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _short(text: str) -> str:
    text = SEALED.sub(r"\1...", text)
    return LONG_ID.sub(lambda found: f"{found[1] + '_' if found[1] else found[2]}...", text)


def _fenced(kind: str, text: str) -> str:
    return f"```{kind}\n{text.strip()}\n```"


def _answers(http: httpx.Client) -> Answers:
    """Requests and their answers, in an order in which each finds what it needs."""
    made = http.post(f"{AZURE}/responses", json=HELLO)
    path = f"/responses/{made.json()['id']}"
    other = http.post(f"{OPENAI}/responses", json=HELLO).json()["id"]
    job = http.post(f"{AZURE}/responses", json={**HELLO, "background": True}).json()["id"]
    form = {"files": {"file": ("notes.txt", b"hello")}, "data": {"purpose": "assistants"}}
    asked: list[tuple[str, str, str, dict[str, Any]]] = [
        ("create", "POST", f"{AZURE}/responses", {"json": HELLO}),
        ("input items", "GET", f"{AZURE}{path}/input_items", {}),
        ("input tokens", "POST", f"{AZURE}/responses/input_tokens", {"json": HELLO}),
        ("delete", "DELETE", f"{AZURE}{path}", {}),
        ("gone", "GET", f"{AZURE}{path}", {}),
        ("delete in openai", "DELETE", f"{OPENAI}/responses/{other}", {}),
        ("cancel", "POST", f"{AZURE}/responses/{job}/cancel", {}),
        ("upload", "POST", f"{AZURE}/files", form),
        ("upload in openai", "POST", f"{OPENAI}/files", form),
        ("model", "GET", f"{AZURE}/models/o3-mini", {}),
        ("model in openai", "GET", f"{OPENAI}/models/o3-mini", {}),
        ("bad path", "POST", f"{AZURE}/nothing", {}),
        ("bad path in openai", "POST", f"{OPENAI}/nothing", {}),
        ("missing model", "POST", f"{AZURE}/responses", {"json": {"input": "Hi"}}),
        ("not built", "POST", f"{AZURE}/responses", {"json": {**HELLO, "tools": [{"type": "web_search"}]}}),
        ("readyz", "GET", "/_emulator/readyz", {}),
    ]
    shown = {name: _answer(http.request(method, where, **more), more) for name, method, where, more in asked}
    made_file = http.get(f"{AZURE}/files").json()["data"][0]["id"]
    shown |= _of_uploads(http)
    shown |= _of_containers(http)
    shown |= _of_vector_stores(http)
    shown |= _of_conversations(http)
    shown["delete file"] = _answer(http.delete(f"{AZURE}/files/{made_file}"), {})
    return shown


def _of_uploads(http: httpx.Client) -> Answers:
    """What an upload in parts answers until it is a file."""
    body = {"bytes": 5, "filename": "notes.txt", "mime_type": "text/plain", "purpose": "assistants"}
    made = http.post(f"{AZURE}/uploads", json=body)
    at = f"{AZURE}/uploads/{made.json()['id']}"
    form = {"files": {"data": ("notes.txt", b"hello")}}
    part = http.post(f"{at}/parts", **form)  # type: ignore[arg-type]
    named = {"part_ids": [part.json()["id"]]}
    return {
        "upload in parts": _answer(made, {"json": body}),
        "upload part": _answer(part, form),
        "upload completed": _answer(http.post(f"{at}/complete", json=named), {"json": named}),
    }


def _of_containers(http: httpx.Client) -> Answers:
    """What a container answers from its making to its expiry."""
    body = {"name": "My container", "expires_after": {"anchor": "last_active_at", "minutes": 10}}
    made = http.post(f"{AZURE}/containers", json=body)
    at = f"{AZURE}/containers/{made.json()['id']}"
    form = {"files": {"file": ("notes.txt", b"hello")}}
    shown = {
        "container": _answer(made, {"json": body}),
        "container file": _answer(http.post(f"{at}/files", **form), form),  # type: ignore[arg-type]
        "container files": _answer(http.get(f"{at}/files"), {}),
        "delete container": _answer(http.delete(at), {}),
        "container gone": _answer(http.get(at), {}),
    }
    old = http.post(f"{AZURE}/containers", json=body).json()["id"]
    http.post("/_emulator/clock", json={"advance": "10m"})
    shown["container expired"] = _answer(http.get(f"{AZURE}/containers/{old}/files"), {})
    return shown


def _of_vector_stores(http: httpx.Client) -> Answers:
    """What a vector store answers from its making to its expiry."""
    policy = {"file": ("policy.md", b"Returns are accepted within 30 days.")}
    uploaded = http.post(f"{AZURE}/files", data={"purpose": "assistants"}, files=policy)
    file_id = uploaded.json()["id"]
    body: dict[str, Any] = {"name": "Policies", "expires_after": {"anchor": "last_active_at", "days": 7}}
    made = http.post(f"{AZURE}/vector_stores", json=body)
    at = f"{AZURE}/vector_stores/{made.json()['id']}"
    file, query = {"file_id": file_id, "attributes": {"year": 2024}}, {"query": "How long are returns accepted?"}
    shown = {
        "vector store": _answer(made, {"json": body}),
        "vector store file": _answer(http.post(f"{at}/files", json=file), {"json": file}),
        "vector store search": _answer(http.post(f"{at}/search", json=query), {"json": query}),
    }
    http.post("/_emulator/clock", json={"advance": "7d"})
    shown["vector store expired"] = _answer(http.post(f"{at}/search", json=query), {"json": query})
    http.delete(f"{AZURE}/files/{file_id}")
    return shown


def _of_conversations(http: httpx.Client) -> Answers:
    """What a conversation answers from its making to its end."""
    body = {"items": [{"role": "user", "content": "My name is Ada."}], "metadata": {"topic": "demo"}}
    made = http.post(f"{OPENAI}/conversations", json=body)
    at = f"{OPENAI}/conversations/{made.json()['id']}"
    asked = {**HELLO, "conversation": made.json()["id"]}
    http.post(f"{OPENAI}/responses", json=asked).raise_for_status()
    shown = {
        "conversation": _answer(made, {"json": body}),
        "in conversation": _answer(http.get(f"{at}/items"), {}),
    }
    http.post(f"{OPENAI}/responses", json={**asked, "background": True}).raise_for_status()
    shown["conversation locked"] = _answer(http.post(f"{OPENAI}/responses", json=asked), {"json": asked})
    shown["delete conversation"] = _answer(http.delete(at), {})
    return shown


def _answer(answer: httpx.Response, more: dict[str, Any]) -> str:
    request = answer.request
    lines = [f"{request.method} {request.url.path}"]
    if "json" in more:
        lines += ["", json.dumps(more["json"])]
    if "files" in more:
        fields = [f"{name}={value}" for name, value in more.get("data", {}).items()]
        lines += ["", " ".join([*(f"{name}=@notes.txt" for name in more["files"]), *fields, "(multipart/form-data)"])]
    lines += ["", str(answer.status_code), "", _wrapped(answer.json())]
    return _fenced("text", _short("\n".join(lines)))


def _wrapped(value: object) -> str:
    """JSON with a line for each field; what is short stays in one line."""
    if isinstance(value, dict) and len(json.dumps(value)) > 100:
        inner = ",\n".join(f"{json.dumps(name)}: {_wrapped(held)}" for name, held in value.items())
        return "{\n" + _indented(inner) + "\n}"
    if isinstance(value, list) and len(json.dumps(value)) > 100:
        return "[\n" + _indented(",\n".join(_wrapped(held) for held in value)) + "\n]"
    return json.dumps(value, ensure_ascii=False)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.split("\n"))
