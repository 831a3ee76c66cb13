"""PDFs in the input: their words reach fixtures, templates, the built-in model and the counts; bad ones harm nobody."""

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest

from emulator.core.clock import Clock
from emulator.core.image_tokens import image_tokens
from emulator.core.usage import count
from emulator.documents import pdf as limits
from tests import pdfs
from tests.pdfs import pages_of, pdf, stream, words

PARAM = "input[0].content[0].file_data"
PAGE = image_tokens("gpt-4o", (1224, 1584), None)
REPORT = pdf("Quarterly Report of the Otters", "Fish rose by 12 percent")


def inline(data, name="report.pdf", head="data:application/pdf;base64,"):
    return {"type": "input_file", "filename": name, "file_data": head + base64.b64encode(data).decode()}


def body(*parts, model="gpt-4o", **more):
    return {"model": model, "input": [{"role": "user", "content": list(parts)}], **more}


def ask(http, *parts, **more):
    return http.post("/responses", json=body(*parts, **more))


def said(answer):
    assert answer.status_code == 200, answer.text[:300]
    return answer.json()["output"][-1]["content"][0]["text"]


def problem(answer):
    assert answer.status_code == 400, answer.text[:300]
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    return error["code"], error["param"], error["message"]


def upload(http, data, name="report.pdf"):
    form = {"purpose": "assistants"}
    return http.post("/files", data=form, files={"file": (name, data)}).raise_for_status().json()["id"]


def add(server, *fixtures):
    answer = server.http("/_emulator").post("/fixtures", json=list(fixtures))
    assert answer.status_code == 200, answer.text


@pytest.fixture
def emulated(start_server):
    return start_server()


@pytest.mark.parametrize("head", ["data:application/pdf;base64,", "DATA:Application/PDF;base64,", ""])
def test_the_built_in_model_tells_the_pages_and_the_first_words(http, head):
    text = said(ask(http, inline(REPORT, head=head), {"type": "input_text", "text": "Summarize"}))
    assert 'The file "report.pdf" has 2 pages and begins: "Quarterly Report of the Otters Fish rose' in text


def test_an_uploaded_pdf_is_read_from_the_store(http):
    file_id = upload(http, REPORT)
    assert 'begins: "Quarterly Report' in said(ask(http, {"type": "input_file", "file_id": file_id}))


def test_a_large_upload_is_put_together_from_its_pieces(http):
    data = pages_of(stream(words("Far behind")), more=(stream(b"x" * 3_000_000),))
    assert 'begins: "Far behind"' in said(ask(http, {"type": "input_file", "file_id": upload(http, data)}))


def test_usage_counts_the_words_and_a_picture_for_each_page(http):
    answer = ask(http, inline(REPORT))
    text = count("Quarterly Report of the Otters") + count("Fish rose by 12 percent")
    assert answer.json()["usage"]["input_tokens"] == 4 + text + 2 * PAGE
    counted = http.post("/responses/input_tokens", json=body(inline(REPORT))).json()["input_tokens"]
    assert counted == 4 + text + 2 * PAGE
    later = http.post("/responses", json={"model": "gpt-4o", "input": "x", "previous_response_id": answer.json()["id"]})
    assert later.json()["usage"]["input_tokens"] > counted + answer.json()["usage"]["output_tokens"]


def test_a_document_can_be_too_much_context(http):
    long = pdf(*["words and words " * 200] * 100)
    assert ask(http, inline(long), model="computer-use-preview").json()["error"]["code"] == "context_length_exceeded"
    alone = body(inline(long), model="computer-use-preview", truncation="auto")
    assert http.post("/responses", json=alone).json()["error"]["code"] == "context_length_exceeded"
    followed = {**alone, "input": [*alone["input"], {"role": "user", "content": "Well?"}]}
    answer = http.post("/responses", json=followed)
    assert answer.status_code == 200
    assert answer.json()["usage"]["input_tokens"] < 100, "the file is dropped"


