"""Fixtures of the tests of faults: a namespace of its own, and nothing in the logs."""

import logging

import pytest

from tests.faults.meeting import Place


@pytest.fixture
def place(server):
    return Place(server)


@pytest.fixture(autouse=True)
def quiet(caplog):
    """No fault leaves a traceback or a warning behind."""
    caplog.set_level(logging.WARNING)
    yield
    assert [record.getMessage() for record in caplog.get_records("call")] == []
