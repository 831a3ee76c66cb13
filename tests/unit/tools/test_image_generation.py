"""Image generation: what a request may ask, its events, its short form, its picture, edits and the limits of Azure."""

import asyncio
import base64
import itertools
import sys
from io import BytesIO

import pytest
from PIL import Image

from emulator.core.hosted import HostedCall
from emulator.script.fixture import FixtureError, from_dict
from emulator.script.load import load_fixtures, sources
from emulator.script.plan import Plan
from emulator.tools.drawing import Sketch, drawn
from emulator.tools.image_generation import TOOL
from tests.plans import events_of, whole_log

KIND = "image_generation_call"
HEADER = "x-ms-oai-image-generation-deployment"
DRAWS = {HEADER: "gpt-image-1"}
PNG = drawn(Sketch("a picture"))
ENCODED = base64.b64encode(PNG).decode()
URL = "https://example.com/cat.png"


def tool(**options):
    return {"type": "image_generation", **options}


def asked(prompt="Draw a cat", options=None, **more):
    return {"model": "gpt-4o", "input": prompt, "tools": [tool(**(options or {}))], **more}


def with_image(text="Add a hat"):
    content = [{"type": "input_text", "text": text}, {"type": "input_image", "image_url": URL}]
    return [{"role": "user", "content": content}]


def step_of(said):
    (step,) = from_dict({"then": [{KIND: said}]}, "here").then.steps
    return step


def opened(item):
    with Image.open(BytesIO(base64.b64decode(item["result"], validate=True))) as picture:
        picture.load()
        return picture


def made(http, *args, **more):
    answer = http.post("/responses", json=asked(*args, **more))
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(http, *args, **more):
    answer = http.post("/responses", json=asked(*args, **more))
    assert answer.status_code >= 400, answer.text
    return answer.status_code, answer.json()["error"].get("param"), answer.json()["error"]["message"]


@pytest.fixture
def azure(server):
    return server.http(**DRAWS)


@pytest.fixture
def openai(server):
    return server.http("/v1")


_names = itertools.count()


@pytest.fixture
def scripted(server):
    """A namespace of the OpenAI dialect that a test may put fixtures into."""
    return server.http(f"/ns/image-{next(_names)}/v1")


def put(http, then):
    root = str(http.base_url).rstrip("/").removesuffix("/v1")
    return http.put(f"{root}/_emulator/fixtures", json={"name": "it", "then": then})


# The events


def test_the_events_are_those_of_the_service_in_their_order():
    step = HostedCall(KIND, {"prompt": "a cat", "result": "aGk=", "partials": ["YQ==", "Yg=="], "quality": "low"})
    events = events_of(whole_log(Plan((step,)))[1])[2:-1]
    assert [event["type"].removeprefix("response.") for event in events] == [
        "output_item.added",
        f"{KIND}.in_progress",
        f"{KIND}.generating",
        f"{KIND}.partial_image",
        f"{KIND}.partial_image",
        f"{KIND}.completed",
        "output_item.done",
    ]
    added, done = events[0]["item"], events[-1]["item"]
    assert added == {"id": done["id"], "type": KIND, "status": "in_progress", "result": None}
    assert done["id"].startswith("ig_")
    assert (done["status"], done["result"], done["revised_prompt"]) == ("completed", "aGk=", "a cat")
    shown = {"size": "1024x1024", "quality": "low", "background": "opaque", "output_format": "png"}
    assert shown.items() <= done.items()
    first, second = events[3:5]
    assert shown.items() <= first.items()
    assert [(event["partial_image_index"], event["partial_image_b64"]) for event in (first, second)] == [
        (0, "YQ=="),
        (1, "Yg=="),
    ]


def test_a_failed_generation_has_no_picture_and_never_completes():
    _, lines = whole_log(Plan((HostedCall(KIND, {"prompt": "x", "status": "failed"}),)))
    events = events_of(lines)
    assert f"response.{KIND}.completed" not in {event["type"] for event in events}
    assert (events[-2]["item"]["status"], events[-2]["item"]["result"]) == ("failed", None)


