"""The built-in model: what is said where no fixture matches, always the same; it runs no tool itself."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

from emulator.core.errors import ApiError
from emulator.core.hosted import HostedCall
from emulator.script import hosted
from emulator.script.ask import Ask, message_text
from emulator.script.bounds import SchemaError, Steps, TooMuchWorkError
from emulator.script.budget import limit, output_tokens
from emulator.script.choose_tool import choose_tool
from emulator.script.generate import GenerateError, value_for
from emulator.script.pattern import text_for
from emulator.script.pattern_match import Program
from emulator.script.plan import CustomToolCall, FunctionCall, Message, Reasoning, Step
from emulator.script.prose import about_file, attached, clipped, echo, long_text, result, wanted_words

__all__ = ["answer", "limit", "output_tokens"]

OUTPUTS = ("function_call_output", "custom_tool_call_output")
THOUGHT = {"none": 0, "minimal": 0, "low": 64, "medium": 128, "high": 256, "xhigh": 512}
NO_PARAMETERS = {"type": "object", "properties": {}}
KEPT = 20_000  # characters of a schema or its JSON, for which the JSON is kept
HINT = 2_000  # characters of a prompt that arguments and JSON are filled from


def answer(ask: Ask) -> tuple[Step, ...]:
    """The steps with which the built-in model answers (docs/reference/built-in-model.md).

    A reasoning step first for reasoning deployments, then one call, or one message, before which a hosted tool may
    run. Raises `not_implemented` where JSON, arguments or a tool's input are asked for in a way that it cannot follow:
    a fixture can.
    """
    last = ask.items[-1] if ask.items else {}
    step = _call(ask) if _from_user(last) else None
    steps = (step,) if step else hosted.answer(ask, lambda: _words(ask, last)) or (Message(_words(ask, last)),)
    thought = _reasoning(ask, steps[0]) if ask.deployment.reasoning else None
    return steps if thought is None else (thought, *steps)


def go_on(ask: Ask, steps: Sequence[Step]) -> tuple[Step, ...]:
    """What the built-in model says after `steps`, the outside work of the last of which is done."""
    last = ask.items[-1] if ask.items else {}
    return hosted.go_on(ask, steps, lambda: _words(ask, last))


def expanded(ask: Ask, steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps of a script, with what the built-in model does in place of those that only describe something."""
    last = ask.items[-1] if ask.items else {}
    return hosted.expanded(ask, steps, lambda: _words(ask, last))


def _from_user(item: Mapping[str, Any]) -> bool:
    return item.get("type") == "message" and item.get("role") == "user"


def _reasoning(ask: Ask, step: Step) -> Reasoning | None:
    asked = ask.request.reasoning or {}
    effort = asked.get("effort") or ask.deployment.effort
    if effort == "none":
        return None
    style = asked.get("summary") or asked.get("generate_summary")
    return Reasoning(_summary(ask, step, style) if style else (), THOUGHT.get(effort or "medium", 128))


def _summary(ask: Ask, step: Step, style: str) -> tuple[str, ...]:
    """One short text, two where the summary is to be detailed."""
    told = clipped(ask.last_user_text(), 80)
    about = f'The user says "{told}".' if told else "The tool has answered."
    first = f"**Reading the request**\n\n{about}"
    if style != "detailed":
        return (first,)
    tool = step.type if isinstance(step, HostedCall) else getattr(step, "name", "a tool")
    next_move = "answer in words" if isinstance(step, Message) else f"call {tool}"
    return (first, f"**Choosing the answer**\n\nThe next thing to do is to {next_move}.")


def _call(ask: Ask) -> Step | None:
    """The one call that answers a user's message, or None."""
    offered = ask.client_tools
    if not offered:
        return None
    prompt = message_text(ask.items[-1])
    tool = choose_tool([one.tool for one in offered], ask.request.tool_choice, prompt)
    if tool is None:
        return None
    found = next(one for one in offered if one.tool is tool)
    if tool["type"] == "custom":
        return CustomToolCall(tool["name"], _custom_input(tool, prompt, f"{found.path}.format"), namespace=found.group)
    what = f"the parameters of the function '{tool['name']}'"
    schema = tool.get("parameters") or NO_PARAMETERS
    arguments = _json(schema, prompt, f"{found.path}.parameters", what)
    return FunctionCall(tool["name"], arguments, namespace=found.group)


