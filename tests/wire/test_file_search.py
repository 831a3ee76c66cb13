"""File search over HTTP: what is really found, cited and shown; vector stores that are not there."""

import pytest

from emulator.core.clock import Clock
from tests.wire.test_vector_stores import DAY, ONE_DAY, make, put, upload

RESULTS = "file_search_call.results"
POLICY = "# Shop\n\nReturns are accepted within 30 days. Shipping is free.\n"


@pytest.fixture
def clock():
    return Clock(1_763_000_000.0)


@pytest.fixture
def http(start_server, clock):
    return start_server(clock).http()


@pytest.fixture
def store(http):
    store = make(http, expires_after=ONE_DAY)
    put(http, store, upload(http, POLICY, "policy.md"), attributes={"year": 2024})
    put(http, store, upload(http, "Cats sleep and return.", "cats.md"), attributes={"year": 2025})
    return store


def script(http, *then):
    root = str(http.base_url.copy_with(path="/_emulator/fixtures"))
    assert http.post(root, json={"then": list(then)}).status_code == 200


def ask(http, store, prompt="How long are returns accepted?", *, options=None, **more):
    tool = {"type": "file_search", "vector_store_ids": [store["id"]], **(options or {})}
    body = {"model": "gpt-4o", "input": prompt, "tools": [tool], "include": [RESULTS], **more}
    answer = http.post("/responses", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(http, ids, path="/responses", **options):
    tool = {"type": "file_search", "vector_store_ids": ids, **options}
    answer = http.post(path, json={"model": "gpt-4o", "input": "x", "tools": [tool]})
    return answer.status_code, answer.json()["error"]["param"], answer.json()["error"]["message"]


def test_the_built_in_model_searches_and_answers_from_the_best_chunk(http, store):
    call, message = ask(http, store)["output"]
    assert (call["status"], call["queries"]) == ("completed", ["How long are returns accepted?"])
    assert [result["filename"] for result in call["results"]] == ["policy.md", "cats.md"]
    assert list(call["results"][0]) == ["attributes", "file_id", "filename", "score", "text"]
    assert call["results"][0]["text"] == POLICY
    (text,) = message["content"]
    assert text["text"] == "policy.md says: Returns are accepted within 30 days."
    assert text["annotations"] == [
        {"type": "file_citation", "file_id": call["results"][0]["file_id"], "filename": "policy.md", "index": 9}
    ]


def test_results_are_shown_to_who_asked_for_them(http, store):
    made = ask(http, store, include=[])
    assert made["output"][0]["results"] is None
    again = http.get(f"/responses/{made['id']}", params={"include[]": RESULTS}).json()
    assert len(again["output"][0]["results"]) == 2


def test_nothing_found_is_said(http, store):
    call, message = ask(http, store, "Submarines?")["output"]
    assert call["results"] == []
    assert "nothing" in message["content"][0]["text"]
    assert message["content"][0]["annotations"] == []


def test_json_is_answered_where_it_is_asked_for(http, store):
    made = ask(http, store, "Returns as JSON?", text={"format": {"type": "json_object"}})
    assert made["output"][-1]["content"][0]["text"].startswith("{")


def test_the_options_of_the_tool_are_heeded(http, store):
    most = ask(http, store, options={"max_num_results": 1})["output"][0]
    assert len(most["results"]) == 1
    best = most["results"][0]["score"]
    strict = ask(http, store, options={"ranking_options": {"score_threshold": best}})["output"][0]
    assert strict["results"] == most["results"]
    late = {"filters": {"type": "gt", "key": "year", "value": 2024}}
    assert [result["filename"] for result in ask(http, store, options=late)["output"][0]["results"]] == ["cats.md"]


def test_a_scripted_search_without_results_is_really_made(http, store):
    script(http, {"file_search_call": {"queries": ["cats"]}}, {"message": "Cats sleep."})
    call, message = ask(http, store)["output"]
    assert [result["filename"] for result in call["results"]] == ["cats.md"]
    assert [note["filename"] for note in message["content"][0]["annotations"]] == ["cats.md"]


def test_scripted_results_need_no_vector_store_and_may_be_templates(http):
    found = {"filename": "{{ request.metadata.name }}.md", "text": "x", "file_id": "file-1"}
    script(http, {"file_search_call": {"query": "{{ input }}", "results": [found]}}, {"message": "So it is."})
    body = {"model": "gpt-4o", "input": "12", "metadata": {"name": "a"}, "include": [RESULTS]}
    call, message = http.post("/responses", json=body).json()["output"]
    assert call["queries"] == ["12"]
    assert (call["results"][0]["filename"], call["results"][0]["file_id"]) == ("a.md", "file-1")
    assert message["content"][0]["annotations"][0]["index"] == len("So it is.")


@pytest.mark.parametrize(("path", "status"), [("/openai/v1", 400), ("/v1", 404)])
def test_a_vector_store_that_is_not_there_is_refused(server, path, status):
    http = server.http(path)
    assert refused(http, ["vs_1"]) == (
        status, "tools[0].vector_store_ids", "Vector store with id ['vs_1'] not found.",
    )  # fmt: skip
    assert refused(http, ["vs_1"], "/responses/input_tokens")[0] == status


def test_wrong_ids_and_options_are_refused(server):
    http = server.http()
    store = make(http)
    assert refused(http, ["x"])[:2] == (400, "tools[0].vector_store_ids[0]")
    assert refused(http, [])[:2] == (400, "tools[0].vector_store_ids")
    assert refused(http, [store["id"]], filters={"type": "x"})[:2] == (400, "tools[0].filters.type")
    ranking = {"score_threshold": 2}
    assert refused(http, [store["id"]], ranking_options=ranking)[:2] == (
        400, "tools[0].ranking_options.score_threshold",
    )  # fmt: skip


def test_an_expired_vector_store_is_refused_and_a_search_keeps_it(http, clock, store):
    clock.advance(DAY - 1)
    ask(http, store)
    clock.advance(DAY - 1)
    ask(http, store, tool_choice="none")
    clock.advance(1)
    status, param, message = refused(http, [store["id"]])
    assert (status, param) == (400, "tools[0].vector_store_ids")
    assert "has expired" in message


def test_a_chain_counts_what_was_found(http, store):
    first = ask(http, store)
    second = http.post("/responses", json={"model": "gpt-4o", "input": "And?", "previous_response_id": first["id"]})
    more = second.json()["usage"]["input_tokens"] - first["usage"]["input_tokens"]
    assert more > 0
    items = http.get(f"/responses/{second.json()['id']}/input_items").json()["data"]
    assert "file_search_call" in [item["type"] for item in items]
