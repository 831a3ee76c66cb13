"""The code interpreter over HTTP: containers made and reused, files in and out, outputs for who asks."""

import base64

import pytest

from emulator.core.clock import Clock
from tests.pdfs import pdf

AUTO = {"type": "code_interpreter", "container": {"type": "auto"}}
PDF = pdf("The quick brown fox.")
PDF64 = base64.b64encode(PDF).decode()
OUTPUTS = "code_interpreter_call.outputs"
MINUTE = 60.0


@pytest.fixture
def clock():
    return Clock(1_763_000_000.0)


@pytest.fixture
def http(start_server, clock):
    return start_server(clock).http()


def script(http, *then, when=None):
    root = str(http.base_url.copy_with(path="/_emulator/fixtures"))
    answer = http.post(root, json={"when": when or {}, "then": list(then)})
    assert answer.status_code == 200, answer.text


def run(http, text="What is 3 * 4?", **more):
    body = {"model": "gpt-4.1", "input": text, "tools": [AUTO], "include": [OUTPUTS], **more}
    answer = http.post("/responses", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(http, tool, **more):
    answer = http.post("/responses", json={"model": "gpt-4.1", "input": "x", "tools": [tool], **more})
    error = answer.json()["error"]
    return answer.status_code, error.get("param"), error["message"]


def upload(http, name="table.csv", data=b"a,b\n1,2\n"):
    return http.post("/files", data={"purpose": "assistants"}, files={"file": (name, data)}).json()["id"]


def files_of(http, container_id):
    return http.get(f"/containers/{container_id}/files").json()["data"]


def test_the_built_in_model_runs_a_small_sum_and_tells_its_result(http):
    call, message = run(http)["output"]
    assert (call["type"], call["status"], call["code"]) == ("code_interpreter_call", "completed", "print(3 * 4)")
    assert call["outputs"] == [{"type": "logs", "logs": "12\n"}]
    assert "12" in message["content"][0]["text"]
    assert http.get(f"/containers/{call['container_id']}").json()["status"] == "running"


def test_outputs_are_shown_to_who_asked_for_them(http):
    made = run(http, include=[])
    assert made["output"][0]["outputs"] is None
    again = http.get(f"/responses/{made['id']}", params={"include[]": OUTPUTS}).json()
    assert again["output"][0]["outputs"] == [{"type": "logs", "logs": "12\n"}]


def test_a_chain_keeps_its_container_and_two_runs_have_two(http):
    first = run(http)
    second = run(http, previous_response_id=first["id"])
    other = run(http)
    ids = [made["output"][0]["container_id"] for made in (first, second, other)]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("gone", ["idle", "deleted"])
def test_a_chain_whose_container_is_gone_gets_another(http, clock, gone):
    first = run(http)
    known = first["output"][0]["container_id"]
    if gone == "idle":
        clock.advance(21 * MINUTE)
    else:
        http.delete(f"/containers/{known}")
    assert run(http, previous_response_id=first["id"])["output"][0]["container_id"] != known


def test_code_keeps_its_container_alive_for_an_hour_at_most(http, clock):
    made = run(http)
    known = made["output"][0]["container_id"]
    for _ in range(3):
        clock.advance(19 * MINUTE)
        made = run(http, previous_response_id=made["id"])
        assert made["output"][0]["container_id"] == known
    clock.advance(4 * MINUTE)
    assert run(http, previous_response_id=made["id"])["output"][0]["container_id"] != known


def test_a_container_by_its_id_is_used_and_must_run(http, clock):
    known = http.post("/containers", json={"name": "mine"}).json()["id"]
    tool = {"type": "code_interpreter", "container": known}
    assert run(http, tools=[tool])["output"][0]["container_id"] == known
    assert refused(http, {**tool, "container": "cntr_unknown"})[:2] == (404, "tools[0].container")
    clock.advance(21 * MINUTE)
    assert refused(http, tool) == (400, None, "Container is expired.")


def test_files_of_the_tool_and_of_the_input_are_in_the_container(http):
    table, paper = upload(http), upload(http, "paper.pdf", PDF)
    parts = [
        {"type": "input_file", "file_id": paper},
        {"type": "input_file", "filename": "inline.pdf", "file_data": f"data:application/pdf;base64,{PDF64}"},
        {"type": "input_text", "text": "What is 1 + 1?"},
    ]
    tool = {"type": "code_interpreter", "container": {"type": "auto", "file_ids": [table], "memory_limit": "4g"}}
    made = run(http, [{"role": "user", "content": parts}], tools=[tool])
    container_id = made["output"][0]["container_id"]
    found = files_of(http, container_id)
    assert {file["path"].rpartition("-")[2] for file in found} == {"table.csv", "paper.pdf", "inline.pdf"}
    assert {file["source"] for file in found} == {"user"}
    assert http.get(f"/containers/{container_id}").json()["memory_limit"] == "4g"
    again = run(http, [{"role": "user", "content": parts}], tools=[tool], previous_response_id=made["id"])
    assert len(files_of(http, again["output"][0]["container_id"])) == 3


def test_files_that_are_not_there_are_refused_and_nothing_is_made(http):
    tool = {"type": "code_interpreter", "container": {"type": "auto", "file_ids": [upload(http), "assistant-nothing"]}}
    assert refused(http, tool)[0] == 404
    assert http.get("/containers").json()["data"] == []


@pytest.mark.parametrize(("name", "told"), [("a.exe", ".exe"), ("Makefile", "none"), ("a.é", r".\xe9")])
def test_a_file_of_another_type_is_taken_with_a_warning_and_refused_where_validation_is_strict(
    http, start_server, name, told
):
    def ask(http):
        tool = {"type": "code_interpreter", "container": {"type": "auto", "file_ids": [upload(http, name)]}}
        return http.post("/responses", json={"model": "gpt-4.1", "input": "x", "tools": [tool]})

    answer = ask(http)
    assert answer.headers["x-emulator-warning"] == f"unknown_file_type: {told}"
    assert len(files_of(http, answer.json()["output"][0]["container_id"])) == 1
    error = ask(start_server(validation="strict").http()).json()["error"]
    assert (error["param"], error["code"]) == ("tools[0].container.file_ids[0]", "unsupported_file")


@pytest.mark.parametrize("more", [{}, {"background": True}, {"stream": True}, {"background": True, "stream": True}])
def test_a_file_that_the_code_made_is_there_when_the_response_ends_and_is_cited(http, more):
    files = {"plot.csv": "a\n", "b.bin": {"base64": "AAE="}}
    call = {"code_interpreter_call": {"code": "plot()", "logs": "ok", "files": files}}
    script(http, call, {"message": "See [the plot](sandbox:/mnt/data/plot.csv)."})
    answer = http.post("/responses", json={"model": "gpt-4.1", "input": "x", "tools": [AUTO], **more})
    (made,) = [http.get(f"/responses/{row['response_id']}").json() for row in journal(http) if row["method"] == "POST"]
    while made["status"] in ("queued", "in_progress"):
        made = http.get(f"/responses/{made['id']}").json()
    assert answer.status_code == 200
    call, message = made["output"]
    (plot, other) = message["content"][0]["annotations"]
    assert (plot["filename"], plot["container_id"]) == ("plot.csv", call["container_id"])
    text = message["content"][0]["text"]
    assert text[plot["start_index"] : plot["end_index"]] == "sandbox:/mnt/data/plot.csv"
    assert (other["start_index"], other["end_index"]) == (len(text), len(text))
    content = f"/containers/{call['container_id']}/files/{{}}/content"
    assert http.get(content.format(plot["file_id"])).content == b"a\n"
    assert http.get(content.format(other["file_id"])).content == b"\0\1"
    assert {file["source"] for file in files_of(http, call["container_id"])} == {"assistant"}


def journal(http):
    return http.get(str(http.base_url.copy_with(path="/_emulator/requests"))).json()["data"]


def test_files_of_an_unstored_response_can_be_read_too(http):
    script(http, {"code_interpreter_call": {"code": "x", "files": {"a.txt": "a"}}}, {"message": "a.txt"})
    call, message = run(http, store=False)["output"]
    file_id = message["content"][0]["annotations"][0]["file_id"]
    assert http.get(f"/containers/{call['container_id']}/files/{file_id}/content").content == b"a"


def test_a_cancelled_run_leaves_no_files(http):
    script(http, {"code_interpreter_call": {"code": "x", "files": {"a.txt": "a"}}}, {"message": "a.txt"})
    made = http.post("/responses", json={"model": "o3", "input": "x", "tools": [AUTO], "background": True}).json()
    http.post(f"/responses/{made['id']}/cancel")
    (container,) = http.get("/containers").json()["data"]
    assert files_of(http, container["id"]) == []


def test_a_call_that_failed_has_no_completed_event_and_the_response_goes_on(http):
    script(http, {"code_interpreter_call": {"code": "1/0", "logs": "Oops", "status": "failed"}}, {"message": "Sorry."})
    asked = {"model": "gpt-4.1", "input": "x", "tools": [AUTO], "stream": True, "include": [OUTPUTS]}
    told = http.post("/responses", json=asked).text
    assert "code_interpreter_call.completed" not in told
    assert '"status":"failed"' in told
    assert "event: response.completed" in told


def test_the_code_of_a_chain_counts_and_its_pictures_do_not_by_their_length(http):
    picture = base64.b64encode(b"x" * 300_000).decode()
    script(http, {"code_interpreter_call": {"code": "plot()", "image": picture}}, {"message": "Done."})
    first = run(http)
    assert first["output"][0]["outputs"][0]["url"].endswith(picture)
    assert run(http, previous_response_id=first["id"])["usage"]["input_tokens"] < 1_000
