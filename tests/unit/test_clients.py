"""The pinned clients and the matrix of what they showed agree, and the runner calls nothing good that is not."""

import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

from tests.clients import run
from tests.clients.environments import Environment
from tests.clients.pins import CORE, PINS, SCENARIOS, Client, PinsError, read_pins, scenario_of

ROOT = Path(__file__).parents[2]
CLIENTS = read_pins().clients
MATRIX = {
    row["name"]: row for row in yaml.safe_load((ROOT / "docs/coverage/clients.yaml").read_text("utf-8"))["clients"]
}
REPORT = """<testsuites><testsuite>
<testcase name="test_text_one"/><testcase name="test_text_two[azure]"/><testcase name="stream: in order"/>
<testcase name="test_tools_skipped"><skipped/></testcase>
<testcase name="test_tools_bad"><failure>No.</failure></testcase>
<testcase name="test_something"/>
</testsuite></testsuites>"""


def client(tmp_path, **packages):
    folder = tmp_path / "python" / "some"
    folder.mkdir(parents=True, exist_ok=True)
    return Client("some", "python", folder, packages or {"some": "1.0"}, {}, "")


def pins_file(tmp_path, *rows):
    for language in ("python", "node"):
        (tmp_path / language / "some").mkdir(parents=True)
    path = tmp_path / "clients.yaml"
    path.write_text(yaml.safe_dump({"common": {}, "clients": list(rows)}), "utf-8")
    return path


@pytest.mark.parametrize("pinned", CLIENTS, ids=lambda pinned: pinned.name)
def test_the_matrix_has_every_client_as_it_is_pinned_with_the_core_scenarios(pinned):
    row = MATRIX[pinned.name]
    assert row["packages"] == pinned.packages, "run: make test-clients ARGS=--write"
    assert (row["language"], row["note"]) == (pinned.language, pinned.about)
    assert all(row["passed"].get(scenario, 0) > 0 for scenario in CORE)
    assert set(row["passed"]) <= set(SCENARIOS)


def test_the_matrix_has_no_other_client():
    assert list(MATRIX) == [pinned.name for pinned in CLIENTS]


@pytest.mark.parametrize("pinned", CLIENTS, ids=lambda pinned: pinned.name)
def test_a_client_has_tests(pinned):
    assert list(pinned.folder.glob("test_*.py" if pinned.language == "python" else "*.test.mjs"))


@pytest.mark.parametrize(
    ("name", "scenario"),
    [
        ("test_text_from_a_prompt[azure]", "text"),
        ("test_stream", "stream"),
        ("structured: an object", "structured"),
        ("chaining by id", "chaining"),
        ("test_textual", None),
        ("test_", None),
    ],
)
def test_the_name_of_a_test_begins_with_its_scenario(name, scenario):
    assert scenario_of(name) == scenario


def test_a_report_is_counted_and_what_was_skipped_did_not_pass(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text(REPORT, "utf-8")
    result = run.Result(client(tmp_path))
    run.read_report(report, result)
    assert result.passed == {"text": 2, "stream": 1}
    assert result.failed[:2] == ["test_tools_skipped", "test_tools_bad"]
    assert result.failed[2].startswith("test_something: its name begins with no scenario")
    assert not result.good


def test_the_stamp_changes_with_every_pin(tmp_path):
    stamps = {
        client(tmp_path, some="1.0").stamp("3.11"),
        client(tmp_path, some="1.1").stamp("3.11"),
        client(tmp_path, some="1.0").stamp("3.12"),
        client(tmp_path, some="1.0", other="1").stamp("3.11"),
    }
    assert len(stamps) == 4


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"name": "some", "language": "ruby", "packages": {}}, "ruby is none of python, node"),
        ({"name": "other", "language": "python", "packages": {}}, "there is no folder python/other"),
    ],
)
def test_a_pin_that_cannot_be_used_is_told_in_one_line(tmp_path, row, told):
    with pytest.raises(PinsError, match=told):
        read_pins(pins_file(tmp_path, row))


def test_two_clients_have_two_names(tmp_path):
    row = {"name": "some", "language": "python", "packages": {"a": "1"}}
    with pytest.raises(PinsError, match="the same name"):
        read_pins(pins_file(tmp_path, row, row))


def test_a_client_that_cannot_be_installed_fails_loudly(tmp_path, monkeypatch, capsys):
    row = {"name": "some", "language": "node", "packages": {"no-such-client": "1.0"}}
    file = pins_file(tmp_path, row)
    monkeypatch.setenv("PATH", str(tmp_path))  # where no npm is
    assert run.main(["--pins", str(file), "--build", str(tmp_path / "build")]) == 1
    told = capsys.readouterr().out
    assert "FAILED some 1.0: 0 passed" in told
    assert "it could not be installed\nnpm: No such file or directory" in told
    assert "0 passed, 1 error in" in told.splitlines()[-1]
    assert not (tmp_path / "build/some/stamp").exists()


def test_a_name_that_is_not_there_is_refused_with_those_that_are(capsys):
    with pytest.raises(SystemExit) as ended:
        run.main(["--only", "opanai"])
    assert ended.value.code == 2
    assert "--only opanai: there is no such client; there are" in capsys.readouterr().err


def test_what_is_installed_is_not_installed_again(tmp_path):
    environment = Environment(client(tmp_path), tmp_path / "build")
    environment.folder.mkdir()
    (environment.folder / "stamp").write_text(environment.client.stamp(sys.version), "utf-8")
    assert environment.install() is False


def test_a_client_without_a_core_scenario_has_failed(tmp_path, monkeypatch):
    def play(environment, pins):
        environment.folder.mkdir(exist_ok=True)
        environment.report.write_text('<testsuite><testcase name="test_text"/></testsuite>', "utf-8")
        return 0, ""

    monkeypatch.setattr(Environment, "install", lambda _: False)
    monkeypatch.setattr(run, "_play", play)
    result = run.try_client(client(tmp_path), read_pins(PINS), tmp_path)
    assert result.error.startswith("it shows no stream, tools, structured, chaining")
    assert not result.good


def test_the_closing_line_is_that_of_pytest(tmp_path):
    good = run.Result(client(tmp_path), Counter(text=3))
    bad = run.Result(client(tmp_path), Counter(text=1), ["test_stream"])
    assert run.summary([good], 1.5).strip("= ") == "3 passed in 1.50s"
    assert run.summary([good, bad], 1.5).strip("= ") == "1 failed, 4 passed in 1.50s"
