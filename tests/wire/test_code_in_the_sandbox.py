"""The code interpreter with a sandbox: code really runs in the container of its chain."""

import base64
import sys

import pytest

from tests.wire.test_code_interpreter import AUTO, files_of, run, script, upload

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is the Linux kernel's")


@pytest.fixture
def http(start_server):
    return start_server(code_interpreter="sandbox").http()


def logs_of(made):
    return [output.get("logs") for output in made["output"][0]["outputs"]]


def test_the_code_of_a_script_runs_unless_the_script_says_what_it_gave(http):
    script(http, {"code_interpreter_call": "print(sum(range(5)))"}, {"message": "Done."})
    assert logs_of(run(http)) == ["10\n"]
    script(http, {"code_interpreter_call": {"code": "print(1)", "logs": "as scripted"}}, {"message": "Done."})
    assert logs_of(run(http)) == ["as scripted"]


def test_the_built_in_models_code_runs_and_its_message_tells_what_it_gave(http):
    made = run(http, "solve 3x + 11 = 14")
    assert [item["type"] for item in made["output"]] == ["code_interpreter_call", "message"]
    assert logs_of(made) == ["1.0\n"]
    assert "1.0" in made["output"][1]["content"][0]["text"]


@pytest.mark.parametrize("more", [{}, {"background": True}])
def test_state_and_files_live_in_the_chain(http, more):
    script(http, {"code_interpreter_call": "n = 41\nopen('/mnt/data/n.txt', 'w').write('41')"}, {"message": "n.txt"})
    first = ended(http, run(http, **more))
    container_id = first["output"][0]["container_id"]
    (file,) = files_of(http, container_id)
    assert (file["path"], file["source"]) == ("/mnt/data/n.txt", "assistant")
    note = first["output"][1]["content"][0]["annotations"][0]
    assert http.get(f"/containers/{container_id}/files/{note['file_id']}/content").content == b"41"
    script(http, {"code_interpreter_call": "print(n + 1, open('/mnt/data/n.txt').read())"}, {"message": "Done."})
    assert logs_of(ended(http, run(http, previous_response_id=first["id"], **more))) == ["42 41\n"]
    script(http, {"code_interpreter_call": "print('n' in dir())"}, {"message": "Done."})
    assert logs_of(ended(http, run(http, **more))) == ["False\n"]


def ended(http, made):
    """The response when it has ended, its outputs shown."""
    while made["status"] in ("queued", "in_progress"):
        params = {"include[]": "code_interpreter_call.outputs"}
        made = http.get(f"/responses/{made['id']}", params=params).json()
    return made


def test_a_file_of_a_first_call_is_there_in_the_second_call_of_the_same_run(http):
    script(
        http,
        {"code_interpreter_call": "open('/mnt/data/n.txt', 'w').write('41')"},
        {"code_interpreter_call": "print(open('/mnt/data/n.txt').read())"},
        {"message": "Done."},
    )
    assert run(http)["output"][1]["outputs"] == [{"type": "logs", "logs": "41\n"}]


def test_an_uploaded_file_is_read_under_its_own_name(http):
    script(http, {"code_interpreter_call": "print(open('/mnt/data/table.csv').read())"}, {"message": "Done."})
    tool = {"type": "code_interpreter", "container": {"type": "auto", "file_ids": [upload(http)]}}
    assert logs_of(run(http, tools=[tool])) == ["a,b\n1,2\n\n"]


def test_a_picture_comes_as_a_png(http):
    code = "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.show()"
    script(http, {"code_interpreter_call": code}, {"message": "Done."})
    (picture,) = run(http)["output"][0]["outputs"]
    head, _, data = picture["url"].partition(",")
    assert (picture["type"], head) == ("image", "data:image/png;base64")
    assert base64.b64decode(data).startswith(b"\x89PNG\r\n\x1a\n")


def test_code_that_raises_has_run_and_code_that_must_be_ended_has_failed(http):
    script(http, {"code_interpreter_call": "1 / 0"}, {"message": "Done."})
    made = run(http)
    assert (made["output"][0]["status"], "ZeroDivisionError" in logs_of(made)[0]) == ("completed", True)
    script(http, {"code_interpreter_call": "import os\nos._exit(3)"}, {"message": "Done."})
    made = run(http)
    assert (made["status"], made["output"][0]["status"]) == ("completed", "failed")


def test_the_code_streams_before_it_runs(http):
    script(http, {"code_interpreter_call": "print(7)"}, {"message": "Done."})
    asked = {
        "model": "gpt-4.1",
        "input": "x",
        "tools": [AUTO],
        "stream": True,
        "include": ["code_interpreter_call.outputs"],
    }
    told = http.post("/responses", json=asked).text
    order = ["call_code.done", "call.interpreting", "call.completed", '"logs":"7\\n"', "output_text.delta"]
    places = [told.index(mark) for mark in order]
    assert places == sorted(places)