# The short form


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        (None, {}),
        ("a cat", {"prompt": "a cat"}),
        ({}, {}),
        ({"prompt": "a cat", "size": "1536x1024"}, {"prompt": "a cat", "size": "1536x1024"}),
        ({"result": ENCODED, "prompt": "x"}, {"result": ENCODED, "output_format": "png", "prompt": "x"}),
        ({"status": "failed"}, {"status": "failed"}),
    ],
)  # fmt: skip
def test_a_short_form_is_its_fields(said, fields):
    assert step_of(said) == HostedCall(KIND, fields)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", "must not be empty"),
        ({"promt": "x"}, "did you mean 'prompt'"),
        ({"size": "1x1"}, "size must be one of 1024x1024"),
        ({"result": "?"}, "result is no base64"),
        ({"result": "aGk="}, "result is no PNG, JPEG or WEBP"),
        ({"result": ENCODED, "file": "x.png"}, "both 'result' and 'file'"),
        ({"result": ENCODED, "status": "failed"}, "a failed generation has not"),
        ({"result": ENCODED, "output_format": "webp"}, "the picture is png"),
        ({"file": "x.png"}, "in a file of fixtures only"),
    ],
)
def test_a_wrong_short_form_is_refused(said, told):
    with pytest.raises(FixtureError, match=told):
        step_of(said)


def written(folder, name):
    file = folder / "own" / "x.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"- then:\n    - message: Hello\n    - {KIND}: {{file: {name}, prompt: 'a {{{{ input }}}}'}}\n")
    return file


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_a_picture_may_be_a_file_beside_the_fixture(tmp_path, kind):
    data = drawn(Sketch("a picture", format=kind))
    file = written(tmp_path, f"pictures/a.{kind}")
    (file.parent / "pictures").mkdir()
    (file.parent / "pictures" / f"a.{kind}").write_bytes(data)
    (fixture,) = load_fixtures(file)
    step = fixture.then.steps[1].step({"input": "cat"})
    assert base64.b64decode(step.fields["result"]) == data
    assert (step.fields["output_format"], step.fields["prompt"]) == (kind, "a cat")


def test_what_is_sent_to_a_server_brings_its_picture_along(tmp_path, scripted):
    file = written(tmp_path, "a.png")
    (file.parent / "a.png").write_bytes(PNG)
    (source,) = sources(file)
    assert source["then"][1][KIND] == {"prompt": "a {{ input }}", "result": ENCODED}
    assert put(scripted, source["then"]).is_success
    item = made(scripted)["output"][1]
    assert (item["result"], item["revised_prompt"]) == (ENCODED, "a Draw a cat")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("../out.png", "outside the folder of the fixture"),
        ("/etc/hostname", "outside the folder of the fixture"),
        ("link.png", "outside the folder of the fixture"),
        ("none.png", "cannot be read: No such file"),
        (".", "cannot be read"),
        ("words.png", "is no PNG, JPEG or WEBP"),
        ("large.png", "larger than 5000000 bytes"),
    ],
)
def test_a_file_that_cannot_be_the_picture_is_refused_with_its_place(tmp_path, name, told):
    file = written(tmp_path, name)
    (tmp_path / "out.png").write_bytes(PNG)
    (file.parent / "link.png").symlink_to(tmp_path / "out.png")
    (file.parent / "words.png").write_text("words")
    (file.parent / "large.png").write_bytes(PNG + bytes(5_000_000))
    with pytest.raises(FixtureError, match=rf"x\.yaml:3: then\[1\]\.{KIND}\.file .*{told}"):
        load_fixtures(file)


@pytest.mark.parametrize("kind", ["application/json", "application/yaml"])
def test_no_file_of_the_server_is_read_for_a_fixture_that_came_over_http(scripted, kind):
    body = f'{{"then": [{{"{KIND}": {{"file": "fixtures/pictures/dot.png"}}}}]}}'
    root = str(scripted.base_url).rstrip("/").removesuffix("/v1")
    answer = scripted.post(f"{root}/_emulator/fixtures", content=body, headers={"content-type": kind})
    assert answer.status_code == 400
    assert "in a file of fixtures only" in answer.text


