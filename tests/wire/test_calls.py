"""Calls of functions and custom tools: how many, which, with which schemas, and how their outputs find them."""

import json

import jsonschema
import pytest

ARGUMENTS = {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}
SEARCH = {"type": "function", "name": "search_books", "parameters": ARGUMENTS}
BUY = {"type": "function", "name": "buy_book", "parameters": ARGUMENTS}
RUN = {"type": "custom", "name": "run_query"}
EVERY_KEY = "'required' is required to be supplied and to be an array including every key in properties."
TOOLS = [SEARCH, BUY, RUN]
TWO = [
    {"function_call": {"name": "search_books", "arguments": {"q": "a"}}},
    {"function_call": {"name": "buy_book", "arguments": {"q": "b"}}},
]


@pytest.fixture
def scripted(server):
    """The API of a namespace in which the model makes two calls, then tells what came of them."""
    control = server.http("/ns/two-calls")
    fixtures = [{"name": "two", "when": {"input": "two"}, "then": TWO}]
    assert control.put("/_emulator/fixtures", json=fixtures).status_code == 200
    return server.http("/ns/two-calls/openai/v1")


def ask(http, **body):
    return http.post("/responses", json={"model": "gpt-4o", "tools": TOOLS, **body})


def called(answer):
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["output"] if item["type"].endswith("_call")]


def result(call, kind="function_call_output", **more):
    return {"type": kind, "call_id": call["call_id"], "output": "ok", **more}


def error(answer, status=400):
    assert answer.status_code == status, answer.text
    found = answer.json()["error"]
    return found["code"], found["param"], found["message"]


def test_an_answer_has_as_many_calls_as_its_script(scripted):
    first = ask(scripted, input="two").json()
    calls = [item for item in first["output"] if item["type"] == "function_call"]
    assert [call["name"] for call in calls] == ["search_books", "buy_book"]
    assert len({call["call_id"] for call in calls} | {call["id"] for call in calls}) == 4
    outputs = [result(call, output=f"found {number}") for number, call in enumerate(calls)]
    second = ask(scripted, previous_response_id=first["id"], input=outputs[::-1]).json()
    told = second["output"][0]["content"][0]["text"]
    assert "found 0" in told
    assert "found 1" in told


@pytest.mark.parametrize("stream", [False, True])
def test_without_parallel_calls_it_has_the_first_alone(scripted, stream):
    answer = ask(scripted, input="two", parallel_tool_calls=False, stream=stream)
    if stream:
        lines = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]
        output = lines[-1]["response"]["output"]
    else:
        output = answer.json()["output"]
        assert answer.json()["parallel_tool_calls"] is False
    assert [item["name"] for item in output] == ["search_books"]


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ("auto", []),
        ("none", []),
        ("required", ["search_books"]),
        ({"type": "function", "name": "buy_book"}, ["buy_book"]),
        ({"type": "custom", "name": "run_query"}, ["run_query"]),
        ({"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "buy_book"}]}, ["buy_book"]),
        (
            {
                "type": "allowed_tools",
                "mode": "required",
                "tools": [{"type": "custom", "name": "run_query"}, {"type": "function", "name": "buy_book"}],
            },
            ["buy_book"],
        ),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "custom", "name": "run_query"}]},
            ["run_query"],
        ),
    ],
)
def test_every_form_of_tool_choice_is_kept_to(http, choice, names):
    answer = ask(http, input="Good morning", tool_choice=choice)
    assert called(answer) == names
    assert answer.json()["tool_choice"] == choice


@pytest.mark.parametrize(
    ("tools", "choice", "name"),
    [
        (TOOLS, {"type": "function", "name": "sell_book"}, "sell_book"),
        (TOOLS, {"type": "custom", "name": "buy_book"}, "buy_book"),
        (TOOLS, {"type": "code_interpreter"}, "code_interpreter"),
        (TOOLS, {"type": "mcp", "server_label": "s"}, "s"),
        ([], {"type": "function", "name": "buy_book"}, "buy_book"),
        (TOOLS, {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "no"}]}, "no"),
    ],
)
def test_a_choice_that_is_not_offered_is_refused(http, tools, choice, name):
    refused = ask(http, input="x", tools=tools, tool_choice=choice)
    assert error(refused) == (None, "tool_choice", f"Tool choice '{name}' not found in 'tools' parameter.")


def test_what_is_required_must_be_offered(http):
    refused = ask(http, input="x", tools=[], tool_choice="required")
    message = "Tool choice 'required' must be specified with 'tools' parameter."
    assert error(refused) == (None, "tool_choice", message)


