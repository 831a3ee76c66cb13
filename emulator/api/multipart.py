"""A multipart form as it arrives: short fields are kept, one file's bytes are handed on in pieces; it saves nothing."""

import logging
import unicodedata
from collections.abc import Iterator

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from emulator.core.errors import ApiError
from emulator.core.lazy_pattern import lazy_pattern

FILE_FIELD = "file"
MOST_PARTS = 20
LONGEST_VALUE = 1024
LONGEST_HEADERS = 8 * 1024
LONGEST_BOUNDARY = 200
LONGEST_NAME = 255
_PATH = lazy_pattern(r"[/\\]")
# What a client sends wrong is told to the client, not logged.
_silent = logging.getLogger("emulator.multipart")
_silent.propagate = False
_silent.addHandler(logging.NullHandler())


class Form:
    """Takes the body as it comes by `feed`; errors are `bad_multipart` and `body_too_large`.

    `fields` holds the decoded values, `filename` and `size` what is known of the part called `field`, and `others` the
    names of further files, whose bytes are dropped. At most `limit` bytes of a file are taken.
    """

    def __init__(self, content_type: str, limit: int, piece: int, field: str = FILE_FIELD) -> None:
        self.field = field
        self.fields: dict[str, str] = {}
        self.others: list[str] = []
        self.filename: str | None = None
        self.size = 0
        self._limit = limit
        self._piece = piece
        self._file = bytearray()
        self._parts = 0
        self._ended = False
        self._clear()
        self._parser = self._open(content_type)

    def feed(self, data: bytes) -> None:
        """Read on."""
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise _broken(f"it is not well-formed: {error}") from None

    def pieces(self) -> Iterator[bytes]:
        """Take out the whole pieces of the file that have come."""
        while len(self._file) >= self._piece:
            yield self._take()

    def end(self) -> bytes:
        """Check that the form is whole; gives the last piece of the file, which may be empty."""
        if not self._ended:
            raise _broken("it ends before its last boundary")
        return self._take()

    def needed_file(self) -> str:
        """The filename of the file, which must be there."""
        if self.filename is None:
            if self.field in self.fields:
                raise ApiError("invalid", self.field, reason="the part has no filename.")
            raise ApiError("missing_parameter", self.field)
        return self.filename

    def _open(self, content_type: str) -> MultipartParser:
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data":
            got = kind.decode("latin-1")
            raise ApiError("bad_content_type", got=got, expected="multipart/form-data")
        boundary = options.get(b"boundary", b"")
        if not 1 <= len(boundary) <= LONGEST_BOUNDARY:
            raise _broken(f"the Content-Type header needs a boundary of at most {LONGEST_BOUNDARY} characters")
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._read_header_name,
                "on_header_value": self._read_header_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": self._read_data,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )
        parser.logger = _silent
        return parser

    def _clear(self) -> None:
        self._header = bytearray()
        self._value = bytearray()
        self._headers = 0
        self._disposition = b""
        self._name = ""
        self._to: bytearray | None = None

    def _begin_part(self) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise _broken(f"it has more than {MOST_PARTS} parts")
        self._clear()

    def _read_header_name(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._header += data[start:end]

    def _read_header_value(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._value += data[start:end]

    def _count_header(self, size: int) -> None:
        self._headers += size
        if self._headers > LONGEST_HEADERS:
            raise _broken(f"the headers of a part are longer than {LONGEST_HEADERS} bytes")

    def _end_header(self) -> None:
        if bytes(self._header).lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition.decode("latin-1"))
        if b"name" not in options:
            raise _broken("a part has no name in its Content-Disposition header")
        self._name = _text(options[b"name"], "a part's name")
        filename = _text(options.get(b"filename", b""), "the filename")
        if not filename:
            self._to = self._value
        elif self._name != self.field:
            self.others.append(self._name)
        elif self.filename is not None:
            raise _broken("it holds more than one file")
        else:
            self.filename = clean_filename(filename)
            self._to = self._file

    def _read_data(self, data: bytes, start: int, end: int) -> None:
        if self._to is None:
            return
        self._to += memoryview(data)[start:end]
        if self._to is self._file:
            self.size += end - start
            if self.size > self._limit:
                raise ApiError("body_too_large", limit=self._limit)
        elif len(self._to) > LONGEST_VALUE:
            raise _broken(f"the field '{self._name}' is longer than {LONGEST_VALUE} bytes")

    def _end_part(self) -> None:
        if self._to is self._value:
            self.fields[self._name] = _text(bytes(self._value), f"the field '{self._name}'")
        self._to = None

    def _end(self) -> None:
        self._ended = True

    def _take(self) -> bytes:
        with memoryview(self._file) as view:
            piece = bytes(view[: self._piece])
        del self._file[: self._piece]
        return piece


def clean_filename(name: str) -> str:
    """A filename without folders and control characters, at most 255 characters, with its ending kept."""
    name = _PATH.split(name)[-1]
    name = "".join("_" if unicodedata.category(letter) in ("Cc", "Cs") else letter for letter in name)
    if name in ("", ".", ".."):
        return "file"
    stem, dot, ending = name.rpartition(".")
    room = LONGEST_NAME - len(ending) - 1
    return stem[:room] + dot + ending if stem and room > 0 else name[:LONGEST_NAME]


def _text(raw: bytes, what: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise _broken(f"{what} is not UTF-8") from None


def _broken(reason: str) -> ApiError:
    return ApiError("bad_multipart", reason=reason)
