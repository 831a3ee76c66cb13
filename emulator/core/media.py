"""What images and files in the input must look like as JSON; nothing is fetched, and no picture or page is read."""

import binascii
import re
from typing import TYPE_CHECKING, TypeVar

from emulator.core.lazy_pattern import lazy_pattern
from emulator.core.validation import problem

if TYPE_CHECKING:
    from emulator.core.input_params import InputFile, InputImage, Screenshot

IMAGE_TYPES = frozenset({"image/png", "image/jpeg", "image/jpg", "image/webp", "image/gif"})
PDF_TYPE = "application/pdf"
LONGEST = 20_000  # characters of a URL that is no data URL
_WEB = lazy_pattern(r"https?://[^\s/?#][^\s]*", re.IGNORECASE)
# The head of a data URL is short; a pattern that ran on over megabytes of data would be slow.
_HEAD = lazy_pattern(r"data:([^;,\s]{0,255})((?:;[^;,\s]{0,255}){0,8}),", re.IGNORECASE)
_PIECE = 1 << 20  # characters, four of which are three bytes
_DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


Image = TypeVar("Image", bound="InputImage | Screenshot")


def check_image(part: Image) -> Image:
    """An image has an http(s) URL, a data URL with a picture in base64, or the id of a file."""
    if part.image_url is not None:
        _check_image_url(part.image_url, ".image_url")
    elif part.file_id is None:
        raise problem("missing_parameter", at=".image_url")
    return part


def _check_image_url(url: str, at: str) -> None:
    if is_web(url):
        return
    head = _HEAD.match(url)
    if head is None:
        raise problem("image_url_format", at=at)
    if head.group(1).lower() not in IMAGE_TYPES:
        raise problem("image_mime", at=at, got=head.group(1))
    if not head.group(2).lower().endswith(";base64"):
        raise problem("image_base64", at=at)
    if head.end() == len(url):
        raise problem("empty_image_file", at=at, reason="it is empty")
    if not is_base64(url[head.end() :]):
        raise problem("image_base64", at=at)


def check_file(part: "InputFile") -> "InputFile":
    """A file has an id, an http(s) URL, or data in base64 with a name."""
    if part.file_data is not None:
        return _check_data(part, part.file_data)
    if part.file_url is not None and not is_web(part.file_url):
        raise problem("image_url_format", at=".file_url")
    if part.file_url is None and part.file_id is None:
        raise problem("missing_parameter", at=".file_id")
    return part


def _check_data(part: "InputFile", data: str) -> "InputFile":
    if not part.filename:
        raise problem("missing_parameter", at=".filename")
    head = _HEAD.match(data)
    encoded = head is None or head.group(2).lower().endswith(";base64")
    if not encoded or not is_base64(data[head.end() :] if head else data):
        raise problem("file_data", at=".file_data")
    return part


def is_web(url: str) -> bool:
    """Whether a text is an http or https URL."""
    return len(url) <= LONGEST and _WEB.fullmatch(url) is not None


def is_base64(text: str) -> bool:
    """Whether `text` is base64 with something in it. It is not decoded: of a large picture only the head is needed."""
    digits = text.rstrip("=")
    if not digits or len(text) % 4 or len(text) - len(digits) > 2 or not text.isascii():
        return False
    return not digits.encode().translate(None, _DIGITS)


def split_data(text: str) -> tuple[str | None, str]:
    """The media type of a data URL in lower case and its base64 text; None and the text itself where it is none."""
    head = _HEAD.match(text)
    return (head.group(1).lower(), text[head.end() :]) if head else (None, text)


def decoded(text: str, most: int | None = None) -> bytes:
    """The bytes of a base64 text that was checked; with `most` only so many of the first ones, rounded down to 3."""
    if most is not None:
        return binascii.a2b_base64(text[: most // 3 * 4])
    # By pieces, because one call would keep every other thread waiting until its end.
    return b"".join(binascii.a2b_base64(text[at : at + _PIECE]) for at in range(0, len(text), _PIECE))
