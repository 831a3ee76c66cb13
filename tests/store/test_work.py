"""Outside work of a run: a plan changes only over the plan that was seen, and a job that fails ends its item."""

import asyncio
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import pytest

from emulator.core.errors import ApiError
from emulator.core.hosted import HostedCall
from emulator.run import jobs
from emulator.store import responses as rows
from emulator.store.engine import Store
from emulator.store.responses import ResponseRow
from emulator.tools.base import Tool

OPEN = ResponseRow(
    "default", "resp_0", None, "queued", True, False, 0.0, 100.0, False, 2, 0, 0.0, b"open", b"{}", b"[]", b"{}"
)  # fmt: skip
CALL = HostedCall("web_search_call", {"action": {"type": "search", "query": "x"}}, work={})


@pytest.fixture
def store():
    opened = Store()
    yield opened
    asyncio.run(opened.close())


def saved(store, *moves):
    """What is saved after moves, each from a row that was seen to another, and which of them won."""

    async def run():
        await store.insert(rows.new_rows(OPEN, []))
        won = [await store.write(partial(rows.move, seen=seen, then=then)) for seen, then in moves]
        return await store.read(partial(rows.get, namespace="default", response_id="resp_0")), won

    return asyncio.run(run())


def test_a_poll_that_saw_the_plan_before_its_work_was_done_does_not_undo_the_work(store):
    """The row of the poll is older than the result, but its number, status and polls are the same."""
    row, won = saved(store, (OPEN, replace(OPEN, plan=b"done")), (OPEN, replace(OPEN, polls=1)))
    assert (row.plan, row.polls, won) == (b"done", 1, [True, True])


def test_a_plan_is_not_replaced_over_one_that_was_not_seen(store):
    row, won = saved(store, (OPEN, replace(OPEN, plan=b"lost")), (OPEN, replace(OPEN, plan=b"done")))
    assert (row.plan, won) == (b"lost", [True, False])


def worked(monkeypatch, work):
    tool = Tool()
    tool.work = work
    monkeypatch.setattr(jobs, "tool", lambda _: tool)
    return asyncio.run(jobs.work(CALL, SimpleNamespace()))


def test_a_tool_that_breaks_ends_its_item_and_not_the_response(monkeypatch, caplog):
    async def work(step, context):
        raise KeyError("x")

    done, failure = worked(monkeypatch, work)
    assert (done.work, done.fields["status"], failure) == (None, "failed", None)
    assert "the work of a web_search_call failed" in caplog.text


def test_a_tool_may_fail_the_whole_response(monkeypatch):
    async def work(step, context):
        raise ApiError("server_error")

    done, failure = worked(monkeypatch, work)
    assert (done.fields["status"], failure.name) == ("failed", "server_error")


def test_a_job_ends_before_its_lease_does(monkeypatch):
    async def work(step, context):
        await asyncio.Event().wait()

    assert jobs.LONGEST < jobs.LEASE
    monkeypatch.setattr(jobs, "LONGEST", 0.01)
    assert worked(monkeypatch, work)[0].fields["status"] == "failed"


def test_open_work_gets_a_lease_and_done_work_none():
    assert jobs.leased(CALL).work["until"] > 0
    assert jobs.leased(replace(CALL, work=None)).work is None
