"""What the page's samples about answers, chains, functions, images and files must print and leave behind."""

import json
import re

import openai
import pytest
from openai.types.responses import Response

from tests import pictures
from tests.sdk import play
from tests.sdk.samples import HERE, sample

HEX_ID = re.compile(r"(resp|msg|fc|rs)_[0-9a-f]{32,}")


def printed(name):
    return json.loads((HERE / "page" / name).read_text())


def several(text):
    """The JSON documents that a sample printed one after the other."""
    decoder, found = json.JSONDecoder(), []
    while text := text.strip():
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:]
    return found


def without_nulls(value):
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [without_nulls(inner) for inner in value] if isinstance(value, list) else value


def test_s1_prints_one_completed_message(page):
    ran = page.python("create.py")
    (told,) = several(ran.output)
    assert (told["status"], told["model"], told["object"]) == ("completed", "gpt-4.1-nano-2025-04-14", "response")
    assert HEX_ID.fullmatch(told["id"])
    (message,) = told["output"]
    assert (message["type"], message["role"], message["status"]) == ("message", "assistant", "completed")
    assert [part["type"] for part in message["content"]] == ["output_text"]
    assert "This is a test." in ran.names["response"].output_text


def test_s2_retrieves_what_was_created(page):
    retrieved = page.python("retrieve.py").names["response"]
    stored = page.http.get(f"/responses/{retrieved.id}").json()
    assert retrieved.to_dict(mode="json") == Response.construct(**stored).to_dict(mode="json")
    assert retrieved.status == "completed"


def test_s3_prints_none_and_the_response_is_gone(page, client):
    assert page.python("delete.py").output == "None\n"
    row = sample("delete.py")
    (response_id,) = ids = play.ids_for(row, page.http).values()
    page.run(row.text(page.server.url, row.tries[0], dict(zip(row.ids, ids, strict=True))))
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(response_id)


def test_s3_over_http_says_what_was_deleted(page):
    made = page.http.post("/responses", json={"model": "gpt-4o", "input": "x"}).json()
    answer = page.http.delete(f"/responses/{made['id']}")
    assert answer.json() == {"id": made["id"], "object": "response.deleted", "deleted": True}
    for again in (page.http.delete, page.http.get):
        assert again(f"/responses/{made['id']}").status_code == 404


def test_s4_chains_with_the_keys_of_the_printed_output(page):
    ran = page.python("chain.py")
    first, second = ran.names["response"], ran.names["second_response"]
    (told,) = several(ran.output)
    expected = printed("chain.json")
    # `reasoning_effort` is a leftover of the preview in which the page's output was made.
    assert set(told) >= set(expected) - {"reasoning_effort"}
    for key in ("model", "object", "status", "metadata", "tools", "temperature", "top_p", "error", "instructions"):
        assert told[key] == expected[key], key
    assert isinstance(told["created_at"], float)
    (message,), (shown,) = told["output"], expected["output"]
    assert set(message) >= set(shown)
    assert set(message["content"][0]) >= set(shown["content"][0])
    assert told["usage"].keys() >= expected["usage"].keys()
    assert told["previous_response_id"] == first.id
    assert told["usage"]["input_tokens"] == second.usage.input_tokens > first.usage.total_tokens


def test_s5_takes_the_clients_own_objects_back(page):
    ran = page.python("manual_chain.py")
    first, second = ran.names["response"], ran.names["second_response"]
    assert second.previous_response_id is None
    assert second.usage.input_tokens > first.usage.total_tokens
    items = page.http.get(f"/responses/{second.id}/input_items", params={"order": "asc"}).json()["data"]
    assert [item["role"] for item in items] == ["user", "assistant", "user"]
    assert items[1]["content"][0]["text"] == first.output_text


def test_s6_prints_the_deltas(page):
    ran = page.python("stream.py")
    answer = page.http.post("/responses", json={"model": "o4-mini", "input": "This is a test"}).json()
    assert ran.output == answer["output"][-1]["content"][0]["text"]
    assert [item["type"] for item in answer["output"]] == ["reasoning", "message"]


def test_s7_goes_both_ways_of_a_function_call(page):
    ran = page.python("function_call.py")
    asked, answered = several(ran.output)
    (call,) = asked["output"]
    assert (call["type"], call["name"], call["status"]) == ("function_call", "get_weather", "completed")
    assert re.fullmatch(r"call_[0-9A-Za-z]{24}", call["call_id"])
    assert json.loads(call["arguments"]).keys() == {"location"}
    assert ran.names["input"][0]["call_id"] == call["call_id"]
    assert answered["previous_response_id"] == asked["id"]
    assert answered["tools"] == []
    assert [item["type"] for item in answered["output"]] == ["message"]
    assert "70 degrees" in answered["output"][0]["content"][0]["text"]


