"""The types of files that a container takes, as data, and what a file in one may be called; it reads no file."""

from collections.abc import Mapping

LONGEST_FILE_NAME = 255

# Of two types for one extension the first: `.py` is also text/x-script.python, `.csv` application/csv, `.xml` text/xml.
FILE_TYPES: Mapping[str, str] = {
    ".c": "text/x-c",
    ".cs": "text/x-csharp",
    ".cpp": "text/x-c++",
    ".csv": "text/csv",
    ".doc": "application/msword",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".html": "text/html",
    ".java": "text/x-java",
    ".json": "application/json",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".php": "text/x-php",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".py": "text/x-python",
    ".rb": "text/x-ruby",
    ".tex": "text/x-tex",
    ".txt": "text/plain",
    ".css": "text/css",
    ".js": "text/javascript",
    ".sh": "application/x-sh",
    ".ts": "application/typescript",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".gif": "image/gif",
    ".pkl": "application/octet-stream",
    ".png": "image/png",
    ".tar": "application/x-tar",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xml": "application/xml",
    ".zip": "application/zip",
}
# Every type by which such a file may be declared.
MIME_TYPES = (*dict.fromkeys(FILE_TYPES.values()), "text/x-script.python", "application/csv", "text/xml")


def extension(name: str) -> str:
    """What a file's name ends with, such as `.csv`, in small letters; empty where it has no extension."""
    stem, dot, ending = name.rpartition(".")
    return (dot + ending).lower() if stem and ending else ""


def media_type(name: str) -> str | None:
    """The media type of a file by its name; None where no container knows it."""
    return FILE_TYPES.get(extension(name))


def name_problem(name: str) -> str | None:
    """Why no file in a container can have that name, as the end of a sentence; None where it can."""
    if name in ("", ".", ".."):
        return "it is no name of a file"
    if len(name) > LONGEST_FILE_NAME:
        return f"it is longer than {LONGEST_FILE_NAME} characters"
    if any(letter in "/\\" or ord(letter) < 32 for letter in name):
        return "it holds a path separator or a control character"
    return None
