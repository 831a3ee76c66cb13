"""Rate limits of deployments: windows, headers, words, and what the official client does about them."""

import openai
import pytest

from emulator.core.clock import Clock
from tests.faults.meeting import HOW, Place

BODY = {"model": "gpt-4o", "input": "Hello"}


@pytest.fixture
def clock():
    return Clock(1_763_000_000.0)


@pytest.fixture
def limited(start_server, clock):
    return Place(start_server(clock))


def limit(place, **values):
    answer = place.control.post("/limits", json={"deployment": "gpt-4o", **values})
    assert answer.status_code == 200, answer.text


def test_without_limits_there_are_no_headers(limited):
    assert not [name for name in limited.http().post("/responses", json=BODY).headers if "ratelimit" in name]


def test_requests_are_judged_over_ten_seconds(limited, clock):
    limit(limited, requests_per_minute=12)
    http = limited.http()
    first, second, third = (http.post("/responses", json=BODY) for _ in range(3))
    assert [first.status_code, second.status_code, third.status_code] == [200, 200, 429]
    assert first.headers["x-ratelimit-limit-requests"] == "12"
    assert [answer.headers["x-ratelimit-remaining-requests"] for answer in (first, second, third)] == ["1", "0", "0"]
    assert (third.headers["retry-after"], third.headers["retry-after-ms"]) == ("10", "10000")
    clock.advance(10)
    assert http.post("/responses", json=BODY).status_code == 200


def test_a_rare_request_has_its_own_share_of_the_minute(limited, clock):
    limit(limited, requests_per_minute=2)
    http = limited.http()
    seen = []
    for _ in range(4):
        seen.append(http.post("/responses", json=BODY).status_code)
        clock.advance(15)
    assert seen == [200, 429, 200, 429]


def test_tokens_are_judged_over_a_minute(limited, clock):
    limit(limited, tokens_per_minute=50)
    http = limited.http()
    seen = [http.post("/responses", json=BODY) for _ in range(3)]
    assert [answer.status_code for answer in seen] == [200, 200, 429]
    assert seen[2].json() == {
        "error": {
            "code": "too_many_requests",
            "message": "Requests to the Responses_Create Operation under Azure OpenAI API have exceeded token rate "
            "limit of your current OpenAI S0 pricing tier. Please retry after 60 seconds. Please go here: "
            "https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit.",
        }
    }
    clock.advance(60)
    assert http.post("/responses", json={**BODY, "max_output_tokens": 1000}).status_code == 429
    assert http.post("/responses", json=BODY).status_code == 200, "what was refused used nothing"


def test_the_openai_dialect_says_it_in_its_own_words(limited):
    limit(limited, requests_per_minute=6)
    http = limited.server.http(limited.prefix + "/v1")
    assert http.post("/responses", json=BODY).headers["x-ratelimit-reset-requests"] == "10s"
    error = http.post("/responses", json=BODY).json()["error"]
    assert (error["type"], error["code"]) == ("requests", "rate_limit_exceeded")
    assert error["message"].endswith("Limit 6, Used 1, Requested 1. Please try again in 10s.")


def test_every_answer_has_the_headers_errors_too(limited):
    limit(limited, requests_per_minute=60, tokens_per_minute=1000)
    wrong = limited.http().post("/responses", json={**BODY, "temperature": 99})
    assert wrong.status_code == 400
    assert wrong.headers["x-ratelimit-remaining-requests"] == "9"
    assert int(wrong.headers["x-ratelimit-remaining-tokens"]) < 1000


def test_only_its_own_deployment_and_namespace_and_only_creating_is_limited(limited):
    limit(limited, requests_per_minute=6)
    http = limited.http()
    response_id = http.post("/responses", json=BODY).json()["id"]
    assert http.post("/responses", json=BODY).status_code == 429
    assert http.get(f"/responses/{response_id}").status_code == 200
    assert http.post("/responses", json={**BODY, "model": "o3"}).status_code == 200
    assert Place(limited.server).http().post("/responses", json=BODY).status_code == 200


@pytest.mark.parametrize("how", HOW)
def test_the_client_raises_a_rate_limit_error(limited, how):
    limit(limited, requests_per_minute=6)
    assert limited.meet(how).failure is None
    failure = limited.meet(how).failure
    assert isinstance(failure, openai.RateLimitError)
    assert failure.code == "too_many_requests"


def test_limits_are_shown_replaced_and_removed(limited):
    limit(limited, requests_per_minute=6)
    limited.meet("sync")
    shown = limited.control.get("/limits").json()["data"]
    assert shown == [
        {"deployment": "gpt-4o", "requests_per_minute": 6, "tokens_per_minute": None, "remaining_requests": 0}
    ]
    limit(limited, requests_per_minute=12)
    assert limited.meet("sync").failure is None, "a new limit begins anew"
    assert limited.control.delete("/limits/gpt-4o").json()["deleted"] is True
    assert limited.control.delete("/limits/gpt-4o").status_code == 404
    assert limited.control.get("/limits").json() == {"data": []}


def test_limits_come_as_yaml_too(limited):
    text = "- deployment: gpt-4o\n  requests_per_minute: 6\n- {deployment: o3, tokens_per_minute: 1000}\n"
    answer = limited.control.post("/limits", content=text, headers={"content-type": "application/yaml"})
    assert answer.status_code == 200, answer.text
    assert [limit["deployment"] for limit in answer.json()["data"]] == ["gpt-4o", "o3"]
    assert limited.meet("sync").failure is None
    assert isinstance(limited.meet("sync").failure, openai.RateLimitError)


def test_a_reset_of_faults_takes_limits_along(limited):
    limit(limited, requests_per_minute=6)
    assert limited.control.post("/reset", json={"scope": "faults"}).status_code == 200
    assert limited.control.get("/limits").json() == {"data": []}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"requests_per_minute": 6}, "needs 'deployment'"),
        ({"deployment": "x"}, "'requests_per_minute', 'tokens_per_minute' or both"),
        ({"deployment": "x", "rpm": 6}, "unknown key 'rpm'"),
        ({"deployment": "x", "requests_per_minute": 0}, "must be at least 1"),
    ],
)
def test_a_wrong_limit_is_refused_in_one_line(limited, body, says):
    error = limited.control.post("/limits", json=body)
    assert error.status_code == 400
    assert says in error.json()["error"]["message"]
    assert "\n" not in error.json()["error"]["message"]
