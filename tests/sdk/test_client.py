"""The official client's own ways of asking: helpers, parsing, async, Azure's class, raw and streamed answers."""

import asyncio
import json
from typing import Literal

import openai
import pydantic
import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI, AzureOpenAI

from tests.conftest import KEY
from tests.sdk import events

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Get the weather for a location",
    "parameters": {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
    "strict": False,
}
BODIES = {
    "text": {"model": "gpt-4o", "input": "This is a test"},
    "long text": {"model": "gpt-4o", "input": "Write me a very long story"},
    "reasoning": {"model": "o4-mini", "input": "This is a test", "reasoning": {"summary": "detailed"}},
    "function call": {"model": "gpt-4o", "input": "What's the weather in Oslo?", "tools": [WEATHER]},
    "reasoned function call": {"model": "o3", "input": "What's the weather in Oslo?", "tools": [WEATHER]},
    "custom tool": {"model": "gpt-4o", "input": "Run it", "tools": [{"type": "custom", "name": "run"}]},
    "cut short": {"model": "gpt-4o", "input": "Write me a very long story", "max_output_tokens": 16},
    "json": {"model": "gpt-4o", "input": "Some JSON", "text": {"format": {"type": "json_object"}}},
}
CASES = pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
SEEN_ONCE = ("id", "created_at", "completed_at", "output", "usage")


class Person(pydantic.BaseModel):
    name: str
    age: int
    likes: list[str]
    mood: Literal["good", "bad"]


class Weather(pydantic.BaseModel):
    location: str


@CASES
def test_every_event_is_one_that_the_client_knows(http, body):
    answer = http.post("/responses", json={**body, "stream": True})
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    last = events.check(events.read(answer.text))
    assert last["status"] in {"completed", "incomplete"}


@CASES
@pytest.mark.parametrize("path", ["/openai/v1", "/v1"])
def test_the_clients_own_stream_gathers_what_a_plain_answer_says(server, path, body):
    client = server.client(path)
    plain = client.responses.create(**body)
    with client.responses.create(**body, stream=True) as stream:
        last = list(stream)[-1]
    streamed, told = last.response.to_dict(), plain.to_dict()
    for key in SEEN_ONCE:
        streamed.pop(key), told.pop(key)
    assert streamed == told
    assert last.response.usage == plain.usage
    assert [item.type for item in last.response.output] == [item.type for item in plain.output]


