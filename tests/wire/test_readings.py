"""Both readings of each open question of the wire that a setting decides, over a real port."""

import pytest

from emulator.core.clock import Clock
from emulator.core.dialects import DIALECTS
from emulator.core.readings import READINGS, configured
from emulator.settings import TABLE, Settings
from tests.conftest import KEY, RunningServer

BODY = {"model": "gpt-4o", "input": "x"}
ITEM = {"type": "item_reference", "id": "msg_nobody"}


def upload(http, purpose="assistants"):
    return http.post("/files", data={"purpose": purpose}, files={"file": ("a.txt", b"Hello")})


def other_type(http):
    return http.post("/responses", content=b"x", headers={"content-type": "text/plain"})


def download(http):
    return http.get(f"/files/{upload(http).json()['id']}/content")


def blocked(http):
    return http.post("/responses", json=BODY, headers={"x-emulator-fault": "content_filter_prompt"})


def chained(http):
    fail = {**BODY, "background": True}
    made = http.post("/responses", json=fail).json()["id"]
    assert http.post(f"/responses/{made}/cancel").json()["status"] == "cancelled"
    return http.post("/responses", json={**BODY, "previous_response_id": made})


def status(answer):
    return answer.status_code


def error_code(answer):
    return answer.status_code, answer.json()["error"]["code"]


def filter_keys(answer):
    return set(answer.json()["error"]) - {"message", "param", "code"}


# setting: what is asked, what is looked at, what its default says, the other value and what that says; per dialect.
BOTH = {
    "content_type_status": (other_type, status, {"azure": (400, 415), "openai": (400, 415)}),
    "missing_item_status": (
        lambda http: http.post("/responses", json={**BODY, "input": [ITEM]}),
        status,
        {"azure": (404, 400), "openai": (404, 400)},
    ),
    "id_prefix_code": (
        lambda http: http.post("/responses", json={**BODY, "previous_response_id": "x"}),
        error_code,
        dict.fromkeys(("azure", "openai"), ((400, "invalid_value"), (400, "invalid_id_prefix"))),
    ),
    "azure_upload_status": (upload, status, {"azure": (200, 201), "openai": (200, 200)}),
    "assistants_download": (download, status, {"azure": (200, 200), "openai": (200, 400)}),
    "azure_filter_body": (
        blocked,
        filter_keys,
        {
            "azure": ({"type", "content_filters"}, {"type", "status", "innererror"}),
            "openai": ({"type"}, {"type"}),
        },
    ),
    "azure_compact": (
        lambda http: http.post("/responses/compact", json=BODY),
        status,
        {"azure": (404, 200), "openai": (200, 200)},
    ),
    "azure_conversations": (
        lambda http: http.post("/conversations", json={}),
        status,
        {"azure": (404, 200), "openai": (200, 200)},
    ),
    "chain_to_ended": (chained, status, {"azure": (400, 200), "openai": (400, 200)}),
}
OTHER = {one.setting: one.value for one in READINGS} | {"chain_to_ended": "allow"}
PREFIXES = {"azure": "/openai/v1", "openai": "/v1"}


@pytest.fixture(scope="module")
def other():
    """A server with every setting's other value."""
    with RunningServer(Settings(log_level="quiet", **OTHER), Clock()) as running:
        yield running


def test_every_reading_is_tried_here():
    assert set(BOTH) == set(OTHER)
    assert all(TABLE[name].default != value for name, value in OTHER.items())


@pytest.mark.parametrize("setting", BOTH)
@pytest.mark.parametrize("dialect", ["azure", "openai"])
def test_a_setting_chooses_one_of_two_readings(server, other, dialect, setting):
    ask, look, told = BOTH[setting]
    http, other_http = (one.http(PREFIXES[dialect]) for one in (server, other))
    assert (look(ask(http)), look(ask(other_http))) == told[dialect]


def test_a_refused_download_says_so(other):
    http = other.http("/v1")
    assert download(http).json()["error"] == {
        "message": "Not allowed to download files of purpose: assistants",
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }
    assert http.get(f"/files/{upload(http, 'user_data').json()['id']}/content").content == b"Hello"


def test_the_error_of_chat_completions_says_what_was_found(other):
    error = blocked(other.http()).json()["error"]
    assert (error["type"], error["status"], error["code"]) == (None, 400, "content_filter")
    assert error["innererror"]["code"] == "ResponsibleAIPolicyViolation"
    assert error["innererror"]["content_filter_result"]["jailbreak"] == {"filtered": True, "detected": True}


def test_one_reading_leaves_the_others_alone():
    plain = configured(Settings())
    assert tuple(plain.values()) == DIALECTS
    changed = configured(Settings(azure_upload_status="201", api_keys=(KEY,)))
    assert changed["openai"] == plain["openai"]
    assert (changed["azure"].upload_status, changed["azure"].filter_key) == (201, "content_filters")
