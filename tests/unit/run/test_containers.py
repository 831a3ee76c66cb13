"""Containers as the tools use them: made with copies, found or refused, filled by code, also by rows alone."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import pytest

from emulator.core.clock import Clock
from emulator.core.container_params import NewContainer
from emulator.core.errors import ApiError
from emulator.core.ids import Ids
from emulator.run import containers
from emulator.run.containers import Generated
from emulator.run.namespace import Namespace
from emulator.settings import Settings
from emulator.store import files
from emulator.store.engine import Store
from emulator.store.files import PIECE, FileRow

NOW = 1_752_174_469.0


@asynccontextmanager
async def a_namespace(**settings):
    store = Store()
    yield Namespace("default", replace(Settings(), **settings), store, Clock(NOW), Ids(), asyncio.Event())
    await store.close()


async def upload(namespace, name="data.csv", data=b"a,b"):
    file_id = namespace.ids.token("file-", 22)
    await namespace.store.write(partial(files.begin, namespace="default", upload_id=file_id, now=NOW))
    for number in range(files.piece_count(len(data))):
        piece = data[number * PIECE : (number + 1) * PIECE]
        add = partial(files.add_piece, namespace="default", upload_id=file_id, number=number, data=piece)
        await namespace.store.write(add)
    row = FileRow("default", file_id, name, "assistants", len(data), NOW, None)
    await namespace.store.write(partial(files.finish, upload_id=file_id, row=row))
    return file_id


async def refused(work):
    with pytest.raises(ApiError) as caught:
        await work
    return caught.value


def generated(name="plot.png", data=b"png", number=1):
    return Generated(f"cfile_{number:032x}", name, data)


async def names(namespace, container):
    return [file.path for file in await containers.list_files(namespace, container)]


def run(work):
    asyncio.run(work())


def test_one_is_made_with_copies_found_and_read():
    async def work():
        async with a_namespace() as namespace:
            told = []
            data = b"x" * (PIECE + 1)
            asked = NewContainer("auto", (await upload(namespace), await upload(namespace, "run.exe", data)), 20, "4g")
            made = await containers.make(namespace, asked, warn=told.append)
            assert told == ["unknown_file_type: .exe"]
            assert await containers.find_running(namespace, made.id) == made
            assert (made.name, made.memory_limit, made.expires_at) == ("auto", "4g", NOW + 1200)
            table, program = await containers.list_files(namespace, made)
            assert (table.source, program.bytes) == ("user", len(data))
            assert await containers.read_file(namespace, program) == data

    run(work)


def test_what_is_missing_is_said_with_the_path_of_the_value():
    async def work():
        async with a_namespace() as namespace:
            asked = NewContainer("auto", (await upload(namespace), "file-none"))
            error = await refused(containers.make(namespace, asked, param="tools[0].container.file_ids"))
            assert (error.name, error.param) == ("file_not_found", "tools[0].container.file_ids[1]")
            error = await refused(containers.find_running(namespace, "cntr_none", "tools[0].container"))
            assert (error.name, error.param, error.row.status) == ("container_not_found", "tools[0].container", 404)

    run(work)


def test_an_expired_one_is_found_but_does_not_run():
    async def work():
        async with a_namespace() as namespace:
            made = await containers.make(namespace, NewContainer("auto"))
            namespace.clock.advance(1200)
            assert await containers.find(namespace, made.id) == made
            for attempt in (
                containers.find_running(namespace, made.id),
                containers.write_file(namespace, made, generated()),
            ):
                error = await refused(attempt)
                assert (error.row.status, error.message) == (400, "Container is expired.")

    run(work)


def test_a_touch_moves_it_on_but_not_beyond_its_hour():
    async def work():
        async with a_namespace() as namespace:
            made = await containers.make(namespace, NewContainer("auto"))
            assert await containers.touch(namespace, made) == made
            for minutes, expires_at in ((15, 35), (30, 50), (45, 60)):
                namespace.clock.advance(15 * 60)
                used = await containers.touch(namespace, made)
                assert used == await containers.find(namespace, made.id)
                assert used.last_active_at == NOW + 60 * minutes
                assert used.expires_at == NOW + 60 * expires_at

    run(work)


def test_a_file_that_code_made_is_written_and_replaced():
    async def work():
        async with a_namespace() as namespace:
            made = await containers.make(namespace, NewContainer("auto"))
            first = await containers.write_file(namespace, made, generated())
            assert (first.path, first.source) == ("/mnt/data/plot.png", "assistant")
            second = await containers.write_file(namespace, made, generated(data=b"new", number=2))
            assert await containers.list_files(namespace, made) == [second]
            assert await containers.read_file(namespace, second) == b"new"
            assert (await refused(containers.read_file(namespace, first))).row.status == 404

    run(work)


@pytest.mark.parametrize("ahead", [0.0, 90.0], ids=["at one moment", "made with the clock ahead"])
def test_rows_that_are_inserted_replace_what_is_at_their_path(ahead):
    async def work():
        async with a_namespace() as namespace:
            made = await containers.make(namespace, NewContainer("auto"))
            namespace.clock.advance(ahead)
            old = await containers.write_file(namespace, made, generated(number=9))
            there = await containers.list_files(namespace, made)
            new = [
                generated(data=b"old", number=3),
                generated(data=b"new", number=1),
                generated("b.csv", number=2),
                generated("b.csv", b"", number=0),
            ]
            await namespace.store.insert(containers.generated_rows(made, new, NOW, there))
            assert sorted(await names(namespace, made)) == ["/mnt/data/b.csv", "/mnt/data/plot.png"]
            found = {file.id for file in await containers.list_files(namespace, made)}
            assert found == {new[1].id, new[3].id}
            assert (await refused(containers.find_file(namespace, made, old.id))).row.status == 404
            plot = await containers.find_file(namespace, made, new[1].id)
            assert await containers.read_file(namespace, plot) == b"new"

    run(work)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "a\0b", "a\nb", "x" * 256])
def test_what_is_no_name_is_refused(name):
    async def work():
        async with a_namespace() as namespace:
            made = await containers.make(namespace, NewContainer("auto"))
            assert (await refused(containers.write_file(namespace, made, generated(name)))).name == "invalid"
            with pytest.raises(ApiError, match="Invalid 'name'"):
                containers.generated_rows(made, [generated(name)], NOW)

    run(work)


def test_a_full_container_takes_replacements_only(monkeypatch):
    async def work():
        monkeypatch.setattr(containers, "MOST_FILES", 1)
        async with a_namespace() as namespace:
            made = await containers.make(namespace, NewContainer("auto"))
            await containers.write_file(namespace, made, generated())
            await containers.write_file(namespace, made, generated(number=2))
            there = await containers.list_files(namespace, made)
            assert containers.generated_rows(made, [generated(number=3)], NOW, there)
            other = generated("b.csv", number=4)
            assert (await refused(containers.write_file(namespace, made, other))).name == "container_full"
            with pytest.raises(ApiError, match="1 files"):
                containers.generated_rows(made, [other], NOW, there)

    run(work)


def test_a_file_that_goes_while_it_is_copied_leaves_nothing(monkeypatch):
    async def work():
        async with a_namespace() as namespace:
            file_ids = (await upload(namespace), await upload(namespace, data=b"x" * (PIECE + 1)))
            copy_piece = files.copy_piece

            def losing(connection, **key):
                return key["number"] == 0 and copy_piece(connection, **key)

            monkeypatch.setattr(files, "copy_piece", losing)
            error = await refused(containers.make(namespace, NewContainer("auto", file_ids)))
            assert error.name == "file_not_found"
            left = await namespace.store.read(lambda c: c.exec_driver_sql("select count(*) from files").scalar())
            assert left == 2

    run(work)


def test_a_strict_namespace_takes_known_types_only():
    async def work():
        async with a_namespace(validation="strict") as namespace:
            asked = NewContainer("auto", (await upload(namespace, "run.exe"),))
            error = await refused(containers.make(namespace, asked))
            assert (error.name, error.param) == ("file_type", "file_ids[0]")

    run(work)
