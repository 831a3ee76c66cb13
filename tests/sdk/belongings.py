"""What the samples expect to find beside them: tiny but valid files, and a sign-in that works offline."""

import base64
from pathlib import Path

JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L2u71////m8H////6"
    "/+b9//j/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAABP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8Ac//Z"
)
PDFS = ("PDF-FILE-NAME.pdf", "nucleus_sampling.pdf", "your_file.pdf")
SIGN_IN = '''"""Stands in for azure-identity, which signs in over the network."""


class DefaultAzureCredential:
    pass


def get_bearer_token_provider(credential, scope):
    return lambda: "a-token"
'''


def pdf(text: str) -> bytes:
    """A valid PDF of one page that says `text`."""
    words = f"BT /F1 24 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(words), words),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Font << /F1 5 0 R >> >>",
    )
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    return body + head + table + trailer


def lay_out(folder: Path) -> None:
    """Put everything that a sample needs into its folder."""
    (folder / "path_to_your_image.jpg").write_bytes(JPEG)
    for name in PDFS:
        (folder / name).write_bytes(pdf("Nucleus sampling"))
    (folder / "azure" / "identity").mkdir(parents=True)
    (folder / "azure" / "__init__.py").write_text("")
    (folder / "azure" / "identity" / "__init__.py").write_text(SIGN_IN)