# What is made


def test_the_built_in_model_draws_the_prompt_and_says_so(azure):
    item, message = made(azure, model="gpt-4o")["output"]
    assert (item["revised_prompt"], item["action"]) == ("Draw a cat", "generate")
    assert opened(item).size == (1024, 1024)
    assert message["content"][0]["text"] == 'Here is the picture: "Draw a cat".'


def test_json_is_said_where_json_is_asked_for(openai):
    _, message = made(openai, "Draw a cat, answer in JSON", text={"format": {"type": "json_object"}})["output"]
    assert message["content"][0]["text"].startswith("{")


@pytest.mark.parametrize("size", ["1024x1024", "1024x1536", "1536x1024", "auto", None])
@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", None])
def test_the_picture_is_what_was_asked_for(openai, size, kind):
    options = {name: value for name, value in (("size", size), ("output_format", kind)) if value}
    item = made(openai, options={**options, "quality": "low"})["output"][0]
    expected = size if size not in (None, "auto") else "1024x1024"
    picture = opened(item)
    assert "x".join(map(str, picture.size)) == item["size"] == expected
    assert picture.format.lower() == item["output_format"] == (kind or "png")
    assert item["quality"] == "low"


def test_a_transparent_background_is_one(openai):
    item = made(openai, options={"background": "transparent"})["output"][0]
    assert item["background"] == "transparent"
    assert opened(item).convert("RGBA").getpixel((1000, 1000))[3] == 0


def test_the_same_request_draws_the_same_picture(openai):
    first, second = (made(openai)["output"][0]["result"] for _ in range(2))
    assert first == second


def test_a_stream_shows_as_many_partial_images_as_were_asked_for(openai):
    for number in range(4):
        text = openai.post("/responses", json=asked(options={"partial_images": number}, stream=True)).text
        assert text.count(f"event: response.{KIND}.partial_image") == number


def test_a_scripted_picture_is_sent_as_it_is(scripted):
    put(scripted, [{KIND: {"result": ENCODED, "prompt": "mine"}}])
    item = made(scripted, options={"output_format": "jpeg"})["output"][0]
    assert (item["result"], item["output_format"], item["revised_prompt"]) == (ENCODED, "png", "mine")
    streamed = scripted.post("/responses", json=asked(options={"partial_images": 2}, stream=True)).text
    assert streamed.count(f'"partial_image_b64":"{ENCODED}"') == 2


def test_a_script_may_draw_what_was_not_offered_and_its_own_options_win(scripted):
    put(scripted, [{KIND: {"prompt": "a dog", "size": "1024x1536", "quality": "medium"}}])
    item = scripted.post("/responses", json={"model": "gpt-4o", "input": "x"}).json()["output"][0]
    assert (item["size"], item["quality"], item["revised_prompt"]) == ("1024x1536", "medium", "a dog")
    assert opened(item).size == (1024, 1536)


def test_a_failed_generation_lets_the_answer_go_on(scripted):
    put(scripted, [{KIND: {"status": "failed"}}, {"message": "Sorry."}])
    done = made(scripted)
    assert [item["status"] for item in done["output"]] == ["failed", "completed"]
    assert (done["status"], done["output"][0]["result"]) == ("completed", None)


def test_a_background_run_draws_too(azure):
    started = made(azure, background=True)
    for _ in range(2):
        polled = azure.get(f"/responses/{started['id']}").json()
    assert opened(polled["output"][0]).size == (1024, 1024)


def test_usage_counts_words_and_not_base64(openai):
    done = made(openai)
    assert done["usage"]["output_tokens"] < 30
    after = openai.post(
        "/responses", json={"model": "gpt-4o", "input": "Thanks", "previous_response_id": done["id"]}
    ).json()
    assert done["usage"]["input_tokens"] + 700 < after["usage"]["input_tokens"] < done["usage"]["input_tokens"] + 900


