"""A child process reads PDFs one after the other, remembers them by content, and may die without harm."""

import asyncio
from contextlib import suppress

import pytest

from emulator.core.clock import breathe
from emulator.documents import pdf as limits
from emulator.documents import reader as room
from emulator.documents.pdf import PdfError
from emulator.documents.reader import Documents
from tests import pdfs
from tests.pdfs import pdf


def run(work, **options):
    """What `work` gives of a reader that is stopped afterwards."""

    async def whole():
        documents = Documents(**options)
        try:
            return await work(documents)
        finally:
            documents.stop()

    return asyncio.run(whole())


def refused(data, **options):
    with pytest.raises(PdfError) as found:
        run(lambda documents: documents.read(data), **options)
    return str(found.value)


def test_the_text_of_all_pages_and_the_sizes_of_their_pictures():
    found = run(lambda documents: documents.read(pdf("one", "two", box=(300, 400))))
    assert (found.text, found.sizes, found.pages) == ("one\n\ntwo", ((600, 800), (600, 800)), 2)


@pytest.mark.parametrize("box", [(1, 1), (612, 792), (200_000, 200_000), (200_000, 1)])
def test_a_pages_picture_stays_within_bounds(box):
    width, height = limits.pixels(*box)
    assert width * height <= limits.MOST_PIXELS * 1.01
    assert min(width, height) >= 1
    assert run(lambda documents: documents.read(pdf("x", box=box)), draw=True).pages == 1


def test_one_child_reads_them_all_and_the_same_bytes_only_once():
    async def work(documents):
        first = await documents.read(pdf("one"))
        child = documents._child
        assert await documents.read(pdf("one")) is first
        assert (await documents.read(pdf("two"))).text == "two"
        assert documents._child is child
        assert documents._orders == 2

    run(work)


def test_what_is_wrong_is_remembered_too():
    async def work(documents):
        for _ in range(2):
            with pytest.raises(PdfError, match="is broken"):
                await documents.read(pdf("one")[:300])
        return documents._orders

    assert run(work) == 1


def test_a_child_that_died_is_replaced():
    async def work(documents):
        await documents.read(pdf("one"))
        documents._child.kill()
        documents._child.wait()
        assert (await documents.read(pdf("two"))).text == "two"
        with pytest.raises(PdfError, match="takes too long"):
            await documents.read(pdfs.slow_bomb())
        assert (await documents.read(pdf("three"))).text == "three"

    run(work)


def test_a_child_that_does_not_answer_is_ended(monkeypatch):
    monkeypatch.setattr(room, "WALL_SECONDS", 0.01)

    async def work(documents):
        with pytest.raises(PdfError, match="takes too long"):
            await documents.read(pdfs.slow_bomb())
        assert documents._child is None
        monkeypatch.setattr(room, "WALL_SECONDS", 60)
        assert (await documents.read(pdf("one"))).text == "one"

    run(work)


def test_whoever_stops_waiting_leaves_no_answer_behind():
    async def work(documents):
        await documents.read(pdf("one"))
        waiting = asyncio.create_task(documents.read(pdfs.slow_bomb()))
        while documents._orders < 2:
            await breathe()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert (await documents.read(pdf("two"))).text == "two"

    run(work)


def test_stopping_ends_the_child_and_can_be_done_again():
    async def work(documents):
        await documents.read(pdf("one"))
        child = documents._child
        documents.stop()
        documents.stop()
        return child.poll()

    assert run(work) is not None


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(room, "MOST_KEPT", 3)
    monkeypatch.setattr(room, "MOST_TEXT", 50)

    async def work(documents):
        for number in range(6):
            await documents.read(pdf(f"number {number}"))
        assert len(documents._kept) == 3
        assert (await documents.read(pdf("x" * 60))).text == "x" * 60
        return len(documents._kept)

    assert run(work) == 1


def test_a_child_is_replaced_after_many_orders(monkeypatch):
    monkeypatch.setattr(room, "ORDERS", 2)

    async def work(documents):
        seen = []
        for number in range(4):
            await documents.read(pdf(f"number {number}"))
            seen.append(documents._child.pid)
        return seen

    one, two, three, four = run(work)
    assert one == two != three == four


def test_the_child_sees_nothing_of_the_environment(monkeypatch):
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "a-secret")
    child = room._start()
    try:
        with open(f"/proc/{child.pid}/environ", "rb") as file:  # noqa: PTH123
            assert b"a-secret" not in file.read()
    except FileNotFoundError:
        pytest.skip("there is no /proc here")
    finally:
        child.kill()
        child.communicate()


@pytest.mark.parametrize("make", [pdfs.deflate_bomb, pdfs.looped, pdfs.no_pages, pdfs.form_bomb])
@pytest.mark.parametrize("draw", [False, True])
def test_every_bad_one_is_refused_in_words(make, draw):
    assert refused(make(), draw=draw)


def test_cut_anywhere_it_is_read_or_refused():
    whole = pdf("some words", "and more")

    async def work(documents):
        for end in range(0, len(whole), 23):
            with suppress(PdfError):
                assert (await documents.read(whole[:end])).pages

    run(work)