def test_s7_echoes_the_tool_as_the_service_does(page):
    (tool,) = several(page.python("function_call.py").output)[0]["tools"]
    assert (tool["type"], tool["name"], tool["strict"]) == ("function", "get_weather", True)


SUPPORTED = [
    "c", "cs", "cpp", "csv", "doc", "docx", "html", "java", "json", "md", "pdf", "php", "pptx", "py", "rb", "tex",
    "txt", "css", "js", "sh", "ts", "jpeg", "jpg", "gif", "pkl", "png", "tar", "xlsx", "xml", "zip",
]  # fmt: skip


def test_s8_and_s9_run_code_and_answer(page):
    call, message = page.python("code_interpreter.py").names["response"].output
    assert (call.type, call.status, call.container_id[:5]) == ("code_interpreter_call", "completed", "cntr_")
    assert "3x + 11 = 14" in call.code
    assert "1.0" in message.content[0].text


def test_s11_a_container_takes_every_kind_of_file_of_the_page(client):
    made = [client.files.create(file=(f"a.{kind}", b"data"), purpose="assistants") for kind in SUPPORTED]
    container = {"type": "auto", "file_ids": [file.id for file in made]}
    response = client.responses.with_raw_response.create(
        model="gpt-4.1", input="What is 1 + 1?", tools=[{"type": "code_interpreter", "container": container}]
    )
    assert "x-emulator-warning" not in response.headers
    container_id = response.parse().output[0].container_id
    names = {file.path.rpartition("-")[2] for file in client.containers.files.list(container_id, limit=100)}
    assert names == {f"a.{kind}" for kind in SUPPORTED}


def test_s12_prints_the_list_of_the_page(page):
    ran = page.python("input_items.py")
    told, expected = several(ran.output)[0], printed("input_items.json")
    item_id = told["data"][0]["id"]
    assert re.fullmatch(r"msg_[0-9a-f]{32,}", item_id)
    text = json.dumps(expected).replace(expected["first_id"], item_id)
    assert without_nulls(told) == json.loads(text)


def test_s12_over_http_has_exactly_those_keys(page):
    made = page.http.post("/responses", json={"model": "gpt-4o", "input": "This is a test."}).json()
    listed = page.http.get(f"/responses/{made['id']}/input_items").json()
    expected = printed("input_items.json")
    assert listed == json.loads(json.dumps(expected).replace(expected["first_id"], listed["first_id"]))


def test_s13_refuses_the_placeholder_as_the_service_does(page):
    ran = page.python("image_url.py")
    assert "Invalid 'input[0].content[1].image_url'. Expected a valid URL" in ran.output
    changed = page.python("image_url.py", ("<image_URL>", "https://example.com/cat.png"))
    assert changed.names["response"].status == "completed"
    assert changed.names["response"].usage.input_tokens == 4 + 6 + 765


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_s14_takes_the_three_formats(page, kind):
    (page.folder / "path_to_your_image.jpg").write_bytes(getattr(pictures, kind)(1024, 1024))
    ran = page.python("image_base64.py", ("data:image/jpeg;", f"data:image/{kind};"))
    assert ran.names["response"].status == "completed"
    assert ran.names["response"].usage.input_tokens == 4 + 6 + 765


def test_s14_looks_at_the_bytes_and_not_at_what_they_are_called(page):
    ran = page.python("image_base64.py", ("data:image/jpeg;", "data:image/png;"))
    assert (ran.outcome, "but its bytes are image/jpeg" in ran.output) == ("400", True)
    refused = page.python("image_base64.py", ("data:image/jpeg;", "data:text/markdown;"))
    assert (refused.outcome, "unsupported MIME type 'text/markdown'" in refused.output) == ("400", True)


def test_s14_keeps_the_image_and_hides_it_unless_asked(page):
    made = page.python("image_base64.py").names["response"]
    items = f"/responses/{made.id}/input_items"
    hidden = page.http.get(items).json()["data"][0]["content"][1]
    assert hidden["type"] == "input_image"
    assert not (hidden.get("image_url") or "").startswith("data:")
    shown = page.http.get(items, params={"include[]": "message.input_image.image_url"}).json()
    assert shown["data"][0]["content"][1]["image_url"].startswith("data:image/jpeg;base64,/9j/")


def test_s15_answers_in_words(page):
    ran = page.python("pdf_base64.py")
    response = ran.names["response"]
    assert ran.output == response.output_text + "\n"
    assert response.model == "gpt-4o-mini-2024-07-18"
    assert 'The file "PDF-FILE-NAME.pdf" has 1 page and begins: "Nucleus sampling".' in response.output_text
    assert response.usage.input_tokens == 4 + 3 + 2 + 2833 + 4 * 5667  # the prompt, the words, the page's picture


