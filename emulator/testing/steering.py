"""Faults, webhooks and single responses of a namespace, steered over HTTP; the server decides what each does."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Ask = Callable[..., Any]


class Faults:
    """The faults of a namespace: what the wire does to the requests that match."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def add(self, fault: str | Mapping[str, Any], /, **keys: Any) -> dict[str, Any]:
        """Add a fault by its kind or incident, or as a mapping; `keys` say where, when and how often it strikes."""
        given = {"kind": fault} if isinstance(fault, str) else dict(fault)
        added: list[dict[str, Any]] = self._ask("POST", "/faults", {**given, **keys})["data"]
        return added[0]

    def list(self) -> list[dict[str, Any]]:
        """All faults, with how often each struck."""
        found: list[dict[str, Any]] = self._ask("GET", "/faults")["data"]
        return found

    def clear(self) -> None:
        """Remove them all."""
        self._ask("DELETE", "/faults")


class Webhooks:
    """The webhooks of a namespace: who is told when a background response ends."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def add(self, url: str, events: Sequence[str] | None = None) -> dict[str, Any]:
        """Register a URL that the server's `egress` allows; all events without `events`. Its `secret` is in the answer.

        Nobody ever shows that secret again.
        """
        body = {"url": url} if events is None else {"url": url, "events": [*events]}
        added: dict[str, Any] = self._ask("POST", "/webhooks", body)
        return added

    def deliveries(self, response_id: str | None = None) -> list[dict[str, Any]]:
        """What was sent or is to be, the newest first, each with its `event`, `status`, `attempts` and `error`."""
        query = f"?response_id={response_id}" if response_id else ""
        found: list[dict[str, Any]] = self._ask("GET", f"/webhooks/deliveries{query}")["data"]
        return found

    def list(self) -> list[dict[str, Any]]:
        """All webhooks, that of the server too."""
        found: list[dict[str, Any]] = self._ask("GET", "/webhooks")["data"]
        return found

    def clear(self) -> None:
        """Forget all that were registered, with what is still to be sent to them."""
        self._ask("DELETE", "/webhooks")


class BackgroundResponse:
    """One background response, moved by hand."""

    def __init__(self, ask: Ask, response_id: str) -> None:
        self._ask = ask
        self.id = response_id

    def advance(self) -> dict[str, Any]:
        """Take the next step; returns the response."""
        return self._post("advance")

    def complete(self) -> dict[str, Any]:
        """Take all steps to its end; returns the response."""
        return self._post("complete")

    def fail(self, code: str = "server_error", message: str | None = None) -> dict[str, Any]:
        """End it as failed, wherever it is; returns the response."""
        return self._post("fail", {"code": code, **({"message": message} if message is not None else {})})

    def _post(self, verb: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        moved: dict[str, Any] = self._ask("POST", f"/responses/{self.id}/{verb}", body)
        return moved


class BackgroundResponses:
    """The background responses of a namespace by id: `emulator.responses[response.id].complete()`."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def __getitem__(self, response_id: str) -> BackgroundResponse:
        return BackgroundResponse(self._ask, response_id)
