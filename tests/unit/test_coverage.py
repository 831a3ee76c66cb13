"""What docs/coverage says is what the code knows: every name has a row, and what is called built is there."""

import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest
from openai.types.responses import Response, ResponseInputItem, ResponseOutputItem, ResponseStreamEvent

from docs.coverage_tables import EVIDENCE, STATUSES, TABLES, rows, statuses
from emulator.api import containers, files, uploads
from emulator.api.routes import ROUTES
from emulator.core import container_params, conversation_params, request_body, upload_params, vector_store_params
from emulator.core.client_tools import GROUP, KINDS
from emulator.core.deployments import find
from emulator.core.dialects import AZURE, OPENAI
from emulator.core.errors import ERRORS, IMAGE_CODES
from emulator.core.input_params import ASSISTANT_PARTS, USER_PARTS
from emulator.core.item_types import ITEM_TYPES
from emulator.core.queries import ListQuery, RetrieveQuery
from emulator.core.requests import parse_create
from emulator.core.response import new_response
from emulator.core.tool_params import TOOLS
from emulator.core.unknown import LATER, names
from emulator.script import hosted
from emulator.script.draft import Draft
from emulator.script.load import load_fixtures
from emulator.script.plan import (
    Compaction,
    CustomToolCall,
    Ending,
    Events,
    FunctionCall,
    Item,
    Message,
    Plan,
    Reasoning,
    Refusal,
)
from emulator.settings import TABLE
from emulator.tools import OFFERED
from emulator.tools import TOOLS as ITEMS
from tests.plans import HOSTED, events_of, prepared, whole_log

ROOT = Path(__file__).parents[2]
BUILT = ("exact", "partial")
CITATION = {"type": "url_citation", "start_index": 0, "end_index": 1, "title": "", "url": "https://example.com/"}
STEPS = (
    Reasoning(("Why not?",), text="Why indeed?"),
    Message("Hello there", (CITATION,)),
    Refusal("No."),
    FunctionCall("get_weather", '{"city":"Oslo"}'),
    CustomToolCall("sql", "SELECT 1"),
    Compaction("gAAAAAx"),
)
ENDINGS = (
    Ending(),
    Ending("failed", code="server_error", message="No.", error_event="nested"),
    Ending("incomplete", reason="content_filter"),
)
NEEDED = {
    "function": {"name": "f"},
    "custom": {"name": "c"},
    "code_interpreter": {"container": {"type": "auto"}},
    "mcp": {"server_label": "m", "server_url": "https://example.com/mcp"},
    "computer_use_preview": {"display_width": 1, "display_height": 1, "environment": "browser"},
    "namespace": {"name": "n", "description": "d", "tools": []},
}
WHO = {"computer_use_preview": "computer-use-preview"}
DRAWS = {"x-ms-oai-image-generation-deployment": "gpt-image-1"}
# Settings that say where and with what the server works, not how the wire is read.
NO_CHOICE = {
    *("host", "port", "db", "fixtures", "stream_every", "unmatched", "pdf_pages", "seal_key", "most_namespaces"),
    *(
        "allowed_hosts",
        "code_interpreter",
        "egress",
        "entra_lifetime",
        "entra_tenant",
        "mcp_timeout",
        "log_level",
        "region",
        "retention",
        "webhook",
        "webhook_secret",
    ),
    *("tls_auto", "tls_cert", "tls_dir", "tls_key"),
}
HIDDEN = {"content-length", "content-type", "date", "server", "connection"}


def named(table, *built):
    """The names of a table's rows, or of those whose status is one of `built`."""
    return {row["name"] for row in rows(table) if not built or row["status"] in built}


def words(annotation):
    """The string literals in a type, however deep."""
    inner = get_args(annotation)
    if not inner:
        return {annotation} if isinstance(annotation, str) else set()
    return set().union(*(words(one) for one in inner))


def types_of(union):
    """The `type` of every member of one of the SDK's unions."""
    members = get_args(get_args(union)[0])
    assert members
    return set().union(*(words(member.model_fields["type"].annotation) for member in members))


def emitted(plans):
    """The events of all these plans, in the foreground and in the background."""
    return [
        event for plan in plans for background in (False, True)
        for event in events_of(whole_log(plan, background=background)[1])
    ]  # fmt: skip


def scripted():
    """The plans of all fixtures that a user can start the server with.

    Without the steps that wait for a request or its values, and those that send what is written in them as it is.
    """
    found = [*load_fixtures(ROOT / "fixtures"), *load_fixtures(ROOT / "docs/reference/examples.yaml")]
    turns = [then for fixture in found for then in fixture.thens if not then.error]
    said = [([step for step in then.steps if _sent(step)], then.ending) for then in turns]
    return [Plan(prepared(steps), ending) for steps, ending in said]


