"""The official client: sync and async, both classes, the helpers for streams and parsing, raw and streamed answers."""

import asyncio
import json
from collections.abc import Iterator

import openai
import pydantic
import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI, AzureOpenAI, OpenAI

VERSION = "2025-04-01-preview"
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Get the weather for a location",
    "parameters": {
        "type": "object",
        "properties": {"location": {"type": "string"}},
        "required": ["location"],
        "additionalProperties": False,
    },
    "strict": True,
}


class CalendarEvent(pydantic.BaseModel):
    name: str
    date: str
    participants: list[str]


class GetWeather(pydantic.BaseModel):
    location: str


@pytest.fixture(scope="module", params=["openai", "azure v1", "azure class"])
def client(request: pytest.FixtureRequest, url: str, key: str) -> Iterator[OpenAI]:
    """The client as it is pointed at OpenAI, at Azure's v1 path, and through Azure's own class."""
    makers = {
        "openai": lambda: OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0),
        "azure v1": lambda: OpenAI(base_url=f"{url}/openai/v1/", api_key=key, max_retries=0),
        "azure class": lambda: AzureOpenAI(azure_endpoint=url, api_version=VERSION, api_key=key, max_retries=0),
    }
    with makers[request.param]() as made:
        yield made


@pytest.fixture(params=["openai", "azure class"])
async def async_client(request: pytest.FixtureRequest, url: str, key: str):
    makers = {
        "openai": lambda: AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0),
        "azure class": lambda: AsyncAzureOpenAI(azure_endpoint=url, api_version=VERSION, api_key=key, max_retries=0),
    }
    async with makers[request.param]() as made:
        yield made


def test_text_from_a_prompt(client):
    response = client.responses.create(
        model="gpt-4o", instructions="You are a coding assistant.", input="Say this is a test"
    )
    assert response.status == "completed"
    assert "this is a test" in response.output_text
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens
    assert client.responses.retrieve(response.id).output_text == response.output_text


