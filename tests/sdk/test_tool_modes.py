"""Every hosted tool, by the official client, in each way a response can be asked for: they all tell the same."""

import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

EVENTS = TypeAdapter(ResponseStreamEvent)
DRAWS = {"x-ms-oai-image-generation-deployment": "gpt-image-1"}
SCREEN = {"display_width": 800, "display_height": 600, "environment": "browser"}
MCP = {"type": "mcp", "server_label": "github", "server_url": "https://example.com/mcp"}
# What the request says -> the types of the items that the built-in model answers with.
ASKED = {
    "code interpreter": (
        {"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}], "input": "What is 17 * 23?"},
        ["code_interpreter_call", "message"],
    ),
    "mcp": (
        {"tools": [{**MCP, "require_approval": "never"}], "input": "What is this repo about?"},
        ["mcp_list_tools", "mcp_call", "message"],
    ),
    "mcp with approval": (
        {"tools": [MCP], "input": "What is this repo about?"},
        ["mcp_list_tools", "mcp_approval_request"],
    ),
    "image generation": (
        {"tools": [{"type": "image_generation", "quality": "low", "partial_images": 2}], "input": "Draw a cat"},
        ["image_generation_call", "message"],
    ),
    "web search": ({"tools": [{"type": "web_search"}], "input": "What is new?"}, ["web_search_call", "message"]),
    "file search": (
        {"tools": [{"type": "file_search"}], "input": "What do cats eat?"},
        ["file_search_call", "message"],
    ),
    "computer use": (
        {
            "model": "computer-use-preview",
            "tools": [{"type": "computer_use_preview", **SCREEN}],
            "input": "Open a page",
            "truncation": "auto",
        },
        ["computer_call"],
    ),
    "local shell": (
        {"tools": [{"type": "local_shell"}], "tool_choice": "required", "input": "List the files"},
        ["local_shell_call"],
    ),
    "shell": ({"tools": [{"type": "shell"}], "tool_choice": {"type": "shell"}, "input": "List"}, ["shell_call"]),
    "apply patch": (
        {"tools": [{"type": "apply_patch"}], "tool_choice": {"type": "apply_patch"}, "input": "Mend"},
        ["apply_patch_call"],
    ),
}


@pytest.fixture(params=ASKED)
def asked(request, client):
    """The body of a request, and the types of the items that answer it."""
    body, types = ASKED[request.param]
    if request.param == "file search":
        store = client.vector_stores.create()
        client.vector_stores.files.upload_and_poll(vector_store_id=store.id, file=("cats.md", b"Cats eat fish."))
        body = {**body, "tools": [{**body["tools"][0], "vector_store_ids": [store.id]}]}
    return {"model": "gpt-4.1", "extra_headers": DRAWS, **body}, types


def told(item):
    """An item without its ids, and without what the streaming client adds."""
    kept = {name: value for name, value in item.to_dict(mode="json").items() if not name.endswith("id")}
    for part in kept.get("content") or ():
        part.pop("parsed", None)
    return kept


def checked(response, types):
    assert Response.model_validate(response.to_dict(mode="json"))
    assert response.status == "completed"
    assert [item.type for item in response.output] == types
    return [told(item) for item in response.output]


def ended(client, response):
    while response.status in ("queued", "in_progress"):
        response = client.responses.retrieve(response.id)
    return response


def test_plain_streamed_and_background_answers_have_the_same_items(client, asked):
    body, types = asked
    plain = checked(client.responses.create(**body), types)
    with client.responses.stream(**body) as stream:
        for event in stream:
            assert event.sequence_number >= 0
        streamed = checked(stream.get_final_response(), types)
    polled = checked(ended(client, client.responses.create(**body, background=True)), types)
    assert plain == streamed == polled


def test_a_background_stream_resumes_after_each_of_its_events(client, asked):
    body, types = asked
    events = list(client.responses.create(**body, background=True, stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    for event in events:
        assert EVENTS.validate_python(event.to_dict(mode="json")).type == event.type
    response = events[-1].response
    checked(response, types)
    for after in range(len(events)):
        rest = list(client.responses.retrieve(response.id, stream=True, starting_after=after))
        assert [event.to_dict() for event in rest] == [event.to_dict() for event in events[after + 1 :]]
