"""Computer use: every action in short form, its events, safety checks, screenshots, and who may offer the tool."""

import itertools

import pytest

from emulator.core.hosted import HostedCall
from emulator.script.fixture import FixtureError, from_dict
from emulator.script.hosted.computer_use import ACTIONS
from emulator.script.plan import Plan
from emulator.testing import computer_call
from tests.pictures import data_url, png
from tests.plans import events_of, whole_log

KIND = "computer_call"
MODEL = "computer-use-preview"
TOOL = {"type": "computer_use_preview", "display_width": 1024, "display_height": 768, "environment": "browser"}
SHOT = data_url(png(1024, 768))
EVERY = {
    "click": {"x": 1, "y": 2, "button": "right"},
    "double_click": {"x": 1, "y": 2},
    "drag": {"path": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]},
    "keypress": {"keys": ["CTRL", "A"]},
    "move": {"x": 1, "y": 2},
    "screenshot": {},
    "scroll": {"x": 1, "y": 2, "scroll_x": 0, "scroll_y": -300},
    "type": {"text": "hello"},
    "wait": {},
}


def step_of(said):
    (step,) = from_dict({"then": [{KIND: said}]}, "here").then.steps
    return step


def asked(items="Open a page", **more):
    return {"model": MODEL, "input": items, "tools": [TOOL], "truncation": "auto", **more}


def screenshot(call_id, *checks, **output):
    given = {"acknowledged_safety_checks": list(checks)} if checks else {}
    shown = {"type": "computer_screenshot", **(output or {"image_url": SHOT})}
    return {"type": "computer_call_output", "call_id": call_id, "output": shown, **given}


@pytest.fixture
def say(http):
    def say(items="Open a page", **more):
        answer = http.post("/responses", json=asked(items, **more))
        assert answer.status_code == 200, answer.text
        return answer.json()

    return say


@pytest.fixture
def refused(http):
    def refused(items="Open a page", **more):
        answer = http.post("/responses", json=asked(items, **more))
        error = answer.json()["error"]
        return answer.status_code, error["param"], error["message"]

    return refused


_names = itertools.count()


@pytest.fixture
def scripted(server):
    """A server that says what it is told: gives the client of a namespace with these steps."""

    def scripted(*then):
        path = f"/ns/computer-{next(_names)}"
        server.http(path).post("/_emulator/fixtures", json={"then": list(then)}).raise_for_status()
        return server.http(f"{path}/openai/v1")

    return scripted


def test_every_action_of_the_wire_can_be_scripted():
    assert EVERY.keys() == ACTIONS.keys()
    for kind, fields in EVERY.items():
        assert step_of({"action": {"type": kind, **fields}}).fields == {"action": {"type": kind, **fields}}


@pytest.mark.parametrize(
    ("said", "action"),
    [
        ("screenshot", {"type": "screenshot"}),
        ("wait", {"type": "wait"}),
        ({"action": "wait"}, {"type": "wait"}),
        ({"action": {"type": "click", "x": 1, "y": 2}}, {"type": "click", "button": "left", "x": 1, "y": 2}),
    ],
)
def test_what_is_left_out_of_an_action_is_filled_in(said, action):
    assert step_of(said).fields == {"action": action}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("click", "must be one of screenshot, wait"),
        ({}, "needs 'action'"),
        ({"action": {"x": 1}}, "needs 'type'"),
        ({"action": {"type": "press"}}, "must be one of click"),
        ({"action": {"type": "click", "x": 1}}, "needs 'y', as every click"),
        ({"action": {"type": "click", "x": 1, "y": 2, "buton": "left"}}, "did you mean 'button'"),
        ({"action": {"type": "click", "x": 1, "y": 2, "button": "middle"}}, "must be one of left"),
        ({"action": {"type": "move", "x": "1", "y": 2}}, "must be a whole number"),
        ({"action": {"type": "drag", "path": [{"x": 1}]}}, "needs 'y'"),
        ({"action": {"type": "keypress", "keys": []}}, "not an empty list"),
        ({"action": "wait", "pending_safety_checks": [{"kode": "x"}]}, "did you mean 'code'"),
    ],
)
def test_a_wrong_short_form_is_refused(said, told):
    with pytest.raises(FixtureError, match=rf"computer_call.* {told}"):
        step_of(said)


def test_the_builder_writes_the_short_form():
    said = computer_call("click", x=1, y=2, safety_checks=[{"code": "c", "message": "m"}])
    assert said == {
        KIND: {
            "action": {"type": "click", "x": 1, "y": 2},
            "pending_safety_checks": [{"code": "c", "message": "m"}],
        }
    }
    assert step_of(said[KIND]) == step_of({**said[KIND], "action": {**said[KIND]["action"], "button": "left"}})


def test_a_call_has_no_events_of_its_own():
    step = HostedCall(KIND, {"action": {"type": "wait"}, "pending_safety_checks": [{"code": "c", "message": "m"}]})
    added, done = events_of(whole_log(Plan((step,)))[1])[2:-1]
    assert (added["type"], done["type"]) == ("response.output_item.added", "response.output_item.done")
    assert added["item"] == {**done["item"], "status": "in_progress"}
    (check,) = done["item"]["pending_safety_checks"]
    assert check.pop("id").startswith("cu_sc_")
    assert check == {"code": "c", "message": "m"}
    assert (done["item"]["id"][:3], done["item"]["call_id"][:5]) == ("cu_", "call_")


