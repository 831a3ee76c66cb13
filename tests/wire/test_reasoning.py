"""Reasoning as a client keeps it: sealed on request, opened when it comes back, and refused when it is not its own."""

import json

import pytest

from emulator.core.clock import Clock

NOW = 1_764_000_000.0
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
}
KEPT = {"model": "o4-mini", "include": ["reasoning.encrypted_content"], "reasoning": {"summary": "auto"}}
ASKED = {**KEPT, "input": "What's the weather in Oslo?", "tools": [WEATHER]}


def create(http, **body):
    answer = http.post("/responses", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def events_of(text):
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]


def output(call):
    return {"type": "function_call_output", "call_id": call["call_id"], "output": "rain"}


@pytest.fixture
def sealed(http):
    """A reasoning item with its encrypted content."""
    return create(http, **KEPT, input="Hello", store=False)["output"][0]


def refused(http, item, **more):
    answer = http.post("/responses", json={**KEPT, "input": [item, {"role": "user", "content": "Go on"}], **more})
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert (error["type"], error["param"], error["code"]) == (
        "invalid_request_error",
        None,
        "invalid_encrypted_content",
    )
    return error["message"]


@pytest.mark.parametrize("store", [True, False])
def test_it_is_sealed_where_the_request_asks_for_it(http, store):
    made = create(http, **ASKED, store=store)
    thought = made["output"][0]
    assert list(thought) == ["id", "type", "encrypted_content", "summary"]
    assert thought["encrypted_content"].startswith("gAAAAA")
    assert made["usage"]["output_tokens_details"]["reasoning_tokens"] == 128
    plain = create(http, **{**ASKED, "include": []})
    assert "encrypted_content" not in plain["output"][0]


def test_a_stream_has_it_from_the_first_event_of_the_item_on(http):
    told = events_of(http.post("/responses", json={**ASKED, "stream": True}).text)
    items = [event["item"] for event in told if event["type"].startswith("response.output_item")]
    thoughts = [item["encrypted_content"] for item in items if item["type"] == "reasoning"]
    assert len(thoughts) == 2
    assert len({*thoughts, told[-1]["response"]["output"][0]["encrypted_content"]}) == 1


def test_a_later_look_does_not_list_it(http):
    made = create(http, **ASKED)
    found = http.get(f"/responses/{made['id']}").json()
    assert "encrypted_content" not in found["output"][0]
    assert found["output"][1:] == made["output"][1:]
    asked = http.get(f"/responses/{made['id']}", params={"include[]": "reasoning.encrypted_content"})
    assert (asked.status_code, asked.json()["error"]["message"]) == (
        400,
        "Encrypted content cannot be requested for persisted responses.",
    )
    following = create(http, model="o4-mini", previous_response_id=made["id"], input=[output(made["output"][1])])
    listed = http.get(f"/responses/{following['id']}/input_items").json()["data"]
    assert [item for item in listed if item["type"] == "reasoning"] == [found["output"][0]]


def test_a_background_run_has_it_in_its_stream_alone(http):
    told = events_of(http.post("/responses", json={**KEPT, "input": "Hi", "background": True, "stream": True}).text)
    last = told[-1]["response"]
    assert last["output"][0]["encrypted_content"].startswith("gAAAAA")
    assert "encrypted_content" not in http.get(f"/responses/{last['id']}").json()["output"][0]


def test_what_was_left_out_comes_back_with_it(http, sealed):
    bare = {"type": "reasoning", "summary": [], "encrypted_content": sealed["encrypted_content"]}
    made = create(http, model="o4-mini", input=[bare, {"role": "user", "content": "Go on"}])
    listed = http.get(f"/responses/{made['id']}/input_items", params={"order": "asc"}).json()["data"]
    assert listed[0] == {name: value for name, value in sealed.items() if name != "encrypted_content"}


def test_a_loop_without_a_store_reads_as_much_as_a_chain(http):
    stored = create(http, **ASKED)
    chained = create(
        http, **KEPT, tools=[WEATHER], previous_response_id=stored["id"], input=[output(stored["output"][1])]
    )
    first = create(http, **ASKED, store=False)
    question = {"role": "user", "content": ASKED["input"]}
    items = [question, *first["output"], output(first["output"][1])]
    again = create(http, **KEPT, tools=[WEATHER], store=False, input=items)
    assert again["usage"]["input_tokens"] == chained["usage"]["input_tokens"] > 128
    assert again["output"][-1]["content"] == chained["output"][-1]["content"]


def test_reasoning_before_a_new_question_is_no_context_any_more(http):
    first = create(http, **KEPT, input="Hello", store=False)
    items = [{"role": "user", "content": "Hello"}, *first["output"], {"role": "user", "content": "Bye"}]
    with_thought = create(http, **KEPT, input=items, store=False)
    without = create(http, **KEPT, input=[items[0], *items[2:]], store=False)
    assert with_thought["usage"]["input_tokens"] == without["usage"]["input_tokens"]


