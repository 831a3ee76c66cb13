"""What a sample printed, in a few words, for the table of the demo; it judges nothing."""

import json
import re
from typing import Any

NO_HOST = "000\n"  # curl's status where no server answered
ERROR = re.compile(r"""["']message["']: ?(["'])(.*?)\1(?:, ?["'](?:type|param|code)|\}\})""", re.DOTALL)
NUMBER = re.compile(r"\bsequence_number(?:=|\": ?)(\d+)")
NAMED = re.compile(r"^(?:\w+\.)*\w+: (?:Error code: \d+ - )?")
TEXT = re.compile(r"""text=(['"])(.*?)\1, type='output_text'""", re.DOTALL)


def gist(outcome: str, output: str) -> str:
    """The answer's text, the item, the number of events, or the message of a refusal."""
    output = output.strip()
    if outcome != "ok":
        return _error(output)
    if output.startswith(NO_HOST):
        return f"no host is called GET; then: {gist(outcome, output.removeprefix(NO_HOST))}"
    if numbers := NUMBER.findall(output):
        return f"{len(numbers)} events, {numbers[0]} to {numbers[-1]}"
    if output.startswith("{"):
        return ", then: ".join(map(_json, _documents(output)))
    if found := TEXT.search(output):
        return found[2]
    lines = output.splitlines()
    return " | ".join(lines[:5]) or "nothing is printed"


def _documents(output: str) -> list[dict[str, Any]]:
    """The JSON objects that stand one after the other."""
    decoder, found = json.JSONDecoder(), []
    while output:
        value, end = decoder.raw_decode(output)
        found.append(value)
        output = output[end:].lstrip()
    return found


def _json(value: dict[str, Any]) -> str:
    if value.get("object") == "response":
        return _response(value)
    if value.get("object") == "file":
        return f"{value['id']}, {value['bytes']} bytes, {value['status']}"
    if "data" in value:
        count, first = len(value["data"]), value["data"][0]
        said = first.get("content", [{}])[0].get("text")
        return f"{count} {first['object']}s, {first['id']} first" if said is None else f"{count} item: {said}"
    return json.dumps(value)


def _response(response: dict[str, Any]) -> str:
    if response["status"] != "completed":
        return str(response["status"])
    last = response["output"][-1]
    if last["type"] == "function_call":
        return f"{last['name']}({last['arguments']})"
    if last["type"] == "mcp_approval_request":
        return f"may {last['name']}({last['arguments']}) be called?"
    return str(last["content"][0]["text"])


def _error(output: str) -> str:
    if found := ERROR.search(output):
        return found[2].replace('\\"', '"')
    return NAMED.sub("", output)
