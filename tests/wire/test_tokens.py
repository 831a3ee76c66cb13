"""Exact token counts: of this server alone, in usage, input_tokens, chains and budgets."""

from base64 import b64encode

import pytest

from emulator.core.clock import Clock
from emulator.run.tokenizer import counter_for
from tests.pdfs import pdf

TEXT = "Antidisestablishmentarianism, naturally; お誕生日おめでとう."
COUNT = counter_for("exact", "gpt-4o").text
NOW = 1_764_000_000.0


@pytest.fixture
def exact(start_server):
    return start_server(tokens="exact").http()


def create(http, **body):
    answer = http.post("/responses", json={"model": "gpt-4o", **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


def text_of(answer):
    return answer["output"][-1]["content"][0]["text"]


def test_two_servers_in_one_process_count_each_in_its_way(exact, http):
    counted, estimated = create(exact, input=TEXT), create(http, input=TEXT)
    assert counted["usage"]["input_tokens"] == COUNT(TEXT) + 4 != estimated["usage"]["input_tokens"]
    assert counted["usage"]["output_tokens"] == COUNT(text_of(counted))
    again = create(http, input=TEXT)
    assert again["usage"] == estimated["usage"]


def test_input_tokens_counts_alike(exact):
    body = {"model": "gpt-4o", "input": TEXT, "instructions": TEXT}
    counted = exact.post("/responses/input_tokens", json=body).json()["input_tokens"]
    assert counted == 2 * COUNT(TEXT) + 4 == create(exact, input=TEXT, instructions=TEXT)["usage"]["input_tokens"]


@pytest.mark.parametrize("background", [False, True])
def test_a_chain_counts_what_was_said_before(start_server, background):
    server = start_server(Clock(NOW), tokens="exact")
    http = server.http()
    first = create(http, input=TEXT, background=background)
    while first["status"] in ("queued", "in_progress"):
        first = http.get(f"/responses/{first['id']}").json()
    second = create(http, input="And now?", previous_response_id=first["id"])
    assert second["usage"]["input_tokens"] == sum(map(COUNT, (TEXT, text_of(first), "And now?"))) + 3 * 4


def test_the_words_of_a_pdf_are_counted_alike(exact):
    words = "Antidisestablishmentarianism for otters"
    data = f"data:application/pdf;base64,{b64encode(pdf(words)).decode()}"
    part = {"type": "input_file", "filename": "a.pdf", "file_data": data}
    blank = {**part, "file_data": f"data:application/pdf;base64,{b64encode(pdf('')).decode()}"}
    with_words, without = (
        create(exact, input=[{"role": "user", "content": [one]}])["usage"]["input_tokens"] for one in (part, blank)
    )
    assert with_words - without == COUNT(words)


def test_a_budget_is_kept_to(exact):
    answer = create(exact, input="Write a very long story", max_output_tokens=20)
    assert answer["status"] == "incomplete"
    assert answer["usage"]["output_tokens"] == COUNT(text_of(answer)) == 20
