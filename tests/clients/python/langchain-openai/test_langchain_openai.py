"""LangChain's chat model on the Responses API, of OpenAI and of Azure, and a LangGraph agent with a memory."""

import openai
import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel, Field


class Movie(BaseModel):
    """A movie with details."""

    title: str = Field(description="The title of the movie")
    year: int = Field(description="The year the movie was released")


@tool
def get_weather(location: str) -> str:
    """Get the current weather in a given location."""
    return f"It's sunny in {location}."


@pytest.fixture(params=["openai", "azure v1", "azure class"])
def chat(request: pytest.FixtureRequest, url: str, key: str):
    """Makes the chat model with more options, at OpenAI, at Azure's v1 path, or through Azure's own class."""

    def make(model: str = "gpt-4o", **options):
        options = {"use_responses_api": True, "output_version": "responses/v1", "max_retries": 0, **options}
        if request.param == "azure class":
            place = {"azure_endpoint": url, "api_version": "2025-04-01-preview", "azure_deployment": model}
            return AzureChatOpenAI(api_key=key, **place, **options)
        path = "/v1" if request.param == "openai" else "/openai/v1/"
        return ChatOpenAI(model=model, base_url=url + path, api_key=key, **options)

    return make


def test_text_of_messages(chat):
    messages = [("system", "You translate English to French."), ("human", "I love programming.")]
    answer = chat().invoke(messages)
    assert "I love programming." in answer.text
    assert answer.response_metadata["id"].startswith("resp_")
    assert answer.usage_metadata["total_tokens"] > 0


async def test_text_of_the_async_call(chat):
    assert "I love programming." in (await chat().ainvoke("I love programming.")).text


def test_text_of_an_image(chat):
    picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    parts = [
        {"type": "text", "text": "Describe it"},
        {"type": "image", "base64": picture, "mime_type": "image/png"},
    ]
    assert "1 image" in chat().invoke([HumanMessage(content=parts)]).text


def test_stream_of_chunks(chat):
    chunks = list(chat().stream("I love programming."))
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    assert "I love programming." in whole.text
    assert len(chunks) > 3
    assert whole.usage_metadata["output_tokens"] > 0


async def test_stream_of_the_async_call(chat):
    said = [chunk.text async for chunk in chat().astream("I love programming.")]
    assert "I love programming." in "".join(said)


def test_stream_of_reasoning_summaries(chat):
    model = chat("o4-mini", reasoning={"effort": "medium", "summary": "auto"})
    whole = None
    for chunk in model.stream("What is 3^3?"):
        whole = chunk if whole is None else whole + chunk
    kinds = [block["type"] for block in whole.content_blocks]
    assert kinds == ["reasoning", "text"]


def test_tools_and_back(chat):
    model = chat().bind_tools([get_weather], strict=True)
    messages = [HumanMessage("What is the weather in Paris?")]
    asked = model.invoke(messages)
    (call,) = asked.tool_calls
    assert (call["name"], call["args"]) == ("get_weather", {"location": "Paris"})
    messages += [asked, get_weather.invoke(call)]
    assert "It's sunny in Paris." in model.invoke(messages).text


def test_tools_in_a_stream(chat):
    whole = None
    for chunk in chat().bind_tools([get_weather]).stream("What is the weather in Paris?"):
        whole = chunk if whole is None else whole + chunk
    assert [(call["name"], call["args"]) for call in whole.tool_calls] == [("get_weather", {"location": "Paris"})]


def test_tools_of_a_reasoning_model_go_back_with_their_reasoning(chat):
    options = {"reasoning": {"effort": "low"}, "store": False, "include": ["reasoning.encrypted_content"]}
    model = chat("o4-mini", **options).bind_tools([get_weather])
    messages = [HumanMessage("What is the weather in Paris?")]
    asked = model.invoke(messages)
    messages += [asked, get_weather.invoke(asked.tool_calls[0])]
    assert "It's sunny in Paris." in model.invoke(messages).text


def test_tools_by_a_graph(chat):
    agent = create_agent(chat(), tools=[get_weather], system_prompt="You are a helpful assistant.")
    messages = agent.invoke({"messages": [("user", "what is the weather in Paris")]})["messages"]
    assert [type(message) for message in messages] == [HumanMessage, AIMessage, ToolMessage, AIMessage]
    assert "It's sunny in Paris." in messages[-1].text


async def test_stream_of_a_graph(chat):
    agent = create_agent(chat(), tools=[get_weather])
    asked = {"messages": [("user", "what is the weather in Paris")]}
    nodes, said = set(), ""
    async for message, meta in agent.astream(asked, stream_mode="messages"):
        nodes.add(meta["langgraph_node"])
        said += message.text if message.type == "AIMessageChunk" else ""
    assert nodes == {"model", "tools"}
    assert "It's sunny in Paris." in said


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_structured_output(chat, method):
    told = chat().with_structured_output(Movie, method=method).invoke("Provide details about the movie Inception")
    assert isinstance(told, Movie)


def test_structured_output_in_json_mode(chat):
    told = chat().with_structured_output(None, method="json_mode").invoke("Some JSON about Inception")
    assert isinstance(told, dict)


def test_structured_output_of_a_graph(chat):
    agent = create_agent(chat(), tools=[get_weather], response_format=Movie)
    told = agent.invoke({"messages": [("user", "Provide details about the movie Inception")]})
    assert isinstance(told["structured_response"], Movie)


def test_chaining_by_id(chat):
    model = chat()
    first = model.invoke("Hi, I'm Bob.")
    second = model.invoke("What is my name?", previous_response_id=first.response_metadata["id"])
    assert second.usage_metadata["input_tokens"] > first.usage_metadata["total_tokens"]


def test_chaining_by_the_last_id_in_the_messages(chat):
    model = chat(use_previous_response_id=True)
    first = model.invoke([HumanMessage("Hi, I'm Bob.")])
    second = model.invoke([HumanMessage("Hi, I'm Bob."), first, HumanMessage("What is my name?")])
    assert "What is my name?" in second.text


def test_chaining_by_the_memory_of_a_graph(chat):
    agent = create_agent(chat(), tools=[get_weather], checkpointer=InMemorySaver())
    thread = {"configurable": {"thread_id": "1"}}
    agent.invoke({"messages": [("user", "Hi, I'm Bob.")]}, thread)
    told = agent.invoke({"messages": [("user", "What is the weather in Paris?")]}, thread)
    assert len(told["messages"]) >= 4
    assert "Paris" in told["messages"][-1].text


def test_hosted_code_interpreter(chat):
    tools = [{"type": "code_interpreter", "container": {"type": "auto"}}]
    answer = chat().bind_tools(tools).invoke("What is 3 + 4?")
    assert [block["type"] for block in answer.content] == ["code_interpreter_call", "text"]
    kinds = [block["type"] for block in answer.content_blocks]
    assert kinds == ["server_tool_call", "server_tool_result", "text"]


def test_hosted_web_search_in_a_stream(chat):
    whole = None
    for chunk in chat().bind_tools([{"type": "web_search"}]).stream("What was a positive news story today?"):
        whole = chunk if whole is None else whole + chunk
    assert whole.content[0]["type"] == "web_search_call"


def test_background_answer_is_asked_for(chat):
    answer = chat("o3").invoke("Write a very long story", background=True)
    assert answer.response_metadata["status"] == "queued"


def test_errors_of_the_service(chat):
    with pytest.raises(openai.BadRequestError) as told:
        chat(temperature=99.0).invoke("x")
    assert told.value.param == "temperature"


def test_text_of_the_example(run_example):
    assert run_example() == ['You said: "Hello."'] * 2
