"""Every line of the error table of the service: a real request over a real port, and the whole answer to the letter."""

import base64
import re
from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest

from emulator.core.clock import Clock
from emulator.settings import Settings
from tests.conftest import RunningServer
from tests.wire.errors import requests, runs
from tests.wire.errors.lines import AZURE, HI, OPENAI, Line, model

TABLE = [*requests.LINES, *runs.LINES]
# Servers that a line may need, by the settings that they have.
SETTINGS: dict[str, dict[str, Any]] = {
    "": {},
    "keys": {"api_keys": ("right",)},
    "deployments": {"deployments": ("mine",)},
    "strict": {"validation": "strict"},
    "cancel": {"cancel_ended": "error"},
    "tokens": {"entra": "only"},
    "egress": {"egress": ("loopback",)},
}


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, RunningServer]]:
    found = {name: RunningServer(Settings(log_level="quiet", **more), Clock()) for name, more in SETTINGS.items()}
    for one in found.values():
        one.__enter__()
    yield found
    for one in found.values():
        one.__exit__()


def asked_for(request: httpx.Request) -> dict[str, str]:
    """The ids that a line's text may name."""
    in_path = next((step for step in request.url.path.split("/") if step.startswith("resp_")), "")
    in_body = re.search(rb'"previous_response_id": ?"([^"]*)"', request.read())
    token = request.headers.get("authorization", "").split(".")
    issued = len(token) == 3 and token[1].startswith("ey")
    claims = orjson.loads(base64.urlsafe_b64decode(token[1] + "==")) if issued else {}
    return {
        "{id}": in_path,
        "{previous}": in_body[1].decode() if in_body else "",
        "{principal}": claims.get("oid", ""),
    }


@pytest.mark.parametrize("line", TABLE, ids=lambda line: line.name)
def test_a_line_of_the_table(servers: dict[str, RunningServer], line: Line) -> None:
    answer = line.ask(servers[line.server].http(line.base))
    assert answer.status_code == line.status, answer.text
    told = dict(line.body)
    for name, value in asked_for(answer.request).items():
        told["message"] = told["message"].replace(name, value)
    assert answer.json() == (told if line.bare else {"error": told})
    assert line.headers.items() <= dict(answer.headers).items()
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("stream", [False, True])
def test_an_error_before_a_stream_is_an_ordinary_error(servers: dict[str, RunningServer], *, stream: bool) -> None:
    """No event is sent for what is found before the run."""
    answer = servers[""].http().post("/responses", json={**HI, "temperature": 9, "stream": stream})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json")


def test_a_blocked_prompt_says_what_was_found(servers: dict[str, RunningServer]) -> None:
    headers = {"x-emulator-fault": "content_filter_prompt"}
    answer = servers[""].http(AZURE).post("/responses", json=HI, headers=headers)
    error = answer.json()["error"]
    (found,) = error.pop("content_filters")
    assert (answer.status_code, error) == (400, model(runs.FILTERED, "content_filter", "prompt"))
    assert set(found) == {
        "blocked", "source_type", "content_filter_raw", "content_filter_results", "content_filter_offsets",
    }  # fmt: skip
    assert (found["blocked"], found["source_type"]) == (True, "prompt")
    assert found["content_filter_results"]["jailbreak"] == {"filtered": True, "detected": True}


@pytest.mark.parametrize("base", [AZURE, OPENAI])
def test_a_filtered_answer_is_incomplete(servers: dict[str, RunningServer], base: str) -> None:
    headers = {"x-emulator-fault": "content_filter_completion"}
    answer = servers[""].http(base).post("/responses", json=HI, headers=headers)
    response = answer.json()
    assert (answer.status_code, response["status"], response["error"]) == (200, "incomplete", None)
    assert response["incomplete_details"] == {"reason": "content_filter"}
    blocked = {found["source_type"]: found["blocked"] for found in response.get("content_filters", ())}
    assert blocked == ({"prompt": False, "completion": True} if base == AZURE else {})


def test_no_line_stands_twice_and_those_that_are_elsewhere_say_why() -> None:
    names = [line.name for line in TABLE]
    assert len(names) == len(set(names))
    assert not runs.ELSEWHERE.keys() & set(names)
    shown = {reason.partition(": ")[2] for reason in runs.ELSEWHERE.values() if ": test_" in reason}
    assert shown <= set(globals())
