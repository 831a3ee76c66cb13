"""Named incidents: each as the official client, sync and async, meets it (docs/how-to/incidents.md)."""

import openai
import pytest

from emulator.core.clock import Clock
from emulator.script.fault import INCIDENTS
from tests.faults.meeting import HOW, Place, Sleepers, in_thread

pytestmark = pytest.mark.parametrize("how", HOW)
RATE_LIMIT = "rate_limit_in_stream"


def stored(place, seen):
    return place.http().get(f"/responses/{seen.events[0].response.id}")


def test_rate_limit_in_stream_fails_after_some_words(place, how):
    seen = place.meet(how, RATE_LIMIT, stream=True)
    assert seen.failure is None, "the client raises nothing: the failure is in the stream"
    assert seen.types[-1] == "response.failed"
    assert "response.output_text.delta" in seen.types
    assert seen.events[-1].response.error.code == "rate_limit_exceeded"
    kept = stored(place, seen).json()
    assert kept["status"] == "failed"
    assert kept["error"]["message"] == seen.events[-1].response.error.message


def test_rate_limit_in_stream_is_an_ordinary_429_for_a_plain_answer(place, how):
    seen = place.meet(how, RATE_LIMIT)
    assert isinstance(seen.failure, openai.RateLimitError)
    assert seen.failure.response.headers["retry-after"] == "20"


def test_keepalive_event(place, how):
    seen = place.meet(how, "keepalive_event", stream=True)
    assert seen.types.count("keepalive") == 1
    assert seen.types[-1] == "response.completed"


def test_item_not_found_race_hits_the_first_chained_create(place, how):
    place.fault({"incident": "item_not_found_race"})
    first = place.meet(how).response
    missed = place.meet(how, previous_response_id=first.id)
    assert isinstance(missed.failure, openai.NotFoundError)
    assert missed.failure.body["message"] == f"Item with id '{first.output[0].id}' not found."
    assert place.meet(how, previous_response_id=first.id).response.status == "completed"
    assert place.hits == [2]


def test_item_not_found_race_names_the_item_that_was_referenced(place, how):
    first = place.meet(how).response
    reference = [{"type": "item_reference", "id": first.output[0].id}]
    missed = place.meet(how, "item_not_found_race", input=reference)
    assert isinstance(missed.failure, openai.NotFoundError)
    assert first.output[0].id in missed.failure.body["message"]


def test_store_false_item_id_is_refused_with_and_without_the_id(place, how):
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAAAx"}
    with_id = place.meet(how, "store_false_item_id", input=[item], store=False)
    assert isinstance(with_id.failure, openai.NotFoundError)
    assert "Items are not persisted when `store` is set to false" in with_id.failure.body["message"]
    del item["id"]
    without = place.meet(how, "store_false_item_id", input=[item], store=False)
    assert isinstance(without.failure, openai.BadRequestError)
    assert without.failure.body["message"] == "Missing required parameter: 'input[0].id'."


def test_resume_window_expired(place, how):
    first = place.meet(how, stream=True, background=True).events[0].response
    fault = {"X-Emulator-Fault": "resume_window_expired"}
    seen = place.ask(
        how,
        lambda client: client.responses.retrieve(first.id, stream=True, starting_after=2, extra_headers=fault),
    )
    assert isinstance(seen.failure, openai.BadRequestError)
    assert "more than 5 minutes old" in seen.failure.body["message"]
    assert place.ask(how, lambda client: client.responses.retrieve(first.id)).response.status == "completed"


def test_invalid_encrypted_content(place, how):
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAAABpYQ=="}
    seen = place.meet(how, "invalid_encrypted_content", input=[item])
    assert isinstance(seen.failure, openai.BadRequestError)
    assert seen.failure.code == "invalid_encrypted_content"
    assert "gAAA...YQ==" in seen.failure.body["message"]


def test_content_filter_prompt(place, how):
    seen = place.meet(how, "content_filter_prompt", stream=True)
    assert isinstance(seen.failure, openai.BadRequestError)
    assert (seen.failure.code, seen.failure.param) == ("content_filter", "prompt")
    (found,) = seen.failure.body["content_filters"]
    assert (found["blocked"], found["source_type"]) == (True, "prompt")
    assert "content_filters" not in place.meet(how, "content_filter_prompt", dialect="/v1").failure.body


@pytest.mark.parametrize("stream", [False, True])
def test_content_filter_completion(place, how, stream):
    seen = place.meet(how, "content_filter_completion", stream=stream)
    assert seen.failure is None
    response = seen.events[-1].response if stream else seen.response
    assert (response.status, response.incomplete_details.reason) == ("incomplete", "content_filter")
    assert response.output_text
    prompt, completion = response.content_filters
    assert (prompt["blocked"], completion["blocked"]) == (False, True)
    kept = place.http().get(f"/responses/{response.id}").json()
    assert kept["content_filters"] == response.content_filters
    assert kept["output"][0]["content"][0]["text"] == response.output_text


def test_quota_exceeded(place, how):
    seen = place.meet(how, "quota_exceeded")
    assert isinstance(seen.failure, openai.RateLimitError)
    assert (seen.failure.code, seen.failure.type) == ("insufficient_quota", "insufficient_quota")
    assert "retry-after" not in seen.failure.response.headers


def test_overloaded(place, how):
    seen = place.meet(how, "overloaded", stream=True)
    assert isinstance(seen.failure, openai.InternalServerError)
    assert (seen.failure.status_code, seen.failure.type) == (503, "server_error")
    assert seen.failure.response.headers["retry-after-ms"] == "2000"


@pytest.mark.parametrize(("dialect", "error"), [("/openai/v1", openai.ConflictError), ("/v1", openai.BadRequestError)])
def test_conversation_locked(place, how, dialect, error):
    seen = place.meet(how, "conversation_locked", dialect=dialect)
    assert isinstance(seen.failure, error)
    assert seen.failure.code == "conversation_locked"


@pytest.mark.parametrize("stream", [False, True])
def test_slow_first_token(start_server, how, stream):
    server = start_server(clock := Clock(1_763_000_000.0))
    place, sleepers = Place(server), Sleepers(server)
    result = in_thread(lambda: place.meet(how, "slow_first_token; delay=5m", stream=stream))
    sleepers.wait()
    clock.advance(300)
    assert result().failure is None


def test_slow_first_token_runs_into_the_clients_timeout(start_server, how):
    place = Place(start_server(Clock(1_763_000_000.0)))
    seen = place.meet(how, "slow_first_token", stream=True, timeout=0.3)
    assert seen.types[-1] == "response.content_part.added"
    assert "ReadTimeout" in seen.cause


def test_cut_before_completed(place, how):
    seen = place.meet(how, "cut_before_completed", stream=True)
    assert seen.failure is None, "the client raises nothing: it just sees no end"
    assert seen.types[-1] == "response.output_item.done"
    assert stored(place, seen).status_code == 404
    broken = place.meet(how, "cut_before_completed; clean=false", stream=True)
    assert isinstance(broken.failure, openai.APIConnectionError)


def test_every_incident_is_met_here(how):
    met = {name for name in globals() if name.startswith("test_")}
    assert all(any(name in test for test in met) for name in INCIDENTS)