# Edits


def test_an_input_image_is_edited(openai):
    item = made(openai, with_image())["output"][0]
    assert item["action"] == "edit"
    plain = made(openai, "Add a hat")["output"][0]
    assert plain["action"] == "generate"
    assert plain["result"] != item["result"]
    assert made(openai, with_image(), {"action": "generate"})["output"][0]["result"] == plain["result"]


def test_a_picture_of_the_chain_is_edited(openai):
    first = made(openai)
    second = made(openai, "Add a hat", previous_response_id=first["id"])["output"][0]
    assert second["action"] == "edit"
    third = openai.post("/responses", json={"model": "gpt-4o", "input": "Hm", "previous_response_id": first["id"]})
    fourth = made(openai, "Add a hat", previous_response_id=third.json()["id"])["output"][0]
    assert fourth["result"] == second["result"], "a turn in between changes nothing"


@pytest.mark.parametrize("whole", [True, False])
def test_a_picture_is_edited_that_the_input_holds_or_names(openai, whole):
    item = made(openai)["output"][0]
    named = item if whole else {"type": KIND, "id": item["id"]}
    edit = made(openai, [named, {"role": "user", "content": "Add a hat"}])
    assert edit["output"][0]["action"] == "edit"
    listed = openai.get(f"/responses/{edit['id']}/input_items?order=asc").json()["data"]
    assert listed[0]["result"] == item["result"]


def test_a_picture_that_is_named_must_be_stored(openai):
    status, param, message = refused(openai, [{"type": KIND, "id": "ig_none"}, {"role": "user", "content": "x"}])
    assert (status, param) == (404, "input")
    assert "ig_none" in message


def test_a_mask_is_looked_at_like_an_image(server, openai, azure):
    assert made(openai, with_image(), {"input_image_mask": {"image_url": f"data:image/png;base64,{ENCODED}"}})
    assert refused(openai, with_image(), {"input_image_mask": {}})[1] == "tools[0].input_image_mask.image_url"
    assert refused(openai, with_image(), {"input_image_mask": {"file_id": "file-1"}})[:2] == (
        404,
        "tools[0].input_image_mask.file_id",
    )
    assert refused(azure, with_image(), {"input_image_mask": {"file_id": "file-1"}})[:2] == (
        400,
        "tools[0].input_image_mask.file_id",
    )


# What is refused


@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"size": "512x512"}, "size"),
        ({"output_format": "gif"}, "output_format"),
        ({"output_format": "bmp"}, "output_format"),
        ({"quality": "max"}, "quality"),
        ({"background": "blue"}, "background"),
        ({"background": "transparent", "output_format": "jpeg"}, "background"),
        ({"output_compression": 101}, "output_compression"),
        ({"output_compression": 50}, "output_compression"),
        ({"partial_images": 4}, "partial_images"),
        ({"moderation": "high"}, "moderation"),
        ({"input_fidelity": "medium"}, "input_fidelity"),
        ({"input_image_mask": "x"}, "input_image_mask"),
        ({"action": "draw"}, "action"),
        ({"action": "edit"}, "action"),
    ],
)
@pytest.mark.parametrize("path", ["/v1", "/openai/v1"])
def test_an_option_that_cannot_be_is_refused_with_its_place(server, path, options, param):
    assert refused(server.http(path, **DRAWS), options=options)[:2] == (400, f"tools[0].{param}")


def test_jpeg_and_webp_are_refused_without_pillow_and_png_is_not(monkeypatch, start_server):
    drawn.cache_clear()
    monkeypatch.setitem(sys.modules, "PIL", None)
    http = start_server().http("/v1")
    for kind in ("jpeg", "webp"):
        answer = http.post("/responses", json=asked(options={"output_format": kind}))
        assert (answer.status_code, answer.json()["error"]["code"]) == (501, "extra_missing")
        assert answer.headers["x-should-retry"] == "false"
        assert "responses-emulator[pictures]" in answer.text
    assert made(http)["output"][0]["result"]


