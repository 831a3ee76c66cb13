"""Tools that are offered in groups of the type `namespace`: a call of one says which group it is of."""

import pytest

PARAMETERS = {
    "type": "object",
    "properties": {"customer_id": {"type": "string"}},
    "required": ["customer_id"],
    "additionalProperties": False,
}
ORDERS = {"type": "function", "name": "list_open_orders", "description": "List open orders.", "parameters": PARAMETERS}
NOTE = {"type": "custom", "name": "write_note"}
CRM = {"type": "namespace", "name": "crm", "description": "Customers and their orders.", "tools": [ORDERS, NOTE]}


@pytest.fixture
def scripted(server):
    """Sets the fixtures of a namespace of the emulator, and gives its API."""

    def script(name, *fixtures):
        assert server.http(f"/ns/{name}").put("/_emulator/fixtures", json=fixtures).status_code == 200
        return server.http(f"/ns/{name}/openai/v1")

    return script


def ask(http, prompt="Please list the open orders.", **body):
    answer = http.post("/responses", json={"model": "gpt-4o", "input": prompt, "tools": [CRM], **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(http, *tools, **body):
    answer = http.post("/responses", json={"model": "gpt-4o", "input": "x", "tools": tools, **body})
    assert answer.status_code == 400, answer.text
    found = answer.json()["error"]
    return found["code"], found["param"]


def test_the_built_in_model_calls_a_function_of_a_group_and_hears_its_output(http):
    first = ask(http)
    (call,) = first["output"]
    assert (call["type"], call["name"], call["namespace"]) == ("function_call", "list_open_orders", "crm")
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": "two orders"}
    told = ask(http, [output], previous_response_id=first["id"])
    assert told["output"][0]["content"][0]["text"].startswith("list_open_orders says: two orders")
    sent_back = ask(http, [{"role": "user", "content": "orders"}, call, output])
    assert "two orders" in sent_back["output"][0]["content"][0]["text"]


@pytest.mark.parametrize("kind", ["function", "custom"])
def test_a_tool_of_a_group_can_be_forced(http, kind):
    name = {"function": "list_open_orders", "custom": "write_note"}[kind]
    choice = {"type": kind, "name": name}
    for asked in (choice, {"type": "allowed_tools", "mode": "required", "tools": [choice]}):
        (call,) = ask(http, "Hello.", tool_choice=asked)["output"]
        assert (call["name"], call["namespace"]) == (name, "crm")
    other = {"type": kind, "name": "crm"}
    assert refused(http, CRM, tool_choice=other) == (None, "tool_choice")


def test_the_stream_says_the_group_with_the_item(http):
    body = {"model": "gpt-4o", "input": "orders", "tools": [CRM], "stream": True}
    with http.stream("POST", "/responses", json=body) as got:
        text = "".join(got.iter_text())
    assert text.count('"namespace":"crm"') == 3  # when it begins, when it is done, and in the whole response


def test_a_script_that_names_no_group_gets_that_of_the_tool(scripted):
    call = {"function_call": {"name": "list_open_orders", "arguments": {"customer_id": "c1"}}}
    note = {"custom_tool_call": {"name": "write_note", "input": "late"}}
    http = scripted("groups", {"when": {"tools": ["list_open_orders"]}, "then": [call, note]})
    assert [item["namespace"] for item in ask(http)["output"]] == ["crm", "crm"]
    alone = ask(http, tools=[ORDERS, {**CRM, "tools": [ORDERS]}])
    assert ["namespace" in item for item in alone["output"]] == [False, False]


def test_a_script_may_choose_between_groups(scripted):
    said = [{"function_call": {"name": "list_open_orders", "arguments": {}, "namespace": "shop"}}]
    http = scripted("two-groups", {"then": said})
    (call,) = ask(http, tools=[CRM, {**CRM, "name": "shop"}])["output"]
    assert call["namespace"] == "shop"


def test_the_answer_repeats_the_groups_with_the_defaults_of_their_tools(http):
    (echoed,) = ask(http)["tools"]
    assert echoed["tools"][0] == {**ORDERS, "strict": True}
    assert echoed["tools"][1]["format"] == {"type": "text"}


def test_a_group_is_checked_like_its_tools(http):
    bad = {**ORDERS, "parameters": {"type": "object", "properties": {"tags": {"type": "array"}}}}
    assert refused(http, ORDERS, {**CRM, "tools": [NOTE, bad]}) == (
        "invalid_function_parameters",
        "tools[1].tools[1].parameters",
    )
    loose = {**ORDERS, "strict": True, "parameters": {"type": "object", "properties": {}}}
    assert refused(http, {**CRM, "tools": [loose]}) == ("invalid_function_parameters", "tools[0].tools[0].parameters")
    assert refused(http, {**CRM, "tools": [{"type": "web_search"}]}) == ("invalid_value", "tools[0].tools[0].type")
    nameless = {**CRM, "tools": [{"type": "function"}]}
    assert refused(http, nameless) == ("missing_required_parameter", "tools[0].tools[0].name")


@pytest.mark.off_contract
def test_a_field_that_nobody_knows_is_told_by_its_path(http):
    tools = [{**CRM, "tools": [{**ORDERS, "colour": "red"}]}]
    answer = http.post("/responses", json={"model": "gpt-4o", "input": "x", "tools": tools})
    assert answer.headers["x-emulator-warning"] == "unknown_parameter: tools[0].tools[0].colour"


ITEM = {"type": "additional_tools", "role": "developer", "tools": [CRM]}
ASKED = {"role": "user", "content": "Please list the open orders."}


class TestToolsThatAnItemBrings:
    """An item of the type `additional_tools` offers tools from its place on, as the newest coding agents do."""

    def test_the_built_in_model_calls_one(self, http):
        (call,) = ask(http, [ITEM, ASKED], tools=[])["output"]
        assert (call["name"], call["namespace"]) == ("list_open_orders", "crm")

    def test_one_can_be_forced(self, http):
        choice = {"type": "custom", "name": "write_note"}
        (call,) = ask(http, [ITEM, ASKED], tools=[], tool_choice=choice)["output"]
        assert (call["name"], call["namespace"]) == ("write_note", "crm")
        assert ask(http, [ITEM, ASKED], tools=[], tool_choice="required")["output"][0]["namespace"] == "crm"

    def test_a_script_knows_them(self, scripted):
        said = [{"function_call": {"name": "list_open_orders", "arguments": {}}}]
        http = scripted("brought", {"when": {"tools": ["list_open_orders", "web_search"]}, "then": said})
        item = {**ITEM, "tools": [CRM, {"type": "web_search"}]}
        (call,) = ask(http, [item, ASKED], tools=[])["output"]
        assert call["namespace"] == "crm"

    def test_the_item_is_kept_as_it_was_sent(self, http):
        made = ask(http, [ITEM, ASKED], tools=[])
        kept = http.get(f"/responses/{made['id']}/input_items", params={"order": "asc"}).json()["data"][0]
        assert {key: kept[key] for key in ITEM} == ITEM

    @pytest.mark.parametrize(
        ("change", "answer"),
        [
            ({"role": "user"}, ("invalid_value", "input[1].role")),
            ({"tools": {}}, ("invalid_type", "input[1].tools")),
            ({"tools": [{"type": "nothing"}]}, ("invalid_value", "input[1].tools[0].type")),
            ({"tools": [{**CRM, "tools": [{"type": "function"}]}]},
             ("missing_required_parameter", "input[1].tools[0].tools[0].name")),
            ({"tools": [CRM, {**ORDERS, "strict": True, "parameters": {"type": "object", "properties": {}}}]},
             ("invalid_function_parameters", "input[1].tools[1].parameters")),
            ({"tools": [{**ORDERS, "parameters": {"type": "array"}}]},
             ("invalid_function_parameters", "input[1].tools[0].parameters")),
        ],
    )  # fmt: skip
    def test_it_is_checked_like_the_requests_own(self, http, change, answer):
        assert refused(http, input=[ASKED, {**ITEM, **change}]) == answer
