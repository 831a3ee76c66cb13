"""What a URL leads to: read from files, HTTP and Python alike; nothing outside the folder of the fixtures is read."""

import base64

import jsonschema
import pytest

from emulator.core.errors import IMAGE_CODES
from emulator.script.fixture import FixtureError, from_dict, from_nodes
from emulator.script.lint import lint
from emulator.script.load import load_fixtures, sources
from emulator.script.node import node_of
from emulator.script.order import ordered
from emulator.script.schema import schema
from emulator.script.served import FAILURES, LARGEST
from tests import pictures

URL = "https://example.com/cat.png"
PNG = pictures.png()
TEXT = base64.b64encode(PNG).decode()
SAID = {"name": "said", "then": [{"message": "x"}]}


def write(folder, text, name="urls.yaml"):
    (folder / name).write_text(text, "utf-8")
    return folder / name


def test_bytes_or_a_failure(tmp_path):
    found = ordered(
        from_nodes(node_of([{"url": URL, "base64": TEXT}, SAID, {"url": URL + "2", "fail": "invalid_image_url"}], "x"))
    ).served
    assert found[URL].served.data == PNG
    assert found[URL + "2"].served.fail == "invalid_image_url"
    assert len(found) == 2


def test_it_answers_no_request_and_shadows_nothing(tmp_path):
    file = write(tmp_path, f"- url: {URL}\n  fail: invalid_image\n- name: any\n  then: [message: hello]\n")
    assert lint(file) == (2, [])
    fixtures = ordered(load_fixtures(file))
    assert [fixture.name for fixture in fixtures.candidates(None)] == ["any"]


def test_a_file_beside_the_fixtures(tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "cat.png").write_bytes(PNG)
    file = write(tmp_path, f"- url: {URL}\n  file: pictures/cat.png\n")
    (found,) = load_fixtures(file)
    assert found.served.data == PNG
    assert sources(file) == [{"name": URL, "url": URL, "base64": TEXT, "where": f"{file}:1"}]
    assert from_dict(sources(file)[0], "again").served == found.served


@pytest.mark.parametrize("named", ["../secret.png", "/etc/hostname", "link.png", "pictures/../../secret.png"])
def test_no_file_outside_the_folder_is_read(tmp_path, named):
    folder = tmp_path / "fixtures"
    (folder / "pictures").mkdir(parents=True)
    (tmp_path / "secret.png").write_bytes(PNG)
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    file = write(folder, f"- url: {URL}\n  file: {named}\n")
    with pytest.raises(FixtureError, match=r"urls.yaml:2: file must lie in the folder"):
        load_fixtures(file)
    good, wrong = lint(file)
    assert (good, len(wrong)) == (0, 1)


def test_a_url_is_printable_as_a_name_is():
    for name in ({}, {"name": "odd"}):  # without a name it is stored under its URL, and must be readable again
        with pytest.raises(FixtureError, match="url must be one line of printable text"):
            from_dict({"url": "http://x\x86", "fail": "invalid_image", **name}, "test")


WRONG = [
    ({"url": URL}, "needs one of base64, file and fail"),
    ({"url": URL, "base64": TEXT, "fail": "invalid_image"}, "not several"),
    ({"url": "ftp://x", "fail": "invalid_image"}, "url must be an http or https URL"),
    ({"url": URL, "base64": "?"}, "base64 must be base64"),
    ({"url": URL, "fail": "nope"}, "fail must be one of"),
    ({"url": URL, "then": [], "fail": "invalid_image"}, "unknown key 'then'"),
    ({"url": URL, "base64": "AAAA" * (LARGEST // 3 + 2)}, "holds more than"),
    ({"url": URL, "file": "cat.png"}, "a file of fixtures only"),
]


@pytest.mark.parametrize(("entry", "says"), WRONG, ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_wrong_is_told(entry, says):
    with pytest.raises(FixtureError, match=says):
        from_dict(entry, "request", run_time=True)


def test_a_file_that_is_missing_is_told_with_its_line(tmp_path):
    file = write(tmp_path, f"- url: {URL}\n  file: none.png\n")
    with pytest.raises(FixtureError, match=r"urls.yaml:2: file: 'none.png' cannot be read"):
        load_fixtures(file)


def test_the_schema_knows_it():
    check = jsonschema.Draft202012Validator(schema())
    for entry in ({"url": URL, "file": "cat.png"}, {"url": URL, "base64": TEXT}, {"url": URL, "fail": "invalid_image"}):
        check.validate(entry)
        check.validate([entry, SAID])
    for entry, _ in WRONG[:6]:
        assert not check.is_valid([entry]), entry


def test_every_code_of_an_image_can_be_asked_for():
    assert set(FAILURES) == set(IMAGE_CODES)
