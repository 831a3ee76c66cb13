"""An answer makes no more calls than its request allows."""

import pytest

from emulator.core.hosted import HostedCall
from emulator.script.calls import at_most, one_call
from emulator.script.plan import CustomToolCall, FunctionCall, Item, Message, Reasoning

FIRST, SECOND = FunctionCall("first"), FunctionCall("second")


@pytest.mark.parametrize(
    ("steps", "kept"),
    [
        ((), ()),
        ((Message("Hello."),), (Message("Hello."),)),
        ((Reasoning(), FIRST, SECOND), (Reasoning(), FIRST)),
        ((FIRST, Message("Done."), CustomToolCall("run")), (FIRST, Message("Done."))),
        ((Item({"type": "computer_call"}), SECOND), (Item({"type": "computer_call"}),)),
        ((Item({"type": "web_search_call"}), SECOND), (Item({"type": "web_search_call"}), SECOND)),
    ],
)
def test_the_first_call_stays_and_all_that_is_no_call(steps, kept):
    assert one_call(steps) == kept


def hosted(*types):
    return tuple(HostedCall(kind) for kind in types)


def test_calls_that_the_client_answers_are_one_whichever_tool_makes_them():
    steps = hosted("local_shell_call", "web_search_call", "apply_patch_call")
    assert one_call(steps) == hosted("local_shell_call", "web_search_call")


@pytest.mark.parametrize(
    ("most", "kept"),
    [
        (1, ("mcp_list_tools", "mcp_call")),
        (2, ("mcp_list_tools", "mcp_call", "shell_call", "shell_call_output")),
        (3, ("mcp_list_tools", "mcp_call", "shell_call", "shell_call_output", "web_search_call")),
    ],
)
def test_calls_of_hosted_tools_beyond_the_limit_go_with_their_outputs(most, kept):
    steps = hosted("mcp_list_tools", "mcp_call", "shell_call", "shell_call_output", "web_search_call")
    said = Message("Done.")
    assert at_most((*steps, said), most) == (*hosted(*kept), said)


def test_functions_do_not_count_among_the_calls_of_hosted_tools():
    steps = (FunctionCall("f"), *hosted("web_search_call"), FunctionCall("g"))
    assert at_most(steps, 1) == steps
