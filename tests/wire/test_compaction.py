"""Compaction: the window that `/responses/compact` gives, items that come back, and compaction within an answer."""

import itertools

import orjson
import pytest

from emulator.core.clock import Clock
from emulator.core.usage import COMPACTED

NOON = 1_763_035_200.0
WEATHER = {"type": "function", "name": "get_weather", "parameters": {"type": "object", "properties": {}}}
MANAGED = {"context_management": [{"type": "compaction", "compact_threshold": 1000}]}
LONG = "cat " * 1_100  # passes the smallest threshold


def user(text):
    return {"role": "user", "content": text}


def ask(http, given, **more):
    answer = http.post("/responses", json={"model": "gpt-4o", "input": given, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def compact(http, given=None, **more):
    body = {"model": "gpt-4o", **more} if given is None else {"model": "gpt-4o", "input": given, **more}
    answer = http.post("/responses/compact", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def text_of(response):
    return response["output"][-1]["content"][0]["text"]


def kinds(response):
    return [item["type"] for item in response["output"]]


def events(http, given, **more):
    answer = http.post("/responses", json={"model": "gpt-4o", "input": given, "stream": True, **more})
    return [orjson.loads(frame.split("\ndata: ")[1]) for frame in answer.text.split("\n\n") if frame]


@pytest.fixture
def http(server):
    return server.http("/v1")


@pytest.fixture
def scripted(start_server):
    """A server of its own and a way to script it."""
    server = start_server()
    http = server.http("/v1")

    def script(*fixtures):
        added = http.post(f"{server.url}/_emulator/fixtures", json=list(fixtures))
        assert added.status_code == 200, added.text
        return http

    return script


class TestTheWindow:
    def test_it_is_the_users_messages_and_one_compaction(self, http):
        said = [user("First"), {"role": "assistant", "content": LONG}, user("Second")]
        window = compact(http, said, instructions="Be brief.")
        assert list(window) == ["id", "object", "created_at", "output", "usage"]
        assert (window["id"][:5], window["object"]) == ("resp_", "response.compaction")
        first, second, item = window["output"]
        for message, text in ((first, "First"), (second, "Second")):
            assert message["id"].startswith("msg_")
            assert {**message, "id": ""} == {
                "id": "",
                "type": "message",
                "status": "completed",
                "content": [{"type": "input_text", "text": text}],
                "role": "user",
            }
        assert list(item) == ["id", "type", "encrypted_content"]
        assert (item["id"][:4], item["type"]) == ("cmp_", "compaction")
        assert item["encrypted_content"].startswith("gAAAAA")
        usage = window["usage"]
        assert usage["input_tokens"] > usage["output_tokens"] > 0
        assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]

    def test_it_is_not_stored(self, http):
        window = compact(http, "Hello")
        assert http.get(f"/responses/{window['id']}").status_code == 404

    def test_of_a_chain_it_has_all_of_the_users_messages(self, http):
        first = ask(http, "One")
        second = ask(http, "Two", previous_response_id=first["id"])
        window = compact(http, [user("Three")], previous_response_id=second["id"])
        assert [item["content"][0]["text"] for item in window["output"][:-1]] == ["One", "Two", "Three"]
        alone = compact(http, previous_response_id=second["id"])
        assert [item["content"][0]["text"] for item in alone["output"][:-1]] == ["One", "Two"]

    def test_the_same_request_gives_the_same_bytes_where_clock_and_seed_are_set(self, start_server):
        def window():
            server = start_server(Clock(NOON))
            assert server.http("").post("/_emulator/seed", json={"seed": "same"}).status_code == 200
            return server.http("/v1").post("/responses/compact", json={"model": "gpt-4o", "input": "Hi"}).content

        assert window() == window()

    # Its own type of the window has no user's message, of which it warns when it sends one back.
    @pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
    def test_the_official_client_reads_it_and_goes_on_with_it(self, server):
        client = server.client("/v1")
        window = client.responses.compact(model="gpt-4o", input=[user("Hello"), {"role": "assistant", "content": "Hi"}])
        assert [item.type for item in window.output] == ["message", "compaction"]
        answer = client.responses.create(model="gpt-4o", input=[*window.output, user("And now?")], store=False)
        assert "And now?" in answer.output_text

    @pytest.mark.parametrize(
        ("body", "status", "code", "param"),
        [
            ({"input": "x"}, 400, "missing_required_parameter", "model"),
            ({"model": "gpt-4o"}, 400, "missing_required_parameter", "input"),
            ({"model": "gpt-4o", "input": 1}, 400, "invalid_type", "input"),
            ({"model": "gpt-4o", "previous_response_id": "x"}, 400, "invalid_value", "previous_response_id"),
            (
                {"model": "gpt-4o", "previous_response_id": "resp_none"},
                400,
                "previous_response_not_found",
                "previous_response_id",
            ),
            ({"model": "gpt-4o", "input": "word " * 130_000}, 400, "context_length_exceeded", "input"),
        ],
    )
    def test_what_cannot_be_compacted_is_refused(self, http, body, status, code, param):
        answer = http.post("/responses/compact", json=body)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["param"]) == (status, code, param)

    def test_a_call_without_its_output_cannot_be_compacted(self, http):
        call = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
        answer = http.post("/responses/compact", json={"model": "gpt-4o", "input": [user("x"), call]})
        assert answer.json()["error"]["message"] == "No tool output found for function call call_1."

    def test_fields_of_a_create_are_named_and_refused_where_validation_is_strict(self, http, start_server):
        body = {"model": "gpt-4o", "input": "x", "tools": []}
        answer = http.post("/responses/compact", json=body)
        assert answer.headers["x-emulator-warning"] == "unknown_parameter: tools"
        strict = start_server(validation="strict").http("/v1").post("/responses/compact", json=body)
        assert (strict.status_code, strict.json()["error"]["code"]) == (400, "unknown_parameter")

    def test_azure_has_it_where_a_setting_turns_it_on(self, start_server):
        body = {"model": "gpt-4o", "input": "Hello"}
        assert start_server().http().post("/responses/compact", json=body).status_code == 404
        window = compact(start_server(azure_compact=True).http(), "Hello")
        assert kinds(window) == ["message", "compaction"]


class TestAnItemThatComesBack:
    def test_it_counts_less_than_what_it_stands_for(self, http):
        said = [user("Tell me of cats."), {"role": "assistant", "content": LONG}]
        whole = ask(http, [*said, user("Go on")])["usage"]["input_tokens"]
        window = compact(http, said)
        after = ask(http, [*window["output"], user("Go on")])["usage"]["input_tokens"]
        assert after < whole // (COMPACTED - 1)
        # The compaction and the kept message stand for all: what was before may be left out.
        assert ask(http, [window["output"][-1], user("Go on")])["usage"]["input_tokens"] == after

    def test_a_turn_is_counted_on(self, scripted):
        fixtures = [{"when": {"turn": turn}, "then": [{"message": f"turn {turn}"}]} for turn in (1, 2, 3, 4)]
        http = scripted(*fixtures)
        said = [user("a"), {"role": "assistant", "content": "b"}, user("c"), {"role": "assistant", "content": "d"}]
        assert text_of(ask(http, [*said, user("e")])) == "turn 3"
        window = compact(http, said)["output"]
        third = ask(http, [*window, user("e")])
        assert text_of(third) == "turn 3"
        stored = ask(http, "f", previous_response_id=third["id"])
        assert text_of(stored) == "turn 4"
        by_hand = [*window, user("e"), {"role": "assistant", "content": "turn 3"}, user("f")]
        assert text_of(ask(http, by_hand)) == "turn 4"

    def test_a_fixture_that_answered_before_is_known(self, scripted):
        http = scripted(
            {"name": "opener", "when": {"input": "open"}, "then": [{"message": "Opened."}]},
            {"when": {"previous": "opener"}, "then": [{"message": "After the opener."}]},
        )
        first = ask(http, "open")
        window = compact(http, previous_response_id=first["id"])["output"]
        assert text_of(ask(http, [*window, user("on")], store=False)) == "After the opener."

    def test_a_call_that_was_open_when_it_was_compacted_can_be_answered(self, scripted):
        http = scripted(
            {
                "when": {"input": "weather"},
                "then": [{"function_call": {"name": "get_weather", "arguments": {}}}, {"compaction": None}],
            },
            {"when": {"tool_output": "get_weather"}, "then": [{"message": "It is {{ tool_output }}."}]},
        )
        call, item = ask(http, "weather", tools=[WEATHER], store=False)["output"]
        unanswered = http.post("/responses", json={"model": "gpt-4o", "input": [item, user("well?")]})
        message = f"No tool output found for function call {call['call_id']}."
        assert unanswered.json()["error"]["message"] == message
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "sunny"}
        assert text_of(ask(http, [item, output])) == "It is sunny."
        assert text_of(ask(http, [user("weather"), call, item, output])) == "It is sunny."

    def test_it_may_come_without_its_id_and_by_reference(self, http):
        first = ask(http, [user("Hello"), {"type": "compaction_trigger"}])
        (item,) = first["output"]
        bare = {name: value for name, value in item.items() if name != "id"}
        given = ask(http, [bare, user("Go on")])
        listed = http.get(f"/responses/{given['id']}/input_items", params={"order": "asc"}).json()["data"]
        assert listed[0] == item
        named = ask(http, [{"type": "item_reference", "id": item["id"]}, user("Go on")])
        assert named["usage"] == given["usage"]

    def test_it_cannot_come_twice(self, http):
        item = compact(http, "Hello")["output"][-1]
        bare = {name: value for name, value in item.items() if name != "id"}
        refused = http.post("/responses", json={"model": "gpt-4o", "input": [item, bare, user("Go on")]})
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "input")
        assert f"Duplicate item found with id {item['id']}" in refused.json()["error"]["message"]

    @pytest.mark.parametrize("change", ["altered", "foreign", "reasoning", "other id", "old", "empty"])
    def test_what_was_altered_or_sealed_elsewhere_is_refused(self, start_server, change):
        clock = Clock(NOON)
        server = start_server(clock)
        http = server.http("/v1")
        item = compact(http, "Hello")["output"][-1]
        content = item["encrypted_content"]
        if change == "altered":
            item["encrypted_content"] = content[:30] + ("A" if content[30] != "A" else "B") + content[31:]
        elif change == "foreign":
            item = compact(server.http("/ns/other/v1"), "Hello")["output"][-1]
        elif change == "reasoning":
            thought = ask(http, "Hi", model="o4-mini", include=["reasoning.encrypted_content"])["output"][0]
            item["encrypted_content"] = thought["encrypted_content"]
        elif change == "other id":
            item["id"] = "cmp_other"
        elif change == "old":
            clock.advance(31 * 86_400)
        else:
            item["encrypted_content"] = ""
        refused = http.post("/responses", json={"model": "gpt-4o", "input": [item, user("Go on")]})
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_encrypted_content")
        reason = "item_id did not match" if change == "other id" else "could not be decrypted or parsed"
        assert reason in refused.json()["error"]["message"]

    def test_it_is_no_reasoning(self, http):
        item = compact(http, "Hello")["output"][-1]
        thought = {"type": "reasoning", "summary": [], "encrypted_content": item["encrypted_content"]}
        refused = http.post("/responses", json={"model": "o4-mini", "input": [thought, user("Go on")]})
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_encrypted_content")


