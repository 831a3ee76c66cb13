"""Microsoft's Agent Framework: its chat client on the Responses API, at OpenAI and at Azure, and agents."""

from typing import Annotated

import pytest
from agent_framework import Agent, tool
from agent_framework.exceptions import ChatClientException
from agent_framework.openai import OpenAIChatClient
from openai import AsyncOpenAI
from pydantic import BaseModel, Field


class OutputStruct(BaseModel):
    """A structured output for testing purposes."""

    city: str
    description: str


@tool(approval_mode="never_require")
def get_weather(location: Annotated[str, Field(description="The location to get the weather for.")]) -> str:
    """Get the weather for a given location."""
    return f"The weather in {location} is sunny."


@pytest.fixture(params=["openai", "azure v1", "azure class"])
def client(request: pytest.FixtureRequest, url: str, key: str):
    """Makes the chat client for a model, at OpenAI, at Azure's v1 path, or through Azure's own class."""

    def make(model: str = "o4-mini") -> OpenAIChatClient:
        if request.param == "azure class":
            return OpenAIChatClient(model=model, azure_endpoint=url, api_key=key, api_version="2025-04-01-preview")
        path = "/v1" if request.param == "openai" else "/openai/v1/"
        direct = AsyncOpenAI(base_url=url + path, api_key=key, max_retries=0)
        return OpenAIChatClient(model=model, async_client=direct)

    return make


def agent(client, model="o4-mini", **options) -> Agent:
    return Agent(client=client(model), instructions="You are a helpful agent.", **options)


async def test_text_of_an_agent(client):
    answer = await agent(client).run("Say this is a test")
    assert "this is a test" in answer.text
    assert answer.usage_details["output_token_count"] > 0


async def test_text_of_the_client(client):
    answer = await client().get_response("Say this is a test")
    assert "this is a test" in answer.text


async def test_stream_of_an_agent(client):
    stream = agent(client).run("Say this is a test", stream=True)
    texts = [content async for update in stream for content in update.contents if content.type == "text"]
    said = [content.text for content in texts if content.merge_mode == "append" and content.text]
    final = await stream.get_final_response()
    assert "".join(said) == final.text
    assert len(said) > 3


async def test_stream_with_a_tool(client):
    stream = agent(client, tools=[get_weather]).run("What's the weather like in Tokyo?", stream=True)
    kinds = [content.type async for update in stream for content in update.contents]
    assert "function_call" in kinds
    assert kinds.index("function_result") < kinds.index("text")


async def test_tools_in_the_loop(client):
    answer = await agent(client, tools=[get_weather]).run("What's the weather like in Tokyo?")
    assert "The weather in Tokyo is sunny." in answer.text


async def test_structured_output(client):
    answer = await agent(client).run("Tell me about Paris, France", options={"response_format": OutputStruct})
    assert isinstance(answer.value, OutputStruct)


async def test_structured_output_in_a_stream(client):
    stream = agent(client).run("Tell me about Paris", stream=True, options={"response_format": OutputStruct})
    assert isinstance((await stream.get_final_response()).value, OutputStruct)


async def test_chaining_by_a_session(client):
    talker = agent(client, tools=[get_weather])
    session = talker.create_session()
    await talker.run("What's the weather like in Tokyo?", session=session)
    assert session.service_session_id.startswith("resp_")
    second = await talker.run("And in London?", session=session)
    assert second.usage_details["input_token_count"] > 30


async def test_background_polled_by_a_token(client):
    talker = agent(client, "o3")
    session = talker.create_session()
    answer = await talker.run("Write a very long story", session=session, options={"background": True})
    polls = 0
    while answer.continuation_token is not None:
        polls += 1
        answer = await talker.run(session=session, options={"continuation_token": answer.continuation_token})
    assert polls == 2
    assert len(answer.text.split()) > 200


async def test_resume_of_a_stream_by_its_token(client):
    talker = agent(client, "o3")
    session = talker.create_session()
    token = None
    stream = talker.run("Write a very long story", stream=True, session=session, options={"background": True})
    async for update in stream:
        if update.continuation_token is not None:
            token = update.continuation_token
            break
    resumed = talker.run(stream=True, session=session, options={"continuation_token": token})
    said = "".join([update.text async for update in resumed if update.text])
    assert len(said.split()) > 200


async def test_hosted_code_interpreter(client):
    maker = client()
    talker = Agent(client=maker, instructions="You solve problems.", tools=maker.get_code_interpreter_tool())
    answer = await talker.run("Use code to get 3 + 4")
    kinds = [content.type for message in answer.messages for content in message.contents]
    assert {"code_interpreter_tool_call", "text"} <= set(kinds)


async def test_reasoning_with_a_summary(client):
    options = {"reasoning": {"effort": "high", "summary": "detailed"}}
    answer = await agent(client).run("Why is the sky blue?", options=options)
    kinds = [content.type for message in answer.messages for content in message.contents]
    assert set(kinds[:-1]) == {"text_reasoning"}
    assert kinds[-1] == "text"


async def test_errors_of_the_service(client):
    with pytest.raises(ChatClientException, match="max_output_tokens"):
        await agent(client).run("x", options={"max_tokens": 1})


async def test_errors_of_a_model_that_does_not_reason(client):
    # The client asks every model for encrypted reasoning; the service refuses that of one that does not reason.
    with pytest.raises(ChatClientException, match="Encrypted content is not supported with this model"):
        await agent(client, "gpt-4o").run("x")


def test_text_of_the_example(run_example):
    assert run_example() == ['You said: "Hello."'] * 2
