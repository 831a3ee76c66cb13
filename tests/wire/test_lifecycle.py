"""The life of a response over HTTP: made, read, chained, listed, deleted, expired."""

import json

import pytest

from emulator.core.clock import Clock

DAY = 86_400.0


def make(http, **body):
    answer = http.post("/responses", json={"model": "gpt-4o", "input": "Hello there", **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


def error_of(answer):
    return answer.status_code, answer.json()["error"]


def test_what_was_created_is_what_is_retrieved(http):
    made = http.post("/responses", json={"model": "gpt-4o", "input": "Hello there"})
    assert http.get(f"/responses/{made.json()['id']}").content == made.content


@pytest.mark.parametrize(
    "path", ["/openai/v1", "/openai", "/v1", "/ns/team-a/openai/v1", "/ns/team-a/openai", "/ns/team-a/v1"]
)
def test_every_base_url_serves_the_same_api(server, path):
    http = server.http(path)
    made = make(http)
    assert http.get(f"/responses/{made['id']}").json() == made
    assert http.delete(f"/responses/{made['id']}").status_code == 200


@pytest.mark.parametrize("version", ["", "?api-version=preview", "?api-version=v1", "?api-version=2025-03-01-preview"])
def test_any_api_version_is_accepted(server, version):
    assert (
        server.http("/openai").post(f"/responses{version}", json={"model": "gpt-4o", "input": "x"}).status_code == 200
    )


def test_slashes_too_many_are_forgiven(server):
    made = make(server.http("/openai/"))
    assert server.http().get(f"{server.url}/openai//v1//responses/{made['id']}/").status_code == 200


def test_namespaces_do_not_see_each_other(server):
    one, other = server.http("/ns/one/openai/v1"), server.http("/ns/other/openai/v1")
    made = make(one)
    assert other.get(f"/responses/{made['id']}").status_code == 404
    by_header = server.http("/openai/v1", **{"x-emulator-namespace": "one"})
    assert by_header.get(f"/responses/{made['id']}").status_code == 200


def test_all_fields_are_there_with_their_defaults(http):
    made = make(http)
    assert made.pop("id").startswith("resp_")
    assert isinstance(made.pop("created_at"), int)
    assert isinstance(made.pop("completed_at"), int)
    assert [item["type"] for item in made.pop("output")] == ["message"]
    assert [entry["source_type"] for entry in made.pop("content_filters")] == ["prompt", "completion"]
    assert made.pop("usage").keys() == {
        "input_tokens", "input_tokens_details", "output_tokens", "output_tokens_details", "total_tokens",
    }  # fmt: skip
    assert made == {
        "object": "response", "status": "completed", "background": False, "error": None, "frequency_penalty": 0.0,
        "incomplete_details": None, "instructions": None, "max_output_tokens": None, "max_tool_calls": None,
        "model": "gpt-4o-2024-08-06", "parallel_tool_calls": True, "presence_penalty": 0.0,
        "previous_response_id": None, "prompt_cache_key": None, "prompt_cache_retention": None,
        "reasoning": {"effort": None, "summary": None}, "safety_identifier": None, "service_tier": "default",
        "store": True, "temperature": 1.0, "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto", "tools": [], "top_logprobs": 0, "top_p": 1.0, "truncation": "disabled", "user": None,
        "metadata": {},
    }  # fmt: skip


def test_the_openai_dialect_has_no_content_filters(server):
    assert "content_filters" not in make(server.http("/v1"))


def test_what_a_request_asked_for_is_echoed(http):
    asked = {
        "instructions": "Be brief.", "temperature": 0.3, "top_p": 0.5, "max_output_tokens": 100, "user": "u1",
        "metadata": {"a": "b"}, "truncation": "auto", "parallel_tool_calls": False, "service_tier": "priority",
        "safety_identifier": "s", "prompt_cache_key": "p", "max_tool_calls": 3, "top_logprobs": 2,
    }  # fmt: skip
    made = make(http, **asked)
    assert {name: made[name] for name in asked} == asked


@pytest.mark.parametrize("name", ["temperature", "top_p"])
def test_reasoning_deployments_take_no_sampling(http, name):
    answer = http.post("/responses", json={"model": "o3", "input": "x", name: 0.5})
    status, error = error_of(answer)
    assert (status, error["param"], error["code"]) == (400, name, None)
    assert error["message"] == f"Unsupported parameter: '{name}' is not supported with this model."
    assert make(http, model="o3", **{name: 1})[name] == 1
    assert make(http, model="gpt-5.1", reasoning={"effort": "none"}, **{name: 0.5})[name] == 0.5


def test_the_same_request_always_gets_the_same_words(http):
    def words():
        return [item["content"] for item in make(http, input="Tell me something")["output"]]

    assert words() == words()


def test_without_store_nothing_is_kept(http):
    made = make(http, store=False)
    assert made["store"] is False
    for answer in (
        http.get(f"/responses/{made['id']}"),
        http.get(f"/responses/{made['id']}/input_items"),
        http.post(f"/responses/{made['id']}/cancel"),
        http.delete(f"/responses/{made['id']}"),
    ):
        status, error = error_of(answer)
        assert (status, error["message"]) == (404, f"Response with id '{made['id']}' not found.")
    status, error = error_of(
        http.post(
            "/responses",
            json={
                "model": "gpt-4o",
                "input": "x",
                "previous_response_id": made["id"],
            },
        )
    )
    assert (status, error["code"]) == (400, "previous_response_not_found")


def test_deleting_answers_once_then_404(http, server):
    made = make(http)
    assert http.delete(f"/responses/{made['id']}").json() == {
        "id": made["id"],
        "object": "response.deleted",
        "deleted": True,
    }
    assert http.delete(f"/responses/{made['id']}").status_code == 404
    other = server.http("/v1")
    assert other.delete(f"/responses/{make(other)['id']}").json()["object"] == "response"


def test_tokens_run_out(http):
    made = make(http, input="Write me a very long story", max_output_tokens=16)
    assert made["status"] == "incomplete"
    assert made["incomplete_details"] == {"reason": "max_output_tokens"}
    assert made["completed_at"] is None
    assert made["output"][-1]["status"] == "incomplete"
    assert made["usage"]["output_tokens"] == 16


def test_input_tokens_counts_what_the_same_request_would_read(http):
    body = {"model": "gpt-4o", "input": "Count my words, please."}
    counted = http.post("/responses/input_tokens", json=body).json()
    assert counted == {"object": "response.input_tokens", "input_tokens": make(http, **body)["usage"]["input_tokens"]}


def test_compact_is_not_there_in_azure(http):
    assert http.post("/responses/compact", json={}).json() == {
        "error": {"code": "404", "message": "Resource not found"}
    }


def test_what_is_not_built_says_so(http):
    answer = http.post("/responses", json={"model": "gpt-4o", "input": "x", "tools": [{"type": "tool_search"}]})
    assert answer.status_code == 501
    assert answer.headers["x-should-retry"] == "false"
    assert answer.json()["error"]["code"] == "not_implemented"


IMAGE = {"type": "input_image", "image_url": "https://example.com/cat.png"}


@pytest.mark.parametrize(
    ("body", "status", "code", "param"),
    [
        ({"model": "gpt-image-1"}, 400, "OperationNotSupported", None),
        ({"model": "gpt-5-chat", "tools": [{"type": "function", "name": "f"}]}, 400, None, "tools"),
        ({"model": "gpt-4o", "reasoning": {"effort": "low"}}, 400, None, "reasoning.effort"),
        ({"model": "o3", "reasoning": {"effort": "minimal"}}, 400, "unsupported_value", "reasoning.effort"),
        (
            {"model": "o3-mini", "input": [{"role": "user", "content": [IMAGE]}]},
            400, "unsupported_content", "input[0].content[0]",
        ),
        (
            {"input": [{"role": "user", "content": [{**IMAGE, "image_url": "data:image/gif;base64,R0lGODlh"}]}]},
            400, "invalid_value", "input[0].content[0].image_url",
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "assistant-1"}]}]},
            400, "invalid_value", "input[0].content[0].file_id",
        ),
        (
            {"input": [{"type": "mcp_approval_response", "approve": True, "approval_request_id": "mcpr_1"}]},
            400, None, "input",
        ),
        ({"input": None, "prompt": {"id": "pmpt_1"}}, 501, "not_implemented", "prompt"),
        ({"model": "gpt-4o", "include": ["reasoning.encrypted_content"]}, 400, None, "include"),
    ],
)  # fmt: skip
def test_what_a_deployment_or_the_dialect_does_not_take(http, body, status, code, param):
    answer = http.post("/responses", json={"model": "gpt-4o", "input": "x", **body})
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert (error["code"], error.get("param")) == (code, param)


