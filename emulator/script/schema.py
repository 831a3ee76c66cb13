"""The format of fixtures as a JSON Schema for editors, made from the tables that read them; it checks nothing."""

from typing import Any

from emulator.script.fixture import AT_END, CHUNKS, KEYS, PER, USAGE
from emulator.script.hosted import FORMS, form
from emulator.script.raw import ANNOTATIONS, INDEXES, OUTPUT_TYPES
from emulator.script.served import FAILURES
from emulator.script.then import ENDINGS, ERROR_EVENTS, ERROR_KEYS, REASONS, STEPS
from emulator.script.when import KEYS as WHEN_KEYS
from emulator.script.when import OUTPUT_KEYS

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FILLED: Schema = {"type": "string", "minLength": 1}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
FROM_ONE: Schema = {"type": "integer", "minimum": 1}
DURATION: Schema = {"type": "string", "pattern": "^[0-9]{1,9}(\\.[0-9]{1,9})?(ms|s|m|h|d)$"}
STEPS_LIST: Schema = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/step"}}


def _list(items: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": items}


def _either(*kinds: Schema) -> Schema:
    return {"anyOf": list(kinds)}


def _object(properties: Schema, *required: str) -> Schema:
    closed: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**closed, "required": list(required)} if required else closed


def _map(values: Schema) -> Schema:
    return {"type": "object", "minProperties": 1, "additionalProperties": values}


WHEN: Schema = {
    "model": _either(FILLED, _list(FILLED)),
    "input": FILLED,
    "instructions": FILLED,
    "tools": _list(FILLED),
    "tool_output": {"$ref": "#/$defs/tool_output"},
    "turn": _either(FROM_ONE, _list(FROM_ONE)),
    "previous": FILLED,
    "background": FLAG,
    "stream": FLAG,
    "has_image": FLAG,
    "has_file": FLAG,
    "file": FILLED,
    "metadata": _map(TEXT),
    "headers": _map(FILLED),
    "jsonpath": _map({}),
    "any": _list({"$ref": "#/$defs/when"}),
    "not": {"allOf": [{"$ref": "#/$defs/when"}], "minProperties": 1},
}
OUTPUT: Schema = {"name": FILLED, "contains": FILLED, "regex": FILLED, "json": _map({})}
ANNOTATION: Schema = {
    "anyOf": [
        _object({"type": {"const": kind}, **{key: COUNT if key in INDEXES else TEXT for key in keys}}, "type", *keys)
        for kind, keys in ANNOTATIONS.items()
    ]
}
SUMMARY = _either(_list(FILLED), {"type": "array", "maxItems": 0})
THOUGHT = {**_object({"summary": _either(TEXT, SUMMARY), "text": TEXT, "tokens": COUNT}), "minProperties": 1}
ERROR_EVENT = _either(FLAG, {"enum": list(ERROR_EVENTS)})
STEP: Schema = {
    "message": _either(TEXT, _object({"text": TEXT, "annotations": _list(ANNOTATION)}, "text")),
    "refusal": TEXT,
    "reasoning": _either({"type": ["string", "null"]}, SUMMARY, THOUGHT),
    "function_call": _object(
        {"name": FILLED, "arguments": _either({"type": "object"}, TEXT), "namespace": FILLED}, "name"
    ),
    "custom_tool_call": _object({"name": FILLED, "input": TEXT, "namespace": FILLED}, "name"),
    "compaction": {"type": "null"},
    "item": {"type": "object", "properties": {"type": {"enum": list(OUTPUT_TYPES)}}, "required": ["type"]},
    "events": _list({"type": "object", "properties": {"type": FILLED}, "required": ["type"]}),
    "wait": DURATION,
    "fail": _object({"code": FILLED, "message": FILLED, "error_event": ERROR_EVENT}, "code", "message"),
    "incomplete": {"enum": list(REASONS)},
}
ERROR: Schema = {
    "status": {"type": "integer", "minimum": 400, "maximum": 599},
    "code": FILLED,
    "type": FILLED,
    "message": FILLED,
    "param": FILLED,
    "retry_after": COUNT,
    "retry_after_ms": COUNT,
    "headers": {"type": "object", "additionalProperties": TEXT},
}
FIXTURE: Schema = {
    "name": FILLED,
    "when": {"$ref": "#/$defs/when"},
    "then": STEPS_LIST,
    "sequence": _list(STEPS_LIST),
    "at_end": {"enum": list(AT_END)},
    "times": FROM_ONE,
    "per": {"enum": list(PER)},
    "stream": _object(
        {"chunk": _either({"enum": list(CHUNKS)}, FROM_ONE, _list(FILLED)), "first": DURATION, "every": DURATION}
    ),
    "background": _either(
        {"const": "manual"}, _object({"queued": DURATION}, "queued"), _object({"polls": FROM_ONE}, "polls")
    ),
    "usage": {**_object(dict.fromkeys(USAGE, COUNT)), "minProperties": 1},
    "priority": {"type": "integer"},
    "where": FILLED,
}
URL: Schema = {
    "url": {"type": "string", "pattern": "^[hH][tT][tT][pP][sS]?://[^\\s/?#]\\S*$", "maxLength": 20_000},
    "base64": {"type": "string", "pattern": "^[A-Za-z0-9+/]*={0,2}$"},
    "file": FILLED,
    "fail": {"enum": list(FAILURES)},
    "name": FILLED,
    "where": FILLED,
}


def schema() -> Schema:
    """The whole schema: one fixture or a list of them, and what URLs lead to among them."""
    forms = {key: form(key).SCHEMA for key in FORMS}
    steps = {**{key: STEP[key] for key in (*STEPS, *ENDINGS)}, **forms, "error": {"$ref": "#/$defs/error"}}
    fixture = _object({key: FIXTURE[key] for key in KEYS})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Fixtures of the Responses emulator",
        "anyOf": [
            {"$ref": "#/$defs/fixture"},
            {"$ref": "#/$defs/url"},
            {"type": "array", "items": {"anyOf": [{"$ref": "#/$defs/fixture"}, {"$ref": "#/$defs/url"}]}},
            {"type": "null"},
        ],
        "$defs": {
            "fixture": {**fixture, "oneOf": [{"required": ["then"]}, {"required": ["sequence"]}]},
            "url": {**_object(URL, "url"), "oneOf": [{"required": [key]} for key in ("base64", "file", "fail")]},
            "when": _object({key: WHEN[key] for key in WHEN_KEYS}),
            "tool_output": _either(FILLED, {**_object({key: OUTPUT[key] for key in OUTPUT_KEYS}), "minProperties": 1}),
            "step": {**_object(steps), "minProperties": 1, "maxProperties": 1},
            "error": _object({key: ERROR[key] for key in ERROR_KEYS}, "status"),
        },
    }
