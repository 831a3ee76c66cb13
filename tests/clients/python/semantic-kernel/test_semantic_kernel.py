"""Semantic Kernel's Responses agents, OpenAI's and Azure's: threads, streams, plugins, and structured answers."""

from typing import Annotated

import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI
from pydantic import BaseModel
from semantic_kernel.agents import AzureResponsesAgent, OpenAIResponsesAgent
from semantic_kernel.contents import FunctionCallContent, FunctionResultContent
from semantic_kernel.functions import kernel_function


class MenuPlugin:
    """A sample menu."""

    @kernel_function(description="Provides a list of specials from the menu.")
    def get_specials(self) -> Annotated[str, "Returns the specials from the menu."]:
        return "Special Soup: Clam Chowder"

    @kernel_function(description="Provides the price of the requested menu item.")
    def get_item_price(self, menu_item: Annotated[str, "The name of the menu item."]) -> str:
        return f"{menu_item} costs $9.99"


class Reasoning(BaseModel):
    steps: list[str]
    final_answer: str


@pytest.fixture(params=["openai", "azure v1", "azure class"])
async def agent(request: pytest.FixtureRequest, url: str, key: str):
    """Makes the agent with more options, at OpenAI, at Azure's v1 path, or through Azure's own class."""
    if request.param == "openai":
        kind, client = (
            OpenAIResponsesAgent,
            OpenAIResponsesAgent.create_client(ai_model_id="gpt-4o", api_key=key, base_url=f"{url}/v1"),
        )
    elif request.param == "azure v1":
        kind, client = AzureResponsesAgent, AsyncOpenAI(base_url=f"{url}/openai/v1/", api_key=key, max_retries=0)
    else:  # its own maker of clients takes no address without https
        client = AsyncAzureOpenAI(azure_endpoint=url, api_key=key, api_version="2025-04-01-preview", max_retries=0)
        kind = AzureResponsesAgent

    def make(model: str = "gpt-4o", **options):
        return kind(ai_model_id=model, client=client, name="Host", instructions="Answer questions.", **options)

    async with client:
        yield make


async def test_text_of_an_agent(agent):
    answer = await agent().get_response(messages="Why is the sky blue?")
    assert "Why is the sky blue?" in str(answer.message)
    assert answer.thread.id.startswith("resp_")


async def test_stream_of_an_agent(agent):
    said = [str(part.message) async for part in agent().invoke_stream(messages="Why is the sky blue?")]
    assert "Why is the sky blue?" in "".join(said)
    assert len(said) > 3


async def test_stream_with_a_plugin(agent):
    said = ""
    async for part in agent(plugins=[MenuPlugin()]).invoke_stream(messages="What are the specials?"):
        said += str(part.message)
    assert "Clam Chowder" in said


async def test_tools_of_a_plugin(agent):
    steps = []

    async def note(message) -> None:
        steps.extend(type(item) for item in message.items)

    host = agent(plugins=[MenuPlugin()])
    told = [
        str(answer.message)
        async for answer in host.invoke(messages="What are the specials?", on_intermediate_message=note)
    ]
    assert "Clam Chowder" in told[-1]
    assert steps == [FunctionCallContent, FunctionResultContent]


async def test_tools_with_arguments(agent):
    host = agent(plugins=[MenuPlugin()])
    answer = await host.get_response(messages="What is the item price of the menu item Soup?")
    assert "costs $9.99" in str(answer.message)


async def test_structured_answer(agent):
    text = OpenAIResponsesAgent.configure_response_format(Reasoning)
    answer = await agent(text=text).get_response(messages="How can I solve 8x + 7 = -23?")
    assert Reasoning.model_validate_json(str(answer.message.content))


async def test_chaining_by_a_thread(agent):
    host = agent()
    first = await host.get_response(messages="My name is John Doe.")
    before = first.thread.id
    second = await host.get_response(messages="What is my name?", thread=first.thread)
    assert second.thread.id != before
    listed = [str(message.content) async for message in second.thread.get_messages(limit=10)]
    assert "My name is John Doe." in listed


async def test_chaining_without_a_store(agent):
    host = agent(store_enabled=False)
    first = await host.get_response(messages="My name is John Doe.")
    second = await host.get_response(messages="What is my name?", thread=first.thread)
    assert "What is my name?" in str(second.message)


async def test_reasoning_of_a_model(agent):
    answer = await agent("o4-mini", reasoning={"effort": "high"}).get_response(messages="Why is the sky blue?")
    assert "Why is the sky blue?" in str(answer.message)


async def test_errors_of_the_service(agent):
    with pytest.raises(Exception, match="temperature"):
        await agent(temperature=99.0).get_response(messages="x")


def test_text_of_the_example(run_example):
    assert run_example() == ['You said: "Hello."'] * 2
