"""Images in the input: looked at by their first bytes, refused with the service's codes, never fetched."""

import base64

import pytest

from tests import pictures
from tests.pictures import data_url

URL = "https://example.com/cat.png"
PARAM = "input[0].content[0].image_url"


def image(url, **more):
    return {"type": "input_image", "image_url": url, **more}


def ask(http, *parts, model="gpt-4o", **more):
    return http.post("/responses", json={"model": model, "input": [{"role": "user", "content": list(parts)}], **more})


def show(http, url):
    """A screenshot that answers a computer call."""
    call = {"type": "computer_call", "call_id": "c2", "status": "completed", "pending_safety_checks": [], "action": {}}
    output = {"type": "computer_screenshot", "image_url": url}
    shot = {"type": "computer_call_output", "call_id": "c2", "output": output}
    return http.post("/responses", json={"model": "computer-use-preview", "input": [call, shot]})


def problem(answer):
    assert answer.status_code == 400, answer.text[:300]
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["param"] in error["message"]
    return error["code"], error["param"]


def tokens(answer):
    assert answer.status_code == 200, answer.text[:300]
    return answer.json()["usage"]["input_tokens"]


@pytest.fixture
def emulated(start_server):
    """A server of its own, for tests that add fixtures."""
    return start_server()


def serve(server, *entries):
    answer = server.http("/_emulator").post("/fixtures", json=list(entries))
    assert answer.status_code == 200, answer.text


BROKEN = {
    "invalid_image_format": data_url(b"not a picture"),
    "image_parse_error": data_url(pictures.png()[:20]),
    "empty_image_file": "data:image/png;base64,",
    "image_too_small": data_url(pictures.png(0, 4)),
    "image_too_large": data_url(pictures.png(20_000, 4)),
    "image_file_too_large": data_url(pictures.png() + bytes(20_000_000)),
    "invalid_base64_image": "data:image/png;base64,???",
    "invalid_value": "data:text/markdown;base64,aGk=",
}


@pytest.mark.parametrize("code", BROKEN)
def test_a_picture_that_cannot_be_used_has_the_code_and_the_param(http, code):
    assert problem(ask(http, image(BROKEN[code]))) == (code, PARAM)


def test_what_it_is_declared_as_must_be_what_it_is(http):
    assert problem(ask(http, image(data_url(pictures.jpeg(), "image/png")))) == ("invalid_image_format", PARAM)
    assert ask(http, image(data_url(pictures.jpeg(), "image/jpg"))).status_code == 200


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("path", ["/openai/v1", "/v1"])
def test_both_dialects_take_three_formats(server, path, kind):
    data = data_url(getattr(pictures, kind)(640, 480), f"image/{kind}")
    assert ask(server.http(path), image(data)).status_code == 200


def test_a_gif_is_for_the_other_dialect_and_must_not_move(server):
    still, moving = (data_url(pictures.gif(moving=moving), "image/gif") for moving in (False, True))
    assert ask(server.http("/v1"), image(still)).status_code == 200
    assert problem(ask(server.http("/v1"), image(moving))) == ("invalid_image_mode", PARAM)
    assert problem(ask(server.http("/openai/v1"), image(still))) == ("invalid_value", PARAM)


def test_every_place_of_a_picture_is_looked_at(http):
    bad = data_url(b"not a picture")
    call = {"type": "function_call", "call_id": "c1", "name": "shoot", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "c1", "output": [image(data_url(pictures.png())), image(bad)]}
    body = {"model": "gpt-4o", "input": [call, output]}
    assert problem(http.post("/responses", json=body)) == ("invalid_image_format", "input[1].output[1].image_url")
    for url, code in ((bad, "invalid_image_format"), ("nowhere", "invalid_value")):
        assert problem(show(http, url)) == (code, "input[1].output.image_url")


def test_what_only_looks_like_a_part_is_left_alone(http):
    odd = [
        {"type": "input_image", "image_url": 5},
        {"type": "input_file"},
        {"type": "input_image", "image_url": "x"},
        7,
    ]
    items = [
        {"type": "reasoning", "summary": [], "content": odd[:3]},
        {"type": "shell_call", "call_id": "c3", "action": {}},
        {"type": "shell_call_output", "call_id": "c3", "output": odd},
        {"role": "user", "content": "x"},
    ]
    assert http.post("/responses", json={"model": "gpt-4o", "input": items}).status_code == 200


def test_a_screenshot_that_shows_nothing_is_refused(http):
    assert problem(show(http, None)) == ("missing_required_parameter", "input[1].output.image_url")


SHOT = {"type": "computer_screenshot"}


@pytest.mark.parametrize("output", ["x", [], None, {**SHOT, "image_url": 5}, {**SHOT, "file_id": 5}])
def test_a_screenshot_of_the_wrong_form_is_refused(http, output):
    call = {"type": "computer_call", "call_id": "c2", "status": "completed", "pending_safety_checks": [], "action": {}}
    body = {"input": [call, {"type": "computer_call_output", "call_id": "c2", "output": output}]}
    answer = http.post("/responses", json={"model": "computer-use-preview", **body})
    assert problem(answer)[0] == "invalid_type"


def test_a_screenshot_costs_its_tiles_and_not_its_base64(http):
    url = data_url(pictures.png(1024, 768) + bytes(100_000))
    assert 65 + 4 * 129 < tokens(show(http, url)) < 65 + 4 * 129 + 100