def test_text_of_an_image_and_words(client):
    picture = (
        "data:image/png;base64,"
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
    content = [{"type": "input_text", "text": "What is this?"}, {"type": "input_image", "image_url": picture}]
    response = client.responses.create(model="gpt-4o", input=[{"role": "user", "content": content}])
    assert "1 image" in response.output_text


async def test_text_from_the_async_class(async_client):
    response = await async_client.responses.create(model="gpt-4o", input="Say this is a test")
    assert "this is a test" in response.output_text


def test_text_as_a_raw_answer(client):
    raw = client.responses.with_raw_response.create(model="gpt-4o", input="Say this is a test")
    assert raw.status_code == 200
    assert raw.headers["x-request-id"] == raw.parse()._request_id
    assert raw.http_response.json()["id"] == raw.parse().id


def test_stream_of_events(client):
    with client.responses.create(model="gpt-4o", input="Say this is a test", stream=True) as stream:
        events = list(stream)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert (events[0].type, events[-1].type) == ("response.created", "response.completed")
    said = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert said == events[-1].response.output_text


def test_stream_by_the_helper(client):
    with client.responses.stream(model="gpt-4o", input="Say this is a test") as stream:
        snapshots = [event.snapshot for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()
    assert snapshots[-1] == final.output_text


async def test_stream_from_the_async_class(async_client):
    stream = await async_client.responses.create(model="gpt-4o", input="Say this is a test", stream=True)
    types = [event.type async for event in stream]
    assert (types[0], types[-1]) == ("response.created", "response.completed")
    async with async_client.responses.stream(model="gpt-4o", input="Say this is a test") as helped:
        assert [event.type async for event in helped] == types
        assert "this is a test" in (await helped.get_final_response()).output_text


def test_stream_read_piece_by_piece(client):
    with client.responses.with_streaming_response.create(model="gpt-4o", input="x", stream=True) as answer:
        lines = [line for line in answer.iter_lines() if line]
    assert lines[0] == "event: response.created"
    assert [line.partition(":")[0] for line in lines[:4]] == ["event", "data", "event", "data"]


def test_stream_of_reasoning(client):
    body = {"model": "o4-mini", "input": "Why?", "reasoning": {"effort": "high", "summary": "auto"}}
    with client.responses.stream(**body) as stream:
        types = [event.type for event in stream]
        final = stream.get_final_response()
    assert types.count("response.reasoning_summary_text.done") == len(final.output[0].summary) == 1
    assert final.usage.output_tokens_details.reasoning_tokens == 256


def test_tools_and_back(client):
    asked = client.responses.create(model="gpt-4o", input="What's the weather in Oslo?", tools=[WEATHER])
    (call,) = asked.output
    assert (call.type, json.loads(call.arguments)) == ("function_call", {"location": "Oslo"})
    output = {"type": "function_call_output", "call_id": call.call_id, "output": '{"temperature": "70 degrees"}'}
    told = client.responses.create(model="gpt-4o", previous_response_id=asked.id, input=[output])
    assert "70 degrees" in told.output_text


def test_tools_and_back_by_the_clients_own_objects(client):
    items = [{"role": "user", "content": "What's the weather in Oslo?"}]
    asked = client.responses.create(model="o4-mini", input=items, tools=[WEATHER])
    items += asked.output
    call = next(item for item in asked.output if item.type == "function_call")
    items.append({"type": "function_call_output", "call_id": call.call_id, "output": "rain"})
    told = client.responses.create(model="o4-mini", input=items, tools=[WEATHER])
    assert "rain" in told.output_text


def test_tools_with_parsed_arguments(client):
    tool = openai.pydantic_function_tool(GetWeather, name="get_weather")
    (call,) = client.responses.parse(model="gpt-4o", input="What's the weather in Oslo?", tools=[tool]).output
    assert call.parsed_arguments == GetWeather(location="Oslo")


def test_tools_in_a_stream(client):
    with client.responses.stream(model="gpt-4o", input="What's the weather in Oslo?", tools=[WEATHER]) as stream:
        snapshots = [e.snapshot for e in stream if e.type == "response.function_call_arguments.delta"]
        (call,) = stream.get_final_response().output
    assert snapshots[-1] == call.arguments


def test_structured_by_parse(client):
    messages = [
        {"role": "system", "content": "Extract the event information."},
        {"role": "user", "content": "Alice and Bob are going to a science fair on Friday."},
    ]
    response = client.responses.parse(model="gpt-4o", input=messages, text_format=CalendarEvent)
    assert isinstance(response.output_parsed, CalendarEvent)
    assert response.text.format.name == "CalendarEvent"


async def test_structured_in_an_async_stream(async_client):
    body = {"model": "gpt-4o", "input": "A fair on Friday", "text_format": CalendarEvent}
    async with async_client.responses.stream(**body) as stream:
        async for event in stream:
            assert event.type != "response.failed"
        assert isinstance((await stream.get_final_response()).output_parsed, CalendarEvent)


def test_structured_as_any_object(client):
    body = {"model": "gpt-4o", "input": "Some JSON", "text": {"format": {"type": "json_object"}}}
    assert isinstance(json.loads(client.responses.create(**body).output_text), dict)


def test_chaining_by_id(client):
    first = client.responses.create(model="gpt-4o", input="Tell me a joke")
    second = client.responses.create(model="gpt-4o", input="Explain it", previous_response_id=first.id)
    assert second.previous_response_id == first.id
    listed = client.responses.input_items.list(second.id, order="asc", limit=2)
    assert [item.role for item in listed] == ["user", "assistant", "user"]


def test_background_until_it_is_done(client):
    response = client.responses.create(model="o3", input="Write a very long novel", background=True)
    seen = [response.status]
    while response.status in {"queued", "in_progress"}:
        response = client.responses.retrieve(response.id)
        seen.append(response.status)
    assert seen == ["queued", "in_progress", "completed"]


def test_background_cancelled_and_deleted(client):
    response = client.responses.create(model="o3", input="Write a very long novel", background=True)
    assert client.responses.cancel(response.id).status == "cancelled"
    client.responses.delete(response.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(response.id)


async def test_background_from_the_async_class(async_client):
    made = await async_client.responses.create(model="o3", input="Write a very long novel", background=True)
    while made.status in {"queued", "in_progress"}:
        made = await async_client.responses.retrieve(made.id)
    assert made.status == "completed"


def test_resume_after_a_cursor(client):
    body = {"model": "o3", "input": "Write a very long novel", "background": True, "stream": True}
    with client.responses.create(**body) as stream:
        first = next(stream)
        cursor = next(event.sequence_number for event in stream if event.sequence_number == 10)
    with client.responses.retrieve(first.response.id, stream=True, starting_after=cursor) as rest:
        numbers = [event.sequence_number for event in rest]
    assert numbers[0] == 11
    assert numbers == list(range(11, 11 + len(numbers)))


def test_resume_by_the_helper(client):
    with client.responses.create(model="o3", input="Tell me more", background=True, stream=True) as stream:
        events = list(stream)
    with client.responses.stream(response_id=events[0].response.id, starting_after=3) as resumed:
        assert resumed.get_final_response().output_text == events[-1].response.output_text


def test_conversation_that_the_server_keeps(url, key):
    with OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0) as client:
        kept = client.conversations.create(metadata={"topic": "demo"})
        for said in ("What are the 5 Ds of dodgeball?", "And the first?"):
            response = client.responses.create(model="gpt-4o", input=said, conversation=kept.id)
            assert response.conversation.id == kept.id
        items = client.conversations.items.list(kept.id, order="asc", limit=3)
        assert [item.role for item in items] == ["user", "assistant", "user", "assistant"]
        client.conversations.items.delete(next(iter(items)).id, conversation_id=kept.id)
        assert client.conversations.delete(kept.id).deleted
        with pytest.raises(openai.NotFoundError):
            client.conversations.retrieve(kept.id)


async def test_conversation_in_an_async_stream(url, key):
    async with AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0) as client:
        kept = await client.conversations.create(items=[{"role": "user", "content": "Hello!"}])
        async with client.responses.stream(model="gpt-4o", input="Go on", conversation=kept.id) as stream:
            await stream.until_done()
        assert len((await client.conversations.items.list(kept.id)).data) == 3


def test_files_as_input(client):
    made = client.files.create(file=("note.txt", b"words"), purpose="assistants")
    assert client.files.retrieve(made.id).filename == "note.txt"
    assert client.files.content(made.id).read() == b"words"
    assert client.files.delete(made.id).deleted


def test_hosted_code_interpreter(client):
    tool = {"type": "code_interpreter", "container": {"type": "auto"}}
    call, message = client.responses.create(model="gpt-4.1", input="What is 3 + 4?", tools=[tool]).output
    assert (call.type, call.status, message.type) == ("code_interpreter_call", "completed", "message")
    files = client.containers.files.list(call.container_id)
    assert files.data == []


def test_errors_have_their_classes(client):
    with pytest.raises(openai.BadRequestError) as told:
        client.responses.create(model="gpt-4o", input="x", temperature=99)
    assert (told.value.param, told.value.type) == ("temperature", "invalid_request_error")
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve("resp_" + "0" * 50)


def test_errors_are_tried_again(client):
    with pytest.raises(openai.RateLimitError):
        client.responses.create(model="gpt-4o", input="Please try again")
    assert client.responses.create(model="gpt-4o", input="Please try again").output_text == "Here you are."
    patient = client.with_options(max_retries=2)
    assert patient.responses.create(model="gpt-4o", input="Please try again").output_text == "Here you are."


def test_errors_of_a_stream_that_is_cut(client):
    fault = {"X-Emulator-Fault": "cut_before_completed"}
    with client.responses.create(model="gpt-4o", input="x", stream=True, extra_headers=fault) as stream:
        assert [event.type for event in stream][-1] == "response.output_item.done"


def test_text_of_many_requests_at_once(url, key):
    async def ask() -> list[str]:
        async with AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0) as client:
            asked = [client.responses.create(model="gpt-4o", input=f"Number {n}") for n in range(20)]
            return [response.output_text for response in await asyncio.gather(*asked)]

    told = asyncio.run(ask())
    assert all(f"Number {n}" in text for n, text in enumerate(told))