def test_a_fixture_matches_the_words_of_a_file(emulated):
    add(
        emulated,
        {"name": "report", "when": {"file": "quarterly report"}, "then": [{"message": "It is the report."}]},
        {
            "name": "rise",
            "when": {"file": "/rose by (?P<n>[0-9]+)/", "input": "how much"},
            "then": [{"message": "{{ capture.n }} percent, says {{ file.name }} of {{ file.pages }} pages"}],
        },
        {
            "name": "all", "when": {"input": "all"}, "priority": 1,
            "then": [{"message": "{{ files | length }}: {{ file.text }}"}],
        },
    )  # fmt: skip
    http = emulated.http()
    assert said(ask(http, inline(REPORT))) == "It is the report."
    assert said(ask(http, inline(REPORT), {"type": "input_text", "text": "How much?"})) == (
        "12 percent, says report.pdf of 2 pages"
    )
    two = ask(http, inline(pdf("first")), inline(REPORT), {"type": "input_text", "text": "all"})
    assert said(two) == "2: first"
    assert "You said" in said(ask(http, inline(pdf("Something else")), {"type": "input_text", "text": "x"}))
    assert "You said" in said(http.post("/responses", json={"model": "gpt-4o", "input": "quarterly report"}))


def test_why_a_fixture_did_not_match_tells_the_words(start_server):
    server = start_server(unmatched="reject")
    add(server, {"name": "report", "when": {"file": "annual report"}, "then": [{"message": "x"}]})
    answer = ask(server.http(), inline(REPORT))
    assert answer.status_code == 404
    assert "file wanted 'annual report', got 'Quarterly Report of the Otters" in answer.json()["error"]["message"]
    without = server.http().post("/responses", json={"model": "gpt-4o", "input": "x"}).json()["error"]["message"]
    assert "the request has no file" in without


def test_the_journal_can_be_asked_for_the_words(emulated):
    ask(emulated.http(), inline(REPORT))
    asked = {"match": {"file": "otters"}, "exactly": 1}
    assert emulated.http("/_emulator").post("/verify", json=asked).json()["passed"]


def test_the_words_of_a_tools_file_count_too(http):
    call = {"type": "function_call", "call_id": "c1", "name": "fetch", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "c1", "output": [inline(REPORT)]}
    answer = http.post("/responses", json={"model": "gpt-4o", "input": [call, output]})
    assert "has 2 pages and begins" in said(answer)
    assert answer.json()["usage"]["input_tokens"] > 2 * PAGE


def test_a_file_behind_a_url_is_known_by_a_fixture_only(emulated):
    url = "https://example.com/papers/report.pdf?x=1"
    http, part = emulated.http(), {"type": "input_file", "file_url": url}
    first = ask(http, part)
    assert said(first).endswith('The file "report.pdf" cannot be looked into here.')
    assert first.json()["usage"]["input_tokens"] == 4 + 500
    add(emulated, {"url": url, "base64": base64.b64encode(REPORT).decode()})
    assert 'The file "report.pdf" has 2 pages' in said(ask(http, part))
    add(emulated, {"url": url, "fail": "failed_to_download_image"})
    code, param, message = problem(ask(http, part))
    assert (code, param) == ("invalid_value", "input[0].content[0].file_url")
    assert "could not be downloaded" in message
    add(emulated, {"url": url, "base64": "aGVsbG8="})
    assert problem(ask(http, part))[:2] == ("invalid_value", "input[0].content[0].file_url")


