"""Conversations over the wire: every route, runs that go on with one, who holds it, what stays when things go."""

import json
import re
import sqlite3
from contextlib import closing

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.core.clock import Clock
from emulator.run import conversations

DAY = 86_400.0
NOW = 1_763_000_000.0
KEYS = ["id", "object", "created_at", "metadata"]
FUNCTION = {"type": "function", "name": "get_weather", "parameters": {"type": "object"}}
PICTURE = "data:image/png;base64,iVBORw0KGgo="
UNKNOWN = {"model": "gpt-4o", "input": "x", "conversation": "conv_0"}
LOCKED = (400, "conversation_locked", "conversation")


@pytest.fixture
def http(server):
    return server.http("/v1")


def made(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()


def begin(http, *items, **body):
    return made(http.post("/conversations", json={"items": list(items), **body}))


def say(http, conversation, words="Hello", **body):
    asked = {"model": "gpt-4o", "input": words, "conversation": conversation["id"], **body}
    return made(http.post("/responses", json=asked))


def at(conversation, item_id=None):
    return f"/conversations/{conversation['id']}/items" + (f"/{item_id}" if item_id else "")


def items(http, conversation, **query):
    return made(http.get(at(conversation), params={"order": "asc", "limit": 100, **query}))["data"]


def context(http, response):
    return made(http.get(f"/responses/{response['id']}/input_items", params={"order": "asc", "limit": 100}))["data"]


def refused(answer):
    error = answer.json()["error"]
    return answer.status_code, error.get("code"), error.get("param")


def user(text):
    return {"role": "user", "content": text}


def texts(found):
    return [item["content"][0]["text"] for item in found if item["type"] == "message"]


def events(text):
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]


class TestTheObject:
    def test_it_has_its_keys_and_can_be_changed_and_deleted(self, http):
        conversation = begin(http, metadata={"topic": "demo"})
        assert list(conversation) == KEYS
        assert re.fullmatch("conv_[0-9a-f]{48}", conversation["id"])
        assert conversation["object"] == "conversation"
        path = f"/conversations/{conversation['id']}"
        assert made(http.get(path)) == conversation
        changed = made(http.post(path, json={"metadata": {"a": "b"}}))
        assert changed == {**conversation, "metadata": {"a": "b"}} == made(http.get(path))
        assert made(http.post(path, json={"metadata": None}))["metadata"] == {}
        gone = {"id": conversation["id"], "object": "conversation.deleted", "deleted": True}
        assert made(http.delete(path)) == gone
        changing = http.post(path, json={"metadata": {}}), http.post(path + "/items", json={"items": []})
        for answer in (http.get(path), http.get(path + "/items"), http.delete(path), *changing):
            assert refused(answer) == (404, None, None)

    def test_an_empty_body_makes_one(self, http):
        assert list(made(http.post("/conversations"))) == KEYS

    @pytest.mark.parametrize(
        ("body", "code", "param"),
        [
            ({"items": {}}, "invalid_type", "items"),
            ({"items": [user("x")] * 21}, "array_above_max_length", "items"),
            ({"items": ["x"]}, "invalid_type", "items[0]"),
            ({"items": [{"role": "user"}]}, "missing_required_parameter", "items[0].content"),
            ({"items": [{"type": "nothing"}]}, "invalid_value", "items[0].type"),
            ({"items": [{**user("x"), "id": "rs_1"}]}, "invalid_value", "items[0].id"),
            ({"items": [{**user("x"), "id": "msg_1"}] * 2}, None, "items"),
            ({"items": [{"type": "item_reference", "id": "msg_nowhere"}]}, None, "items"),
            ({"items": [{"type": "function_call_output", "call_id": "c", "output": "x"}]}, None, "items"),
            (
                {"items": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]},
                "invalid_value", "items[0].content[0].image_url",
            ),
            (
                {"items": [{"role": "user", "content": [{"type": "input_image", "image_url": PICTURE}]}]},
                "image_parse_error", "items[0].content[0].image_url",
            ),
            ({"metadata": {"a": 1}}, "invalid_type", "metadata.a"),
            ({"metadata": {str(n): "x" for n in range(17)}}, "object_above_max_properties", "metadata"),
            ({"metadata": {"k" * 65: "x"}}, "string_above_max_length", "metadata"),
            ({"metadata": {"k": "x" * 513}}, "string_above_max_length", "metadata"),
        ],
    )  # fmt: skip
    def test_a_bad_body_is_refused(self, http, body, code, param):
        answer = http.post("/conversations", json=body)
        assert refused(answer) == (404 if "nowhere" in str(body) else 400, code, param), answer.text

    def test_what_is_asked_for_must_be_there(self, http):
        path = f"/conversations/{begin(http)['id']}"
        assert refused(http.post(path, json={})) == (400, "missing_required_parameter", "metadata")
        assert refused(http.post(path + "/items", json={})) == (400, "missing_required_parameter", "items")

    def test_a_field_that_nobody_knows_is_warned_of(self, http, start_server):
        body = {"colour": "red", "items": [{**user("x"), "shade": 1}]}
        warned = http.post("/conversations", json=body).headers["x-emulator-warning"]
        assert warned == "unknown_parameter: colour; unknown_parameter: items[0].shade"
        strict = start_server(validation="strict").http("/v1")
        assert refused(strict.post("/conversations", json=body)) == (400, "unknown_parameter", "colour")

    @pytest.mark.parametrize("path", ["/conversations/x", "/conversations/x/items", "/conversations/x/items/msg_1"])
    def test_an_id_begins_with_its_prefix(self, http, path):
        answer = http.get(path)
        assert refused(answer) == (400, "invalid_value", "conversation_id")
        assert answer.json()["error"]["message"] == (
            "Invalid 'conversation_id': 'x'. Expected an ID that begins with 'conv'."
        )


