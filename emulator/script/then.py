"""A fixture's `then`: the steps of the model and their ending; it decides neither when nor how fast."""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from emulator.core.records import dataclass
from emulator.script.draft import Draft, Texts, arguments, json_data, made, words
from emulator.script.hosted import FORMS, form
from emulator.script.node import Node
from emulator.script.plan import (
    Compaction,
    CustomToolCall,
    Ending,
    Events,
    FunctionCall,
    Item,
    Message,
    Reasoning,
    Refusal,
    Step,
    Wait,
)
from emulator.script.raw import check_annotation, check_event, check_item, check_order
from emulator.script.template import Template
from emulator.script.template_parts import Values

REASONS = ("max_output_tokens", "content_filter")
ERROR_EVENTS = ("none", "nested", "flat")
ERROR_KEYS = ("status", "code", "type", "message", "param", "retry_after", "retry_after_ms", "headers")
# What an error says where the script leaves it open: its type, code and message by status.
ERROR_TEXTS: Mapping[int, tuple[str, str | None, str]] = {
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    403: ("invalid_request_error", None, "You are not allowed to do this."),
    404: ("invalid_request_error", None, "The resource was not found."),
    409: ("invalid_request_error", None, "The request conflicts with another one."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached. Please try again later."),
}
CLIENT_ERROR = ("invalid_request_error", None, "The request was refused.")
SERVER_ERROR = ("server_error", "server_error", "The server had an error while processing your request.")


@dataclass(frozen=True, slots=True)
class HttpError:
    """An answer that is an error, given before anything starts."""

    status: int
    type: str
    code: str | None
    message: str
    param: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Then:
    """What one run says: its steps, in order, and its ending; or the error that it is refused with."""

    steps: tuple[Step | Draft, ...] = ()
    ending: Ending = field(default_factory=Ending)
    error: HttpError | None = None

    def filled(self, values: Callable[[], Values]) -> tuple[Step, ...]:
        """The steps with their templates filled in; raises TemplateError."""
        if not any(isinstance(step, Draft) for step in self.steps):
            return self.steps  # type: ignore[return-value]
        known = values()
        return tuple(step.step(known) if isinstance(step, Draft) else step for step in self.steps)


def read_then(node: Node) -> Then:
    """Read `then`, a list of steps; raises FixtureError for what is wrong or could not happen on the wire."""
    steps: list[Step | Draft] = []
    items: list[Node] = []
    ending = None
    entries = node.list("steps")
    for entry in entries:
        kind, value = _step(entry)
        if kind == "error":
            if len(entries) > 1:
                entry.wrong(f"{entry.label} is an HTTP error, which is given before anything starts: it stands alone")
            return Then(error=_error(value))
        if ending:
            entry.wrong(f"{entry.label} comes after {ending.status!r}, which ends the script: put that last")
        if kind in ENDINGS:
            ending = ENDINGS[kind](value)
        else:
            steps.append(STEPS[kind](value) if kind in STEPS else form(kind).read(value))
        if kind == "item":
            items.append(value)
    check_order(items)
    return Then(tuple(steps), ending or Ending())


def _step(node: Node) -> tuple[str, Node]:
    if not isinstance(node.value, dict):
        node.wrong(f"{node.label} must be a mapping such as {{message: Hello}}, not {node.kind}")
    entries = node.mapping((*STEPS, *FORMS, *ENDINGS, "error"))
    if len(entries) != 1:
        node.wrong(f"{node.label} must have one key, not {len(entries)}: each step is an entry of its own")
    return next(iter(entries.items()))


def _message(node: Node) -> Step | Draft:
    if not isinstance(node.value, dict):
        return made(Message, node.label, text=words(node))
    entries = node.mapping(("text", "annotations"))
    notes = entries["annotations"].list("annotations") if "annotations" in entries else []
    for note in notes:
        check_annotation(note)
    text = words(entries["text"]) if "text" in entries else node.wrong(f"{node.label} needs 'text'")
    return made(Message, node.label, text=text, annotations=tuple(note.plain() for note in notes))


def _refusal(node: Node) -> Step | Draft:
    return made(Refusal, node.label, text=words(node))


def _reasoning(node: Node) -> Step | Draft:
    if node.value is None or node.value == "":
        return Reasoning()
    if not isinstance(node.value, dict):
        return made(Reasoning, node.label, summary=_summary(node))
    entries = node.mapping(("summary", "text", "tokens"))
    if not entries:
        node.wrong(f"{node.label} needs 'summary', 'text' or 'tokens'")
    return made(
        Reasoning,
        node.label,
        summary=_summary(entries["summary"]) if "summary" in entries else (),
        text=words(entries["text"]) if "text" in entries else "",
        tokens=entries["tokens"].integer(0) if "tokens" in entries else 0,
    )


def _summary(node: Node) -> tuple[str | Template, ...]:
    """The parts of a summary: one text, or a list of them."""
    if not isinstance(node.value, list):
        return (words(node),)
    for part in node.value:
        part.filled()
    return tuple(words(part) for part in node.value)


def _function_call(node: Node) -> Step | Draft:
    entries = node.mapping(("name", "arguments", "namespace"))
    written = arguments(entries["arguments"]) if "arguments" in entries else "{}"
    name, group = _required(node, entries, "name"), _group(entries)
    return made(FunctionCall, node.label, name=name, arguments=written, namespace=group)


def _custom_tool_call(node: Node) -> Step | Draft:
    entries = node.mapping(("name", "input"))
    text = words(entries["input"]) if "input" in entries else ""
    name, group = _required(node, entries, "name"), _group(entries)
    return made(CustomToolCall, node.label, name=name, input=text, namespace=group)


def _compaction(node: Node) -> Step:
    if node.value is not None:
        node.wrong(f"{node.label} takes nothing, not {node.kind}: what it stands for follows from the context")
    return Compaction()


def _item(node: Node) -> Step | Draft:
    check_item(node)
    return made(Item, node.label, item=Texts(_wire(node)))


def _events(node: Node) -> Step | Draft:
    entries = node.list("events")
    for entry in entries:
        check_event(entry)
    return made(Events, node.label, events=tuple(_wire(entry) for entry in entries))


def _wire(node: Node) -> Any:
    """A value that goes to the wire as it is."""
    if _too_large(node.plain()):
        node.wrong(f"{node.label} holds a whole number of more than 64 bits")
    return json_data(node)


def _too_large(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_too_large, value.values() if isinstance(value, dict) else value))
    return isinstance(value, int) and not -(2**63) <= value < 2**64


