"""Any request that the journal holds: explaining it again names the fixture that answered it."""

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.script.ask import ask_of
from emulator.script.explain import explained
from emulator.script.fixture import from_dict
from emulator.script.order import ordered
from emulator.script.view import View

SAID = [{"message": "Yes."}]
FIXTURES = [
    {"name": "weather", "when": {"input": "weather"}, "then": SAID},
    {"name": "weather of mini", "when": {"input": "/w.*r/", "model": "*-mini"}, "then": SAID},
    {"name": "with a tool", "when": {"tools": ["look"]}, "then": SAID},
    {"name": "answers look", "when": {"tool_output": "look"}, "then": SAID},
    {"name": "said twice", "when": {"turn": 2}, "then": SAID},
    {"name": "marked", "when": {"metadata": {"a": "b"}, "not": {"stream": True}}, "then": SAID},
    {"name": "instructed", "when": {"any": [{"instructions": "short"}, {"jsonpath": {"$.top_p": 0.5}}]}, "then": SAID},
]
LOOK = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}
CALL = {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c", "output": "sunny"}
USER = {"role": "user", "content": "weather"}
ASSISTANT = {"role": "assistant", "content": "Hm."}
bodies = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["gpt-4o", "gpt-4.1", "gpt-4o-mini"]),
        "input": st.sampled_from(["the weather", "WEATHER", "water", "x"])
        | st.sampled_from(
            [[{"role": "user", "content": "weather"}, *more] for more in ([], [CALL, OUTPUT], [ASSISTANT])]
        ),
    },
    optional={
        "tools": st.just([LOOK]),
        "metadata": st.just({"a": "b"}),
        "instructions": st.sampled_from(["be short", "be long"]),
        "stream": st.booleans(),
        "top_p": st.just(0.5),
    },
)


@pytest.fixture(scope="module")
def place(server):
    """A namespace with the fixtures: the API and the control endpoints."""
    http, steer = server.http("/ns/recorded/openai/v1"), server.http("/ns/recorded/_emulator")
    assert steer.put("/fixtures", json=FIXTURES).status_code == 200
    return http, steer


@given(body=bodies)
@settings(max_examples=60)
def test_matching_and_explaining_agree(place, body):
    http, steer = place
    assert http.post("/responses", json=body).status_code == 200
    (seen,) = steer.get("/requests?limit=1").json()["data"]
    fixtures = ordered(from_dict(one, "request", run_time=True) for one in FIXTURES)
    chosen, _ = explained(fixtures, View(ask_of(orjson.dumps(seen["body"]))))
    assert seen["fixture"] == (chosen.name if chosen else None)
    assert seen["unmatched"] is (chosen is None)