class TestItems:
    def test_they_are_added_listed_found_and_taken_out(self, http):
        conversation = begin(http, user("one"))
        added = made(http.post(at(conversation), json={"items": [user("two"), user("three")]}))
        assert (added["object"], added["has_more"], texts(added["data"])) == ("list", False, ["two", "three"])
        assert (added["first_id"], added["last_id"]) == tuple(item["id"] for item in added["data"])
        assert texts(made(http.get(at(conversation)))["data"]) == ["three", "two", "one"]
        two = added["data"][0]
        assert list(two) == ["id", "type", "status", "content", "role"]
        assert made(http.get(at(conversation, two["id"]))) == two
        assert made(http.delete(at(conversation, two["id"]))) == conversation
        assert texts(items(http, conversation)) == ["one", "three"]
        for answer in (http.get(at(conversation, two["id"])), http.delete(at(conversation, two["id"]))):
            assert refused(answer) == (404, None, None)

    def test_a_list_has_pages(self, http):
        conversation = begin(http, *(user(str(number)) for number in range(20)))
        made(http.post(at(conversation), json={"items": [user(str(number)) for number in range(20, 25)]}))
        page = made(http.get(at(conversation)))
        assert (len(page["data"]), page["has_more"]) == (20, True)
        last = made(http.get(at(conversation), params={"after": page["last_id"]}))
        assert (texts(last["data"]), last["has_more"]) == (["4", "3", "2", "1", "0"], False)
        first = made(http.get(at(conversation), params={"limit": 3, "order": "asc"}))
        then = made(http.get(at(conversation), params={"limit": 3, "order": "asc", "after": first["last_id"]}))
        assert texts(first["data"] + then["data"]) == ["0", "1", "2", "3", "4", "5"]
        empty = made(http.get(at(begin(http))))
        assert empty == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}

    @pytest.mark.parametrize(
        ("query", "code", "param"),
        [
            ({"limit": 0}, "integer_below_min_value", "limit"),
            ({"limit": 101}, "integer_above_max_value", "limit"),
            ({"order": "up"}, "invalid_value", "order"),
            ({"after": "msg_nowhere"}, "invalid_value", "after"),
            ({"include[]": "everything"}, "invalid_value", "include[0]"),
        ],
    )
    def test_a_bad_query_is_refused(self, http, query, code, param):
        assert refused(http.get(at(begin(http)), params=query)) == (400, code, param)

    def test_what_is_heavy_is_shown_on_request(self, http):
        picture = "data:image/png;base64," + PNG
        conversation = begin(http, {"role": "user", "content": [{"type": "input_image", "image_url": picture}]})
        (item,) = items(http, conversation)
        assert item["content"][0]["image_url"] is None
        asked = {"include[]": "message.input_image.image_url"}
        for path in (at(conversation, item["id"]), at(conversation)):
            shown = made(http.get(path, params=asked))
            assert shown.get("data", [shown])[0]["content"][0]["image_url"] == picture

    def test_an_item_cannot_be_in_it_twice(self, http):
        conversation = begin(http, {**user("one"), "id": "msg_one"})
        twice = http.post(at(conversation), json={"items": [{**user("one"), "id": "msg_one"}]})
        assert refused(twice) == (400, None, "items")
        made(http.delete(at(conversation, "msg_one")))
        made(http.post(at(conversation), json={"items": [{**user("again"), "id": "msg_one"}]}))
        assert texts(items(http, conversation)) == ["again"]

    def test_a_reference_brings_a_stored_item_whole(self, http):
        source = begin(http, {**user("from afar"), "id": "msg_afar"})
        reference = {"type": "item_reference", "id": "msg_afar"}
        target = begin(http, reference)
        assert texts(items(http, target)) == ["from afar"]
        response = made(http.post("/responses", json={"model": "gpt-4o", "input": [reference]}))
        assert texts(context(http, response)) == ["from afar"]
        made(http.delete(f"/conversations/{source['id']}"))
        assert texts(items(http, begin(http, reference))) == ["from afar"]

    def test_none_of_them_is_added_where_one_is_wrong(self, http):
        conversation = begin(http)
        output = {"type": "function_call_output", "call_id": "call_x", "output": "x"}
        assert refused(http.post(at(conversation), json={"items": [user("fine"), output]})) == (400, None, "items")
        assert items(http, conversation) == []


