"""FAULTS: every kind of fault by its name; what each takes stands in `script/fault_kinds.py`."""

from collections.abc import Mapping

from emulator.api.fault_kinds.answers import (
    ContentFilterPrompt,
    ConversationLocked,
    InvalidEncryptedContent,
    ItemNotFoundRace,
    Overloaded,
    Played,
    QuotaExceeded,
    RateLimitInStream,
    ResumeWindowExpired,
    Status,
    StoreFalseItemId,
)
from emulator.api.fault_kinds.base import Strike
from emulator.api.fault_kinds.ends import BadChunk, Cut, Empty, ErrorEvent, Reset, Stall
from emulator.api.fault_kinds.events import (
    BadJson,
    DropEvent,
    DuplicateEvent,
    KeepaliveEvent,
    ReorderEvents,
    SplitUtf8,
    UnknownEvent,
)
from emulator.api.fault_kinds.timing import Delay, Drip, SlowFirstToken

FAULTS: Mapping[str, type[Strike]] = {
    "status": Status,
    "delay": Delay,
    "drip": Drip,
    "stall": Stall,
    "reset": Reset,
    "cut": Cut,
    "empty": Empty,
    "bad_chunk": BadChunk,
    "bad_json": BadJson,
    "unknown_event": UnknownEvent,
    "duplicate_event": DuplicateEvent,
    "drop_event": DropEvent,
    "reorder_events": ReorderEvents,
    "split_utf8": SplitUtf8,
    "error_event": ErrorEvent,
    "keepalive_event": KeepaliveEvent,
    "rate_limit_in_stream": RateLimitInStream,
    "item_not_found_race": ItemNotFoundRace,
    "store_false_item_id": StoreFalseItemId,
    "resume_window_expired": ResumeWindowExpired,
    "invalid_encrypted_content": InvalidEncryptedContent,
    "content_filter_prompt": ContentFilterPrompt,
    "content_filter_completion": Played,
    "quota_exceeded": QuotaExceeded,
    "overloaded": Overloaded,
    "conversation_locked": ConversationLocked,
    "slow_first_token": SlowFirstToken,
    "cut_before_completed": Cut,
}