class TestWithinAnAnswer:
    def test_below_the_threshold_nothing_is_compacted(self, http):
        assert kinds(ask(http, "Hello", **MANAGED)) == ["message"]

    @pytest.mark.parametrize(
        ("place", "order"), [("last", ["message", "compaction"]), ("first", ["compaction", "message"])]
    )
    def test_above_it_the_answer_has_a_compaction(self, start_server, place, order):
        http = start_server(compaction_item=place).http("/v1")
        plain = ask(http, LONG)
        response = ask(http, LONG, **MANAGED)
        assert kinds(response) == order
        assert response["usage"]["output_tokens"] > plain["usage"]["output_tokens"]
        told = events(http, LONG, **MANAGED)
        at = next(n for n, event in enumerate(told) if event.get("item", {}).get("type") == "compaction")
        added, compacting, done = told[at : at + 3]
        assert [one["type"] for one in (added, compacting, done)] == [
            "response.output_item.added",
            "response.compaction.compacting",
            "response.output_item.done",
        ]
        assert added["item"] == done["item"] == told[-1]["response"]["output"][order.index("compaction")]
        assert (compacting["item_id"], compacting["output_index"]) == (done["item"]["id"], done["output_index"])

    @pytest.mark.parametrize("place", ["last", "first"])
    @pytest.mark.parametrize("background", [False, True])
    def test_a_chain_goes_on_from_the_compaction(self, start_server, place, background):
        http = start_server(compaction_item=place).http("/v1")
        first = ask(http, LONG, background=background, **MANAGED)
        while first["status"] in ("queued", "in_progress"):
            first = http.get(f"/responses/{first['id']}").json()
        second = ask(http, "Go on", previous_response_id=first["id"], **MANAGED)
        assert second["usage"]["input_tokens"] < first["usage"]["input_tokens"]
        by_hand = ask(http, [user(LONG), *first["output"], user("Go on")], store=False, **MANAGED)
        assert by_hand["usage"]["input_tokens"] == second["usage"]["input_tokens"]
        at = kinds(first).index("compaction")
        pruned = ask(http, [*first["output"][at:], user("Go on")], store=False, **MANAGED)
        assert pruned["usage"]["input_tokens"] == second["usage"]["input_tokens"]
        # Every item comes back from the store as it was answered.
        listed = http.get(f"/responses/{second['id']}/input_items", params={"order": "asc"}).json()["data"]
        assert [item["type"] for item in listed] == ["message", *kinds(first), "message"]

    @pytest.mark.parametrize("place", ["last", "first"])
    def test_the_official_helper_accumulates_it(self, start_server, place):
        client = start_server(compaction_item=place).client()
        with client.responses.stream(model="gpt-4o", input=LONG, **MANAGED) as stream:
            final = stream.until_done().get_final_response()
        assert sorted(item.type for item in final.output) == ["compaction", "message"]
        kept = client.responses.retrieve(final.id)
        at = [item.type for item in kept.output].index("compaction")
        assert final.output[at].to_dict() == kept.output[at].to_dict()
        assert final.output_text == kept.output_text

    def test_a_trigger_compacts_and_says_nothing_else(self, http):
        told = events(http, [user(LONG), {"type": "compaction_trigger"}])
        assert [kind for kind, _ in itertools.groupby(event["type"] for event in told)] == [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.compaction.compacting",
            "response.output_item.done",
            "response.completed",
        ]
        response = told[-1]["response"]
        assert response["usage"]["output_tokens"] == -(-(response["usage"]["input_tokens"]) // COMPACTED)
        after = ask(http, "Go on", previous_response_id=response["id"])
        assert after["usage"]["input_tokens"] < response["usage"]["input_tokens"] // 2

    def test_a_trigger_is_no_turn(self, scripted):
        http = scripted(*({"when": {"turn": turn}, "then": [{"message": f"turn {turn}"}]} for turn in (1, 2)))
        first = ask(http, "a")
        triggered = ask(http, [{"type": "compaction_trigger"}], previous_response_id=first["id"])
        assert kinds(triggered) == ["compaction"]
        assert text_of(ask(http, "b", previous_response_id=triggered["id"])) == "turn 2"
        assert text_of(ask(http, [*triggered["output"], user("b")], store=False)) == "turn 2"

    def test_a_trigger_in_the_midst_is_refused(self, http):
        given = [{"type": "compaction_trigger"}, user("Hello")]
        refused = http.post("/responses", json={"model": "gpt-4o", "input": given}).json()["error"]
        assert (refused["code"], refused["param"]) == ("invalid_value", "input[0]")

    def test_an_answer_that_fails_or_is_cut_has_none(self, scripted):
        http = scripted(
            {"when": {"input": "fail"}, "then": [{"message": "a"}, {"fail": {"code": "server_error", "message": "x"}}]},
            {"when": {"input": "cut"}, "then": [{"message": "a"}, {"incomplete": "max_output_tokens"}]},
        )
        for word in ("fail", "cut"):
            assert kinds(ask(http, f"{word} {LONG}", **MANAGED)) == ["message"]

    def test_a_script_compacts_where_it_says_so_and_no_second_time(self, scripted):
        http = scripted({"when": {}, "then": [{"message": "a"}, {"compaction": None}, {"message": "b"}]})
        assert kinds(ask(http, LONG, **MANAGED)) == ["message", "compaction", "message"]

    @pytest.mark.parametrize(
        ("given", "code", "param"),
        [
            ({}, "invalid_type", "context_management"),
            ([{}], "missing_required_parameter", "context_management[0].type"),
            ([{"type": "clear"}], "invalid_value", "context_management[0].type"),
            (
                [{"type": "compaction", "compact_threshold": 999}],
                "integer_below_min_value",
                "context_management[0].compact_threshold",
            ),
        ],
    )
    def test_a_wrong_management_is_refused(self, http, given, code, param):
        refused = http.post("/responses", json={"model": "gpt-4o", "input": "x", "context_management": given})
        error = refused.json()["error"]
        assert (refused.status_code, error["code"], error["param"]) == (400, code, param)

    def test_without_a_threshold_it_is_nine_tenths_of_the_context_window(self, http):
        managed = {"context_management": [{"type": "compaction"}]}
        assert kinds(ask(http, "word " * 100_000, **managed)) == ["message"]
        assert kinds(ask(http, "word " * 120_000, **managed)) == ["message", "compaction"]