@pytest.mark.parametrize("case", ["text", "long text", "reasoning", "function call", "reasoned function call"])
def test_the_stream_helper_reaches_the_same_output(client, case):
    with client.responses.stream(**BODIES[case]) as stream:
        deltas = [event for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()
    assert "".join(event.delta for event in deltas) == final.output_text
    assert bool(deltas) == (final.output[-1].type == "message")
    assert client.responses.retrieve(final.id).output_text == final.output_text


def test_the_stream_helper_goes_on_with_a_background_stream(client):
    with client.responses.create(**BODIES["long text"], background=True, stream=True) as stream:
        seen = list(stream)
    response_id, after = seen[0].response.id, 42
    with client.responses.stream(response_id=response_id, starting_after=after) as resumed:
        numbers = [event.sequence_number for event in resumed if event.type != "response.output_text.delta"]
        assert resumed.get_final_response().output_text == seen[-1].response.output_text
    assert numbers == [
        event.sequence_number
        for event in seen[after + 1 :]
        if event.type != "response.output_text.delta"
    ]  # fmt: skip


def test_an_answer_is_parsed_into_a_model(client):
    answer = client.responses.parse(model="gpt-4o", input="Alice is 30 and likes chess", text_format=Person)
    assert isinstance(answer.output_parsed, Person)
    assert json.loads(answer.output_text) == answer.output_parsed.model_dump()


def test_a_streamed_answer_is_parsed_too(client):
    with client.responses.stream(model="o4-mini", input="Alice is 30", text_format=Person) as stream:
        final = stream.get_final_response()
    assert isinstance(final.output_parsed, Person)


def test_the_arguments_of_a_function_are_parsed(client):
    tool = openai.pydantic_function_tool(Weather, name="get_weather")
    answer = client.responses.parse(model="gpt-4o", input="What's the weather in Oslo?", tools=[tool])
    (call,) = answer.output
    assert isinstance(call.parsed_arguments, Weather)


def test_the_async_client_does_the_same(server):
    async def ask() -> tuple[str, str, str]:
        async with AsyncOpenAI(base_url=f"{server.url}/openai/v1/", api_key=KEY, max_retries=0) as client:
            made = await client.responses.create(model="o3", input="Write me a very long story", background=True)
            statuses = made.status
            while made.status in {"queued", "in_progress"}:
                made = await client.responses.retrieve(made.id)
                statuses += f" {made.status}"
            stream = await client.responses.create(model="gpt-4o", input="This is a test", stream=True)
            deltas = [event.delta async for event in stream if event.type == "response.output_text.delta"]
            items = [item.role async for item in client.responses.input_items.list(made.id)]
            return statuses, "".join(deltas), items[0]

    statuses, said, role = asyncio.run(ask())
    assert statuses == "queued in_progress completed"
    assert "This is a test" in said
    assert role == "user"


@pytest.mark.parametrize("version", ["2025-03-01-preview", "2025-04-01-preview", "preview", "v1"])
def test_azures_own_class_finds_everything_under_its_path(server, version):
    with AzureOpenAI(
        azure_endpoint=server.url, api_version=version, api_key=KEY, azure_deployment="gpt-4o", max_retries=0
    ) as client:
        made = client.responses.create(model="gpt-4o", input="This is a test.")
        assert client.responses.retrieve(made.id).output_text == made.output_text
        assert client.responses.input_items.list(made.id).data[0].content[0].text == "This is a test."
        client.responses.delete(made.id)
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve(made.id)
        uploaded = client.files.create(file=("a.pdf", b"%PDF-"), purpose="assistants")
        assert uploaded.id.startswith("assistant-")
        assert client.files.content(uploaded.id).read() == b"%PDF-"
        assert client.models.retrieve("gpt-4o").id == "gpt-4o"


@pytest.mark.parametrize("version", ["preview", "2025-03-01-preview"])
def test_azures_own_class_takes_the_new_base_url_too(server, version):
    options = {"base_url": f"{server.url}/openai/v1/", "api_version": version, "max_retries": 0}
    with AzureOpenAI(api_key=KEY, **options) as client:
        assert client.responses.create(model="gpt-4o", input="x").model == "gpt-4o-2024-08-06"
    with AzureOpenAI(azure_ad_token_provider=lambda: "a-token", **options) as client:
        assert client.responses.create(model="gpt-4o", input="x").status == "completed"


def test_azures_async_class_streams(server):
    async def ask() -> list[str]:
        async with AsyncAzureOpenAI(azure_endpoint=server.url, api_version="preview", api_key=KEY) as client:
            stream = await client.responses.create(model="gpt-4o", input="This is a test", stream=True)
            return [event.type async for event in stream]

    told = asyncio.run(ask())
    assert (told[0], told[-1]) == ("response.created", "response.completed")


def test_raw_answers_show_their_headers(client):
    raw = client.responses.with_raw_response.create(model="gpt-4o", input="This is a test.")
    parsed = raw.parse()
    assert raw.headers["x-request-id"] == parsed._request_id
    assert {"apim-request-id", "x-ms-region"} <= set(raw.headers)
    assert raw.http_response.json()["id"] == parsed.id
    assert isinstance(raw.http_response.json()["created_at"], int)


def test_a_raw_answer_can_be_a_stream(client):
    raw = client.responses.with_raw_response.create(model="gpt-4o", input="This is a test.", stream=True)
    with raw.parse() as stream:
        assert [event.type for event in stream][-1] == "response.completed"


def test_streamed_answers_are_read_piece_by_piece(client):
    with client.responses.with_streaming_response.create(model="gpt-4o", input="This is a test.") as answer:
        assert answer.status_code == 200
        assert json.loads(b"".join(answer.iter_bytes()))["status"] == "completed"
    with client.responses.with_streaming_response.create(model="gpt-4o", input="x", stream=True) as answer:
        lines = [line for line in answer.iter_lines() if line]
    assert lines[0] == "event: response.created"
    assert not any(line.startswith(("id:", "retry:")) for line in lines)


def test_the_other_dialect_says_so(server):
    client = server.client("/v1")
    made = client.responses.with_raw_response.create(model="gpt-4o", input="This is a test.")
    assert made.headers["x-request-id"].startswith("req_")
    assert "apim-request-id" not in made.headers
    assert "content_filters" not in made.http_response.json()
    assert client.files.create(file=("a.pdf", b"%PDF-"), purpose="assistants").id.startswith("file-")
    with pytest.raises(openai.NotFoundError) as told:
        client.responses.retrieve("resp_67cb61fa3a448190bcf2c42d96f0d1a8")
    assert told.value.type == "invalid_request_error"


def test_lists_page_by_themselves(client):
    said = [f"Number {number}" for number in range(7)]
    turns = [{"role": "user", "content": text} for text in said]
    made = client.responses.create(model="gpt-4o", input=turns)
    listed = list(client.responses.input_items.list(made.id, limit=2, order="asc"))
    assert [item.content[0].text for item in listed] == said


def test_what_is_refused_is_not_asked_again(server):
    client = server.client(max_retries=2)
    with pytest.raises(openai.InternalServerError) as told:
        client.responses.create(model="gpt-4.1", input="x", tools=[{"type": "tool_search"}])
    assert (told.value.status_code, told.value.code) == (501, "not_implemented")
    assert told.value.request.headers["x-stainless-retry-count"] == "0"


def test_a_file_lives_through_the_client(client):
    made = client.files.create(
        file=("a.txt", b"words"), purpose="assistants", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    assert made.expires_at == made.created_at + 3600
    assert client.files.retrieve(made.id).filename == "a.txt"
    assert made.id in [file.id for file in client.files.list(purpose="assistants", limit=1)]
    assert client.files.delete(made.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(made.id)
