"""The images and files of a request's items: looked into, checked, counted; it fetches and stores nothing."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from emulator.core.clock import breathe
from emulator.core.deployments import Deployment
from emulator.core.dialects import Dialect
from emulator.core.document import Document
from emulator.core.errors import ApiError
from emulator.core.image_head import Head, ImageProblem, read_head
from emulator.core.image_tokens import image_tokens
from emulator.core.media import PDF_TYPE, decoded, split_data
from emulator.core.records import dataclass
from emulator.core.usage import Counter
from emulator.documents.pdf import PdfError
from emulator.documents.reader import LARGEST as LARGEST_PDF
from emulator.run import uploads
from emulator.run.namespace import Namespace
from emulator.run.take import counter
from emulator.script.served import FAILURES, Served

LARGEST_IMAGE = 20_000_000  # bytes
LONGEST_SIDE = 16_384  # pixels
MOST_IMAGES = 500  # of one request
NEAR, FAR = 65_535, 4_194_303  # bytes of a picture in which its size is looked for: nearly always, and at the utmost
LONG_PAGE = 10_000  # characters
UNSEEN_FILE = 500  # tokens of a file that nobody can look into
# Where parts stand whose form is checked; other items are kept as they are sent, whatever is in them.
HOLDERS = {"message": "content", "function_call_output": "output", "custom_tool_call_output": "output"}
IMAGES = ("input_image", "computer_screenshot")
_ATTACHED = (*IMAGES, "input_file")

Part = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Attached:
    """What came with a request: its files in order, and what each of its images and files costs, in tokens."""

    documents: tuple[Document, ...] = ()
    costs: tuple[int, ...] = ()

    @property
    def tokens(self) -> int:
        """What all of them cost."""
        return sum(self.costs)


NOTHING = Attached()


@dataclass(frozen=True, slots=True)
class _Reader:
    """What one request's images and files are read for; every method raises ApiError with the part's param."""

    namespace: Namespace
    dialect: Dialect
    counting: bool

    async def image(self, path: str, part: Part) -> tuple[int, int] | None:
        """The sides of an image in pixels; None where nobody can look into it."""
        url = part.get("image_url")
        if url is None:
            row = await uploads.find(self.namespace, part["file_id"], f"{path}.file_id")
            first = await uploads.piece(self.namespace, row.id, 0)
            return self._head(f"{path}.file_id", first or b"", row.bytes)
        param = f"{path}.image_url"
        declared, text = split_data(url)
        if declared is None:
            served = self._served(url)
            if served is not None and served.fail:
                raise ApiError(served.fail, param, reason=FAILURES[served.fail])
            return None if served is None else self._head(param, served.data, len(served.data))
        size = len(text) * 3 // 4
        data = decoded(text, NEAR)
        return self._head(param, data if _is_enough(data) else decoded(text, FAR), size, declared)

    def _head(self, param: str, data: bytes, size: int, declared: str | None = None) -> tuple[int, int]:
        if size > LARGEST_IMAGE:
            reason = f"the image has {size} bytes, and {LARGEST_IMAGE} are the most"
            raise ApiError("image_file_too_large", param, reason=reason)
        try:
            head = read_head(data)
        except ImageProblem as problem:
            raise ApiError(problem.row, param, reason=f"the image cannot be used: {problem.reason}") from None
        self._check(param, head, declared)
        return head.width, head.height

    def _check(self, param: str, head: Head, declared: str | None) -> None:
        if head.type not in self.dialect.image_types:
            reason = f"the image is {head.type}, which is not supported here"
            raise ApiError("unsupported_image_media_type", param, reason=reason)
        if declared is not None and declared.replace("jpg", "jpeg") != head.type:
            reason = f"the image is declared as {declared}, but its bytes are {head.type}"
            raise ApiError("invalid_image_format", param, reason=reason)
        if max(head.width, head.height) > LONGEST_SIDE:
            reason = f"the image has {head.width} x {head.height} pixels, and a side has {LONGEST_SIDE} at most"
            raise ApiError("image_too_large", param, reason=reason)

    async def document(self, path: str, part: Part) -> Document:
        """What is in a file; one with a name only where nobody can look into it."""
        if part.get("file_data") is not None:
            return await self._inline(f"{path}.file_data", part)
        if part.get("file_id") is not None:
            param = f"{path}.file_id"
            row = await uploads.find(self.namespace, part["file_id"], param)
            if not row.filename.lower().endswith(".pdf"):
                dot, suffix = row.filename.rpartition(".")[1:]
                raise ApiError("input_file_type", param, got=f".{suffix}" if dot else "none")
            _check_size(param, row.bytes)
            data = await uploads.whole(self.namespace, row.id, row.bytes)
            return await self._pdf(param, data or b"", row.filename)
        url = part["file_url"]
        name = part.get("filename") or url.partition("?")[0].rpartition("/")[2]
        served = self._served(url)
        if served is None:
            return Document(name)
        if served.fail:
            raise ApiError("invalid", f"{path}.file_url", reason="the file could not be downloaded.")
        return await self._pdf(f"{path}.file_url", served.data, name)

    async def _inline(self, param: str, part: Part) -> Document:
        declared, text = split_data(part["file_data"])
        if declared not in (None, PDF_TYPE):
            raise ApiError("file_mime", param, got=declared)
        _check_size(param, len(text) * 3 // 4)
        return await self._pdf(param, await asyncio.to_thread(decoded, text), part["filename"])

    async def _pdf(self, param: str, data: bytes, name: str) -> Document:
        try:
            return replace(await self.namespace.documents.read(data), name=name)
        except PdfError as error:
            raise ApiError("invalid", param, reason=f"the PDF {error}.") from None

    def _served(self, url: str) -> Served | None:
        fixture = self.namespace.fixtures.served.get(url)
        if fixture is None:
            return None
        if self.counting:
            self.namespace.tally.add(self.namespace.name, counter(fixture))
        return fixture.served


async def read_attachments(
    namespace: Namespace, dialect: Dialect, deployment: Deployment, items: Iterable[Part], counter: Counter | None
) -> Attached:
    """Look into every image and file of `items`; raises ApiError with the param of the first part that is wrong.

    `counter` counts the tokens of a file's text; without one nothing is counted, and otherwise a URL that a fixture
    serves has answered once more.
    """
    found = attached(items)
    if not found:
        return NOTHING
    if sum(part["type"] in IMAGES for _, part in found) > MOST_IMAGES:
        raise ApiError("invalid", "input", reason=f"a request has {MOST_IMAGES} images at most.")
    reader, documents, costs = _Reader(namespace, dialect, counter is not None), [], []
    for path, part in found:
        detail, tokens = part.get("detail"), 0
        if part["type"] in IMAGES:
            if part.get("image_url") is not None or part.get("file_id") is not None:
                tokens = image_tokens(deployment.model, await reader.image(path, part), detail)
        else:
            document = await reader.document(path, part)
            documents.append(document)
            if counter is not None:
                tokens = await _count(document, counter) if document.pages else UNSEEN_FILE
                tokens += sum(image_tokens(deployment.model, size, detail) for size in document.sizes)
        costs.append(tokens)
    return Attached(tuple(documents), tuple(costs))


def attached(items: Iterable[Part]) -> list[tuple[str, Part]]:
    """Every image and file of input items with its path; the screenshot of a computer call is an image."""
    found: list[tuple[str, Part]] = []
    for number, item in enumerate(items):
        field = HOLDERS.get(item.get("type") or "message")
        held = item.get(field) if field else None
        if isinstance(held, list):
            for index, part in enumerate(held):
                if part.get("type") in _ATTACHED:
                    found.append((f"input[{number}].{field}[{index}]", part))
        if item.get("type") == "computer_call_output" and isinstance(item.get("output"), dict):
            found.append((f"input[{number}].output", {**item["output"], "type": "computer_screenshot"}))
    return found


def masks(tools: Iterable[Part]) -> list[tuple[str, Part]]:
    """The masks of image generation with their paths; each is an image."""
    return [
        (f"tools[{number}].input_image_mask", {**tool["input_image_mask"], "type": "input_image"})
        for number, tool in enumerate(tools)
        if tool.get("input_image_mask")
    ]


async def check_masks(namespace: Namespace, dialect: Dialect, tools: Iterable[Part]) -> None:
    """Look into the masks of a request's tools as into its images; they cost nothing."""
    reader = _Reader(namespace, dialect, counting=False)
    for path, part in masks(tools):
        await reader.image(path, part)


def _check_size(param: str, size: int) -> None:
    if size > LARGEST_PDF:
        raise ApiError("invalid", param, reason=f"the PDF has {size} bytes, and {LARGEST_PDF} are the most.")


async def _count(document: Document, counter: Counter) -> int:
    """The tokens of a file's text, page by page, so that others are served between them."""
    tokens = 0
    for text in document.texts:
        tokens += counter.text(text)
        if len(text) > LONG_PAGE:
            await breathe()
    return tokens


def _is_enough(data: bytes) -> bool:
    """Whether the first bytes of a picture tell its size, or never will."""
    try:
        read_head(data)
    except ImageProblem as problem:
        return problem.row != "image_parse_error" or len(data) < NEAR
    return True