class TestRetention:
    def test_after_thirty_days_a_response_is_gone(self, start_server):
        clock = Clock(1_763_000_000.0)
        http = start_server(clock).http()
        made = make(http)
        clock.advance(30 * DAY - 1)
        assert http.get(f"/responses/{made['id']}").status_code == 200
        clock.advance(1)
        assert http.get(f"/responses/{made['id']}").status_code == 404
        status, error = error_of(
            http.post(
                "/responses",
                json={
                    "model": "gpt-4o",
                    "input": "x",
                    "previous_response_id": made["id"],
                },
            )
        )
        assert (status, error["code"]) == (400, "previous_response_not_found")

    def test_another_retention_can_be_asked_for(self, start_server):
        clock = Clock(0.0)
        http = start_server(clock, retention=60.0).http()
        made = make(http)
        clock.advance(60)
        assert http.get(f"/responses/{made['id']}").status_code == 404


class TestChains:
    def test_a_chain_holds_the_whole_context(self, http):
        first = make(http, input="What is a cat?")
        second = make(http, input=[{"role": "user", "content": "And a dog?"}], previous_response_id=first["id"])
        assert second["previous_response_id"] == first["id"]
        assert second["usage"]["input_tokens"] > first["usage"]["total_tokens"]
        listed = http.get(f"/responses/{second['id']}/input_items?order=asc").json()["data"]
        assert [item["role"] for item in listed] == ["user", "assistant", "user"]
        assert listed[0]["content"] == [{"type": "input_text", "text": "What is a cat?"}]
        assert listed[1]["content"] == first["output"][0]["content"]

    def test_instructions_are_not_inherited(self, http):
        first = make(http, instructions="Talk like a pirate.")
        assert make(http, previous_response_id=first["id"])["instructions"] is None

    def test_usage_does_not_count_what_is_not_inherited(self, http):
        tool = {"type": "function", "name": "f", "description": "words " * 200}
        first = make(http, input="one", instructions="words " * 500, tools=[tool], tool_choice="none", model="o3")
        second = make(http, input="two", previous_response_id=first["id"])
        assert second["usage"]["input_tokens"] < 100 < first["usage"]["input_tokens"]

    def test_a_parent_deleted_while_its_child_speaks_stays_in_the_context(self, start_server):
        clock = Clock(1_763_000_000.0)
        server = start_server(clock, stream_every=1.0)
        http = server.http()
        parent = make(http, input="turn one")
        body = {"model": "gpt-4o", "input": "turn two", "stream": True, "previous_response_id": parent["id"]}
        with http.stream("POST", "/responses", json=body) as answer:
            lines = answer.iter_lines()
            next(lines)
            assert server.http().delete(f"/responses/{parent['id']}").status_code == 200
            clock.advance(120)  # the sweep comes once a minute
            *_, last = (line for line in lines if line)
        child = json.loads(last[6:])["response"]["id"]
        assert len(http.get(f"/responses/{child}/input_items").json()["data"]) == 3

    def test_many_references_read_their_response_once(self, http, monkeypatch):
        from emulator.run import context

        first = make(http, input=[{"role": "user", "content": f"message {n}"} for n in range(50)])
        listed = http.get(f"/responses/{first['id']}/input_items?limit=100").json()["data"]
        read = []
        own_items = context.own_items
        monkeypatch.setattr(context, "own_items", lambda row: read.append(row.id) or own_items(row))
        made = make(http, input=[{"type": "item_reference", "id": item["id"]} for item in listed])
        assert len(http.get(f"/responses/{made['id']}/input_items?limit=100").json()["data"]) == 50
        assert read == [first["id"]]

    def test_a_response_can_have_several_children(self, http):
        root = make(http, input="root")
        children = [make(http, input=f"child {n}", previous_response_id=root["id"]) for n in range(3)]
        for number, child in enumerate(children):
            listed = http.get(f"/responses/{child['id']}/input_items").json()["data"]
            assert len(listed) == 3
            assert listed[0]["content"][0]["text"] == f"child {number}"

    def test_a_deleted_ancestor_stays_in_the_context_of_its_descendants(self, http):
        first = make(http, input="one")
        second = make(http, input="two", previous_response_id=first["id"])
        http.delete(f"/responses/{first['id']}")
        third = make(http, input="three", previous_response_id=second["id"])
        listed = http.get(f"/responses/{third['id']}/input_items").json()["data"]
        assert len(listed) == 5

    @pytest.mark.parametrize(
        ("parent", "code", "message"),
        [
            ("resp_nope", "previous_response_not_found", "Previous response with id 'resp_nope' not found."),
            (
                "nope", "invalid_value",
                "Invalid 'previous_response_id': 'nope'. Expected an ID that begins with 'resp'.",
            ),
        ],
    )  # fmt: skip
    def test_an_unknown_parent_is_refused(self, http, parent, code, message):
        status, error = error_of(
            http.post(
                "/responses",
                json={
                    "model": "gpt-4o",
                    "input": "x",
                    "previous_response_id": parent,
                },
            )
        )
        assert (status, error) == (
            400,
            {
                "message": message,
                "type": "invalid_request_error",
                "param": "previous_response_id",
                "code": code,
            },
        )

    def test_an_unfinished_parent_is_refused(self, http):
        parent = make(http, background=True)
        status, error = error_of(
            http.post(
                "/responses",
                json={
                    "model": "gpt-4o",
                    "input": "x",
                    "previous_response_id": parent["id"],
                },
            )
        )
        assert (status, error["code"]) == (400, "previous_response_not_found")
        assert "queued" in error["message"]

    def test_a_cancelled_parent_is_refused(self, http):
        parent = make(http, background=True)
        http.post(f"/responses/{parent['id']}/cancel")
        answer = http.post("/responses", json={"model": "gpt-4o", "input": "x", "previous_response_id": parent["id"]})
        assert error_of(answer)[0] == 400

    def test_an_item_that_the_chain_holds_already_is_a_duplicate(self, http):
        first = make(http)
        item = first["output"][0]
        answer = http.post(
            "/responses",
            json={
                "model": "gpt-4o",
                "input": [item, {"role": "user", "content": "x"}],
                "previous_response_id": first["id"],
            },
        )
        assert error_of(answer)[1]["message"].startswith(f"Duplicate item found with id {item['id']}.")

    def test_output_fed_back_by_hand_is_accepted(self, http):
        first = make(http)
        made = make(http, input=[*first["output"], {"role": "user", "content": "And now?"}])
        listed = http.get(f"/responses/{made['id']}/input_items?order=asc").json()["data"]
        assert listed[0]["id"] == first["output"][0]["id"]

    def test_an_item_reference_stands_for_its_item(self, http):
        first = make(http)
        item = first["output"][0]
        made = make(http, input=[{"type": "item_reference", "id": item["id"]}, {"role": "user", "content": "x"}])
        listed = http.get(f"/responses/{made['id']}/input_items?order=asc").json()["data"]
        assert listed[0] == item

    def test_a_reference_to_an_item_that_was_not_stored_is_refused(self, http):
        item = make(http, store=False)["output"][0]
        answer = http.post(
            "/responses", json={"model": "gpt-4o", "input": [{"type": "item_reference", "id": item["id"]}]}
        )
        status, error = error_of(answer)
        assert (status, error["param"], error["code"]) == (404, "input", None)
        assert error["message"].startswith(f"Item with id '{item['id']}' not found.")

    def test_turn_two_hundred_reads_what_turn_two_reads(self, http):
        last = make(http, input="turn 1")
        for turn in range(2, 21):
            last = make(http, input=f"turn {turn}", previous_response_id=last["id"])
        page = http.get(f"/responses/{last['id']}/input_items?limit=100").json()
        assert len(page["data"]) == 39
        assert page["data"][0]["content"][0]["text"] == "turn 20"


