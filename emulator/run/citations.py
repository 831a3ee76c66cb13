"""What a message cites of the hosted calls before it: files that code made or a search found; it makes no file."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from emulator.core.hosted import HostedCall
from emulator.run.containers import FOLDER
from emulator.script.plan import Message, Step

Object = dict[str, Any]


def with_citations(steps: Sequence[Step]) -> list[Step]:
    """The steps, each message with citations of the calls before it, unless it has its own of that kind."""
    cited: list[Step] = []
    waiting: dict[str, list[HostedCall]] = {}
    for step in steps:
        if isinstance(step, HostedCall) and step.type in CITED:
            waiting.setdefault(step.type, []).append(step)
        elif isinstance(step, Message) and waiting:
            step = _cited(step, waiting)  # noqa: PLW2901 (one more of it)
            waiting = {}
        cited.append(step)
    return cited


def _cited(message: Message, waiting: Mapping[str, Sequence[HostedCall]]) -> Message:
    there = {note["type"] for note in message.annotations}
    notes = [note for kind, calls in waiting.items() for note in CITED[kind](calls, message.text)]
    return replace(message, annotations=(*message.annotations, *(note for note in notes if note["type"] not in there)))


def _made(calls: Sequence[HostedCall], text: str) -> list[Object]:
    """Every file that the code made, where the message names it; at its end where it does not."""
    notes = []
    for call in calls:
        for name in call.fields.get("files") or ():
            link = f"sandbox:{FOLDER}{name}"
            named = next((form for form in (link, name) if form in text), "")
            start = text.find(named) if named else len(text)
            notes.append(
                {
                    "type": "container_file_citation",
                    "container_id": call.fields["container_id"],
                    "file_id": call.fields["file_ids"][name],
                    "filename": name,
                    "start_index": start,
                    "end_index": start + len(named),
                }
            )
    return notes


def _found(calls: Sequence[HostedCall], text: str) -> list[Object]:
    """The files found that the message names, where it names them; none named, the best one at the message's end."""
    results = [result for call in calls for result in call.fields.get("results") or ()]
    names = {result["file_id"]: result["filename"] for result in results}
    ends = {file_id: _end_of(name, text) for file_id, name in names.items()}
    named = {file_id: end for file_id, end in ends.items() if end is not None}
    if not named and results:
        named = {results[0]["file_id"]: len(text)}
    return [
        {"type": "file_citation", "file_id": file_id, "filename": names[file_id], "index": index}
        for file_id, index in named.items()
    ]


def _end_of(name: str, text: str) -> int | None:
    """Where the first mention of a file ends, by its whole name; None where there is none."""
    found = re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text)
    return found.end() if found and name else None


CITED: Mapping[str, Callable[[Sequence[HostedCall], str], list[Object]]] = {
    "code_interpreter_call": _made,
    "file_search_call": _found,
}
