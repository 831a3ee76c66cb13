"""The benchmark's own arithmetic and its check of streams; no server is started here."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from bench import load, report
from bench.report import Floor, Pair

PAGE = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"


def frames(numbers: list[int]) -> bytes:
    kind = "response.output_text.delta"
    return b"".join(
        f'event: {kind}\ndata: {{"type":"{kind}","sequence_number":{number},"delta":"a"}}\n\n'.encode()
        for number in numbers
    )


def chunked(body: bytes, size: int) -> bytes:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def answer(body: bytes) -> load.Answer:
    return load.Answer(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + body, 0.0, 0.0)


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_a_whole_stream_is_right_however_it_is_cut(size: int) -> None:
    assert not load.wrong(answer(chunked(frames([0, 1, 2, 3]), size)), 0, 4)


@pytest.mark.parametrize("numbers", [[0, 1, 3], [0, 2, 1, 3], [0, 1, 2], [0, 1, 1, 2, 3], []])
def test_a_stream_that_lost_or_mixed_up_events_is_wrong(numbers: list[int]) -> None:
    assert load.wrong(answer(chunked(frames(numbers), 64)), 0, 4)


def test_a_tail_is_right_when_it_starts_at_its_first_number() -> None:
    assert not load.wrong(answer(chunked(frames([2, 3]), 64)), 2, 4)


@pytest.mark.parametrize("size", [1, 3, 50, 4096])
def test_the_client_finds_the_end_of_an_answer_in_pieces_of_any_size(size: int) -> None:
    plain = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n0\r\n\r\nhello!"
    streamed = answer(chunked(frames([0, 1]), 40)).raw

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for reply in (plain, streamed):
            await reader.readuntil(b"\r\n\r\n")
            for start in range(0, len(reply), size):
                writer.write(reply[start : start + size])
                await writer.drain()
        writer.close()

    async def ask() -> list[bytes]:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            _, client = await asyncio.get_running_loop().create_connection(load.Connection, "127.0.0.1", port)
            bodies = [(await client.ask(load.get("/x"))).body() for _ in range(2)]
            client.close()
            return bodies

    assert asyncio.run(ask()) == [b"0\r\n\r\nhello!", frames([0, 1])]


def test_the_same_request_is_the_same_bytes() -> None:
    assert load.post(input="a", stream=True) == load.post(input="a", stream=True)


@pytest.mark.parametrize(("least", "most", "holds"), [(2.0, 9.0, True), (2.1, 9.0, False), (0.0, 1.9, False)])
def test_a_floor_judges_the_median_of_the_ratios_of_the_rounds(least: float, most: float, holds: bool) -> None:
    rounds = {"a.b": [Pair(1.0, 10.0), Pair(4.0, 2.0), Pair(9.0, 1.0)]}
    assert Floor("a.b", "", least=least, most=most).holds(rounds) is holds


def test_a_floor_of_a_figure_itself_needs_nothing_to_compare() -> None:
    assert Floor("stop.seconds", "", most=3.0, absolute=True).holds({"stop.seconds": [Pair(0.5)]})


def test_every_floor_stands_in_a_table() -> None:
    shown = {row[0] for row in (*report.SIDE_BY_SIDE, *report.CHAIN, *report.ALONE)}
    assert {floor.key for floor in report.FLOORS} <= shown


def test_a_table_shows_median_and_range_of_the_ratios_of_each_round() -> None:
    rounds = {"create.c1.rps": [Pair(100.0, 200.0), Pair(100.0, 400.0), Pair(100.0, 100.0)]}
    row = "| create, 1 connection: requests/s | 100 [100..100] | 200 [100..400] | 0.50 [0.25..1.00] |"
    assert row in report.tables(rounds)


def test_a_written_run_takes_the_place_of_the_last_one() -> None:
    assert report.replace_run(PAGE, "new") == PAGE.replace("old", "new")
    assert report.replace_run(report.replace_run(PAGE, "newer"), "new") == PAGE.replace("old", "new")


def test_the_readme_has_the_marks_that_a_run_is_written_between() -> None:
    readme = Path(report.__file__).with_name("README.md").read_text()
    assert report.replace_run(readme, "new").count("new\n" + report.END) == 1


def test_the_benchmark_tells_its_flags() -> None:
    command = [sys.executable, str(Path(report.__file__).with_name("run.py")), "--help"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert {"--quick", "--rounds", "--seed", "--write"} <= set(told.replace("[", " ").replace("]", " ").split())