# The Azure dialect


def test_the_deployment_that_draws_must_be_named(http):
    answer = http.post("/responses", json=asked())
    assert answer.status_code == 400
    assert answer.json()["error"] == {
        "message": f"imagegen deployment must be provided through header: {HEADER}",
        "type": "image_generation_user_error",
        "param": "tools",
        "code": "invalid_request_error",
    }


@pytest.mark.parametrize("name", ["gpt-image-1", "gpt-image-1-mini", "gpt-image-1-2025-04-15"])
def test_an_image_deployment_may_be_named(server, name):
    answer = server.http(**{HEADER: name}).post("/responses", json=asked())
    assert answer.status_code == 200
    assert "x-emulator-warning" not in answer.headers


def test_a_deployment_that_makes_no_images_is_refused(server):
    answer = server.http(**{HEADER: "gpt-4o"}).post("/responses", json=asked())
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "tools")
    assert "'gpt-4o', which makes no images" in answer.text


def test_an_unknown_deployment_is_warned_of_or_refused_where_validation_is_strict(start_server):
    answer = start_server().http(**{HEADER: "my-pictures"}).post("/responses", json=asked())
    assert (answer.status_code, answer.headers["x-emulator-warning"]) == (200, "unknown_deployment: my-pictures")
    strict = start_server(validation="strict").http(**{HEADER: "my-pictures"}).post("/responses", json=asked())
    assert (strict.status_code, strict.json()["error"]["code"]) == (404, "DeploymentNotFound")
    listed = start_server(deployments=("gpt-4o", "my-pictures"))
    assert listed.http(**{HEADER: "my-pictures"}).post("/responses", json=asked()).status_code == 200
    assert listed.http(**{HEADER: "yours"}).post("/responses", json=asked()).status_code == 404


def test_who_may_not_draw_is_warned_or_refused_where_validation_is_strict(start_server):
    answer = start_server().http(**DRAWS).post("/responses", json=asked(model="o1"))
    assert (answer.status_code, answer.headers["x-emulator-warning"]) == (
        200,
        "unsupported_tool: image_generation with o1",
    )
    strict = start_server(validation="strict").http(**DRAWS).post("/responses", json=asked(model="o1"))
    assert (strict.status_code, strict.json()["error"]["param"]) == (400, "tools")
    assert "Hosted tool 'image_generation' is not supported with o1." in strict.text


def test_a_stream_with_pictures_is_refused_where_it_is_asked_for(start_server, azure):
    assert azure.post("/responses", json=asked(stream=True)).status_code == 200
    server = start_server(azure_image_stream="refuse")
    answer = server.http(**DRAWS).post("/responses", json=asked(stream=True))
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "stream")
    assert server.http(**DRAWS).post("/responses", json=asked()).status_code == 200
    assert server.http("/v1").post("/responses", json=asked(stream=True)).status_code == 200


def test_editing_over_several_turns_is_refused_unless_it_is_allowed(start_server, azure):
    first = made(azure)["id"]
    status, param, message = refused(azure, "Add a hat", previous_response_id=first)
    assert (status, param) == (400, "tools[0]")
    assert "over several turns" in message
    assert made(azure, "A dog", {"action": "generate"}, previous_response_id=first)
    assert made(azure, with_image(), {"action": "edit"}), "an image in the same request can be edited"
    allowed = start_server(azure_image_edits="allow").http(**DRAWS)
    assert made(allowed, "Add a hat", previous_response_id=made(allowed)["id"])["output"][0]["action"] == "edit"


def test_the_openai_dialect_asks_for_no_header(openai):
    assert made(openai, model="o1")["output"]


def test_a_picture_that_is_ready_is_not_made_ready_again():
    step = HostedCall(KIND, {"prompt": "a cat", "result": ENCODED, "partials": ["YQ=="]})
    (same,) = asyncio.run(TOOL.prepare(step, None))
    assert same is step