def test_s16_prints_the_file_object_of_the_page(page):
    (told,) = several(page.python("upload.py").output)
    expected = printed("upload.json")
    assert told.keys() == expected.keys()
    assert re.fullmatch(r"assistant-[0-9A-Za-z]{22}", told["id"])
    size = (page.folder / "nucleus_sampling.pdf").stat().st_size
    assert told == {**expected, "id": told["id"], "created_at": told["created_at"], "bytes": size}


def test_s16_the_bytes_come_back(page):
    file_id = page.python("upload.py").names["file_id"]
    content = page.http.get(f"/files/{file_id}/content").content
    assert content == (page.folder / "nucleus_sampling.pdf").read_bytes()


def test_s17_an_uploaded_file_is_input_by_its_id(page):
    file_id = page.python("upload.py").names["file_id"]
    text = ("assistant-KaVLJQTiWEvdz8yJQHHkqJ", file_id)
    ran = page.python("file_id.py", text, literal=True)
    assert ran.outcome == "ok"
    assert 'The file "nucleus_sampling.pdf" has 1 page and begins: "Nucleus sampling".' in ran.output
    (item,) = page.http.get(f"/responses/{ran.names['response'].id}/input_items").json()["data"]
    assert item["content"][0]["file_id"] == file_id


def test_s18_the_short_path_without_a_version_uploads_too(page):
    told = page.curl("upload.sh").json()
    assert list(told) == list(printed("upload.json"))
    assert (told["filename"], told["purpose"], told["status"]) == ("your_file.pdf", "assistants", "processed")
    assert page.http.get(f"/files/{told['id']}").json() == told


def test_s19_asks_about_the_file_over_http(page):
    answer = page.curl("file_id.sh").json()
    assert (answer["status"], answer["model"]) == ("completed", "gpt-4.1-2025-04-14")
    assert answer["content_filters"][0]["source_type"] == "prompt"


def test_s20_user_data_is_for_the_other_dialect(page, client):
    refused = page.curl("user_data.sh")
    assert (refused.status_code, refused.json()) == (
        400, {"error": {"code": "invalidPayload", "message": "Invalid value for purpose."}},
    )  # fmt: skip
    with pytest.raises(openai.BadRequestError):
        client.files.create(file=("a.pdf", b"%PDF-"), purpose="user_data")
    openai_files = page.server.client("/v1").files
    assert openai_files.create(file=("a.pdf", b"%PDF-"), purpose="user_data").id.startswith("file-")


def test_s32_without_the_include_a_function_is_called(page):
    weather = '{"type": "function", "name": "get_weather", "parameters": {"type": "object", "properties": {}}}'
    answer = page.curl(
        "encrypted_reasoning.sh",
        ("<YOUR_FUNCTION GOES HERE>", weather),
        (',\n    "include": ["reasoning.encrypted_content"]', ""),
    ).json()
    assert [item["type"] for item in answer["output"]] == ["reasoning", "function_call"]
    assert answer["reasoning"]["effort"] == "medium"


def test_s34_there_is_no_compaction(page):
    answer = page.curl("compact.sh")
    assert (answer.status_code, answer.json()["error"]) == (404, {"code": "404", "message": "Resource not found"})


MODELS = {
    "gpt-5.1-codex-max": ["2025-12-04"], "gpt-5.1": ["2025-11-13"], "gpt-5.1-chat": ["2025-11-13"],
    "gpt-5.1-codex": ["2025-11-13"], "gpt-5.1-codex-mini": ["2025-11-13"], "gpt-5-pro": ["2025-10-06"],
    "gpt-5-codex": ["2025-09-11", "2025-09-15"], "gpt-5": ["2025-08-07"], "gpt-5-mini": ["2025-08-07"],
    "gpt-5-nano": ["2025-08-07"], "gpt-5-chat": ["2025-08-07", "2025-10-03"],
    "gpt-4o": ["2024-11-20", "2024-08-06", "2024-05-13"], "gpt-4o-mini": ["2024-07-18"], "computer-use-preview": [],
    "gpt-4.1": ["2025-04-14"], "gpt-4.1-nano": ["2025-04-14"], "gpt-4.1-mini": ["2025-04-14"],
    "gpt-image-1": ["2025-04-15"], "gpt-image-1-mini": ["2025-10-06"], "o1": ["2024-12-17"],
    "o3-mini": ["2025-01-31"], "o3": ["2025-04-16"], "o4-mini": ["2025-04-16"],
}  # fmt: skip


def test_s35_the_models_of_the_page_are_listed(page):
    names = {model["id"] for model in page.curl("models.sh").json()["data"]}
    assert names >= MODELS.keys()
    assert names >= {f"{name}-{version}" for name, versions in MODELS.items() for version in versions}


@pytest.mark.parametrize("name", [name for name in MODELS if not name.startswith("gpt-image")])
def test_s35_each_of_them_answers(client, name):
    answer = client.responses.create(model=name, input="This is a test.")
    assert "This is a test." in answer.output_text
    assert answer.model.startswith(name)
    assert client.models.retrieve(name).id == name