@pytest.mark.parametrize(
    ("strict", "parameters", "reason"),
    [
        (True, {"type": "object", "properties": {}},
         "In context=(), 'additionalProperties' is required to be supplied and to be false."),
        (True, {**ARGUMENTS, "required": [], "additionalProperties": False},
         f"In context=(), {EVERY_KEY} Missing 'q'."),
        (None, {"type": "string"}, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"string\"'."),
        (False, {"properties": {}}, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'."),
        (None, {"type": "object", "properties": {"list": {"type": "array"}}},
         "In context=('properties', 'list'), array schema missing items."),
    ],
)  # fmt: skip
def test_a_schema_that_the_service_does_not_take_is_refused(http, strict, parameters, reason):
    tool = {"type": "function", "name": "f", "parameters": parameters, "strict": strict}
    code, param, message = error(ask(http, input="x", tools=[SEARCH, tool]))
    assert (code, param) == ("invalid_function_parameters", "tools[1].parameters")
    assert message == f"Invalid schema for function 'f': {reason}"


@pytest.mark.parametrize(("strict", "echoed"), [(None, True), (False, False)])
def test_only_who_says_strict_is_held_to_it(http, strict, echoed):
    made = ask(http, input="x", tools=[{**SEARCH, "strict": strict}])
    assert made.json()["tools"][0]["strict"] is echoed
    assert made.json()["tools"][0]["parameters"] == ARGUMENTS


def test_arguments_are_valid_for_a_large_schema(http):
    schema = {
        "type": "object",
        "properties": {
            "order": {"$ref": "#/$defs/order"},
            "when": {"type": "string", "format": "date-time"},
            "contact": {"anyOf": [{"type": "string", "format": "email"}, {"type": "null"}]},
        },
        "required": ["order", "when", "contact"],
        "additionalProperties": False,
        "$defs": {
            "order": {
                "type": "object",
                "properties": {
                    "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}, "minItems": 2},
                    "state": {"type": "string", "enum": ["open", "paid"]},
                    "parent": {"anyOf": [{"$ref": "#/$defs/order"}, {"type": "null"}]},
                },
                "required": ["lines", "state", "parent"],
                "additionalProperties": False,
            },
            "line": {
                "type": "object",
                "properties": {"sku": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]$"}, "count": {"type": "integer"}},
                "required": ["sku", "count"],
                "additionalProperties": False,
            },
        },
    }  # fmt: skip
    tool = {"type": "function", "name": "order", "parameters": schema, "strict": True}
    call = ask(http, input="Please order 3 of them, paid", tools=[tool]).json()["output"][0]
    arguments = json.loads(call["arguments"])
    jsonschema.validate(arguments, schema)
    assert arguments["order"]["state"] == "paid"


class TestOutputs:
    def test_an_output_is_text_or_a_list_of_parts(self, http):
        call = ask(http, input="search_books").json()
        parts = [{"type": "input_text", "text": "three books"}]
        for output in ("three books", parts):
            answer = ask(
                http, previous_response_id=call["id"], input=[result(call["output"][0], output=output)], tools=[]
            )
            assert "three books" in answer.json()["output"][0]["content"][0]["text"]

    def test_a_custom_tools_output_is_one_too(self, http):
        call = ask(http, input="Hi", tool_choice={"type": "custom", "name": "run_query"}).json()
        output = result(
            call["output"][0], "custom_tool_call_output", output=[{"type": "input_text", "text": "12 rows"}]
        )
        answer = ask(http, previous_response_id=call["id"], input=[output])
        assert "12 rows" in answer.json()["output"][0]["content"][0]["text"]

    def test_an_output_without_its_call_is_refused(self, http):
        for kind, name in (("function_call_output", "function"), ("custom_tool_call_output", "custom tool")):
            orphan = {"type": kind, "call_id": "call_1", "output": "ok"}
            message = f"No tool call found for {name} call output with call_id call_1."
            assert error(ask(http, input=[orphan])) == (None, "input", message)

    def test_a_call_without_its_output_is_refused(self, http):
        call = ask(http, input="search_books").json()
        call_id = call["output"][0]["call_id"]
        refused = ask(http, previous_response_id=call["id"], input="And now?")
        assert error(refused) == (None, "input", f"No tool output found for function call {call_id}.")

    def test_an_output_of_the_other_kind_is_no_output(self, http):
        call = ask(http, input="search_books").json()
        output = result(call["output"][0], "custom_tool_call_output")
        _, param, message = error(ask(http, previous_response_id=call["id"], input=[output]))
        assert (param, message[:19]) == ("input", "No tool call found ")

    def test_a_call_or_output_needs_its_call_id(self, http):
        missing = ("missing_required_parameter", "input[0].call_id")
        assert error(ask(http, input=[{"type": "function_call_output", "output": "ok"}]))[:2] == missing
        call = {"type": "function_call", "name": "f", "arguments": "{}"}
        assert error(ask(http, input=[call]))[:2] == missing

    def test_an_item_that_the_chain_has_is_no_second_time(self, http):
        call = ask(http, input="search_books").json()
        again = [call["output"][0], result(call["output"][0])]
        code, param, message = error(ask(http, previous_response_id=call["id"], input=again))
        assert (code, param) == (None, "input")
        assert message.startswith(f"Duplicate item found with id {call['output'][0]['id']}.")