def _sent(step):
    return not isinstance(step, (Draft, Item, Events)) and getattr(step, "type", "") not in hosted.EXPANDED


def of_items(events):
    return {event["item"]["type"] for event in events if event["type"] == "response.output_item.done"}


# Sent as a fixture writes them: no answer of the service is known to have them.
RAW = Events(
    tuple({"type": f"response.audio{name}"} for name in (".delta", ".done", ".transcript.delta", ".transcript.done"))
)
ALL_PLANS = [Plan((*STEPS, *HOSTED, RAW), ending) for ending in ENDINGS]


@pytest.mark.parametrize("table", [*TABLES, "uncertain"])
def test_a_row_has_a_known_status_its_evidence_and_a_test_that_exists(table):
    for row in rows(table):
        assert set(row["evidence"].split()) <= set(EVIDENCE), row
        if table == "uncertain":
            assert row.get("switch", "port") in TABLE, row
        else:
            assert set(statuses(row)) <= set(STATUSES), row
        assert "test" not in row or (ROOT / row["test"]).is_file(), row


def test_every_setting_that_is_a_choice_of_the_wire_answers_an_open_question():
    switches = {row["switch"] for row in rows("uncertain") if "switch" in row}
    assert switches <= set(TABLE)
    assert set(TABLE) - switches == NO_CHOICE, "say in uncertain.yaml what it decides, or that it decides nothing there"


def test_no_question_stands_twice():
    asked = [row["question"] for row in rows("uncertain")]
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize("table", [name for name in TABLES if name not in ("endpoints", "control", "query")])
def test_no_name_has_two_rows(table):
    assert len(named(table)) == len(rows(table))


def test_every_event_of_the_sdk_has_a_row():
    assert types_of(ResponseStreamEvent) <= named("events")


def test_the_events_that_are_built_are_those_that_a_run_sends():
    assert {event["type"] for event in emitted(ALL_PLANS)} == named("events", *BUILT)


def test_an_exact_event_is_one_that_a_fixture_can_ask_for():
    assert {event["type"] for event in emitted(scripted())} == named("events", "exact")


def test_every_item_of_the_sdk_has_a_row():
    assert types_of(ResponseOutputItem) <= named("output")
    assert types_of(ResponseInputItem) <= named("input")
    assert named("input") == set(ITEM_TYPES)


def test_the_output_items_that_are_built_are_those_that_a_run_sends():
    assert of_items(emitted(ALL_PLANS)) == of_items(emitted(scripted())) == named("output", *BUILT)


def test_every_content_part_that_is_checked_has_a_row():
    assert {*USER_PARTS, *ASSISTANT_PARTS} <= named("parts", *BUILT)


def test_every_field_of_a_request_has_a_row():
    assert named("create") - {"any other field"} == names(request_body.CreateBody) | LATER
    nested = {
        f"{path}.{name}"
        for path, model in {
            "text": request_body.TextOptions,
            "reasoning": request_body.ReasoningOptions,
            "stream_options": request_body.StreamOptions,
            "conversation": request_body.ConversationRef,
            "prompt": request_body.Prompt,
            "context_management[]": request_body.ContextManagement,
        }.items()
        for name in names(model)
    }
    assert named("nested") == nested
    assert named("include") == words(request_body.Include)


def test_every_query_parameter_has_a_row():
    def asked(of):
        return {row["name"] for row in rows("query") if row["of"] == of}

    assert asked("GET /responses/{id}") == {field.name for field in fields(RetrieveQuery)}
    assert asked("GET /responses/{id}/input_items") == {field.name for field in fields(ListQuery)}
    assert asked("POST /conversations") == names(conversation_params.ConversationBody)
    assert asked("GET /conversations/{id}/items") == {"limit", "order", "after", "include"}
    assert asked("POST /files (form)") == files.FIELDS | {"file"}
    assert asked("POST /uploads") == names(upload_params.UploadBody)
    assert asked("POST /uploads/{id}/parts (form)") == {uploads.DATA_FIELD}
    assert asked("POST /uploads/{id}/complete") == names(upload_params.CompleteBody)
    assert asked("GET /containers") == {"limit", "order", "after", "name"}
    assert asked("POST /containers") == names(container_params.ContainerBody) | container_params.LATER
    assert asked("POST /vector_stores") == names(vector_store_params.StoreBody) | vector_store_params.LATER
    assert asked("POST /vector_stores/{id}/search") == names(vector_store_params.SearchBody)
    assert asked("POST /vector_stores/{id}/files") == names(vector_store_params.FileBody)
    assert asked("POST /containers/{id}/files") == containers.FIELDS | {"file"}


