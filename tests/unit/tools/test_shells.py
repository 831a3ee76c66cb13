"""Local shell, shell and apply patch: their items, their short forms, and the loop with an application."""

import httpx
import pytest

from emulator.core.hosted import HostedCall
from emulator.script.fixture import FixtureError, from_dict
from emulator.script.plan import Plan
from tests.plans import HOSTED, RAN, events_of, whole_log

EXIT = {"type": "exit", "exit_code": 0}


def step_of(**said):
    (step,) = from_dict({"then": [said]}, "here").then.steps
    return step


def types(*steps):
    return [event["type"].removeprefix("response.") for event in events_of(whole_log(Plan(steps))[1])][2:-1]


@pytest.mark.parametrize("step", [step for step in HOSTED if step.type.endswith(("shell_call", "patch_call"))])
def test_a_call_is_an_item_with_a_call_id_and_nothing_between_unless_it_is_told_piece_by_piece(step):
    log, _ = whole_log(Plan((step,)))
    (item,) = log.response["output"]
    assert item["call_id"].startswith("call_")
    assert (types(step) == ["output_item.added", "output_item.done"]) is not step.fields.get("piecewise", False)


def test_commands_are_told_piece_by_piece_where_a_script_asks_for_it():
    call = HostedCall("shell_call", {"action": {"commands": ["ls", "pwd"]}, "piecewise": True})
    output = HostedCall("shell_call_output", {"call_id": "call_1", "output": [RAN], "piecewise": True})
    command = ["shell_call_command.added", "shell_call_command.delta", "shell_call_command.done"]
    told = ["shell_call_output_content.delta", "shell_call_output_content.done"]
    added, done = "output_item.added", "output_item.done"
    assert types(call, output) == [added, *command, *command, done, added, *told, done]


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        ({"local_shell_call": "ls"}, {"action": {"type": "exec", "command": ["bash", "-lc", "ls"], "env": {}}}),
        ({"local_shell_call": ["ls", "-l"]}, {"action": {"type": "exec", "command": ["ls", "-l"], "env": {}}}),
        (
            {"local_shell_call": {"command": "ls", "env": {"A": "b"}, "user": "me", "timeout_ms": 5}},
            {
                "action": {
                    "type": "exec",
                    "command": ["bash", "-lc", "ls"],
                    "env": {"A": "b"},
                    "timeout_ms": 5,
                    "user": "me",
                }
            },
        ),
        ({"shell_call": "ls"}, {"action": {"commands": ["ls"], "timeout_ms": None, "max_output_length": None}}),
        (
            {"shell_call": {"commands": ["ls"], "output": [{"stdout": "a"}], "timeout_ms": 9}},
            {
                "action": {"commands": ["ls"], "timeout_ms": 9, "max_output_length": None},
                "output": [{"stdout": "a", "stderr": "", "outcome": EXIT}],
            },
        ),
        ({"apply_patch_call": {"delete_file": "a"}}, {"operation": {"type": "delete_file", "path": "a"}}),
        (
            {"apply_patch_call": {"create_file": "a", "diff": "+b"}},
            {"operation": {"type": "create_file", "path": "a", "diff": "+b"}},
        ),
    ],
)  # fmt: skip
def test_a_short_form_is_its_action(said, fields):
    (kind,) = said
    assert step_of(**said) == HostedCall(kind, fields)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"local_shell_call": ""}, "must not be empty"),
        ({"local_shell_call": {}}, "needs 'command'"),
        ({"local_shell_call": {"comand": "ls"}}, "did you mean 'command'"),
        ({"shell_call": {"output": []}}, "needs 'commands'"),
        ({"shell_call": {"commands": ["a", "b"], "output": [{}]}}, "must have one entry for each of 2 commands"),
        ({"shell_call": {"commands": "a", "output": [{"timeout": True, "exit_code": 1}]}}, "both 'timeout' and"),
        ({"apply_patch_call": {"diff": "x"}}, "needs one of create_file, update_file, delete_file"),
        ({"apply_patch_call": {"update_file": "x"}}, "needs 'diff' beside 'update_file'"),
        ({"apply_patch_call": {"delete_file": "x", "diff": "y"}}, "a file that is deleted has no diff"),
    ],
)  # fmt: skip
def test_a_wrong_short_form_is_refused_in_one_line(said, told):
    with pytest.raises(FixtureError, match=f"^here: .*{told}"):
        step_of(**said)


