"""A context that is longer than the model's window: refused, or with `truncation: auto` without its oldest items."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.core.deployments import BY_NAME
from emulator.core.usage import count_items

MODEL = "computer-use-preview"
WINDOW = BY_NAME[MODEL].context_window
LONG = "word " * 5_000


def user(text):
    return {"role": "user", "content": text}


def ask(http, items, **more):
    return http.post("/responses", json={"model": MODEL, "input": items, "truncation": "auto", **more})


def read_of(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()["usage"]["input_tokens"]


def tokens_of(*texts):
    parts = [[{"type": "input_text", "text": text}] for text in texts]
    return count_items([{"type": "message", "role": "user", "content": part} for part in parts])


def test_it_is_refused_unless_it_may_be_cut(http):
    items = [user(LONG), user(LONG)]
    refused = ask(http, items, truncation="disabled")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "context_length_exceeded")
    assert ask(http, items).status_code == 200


def test_the_oldest_items_of_a_request_go_first(http):
    assert read_of(ask(http, [user(LONG), user("short"), user(LONG)])) == tokens_of("short", LONG)


def test_what_is_dropped_is_not_seen_by_the_script(start_server):
    http = start_server().http()
    control = http.base_url.copy_with(path="/_emulator/fixtures")
    http.post(control, json={"when": {"has_image": True}, "then": [{"message": "I see a picture."}]})
    picture = {"role": "user", "content": [{"type": "input_image", "image_url": "https://example.com/a.png"}]}
    seen = [ask(http, [picture, user(text), user("Well?")]).json() for text in ("x", LONG + LONG)]
    texts = [one["output"][0]["content"][0]["text"] for one in seen]
    assert texts[0] == "I see a picture."
    assert "picture" not in texts[1]


def test_the_turns_before_go_before_the_request_itself(http):
    first = ask(http, [user(LONG)]).json()
    assert read_of(ask(http, [user("Go on.")], previous_response_id=first["id"])) > tokens_of(LONG)
    second = ask(http, [user(LONG)], previous_response_id=first["id"])
    assert tokens_of(LONG) <= read_of(second) <= WINDOW
    listed = http.get(f"/responses/{second.json()['id']}/input_items").json()["data"]
    assert [item["role"] for item in listed] == ["user", "assistant", "user"], "what is stored stays whole"


def test_an_item_that_does_not_fit_alone_is_refused(http):
    refused = ask(http, [user("short"), user(LONG + LONG)])
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "input")
    assert ask(http, [user("x")], instructions=LONG + LONG).status_code == 400


def test_an_output_goes_with_its_call(http):
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": LONG}
    output = {"type": "function_call_output", "call_id": "c", "output": "done"}
    assert read_of(ask(http, [call, output, user(LONG)])) == tokens_of(LONG)


def test_counting_tokens_counts_what_is_left(http):
    body = {"model": MODEL, "input": [user(LONG), user(LONG)], "truncation": "auto"}
    assert http.post("/responses/input_tokens", json=body).json()["input_tokens"] == tokens_of(LONG)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(0, 4_000), min_size=1, max_size=6))
def test_as_many_of_the_last_items_as_fit(http, sizes):
    texts = ["word " * size + "." for size in sizes]
    kept = next(texts[at:] for at in range(len(texts) + 1) if tokens_of(*texts[at:]) <= WINDOW)
    assert read_of(ask(http, [user(text) for text in texts])) == tokens_of(*kept)
