"""A namespace as one file and back: a zip of JSON lines with a version, never anything that runs; no HTTP.

`manifest.json` says what it is, `namespace.json` holds clock and seed, and each table has its rows in `TABLE.jsonl`,
bytes as base64. What a table does not know, or a newer version, is refused before anything is changed.
"""

import os
import tempfile
import zipfile
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from emulator.core.errors import ApiError
from emulator.run.namespace import Namespace
from emulator.run.namespaces import Namespaces
from emulator.store import archive as rows

FORMAT = "responses-emulator-namespace"
VERSION = 1
MOST_BYTES = 1024 * 1024 * 1024  # unpacked


def new_file() -> Path:
    """An empty temporary file; whoever asked removes it."""
    handle, name = tempfile.mkstemp(prefix="responses-emulator-", suffix=".zip")
    os.close(handle)
    return Path(name)


async def write(namespace: Namespace) -> Path:
    """The namespace in a temporary file; whoever asked removes it."""
    path = new_file()
    own = await namespace.store.read(partial(rows.own, name=namespace.name))
    manifest = {"format": FORMAT, "version": VERSION, "made_at": namespace.clock.now()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("manifest.json", orjson.dumps(manifest))
        packed.writestr("namespace.json", orjson.dumps(own))
        for name, table in rows.TABLES.items():
            binary = rows.columns(table)
            found = await namespace.store.read(partial(rows.all_rows, name=namespace.name, table=table))
            with closing(found), packed.open(f"{name}.jsonl", "w", force_zip64=True) as file:
                for row in found:
                    file.write(orjson.dumps(_packed(row, binary)) + b"\n")
    return path


async def read(namespaces: Namespaces, namespace: Namespace, path: Path) -> dict[str, int]:
    """Replace a namespace by an archive, all of it or nothing; how many rows each table got."""
    try:
        with zipfile.ZipFile(path) as packed:
            own, tables = _unpacked(packed)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        raise ApiError("bad_control", reason=f"this is no archive of a namespace: {error}") from None
    work = partial(rows.replace, name=namespace.name, values=own, tables=tables)
    counts = await namespace.store.write(work, key=namespace.name)
    await namespaces.refresh(namespace)
    return counts


def _packed(row: dict[str, Any], binary: dict[str, bool]) -> dict[str, Any]:
    return {
        name: b64encode(value).decode() if binary[name] and value is not None else value for name, value in row.items()
    }


def _unpacked(packed: zipfile.ZipFile) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    if sum(member.file_size for member in packed.infolist()) > MOST_BYTES:
        raise ValueError(f"it unpacks to more than {MOST_BYTES} bytes")
    manifest = orjson.loads(packed.read("manifest.json"))
    if manifest.get("format") != FORMAT or manifest.get("version") != VERSION:
        raise ValueError(f"it is {manifest.get('format')} {manifest.get('version')}, not {FORMAT} {VERSION}")
    own = orjson.loads(packed.read("namespace.json"))
    if set(own) - set(rows.OWN):
        raise ValueError(f"it has unknown columns: {', '.join(set(own) - set(rows.OWN))}")
    return own, {name: list(_rows(packed, name)) for name in rows.TABLES}


def _rows(packed: zipfile.ZipFile, name: str) -> Iterator[dict[str, Any]]:
    binary = rows.columns(rows.TABLES[name])
    with packed.open(f"{name}.jsonl") as file:
        for line in file:
            row = orjson.loads(line)
            if set(row) != set(binary):
                raise ValueError(f"{name} has other columns")
            yield {
                column: b64decode(value) if binary[column] and value is not None else value
                for column, value in row.items()
            }
