"""What is in a PDF, by pypdf and, if asked, pdfium; it runs in the child process only, and trusts no byte."""

from io import BytesIO
from math import sqrt
from typing import Any

MOST_PAGES = 100
MOST_TEXT = 1_000_000  # characters of all pages
SCALE = 2.0  # pixels a point of a page's picture: 144 to the inch
MOST_PIXELS = 4_000_000  # of a page's picture; a larger page is drawn smaller
# What a stream may unpack to, in bytes: far more than a page of words needs, far less than a bomb makes.
UNPACKED = 20_000_000
STREAMS = (
    "array_based_stream_maximum_output_length",
    "jbig2_maximum_output_length",
    "lzw_maximum_output_length",
    "run_length_maximum_output_length",
    "zlib_maximum_output_length",
    "image_maximum_buffer_size",
)


class PdfError(Exception):
    """Why a PDF cannot be read: the end of a sentence that begins with `the PDF`."""


def read_text(data: bytes) -> tuple[list[str], list[tuple[int, int]]]:
    """The text of each page, and the size in pixels that each page's picture has; raises PdfError.

    Whatever else a broken file makes the reader raise is the caller's to catch.
    """
    import pypdf
    from pypdf.errors import EmptyFileError, LimitReachedError, PdfReadError, PdfStreamError

    try:
        reader = pypdf.PdfReader(BytesIO(data))
        if reader.is_encrypted and not _opened(reader):
            raise PdfError("is encrypted")
        if len(reader.pages) > MOST_PAGES:
            raise PdfError(f"has {len(reader.pages)} pages, and {MOST_PAGES} are the most")
        return _pages(reader)
    except LimitReachedError:
        raise PdfError("unpacks to more than is accepted") from None
    except (EmptyFileError, PdfReadError, PdfStreamError):
        raise PdfError("is broken") from None


def _opened(reader: Any) -> bool:
    """Whether no password is needed after all: many files are only locked against changes."""
    from pypdf.errors import DependencyError

    try:
        return bool(reader.decrypt(""))
    except DependencyError:  # a cipher that needs another package
        return False


def _pages(reader: Any) -> tuple[list[str], list[tuple[int, int]]]:
    texts, sizes, length = [], [], 0
    for page in reader.pages:
        texts.append(page.extract_text().strip())
        sizes.append(pixels(float(page.mediabox.width), float(page.mediabox.height)))
        length += len(texts[-1])
        if length > MOST_TEXT:
            raise PdfError(f"has more than {MOST_TEXT} characters of text")
    if not sizes:
        raise PdfError("has no pages")
    return texts, sizes


def scale_of(width: float, height: float) -> float:
    """The scale at which a page of so many points is drawn."""
    area = max(1.0, width) * max(1.0, height)
    return min(SCALE, sqrt(MOST_PIXELS / area))


def pixels(width: float, height: float) -> tuple[int, int]:
    """The sides of a page's picture, at least one pixel each."""
    width, height = abs(width), abs(height)
    scale = scale_of(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def draw_pages(data: bytes) -> None:
    """Draw the picture of every page, as the service does, and keep none; raises PdfError where one cannot be drawn."""
    try:
        import pypdfium2
    except ImportError:
        raise PdfError("cannot be drawn here: pypdfium2 is not installed") from None
    try:
        document = pypdfium2.PdfDocument(data)
        for page in document:
            page.render(scale=scale_of(*page.get_size())).close()
            page.close()
        document.close()
    except pypdfium2.PdfiumError:
        raise PdfError("has a page that cannot be drawn") from None


def configure() -> None:
    """Set the reader's limits for this process, and let it start no program of its own."""
    import pypdf

    limits: dict[str, Any] = dict.fromkeys(STREAMS, UNPACKED)
    pypdf.overwrite_configuration(**limits, jbig2dec_binary=None)
