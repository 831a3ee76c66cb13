"""The official client's conversations: sync and async, its pages, streams, background runs and tools, Azure's class."""

import asyncio
import json

import openai
import pytest
from openai import AsyncOpenAI, AzureOpenAI
from openai.types.conversations import Conversation, ConversationDeletedResource

from tests.conftest import KEY

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Get the weather for a location",
    "parameters": {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
    "strict": False,
}


@pytest.fixture
def client(server):
    return server.client("/v1")


def texts(client, conversation):
    listed = client.conversations.items.list(conversation.id, order="asc")
    return [item.content[0].text for item in listed if item.type == "message"]


def test_a_conversation_is_made_read_changed_and_deleted(client):
    made = client.conversations.create(items=[{"role": "user", "content": "Hello"}], metadata={"topic": "demo"})
    assert type(made) is Conversation
    assert client.conversations.retrieve(made.id) == made
    assert client.conversations.update(made.id, metadata={"a": "b"}).metadata == {"a": "b"}
    added = client.conversations.items.create(made.id, items=[{"role": "user", "content": "Again"}])
    assert [item.role for item in added.data] == ["user"]
    item = client.conversations.items.retrieve(added.data[0].id, conversation_id=made.id)
    assert item == added.data[0]
    assert client.conversations.items.delete(item.id, conversation_id=made.id).id == made.id
    with pytest.raises(openai.NotFoundError):
        client.conversations.items.retrieve(item.id, conversation_id=made.id)
    gone = client.conversations.delete(made.id)
    assert (type(gone), gone.deleted) == (ConversationDeletedResource, True)
    with pytest.raises(openai.NotFoundError, match="not found"):
        client.responses.create(model="gpt-4o", input="x", conversation=made.id)


def test_two_turns_share_one_context(client):
    conversation = client.conversations.create()
    first = client.responses.create(model="gpt-4o", input="What is a cat?", conversation=conversation.id)
    second = client.responses.create(model="gpt-4o", input="And a dog?", conversation={"id": conversation.id})
    assert second.conversation.id == conversation.id
    assert second.usage.input_tokens > first.usage.total_tokens
    assert texts(client, conversation) == ["What is a cat?", first.output_text, "And a dog?", second.output_text]
    read = client.responses.input_items.list(second.id, order="asc")
    assert [item.content[0].text for item in read] == ["What is a cat?", first.output_text, "And a dog?"]


def test_the_client_turns_the_pages_by_itself(client):
    conversation = client.conversations.create()
    for start in range(0, 60, 20):
        batch = [{"role": "user", "content": str(number)} for number in range(start, start + 20)]
        client.conversations.items.create(conversation.id, items=batch)
    assert texts(client, conversation) == [str(number) for number in range(60)]


def test_the_clients_own_stream_goes_on_with_one(client):
    conversation = client.conversations.create()
    with client.responses.stream(model="gpt-4o", input="Hello", conversation=conversation.id) as stream:
        final = stream.get_final_response()
    assert final.conversation.id == conversation.id
    assert texts(client, conversation) == ["Hello", final.output_text]


def test_a_background_run_is_polled_and_then_in_it(client):
    conversation = client.conversations.create()
    job = client.responses.create(model="o3", input="Hello", conversation=conversation.id, background=True)
    with pytest.raises(openai.BadRequestError, match="Another process") as caught:
        client.responses.create(model="gpt-4o", input="Me too", conversation=conversation.id)
    assert (caught.value.code, caught.value.param) == ("conversation_locked", "conversation")
    while job.status in {"queued", "in_progress"}:
        job = client.responses.retrieve(job.id)
    assert texts(client, conversation) == ["Hello", job.output_text]


def test_an_agent_sends_only_what_is_new(client):
    conversation = client.conversations.create(items=[{"role": "developer", "content": "You know the weather."}])
    asked = {"model": "o3", "conversation": conversation.id, "tools": [WEATHER]}
    answer = client.responses.create(input="What's the weather in Oslo?", **asked)
    turns = 0
    while calls := [item for item in answer.output if item.type == "function_call"]:
        outputs = [
            {"type": "function_call_output", "call_id": call.call_id, "output": json.dumps({"temperature": 18})}
            for call in calls
        ]
        answer = client.responses.create(input=outputs, **asked)
        turns += 1
    assert turns == 1
    assert "18" in answer.output_text
    kinds = [item.type for item in client.conversations.items.list(conversation.id, order="asc")]
    assert kinds == ["message", "message", "reasoning", "function_call", "function_call_output", "reasoning", "message"]


def test_the_async_client_has_them_too(server):
    async def talk():
        async with AsyncOpenAI(base_url=server.url + "/v1", api_key=KEY, max_retries=0) as client:
            conversation = await client.conversations.create()
            await client.responses.create(model="gpt-4o", input="Hello", conversation=conversation.id)
            return [item.role async for item in client.conversations.items.list(conversation.id)]

    assert asyncio.run(talk()) == ["assistant", "user"]


def test_azures_class_has_them_where_the_switch_says_so(server, start_server):
    def azure(running):
        return AzureOpenAI(base_url=running.url + "/openai/v1", api_key=KEY, api_version="preview", max_retries=0)

    with azure(server) as client, pytest.raises(openai.NotFoundError):
        client.conversations.create()
    with azure(start_server(azure_conversations=True)) as client:
        conversation = client.conversations.create()
        answer = client.responses.create(model="gpt-4o", input="Hello", conversation=conversation.id)
        assert texts(client, conversation) == ["Hello", answer.output_text]
