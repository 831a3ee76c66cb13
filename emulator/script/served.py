"""What a URL of the input leads to, as fixtures say it: bytes, or a failure; nothing is ever fetched."""

from collections.abc import Mapping

from emulator.core.media import decoded, is_base64, is_web
from emulator.core.records import dataclass
from emulator.script.node import Node, quoted

KEYS = ("url", "base64", "file", "fail", "name", "where")
LARGEST = 5_000_000  # bytes behind one URL
# The code of a failure, and what the error then says.
FAILURES: Mapping[str, str] = {
    "invalid_image_url": "the URL does not lead to an image",
    "failed_to_download_image": "the image could not be downloaded",
    "invalid_image": "the image is not valid",
    "invalid_image_format": "the image has a format that is not supported",
    "invalid_image_mode": "the image has a mode that is not supported",
    "image_too_large": "the image has too many pixels",
    "image_too_small": "the image has too few pixels",
    "image_parse_error": "the image could not be parsed",
    "image_content_policy_violation": "the image may not be shown, by the content policy",
    "image_file_too_large": "the image has too many bytes",
    "unsupported_image_media_type": "the image has a media type that is not supported",
    "empty_image_file": "the image is empty",
    "image_file_not_found": "the image was not found",
}


@dataclass(frozen=True, slots=True)
class Served:
    """What is behind one URL: its `data`, or the code with which it fails."""

    url: str
    data: bytes = b""
    fail: str | None = None


def is_served(node: Node) -> bool:
    """Whether an entry of a list of fixtures is one of these."""
    return isinstance(node.value, dict) and "url" in node.value


def read_served(node: Node) -> Served:
    """Read an entry; raises FixtureError for what is wrong."""
    entries = node.mapping(KEYS)
    url = entries["url"].filled()
    if not is_web(url):
        entries["url"].wrong(f"url must be an http or https URL, not {entries['url'].kind}")
    given = [name for name in ("base64", "file", "fail") if name in entries]
    if len(given) != 1:
        node.wrong(f"the url {quoted(url)} needs one of base64, file and fail{', not several' if given else ''}")
    if "file" in entries:
        entries["file"].wrong("file may stand in a file of fixtures only; send the bytes as base64")
    if "fail" in entries:
        return Served(url, fail=entries["fail"].one_of(tuple(FAILURES)))
    return Served(url, _bytes(entries["base64"]))


def _bytes(node: Node) -> bytes:
    text = node.text()
    if text and not is_base64(text):
        node.wrong(f"{node.label} must be base64")
    if len(text) * 3 // 4 > LARGEST:
        node.wrong(f"{node.label} holds more than {LARGEST} bytes")
    return decoded(text)
