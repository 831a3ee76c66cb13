"""Every kind of fault once, against the official client, sync and async: what it raises, or how the stream ends."""

import json

import openai
import pytest

from emulator.script.fault import INCIDENTS, KINDS
from tests.faults.meeting import HOW

COMPLETED = "response.completed"
# kind -> (header, what the client raises at a stream or None, the type of the last event that it saw or None)
MET = {
    "status": ("status=503", openai.InternalServerError, None),
    "delay": ("delay=0", None, COMPLETED),
    "drip": ("drip; bytes=4000; every=0", None, COMPLETED),
    "stall": ("stall; at_event=2", openai.APITimeoutError, "response.in_progress"),
    "reset": ("reset; at_event=2", openai.APIConnectionError, "response.in_progress"),
    "cut": ("cut; at_event=2", None, "response.in_progress"),
    "empty": ("empty", openai.APIConnectionError, None),
    "bad_chunk": ("bad_chunk; at_event=2", openai.APIConnectionError, "response.in_progress"),
    "bad_json": ("bad_json; at_event=2", json.JSONDecodeError, "response.in_progress"),
    "unknown_event": ("unknown_event", None, COMPLETED),
    "duplicate_event": ("duplicate_event", None, COMPLETED),
    "drop_event": (f"drop_event; before={COMPLETED}", None, "response.output_item.done"),
    "reorder_events": ("reorder_events", None, COMPLETED),
    "error_event": ("error_event; at_event=2", openai.APIError, "response.in_progress"),
    "keepalive_event": ("keepalive_event", None, COMPLETED),
    "split_utf8": ("split_utf8", None, COMPLETED),
}


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in INCIDENTS or kind in MET])
def test_a_client_meets_it(place, how, kind):
    header, failure, last = MET[kind]
    seen = place.meet(how, header, stream=True, timeout=1.0 if kind == "stall" else 60)
    assert isinstance(seen.failure, failure or type(None))
    assert (seen.types or [None])[-1] == last
    # A client that gave up is noticed a moment later.
    place.control.post("/verify", json={"match": {}, "exactly": 1, "within": "20s"})
    told = place.control.get("/requests?method=POST").json()["data"][0]["fault"]
    assert told == kind
