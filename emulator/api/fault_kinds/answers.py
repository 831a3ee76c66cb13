"""Faults that answer in place of the app, with an error of the service; they send nothing else."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson

from emulator.api.fault_kinds.base import Strike
from emulator.api.wire import Ended
from emulator.core.errors import ApiError
from emulator.core.response import blocked_prompt, policy_violation
from emulator.core.seal import refused
from emulator.run.limits import retry_headers
from emulator.run.settle import find
from emulator.script.fault_kinds import is_output

_ROWS: Mapping[int, str] = {429: "rate_limited_requests", 500: "server_error"}
_PHRASES: Mapping[int, str] = {status.value: status.phrase for status in HTTPStatus}


def rate_limited(model: str, wait: float, headers: Mapping[str, str]) -> ApiError:
    """The service's 429, to come again after `wait` seconds."""
    said: dict[str, Any] = {"model": model or "the model", "wait": f"{wait:g}s", "seconds": f"{wait:g}"}
    return ApiError("rate_limited_requests", headers=headers, limit=60, used=60, requested=1, **said)


class Status(Strike):
    """An HTTP error with the service's body, and the headers that clients heed."""

    async def before(self) -> None:
        """Answer at once."""
        self.struck = True
        args = self.fault.args
        status: int = args["status"]
        headers = dict(args.get("headers", {}))
        if "retry_after" in args:
            headers["retry-after"] = f"{args['retry_after']:g}"
        if "retry_after_ms" in args:
            headers["retry-after-ms"] = str(args["retry_after_ms"])
        said = {name: args[name] for name in ("message", "type", "code") if name in args}
        await self._answer(status, said, headers)

    async def _answer(self, status: int, said: dict[str, str], headers: dict[str, str]) -> None:
        wait = self.fault.args.get("retry_after", self.fault.args.get("retry_after_ms", 1000) / 1000)
        if status in _ROWS:
            error = rate_limited(self.sight.model, wait, headers) if status == 429 else ApiError(_ROWS[status])
            _, body = self.call.dialect.render(error)
        else:
            phrase = _PHRASES.get(status, "Error")
            kind = "server_error" if status >= 500 else "invalid_request_error"
            body = {"error": {"message": f"{phrase}.", "type": kind, "param": None, "code": None}}
        body["error"] |= said
        await answer(self, status, body, headers)


async def answer(strike: Strike, status: int, body: object, headers: Mapping[str, str]) -> None:
    """Send a whole JSON answer."""
    content = orjson.dumps(body)
    plain = {"content-type": "application/json", "content-length": str(len(content)), **headers}
    raw = [(name.encode(), value.encode("latin-1")) for name, value in plain.items()]
    await strike.wire.send({"type": "http.response.start", "status": status, "headers": raw})
    await strike.wire.send({"type": "http.response.body", "body": content, "more_body": False})
    raise Ended


class Refusal(Strike):
    """An incident that is one error of the service, always the same."""

    error = ""
    param: str | None = None
    values: Mapping[str, Any] = {}
    headers: Mapping[str, str] = {}

    async def before(self) -> None:
        """Answer at once."""
        self.struck = True
        raise ApiError(self.error, self.param, headers=self.headers, **self.values)


class ResumeWindowExpired(Refusal):
    """A stream is asked for again too late."""

    error, param, values = "stream_too_old", "stream", {"age": "5 minutes"}


class ConversationLocked(Refusal):
    """Another run works on the conversation."""

    error, param = "conversation_locked", "conversation"


class QuotaExceeded(Refusal):
    """The account has nothing left to spend: waiting does not help."""

    error, param = "insufficient_quota", None


class Overloaded(Refusal):
    """The service has too much to do: waiting helps."""

    error, param = "overloaded", None
    headers = retry_headers(2)


class InvalidEncryptedContent(Strike):
    """The encrypted reasoning that the client sends back cannot be read."""

    async def before(self) -> None:
        """Answer at once, naming the first encrypted content of the request."""
        self.struck = True
        content = next((str(item["encrypted_content"]) for item in self.sight.items if "encrypted_content" in item), "")
        raise refused(content)


class ItemNotFoundRace(Strike):
    """What was stored a moment ago is not found."""

    async def before(self) -> None:
        """Answer at once, naming an item that the request goes on with."""
        item_id = next((item["id"] for item in reversed(self.sight.items) if item.get("id")), None)
        if item_id is None:
            parent = await find(self.call.namespace, str(self.sight.body["previous_response_id"]))
            output = orjson.loads(parent.response)["output"] if parent else []
            if not output:
                return
            item_id = output[-1]["id"]
        self.struck = True
        raise ApiError("item_lost", "input", id=item_id)


class StoreFalseItemId(Strike):
    """With `store: false` an output item is refused with its id, and without it."""

    async def before(self) -> None:
        """Answer at once for the first output item of the input."""
        self.struck = True
        given = self.sight.body["input"]
        number, item = next((at, item) for at, item in enumerate(given) if isinstance(item, dict) and is_output(item))
        if item.get("id"):
            raise ApiError("item_not_found", "input", id=item["id"])
        raise ApiError("missing_parameter", f"input[{number}].id")


class ContentFilterPrompt(Strike):
    """The prompt is blocked before the model sees it."""

    async def before(self) -> None:
        """Answer at once; the Azure dialect says what the filter found."""
        self.struck = True
        dialect = self.call.dialect
        status, body = dialect.render(ApiError("content_filter", "prompt"))
        found = blocked_prompt(len(orjson.dumps(self.sight.body.get("input"))))
        if dialect.filter_key == "innererror":
            body["error"] |= {"type": None, "status": status, "innererror": policy_violation(found)}
        elif dialect.filter_key:
            body["error"][dialect.filter_key] = [found]
        await answer(self, status, body, {})


class Played(Strike):
    """An incident that the run itself plays: the stored response agrees with the stream."""

    async def before(self) -> None:
        """Tell the run."""
        self.struck = True
        self.call.incident = self.fault


class RateLimitInStream(Played):
    """The rate limit strikes inside a stream that has begun with 200; a plain answer is the ordinary 429."""

    async def before(self) -> None:
        """Tell the run, or answer."""
        await super().before()
        if not (self.sight.stream or self.sight.body.get("background")):
            raise rate_limited(self.sight.model, 20, retry_headers(20))
