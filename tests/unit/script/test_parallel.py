"""Without parallel calls an answer has one at most."""

import pytest

from emulator.script.parallel import one_call
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