def _custom_input(tool: Mapping[str, Any], prompt: str, param: str) -> str:
    grammar = tool.get("format") or {}
    if grammar.get("type") != "grammar":
        return prompt
    if grammar.get("syntax") != "regex":
        what = f"{grammar.get('syntax')} grammars (the tool '{tool['name']}' needs a fixture)"
        raise ApiError("not_implemented", param, what=what)
    try:
        return text_for(Program(rf"\A(?:{grammar['definition']})\Z", Steps()))
    except (SchemaError, TooMuchWorkError, RecursionError) as error:
        what = f"the grammar of the tool '{tool['name']}' (it needs a fixture: {error})"
        raise ApiError("not_implemented", param, what=what) from None


def _words(ask: Ask, last: Mapping[str, Any]) -> str:
    """The text of the message: JSON where it is asked for, else words."""
    outputs = _trailing_outputs(ask.items)
    prompt = message_text(last) if last.get("type") == "message" else ask.last_user_text()
    text_format = ask.request.text["format"]
    kind = text_format.get("type", "text")
    if kind == "json_schema":
        hint = "\n".join(_output_text(item) for item in outputs) or prompt
        return _json(text_format["schema"], hint, "text.format.schema", "the schema of text.format")
    if kind == "json_object":
        return orjson.dumps({"answer": _told(ask, outputs) or echo(prompt)}).decode()
    if outputs:
        return _told(ask, outputs)
    number = wanted_words(prompt)
    said = long_text(prompt[:HINT], number) if number else echo(prompt)
    if not isinstance(last.get("content"), list):
        return said
    kinds = [part.get("type") for part in last["content"]]
    if len(kinds) == 1 and kinds[0] == "input_text":
        return said
    received = _received(ask, kinds)
    return f"{said} {received}".strip() if prompt.strip() or not received else received


def _trailing_outputs(items: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The tool outputs that end the input, oldest first."""
    found: list[Mapping[str, Any]] = []
    for item in reversed(items):
        if item.get("type") not in OUTPUTS:
            break
        found.append(item)
    return found[::-1]


def _told(ask: Ask, outputs: Sequence[Mapping[str, Any]]) -> str:
    said = []
    for item in outputs:
        _, name = ask.calls.get(item.get("call_id", ""), ("", ""))
        said.append(result(name or "The tool", _output_text(item)))
        if isinstance(output := item.get("output"), list):
            kinds = [part.get("type") for part in output]
            said.append(_received(ask, kinds))
    return " ".join(filter(None, said))


def _received(ask: Ask, kinds: Sequence[str | None]) -> str:
    """What came with the last item: its images and files, and of each file how it begins."""
    files = kinds.count("input_file")
    told = [about_file(one.name, one.pages, one.text) for one in ask.documents[-files:]] if files else []
    return " ".join(filter(None, [attached(kinds.count("input_image"), files), *told]))


def _output_text(item: Mapping[str, Any]) -> str:
    return message_text({"content": item.get("output")})


def _json(schema: Mapping[str, Any], hint: str, param: str, what: str) -> str:
    """JSON text valid for a schema."""
    key = orjson.dumps(schema)
    try:
        return _kept(key, hint[:HINT]) if len(key) <= KEPT else _dumped(key, hint[:HINT])
    except _LongError as long:
        return str(long)
    except GenerateError as error:
        raise ApiError("not_implemented", param, what=f"{what} (it needs a fixture: {error})") from None


class _LongError(Exception):
    """Brings a long text past the cache, which keeps nothing of what is raised."""


@lru_cache(maxsize=256)
def _kept(schema: bytes, hint: str) -> str:
    text = _dumped(schema, hint)
    if len(text) > KEPT:
        raise _LongError(text)
    return text


def _dumped(schema: bytes, hint: str) -> str:
    try:
        return orjson.dumps(value_for(orjson.loads(schema), hint=hint)).decode()
    except orjson.JSONEncodeError as error:
        raise GenerateError(f"the value cannot be written as JSON: {error}") from None