# One black pixel.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="


class TestRuns:
    def test_a_run_reads_what_is_there_and_leaves_what_was_said(self, http):
        conversation = begin(http, user("one"), {"role": "assistant", "content": "two"})
        first = say(http, conversation, "three")
        assert first["conversation"] == {"id": conversation["id"]}
        assert first["previous_response_id"] is None
        kept = items(http, conversation)
        assert texts(kept)[:3] == ["one", "two", "three"]
        assert kept[3] == first["output"][0]
        second = say(http, conversation, "five")
        assert second["usage"]["input_tokens"] > first["usage"]["total_tokens"]
        assert context(http, second) == items(http, conversation)[:5]
        assert context(http, first) == kept[:3]
        assert made(http.get(f"/responses/{second['id']}")) == second

    def test_it_may_be_named_by_an_object_and_needs_no_input(self, http):
        conversation = begin(http, user("Say hello to the cat."))
        answer = made(http.post("/responses", json={"model": "gpt-4o", "conversation": {"id": conversation["id"]}}))
        assert answer["conversation"] == {"id": conversation["id"]}
        assert [item["role"] for item in items(http, conversation)] == ["user", "assistant"]

    def test_every_snapshot_of_a_stream_names_it(self, http):
        conversation = begin(http)
        body = {"model": "gpt-4o", "input": "x", "conversation": conversation["id"], "stream": True}
        log = events(http.post("/responses", json=body).text)
        shown = [event["response"]["conversation"] for event in log if "response" in event]
        assert shown == [{"id": conversation["id"]}] * 3
        assert items(http, conversation)[1:] == log[-1]["response"]["output"]

    def test_a_background_run_leaves_it_when_it_ends(self, http):
        conversation = begin(http)
        made_of_it = say(http, conversation, "slowly", background=True)
        assert made_of_it["conversation"] == {"id": conversation["id"]}
        path = f"/responses/{made_of_it['id']}"
        assert made(http.get(path))["status"] == "in_progress"
        assert items(http, conversation) == []
        ended = made(http.get(path))
        assert items(http, conversation)[1:] == ended["output"]
        assert context(http, ended) == items(http, conversation)[:1]

    def test_a_background_stream_leaves_it_too(self, http):
        conversation = begin(http)
        body = {"model": "gpt-4o", "input": "x", "conversation": conversation["id"], "stream": True, "background": True}
        log = events(http.post("/responses", json=body).text)
        assert {event["response"]["conversation"]["id"] for event in log if "response" in event} == {conversation["id"]}
        assert items(http, conversation)[1:] == log[-1]["response"]["output"]

    def test_a_run_that_is_not_stored_reads_and_adds_nothing(self, http):
        conversation = begin(http, user("one two three four five"))
        answer = say(http, conversation, "x", store=False)
        alone = made(http.post("/responses", json={"model": "gpt-4o", "input": "x", "store": False}))
        assert answer["usage"]["input_tokens"] > alone["usage"]["input_tokens"]
        assert answer["conversation"] == {"id": conversation["id"]}
        assert len(items(http, conversation)) == 1

    def test_input_tokens_count_it(self, http):
        conversation = begin(http, user("one two three four five"))
        body = {"model": "gpt-4o", "input": "x", "conversation": conversation["id"]}
        counted = made(http.post("/responses/input_tokens", json=body))["input_tokens"]
        assert say(http, conversation, "x")["usage"]["input_tokens"] == counted
        assert len(items(http, conversation)) == 3

    def test_a_run_that_was_cut_off_leaves_what_it_said(self, http):
        conversation = begin(http)
        cut = say(http, conversation, "Write me a very long story", max_output_tokens=16)
        assert cut["status"] == "incomplete"
        assert items(http, conversation)[1:] == cut["output"]

    def test_a_run_that_failed_or_was_cancelled_leaves_nothing(self, server):
        place = "/ns/failing"
        control, http = server.http(place + "/_emulator"), server.http(place + "/v1")
        failing = {"fail": {"code": "server_error", "message": "No."}}
        made(control.post("/fixtures", json={"when": {"input": "break"}, "then": [{"message": "I"}, failing]}))
        conversation = begin(http, user("one"))
        assert say(http, conversation, "break")["status"] == "failed"
        slow = say(http, conversation, "two", background=True)
        assert made(http.post(f"/responses/{slow['id']}/cancel"))["status"] == "cancelled"
        broken = say(http, conversation, "break", background=True)
        while made(http.get(f"/responses/{broken['id']}"))["status"] != "failed":
            pass
        assert texts(items(http, conversation)) == ["one"]
        assert texts(context(http, broken)) == ["one", "break"]
        say(http, conversation, "three")
        assert texts(items(http, conversation))[:2] == ["one", "three"]

    def test_a_client_that_leaves_a_stream_leaves_nothing(self, start_server):
        server = start_server(Clock(NOW), stream_every=1.0)
        http = server.http("/v1")
        conversation = begin(http)
        body = {"model": "gpt-4o", "input": "x", "conversation": conversation["id"], "stream": True}
        with http.stream("POST", "/responses", json=body) as answer:
            next(answer.iter_lines())
        while refused_now(http, conversation):  # until the server has noticed
            pass
        assert texts(items(http, conversation)) == ["after"]

    @pytest.mark.parametrize("more", [{}, {"conversation": {"id": "conv_0"}}])
    def test_an_unknown_one_is_404(self, http, more):
        for path in ("/responses", "/responses/input_tokens"):
            answer = http.post(path, json={**UNKNOWN, **more})
            assert refused(answer) == (404, None, None)
            assert answer.json()["error"]["message"] == "Conversation with id 'conv_0' not found."

    def test_it_excludes_a_previous_response(self, http):
        answer = http.post("/responses", json={**UNKNOWN, "previous_response_id": "resp_1"})
        assert refused(answer) == (400, "mutually_exclusive_parameters", None)

    def test_json_mode_finds_its_word_in_the_conversation(self, http):
        asked = {"text": {"format": {"type": "json_object"}}}
        assert say(http, begin(http, user("Speak JSON.")), "x", **asked)["status"] == "completed"
        body = {"model": "gpt-4o", "input": "x", "conversation": begin(http)["id"], **asked}
        assert refused(http.post("/responses", json=body))[0] == 400