class TestInputItems:
    @pytest.fixture
    def many(self, http):
        messages = [{"role": "user", "content": f"message {number}"} for number in range(25)]
        return make(http, input=messages)["id"]

    def test_the_shape_is_the_pages(self, http):
        made = make(http, input="This is a test.")
        listed = http.get(f"/responses/{made['id']}/input_items").json()
        item_id = listed["first_id"]
        assert listed == {
            "object": "list",
            "data": [{
                "id": item_id, "type": "message", "status": "completed", "role": "user",
                "content": [{"type": "input_text", "text": "This is a test."}],
            }],
            "first_id": item_id, "last_id": item_id, "has_more": False,
        }  # fmt: skip

    def test_pages_follow_each_other(self, http, many):
        first = http.get(f"/responses/{many}/input_items").json()
        assert (len(first["data"]), first["has_more"]) == (20, True)
        second = http.get(f"/responses/{many}/input_items", params={"after": first["last_id"]}).json()
        assert (len(second["data"]), second["has_more"]) == (5, False)
        back = http.get(f"/responses/{many}/input_items", params={"before": second["first_id"], "limit": 3}).json()
        assert back["data"] == first["data"][-3:]

    def test_the_official_pager_sees_all_of_them(self, client, many):
        ids = [item.id for item in client.responses.input_items.list(many, limit=4, order="asc")]
        assert len(set(ids)) == 25

    @pytest.mark.parametrize(
        ("query", "code", "param"),
        [
            ("limit=0", "integer_below_min_value", "limit"),
            ("limit=101", "integer_above_max_value", "limit"),
            ("limit=x", "invalid_type", "limit"),
            ("order=up", "invalid_value", "order"),
            ("after=msg_nope", "invalid_value", "after"),
            ("include[]=nope", "invalid_value", "include[0]"),
        ],
    )
    def test_bad_queries(self, http, many, query, code, param):
        status, error = error_of(http.get(f"/responses/{many}/input_items?{query}"))
        assert (status, error["code"], error["param"]) == (400, code, param)
