"""The official client keeps reasoning by itself: the page's sample, a stateless loop of tools, streams of all kinds."""

import json

import openai
import pytest

from emulator.core.clock import Clock
from tests.sdk import events

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Get the weather for a location",
    "parameters": {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
    "strict": False,
}
KEPT = {
    "model": "o4-mini",
    "reasoning": {"effort": "medium", "summary": "auto"},
    "include": ["reasoning.encrypted_content"],
    "tools": [WEATHER],
    "store": False,
}


def test_a_stateless_loop_sends_everything_back(client):
    items = [{"role": "user", "content": "What's the weather in Oslo?"}]
    kinds = []
    while True:
        answer = client.responses.create(**KEPT, input=items)
        kinds.append([item.type for item in answer.output])
        items += answer.output
        calls = [item for item in answer.output if item.type == "function_call"]
        if not calls:
            break
        for call in calls:
            told = {"place": json.loads(call.arguments)["location"], "sky": "clear"}
            items.append({"type": "function_call_output", "call_id": call.call_id, "output": json.dumps(told)})
    assert kinds == [["reasoning", "function_call"], ["reasoning", "message"]]
    assert "Oslo" in answer.output_text
    items.append({"role": "user", "content": "Thank you."})
    assert client.responses.create(**KEPT, input=items).status == "completed"
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(answer.id)


def test_ids_may_be_left_out_of_it(client):
    first = client.responses.create(**KEPT, input="What's the weather in Oslo?")
    items = [item.to_dict() for item in first.output]
    for item in items:
        del item["id"]
    items.append({"type": "function_call_output", "call_id": first.output[1].call_id, "output": "rain"})
    assert "rain" in client.responses.create(**KEPT, input=items).output_text


def test_a_stream_gathers_the_encrypted_content(client):
    with client.responses.stream(**KEPT, input="What's the weather in Oslo?") as stream:
        seen = list(stream)
        final = stream.get_final_response()
    added = next(event for event in seen if event.type == "response.output_item.added")
    assert added.item.encrypted_content == final.output[0].encrypted_content
    assert final.output[0].encrypted_content.startswith("gAAAAA")
    assert final.usage.output_tokens_details.reasoning_tokens == 128


@pytest.mark.parametrize("spoilt", ["altered", "of another server", "expired"])
def test_what_cannot_be_opened_is_refused(start_server, spoilt):
    server = start_server(Clock(1_764_000_000.0))
    maker = start_server() if spoilt == "of another server" else server
    item = maker.client().responses.create(**KEPT, input="Hello").output[0].to_dict()
    if spoilt == "altered":
        item["encrypted_content"] = f"{item['encrypted_content'][:60]}!{item['encrypted_content'][61:]}"
    if spoilt == "expired":
        server.clock.advance(31 * 86_400)
    with pytest.raises(openai.BadRequestError) as refused:
        server.client().responses.create(**KEPT, input=[item, {"role": "user", "content": "Go on"}])
    assert refused.value.code == "invalid_encrypted_content"


def test_reasoning_of_an_open_model_is_streamed(server):
    script = {"then": [{"reasoning": {"text": "First this, then that."}}, {"message": "Done."}]}
    assert server.http("/ns/sdk-open").post("/_emulator/fixtures", json=script).status_code == 200
    client = server.client("/ns/sdk-open/openai/v1")
    with client.responses.stream(model="gpt-oss-120b", input="Hi") as stream:
        told = "".join(event.delta for event in stream if event.type == "response.reasoning_text.delta")
        final = stream.get_final_response()
    assert told == final.output[0].content[0].text == "First this, then that."
    asked = {"model": "gpt-oss-120b", "input": "Hi", "stream": True}
    events.check(events.read(server.http("/ns/sdk-open/openai/v1").post("/responses", json=asked).text))