def refused_now(http, conversation):
    answer = http.post(at(conversation), json={"items": [user("after")]})
    return answer.status_code != 200 and refused(answer) == LOCKED


class TestTools:
    def test_a_call_needs_its_output_in_the_conversation(self, http):
        conversation = begin(http)
        called = say(http, conversation, "What is the weather?", tools=[FUNCTION])["output"][0]
        assert called["type"] == "function_call"
        body = {"model": "gpt-4o", "conversation": conversation["id"]}
        refusal = http.post("/responses", json={**body, "input": "And?"})
        assert refusal.json()["error"]["message"] == f"No tool output found for function call {called['call_id']}."
        output = {"type": "function_call_output", "call_id": called["call_id"], "output": "rain"}
        answered = made(http.post("/responses", json={**body, "input": [output]}))
        kinds = [item["type"] for item in items(http, conversation)]
        assert kinds == ["message", "function_call", "function_call_output", "message"]
        assert "rain" in answered["output"][0]["content"][0]["text"]

    def test_an_output_may_be_added_by_itself(self, http):
        conversation = begin(http)
        call_id = say(http, conversation, "What is the weather?", tools=[FUNCTION])["output"][0]["call_id"]
        output = {"type": "function_call_output", "call_id": call_id, "output": "rain"}
        made(http.post(at(conversation), json={"items": [output]}))
        assert say(http, conversation, "Thanks")["status"] == "completed"

    def test_without_the_call_its_output_is_no_longer_asked_for(self, http):
        conversation = begin(http)
        called = say(http, conversation, "What is the weather?", tools=[FUNCTION])["output"][0]
        made(http.delete(at(conversation, called["id"])))
        assert say(http, conversation, "Never mind")["status"] == "completed"

    def test_an_item_of_the_conversation_cannot_be_sent_again(self, http):
        conversation = begin(http, {**user("one"), "id": "msg_given"})
        answer = say(http, conversation, "two")
        for item in ({**user("one"), "id": "msg_given"}, answer["output"][0]):
            body = {"model": "gpt-4o", "input": [item], "conversation": conversation["id"]}
            assert "Duplicate item" in http.post("/responses", json=body).json()["error"]["message"]
            body = {"model": "gpt-4o", "input": [item], "previous_response_id": answer["id"]}
            assert "Duplicate item" in http.post("/responses", json=body).json()["error"]["message"]

    def test_a_server_is_listed_once_and_its_approval_given_there(self, http):
        conversation = begin(http)
        tool = {"type": "mcp", "server_label": "github", "server_url": "https://example.com/mcp"}
        asked = say(http, conversation, "Search the docs", tools=[tool])["output"]
        assert [item["type"] for item in asked] == ["mcp_list_tools", "mcp_approval_request"]
        answer = [{"type": "mcp_approval_response", "approve": True, "approval_request_id": asked[1]["id"]}]
        then = say(http, conversation, answer, tools=[tool])["output"]
        assert [item["type"] for item in then][:1] == ["mcp_call"]
        again = http.post(
            "/responses", json={"model": "gpt-4o", "conversation": conversation["id"], "input": answer, "tools": [tool]}
        )
        assert "No approval request found" in again.json()["error"]["message"]
        made(http.delete(at(conversation, asked[0]["id"])))
        relisted = say(http, conversation, "Search again", tools=[tool])["output"]
        assert relisted[0]["type"] == "mcp_list_tools"

    def test_code_goes_on_in_its_container(self, http):
        conversation = begin(http)
        tool = {"type": "code_interpreter", "container": {"type": "auto"}}
        one, two = (say(http, conversation, "Run code", tools=[tool])["output"][0]["container_id"] for _ in range(2))
        assert one == two


