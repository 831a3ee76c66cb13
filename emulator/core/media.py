"""What images and files in the input must look like; nothing is fetched or decoded into pictures."""

import binascii
import re
from typing import TYPE_CHECKING, TypeVar

from emulator.core.validation import problem

if TYPE_CHECKING:
    from emulator.core.input_params import InputFile, InputImage, Screenshot

IMAGE_TYPES = frozenset({"image/png", "image/jpeg", "image/jpg", "image/webp", "image/gif"})
LONGEST = 20_000  # characters of a URL that is no data URL
_WEB = re.compile(r"https?://[^\s/?#][^\s]*", re.IGNORECASE)
# The head of a data URL is short; a pattern that ran on over megabytes of data would be slow.
_HEAD = re.compile(r"data:([^;,\s]{0,255})((?:;[^;,\s]{0,255}){0,8}),", re.IGNORECASE)


Image = TypeVar("Image", bound="InputImage | Screenshot")


def check_image(part: Image) -> Image:
    """An image has an http(s) URL, a data URL with a picture in base64, or the id of a file."""
    if part.image_url is None:
        if part.file_id is None:
            raise problem("missing_parameter", at=".image_url")
        return part
    if _is_web(part.image_url):
        return part
    head = _HEAD.match(part.image_url)
    if head is None:
        raise problem("image_url_format", at=".image_url")
    if head.group(1).lower() not in IMAGE_TYPES:
        raise problem("image_mime", at=".image_url", got=head.group(1))
    if not head.group(2).lower().endswith(";base64") or not is_base64(part.image_url[head.end() :]):
        raise problem("image_base64", at=".image_url")
    return part


def check_file(part: "InputFile") -> "InputFile":
    """A file has an id, an http(s) URL, or data in base64 with a name."""
    if part.file_data is not None:
        return _check_data(part, part.file_data)
    if part.file_url is not None and not _is_web(part.file_url):
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


def _is_web(url: str) -> bool:
    return len(url) <= LONGEST and _WEB.fullmatch(url) is not None


def is_base64(text: str) -> bool:
    """Whether `text` is base64 with something in it."""
    if not text:
        return False
    try:
        binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return False
    return True