def test_an_uploaded_picture_is_for_the_other_dialect(server):
    openai = server.http("/v1")
    form = {"data": {"purpose": "vision"}}
    good = openai.post("/files", files={"file": ("cat.png", pictures.png(512, 512))}, **form).json()["id"]
    bad = openai.post("/files", files={"file": ("cat.png", b"words")}, **form).json()["id"]
    assert tokens(ask(openai, {"type": "input_image", "file_id": good})) == 4 + 255
    param = "input[0].content[0].file_id"
    assert problem(ask(openai, {"type": "input_image", "file_id": bad})) == ("invalid_image_format", param)
    assert ask(openai, {"type": "input_image", "file_id": "file-none"}).status_code == 404
    azure = server.http("/openai/v1")
    assert problem(ask(azure, {"type": "input_image", "file_id": good}))[1] == param


def test_a_picture_with_much_before_its_frame_is_read_and_counted(http):
    far = data_url(pictures.jpeg(2048, 4096, before=5), "image/jpeg")
    assert tokens(ask(http, image(far))) == 4 + 1105


@pytest.mark.parametrize(
    ("model", "detail", "expected"),
    [("gpt-4o", "high", 1105), ("gpt-4o", "low", 85), ("gpt-5", "auto", 910), ("gpt-4.1-mini", "high", 2362)],
)
def test_usage_counts_by_the_deployment_the_size_and_the_detail(http, model, detail, expected):
    part = image(data_url(pictures.png(2048, 4096)), detail=detail)
    assert tokens(ask(http, part, model=model)) == 4 + expected
    body = {"model": model, "input": [{"role": "user", "content": [part]}]}
    assert http.post("/responses/input_tokens", json=body).json()["input_tokens"] == 4 + expected


def test_a_url_is_not_fetched_and_costs_the_default(http):
    assert tokens(ask(http, image("http://127.0.0.1:1/nobody.png"))) == 4 + 765


def test_what_was_counted_stays_counted_in_the_chain(http):
    first = ask(http, image(data_url(pictures.png(2048, 4096)))).json()
    second = http.post("/responses", json={"model": "gpt-4o", "input": "x", "previous_response_id": first["id"]})
    assert tokens(second) >= 4 + 1105 + first["usage"]["output_tokens"]


def test_too_many_are_refused(http):
    answer = ask(http, *[image(URL)] * 501)
    assert problem(answer) == ("invalid_value", "input")


def test_too_many_tokens_of_pictures_are_too_much_context(http):
    answer = ask(http, *[image(URL)] * 200)
    assert answer.json()["error"]["code"] == "context_length_exceeded"


def test_a_fixture_gives_a_url_its_bytes(emulated):
    http = emulated.http()
    serve(emulated, {"url": URL, "base64": base64.b64encode(pictures.png(2048, 4096)).decode()})
    assert tokens(ask(http, image(URL))) == 4 + 1105
    assert tokens(ask(http, image(URL + "?other"))) == 4 + 765
    (row,) = emulated.http("/_emulator").get("/fixtures").json()["data"]
    assert (row["name"], row["hits"], row["url"]) == (URL, 1, URL)
    assert row["base64"].endswith("bytes)")


@pytest.mark.parametrize("code", ["invalid_image_url", "failed_to_download_image", "image_content_policy_violation"])
def test_a_fixture_makes_a_url_fail(emulated, code):
    serve(emulated, {"url": URL, "fail": code})
    assert problem(ask(emulated.http(), image(URL))) == (code, PARAM)
    other = emulated.http("/ns/other/openai/v1")
    assert ask(other, image(URL)).status_code == 200, "a fixture is of its namespace"


def test_bytes_of_a_fixture_are_checked_as_any_others(emulated):
    serve(emulated, {"url": URL, "base64": "aGVsbG8="}, {"url": URL + "2", "base64": ""})
    assert problem(ask(emulated.http(), image(URL))) == ("invalid_image_format", PARAM)
    assert problem(ask(emulated.http(), image(URL + "2"))) == ("empty_image_file", PARAM)


def test_the_last_word_on_a_url_counts_and_can_be_taken_back(emulated):
    http, control = emulated.http(), emulated.http("/_emulator")
    serve(emulated, {"url": URL, "fail": "invalid_image"})
    serve(emulated, {"url": URL, "base64": base64.b64encode(pictures.png()).decode()})
    assert tokens(ask(http, image(URL))) == 4 + 255
    (row,) = control.get("/fixtures").json()["data"]
    assert control.delete(f"/fixtures/{row['id']}").status_code == 200
    assert tokens(ask(http, image(URL))) == 4 + 765


def test_a_url_of_a_namespace_is_known_after_a_restart_and_by_another_server(start_server, tmp_path):
    path = str(tmp_path / "kept.db")
    first = start_server(db=path)
    serve(first, {"url": URL, "fail": "invalid_image_url"})
    assert problem(ask(start_server(db=path).http(), image(URL)))[0] == "invalid_image_url"
    first.__exit__()
    assert problem(ask(start_server(db=path).http(), image(URL)))[0] == "invalid_image_url"


def test_a_picture_beside_the_servers_fixtures_is_behind_its_url(start_server, tmp_path):
    (tmp_path / "cat.png").write_bytes(pictures.png(2048, 4096))
    (tmp_path / "urls.yaml").write_text(f"- url: {URL}\n  file: cat.png\n", "utf-8")
    assert tokens(ask(start_server(fixtures=tmp_path).http(), image(URL))) == 4 + 1105


def test_nothing_is_stored_of_a_request_that_is_refused(emulated):
    http = emulated.http()
    ask(http, image(data_url(b"bad")))
    seen = emulated.http("/_emulator").get("/requests").json()["data"]
    assert [entry["status"] for entry in seen] == [400]
    assert seen[0].get("response_id") is None