class TestWhoHoldsIt:
    def test_a_background_run_holds_it_until_it_ends(self, http):
        conversation = begin(http, {**user("one"), "id": "msg_first_of_all"})
        job = say(http, conversation, "slowly", background=True)
        body = {"model": "gpt-4o", "input": "x", "conversation": conversation["id"]}
        answers = [
            http.post("/responses", json=body),
            http.post("/responses", json={**body, "stream": True}),
            http.post("/responses", json={**body, "background": True}),
            http.post(at(conversation), json={"items": [user("x")]}),
            http.delete(at(conversation, "msg_first_of_all")),
        ]
        assert [refused(answer) for answer in answers] == [LOCKED] * 5
        assert made(http.post("/responses/input_tokens", json=body))
        assert say(http, conversation, "x", store=False)["status"] == "completed"
        assert made(http.post(f"/conversations/{conversation['id']}", json={"metadata": {"a": "b"}}))
        made(http.post(f"/responses/{job['id']}/cancel"))
        assert say(http, conversation, "x")["status"] == "completed"

    def test_azure_answers_409(self, start_server):
        http = start_server(azure_conversations=True).http()
        conversation = begin(http)
        say(http, conversation, "slowly", background=True)
        answer = http.post("/responses", json={"model": "gpt-4o", "input": "x", "conversation": conversation["id"]})
        assert refused(answer) == (409, "conversation_locked", "conversation")

    def test_a_foreground_run_holds_it_too(self, start_server):
        clock = Clock(NOW)
        server = start_server(clock, stream_every=1.0)
        http, other = server.http("/v1"), server.http("/v1")
        conversation = begin(http)
        body = {"model": "gpt-4o", "input": "one two", "conversation": conversation["id"], "stream": True}
        with http.stream("POST", "/responses", json=body) as answer:
            lines = answer.iter_lines()
            next(lines)
            assert refused(other.post("/responses", json=body)) == LOCKED
            clock.advance(60)
            *_, last = (line for line in lines if line)
        assert items(other, conversation)[1:] == json.loads(last[6:])["response"]["output"]
        assert say(other, conversation, "x")["status"] == "completed"

    def test_a_refused_run_holds_nothing(self, server):
        place = "/ns/refusing"
        http = server.http(place + "/v1")
        made(server.http(place + "/_emulator").post(
            "/fixtures", json={"when": {"input": "limit"}, "then": [{"error": {"status": 429}}]}
        ))  # fmt: skip
        conversation = begin(http)
        body = {"model": "gpt-4o", "conversation": conversation["id"]}
        assert http.post("/responses", json={**body, "input": "limit"}).status_code == 429
        assert http.post("/responses", json={**body, "input": [{"role": "x"}]}).status_code == 400
        assert say(http, conversation, "x")["status"] == "completed"

    def test_a_background_run_that_expired_holds_nothing(self, start_server):
        clock = Clock(NOW)
        http = start_server(clock, retention=5.0).http("/v1")
        conversation = begin(http)
        say(http, conversation, "slowly", background=True)
        clock.advance(6)
        assert say(http, conversation, "x")["status"] == "completed"

    def test_a_long_run_keeps_it_by_renewing_its_lease(self, start_server, tmp_path, monkeypatch):
        path = tmp_path / "store.db"
        monkeypatch.setattr(conversations, "RENEWED", 0.01)
        server = start_server(Clock(NOW), db=str(path), stream_every=1.0)
        http = server.http("/v1")
        conversation = begin(http)
        body = {"model": "gpt-4o", "input": "x", "conversation": conversation["id"], "stream": True}
        with http.stream("POST", "/responses", json=body) as answer, closing(sqlite3.connect(path)) as database:
            lines = answer.iter_lines()
            next(lines)
            later = conversations.machine_time() + 10 * conversations.LEASE
            monkeypatch.setattr(conversations, "machine_time", lambda: later)
            while database.execute("SELECT until FROM conversations").fetchone()[0] < later:
                pass
            assert refused(server.http("/v1").post("/responses", json=body)) == LOCKED
            server.clock.advance(60)
            list(lines)
        assert len(items(http, conversation)) == 2

    def test_what_a_crash_left_held_comes_free(self, start_server, tmp_path, monkeypatch):
        path = str(tmp_path / "store.db")
        one = start_server(Clock(NOW), db=path, stream_every=1.0)
        http = one.http("/v1")
        conversation = begin(http)
        body = {"model": "gpt-4o", "input": "x", "conversation": conversation["id"], "stream": True}
        other = start_server(Clock(NOW), db=path).http("/v1")
        with http.stream("POST", "/responses", json=body) as answer:
            lines = answer.iter_lines()
            next(lines)
            assert refused(other.post("/responses", json={**body, "stream": False})) == LOCKED
            now = conversations.machine_time()
            monkeypatch.setattr(conversations, "machine_time", lambda: now + conversations.LEASE + 1)
            assert say(other, conversation, "mine")["status"] == "completed"
            one.clock.advance(60)
            with pytest.raises(httpx.RemoteProtocolError):  # it has lost what it would answer
                list(lines)
        assert texts(items(other, conversation))[0] == "mine"
        assert len(items(other, conversation)) == 2