@pytest.fixture
def scripted(start_server):
    http = start_server().http()
    fixtures = str(http.base_url.copy_with(path="/_emulator/fixtures"))

    def script(*then, when=None) -> httpx.Client:
        assert http.post(fixtures, json={"when": when or {}, "then": list(then)}).status_code == 200
        return http

    return script


def ask(http, text, tool, **more):
    body = {"model": "gpt-5.1-codex-max", "input": text, "tools": [tool], **more}
    answer = http.post("/responses", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("then", "output"),
    [
        ({"local_shell_call": "ls"}, {"type": "local_shell_call_output", "output": "a.txt"}),
        (
            {"shell_call": "ls"},
            {"type": "shell_call_output", "output": [{"stdout": "a.txt", "stderr": "", "outcome": EXIT}]},
        ),
        ({"apply_patch_call": {"delete_file": "a"}}, {"type": "apply_patch_call_output", "status": "completed"}),
    ],
)  # fmt: skip
def test_an_application_runs_the_call_and_sends_its_output_back(scripted, then, output):
    (kind,) = then
    http = scripted(then, when={"input": "go"})
    first = ask(http, "go", {"type": kind.removesuffix("_call")})
    call_id = first["output"][-1]["call_id"]
    unanswered = {"model": "gpt-4o", "input": "and?", "previous_response_id": first["id"]}
    assert "No tool output found" in http.post("/responses", json=unanswered).json()["error"]["message"]
    sent = [{**output, "call_id": call_id}]
    second = http.post("/responses", json={**unanswered, "input": sent}).json()
    assert ("a.txt" if "output" in output else "completed") in second["output"][-1]["content"][0]["text"]
    again = http.post("/responses", json={**unanswered, "input": "x", "previous_response_id": second["id"]})
    assert again.status_code == 200


def test_a_call_of_the_local_shell_may_come_back_without_its_status(http):
    call = {"type": "local_shell_call", "call_id": "call_1", "action": {"type": "exec", "command": ["ls"], "env": {}}}
    output = {"type": "local_shell_call_output", "call_id": "call_1", "output": "a.txt"}
    answer = http.post("/responses", json={"model": "gpt-4o", "input": [call, output]})
    assert answer.status_code == 200, answer.text
    listed = http.get(f"/responses/{answer.json()['id']}/input_items", params={"order": "asc"}).json()["data"]
    assert listed[0]["status"] == "completed"


def test_a_script_matches_on_the_output_of_a_call_by_its_type(scripted):
    http = scripted({"local_shell_call": "ls"}, when={"input": "go"})
    scripted({"message": "Saw {{ tool_output }}."}, when={"tool_output": "local_shell_call"})
    first = ask(http, "go", {"type": "local_shell"})
    sent = [{"type": "local_shell_call_output", "call_id": first["output"][0]["call_id"], "output": "a.txt"}]
    second = http.post(
        "/responses", json={"model": "gpt-4o", "input": sent, "previous_response_id": first["id"]}
    ).json()
    assert second["output"][0]["content"][0]["text"] == "Saw a.txt."


def test_a_shell_call_that_the_service_ran_has_its_output_and_needs_none(scripted):
    http = scripted({"shell_call": {"commands": ["ls"], "output": [{"stdout": "a"}]}}, {"message": "Done."})
    first = ask(http, "go", {"type": "shell"})
    call, output, _ = first["output"]
    assert output["call_id"] == call["call_id"]
    assert output["output"] == [{"stdout": "a", "stderr": "", "outcome": EXIT}]
    assert ask(http, "more", {"type": "shell"}, previous_response_id=first["id"])["status"] == "completed"


@pytest.mark.parametrize("kind", ["local_shell", "shell", "apply_patch"])
def test_the_built_in_model_runs_nothing_unless_it_is_forced(http, kind):
    tool = {"type": kind}
    assert [item["type"] for item in ask(http, "list files", tool)["output"]][-1] == "message"
    for choice in ("required", tool):
        assert ask(http, "list files", tool, tool_choice=choice)["output"][-1]["type"] == f"{kind}_call"
