"""A line of the error table as data, and the ways to ask for it; it holds no line."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

AZURE, OPENAI = "/openai/v1", "/v1"
HI = {"model": "gpt-4o", "input": "Hi"}
Ask = Callable[[httpx.Client], httpx.Response]


@dataclass(frozen=True)
class Line:
    """One line: what is asked in which dialect, and the whole answer.

    `body` is the `error` of the answer, or with `bare` the whole of it; `{id}` in it stands for the id in the path that
    was asked for, `{previous}` for the previous response of its body. `server` names settings in test_error_table.py.
    """

    name: str
    ask: Ask
    status: int
    body: dict[str, Any]
    base: str = AZURE
    server: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    bare: bool = False


def model(
    message: str, code: str | None = None, param: str | None = None, kind: str = "invalid_request_error"
) -> dict[str, Any]:
    """The four keys of the model's side."""
    return {"message": message, "type": kind, "param": param, "code": code}


def gateway(code: str, message: str) -> dict[str, Any]:
    """The two keys of Azure's gateway."""
    return {"code": code, "message": message}


def missing(param: str) -> dict[str, Any]:
    return model(f"Missing required parameter: '{param}'.", "missing_required_parameter", param)


def out_of_range(param: str, kind: str, side: str, limit: int, got: object) -> dict[str, Any]:
    """A number below or above (`side`) its limit; `kind` is integer or decimal."""
    end, sign = {"below": ("minimum", ">="), "above": ("maximum", "<=")}[side]
    text = f"Invalid '{param}': {kind} {side} {end} value. Expected a value {sign} {limit}, but got {got} instead."
    return model(text, f"{kind}_{side}_{end[:3]}_value", param)


def none_of(param: str, got: str, supported: str) -> dict[str, Any]:
    return model(f"Invalid value: '{got}'. Supported values are: {supported}.", "invalid_value", param)


def wrong_prefix(param: str, got: str, prefix: str) -> dict[str, Any]:
    return model(f"Invalid '{param}': '{got}'. Expected an ID that begins with '{prefix}'.", "invalid_value", param)


def send(fault: str = "", **fields: Any) -> Ask:
    """A create; a field that is None is left out."""
    body = {name: value for name, value in {**HI, **fields}.items() if value is not None}
    headers = {"x-emulator-fault": fault} if fault else {}
    return lambda http: http.post("/responses", json=body, headers=headers)


def raw(content: bytes, kind: str = "application/json") -> Ask:
    """A create with these very bytes."""
    return lambda http: http.post("/responses", content=content, headers={"content-type": kind})


def get(path: str, **headers: str) -> Ask:
    return lambda http: http.get(path, headers=headers)


def upload(purpose: str) -> Ask:
    return lambda http: http.post("/files", data={"purpose": purpose}, files={"file": ("a.txt", b"x")})


def stored(then: Callable[[httpx.Client, str], httpx.Response], **fields: Any) -> Ask:
    """Create a response, then ask something about it."""

    def ask(http: httpx.Client) -> httpx.Response:
        text = http.post("/responses", json={**HI, **fields}).text
        return then(http, text[text.index("resp_") :].partition('"')[0])

    return ask