class TestWhatStays:
    def test_responses_can_be_read_when_their_conversation_has_gone(self, http):
        conversation = begin(http, user("one"))
        first = say(http, conversation, "two")
        second = say(http, conversation, "three")
        before = context(http, first), context(http, second)
        made(http.delete(at(conversation, first["output"][0]["id"])))
        made(http.delete(f"/conversations/{conversation['id']}"))
        assert (context(http, first), context(http, second)) == before
        chained = made(
            http.post("/responses", json={"model": "gpt-4o", "input": "four", "previous_response_id": second["id"]})
        )
        assert texts(context(http, chained))[:2] == ["one", "two"]
        assert len(context(http, chained)) == 6

    def test_the_conversation_stays_when_its_responses_go(self, start_server):
        clock = Clock(NOW)
        http = start_server(clock).http("/v1")
        conversation = begin(http, user("one"))
        deleted = say(http, conversation, "two")
        made(http.delete(f"/responses/{deleted['id']}"))
        old = say(http, conversation, "three")
        clock.advance(31 * DAY)
        assert http.get(f"/responses/{old['id']}").status_code == 404
        answer = say(http, conversation, "four")
        assert len(context(http, answer)) == 6
        reference = {"type": "item_reference", "id": old["output"][0]["id"]}
        again = made(http.post("/responses", json={"model": "gpt-4o", "input": [reference]}))
        assert context(http, again) == old["output"]

    def test_a_conversation_that_is_deleted_under_a_run_gets_nothing(self, http):
        conversation = begin(http)
        job = say(http, conversation, "slowly", background=True)
        made(http.delete(f"/conversations/{conversation['id']}"))
        statuses = [made(http.get(f"/responses/{job['id']}"))["status"] for _ in range(2)]
        assert statuses == ["in_progress", "completed"]

    def test_a_reset_takes_it_and_an_archive_brings_it_back(self, server):
        place, other = "/ns/conversing", "/ns/conversed"
        http = server.http(place + "/v1")
        conversation = begin(http, user("one"), metadata={"a": "b"})
        answer = say(http, conversation, "two")
        whole = items(http, conversation)
        packed = server.http(place + "/_emulator").get("/export").content
        made(server.http(place + "/_emulator").post("/reset", json={"scope": "state"}))
        assert http.get(f"/conversations/{conversation['id']}").status_code == 404
        made(server.http(other + "/_emulator").post("/import", content=packed))
        http = server.http(other + "/v1")
        assert made(http.get(f"/conversations/{conversation['id']}")) == conversation
        assert items(http, conversation) == whole
        assert len(context(http, answer)) == 2
        say(http, conversation, "three")
        assert len(items(http, conversation)) == 5

    def test_another_namespace_does_not_see_it(self, server):
        conversation = begin(server.http("/ns/one/v1"))
        path = f"/conversations/{conversation['id']}"
        assert server.http("/ns/two/v1").get(path).status_code == 404


