"""PDFs written by hand: good ones with words, and bad ones of every kind; nothing here came from anywhere else."""

import zlib
from io import BytesIO

FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def written(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalog."""
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    ends = b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, len(body))
    return body + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + ends


def stream(data: bytes, entries: bytes = b"") -> bytes:
    """A stream object."""
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(data), data)


def deflated(data: bytes, entries: bytes = b"") -> bytes:
    """A compressed stream object."""
    return stream(zlib.compress(data, 9), b"/Filter /FlateDecode " + entries)


def words(text: str) -> bytes:
    """The content of a page that says `text`."""
    return b"BT /F1 24 Tf 72 720 Td (%s) Tj ET" % text.encode("latin-1")


def pages_of(*contents: bytes, box: tuple[int, int] = (612, 792), more: tuple[bytes, ...] = ()) -> bytes:
    """A PDF with a page for each content, a whole stream object; `more` are objects after the fonts (from 5 on)."""
    first = 5 + len(more)
    kids = b" ".join(b"%d 0 R" % (first + 2 * number) for number in range(len(contents)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(contents)),
        FONT,
        b"<< /Font << /F1 3 0 R >> /XObject << /X0 5 0 R >> >>" if more else b"<< /Font << /F1 3 0 R >> >>",
        *more,
    ]
    for number, content in enumerate(contents):
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents %d 0 R /Resources 4 0 R >>"
            % (*box, first + 2 * number + 1),
            content,
        ]
    return written(*objects)


def pdf(*texts: str, box: tuple[int, int] = (612, 792)) -> bytes:
    """A valid PDF with a page for each text."""
    return pages_of(*(stream(words(text)) for text in texts), box=box)


def encrypted(text: str, password: str) -> bytes:
    """The same behind a password; an empty one locks it against changes only."""
    import pypdf

    writer, made = pypdf.PdfWriter(clone_from=BytesIO(pdf(text))), BytesIO()
    writer.encrypt(password, owner_password="owner", algorithm="RC4-128")
    writer.write(made)
    return made.getvalue()


def deflate_bomb() -> bytes:
    """Half a megabyte that unpacks to 460 MB."""
    packer, packed = zlib.compressobj(9), b""
    for _ in range(460):
        packed += packer.compress(bytes(1_000_000))
    return pages_of(stream(packed + packer.flush(), b"/Filter /FlateDecode"))


def slow_bomb() -> bytes:
    """A small file with a page that takes long to read, within every limit of size."""
    return pages_of(deflated(b"BT /F1 24 Tf " + b"(a) Tj " * 600_000 + b"ET"))


def form_bomb() -> bytes:
    """Forms that show one another ten times each, eight levels deep."""
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << %s >>"
    inner = [stream(b"/X0 Do " * 10, form % (b"/XObject << /X0 %d 0 R >>" % at)) for at in range(6, 13)]
    last = stream(words("boom"), form % b"/Font << /F1 3 0 R >>")
    return pages_of(stream(b"/X0 Do " * 10), more=(*inner, last))


def looped() -> bytes:
    """A page tree that holds itself."""
    return written(b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>")


def no_pages() -> bytes:
    """A PDF without a page."""
    return pages_of()
