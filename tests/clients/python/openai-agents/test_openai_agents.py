"""The OpenAI Agents SDK: the runner's loop, streams, tools, output types, handoffs, sessions and kept state."""

import pytest
from agents import (
    Agent,
    CodeInterpreterTool,
    ModelSettings,
    OpenAIConversationsSession,
    OpenAIProvider,
    OpenAIResponsesModel,
    RunConfig,
    Runner,
    SQLiteSession,
    function_tool,
)
from openai import AsyncAzureOpenAI, AsyncOpenAI
from openai.types.responses import ResponseTextDeltaEvent
from openai.types.shared import Reasoning
from pydantic import BaseModel


class CalendarEvent(BaseModel):
    name: str
    date: str
    participants: list[str]


@function_tool
def get_weather(city: str) -> str:
    """Return the weather of a city."""
    return f"The weather in {city} is sunny."


@pytest.fixture(params=["openai", "azure"])
async def model(request: pytest.FixtureRequest, url: str, key: str):
    """The model as the runner asks it: at OpenAI, or at Azure through the client's own class."""
    version = "2025-04-01-preview"
    client = (
        AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)
        if request.param == "openai"
        else AsyncAzureOpenAI(azure_endpoint=url, api_version=version, api_key=key, max_retries=0)
    )
    async with client:
        yield OpenAIResponsesModel(model="gpt-4o", openai_client=client)


@pytest.fixture
def agent(model) -> Agent:
    return Agent(name="Assistant", instructions="You are a helpful assistant.", model=model)


async def test_text_of_a_run(agent):
    result = await Runner.run(agent, "Write a haiku about recursion in programming.")
    assert "haiku about recursion" in result.final_output
    assert result.raw_responses[0].usage.total_tokens > 0
    assert result.last_response_id.startswith("resp_")


async def test_text_by_a_provider(url, key):
    provider = OpenAIProvider(base_url=f"{url}/openai/v1", api_key=key, use_responses=True)
    agent = Agent(name="Assistant", instructions="You are a helpful assistant.", model="gpt-4o")
    result = await Runner.run(agent, "Say this is a test", run_config=RunConfig(model_provider=provider))
    assert "this is a test" in result.final_output


async def test_stream_of_deltas_and_items(agent):
    result = Runner.run_streamed(agent, input="Please tell me 5 jokes.")
    deltas, items = [], []
    async for event in result.stream_events():
        if event.type == "raw_response_event" and isinstance(event.data, ResponseTextDeltaEvent):
            deltas.append(event.data.delta)
        elif event.type == "run_item_stream_event":
            items.append(event.name)
    assert "".join(deltas) == result.final_output
    assert items == ["message_output_created"]


async def test_stream_of_a_tool(agent):
    result = Runner.run_streamed(agent.clone(tools=[get_weather]), input="What's the weather in Tokyo?")
    items = [event.name async for event in result.stream_events() if event.type == "run_item_stream_event"]
    assert items == ["tool_called", "tool_output", "message_output_created"]
    assert "Tokyo is sunny" in result.final_output


async def test_tools_in_the_loop(agent):
    result = await Runner.run(agent.clone(tools=[get_weather]), "What's the weather in Tokyo?")
    assert "The weather in Tokyo is sunny." in result.final_output
    assert len(result.raw_responses) == 2


async def test_tools_of_another_agent_after_a_handoff(agent):
    billing = agent.clone(name="Billing", tools=[get_weather], handoff_description="Weather questions")
    triage = agent.clone(name="Triage", handoffs=[billing])
    result = await Runner.run(triage, "Transfer to billing: what's the weather in Tokyo?")
    assert result.last_agent.name == "Billing"
    assert [item.type for item in result.new_items][:2] == ["handoff_call_item", "handoff_output_item"]


async def test_tools_of_reasoning_models_go_back_with_their_reasoning(model):
    settings = ModelSettings(reasoning=Reasoning(effort="low", summary="auto"))
    thinking = OpenAIResponsesModel(model="o4-mini", openai_client=model._client)
    agent = Agent(name="Assistant", model=thinking, model_settings=settings, tools=[get_weather])
    result = await Runner.run(agent, "What's the weather in Tokyo?")
    assert "reasoning_item" in [item.type for item in result.new_items]
    assert "Tokyo is sunny" in result.final_output


async def test_structured_output_type(agent):
    result = await Runner.run(agent.clone(output_type=CalendarEvent), "Alice and Bob meet on Friday.")
    assert isinstance(result.final_output, CalendarEvent)


async def test_chaining_by_hand(agent):
    first = await Runner.run(agent, "What city is the Golden Gate Bridge in?")
    second = await Runner.run(agent, [*first.to_input_list(), {"role": "user", "content": "What state is it in?"}])
    assert "What state is it in?" in second.final_output


async def test_chaining_by_the_id_of_the_last_response(agent):
    first = await Runner.run(agent, "What city is the Golden Gate Bridge in?")
    second = await Runner.run(agent, "And the state?", previous_response_id=first.last_response_id)
    assert second.raw_responses[0].usage.input_tokens > first.raw_responses[0].usage.total_tokens


async def test_chaining_by_the_id_through_tools(agent):
    run = await Runner.run(
        agent.clone(tools=[get_weather]), "What's the weather in Tokyo?", auto_previous_response_id=True
    )
    assert "Tokyo is sunny" in run.final_output


async def test_chaining_by_a_session(agent):
    session = SQLiteSession("conversation_123")
    await Runner.run(agent, "What city is the Golden Gate Bridge in?", session=session)
    await Runner.run(agent, "What state is it in?", session=session)
    assert [item.get("role") for item in await session.get_items()] == ["user", "assistant", "user", "assistant"]
    session.close()


async def test_conversation_that_the_server_keeps(url, key):
    async with AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0) as client:
        kept = await client.conversations.create()
        model = OpenAIResponsesModel(model="gpt-4o", openai_client=client)
        agent = Agent(name="Assistant", model=model, tools=[get_weather])
        await Runner.run(agent, "What's the weather in Tokyo?", conversation_id=kept.id)
        await Runner.run(agent.clone(tools=[]), "Thank you", conversation_id=kept.id)
        types = [item.type async for item in client.conversations.items.list(kept.id, order="asc")]
    assert types == ["message", "function_call", "function_call_output", "message", "message", "message"]


async def test_conversation_as_a_session(url, key):
    async with AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0) as client:
        session = OpenAIConversationsSession(openai_client=client)
        agent = Agent(name="Assistant", model=OpenAIResponsesModel(model="gpt-4o", openai_client=client))
        await Runner.run(agent, "What city is the Golden Gate Bridge in?", session=session)
        await Runner.run(agent, "What state is it in?", session=session)
        assert [item["role"] for item in await session.get_items()] == ["user", "assistant", "user", "assistant"]
        await session.pop_item()
        assert len(await session.get_items()) == 3


async def test_hosted_code_interpreter(agent):
    tool = CodeInterpreterTool(tool_config={"type": "code_interpreter", "container": {"type": "auto"}})
    result = await Runner.run(agent.clone(tools=[tool]), "What is 3 + 4?")
    assert [item.type for item in result.new_items] == ["tool_call_item", "message_output_item"]


def test_text_of_the_example(run_example):
    assert run_example() == ['You said: "Hello."'] * 2