class TestDialects:
    def test_azure_has_none_and_says_how_to_get_them(self, server):
        http = server.http()
        answer = http.post("/conversations", json={})
        assert refused(answer) == (404, "404", None)
        assert "--azure-conversations" in answer.headers["x-emulator-warning"]
        for path in ("/responses", "/responses/input_tokens"):
            answer = http.post(path, json=UNKNOWN)
            assert refused(answer) == (400, "unknown_parameter", "conversation")
            assert "--azure-conversations" in answer.headers["x-emulator-warning"]

    def test_the_switch_serves_them_there_too(self, start_server):
        http = start_server(azure_conversations=True).http()
        conversation = begin(http, user("one"))
        assert say(http, conversation, "two")["conversation"] == {"id": conversation["id"]}
        assert len(items(http, conversation)) == 3


class TestFixtures:
    def test_they_see_the_turns_of_a_conversation_and_count_in_it(self, server):
        place = "/ns/turns"
        control, http = server.http(place + "/_emulator"), server.http(place + "/v1")
        fixtures = [
            {"name": "counted", "when": {"input": "count"}, "per": "chain",
             "sequence": [[{"message": "first"}], [{"message": "second"}]]},
            {"name": "opening", "when": {"turn": 2, "input": "x"}, "then": [{"message": "turn two"}]},
            {"name": "after it", "when": {"previous": "opening"}, "then": [{"message": "after turn two"}]},
        ]  # fmt: skip
        made(control.post("/fixtures", json=fixtures))
        one, two = begin(http), begin(http, user("Hi"), {"role": "assistant", "content": "Hello"})
        said = [say(http, where, "count")["output"][0]["content"][0]["text"] for where in (one, one, two)]
        assert said == ["first", "second", "first"]
        three = begin(http, user("Hi"), {"role": "assistant", "content": "Hello"})
        said = [say(http, three, "x")["output"][0]["content"][0]["text"] for _ in range(2)]
        assert said == ["turn two", "after turn two"]
        for when, count in (({"turn": 1}, 1), ({"turn": 2}, 3), ({"turn": 3}, 1), ({"previous": "opening"}, 1)):
            found = made(control.post("/verify", json={"match": when, "exactly": count}))
            assert found["passed"], found

    def test_the_journal_tells_which_one_was_asked(self, server):
        place = "/ns/told"
        http = server.http(place + "/v1")
        conversation = begin(http)
        say(http, conversation)
        entry, _ = made(server.http(place + "/_emulator").get("/requests"))["data"]
        assert (entry["path"], entry["conversation"]) == ("/responses", conversation["id"])


TURNS = st.lists(
    st.tuples(
        st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20),
        st.sampled_from(["plain", "stream", "background"]),
        st.sampled_from(["gpt-4o", "o3"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "take out", "plain", "stream", "background", "cancel"]), st.integers(0, 100)
    ),
    max_size=10,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
ITEMS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["message", "reasoning", "item_reference", "function_call", "mcp_call", "compaction"]),
        "role": st.sampled_from(["user", "assistant", "developer"]),
        "content": st.text(max_size=5) | st.lists(st.fixed_dictionaries({"type": st.just("input_text"), "text": JSON})),
        **{name: st.text(max_size=5) | JSON for name in ("id", "call_id", "name", "arguments", "summary")},
    },
)
BODIES = st.fixed_dictionaries({}, optional={"items": st.lists(ITEMS, max_size=3) | JSON, "metadata": JSON, "x": JSON})