def test_the_fields_of_a_response_have_rows_in_the_order_of_the_wire():
    request = parse_create(b'{"model": "gpt-4o", "input": "x", "conversation": "conv_1", "prompt": {"id": "p"}}')
    azure, openai = (
        list(new_response(request, find("gpt-4o"), dialect, response_id="resp_", created_at=0))
        for dialect in (AZURE, OPENAI)
    )
    assert [row["name"] for row in rows("fields")] == azure
    assert [name for name in azure if name != "content_filters"] == openai
    assert set(Response.model_fields) <= named("fields") | named("absent fields")


def test_every_error_has_a_row_in_the_order_of_the_table():
    assert [row["name"] for row in rows("errors")] == list(ERRORS)


def test_an_error_that_is_called_built_is_raised_somewhere():
    table = ROOT / "emulator/core/error_rows.py"
    code = "".join(path.read_text("utf-8") for path in (ROOT / "emulator").rglob("*.py") if path != table)
    made = {f"{kind}_{end}" for kind in ("integer", "decimal") for end in ("below_min_value", "above_max_value")}
    made |= {f"rate_limited_{unit}" for unit in ("requests", "tokens")} | set(IMAGE_CODES)
    raised = {name for name in ERRORS if re.search(rf'((ApiError|problem)\(\s*|error, param = )"{name}"', code)} | made
    assert named("errors", *BUILT) <= raised


def test_every_tool_has_a_row():
    assert named("tools") == set(TOOLS)
    assert named("tools", *BUILT) == {*KINDS, GROUP, *OFFERED}
    assert set(OFFERED) == set(hosted.OFFERED)
    assert {*hosted.FORMS} - {*hosted.EXPANDED} <= {*ITEMS}


@pytest.mark.parametrize("row", rows("tools"), ids=lambda row: row["name"])
def test_a_tool_that_is_not_built_says_so(http, row):
    tool = {"type": row["name"], **NEEDED.get(row["name"], {})}
    if row["name"] == "file_search":
        tool["vector_store_ids"] = [http.post("/vector_stores", json={}).json()["id"]]
    asked = {"model": WHO.get(row["name"], "gpt-4o"), "input": "x", "truncation": "auto", "tools": [tool]}
    answer = http.post("/responses", json=asked, headers=DRAWS)
    assert answer.status_code == (200 if row["status"] in BUILT else 501), answer.text


@pytest.mark.parametrize("more", [{"prompt": {"id": "pmpt_1"}, "input": None}])
def test_a_parameter_that_is_not_built_says_so(http, more):
    answer = http.post("/responses", json={"model": "o3", "input": "x", **more})
    assert answer.status_code == 501, answer.text


def test_every_route_has_a_row():
    known = {
        (row["method"], row["path"])
        for table in ("endpoints", "control")
        for row in rows(table)
        if set(statuses(row)) != {"not built (404)"}
    }
    assert known == {(method, path) for method, path, _ in ROUTES}


@pytest.mark.parametrize(("prefix", "dialect"), [("/openai/v1", "azure"), ("/v1", "openai")])
def test_an_endpoint_that_is_not_built_answers_as_its_row_says(server, prefix, dialect):
    http = server.http(prefix)
    for row in rows("endpoints"):
        answer = http.request(row["method"], re.sub(r"\{[^}]*\}", "x", row["path"]))
        told = re.search(r"\d+", row[dialect])
        if told:
            assert answer.status_code == int(told[0]), row
        else:
            assert answer.status_code in (200, 400, 404), row
            assert "Invalid URL" not in answer.text, row
            assert "Resource not found" not in answer.text, row


def test_what_is_not_built_of_the_emulators_own_is_404(server):
    http = server.http("")
    for row in rows("control"):
        path = re.sub(r"\{[^}]*\}", "x", row["path"])
        answer = http.request(row["method"], path, headers={"x-emulator-namespace": "control"})
        if row["status"].startswith("not built"):
            assert answer.status_code == 404, row
        else:  # some ask for a body, or for what is not there
            assert answer.status_code in (200, 400, 404), row
            assert answer.status_code == 200 or "Invalid URL" not in answer.text, row
            assert answer.status_code == 200 or "Resource not found" not in answer.text, row


@pytest.mark.parametrize(("prefix", "dialect"), [("/openai/v1", "azure"), ("/v1", "openai")])
def test_every_header_of_an_answer_has_a_row(server, prefix, dialect):
    told = {row["name"]: row for row in rows("response headers") if row[dialect]}
    told = {one: row for name, row in told.items() for one in name.split(", ")}
    sent = set(server.http(prefix).post("/responses", json={"model": "gpt-4o", "input": "x"}).headers) - HIDDEN
    assert sent <= told.keys()
    always = {name for name, row in told.items() if not row.get("test", "").endswith("streaming.py")}
    sometimes = {"x-emulator-warning", "x-should-retry", "allow", "content-disposition", "strict-transport-security"}
    assert always - sent == sometimes | {"x-ratelimit-*", "retry-after", "retry-after-ms"}
