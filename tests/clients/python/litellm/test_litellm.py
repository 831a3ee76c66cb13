"""LiteLLM's Responses API: `responses`, `aresponses`, streams, what it asks afterwards, and its chat on top of it."""

import json

import litellm
import pytest
from pydantic import BaseModel

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Get the weather of a city",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}


class Person(BaseModel):
    name: str
    age: int


@pytest.fixture(params=["openai", "azure"])
def place(request: pytest.FixtureRequest, url: str, key: str):
    """The arguments that every call has: the model by its provider, and where that is."""

    def make(model: str = "gpt-4o") -> dict[str, str]:
        if request.param == "azure":
            return {"model": f"azure/{model}", "api_base": url, "api_version": "preview", "api_key": key}
        return {"model": f"openai/{model}", "api_base": f"{url}/v1", "api_key": key}

    return make


def at(place) -> dict[str, str]:
    """Where to ask about a response that is there already; its id tells the provider."""
    return {name: value for name, value in place().items() if name != "model"}


def test_text_of_a_response(place):
    response = litellm.responses(**place(), input="Tell me a three sentence bedtime story about a unicorn.")
    assert response.status == "completed"
    assert "unicorn" in response.output_text
    assert response.usage.output_tokens > 0


async def test_text_of_the_async_call(place):
    response = await litellm.aresponses(**place(), input="Say this is a test", max_output_tokens=100)
    assert "this is a test" in response.output_text


def test_text_of_a_chat_by_the_bridge(place):
    where = place()
    provider, _, model = where["model"].partition("/")
    where["model"] = f"{provider}/responses/{model}"
    answer = litellm.completion(**where, messages=[{"role": "user", "content": "Say this is a test"}])
    assert "this is a test" in answer.choices[0].message.content


def test_stream_of_events(place):
    events = list(litellm.responses(**place(), input="Tell me about a unicorn", stream=True))
    assert [events[0].type, events[-1].type] == ["response.created", "response.completed"]
    said = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert said == events[-1].response.output_text


async def test_stream_of_the_async_call(place):
    stream = await litellm.aresponses(**place(), input="Tell me about a unicorn", stream=True)
    assert [event.type async for event in stream][-1] == "response.completed"


def test_tools_and_back(place):
    asked = litellm.responses(**place(), input="What's the weather in Oslo?", tools=[WEATHER])
    (call,) = asked.output
    assert (call.type, json.loads(call.arguments)) == ("function_call", {"city": "Oslo"})
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "70 degrees"}
    told = litellm.responses(**place(), input=[output], previous_response_id=asked.id, tools=[WEATHER])
    assert "70 degrees" in told.output_text


def test_structured_by_a_model_of_pydantic(place):
    response = litellm.responses(**place(), input="Alice is 30", text_format=Person)
    assert Person.model_validate_json(response.output_text)


def test_structured_by_a_schema(place):
    schema = {**Person.model_json_schema(), "additionalProperties": False}
    text = {"format": {"type": "json_schema", "name": "person", "schema": schema, "strict": True}}
    response = litellm.responses(**place(), input="Alice is 30", text=text)
    assert Person.model_validate_json(response.output_text)


def test_chaining_by_id(place):
    first = litellm.responses(**place(), input="Tell me a joke")
    second = litellm.responses(**place(), input="Explain it", previous_response_id=first.id)
    assert second.usage.input_tokens > first.usage.total_tokens


def test_chaining_can_be_read_and_deleted(place):
    made = litellm.responses(**place(), input="Tell me a joke")
    read = litellm.get_responses(response_id=made.id, **at(place))
    assert read.output_text == made.output_text
    items = litellm.list_input_items(response_id=made.id, **at(place))
    assert items["data"][0]["content"][0]["text"] == "Tell me a joke"
    assert litellm.delete_responses(response_id=made.id, **at(place)).deleted


def test_background_until_it_is_done(place):
    made = litellm.responses(**place("o3"), input="Write a very long novel", background=True)
    seen = [made.status]
    while made.status in {"queued", "in_progress"}:
        made = litellm.get_responses(response_id=made.id, **at(place))
        seen.append(made.status)
    assert seen == ["queued", "in_progress", "completed"]


def test_background_cancelled(place):
    made = litellm.responses(**place("o3"), input="Write a very long novel", background=True)
    assert litellm.cancel_responses(response_id=made.id, **at(place)).status == "cancelled"


def test_errors_have_their_classes(place):
    with pytest.raises(litellm.BadRequestError, match="temperature"):
        litellm.responses(**place(), input="x", temperature=99)


def test_text_of_the_example(run_example):
    assert run_example() == ['You said: "Hello."'] * 2
