"""LlamaIndex's OpenAIResponses: completions, chats, streams, tools, structured predictions, and tracked responses."""

import pytest
from llama_index.core.llms import ChatMessage, ImageBlock, TextBlock
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai import OpenAIResponses
from openai import BadRequestError
from pydantic import BaseModel, Field


class Song(BaseModel):
    """A song with name and artist."""

    name: str = Field(description="The name of the song")
    artist: str = Field(description="The name of the artist")


def generate_song(name: str, artist: str) -> Song:
    """Generates a song with provided name and artist."""
    return Song(name=name, artist=artist)


@pytest.fixture(params=["openai", "azure v1"])
def llm(request: pytest.FixtureRequest, url: str, key: str):
    """Makes the model with more options, at OpenAI or at Azure's v1 path."""

    def make(model: str = "gpt-4o", **options) -> OpenAIResponses:
        path = "/v1" if request.param == "openai" else "/openai/v1/"
        return OpenAIResponses(model=model, api_key=key, api_base=url + path, max_retries=0, **options)

    return make


def test_text_of_a_completion(llm):
    assert "Paul Graham is" in llm().complete("Paul Graham is ").text


def test_text_of_a_chat(llm):
    messages = [
        ChatMessage(role="system", content="You are a pirate with a colorful personality"),
        ChatMessage(role="user", content="What is your name"),
    ]
    answer = llm().chat(messages)
    assert "What is your name" in answer.message.content
    assert answer.raw.id.startswith("resp_")


async def test_text_of_the_async_call(llm):
    assert "Paul Graham is" in (await llm().acomplete("Paul Graham is ")).text


def test_text_of_an_image(llm, tmp_path):
    picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    blocks = [ImageBlock(image=picture, image_mimetype="image/png"), TextBlock(text="Describe it")]
    assert "1 image" in llm().chat([ChatMessage(role="user", blocks=blocks)]).message.content


def test_stream_of_a_completion(llm):
    chunks = list(llm().stream_complete("Paul Graham is "))
    assert "".join(chunk.delta for chunk in chunks) == chunks[-1].text
    assert len(chunks) > 3


async def test_stream_of_the_async_chat(llm):
    stream = await llm().astream_chat([ChatMessage(role="user", content="What is your name")])
    assert "What is your name" in "".join([chunk.delta async for chunk in stream])


def test_tools_and_back(llm):
    model, tool = llm(), FunctionTool.from_defaults(fn=generate_song)
    messages = [ChatMessage(role="user", content="Generate a song called Imagine by Lennon")]
    asked = model.chat_with_tools([tool], chat_history=messages)
    (call,) = model.get_tool_calls_from_response(asked)
    assert call.tool_name == "generate_song"
    output = tool(**call.tool_kwargs)
    told = ChatMessage(role="tool", content=str(output), additional_kwargs={"call_id": call.tool_id})
    answer = model.chat([*messages, asked.message, told])
    assert "name=" in answer.message.content


def test_tools_by_the_helper(llm):
    answer = llm().predict_and_call([FunctionTool.from_defaults(fn=generate_song)], "Pick a random song for me")
    assert isinstance(answer.sources[0].raw_output, Song)


def test_tools_in_a_stream(llm):
    model, tool = llm(), FunctionTool.from_defaults(fn=generate_song)
    last = list(model.stream_chat_with_tools([tool], "Generate a song"))[-1]
    assert model.get_tool_calls_from_response(last)[0].tool_name == "generate_song"


def test_structured_prediction(llm):
    told = llm().as_structured_llm(Song).complete("Generate a song by Lennon")
    assert isinstance(told.raw, Song)


async def test_structured_prediction_in_an_async_call(llm):
    told = await llm().as_structured_llm(Song).achat([ChatMessage(role="user", content="Generate a song by Lennon")])
    assert isinstance(told.raw, Song)


def test_chaining_by_history(llm):
    messages = [ChatMessage(role="user", content="Tell me a joke")]
    first = llm().chat(messages)
    second = llm().chat([*messages, first.message, ChatMessage(role="user", content="Explain it")])
    assert "Explain it" in second.message.content


def test_chaining_by_tracked_responses(llm):
    model = llm(track_previous_responses=True)
    first = model.chat([ChatMessage(role="user", content="Tell me a joke")])
    second = model.chat([ChatMessage(role="user", content="Explain it")])
    assert second.raw.previous_response_id == first.raw.id


def test_hosted_code_interpreter(llm):
    model = llm(built_in_tools=[{"type": "code_interpreter", "container": {"type": "auto"}}])
    answer = model.chat([ChatMessage(role="user", content="What is 3 + 4?")])
    assert [call.type for call in answer.additional_kwargs["built_in_tool_calls"]] == ["code_interpreter_call"]


def test_reasoning_in_blocks(llm):
    model = llm("o4-mini", reasoning_options={"effort": "low", "summary": "auto"})
    answer = model.chat([ChatMessage(role="user", content="Why?")])
    assert [block.block_type for block in answer.message.blocks] == ["thinking", "text"]


def test_errors_of_the_service(llm):
    with pytest.raises(BadRequestError) as told:
        llm(max_output_tokens=1).complete("x")
    assert told.value.param == "max_output_tokens"


def test_text_of_the_example(run_example):
    assert run_example() == ['You said: "Hello."'] * 2
