"""One request as conditions and templates look at it, each part read once; it decides nothing."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from emulator.core.additional_tools import brought
from emulator.core.chain import OUTPUTS, answers
from emulator.core.client_tools import client_tools
from emulator.core.once import once
from emulator.script.ask import Ask, message_text

# Headers that hold credentials; they are matched, but never shown.
HIDDEN = frozenset(
    {"authorization", "proxy-authorization", "api-key", "x-api-key", "ocp-apim-subscription-key", "cookie"}
)
APPROVAL = "mcp_approval_response"
UNTOLD = frozenset({"warnings", "include_obfuscation", "secrets"})


class View:
    """What conditions look at: one request, read once however many fixtures ask."""

    def __init__(self, ask: Ask) -> None:
        request = ask.request
        self.ask = ask
        self.model = request.model
        self.background = request.background
        self.stream = request.stream
        self.metadata = request.metadata
        self.instructions = request.instructions or ""
        self.previous = ask.before.fixture
        self.tool_output = _answered(ask)

    @once
    def turn(self) -> int:
        """Which answer of the model this will be: those of the chain count, and those that the request repeats."""
        return self.ask.before.depth + 1 + answers(self.ask.items)

    @once
    def tools(self) -> list[str]:
        """Names of the tools offered, by items too, then of those in groups; a hosted tool goes by its type."""
        tools = [*self.ask.request.tools, *(tool for _, tool in brought(self.ask.items))]
        names = [str(tool.get("name") or tool.get("type")) for tool in tools]
        return names + [one.tool["name"] for one in client_tools(tools) if one.group]

    @once
    def input(self) -> str:
        """Text of the last user message."""
        return self.ask.last_user_text()

    @once
    def input_folded(self) -> str:
        """The same without upper and lower case."""
        return self.input.casefold()

    @once
    def instructions_folded(self) -> str:
        """The instructions without upper and lower case."""
        return self.instructions.casefold()

    @once
    def parts(self) -> frozenset[str]:
        """The types of all content parts of the request's items."""
        return frozenset(str(part.get("type")) for item in self.ask.items for part in _parts(item))

    @property
    def has_image(self) -> bool:
        """Whether an image is among the request's items."""
        return "input_image" in self.parts

    @property
    def has_file(self) -> bool:
        """Whether a file is among the request's items."""
        return "input_file" in self.parts

    @once
    def file_text(self) -> str:
        """The text of the request's files, one after the other."""
        return "\n\n".join(document.text for document in self.ask.documents)

    @once
    def file_folded(self) -> str:
        """The same without upper and lower case."""
        return self.file_text.casefold()

    @once
    def files(self) -> list[dict[str, Any]]:
        """The request's files as templates see them."""
        return [
            {"name": document.name, "text": document.text, "pages": document.pages} for document in self.ask.documents
        ]

    @once
    def tool_text(self) -> str | None:
        """The output that the last item brings, as text; None where it brings none."""
        last = self.ask.items[-1] if self.ask.items else {}
        if last.get("type") == APPROVAL:
            return orjson.dumps({**_approved(self.ask, last), "approve": last["approve"]}).decode()
        if last.get("type") not in OUTPUTS:
            return None
        output = last.get("output")
        if output is None or isinstance(output, str | list):
            return message_text({"content": output})
        return orjson.dumps(output).decode()

    @once
    def tool_value(self) -> Any:
        """The same as JSON, where it is JSON; else its text."""
        if self.tool_text is None:
            return None
        try:
            return orjson.loads(self.tool_text)
        except orjson.JSONDecodeError:
            return self.tool_text

    @once
    def body(self) -> dict[str, Any]:
        """The request as JSON: every field that is set or has a default."""
        request = self.ask.request
        fields = {name: getattr(request, name) for name in type(request).__slots__ if name not in UNTOLD}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in fields.items()
            if value is not None
        }

    def header(self, name: str) -> str | None:
        """A header of the request; None where it did not come."""
        return self.ask.headers.get(name)

    def shown_header(self, name: str) -> str | None:
        """The same as it may be shown: a credential is not."""
        value = self.header(name)
        return value if value is None or name not in HIDDEN else "[hidden]"


def _answered(ask: Ask) -> str | None:
    """The name of the function (or custom tool), or the type of another call, that the last input item answers.

    An approval of an MCP call goes by its own type.
    """
    last = ask.items[-1] if ask.items else {}
    if last.get("type") == APPROVAL:
        return APPROVAL
    if last.get("type") not in OUTPUTS:
        return None
    kind, name = ask.calls.get(str(last.get("call_id")), (None, None))
    return name or kind


def _approved(ask: Ask, answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an approval is about: the server's label, the tool's name and its arguments, and the reason it gives."""
    asked = answer["approval_request_id"]
    known = ask.before.approvals.get(asked) or next((item for item in ask.items if item.get("id") == asked), {})
    about = {name: known[name] for name in ("server_label", "name", "arguments") if name in known}
    return about if answer.get("reason") is None else {**about, "reason": answer["reason"]}


def _parts(item: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for field in ("content", "output"):
        parts = item.get(field)
        if isinstance(parts, list):
            yield from (part for part in parts if isinstance(part, dict))