def test_the_item_is_known_by_its_content_however_often_it_is_sent(http, sealed):
    bare = {"type": "reasoning", "summary": [], "encrypted_content": sealed["encrypted_content"]}
    answer = http.post("/responses", json={**KEPT, "input": [bare, bare]})
    assert (answer.status_code, answer.json()["error"]["message"][:27]) == (400, "Duplicate item found with i")


def test_altered_content_is_refused(http, sealed):
    content = sealed["encrypted_content"]
    altered = content[:40] + ("A" if content[40] != "A" else "B") + content[41:]
    message = refused(http, {**sealed, "encrypted_content": altered})
    shown = f"{content[:4]}...{content[-4:]}"
    reason = "Encrypted content could not be decrypted or parsed."
    assert message == f"The encrypted content {shown} could not be verified. Reason: {reason}"
    refused(http, {**sealed, "encrypted_content": "gAAAAAnonsense"}, stream=True)


def test_content_under_another_items_id_is_refused(http, sealed):
    other = f"{sealed['id'][:-1]}{'0' if sealed['id'][-1] != '0' else '1'}"
    assert "item_id did not match" in refused(http, {**sealed, "id": other})


def test_content_of_another_server_or_namespace_is_refused(start_server, server, sealed):
    refused(start_server().http(), sealed)
    refused(server.http("/ns/elsewhere/openai/v1"), sealed)


def test_content_is_refused_after_31_days(start_server):
    server = start_server(Clock(NOW))
    http = server.http()
    item = create(http, **KEPT, input="Hello", store=False)["output"][0]
    server.clock.advance(29 * 86_400)
    create(http, **KEPT, input=[item])
    server.clock.advance(2 * 86_400)
    refused(http, item)


def test_an_archive_keeps_it_readable(start_server, server, sealed):
    packed = server.http("").get("/_emulator/export").content
    other = start_server()
    refused(other.http(), sealed)
    taken = other.http("").post("/_emulator/import", content=packed, headers={"content-type": "application/zip"})
    assert taken.status_code == 200, taken.text
    create(other.http(), **KEPT, input=[sealed])


def test_a_file_keeps_it_readable_over_a_restart(start_server, tmp_path):
    first = start_server(db=str(tmp_path / "kept.db"))
    item = create(first.http(), **KEPT, input="Hello", store=False)["output"][0]
    first.__exit__()
    create(start_server(db=str(tmp_path / "kept.db")).http(), **KEPT, input=[item])


def test_servers_with_one_seal_key_read_each_others(start_server):
    item = create(start_server(seal_key="ours").http(), **KEPT, input="Hello", store=False)["output"][0]
    create(start_server(seal_key="ours").http("/ns/other/openai/v1"), **KEPT, input=[item])
    refused(start_server(seal_key="theirs").http(), item)


def test_a_seeded_namespace_seals_the_same_again(start_server):
    answers = []
    for _ in range(2):
        server = start_server(Clock(NOW))
        control = server.http("")
        before = create(server.http(), **KEPT, input="Hello", store=False)["output"][0]
        assert control.post("/_emulator/seed", json={"seed": "7"}).status_code == 200
        answers.append(create(server.http(), **KEPT, input="Hello"))
        create(server.http(), **KEPT, input=[before])  # what was sealed before the seed is still its own
    assert answers[0] == answers[1]


def test_the_key_is_shown_nowhere(start_server):
    server = start_server(seal_key="a-very-secret-key")
    http, control = server.http(), server.http("")
    create(http, **KEPT, input="Hello")
    shown = [control.get(f"/_emulator/{path}").text for path in ("info", "requests", "namespaces", "fixtures")]
    assert all("a-very-secret" not in text and "seal_key" not in text for text in shown)
    assert "a-very-secret" not in repr(server.settings)


def test_open_models_tell_their_reasoning(http, server):
    control = server.http("/ns/open")
    script = {"reasoning": {"text": "First this, then that.", "summary": "This and that.", "tokens": 9}}
    added = control.post("/_emulator/fixtures", json={"name": "open", "then": [script, {"message": "Done."}]})
    assert added.status_code == 200, added.text
    api = server.http("/ns/open/openai/v1")
    made = create(api, **KEPT, input="Hi")
    assert made["output"][0]["content"] == [{"type": "reasoning_text", "text": "First this, then that."}]
    assert made["usage"]["output_tokens_details"]["reasoning_tokens"] == 9
    told = events_of(api.post("/responses", json={**KEPT, "input": "Hi", "stream": True}).text)
    deltas = [event for event in told if event["type"] == "response.reasoning_text.delta"]
    assert "".join(event["delta"] for event in deltas) == "First this, then that."
    assert {event["content_index"] for event in deltas} == {0}
    bare = {"type": "reasoning", "summary": [], "encrypted_content": made["output"][0]["encrypted_content"]}
    following = create(api, model="o4-mini", input=[bare, {"role": "user", "content": "Go on"}])
    listed = api.get(f"/responses/{following['id']}/input_items", params={"order": "asc"}).json()["data"]
    assert listed[0]["content"] == made["output"][0]["content"]