class TestLaws:
    @settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(turns=TURNS)
    def test_a_conversation_is_the_chain_of_the_same_turns(self, http, turns):
        conversation, parent = begin(http), None
        for text, how, model, calls in turns:
            body = {"model": model, "input": text, "tools": [FUNCTION] if calls else []}
            body |= {"tool_choice": "required"} if calls else {}
            in_it = run(http, how, {**body, "conversation": conversation["id"]})
            chained = run(http, how, {**body, "previous_response_id": parent})
            same(http, in_it, chained)
            if calls:
                call, other = in_it["output"][-1], chained["output"][-1]
                in_it = run(http, how, {**output(call, model), "conversation": conversation["id"]})
                chained = run(http, how, {**output(other, model), "previous_response_id": parent_of(chained)})
                same(http, in_it, chained)
            parent = chained["id"]
        assert plain(items(http, conversation)) == plain([*context(http, chained), *chained["output"]])

    @settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(steps=STEPS)
    def test_whatever_happens_to_it_each_reader_has_what_it_read(self, http, steps):
        conversation, kept, read = begin(http), [], {}
        for number, (step, at_which) in enumerate(steps):
            if step == "add":
                more = [user(f"{number}"), {"role": "assistant", "content": f"and {number}"}]
                kept += made(http.post(at(conversation), json={"items": more}))["data"]
            elif step == "take out":
                if kept:
                    gone = kept.pop(at_which % len(kept))
                    made(http.delete(at(conversation, gone["id"])))
            elif step == "cancel":
                response = say(http, conversation, f"{number}", background=True)
                made(http.post(f"/responses/{response['id']}/cancel"))
                read[response["id"]] = [*texts(kept), f"{number}"]
            else:
                body = {"model": "gpt-4o", "input": f"{number}", "conversation": conversation["id"]}
                response = run(http, step, body)
                read[response["id"]] = [*texts(kept), f"{number}"]
                kept += items(http, conversation)[len(kept) :]
                assert kept[-1:] == response["output"]
            assert items(http, conversation) == kept
        for response_id, found in read.items():
            assert texts(context(http, {"id": response_id})) == found
        body = {"model": "gpt-4o", "input": [{**item, "id": None} for item in kept] + [user("x")]}
        whole = made(http.post("/responses/input_tokens", json=body))
        body = {"model": "gpt-4o", "input": "x", "conversation": conversation["id"]}
        assert made(http.post("/responses/input_tokens", json=body)) == whole

    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(body=BODIES, more=st.booleans())
    def test_no_body_breaks_it_and_what_is_refused_leaves_nothing(self, http, body, more):
        conversation = begin(http)
        raw = json.dumps(body).encode()
        answer = http.post(at(conversation) if more else "/conversations", content=raw)
        assert answer.status_code in (200, 400, 404), answer.text
        count = len(answer.json()["data"]) if more and answer.status_code == 200 else 0
        assert len(items(http, conversation)) == count

    def test_a_turn_costs_the_same_however_long_the_conversation_is(self, http, monkeypatch):
        from emulator.store import conversations as rows

        conversation = begin(http, *(user(str(n)) for n in range(20)))
        read = []
        for name in ("items_at", "page"):
            work = getattr(rows, name)
            monkeypatch.setattr(rows, name, lambda *a, work=work, **k: read.append(work.__name__) or work(*a, **k))
        for _ in range(5):
            say(http, conversation)
        assert read == []
        assert len(items(http, conversation)) == 30
        assert read == ["page"]


def output(call, model):
    return {
        "model": model,
        "input": [{"type": "function_call_output", "call_id": call["call_id"], "output": "rain"}],
    }


def parent_of(response):
    return response["id"]


def run(http, how, body):
    """The response of a run, brought to its end."""
    if how == "stream":
        return events(http.post("/responses", json={**body, "stream": True}).text)[-1]["response"]
    response = made(http.post("/responses", json={**body, "background": how == "background"}))
    while response["status"] in ("queued", "in_progress"):
        response = made(http.get(f"/responses/{response['id']}"))
    return response


def same(http, one, other):
    """Two responses have read and said the same, but for their ids."""
    assert one["status"] == other["status"] == "completed"
    assert one["usage"] == other["usage"]
    assert plain(one["output"]) == plain(other["output"])
    assert plain(context(http, one)) == plain(context(http, other))


def plain(found):
    return [{name: value for name, value in item.items() if name not in ("id", "call_id")} for item in found]