def _wait(node: Node) -> Step:
    return Wait(node.seconds())


def _fail(node: Node) -> Ending:
    entries = node.mapping(("code", "message", "error_event"))
    code, message = (_required(node, entries, key) for key in ("code", "message"))
    return Ending("failed", code=code, message=message, error_event=_error_event(entries.get("error_event")))


def _error_event(node: Node | None) -> str | None:
    """The form of the event before `response.failed`; a plain yes is the service's own form."""
    if node is None:
        return None
    if isinstance(node.value, bool):
        return "nested" if node.value else "none"
    return node.one_of(ERROR_EVENTS)


def _incomplete(node: Node) -> Ending:
    return Ending("incomplete", reason=node.one_of(REASONS))


def _error(node: Node) -> HttpError:
    entries = node.mapping(ERROR_KEYS)
    status = entries["status"].integer(400) if "status" in entries else node.wrong(f"{node.label} needs 'status'")
    if status > 599:
        entries["status"].wrong(f"{entries['status'].label} must be from 400 to 599, not {status}")
    kind, code, message = ERROR_TEXTS.get(status, SERVER_ERROR if status >= 500 else CLIENT_ERROR)
    said = {key: entries[key].filled() for key in ("code", "type", "message", "param") if key in entries}
    return HttpError(
        status,
        said.get("type", kind),
        said.get("code", code),
        said.get("message", message),
        said.get("param"),
        _headers(entries),
    )


def _headers(entries: Mapping[str, Node]) -> dict[str, str]:
    headers = {}
    if "retry_after" in entries:
        headers["retry-after"] = str(entries["retry_after"].integer(0))
    if "retry_after_ms" in entries:
        headers["retry-after-ms"] = str(entries["retry_after_ms"].integer(0))
    for name, entry in entries["headers"].any_mapping().items() if "headers" in entries else ():
        value = entry.text()
        if not (name.isascii() and name.replace("-", "").replace("_", "").isalnum() and value.isprintable()):
            entry.wrong(f"{entry.label} is no header: a name of letters, digits and dashes, and one line of text")
        headers[name.lower()] = value
    return headers


def _group(entries: dict[str, Node]) -> str | None:
    """The group that the tool of a call is in, as the script says it."""
    return entries["namespace"].filled() if "namespace" in entries else None


def _required(node: Node, entries: dict[str, Node], key: str) -> str:
    if key not in entries:
        node.wrong(f"{node.label} needs {key!r}")
    return entries[key].filled()


STEPS: dict[str, Callable[[Node], Step | Draft]] = {
    "message": _message,
    "refusal": _refusal,
    "reasoning": _reasoning,
    "function_call": _function_call,
    "custom_tool_call": _custom_tool_call,
    "compaction": _compaction,
    "item": _item,
    "events": _events,
    "wait": _wait,
}
ENDINGS: dict[str, Callable[[Node], Ending]] = {"fail": _fail, "incomplete": _incomplete}
