"""Pictures and screens through the official client: streamed and not, background and not, chained, gathered."""

import base64
from pathlib import Path

import openai
import pytest

from tests.pictures import data_url, png
from tests.sdk import events

DRAWS = {"x-ms-oai-image-generation-deployment": "gpt-image-1"}
PNG = b"\x89PNG\r\n\x1a\n"
IMAGE = {"model": "gpt-4o", "input": "Draw a cat", "tools": [{"type": "image_generation", "partial_images": 2}]}
COMPUTER = {
    "model": "computer-use-preview",
    "input": "Open a page",
    "truncation": "auto",
    "tools": [{"type": "computer_use_preview", "display_width": 1024, "display_height": 768, "environment": "browser"}],
}
CASES = pytest.mark.parametrize("body", [IMAGE, COMPUTER], ids=["image", "computer"])
SHIPPED = Path(__file__).parents[2] / "fixtures"


@pytest.fixture
def client(server):
    return server.client(default_headers=DRAWS)


def gist(response):
    """What an answer says, without what differs each time."""
    said = [(item.type, getattr(item, "result", None), getattr(item, "action", None)) for item in response.output]
    return (said, response.output_text)


@CASES
@pytest.mark.parametrize("background", [False, True])
def test_every_event_is_one_that_the_client_knows(server, body, background):
    answer = server.http(**DRAWS).post("/responses", json={**body, "stream": True, "background": background})
    assert events.check(events.read(answer.text))["status"] == "completed"


@CASES
def test_plain_streamed_and_background_answers_say_the_same(client, body):
    plain = client.responses.create(**body)
    with client.responses.stream(**body) as stream:
        assert gist(stream.get_final_response()) == gist(plain)
    started = client.responses.create(**body, background=True)
    for _ in range(2):
        started = client.responses.retrieve(started.id)
    assert gist(started) == gist(plain)
    assert gist(client.responses.retrieve(plain.id)) == gist(plain)


@CASES
def test_a_stream_can_be_resumed_after_any_event(server, body):
    http = server.http(**DRAWS)
    whole = events.read(http.post("/responses", json={**body, "stream": True, "background": True}).text)
    path = f"/responses/{whole[0]['response']['id']}?stream=true&include_obfuscation=false"
    again = events.read(http.get(path).text)
    for after in range(len(again) - 1):
        assert events.read(http.get(f"{path}&starting_after={after}").text) == again[after + 1 :]


def test_partial_images_come_before_the_picture(client):
    seen = []
    for event in client.responses.create(**IMAGE, stream=True):
        if event.type == "response.image_generation_call.partial_image":
            seen.append(event.partial_image_index)
            assert base64.b64decode(event.partial_image_b64).startswith(PNG)
        elif event.type == "response.image_generation_call.completed":
            seen.append("completed")
    assert seen == [0, 1, "completed"]


def test_a_picture_is_edited_turn_by_turn_in_the_openai_dialect(server):
    client = server.client("/v1")
    first = client.responses.create(**IMAGE)
    second = client.responses.create(**{**IMAGE, "input": "Add a hat"}, previous_response_id=first.id)
    named = [{"role": "user", "content": "Add a hat"}, {"type": "image_generation_call", "id": first.output[0].id}]
    third = client.responses.create(**{**IMAGE, "input": named})
    held = [*first.output, {"role": "user", "content": "Add a hat"}]
    fourth = client.responses.create(**{**IMAGE, "input": held})
    pictures = {answer.output[0].result for answer in (second, fourth)}
    assert len(pictures) == 1
    assert {answer.output[0].to_dict()["action"] for answer in (second, third, fourth)} == {"edit"}


def test_the_header_is_missed(server):
    with pytest.raises(openai.BadRequestError, match="imagegen deployment must be provided through header") as told:
        server.client().responses.create(**IMAGE)
    assert (told.value.type, told.value.param) == ("image_generation_user_error", "tools")


def test_a_task_on_the_computer_runs_to_its_end(client):
    turn = client.responses.create(**COMPUTER)
    call = turn.output[0]
    assert (call.type, call.action.type) == ("computer_call", "screenshot")
    shot = {"type": "computer_screenshot", "image_url": data_url(png(1024, 768))}
    output = {"type": "computer_call_output", "call_id": call.call_id, "output": shot}
    turn = client.responses.create(**{**COMPUTER, "input": [output]}, previous_response_id=turn.id)
    assert turn.output_text == "I see a screenshot of the browser, 1024 by 768 pixels."


def test_the_shipped_script_orders_a_book(start_server):
    client = start_server(fixtures=SHIPPED / "computer_use.yaml").client()
    turn = client.responses.create(**{**COMPUTER, "input": "Please order a book"})
    did = []
    while calls := [item for item in turn.output if item.type == "computer_call"]:
        did.append(calls[0].action.type)
        output = {
            "type": "computer_call_output",
            "call_id": calls[0].call_id,
            "output": {"type": "computer_screenshot", "image_url": "https://example.com/screen.png"},
            "acknowledged_safety_checks": [check.to_dict() for check in calls[0].pending_safety_checks],
        }
        turn = client.responses.create(**{**COMPUTER, "input": [output]}, previous_response_id=turn.id)
    assert sorted(did) == sorted(
        ["screenshot", "click", "type", "keypress", "scroll", "double_click", "drag", "move", "wait"]
    )
    assert turn.output_text == "The book is ordered."


def test_the_shipped_pictures_are_drawn_and_read(start_server):
    client = start_server(fixtures=SHIPPED / "image_generation.yaml").client(default_headers=DRAWS)
    wide = client.responses.create(**{**IMAGE, "input": "Draw a wide picture"}).output[0]
    assert (wide.size, wide.revised_prompt) == ("1536x1024", "A landscape, Draw a wide picture")
    logo = client.responses.create(**{**IMAGE, "input": "Draw the logo"}).output[0]
    assert base64.b64decode(logo.result) == (SHIPPED / "pictures" / "dot.png").read_bytes()
