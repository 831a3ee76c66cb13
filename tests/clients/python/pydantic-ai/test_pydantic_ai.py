"""Pydantic AI on the Responses API: agents, streams, tools, output types, and state that the server keeps."""

import pytest
from openai import AsyncAzureOpenAI
from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput, PromptedOutput, ToolOutput
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import ThinkingPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.openai import OpenAIResponsesModel, OpenAIResponsesModelSettings
from pydantic_ai.providers.azure import AzureProvider
from pydantic_ai.providers.openai import OpenAIProvider


class CityLocation(BaseModel):
    city: str
    country: str


@pytest.fixture(params=["openai", "azure v1", "azure class"])
def model(request: pytest.FixtureRequest, url: str, key: str):
    """Makes a model by its name, at OpenAI, at Azure's v1 path, or through Azure's own class."""

    def make(name: str = "gpt-4o") -> OpenAIResponsesModel:
        if request.param == "azure class":
            version = "2025-04-01-preview"
            client = AsyncAzureOpenAI(azure_endpoint=url, api_version=version, api_key=key, max_retries=0)
            provider = AzureProvider(openai_client=client)
        else:
            path = "/v1" if request.param == "openai" else "/openai/v1/"
            provider = OpenAIProvider(base_url=url + path, api_key=key)
        return OpenAIResponsesModel(name, provider=provider)

    return make


async def test_text_of_a_run(model):
    agent = Agent(model(), instructions="Be concise, reply with one sentence.")
    result = await agent.run('Where does "hello world" come from?')
    assert "hello world" in result.output
    assert result.usage.output_tokens > 0


async def test_text_of_thoughts_and_words(model):
    settings = OpenAIResponsesModelSettings(openai_reasoning_effort="low", openai_reasoning_summary="detailed")
    agent = Agent(model("o4-mini"), model_settings=settings)
    first = await agent.run("Why is the sky blue?")
    assert any(isinstance(part, ThinkingPart) for part in first.all_messages()[-1].parts)
    second = await agent.run("And at night?", message_history=first.all_messages())
    assert "And at night?" in second.output


async def test_stream_of_text(model):
    async with Agent(model()).run_stream('Where does "hello world" come from?') as result:
        deltas = [text async for text in result.stream_text(delta=True, debounce_by=None)]
        assert "".join(deltas) == await result.get_output()
    assert len(deltas) > 3


async def test_stream_of_events_with_a_tool(model):
    agent = Agent(model())

    @agent.tool_plain
    def get_weather(city: str) -> str:
        """Return the weather of a city."""
        return f"The weather in {city} is sunny."

    async with agent.run_stream_events("What's the weather in Tokyo?") as events:
        kinds = [event.event_kind async for event in events]
    assert kinds.index("function_tool_call") < kinds.index("function_tool_result") < kinds.index("agent_run_result")


async def test_tools_in_the_loop(model):
    agent = Agent(model())

    @agent.tool_plain
    def get_weather(city: str) -> str:
        """Return the weather of a city."""
        return f"The weather in {city} is sunny."

    result = await agent.run("What's the weather in Tokyo?")
    assert "The weather in Tokyo is sunny." in result.output
    parts = [part for message in result.all_messages() for part in message.parts]
    assert sum(isinstance(part, ToolCallPart | ToolReturnPart) for part in parts) == 2


@pytest.mark.parametrize("wanted", [CityLocation, NativeOutput(CityLocation), ToolOutput(CityLocation)])
async def test_structured_output(model, wanted):
    result = await Agent(model(), output_type=wanted).run("Where were the olympics held in 2012?")
    assert isinstance(result.output, CityLocation)


async def test_structured_output_by_prompt(model):
    agent = Agent(model(), output_type=PromptedOutput(CityLocation), retries=0)
    with pytest.raises(Exception, match="output"):  # any object is JSON, but not any object is a city
        await agent.run("Where were the olympics held in 2012?")


async def test_structured_output_in_a_stream(model):
    agent = Agent(model(), output_type=NativeOutput(CityLocation))
    async with agent.run_stream("Where were the olympics held in 2012?") as result:
        seen = [output async for output in result.stream_output(debounce_by=None)]
    assert isinstance(seen[-1], CityLocation)


async def test_chaining_by_history(model):
    agent = Agent(model())
    first = await agent.run("Tell me a joke.")
    second = await agent.run("Explain?", message_history=first.new_messages())
    assert "Explain?" in second.output


async def test_chaining_by_id(model):
    agent = Agent(model())
    first = await agent.run("The secret is 1234")
    last = first.all_messages()[-1].provider_response_id
    settings = OpenAIResponsesModelSettings(openai_previous_response_id=last)
    second = await agent.run("What is the secret code?", model_settings=settings)
    assert second.usage.input_tokens > first.usage.input_tokens + first.usage.output_tokens


async def test_chaining_by_the_last_id_of_the_history(model):
    agent = Agent(model())
    first = await agent.run("Tell me a joke.")
    settings = OpenAIResponsesModelSettings(openai_previous_response_id="auto")
    second = await agent.run("Explain?", message_history=first.new_messages(), model_settings=settings)
    assert second.usage.input_tokens > first.usage.input_tokens + first.usage.output_tokens


async def test_errors_of_the_service(model):
    with pytest.raises(ModelHTTPError) as told:
        await Agent(model(), model_settings={"temperature": 99.0}).run("x")
    assert told.value.status_code == 400


def test_text_of_the_example(run_example):
    assert run_example() == ['You said: "Hello."'] * 2
