"""Webhooks as plain values: which events there are, how one is written and signed, when it is sent again; no I/O.

Signatures are those of Standard Webhooks: the secret is `whsec_` and the key in base64, and what is signed is the id of
the delivery, the second in which it is sent, and the body.
"""

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping

import orjson

from emulator.core.ids import digest

# When a background response ends so, its webhooks are told.
ENDINGS = ("completed", "failed", "incomplete", "cancelled")
EVENTS = tuple(f"response.{status}" for status in ENDINGS)
OWN_WEBHOOK = "webhook_of_the_server"  # the id of the one that `--webhook` names
SECRET_PREFIX = "whsec_"  # noqa: S105 (what every secret begins with)
USER_AGENT = "OpenAI/1.0 (+https://platform.openai.com/docs/webhooks)"
# Seconds of the namespace's clock after an attempt that failed; after the last one none follows.
PAUSES = (5.0, 30.0, 120.0, 600.0, 3_600.0)
MOST_ATTEMPTS = len(PAUSES) + 1


def event_id(response_id: str, event: str) -> str:
    """The id of an event of a response: the same each time, because it happens once."""
    return f"evt_{digest(f'{response_id}|{event}')}"


def delivery_id(event: str, webhook_id: str) -> str:
    """The id of an event's delivery to one webhook, the same in each attempt."""
    return f"wh_{digest(f'{event}|{webhook_id}')}"


def body_of(response_id: str, event: str, created_at: int) -> bytes:
    """What is sent: the event as JSON, with the id of the response and no more of it."""
    return orjson.dumps(
        {
            "id": event_id(response_id, event),
            "object": "event",
            "created_at": created_at,
            "type": event,
            "data": {"id": response_id},
        }
    )


def headers_of(delivery: str, body: bytes, secret: str, at: int) -> Mapping[str, str]:
    """The headers of one attempt, made at that second of the machine: receivers compare it with their own clock."""
    key = b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = hmac.digest(key, b"%s.%d.%s" % (delivery.encode(), at, body), hashlib.sha256)
    return {
        "user-agent": USER_AGENT,
        "content-type": "application/json",
        "webhook-id": delivery,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{b64encode(signed).decode()}",
    }


def pause_after(attempts: int) -> float | None:
    """How many seconds to wait after so many attempts, all in vain; None: no other follows."""
    return PAUSES[attempts - 1] if attempts <= len(PAUSES) else None
