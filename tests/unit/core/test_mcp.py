"""The rules of MCP: which call needs an approval, which tools are allowed, which approval answers which request."""

import pytest

from emulator.core.mcp import allowed, answered, listed, needs_approval, pretended

READ = {"name": "read", "annotations": {"readOnlyHint": True}}
WRITE = {"name": "write", "annotations": None}
REQUEST = {"type": "mcp_approval_request", "id": "mcpr_1", "server_label": "s", "name": "f", "arguments": {"a": 1}}


def response(request_id="mcpr_1", **more):
    return {"type": "mcp_approval_response", "approval_request_id": request_id, "approve": True, **more}


@pytest.mark.parametrize(
    ("rule", "asked"),
    [
        (None, {"read", "write"}),
        ("always", {"read", "write"}),
        ("never", set()),
        ({"never": {"tool_names": ["read"]}}, {"write"}),
        ({"never": {"read_only": True}}, {"write"}),
        ({"always": {"tool_names": ["write"]}, "never": {"tool_names": ["read"]}}, {"write"}),
        ({"always": {"tool_names": ["read"]}, "never": {"tool_names": ["read"]}}, {"read", "write"}),
        ({"always": {"tool_names": ["write"]}}, {"read", "write"}),
        ({"never": {}}, {"read", "write"}),
        ({}, {"read", "write"}),
    ],
)
def test_a_call_needs_an_approval_unless_the_rule_says_never(rule, asked):
    tools = [READ, WRITE]
    assert {name for name in ("read", "write") if needs_approval({"require_approval": rule}, name, tools)} == asked


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        (None, ["read", "write"]),
        (["write"], ["write"]),
        ([], []),
        ({"tool_names": ["read"]}, ["read"]),
        ({"read_only": True}, ["read"]),
        ({"read_only": False}, ["write"]),
        ({"tool_names": ["write"], "read_only": True}, []),
        ({}, ["read", "write"]),
    ],
)
def test_only_allowed_tools_are_used(rule, names):
    assert [tool["name"] for tool in allowed({"allowed_tools": rule}, [READ, WRITE])] == names


def test_an_answer_belongs_to_its_request_in_the_input_or_the_chain():
    (approval,) = answered([REQUEST, response()], {})
    assert (approval.name, approval.arguments, approval.approve) == ("f", '{"a":1}', True)
    pending = {"mcpr_2": {"server_label": "s", "name": "g", "arguments": "{}"}}
    (approval,) = answered([response("mcpr_2", approve=False, reason="no")], pending)
    assert (approval.name, approval.approve, approval.reason) == ("g", False, "no")
    assert list(answered([response("mcpr_3")], pending)) == []


def test_an_answer_that_the_model_has_gone_on_after_is_settled():
    said = {"type": "message", "role": "assistant"}
    assert list(answered([REQUEST, response(approve=False), said], {})) == []
    assert list(answered([REQUEST, response(), {"type": "mcp_call"}, {"type": "message", "role": "user"}], {})) == []


def test_the_last_good_list_of_a_server_counts():
    first, last = [{"name": "a"}], [{"name": "b"}, {"no": "tool"}, "x"]
    items = [{"type": "mcp_list_tools", "server_label": "s", "tools": tools} for tools in (first, last)]
    broken = {"type": "mcp_list_tools", "server_label": "s", "tools": [], "error": "gone"}
    assert listed([*items, broken], "s") == [{"name": "b"}]
    assert listed(items, "other") is None
    assert listed([{"type": "mcp_list_tools", "server_label": "s", "tools": "x"}], "s") == []


def test_a_pretended_server_has_the_allowed_tools_or_two_after_its_label():
    assert [tool["name"] for tool in pretended("Git Hub", None)] == ["fetch_git_hub_docs", "search_git_hub"]
    assert [tool["name"] for tool in pretended("資料", None)] == ["fetch_server_docs", "search_server"]
    assert [tool["name"] for tool in pretended("x", {"allowed_tools": ["b", "a"]}, ["a", "c"])] == ["b", "a", "c"]
    assert [tool["name"] for tool in pretended("x", {"allowed_tools": {"tool_names": ["b"]}})] == ["b"]
