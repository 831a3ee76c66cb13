"""What the samples expect to find beside them: tiny but valid files."""

import base64
from pathlib import Path

from tests.pdfs import pdf

JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L2u71////m8H////6"
    "/+b9//j/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAABP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8Ac//Z"
)
PDFS = ("PDF-FILE-NAME.pdf", "nucleus_sampling.pdf", "your_file.pdf")


def lay_out(folder: Path) -> None:
    """Put everything that a sample needs into its folder."""
    (folder / "path_to_your_image.jpg").write_bytes(JPEG)
    for name in PDFS:
        (folder / name).write_bytes(pdf("Nucleus sampling"))
