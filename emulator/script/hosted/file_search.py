"""File search in scripts: its call's short form, and what the built-in model says of results; it searches nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from emulator.core.hosted import HostedCall
from emulator.core.search import best_sentence
from emulator.script.ask import Ask
from emulator.script.draft import Draft, Texts, data, made, words
from emulator.script.hosted import Words, told
from emulator.script.node import Node
from emulator.script.plan import Message, Step
from emulator.script.prose import clipped

TEXT = {"type": "string", "minLength": 1}
STATUSES = ("completed", "failed", "incomplete")
RESULT_KEYS = ("filename", "text", "score", "file_id", "attributes")
SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        TEXT,
        {
            "type": "object",
            "properties": {
                "query": TEXT,
                "queries": {"type": "array", "minItems": 1, "items": TEXT},
                "results": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "filename": TEXT,
                            "text": {"type": "string"},
                            "score": {"type": "number", "minimum": 0, "maximum": 1},
                            "file_id": TEXT,
                            "attributes": {"type": "object"},
                        },
                        "required": ["filename"],
                        "additionalProperties": False,
                    },
                },
                "status": {"enum": list(STATUSES)},
            },
            "additionalProperties": False,
        },
    ]
}
LONGEST_QUERY = 200
NOTHING = "I found nothing about it in the files."


def read(node: Node) -> Step | Draft:
    """`file_search_call: query`, or a mapping: `query` or `queries`, with `results` and `status`."""
    if not isinstance(node.value, dict):
        node.filled()
        return _made(node, {"queries": [words(node)]})
    entries = node.mapping(("query", "queries", "results", "status"))
    if ("query" in entries) == ("queries" in entries):
        node.wrong(f"{node.label} needs either 'query' or 'queries'")
    asked = [entries["query"]] if "query" in entries else entries["queries"].list("queries")
    if not asked:
        entries["queries"].wrong(f"{entries['queries'].label} must have a query")
    fields: dict[str, Any] = {"queries": [words(query) for query in asked]}
    if "results" in entries:
        found = entries["results"].list("results") if entries["results"].value != [] else []
        fields["results"] = [_result(result) for result in found]
    if "status" in entries:
        fields["status"] = entries["status"].one_of(STATUSES)
    return _made(node, fields)


def _made(node: Node, fields: dict[str, Any]) -> Step | Draft:
    return made(HostedCall, node.label, type="file_search_call", fields=Texts(fields))


def _result(node: Node) -> dict[str, Any]:
    entries = node.mapping(RESULT_KEYS)
    if "filename" not in entries:
        node.wrong(f"{node.label} needs 'filename'")
    result: dict[str, Any] = {name: words(entry) for name, entry in entries.items() if name in ("filename", "text")}
    if "file_id" in entries:
        result["file_id"] = entries["file_id"].filled()
    if "attributes" in entries:
        held = entries["attributes"].any_mapping()
        for entry in held.values():
            if isinstance(entry.value, dict | list) or entry.value is None:
                entry.wrong(f"{entry.label} must be text, a number, true or false")
        result["attributes"] = data(entries["attributes"])
    if "score" in entries:
        score = entries["score"].value
        if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
            entries["score"].wrong(f"{entries['score'].label} must be a number from 0 to 1")
        result["score"] = score
    return result


def says(ask: Ask, tool: Mapping[str, Any], message: Words) -> tuple[Step, ...]:
    """One search for the prompt; what it found is said when that is known."""
    query = clipped(ask.last_user_text(), LONGEST_QUERY)
    if not query:
        return ()
    return (HostedCall("file_search_call", {"queries": [query], "answers": True}),)


def goes_on(ask: Ask, steps: Sequence[Step], message: Words) -> tuple[Step, ...]:
    """What the best result says about the prompt, with the name of its file."""
    last = steps[-1]
    fields = last.fields if isinstance(last, HostedCall) else {}
    results = fields.get("results") or ()
    if results:
        best = results[0]
        return (told(ask, best["filename"], best_sentence(" ".join(fields["queries"]), best["text"]), message),)
    return (Message(NOTHING if ask.request.text["format"]["type"] == "text" else message()),)
