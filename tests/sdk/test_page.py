"""Every sample of the page, as printed and repaired, has the outcome that the table says."""

import ast
import re
import shutil

import pytest

from tests.sdk import play
from tests.sdk.samples import SAMPLES, Sample, Try, sample

TRIES = [(row, attempt) for row in SAMPLES for attempt in row.tries]
IMAGE = "image_generation.py"
PNG = b"\x89PNG\r\n\x1a\n"


def of(tries: list[tuple[Sample, Try]]) -> pytest.MarkDecorator:
    ids = [f"{row.number} {row.file.partition('/')[2][:-4]} {attempt.label}" for row, attempt in tries]
    return pytest.mark.parametrize(("row", "attempt"), tries, ids=ids)


def check(ran: play.Ran, attempt: Try) -> None:
    assert ran.outcome == attempt.expected, ran.output
    assert re.search(attempt.shows, ran.output), ran.output


@of([(row, attempt) for row, attempt in TRIES if row.python and IMAGE not in row.file])
def test_python_samples(page, row, attempt):
    check(page.run(page.text(row, attempt)), attempt)
    assert tuple(page.sent) == attempt.sends
    polls = attempt.sends.count("GET /responses/{id}") if row.file == "page/poll.py.txt" else 0
    assert page.slept == [2] * polls, "nothing was retried"


@of([(row, attempt) for row, attempt in TRIES if not row.python])
def test_curl_samples_as_raw_http(page, row, attempt):
    check(play.ran_as_http(page.text(row, attempt), page.folder), attempt)
    assert tuple(page.sent) == attempt.sends


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
@of([(row, attempt) for row, attempt in TRIES if not row.python])
def test_curl_samples_with_curl(page, row, attempt):
    check(play.curl_apart(page.text(row, attempt), page.folder), attempt)


@of([(row, attempt) for row, attempt in TRIES if IMAGE in row.file])
def test_the_image_sample_signs_in_with_the_real_package(page, row, attempt):
    check(play.python_apart(page.text(row, attempt), page.folder, page.server.url), attempt)
    made = (page.folder / "otter.png").read_bytes() if attempt.expected == "ok" else PNG
    assert made.startswith(PNG)


def test_the_image_sample_lacks_an_import_that_it_uses(page):
    row = sample(IMAGE)
    printed, repaired = (ast.parse(page.text(row, attempt)) for attempt in row.tries)
    imports = [
        {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        for tree in (printed, repaired)
    ]
    assert "base64" in {node.id for node in ast.walk(printed) if isinstance(node, ast.Name)}
    assert imports == [set(), {"base64"}]


LITERAL = [
    ("retrieve.py", "resp_67cb61fa3a448190bcf2c42d96f0d1a8"),
    ("delete.py", "resp_67cb61fa3a448190bcf2c42d96f0d1a8"),
    ("input_items.py", "resp_67d856fcfba0819081fd3cffee2aa1c0"),
    ("cancel.py", "resp_1234567890"),
    ("file_id.py", "assistant-KaVLJQTiWEvdz8yJQHHkqJ"),
]


@pytest.mark.parametrize(("file", "printed"), LITERAL)
def test_ids_printed_in_python_samples_are_not_there(page, file, printed):
    ran = page.python(file, literal=True)
    assert ran.outcome == "404"
    assert printed in ran.output


@pytest.mark.parametrize("file", ["poll.sh", "cancel.sh", "resume_unstreamed.sh", "file_id.sh"])
def test_ids_printed_in_curl_samples_are_not_there(page, file):
    answer = page.curl(file, literal=True)
    assert answer.status_code == 404
    assert re.search("(resp_1234567890|assistant-123456789)", answer.json()["error"]["message"])


def test_resuming_the_printed_id_is_not_found_either(page):
    answer = page.curl("resume.sh", ("https://", '"https://'), ("=42", '=42"'), literal=True)
    assert answer.status_code == 404


def test_the_printed_parent_of_an_approval_is_not_there(page):
    answer = page.curl("mcp_approve.sh", literal=True)
    assert answer.json()["error"]["code"] == "previous_response_not_found"
    ran = page.python("mcp_approve.py", literal=True)
    assert ran.outcome == "400"
    assert "resp_682f750c5f9c8198aee5b480980b5cf60351aee697a7cd77" in ran.output