def test_the_built_in_model_asks_for_a_screenshot_and_says_what_it_sees(say):
    first = say()
    (call,) = first["output"]
    assert (call["type"], call["action"], call["status"]) == (KIND, {"type": "screenshot"}, "completed")
    second = say([screenshot(call["call_id"])], previous_response_id=first["id"])
    (message,) = second["output"]
    assert message["content"][0]["text"] == "I see a screenshot of the browser, 1024 by 768 pixels."
    whole = say([{"role": "user", "content": "Open a page"}, call, screenshot(call["call_id"])])
    assert whole["output"][0]["content"] == message["content"]


def test_a_screenshot_costs_as_an_image(say):
    first = say()
    shot = {"type": "computer_screenshot", "image_url": data_url(png(1024, 768) + bytes(40_000))}
    output = {**screenshot(first["output"][0]["call_id"]), "output": shot}
    used = say([output], previous_response_id=first["id"])["usage"]["input_tokens"]
    assert 65 + 4 * 129 < used - first["usage"]["input_tokens"] < 65 + 4 * 129 + 100


def test_a_screenshot_is_listed_where_it_is_asked_for(http, say):
    first = say()
    second = say([screenshot(first["output"][0]["call_id"])], previous_response_id=first["id"])
    path = f"/responses/{second['id']}/input_items"
    asked_for = {"include[]": "computer_call_output.output.image_url"}
    assert http.get(path).json()["data"][0]["output"]["image_url"] is None
    assert http.get(path, params=asked_for).json()["data"][0]["output"]["image_url"] == SHOT


def test_a_call_needs_its_screenshot_and_a_screenshot_its_call(say, refused):
    first = say()
    call_id = first["output"][0]["call_id"]
    status, param, message = refused("Go on", previous_response_id=first["id"])
    assert (status, param, message) == (400, "input", f"No tool output found for computer call {call_id}.")
    status, param, message = refused([screenshot("call_x")])
    assert message == "No tool call found for computer call output with call_id call_x."


@pytest.mark.parametrize(
    ("output", "status", "param"),
    [
        ({"file_id": "file-1"}, 400, "input[0].output.file_id"),
        ({"image_url": "nowhere"}, 400, "input[0].output.image_url"),
        ({"image_url": "data:image/gif;base64,aGk="}, 400, "input[0].output.image_url"),
        ({"image_url": None}, 400, "input[0].output.image_url"),
    ],
)
def test_a_screenshot_that_is_no_image_is_refused(refused, output, status, param):
    assert refused([screenshot("call_x", **output)])[:2] == (status, param)


def test_a_screenshot_may_be_a_file_in_the_openai_dialect(server):
    http = server.http("/v1")
    call = http.post("/responses", json=asked()).json()
    more = {"previous_response_id": call["id"]}
    call_id = call["output"][0]["call_id"]
    unknown = http.post("/responses", json=asked([screenshot(call_id, file_id="file-1")], **more))
    assert (unknown.status_code, unknown.json()["error"]["param"]) == (404, "input[0].output.file_id")
    made = http.post("/files", files={"file": ("a.png", png())}, data={"purpose": "vision"}).json()["id"]
    assert http.post("/responses", json=asked([screenshot(call_id, file_id=made)], **more)).status_code == 200


def test_pending_safety_checks_must_be_acknowledged(scripted):
    http = scripted(computer_call("wait", safety_checks=[{"code": "malicious_instructions", "message": "Careful."}]))
    first = http.post("/responses", json=asked()).json()
    (call,) = first["output"]
    (check,) = call["pending_safety_checks"]
    more = {"previous_response_id": first["id"]}
    answer = http.post("/responses", json=asked([screenshot(call["call_id"])], **more))
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "input")
    assert check["id"] in answer.json()["error"]["message"]
    assert http.post("/responses", json=asked([screenshot(call["call_id"], check)], **more)).status_code == 200
    by_hand = [{"role": "user", "content": "Open"}, call, screenshot(call["call_id"])]
    assert http.post("/responses", json=asked(by_hand)).status_code == 400


def test_only_a_deployment_that_has_the_tool_may_offer_it(refused):
    assert refused(model="gpt-4o") == (
        400,
        "tools",
        "Hosted tool 'computer_use_preview' is not supported with gpt-4o-2024-08-06.",
    )


def test_a_deployment_that_nobody_knows_may_offer_it(say):
    assert say(model="my-computer")["output"][0]["type"] == KIND


@pytest.mark.parametrize("given", [{"truncation": "disabled"}, {"truncation": None}])
def test_the_tool_needs_truncation(refused, given):
    assert refused(**given)[:2] == (400, "truncation")


def test_a_screenshot_is_answered_in_json_where_that_is_asked_for(say):
    first = say()
    items = [screenshot(first["output"][0]["call_id"])]
    items.append({"role": "developer", "content": "Answer in JSON."})
    told = say(items[::-1], previous_response_id=first["id"], text={"format": {"type": "json_object"}})
    assert told["output"][0]["content"][0]["text"].startswith("{")
