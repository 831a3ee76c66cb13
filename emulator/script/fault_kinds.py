"""The kinds of faults and the named incidents as a table: arguments, places, what they apply to; it strikes nothing."""

from collections.abc import Callable, Mapping
from dataclasses import field
from fnmatch import fnmatchcase
from typing import Any

from emulator.core.records import dataclass
from emulator.script.node import Node
from emulator.settings import duration

METHODS = ("GET", "POST", "DELETE")
PLACES = ("at_event", "before", "after_bytes")
EVENTS = ("at_event", "before")
Argument = Callable[[Node], Any]


@dataclass(frozen=True, slots=True)
class Sight:
    """A request as a fault sees it: `path` is what follows the base URL, `body` its JSON object, empty without one."""

    method: str
    path: str
    stream: bool = False
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def model(self) -> str:
        """The model or deployment asked for; empty where there is none."""
        model = self.body.get("model")
        return model if isinstance(model, str) else ""

    @property
    def items(self) -> list[dict[str, Any]]:
        """The input items that were sent as objects."""
        given = self.body.get("input")
        return [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []


@dataclass(frozen=True, slots=True)
class Match:
    """Which requests a fault strikes; what is None does not matter. `path` and `model` are globs."""

    method: str | None = None
    path: str | None = None
    model: str | None = None
    stream: bool | None = None

    def holds(self, sight: Sight) -> bool:
        """Whether the request is one of them."""
        return (
            self.method in (None, sight.method)
            and (self.path is None or fnmatchcase(sight.path, self.path))
            and (self.model is None or fnmatchcase(sight.model, self.model))
            and self.stream in (None, sight.stream)
        )


ANY = Match()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault: its arguments, those `needed`, and the places in the answer where it may strike.

    `wire`: it needs the connection itself. `match` and `fits` say to which requests it applies at all, `times` how
    often it strikes unless the fault says. `incident`: it has a name of its own in docs/how-to/incidents.md.
    """

    args: Mapping[str, Argument] = field(default_factory=dict)
    needed: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    wire: bool = False
    match: Match = ANY
    fits: Callable[[Sight], bool] = bool
    times: int | None = None
    incident: bool = False


def seconds(node: Node) -> float:
    """A duration: a number of seconds, or text such as 300ms."""
    value = node.value
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError(value)  # noqa: TRY301, TRY004 (said below)
        return duration(str(value))
    except ValueError:
        node.wrong(f"{node.label} must be a duration such as 300ms, 2s or 1m, not {node.kind}")


def _status(node: Node) -> int:
    if not 400 <= node.integer() <= 599:
        node.wrong(f"{node.label} must be a status from 400 to 599, not {node.value}")
    return node.integer()


def _headers(node: Node) -> dict[str, str]:
    headers = {}
    for name, value in node.any_mapping().items():
        text = str(value.value)
        if not (name.replace("-", "").isalnum() and name.isascii() and text.isascii() and text.isprintable()):
            value.wrong(f"{value.label} is no header: names are letters, digits and dashes, values one line of ASCII")
        headers[name.lower()] = text
    return headers


def _whole(node: Node) -> int:
    return node.integer(0)


def _some(node: Node) -> int:
    return node.integer(1)


def is_chained(sight: Sight) -> bool:
    """Whether the request goes on with what was stored: a previous response, or items by id."""
    return bool(sight.body.get("previous_response_id")) or any(item.get("id") for item in sight.items)


def has_output_items(sight: Sight) -> bool:
    """Whether the request sends items back that a model wrote."""
    return any(is_output(item) for item in sight.items)


def is_output(item: Mapping[str, Any]) -> bool:
    """Whether an input item was an output once."""
    kind = str(item.get("type", "message"))
    return kind in ("reasoning", "item_reference") or kind.endswith("_call") or item.get("role") == "assistant"


_STREAM = Match(stream=True)
_CREATE = Match("POST", "/responses")
_EVENT = Kind(places=EVENTS, match=_STREAM)
_STATUS: Mapping[str, Argument] = {
    "status": _status,
    "retry_after": seconds,
    "retry_after_ms": _whole,
    "headers": _headers,
    "message": Node.filled,
    "code": Node.filled,
    "type": Node.filled,
}

KINDS: Mapping[str, Kind] = {
    "status": Kind(_STATUS, needed=("status",)),
    "delay": Kind({"delay": seconds}, needed=("delay",)),
    "drip": Kind({"bytes": _some, "every": seconds}),
    "stall": Kind(places=PLACES),
    "reset": Kind(places=PLACES, wire=True),
    "cut": Kind({"clean": Node.flag}, places=PLACES),
    "empty": Kind(wire=True),
    "bad_chunk": Kind(places=PLACES, wire=True),
    "bad_json": _EVENT,
    "unknown_event": _EVENT,
    "duplicate_event": _EVENT,
    "drop_event": _EVENT,
    "reorder_events": _EVENT,
    "split_utf8": _EVENT,
    "error_event": Kind({"message": Node.filled, "code": Node.filled, "flat": Node.flag}, places=EVENTS, match=_STREAM),
    "keepalive_event": Kind(places=EVENTS, match=_STREAM, incident=True),
    "rate_limit_in_stream": Kind(match=_CREATE, incident=True),
    "item_not_found_race": Kind(match=_CREATE, fits=is_chained, times=1, incident=True),
    "store_false_item_id": Kind(match=_CREATE, fits=has_output_items, incident=True),
    "resume_window_expired": Kind(match=Match("GET", "/responses/*", stream=True), incident=True),
    "invalid_encrypted_content": Kind(match=_CREATE, incident=True),
    "content_filter_prompt": Kind(match=_CREATE, incident=True),
    "content_filter_completion": Kind(match=_CREATE, incident=True),
    "quota_exceeded": Kind(match=_CREATE, incident=True),
    "overloaded": Kind(match=_CREATE, incident=True),
    "conversation_locked": Kind(match=_CREATE, incident=True),
    "slow_first_token": Kind({"delay": seconds}, match=_CREATE, incident=True),
    "cut_before_completed": Kind({"clean": Node.flag}, match=_STREAM, incident=True),
}
INCIDENTS = tuple(name for name, kind in KINDS.items() if kind.incident)
