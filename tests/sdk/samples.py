"""Every code block of the how-to page, and its rules that have none, as one table; running them is `play.py`'s part.

The texts stand in `page/` as they are printed, indented again, and those of the rules in `rules/`. A sample that is
broken as printed has its smallest repairs here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
RESOURCE = "https://YOUR-RESOURCE-NAME.openai.azure.com"
Change = tuple[str, str]

CREATE = "POST /responses"
GET = "GET /responses/{id}"
UPLOAD = "POST /files"
WEATHER = """[{"type": "function", "name": "get_weather", "parameters":
      {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]}}]"""


@dataclass(frozen=True, slots=True)
class Try:
    """One way to run a sample, as printed or with repairs, and what must come of it.

    `expected` is `ok`, an HTTP status, or the name of an exception that the client raises by itself. `shows` is what
    the output must contain then. `sends` are the calls that reach the server.
    """

    label: str
    expected: str = "ok"
    shows: str = ""
    sends: tuple[str, ...] = (CREATE,)
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """One block of the page. `ids` says what takes the place of an id that is printed there."""

    number: str
    title: str
    file: str
    tries: tuple[Try, ...]
    ids: Mapping[str, str]

    @property
    def python(self) -> bool:
        """Whether it is Python; else it is a shell line with curl."""
        return self.file.endswith(".py.txt")

    def text(self, base: str, attempt: Try, ids: Mapping[str, str]) -> str:
        """The sample for the server at `base`; `ids` maps printed ids to those that are there."""
        text = (HERE / self.file).read_text("utf-8")
        for old, new in (*attempt.changes, (RESOURCE, base), *ids.items()):
            assert old in text, f"{self.file} has no {old!r}"
            text = text.replace(old, new)
        return text


def _sample(number: str, title: str, file: str, *tries: Try, ids: Mapping[str, str] | None = None) -> Sample:
    folder = "page" if "/" not in file else ""
    return Sample(number, title, f"{folder}/{file}.txt".lstrip("/"), tries, ids or {})


def _printed(expected: str = "ok", shows: str = "", *sends: str) -> Try:
    return Try("as printed", expected, shows, sends or (CREATE,))


def _silent(expected: str, shows: str = "") -> Try:
    """What never reaches the server."""
    return Try("as printed", expected, shows, ())


def _repaired(label: str, *changes: Change, expected: str = "ok", shows: str = "", sends: str = CREATE) -> Try:
    return Try(label, expected, shows, (sends,), changes)


COMPLETED = '"status": ?"completed"'
QUEUED = '"status": ?"queued"'
POLLED = {"resp_1234567890": "background"}
ASKED = {
    "resp_682f750c5f9c8198aee5b480980b5cf60351aee697a7cd77": "asking",
    "mcpr_682bd9cd428c8198b170dc6b549d66fc016e86a03f4cc828": "approval",
}
BRACE = ('"Bearer $YOUR_API_KEY"', '"Bearer $YOUR_API_KEY"}')

SAMPLES: tuple[Sample, ...] = (
    _sample("S1", "Generate a text response", "create.py", _printed("ok", COMPLETED)),
    _sample(
        "S2", "Retrieve a response", "retrieve.py", _printed("ok", "", GET),
        ids={"resp_67cb61fa3a448190bcf2c42d96f0d1a8": "response"},
    ),
    _sample(
        "S3", "Delete a response", "delete.py", _printed("ok", "None", "DELETE /responses/{id}"),
        ids={"resp_67cb61fa3a448190bcf2c42d96f0d1a8": "response"},
    ),
    _sample("S4", "Chain by previous_response_id", "chain.py", _printed("ok", COMPLETED, CREATE, CREATE)),
    _sample("S5", "Chain by hand", "manual_chain.py", _printed("ok", COMPLETED, CREATE, CREATE)),
    _sample("S6", "Stream", "stream.py", _printed("ok", "This is a test")),
    _sample("S7", "Call a function", "function_call.py", _printed("ok", "70 degrees", CREATE, CREATE)),
    _sample("S8", "Code interpreter", "code_interpreter.sh", _printed("ok", "code_interpreter_call")),
    _sample("S9", "Code interpreter", "code_interpreter.py", _printed("ok", "ResponseCodeInterpreterToolCall")),
    _sample(
        "S10", "Rule: files in a container", "rules/container_files.sh", _printed("ok", "container_id"),
        ids={"assistant-123456789": "file"},
    ),
    _sample(
        "S12", "List input items", "input_items.py",
        _printed("ok", "This is a test.", "GET /responses/{id}/input_items"),
        ids={"resp_67d856fcfba0819081fd3cffee2aa1c0": "response"},
    ),
    _sample(
        "S13", "Image by URL", "image_url.py",
        _printed("400", "Expected a valid URL"),
        _repaired("a real URL", ("<image_URL>", "https://example.com/cat.png"), shows="status='completed'"),
    ),
    _sample("S14", "Image in base64", "image_base64.py", _printed("ok", "status='completed'")),
    _sample("S15", "PDF in base64", "pdf_base64.py", _printed("ok", r"\w")),
    _sample("S16", "Upload a PDF", "upload.py", _printed("ok", '"id": "assistant-', UPLOAD)),
    _sample(
        "S17", "Ask about an uploaded PDF", "file_id.py", _printed("ok", r"\w"),
        ids={"assistant-KaVLJQTiWEvdz8yJQHHkqJ": "file"},
    ),
    _sample("S18", "Upload a PDF", "upload.sh", _printed("ok", '"id": ?"assistant-', UPLOAD)),
    _sample(
        "S19", "Ask about an uploaded PDF", "file_id.sh", _printed("ok", COMPLETED),
        ids={"assistant-123456789": "file"},
    ),
    _sample(
        "S20", "Rule: no purpose user_data", "rules/user_data.sh",
        _printed("400", "Invalid value for purpose", UPLOAD),
    ),
    _sample("S21", "MCP server", "mcp.sh", _printed("ok", '"type": ?"mcp_call"')),
    _sample("S21", "MCP server", "mcp.py", _printed("ok", "fetch_github_docs says")),
    _sample("S22", "Rule: MCP asks for approval", "rules/mcp_approval.sh", _printed("ok", '"id": ?"mcpr_')),
    _sample("S23", "MCP approval", "mcp_approve.sh", _printed("ok", '"type": ?"mcp_call"'), ids=ASKED),
    _sample("S23", "MCP approval", "mcp_approve.py", _printed("ok"), ids=ASKED),
    _sample(
        "S24", "MCP with a key", "mcp_auth.sh",
        _printed("400", "could not parse the JSON body"),
        _repaired("comma and brace added", ('words?"', 'words?",'), BRACE, shows='"id": ?"mcpr_'),
    ),
    _sample(
        "S24", "MCP with a key", "mcp_auth.py",
        _silent("SyntaxError"),
        _repaired("brace added", BRACE),
    ),
    _sample("S25", "Start a background task", "background.sh", _printed("ok", QUEUED)),
    _sample("S25", "Start a background task", "background.py", _printed("ok", "queued")),
    _sample(
        "S26", "Poll a background task", "poll.sh",
        _printed("ok", '"status": ?"in_progress"', GET),
        _repaired("without GET", ("curl GET", "curl"), shows='"status": ?"in_progress"', sends=GET),
        ids=POLLED,
    ),
    _sample("S26", "Poll to the end", "poll.py", _printed("ok", "Final status: completed", CREATE, GET, GET)),
    _sample(
        "S27", "Cancel a background task", "cancel.sh",
        _printed("ok", '"status": ?"cancelled"', "POST /responses/{id}/cancel"),
        ids=POLLED,
    ),
    _sample(
        "S27", "Cancel a background task", "cancel.py",
        _printed("ok", "cancelled", "POST /responses/{id}/cancel"),
        ids=POLLED,
    ),
    _sample("S28", "Stream a background task", "background_stream.sh", _printed("ok", "response.completed")),
    _sample(
        "S28", "Stream a background task", "background_stream.py",
        _printed("TypeError", "not subscriptable"),
        _repaired(
            "event.sequence_number", ('event["sequence_number"]', "event.sequence_number"),
            shows="ResponseCompletedEvent",
        ),
    ),
    _sample(
        "S29", "Resume a stream", "resume.sh",
        # The shell ends the command at the `&`, so the headers with the key are not sent either.
        _printed("401", "Access denied", GET),
        _repaired(
            "URL quoted", ("https://", '"https://'), ("=42", '=42"'), shows='"sequence_number": ?43', sends=GET
        ),
        ids={"resp_1234567890": "stream"},
    ),
    _sample(
        "S30", "Rule: background needs store", "rules/background_unstored.sh", _printed("400", "unsupported_parameter")
    ),
    _sample(
        "S31", "Rule: resume needs stream", "rules/resume_unstreamed.sh",
        _printed("400", "not created with stream=true", GET),
        ids=POLLED,
    ),
    _sample(
        "S32", "Encrypted reasoning", "encrypted_reasoning.sh",
        _printed("400", "could not parse the JSON body"),
        _repaired(
            "a real function", ("[<YOUR_FUNCTION GOES HERE>]", WEATHER),
            shows='"type": ?"reasoning", ?"encrypted_content": ?"gAAAAA',
        ),
        _repaired(
            "... and no include",
            ("[<YOUR_FUNCTION GOES HERE>],", WEATHER), ('"include": ["reasoning.encrypted_content"]', ""),
            shows='"type": ?"function_call"',
        ),
    ),
    _sample(
        "S33", "Generate an image", "image_generation.py",
        _printed("NameError", "base64"),
        _repaired("import base64 added", ("from openai import OpenAI", "import base64\nfrom openai import OpenAI")),
    ),
    _sample(
        "S34", "Rule: no compaction", "rules/compact.sh",
        _printed("404", "Resource not found", "POST /responses/compact"),
    ),
    _sample("S35", "Rule: the page's models", "rules/models.sh", _printed("ok", "computer-use-preview", "GET /models")),
)  # fmt: skip


def sample(file: str) -> Sample:
    """The sample of that file, such as `chain.py`."""
    return next(row for row in SAMPLES if Path(row.file).name == f"{file}.txt")