BAD = {
    "cut": (REPORT[:400], "the PDF is broken"),
    "garbage": (b"%PDF-1.4\n" + bytes(range(256)) * 40, "the PDF is broken"),
    "no pdf": (b"hello", "the PDF has no bytes of a PDF"),
    "encrypted": (pdfs.encrypted("secret", "password"), "the PDF is encrypted"),
    "too many pages": (pdf(*["page"] * (limits.MOST_PAGES + 1)), "the PDF has 101 pages, and 100 are the most"),
    "no pages": (pdfs.no_pages(), "the PDF has no pages"),
    "loop": (pdfs.looped(), "the PDF "),
    "deflate bomb": (pdfs.deflate_bomb(), "the PDF unpacks to more than is accepted"),
    "slow bomb": (pdfs.slow_bomb(), "the PDF takes too long to read"),
    "form bomb": (pdfs.form_bomb(), "the PDF "),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_pdf_is_refused_with_its_param(http, kind):
    data, reason = BAD[kind]
    code, param, message = problem(ask(http, inline(data)))
    assert (code, param) == ("invalid_value", PARAM)
    assert message.startswith(f"Invalid '{PARAM}': {reason}")
    file_id = upload(http, data)
    assert problem(ask(http, {"type": "input_file", "file_id": file_id}))[1] == "input[0].content[0].file_id"
    assert "has 2 pages" in said(ask(http, inline(REPORT))), "the next one is read again"


def test_what_is_locked_against_changes_only_is_read(http):
    assert 'begins: "open words"' in said(ask(http, inline(pdfs.encrypted("open words", ""))))


def test_other_files_are_refused_as_the_service_does(http):
    text = "data:text/plain;base64,"
    code, param, message = problem(ask(http, inline(b"hello", "a.txt", text)))
    assert (code, param) == ("invalid_value", PARAM)
    assert "application/pdf MIME type" in message
    assert "'text/plain'" in message
    for name, got in (("data.csv", ".csv"), ("notes", "none")):
        code, param, message = problem(ask(http, {"type": "input_file", "file_id": upload(http, b"a,b", name)}))
        assert (code, param) == ("invalid_value", "input[0].content[0].file_id")
        assert message.endswith(f"supported format: .pdf but got {got}.")


def test_a_deployment_without_vision_takes_no_pdf(http):
    assert problem(ask(http, inline(REPORT), model="o3-mini"))[0] == "unsupported_content"


def test_others_are_served_while_bombs_are_read(emulated):
    http, kinds = emulated.http(), ("slow bomb", "form bomb", "deflate bomb")
    with ThreadPoolExecutor(len(kinds)) as threads:
        bombs = [threads.submit(ask, emulated.http(), inline(BAD[kind][0])) for kind in kinds]
        served = 0
        while not all(bomb.done() for bomb in bombs):
            assert http.post("/responses", json={"model": "gpt-4o", "input": "x"}).status_code == 200
            served += 1
    assert served > 20, "the bombs take seconds of the processor, an answer milliseconds"
    assert [problem(bomb.result())[1] for bomb in bombs] == [PARAM] * len(kinds)


def test_a_frozen_clock_stays_where_it_is(start_server):
    http = start_server(clock=Clock(1_700_000_000.0)).http()
    assert problem(ask(http, inline(BAD["slow bomb"][0])))[1] == PARAM
    made = [ask(http, inline(REPORT)).json() for _ in range(2)]
    assert {one["created_at"] for one in made} == {1_700_000_000}
    assert len({one["output"][0]["content"][0]["text"] for one in made}) == 1


class TestPages:
    """With `--pdf-pages` every page is drawn too."""

    def test_a_page_is_drawn_and_counts_the_same(self, start_server):
        http = start_server(pdf_pages=True).http()
        assert ask(http, inline(REPORT)).json()["usage"]["input_tokens"] > 2 * PAGE

    def test_a_page_of_any_size_is_drawn_within_bounds(self, start_server):
        http = start_server(pdf_pages=True).http()
        assert ask(http, inline(pdf("far", box=(200_000, 200_000)))).status_code == 200

    @pytest.mark.parametrize("kind", ["cut", "encrypted", "deflate bomb", "slow bomb"])
    def test_a_bad_pdf_is_refused_all_the_same(self, start_server, kind):
        assert problem(ask(start_server(pdf_pages=True).http(), inline(BAD[kind][0])))[1] == PARAM
